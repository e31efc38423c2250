"""Attributes of plain annotations, of which each different text is read once, are those that a careful reading gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import to_labelbox
from to_labelbox.model.items import Object
from to_labelbox.model.tables import Rows
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.rules.settings import Policy
from to_labelbox.source.files import Source
from to_labelbox_formats.coco.dataset import open_dataset
from to_labelbox_formats.coco.index import box_columns, ranges
from to_labelbox_formats.coco.index.box_columns import BoxColumns, read_boxes
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.options import Options, Places
from to_labelbox_formats.coco.records import attributes as reading

VALUES = st.sampled_from(
    [True, False, "red", "ü \u2028", "true", "no", 0, 1, 1.0, 0.0, 7, 2.5, None, [], {}, ["a", "b"], [1], {"x": 1}, ""]
)
NAMES = st.sampled_from(["occluded", "truncated", "color", "keyframe", "track_id", "rotation", "ü", "iscrowd", ""])
ODD = [None, [], "text", [{"name": "color", "value": "red"}], {"rotation": 90.0}, {"rotation": "90"}, {"rotation": 0.0}]
USUAL = [{"occluded": True, "color": "red"}, {"occluded": False, "color": "red"}, {"occluded": False, "rotation": 0.0}]
ATTRIBUTES = st.one_of(*[st.sampled_from(USUAL)] * 6, st.dictionaries(NAMES, VALUES, max_size=3), st.sampled_from(ODD))
RING = [10.25, 10.5, 50.75, 10.5, 50, 60.0]
SHAPES: st.SearchStrategy[Any] = st.sampled_from(
    [[RING], [RING], [[*RING, 20, 30]], [RING, [70, 70, 80, 70, 80, 80.5]], [], [RING[:5]], None, [[]]]
    + [{"counts": [5050, 20, 4930], "size": [100, 100]}, 7, 0, False, "", "a", {}, [[], []]]
)
RECORDS = st.fixed_dictionaries(
    {"segmentation": SHAPES, "id": st.integers(0, 300), "category_id": st.sampled_from([1, 1, 1, 2, 2, 2, 3])},
    optional={"attributes": ATTRIBUTES, "iscrowd": st.integers(0, 1), "score": st.none()},
)
CATEGORIES = [{"id": 1, "name": "a"}, {"id": 2, "name": "\u00fc \u2028"}]


def written(path: Path, records: list[dict[str, Any]]) -> Path:
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 100, "height": 100} for n in range(1, 6)]
    placed = [{"image_id": n % 5 + 1, "bbox": [1, 2, 30, 40], **record} for n, record in enumerate(records)]
    path.write_text(json.dumps({"annotations": placed, "images": images, "categories": CATEGORIES}))
    return path


def converted(source: Path, out: Path, geometry: Policy) -> dict[str, bytes]:
    to_labelbox.convert(
        source, out, geometry=geometry, overwrite=True, options={"places": "outlines", "same_names": "one"}
    )
    return {file.name: file.read_bytes() for file in out.iterdir()}


def the_same(tmp_path: Path, source: Path, geometry: Policy) -> None:
    quick = converted(source, tmp_path / "out", geometry)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(File, "plain", property(lambda _: False))
        assert converted(source, tmp_path / "out", geometry) == quick


def record(n: int, **more: Any) -> dict[str, Any]:
    return {"id": n, "category_id": n % 2 + 1, "segmentation": [RING], "attributes": USUAL[n % 3], **more}


@pytest.mark.parametrize("geometry", [Policy.BBOX, Policy.AUTO])
@pytest.mark.parametrize("segmentation", [7, "a", 0, False, "", {}, [], None, [[]], [[], []]])
def test_what_is_no_outline_is_none_for_both(tmp_path: Path, geometry: Policy, segmentation: Any) -> None:
    path = written(tmp_path / "set.json", [record(n, segmentation=segmentation) for n in range(10)])
    for indent in (None, 4):
        path.write_text(json.dumps(json.loads(path.read_text()), indent=indent))
        the_same(tmp_path, path, geometry)
        counts = json.loads(converted(path, tmp_path / "out", geometry)["report.json"])["annotations"]
        assert counts["approximated"] == (10 if segmentation in (7, "a") else 0)


GEOMETRY = st.sampled_from([Policy.POLYGON, Policy.POLYGON, Policy.BBOX, Policy.BBOX, Policy.AUTO])


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=40), GEOMETRY, st.sampled_from([1, 3, 1 << 14]), st.sampled_from([1, 5]))
def test_the_same_files_from_texts_and_with_care(
    tmp_path: Path, records: list[dict[str, Any]], geometry: Policy, most: int, outlined: int
) -> None:
    """Of ``outlined`` records, one may have an outline."""
    records = [
        one if n % outlined == 0 or not one["segmentation"] else {**one, "segmentation": []}
        for n, one in enumerate(records, outlined - 1)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(box_columns, "_MOST_TEXTS", most)
        patch.setattr(reading, "_MOST", most)
        the_same(tmp_path, written(tmp_path / "set.json", records), geometry)


@pytest.mark.parametrize("geometry", [Policy.POLYGON, Policy.BBOX])
@pytest.mark.parametrize("first", [{}, {"attributes": {}}])
def test_several_files_have_texts_of_their_own(tmp_path: Path, geometry: Policy, first: dict[str, Any]) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    written(folder / "a.json", [record(n, iscrowd=n % 2) for n in range(20)])
    other = [record(n, iscrowd=n % 2, attributes=USUAL[(n + 1) % 3]) for n in range(20, 40)]
    other[0] = {"id": 20, "category_id": 1, "segmentation": [RING], "iscrowd": 1, **first}
    written(folder / "b.json", other)
    the_same(tmp_path, folder, geometry)


@pytest.mark.parametrize("geometry", [Policy.POLYGON, Policy.BBOX])
def test_the_short_way_is_taken_for_attributes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, geometry: Policy
) -> None:
    path = written(tmp_path / "set.json", [record(n) for n in range(40)])
    wanted = ReadContext(boxes_only=geometry is Policy.BBOX, outlines_only=geometry is Policy.POLYGON)
    items = list(open_dataset(Source(path), Options(places=Places.OUTLINES), wanted).items())
    assert all(isinstance(item.annotations, Rows) for item in items)
    answers = [own.attributes for item in items for own in item.annotations if isinstance(own, Object)]
    assert len(answers) == 40
    assert len(set(answers)) == len(set(map(id, answers))) == 3
    monkeypatch.setattr("to_labelbox.geometry.lowering.Lowering.lower", None)
    monkeypatch.setattr("to_labelbox_formats.coco.records.records.Records._carefully", None)
    if geometry is Policy.POLYGON:
        monkeypatch.setattr("to_labelbox.geometry.lowering.Lowering.plain", None)
    assert len(converted(path, tmp_path / "out", geometry)["annotations.ndjson"].splitlines()) == 40


@pytest.mark.parametrize("geometry", [Policy.POLYGON, Policy.AUTO, Policy.MASK])
def test_boxes_without_outlines_are_read_once_whatever_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, geometry: Policy
) -> None:
    some = [record(n, segmentation=[]) for n in range(40)]
    the_same(tmp_path, written(tmp_path / "set.json", [*some, record(41)]), geometry)
    path = written(tmp_path / "set.json", some)
    monkeypatch.setattr("to_labelbox_formats.coco.records.records.Records._of_file", None)
    assert len(converted(path, tmp_path / "out", geometry)["annotations.ndjson"].splitlines()) == 40


def test_pictures_without_annotations_do_not_end_the_short_way(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 100, "height": 100} for n in range(40)]
    placed = [record(n, image_id=n, bbox=[1, 2, 30, 40]) for n in range(30, 40)]
    path.write_text(json.dumps({"annotations": placed, "images": images, "categories": CATEGORIES}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("to_labelbox_formats.coco.records.outline_columns.BLOCK", 0)
        items = list(
            open_dataset(Source(path), Options(places=Places.OUTLINES), ReadContext(outlines_only=True)).items()
        )
    assert [type(item.annotations) is Rows for item in items] == [False] * 30 + [True] * 10


@pytest.mark.parametrize("most", [2, 5, 1 << 14])
def test_rows_of_ranges_keep_their_texts(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Columns that are put together say of each row what the columns of all rows say, or that it has to be read."""
    boxes = [
        {"image_id": 1, "id": n, "category_id": 1, "bbox": [1, 2, 3, 4], "attributes": {"n": n % 7}} for n in range(30)
    ]
    for n in (0, 11, 12):
        del boxes[n]["attributes"]
    monkeypatch.setattr(box_columns, "_MOST_TEXTS", most)
    whole = BoxColumns(outlines=False)
    for begin, end in ((0, 4), (4, 11), (11, 13), (13, 30)):
        part = BoxColumns(outlines=False)
        part.add(read_boxes(json.dumps(boxes[begin:end]).encode()))
        whole.absorb(part)
    table = whole.table()
    assert len(table.texts) <= most
    assert table.plain.all() == (most > 8)
    for box, plain, number in zip(boxes, table.plain.tolist(), table.answers.tolist(), strict=True):
        text = table.texts[number]
        assert not plain or text == (json.dumps(box["attributes"]).encode() if "attributes" in box else b"")


def test_ranges_of_a_large_file_keep_their_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "RANGE", 1000)
    the_same(tmp_path, written(tmp_path / "set.json", [record(n) for n in range(200)]), Policy.BBOX)
