"""One tool a class over many datasets: one decision for all, whatever run, worker or interruption did the work."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from builders.batch import OPTIONS, box_set, check, tree
from harness import annotation, coco, contents, image, lines, ontology, save, tools
from to_labelbox import UsageError
from to_labelbox.batches.progress import Progress

RING = [10, 10, 30, 10, 30, 30]
AREAS = {"rectangle", "polygon", "raster-segmentation"}


def outlines(path: Path, count: int = 1, label: str = "car") -> None:
    """A dataset of so many pictures with an outline each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = [image(n + 1, f"{path.parent.name}-{n}.jpg") for n in range(count)]
    shapes = [annotation(n + 1, image_id=n + 1, segmentation=[RING]) for n in range(count)]
    save(path, coco(shapes, pictures, [{"id": 1, "name": label}]))


def two(root: Path) -> Path:
    """Three boxes of a car in one dataset, an outline in another, and a tree in a third."""
    box_set(root / "boxes" / "set.json", label="car")
    outlines(root / "outlines" / "set.json")
    outlines(root / "trees" / "set.json", label="tree")
    return root


def test_one_decision_is_made_over_all_datasets(tmp_path: Path) -> None:
    made = to_labelbox.batch(two(tmp_path / "in"), tmp_path / "out", one_tool=True)
    check(tmp_path / "out", made)
    assert tools(tmp_path / "out") == {"car": "rectangle", "tree": "polygon"}
    assert made.decisions[0] == "'car' occurs as box (3), polygon (1): one tool, box, the most frequent"
    assert made.classes["car"].approximated == 1
    plain = to_labelbox.batch(tmp_path / "in", tmp_path / "plain")
    assert any("(--one-tool makes it one)" in text for text in plain.decisions)


def test_a_dry_run_decides_the_same(tmp_path: Path) -> None:
    root = two(tmp_path / "in")
    dry = to_labelbox.batch(root, None, one_tool=True)
    wet = to_labelbox.batch(root, tmp_path / "out", one_tool=True)
    assert (dry.decisions, dry.classes, dry.exit_code()) == (wet.decisions, wet.classes, wet.exit_code())


def test_the_whole_zoo_has_one_tool_a_class(tmp_path: Path) -> None:
    root = tree(tmp_path / "in")
    made = to_labelbox.batch(root, tmp_path / "one", one_tool=True, workers=2, options=OPTIONS)
    check(tmp_path / "one", made)
    named = [t["name"] for t in ontology(tmp_path / "one")["tools"] if t["tool"] in AREAS]
    bare = Counter(n.removesuffix(" (box)").removesuffix(" (polygon)").removesuffix(" (mask)") for n in named)
    kept = {text.split("'")[1] for text in made.decisions if "so it keeps a tool each" in text}
    assert {name for name, count in bare.items() if count > 1} <= kept
    assert any(": one tool, " in text for text in made.decisions)
    to_labelbox.batch(root, tmp_path / "two", one_tool=True, options=OPTIONS)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


# ------------------------------------------------------------------------------------------------------- resuming


def test_a_new_dataset_turns_the_decision_and_what_it_concerns_is_written_again(tmp_path: Path) -> None:
    root, out = two(tmp_path / "in"), tmp_path / "out"
    to_labelbox.batch(root, out, one_tool=True)
    tree = (out / "trees" / "annotations.ndjson").read_bytes()
    again = to_labelbox.batch(root, out, one_tool=True, resume=True)
    assert again.decisions[0].startswith("'car' occurs as box (3), polygon (1)")
    outlines(root / "zebra" / "set.json", count=4)
    made = to_labelbox.batch(root, out, one_tool=True, resume=True)
    check(out, made)
    assert made.decisions[0] == "'car' occurs as box (3), polygon (5): one tool, polygon, the most frequent"
    assert (out / "trees" / "annotations.ndjson").read_bytes() == tree
    shutil.rmtree(root / "zebra")
    to_labelbox.batch(root, out, one_tool=True, resume=True)
    shutil.rmtree(out / "zebra")
    to_labelbox.batch(root, tmp_path / "anew", one_tool=True)
    assert contents(out) == contents(tmp_path / "anew")


class Stopped(Exception):
    pass


def test_stopped_at_any_step_it_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    root, steps = two(tmp_path / "in"), 0

    def count(_: Progress) -> None:
        nonlocal steps
        steps += 1

    to_labelbox.batch(root, tmp_path / "whole", one_tool=True, progress=count)
    assert steps >= 8
    for stop in range(steps):
        told, out = 0, tmp_path / f"out{stop}"

        def end(_: Progress, stop: int = stop) -> None:
            nonlocal told
            told += 1
            if told > stop:
                raise Stopped

        with pytest.raises(Stopped):
            to_labelbox.batch(root, out, one_tool=True, progress=end)
        to_labelbox.batch(root, out, one_tool=True, resume=True)
        assert contents(out) == contents(tmp_path / "whole"), f"stopped at step {stop}"


def test_shares_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--one-tool .* with --shard: .* leave --shard out, or name a kind"):
        to_labelbox.batch(two(tmp_path / "in"), tmp_path / "out", one_tool=True, shard=(1, 2))
    assert not (tmp_path / "out").exists()


# -------------------------------------------------------------------------------------------- an existing ontology


def existing(path: Path, *kinds: str) -> Path:
    found: list[dict[str, Any]] = [
        {"tool": k, "name": f"car ({n})", "classifications": []} for n, k in NAMED if n in kinds
    ]
    if len(found) == 1:
        found[0]["name"] = "car"
    return Path(save(path, {"tools": found, "classifications": []}))


NAMED = (("box", "rectangle"), ("polygon", "polygon"), ("mask", "raster-segmentation"))


def test_an_ontology_of_one_kind_decides_and_shares_work(tmp_path: Path) -> None:
    root, given = two(tmp_path / "in"), existing(tmp_path / "o.json", "polygon")
    made = to_labelbox.batch(root, tmp_path / "out", one_tool=True, ontology=given)
    assert [text for text in made.decisions if "the given ontology has no class of several kinds" in text]
    assert (made.classes["car"].converted, made.classes["tree"].skipped) == (4, 1)
    for n in (1, 2):
        to_labelbox.batch(root, tmp_path / "shares", one_tool=True, ontology=given, shard=(n, 2))
    to_labelbox.merge([tmp_path / "shares"])
    assert contents(tmp_path / "shares") == contents(tmp_path / "out")


def test_of_an_ontology_of_several_kinds_one_is_taken(tmp_path: Path) -> None:
    given = existing(tmp_path / "o.json", "polygon", "mask")
    made = to_labelbox.batch(two(tmp_path / "in"), tmp_path / "out", one_tool=True, ontology=given)
    assert {line["name"] for name in ("boxes", "outlines") for line in lines(tmp_path / "out" / name)} == {
        "car (polygon)"
    }
    assert made.classes["car"].converted == 4
