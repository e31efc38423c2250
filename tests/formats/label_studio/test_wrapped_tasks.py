"""Tasks in a list inside an object, as APIs page them and scripts hand a project on, with or without its config."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import box, task
from harness import codes, lines
from to_labelbox_formats.label_studio.files.file_head import FileShape, list_of_tasks, read_head

CONFIG = """<View><Image name="shown" value="$image"/><RectangleLabels name="rectanglelabels" toName="shown">
<Label value="car"/><Label value="bus"/></RectangleLabels></View>"""


def tasks(count: int) -> list[dict[str, Any]]:
    shown = ({"image": f"https://h.example.org/{n}.jpg", "split": "train"} for n in range(count))
    return [task([box(label="car", id=str(n))], data, n) for n, data in enumerate(shown)]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("count", [2, 2000])
def test_the_list_is_read_with_the_config_beside_it(tmp_path: Path, count: int, indent: int | None) -> None:
    file = tmp_path / "project.json"
    whole = {"title": 'the "tasks": [ of a week', "label_config": CONFIG, "tasks": tasks(count), "total": count}
    file.write_text(json.dumps(whole, indent=indent) + "\n")
    made = to_labelbox.convert(file, tmp_path / "out")
    assert len(lines(tmp_path / "out")) == count
    tools = json.loads((tmp_path / "out" / "ontology.json").read_text())["tools"]
    assert [t["name"] for t in tools] == ["car", "bus"]
    assert codes(made).keys() <= {"exif-unchecked"}
    found = {(u.name, u.where) for u in made.unread}
    where = "object that holds the tasks"
    assert found == {("title", where), ("total", where), ("split", "data of tasks")}


def test_a_list_that_ends_early_is_unreadable(tmp_path: Path) -> None:
    file = tmp_path / "project.json"
    file.write_text(json.dumps({"tasks": tasks(3)})[:-20])
    made = to_labelbox.convert(file, tmp_path / "out")
    assert (made.annotations.converted, made.exit_code()) == (2, 1)


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        (b'{"tasks": [1]}', 10),
        (b'{"a": {"tasks": [1]}, "tasks":[2]}', 30),
        (b'{"a": "\\"tasks\\": [", "b": [{"tasks": [', 0),
        (b'{"tasks": {"1": {}}}', 0),
    ],
)
def test_where_the_list_begins(text: bytes, begins: int) -> None:
    assert list_of_tasks(text) == begins


def test_lists_in_other_lists_are_run_through_once() -> None:
    text = b'{"projects": [' + b'{"tasks": []}, ' * 60_000 + b'{}], "tasks": [{"id": 1}]}'
    started = time.process_time()
    assert list_of_tasks(text) == text.rindex(b"[")
    assert time.process_time() - started < 5


def test_a_task_that_calls_its_data_so_is_a_task() -> None:
    head = b'{"id": 1, "data": {}, "annotations": [], "tasks": []}'
    assert read_head("a.json", head).shape is FileShape.SINGLE
