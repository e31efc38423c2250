"""Ids of any type as numbers, so that millions of them fit into arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt

Id = int | str | float | None
Whole = Annotated[int, msgspec.Meta(ge=-(2**62), lt=2**62)]
"""An id that is its own key; see :class:`Names`."""
Zero = Annotated[int, msgspec.Meta(ge=0, le=0)]
"""A flag that is not set: decoding refuses one that is."""

MISSING = -(2**63) + 1
"""The key of what has no id."""


class Names:
    """Ids of any type as 64-bit numbers: whole numbers are themselves, other text becomes a hash."""

    @staticmethod
    def key(id: Id) -> int | None:
        if type(id) is int:
            return id if -(2**62) < id < 2**62 else Names.hash(str(id))
        if isinstance(id, float) and id.is_integer():
            return Names.key(int(id))
        if isinstance(id, str) and id:
            return int(id) if id.isascii() and id.isdigit() and len(id) < 18 else Names.hash(id)
        return None

    @staticmethod
    def hash(text: str) -> int:
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True) | -(2**63)


def keys_of(ids: Sequence[Id]) -> npt.NDArray[np.int64]:
    """:meth:`Names.key` of each, :data:`MISSING` for what is no id."""
    if set(map(type, ids)) == {int}:
        try:
            return np.array(ids, np.int64)
        except OverflowError:
            pass
    keys = map(Names.key, ids)
    return np.array([MISSING if k is None else k for k in keys], np.int64)
