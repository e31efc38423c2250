"""CVAT files that scripts write: numbers with a point or a comma, rows that hide at zero, names with a drive."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cvat_files import counts, export, image, items_of, label, open_path, open_text, row, task, track
from harness import Convert, ontology
from to_labelbox.model.items import Box, Object, Polyline, Track
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox_formats.cvat.options import Numbering, Video

BOX = '<box label="car" xtl="{}" ytl="2" xbr="30" ybr="40"/>'


def test_a_hiding_row_without_a_place_leads_nowhere(tmp_path: Path) -> None:
    rows = row(0, (100, 100, 200, 200)) + row(10, (0, 0, 0, 0), outside=True)
    (item,), log = items_of(open_text(tmp_path, export(track(rows), task(video=(640, 480))))[0])
    (found,) = item.annotations
    assert isinstance(found, Track)
    assert [(k.frame, k.geometry) for k in found.segments[0]] == [(n, Box(100, 100, 100, 100)) for n in (0, 9)]
    assert counts(log) == {"track-converted": 1}


def test_a_shape_that_is_outside_is_not_on_its_picture(tmp_path: Path) -> None:
    shapes = BOX.format(1) + BOX.format(2).replace("/>", ' outside="1"/>')
    (item,), log = items_of(open_text(tmp_path, export(image(shapes)))[0])
    assert len(item.annotations) == 1
    assert (log.ledger["car"].read, log.ledger["car"].skipped) == (2, 1)


def test_decimal_commas_and_whole_numbers_with_a_point(tmp_path: Path) -> None:
    shapes = '<box label="car" xtl="1,5" ytl="2" xbr="30,25" ybr="40"/>'
    shapes += '<polyline label="car" points="1,5,2,5;30,0,2,5"/><box label="car" xtl="1,5" ytl="2.5" xbr="3" ybr="4"/>'
    (item,), log = items_of(open_text(tmp_path, export(image(shapes).replace('width="100"', 'width="100.0"')))[0])
    assert item.asset.width == 100
    shapes_read = [a.geometry for a in item.annotations if isinstance(a, Object)]
    assert shapes_read == [Box(1.5, 2, 28.75, 38), Polyline([1.5, 2.5, 30.0, 2.5])]
    assert counts(log)["field-repaired"] == 2
    assert counts(log)["box-invalid"] == 1


def test_frames_of_json_may_be_written_with_a_point(tmp_path: Path) -> None:
    shape = {"type": "rectangle", "label_id": 7.0, "frame": 2.0, "points": [1, 2, 30, 40], "attributes": []}
    (tmp_path / "labels.json").write_text(json.dumps([{"id": 7, "name": "car", "attributes": []}]))
    (tmp_path / "annotations.json").write_text(json.dumps({"tags": [], "shapes": [shape], "tracks": []}))
    items, log = items_of(open_path(tmp_path)[0])
    assert [i.asset.path for i in items if i.annotations] == ["frame_000002"]
    assert log.ledger["car"].read == 1


@pytest.mark.parametrize(
    ("name", "path"), [("C:\\data\\a.jpg", "data/a.jpg"), ("/home/b.jpg", "home/b.jpg"), ("../c.jpg", "c.jpg")]
)
def test_names_stay_below_their_folder(tmp_path: Path, name: str, path: str) -> None:
    (item,), _ = items_of(open_text(tmp_path, export(image(BOX.format(1), name)))[0])
    assert item.asset.path == path


@pytest.mark.parametrize("key", [True, False])
def test_frames_that_are_counted_from_one(tmp_path: Path, key: bool) -> None:
    """Of the frames 0 to 3 the first has no object, and behind the last there is one."""
    rows = "".join(row(n, (n, 0, n + 20, 30), key=key or n == 1) for n in range(1, 5))
    text = export(track(rows), task(size=4, video=(64, 48)))
    with pytest.raises(UsageError, match="numbering=from_one"):
        open_text(tmp_path, text)
    for numbering, frames in ((Numbering.FROM_ONE, [0, 1, 2, 3]), (Numbering.SOURCE, [1, 2, 3, 4])):
        (item,), _ = items_of(open_text(tmp_path, text, numbering=numbering)[0])
        (found,) = item.annotations
        assert isinstance(found, Track)
        assert {k.frame for k in found.segments[0]} == ({*frames} if key else {frames[0], frames[-1]})
        items, _ = items_of(open_text(tmp_path, text, numbering=numbering, video=Video.FRAMES)[0])
        assert [i.asset.id for i in items if i.annotations] == [str(n) for n in frames]


def test_a_row_that_hides_behind_the_last_frame_is_no_sign(tmp_path: Path) -> None:
    rows = row(1, (0, 0, 20, 30)) + row(2, (1, 0, 21, 30)) + row(4, (1, 0, 21, 30), outside=True)
    assert open_text(tmp_path, export(track(rows), task(size=4, video=(64, 48))))[0].unit_count == 1


def test_a_label_for_what_has_none(tmp_path: Path) -> None:
    (item,), log = items_of(open_text(tmp_path, export(image(BOX.format(1).replace("car", ""))), unlabelled="thing")[0])
    assert [a.label for a in item.annotations if isinstance(a, Object)] == ["thing"]
    rows = track(row(1, (0, 0, 20, 30)), name="")
    for video in (Video.VIDEO, Video.FRAMES):
        opened = open_text(tmp_path, export(rows, task(size=4, video=(64, 48))), unlabelled="thing", video=video)[0]
        items, log = items_of(opened)
        assert {a.label for i in items for a in i.annotations if isinstance(a, Object | Track)} == {"thing"}
        assert list(log.ledger) == ["thing"]


def test_pascal_voc_in_one_file_is_told_as_that(tmp_path: Path) -> None:
    of_voc = "<annotation><filename>a.jpg</filename><object><name>car</name><bndbox/></object></annotation>"
    _, log = open_text(tmp_path, f"<annotations>{of_voc}{of_voc}</annotations>")
    assert "its <annotation> are Pascal VOC's: write each into a file of its own" in str(
        log.diagnostics[Code.FILE_UNREADABLE]
    )


def test_values_of_an_attribute_without_a_type_are_declared(tmp_path: Path, convert: Convert) -> None:
    """FiftyOne lists the values of an attribute and not its type: those that no shape has are values all the same."""
    spec = "<attribute><name>mood</name><values>calm\nwild</values></attribute>"
    mood = '<box label="car" xtl="1" ytl="2" xbr="30" ybr="40"><attribute name="mood">calm</attribute></box>'
    (tmp_path / "labels.xml").write_text(export(image(mood), task(label("car", "rectangle", spec))))
    made = convert(tmp_path / "labels.xml")
    (question,) = ontology(made.out)["tools"][0]["classifications"]
    assert (question["type"], [o["value"] for o in question["options"]]) == ("radio", ["calm", "wild"])
