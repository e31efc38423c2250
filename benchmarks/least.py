"""What the loops share that measure the least a job costs: the lines that they write, and their uuids."""

from __future__ import annotations

import hashlib

from msgspec import Raw, Struct

NUMBERS = [f"{n:012x}" for n in range(10_000)]
"""The ends of the uuids of a picture's first annotations."""
_VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4))
"""The digit of a uuid that holds its variant [RFC 9562]."""


class Point(Struct, gc=False):
    x: float
    y: float


class Bbox(Struct, gc=False):
    top: float
    left: float
    height: float
    width: float


class BoxLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: str | Raw
    bbox: Bbox


class PolygonLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: str
    polygon: list[Point]


def uuid(key: bytes) -> str:
    h = hashlib.sha1(key).hexdigest()
    return f"{h[:8]}-{h[8:12]}-5{h[13:16]}-{_VARIANTS[h[16]]}{h[17:20]}-{h[20:32]}"
