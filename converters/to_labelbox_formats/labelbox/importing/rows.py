"""Step 1: data rows. What is missing is created, and all is looked up again until nothing is missing or nothing changes.

Global keys are unique in an organisation, so a row that is sent twice is made once. One duplicate among others was
reported to cost its chunk or its task: what these have taken with them is sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from to_labelbox.report.errors import RefusedError, UnavailableError
from to_labelbox_formats.labelbox.importing.calls import PAUSES, Unanswered
from to_labelbox_formats.labelbox.importing.client import KEYS_A_LOOKUP, Labelbox
from to_labelbox_formats.labelbox.importing.plan import DataRow, Numbers, Plan

ROWS_A_CALL = 5_000
ROUNDS = 12
SETTLE = 30.0
"""Seconds before rows that did not appear are given up: a task that nobody has recorded may still make them."""

Say = Callable[[int, int], None]


class Rows:
    """The data rows of a plan at the service. ``failed``: reasons by the row's number."""

    def __init__(self, box: Labelbox, plan: Plan) -> None:
        self._box, self._plan = box, plan
        self.failed: dict[int, str] = {}
        self._reasons: dict[str, str] = {}

    def lookup(self, rows: Numbers, said: Say = lambda done, total: None) -> Numbers:
        """Those of these rows that do not exist."""
        missing: list[int] = []
        for at in range(0, len(rows), KEYS_A_LOOKUP):
            chunk = rows[at : at + KEYS_A_LOOKUP]
            ids = self._box.lookup([self._plan.key(int(row)) for row in chunk])
            missing += [int(row) for row, id in zip(chunk, ids) if not id]
            said(at + len(chunk), len(rows))
        return np.array(missing, np.int64)

    def wait(self, tasks: list[str]) -> None:
        """Wait for tasks, as long as they take, and keep the reasons of rows that failed."""
        for task in tasks:
            if (state := self._box.ended(task)) is not None:
                self._reasons.update(state.failed)
                if state.reason:
                    self._reasons.setdefault("", state.reason)

    def create(
        self,
        dataset: str,
        missing: Numbers,
        prepared: Callable[[Iterator[tuple[int, DataRow]]], Iterator[tuple[int, dict[str, Any] | str]]],
        record: Callable[[str], None],
        said: Say,
    ) -> list[str]:
        """Send rows in calls of 5,000 as soon as so many are ready; gives the tasks, each recorded at once."""
        rows = prepared((int(row), self._plan.row(int(row))) for row in missing)
        tasks: list[str] = []
        done = 0
        while chunk := list(islice(rows, ROWS_A_CALL)):
            ready = []
            for number, row in chunk:
                if isinstance(row, str):
                    self.failed[number] = row
                else:
                    ready.append(row)
            if ready:
                task = self._send(dataset, ready)
                if task:
                    tasks.append(task)
                    record(task)
            done += len(chunk)
            said(done, len(missing))
        return tasks

    def _send(self, dataset: str, rows: list[dict[str, Any]]) -> str:
        """The task's id, or "" when the answer is lost and the rows are there, or will be looked for again."""
        step = "creating data rows"
        keys = [row["global_key"] for row in rows]
        for pause in (*PAUSES, None):
            try:
                return self._box.call(step, lambda: self._box.create_rows(dataset, rows))
            except Unanswered as error:
                if pause is None:
                    raise UnavailableError(f"{step}: no answer: {error}") from None
                time.sleep(pause)
                if all(self._box.lookup(keys)):
                    return ""
        raise AssertionError

    def settle(self, rows: Numbers, create: Callable[[Numbers], list[str]], said: Say) -> Numbers:
        """Create what is missing of ``rows`` until nothing is, or a round changes nothing. Gives those that exist."""
        missing = self.lookup(rows, said)
        before, waited = len(rows) + 1, False
        for _ in range(ROUNDS):
            missing = np.array([row for row in missing if int(row) not in self.failed], np.int64)
            if not len(missing):
                break
            if len(missing) >= before:
                if waited:
                    break
                time.sleep(SETTLE)
                waited, before = True, len(missing) + 1
                missing = self.lookup(missing)
                continue
            before = len(missing)
            self.wait(create(missing))
            missing = self.lookup(missing)
        general = self._reasons.get("", "Labelbox has not made this row, and does not say why")
        for row in missing:
            self.failed.setdefault(int(row), self._reasons.get(self._plan.key(int(row)), general))
        if len(self.failed) == len(rows):
            raise RefusedError(f"no data row could be created: {next(iter(self.failed.values()))}")
        return np.array([row for row in rows if int(row) not in self.failed], np.int64)
