"""What the report lists as a class can be named by --include, --exclude and class maps, whatever the format makes of it."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import Case, cases, contents
from to_labelbox import ClassMap, ClassRule, Report, read_class_map
from to_labelbox.conversion.job import ConversionJob, open_job
from to_labelbox.conversion.run import run
from to_labelbox.ontology.class_map_template import template
from to_labelbox.report.log import UNNAMED, UNREADABLE, Tally

READERS = dict(to_labelbox.formats())
PLAIN = [
    c
    for c in cases()
    if c.format in READERS
    and not c.given.keys() & {"class_map", "include", "exclude", "ontology", "data_rows", "one_tool"}
]
MOST = 4
"""Classes of a fixture that are tried."""


def converted(case: Case, **more: Any) -> Report:
    settings = case.arguments()["settings"]
    return case.convert(None, settings=to_labelbox.Settings(**{**_given(settings), **more}))


def _given(settings: to_labelbox.Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


def names_of(report: Report) -> list[str]:
    """Classes of which something is written: the last ones first, since answers follow the shapes."""
    written = [n for n, tally in report.classes.items() if tally.written and n not in (UNNAMED, UNREADABLE)]
    return written[-MOST:]


def nothing_of(name: str, report: Report) -> bool:
    tally = report.classes.get(name, Tally())
    return tally.written == 0 and tally.skipped > 0


@pytest.mark.parametrize("case", PLAIN, ids=lambda c: c.id)
def test_every_reported_class_can_be_named(case: Case, tmp_path: Path) -> None:
    whole = converted(case)
    for name in names_of(whole):
        pattern = glob.escape(name)
        assert nothing_of(name, converted(case, exclude=(pattern,))), f"--exclude {name}"
        assert nothing_of(name, converted(case, class_map=ClassMap({name: ClassRule(drop=True)}))), f"{name}: null"

        kept = converted(case, include=(pattern,))
        if not case.given.get("relationships"):  # without their ends they cannot be kept
            assert closed(kept.classes[name]) == closed(whole.classes[name]), f"--include {name}"
        others = [n for n in kept.classes if n != name and not n.startswith((f"{name}: ", f"{name}/"))]
        assert not any(kept.classes[n].written for n in others), f"--include {name}"

        renamed = converted(case, class_map=ClassMap({name: ClassRule(name="Another name")}))
        assert renamed.classes == whole.classes, f"{name}: Another name"
    if names_of(whole):
        rules = ClassMap({names_of(whole)[-1]: ClassRule(name="Another name")})
        settings = to_labelbox.Settings(**{**_given(case.arguments()["settings"]), "class_map": rules})
        case.convert(tmp_path / "out", settings=settings)
        assert "Another name" in (tmp_path / "out" / "ontology.json").read_text(), names_of(whole)[-1]


def closed(tally: Tally) -> int:
    """What is on a line, be it one that another annotation shares."""
    return tally.written + tally.merged


@pytest.mark.parametrize("case", PLAIN, ids=lambda c: c.id)
def test_a_template_as_it_is_changes_nothing_and_counts_as_the_report(case: Case, tmp_path: Path) -> None:
    given = case.arguments()
    known = ("format", "options", "settings", "media_root", "sizes", "exif", "other_size")
    opened = open_job(
        ConversionJob(sources=tuple(map(str, case.source())), **{k: v for k, v in given.items() if k in known})
    )
    result = run(opened, None, given["settings"])
    text = template("source", opened.declared, result.ontology, result.survey, opened.log.ledger)
    file = tmp_path / "map.yaml"
    file.write_text(text, encoding="utf-8")
    case.convert(tmp_path / "plain")
    settings = _given(given["settings"])
    case.convert(tmp_path / "mapped", settings=to_labelbox.Settings(**{**settings, "class_map": read_class_map(file)}))
    assert contents(tmp_path / "mapped") == contents(tmp_path / "plain")
    totals = re.findall(r"^  [^ ].*:.*  # ([\d,]+) annotation", text, re.MULTILINE)
    unnamed = sum(t.read for n, t in result.report.classes.items() if n in (UNNAMED, UNREADABLE) or not n.strip())
    assert sum(int(count.replace(",", "")) for count in totals) == result.report.annotations.read - unnamed
