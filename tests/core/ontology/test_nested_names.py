"""Nested questions and options whose names are one when they are cleaned are told apart, in the ontology and in the lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import annotation, coco, lines, ontology, save
from to_labelbox.ontology.infer import distinct_names

ODD = ["a b", "a\nb", "a\tb", "a\x00b", "a\x01b", "", " ", "plain"]


def test_distinct_names() -> None:
    named = distinct_names(ODD)
    assert list(named) == ODD
    assert len(set(named.values())) == len(ODD)
    assert all(name.isprintable() and name.strip() for name in named.values())
    assert [named[n] for n in ("a b", "a\nb", "a\tb", "plain")] == ["a b", "a b 2", "a b 3", "plain"]


@pytest.mark.parametrize("attributes", [
    [dict.fromkeys(ODD, "x")],
    [{"kind": name} for name in ODD if name.strip()],
])  # fmt: skip
def test_what_is_written_fits_its_ontology(attributes: list[dict[str, str]], tmp_path: Path) -> None:
    source = save(
        tmp_path / "a.json",
        coco([annotation(n, bbox=[n, 1, 9, 9], attributes=given) for n, given in enumerate(attributes)]),
    )
    made = to_labelbox.convert(source, tmp_path / "out")
    assert [f for f in to_labelbox.validate(tmp_path / "out") if f.severity == "error"] == []
    asked = ontology(tmp_path / "out")["tools"][0]["classifications"]
    answers = [c for line in lines(tmp_path / "out") for c in line["classifications"]]
    assert len({q["name"] for q in asked}) == len(asked) == len(attributes[0])
    assert {c["name"] for c in answers} == {q["name"] for q in asked}
    chosen = {json.dumps(c["answer"]) for c in answers}
    assert len(chosen) == max(len(attributes), 1)
    assert any("cleaned, its name is another one's" in d for d in decisions(made))


def decisions(report: Any) -> list[str]:
    return [e.message for d in report.diagnostics for e in d.examples]
