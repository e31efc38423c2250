"""Numbers of a set for charts: how many of which class, how large, how wide, where. All of it adds up in flat arrays."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Figures:
    """``classes`` counts annotations by class, ``rows`` data rows by their number of annotations, both of the whole set.

    The columns hold one entry for each shape that was measured: its class, its envelope in pixels, its area in square
    pixels (NaN where it has none, as points and lines do), and the size of its picture (0 where that is not known).
    ``sampled``: not all shapes were measured.
    """

    classes: Counter[str] = field(default_factory=Counter)
    rows: Counter[int] = field(default_factory=Counter)
    sampled: bool = False
    names: dict[str, int] = field(default_factory=dict)
    klass: array[int] = field(default_factory=lambda: array("i"))
    boxes: array[float] = field(default_factory=lambda: array("d"))
    areas: array[float] = field(default_factory=lambda: array("d"))
    sizes: array[float] = field(default_factory=lambda: array("d"))

    def add(
        self, name: str, box: tuple[float, float, float, float], area: float, size: tuple[float, float] | None
    ) -> None:
        """A shape: its class, left, top, width, height, its area, and the size of its picture."""
        self.klass.append(self.names.setdefault(name, len(self.names)))
        self.boxes.extend(box)
        self.areas.append(area)
        self.sizes.extend(size or (0, 0))

    def __len__(self) -> int:
        return len(self.klass)
