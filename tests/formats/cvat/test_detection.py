"""JSON is CVAT's by what its records say, not by the names of its lists; answers of the server may be in one file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import Convert, coco, lines, save
from to_labelbox.plugins.reader import Match
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat import FORMAT

SHAPE = {"type": "rectangle", "points": [1, 2, 3, 4], "frame": 0, "label": "car"}
OTHERS: list[Any] = [
    {"title": "a page", "tags": ["a", "b"]},
    {"tags": [], "tracks": [{"title": "a song", "frame": 3}]},
    {"shapes": [{"type": "circle", "r": 3}]},
    {"a.jpg": {"instances": [{"type": "polygon", "points": [1, 2, 3, 4, 5, 6]}], "tags": [], "shapes": []}},
    [{"name": "a", "tags": [{"label": "b"}]}],
    {"items": [{"media_type": "image", "title": "a search"}]},
]
OWN: list[Any] = [
    {"version": 0, "tags": [], "shapes": [], "tracks": []},
    {"shapes": [], "tracks": []},
    {"tags": [{"id": 1, "frame": 0, "label_id": 2}]},
    [{"shapes": [{**SHAPE, "occluded": False}]}],
    {"shapes": [SHAPE]},
    {"tags": [{"label": "day", "frame": 3}]},
    [{"version": 0, "tags": [{"frame": 3, "group": 0, "attributes": [{"name": "a", "value": "b"}], "label": "day"}]}],
]


@pytest.mark.parametrize("content", OTHERS, ids=lambda c: json.dumps(c)[:40])
def test_lists_of_tags_and_tracks_are_not_cvat(content: Any, tmp_path: Path) -> None:
    assert not isinstance(FORMAT.sniff(Source(save(tmp_path / "x.json", content))), Match)


@pytest.mark.parametrize("content", OWN, ids=lambda c: json.dumps(c)[:40])
def test_records_and_lists_of_cvat(content: Any, tmp_path: Path) -> None:
    assert isinstance(FORMAT.sniff(Source(save(tmp_path / "x.json", content))), Match)


def test_a_file_with_tags_beside_another_set(tmp_path: Path) -> None:
    """Which two formats claimed."""
    save(tmp_path / "instances.json", coco())
    save(tmp_path / "page.json", OTHERS[0])
    assert to_labelbox.convert(tmp_path, tmp_path / "out").source.format == "coco"


def test_answers_of_the_server_in_one_file(convert: Convert, tmp_path: Path) -> None:
    """The pictures of a deleted frame are left out, the others have their names and sizes."""
    frames = [{"name": f"{n}.jpg", "width": 50, "height": 40} for n in "abc"]
    answers = {
        "annotations": {"shapes": [{**SHAPE, "frame": f, "label_id": 1, "label": None} for f in range(3)]},
        "labels": {"results": [{"id": 1, "name": "car", "type": "rectangle"}]},
        "meta": {"frames": frames, "deleted_frames": [1]},
        "comments": [],
    }
    run = convert(save(tmp_path / "yard.json", answers))
    assert [line["dataRow"]["globalKey"] for line in lines(run.out)] == ["a.jpg", "c.jpg"]
    assert (run.codes["deleted"], run.codes.get("image-size-unknown")) == (1, None)
    assert [u.name for u in run.report.unread] == ["comments"]


def test_of_many_folders_of_other_xml_few_files_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(12):
        for m in range(6):
            save(tmp_path / f"class {n}" / f"{m}.xml", 0).write_text("<annotation/>")
    looked: set[str] = set()
    head = Source.head

    def counted(source: Source, name: str) -> bytes:
        looked.add(name)
        return head(source, name)

    monkeypatch.setattr(Source, "head", counted)
    assert not isinstance(FORMAT.sniff(Source(tmp_path)), Match)
    assert 0 < len(looked) <= 50
    (tmp_path / "class 9" / "annotations.xml").write_text("<annotations><version>1.1</version></annotations>")
    assert isinstance(FORMAT.sniff(Source(tmp_path)), Match)
