"""Move labels into Labelbox: exports of COCO, Pascal VOC, YOLO, CVAT and Label Studio to data rows, ontology, NDJSON.

    >>> import to_labelbox
    >>> report = to_labelbox.convert("instances_val2017.json", "out")
    >>> report.annotations.converted
    36781

``convert`` does all steps at once; ``read``, ``infer_ontology`` and ``write`` do them one by one. The model is in
:mod:`to_labelbox.model`. ``validate`` and ``preview`` look at what was written.

The names are loaded when the first of them is asked for, so that a command can hear a Ctrl-C before they are.
"""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing` takes longer than everything here
if TYPE_CHECKING:
    from typing import Any

    from to_labelbox.api import *


def __getattr__(name: str) -> Any:
    if not name.startswith("_") or name == "__all__":
        from importlib import import_module

        api = import_module("to_labelbox.api")
        if name in api.__all__ or name == "__all__":
            return getattr(api, name)
        if name in globals():  # a room that came with it
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__getattr__("__all__")})
