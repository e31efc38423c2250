"""All six steps, for every media type, with the unmodified SDK against the stand-in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from formats.labelbox.importing.payloads import MEDIA, output
from formats.labelbox.importing.stand_in import StandIn
from harness import lines
from to_labelbox.model.items import Media

pytestmark = pytest.mark.filterwarnings("ignore")


def run(service: StandIn, out: Path, **options: Any) -> to_labelbox.ImportReport:
    options = {"project": "yard", "yes": True, "endpoint": service.endpoint, **options}
    return to_labelbox.import_(out, **options)


@pytest.mark.parametrize("media", MEDIA)
def test_all_steps(service: StandIn, tmp_path: Path, media: Media) -> None:
    out = output(tmp_path / "out", media)
    report = run(service, out)
    final = service.final()
    sent = [json.dumps(line) for line in lines(out)]
    assert [json.dumps(json.loads(line)) for line in final["labels"]] == sorted(sent)
    assert len(sent) == 6
    assert final["datasets"] == [("yard", "Imported by to-labelbox import RUN", 3)]
    assert [p[:1] + p[2:] for p in final["projects"]] == [("yard", report.projects[0].media_type, True, 6)]
    assert final["batches"] == [("yard RUN 001-0000", "yard", 3)]
    assert final["jobs"] == [("to-labelbox RUN 0001", "yard", "FINISHED", "label")]
    assert report.exit_code() == 0
    assert report.lines.balanced()
    assert (report.lines.lines, report.lines.imported, report.rows.new) == (6, 6, 3)
    assert "key sent with a file" not in service.service.counts


def test_a_finished_import_sends_next_to_nothing(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    first = run(service, out)
    before, final = service.service.count, service.final()
    again = run(service, out)
    assert service.service.count - before <= 5
    assert service.final() == final
    assert again.lines == first.lines
    assert again.classes == first.classes
    assert again.state == "finished"


def test_the_report_is_written_and_adds_up(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out", rows=5, each=3)
    run(service, out, lines_per_job=6)
    report = json.loads((out / "import.json").read_bytes())
    assert report["state"] == "finished"
    assert report["organisation"] == "Yard Ltd"
    assert [job["lines"] for job in report["projects"][0]["jobs"]] == [6, 6, 3]
    assert {name: c["imported"] for name, c in report["classes"].items()} == {"car": 10, "truck": 5}
    assert report["lines"] == {"lines": 15, "not_sent": 0, "sent": 15, "imported": 15, "failed": 0, "unknown": 0}
    assert not list((out / "import").glob("*.lines.ndjson")), "files of jobs are not kept"


def test_prelabels_are_predictions(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    assert run(service, out, mode="prelabels").lines.imported == 6
    assert service.final()["jobs"] == [("to-labelbox RUN 0001", "yard", "FINISHED", "mal")]


def test_only_the_first_rows(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out", rows=5)
    report = run(service, out, project="trial", first=2)
    assert (report.rows.new, report.lines.imported) == (2, 4)
    assert [row[0] for row in service.final()["rows"]] == ["a/0000.jpg", "a/0001.jpg"]
    whole = run(service, out, project="all", existing_rows="use")
    assert (whole.rows.new, whole.rows.existing, whole.lines.imported) == (3, 2, 10)


def test_several_payload_files_are_one(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out", rows=6, shard_lines=4)
    assert len(list(out.glob("annotations-*.ndjson"))) == 3
    assert run(service, out).lines.imported == 12


def test_tasks_and_jobs_that_take_long_are_waited_for(service: StandIn, tmp_path: Path, waits: list[float]) -> None:
    service.service.polls = 40
    out = output(tmp_path / "out")
    assert run(service, out).lines.imported == 6
    assert sum(waits) > 300
    assert min(w for w in waits if w) >= 1
