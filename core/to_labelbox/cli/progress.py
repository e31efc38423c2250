"""The progress bar of long work: silent unless standard error is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from to_labelbox.pipeline import Progress

QUICK_SECONDS = 1.0
"""Work that ends sooner shows no bar."""


@contextmanager
def bar(wanted: bool | None, quiet: bool) -> Iterator[Progress | None]:
    """A function that shows progress, or None when nothing is to be shown."""
    shown = sys.stderr.isatty() if wanted is None else wanted
    if quiet or not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    display = Progress(
        TextColumn("converting"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[annotations]:,} annotations"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = display.add_task("", total=None, annotations=0)
    started = time.monotonic()

    def advance(done: int, total: int, annotations: int) -> None:
        if not display.live.is_started and (wanted or time.monotonic() - started > QUICK_SECONDS):
            display.start()
        display.update(task, completed=done, total=total, annotations=annotations)

    try:
        yield advance
    finally:
        display.stop()
