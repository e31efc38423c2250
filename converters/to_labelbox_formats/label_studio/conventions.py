"""Conventions that an export does not state: what its regions say for and against them, and which one is taken.

The editor writes per cent of the picture and counts frames from 1. What scripts write as its export is not always so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.label_studio.options import Options

_SLACK = 1.0
"""Per cent that a shape may reach beyond its picture and still be drawn on it."""

_MOST = 1e9
"""Numbers beyond this are no places, whatever their unit."""


class Evidence:
    """Counts of regions for and against each convention."""

    def __init__(self) -> None:
        self.in_percent = self.only_in_pixels = self.in_neither = 0
        self.first_frames_zero = self.first_frames_later = 0

    def see(self, region: Mapping[str, Any], value: Any) -> None:
        if not isinstance(value, dict):
            return
        if "x" in value and "y" in value and not value.get("rotation"):
            self._see_place(region, value)
        elif isinstance(frames := value.get("sequence") or value.get("ranges"), list):
            numbers = [f.get("frame", f.get("start")) for f in frames if isinstance(f, dict)]
            known = [n for n in numbers if isinstance(n, (int, float))]
            if known:
                self.first_frames_zero += min(known) == 0
                self.first_frames_later += min(known) > 0

    def _see_place(self, region: Mapping[str, Any], value: Mapping[str, Any]) -> None:
        numbers: list[Any] = [value.get(key, 0) for key in ("x", "y", "width", "height")]
        numbers += region.get("original_width"), region.get("original_height")
        if not all(isinstance(n, (int, float)) and -_MOST < n < _MOST for n in numbers):
            return
        x, y, width, height, *size = numbers
        right, bottom = (x, y) if "keypointlabels" in value else (x + width, y + height)
        if max(right, bottom) <= 100 + _SLACK:
            self.in_percent += 1
        elif right <= size[0] + _SLACK and bottom <= size[1] + _SLACK:
            self.only_in_pixels += 1
        else:
            self.in_neither += 1


class Conventions:
    """The ones that are taken. ``pixels``: coordinates are pixels, not per cent; ``frame_base``: number of the first frame."""

    def __init__(self, pixels: bool = False, frame_base: int = 1) -> None:
        self.pixels = pixels
        self.frame_base = frame_base


def settle(evidence: Evidence, options: Options, log: Log) -> Conventions:
    """What the user says, else what the editor writes; asks where the evidence is against that, and tells of doubt."""
    return Conventions(_pixels(evidence, options, log), _frame_base(evidence, options, log))


def _pixels(evidence: Evidence, options: Options, log: Log) -> bool:
    if options.units is not None:
        return options.units == "pixel"
    for_, against = evidence.in_percent, evidence.only_in_pixels
    if against > for_ and not evidence.in_neither:
        ask(
            f"Coordinates are per cent of the picture, but of {for_ + against} regions that were looked at {against} would lie "
            "outside of it, and all lie in it when they are taken for pixels.",
            [
                ("-O units=pixel", "they are pixels"),
                ("-O units=percent", "they are per cent; what lies outside is cut off"),
            ],
        )
    if against:
        log.assume(
            "units of coordinates",
            "percent",
            for_=for_,
            against=against,
            unknown=evidence.in_neither,
            why="the editor writes per cent; regions against it lie in their picture only as pixels",
            option="-O units=pixel",
        )
    return False


def _frame_base(evidence: Evidence, options: Options, log: Log) -> int:
    if options.frame_base is not None:
        return options.frame_base
    for_, against = evidence.first_frames_later, evidence.first_frames_zero
    if against > for_:
        ask(
            f"Frames of videos count from 1, but of {for_ + against} regions that were looked at {against} have a frame 0.",
            [
                ("-O frame_base=0", "the first frame is number 0"),
                ("-O frame_base=1", "the first frame is number 1; frames 0 are left out"),
            ],
        )
    if against:
        log.assume(
            "number of a video's first frame",
            "1",
            for_=for_,
            against=against,
            why="the editor counts from 1; regions against it have a frame 0",
            option="-O frame_base=0",
        )
    return 1
