"""Videos whose records hold the shapes of all their frames, in the first pass: which there are, and where each record is.

YouTube-VIS, OVIS and UVO list ``videos`` with the ``file_names`` of their frames; an annotation is a track, with a list each of
``segmentations``, ``bboxes`` and ``areas``: an entry a frame, null where the object is not on it. BURST lists ``sequences``,
which hold the masks of their frames themselves, by track.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Raw, Struct

from to_labelbox.source.json_stream import UNDECODABLE, JsonStream
from to_labelbox_formats.coco.index.census import ANNOTATION_FIELDS, Census
from to_labelbox_formats.coco.index.ids import Id, Rows, keys_of
from to_labelbox_formats.coco.index.ranges import Records, Table

SEQUENCES = "sequences"
TRACK = "track_id"
"""The field that holds what joins the shapes of an object."""
PER_FRAME = frozenset({"segmentations", "bboxes", "areas"})
VIDEO_FIELDS = frozenset(
    "id name video_name file_name file_names width height length license date_captured coco_url flickr_url "
    # of BURST
    "annotated_image_paths all_image_paths seq_name dataset fps segmentations track_category_ids".split()
)
"""Fields of videos that are read, or that say nothing about what is on their frames."""
OF_VIDEO = frozenset({"video_id", "width", "height", "length"})
"""Fields of a track that its video has as well."""


class VideoRecord(Struct, gc=False):
    """A video, or a sequence of BURST, with what its frames are called."""

    id: Id = None
    file_names: list[str] | None = None
    annotated_image_paths: list[str] | None = None
    dataset: str | None = None
    seq_name: str | None = None
    width: int | float | None = None
    height: int | float | None = None


class _TrackIds(Struct, gc=False):
    video_id: Id = None


class Videos(Struct):
    """The videos of a file. The tracks of video n are the records ``order[first[n]:first[n + 1]]``; the last group, those of none.

    ``frames``: how many names of frames each lists. ``nested``: the records are sequences of BURST, which hold their tracks.
    """

    records: Table
    frames: npt.NDArray[np.int64]
    tracks: Table
    order: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    nested: bool

    def __len__(self) -> int:
        return len(self.records)

    @property
    def groups(self) -> int:
        """The videos, and the tracks of none as one more."""
        return len(self) + bool(self.first[-1] - self.first[-2])

    def tracks_of(self, group: int) -> npt.NDArray[np.int64]:
        return self.order[self.first[group] : self.first[group + 1]]


class VideoRows:
    """Grows :class:`Videos`."""

    def __init__(self) -> None:
        self._videos, self._tracks = Records(), Records()
        self._frames: list[int] = []
        self.names: list[int] = []
        self.nested = self.has_tracks = False
        self.census, self.track_census = Census(VIDEO_FIELDS), Census(ANNOTATION_FIELDS | PER_FRAME | OF_VIDEO)

    def add_videos(self, stream: JsonStream) -> None:
        """Take in the list at the cursor; ``names`` grows by the hashes of the frames' names."""
        for piece in stream.pieces(msgspec.json.Decoder(list[VideoRecord]).decode):
            ids = [None if item is None else item.id for item in piece.items]
            self._videos.add(piece.starts, piece.lengths, keys_of(ids))
            self.census.look(piece.text, len(piece.items))
            for item in piece.items:
                names = [] if item is None else frame_names(item)
                self._frames.append(len(names))
                self.names += map(hash, names)

    def add_tracks(self, stream: JsonStream) -> None:
        self.has_tracks = True
        for piece in stream.pieces(msgspec.json.Decoder(list[_TrackIds]).decode):
            ids = [None if item is None else item.video_id for item in piece.items]
            self._tracks.add(piece.starts, piece.lengths, keys_of(ids))
            self.track_census.look(piece.text, len(piece.items))

    def table(self) -> Videos:
        videos, tracks = self._videos.table(), self._tracks.table()
        groups = Rows(videos.keys).of(tracks.keys, none=len(videos))
        first = np.zeros(len(videos) + 2, np.int64)
        np.cumsum(np.bincount(groups, minlength=len(videos) + 1), out=first[1:])
        return Videos(
            records=videos,
            frames=np.array(self._frames, np.int64),
            tracks=tracks,
            order=np.argsort(groups, kind="stable"),
            first=first,
            nested=self.nested,
        )


def frame_names(video: VideoRecord) -> list[str]:
    """What the frames of a video are called; those of BURST lie in a folder for each sequence, in one for each source."""
    if video.file_names is not None:
        return video.file_names
    folders = [part for part in (video.dataset, video.seq_name) if part]
    return ["/".join([*folders, name]) for name in video.annotated_image_paths or ()]


def split_track(record: bytes) -> tuple[bytes, Iterator[bytes | None]]:
    """A track as a record without a place, and one a frame, None where it has neither outline nor box.

    A record that does not decode is its own record without a place.
    """
    try:
        fields = msgspec.json.decode(record, type=dict[str, Raw])
        outlines, boxes, areas = (_entries(fields, name) for name in ("segmentations", "bboxes", "areas"))
    except UNDECODABLE:
        return record, iter(())
    common = [(name, value) for name, value in fields.items() if name not in PER_FRAME | OF_VIDEO]
    if TRACK not in fields and "id" in fields:
        common.append((TRACK, fields["id"]))
    start = b"{" + b",".join(b"%b:%b" % (msgspec.json.encode(name), bytes(value)) for name, value in common)
    return start + b"}", _records(start, outlines, boxes, areas)


def _records(
    start: bytes, outlines: Sequence[Raw], boxes: Sequence[Raw], areas: Sequence[Raw]
) -> Iterator[bytes | None]:
    comma = b"," if len(start) > 1 else b""
    for frame, (outline, box) in enumerate(zip_longest(map(bytes, outlines), map(bytes, boxes), fillvalue=b"null")):
        if outline in _NOTHING and box in _NOTHING:
            yield None
            continue
        area = bytes(areas[frame]) if frame < len(areas) else b"null"
        yield b'%b%b"bbox":%b,"segmentation":%b,"area":%b}' % (start, comma, box, outline, area)


_NOTHING = frozenset({b"null", b"[]", b"[[]]", b""})


def _entries(fields: Mapping[str, Raw], name: str) -> list[Raw]:
    value = fields.get(name)
    return [] if value is None or bytes(value) == b"null" else msgspec.json.decode(value, type=list[Raw])
