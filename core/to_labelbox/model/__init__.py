"""Types that every reader fills, and every coordinate convention, stated once."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from to_labelbox.model.items import *
    from to_labelbox.model.schema import *

__all__ = [
    "Annotation", "Asset", "Attribute", "Box", "Choice", "Classification", "Cuboid", "Ellipse", "Flat", "FrameSpan",
    "Geometry", "Input", "Item", "Keyframe", "Keypoint", "Keypoints", "Kind", "Label", "Mask", "Media", "Message",
    "Object", "Option", "PageBox", "PageUnit", "Point", "Policy", "Polygon", "Polyline", "Question", "Relationship",
    "RotatedBox", "Scalar", "Schema", "TextSpan", "Tiles", "TimeSpan", "TokenSelection", "TokenSpan", "Track", "Value",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """The public names, loaded with the first of them: a module of this room alone needs no other."""
    if name in __all__:
        for module in map(import_module, ("to_labelbox.model.items", "to_labelbox.model.schema")):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
