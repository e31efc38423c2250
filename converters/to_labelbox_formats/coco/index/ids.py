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
from msgspec import Struct

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


class OtherNames(Struct, gc=False):
    """Fields of an image that hold its id and its name where they are not called as COCO has it."""

    image_id: Id = None
    filename: Any = None
    fileName: Any = None
    image_name: Any = None
    name: Any = None
    path: Any = None
    file_path: Any = None
    filepath: Any = None
    image_path: Any = None
    img_path: Any = None
    file: Any = None
    url: Any = None
    image_url: Any = None
    img_url: Any = None
    flickr_url: Any = None

    def name_of_file(self) -> tuple[str, str] | None:
        """The field that holds the name of the file, and the name."""
        given = ((field, getattr(self, field)) for field in _NAME_FIELDS)
        return next(((field, name) for field, name in given if isinstance(name, str) and name), None)


def alone(image: bytes) -> str:
    """The name that stands in place of an image's record; empty for anything else."""
    try:
        return msgspec.json.decode(image, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


_NAME_FIELDS = tuple(field for field in OtherNames.__struct_fields__ if field != "image_id")
SIZE_NAMES = (("w", "h"), ("img_width", "img_height"), ("image_width", "image_height"))
"""Fields of an image that hold its sides where they are not called as COCO has it."""


class _Sizes(Struct, gc=False):
    width: int | float | None = None
    height: int | float | None = None
    w: int | float | None = None
    h: int | float | None = None
    img_width: int | float | None = None
    img_height: int | float | None = None
    image_width: int | float | None = None
    image_height: int | float | None = None


_sizes = msgspec.json.Decoder(_Sizes).decode


def size_in(image: bytes) -> tuple[float, float] | None:
    """The sides that the record of an image states, whatever they are called. Raises what msgspec does."""
    found = _sizes(image)
    given = ((getattr(found, width), getattr(found, height)) for width, height in (("width", "height"), *SIZE_NAMES))
    return next(((width, height) for width, height in given if width and height), None)


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
