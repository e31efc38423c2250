"""Ids of any type as numbers, so that millions of them fit into arrays.

Two ids are compared as they are given, first; where that finds nothing, a number and its text (7 and "7") are one. A text
is never padded or stripped: "007" is no 7.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from to_labelbox.source.json_stream import UNDECODABLE

Id = int | str | float | None
_HALF = 2**61
_TEXT = 2**62 + _HALF
"""The key of the text of a small whole number n is _TEXT + n."""
Whole = Annotated[int, msgspec.Meta(ge=-_HALF + 1, lt=_HALF)]
"""An id that is its own key; see :class:`Names`."""
Zero = Annotated[int, msgspec.Meta(ge=0, le=0)]
"""A flag that is not set: decoding refuses one that is."""
One = Annotated[int, msgspec.Meta(ge=1, le=1)]
NoIds = Annotated[list[int], msgspec.Meta(max_length=0)]

MISSING = -(2**63) + 1
"""The key of what has no id."""
_NUMBER = re.compile(r"(?:0|-?[1-9][0-9]{0,18})")

T = TypeVar("T")


_NAME_FIELDS = (
    "filename fileName image_name name path file_path filepath image_path img_path file url image_url img_url flickr_url"
).split()
"""Fields of an image that hold its name where it is not called as COCO has it."""


def name_of_file(image: Mapping[str, Any]) -> tuple[str, str]:
    """The field of an image that holds the name of its file where it has no ``file_name``, and the name; else empty."""
    return next(((f, image[f]) for f in _NAME_FIELDS if isinstance(image.get(f), str) and image[f]), ("", ""))


def alone(image: bytes) -> str:
    """The name that stands in place of an image's record; empty for anything else."""
    try:
        return msgspec.json.decode(image, type=str)
    except UNDECODABLE:
        return ""


SIZE_NAMES = (("w", "h"), ("img_width", "img_height"), ("image_width", "image_height"))
"""Fields of an image that hold its sides where they are not called as COCO has it."""


_sizes = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_side = msgspec.json.Decoder(int | float | None).decode


def size_in(image: bytes) -> tuple[float, float] | None:
    """The sides that the record of an image states, whatever they are called; None where it states none that can be read."""
    try:
        found = _sizes(image)
        given = ([_side(found.get(side, b"null")) for side in sides] for sides in (("width", "height"), *SIZE_NAMES))
        return next(((width, height) for width, height in given if width and height), None)
    except UNDECODABLE:
        return None


class Names:
    """Ids of any type as 64-bit numbers.

    Small whole numbers are themselves, within 2⁶¹ of 0; their texts lie above 2⁶²; all else is a hash below -2⁶².
    """

    @staticmethod
    def key(id: Id) -> int | None:
        if type(id) is int:
            return id if -_HALF < id < _HALF else Names.hash(str(id))
        if isinstance(id, float) and id.is_integer():
            return Names.key(int(id))
        if isinstance(id, str):
            if _NUMBER.fullmatch(id) and -_HALF < int(id) < _HALF:
                return _TEXT + int(id)
            return Names.hash(id)
        return None

    @staticmethod
    def hash(text: str) -> int:
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return (int.from_bytes(digest, "big", signed=True) | -(2**63)) & ~(2**62)


def is_number(key: int) -> bool:
    """Whether a key is of a small whole number, which is the key itself."""
    return -_HALF < key < _HALF


def twin(key: int) -> int:
    """The key of the same number as a text, or of the same text as a number; :data:`MISSING` for what has none."""
    if is_number(key):
        return _TEXT + key
    return key - _TEXT if key > 2**62 else MISSING


def twins(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """:func:`twin` of each."""
    small, text = (keys > -_HALF) & (keys < _HALF), keys > 2**62
    other = np.where(small, keys, 0) + _TEXT
    return np.where(small, other, np.where(text, keys - _TEXT, MISSING))


def numbers_of(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The keys, those of texts of numbers as the numbers."""
    return np.where(keys > 2**62, keys - _TEXT, keys)


def find(table: Mapping[int, T], id: Id) -> T | None:
    """What a table by keys has for an id."""
    key = Names.key(id)
    if key is None:
        return None
    found = table.get(key)
    return table.get(twin(key)) if found is None else found


def keys_of(ids: Sequence[Id]) -> npt.NDArray[np.int64]:
    """:meth:`Names.key` of each, :data:`MISSING` for what is no id."""
    if set(map(type, ids)) == {int}:
        try:
            keys = np.array(ids, np.int64)
        except OverflowError:
            pass
        else:
            if keys.min() > -_HALF and keys.max() < _HALF:
                return keys
    found = map(Names.key, ids)
    return np.array([MISSING if k is None else k for k in found], np.int64)


class Rows:
    """The rows of records by the keys of their ids."""

    def __init__(self, keys: npt.NDArray[np.int64]) -> None:
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def of(self, keys: npt.NDArray[np.int64], none: int = -1) -> npt.NDArray[np.int64]:
        """The row of each key, or else of its twin; ``none`` for what no record has, or several."""
        found = np.full(len(keys), none, np.int64)
        for wanted in (twins(keys), keys) if len(self._keys) else ():
            begin, end = (np.searchsorted(self._keys, wanted, side) for side in ("left", "right"))
            here = (end - begin == 1) & (wanted != MISSING)
            found = np.where(here, self._order[np.minimum(begin, len(self._keys) - 1)], found)
        return found
