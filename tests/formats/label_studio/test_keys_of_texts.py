"""A text has no name of its own: its key is made of its project and its task, whatever else is converted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox

TOLD = "texts of several files have the same task ids"


def text(id: int, text: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "data": {"text": f"{text} in Rome"}, "annotations": [{"id": id, "result": []}], **more}


def keys(folder: Path, *files: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """The global keys, and whether is told that they depend on the files."""
    source = folder / "in"
    source.mkdir()
    for number, tasks in enumerate(files, 1):
        (source / f"p{number}.json").write_text(json.dumps(tasks))
    report = to_labelbox.convert(source, folder / "out")
    rows = (folder / "out" / "data_rows.ndjson").read_text().splitlines()
    assert len({json.loads(row)["global_key"] for row in rows}) == len(rows)
    said = [example.message for d in report.diagnostics for example in d.examples]
    return [json.loads(row)["global_key"] for row in rows], any(one.startswith(TOLD) for one in said)


ADA = [text(1, "Ada", project=3), text(2, "Bob", project=3)]
ACME = [text(1, "ACME", project={"id": 4})]
BARE = [text(1, "Eve"), text(2, "Dan")]


@pytest.mark.parametrize(
    ("files", "made", "told"),
    [
        ([ADA], ["project-3/task-1", "project-3/task-2"], False),
        ([ADA, ACME], ["project-3/task-1", "project-3/task-2", "project-4/task-1"], False),
        ([BARE], ["task-1", "task-2"], False),
        ([BARE, ADA], ["task-1", "task-2", "project-3/task-1", "project-3/task-2"], False),
        ([BARE, [text(2, "Zoe")]], ["task-1", "p1/task-2", "p2/task-2"], True),
        ([[text(1, "Eve"), text(1, "Dan")]], ["task-1-1", "task-1-2"], False),
    ],
    ids=["a project", "two projects", "no project", "one of two has a project", "equal ids", "equal ids in a file"],
)
def test_keys_are_those_of_project_and_task(
    tmp_path: Path, files: list[list[dict[str, Any]]], made: list[str], told: bool
) -> None:
    assert keys(tmp_path, *files) == (made, told)
