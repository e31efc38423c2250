"""Charts of a set as SVG in a page: classes, sizes, proportions, shares of the picture, places. Each says its numbers too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from to_labelbox.model.text import n_of
from to_labelbox.pages.figures import Figures
from to_labelbox.pages.markup import number, text

WIDTH, HEIGHT, HEAD, FOOT = 250, 118, 13, 20
GRID = 32
"""Cells of the map of places, each way."""
FEW = 30
"""Classes that are listed at once; the others stand below, folded."""
MOST = 1500
"""Classes that are listed at all."""
FARTHEST = 1e9
"""Coordinates beyond are not counted."""
_SMALL, _LARGE = 32, 96
"""COCO's borders of small, medium and large: the side of a square of that area, in pixels."""

Floats = np.ndarray[Any, np.dtype[np.float64]]


class Measured(NamedTuple):
    """Columns of the shapes with an extent: class, √area and width : height; with an area and a known picture its share."""

    klass: np.ndarray[Any, np.dtype[np.int64]]
    side: Floats
    ratio: Floats
    share: Floats


def section(figures: Figures, number_of: Callable[[str], int]) -> str:
    """All charts of a set; ``number_of`` gives the number of a class's colour."""
    boxes = np.frombuffer(figures.boxes, np.float64).reshape(-1, 4)
    sizes = np.frombuffer(figures.sizes, np.float64).reshape(-1, 2)
    measured = _measured(figures, boxes, sizes)
    shown = [
        _steps("Annotations a data row", figures.rows),
        _logarithmic("Size", "√area, pixels", measured.side, 2, {_SMALL: "small", _LARGE: "large"}),
        _places(boxes, sizes),
        _logarithmic("Proportions", "width : height", measured.ratio, 2, {1: ""}),
        _logarithmic("Share", "of the picture's area", measured.share, 10, {}, percent=True),
    ]
    kinds = "1 class" if len(figures.classes) == 1 else f"{len(figures.classes):,} classes"
    words = f"{n_of(figures.classes.total(), 'annotation')} of {kinds} on {n_of(figures.rows.total(), 'data row')}."
    if figures.sampled:
        words += f" Sizes and places are those of {n_of(len(figures), 'shape')}, evenly spread over the set."
    return (
        f'<section id="set"><h2>The set</h2><p class="lead">{text(words)}</p>'
        f'<div class="charts">{"".join(shown)}</div>{_classes(figures, measured, number_of)}</section>\n'
    )


def _measured(figures: Figures, boxes: Floats, sizes: Floats) -> Measured:
    areas = np.frombuffer(figures.areas, np.float64)
    width, height = boxes[:, 2], boxes[:, 3]
    # what lies beyond is on no picture, and a NaN is no number
    solid = (np.abs(boxes) <= FARTHEST).all(1) & (width > 0) & (height > 0) & (areas > 0) & (areas <= FARTHEST**2)
    pictures = sizes[:, 0] * sizes[:, 1]
    known = solid & (pictures > 0)
    klass = np.frombuffer(figures.klass, np.int32)[solid].astype(np.int64)
    return Measured(
        klass, np.sqrt(areas[solid]), (width / np.where(solid, height, 1))[solid], areas[known] / pictures[known]
    )


# ------------------------------------------------------------------------------------------------------ histograms


def _figure(title: str, axis: str, drawing: str, words: str, height: int = HEIGHT, more: str = "") -> str:
    return (
        f'<figure class="chart{more}"><figcaption>{text(title)} <small>{text(axis)}</small></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{text(f"{title}: {words}")}">{drawing}</svg>'
        f"<p>{text(words)}</p></figure>"
    )


def _bars(heights: Sequence[int], tips: Sequence[str]) -> str:
    """Bars side by side; one of few is still seen."""
    most, wide, floor = max(heights, default=0) or 1, WIDTH / max(1, len(heights)), HEIGHT - FOOT
    drawn = ""
    for n, (value, tip) in enumerate(zip(heights, tips)):
        high = max(1.5, value / most * (floor - HEAD)) if value else 0
        drawn += (
            f'<rect class="bar" x="{number(n * wide + 0.5)}" y="{number(floor - high)}" '
            f'width="{number(wide - 1)}" height="{number(high)}" data-tip="{text(tip)}"/>'
        )
    return drawn + f'<path class="base" d="M0 {floor}H{WIDTH}"/>'


def _tick(x: float, words: str) -> str:
    half = 3 * len(words)  # about; a word at an end is not cut off
    x, anchor = (0, "start") if x < half else (WIDTH, "end") if x > WIDTH - half else (x, "middle")
    return f'<text x="{number(x)}" y="{HEIGHT - 6}" text-anchor="{anchor}">{text(words)}</text>'


