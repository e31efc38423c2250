"""What is there already: keys that are taken, existing projects and ontologies, pre-labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from formats.labelbox.importing.payloads import items, output
from formats.labelbox.importing.stand_in import StandIn
from formats.labelbox.importing.test_results import retold
from formats.labelbox.importing.test_steps import run
from harness import lines, ontology
from to_labelbox import RefusedError, Settings, UsageError

pytestmark = pytest.mark.filterwarnings("ignore")


def created(service: StandIn) -> list[str]:
    """What has an effect at the service."""
    return [name for name in service.service.counts if name.lower().startswith(("create", "upsert", "connect"))]


# ------------------------------------------------------------------------------------------------------------ rows


def test_keys_that_are_taken_are_refused(service: StandIn, tmp_path: Path) -> None:
    service.add_row("a/0001.jpg")
    out = output(tmp_path / "out")
    with pytest.raises(RefusedError, match=r"1 of the global keys are taken in Yard Ltd(?s:.*)'a/0001.jpg'") as raised:
        run(service, out)
    for remedy in ("--existing-rows use", "--data-rows", "--global-key"):
        assert remedy in str(raised.value)
    assert created(service) == []
    assert not (out / "import/state.json").exists()


def test_existing_rows_are_used_when_asked_for(service: StandIn, tmp_path: Path) -> None:
    id = service.add_row("a/0001.jpg", "https://example.org/x/0001.jpg?token=1", "row 1")
    report = run(service, output(tmp_path / "out"), existing_rows="use")
    assert (report.rows.new, report.rows.existing, report.lines.imported) == (2, 1, 6)
    assert any("already and" in question for question in report.questions)
    assert service.service.tables["row"][id]["dataset"] == "theirs"


def test_existing_rows_of_other_assets_are_refused(service: StandIn, tmp_path: Path) -> None:
    service.add_row("a/0001.jpg", "https://example.org/cat.jpg", "cat.jpg")
    with pytest.raises(RefusedError, match=r"'a/0001.jpg' is taken by another asset \(cat.jpg\)"):
        run(service, output(tmp_path / "out"), existing_rows="use")
    assert created(service) == []


def test_a_payload_for_existing_rows_makes_none(service: StandIn, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rows = [{"global_key": f"a/{n:04}.jpg"} for n in range(3)]
    (tmp_path / "rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = output(tmp_path / "made")
    for name in ("annotations.ndjson", "ontology.json", "report.json"):
        out.mkdir(exist_ok=True)
        (out / name).write_bytes((made / name).read_bytes())
    (out / "data_rows.ndjson").write_bytes(b"")
    retold(out, "data_rows.ndjson")
    report = json.loads((out / "report.json").read_text())
    report["source"]["details"] = {"data_rows": {}}
    report["outputs"].pop("index.ndjson", None)
    (out / "report.json").write_text(json.dumps(report))
    with pytest.raises(UsageError, match="--media-type, one of IMAGE"):
        run(service, out)
    with pytest.raises(RefusedError, match=r"3 data rows that the payload refers to do not exist(?s:.*)'a/0000.jpg'"):
        run(service, out, media_type="IMAGE")
    for row in rows:
        service.add_row(row["global_key"])
    done = run(service, out, media_type="IMAGE")
    assert (done.rows.new, done.rows.existing, done.lines.imported) == (0, 3, 6)
    assert service.final()["datasets"] == []


def test_rows_go_into_an_existing_dataset(service: StandIn, tmp_path: Path) -> None:
    theirs = service._new("dataset", name="old", description="mine", rowCount=0)
    run(service, output(tmp_path / "out"), dataset_id=theirs["id"])
    assert service.final()["datasets"] == [("old", "mine", 3)]
    with pytest.raises(UsageError, match="no such dataset"):
        run(service, output(tmp_path / "other", rows=4), dataset_id="da9", project="b", existing_rows="use")


# -------------------------------------------------------------------------------------------------------- projects


def their_project(service: StandIn, content: Any, media_type: str = "IMAGE") -> str:
    project = service.add_project("theirs", media_type)
    if content is not None:
        project["ontologyId"] = service.add_ontology("theirs", content, media_type)["id"]
    return str(project["id"])


def test_a_project_of_that_name_is_not_taken_over(service: StandIn, tmp_path: Path) -> None:
    id = their_project(service, {"tools": [], "classifications": []})
    with pytest.raises(UsageError, match=f"a project 'theirs' exists already.*--project-id {id}"):
        run(service, output(tmp_path / "out"), project="theirs")
    assert created(service) == []


def test_an_existing_project_keeps_its_ontology(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    content = ontology(out)
    content["tools"].append({"tool": "polygon", "name": "more", "classifications": []})
    id = their_project(service, content)
    report = run(service, out, project="", project_id=id)
    assert report.lines.imported == 6
    assert len(service.service.tables["ontology"]) == len(service.service.tables["project"]) == 1
    assert not service.service.counts["ConnectOntologyPyApi"]


def test_a_payload_that_does_not_fit_the_project_is_refused(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    content = ontology(out)
    content["tools"] = [tool for tool in content["tools"] if tool["name"] == "car"]
    id = their_project(service, content)
    with pytest.raises(RefusedError, match=r"3 × .*'truck'(?s:.*)--ontology .*project-ontology.json"):
        run(service, out, project="", project_id=id)
    assert created(service) == []
    saved = json.loads((out / "import/project-ontology.json").read_text())
    assert [tool["name"] for tool in saved["tools"]] == ["car"]
    to_labelbox.write(
        items(),
        tmp_path / "again",
        ontology=out / "import/project-ontology.json",
        settings=Settings(url_prefix="https://e.org"),
    )
    assert run(service, tmp_path / "again", project="", project_id=id).lines.imported == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"media_type": "VIDEO"}, "takes VIDEO, and the data rows are IMAGE"),
        ({"content": None}, "has no ontology"),
    ],
)
def test_a_project_of_another_kind_is_refused(
    service: StandIn, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    out = output(tmp_path / "out")
    id = their_project(service, **{"content": ontology(out), **change})
    with pytest.raises(RefusedError, match=message):
        run(service, out, project="", project_id=id)
    with pytest.raises(UsageError, match="no such project"):
        run(service, out, project="", project_id="pr9")
    assert created(service) == []


def test_questions_of_a_project_in_use(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    id = their_project(service, ontology(out))
    service.service.tables["project"][id]["labels"] = 7
    given = {"projectId": id, "name": "other", "contentLength": 0, "file": b""}
    service.service.polls = 3
    service._create_job(given, "label")
    service._create_job({**given, "name": "more"}, "mal")
    with pytest.raises(UsageError, match=r"has 7 labels.*Nobody can be asked here"):
        run(service, out, project="", project_id=id, yes=False)
    assert created(service) == []
    other = next(j for j in service.service.tables["job"].values() if j["name"] == "other")

    def end(number: int, operation: str, phase: str) -> bool:
        if operation == "getLabelImportsPyApi" and service.service.counts[operation] > 3:
            other["state"] = "FINISHED"
        return False

    service.on_request = end
    report = run(service, out, project="", project_id=id)
    asked = " ".join(report.questions)
    assert "7 labels" in asked
    assert "1 imports" in asked
    assert "at work in the project (other)" in asked
    assert report.lines.imported == 6


def test_an_ontology_of_the_same_structure_is_used(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    theirs = service.add_ontology("yard", {k: v[::-1] for k, v in ontology(out).items()}, "IMAGE")
    service.add_ontology("yard", {"tools": [], "classifications": []}, "IMAGE")
    report = run(service, out)
    assert report.projects[0].ontology_id == theirs["id"]
    assert len(service.service.tables["ontology"]) == 2


def test_an_ontology_by_its_id_must_fit(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    bad = service.add_ontology("bad", {"tools": [], "classifications": []}, "IMAGE")
    good = service.add_ontology("good", ontology(out), "IMAGE")
    with pytest.raises(RefusedError, match="does not fit the ontology"):
        run(service, out, ontology_id=bad["id"])
    assert run(service, out, ontology_id=good["id"]).lines.imported == 6


def test_the_key_of_another_organisation_does_not_go_on(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    run(service, out)
    service.organisation = "or" + "9" * 23
    with pytest.raises(UsageError, match="was begun in 'Yard Ltd'"):
        run(service, out)


def test_what_was_deleted_meanwhile_is_named(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")

    def delete(number: int, operation: str, phase: str) -> bool:
        if operation == "createBatchesPyApi" and phase == "before":
            service.service.tables["project"].clear()
        return False

    service.on_request = delete
    with pytest.raises(RefusedError, match=r"--restart|deleted"):
        run(service, out)


# ------------------------------------------------------------------------------------------------------ left over


def test_what_a_lost_answer_left_over_is_named_and_can_be_deleted(service: StandIn, tmp_path: Path) -> None:
    """A server may show late what it has made, so that it is made twice: one is used, the other is told."""
    out = output(tmp_path / "out")
    twice: list[str] = []

    def repeat(number: int, operation: str, phase: str) -> bool:
        if operation == "CreateDatasetPyApi" and phase == "after" and not twice:
            made = next(iter(service.service.tables["dataset"].values()))
            twice.append(service._new("dataset", name=made["name"], description=made["description"], rowCount=0)["id"])
        return False

    service.on_request = repeat
    report = run(service, out)
    assert report.left_over == [f"dataset {twice[0]}"]
    assert "--clean-left-overs" in report.text
    assert run(service, out, clean_left_overs=True).left_over == []
    assert len(lines(out)) == 6
    assert [d["rowCount"] for d in service.service.tables["dataset"].values()] == [3]
