"""Advice is followed: every option that a message names exists, and none that it advises leads to nonsense in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import to_labelbox
from harness import Case, annotation, cases, check_output, coco, image, save
from to_labelbox.cli.batch import batch
from to_labelbox.cli.convert import convert
from to_labelbox.plugins.options import OptionInfo, option_infos
from to_labelbox.plugins.registry import reader, writer
from to_labelbox.report.errors import ToLabelboxError
from to_labelbox.report.report import Report
from to_labelbox.report.suspicious import THRESHOLDS

OF_FORMAT = re.compile(r"-O ([a-z_]+)=([a-z0-9_.]*)")
OF_COMMAND = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
WORSE = 1 / 3
LEAST = THRESHOLDS["skipped"].least
"""Share and number of a set's annotations whose loss by following an advice has to be told as suspicious."""


def said(report: Report) -> Iterator[str]:
    """Every sentence of a report that may advise something."""
    for diagnostic in report.diagnostics:
        yield diagnostic.message
        yield from (example.message for example in diagnostic.examples)
    for assumption in report.assumptions:
        yield f"{assumption.why} {assumption.option}"
    for suspicion in report.suspicious:
        yield from suspicion.likely


@cache
def commands_options() -> frozenset[str]:
    return frozenset(name for command in (convert, batch) for option in command.params for name in option.opts)


def infos(format: str) -> dict[str, OptionInfo]:
    return {i.name: i for options in (reader(format).options, writer().options) for i in option_infos(options)}


def advised(report: Report) -> set[tuple[str, str]]:
    """Options of the format with the value that is advised, or each that there is where the message leaves it open."""
    known = infos(report.source.format)
    found: set[tuple[str, str]] = set()
    for text in said(report):
        for key, value in OF_FORMAT.findall(text):
            choices = known[key].choices if key in known else ()
            value = value.rstrip(".")
            found |= {(key, value)} if value or not choices else {(key, choice) for choice in choices}
    return found


def lost(report: Report) -> int:
    """Annotations that are skipped or cut."""
    clipped = sum(d.count for d in report.diagnostics if d.code == "clipped")
    return report.annotations.skipped + clipped


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.id)
def test_advice_is_followed(case: Case, tmp_path: Path) -> None:
    before = case.convert(None)
    for text in said(before):
        assert set(OF_COMMAND.findall(text)) <= commands_options() | {"--diff"}, text
    known = infos(before.source.format)
    given = case.arguments()
    for n, (key, value) in enumerate(sorted(advised(before))):
        assert key in known, f"-O {key} is advised, but {before.source.format} has no such option"
        if not value:
            continue  # a name or number that only the user can tell
        out = tmp_path / str(n)
        try:
            after = to_labelbox.convert(case.source(), out, **{**given, "options": {**given["options"], key: value}})
        except ToLabelboxError:
            continue  # refused, with a reason
        check_output(out, after)
        more = lost(after) - lost(before)
        if more > WORSE * before.annotations.read and more >= LEAST and after.exit_code() == 0:
            assert after.suspicious, f"-O {key}={value} loses {lost(after)} of {after.annotations.read} in silence"


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.id)
def test_an_option_that_is_advised_is_obeyed(case: Case) -> None:
    """What flips an assumption flips it: it is not taken again, unless the option says just what was taken."""
    before = case.convert(None)
    given = case.arguments()
    for assumption in before.assumptions:
        match = OF_FORMAT.fullmatch(assumption.option.strip())
        if match is None or not match[2]:
            continue
        try:
            after = case.convert(None, options={**given["options"], match[1]: match[2]})
        except ToLabelboxError:
            continue
        taken = {(a.what, a.taken) for a in after.assumptions}
        assert (assumption.what, assumption.taken) not in taken, f"{assumption.option} does not flip {assumption.what}"


CONVENTIONS = [(i.name, choice) for i in option_infos(reader("coco").options) for choice in i.choices]


@pytest.mark.parametrize(("key", "value"), CONVENTIONS)
def test_a_convention_that_does_not_fit_is_told(tmp_path: Path, key: str, value: str) -> None:
    """Whatever an option makes of sound boxes: refused, nothing lost, or no quiet success."""
    annotations = [annotation(n, image_id=n, bbox=[60, 50, 30 + n, 25]) for n in range(6)]
    path = save(tmp_path / "i.json", coco(annotations, [image(n) for n in range(6)]))
    assert to_labelbox.convert(path, None).suspicious == []
    try:
        forced = to_labelbox.convert(path, None, options={key: value})
    except ToLabelboxError:
        return
    assert forced.suspicious or forced.exit_code() or not lost(forced)
