"""Paths that may be addresses as paths of this machine; what reads the cloud is loaded where there is an address."""

from __future__ import annotations

import os
from collections.abc import Sequence

from to_labelbox.source.cloud import Told


def at_hand(paths: Sequence[str], told: Told | None = None, listing_only: bool = False) -> list[str]:
    """The paths as paths of this machine: addresses are mirrored (:func:`.mirror.mirrored`)."""
    if not any("://" in path for path in paths):
        return list(paths)
    from to_labelbox.source.cloud.mirror import mirrored

    return mirrored(paths, told, listing_only)


def media_at_hand(root: str | os.PathLike[str] | None) -> str | None:
    """A folder of media as a path of this machine: of one in the cloud, the listing."""
    return None if root is None else at_hand([os.fspath(root)], listing_only=True)[0]
