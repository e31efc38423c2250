"""The report of a conversion: what was read, what became of it, what was written. The form is the output contract."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct, field

from to_labelbox.model.text import n_of
from to_labelbox.report.codes import WITHDRAWN, Severity
from to_labelbox.report.installed import version_of
from to_labelbox.report.log import Assumption, Counts, Diagnostic, Tally, Unread


class FailOn(StrEnum):
    """From which loss on a finished conversion counts as failed."""

    APPROXIMATED = "approximated"
    SKIPPED = "skipped"
    ASSUMED = "assumed"
    UNREAD = "unread"
    SUSPICIOUS = "suspicious"

    @classmethod
    def of(cls, given: FailOn | Iterable[FailOn] | None) -> frozenset[FailOn]:
        """One, several or none."""
        if given is None:
            return frozenset()
        return frozenset({given}) if isinstance(given, FailOn) else frozenset(given)


@cache
def version() -> str:
    return version_of("to-labelbox")


class Tool(Struct):
    name: str = "to-labelbox"
    version: str = field(default_factory=version)


class SourceInfo(Struct):
    path: str
    format: str
    details: dict[str, Any] = field(default_factory=dict)


class Assets(Counts):
    read: int = 0
    written: int = 0
    skipped: int = 0


class Lines(Struct):
    total: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)


class Output(Struct):
    lines: int
    bytes: int
    sha256: str


def json_text(value: Struct) -> str:
    """Indented ASCII JSON, whatever the names hold; half surrogates, which no strict reader takes, are replaced."""
    # the standard library indents in Python, ten times slower
    with suppress(UnicodeEncodeError):
        if (data := msgspec.json.encode(value)).isascii():
            return msgspec.json.format(data.decode(), indent=1)
    import json  # slow to load, and most reports are ASCII

    text = json.dumps(msgspec.to_builtins(value))
    if "\\ud" in text:
        whole = json.dumps(json.loads(text), ensure_ascii=False).encode("utf-16", "surrogatepass")
        text = json.dumps(json.loads(whole.decode("utf-16", "replace")))
    return msgspec.json.format(text, indent=1)


class Suspicion(Struct):
    """A share of a set that healthy sets do not show, with what is likely behind it, the likeliest first.

    ``where``: the part of the set that it is about, where it is not the whole;
    ``dataset``: that of a batch.
    """

    what: str
    share: float
    count: int
    of: int
    code: str = ""
    likely: list[str] = field(default_factory=list)
    where: str = ""
    dataset: str = ""


def reached(
    tally: Tally, assumptions: Collection[object], unread: Collection[object], suspicious: Collection[object]
) -> dict[FailOn, int]:
    """What a conversion may be asked to fail on and has come to, with how many there are."""
    found = {
        FailOn.SKIPPED: tally.skipped,
        FailOn.APPROXIMATED: tally.skipped + tally.approximated,
        FailOn.ASSUMED: len(assumptions),
        FailOn.UNREAD: len(unread),
        FailOn.SUSPICIOUS: len(suspicious),
    }
    return {what: count for what, count in found.items() if count}


def nothing_came(assets: Assets, tally: Tally, diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether nothing could be converted: what the source itself takes back leaves assets without annotations."""
    withdrawn = sum(one.skipped for one in diagnostics if one.code in WITHDRAWN)
    return assets.written == 0 or (tally.read > withdrawn and not tally.written)


def exit_code_of(
    failed: bool, problem: bool, fail_on: FailOn | Iterable[FailOn] | None, found: Mapping[FailOn, int]
) -> int:
    """0 finished; 1 there is a problem, or what was ``found`` is among ``fail_on``; 3 nothing could be converted."""
    return 3 if failed else int(problem or bool(FailOn.of(fail_on) & found.keys()))


class Report(Struct):
    """``report.json``. ``unreadable`` and ``fail_on`` decide the exit code and are not part of the file."""

    tool: Tool
    source: SourceInfo
    assets: Assets
    annotations: Tally
    lines: Lines
    classes: dict[str, Tally]
    diagnostics: list[Diagnostic]
    unread: list[Unread] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)
    suspicious: list[Suspicion] = field(default_factory=list)
    outputs: dict[str, Output] = field(default_factory=dict)

    def to_json(self) -> bytes:
        return json_text(self).encode() + b"\n"

    def __str__(self) -> str:
        """A line of what became of everything, and one for each problem."""
        t = self.annotations
        first = (
            f"{self.source.format}: {n_of(self.assets.read, 'asset')}, {n_of(t.read, 'annotation')} read: {t.converted:,} converted, "
            f"{t.approximated:,} approximated, {t.merged:,} merged, {t.skipped:,} skipped; {n_of(self.lines.total, 'line')}"
        )
        return "\n".join([first, *(f"{d.severity} {d.code} ×{d.count:,}: {d.message}" for d in self.problems)])

    @property
    def problems(self) -> list[Diagnostic]:
        """The diagnostics that are errors or warnings, errors first: what a user should look at."""
        return sorted(
            (d for d in self.diagnostics if d.severity is not Severity.INFO),
            key=lambda d: d.severity is not Severity.ERROR,
        )

    @property
    def failed(self) -> bool:
        return nothing_came(self.assets, self.annotations, self.diagnostics)

    def exit_code(self, fail_on: FailOn | Iterable[FailOn] | None = None) -> int:
        """0 finished; 1 a file or record could not be read, or losses reached ``fail_on``; 3 nothing could be converted."""
        grave = any(d.severity is Severity.ERROR for d in self.diagnostics)
        found = reached(self.annotations, self.assumptions, self.unread, self.suspicious)
        return exit_code_of(self.failed, grave, fail_on, found)
