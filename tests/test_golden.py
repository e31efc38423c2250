"""fixtures/<format>/<case>/input/ converts to the expected files beside it.

``pytest --update-golden`` rewrites them; the diff is reviewed by hand. Masks stand in expected.ndjson as run lengths of
their pixels instead of PNG bytes, so that they can be read and do not depend on the zlib at hand. The report goes in
without what differs from machine to machine: version, path, sizes and hashes.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from harness import GIVEN, Case, cases, check_output, lines, ontology, pixels, report
from to_labelbox import formats


def runs(array: Any) -> list[int]:
    """Column-major run lengths, background first, as COCO writes them."""
    counts = [len(list(group)) for _, group in groupby(array.T.ravel().tolist())]
    return counts if not array[0, 0] else [0, *counts]


def readable(value: Any) -> Any:
    """A line with its pictures as run lengths."""
    if isinstance(value, dict):
        return {k: picture(v) if k in ("png", "imBytes") else readable(v) for k, v in value.items()}
    return [readable(v) for v in value] if isinstance(value, list) else value


def picture(png: str) -> dict[str, Any]:
    array = pixels(png)
    size = list(array.shape[:2])
    if array.ndim == 2:
        values = [v for v in sorted(set(array.ravel().tolist())) if v]
        return {"size": size, "value": values, "counts": runs(array != 0)}
    colors = sorted({tuple(c) for row in array.tolist() for c in row} - {(0, 0, 0)})
    return {"size": size, "colors": {",".join(map(str, c)): runs((array == c).all(axis=2)) for c in colors}}


def stable(out: Path, given: Path) -> dict[str, Any]:
    """The parts of a report that are the same on every machine."""
    made = report(out)
    del made["tool"]
    del made["source"]["path"]
    made["outputs"] = {name: output["lines"] for name, output in made["outputs"].items()}
    cleaned: dict[str, Any] = json.loads(json.dumps(made).replace(json.dumps(str(given))[1:-1], GIVEN))
    return cleaned


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.id)
def test_golden(case: Case, tmp_path: Path, update_golden: bool) -> None:
    if case.format not in formats():
        pytest.fail(f"there are fixtures for {case.format}, but no such reader can be loaded")
    out = tmp_path / "out"
    check_output(out, case.convert(out))
    made = {
        "expected.ndjson": "".join(json.dumps(readable(line)) + "\n" for line in lines(out)),
        "expected.ontology.json": json.dumps(ontology(out), indent=1) + "\n",
        "expected.report.json": json.dumps(stable(out, case.input), indent=1) + "\n",
    }
    if update_golden:
        for name, text in made.items():
            (case.folder / name).write_text(text)
    for name, text in made.items():
        expected = case.folder / name
        if not expected.exists():
            pytest.fail(f"{case.id} has no {name}: make it with pytest --update-golden and review it")
        assert text.splitlines() == expected.read_text().splitlines(), name
