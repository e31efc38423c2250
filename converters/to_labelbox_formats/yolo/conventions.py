"""What holds for a whole set and no row says: concluded from the counts of a sample, told, or asked.

An option that is given is obeyed. Where the rows speak against the usual reading and all fit another one, the user is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from to_labelbox.geometry.corner_order import CornerOrder
from to_labelbox.model.text import n_of
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.yolo.options import KeypointNames, Options, Origin, Units
from to_labelbox_formats.yolo.rows import BoxForm, Frame, Task
from to_labelbox_formats.yolo.task import Evidence, Finding

_ENOUGH = 3
"""Boxes that it takes to doubt their form."""
_MUCH = 0.05
"""Share of boxes that leave their picture which is worth a word."""
_TOLERANCE = 0.01
_FORMS = {
    BoxForm.CENTER: "the centre, width and height, as YOLO has them",
    BoxForm.CORNERS: "two corners",
    BoxForm.TOP_LEFT: "the top left corner, width and height",
}


class _Fits(Struct):
    """Boxes that stay on their pictures, by what their four numbers may be."""

    boxes: int = 0
    center: int = 0
    corners: int = 0
    top_left: int = 0

    def add(self, a: float, b: float, c: float, d: float, width: float, height: float) -> None:
        low, right, bottom = -_TOLERANCE, width * (1 + _TOLERANCE), height * (1 + _TOLERANCE)
        left, top = low * width, low * height
        self.boxes += 1
        self.center += a - c / 2 >= left and a + c / 2 <= right and b - d / 2 >= top and b + d / 2 <= bottom
        self.corners += left <= a < c <= right and top <= b < d <= bottom
        self.top_left += left <= a and a + c <= right and top <= b and b + d <= bottom


def tell_guessed_classes(file: str, names: Mapping[int, str], evidence: Evidence, log: Log) -> None:
    """Say that a descriptor names the classes of pictures that are not where it says."""
    known = sum(index in names for index in evidence.whole_ids)
    log.assume(
        "class names",
        file,
        for_=known,
        against=len(evidence.whole_ids) - known,
        why=f"the pictures are not where {file} says, so that it describes these is taken for granted: it names {known} of "
        f"{n_of(len(evidence.whole_ids), 'class id')} in their rows",
        option="-O names=FILE",
    )


def decide_box(
    options: Options, evidence: Evidence, task: Task, frame_of: Callable[[int], Frame], path: str, log: Log
) -> BoxForm:
    """What the four numbers of a box are: a centre with a size, unless boxes leave their pictures that way."""
    if options.box is not BoxForm.AUTO:
        return options.box
    pixels = options.units is Units.PIXELS
    fits = _Fits()
    for unit, values in evidence.boxed:
        frame = frame_of(unit) if pixels else _WHOLE
        if frame.width and task in (Task.DETECT, Task.SEGMENT, Task.POSE):
            a, b, c, d = values[:4]
            fits.add(a, b, c, d, frame.width, frame.height)
    out = fits.boxes - fits.center
    if not out or out < _MUCH * fits.boxes:
        return BoxForm.CENTER
    others = [
        form
        for form, count in ((BoxForm.CORNERS, fits.corners), (BoxForm.TOP_LEFT, fits.top_left))
        if count == fits.boxes
    ]
    if others and fits.boxes >= _ENOUGH and 3 * out >= fits.boxes:
        ask(
            f"{path}: {out} of {fits.boxes} boxes leave their pictures as centre, width and height, and all stay on them as "
            + " or as ".join(_FORMS[form] for form in others)
            + ".",
            [(f"-O box={form}", f"the four numbers are {_FORMS[form]}") for form in (*others, BoxForm.CENTER)],
        )
    log.assume(
        "box",
        BoxForm.CENTER,
        for_=fits.center,
        against=out,
        why=f"{out} of {fits.boxes} boxes leave their pictures as centre, width and height; {fits.corners} would stay on them as "
        f"corners, {fits.top_left} as top left corner and size",
        option=f"-O box={BoxForm.TOP_LEFT if fits.top_left > fits.corners else BoxForm.CORNERS}",
    )
    return BoxForm.CENTER


_WHOLE = Frame(1, 1)


def decide_sizes(options: Options, order: CornerOrder, path: str, log: Log) -> bool:
    """Whether boxes of Keras lines are a corner and a size; they are two corners, unless many end before they begin."""
    if options.box is not BoxForm.AUTO or not order.flipped:
        return options.box is BoxForm.TOP_LEFT
    if order.speaks_for_sizes:
        ask(
            f"{path}: {order.told('x_max or y_max before x_min or y_min')}.",
            (
                ("-O box=top_left", "the four numbers are the top left corner, width and height"),
                ("-O box=corners", "the four numbers are two corners; those the wrong way round are left out"),
            ),
        )
    log.assume(
        "box",
        BoxForm.CORNERS,
        for_=order.boxes - order.flipped,
        against=order.flipped,
        why=f"{order.flipped} of {order.boxes} boxes end before they begin: left out, not taken as top left corner and size",
        option="-O box=top_left",
    )
    return False


def decide_origin(options: Options, order: CornerOrder, log: Log) -> int:
    """1 where the corners of Keras lines count pixels from 1 and include the last; 0, as most scripts write them."""
    if options.origin is None:
        log.assume(
            "origin",
            Origin.AS_IS,
            for_=order.zeros,
            unknown=order.boxes - order.zeros,
            why=f"lines do not say from where they count ({order.zeros} corners are at 0): edges, counted from 0",
            option="-O origin=one_based",
        )
    return int(options.origin is Origin.ONE_BASED)


def ask_identities(options: Options, evidence: Evidence, path: str) -> None:
    """Stop where all rows have a whole number between the class and four fractions."""
    if (
        evidence.has_identities
        and not options.identities
        and options.box is BoxForm.AUTO
        and options.units is not Units.PIXELS
    ):
        ask(
            f"{path}: all {evidence.rows} rows have a whole number between the class and four fractions, as JDE and FairMOT write the "
            "identity of a track.",
            (
                ("-O identities=true", "it is the identity: boxes are taken without it"),
                ("-O units=pixels", "all numbers are pixels"),
            ),
        )


def ask_sixth_value(options: Options, evidence: Evidence, task: Task, path: str) -> None:
    """Stop where most rows of six values end with a number that is no confidence."""
    if options.angle is not None or options.predictions or task is not Task.DETECT:
        return
    if evidence.no_confidence > 1 and 2 * evidence.no_confidence > evidence.sixes:
        ask(
            f"{path}: {evidence.no_confidence} of {evidence.sixes} rows of six values end with a number beyond 0 to 1, so it is no "
            "confidence.",
            (
                ("-O angle=degrees", "it turns the box clockwise, in degrees"),
                ("-O angle=radians", "it turns the box clockwise, in radians"),
                ("-O predictions=true", "it is a track id or the like: take the boxes without it"),
            ),
        )


def first_class(options: Options, evidence: Evidence, names: Mapping[int, str] | None, path: str) -> int:
    """The id of the first class: 0, unless ids seem to count from 1."""
    if options.first_class is not None:
        return int(options.first_class)
    count = len(names or ())
    if not options.unknown_classes and names and max(names) == count - 1 and evidence.counts_from_one(count):
        first, last = names[0], names[count - 1]
        ask(
            f"{path}: class id {count} occurs and 0 never does, but {n_of(count, 'name has', 'names have')} the ids 0 to {count - 1}: ids seem to count from "
            "1.",
            (
                ("-O first_class=1", f"1 is {first!r}, {count} is {last!r}"),
                ("-O first_class=0", f"1 is {names[1]!r}, and {count} has no name"),
            ),
        )
    return 0


_CHOICE = 7
"""Values of a row that is a triangle, or a box with a confidence and the identity of its track."""


def tell_task(finding: Finding, evidence: Evidence, told: bool, looked: str, log: Log) -> None:
    """Say which task was found: an assumption where it says how rows of 7 values are read; all others are read by their length."""
    message = f"task {finding.task}: {finding.reason} (from {looked}; -O task= overrides)"
    fitting = sum(count for length, count in evidence.lengths.items() if _belongs(finding.task, length))
    if told or evidence.outlines_alone or not evidence.lengths[_CHOICE]:
        log.decide(message)
        return
    log.assume(
        "task",
        finding.task,
        for_=fitting,
        against=evidence.rows - fitting,
        why=f"{finding.reason} (from {looked})",
        option="-O task=obb" if 2 * evidence.tracked > evidence.lengths[_CHOICE] else "-O task=detect",
    )


def _belongs(task: Task, length: int) -> bool:
    match task:
        case Task.DETECT:
            return length in (5, 6)
        case Task.OBB:
            return length in (9, 10)
        case Task.SEGMENT:
            return length > 6
        case _:
            return True


def share_keypoint_names(
    names: Mapping[int, tuple[str, ...]], classes: int, options: Options, file: str, log: Log
) -> Mapping[int, tuple[str, ...]]:
    """Names of keypoints by class; those that one of several classes has are taken for all, unless they are its own."""
    if len(names) != 1 or classes < 2 or options.keypoint_names is KeypointNames.OWN:
        return names
    ((index, shared),) = names.items()
    log.assume(
        "keypoint names",
        f"those of class {index}",
        for_=1,
        unknown=classes - 1,
        why=f"kpt_names of {file} has one list, for class {index}: taken for all {classes} classes",
        option=f"-O keypoint_names={KeypointNames.OWN}",
    )
    return dict.fromkeys(range(classes), shared)
