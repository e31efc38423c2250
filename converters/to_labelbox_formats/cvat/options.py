"""Options of the CVAT reader."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from to_labelbox.rules.record import record


class Video(StrEnum):
    """What the tasks of videos become."""

    AUTO = "auto"
    VIDEO = "video"
    FRAMES = "frames"


class Frames(StrEnum):
    """What frame numbers of a sampled video count."""

    SOURCE = "source"
    SAMPLED = "sampled"


class Numbering(StrEnum):
    """What the frame numbers of an XML file count."""

    AUTO = "auto"
    SOURCE = "source"
    SAMPLED = "sampled"
    FROM_ONE = "from_one"


class Jobs(StrEnum):
    """Which jobs of a task hold the labels that count."""

    ANNOTATION = "annotation"
    GROUND_TRUTH = "ground_truth"
    ALL = "all"


class OpenTracks(StrEnum):
    """Where a track of keyframes ends that no row hides."""

    AUTO = "auto"
    TASK = "task"
    LAST_ROW = "last_row"


class SameSource(StrEnum):
    """What tasks are about that name the same video, of the same size."""

    AUTO = "auto"
    ONE = "one"
    APART = "apart"


class SameTask(StrEnum):
    """What several exports of one task are."""

    AUTO = "auto"
    LATEST = "latest"
    APART = "apart"


class Coordinates(StrEnum):
    """What the numbers of an XML file say."""

    AUTO = "auto"
    PIXELS = "pixels"
    FRACTIONS = "fractions"
    SIZES = "sizes"


@record(frozen=True)
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
    numbering: Numbering = field(
        default=Numbering.AUTO,
        metadata={
            "help": "what the frame numbers in an XML file count: frames of the source video, as CVAT's do, sampled ones, or frames from 1"
        },
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
        default=SameSource.AUTO,
        metadata={
            "help": "tasks that name the same video are about one, or apart, with the task in the name "
            "(auto: one, but a question where they end on different frames)"
        },
    )
    same_task: SameTask = field(
        default=SameTask.AUTO,
        metadata={
            "help": "several exports of one task: the one made last counts, or all (auto: copies count once, the export for "
            "video before that for images, and a question where two say different things)"
        },
    )
    coordinates: Coordinates = field(
        default=Coordinates.AUTO,
        metadata={
            "help": "what the numbers of an XML file say: pixels, as CVAT's do, fractions of the picture's sides, or sizes of "
            "boxes in place of their far corners (auto: pixels, but a question where they look like the others)"
        },
    )
    groups: bool = field(default=False, metadata={"help": "keep group ids as the nested text 'group'"})
    unlabelled: str = field(
        default="", metadata={"help": "label for shapes and tracks without one; they are skipped otherwise"}
    )
