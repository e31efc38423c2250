"""An export of what was sent compares equal, whatever it holds; and each single spoilt annotation of it is found."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from builders.labelbox_export import PROJECT, exported, saved
from harness import Case, cases, lines
from labelbox_cells import CASES
from labelbox_cells import Case as Cell
from to_labelbox import Settings

ALL = [c for c in cases() if c.format in to_labelbox.formats()]


def compared(out: Path, rows: list[Any], **options: Any) -> to_labelbox.CompareReport:
    return to_labelbox.compare(out, saved(out / "export.ndjson", rows), **options)


def label_of(row: Any) -> Any:
    labels = row["projects"][PROJECT]["labels"]
    return labels[0]["annotations"] if labels else {}


def check_equal(out: Path) -> None:
    sent = sum(len(line["masks"]["instances"]) if "masks" in line else 1 for line in lines(out))
    for keep in (True, False):
        rows = exported(out, keep)
        random.Random(7).shuffle(rows)
        report = compared(out, rows)
        assert report.messages == []
        assert report.annotations.annotations == report.annotations.same == sent
        assert report.rows.compared == report.rows.total
        assert report.exit_code() == 0
        assert not any("not known here" in note for note in report.notes)


@pytest.mark.parametrize("case", ALL, ids=lambda c: c.id)
def test_an_export_without_a_loss_compares_equal(case: Case, tmp_path: Path) -> None:
    try:
        case.convert(tmp_path / "out")
    except to_labelbox.SourceError:
        return  # a fixture of which nothing is left
    check_equal(tmp_path / "out")


@pytest.mark.parametrize("cell", CASES, ids=lambda c: c.name)
def test_every_kind_of_annotation_on_every_asset(cell: Cell, tmp_path: Path) -> None:
    made(cell, tmp_path / "out")
    check_equal(tmp_path / "out")


def made(cell: Cell, out: Path) -> None:
    to_labelbox.write([cell.item], out, settings=Settings(relationships=True))


# ------------------------------------------------------------------------------------------------------------- spoilt


Spoil = Callable[[Any], Any]


def spoilt(row: Any) -> Iterator[tuple[str, Spoil]]:
    """Each way to spoil one annotation of a row of an export: its name, and what does it to a copy."""
    held = label_of(row)
    for target in ("objects", "classifications", "relationships"):
        for n, one in enumerate(held.get(target) or []):
            yield f"{target} dropped", partial(_without, target, n)
            for change in (renamed, *_changes(one)):
                yield f"{target} {change.__name__}", partial(_with, target, n, change)
    planes = list(held.get("groups") or {})
    for id in _segments(held, planes):
        if not _is_mask(held, id, planes):
            yield "frames shifted", partial(_shift, id, planes)
        yield "track dropped", partial(_drop, id, planes)


def _without(target: str, n: int, held: Any) -> None:
    held[target].pop(n)


def _with(target: str, n: int, change: Spoil, held: Any) -> None:
    change(held[target][n])


def renamed(one: Any) -> None:
    one.update(name="zebra", value="zebra")


def _segments(held: Any, planes: list[str]) -> Any:
    return held["segments"][planes[0]] if planes else held.get("segments") or {}


def _frames(held: Any, planes: list[str]) -> Any:
    return (held["groups"][planes[0]] if planes else held)["frames"].values()


def _shift(id: str, planes: list[str], held: Any) -> None:
    segments = _segments(held, planes)
    segments[id] = [[start + 1, end + 1] for start, end in segments[id]]


def _is_mask(held: Any, id: str, planes: list[str]) -> bool:
    return any("mask" in f["objects"].get(id, {}) for f in _frames(held, planes))


def _drop(id: str, planes: list[str], held: Any) -> None:
    del _segments(held, planes)[id]
    for frame in _frames(held, planes):
        frame["objects"].pop(id, None)
        frame["classifications"] = [c for c in frame["classifications"] if c["feature_id"] != id]


def _changes(one: Any) -> list[Spoil]:
    def moved_box(o: Any) -> None:
        o["bounding_box"] = {**o["bounding_box"], "left": o["bounding_box"]["left"] + 1}

    def moved_ring(o: Any) -> None:
        o["polygon"] = [{**p, "x": p["x"] + 1} for p in o["polygon"]]

    def moved_points(o: Any) -> None:
        o["line"] = [{**p, "y": p["y"] + 1} for p in o["line"]]

    def moved_point(o: Any) -> None:
        o["point"] = {**o["point"], "y": o["point"]["y"] + 1}

    def longer_span(o: Any) -> None:
        o["location"] = {**o["location"], "end": o["location"]["end"] + 1}

    def lost_token(o: Any) -> None:
        o["location"]["groups"][0]["tokens"] = o["location"]["groups"][0]["tokens"][1:]

    def changed_text(o: Any) -> None:
        next(v for k, v in o.items() if k.endswith("text_answer"))["content"] += "!"

    def changed_option(o: Any) -> None:
        given = next(v for k, v in o.items() if k.endswith(("radio_answer", "checklist_answers")))
        (given if isinstance(given, dict) else given[0]).update(name="zebra", value="zebra")

    def changed_nested(o: Any) -> None:
        o["classifications"] = o["classifications"][1:]

    found: list[Spoil] = [changed_nested] if one.get("classifications") else []
    if "left" in one.get("bounding_box", {}):
        found.append(moved_box)
    found += [moved_ring] if isinstance(one.get("polygon"), list) else []
    found += [moved_points] if "line" in one else []
    found += [moved_point] if "point" in one else []
    if "location" in one:
        found.append(lost_token if "groups" in one["location"] else longer_span)
    found += [changed_text] if any(k.endswith("text_answer") for k in one) else []
    found += [changed_option] if any(k.endswith(("radio_answer", "checklist_answers")) for k in one) else []
    return found


def check_spoilt(out: Path, most: int) -> int:
    """Each way is tried on at most so many annotations, with ids kept and without."""
    tried: dict[tuple[str, bool], int] = {}
    for keep in (True, False):
        rows = exported(out, keep)
        for n, row in enumerate(rows):
            for what, spoil in spoilt(row):
                if tried.setdefault((what, keep), 0) >= most:
                    continue
                tried[what, keep] += 1
                other = copy.deepcopy(row)
                spoil(label_of(other))
                report = compared(out, [*rows[:n], other, *rows[n + 1 :]])
                counts = report.annotations
                assert counts.different + counts.missing >= 1, (what, keep, row)
                joined = sum("relationship" in line for line in lines(out))  # whose end may be what was spoilt
                assert counts.different + counts.missing <= 1 + joined + ("mask" in str(row)), (what, keep, counts)
                assert report.exit_code() == 1
                assert counts.annotations == counts.same + counts.different + counts.missing
    return sum(tried.values())


@pytest.mark.parametrize("case", ALL[::7], ids=lambda c: c.id)
def test_one_spoilt_annotation_of_a_dataset_is_found(case: Case, tmp_path: Path) -> None:
    try:
        case.convert(tmp_path / "out")
    except to_labelbox.SourceError:
        return
    check_spoilt(tmp_path / "out", 2)


@pytest.mark.parametrize("cell", CASES, ids=lambda c: c.name)
def test_one_spoilt_annotation_of_every_kind_is_found(cell: Cell, tmp_path: Path) -> None:
    made(cell, tmp_path / "out")
    assert check_spoilt(tmp_path / "out", 2)


ODD: list[Any] = [None, 7, -1, 1e308, "x", "", [], {}, [None], {"x": 1}, True, [[1, 2]], {"start": 1}, "0"]


@pytest.mark.parametrize("case", ALL[3::6], ids=lambda c: c.id)
def test_a_damaged_export_is_counted_or_refused(case: Case, tmp_path: Path) -> None:
    try:
        case.convert(tmp_path / "out")
    except to_labelbox.SourceError:
        return
    chance = random.Random(case.id)
    rows = exported(tmp_path / "out", chance.random() < 0.5)
    total = compared(tmp_path / "out", rows).annotations.annotations
    for _ in range(6):
        other = copy.deepcopy(rows)
        for _ in range(chance.choice((1, 2, 5))):
            path = chance.choice(list(_paths(other)) or [(0,)])
            holder: Any = other
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = copy.deepcopy(chance.choice(ODD))
        try:
            report = compared(tmp_path / "out", other)
        except to_labelbox.UsageError:
            continue
        counts, about = report.annotations, report.rows
        assert counts.annotations == total == counts.same + counts.different + counts.missing
        assert about.total == about.compared + about.missing + about.without_label


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*before, key)
        yield from _paths(one, (*before, key))
