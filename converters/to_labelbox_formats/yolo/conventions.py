"""What holds for a whole set and no row says: concluded from the counts of a sample, told, or asked.

An option that is given is obeyed. Where the rows speak against the usual reading and all fit another one, the user is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from msgspec import Struct

from to_labelbox.geometry.corner_order import CornerOrder
from to_labelbox.model.text import n_of
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask, ask_unit
from to_labelbox_formats.yolo.columns import OUTLINE
from to_labelbox_formats.yolo.options import KeypointNames, Options, Origin, Units, Visibility
from to_labelbox_formats.yolo.rows import Angle, BoxForm, Frame, Task
from to_labelbox_formats.yolo.task import Evidence, Finding, counts_from_one
from to_labelbox_formats.yolo.text_lines import OBB_HEADER

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
    """Boxes that stay on their pictures, by what their four numbers may be; those ``telling`` do in some way."""

    boxes: int = 0
    telling: int = 0
    center: int = 0
    corners: int = 0
    top_left: int = 0
    exchanged: int = 0

    def add(self, a: float, b: float, c: float, d: float, width: float, height: float) -> None:
        low, right, bottom = -_TOLERANCE, width * (1 + _TOLERANCE), height * (1 + _TOLERANCE)
        left, top = low * width, low * height
        center = a - c / 2 >= left and a + c / 2 <= right and b - d / 2 >= top and b + d / 2 <= bottom
        corners = left <= a <= c <= right and top <= b <= d <= bottom
        exchanged = a - d / 2 >= left and a + d / 2 <= right and b - c / 2 >= top and b + c / 2 <= bottom
        top_left = left <= a and a + c <= right and top <= b and b + d <= bottom
        self.boxes += 1
        self.telling += center or corners or exchanged or top_left
        self.center += center
        self.corners += corners
        self.exchanged += exchanged
        self.top_left += top_left


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
    if options.angle is not None or (options.columns is not None and OUTLINE in options.columns):
        return BoxForm.CENTER
    pixels = options.units is Units.PIXELS
    whole = Frame(100, 100) if options.units is Units.PERCENT else _WHOLE
    fits, beyond = _Fits(), 0
    for unit, values in (*evidence.boxed, *(evidence.led if task is Task.POSE else ())):
        frame = frame_of(unit) if pixels else whole
        a, b, c, d = values[:4]
        if not pixels and max(a, b) > 2 * whole.width:
            beyond += 1
        elif frame.width and task in (Task.DETECT, Task.SEGMENT, Task.POSE):
            fits.add(a, b, c, d, frame.width, frame.height)
    if beyond and options.units is Units.AUTO:
        log.assume(
            "unit",
            Units.FRACTIONS,
            for_=fits.boxes,
            against=beyond,
            why=f"{beyond} of {n_of(fits.boxes + beyond, 'box', 'boxes')} have numbers beyond 2, so they seem to be pixels, the others not",
            option="-O units=pixels",
        )
    out = fits.boxes - fits.center
    if not out or out < _MUCH * fits.boxes:
        return BoxForm.CENTER
    others = [
        form
        for form, count in ((BoxForm.CORNERS, fits.corners), (BoxForm.TOP_LEFT, fits.top_left))
        if count == fits.telling
    ]
    doubted = fits.telling - fits.center
    asked = fits.telling >= _ENOUGH and 3 * doubted >= fits.telling
    leave = f"{path}: {doubted} of {fits.telling} boxes leave their pictures as centre, width and height, and all stay on them"
    if others and asked:
        ask(
            f"{leave} as {' or as '.join(_FORMS[form] for form in others)}.",
            [(f"-O box={form}", f"the four numbers are {_FORMS[form]}") for form in (*others, BoxForm.CENTER)],
        )
    if asked and fits.exchanged == fits.telling and options.columns is None:
        ask(f"{leave} with x and y exchanged in one of the two.", _EXCHANGED)
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


_EXCHANGED = (
    ("-O columns=class,x,y,h,w", "the height comes before the width"),
    ("-O columns=class,y,x,w,h", "y comes before x, and the width before the height"),
    ("-O box=center", _FORMS[BoxForm.CENTER]),
)
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


_ANGLES = {
    Angle.DEGREES: "clockwise, in degrees",
    Angle.RADIANS: "clockwise, in radians",
    Angle.DEGREES_CCW: "counter-clockwise, in degrees",
    Angle.RADIANS_CCW: "counter-clockwise, in radians",
}


def as_headed(options: Options, evidence: Evidence, log: Log) -> Options:
    """The options, with what the first line of labelImg-OBB says of rows of six values: its boxes are in pixels, the side along the
    angle comes before the other one (which its own code calls height and width), and angles are counter-clockwise degrees."""
    if not evidence.headed or 2 * evidence.sixes <= evidence.measured or options.predictions:
        return options
    if options.columns is not None or options.angle is not None:
        return options
    units = Units.PIXELS if options.units is Units.AUTO and evidence.in_pixels else options.units
    log.assume(
        "turned boxes",
        Angle.DEGREES_CCW,
        for_=evidence.headed,
        against=evidence.files - evidence.headed,
        why=f"{n_of(evidence.headed, 'file begins', 'files begin')} with {OBB_HEADER.decode()} as labelImg-OBB writes: rows are class, centre, the side along the "
        "angle, the other side, and the angle in degrees, counter-clockwise",
        option=f"-O angle={Angle.DEGREES}",
    )
    return replace(options, angle=Angle.DEGREES_CCW, units=units)


def ask_columns(options: Options, evidence: Evidence, path: str) -> None:
    """Stop where all rows have their values in another order than YOLO's, or more than it has a place for."""
    if options.columns is not None:
        if evidence.columns is not None and len(evidence.columns.order) > 5 and options.angle is None:
            ask(
                f"{path}: nothing says what the angles that -O columns= names are.",
                [(f"-O angle={angle}", f"it turns the box {words}") for angle, words in _ANGLES.items()],
            )
        return
    judged = evidence.measured + evidence.unmeasured
    if not judged:
        return
    whole, orders = "", []
    boxes = [values for _, values in evidence.boxed]
    sixes = [values for values in boxes if len(values) == 5]
    if evidence.worded == evidence.rows and evidence.identified == evidence.measured > 0:
        whole = f"have a word ({evidence.word[:40].decode('utf-8', 'replace')!r}) before the class"
        orders = [("name,class,x,y,w,h", "it is the name of the class: left out")]
    elif evidence.has_identities and options.box is BoxForm.AUTO and options.units is not Units.PIXELS:
        whole = (
            "have a whole number between the class and four fractions, as JDE and FairMOT write the identity of a track"
        )
        orders = [("class,id,x,y,w,h", "it is the identity: boxes are taken without it")]
    elif len(boxes) > 1 and evidence.ids_are_fractions and all(values[-1].is_integer() for values in boxes):
        whole = "begin with a fraction and end with a whole number, so the class seems to come last"
        orders = (
            [("x,y,w,h,class", "box and class")]
            if not sixes
            else [("x,y,w,h,confidence,class", "box, confidence, class")]
        )
    elif evidence.sixes == judged >= _ENOUGH and _confidence_first(sixes):
        whole = "leave their pictures as class and box, and stay on them with the second value left out, so that seems to be a confidence"
        orders = [
            ("class,confidence,x,y,w,h", "boxes of a prediction"),
            ("class,x,y,w,h,confidence", "the last value is the confidence"),
        ]
    elif evidence.ending == judged:
        whole = f"end with a word ({evidence.texts[0][-1][:40].decode('utf-8', 'replace')!r})"
        orders = [("class,x,y,w,h,name", "it is the name of the class: left out")]
    elif evidence.with_boxes and not evidence.long:
        whole = "have four values before the outline that are the centre and the size of the box around it"
        orders = [
            ("class,x,y,w,h,outline", "the outline is taken without them"),
            ("class,outline", "they are two vertices"),
        ]
    if orders:
        options_ = [(f"-O columns={order}", meaning) for order, meaning in orders]
        if evidence.has_identities:
            options_.append(("-O units=pixels", "all numbers are pixels"))
        looked_at = "" if judged == evidence.rows else " looked at"
        ask(f"{path}: all {judged} rows{looked_at} {whole}.", options_)


