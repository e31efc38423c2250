"""What the user can decide about a Label Studio source."""

from __future__ import annotations

from to_labelbox.report.errors import UsageError
from to_labelbox.rules.option import option
from to_labelbox.rules.record import record

POLICIES = ("best", "latest", "first", "ground-truth", "accepted", "all")


@record(frozen=True)
class Options:
    config: str | None = option(
        None, "labelling config (XML); without it config.xml or label_config.xml beside the export is used"
    )
    annotator: str = option(
        "best",
        "which annotation of a task counts: best (not cancelled, none that a reviewer rejected before others, ground truth first, newest), latest, first, ground-truth, accepted (by its last review), all, or user:EMAIL",
    )
    data_key: str | None = option(None, "field of the task's data that holds the asset, where it cannot be told")
    answers: str | None = option(
        None, "fields of JSON-MIN and CSV that are answers, by commas, where no labelling config tells"
    )
    size: str | None = option(None, "WxH in pixels of every picture or video whose size is not known otherwise")
    unlabelled: str | None = option(None, "class of regions without a label, else skipped")
    predictions: bool = option(False, "take the last prediction of tasks that have no annotation")
    drafts: bool = option(False, "take the last draft of tasks that have no annotation")
    frame_base: int | None = option(
        None, "number of a video's first frame in the export: 1, as the editor has it, or 0"
    )
    units: str | None = option(
        None,
        "what coordinates are: percent of the picture, as the editor writes them, pixel, or fraction (0 to 1)",
        choices=("percent", "pixel", "fraction"),
    )
    offsets: str | None = option(
        None,
        "what offsets in texts count where the text does not tell: code_points (default) or utf16",
        choices=("code_points", "utf16"),
    )
    pivot: str | None = option(
        None,
        "what turned rectangles are turned about: their top-left corner, as the editor does, or centre",
        choices=("corner", "centre"),
    )
    times: str | None = option(
        None,
        "unit of times in sounds: seconds, as the editor writes them, or milliseconds",
        choices=("seconds", "milliseconds"),
    )
    media: str | None = option(
        None,
        "what a video file is whose sound is labelled: video, which counts frames, or audio, which counts time",
        choices=("video", "audio"),
    )
    frame_rate: str | None = option(
        None, "frames a second that the export counts, and those of the video, where they differ: 25:29.97"
    )

    @property
    def user(self) -> str | None:
        """The e-mail address or id of ``user:…``."""
        return self.annotator[5:] if self.annotator.startswith("user:") else None

    def check(self) -> None:
        """Raises :class:`UsageError` for values that mean nothing."""
        if self.annotator not in POLICIES and not self.user:
            raise UsageError(
                f"label-studio option annotator: {self.annotator!r} is not one of {', '.join(POLICIES)} or user:EMAIL"
            )
        _ = self.default_size, self.frame_rates
        if self.frame_base not in (None, 0, 1):
            raise UsageError(f"label-studio option frame_base: {self.frame_base} is neither 0 nor 1")

    @property
    def default_size(self) -> tuple[int, int] | None:
        if self.size is None:
            return None
        width, _, height = self.size.lower().partition("x")
        if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            raise UsageError(f"label-studio option size: {self.size!r} is not WIDTHxHEIGHT, for example 1920x1080")
        return int(width), int(height)

    @property
    def frame_rates(self) -> tuple[float, float] | None:
        """Frames a second that the export counts, and those that the video has."""
        if self.frame_rate is None:
            return None
        try:
            counted, own = (float(n) for n in self.frame_rate.split(":"))
        except ValueError:
            counted = own = 0.0
        if not (0 < counted < 1e4 and 0 < own < 1e4):
            raise UsageError(
                f"label-studio option frame_rate: {self.frame_rate!r} is not COUNTED:OWN, for example 25:29.97: the frames a "
                "second that the export counts, and those of the video"
            )
        return counted, own
