"""Conventions that an export does not state: what its regions say for and against them, and which one is taken.

The editor writes per cent of the picture, turns rectangles about their top-left corner, counts frames from 1 and sound in
seconds. What scripts write as its export is not always so. Each of these is a row of :data:`READINGS`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.label_studio.options import Options

_SLACK = 1.0
"""Per cent that a shape may reach beyond its picture and still be drawn on it."""

_FEWEST = 3
"""Regions that all lie in one corner before they are taken for a sign."""
_NUMBERS = frozenset((int, float, bool))
_MOST = 1e9
"""Numbers beyond this are no places, whatever their unit."""


class Reading(NamedTuple):
    """What the editor writes, and the other form that scripts write, by the values of the option that says which it is.

    ``told``: also without evidence against the editor's form, since what fits it mostly fits the other one too.
    """

    option: str
    what: str
    editor: str
    other: str
    why: str
    question: str
    meanings: tuple[str, str]
    told: bool = False


READINGS = (
    Reading(
        "units",
        "units of coordinates",
        "percent",
        "pixel",
        "the editor writes per cent; regions against it lie in their picture only as pixels",
        "Coordinates are per cent of the picture, but of {all} regions that were looked at {against} would lie outside of "
        "it, and all lie in it when they are taken for pixels.",
        ("they are pixels", "they are per cent; what lies outside is cut off"),
    ),
    Reading(
        "pivot",
        "point that rectangles are turned about",
        "corner",
        "centre",
        "the editor turns about the top-left corner; counted are turned rectangles that lie in their picture so, and those "
        "that do only when they are turned about their centre",
        "Rectangles are turned about their top-left corner, but of {all} turned ones that were looked at {against} would lie "
        "outside of the picture, and all lie in it when they are turned about their centre.",
        ("they are turned about their centre", "they are turned about their top-left corner"),
        told=True,
    ),
    Reading(
        "frame_base",
        "number of a video's first frame",
        "1",
        "0",
        "the editor counts from 1; regions against it have a frame 0",
        "Frames of videos count from 1, but of {all} regions that were looked at {against} have a frame 0.",
        ("the first frame is number 0", "the first frame is number 1; frames 0 are left out"),
    ),
    Reading(
        "times",
        "unit of times in sounds",
        "seconds",
        "milliseconds",
        "the editor writes seconds; regions against it end behind their sound, whose length they state",
        "Times are seconds, but of {all} regions that were looked at {against} would end behind their sound, and all lie in "
        "it when they are taken for milliseconds.",
        ("they are milliseconds", "they are seconds"),
    ),
)


class Count(Struct):
    """Regions that fit the editor's form, those that fit the other one alone, and those that fit neither."""

    fit: int = 0
    against: int = 0
    neither: int = 0

    def add(self, fits: bool, fits_other: bool) -> None:
        if fits:
            self.fit += 1
        elif fits_other:
            self.against += 1
        else:
            self.neither += 1


class Evidence:
    """Counts of regions for and against each convention; of those at times and at frames, by their objects."""

    def __init__(self) -> None:
        self.counts = {reading.option: Count() for reading in READINGS}
        self.fractions = Count()
        self.timed: Counter[str] = Counter()
        self.framed: Counter[str] = Counter()

    def see(self, region: Mapping[str, Any], value: Any) -> None:
        """Look at a region; that of a flat record is its own value, with the size of its picture in it."""
        if not isinstance(value, dict):
            return
        if "x" in value and "y" in value:
            self._see_place(region, value)
        elif isinstance(value.get("points"), list):
            extent = _extent(value["points"])
            if extent is not None:
                self._see_extent(region, *extent)
        elif isinstance(frames := value.get("sequence") or value.get("ranges"), list):
            numbers = [f.get("frame", f.get("start")) for f in frames if isinstance(f, dict)]
            known = _numbers([n for n in numbers if n is not None])
            self.framed[str(region.get("to_name"))] += 1
            if known:
                self.counts["frame_base"].add(min(known) > 0, min(known) == 0)
        elif "end" in value and _is_of_sound(region, value):
            self.timed[str(region.get("to_name"))] += 1
            times = _numbers([value["end"], region.get("original_length")])
            if times is not None:
                end, length = times
                self.counts["times"].add(end <= 1.02 * length, end <= 1020 * length)

    def _see_place(self, region: Mapping[str, Any], value: Mapping[str, Any]) -> None:
        numbers = _numbers([value.get(key, 0) for key in ("x", "y", "width", "height")])
        if numbers is None:
            return
        x, y, width, height = numbers
        rotation = value.get("rotation")
        if rotation and (turn := _numbers([rotation])) != [0]:
            size = _numbers([region.get("original_width"), region.get("original_height")])
            if "width" in value and turn is not None and size is not None:
                box = [x * size[0] / 100, y * size[1] / 100, width * size[0] / 100, height * size[1] / 100]
                about = [_lies_in(box, turn[0], size, centre=centre) for centre in (False, True)]
                self.counts["pivot"].add(*about)
            return
        right, bottom = (x, y) if "keypointlabels" in value else (x + width, y + height)
        self._see_extent(region, right, bottom)

    def _see_extent(self, region: Mapping[str, Any], right: float, bottom: float) -> None:
        self.fractions.add(max(right, bottom) > 1, True)
        size = _numbers([region.get("original_width"), region.get("original_height")])
        if size is not None:
            fits_pixels = right <= size[0] + _SLACK and bottom <= size[1] + _SLACK
            self.counts["units"].add(max(right, bottom) <= 100 + _SLACK, fits_pixels)


