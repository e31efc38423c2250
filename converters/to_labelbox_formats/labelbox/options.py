"""What the user can decide about the payload, beside the settings that hold for every target."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from to_labelbox.report.errors import UsageError
from to_labelbox.rules.record import record


class TextUnit(StrEnum):
    CODEPOINT = "codepoint"
    UTF16 = "utf16"


class VideoMasks(StrEnum):
    COMPOSITE = "composite"
    SEPARATE = "separate"


@record(frozen=True)
class Options:
    """What no public source settles about the server, with the SDK's and the documentation's way as default; and where
    pictures lie on a map."""

    mask_value: int = field(default=1, metadata={"help": "pixel value of a mask's foreground in its PNG: 1 or 255"})
    text_unit: TextUnit = field(
        default=TextUnit.CODEPOINT, metadata={"help": "what text offsets count: codepoint or utf16"}
    )
    first_frame: int = field(default=1, metadata={"help": "number of a video's first frame in the payload: 1 or 0"})
    video_masks: VideoMasks = field(
        default=VideoMasks.COMPOSITE,
        metadata={
            "help": "masks of a video: composite writes one line with one picture a frame, separate a line an instance"
        },
    )
    geo: str = field(
        default="",
        metadata={
            "help": "write pictures as map tiles: LEFT,TOP,RIGHT,BOTTOM map coordinates of every picture's borders, "
            "or a folder with world files (a/b.tfw for a/b.tif)"
        },
    )
    epsg: str = field(
        default="EPSG4326", metadata={"help": "map coordinates of geo: EPSG4326, EPSG3857, EPSG3395 or Simple"}
    )

    def __post_init__(self) -> None:
        if self.mask_value not in (1, 255):
            raise UsageError(f"mask_value={self.mask_value}: want 1 or 255")
        if self.first_frame not in (0, 1):
            raise UsageError(f"first_frame={self.first_frame}: want 1 or 0")
