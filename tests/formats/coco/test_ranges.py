"""A list of annotations that is passed over by ranges gives what one pass gives, wherever the ranges begin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from to_labelbox.plugins.reader import Each
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.random_access import Texts
from to_labelbox_formats.coco.index.reading import index_file

TEXTS = st.sampled_from(["", "},{", '"},{"image_id":7},{', "}, {", "a\\", "[{}]", "é"])
RECORDS = st.fixed_dictionaries(
    {"image_id": st.integers(1, 9), "id": st.integers(1, 99), "category_id": st.just(1), "bbox": st.just([1, 2, 3, 4])},
    optional={
        "caption": TEXTS,
        "segments_info": st.lists(st.fixed_dictionaries({"image_id": st.integers(1, 9)}), max_size=4),
        "attributes": st.dictionaries(TEXTS, st.none() | st.integers(), max_size=2),
        "segmentation": st.lists(st.lists(st.integers(0, 9), min_size=6, max_size=8), max_size=2),
    },
)
LISTS = st.lists(RECORDS, min_size=1, max_size=60)
STYLES = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", ":")])


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("to_labelbox.source.json_stream.PIECE", 200)


def indexed(path: Path, size: int, each: Each = map, boxes_only: bool = False) -> File:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("to_labelbox_formats.coco.index.ranges.RANGE", size)
        return index_file(Source(path), path.name, Texts(), Log(), boxes_only, each)


def columns(file: File) -> Iterator[object]:
    table = file.annotations
    yield from (table.starts.tolist(), table.lengths.tolist(), table.keys.tolist())
    yield file.annotation_census.records


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LISTS, STYLES, st.integers(60, 2000), st.booleans(), st.booleans())
def test_ranges_find_what_one_pass_finds(
    tmp_path: Path, records: list[object], style: tuple[str, str], size: int, boxes_only: bool, images_first: bool
) -> None:
    path = tmp_path / "set.json"
    images = [{"id": n, "file_name": f"{n}.jpg"} for n in range(1, 10)]
    lists = {"annotations": records, "images": images, "categories": []}
    if images_first:
        lists = {"images": lists.pop("images"), **lists}
    path.write_text(json.dumps(lists, separators=style))
    whole, parted = (indexed(path, at, boxes_only=boxes_only) for at in (1 << 30, size))
    assert list(columns(parted)) == list(columns(whole))
    assert len(whole.annotations) == len(records)
    if whole.boxes is not None and parted.boxes is not None:  # of a piece with a record that is not plain, none is kept
        kept = whole.boxes.plain & parted.boxes.plain
        for name in set(whole.boxes.__struct_fields__) - {"answers", "texts"}:
            assert getattr(whole.boxes, name)[kept].tolist() == getattr(parted.boxes, name)[kept].tolist()
        texts, others = ([one.texts[n] for n in one.answers[kept]] for one in (whole.boxes, parted.boxes))
        assert texts == others


def test_a_record_that_is_longer_than_all_ranges(tmp_path: Path) -> None:
    """No range begins in it, and that the list before it has ended says nothing of its own."""
    path = tmp_path / "set.json"
    record = {"image_id": 1, "id": 1, "category_id": 1, "segmentation": [[7] * 4000]}
    path.write_text(json.dumps({"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": [record]}))
    assert len(indexed(path, 1000).annotations) == 1


def test_ranges_are_indexed_by_others(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    record = {"image_id": 1, "id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}
    path.write_text(json.dumps({"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": [record] * 500}))
    asked: list[int] = []
    with ThreadPoolExecutor(2) as others:

        def each(function: object, tasks: object) -> object:
            asked.append(len(tasks))  # type: ignore[arg-type]
            return others.map(function, tasks)  # type: ignore[arg-type]

        found = indexed(path, 4000, each)  # type: ignore[arg-type]
    assert asked[0] > 3
    assert list(columns(found)) == list(columns(indexed(path, 1 << 30)))


def test_a_file_that_is_cut_off_is_refused_as_it_is_without_ranges(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    record = {"image_id": 1, "id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}
    text = json.dumps({"images": [], "annotations": [record] * 500})
    path.write_text(text[: len(text) - 40])
    messages = []
    for size in (4000, 1 << 30):
        with pytest.raises(FileError) as raised:
            indexed(path, size)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]
