"""Boxes that are written many at a time give the files that one at a time gives, whatever stands between them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import to_labelbox
from to_labelbox.rules.settings import Policy
from to_labelbox_formats.labelbox.encode.shapes import Shapes

SIDES = st.one_of(
    st.floats(0, 90).map(lambda value: round(value, 2)), st.integers(0, 101), st.sampled_from([-1, 0, 1e-7])
)
WITHIN = st.tuples(*[st.floats(1, 40).map(lambda value: round(value, 3))] * 4).map(list)
RECORDS = st.fixed_dictionaries(
    {
        "id": st.one_of(*[st.integers(0, 10**6)] * 9, st.sampled_from([-3, 10**14, "a"])),
        "category_id": st.one_of(*[st.integers(1, 2)] * 9, st.sampled_from([3, 9])),
        "bbox": st.one_of(*[WITHIN] * 9, st.tuples(SIDES, SIDES, SIDES, SIDES).map(list)),
        "segmentation": st.sampled_from([[], [], [[1, 1, 9, 1, 9, 9]], {"counts": [9, 20, 9971], "size": [100, 100]}]),
    },
    optional={"iscrowd": st.integers(0, 1)},
)
SOUND = {"category_id": 1, "bbox": [10, 10.5, 20, 30.25], "segmentation": []}


def converted(path: Path, out: Path) -> dict[str, bytes]:
    to_labelbox.convert(path, out, geometry=Policy.BBOX, overwrite=True)
    return {file.name: file.read_bytes() for file in out.iterdir()}


def the_same(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    path = tmp_path / "set.json"
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 100, "height": 100} for n in range(1, 6)]
    placed = [{"image_id": n % 5 + 1, **record} for n, record in enumerate(records)]
    categories = [{"id": 1, "name": "a"}, {"id": 2, "name": "\u00fc \u2028"}, {"id": 3, "name": " "}]
    path.write_text(json.dumps({"annotations": placed, "images": images, "categories": categories}))
    quick = converted(path, tmp_path / "out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shapes, "tables", lambda _, rows: [(rows, None)])
        patch.setattr(Shapes, "parted", lambda *_: False)
        assert converted(path, tmp_path / "out") == quick


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=40))
def test_the_same_files_from_a_table_and_one_by_one(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    the_same(tmp_path, records)


@pytest.mark.parametrize(
    "odd", [{"bbox": [80.5, 1, 20, 5]}, {"bbox": [1, 1, 0, 5]}, {"category_id": 3}, {"id": 10**14}]
)
def test_one_odd_record(tmp_path: Path, odd: dict[str, Any]) -> None:
    the_same(tmp_path, [*({"id": n, **SOUND} for n in range(40)), {"id": 44, **SOUND, **odd}])


def test_the_short_way_is_taken_for_usual_boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("to_labelbox.geometry.lowering.Lowering.plain", None)
    monkeypatch.setattr("to_labelbox.geometry.lowering.Lowering.lower", None)
    path = tmp_path / "set.json"
    images = [{"id": 1, "file_name": "1.jpg", "width": 100, "height": 100}]
    placed = [{"id": n, "image_id": 1, **SOUND} for n in range(9)]
    path.write_text(json.dumps({"annotations": placed, "images": images, "categories": [{"id": 1, "name": "a"}]}))
    assert len(converted(path, tmp_path / "out")["annotations.ndjson"].splitlines()) == 9
