"""Whether data rows that exist already are the assets of the payload, by the names of their files.

A hundred rows are read with one request where the service takes that, else each with one of its own. Both are bounded,
and what was not compared is told.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import unquote, urlsplit

import msgspec
import numpy as np
from msgspec import Struct

from to_labelbox.model.text import display, n_of
from to_labelbox.report.errors import RefusedError
from to_labelbox_formats.labelbox.importing.calls import Found, NotFound, Unanswered
from to_labelbox_formats.labelbox.importing.client import KEYS_A_LOOKUP, Labelbox
from to_labelbox_formats.labelbox.importing.media import SHOWN, in_order
from to_labelbox_formats.labelbox.importing.plan import Numbers, Plan

TOGETHER = 100
"""Rows of one request."""
MOST = 100_000
"""Rows that are compared: a thousand requests, less than the free plan takes in a minute."""
MOST_SINGLY = 2_000
"""The same where each row is a request."""


class Compared(Struct):
    """Existing rows: ``total``, those whose names could be ``compared``, those that are ``others``, with the first few."""

    total: int
    compared: int = 0
    others: int = 0
    examples: list[str] = []

    def check(self) -> None:
        """Raises :class:`RefusedError` when a row is another asset."""
        if not self.others:
            return
        more = [f"  … and {self.others - SHOWN:,} more"] if self.others > SHOWN else []
        shown = "\n".join([f"  {example}" for example in self.examples] + more)
        raise RefusedError(
            f"{self.others:,} of {n_of(self.compared, 'existing data row')} that were compared "
            f"{'is another asset' if self.others == 1 else 'are other assets'} than the payload's, by the names of "
            f"the files, so nothing was sent:\n{shown}\n"
            "  convert --global-key 'set-a/{relpath}'        convert again, with keys of their own\n"
            "  convert --data-rows FILE                      convert again, onto the rows of an export that are meant"
        )

    def in_words(self) -> str:
        """What is taken for granted; empty when all were compared."""
        if self.compared == self.total:
            return ""
        return (
            f"assumed: the existing data rows are the payload's assets. The file names of {self.compared:,} of "
            f"{self.total:,} were compared and agree; of the others nothing was looked at"
        )


class Comparison:
    """Compares rows that exist. Nothing it does has an effect at the service."""

    def __init__(self, box: Labelbox, plan: Plan, threads: int, said: Callable[[int, int], None]) -> None:
        self._box, self._plan, self._threads, self._said = box, plan, threads, said
        self._at_once, self._singly, self._lock = True, MOST_SINGLY, threading.Lock()

    def of(self, taken: Numbers) -> Compared:
        """Compare these rows, or as many as the bounds allow, evenly spread over them."""
        found, chosen = Compared(len(taken)), list(self._with_ids(_spread(taken, MOST)))
        first, rest = chosen[:TOGETHER], chosen[TOGETHER:]
        before = self._singly
        self._add(found, first, self._read(first))
        if self._singly < before:
            self._at_once, rest = False, [rest[n] for n in _spread(np.arange(len(rest)), self._singly)]
        chunks = (rest[at : at + TOGETHER] for at in range(0, len(rest), TOGETHER))
        done, total = len(first), len(first) + len(rest)
        for chunk, rows in in_order(chunks, lambda chunk: (chunk, self._read(chunk)), self._threads):
            self._add(found, chunk, rows)
            done += len(chunk)
            self._said(done, total)
        return found

    def _with_ids(self, taken: Numbers) -> Iterator[tuple[int, str]]:
        """The rows that this key may see, with their ids."""
        for at in range(0, len(taken), KEYS_A_LOOKUP):
            chunk = [int(row) for row in taken[at : at + KEYS_A_LOOKUP]]
            ids = self._box.lookup([self._plan.key(row) for row in chunk])
            yield from ((row, id) for row, id in zip(chunk, ids) if id not in ("", "?"))

    def _read(self, chunk: list[tuple[int, str]]) -> list[Found | None]:
        """The rows at the service, None for one that was not read."""
        if self._at_once:
            with suppress(RefusedError, NotFound, Unanswered):
                return self._box.data_rows([id for _, id in chunk])
        return [self._alone(id) for _, id in chunk]

    def _alone(self, id: str) -> Found | None:
        with self._lock:
            if not self._singly:
                return None
            self._singly -= 1
        with suppress(RefusedError, NotFound):
            return self._box.data_row(id)
        return None

    def _add(self, found: Compared, chunk: list[tuple[int, str]], rows: list[Found | None]) -> None:
        for (number, _), theirs in zip(chunk, rows):
            if theirs is None:
                continue
            ours = self._plan.row(number)
            mine = names_of(ours.row_data, ours.external_id, ours.global_key)
            others = names_of(theirs.content, theirs.name)
            if not mine or not others:
                continue
            found.compared += 1
            if mine & others:
                continue
            found.others += 1
            if found.others <= SHOWN:
                key, other = display(ours.global_key), display(min(others))
                found.examples.append(f"the key {key!r} is taken by another asset ({other})")


def _spread(rows: Numbers, most: int) -> Numbers:
    """At most so many, evenly over all."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def names_of(data: object, *more: str) -> set[str]:
    """File names that an asset goes by. A ``row_data`` that is an object comes as one, or as its JSON."""
    texts = list(more)
    if isinstance(data, str) and data.startswith("{"):
        with suppress(ValueError, RecursionError):
            data = msgspec.json.decode(data)
    if isinstance(data, str) and len(data) < 4000:
        texts.append(unquote(urlsplit(data).path) if "://" in data else data)
    elif isinstance(data, dict):
        texts += [unquote(urlsplit(v).path) for v in data.values() if isinstance(v, str) and "://" in v]
    return {name for text in texts if (name := os.path.basename(text.replace("\\", "/")).strip())}
