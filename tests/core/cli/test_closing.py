"""What stands under the closing table."""

from __future__ import annotations

from to_labelbox.cli.closing import diagnostic
from to_labelbox.report.codes import Severity
from to_labelbox.report.log import Log


def test_decisions_that_are_not_shown_are_counted() -> None:
    log = Log()
    for n in range(8):
        log.decide(f"decision {n}")
    (found,) = log.diagnostics.values()
    shown = diagnostic(found)
    assert found.severity is Severity.INFO
    assert shown[-1] == "note     … and 3 more of the same kind"
    assert len(shown) == 6
