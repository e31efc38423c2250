"""The user at a terminal, for commands that ask: questions, a secret without echo, how far it is."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from to_labelbox.cli.speech import tell
from to_labelbox.model.text import display
from to_labelbox.report.errors import UsageError

LINE_SECONDS = 10.0
"""Without a terminal, it says at this pace how far it is."""


class Terminal:
    """The user at a terminal, or nobody: then questions need ``--yes`` and progress is a line now and then."""

    def __init__(self, yes: bool, progress: bool | None, quiet: bool) -> None:
        self._yes, self._quiet = yes, quiet
        self._shown = not quiet and progress is not False
        self._drawn = self._shown and (sys.stderr.isatty() if progress is None else progress)
        self._bar: Any = None
        self._step, self._since, self._said = "", 0.0, 0.0

    def tell(self, text: str) -> None:
        if not self._quiet:
            self.end()
            tell(text)

    def confirm(self, question: str) -> bool:
        self.end()
        if self._yes:
            return True
        if not sys.stdin.isatty():
            raise UsageError(f"{display(question)} Nobody can be asked here: --yes answers every question")
        return click.confirm(display(question), default=False, err=True)

    def secret(self, name: str) -> str:
        if not sys.stdin.isatty():
            return ""
        self.end()
        return str(click.prompt(name, hide_input=True, err=True, default="", show_default=False))

    def progress(self, step: str, done: int, total: int, unit: str) -> None:
        if not self._shown:
            return
        if step != self._step:
            self.end()
            self._step, self._since, self._said = step, time.monotonic(), time.monotonic()
        if self._drawn:
            self._draw(step, done, total, unit)
        elif time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            tell(_line(step, done, total, unit, time.monotonic() - self._since))
        if total and done >= total:
            self.end()

    def _draw(self, step: str, done: int, total: int, unit: str) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        if self._bar is None:
            self._bar = Live(Text(step), transient=True, refresh_per_second=4, console=Console(stderr=True))
            self._bar.start()
        self._bar.update(Text(_line(step, done, total, unit, time.monotonic() - self._since)))

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _line(step: str, done: int, total: int, unit: str, seconds: float) -> str:
    """Counts, rate and the time left."""
    scale, name = (1e6, "MB") if unit == "bytes" else (1, unit)
    digits = 1 if unit == "bytes" else 0
    of = f" of {total / scale:,.{digits}f}" if total else ""
    told = f"{step}: {done / scale:,.{digits}f}{of} {name}"
    if seconds < 2 or not done:
        return told
    rate = done / seconds
    left = f", about {(total - done) / rate / 60:,.0f} min left" if total and (total - done) / rate > 90 else ""
    return f"{told} ({rate / scale:,.{digits}f} {name}/s{left})"
