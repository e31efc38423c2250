"""What stands under the closing table."""

from __future__ import annotations

from to_labelbox.cli.closing import diagnostic
from to_labelbox.report.codes import Severity
from to_labelbox.report.log import Log


def test_decisions_that_are_not_shown_are_counted() -> None:
    log = Log()
    for n in range(13):
        log.decide(f"decision {n}")
    (found,) = log.diagnostics.values()
    shown = diagnostic(found)
    assert found.severity is Severity.INFO
    assert shown[-1] == "note     … and 3 more decisions, in report.json"
    assert len(shown) == 11


def test_what_is_decided_for_many_classes_is_one_line_and_hides_nothing_else() -> None:
    log = Log()
    for n in range(30):
        log.decide(f"{f'class {n}'!r} is one")
    log.decide("'color' of \"baker's van\" has 2 distinct values: radio")
    log.decide("the order of the axes is x, y")
    assert [line for one in log.diagnostics.values() for line in diagnostic(one)] == [
        "note     'class 0' is one; likewise 'class 1', 'class 2', 'class 3', 'class 4' and 25 more",
        "note     'color' of \"baker's van\" has 2 distinct values: radio",
        "note     the order of the axes is x, y",
    ]
