"""Metadata fields that Labelbox reserves, and what they take [SDK 7.17, schema/data_row_metadata.py; docs, metadata].

The SDK refuses a whole upload, before anything is sent, where one row has another value in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from to_labelbox.model.text import pattern

SPLIT = "split"
SPLITS = ("train", "valid", "test")
"""The options of the reserved field ``split``."""
_WORDS = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "minival": "valid",
    "test": "test",
    "testing": "test",
    "testdev": "test",
    "tst": "test",
}
_YEAR_OR_SET = pattern(r"[\s_-]*(?:set|split|images)?[\s_-]*(?:19|20)?\d{0,2}")


def split_option(word: str) -> str | None:
    """The option of ``split`` that a source's word stands for (``val``, ``train2017``, ``test-dev``), or None."""
    plain = re.sub(r"[\s_-]+", "", word.strip().lower())
    for name in sorted(_WORDS, key=len, reverse=True):
        if plain.startswith(name) and _YEAR_OR_SET.fullmatch(plain[len(name) :]):
            return _WORDS[name]
    return None


def _split(value: object) -> str:
    if value in SPLITS:
        return ""
    option = split_option(value) if isinstance(value, str) else None
    meant = f", {value!r} is {option!r} there" if option else ""
    return f"takes one of {', '.join(SPLITS)}{meant}"


def _text(value: object) -> str:
    return "" if isinstance(value, str) else "takes a text"


def _time(value: object) -> str:
    if isinstance(value, str):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return ""
    return "takes a date and time as ISO 8601 has them, such as 2024-05-31T12:00:00Z"


RESERVED: dict[str, Callable[[object], str]] = {SPLIT: _split, "tag": _text, "captureDateTime": _time}
"""What is wrong with a value of each reserved field; nothing for one that it takes."""
