"""Colours that can be told apart, as many as a set has classes.

Distances are measured in OKLab, in which equal distances look about equally different [Björn Ottosson, "A perceptual color
space for image processing", 2020]. Each further colour is the one that is farthest from all before it, so that the first
of a long palette are as far apart as those of a short one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import cycle
from typing import Any

import numpy as np

MOST = 240
"""Colours that are made; further classes take them over again."""
NEAR = 0.06
"""OKLab distance below which two colours look alike on a picture; black and white are 1 apart."""
LIGHTNESS = (0.42, 0.86)
"""Of OKLab: darker ones are lost on a dark page, lighter ones on a light page."""
CHROMA = 0.055
"""Greyer ones are no colours on a photograph."""
_STEP = 15
_FIRST = "#2f6fed"
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def rgb(color: str) -> tuple[int, int, int]:
    """Red, green and blue of ``#rrggbb``, 0 to 255."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _linear(colors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """sRGB of 0 to 255 to light of 0 to 1 [IEC 61966-2-1]."""
    share = colors / 255
    linear: np.ndarray[Any, Any] = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear


def oklab(colors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Rows of sRGB, 0 to 255, as rows of OKLab."""
    lab: np.ndarray[Any, Any] = np.cbrt(_linear(colors) @ _TO_CONES.T) @ _TO_LAB.T
    return lab


def luminance(color: str) -> float:
    """Relative luminance [WCAG 2]."""
    return float(_linear(np.array(rgb(color))) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21 [WCAG 2]."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@cache
def ink(color: str) -> str:
    """Black or white, whichever is read better on a colour; its contrast is 4.5 or more on any."""
    return max("#000000", "#ffffff", key=lambda text: contrast(color, text))


def nearest(colors: Sequence[str]) -> float:
    """OKLab distance of the two colours that are most alike; infinite for fewer than two."""
    lab = oklab(np.array([rgb(color) for color in colors]).reshape(-1, 3))
    squares = ((lab[:, None] - lab) ** 2).sum(2)
    np.fill_diagonal(squares, np.inf)
    return float(np.sqrt(squares.min(initial=np.inf)))


@cache
def _palette(most: int = MOST) -> tuple[str, ...]:
    """The first colours of the palette, whatever their number."""
    axis = np.arange(0, 256, _STEP)
    colors = np.stack(np.meshgrid(axis, axis, axis), -1).reshape(-1, 3)
    lab = oklab(colors)
    low, high = LIGHTNESS
    usable = (lab[:, 0] >= low) & (lab[:, 0] <= high) & (np.hypot(lab[:, 1], lab[:, 2]) >= CHROMA)
    colors, lab = colors[usable], lab[usable]
    chosen, last = [_FIRST], oklab(np.array(rgb(_FIRST)))
    distance = np.full(len(lab), np.inf)
    for _ in range(min(most, MOST) - 1):
        distance = np.minimum(distance, ((lab - last) ** 2).sum(1))
        best = int(distance.argmax())
        last = lab[best]
        chosen.append("#" + bytes(colors[best].tolist()).hex())
    return tuple(chosen)


def distinct(count: int, given: Sequence[str | None] = ()) -> list[str]:
    """A colour each for so many classes: those that are ``given``, unless two of these look alike.

    A class without one, or beyond those, takes the next of the palette that is not near one that is given.
    """
    own = [color for color in given if color and _HEX.fullmatch(color)]
    alike = bool(own) and nearest(own[:1000]) < NEAR
    return completed([None if alike else color for color in [*given, *[None] * (count - len(given))][:count]])


def completed(given: Sequence[str | None]) -> list[str]:
    """The colours that are given, and for each that is none the next of the palette that is not near one of them."""
    usable = [color if color and _HEX.fullmatch(color) else None for color in given]
    own = [color for color in usable if color]
    wanted = len(usable) - len(own)
    free: list[str] = []
    for most in (wanted + 4 * len(own), MOST):  # each takes time
        if len(free) < min(wanted, MOST):
            free = [color for color in _palette(most) if not own or _far(color, own)]
    palette = cycle(free or _palette())
    return [color or next(palette) for color in usable]


def _far(color: str, others: Sequence[str]) -> bool:
    lab = oklab(np.array([rgb(color), *map(rgb, others)]))
    return bool((((lab[1:] - lab[0]) ** 2).sum(1) >= NEAR**2).all())
