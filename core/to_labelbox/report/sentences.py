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
BOXES_CORNERS_SWAPPED = Sentence(Code.BOX_FLIPPED, "the corners of the box are swapped; they are put in order")
BOX_WITHOUT_AREA = Sentence(Code.BOX_EMPTY, "the box is {width:g} × {height:g} and has no area")
POLYGON_OF_FEW_POINTS = Sentence(Code.POLYGON_TOO_SHORT, "a polygon of {points}")
LINE_OF_FEW_POINTS = Sentence(Code.LINE_TOO_SHORT, "a line of {points}")
LINE_WITHOUT_LENGTH = Sentence(Code.LINE_TOO_SHORT, "a line needs two different points")
MASK_WITHOUT_PIXELS = Sentence(Code.MASK_EMPTY, "no pixel of the mask is set")
OUTSIDE_ASSET = Sentence(Code.OUTSIDE, "lies outside the {width:g} × {height:g} asset")
MASK_WITHOUT_SIZE = Sentence(
    Code.IMAGE_SIZE_UNKNOWN, "a mask needs the size of the asset: give --media-root or --sizes"
)
NO_ANSWER = Sentence(Code.ANSWER_EMPTY, "the answer is empty")
CRASHED = Sentence(Code.READ_CRASHED, "left out: {reason}")
TOO_SMALL = Sentence(Code.BELOW_MIN_AREA, "area {area} is below --min-area")
WITHOUT_LABEL = Sentence(Code.CLASS_UNNAMED, "the {what} has no label")
SAID_BEFORE = Sentence(Code.ANNOTATION_DUPLICATE, "says the same as {other}, which is kept")
NO_SUCH_TOOL = Sentence(Code.NOT_IN_ONTOLOGY, "left out, as the ontology does not have it: {names}")
ASSET_IS_ONE_OF_TWO = Sentence(
    Code.ASSET_AMBIGUOUS,
    "{option} has {first} and {second}, which may both be meant: neither is taken; give more of the path there, or less of it",
)
ONE_FOR_TWO_ASSETS = Sentence(
    Code.ASSET_AMBIGUOUS,
    "{option} has {name} alone for {first} and {second}, which are two assets: it is not taken for this one; give each with its folder "
    "there",
)
EXIF_UNKNOWN = Sentence(
    Code.EXIF_UNCHECKED,
    "the picture is not at hand or cannot be read, so its EXIF orientation is not checked: give --media-root",
)
EXIF_TURNED = Sentence(
    Code.EXIF_TURNED,
    "stored with EXIF orientation {orientation}: coordinates are turned back to the stored picture",
)
