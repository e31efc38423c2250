"""Names of files as text, and texts as they are shown: of bounded length, without characters that steer a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, AnyStr, cast


class _Pattern:
    """A pattern whose methods, made with its first use, are those of the compiled one."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """``re.compile`` put off until the first use, which most of the patterns of a small conversion never see."""
    return cast(re.Pattern[AnyStr], _Pattern(text, flags))


NUMBER = pattern(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""A number as tools write it; ``float`` takes 1_0 and the digits of other scripts as well."""
_FLAG_WORDS = {
    "1": True,
    "true": True,
    "yes": True,
    "1.0": True,
    "0": False,
    "false": False,
    "no": False,
    "": False,
    "0.0": False,
}
"""What flags say, in lower case, as formats have them or as the texts and numbers that scripts write."""
_NOT_UTF_8 = pattern("[\udc80-\udcff]")


def flag(text: str) -> bool | None:
    """What a flag says, in capitals or not; None for a text that is neither yes nor no."""
    return _FLAG_WORDS.get(text.strip().lower())


def text_name(name: str) -> str:
    """A file's name as text: a byte that is no UTF-8, which Python holds as half a surrogate pair, becomes ``%E9``."""
    return _NOT_UTF_8.sub(lambda half: f"%{ord(half.group()) - 0xDC00:02X}", name)


def cut(text: str, most: int) -> str:
    """A text of at most about ``most`` characters: beginning and end of a longer one, and how much is left out."""
    if len(text) <= most:
        return text
    end = most // 5
    return f"{text[: most - end]} … ({len(text) - most:,} more characters) … {text[-end:]}"


def shortened(text: str, most: int = 80) -> str:
    """A text of at most ``most`` characters; the last of a longer one is an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def quoted(path: str) -> str:
    """A path as a shell takes it."""
    import shlex  # for messages alone

    return shlex.quote(path)


def n_of(count: int, one: str, many: str = "") -> str:
    """A count with its noun: ``1 line``, ``2 lines``; ``many`` where that is not the noun with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(texts: Sequence[str], most: int = 20) -> list[str]:
    """The first of many texts, and how many more there are."""
    more = len(texts) - most
    return [*texts[:most], f"… and {more:,} more"] if more > 0 else list(texts)


def display(text: str) -> str:
    """A text as it may be shown in a terminal: control, bidi and other unprintable characters escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def display_lines(text: str) -> str:
    """As :func:`display`, with the line breaks and tabs that the text was laid out with."""
    return "\n".join("\t".join(map(display, line.split("\t"))) for line in text.split("\n"))


def without_blanks(name: str) -> str:
    """A name without the blanks that are not seen: at its ends, and more than one between words."""
    return " ".join(name.split())


def as_seen(name: str) -> str:
    """A name as an editor shows it: accents in one form, nothing that has no width, one blank between words."""
    if not name.isascii():
        import unicodedata  # here, because most names are ASCII

        name = unicodedata.normalize("NFC", name)
        name = "".join(c for c in name if unicodedata.category(c) != "Cf")
    return without_blanks(name)


_BETWEEN_WORDS = pattern(r"(?<=[^\W_])[_-]+(?=[^\W_])")


def as_words(name: str) -> str:
    """A name as an editor shows it, with a blank for the underscores or hyphens between words; ``A-`` stays what it is."""
    return _BETWEEN_WORDS.sub(" ", as_seen(name))


def matches(name: str, pattern: str) -> bool:
    """Whether a name is one that a pattern with ``*`` and ``?`` means; brackets stand for themselves."""
    from fnmatch import fnmatchcase  # here, because few commands are given one

    return fnmatchcase(name, pattern.replace("[", "[[]"))


def as_text(plain: Any) -> Any:
    """Plain data whose texts can be encoded: names as :func:`text_name` has them, other half surrogates replaced."""
    if isinstance(plain, str):
        return text_name(plain).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(plain, dict):
        return {as_text(key): as_text(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return type(plain)(map(as_text, plain))
    return plain
