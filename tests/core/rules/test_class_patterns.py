"""Patterns of --include and --exclude that match nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from builders.batch import box_set
from to_labelbox import ClassMap, ClassRule, UsageError


@pytest.mark.parametrize("command", ["convert", "batch"])
def test_an_include_that_leaves_nothing_is_refused_with_the_nearest_name(command: str, tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json", label="Pedestrian")
    run: Any = to_labelbox.convert if command == "convert" else to_labelbox.batch
    with pytest.raises(UsageError, match="--include 'pedestrain' matches no class; nearest: 'Pedestrian'"):
        run(tmp_path / "in", tmp_path / "out", include=("pedestrain",))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["convert", "batch"])
def test_one_of_several_and_an_exclude_are_a_warning(command: str, tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json")
    run: Any = to_labelbox.convert if command == "convert" else to_labelbox.batch
    made = run(tmp_path / "in", tmp_path / "out", include=("car", "bus*"), exclude=("cra",))
    (told,) = (d for d in made.diagnostics if d.code == "option-unmatched")
    assert [e.message for e in told.examples] == [
        "--include 'bus*' matches no class; there are: 'car'",
        "--exclude 'cra' matches no class; nearest: 'car'",
    ]
    assert made.annotations.converted == 3


def test_patterns_that_match_say_nothing(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json")
    made = to_labelbox.convert(tmp_path / "in", tmp_path / "out", include=("c*",))
    assert "option-unmatched" not in {d.code for d in made.diagnostics}


@pytest.mark.parametrize("command", ["convert", "batch"])
def test_old_names_and_commas_are_told_what_to_write(command: str, tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json", label="car")
    run: Any = to_labelbox.convert if command == "convert" else to_labelbox.batch
    rules = ClassMap({"car": ClassRule(name="vehicle")})
    with pytest.raises(
        UsageError, match="'car' matches no class; the class map calls it 'vehicle', and patterns go by"
    ):
        run(tmp_path / "in", None, include=("car",), class_map=rules)
    assert run(tmp_path / "in", None, include=("vehicle",), class_map=rules).annotations.converted == 3
    with pytest.raises(UsageError, match="the option is repeated: --include car --include bus"):
        run(tmp_path / "in", None, include=("car,bus",))
