"""What is refused with a sentence: an output that somebody has edited, projects that no row is in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import to_labelbox
from builders.labelbox_export import exported, saved
from formats.labelbox.importing.payloads import output
from to_labelbox import UsageError


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return output(tmp_path / "out", rows=3, each=2)


def test_an_ontology_that_is_none_is_refused(out: Path) -> None:
    """Where somebody has edited the output's own file."""
    export = saved(out.parent / "export.ndjson", exported(out))
    ontology = json.loads((out / "ontology.json").read_text())
    ontology["tools"][0]["classifications"] = ["NaN"]
    (out / "ontology.json").write_text(json.dumps(ontology))
    with pytest.raises(UsageError, match=r"ontology\.json: want an object with 'tools'"):
        to_labelbox.compare(out, export)


def test_long_names_of_projects_are_cut(out: Path) -> None:
    export = saved(out.parent / "export.ndjson", exported(out))
    with pytest.raises(UsageError, match=r"export\.ndjson: no row of the export is in xx.*there are") as raised:
        to_labelbox.compare(out, export, projects=["x" * 1_000_000])
    assert len(str(raised.value)) < 2000


@pytest.mark.parametrize("content", [b'{"to-labelbox": "\x9a"}', b"[" * 100_000], ids=["no text", "deep"])
def test_a_report_that_is_none_is_told(content: bytes, out: Path) -> None:
    (out / "report.json").write_bytes(content)
    assert "report.json" in {fault.file for fault in to_labelbox.validate(out)}
    with pytest.raises(to_labelbox.ToLabelboxError, match=r"report\.json"):
        to_labelbox.import_(out, project="yard", dry_run=True)
