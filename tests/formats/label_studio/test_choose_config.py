"""Of several labelling configs beside an export, the results decide, or the user."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.label_studio import export, read, rectangle, region
from to_labelbox import UsageError
from to_labelbox.report.codes import Code
from to_labelbox_formats.label_studio.choose_config import LOOKED_AT


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


def test_a_config_that_knows_no_control_of_the_results_is_not_used(tmp_path: Path) -> None:
    export(tmp_path, task("boxes"))
    (tmp_path / "config.xml").write_text(
        '<View><Text name="text" value="$text"/><Labels name="ner" toName="text"><Label value="ORG"/></Labels></View>'
    )
    items, log = read(tmp_path)
    assert items[0].asset.media == "image"
    said = log.diagnostics[Code.FILE_IGNORED]
    assert said.examples[0].file == "config.xml"
    assert "none of the controls that the results name ('boxes'; its own: 'ner')" in said.message
    with pytest.raises(UsageError, match="knows none of the controls that the results name"):
        read(tmp_path, config=str(tmp_path / "config.xml"))


def test_a_config_that_knows_a_control_of_any_later_result_is_used(tmp_path: Path) -> None:
    export(tmp_path, *({**task("old"), "id": n, "data": {"image": f"{n}.png"}} for n in range(2, 400)), task("boxes"))
    assert (tmp_path / "export.json").stat().st_size > LOOKED_AT
    (tmp_path / "config.xml").write_text(config("boxes", "crane"))
    _, log = read(tmp_path)
    assert Code.FILE_IGNORED not in log.diagnostics


def test_a_table_without_a_column_of_the_config_is_of_another_project(tmp_path: Path) -> None:
    (tmp_path / "config.xml").write_text(config("boxes", "crane").replace("$image", "$photo"))
    (tmp_path / "export.csv").write_text("annotation_id,annotator,id,image,label\n1,1,1,a.jpg,\n")
    with pytest.raises(UsageError, match="knows none of the controls"):
        read(tmp_path, config=str(tmp_path / "config.xml"))
