"""What reviewers say of annotations, and what one region says of its video for all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from build.label_studio import box, read, region, task, write
from to_labelbox.model.items import Classification, FrameSpan, Object

NO, YES = (
    {"id": n, "accepted": said, "created_at": f"2024-02-0{n + 1}T00:00:00Z"} for n, said in enumerate([False, True])
)


def reviewed(*reviews: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A task whose annotations, each newer than the one before, were reviewed so; its regions are named after them."""
    made = task([])
    made["annotations"] = [
        {"id": n, "result": [box("r", f"of {n}")], "created_at": f"2024-01-0{n + 1}T00:00:00Z", "reviews": said}
        for n, said in enumerate(reviews)
    ]
    return [made]


@pytest.mark.parametrize(
    ("reviews", "annotator", "kept", "rejected"),
    [
        ([[], [NO]], "best", ["of 0"], 0),
        ([[YES], [NO]], "best", ["of 0"], 0),
        ([[NO], [NO, YES]], "best", ["of 1"], 0),
        ([[], [YES, NO]], "best", ["of 1"], 0),  # the last one counts, wherever it stands
        ([[NO]], "best", ["of 0"], 1),
        ([[NO]], "accepted", [], 0),
        ([[YES], []], "accepted", ["of 0"], 0),
        ([[], [NO]], "latest", ["of 1"], 1),
        ([[{"accepted": "maybe"}]], "best", ["of 0"], 0),
    ],
)
def test_what_a_reviewer_has_rejected_comes_last_and_is_told(
    reviews: list[list[dict[str, Any]]], annotator: str, kept: list[str], rejected: int, tmp_path: Path
) -> None:
    items, log = read(write(tmp_path / "in", reviewed(*reviews)), annotator=annotator)
    assert [a.label for item in items for a in item.annotations if isinstance(a, Object)] == kept
    told = [one for one in log.assumptions.values() if one.what.startswith("annotations that a reviewer")]
    assert sum(one.against for one in told) == rejected
    assert all(one.option == "-O annotator=accepted" for one in told)


@pytest.mark.parametrize("first", [True, False])
def test_the_length_that_one_region_states_is_that_of_its_video(first: bool, tmp_path: Path) -> None:
    track = region("videorectangle", {"framesCount": 20, "sequence": [], "labels": ["car"]}, "v")
    stretch = region("timelinelabels", {"ranges": [{"start": 7}], "timelinelabels": ["go"]}, "t")
    given = [track, stretch] if first else [stretch, track]
    items, _ = read(write(tmp_path / "in", [task(given, {"shown": "https://h/a.mp4"})]), size="100x100")
    (answer,) = (a for a in items[0].annotations if isinstance(a, Classification))
    assert answer.frames == (FrameSpan(6, 19),)
    assert not answer.loss
