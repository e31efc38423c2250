"""What the four numbers of a box are, and in which order those of an outline follow each other: by area, outline and picture.

COCO's own order is taken; records that speak against it are counted. Where all of them, or a part that is sure, do, the user is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from to_labelbox.geometry.overshoot import goes_beyond
from to_labelbox.model.text import n_of
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.coco.conventions.sample import Extent, Seen, seen_of_text
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.options import Form, Options, Outlines, Places

FEW = 3
"""Records that a question needs at least."""
_SOME = 20
_APART = 0.3
"""Rectangles that have less in common, as a share of both together, are of different places."""

AS_SIZES: Mapping[Form, Callable[[float, float, float, float], list[float]]] = {
    Form.SIZES: lambda x, y, w, h: [x, y, w, h],
    Form.CORNERS: lambda x, y, x1, y1: [x, y, x1 - x, y1 - y],
    Form.CENTRES: lambda x, y, w, h: [x - w / 2, y - h / 2, w, h],
    Form.TRANSPOSED_CENTRES: lambda y, x, w, h: [x - w / 2, y - h / 2, w, h],
    Form.TRANSPOSED: lambda y, x, h, w: [x, y, w, h],
    Form.TRANSPOSED_CORNERS: lambda y, x, y1, x1: [x, y, x1 - x, y1 - y],
}
"""Left, top, width and height from what the four numbers are."""
MEANING = {
    Form.SIZES: "left, top, width, height",
    Form.CORNERS: "left, top, right, bottom",
    Form.CENTRES: "x and y of the centre, width, height",
    Form.TRANSPOSED_CENTRES: "y and x of the centre, width, height",
    Form.TRANSPOSED: "top, left, height, width",
    Form.TRANSPOSED_CORNERS: "top, left, bottom, right",
    Form.EACH: "each by its own area or outline: two corners, else left, top, width, height",
}
AS_PAIRS: Mapping[Outlines, Callable[[Sequence[float]], list[float]]] = {
    Outlines.PAIRS: list,
    Outlines.SWAPPED: lambda ring: [v for x, y in zip(ring[1::2], ring[::2]) for v in (x, y)],
    Outlines.LISTS: lambda ring: [v for pair in zip(ring[: len(ring) // 2], ring[len(ring) // 2 :]) for v in pair],
}
"""x, y, x, y from the numbers of a ring."""


def near(extent: Sequence[float], other: Sequence[float]) -> bool:
    return max(abs(a - b) for a, b in zip(extent, other)) <= 1.5


def corners_of(box: Sequence[float]) -> Extent:
    """Left, top, right and bottom of left, top, width and height."""
    return box[0], box[1], box[0] + box[2], box[1] + box[3]


def form_of(text: bytes, box: Sequence[float]) -> Form:
    """What a record says that its box is, by its area or its outline; left, top, width, height where these do not tell."""
    area, extent = seen_of_text(text)
    return _vote(box, area, extent) or Form.SIZES


def order_of(rings: Sequence[Sequence[float]], box: Sequence[float] | None) -> Outlines:
    """The order in which an outline lies at the box beside it; pairs where it lies there so, or in no order."""
    if not box or len(box) != 4 or any(len(ring) % 2 for ring in rings):
        return Outlines.PAIRS
    for order, arranged in AS_PAIRS.items():
        numbers = [v for ring in rings for v in arranged(ring)]
        xs, ys = numbers[::2], numbers[1::2]
        if xs and near((min(xs), min(ys), max(xs), max(ys)), corners_of(box)):
            return order
    return Outlines.PAIRS


# ---------------------------------------------------------------------------------------------------------- boxes


def form_of_boxes(file: File, sample: list[Seen], wanted: Form, log: Log) -> Form:
    """What boxes are: by their areas, their outlines and the pictures that they have to fit on."""
    if wanted is not Form.AUTO:
        return wanted
    boxes = [seen.box for seen in sample if seen.box is not None]
    votes = [_vote(seen.box, seen.area, seen.extent) for seen in sample if seen.box is not None]
    sizes, corners = votes.count(Form.SIZES), votes.count(Form.CORNERS)
    known = [(seen.box, seen.size) for seen in sample if seen.box is not None and seen.size is not None]
    leave = [(box, size) for box, size in known if goes_beyond(box[0] + box[2], box[1] + box[3], *size)]
    told = f"{len(leave)} of {len(known)} leave the picture as x, y, width, height"
    ordered = all(b[2] > b[0] and b[3] > b[1] for b in boxes)
    fit = [form for form in AS_SIZES if all(_fits(form, box, size) for box, size in known)]
    two_corners = [form for form in fit if form in (Form.CORNERS, Form.TRANSPOSED_CORNERS)][:1]
    by_fit = Form.CORNERS in fit and len(leave) >= FEW and 2 * len(leave) > len(known) and not sizes
    if ordered and ((corners >= FEW and not sizes) or by_fit):
        reasons = [
            f"{corners} have the area or outline of two corners, x0, y0, x1, y1" if corners else "",
            f"{told}, none as two corners" if leave and two_corners else "",
        ]
        _ask(file, "two corners", f"of {n_of(len(votes), 'box', 'boxes')}, {'; '.join(filter(None, reasons))}", two_corners or [Form.CORNERS])  # fmt: skip
    if len(leave) >= FEW and 20 * len(leave) >= len(known) >= _SOME and not corners and Form.CENTRES in fit:
        _ask(file, "centre, width and height", f"{told}, none as the former", [Form.CENTRES])
    if corners >= FEW and 20 * corners > len(votes):
        said = f"{corners} of {n_of(len(votes), 'box', 'boxes')} have the area or outline of two corners, {sizes} that of sizes"
        _ask(file, "two corners in some annotations", said, [Form.EACH, Form.CORNERS])
    as_corners = [box for box, size in leave if _fits(Form.CORNERS, box, size)]
    against = max(corners, len(as_corners) if len(as_corners) == len(leave) >= FEW else 0)
    if 20 * against > len(votes):
        log.assume(
            f"what bbox holds ({file.name})",
            "x, y, width, height",
            for_=sizes,
            against=against,
            unknown=max(len(votes) - sizes - against, 0),
            why="areas and outlines of a sample of the boxes, and whether they fit on their pictures",
            option="-O boxes=xyxy",
        )
    return Form.SIZES


def _ask(file: File, what: str, why: str, forms: Sequence[Form]) -> None:
    answers = [(f"-O boxes={form}", MEANING[form]) for form in (*forms, Form.SIZES)]
    ask(f"{file.name}: its boxes look like {what}, not like COCO's x, y, width, height: {why}.", answers)


def _vote(box: Sequence[float], area: float | None, extent: Extent | None) -> Form | None:
    """What the area or the outline of a box says, where it says one thing only."""
    left, top, third, fourth = box
    if third <= left or fourth <= top:
        return Form.SIZES
    said = set()
    if area:
        said |= {Form.SIZES} if _alike(area, third * fourth) else set()
        said |= {Form.CORNERS} if _alike(area, (third - left) * (fourth - top)) else set()
    if extent is not None and not said:
        said |= {Form.SIZES} if near(extent, corners_of(box)) else set()
        said |= {Form.CORNERS} if near(extent, box) else set()
    return said.pop() if len(said) == 1 else None


def _alike(area: float, other: float) -> bool:
    return abs(area - other) <= 0.001 * abs(other)


def _leaves(box: Sequence[float], size: tuple[float, float]) -> bool:
    """Whether a box leaves its picture as x, y, width, height."""
    return box[0] + box[2] > size[0] + 1 or box[1] + box[3] > size[1] + 1


def _fits(form: Form, box: Sequence[float], size: tuple[float, float]) -> bool:
    """Whether a box lies on its picture in another form, and has an area there."""
    left, top, width, height = AS_SIZES[form](*box)
    return min(left, top) >= -1 and min(width, height) > 0 and not _leaves((left, top, width, height), size)


# ------------------------------------------------------------------------------------------------ boxes and outlines


class _Reading(NamedTuple):
    """Another reading of boxes or outlines: the option, what is read, and as what; how many outlines then ``lie_there``."""

    option: str
    what: str
    form: str
    lie_there: int


def check_outlines(file: File, sample: list[Seen], boxes_only: bool, options: Options, log: Log) -> None:
    """Say so where outlines lie elsewhere than the boxes beside them, so that one of the two is not what it is taken for; ask where
    nearly all do, and nothing says which are right, or where those that do lie there in another order of their numbers.

    ``options``: of places, units and outlines any answers it; what boxes are is offered unless it is given.
    """
    given = options.places is Places.OUTLINES or any(o.value != "auto" for o in (options.units, options.outlines))
    around = [(s, corners_of(s.box), s.extent) for s in sample if s.box and s.extent and s.box[2] > 0 < s.box[3]]
    both = [seen for seen, _, _ in around]
    apart = [seen for seen, box, extent in around if not near(extent, box) and _overlap(box, extent) < _APART]
    if len(apart) < FEW or 20 * len(apart) < len(both):
        return
    open_ones = [reading for reading in _readings(apart) if reading.what != "boxes" or options.boxes is Form.AUTO]
    best = max(open_ones, key=lambda reading: reading.lie_there)
    likely = 2 * best.lie_there >= len(apart)
    reading = f"; were {best.what} {best.form}, {best.lie_there} would not" if likely else ""
    answers = [("-O places=outlines", "the outlines are right"), ("--geometry bbox", "the boxes are right")]
    lie_there = max(len(apart), *(r.lie_there for r in _readings(both) if r.option == best.option))
    nearly_all = 10 * lie_there >= 9 * len(both)
    if nearly_all and likely:
        answers.insert(0, (best.option, f"{best.what} are {best.form}"))
    elif best.what == "outlines" and 10 * best.lie_there >= 9 * len(apart):
        answers.insert(0, ("-O outlines=each", f"{best.what} are {best.form} where they lie at their boxes only so"))
    if (nearly_all or len(answers) > 2) and not (boxes_only or given):
        looked_at = n_of(len(both), "annotation")
        ask(
            f"{file.name}: the outlines of {len(apart)} of {looked_at} looked at lie elsewhere than their boxes{reading}.",
            answers,
        )
    log.assume(
        f"where objects are ({file.name})",
        "at their boxes, not at the outlines beside them"
        if boxes_only
        else "at their outlines, not at the boxes beside them",
        for_=len(both) - len(apart),
        against=len(apart),
        why=f"outlines of a sample lie elsewhere than their boxes{reading}",
        option="--geometry auto" if boxes_only else "--geometry bbox",
    )


def _readings(apart: Sequence[Seen]) -> list[_Reading]:
    """Exchanged x and y are those of the boxes where these leave their pictures, else those of the outlines."""
    places = [(seen.box, seen.extent, seen.listed, seen.size) for seen in apart]
    at_boxes = [
        (corners_of(box), box, extent, listed) for box, extent, listed, _ in places if box and extent and listed
    ]
    centres = sum(near(extent, corners_of(AS_SIZES[Form.CENTRES](*box))) for _, box, extent, _ in at_boxes)
    exchanged = sum(near((e[1], e[0], e[3], e[2]), corners) for corners, _, e, _ in at_boxes)
    lists = sum(near(listed, corners) for corners, _, _, listed in at_boxes)
    of_boxes = any(size and box and _leaves(box, size) for box, _, _, size in places)
    return [
        _Reading("-O boxes=cxcywh", "boxes", "centre, width, height", centres),
        _Reading("-O boxes=yxhw", "boxes", "y, x, height, width", exchanged if of_boxes else 0),
        _Reading("-O outlines=yx", "outlines", "y, x", 0 if of_boxes else exchanged),
        _Reading("-O outlines=xxyy", "outlines", "all x before all y", lists),
    ]


def _overlap(one: Extent, other: Extent) -> float:
    """The area that two rectangles have in common as a share of their union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    union = sum((r[2] - r[0]) * (r[3] - r[1]) for r in (one, other)) - common
    return common / union if union > 0 else 1.0
