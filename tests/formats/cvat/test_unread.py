"""Nothing of a CVAT source is unread in silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cvat_files import export, image, items_of, label, open_path, open_text, row, task, track
from to_labelbox.report.log import Log

BOX = '<box label="car" occluded="0" xtl="1" ytl="1" xbr="5" ybr="5" z_order="0"{}>{}</box>'
META = task(label("car"))


def unread(log: Log) -> dict[tuple[str, str, str], int]:
    return {(u.what, u.name, u.where): u.count for u in log.unread.values()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (export(image(BOX.format(' score="0.5"', "")), META), ("field", "score", "annotations.xml <box>")),
        (export(image(BOX.format("", "<note>x</note>")), META), ("element", "note", "annotations.xml <box>")),
        (export(image("", more=' weather="rain"'), META), ("field", "weather", "annotations.xml <image>")),
        (export(track(row(0, (0, 0, 5, 5), more=' speed="3"')), META), ("field", "speed", "annotations.xml <box>")),
        (
            export(track(row(0, (0, 0, 5, 5)), more=' colour="red"'), META),
            ("field", "colour", "annotations.xml <track>"),
        ),
        (
            export(image(BOX.format("", "")) + BOX.format("", ""), META),
            ("element", "box", "annotations.xml <annotations>"),
        ),
        (
            export(track(row(0, (0, 0, 5, 5))) + '<tag label="car" frame="3"/>', META),
            ("element", "tag", "annotations.xml <annotations>"),
        ),
        (
            export(image('<attribute name="weather">rain</attribute>' + BOX.format("", "")), META),
            ("element", "attribute", "annotations.xml <image>"),
        ),
        (
            export(image(BOX.format("", "") + '<attribute name="weather">rain</attribute>'), META),
            ("element", "attribute", "annotations.xml <image>"),
        ),
        (export(track(row(0, (0, 0, 5, 5)) + "<note>x</note>"), META), ("element", "note", "annotations.xml <track>")),
        (
            export(image(BOX.format("", "")) + '<relations><r a="1"/></relations>', META),
            ("element", "relations", "annotations.xml <annotations>"),
        ),
        (
            export(image(BOX.format("", "")), META.replace("</task>", "<weather>rain</weather></task>")),
            ("element", "weather", "annotations.xml meta <task>"),
        ),
        (
            export(image(BOX.format("", "")), task(label("car", more="<hotkey>1</hotkey>"))),
            ("element", "hotkey", "annotations.xml meta <label>"),
        ),
    ],
)
@pytest.mark.parametrize("commented", [False, True])
def test_elements_and_attributes_are_named(
    text: str, found: tuple[str, str, str], commented: bool, tmp_path: Path
) -> None:
    if commented:  # then the file is rewritten before it is read
        text = text.replace("<version>", "<!-- a comment --><version>")
    _, log = open_text(tmp_path, text)
    assert unread(log) == {found: 1}


def test_every_occurrence_is_counted(tmp_path: Path) -> None:
    text = export(image(BOX.format(' score="0.5"', "") * 3) + image(BOX.format(' score="0.5"', ""), "b.jpg"), META)
    _, log = open_text(tmp_path, text)
    assert list(unread(log).values()) == [4]


def test_texts_with_quotes_are_no_elements(tmp_path: Path) -> None:
    note = '<attribute name="note">5" wide, 3" high; a="b" c="d"</attribute>'
    _, log = open_text(tmp_path, export(image(BOX.format("", note) + BOX.format("", note)), META))
    assert not unread(log)


TASK: dict[str, Any] = {
    "name": "t",
    "labels": [{"name": "car", "attributes": [{"name": "a", "input_type": "text", "values": []}]}],
    "data": {"start_frame": 0, "stop_frame": 0},
    "jobs": [{"start_frame": 0, "stop_frame": 0, "type": "annotation"}],
}
SHAPE = {"type": "rectangle", "points": [1, 1, 5, 5], "frame": 0, "label": "car", "attributes": []}
TRACK = {"frame": 0, "label": "car", "attributes": [], "shapes": [{**SHAPE, "outside": False}]}


def backup(folder: Path, task: Any, record: Any, entry: dict[str, Any]) -> Path:
    (folder / "data").mkdir(parents=True)
    (folder / "task.json").write_text(json.dumps(task))
    (folder / "annotations.json").write_text(json.dumps([record]))
    lines = [
        {"version": "1.1"},
        {"type": "images"},
        {"name": "a", "extension": ".png", "width": 9, "height": 9, **entry},
    ]
    (folder / "data/manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


RECORD = {"version": 0, "tags": [], "shapes": [SHAPE], "tracks": [TRACK]}
NEW = {"mood": 1}


@pytest.mark.parametrize(
    ("task", "record", "entry", "where"),
    [
        (TASK | NEW, RECORD, {}, "task.json"),
        (TASK | {"data": TASK["data"] | NEW}, RECORD, {}, "task.json data"),
        (TASK | {"jobs": [TASK["jobs"][0] | NEW]}, RECORD, {}, "task.json jobs[]"),
        (TASK | {"labels": [TASK["labels"][0] | NEW]}, RECORD, {}, "task.json labels[]"),
        (TASK | {"labels": [{"name": "s", "sublabels": [NEW]}]}, RECORD, {}, "task.json labels[]"),
        (TASK | {"labels": [{"name": "car", "attributes": [NEW]}]}, RECORD, {}, "task.json label attributes[]"),
        (TASK, RECORD | NEW, {}, "annotations.json job[]"),
        (TASK, RECORD | {"shapes": [SHAPE | NEW]}, {}, "annotations.json shapes[]"),
        (TASK, RECORD | {"shapes": [SHAPE | {"elements": [SHAPE | NEW]}]}, {}, "annotations.json elements[]"),
        (TASK, RECORD | {"shapes": [SHAPE | {"attributes": [NEW]}]}, {}, "annotations.json attributes[]"),
        (TASK, RECORD | {"tags": [{"label": "car", "frame": 0} | NEW]}, {}, "annotations.json tags[]"),
        (TASK, RECORD | {"tracks": [TRACK | NEW]}, {}, "annotations.json tracks[]"),
        (TASK, RECORD | {"tracks": [TRACK | {"shapes": [SHAPE | NEW]}]}, {}, "annotations.json track shapes[]"),
        (TASK, RECORD, NEW, "data/manifest.jsonl"),
    ],
)
def test_fields_are_named(task: Any, record: Any, entry: dict[str, Any], where: str, tmp_path: Path) -> None:
    _, log = open_path(backup(tmp_path / "b", task, record, entry))
    assert unread(log) == {("field", "mood", where): 1}


@pytest.mark.parametrize("kind", ["tags", "shapes", "tracks"])
def test_an_entry_that_is_no_record_is_counted(kind: str, tmp_path: Path) -> None:
    record = {"tags": [], "shapes": [], "tracks": [], kind: ["x", 3]}
    _, log = open_path(backup(tmp_path / "b", TASK, record, {}))
    assert (log.ledger.total().read, log.ledger.total().skipped) == (2, 2)


def test_fields_of_datumaro_are_named(tmp_path: Path) -> None:
    annotation = {"type": "bbox", "label_id": 0, "bbox": [1, 1, 5, 5], "mood": 1}
    item = {"id": "a", "annotations": [annotation], "image": {"path": "a.jpg", "size": [9, 9]}, "weather": 1}
    content = {"categories": {"label": {"labels": [{"name": "car"}]}, "hats": {}}, "items": [item], "more": []}
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/train.json").write_text(json.dumps(content))
    _, log = open_path(tmp_path)
    file = "annotations/train.json"
    assert unread(log) == {
        ("field", "more", file): 1,
        ("field", "hats", f"{file} categories"): 1,
        ("field", "weather", f"{file} items"): 1,
        ("field", "mood", f"{file} annotations"): 1,
    }


def test_files_are_named(tmp_path: Path) -> None:
    source = backup(tmp_path / "b", TASK, RECORD, {})
    for name in ("data/a.png", "data/stray.png", "data/index.json", "data/related_images/a_png/x.png", "notes.docx"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(b"x")
    _, log = open_path(source)
    assert {(u.what, u.name, u.count) for u in log.unread.values()} == {
        ("file", "data/stray.png", 1),
        ("file", "data/related_images/a_png/x.png", 1),
        ("file", "notes.docx", 1),
    }
    assert any("related images" in u.why for u in log.unread.values())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (export(image("", "sub/a.jpg"), META), ["images/sub/a.jpg"]),
        (export(image("", "a.jpg", more=' subset="train" task_id="1"'), META), ["images/train/a.jpg"]),
        (export(image("", "a.jpg"), META), ["a.jpg"]),
        (export(track(row(0, (0, 0, 5, 5))), task(label("car"), video=(9, 9))), ["images/frame_000000.PNG"]),
        (export(image("", "frame_000000"), task(label("car"), video=(9, 9))), ["images/frame_000000.PNG"]),
    ],
)
def test_pictures_of_data_rows_are_not_named(text: str, names: list[str], tmp_path: Path) -> None:
    (tmp_path / "annotations.xml").write_text(text)
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    dataset, log = open_path(tmp_path)
    assert not unread(log)
    (tmp_path / names[0]).with_stem("other").write_bytes(b"x")
    dataset, log = open_path(tmp_path)
    assert [u.what for u in log.unread.values()] == ["file"]
    assert len(items_of(dataset)[0]) == 1


def test_what_a_second_meta_declares_is_named(tmp_path: Path) -> None:
    text = export(image('<box label="car" xtl="1" ytl="2" xbr="9" ybr="9"/>'), task(label("car")))
    second = f"<meta>{task(label('bus'), id=2)}</meta></annotations>"
    _, log = open_text(tmp_path, text.replace("</annotations>", second))
    assert [(one.what, one.name, one.count) for one in log.unread.values()] == [("element", "meta", 1)]
    _, log = open_text(tmp_path, text)
    assert not log.unread
