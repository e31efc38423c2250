"""Every cell of Labelbox's table of annotation types and asset types, built from the model.

A case holds what is annotated, the line that must come out (without dataRow and uuid), and one way to spoil it with a
word of the message that must follow.
"""

from __future__ import annotations

from labelbox_cells import answers, pictures, text, video  # noqa: F401 - each adds its cells
from labelbox_cells.base import ASSETS, CASES, COLUMNS, ROWS, Case, Line, pixels_of
from to_labelbox.model.items import Media

__all__ = ["ASSETS", "CASES", "CELLS", "COLUMNS", "ROWS", "Case", "Line", "pixels_of"]

CELLS = list(dict.fromkeys((c.row, c.media) for c in CASES if c.media is not Media.HTML))
