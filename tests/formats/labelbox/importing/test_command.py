"""The command: plan, questions, key, status, restart, and what ends it before anything is sent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import to_labelbox
from formats.labelbox.importing.payloads import items, output
from formats.labelbox.importing.stand_in import KEY, Fault, StandIn
from formats.labelbox.importing.test_existing import created
from formats.labelbox.importing.test_media import pictures
from formats.labelbox.importing.test_steps import run
from harness import lines, ontology
from to_labelbox import UsageError
from to_labelbox.cli import cli

pytestmark = pytest.mark.filterwarnings("ignore")


class Result:
    def __init__(self, code: int, output: str, error: str) -> None:
        self.code, self.output, self.error = code, output, error


def command(service: StandIn, out: Path, *arguments: str, input: str | None = None) -> Result:
    """The command in this process, with its exit code."""
    given = ["import", str(out), "--endpoint", service.endpoint, *arguments]
    result = CliRunner().invoke(cli, given, input=input, standalone_mode=False)
    if isinstance(result.exception, to_labelbox.ToLabelboxError):
        return Result(result.exception.exit_code, result.stdout, f"{result.stderr}{result.exception}")
    if result.exception is not None:
        raise result.exception
    return Result(result.return_value, result.stdout, result.stderr)


def test_the_plan_asks_and_sends_nothing(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    done = command(service, out, "--project", "yard", "--dry-run")
    assert done.code == 0
    for part in (
        "Yard Ltd at 127.0.0.1",
        "yard, IMAGE, new",
        "3 (3 new, 0 existing)",
        "2 tools",
        "Done and are billed",
    ):
        assert part in done.output
    assert created(service) == []
    assert sorted(f.name for f in out.iterdir() if f.name.startswith("import")) == []


def test_the_plan_without_a_key_asks_nobody(service: StandIn, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("LABELBOX_API_KEY")
    done = command(service, output(tmp_path / "out"), "--project", "yard", "--dry-run", "--json")
    plan = json.loads(done.output)
    assert plan["state"] == "planned"
    assert plan["lines"]["lines"] == plan["lines"]["not_sent"] == 6
    assert service.service.count == 0


def test_a_key_that_is_missing_is_said_before_the_payload_is_checked(
    service: StandIn, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.delenv("LABELBOX_API_KEY")
    checked: list[str] = []
    monkeypatch.setattr("to_labelbox_formats.labelbox.importing.survey.check_payload", checked.append)
    done = command(service, output(tmp_path / "out"), "--project", "yard", "--yes")
    assert (done.code, checked) == (2, [])
    assert "set LABELBOX_API_KEY to a key" in done.error


def test_a_media_root_that_no_row_needs_is_told(service: StandIn, tmp_path: Path) -> None:
    """Rows with addresses are taken as they are, so nothing is uploaded, whatever folder is given."""
    said = "--media-root is not used: every data row has an address"
    given = ("--project", "yard", "--dry-run", "--media-root", str(pictures(tmp_path / "media", 3)))
    assert said in command(service, output(tmp_path / "out"), *given).output
    assert said not in command(service, output(tmp_path / "local", web=False), *given).output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --project NAME"),
        (["--project", "a", "--project-id", "b"], "give either --project NAME"),
        (["--project", "a\nb"], "--project: a name has"),
        (["--project", "x" * 101], "--project: a name has"),
        (["--project", "a", "--dataset", "b", "--dataset-id", "c"], "--dataset names a new one"),
        (["--project-id", "a", "--ontology", "b"], "keeps its ontology"),
        (["--project", "a", "--batch-size", "100001"], "--batch-size: want 1 to 100,000"),
        (["--project", "a", "--priority", "6"], "--priority: want 1 to 5"),
        (["--project", "a", "--media-type", "FILM"], "--media-type: one of IMAGE"),
        (["--project", "a", "--retry-failed"], "is for an import that has ended"),
        (["--project", "a", "--media-root", "nowhere", "--yes"], "nowhere: no such folder"),
        (["--project", "a"], "Send this to Labelbox? Nobody can be asked here: --yes"),
        (["--project", "a", "--endpoint", "http://example.org/graphql"], "over https only"),
        (["--project", "a", "--endpoint", "https://example.org/"], "want https://HOST/graphql"),
        (["--project", "a", "--endpoint", "https://u:p@example.org/graphql"], "without a name"),
        (["--status"], "no import was begun"),
    ],
)
def test_wrong_usage(service: StandIn, tmp_path: Path, arguments: list[str], message: str) -> None:
    done = command(service, output(tmp_path / "out", web="nowhere" not in arguments), *arguments)
    assert done.code == 2
    assert message in done.error
    assert created(service) == []


def test_what_is_no_output_is_told(service: StandIn, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no report.json" in command(service, tmp_path / "empty", "--project", "a").error
    assert "no such folder" in command(service, tmp_path / "none", "--project", "a").error
    out = output(tmp_path / "out", rows=1, each=0)
    (out / "data_rows.ndjson").write_bytes(b"")
    assert command(service, out, "--project", "a").code == 3


def test_a_payload_with_faults_is_not_sent(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    content = (out / "annotations.ndjson").read_text()
    (out / "annotations.ndjson").write_text(content.replace('"left":0', '"left":"x"', 1) + content)
    done = command(service, out, "--project", "a", "--yes")
    assert done.code == 1
    assert "the payload has faults" in done.error
    assert service.service.count == 0


def test_the_answer_no_sends_nothing(service: StandIn, tmp_path: Path, monkeypatch: Any) -> None:
    asked: list[str] = []

    def confirm(self: Any, question: str) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr("to_labelbox.cli.dialogue.Terminal.confirm", confirm)
    done = command(service, output(tmp_path / "out"), "--project", "a")
    assert (done.code, asked) == (1, ["Send this to Labelbox?"])
    assert created(service) == []


def test_a_key_that_is_none(service: StandIn, tmp_path: Path, monkeypatch: Any) -> None:
    out = output(tmp_path / "out")
    monkeypatch.setenv("LABELBOX_API_KEY", "wrong-key-77")
    done = command(service, out, "--project", "a", "--yes")
    assert done.code == 4
    assert "make one under https://app.labelbox.com/" in done.error
    assert "wrong-key-77" not in done.error
    monkeypatch.setenv("LABELBOX_API_KEY", "two\nlines-77")
    done = command(service, out, "--project", "a", "--yes")
    assert (done.code, "lines-77" in done.error) == (2, False)
    monkeypatch.delenv("LABELBOX_API_KEY")
    assert "set LABELBOX_API_KEY" in command(service, out, "--project", "a", "--yes").error


def test_the_whole_with_words_and_numbers(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    done = command(service, out, "--project", "yard", "--yes")
    assert done.code == 0
    total = next(line for line in done.output.splitlines() if line.startswith("total")).split()
    assert total == ["total", "6", "0", "6", "6", "0", "0"]
    assert "under Done, as ground truth" in done.error
    again = command(service, out, "--project", "yard", "--json", "--quiet")
    assert json.loads(again.output)["lines"]["imported"] == 6
    status = command(service, out, "--status")
    assert "finished, in 'Yard Ltd'" in status.output
    assert "6 labels in Labelbox" in status.output


def test_a_changed_payload_and_other_options_do_not_go_on(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    run(service, out)
    with pytest.raises(UsageError, match="begun with --project yard, not other"):
        run(service, out, project="other")
    with pytest.raises(UsageError, match="begun with --as labels, not prelabels"):
        run(service, out, mode="prelabels")
    (out / "annotations.ndjson").write_text((out / "annotations.ndjson").read_text() + "\n")
    with pytest.raises(UsageError, match=r"the payload has changed.*annotations.ndjson"):
        run(service, out)


def test_an_import_of_the_payload_before_is_told_as_that(service: StandIn, tmp_path: Path) -> None:
    """What ``convert --overwrite`` leaves of an import belongs to what it has overwritten."""
    out = output(tmp_path / "out")
    project = run(service, out).projects[0].id
    to_labelbox.write(items(rows=4), out, overwrite=True, settings=to_labelbox.Settings(url_prefix="https://e.org"))
    before = service.service.count
    with pytest.raises(UsageError) as raised:
        run(service, out)
    for part in ("of what stood here before", f"'yard' ({project})", "-o another folder", "--restart --project NAME"):
        assert part in str(raised.value)
    assert service.service.count == before
    assert f"'yard' ({project})" in command(service, out, "--status").output
    assert run(service, out, restart=True, project="new", existing_rows="use").lines.imported == 8


def test_a_restart_makes_second_copies(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    first = run(service, out)
    with pytest.raises(UsageError, match="exists already"):
        run(service, out, restart=True)
    again = run(service, out, restart=True, project="second", existing_rows="use")
    assert first.run != again.run
    assert (again.rows.existing, again.lines.imported) == (3, 6)
    assert [p[0] for p in service.final()["projects"]] == ["second", "yard"]


def test_the_ontology_of_a_project(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    report = run(service, out)
    file = tmp_path / "project.json"
    given = ["ontology", "--from-project", report.projects[0].id, "-o", str(file), "--endpoint", service.endpoint]
    assert CliRunner().invoke(cli, given).exit_code == 0
    assert [t["name"] for t in json.loads(file.read_text())["tools"]] == [t["name"] for t in ontology(out)["tools"]]
    assert "exists already" in CliRunner().invoke(cli, given).output
    assert to_labelbox.validate(out, file) == []


def test_a_folder_that_is_moved_goes_on(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    run(service, out)
    moved = out.rename(tmp_path / "moved")
    before = service.service.count
    assert run(service, moved).state == "finished"
    assert service.service.count - before <= 5
    assert len(lines(moved)) == 6


def test_nobody_pays_for_the_sdk_who_does_not_import() -> None:
    program = (
        "import sys; from to_labelbox.cli import cli; import to_labelbox\n"
        "for given in (['-h'], ['import', '-h'], ['formats']):\n"
        "    cli.main(given, standalone_mode=False)\n"
        "to_labelbox.convert\n"
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in ('labelbox', 'lbox', 'requests', 'google')))\n"
        "print(*sorted(m for m in sys.modules if '.importing' in m))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == ["", ""]


def test_without_the_sdk_it_is_said_how_to_get_it(service: StandIn, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r'pip install "to-labelbox\[labelbox\]"'):
        run(service, output(tmp_path / "out"))


def test_debug_prints_where_an_unknown_answer_came_up_without_the_key(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    service.faults.append(Fault("GetProjectsPyApi", "null", times=1000))
    plain = command(service, out, "--project", "yard", "--yes")
    assert "Traceback" not in plain.error
    told = command(service, out, "--project", "yard", "--yes", "--debug")
    assert "form that the SDK does not know" in told.error
    assert "Traceback" in told.error
    assert KEY not in told.error


@pytest.mark.parametrize(
    ("how", "more"),
    [("key", {}), ("sdk", {}), ("answer", {}), ("taken", {"first": 2}), ("answer", {"dry_run": True})],
)
def test_what_ends_before_anything_is_recorded_leaves_nothing(
    service: StandIn, tmp_path: Path, monkeypatch: Any, how: str, more: dict[str, Any]
) -> None:
    out = output(tmp_path / "out")
    before = sorted(out.iterdir())
    if how == "key":
        monkeypatch.setenv("LABELBOX_API_KEY", "wrong-key-77")
    elif how == "sdk":
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    elif how == "answer":
        service.faults.append(Fault("GetProjectsPyApi", "502", times=100))
    else:
        service.add_row("a/0001.jpg")
    with pytest.raises(to_labelbox.ToLabelboxError):
        run(service, out, **more)
    assert sorted(out.iterdir()) == before


def test_what_failed_says_how_to_import_it_again_and_needs_no_project_for_it(service: StandIn, tmp_path: Path) -> None:
    service.service.refuse_lines = lambda line: "busy" if line["name"] == "truck" else ""
    out = output(tmp_path / "out")
    for arguments in (["--project", "yard", "--dataset", "d", "--yes"], ["--project", "yard"], [], ["--status"]):
        told = command(service, out, *arguments).output
        assert "--retry-failed imports the rows of failed lines again, whole" in told
        assert str(out / "import/failed.ndjson") in told
    service.service.refuse_lines = lambda line: ""
    done = command(service, out, "--retry-failed", "--yes")
    assert done.code == 0
    assert "--retry-failed" not in done.output
    assert [p[0] for p in service.final()["projects"]] == ["yard"]
    assert "was begun with --as labels" in command(service, out, "--as", "prelabels").error
    assert "give either --project NAME" in command(service, out, "--restart").error


@pytest.mark.parametrize(
    ("operation", "parts"),
    [
        (
            "UpsertDataRowsPyApi",
            ("3 data rows (0 new, 0 existing, 0 failed, 3 not known to be made)", "3 files were up"),
        ),
        ("createLabelImportByFilePyApi", ("0 of 6 lines sent and answered, 6 not", "1 import job is still")),
    ],
)
def test_the_status_of_an_interrupted_import_says_how_far_it_is(
    service: StandIn, tmp_path: Path, operation: str, parts: tuple[str, ...]
) -> None:
    out = output(tmp_path / "out", web=False)
    service.faults.append(Fault(operation, "forbidden", times=9))
    with pytest.raises(to_labelbox.NotAllowedError):
        run(service, out, media_root=pictures(tmp_path / "media"))
    told = command(service, out, "--status")
    total = next(line for line in told.output.splitlines() if line.startswith("total")).split()
    assert total == ["total", "6", "6", "0", "0", "0", "0"]
    for part in parts:
        assert part in told.output
