"""How far long work is: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from to_labelbox.cli.speech import tell
from to_labelbox.conversion.run import Progress
from to_labelbox.model.text import n_of
from to_labelbox.source.cloud.at_hand import at_hand

if TYPE_CHECKING:
    from to_labelbox.batches.progress import Listener
    from to_labelbox.batches.progress import Progress as BatchProgress

QUICK_SECONDS = 1.0
"""Work that ends sooner shows no bar."""


LINE_SECONDS = 5.0
"""Without a terminal, a batch says at this pace how far it is."""

LOOKING = "looking for datasets"


def fetched(paths: Sequence[str], quiet: bool) -> list[str]:
    """Sources as paths of this machine; what is fetched from the cloud for long says how far it is."""
    said = time.monotonic()

    def told(done: int, total: int, size: int) -> None:
        nonlocal said
        if not quiet and time.monotonic() - said > LINE_SECONDS:
            said = time.monotonic()
            tell(f"fetching: {done:,} of {n_of(total, 'annotation file')}, {size / 1e6:,.0f} MB")

    return at_hand(list(paths), told)


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


class Meter:
    """Which part of a check is done: a bar on a terminal once it takes long, else a line every few seconds."""

    def __init__(self, wanted: bool | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self._at_once = wanted is True
        self._started = self._said = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._display = Progress(
            TextColumn("checking"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
        )
        self._task = self._display.add_task("", total=1.0)

    def __call__(self, part: float) -> None:
        now = time.monotonic()
        if not self._terminal:
            if now - self._said >= LINE_SECONDS:
                self._said = now
                tell(f"checking: {part:.0%}")
            return
        if not self._display.live.is_started and (self._at_once or now - self._started > QUICK_SECONDS):
            self._display.start()
        self._display.update(self._task, completed=part)

    def hide(self) -> None:
        """Take the bar away for what is said now; it comes back with the next part."""
        if self._display.live.is_started:
            self._display.stop()


@contextmanager
def check_bar(wanted: bool | None, quiet: bool) -> Iterator[Meter | None]:
    """What shows how far a check is, or None when nothing is to be shown."""
    if quiet or not (sys.stderr.isatty() if wanted is None else wanted):
        yield None
        return
    meter = Meter(wanted)
    try:
        yield meter
    finally:
        meter.hide()


@contextmanager
def batch_display(wanted: bool | None, quiet: bool) -> Iterator[Listener | None]:
    """A function that shows how far a batch is, or None when nothing is to be shown."""
    if quiet or wanted is False:
        yield None
        return
    if not (sys.stderr.isatty() if wanted is None else wanted):
        with _lines() as listener:
            yield listener
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    started = time.monotonic()
    with Live(Text(LOOKING), transient=True, refresh_per_second=4, console=Console(stderr=True)) as live:
        yield lambda progress: live.update(Text(_line(progress, time.monotonic() - started)))


@contextmanager
def _lines() -> Iterator[Listener]:
    """A line every few seconds, also while nothing is heard of the work."""
    started = time.monotonic()
    said = [LOOKING]
    ended = threading.Event()

    def listen(progress: BatchProgress) -> None:
        said[0] = _line(progress, time.monotonic() - started)

    def speak() -> None:
        while not ended.wait(LINE_SECONDS):
            tell(said[0])

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield listen
    finally:
        ended.set()
        speaker.join()


def _line(progress: BatchProgress, seconds: float) -> str:
    """Datasets, units, annotations a second, and the time left as far as the opened datasets tell."""
    said = f"{progress.step}: {progress.datasets_done:,} of {n_of(progress.datasets, 'dataset')}"
    if progress.step != "reading" or not progress.units_done:
        return said
    unopened = (progress.datasets - progress.datasets_opened) * progress.units / progress.datasets_opened
    left = seconds * (progress.units - progress.units_done + unopened) / progress.units_done
    rate = progress.annotations / seconds if seconds else 0
    return (
        f"{said}, {progress.units_done:,} images, files or tasks, "
        f"{n_of(progress.annotations, 'annotation')} ({rate:,.0f}/s), about {_time(left)} left"
    )


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
