"""A folder with annotation files of VOC beside rows of YOLO: one question, also in a batch."""

from __future__ import annotations

from pathlib import Path

import pytest

import to_labelbox
from small_sets import Files, box, jpeg, thing, voc, write
from to_labelbox import UsageError

FILES: Files = {
    "flat/classes.txt": "cat\n",
    **{f"flat/{stem}.jpg": jpeg(100, 50) for stem in "abc"},
    **{f"flat/{stem}.txt": "0 0.5 0.5 0.2 0.1\n" for stem in "abc"},
    **{f"flat/{stem}.xml": voc(thing(box(1, 2, 3, 4)), filename=f"{stem}.jpg") for stem in "abc"},
}


def test_a_batch_does_not_take_it_to_pieces(tmp_path: Path) -> None:
    root = write(tmp_path / "root", {**FILES, "good/a.xml": voc(thing(box(1, 2, 3, 4)))})
    made = to_labelbox.batch(root, tmp_path / "out")
    assert {d.path: bool(d.problem) for d in made.datasets} == {"flat": True, "good": False}
    assert "could be voc or yolo" in next(d.problem for d in made.datasets if d.path == "flat")


@pytest.mark.parametrize("format", ["voc", "yolo"])
def test_a_batch_of_a_named_format_takes_it_whole(tmp_path: Path, format: str) -> None:
    made = to_labelbox.batch(write(tmp_path / "root", FILES), tmp_path / "out", format=format)
    assert [d.path for d in made.datasets] == ["flat"]
    assert made.annotations.converted == 3


def test_it_is_a_question_alone(tmp_path: Path) -> None:
    with pytest.raises((UsageError, to_labelbox.SourceError), match="--from voc or --from yolo"):
        to_labelbox.convert(write(tmp_path / "root", FILES) / "flat", tmp_path / "out")
