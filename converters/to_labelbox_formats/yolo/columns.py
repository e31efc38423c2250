"""What the values of a row are, in the user's words, where programs have written them in another order than YOLO's."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from to_labelbox.model.text import pattern
from to_labelbox.report.errors import UsageError

OUTLINE = "outline"
_BOX = ("class", "x", "y", "w", "h")
_ANGLE = "angle"
_WORD = pattern(r"[a-z_-]+")


class Columns(Struct, frozen=True):
    """``order``: where the class and the numbers of its box are; ``count`` values a row, or more where an outline is the ``rest``.

    ``lost`` names the values that have no place in a label; ``scored``: a confidence is among them.
    """

    order: tuple[int, ...]
    count: int
    rest: bool = False
    lost: str = ""
    scored: bool = False

    def arranged(self, tokens: Sequence[bytes]) -> list[bytes] | None:
        """The values of a row as YOLO orders them, None where there are more or fewer than were named."""
        if len(tokens) < self.count or (len(tokens) > self.count and not self.rest):
            return None
        return [*(tokens[at] for at in self.order), *(tokens[self.count :] if self.rest else ())]


def columns_of(text: str | None) -> Columns | None:
    """``class,confidence,x,y,w,h`` or ``class,x,y,w,h,outline``. Raises :class:`UsageError`."""
    if text is None:
        return None
    words = [word.strip() for word in text.lower().split(",")]
    rest = words[-1] == OUTLINE
    places = {word: at for at, word in enumerate(words)}
    wanted = ("class",) if rest else (*_BOX, *([_ANGLE] if _ANGLE in places else []))
    if not all(map(_WORD.fullmatch, words)) or OUTLINE in words[:-1] or any(words.count(word) != 1 for word in wanted):
        raise UsageError(
            f"-O columns={text}: it must name each value of a row, as class,confidence,x,y,w,h or x,y,w,h,class do. The words class, x, y, w and h "
            f"(or class, and {OUTLINE} at the end for all further values) are read, and angle; values of any other name are left out"
        )
    lost = [word for word in words if word not in (*_BOX, _ANGLE, OUTLINE)]
    return Columns(
        tuple(places[word] for word in wanted), len(words) - rest, rest, ", ".join(lost), "confidence" in lost
    )
