"""An asset while its regions are read: its size, its text, and what they have become."""

from __future__ import annotations

from to_labelbox.model.items import Annotation as Labelled
from to_labelbox.model.items import Asset, Media
from to_labelbox.source.image_headers import Header, image_header
from to_labelbox_formats.label_studio.assets import Sizes, Slot, VideoHeader, inline_content
from to_labelbox_formats.label_studio.files.records import Number, Region
from to_labelbox_formats.label_studio.regions.text_offsets import Hypertext, Offsets

_MARKS = 3
"""Repetitions of an identity that are marked by as many strokes; more of them have their number."""


class AssetRegions:
    """``ids`` are the identities given on it, ``objects`` those that a relation can link.

    ``said_frames``: how many frames of a video its regions count, ``said_rate`` how many a second; ``said_upright``: they state the size of the upright
    picture, which is another one than that of the stored picture.
    ``stated``: the size that the first region on it states which states one.
    """

    mismatch = view_turned = said_upright = False
    orientation = 1
    content: bytes | None = None
    video: VideoHeader | None = None
    frames: int | None = None
    said_frames: int | None = None
    said_rate: float | None = None
    stored: tuple[int, int] | None = None
    stated: tuple[int, int] | None = None
    offsets: Offsets | None = None
    hypertext: Hypertext | None = None
    _picture: Header | None = None
    _last: tuple[Number, Number, tuple[float, float] | None] = (-1, -1, None)

    def __init__(self, slot: Slot, sizes: Sizes, exif: bool) -> None:
        self.slot = slot
        self.sizes = sizes
        self.exif = exif
        self.annotations: list[Labelled] = []
        self.ids: set[str] = set()
        self.objects: set[str] = set()
        self._repeats: dict[str, int] = {}
        self._message_offsets: dict[int, Offsets] = {}
        if slot.inline:
            self.content = inline_content(slot.inline)
        if slot.media is Media.IMAGE:
            self._picture = image_header(self.content) if self.content else sizes.header(slot.reference)
        elif slot.media is Media.VIDEO and (video := sizes.video(slot.reference)) is not None:
            self.video, self.frames = video, video.frames
        elif slot.media is Media.TEXT:
            text = slot.text if slot.text is not None else sizes.text(slot.reference)
            if text is not None and slot.markup:
                self.take_for_hypertext(text)
            elif text is not None:
                self.offsets = Offsets(text)
        self.unchecked = self._picture is None
        if self._picture is not None:
            self.orientation = self._picture.orientation if exif else 1
            self.stored = (self._picture.width, self._picture.height) if exif else self._picture.upright

    def take_for_hypertext(self, markup: str) -> None:
        """Count offsets in the text that the markup shows. Before any region on it is read."""
        self.hypertext = Hypertext(markup)
        self.offsets = Offsets(self.hypertext.text, markup=True)

    def unique(self, identity: str) -> str:
        """The identity, marked where it is given already."""
        name = identity
        while name in self.ids:
            count = self._repeats[identity] = self._repeats.get(identity, 0) + 1
            name = identity + "'" * count if count <= _MARKS else f"{identity}'{count}"
        self.ids.add(name)
        return name

    def join(self, other: AssetRegions) -> None:
        """Add what another task has on the same asset."""
        self.annotations += other.annotations
        self.objects |= other.objects
        self.stored = self.stored or other.stored
        self.frames = self.frames or other.frames
        self.said_frames = self.said_frames or other.said_frames

    def frame(self, region: Region) -> tuple[float, float] | None:
        """Width and height of the asset as displayed, which percentages refer to; None when nothing tells."""
        width, height = region.original_width, region.original_height
        if region.image_rotation:
            self.view_turned = True
        if width == self._last[0] and height == self._last[1]:
            return self._last[2]
        size = self._frame(width, height)
        self._last = width, height, size
        return size

    def frame_in(self, units: str, region: Region) -> tuple[float, float] | None:
        """Of what coordinates in other units than per cent are per cent: pixels stay what they are."""
        size = self.frame(region)
        if units == "pixel":
            return 100.0, 100.0
        return size if units == "percent" or size is None else (size[0] * 100, size[1] * 100)

    def _frame(self, width: Number, height: Number) -> tuple[float, float] | None:
        told = _size(width, height)
        header = self._picture
        if header is not None:
            stored = header.width, header.height
            if told is None or told == header.upright:
                self.said_upright = self.said_upright or (told is not None and told != stored)
                return header.upright
            if told == stored:
                # drawn on the picture as it is stored, by a browser that does not turn pictures
                self.orientation = 1
                self.stored = told
                return told
            self.mismatch = True
            return header.upright
        if told is None:
            video = (self.video.width, self.video.height) if self.video else None
            told = self.stored or self.stated or self.sizes.given(self.slot.reference) or video or self.sizes.default
        if self.stored is None:
            self.stored = told
        self.mismatch = self.mismatch or told != self.stored
        return self.stored  # a picture has one size, of which all are per cent

    def message_offsets(self, number: int) -> Offsets:
        if number not in self._message_offsets:
            self._message_offsets[number] = Offsets(self.slot.messages[number].content)
        return self._message_offsets[number]

    def asset(self, path: str) -> Asset:
        slot = self.slot
        size = self.stored or self.sizes.given(slot.reference)
        if size is None and self.video is not None:
            size = (self.video.width, self.video.height)
        text = self.hypertext.readable if self.hypertext else self.offsets.text if self.offsets else None
        visual = slot.media in (Media.IMAGE, Media.VIDEO)
        return Asset(
            path=path,
            media=slot.media or Media.IMAGE,
            url=slot.reference.url if slot.reference else None,
            width=size[0] if size and visual else None,
            height=size[1] if size and visual else None,
            frames=self.frames,
            frame_rate=self.video.rate if self.video else None,
            text=text if slot.text is not None else None,
            messages=slot.messages,
            content=self.content,
        )


def _size(width: Number, height: Number) -> tuple[int, int] | None:
    return (round(width), round(height)) if width and height and width >= 1 and height >= 1 else None


def stated_size(region: Region) -> tuple[int, int] | None:
    return _size(region.original_width, region.original_height)
