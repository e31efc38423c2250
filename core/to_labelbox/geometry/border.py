"""Shapes cut at the border of their asset: what reaches a pixel beyond it is float noise, what reaches further is told, or left as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from to_labelbox.geometry import vector as geo
from to_labelbox.model.items import Box, Flat, Polygon
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.rules.settings import Outside

NOISE = 1.0
"""An overshoot of up to this many pixels is float noise: cut off without a word."""
EXACT = 1e-6
"""A smaller overshoot is left as it is, so that sums like x + width do not change a number."""


class Border:
    """That of one asset after another, (0, 0) to ``width``, ``height`` in pixels; while these are None, nothing is cut.

    What is cut goes by ``outside``; ``lose`` hears of it. All methods raise :class:`Refused` where nothing is left.
    """

    def __init__(self, outside: Outside, lose: Callable[[Code, str], None]) -> None:
        self._outside, self._lose = outside, lose
        self.width: float | None = None
        self.height: float | None = None

    def box(self, box: Box) -> Box:
        width, height = self.width, self.height
        if width is None or height is None:
            return box
        over = max(-box.left, -box.top, box.left + box.width - width, box.top + box.height - height)
        if over <= EXACT or self._outside is Outside.KEEP:
            return box
        clipped = geo.clip_box(box, width, height)
        if clipped is None:
            raise Refused(*sentences.OUTSIDE_ASSET(width=width, height=height))
        self._overshoot(over)
        return clipped

    def parts(self, parts: tuple[tuple[Flat, ...], ...]) -> tuple[tuple[Flat, ...], ...]:
        """The parts of a polygon, each an outer ring and its holes."""
        width, height = self.width, self.height
        if width is None or height is None:
            return parts
        over = -1.0
        for part in parts:
            xs, ys = part[0][::2], part[0][1::2]
            over = max(over, max(xs) - width, max(ys) - height, -min(xs), -min(ys))
        if over <= EXACT or self._outside is Outside.KEEP:
            return parts
        if over <= NOISE:
            clamped = tuple(tuple(geo.clamp_points(ring, width, height) for ring in part) for part in parts)
            kept: tuple[tuple[Flat, ...], ...] = tuple(p for p in clamped if not geo.is_degenerate(p[0]))
        else:
            clipped = geo.clip_polygon(Polygon(parts), width, height)
            kept = () if clipped is None else clipped.parts
        if not kept:
            raise Refused(*sentences.OUTSIDE_ASSET(width=width, height=height))
        self._overshoot(over)
        return kept

    def line(self, points: Flat) -> Sequence[Flat]:
        """The pieces of a line that lie on the asset."""
        width, height = self.width, self.height
        if width is None or height is None or self._outside is Outside.KEEP:
            return [points]
        left, top, right, bottom = geo.bounds(points)
        over = max(-left, -top, right - width, bottom - height)
        if over <= EXACT:
            return [points]
        if over <= NOISE:
            return [geo.clamp_points(points, width, height)]
        pieces = geo.clip_line(points, width, height)
        if not pieces:
            raise Refused(*sentences.OUTSIDE_ASSET(width=width, height=height))
        self._overshoot(over)
        return pieces

    def point(self, x: float, y: float) -> tuple[float, float] | None:
        """A point on the asset: moved by up to a pixel onto the border, None beyond."""
        width, height = self.width, self.height
        if width is None or height is None or self._outside is Outside.KEEP:
            return x, y
        over = max(-x, -y, x - width, y - height)
        if over <= EXACT:
            return x, y
        if over > NOISE:
            return None
        return min(max(x, 0.0), width), min(max(y, 0.0), height)

    def _overshoot(self, over: float) -> None:
        if over <= NOISE:
            return
        if self._outside is Outside.DROP:
            raise Refused(Code.OUTSIDE, f"reaches {over:g} px beyond the asset")
        self._lose(Code.CLIPPED, f"reaches {over:g} px beyond the asset and is cut off there")
