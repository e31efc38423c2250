"""CVAT: exports "for images 1.1" and "for video 1.1", task and project backups, server JSON, Datumaro JSON.

XML: root ``annotations`` with ``version``, ``meta`` (``task``, ``job`` or ``project``; published files may lack it), then
``image`` or ``track`` elements.

- Pixels as floats with two decimals, origin top left, on the *upright* picture. ``xtl ytl xbr ybr`` are corners before
  ``rotation``, degrees clockwise about the centre. ``mask``: row-major runs inside left, top, width, height.
- ``image id`` and ``track frame`` are frame numbers of the media, ``start_frame`` and ``step`` counted in.
- A track is hidden from a row with ``outside="1"`` on; such a row's coordinates are what interpolation heads to.
- ``version`` stayed 1.1 while ellipses, masks, skeletons and rotation were added: nothing depends on it.

Backups (``task.json``, ``annotations.json``) and server JSON hold keyframes only, with frames relative to the task.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from to_labelbox.formats import Dataset, ReadContext, Reader
from to_labelbox.model import (
    Box,
    Classification,
    Cuboid,
    Ellipse,
    Keypoints,
    Mask,
    Media,
    Object,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    Track,
)
from to_labelbox.source import Source
from to_labelbox_formats.cvat.choices import Jobs, OpenTracks, SameSource
from to_labelbox_formats.cvat.detect import sniff


class Video(StrEnum):
    """What the tasks of videos become."""

    AUTO = "auto"
    VIDEO = "video"
    FRAMES = "frames"


class Frames(StrEnum):
    """What frame numbers of a sampled video count."""

    SOURCE = "source"
    SAMPLED = "sampled"


@dataclass(frozen=True, slots=True)
class Options:
    video: Video = field(
        default=Video.AUTO,
        metadata={
            "help": "video tasks become one data row a video (auto: unless they say they are pictures), or a frame"
        },
    )
    frames: Frames = field(
        default=Frames.SOURCE,
        metadata={"help": "frame numbers of a task with step=N: of the source video, or of the sampled clip"},
    )
    jobs: Jobs = field(
        default=Jobs.ANNOTATION,
        metadata={"help": "jobs of a backup whose labels count; all: replicas, ground truth and control frames too"},
    )
    open_tracks: OpenTracks = field(
        default=OpenTracks.AUTO,
        metadata={"help": "where tracks of keyframes end that no row hides: with the task, or at their last row"},
    )
    same_source: SameSource = field(
        default=SameSource.ONE,
        metadata={"help": "tasks that name the same video are about one, or apart, with the task in the name"},
    )
    groups: bool = field(default=False, metadata={"help": "keep group ids as the nested text 'group'"})
    unlabelled: str = field(
        default="", metadata={"help": "label for server shapes without one; they are skipped otherwise"}
    )


def read(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Opens every export of the source. Raises :class:`SourceError` when there is nothing to read."""
    from to_labelbox_formats.cvat.dataset import open_dataset  # here, because most sources are only sniffed

    return open_dataset(source, options, context)


FORMAT = Reader(
    name="cvat",
    title="CVAT XML (images and video), backups, server JSON, Datumaro JSON",
    docs="docs/formats/cvat.md",
    media=frozenset({Media.IMAGE, Media.VIDEO}),
    produces=frozenset(
        {
            Box,
            RotatedBox,
            Polygon,
            Polyline,
            Point,
            Keypoints,
            Mask,
            Ellipse,
            Cuboid,
            Object,
            Classification,
            Track,
        }
    ),
    options=Options,
    sniff=sniff,
    read=read,
    upright=True,
)
