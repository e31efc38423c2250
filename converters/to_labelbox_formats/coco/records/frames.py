"""Videos whose records hold the shapes of all their frames, in the second pass: each frame an image, with its shapes on it.

What a track has on a frame is written as a record of its own, with ``bbox`` and ``segmentation``, and is read as any other
annotation is. A track whose object is on no frame counts as one record, so that none is lost in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
from msgspec import Raw, Struct

from to_labelbox.model.items import Item
from to_labelbox.model.text import n_of
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox_formats.coco.assets import ImageRecord, Paths, turned
from to_labelbox_formats.coco.fields.record_types import Found
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.random_access import Opened
from to_labelbox_formats.coco.index.videos import VideoRecord, Videos, frame_names, split_track
from to_labelbox_formats.coco.records.records import Records


class _Mask(Struct, gc=False):
    rle: Raw = Raw()
    bbox: Raw = Raw()
    is_gt: bool | None = None
    score: Raw = Raw()


class _Masks(Struct, gc=False):
    """What a sequence of BURST says of its tracks: their classes, and their masks on each frame."""

    track_category_ids: dict[str, Raw] = msgspec.field(default_factory=dict)
    segmentations: list[dict[str, _Mask]] = msgspec.field(default_factory=list)


class Shown(Struct):
    """Records of tracks: those on each frame, each with its row; those beyond the last frame, and of objects on none."""

    frames: list[tuple[list[int], list[bytes]]]
    beyond: tuple[list[int], list[bytes]]
    nowhere: tuple[list[int], list[bytes]]

    @classmethod
    def of(cls, count: int) -> Shown:
        return cls([([], []) for _ in range(count)], ([], []), ([], []))

    def add(self, row: int, texts: Iterator[bytes | None], alone: bytes) -> None:
        """Take in a record a frame, None where the object is not there; ``alone`` is what it says without a place."""
        seen = False
        for frame, text in enumerate(texts):
            if text is not None:
                rows, records = self.frames[frame] if frame < len(self.frames) else self.beyond
                rows.append(row)
                records.append(text)
                seen = True
        if not seen:
            self.nowhere[0].append(row)
            self.nowhere[1].append(alone)


class Frames:
    """The frames of all videos of a set; a unit is a video, or the tracks of a file that have none."""

    def __init__(self, files: Sequence[File], paths: Paths, records: Records) -> None:
        self._files, self._paths, self._records = files, paths, records
        self._with = [n for n, file in enumerate(files) if file.tracks is not None]
        self._base = np.cumsum([0, *(_videos(files[n]).groups for n in self._with)])

    def __len__(self) -> int:
        return int(self._base[-1])

    def items(self, opened: Opened, log: Log, start: int, stop: int) -> Iterator[Item]:
        for unit in range(start, stop):
            file, group = self._place(unit)
            videos = _videos(self._files[file])
            if group < len(videos):
                yield from self._video(file, group, opened, log)
            else:
                found = self._shown(file, group, [], b"", opened)
                message = "its video_id is not among the videos, or is that of several"
                self._lose(file, found, log, message)

    def unlabelled(self, opened: Opened, unit: int) -> list[Item]:
        """The frames of a unit, without their shapes."""
        file, group = self._place(unit)
        if group >= len(_videos(self._files[file])):
            return []
        video = self._read(file, group, opened)[1]
        return [] if video is None else list(self._frames(file, video, frame_names(video), None, Log()))

    def name(self, unit: int) -> str:
        file, group = self._place(unit)
        return f"{self._files[file].name} {self._files[file].video_list}[{group}]"

    def _place(self, unit: int) -> tuple[int, int]:
        at = int(np.searchsorted(self._base, unit, side="right")) - 1
        return self._with[at], unit - int(self._base[at])

    def _read(self, file: int, row: int, opened: Opened) -> tuple[bytes, VideoRecord | None]:
        table = _videos(self._files[file]).records
        text = opened.record(file, table, row)
        try:
            return text, msgspec.json.decode(text, type=VideoRecord, strict=False)
        except UNDECODABLE:
            return text, None

    def _video(self, file: int, row: int, opened: Opened, log: Log) -> Iterator[Item]:
        text, video = self._read(file, row, opened)
        name, where = self._files[file].name, f"{self._files[file].video_list}[{row}]"
        names = frame_names(video) if video is not None else []
        found = self._shown(file, row, names, text, opened)
        if video is None or not names:
            message = "the video is not readable" if video is None else "the video lists no names of its frames"
            log.note(Code.RECORD_UNREADABLE, message, file=name, where=where)
            self._lose(file, found, log, f"{where}: {message}")
            return
        yield from self._frames(file, video, names, found, log)
        self._lose(file, found, log, f"{where} has {n_of(len(names), 'frame')}, fewer than the track")

    def _frames(
        self, file: int, video: VideoRecord, names: Sequence[str], found: Shown | None, log: Log
    ) -> Iterator[Item]:
        split, origin = self._files[file].split, self._files[file].name
        for number, name in enumerate(names):
            image = ImageRecord(f"{video.id}/{number}", name, None, video.width, video.height)
            asset, side = self._paths.asset(image, file, log)
            rows, texts = found.frames[number] if found is not None else ([], [])
            annotations = self._records.annotations(Found([file] * len(rows), rows, texts), asset, log)
            if side is not None and side.orientation > 1:
                asset, annotations = turned(asset, side, annotations, log)
            yield Item(
                asset=asset,
                annotations=annotations,
                split=split,
                origin=origin,
                split_seen_in=origin if split else "",
            )

    def _shown(self, file: int, group: int, names: Sequence[str], text: bytes, opened: Opened) -> Shown:
        """The records of a video's tracks by frames, each decoded once."""
        videos, found = _videos(self._files[file]), Shown.of(len(names))
        if videos.nested:
            _show_masks(text, group, found)
            return found
        for row in videos.tracks_of(group).tolist():
            record = opened.record(file, videos.tracks, row)
            alone, texts = split_track(record)
            found.add(row, texts, alone)
        return found

    def _lose(self, file: int, found: Shown, log: Log, message: str) -> None:
        """Count the records that no frame has; none are left of frames that were read."""
        rows, texts = found.beyond
        self._records.lose(Found([file] * len(rows), rows, texts), log, Code.ASSET_UNKNOWN, message)
        rows, texts = found.nowhere
        message = "the object is on no frame: all its shapes are null"
        self._records.lose(Found([file] * len(rows), rows, texts), log, Code.GEOMETRY_MISSING, message)