def _is_of_sound(region: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    """Whether a region without a shape is at times of a sound: spans of texts have whole numbers and quote what they cover."""
    if "original_length" in region or "channel" in value:
        return True
    parts = isinstance(value["end"], float) and not value["end"].is_integer()
    return parts and "startOffset" not in value and not str(region.get("type")).startswith("timeseries")


def _extent(points: list[Any]) -> tuple[float, float] | None:
    """The greatest x and y of those that are pairs of numbers, or objects with them."""
    if points and isinstance(points[0], dict):
        points = [[p.get("x"), p.get("y")] if isinstance(p, dict) else p for p in points]
    try:
        xs, ys = map(_numbers, zip(*points, strict=True))
        if xs is None or ys is None:
            raise ValueError
    except (TypeError, ValueError):
        pairs = [_numbers(p) for p in points if isinstance(p, list) and len(p) == 2]
        known = [pair for pair in pairs if pair is not None]
        return (max(x for x, _ in known), max(y for _, y in known)) if known else None
    return max(xs), max(ys)


def _numbers(values: Sequence[Any]) -> Sequence[Any] | None:
    """Values that are numbers, also as texts, which are read as such; None where any is none or no place."""
    if not _NUMBERS.issuperset(map(type, values)):
        try:
            values = [float(v) if type(v) is str else v for v in values]
        except ValueError:
            return None
        if not _NUMBERS.issuperset(map(type, values)):
            return None
    return values if values and max(values) < _MOST and min(values) > -_MOST else None


def _lies_in(box: list[float], rotation: float, size: Sequence[float], *, centre: bool) -> bool:
    """Whether a turned rectangle in pixels lies in its picture, but for :data:`_SLACK`."""
    x, y, width, height = box
    cos, sin = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))
    left, top = (-width / 2, -height / 2) if centre else (0.0, 0.0)
    middle = (x - left, y - top)
    for a, b in ((left, top), (left + width, top), (left + width, top + height), (left, top + height)):
        corner = middle[0] + a * cos - b * sin, middle[1] + a * sin + b * cos
        if any(not -_SLACK * n / 100 <= c <= n * (1 + _SLACK / 100) for c, n in zip(corner, size)):
            return False
    return True


class Conventions(Struct, frozen=True):
    """The ones that are taken.

    ``units``: what coordinates are, by the option's values; ``about_centre``: rectangles are turned about it, not their corner;
    ``frame_base``: number of the first frame; ``milliseconds``: times of sounds are such, not seconds; ``utf16``: what
    offsets in texts count where no stored text tells, None when nobody has said so; ``frame_rates``: frames a second that
    the export counts, and that the video has, where the user gives both.
    """

    units: str = "percent"
    about_centre: bool = False
    frame_base: int = 1
    milliseconds: bool = False
    utf16: bool | None = None
    frame_rates: tuple[float, float] | None = None

    def first_frame(self, number: float) -> int:
        """The frame of the video, from 0, at which the one begins that the export calls by this number."""
        return self._scaled(math.floor(number) - self.frame_base)

    def last_frame(self, number: float) -> int:
        """The frame of the video, from 0, with which the one ends that the export calls by this number."""
        return self._scaled(math.floor(number) - self.frame_base + 1) - 1

    def frame_count(self, count: float) -> int:
        """The frames of the video, of which the export counts as many."""
        return self._scaled(int(count))

    def _scaled(self, frame: int) -> int:
        return frame if self.frame_rates is None else round(frame * self.frame_rates[1] / self.frame_rates[0])


def settle(evidence: Evidence, options: Options, log: Log) -> Conventions:
    """What the user says, else what the editor writes; asks where the evidence is against that, and tells of doubt."""
    tiny = evidence.fractions
    if options.units is None and tiny.against >= _FEWEST and not tiny.fit:
        ask(
            f"Coordinates are per cent of the picture, but all {tiny.against} regions that were looked at lie in the hundredth "
            "of its width and height at its top-left corner, as fractions of it do.",
            [
                ("-O units=fraction", "they are fractions of the picture, from 0 to 1"),
                ("-O units=percent", "they are per cent"),
            ],
        )
    taken = {reading.option: _taken(reading, evidence.counts[reading.option], options, log) for reading in READINGS}
    return Conventions(
        units=taken["units"],
        about_centre=taken["pivot"] == "centre",
        frame_base=int(taken["frame_base"]),
        milliseconds=taken["times"] == "milliseconds",
        utf16=None if options.offsets is None else options.offsets == "utf16",
        frame_rates=options.frame_rates,
    )


def _taken(reading: Reading, count: Count, options: Options, log: Log) -> str:
    given = getattr(options, reading.option)
    if given is not None:
        return str(given)
    flip = f"-O {reading.option}={reading.other}"
    if count.against > count.fit and not count.neither:
        ask(
            reading.question.format(all=count.fit + count.against, against=count.against),
            list(zip((flip, f"-O {reading.option}={reading.editor}"), reading.meanings)),
        )
    if count.against or (reading.told and count.fit + count.neither):
        log.assume(
            reading.what,
            reading.editor,
            for_=count.fit,
            against=count.against,
            unknown=count.neither,
            why=reading.why,
            option=flip,
        )
    return reading.editor
