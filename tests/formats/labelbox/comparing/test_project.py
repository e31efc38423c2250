"""Which project of an export is compared where the user names none: that of the import, if it is of this payload."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from builders.labelbox_export import PROJECT, exported
from formats.labelbox.comparing.test_laws import compared
from formats.labelbox.importing.payloads import items, output
from to_labelbox import UsageError
from to_labelbox.plugins.importer import ImportOptions
from to_labelbox_formats.labelbox.importing.journal import Journal
from to_labelbox_formats.labelbox.output import open_output


def of_two_projects(tmp_path: Path) -> tuple[Path, list[dict[str, Any]]]:
    """An output, and the rows of an export that holds another project besides."""
    out = output(tmp_path / "out", rows=3, each=2)
    rows = exported(out)
    for row in rows:
        row["projects"]["other"] = {"name": "trial", "labels": []}
    return out, rows


def test_the_project_of_the_import_is_taken(tmp_path: Path) -> None:
    out, rows = of_two_projects(tmp_path)
    (out / "import.json").write_text(json.dumps({"projects": [{"id": PROJECT}]}))
    report = compared(out, rows)
    assert report.exit_code() == 0
    assert any("that import.json names" in note for note in report.notes)


def test_the_project_of_another_payload_is_not_taken(tmp_path: Path) -> None:
    """The import is of what ``convert --overwrite`` has overwritten."""
    out, rows = of_two_projects(tmp_path)
    (out / "import.json").write_text(json.dumps({"projects": [{"id": PROJECT}]}))
    journal = Journal(str(out))
    journal.make()
    journal.begin(ImportOptions(project="yard"), open_output(str(out)).hashes(), "https://e.org/graphql")
    journal.save()
    assert compared(out, rows).exit_code() == 0
    to_labelbox.write(items(rows=4), out, overwrite=True)
    report = compared(out, rows, projects=[PROJECT])
    assert report.rows.total == 4
    with pytest.raises(UsageError, match=r"not taken: the payload has changed since import(?s:.*)--project other"):
        compared(out, rows)