def _show_masks(text: bytes, row: int, found: Shown) -> None:
    """The masks of a sequence of BURST. One that was drawn by no human has a ``score``, as predictions have."""
    try:
        masks = msgspec.json.decode(text, type=_Masks)
        size = msgspec.json.decode(text, type=VideoRecord, strict=False)
    except UNDECODABLE:
        found.nowhere[0].append(row)
        found.nowhere[1].append(b"{}")
        return
    sides = b"[%d,%d]" % (int(size.height or 0), int(size.width or 0))
    seen = set()
    for frame, tracks in enumerate(masks.segmentations):
        rows, texts = found.frames[frame] if frame < len(found.frames) else found.beyond
        for track, mask in tracks.items():
            seen.add(track)
            members = [*_stated(track, masks.track_category_ids), b'"segmentation":' + _rle(mask.rle, sides)]
            members += [b'"bbox":' + bytes(mask.bbox)] if bytes(mask.bbox) else []
            members += [b'"score":' + bytes(mask.score)] if mask.is_gt is False and bytes(mask.score) else []
            rows.append(row)
            texts.append(b"{%b}" % b",".join(members))
    for track in masks.track_category_ids.keys() - seen:
        found.nowhere[0].append(row)
        found.nowhere[1].append(b"{%b}" % b",".join(_stated(track, masks.track_category_ids)))


def _stated(track: str, categories: Mapping[str, Raw]) -> list[bytes]:
    id = msgspec.json.encode(track)
    class_ = [b'"category_id":' + bytes(categories[track])] if track in categories else []
    return [b'"id":' + id, b'"track_id":' + id, *class_]


def _rle(rle: Raw, sides: bytes) -> bytes:
    """An RLE as COCO has it; BURST writes its text alone."""
    text = bytes(rle) or b"null"
    return b'{"size":%b,"counts":%b}' % (sides, text) if text.startswith(b'"') else text


def _videos(file: File) -> Videos:
    assert file.tracks is not None
    return file.tracks
