"""What became of the lines of one job: its statuses, counted against the lines that were sent.

A status is ``{"uuid", "dataRow": {"id"}, "status", "errors": [{"name", "message", …}]}``, one a line sent [SDK 7.17,
annotation_import.py]. It is matched by uuid; lines without one (video masks, answers over frames) by their place among
the statuses with no uuid of ours, if the numbers agree. A line of which nothing is said, or two things, is unknown, never
imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from to_labelbox.plugins.importer import LineCounts
from to_labelbox_formats.labelbox.importing.plan import line_of

IMPORTED, FAILED, UNKNOWN = "imported", "failed", "unknown"
_OUTCOMES = {"SUCCESS": IMPORTED, "FAILURE": FAILED}


class StatusRow(Struct):
    id: str | None = None


class Status(Struct):
    uuid: str | None = None
    status: str = ""
    errors: list[dict[str, Any]] | None = None
    dataRow: StatusRow | None = None

    @property
    def message(self) -> str:
        return "; ".join(" ".join(str(e.get(k) or "") for k in ("name", "message")).strip() for e in self.errors or ())


class Outcome(Struct):
    """``row`` is the data row's id at the service."""

    state: str
    message: str = ""
    row: str = ""


class SentLine(Struct):
    """``number``: the line of the whole payload, from 0."""

    number: int
    row: int
    uuid: str
    label: str
    key: str


_decode = msgspec.json.Decoder(Status).decode


def read_statuses(lines: Iterable[bytes]) -> Iterator[Status]:
    """The statuses of a result file; a line that is none counts as one that says nothing."""
    for line in lines:
        if line.strip():
            try:
                yield _decode(line)
            except (ValueError, RecursionError):
                yield Status()


def sent_lines(data: bytes, numbers: list[int], row: int) -> list[SentLine]:
    """The lines of one data row as they were sent."""
    found = []
    for raw, number in zip(data.split(b"\n"), numbers):
        line = line_of(raw)
        found.append(SentLine(number, row, line.uuid, line.label, line.dataRow.globalKey or line.dataRow.id))
    return found


def match(sent: list[SentLine], statuses: list[Status]) -> list[Outcome]:
    """An outcome for each line, in order."""
    outcomes = [Outcome(UNKNOWN, "Labelbox says nothing of this line") for _ in sent]
    places = {line.uuid.lower(): n for n, line in enumerate(sent) if line.uuid}
    rest: list[Status] = []
    matched: set[int] = set()
    for status in statuses:
        n = places.get(status.uuid.lower(), -1) if status.uuid else -1
        if n < 0:
            rest.append(status)
        elif n not in matched:
            outcomes[n] = _outcome(status)
            matched.add(n)
        elif (other := _outcome(status)).state != outcomes[n].state:
            outcomes[n] = Outcome(
                UNKNOWN, f"Labelbox says two things of this line: {other.state}, {outcomes[n].state}", other.row
            )
    left = [n for n, line in enumerate(sent) if not line.uuid or not matched]
    if rest and len(rest) == len(left):  # by place
        for n, status in zip(left, rest):
            outcomes[n] = _outcome(status)
    return outcomes


def _outcome(status: Status) -> Outcome:
    row = status.dataRow.id or "" if status.dataRow else ""
    state = _OUTCOMES.get(status.status.upper(), UNKNOWN)
    message = status.message or ("" if state == IMPORTED else f"status {status.status or 'missing'}")
    return Outcome(state, message, row)


def count(sent: list[SentLine], outcomes: list[Outcome]) -> dict[str, LineCounts]:
    """By class; ``lines`` and ``sent`` are those of the job."""
    classes: dict[str, LineCounts] = {}
    for line, outcome in zip(sent, outcomes):
        counts = classes.setdefault(line.label, LineCounts())
        counts.lines += 1
        counts.sent += 1
        setattr(counts, outcome.state, getattr(counts, outcome.state) + 1)
    return classes