def _confidence_first(sixes: Sequence[list[float]]) -> bool:
    """Whether most rows are no box as they stand, and all are without their second value."""
    fits, others = _Fits(), _Fits()
    for first, second, third, fourth, last in sixes:
        fits.add(first, second, third, fourth, 1, 1)
        others.add(second, third, fourth, last, 1, 1)
    return 2 * fits.center < len(sixes) == others.center


def ask_sixth_value(options: Options, evidence: Evidence, task: Task, path: str) -> None:
    """Stop where most rows of six values end with a number that is no confidence."""
    if options.angle is not None or options.predictions or options.columns is not None:
        return
    beyond = evidence.no_confidence > 1 and 2 * evidence.no_confidence > evidence.sixes
    if (task is Task.DETECT and beyond) or (task is Task.OBB and evidence.sixes == evidence.measured > 0):
        seen = f"{evidence.no_confidence} of {evidence.sixes} rows of six values end with a number beyond 0 to 1, so it is no confidence"
        ask(
            f"{path}: {seen if beyond else 'in a set of oriented boxes, all rows have six values'}.",
            (
                *((f"-O angle={angle}", f"it turns the box {words}") for angle, words in _ANGLES.items()),
                ("-O predictions=true", "it is a track id or the like: take the boxes without it"),
            ),
        )


def counted_from_zero(
    options: Options, evidence: Evidence, names: Mapping[int, str] | None, path: str
) -> dict[int, str] | None:
    """Names by ids that count from 0, where theirs count from 1 and it is said, or asked, from where the rows count."""
    if names is None or sorted(names) != [*range(1, len(names) + 1)]:
        return None if names is None else dict(names)
    ids = evidence.whole_ids
    if options.first_class is None and 0 in ids and len(names) not in ids and len(names) > 1:
        ask(
            f"{path}: names have the ids 1 to {len(names)}, but class id 0 occurs and {len(names)} never does: ids seem to count from 0.",
            (
                ("-O first_class=0", f"0 is {names[1]!r}, 1 is {names[2]!r}"),
                ("-O first_class=1", f"1 is {names[1]!r}, and 0 has no name"),
            ),
        )
    return dict(names) if options.first_class is None else {id - 1: name for id, name in names.items()}


