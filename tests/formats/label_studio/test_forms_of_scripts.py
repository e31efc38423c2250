"""Forms that scripts and the first versions write, seen in public exports: what the keys of a value say counts."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import SIZE, box, region, task, write
from harness import codes, lines


def written(folder: Path, regions: list[dict[str, Any]], data: dict[str, Any] | None = None) -> list[Any]:
    made = to_labelbox.convert(write(folder / "in", [task(regions, data)]), folder / "out")
    assert [u.name for u in made.unread] == []
    return lines(folder / "out")


def test_a_dot_with_a_height_is_a_point(tmp_path: Path) -> None:
    dot = {"x": 10, "y": 20, "width": 30, "height": 40, "keypointlabels": ["nose"]}
    (line,) = written(tmp_path, [region("keypointlabels", dot, "r", **SIZE)])
    assert line["point"] == {"x": 20, "y": 20}


def test_an_outline_with_a_box_around_it_is_an_outline(tmp_path: Path) -> None:
    value = {
        "points": [[0, 0], [10, 0], [10, 10]],
        "polygonlabels": ["roof"],
        "x": 0,
        "y": 0,
        "width": 100,
        "height": 100,
    }
    (line,) = written(tmp_path, [region("polygonlabels", value, "r", **SIZE)])
    assert [(p["x"], p["y"]) for p in line["polygon"]][:3] == [(0, 0), (20, 0), (20, 10)]


@pytest.mark.parametrize("reference", ["v.mp4", "/data/upload/1/0123abcd-v.MP4"])
def test_boxes_on_single_frames_of_a_video(reference: str, tmp_path: Path) -> None:
    value = {"x": 10, "y": 20, "width": 5, "height": 10, "frame": 12, "rectanglelabels": ["car"]}
    (line,) = written(tmp_path, [region("rectanglelabels", value, "r", **SIZE)], {"video": reference})
    (segment,) = line["segments"]
    assert segment["keyframes"] == [{"frame": 12, "bbox": {"top": 20, "left": 20, "height": 10, "width": 10}}]
    assert lines(tmp_path / "out", "data_rows.ndjson")[0]["media_type"] == "VIDEO"


def test_a_frame_before_the_first(tmp_path: Path) -> None:
    value = {"x": 10, "y": 20, "width": 5, "height": 10, "frame": -3, "rectanglelabels": ["car"]}
    file = write(tmp_path, [task([region("rectanglelabels", value, "r", **SIZE)], {"video": "v.mp4"})])
    assert codes(to_labelbox.convert(file, tmp_path / "out"))["frame-invalid"] == 1


def test_labels_of_hypertext_and_notes_by_their_old_names(tmp_path: Path) -> None:
    place = {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "startOffset": 3, "endOffset": 5}
    old = region("htmllabels", {**place, "htmllabels": ["word"]}, normalization="two")
    (line,) = written(tmp_path, [old], {"shown": "<p>ab cd</p>"})
    assert (line["name"], line["location"]) == ("word", {"start": 3, "end": 4})
    assert line["classifications"] == [{"name": "note", "answer": "two"}]


def test_a_note_beside_a_box(tmp_path: Path) -> None:
    (line,) = written(tmp_path, [box(normalization="two")])
    assert line["classifications"] == [{"name": "note", "answer": "two"}]


def test_a_brush_that_drew_nothing(tmp_path: Path) -> None:
    stroke = region("brushlabels", {"format": "rle", "rle": [], "brushlabels": ["x"]}, "r", **SIZE)
    made = to_labelbox.convert(write(tmp_path, [task([stroke])]), tmp_path / "out")
    (example,) = next(d for d in made.diagnostics if d.code == "mask-invalid").examples
    assert example.message == "its rle is empty: nothing was drawn"


# ------------------------------------------------------------------------------------ projects of the first versions


def old_task(number: int, *, labelled: bool, when: int = 1) -> dict[str, Any]:
    quote = {"start": 2, "end": 5, "text": "dog", "labels": ["animal"]}
    done = [{"id": 1000 * number + when, "created_at": when, "result": [region("labels", quote, f"r{when}")]}]
    return {"id": number, "data": {"text": f"a dog, the {number}. one"}, **({"completions": done} if labelled else {})}


@pytest.mark.parametrize("indent", [None, 1])
def test_tasks_by_their_numbers(indent: int | None, tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps({str(n): old_task(n, labelled=True) for n in range(3)}, indent=indent))
    made = to_labelbox.convert(file, tmp_path / "out")
    assert (made.assets.read, made.annotations.read, len(lines(tmp_path / "out"))) == (3, 3, 3)


def test_tasks_by_their_numbers_cut_off(tmp_path: Path) -> None:
    text = json.dumps({str(n): old_task(n, labelled=True) for n in range(3)})
    (tmp_path / "tasks.json").write_text(text[:-40])
    made = to_labelbox.convert(tmp_path / "tasks.json", tmp_path / "out")
    assert (made.assets.read, codes(made)["file-unreadable"]) == (2, 1)


def test_a_project_of_the_first_versions(tmp_path: Path) -> None:
    """Its completions repeat the data of their tasks, which are one data row each."""
    project = tmp_path / "project"
    (project / "completions").mkdir(parents=True)
    (project / "config.xml").write_text(
        '<View><Labels name="labels" toName="shown"><Label value="animal"/></Labels><Text name="shown" value="$text"/></View>'
    )
    (project / "tasks.json").write_text(json.dumps({str(n): old_task(n, labelled=n == 0) for n in range(3)}))
    for n in (0, 2):
        (project / "completions" / f"{n}.json").write_text(json.dumps(old_task(n, labelled=True, when=2)))
    made = to_labelbox.convert(project, tmp_path / "out")
    assert (made.assets.read, len(lines(tmp_path / "out")), codes(made)["not-selected"]) == (3, 2, 1)
    assert [u.name for u in made.unread] == []


# ------------------------------------------------------------------------------------------------------ saved again


@pytest.mark.parametrize("cell", [json.dumps, repr], ids=["json", "python"])
def test_cells_of_a_table_that_a_script_has_saved_again(cell: Any, tmp_path: Path) -> None:
    spans = [{"start": 2, "end": 5, "text": "dog", "labels": ["it's"]}]
    with (tmp_path / "e.csv").open("w", newline="") as table:
        csv.writer(table).writerows(
            [["text", "id", "ner", "annotator", "annotation_id"], ["a dog", 1, cell(spans), 1, 1]]
        )
    to_labelbox.convert(tmp_path / "e.csv", tmp_path / "out")
    (line,) = lines(tmp_path / "out")
    assert (line["name"], line["location"]) == ("it's", {"start": 2, "end": 4})


@pytest.mark.parametrize("cell", ["[{'start': 2", "[{'" + "[" * 5000, "[{'a': __import__('os')}]"])
def test_cells_that_only_look_like_it_stay_text(cell: str, tmp_path: Path) -> None:
    with (tmp_path / "e.csv").open("w", newline="") as table:
        csv.writer(table).writerows([["text", "id", "note", "annotator", "annotation_id"], ["a dog", 1, cell, 1, 1]])
    made = to_labelbox.convert(tmp_path / "e.csv", tmp_path / "out", options={"data_key": "text"})
    assert made.assets.read == 1


def test_regions_in_lists_of_their_own(tmp_path: Path) -> None:
    nested = task([])
    nested["annotations"][0]["result"] = [[box("a")], [box("b"), box("c")]]
    report = to_labelbox.convert(write(tmp_path, [nested]), tmp_path / "out")
    assert (report.annotations.read, report.annotations.converted) == (3, 3)
