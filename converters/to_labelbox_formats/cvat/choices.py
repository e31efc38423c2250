"""What a user may choose where a CVAT source can be read in more than one way."""

from __future__ import annotations

from enum import StrEnum


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

    ONE = "one"
    APART = "apart"
