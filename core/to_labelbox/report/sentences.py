"""What is said of an annotation in more than one place, whoever reads or writes it: a code with its sentence.

The caller gives values only. What one place alone says stands there, where one reads why; a second place that would say it
takes it from here (a test finds those that do not).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from to_labelbox.report.codes import Code


class Sentence(NamedTuple):
    """A code and its sentence with named places: ``log.note(*OUTSIDE_ASSET(width=10, height=8), file=…)``."""

    code: Code
    text: str

    def __call__(self, **values: Any) -> tuple[Code, str]:
        return self.code, self.text.format_map(values)


_NOT_FINITE = "coordinates must be finite numbers"
BOX_NOT_FINITE = Sentence(Code.BOX_INVALID, _NOT_FINITE)
POINT_NOT_FINITE = Sentence(Code.POINT_INVALID, _NOT_FINITE)
OUTLINE_NOT_FINITE = Sentence(Code.POLYGON_INVALID, _NOT_FINITE)
BOX_WITHOUT_AREA = Sentence(Code.BOX_EMPTY, "the box is {width:g} × {height:g} and has no area")
POLYGON_OF_FEW_POINTS = Sentence(Code.POLYGON_TOO_SHORT, "a polygon of {points}")
LINE_OF_FEW_POINTS = Sentence(Code.LINE_TOO_SHORT, "a line of {points}")
LINE_WITHOUT_LENGTH = Sentence(Code.LINE_TOO_SHORT, "a line needs two different points")
MASK_WITHOUT_PIXELS = Sentence(Code.MASK_EMPTY, "the mask is empty")
OUTSIDE_ASSET = Sentence(Code.OUTSIDE, "lies outside the {width:g} × {height:g} asset")
MASK_WITHOUT_SIZE = Sentence(
    Code.IMAGE_SIZE_UNKNOWN, "a mask needs the size of the asset: give --media-root or --sizes"
)
NO_ANSWER = Sentence(Code.ANSWER_EMPTY, "the answer is empty")
CRASHED = Sentence(Code.READ_CRASHED, "left out: {reason}")
TOO_SMALL = Sentence(Code.BELOW_MIN_AREA, "area {area} is below --min-area")