def _steps(title: str, rows: Mapping[int, int]) -> str:
    """Data rows by their number of annotations: 0, 1, 2, 3 to 4, 5 to 8, …"""
    most = max(rows, default=0)
    tops = [0, 1, *(2**n for n in range(1, max(2, int(most - 1).bit_length() + 1)))]
    heights = [sum(c for n, c in rows.items() if low < n <= top) for low, top in zip([-1, *tops], tops)]
    names = [str(top) if top - low == 1 else f"{low + 1}–{top}" for low, top in zip([-1, *tops], tops)]
    tips = [f"{name}: {n_of(value, 'data row')}" for name, value in zip(names, heights)]
    wide = WIDTH / len(tops)
    sparse = -(-len(tops) // 7)
    ticks = "".join(_tick((n + 0.5) * wide, name) for n, name in enumerate(names) if n % sparse == 0)
    total = sum(rows.values())
    mean = sum(n * c for n, c in rows.items()) / total if total else 0
    words = f"{mean:.1f} on average, {most:,} at most; {n_of(rows.get(0, 0), 'data row')} without any"
    return _figure(title, "", _bars(heights, tips) + ticks, words)


def _logarithmic(
    title: str, axis: str, values: Floats, base: int, marks: Mapping[float, str], percent: bool = False
) -> str:
    """A histogram whose bins grow by the same factor; ticks at powers of ``base``, dashed lines at ``marks``."""
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return ""
    logs = np.log(values) / np.log(base)
    low, high = int(np.floor(logs.min())), int(np.floor(logs.max())) + 1
    low, high = (min(low, -1), max(high, 1)) if 1 in marks else (low, high)
    # values beyond what a chart can show usefully are in its last bars
    low, high = max(low, -12), min(high, 16)
    bins = max(12, min(48, 8 * (high - low)))
    heights, edges = np.histogram(np.clip(logs, low, high), bins, (low, high))
    say = _percent if percent else _plain
    bounds = np.power(float(base), edges)
    tips = [f"{say(a)} to {say(b)}: {n:,}" for a, b, n in zip(bounds, bounds[1:], heights)]

    def place(log: float) -> float:
        return (log - low) / (high - low) * WIDTH

    sparse = -(-(high - low) // 6)
    ticks = "".join(_tick(place(n), say(float(base) ** n)) for n in range(low, high + 1) if n % sparse == 0)
    for mark, words in marks.items():
        x = place(float(np.log(mark) / np.log(base)))
        if 0 <= x <= WIDTH:
            ticks += f'<path class="mark" d="M{number(x)} 0V{HEIGHT - FOOT}"/>'
            ticks += f'<text class="mark" x="{number(x + 3)}" y="9">{text(words)}</text>' if words else ""
    middle = float(np.median(values))
    words = f"median {say(middle)}; from {say(float(values.min()))} to {say(float(values.max()))}"
    return _figure(title, axis, _bars(heights.tolist(), tips) + ticks, words)


def _plain(value: float) -> str:
    if value < 1:
        return f"1/{1 / value:.0f}" if 1 / value >= 1.95 else f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"


# ---------------------------------------------------------------------------------------------------------- places


def _places(boxes: Floats, sizes: Floats) -> str:
    """A map of the middles of all shapes: relative to their pictures, or in pixels where no picture's size is known."""
    usable = (np.abs(boxes) <= FARTHEST).all(1)
    boxes, sizes = boxes[usable], sizes[usable]
    middle = boxes[:, :2] + boxes[:, 2:] / 2
    known = (sizes > 0).all(1)
    relative = bool(known.any())
    if relative:
        places, shape = middle[known] / sizes[known], np.median(sizes[known], 0)
    else:
        if not len(middle):
            return ""
        shape = np.maximum(np.percentile(middle, 99, 0) * 1.02, 1)
        places = middle / shape
    inside = ((places >= 0) & (places <= 1)).all(1)
    cells, _, _ = np.histogram2d(places[inside, 1], places[inside, 0], GRID, ((0, 1), (0, 1)))
    height = float(np.clip(WIDTH * shape[1] / shape[0], WIDTH / 3, WIDTH))
    wide, high, most = WIDTH / GRID, height / GRID, cells.max() or 1
    drawn = f'<rect class="well" width="{WIDTH}" height="{number(height)}"/>'
    for (y, x), value in np.ndenumerate(cells):
        if value:
            drawn += (
                f'<rect class="bar" x="{number(x * wide)}" y="{number(y * high)}" width="{number(wide)}" '
                f'height="{number(high)}" fill-opacity="{0.12 + 0.88 * (value / most) ** 0.5:.2f}" '
                f'data-tip="{n_of(int(value), "shape")}"/>'
            )
    axis = "middles on their pictures" if relative else f"middles, to {shape[0]:.0f} × {shape[1]:.0f} px"
    words = f"{n_of(int(inside.sum()), 'shape')}; the fullest cell holds {int(cells.max()):,}"
    outside = int((~inside).sum())
    if outside and relative:
        words += f"; {outside:,} with their middle outside"
    if not relative:
        words += "; no picture's size is known here"
    return _figure("Places", axis, drawn, words, round(height), " tall")


# --------------------------------------------------------------------------------------------------------- classes


def _classes(figures: Figures, measured: Measured, number_of: Callable[[str], int]) -> str:
    """A row a class, the largest first: how many, how large, in which proportions."""
    ordered = sorted(figures.classes.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST]
    if not ordered:
        return ""
    most, total = ordered[0][1], figures.classes.total()
    order = np.argsort(measured.klass, kind="stable")
    cuts = np.searchsorted(measured.klass[order], np.arange(len(figures.names) + 1))
    sides = _Strip("size", measured.side, 2)
    ratios = _Strip("proportions", measured.ratio, 2)
    areal = len(measured.side) > 0  # a set of texts has no extents
    rows = []
    for name, value in ordered:
        at = figures.names.get(name)
        own = order[cuts[at] : cuts[at + 1]] if at is not None else order[:0]
        share = f"{name}\n{n_of(value, 'annotation')}, {100 * value / total:.2g} %"
        rows.append(
            f'<tr class="c{number_of(name)}"><th scope="row"><div><i></i><span title="{text(name)}">{text(name)}</span></div></th>'
            f'<td class="number">{value:,}</td><td data-tip="{text(share)}"><svg><rect width="{100 * value / most:.2f}%" '
            'height="12" y="2" rx="2"/></svg></td>'
            + (f"<td>{sides(own)}</td><td>{ratios(own)}</td></tr>" if areal else "</tr>")
        )
    heads = "".join(
        f'<th scope="col">{words}</th>'
        for words in (
            "class",
            "",
            "annotations",
            *((f"√area, {sides.ends} px", f"width : height, {ratios.ends}") if areal else ()),
        )
    )
    table = f'<table class="kinds"><thead><tr>{heads}</tr></thead><tbody>{{}}</tbody></table>'
    first = table.format("".join(rows[:FEW]))
    if len(rows) <= FEW:
        return first
    beyond = len(figures.classes) - MOST
    rest = f'<p class="lead">{n_of(beyond, "rarer class is", "rarer classes are")} left out.</p>' if beyond > 0 else ""
    return f"{first}<details><summary>{n_of(len(rows) - FEW, 'more class', 'more classes')}</summary>{table.format(''.join(rows[FEW:]))}{rest}</details>"


class _Strip:
    """Where most values of a class lie on an axis that all classes share: 5 to 95 %, 25 to 75 %, and the median."""

    def __init__(self, name: str, values: Floats, base: int) -> None:
        self._name, self._values = name, values
        self._logs = np.log(np.where(values > 0, values, 1)) / np.log(base)
        low, high = (np.percentile(self._logs, (0.5, 99.5)) if len(values) else (0.0, 1.0)) if len(values) else (0, 1)
        self._low, self._high = float(np.floor(low)), float(max(np.ceil(high), np.floor(low) + 1))
        self.ends = f"{_plain(base**self._low)} to {_plain(base**self._high)}"

    def __call__(self, own: np.ndarray[Any, np.dtype[np.int64]]) -> str:
        if not len(own):
            return ""
        at = np.percentile(self._logs[own], (5, 25, 50, 75, 95))
        a, b, middle, c, d = (100 * np.clip((at - self._low) / (self._high - self._low), 0, 1)).tolist()
        least, most = self._values[own].min(), self._values[own].max()
        words = f"{self._name}: median {_plain(float(np.median(self._values[own])))}; {_plain(least)} to {_plain(most)}"
        return (
            f'<svg role="img" aria-label="{text(words)}" data-tip="{text(words)}">'
            f'<rect class="far" x="{a:.2f}%" width="{max(d - a, 0.5):.2f}%" y="7" height="2"/>'
            f'<rect x="{b:.2f}%" width="{max(c - b, 0.5):.2f}%" y="4" height="8" rx="2"/>'
            f'<rect class="middle" x="{middle:.2f}%" width="2" y="2" height="12"/></svg>'
        )
