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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

NEAR = 0.06
"""OKLab distance below which two colours look alike on a picture; black and white are 1 apart."""
LIGHTNESS = (0.42, 0.86)
"""Of OKLab: darker ones are lost on a dark page, lighter ones on a light page."""
CHROMA = 0.055
"""Greyer ones are no colours on a photograph."""
_COLORS = (
    "2f6fed87f000ff0000006900f0b4ff870f69e100ff78a587ffb42db469a54be1ff964b005a00c33c5a7800b40078a5ffff8787"
    "ff1ea50000ff960fffc37800a5d296c31e5ab400b4e178f069870f2d87a5784ba59669f0f0c3b4a5b400004bb496001ec396c3"
    "00b4d21ed2785a2dff00f0c3966969d25a5a5a5a2dd2a578ff6900d2d200a5c3ff784b5a0078698787c3870fc3f069a5b48778"
    "d24bc300a569c32d001e96e187c3c3f01e69698769a53c874b69b4ff3ce196963c784be12dc3a54b3c960f5a4bd20f96ff87d2"
    "b43ce187a5c3b496ff87d21eff5a696987ffd296000f4bf0f0a5c3ff964b8769004bc3ff0096002d1ed2780096e1d2878769a5"
    "783c1e69b45a00f08700e10096e1d2b45a2d693c78a5b47800874bd25affd24b87e17869009687a55ac3a54b5a695a87d2b42d"
    "d200d2a5005ab478e14b4bd2961e9696784bf096ff6978d2e15a0f872d4bd278c3a5e1696969ffb4002d1ed2d2ffa596d29696"
    "e1002dd278965a783c963cc37800f03ca5a55ac32dd2a5f0f000c3f0b478a587a52d693c0f87ffa5a5e169a500964bff3c7800"
    "d2c3f0a52d00006996ff5ac32d4b8769e196ff69ffb40087b4965a6996b49687ffb400ff695ac3875a4ba500d2692da5a55a87"
    "873c8778c387ff00ffb46978e1873c6978a53c5a002da5ff875a7869b4b4b44ba5e187b42d5aa5964ba5e13ce10078b4693cc3"
    "ff4b2dff3c8769965a963c690f5ad2d23c5a4b87c3b469ffb4a53c78d2b42d78874b5affd2c3966996e13c0fffa56900e13ca5"
    "b4c3694b2dd21eb48787d2695a69009678d296d2f0963c3c00b45af03c4bff785a785a0ff04bff5a4ba5b4e10069b4e1c33cff"
    "3c3cb4b4784b693c5ac35ae1005a69783cffd21e78872de1e13c1ef09678e1a54b4b6987f00087875ac34be15a87873cffa5e1"
    "e15a789678964b87872d78d2e1c35a0f697878f0697869e196a51ec32db43c695a2d87694be1d21e964b78961e69693c694b00"
    "87b49696a569"
)
"""The palette, six digits a colour; more classes than these take them over again. A blue is the first; each further one is, of the cube of sRGB in steps of 15 within the
bounds above, the one that is farthest from all before it. Written down, since working it out takes numpy and time."""
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def rgb(color: str) -> tuple[int, int, int]:
    """Red, green and blue of ``#rrggbb``, 0 to 255."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _linear(colors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """sRGB of 0 to 255 to light of 0 to 1 [IEC 61966-2-1]."""
    import numpy as np

    share = colors / 255
    linear: np.ndarray[Any, Any] = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear


def oklab(colors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Rows of sRGB, 0 to 255, as rows of OKLab."""
    import numpy as np

    lab: np.ndarray[Any, Any] = np.cbrt(_linear(colors) @ np.array(_TO_CONES).T) @ np.array(_TO_LAB).T
    return lab


def luminance(color: str) -> float:
    """Relative luminance [WCAG 2]."""
    import numpy as np

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
    import numpy as np

    lab = oklab(np.array([rgb(color) for color in colors]).reshape(-1, 3))
    squares = ((lab[:, None] - lab) ** 2).sum(2)
    np.fill_diagonal(squares, np.inf)
    return float(np.sqrt(squares.min(initial=np.inf)))


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
    palette = ["#" + _COLORS[n : n + 6] for n in range(0, len(_COLORS), 6)]
    free: list[str] = []
    for color in palette:
        if len(free) == wanted:
            break
        if not own or _far(color, own):
            free.append(color)
    further = cycle(free or palette)
    return [color or next(further) for color in usable]


def _far(color: str, others: Sequence[str]) -> bool:
    import numpy as np

    lab = oklab(np.array([rgb(color), *map(rgb, others)]))
    return bool((((lab[1:] - lab[0]) ** 2).sum(1) >= NEAR**2).all())
