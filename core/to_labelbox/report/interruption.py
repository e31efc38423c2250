"""Signals that end a run: heard as an exception, so that everything opened is closed and nothing is left half-written."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # see __main__
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
NUMBERS: tuple[int, ...] = tuple(getattr(signal, name) for name in NAMES if hasattr(signal, name))
"""Ctrl-C, what a scheduler sends, and a terminal that is closed (Windows knows no SIGHUP)."""


class Interrupted(KeyboardInterrupt):
    """The signal that came. ``resume`` says how to go on, where there is a way."""

    def __init__(self, number: int, resume: str = "") -> None:
        super().__init__(number)
        self.number = number
        self.resume = resume

    @property
    def exit_code(self) -> int:
        """What a shell gives a command that the signal has ended."""
        return 128 + self.number

    def __str__(self) -> str:
        name = next(name for name in NAMES if getattr(signal, name, None) == self.number)
        return f"interrupted by {name}: {self.resume or 'no file is left half-written'}"


def hear() -> None:
    """Let the first of the signals raise :class:`Interrupted`; what comes after it does not disturb the tidying up.

    Signals that are ignored stay ignored, as ``nohup`` wants it.
    """
    for number in NUMBERS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _arrive)


def _arrive(number: int, _: object) -> None:
    for other in NUMBERS:
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(number)


@contextmanager
def postponed() -> Iterator[None]:
    """Keep signals waiting during a few steps that belong together."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
