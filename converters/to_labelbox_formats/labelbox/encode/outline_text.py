"""The vertices of many outlines as JSON at once: the texts of their numbers set into a pattern, the blanks taken out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from to_labelbox.geometry.contours import Traced
from to_labelbox.model.items import Flat
from to_labelbox.model.tables import OutlineTable
from to_labelbox.source.short_numbers import FILL
from to_labelbox_formats.labelbox.encode.line_types import XY

_VERTEX: npt.NDArray[Any] = np.array(
    [(b'{"x":', 0, b',"y":', 0, b"},")],
    [("open", "S5"), ("x", "<u8"), ("between", "S5"), ("y", "<u8"), ("close", "S2")],
)
_LAST = b"}\n"
_NOTHING = np.frombuffer(FILL * _VERTEX.itemsize, _VERTEX.dtype)
_encode_lines = msgspec.json.Encoder().encode_lines


def ring_texts(table: OutlineTable) -> list[str]:
    """What ends the line of each ring."""
    others, closed = table.others, table.closed
    encoded = _encoded(ring[:-2] if closed[n] else ring for n, ring in others.items())
    if len(others) == len(table.first_value) - 1:
        return encoded
    drawn = vertex_texts(table.texts, table.first_value, closed)
    for ring, text in zip(others, encoded):
        drawn[ring] = text
    return drawn


def _encoded(rings: Iterable[Flat]) -> list[str]:
    """The same of any numbers, a struct a vertex."""
    each = [iter(ring) for ring in rings]
    texts = _encode_lines([list(map(XY, values, values)) for values in each]).decode().split("\n")[:-1]
    return [f',"polygon":{text}}}\n' for text in texts]


def vertex_texts(
    texts: npt.NDArray[np.uint64], first_value: Sequence[int], closed: npt.NDArray[np.bool_] | None = None
) -> list[str]:
    """What ends the line of each ring, from the texts of its numbers, without the last vertex where it is closed."""
    rows = np.frombuffer(bytearray(_VERTEX.tobytes()) * (len(texts) // 2), _VERTEX.dtype)
    rows["x"], rows["y"] = texts[::2], texts[1::2]
    last = np.array(first_value[1:], np.intp) // 2 - 1
    if closed is not None and closed.any():
        rows[last[closed]] = _NOTHING
        last -= closed
    rows["close"][last] = _LAST
    rings = rows.tobytes().translate(None, FILL).decode().split("\n")[:-1]
    return [f',"polygon":[{ring}]}}\n' for ring in rings]


def contour_texts(traced: Traced) -> list[str]:
    """The same of contours, whose numbers are less than 2¹⁹."""
    bits = int(traced.values.max()).bit_length()
    assert bits < 20, "a text of seven digits has no place in eight bytes"
    texts = _whole_numbers(bits)
    return vertex_texts(texts.take(traced.values), traced.first_value)


@lru_cache(8)
def _whole_numbers(bits: int) -> npt.NDArray[np.uint64]:
    """The texts of all numbers of so many bits, eight bytes each."""
    return np.frombuffer(b"".join(b"%d.0" % n + FILL * (6 - len(str(n))) for n in range(1 << bits)), np.uint64)
