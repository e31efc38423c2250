"""How far a batch is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """How far a batch is. ``units`` are images, files or tasks of the datasets that have been opened."""

    step: str = "reading"
    datasets: int = 0
    datasets_opened: int = 0
    datasets_done: int = 0
    units: int = 0
    units_done: int = 0
    annotations: int = 0


Listener = Callable[[Progress], None]
