"""docs/matrix.md is made here, from lines that are written and from fixtures that convert, so it cannot claim more.

``pytest --update-golden`` rewrites it and fixtures/cells/.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness import FIXTURES, ROOT, cases, lines, ontology
from labelbox_cells import CASES, COLUMNS, ROWS
from labelbox_writer import written
from test_golden import readable
from to_labelbox import Settings, ToLabelboxError
from to_labelbox.model.items import Media
from to_labelbox_formats.labelbox.encode.data_rows import MEDIA_TYPES

Cell = tuple[str, Media]

MEDIA = {name: media for media, name in MEDIA_TYPES.items()} | {"TMS_SIMPLE": Media.GEOSPATIAL}
KEYS = {
    "bbox": "box",
    "polygon": "polygon",
    "point": "point",
    "line": "polyline",
    "mask": "mask",
    "masks": "mask",
    "location": "entity",
    "textSelections": "entity",
    "relationship": "relationship",
}
HEAD = """# Annotation types by asset types

Each cell names the payload form and leads to the line that is written for it; behind it stand the source formats that
have such annotations, each leading to an example. "Python" means that no source format has them, so they come from the
[model](../core/to_labelbox/model/items.py) alone. A dash: Labelbox takes no such import.

"""
FOOT = """
Video boxes, points and polylines are tracks. Answers are about a whole asset (K) or about messages (C2), frames (V5, V6)
or stretches of time (A). What a cell with a dash becomes, and what the forms look like, is in
[formats/labelbox.md](formats/labelbox.md). Relationships are written with `--relationships`. DICOM has left Labelbox's
current documentation and is kept for old projects. What each fixture is about: [fixtures](../fixtures/README.md).

This page is made by `tests/formats/labelbox/test_matrix.py`.
"""


def cell_lines() -> dict[Cell, list[dict[str, Any]]]:
    """The lines of each cell, from the model."""
    found: dict[Cell, list[dict[str, Any]]] = {}
    for case in CASES:
        made = written([case.item], settings=Settings(relationships=True))
        found.setdefault((case.row, case.media), []).append(readable(made.lines[-1]))
    return found


def row_of(line: dict[str, Any], questions: dict[str, str]) -> str:
    if "segments" in line:
        return next(KEYS[k] for k in line["segments"][0]["keyframes"][0] if k in KEYS)
    return next((KEYS[k] for k in line if k in KEYS), "") or questions[line["name"]]


def sources(folder: Path) -> dict[Cell, dict[str, str]]:
    """By cell and format, the first fixture that has such a line."""
    found: dict[Cell, dict[str, str]] = {}
    plainest = sorted(cases(), key=lambda case: ("broken" in case.name, case.id))
    for n, case in enumerate(plainest):
        out = folder / str(n)
        try:
            case.convert(out)
        except ToLabelboxError:
            continue  # test_golden tells
        media = {row["global_key"]: MEDIA[row["media_type"]] for row in lines(out, "data_rows.ndjson")}
        questions = {c["name"]: c["type"] for c in ontology(out)["classifications"]}
        for line in lines(out):
            cell = row_of(line, questions), media[line["dataRow"]["globalKey"]]
            found.setdefault(cell, {}).setdefault(case.format, case.name)
    return found


def table(found: dict[Cell, dict[str, str]]) -> str:
    text = f"| | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}\n"
    for row in ROWS:
        texts = []
        for media in COLUMNS:
            codes = "/".join(dict.fromkeys(c.code for c in CASES if (c.row, c.media) == (row, media)))
            if not codes:
                texts.append("–")
                continue
            links = [f"[{f}](../fixtures/{f}/{name})" for f, name in sorted(found.get((row, media), {}).items())]
            texts.append(f"[{codes}](../fixtures/cells/{media}-{row}.ndjson): {', '.join(links) or 'Python'}")
        text += f"| {row} | {' | '.join(texts)} |\n"
    return text


def test_no_fixture_has_a_line_outside_the_table(tmp_path: Path) -> None:
    assert sources(tmp_path).keys() <= cell_lines().keys()


def test_matrix(tmp_path: Path, update_golden: bool) -> None:
    page = HEAD + table(sources(tmp_path)) + FOOT
    files = {ROOT / "docs/matrix.md": page}
    for (row, media), made in cell_lines().items():
        files[FIXTURES / "cells" / f"{media}-{row}.ndjson"] = "".join(json.dumps(line) + "\n" for line in made)
    if update_golden:
        (FIXTURES / "cells").mkdir(exist_ok=True)
        for path, text in files.items():
            path.write_text(text)
    for path, text in files.items():
        if not path.exists() or path.read_text() != text:
            pytest.fail(f"{path.relative_to(ROOT)} is out of date: pytest {Path(__file__).name} --update-golden")
    assert {p.name for p in (FIXTURES / "cells").iterdir()} == {p.name for p in files if p.suffix == ".ndjson"}
