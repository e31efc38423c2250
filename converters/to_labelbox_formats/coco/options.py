"""Options of the COCO reader."""

from __future__ import annotations

from enum import StrEnum

from to_labelbox.rules.option import option
from to_labelbox.rules.record import record


class Units(StrEnum):
    AUTO = "auto"
    PIXELS = "pixels"
    NORMALISED = "normalised"
    PERCENT = "percent"
    EACH = "each"


class Form(StrEnum):
    AUTO = "auto"
    SIZES = "xywh"
    CORNERS = "xyxy"
    CENTRES = "cxcywh"
    TRANSPOSED_CENTRES = "cycxwh"
    TRANSPOSED = "yxhw"
    TRANSPOSED_CORNERS = "yxyx"
    EACH = "each"


class Outlines(StrEnum):
    AUTO = "auto"
    PAIRS = "xy"
    SWAPPED = "yx"
    LISTS = "xxyy"
    EACH = "each"


class Origin(StrEnum):
    AUTO = "auto"
    ZERO = "as_is"
    ONE = "one_based"


class Visibility(StrEnum):
    AUTO = "auto"
    COCO = "coco"
    PRESENT = "present"
    STRICT = "strict"
    PLACED = "placed"


class RleSides(StrEnum):
    AUTO = "auto"
    STATED = "stated"


class SameNames(StrEnum):
    AUTO = "auto"
    APART = "apart"
    ONE = "one"


class FirstCategory(StrEnum):
    AUTO = "auto"
    ZERO = "0"
    ONE = "1"


class Places(StrEnum):
    AUTO = "auto"
    OUTLINES = "outlines"
    IMAGE = "image"
    STATED = "stated"


class Inner(StrEnum):
    AUTO = "auto"
    FILLED = "filled"
    HOLES = "holes"


class Rotation(StrEnum):
    AUTO = "auto"
    CLOCKWISE = "clockwise"
    COUNTERCLOCKWISE = "counterclockwise"
    CLOCKWISE_RADIANS = "clockwise_radians"
    COUNTERCLOCKWISE_RADIANS = "counterclockwise_radians"
    CORNER = "corner"
    IGNORED = "ignored"


class ImageIds(StrEnum):
    AUTO = "auto"
    AS_IS = "as_is"
    ONE_MORE = "one_more"
    ONE_LESS = "one_less"


@record(frozen=True)
class Options:
    base: str | None = option(None, "for a results file: the file with its images and categories")
    predictions: bool = option(False, "also take annotations with a score, and results files, as labels")
    categories: str | None = option(None, "a COCO file to take the categories from, for files without any")
    units: Units = option(
        Units.AUTO,
        "unit of coordinates; auto takes pixels and asks where they look like fractions or per cent; each goes by the "
        "numbers of each annotation, boxes, outlines and keypoints for themselves",
    )
    boxes: Form = option(
        Form.AUTO,
        "what bbox holds; auto goes by bbox_mode, takes xywh, and asks where boxes look like another form; each goes by the "
        "area or the outline of each annotation: two corners, else xywh",
    )
    rotation: Rotation = option(
        Rotation.AUTO,
        "how the turn of a box is meant that is its fifth number, or a field rotation, angle or theta: degrees or radians about "
        "its centre; corner, degrees clockwise about its top left corner; ignored, boxes are upright; auto goes by outlines, and "
        "asks where none tells",
    )
    outlines: Outlines = option(
        Outlines.AUTO,
        "how the numbers of outlines follow each other: xy, yx, xxyy for all x before all y; auto takes xy and asks where outlines "
        "lie at their boxes another way; each takes another way only where an outline then lies at the box beside it",
    )
    places: Places = option(
        Places.AUTO,
        "where objects are whose outlines lie elsewhere than their boxes: auto asks where nearly all do, outlines says that "
        "these are right, as --geometry bbox does of the boxes; and annotations without a place: image, they are classes of their "
        "whole images; stated, they are skipped; auto takes them for classes where all are so, or have no field for a place",
    )
    origin: Origin = option(
        Origin.AUTO,
        "what the numbers of the top left pixel are: as_is and auto, edges counted from 0; one_based, taken as 1, 1",
    )
    fields: str | None = option(
        None, "more fields of annotations to take as nested answers, with commas between: track_id,pose"
    )
    visibility: Visibility = option(
        Visibility.AUTO,
        "what 1 says at a keypoint: coco, strict and auto, labelled but hidden; present, no more than there; "
        "to strict, values other than 0, 1 and 2 are no keypoint; to placed, every keypoint that is not at 0, 0 is visible",
    )
    rle_sides: RleSides = option(
        RleSides.AUTO,
        "how an RLE lies: auto swaps its size, or reads its runs by rows, where only then masks fit their boxes; "
        "stated never",
    )
    same_names: SameNames = option(
        SameNames.AUTO, "one file_name in several folders: one picture, apart with their folders, or auto by the files"
    )
    first_category: FirstCategory = option(
        FirstCategory.AUTO,
        "id that annotations use for the first category; auto takes it as declared, goes by the ids in use where "
        "categories are bare names, and asks where those would all be declared ones, were they one off",
    )
    image_ids: ImageIds = option(
        ImageIds.AUTO,
        "which image an annotation is of: as_is, the one that its image_id names; one_more, one_less, the one whose id is that "
        "much greater or smaller; auto takes it as it is, and asks where only then all are those of images",
    )
    inner: Inner = option(
        Inner.AUTO,
        "what a part of an outline is that lies in another part of it: filled, more of the object; a hole; auto takes it for a "
        "hole where only then the outline has the area that its annotation states",
    )
    unlabelled: str | None = option(None, "class of annotations without a category, else skipped")
    check_sizes: bool = option(True, "hold width and height against the pictures, where they are at hand")

    @property
    def more_fields(self) -> list[str]:
        """The names that ``fields`` lists."""
        return [name.strip() for name in (self.fields or "").split(",") if name.strip()]
