"""Ended at any write of the journal or any request, by a full disk or a Ctrl-C, also while failed rows are tried again.

A few moments here; with TO_LABELBOX_IMPORT_KILLS=all each of them.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests.adapters

import to_labelbox
from formats.labelbox.importing.payloads import output
from formats.labelbox.importing.stand_in import KEY, StandIn
from formats.labelbox.importing.test_faults import copied
from formats.labelbox.importing.test_kill import ALL
from formats.labelbox.importing.test_steps import run
from to_labelbox import RefusedError, UsageError
from to_labelbox_formats.labelbox.importing.journal import Journal
from to_labelbox_formats.labelbox.importing.plan import Plan
from to_labelbox_formats.labelbox.importing.statuses import SentLine, Status, match

pytestmark = pytest.mark.filterwarnings("ignore")

STEP = 1 if ALL else 9
ROWS, EACH = 12, 3
OPTIONS: dict[str, Any] = {"lines_per_job": 12}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return output(tmp_path_factory.mktemp("interrupted") / "out", rows=ROWS, each=EACH)


@contextmanager
def full_disk(at: int) -> Iterator[list[int]]:
    """The write of that number, and all after it, find no room."""
    really, seen = Journal.write, [0]

    def write(self: Journal, name: str, chunks: Any) -> None:
        seen[0] += 1
        if seen[0] >= at:
            raise OSError(errno.ENOSPC, "No space left on device", self.path(name))
        really(self, name, chunks)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "write", write)
        yield seen


@contextmanager
def ctrl_c(at: int) -> Iterator[list[int]]:
    """A Ctrl-C before the request of that number, or after its effect where the number is odd."""
    really, seen = requests.adapters.HTTPAdapter.send, [0]

    def send(self: Any, request: Any, *given: Any, **named: Any) -> Any:
        seen[0] += 1
        here = seen[0] == at
        if here and at % 2 == 0:
            raise KeyboardInterrupt
        answer = really(self, request, *given, **named)
        if here:
            raise KeyboardInterrupt
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.adapters.HTTPAdapter, "send", send)
        yield seen


def refusing(service: StandIn) -> None:
    """Some lines and some rows are refused, for now."""
    service.service.refuse_lines = lambda line: (
        "too small" if line["dataRow"]["globalKey"].endswith(("03.jpg", "07.jpg")) else ""
    )
    service.service.refuse_rows = lambda row: "not now" if row["global_key"].endswith(("01.jpg", "08.jpg")) else ""


def accepting(service: StandIn) -> None:
    service.service.refuse_lines = lambda line: ""
    service.service.refuse_rows = lambda row: ""


def whole(report: to_labelbox.ImportReport) -> None:
    lines = report.lines
    assert lines.balanced()
    assert (lines.lines, lines.imported, lines.failed, lines.unknown, lines.not_sent) == (
        ROWS * EACH,
        ROWS * EACH,
        0,
        0,
        0,
    )
    assert (report.rows.total, report.rows.new, report.rows.failed) == (ROWS, ROWS, 0)
    assert report.exit_code() == 0


def fresh() -> StandIn:
    return StandIn()


@pytest.fixture
def key(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABELBOX_API_KEY", KEY)


@pytest.mark.parametrize("ending", [full_disk, ctrl_c])
def test_an_import_ended_anywhere_goes_on(key: None, out: Path, tmp_path: Path, ending: Any) -> None:
    with fresh() as service, ending(10**9) as seen:
        run(service, copied(out, tmp_path / "plain"), **OPTIONS)
        final, count = service.final(), seen[0]
    assert count > 15
    for at in range(1, count + 1, STEP):
        with fresh() as service:
            folder = copied(out, tmp_path / f"{at}")
            with ending(at), pytest.raises((OSError, KeyboardInterrupt, to_labelbox.ToLabelboxError)):
                run(service, folder, **OPTIONS)
            whole(run(service, folder, **OPTIONS))
            assert service.final() == final, at


@pytest.mark.parametrize("ending", [full_disk, ctrl_c])
def test_failed_rows_tried_again_are_not_lost_when_that_is_ended(
    key: None, out: Path, tmp_path: Path, ending: Any
) -> None:
    def failed_once(folder: Path, service: StandIn) -> None:
        refusing(service)
        report = run(service, folder, **OPTIONS)
        assert (report.rows.failed, report.lines.failed, report.lines.not_sent) == (2, 2 * EACH, 2 * EACH)
        accepting(service)

    with fresh() as service:
        folder = copied(out, tmp_path / "plain")
        failed_once(folder, service)
        with ending(10**9) as seen:
            whole(run(service, folder, retry_failed=True, **OPTIONS))
        count, labels = seen[0], service.final()["labels"]
    assert len(labels) == ROWS * EACH
    for at in range(1, count + 1, max(1, STEP - 2)):
        with fresh() as service:
            folder = copied(out, tmp_path / f"{at}")
            failed_once(folder, service)
            with ending(at), suppress(OSError, KeyboardInterrupt, to_labelbox.ToLabelboxError):
                run(service, folder, retry_failed=True, **OPTIONS)
            report = run(service, folder, **OPTIONS)
            if report.exit_code():
                report = run(service, folder, retry_failed=True, **OPTIONS)
            whole(report)
            assert service.final()["labels"] == labels, at
            assert json.loads((folder / "import.json").read_text())["messages"] == []


# --------------------------------------------------------------------------------------------------- journal and payload


def test_a_journal_that_was_changed_does_not_go_on(service: StandIn, out: Path, tmp_path: Path) -> None:
    folder = copied(out, tmp_path / "out")
    refusing(service)
    run(service, folder, **OPTIONS)
    state = folder / "import/state.json"
    content = json.loads(state.read_text())
    content["projects"][0]["pieces"][0]["first"] = 1
    before = state.read_bytes()
    state.write_text(json.dumps(content))
    for options in ({}, {"retry_failed": True}):
        with pytest.raises(UsageError, match="was changed by hand"):
            run(service, folder, **OPTIONS, **options)
    state.write_bytes(before)
    for name, message in (
        ("0-rows.failed.ndjson", "0 rows and not the 2"),
        ("0001.failed.ndjson", "0 lines and not the 3"),
    ):
        kept = (folder / "import" / name).read_bytes()
        (folder / "import" / name).unlink()
        with pytest.raises(UsageError, match=message):
            run(service, folder, retry_failed=True, **OPTIONS)
        (folder / "import" / name).write_bytes(kept)
    accepting(service)
    whole(run(service, folder, retry_failed=True, **OPTIONS))


def test_a_lost_journal_makes_nothing_a_second_time(service: StandIn, out: Path, tmp_path: Path) -> None:
    folder = copied(out, tmp_path / "out")
    run(service, folder, **OPTIONS)
    final = service.final()
    again = copied(folder, tmp_path / "again")
    with pytest.raises(UsageError, match="a project 'yard' exists already"):
        run(service, again, **OPTIONS)
    with pytest.raises(RefusedError, match="12 of the global keys are taken"):
        run(service, again, **{**OPTIONS, "project": "other"})
    assert service.final() == final


def test_a_payload_that_changes_while_it_is_read_is_not_sent(service: StandIn, out: Path, tmp_path: Path) -> None:
    folder = copied(out, tmp_path / "out")
    really = Plan.shards

    def shards(self: Plan, *given: Any) -> Any:
        path = folder / "annotations.ndjson"
        path.write_bytes(b"\n" + path.read_bytes())
        return really(self, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Plan, "shards", shards)
        with pytest.raises(RefusedError, match="has changed while it was read"):
            run(service, folder, **OPTIONS)
    assert service.final()["labels"] == []


# -------------------------------------------------------------------------------------------------------------- statuses


def outcomes(sent: list[str], given: list[tuple[str | None, str]]) -> list[str]:
    lines = [SentLine(n, 0, uuid, "car", "a") for n, uuid in enumerate(sent)]
    return [o.state for o in match(lines, [Status(uuid, status) for uuid, status in given])]


@pytest.mark.parametrize(
    ("sent", "given", "expected"),
    [
        (["a", "b"], [("B", "SUCCESS"), ("A", "FAILURE")], ["failed", "imported"]),
        (["a", "b"], [("a", "SUCCESS"), ("a", "SUCCESS")], ["imported", "unknown"]),  # b's is not a's second one
        (["a", "b"], [("a", "SUCCESS"), ("a", "FAILURE"), ("b", "SUCCESS")], ["unknown", "imported"]),
        (["a", "", "b"], [("b", "SUCCESS"), (None, "FAILURE"), ("a", "SUCCESS")], ["imported", "failed", "imported"]),
        (["a", "", "b"], [("a", "SUCCESS"), ("new", "SUCCESS")], ["imported", "imported", "unknown"]),
        (["a", ""], [("a", "SUCCESS"), (None, "SUCCESS"), (None, "SUCCESS")], ["imported", "unknown"]),
        (["a", "b"], [("x", "SUCCESS"), ("y", "FAILURE")], ["imported", "failed"]),  # none of the ids is ours: by place
        (["a", "b"], [("x", "SUCCESS")], ["unknown", "unknown"]),
        (["a", "b"], [("a", "DONE"), ("b", "success")], ["unknown", "imported"]),
    ],
)
def test_statuses_count_for_their_own_line_only(
    sent: list[str], given: list[tuple[str | None, str]], expected: list[str]
) -> None:
    assert outcomes(sent, given) == expected


@pytest.mark.parametrize("key", ["two words", 'quo"te', "back\\slash", "täst", "a\nb"])
def test_a_key_that_would_be_written_in_several_ways_is_none(
    service: StandIn, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("LABELBOX_API_KEY", key)
    with pytest.raises(UsageError, match="is no key"):
        run(service, copied(out, tmp_path / "out"), **OPTIONS)
    assert not service.service.counts
