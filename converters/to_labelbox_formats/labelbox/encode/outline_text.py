"""The vertices of many outlines as JSON at once: the texts of their numbers set into a pattern, the blanks taken out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from to_labelbox.model.tables import OutlineTable
from to_labelbox.source.short_numbers import FILL

_VERTEX: npt.NDArray[Any] = np.array(
    [(b'{"x":', 0, b',"y":', 0, b"},")],
    [("open", "S5"), ("x", "<u8"), ("between", "S5"), ("y", "<u8"), ("close", "S2")],
)
_LAST = b"}\n"


def vertex_texts(table: OutlineTable) -> list[str]:
    """What ends the line of each ring."""
    rows = np.empty(len(table.texts) // 2, _VERTEX.dtype)
    rows[:] = _VERTEX[0]
    rows["x"], rows["y"] = table.texts[::2], table.texts[1::2]
    rows["close"][np.array(table.first_value[1:]) // 2 - 1] = _LAST
    rings = rows.tobytes().translate(None, FILL).decode().split("\n")[:-1]
    return [f',"polygon":[{ring}]}}\n' for ring in rings]