def are_crossed(options: Options, evidence: Evidence, log: Log) -> bool:
    """Whether four corners come in an order in which their outline crosses itself, such as both left ones before both right ones."""
    if options.task is Task.SEGMENT or not evidence.crossed or 2 * evidence.crossed < len(evidence.quads):
        return False
    if not evidence.lengths.keys() <= {5, 6, 9, 10}:  # an outline of four vertices among others
        return False
    log.assume(
        "order of corners",
        "put in order",
        for_=evidence.crossed,
        against=evidence.convex,
        unknown=len(evidence.quads) - evidence.crossed - evidence.convex,
        why=f"the outlines of {evidence.crossed} of {n_of(len(evidence.quads), 'row')} with four corners cross themselves",
        option="-O task=segment",
    )
    return True


def first_class(options: Options, evidence: Evidence, names: Mapping[int, str] | None, path: str) -> int:
    """The id of the first class: 0, unless ids seem to count from 1."""
    if options.first_class is not None:
        return int(options.first_class)
    count = len(names or ())
    if options.unknown_classes or not names or max(names) != count - 1:
        return 0
    first, last = names[0], names[count - 1]
    from_one = [split for split, ids in evidence.ids_of.items() if counts_from_one(ids, count)]
    seen = f"class id {count} occurs and 0 never does, but {n_of(count, 'name has', 'names have')} the ids 0 to {count - 1}: ids seem to count from 1"
    if from_one and counts_from_one(evidence.ids, count):
        ask(
            f"{path}: {seen}.",
            (
                ("-O first_class=1", f"1 is {first!r}, {count} is {last!r}"),
                ("-O first_class=0", f"1 is {names[1]!r}, and {count} has no name"),
            ),
        )
    if from_one:
        ask(
            f"{path}: in split {from_one[0]!r} {seen} there, and from 0 in others. Convert that split apart, with -O first_class=1.",
            (("-O first_class=0", f"all count from 0: 1 is {names[1]!r} everywhere, and {count} has no name"),),
        )
    return 0


def ask_units(options: Options, evidence: Evidence, corners: bool, path: str) -> None:
    """Stop where the numbers are not in the unit that such rows have: fractions, or pixels for the ``corners`` of DOTA and Keras lines."""
    if options.units is not Units.AUTO:
        return
    if corners and evidence.fractional:
        ask_unit(
            f"{path}: all corners lie between 0 and 1, so they seem to be fractions of the picture",
            "-O units",
            Units.FRACTIONS,
        )
    if not corners and evidence.in_pixels:
        percent = [("-O units=percent", "they are per cent of width and height")] if evidence.greatest <= 100 else []
        most = " and none beyond 100" if percent else ""
        ask(
            f"{path}: most rows hold numbers beyond 2{most}, so they are no fractions of a picture.",
            [("-O units=pixels", "they are pixels: centre and size, unless -O box= says otherwise"), *percent],
        )


def tell_visibility(options: Options, evidence: Evidence, task: Task, path: str, log: Log) -> None:
    """Say, or ask, what the third value of keypoints is, where the sample has not all that COCO's rule knows."""
    seen = evidence.visible
    if task is not Task.POSE or options.visibility is not Visibility.AUTO:
        return
    if seen["0, placed"] >= _ENOUGH and not seen["1"] and not seen["2"]:
        ask(
            f"{path}: all {seen['0, placed']} keypoints looked at that have a place have the visibility 0, which says that they are absent.",
            (
                ("-O visibility=placed", "a keypoint that is not at 0, 0 is there and visible"),
                ("-O visibility=coco", "they are absent: none is written"),
            ),
        )
    if seen["1"] >= _ENOUGH and not seen["2"]:
        log.assume(
            "visibility 1 of keypoints",
            "occluded",
            against=seen["1"],
            why="no keypoint of those looked at has 2, so 1 may only say that a keypoint is there",
            option="-O visibility=present",
        )


_CHOICE = 7
"""Values of a row that is a triangle, or a box with a confidence and the identity of its track."""


def tell_task(finding: Finding, evidence: Evidence, told: bool, looked: str, log: Log) -> None:
    """Say which task was found: an assumption where it says how rows of 7 values are read; all others are read by their length."""
    message = f"task {finding.task}: {finding.reason} (from {looked}; -O task= overrides)"
    fitting = sum(count for length, count in evidence.lengths.items() if _belongs(finding.task, length))
    if not told and (layout := evidence.perhaps_pose):
        shape = f"{(evidence.long - 5 - layout[1]) // layout[0]}x{layout[0]}"
        log.assume(
            "task",
            finding.task,
            unknown=evidence.rows,
            why=f"{finding.reason} (from {looked}), of which the first four may be a box around the others, as in poses",
            option=f"-O kpt_shape={shape}",
        )
        return
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
