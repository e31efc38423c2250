"""How far a batch is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias


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
    listener: Listener | None = field(default=None, repr=False, compare=False)

    def tell(self) -> None:
        if self.listener is not None:
            self.listener(self)

    def count(self, units: int, done: int, annotations: int, times: int = 1) -> None:
        """Add a dataset with what of it is done already; take it away with ``times`` -1."""
        self.datasets_opened += times
        self.units += times * units
        self.units_done += times * done
        self.annotations += times * annotations
        self.datasets_done += times * (done == units)

    def one_more(self) -> None:
        """A dataset is done."""
        self.datasets_done += 1
        self.tell()


Listener: TypeAlias = Callable[[Progress], None]
