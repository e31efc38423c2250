"""What is rarer: time-outs, interruptions, waits that are too long, empty files, rows that are in the project already."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import requests.adapters
import requests.exceptions

from formats.labelbox.importing.forked import commands
from formats.labelbox.importing.payloads import output
from formats.labelbox.importing.stand_in import KEY, Fault, StandIn
from formats.labelbox.importing.test_media import rewritten
from formats.labelbox.importing.test_steps import run
from harness import ontology
from to_labelbox import UnavailableError, UsageError
from to_labelbox.model.items import Media

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("operation", ["CreateProjectPyApi", "UpsertDataRowsPyApi", "createLabelImportByFilePyApi"])
def test_a_time_out_after_the_effect(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """The SDK would make these calls again by itself."""
    really = requests.adapters.HTTPAdapter.send
    seen: list[int] = []

    def send(self: Any, request: Any, *given: Any, **named: Any) -> Any:
        answer = really(self, request, *given, **named)
        if operation.encode() in (request.body or b"") and not seen:
            seen.append(1)
            raise requests.exceptions.ReadTimeout("60 s")
        return answer

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    assert run(service, output(tmp_path / "out")).lines.imported == 6
    assert seen
    assert service.service.counts[operation] == 1
    assert len(service.final()["labels"]) == 6


def test_rows_that_are_not_processed_in_an_hour(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import labelbox

    out = output(tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr(labelbox.Project, "_wait_processing_max_seconds", 0)
        with pytest.raises(UnavailableError, match="not processed the rows"):
            run(service, out)
    assert run(service, out).lines.imported == 6


def test_a_limit_that_lasts_ends_the_run(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    service.faults.append(Fault("CreateProject", "429", times=30))
    with pytest.raises(UnavailableError) as raised:
        run(service, out)
    assert raised.value.exit_code == 5
    service.faults[:] = [Fault("CreateProject", "429-long")]
    with pytest.raises(UnavailableError, match="asks to wait 21,600 s: run the same command again"):
        run(service, out)
    assert run(service, out).lines.imported == 6


def test_a_host_that_refuses_the_first_connection_is_told_at_once(
    tmp_path: Path, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has answered is asked for longer."""
    monkeypatch.setenv("LABELBOX_API_KEY", KEY)
    with StandIn() as gone:
        pass
    with pytest.raises(UnavailableError, match=r"no answer from 127.0.0.1:\d+: .*; is the network there") as raised:
        run(gone, output(tmp_path / "out"), dry_run=True)
    assert raised.value.exit_code == 5
    assert sum(waits) <= 2


def test_a_host_that_has_answered_is_waited_for(service: StandIn, tmp_path: Path, waits: list[float]) -> None:
    service.faults.append(Fault("GetProjectsPyApi", "drop", times=99))
    with pytest.raises(UnavailableError):
        run(service, output(tmp_path / "out"), dry_run=True)
    assert sum(waits) > 60


def test_a_file_that_arrives_empty_is_sent_again(service: StandIn, tmp_path: Path) -> None:
    service.service.strict = False
    service.service.lose_files = 1
    report = run(service, output(tmp_path / "out"))
    assert (report.lines.imported, report.lines.unknown) == (6, 0)
    assert sorted(job["state"] for job in service.service.tables["job"].values()) == ["FINISHED", "FINISHED"]
    assert len(service.final()["labels"]) == 6


@pytest.mark.parametrize("answer", ["smaller", "refused"])
def test_rows_that_are_in_the_project_already_get_their_labels(service: StandIn, tmp_path: Path, answer: str) -> None:
    out = output(tmp_path / "out")
    project = service.add_project("theirs", "IMAGE")
    project["ontologyId"] = service.add_ontology("theirs", ontology(out), "IMAGE")["id"]
    ids = [service.add_row(f"a/{n:04}.jpg", f"https://e.org/{n:04}.jpg", f"{n:04}.jpg") for n in range(3)]
    service._new("batch", name="old", project=project["id"], size=3, consensusSettingsJson="{}", rows=ids, priority=5)
    if answer == "refused":
        service.faults.append(Fault("createBatches", "400", times=9))
    report = run(service, out, project="", project_id=project["id"], existing_rows="use")
    assert report.lines.imported == 6
    assert "already" in report.notes[0]


def test_tiles_and_other_paths_are_not_uploaded(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out", Media.DOCUMENT, web=False)
    rewritten(out, row_data={"pdf_url": "file:///etc/passwd"})
    (tmp_path / "media").mkdir()
    with pytest.raises(UsageError, match="is no path"):
        run(service, out, media_root=tmp_path / "media")
    assert b"root:" not in service.received()


def test_attachments_of_a_row_are_kept(service: StandIn, tmp_path: Path) -> None:
    note = {"type": "RAW_TEXT", "value": "seen at noon"}
    run(service, rewritten(output(tmp_path / "out", rows=1), attachments=[note]))
    assert any(b"seen at noon" in content for content in service.service.files.values())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_says_how_to_go_on(service: StandIn, tmp_path: Path, number: int, code: int) -> None:
    out = output(tmp_path / "out")
    log = tmp_path / "printed.txt"
    given = ["import", str(out), "--project", "yard", "--yes", "--endpoint", service.endpoint]
    with commands(log) as running:

        def interrupt(request: int, operation: str, phase: str) -> bool:
            if operation == "createLabelImportByFilePyApi" and phase == "after":
                os.kill(running.pid, number)
            return False

        service.on_request = interrupt
        assert running.run(given) == code
        service.on_request = lambda *_: False
        assert json.loads((out / "import.json").read_text())["state"] == "interrupted"
        assert running.run(given) == 0
    assert "the same command goes on where it was" in log.read_text()
    assert len(service.final()["labels"]) == 6


def test_what_is_recorded_and_unreadable_is_told(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    run(service, out)
    (out / "import/state.json").write_text("{")
    with pytest.raises(UsageError, match=r"cannot be read.*--restart"):
        run(service, out)
    assert run(service, out, restart=True, project="b", existing_rows="use").lines.imported == 6
