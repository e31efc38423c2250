"""Outlines that are read many at a time give the files that one at a time gives, whatever stands between them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import to_labelbox
from to_labelbox.geometry.raster import mask_from_runs
from to_labelbox.model.items import Item
from to_labelbox.model.tables import Rows
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.rules.settings import Policy
from to_labelbox.source.files import Source
from to_labelbox_formats.coco.dataset import open_dataset
from to_labelbox_formats.coco.options import Options, Places

PLACES = st.one_of(
    st.floats(0, 110).map(lambda value: round(value, 2)),
    st.integers(0, 105),
    st.sampled_from([0.0, 100, 100.0, 100.5, -0.25, 12.123456789, 1e-05, 0.0001, -0.0, 12.1234567890123456, 1e300]),
)
USUAL = st.floats(0, 100).map(lambda value: round(value, 2))
RING = st.lists(USUAL, min_size=6, max_size=12)
LONG = st.lists(st.floats(0, 100), min_size=6, max_size=12)
CLOSED = st.builds(
    lambda ring, again, behind: [*ring, *ring[:2] * again, *behind],
    st.one_of(
        st.lists(st.one_of(USUAL, PLACES), min_size=2, max_size=12).filter(lambda ring: len(ring) % 2 == 0),
        st.lists(st.sampled_from([0, 0.0, -0.0, 7.25, 7.250]), min_size=2, max_size=8).map(lambda ring: ring * 2),
    ),
    st.integers(1, 3),
    st.sampled_from([[], [], [], [5, 5.0]]),
)


def rle(lengths: list[int], text: bool = False) -> dict[str, Any]:
    """A mask of 100 × 100 with these runs and one to its end."""
    counts = [*lengths, 10_000 - sum(lengths)]
    return {"counts": mask_from_runs(counts, 100, 100).counts.decode() if text else counts, "size": [100, 100]}


MASKS = st.builds(rle, st.lists(st.one_of(st.integers(0, 9), st.integers(95, 105)), max_size=40), st.booleans())
SHAPES = [
    st.lists((RING | LONG).filter(lambda ring: len(ring) % 2 == 0), min_size=1, max_size=3),
    st.lists(st.lists(PLACES, min_size=4, max_size=9), min_size=1, max_size=2),
    st.lists(CLOSED | RING.filter(lambda ring: len(ring) % 2 == 0), min_size=1, max_size=3),
    st.just([[1, 1, 9, 1, 9, 9, 1, 1]]),
    st.just([[1.5, 1.5, 9.5, 9.5, 20, 20]]),
    st.sampled_from([{"counts": [9, 20, 9970], "size": [100, 100]}, [], [[]], None, [[[1, 1], [5, 1], [5, 5]]]]),
    st.sampled_from([{"counts": [9, 20, 171], "size": [20, 10]}, {"counts": [10_000], "size": [100, 100]}]),
]
RECORDS = st.builds(
    lambda shape, id, category, more: {"segmentation": shape, "id": id, "category_id": category, **dict(more)},
    st.one_of(SHAPES[0], SHAPES[0], SHAPES[0], MASKS, MASKS, *SHAPES),
    st.one_of(*[st.integers(0, 10**6)] * 9, st.sampled_from([10**15, "a"])),
    st.one_of(*[st.integers(1, 2)] * 9, st.sampled_from([3, 9])),
    st.one_of(
        *[st.just(())] * 9,
        st.sampled_from([(("iscrowd", 1),), (("keypoints", [1, 2, 2]),), (("score", 0.5),), (("id", 7),)]),
    ),
)
CATEGORIES = [{"id": 1, "name": "a"}, {"id": 2, "name": "\u00fc \u2028"}, {"id": 3, "name": " "}]
STYLES = st.sampled_from([(",", ":"), (", ", ": ")])


def written(path: Path, records: list[Any], style: tuple[str, str] = (",", ":")) -> Path:
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 100, "height": 100} for n in range(1, 6)]
    placed = [{"image_id": n % 5 + 1, "bbox": [1, 2, 30, 40], **record} for n, record in enumerate(records)]
    whole = {"annotations": placed, "images": images, "categories": CATEGORIES}
    path.write_text(json.dumps(whole, separators=style, ensure_ascii=False), "utf-8")
    return path


def converted(path: Path, out: Path, **more: Any) -> dict[str, bytes]:
    to_labelbox.convert(path, out, geometry=Policy.POLYGON, overwrite=True, options={"places": "outlines"}, **more)
    return {file.name: file.read_bytes() for file in out.iterdir()}


def the_same(tmp_path: Path, records: list[Any], style: tuple[str, str] = (",", ":"), block: int = 1 << 18) -> None:
    path = written(tmp_path / "set.json", records, style)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("to_labelbox_formats.coco.records.outline_columns.BLOCK", block)
        quick = converted(path, tmp_path / "out")
        patch.setattr("to_labelbox_formats.coco.records.outline_columns.read_rings", lambda text, count: None)
        assert converted(path, tmp_path / "out") == quick


def items_of(path: Path) -> list[Item]:
    dataset = open_dataset(Source(path), Options(places=Places.OUTLINES), ReadContext(outlines_only=True))
    return list(dataset.items())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=40), STYLES, st.sampled_from([0, 600, 1 << 18]))
def test_the_same_files_with_columns_and_without(
    tmp_path: Path, records: list[Any], style: tuple[str, str], block: int
) -> None:
    the_same(tmp_path, records, style, block)


SOUND = [10.25, 10.5, 50.75, 10.5, 50, 60.0]


def record(n: int, **more: Any) -> dict[str, Any]:
    outline = {"segmentation": [SOUND], "bbox": [1, 2, 30, 40]}
    return {"image_id": n % 5 + 1, "id": n, "category_id": n % 2 + 1, **outline, **more}


def test_the_short_way_is_taken_for_usual_outlines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "set.json", [record(n, segmentation=[SOUND] * (n % 3 + 1)) for n in range(40)])
    assert all(isinstance(item.annotations, Rows) for item in items_of(path))
    monkeypatch.setattr("to_labelbox.geometry.lowering.Lowering.plain", None)
    assert len(converted(path, tmp_path / "out")["annotations.ndjson"].splitlines()) == 79


@pytest.mark.parametrize("some", [1, 2])
def test_the_short_way_is_taken_for_numbers_of_many_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, some: int
) -> None:
    long = [[10.123456789012345, 20.5, 50.75, 20.123456789, 50, 60.98765432109876], SOUND]
    path = written(tmp_path / "set.json", [record(n, segmentation=long[: n % some + 1]) for n in range(40)])
    with monkeypatch.context() as patch:
        patch.setattr("to_labelbox.geometry.lowering.Lowering.plain", None)
        converted(path, tmp_path / "out")
    the_same(tmp_path, [record(n, segmentation=long[: n % some + 1]) for n in range(40)])


CLOSED_RINGS = [[*SOUND, 10.25, 10.5], [10.0, 10.5, 50.75, 10.5, 50, 60.0, 10, 10.50], [*SOUND, *SOUND[:2] * 2]]


@pytest.mark.parametrize("some", [1, 3])
def test_the_short_way_is_taken_for_closed_rings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, some: int) -> None:
    long = [10.123456789012345, 20.5, 50.75, 20.123456789, 50, 60.98765432109876, 10.123456789012345, 20.5]
    rings = [*CLOSED_RINGS, long, SOUND]
    records = [record(n, segmentation=[rings[(n + part) % 5] for part in range(n % some + 1)]) for n in range(40)]
    with monkeypatch.context() as patch:
        patch.setattr("to_labelbox.geometry.lowering.Lowering.plain", None)
        lines = converted(written(tmp_path / "set.json", records), tmp_path / "out")["annotations.ndjson"].splitlines()
    vertices = {len(json.loads(line)["polygon"]) for line in lines}
    assert vertices == {3, 4}, "a closing vertex is left out, one of two that repeat the first stays"
    the_same(tmp_path, records)


def test_objects_of_a_table_are_those_of_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rings = [SOUND, *CLOSED_RINGS]
    path = written(tmp_path / "set.json", [record(n, iscrowd=n % 2, segmentation=[rings[n % 4]]) for n in range(20)])
    quick = items_of(path)
    monkeypatch.setattr("to_labelbox_formats.coco.records.outline_columns.read_rings", lambda text, count: None)
    for one, other in zip(quick, items_of(path), strict=True):
        assert isinstance(one.annotations, Rows)
        assert msgspec.structs.replace(one, annotations=list(one.annotations)) == other
        assert one.annotations[-1] == other.annotations[-1]
        assert one.annotations[1:3] == other.annotations[1:3]


def test_outlines_of_one_image_that_are_odd_leave_the_others_to_the_short_way(tmp_path: Path) -> None:
    odd = [{"counts": [9, 20, 171], "size": [20, 10]}, [[1, 1, None, 1, 5, 5]], [[[1, 1], [5, 1], [5, 5]]]]
    path = written(tmp_path / "set.json", [record(n, segmentation=odd[n] if n < 3 else [SOUND]) for n in range(40)])
    quick = [isinstance(item.annotations, Rows) for item in items_of(path)]
    assert quick == [False, False, False, True, True]


@pytest.mark.parametrize(
    "odd",
    [
        {"id": 39},
        {"bbox": [1, 2, -3, 4]},
        {"segmentation": [[*SOUND, 7.5]]},
        {"segmentation": [SOUND, [*SOUND, 7.5], [*SOUND, 8.5]]},
        {"segmentation": [[1, 1, 2, 2, 3, 1, 1, 1]]},
        {"segmentation": [[1, 1, 2, 2, 1, 1]]},
        {"segmentation": [[1, 1, 2, 2, 3, 3, 1, 1]]},
        {"segmentation": [[1, 1] * 4]},
        {"segmentation": [SOUND, [1, 1]]},
        {"segmentation": [[10.25, 10.5, 100.01, 10.5, 50, 60.0]]},
        {"category_id": 3},
        {"category_id": 9},
        {"segmentation": [[10.25, 10.5, "50.75", 10.5, 50, 60.0]]},
        {"segmentation": [[10.25, 10.5, "üüüüü", 10.5, 50, 60.0]]},
        {"segmentation": [[10.25, 10.5, -50.75, 10.5, 50, 60.0]]},
        {"segmentation": [[10.25, 10.5, 1e300, 10.5, 50, 60.0]]},
        {"segmentation": [[0.0, 0.0, 0.0, 1e300, 1e300, 0.0, 0.0, 0.0]]},
    ],
)
def test_one_odd_record(tmp_path: Path, odd: dict[str, Any]) -> None:
    the_same(tmp_path, [*(record(n) for n in range(40)), {**record(44), **odd}])


def test_masks_go_with_the_outlines_beside_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = rle([202, 96, 4, 96, 4, 96, 4, *[2, 92, 2, 4] * 3, *[96, 4] * 3])  # a hole, and a pixel apart below
    masks = [rle([5050, 20]), rle([5050, 20, 80, 20], text=True), frame, rle([99, 2, 5000, 1])]
    records = [record(n, segmentation=masks[n % 4] if n % 3 else [SOUND], iscrowd=n % 2) for n in range(40)]
    path = written(tmp_path / "set.json", records)
    assert all(isinstance(item.annotations, Rows) for item in items_of(path))
    the_same(tmp_path, records)
    monkeypatch.setattr("to_labelbox.geometry.lowering.Lowering.lower", None)
    converted(path, tmp_path / "out")


def test_too_many_lines_of_one_name_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "set.json", [record(5 * n, category_id=1) for n in range(5001)])
    report = to_labelbox.convert(path, tmp_path / "out", geometry=Policy.POLYGON, options={"places": "outlines"})
    assert "5001 lines of 'a' (polygon)" in str(report.diagnostics)
