"""`--existing-rows use`: rows of other assets are found wherever they stand, and what was not compared is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from formats.labelbox.importing.payloads import output
from formats.labelbox.importing.stand_in import StandIn
from formats.labelbox.importing.test_existing import created
from formats.labelbox.importing.test_steps import run
from to_labelbox import RefusedError
from to_labelbox_formats.labelbox.importing import existing
from to_labelbox_formats.labelbox.importing.existing import names_of

pytestmark = pytest.mark.filterwarnings("ignore")


def taken(service: StandIn, out: Path, rows: int, others: range) -> Path:
    """An output of so many rows, all of which exist; those of ``others`` are other assets."""
    for n in range(rows):
        name = f"zebra{n}.png" if n in others else f"{n:04}.jpg"
        service.add_row(f"a/{n:04}.jpg", f"https://example.org/{name}", name)
    return output(out, rows=rows, each=1)


def test_every_existing_row_is_compared(service: StandIn, tmp_path: Path) -> None:
    out = taken(service, tmp_path / "out", 230, range(180, 200))
    with pytest.raises(RefusedError, match=r"20 of 230 existing data rows(?s:.*)'a/0180.jpg' is taken by") as raised:
        run(service, out, existing_rows="use")
    for part in ("… and 10 more", "--global-key", "--data-rows"):
        assert part in str(raised.value)
    assert service.service.counts["DataRowsPyApi"] == 3, "a hundred rows a request"
    assert created(service) == []


@pytest.mark.parametrize("aliases", [True, False])
def test_rows_that_agree_are_used_and_it_is_said_that_all_do(service: StandIn, tmp_path: Path, aliases: bool) -> None:
    service.service.aliases = aliases
    report = run(service, taken(service, tmp_path / "out", 120, range(0)), existing_rows="use")
    assert (report.rows.existing, report.lines.imported, report.notes) == (120, 120, [])
    assert "their file names agree" in report.questions[0]


def test_what_was_not_compared_is_told_as_an_assumption(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that takes one row a request is asked for as many as is bearable, of the whole."""
    service.service.aliases = False
    monkeypatch.setattr(existing, "MOST_SINGLY", 20)
    monkeypatch.setattr(existing, "TOGETHER", 10)
    out = taken(service, tmp_path / "out", 60, range(0))
    plan = run(service, out, existing_rows="use", dry_run=True)
    assert "assumed: the existing data rows are the payload's assets. The file names of 20 of 60 were" in plan.text
    assert service.service.counts["GetDataRowPyApi"] == 20
    report = run(service, out, existing_rows="use")
    assert any("20 of 60" in note for note in report.notes)
    assert "agree" not in report.questions[0]
    service.service.tables["row"][service._keys["a/0059.jpg"]].update(externalId="z.png", rowData="https://e.org/z.png")
    with pytest.raises(RefusedError, match="1 of 20 existing data rows that were compared is another asset"):
        run(service, out, project="b", existing_rows="use", restart=True)


def test_rows_without_a_name_are_not_counted_as_compared(service: StandIn, tmp_path: Path) -> None:
    service.add_row("a/0000.jpg", "", "")
    service.add_row("a/0001.jpg", "https://example.org/0001.jpg", "")
    plan = run(service, output(tmp_path / "out"), existing_rows="use", dry_run=True)
    assert "1 of 2 were compared and agree" in plan.text


def test_names_of_data_that_is_an_object_in_either_form() -> None:
    assert names_of({"pdf_url": "https://e.org/a%20b.pdf?x=1"}) == {"a b.pdf"}
    assert names_of('{"pdf_url": "https://e.org/a%20b.pdf"}') == {"a b.pdf"}
    assert names_of("{no object", "k.txt") == {"{no object", "k.txt"}
