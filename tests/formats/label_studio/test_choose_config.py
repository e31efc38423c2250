"""Of several labelling configs beside an export, the results decide, or the user."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.label_studio import export, read, rectangle, region
from to_labelbox import UsageError


def config(control: str, *labels: str) -> str:
    listed = "".join(f'<Label value="{label}"/>' for label in labels)
    return f'<View><Image name="image" value="$image"/><RectangleLabels name="{control}" toName="image">{listed}</RectangleLabels></View>'


def task(control: str) -> dict[str, object]:
    return {"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": [region(rectangle(), from_name=control)]}]}


def test_the_config_that_knows_the_controls_of_the_results_is_taken(tmp_path: Path) -> None:
    export(tmp_path, task("boxes"))
    (tmp_path / "config.xml").write_text(config("other", "a"))
    (tmp_path / "new.xml").write_text(config("boxes", "crane", "bus"))
    _, log = read(tmp_path)
    (taken,) = [one for one in log.assumptions.values() if one.what == "labelling config"]
    assert (taken.taken, taken.for_, taken.against) == ("new.xml", 2, 0)


def test_of_configs_of_one_project_the_one_that_knows_the_labels_is_taken(tmp_path: Path) -> None:
    export(tmp_path, task("boxes"))
    (tmp_path / "config.xml").write_text(config("boxes", "bus"))
    (tmp_path / "later.xml").write_text(config("boxes", "bus", "crane"))
    _, log = read(tmp_path)
    (taken,) = [one for one in log.assumptions.values() if one.what == "labelling config"]
    assert (taken.taken, taken.for_, taken.against) == ("later.xml", 2, 0)


def test_results_of_several_projects_are_a_question(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        export(tmp_path / name, task(name))
        (tmp_path / name / "config.xml").write_text(config(name, "crane"))
    with pytest.raises(
        UsageError, match=r"results of several projects: second/config\.xml knows more .*\n.*\n  to-labelbox batch"
    ):
        read(tmp_path)
    items, _ = read(tmp_path, config=str(tmp_path / "first" / "config.xml"))
    assert sum(len(item.annotations) for item in items) == 2


def test_configs_that_say_the_same_are_one(tmp_path: Path) -> None:
    export(tmp_path, task("boxes"))
    (tmp_path / "config.xml").write_text(config("boxes", "crane"))
    (tmp_path / "copy.xml").write_text(f"<!-- a copy -->{config('boxes', 'crane')}")
    _, log = read(tmp_path)
    assert not [one for one in log.assumptions.values() if one.what == "labelling config"]


def test_without_results_the_usual_name_is_taken_and_told(tmp_path: Path) -> None:
    export(tmp_path, {"id": 1, "data": {"image": "a.png"}, "annotations": []})
    (tmp_path / "config.xml").write_text(config("boxes", "crane"))
    (tmp_path / "another.xml").write_text(config("other", "bus"))
    _, log = read(tmp_path)
    (taken,) = [one for one in log.assumptions.values() if one.what == "labelling config"]
    assert (taken.taken, taken.for_, taken.unknown) == ("config.xml", 0, 1)
