"""Twice as much of anything in one task takes about twice as many steps, never four times."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

import to_labelbox
from build.label_studio import box, point, read, region, task, write
from builders.steps import check_growth, steps
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio import FORMAT
from to_labelbox_formats.label_studio.files.records import Region, TaskHead
from to_labelbox_formats.label_studio.files.task_files import TaskFiles, TaskPiece
from to_labelbox_formats.label_studio.regions.grouping import grouped

Result = list[dict[str, Any]]


def answered(n: int) -> Result:
    place = {"x": 10, "y": 10, "width": 10, "height": 10}
    return [e for i in range(n) for e in (box(f"r{i}"), region("textarea", {**place, "text": [f"text {i}"]}, f"r{i}"))]


def pages(n: int) -> list[dict[str, Any]]:
    text = "<div>" + "".join(f"<p>word {i}</p>" for i in range(n)) + "</div>"
    places = [f"/div[1]/p[{i + 1}]/text()[1]" for i in range(n)]
    offsets = {"startOffset": 0, "endOffset": 4, "hypertextlabels": ["W"]}
    spans = [region("hypertextlabels", {"start": p, "end": p, **offsets}, p) for p in places]
    return [task(spans, {"shown": text})]


def dialogue(n: int) -> list[dict[str, Any]]:
    offsets = {"startOffset": 0, "endOffset": 4, "paragraphlabels": ["W"]}
    spans = [region("paragraphlabels", {"start": str(i), "end": str(i), **offsets}, str(i)) for i in range(n)]
    return [task(spans, {"shown": [{"author": "a", "text": f"word {i}"} for i in range(n)]})]


def unmatched_ends(n: int) -> list[dict[str, Any]]:
    place = {"start": "/div[1]", "end": "/div[1]", "startOffset": 0, "endOffset": 1, "hypertextlabels": ["W"]}
    return [task([region("hypertextlabels", place)], {"shown": "<div>" + "<i>x</b>" * n})]


GROWTH: dict[str, tuple[int, Callable[[int], list[dict[str, Any]]]]] = {
    "regions": (300, lambda n: [task([box(f"r{i}") for i in range(n)])]),
    "regions with answers": (150, lambda n: [task(answered(n))]),
    "regions of one id": (300, lambda n: [task([box("r") for _ in range(n)])]),
    "a chain of parents": (300, lambda n: [task([box(f"r{i}", parentID=f"r{i - 1}") for i in range(n)])]),
    "points of one parent": (
        300,
        lambda n: [task([box("p"), *(point(f"k{i}", "n", parentID="p") for i in range(n))])],
    ),
    "spans by path": (150, pages),
    "spans in a dialogue": (200, dialogue),
    "ends of no element": (800, unmatched_ends),
    "broken regions": (300, lambda n: [task([{**box(f"r{i}"), "type": []} for i in range(n)])]),
    "labels of a region": (
        800,
        lambda n: [
            task([region("rectanglelabels", {**box()["value"], "rectanglelabels": [f"c{i}" for i in range(n)]})])
        ],
    ),
}


def steps_of(folder: Path, tasks: list[dict[str, Any]]) -> int:
    file = write(folder, tasks)
    return steps(lambda: to_labelbox.convert(file, folder / "out", options={"size": "200x100"}))


@pytest.mark.parametrize("name", GROWTH)
def test_the_steps_grow_with_the_input(name: str, tmp_path: Path) -> None:
    n, make = GROWTH[name]
    steps_of(tmp_path / "first", make(3))  # which loads modules
    check_growth(*(steps_of(tmp_path / str(k), make(k)) for k in (3, n, 4 * n)))


def test_answers_of_one_id_are_joined_in_steps_that_grow_with_them() -> None:
    answer = Region(id="r", from_name="c", to_name="shown", type="choices")
    check_growth(*(steps(partial(grouped, [answer] * n)) for n in (3, 1000, 4000)))


def test_what_has_been_read_is_no_garbage_in_circles(tmp_path: Path) -> None:
    """A conversion collects none while it runs, so that circles would add up in its memory."""
    many = [task([box("a"), point("k", "n", parentID="a")], {"shown": f"{n}.jpg"}, n) for n in range(300)]
    file = write(tmp_path, many)
    to_labelbox.convert(file, tmp_path / "first")
    gc.collect()
    gc.disable()
    try:
        assert len(read(file)[0]) == 300
        assert gc.collect() < 300
    finally:
        gc.enable()


def test_a_path_of_too_many_options_costs_its_answer(tmp_path: Path) -> None:
    deep = region("taxonomy", {"taxonomy": [[f"level {i}" for i in range(500)]]}, "t")
    flat = region("taxonomy", {"taxonomy": [["a", "b"]]}, "u")
    report = to_labelbox.convert(write(tmp_path, [task([deep, flat, box()])]), tmp_path / "out")
    assert (report.annotations.read, report.annotations.converted, report.annotations.skipped) == (3, 2, 1)


def test_a_value_nested_without_end_costs_its_region(tmp_path: Path) -> None:
    file = write(tmp_path, [task([box("a"), {**box("b"), "value": "DEEP"}, box("c")])])
    file.write_text(file.read_text().replace('"DEEP"', "[" * 100_000 + "]" * 100_000))
    report = to_labelbox.convert(file, tmp_path / "out")
    assert (report.annotations.read, report.annotations.converted, report.annotations.skipped) == (3, 2, 1)


def test_a_config_of_too_many_levels_is_refused_by_name(tmp_path: Path) -> None:
    nested = '<Choice value="a">' * 100 + "</Choice>" * 100
    config = f'<Image name="shown" value="$shown"/><Taxonomy name="t" toName="shown">{nested}</Taxonomy>'
    report = to_labelbox.convert(write(tmp_path / "in", [task([box()])], config).parent, tmp_path / "out")
    ignored = [e.message for d in report.diagnostics if d.code == "file-ignored" for e in d.examples]
    assert any("nested deeper than 32" in message for message in ignored), ignored


def test_a_config_in_json_with_half_a_surrogate_pair(tmp_path: Path) -> None:
    file = write(tmp_path, [task([box()])])
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"label_config": "<View>\ud800</View>"}))
    report = to_labelbox.convert(file, tmp_path / "out", options={"config": str(config)})
    assert report.annotations.converted == 1


def test_what_tasks_show_is_read_once_where_the_config_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for the names of assets nor for a sample of their sizes; tasks asked for one by one share their piece."""
    file = write(
        tmp_path,
        [task([box()], {"shown": f"/data/upload/1/{n}.jpg"}, id=n) for n in range(9)],
        '<Image name="image" value="$shown"/>',
    )
    seen: list[int] = []
    heads = TaskFiles.heads

    def counted(
        files: TaskFiles, piece: TaskPiece, decoder: msgspec.json.Decoder[list[TaskHead]]
    ) -> Sequence[TaskHead]:
        seen.append(piece.first)
        return heads(files, piece, decoder)

    monkeypatch.setattr(TaskFiles, "heads", counted)
    to_labelbox.convert(file, tmp_path / "out", workers=1)
    assert not seen
    dataset = FORMAT.read(Source(file), FORMAT.options(), ReadContext())
    assert dataset.unit_items is not None
    assert [len(dataset.unit_items(unit)) for unit in range(9)] == [1] * 9
    assert len(seen) == 1
