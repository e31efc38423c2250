"""A file of labels that is empty, or holds bytes of zero alone, is told by every format as an error: its labels are gone."""

from __future__ import annotations

from pathlib import Path

import pytest

import to_labelbox
from builders.same_set import SAME_SETS

SECOND = {
    "coco": "val.json",
    "cvat": "task2/annotations.xml",
    "voc": "Annotations/b.xml",
    "label-studio": "tasks-2.json",
}


@pytest.mark.parametrize(("content", "told"), [(b"", "empty"), (b"\0" * 5000, "zero")])
@pytest.mark.parametrize("format", SECOND)
def test_a_file_of_nothing_is_an_error(format: str, content: bytes, told: str, tmp_path: Path) -> None:
    made = SAME_SETS[format]()
    made.picture("a.jpg")
    made.box("x", 10, 20, 50, 50)
    source = made.save(tmp_path / "in")
    (source / SECOND[format]).parent.mkdir(exist_ok=True)
    (source / SECOND[format]).write_bytes(content)
    report = to_labelbox.convert(source, tmp_path / "out")
    (unreadable,) = [d for d in report.diagnostics if d.code == "file-unreadable"]
    assert (unreadable.count, unreadable.examples[0].file) == (1, SECOND[format])
    assert told in unreadable.examples[0].message or format == "voc"  # whose parser's words are kept
    assert (report.annotations.converted, report.exit_code()) == (1, 1)


def test_an_empty_file_that_is_none_of_the_set_is_named_as_unread(tmp_path: Path) -> None:
    made = SAME_SETS["coco"]()
    made.picture("a.jpg")
    made.box("x", 10, 20, 50, 50)
    source = made.save(tmp_path / "in")
    (source / "tools").mkdir()
    (source / "tools/package.json").write_bytes(b"")
    report = to_labelbox.convert(source, tmp_path / "out")
    assert (report.exit_code(), [one.name for one in report.unread]) == (0, ["tools/package.json"])
