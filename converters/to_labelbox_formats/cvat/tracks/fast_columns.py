"""The fast way through long tracks of upright boxes, column by column instead of row by row.

Exports repeat each row to the letter but for its values. Split at the quotes, the text of such a track is a table with a
fixed number of pieces a row; when every other column is the same all the way down, the rest are the values. Anything
irregular, and anything that would need a word in the report, is left to :mod:`tracks`, row by row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from to_labelbox_formats.cvat.nodes import Answer

MAX_FRAME = 10_000_000
LIMIT = 1e9
"""Coordinates beyond are left to the careful way."""
_FIELDS = ("frame", "keyframe", "outside", "occluded", "xtl", "ytl", "xbr", "ybr")
_FIRST = re.compile(r"<box ([a-z_]+)=")
_NEXT = re.compile(r" ([a-z_]+)=")
_INTO_ATTRIBUTE = re.compile(r">\s*<attribute name=")
_BETWEEN_ATTRIBUTES = re.compile(r">([^<]*)</attribute>\s*<attribute name=")
_AFTER_ATTRIBUTE = re.compile(r">([^<]*)</attribute>\s*</box>\s*(?:<box ([a-z_]+)=|</track>)")
_AFTER_BOX = re.compile(r"(?:\s*/>|>\s*</box>)\s*(?:<box ([a-z_]+)=|</track>)")
_FLAGS = {"0": False, "1": True}


_Flags = npt.NDArray[np.bool_]
_Values = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], _Flags, _Flags, _Flags]


class Columns(NamedTuple):
    """A track's rows. ``answers[codes[i]]`` are those of row i."""

    head: str
    frames: npt.NDArray[np.int64]
    corners: npt.NDArray[np.float64]
    key: npt.NDArray[np.bool_]
    outside: npt.NDArray[np.bool_]
    occluded: npt.NDArray[np.bool_]
    answers: list[tuple[Answer, ...]]
    codes: npt.NDArray[np.int64]


def read_columns(data: bytes) -> Columns | None:
    """The rows of a track; None when they are not as regular as that."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    start = text.find("<box ")
    if start < 0 or "&" in text or "\r" in text or text.count("<", 0, start) != 1:
        return None
    parts = text[start:].split('"')
    shape = _shape(parts)
    if shape is None:
        return None
    names, attributes = shape
    stride = 2 * (len(names) + len(attributes))
    if (len(parts) - 1) % stride or any(names.count(n) > 1 for n in names):
        return None
    if any(len(set(parts[2 * i :: stride])) > 1 for i in range(1, len(names))):
        return None
    texts = _texts(parts, len(names), attributes, stride)
    if texts is None:
        return None
    values = _values(parts, names, stride)
    if values is None:
        return None
    answers, codes = _coded(attributes, texts, len(values[0]))
    return Columns(text[:start], *values, answers, codes)


def _values(parts: list[str], names: list[str], stride: int) -> _Values | None:
    """Frames, corners and flags of all rows; None where they are not as usual."""
    try:
        frame, key, outside, occluded, *corners = (parts[2 * names.index(n) + 1 :: stride] for n in _FIELDS)
        frames = np.array(list(map(int, frame)), np.int64)
        values = np.array([list(map(float, column)) for column in corners], np.float64).T
        keys, hidden, covered = (np.array([_FLAGS[f] for f in column], np.bool_) for column in (key, outside, occluded))
    except (ValueError, KeyError, OverflowError):
        return None
    usual = (
        bool((np.diff(frames) > 0).all())
        and 0 <= frames[0] <= frames[-1] <= MAX_FRAME
        and bool((np.abs(values) < LIMIT).all())
        and bool((values[:, 2:] > values[:, :2]).all())
    )
    return (frames, values, keys, hidden, covered) if usual else None


def _shape(parts: list[str]) -> tuple[list[str], list[str]] | None:
    """Names of the fields and of the attributes of the first row, from the pieces outside of quotes."""
    first = _FIRST.fullmatch(parts[0])
    if first is None:
        return None
    names, attributes = [first[1]], list[str]()
    for i in range(2, len(parts), 2):
        piece = parts[i]
        if not attributes:
            following = _NEXT.fullmatch(piece)
            if following:
                names.append(following[1])
                continue
            if _AFTER_BOX.fullmatch(piece):
                break
            if not _INTO_ATTRIBUTE.fullmatch(piece):
                return None
        elif _AFTER_ATTRIBUTE.fullmatch(piece):
            break
        elif not _BETWEEN_ATTRIBUTES.fullmatch(piece):
            return None
        if i + 1 >= len(parts):
            return None
        attributes.append(parts[i + 1])
    if "rotation" in names or any(n not in names for n in _FIELDS):
        return None
    return names, attributes


def _texts(parts: list[str], fields: int, attributes: list[str], stride: int) -> list[list[str]] | None:
    """The texts of each attribute over the rows; None where a piece between them is not what it should be."""
    ends = parts[stride::stride]
    after = _matches(_AFTER_ATTRIBUTE if attributes else _AFTER_BOX, ends)
    if after is None or len(ends) != len(parts) // stride or not _ends_well(ends, after, parts[0][5:-1]):
        return None
    if not attributes:
        return []
    if any(len(set(parts[2 * (fields + i) + 1 :: stride])) > 1 for i in range(len(attributes))):
        return None
    if _matches(_INTO_ATTRIBUTE, parts[2 * fields :: stride]) is None:
        return None
    texts: list[list[str]] = []
    for i in range(1, len(attributes)):
        pieces = parts[2 * (fields + i) :: stride]
        between = _matches(_BETWEEN_ATTRIBUTES, pieces)
        if between is None:
            return None
        texts.append([between[piece][1] for piece in pieces])
    texts.append([after[piece][1] for piece in ends])
    return texts


def _matches(pattern: re.Pattern[str], pieces: list[str]) -> dict[str, re.Match[str]] | None:
    """How each different piece matches; None where one does not."""
    found: dict[str, re.Match[str]] = {}
    for piece in set(pieces):
        match = pattern.fullmatch(piece)
        if match is None:
            return None
        found[piece] = match
    return found


def _ends_well(ends: list[str], after: Mapping[str, re.Match[str]], first: str) -> bool:
    """Whether each row begins with the same field, and nothing but the last one ends the track."""
    following = [after[piece][after[piece].re.groups] for piece in ends]
    return following[-1] is None and all(name == first for name in following[:-1])


def _coded(
    attributes: list[str], texts: list[list[str]], count: int
) -> tuple[list[tuple[Answer, ...]], npt.NDArray[np.int64]]:
    """The different sets of answers, and which of them each row has."""
    if all(len(set(column)) == 1 for column in texts):
        return [tuple((name, column[0]) for name, column in zip(attributes, texts))], np.zeros(count, np.int64)
    known: dict[tuple[str, ...], int] = {}
    codes = np.array([known.setdefault(row, len(known)) for row in zip(*texts)], np.int64)
    return [tuple(zip(attributes, row)) for row in known], codes
