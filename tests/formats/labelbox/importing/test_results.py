"""Lines that fail, lines of which nothing is said, jobs that fail as a whole, and importing again what failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from formats.labelbox.importing.payloads import annotation, asset, output
from formats.labelbox.importing.stand_in import StandIn
from formats.labelbox.importing.test_steps import run
from to_labelbox import RefusedError, Settings
from to_labelbox.model.items import Item, Media

pytestmark = pytest.mark.filterwarnings("ignore")


def refuse_trucks(line: dict[str, Any]) -> str:
    return f"Invalid value 'x{line['uuid'][-2:]}' at 17" if line["name"] == "truck" else ""


def failed(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "import/failed.ndjson").read_text().splitlines()]


def test_failed_lines_lead_back_to_their_source(service: StandIn, tmp_path: Path) -> None:
    service.service.refuse_lines = refuse_trucks
    out = output(tmp_path / "out", rows=4)
    report = run(service, out, lines_per_job=4)
    assert report.exit_code() == 1
    assert (report.lines.imported, report.lines.failed, report.lines.unknown) == (4, 4, 0)
    assert {n: (c.imported, c.failed) for n, c in report.classes.items()} == {"car": (4, 0), "truck": (0, 4)}
    (message,) = report.messages
    assert (message.count, message.classes) == (4, {"truck": 4})
    assert message.message == "ValidationError Invalid value … at …"
    assert [(line["line"], line["key"]) for line in failed(out)] == [
        (2, "a/0000.jpg"), (4, "a/0001.jpg"), (6, "a/0002.jpg"), (8, "a/0003.jpg"),
    ]  # fmt: skip
    first = failed(out)[0]
    assert (first["file"], first["id"], first["class"]) == ("a.json", "1", "truck")
    assert first["data_row"].startswith("https://app.labelbox.com/data-rows/ro")
    assert "truck" in report.text
    assert "a.json (id 1) line 2 of the payload" in report.text


def test_without_an_index_lines_are_counted_all_the_same(service: StandIn, tmp_path: Path) -> None:
    service.service.refuse_lines = refuse_trucks
    out = output(tmp_path / "out", rows=4)
    (out / "index.ndjson").unlink(missing_ok=True)
    report = json.loads((out / "report.json").read_text())
    report["outputs"].pop("index.ndjson", None)
    (out / "report.json").write_text(json.dumps(report))
    assert run(service, out).lines.failed == 4
    assert "file" not in failed(out)[0]


def test_lines_without_a_status_are_unknown_not_imported(service: StandIn, tmp_path: Path) -> None:
    service.service.drop_statuses = 2
    report = run(service, output(tmp_path / "out", rows=4))
    assert (report.lines.imported, report.lines.unknown) == (6, 2)
    assert report.exit_code() == 1
    assert report.projects[0].jobs[0].note == "6 statuses came back for 8 lines"


def test_lines_without_a_uuid_are_matched_by_their_place(service: StandIn, tmp_path: Path) -> None:
    service.service.refuse_lines = lambda line: "no" if line["name"] == "mood 1" else ""
    out = output(tmp_path / "out", Media.AUDIO, rows=3, each=3)
    assert not any("uuid" in json.loads(line) for line in (out / "annotations.ndjson").read_text().splitlines())
    report = run(service, out)
    assert {n: c.failed for n, c in report.classes.items()} == {"mood 0": 0, "mood 1": 3, "mood 2": 0}


def test_results_whose_link_is_gone_are_unknown(service: StandIn, tmp_path: Path) -> None:
    service.service.expired = True
    out = output(tmp_path / "out")
    report = run(service, out)
    assert (report.lines.imported, report.lines.unknown) == (0, 6)
    assert "link is no longer good" in report.projects[0].jobs[0].note
    with pytest.raises(RefusedError, match="no line has failed"):
        run(service, out, retry_failed=True)
    assert len(service.final()["labels"]) == 6


def test_a_job_that_fails_as_a_whole_is_halved(service: StandIn, tmp_path: Path) -> None:
    service.service.spoil = frozenset({"a/0013.jpg"})
    report = run(service, output(tmp_path / "out", rows=32))
    assert (report.lines.imported, report.lines.failed) == (62, 2)
    assert [e["key"] for m in report.messages for e in m.examples] == ["a/0013.jpg", "a/0013.jpg"]
    assert len(service.final()["labels"]) == 62
    assert len(service.service.tables["job"]) == 11


def test_halving_has_an_end(service: StandIn, tmp_path: Path) -> None:
    service.service.spoil = frozenset(f"a/{n:04}.jpg" for n in range(64))
    report = run(service, output(tmp_path / "out", rows=64, each=1))
    assert (report.lines.imported, report.lines.failed) == (0, 64)
    assert len(service.service.tables["job"]) <= 21


def test_failed_rows_are_imported_again_whole(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out", rows=6, each=3)
    service.service.refuse_lines = lambda line: (
        "busy" if "0002" in line["dataRow"]["globalKey"] and line["name"] == "truck" else ""
    )
    assert run(service, out, lines_per_job=7).lines.failed == 1
    service.service.refuse_lines = lambda line: ""
    report = run(service, out, lines_per_job=7, retry_failed=True)
    assert report.exit_code() == 0
    assert (report.lines.lines, report.lines.imported, report.lines.failed) == (18, 18, 0)
    assert report.lines.balanced()
    again = [job.lines for job in report.projects[0].jobs if job.name.startswith("R1-")]
    assert again == [3]
    assert not (out / "import/failed.ndjson").exists()
    with pytest.raises(RefusedError, match="no line has failed"):
        run(service, out, lines_per_job=7, retry_failed=True)


def test_rows_that_could_not_be_made_are_tried_again(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out", rows=6, each=3)
    service.service.refuse_rows = lambda row: "cannot be fetched" if "0004" in row["global_key"] else ""
    report = run(service, out)
    assert (report.rows.failed, report.lines.not_sent, report.lines.imported) == (1, 3, 15)
    assert report.messages[0].message == "cannot be fetched"
    service.service.refuse_rows = lambda row: ""
    report = run(service, out, retry_failed=True)
    assert (report.rows.new, report.rows.failed, report.lines.not_sent, report.lines.imported) == (6, 0, 0, 18)
    assert report.lines.balanced()
    assert sorted(size for _, _, size in service.final()["batches"]) == [1, 5]


def test_the_same_row_in_several_places_of_the_payload_goes_into_one_job(service: StandIn, tmp_path: Path) -> None:
    """A later job could replace what an earlier one has put on a row."""
    out = tmp_path / "out"
    made = [
        Item(asset=asset(Media.IMAGE, f"a/{n}"), annotations=[annotation(Media.IMAGE, m) for m in range(3)])
        for n in range(4)
    ]
    to_labelbox.write(made, out, settings=Settings(url_prefix="https://example.org"))
    lines = (out / "annotations.ndjson").read_text().splitlines(keepends=True)
    scattered = [lines[k] for n in range(3) for k in range(n, 12, 3)]
    (out / "annotations.ndjson").write_text("".join(scattered))
    retold(out, "annotations.ndjson")
    report = run(service, out, lines_per_job=6)
    assert report.lines.imported == 12
    for job in service.service.requests:
        if job[0] == "createLabelImportByFilePyApi":
            keys = [f"a/{n}.jpg" for n in range(4) if f"a/{n}.jpg".encode() in job[1]]
            assert all(job[1].count(f'"{key}"'.encode()) == 3 for key in keys)
            assert len(keys) == 2


def retold(out: Path, name: str) -> None:
    """Let the report state the hash of a file that was changed."""
    import hashlib

    report = json.loads((out / "report.json").read_text())
    report["outputs"][name]["sha256"] = hashlib.sha256((out / name).read_bytes()).hexdigest()
    (out / "report.json").write_text(json.dumps(report))
