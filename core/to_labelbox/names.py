"""Names of files as text."""

from __future__ import annotations

import re
from typing import Any

_NOT_UTF_8 = re.compile("[\udc80-\udcff]")


def text_name(name: str) -> str:
    """A file's name as text: a byte that is no UTF-8, which Python holds as half a surrogate pair, becomes ``%E9``."""
    return _NOT_UTF_8.sub(lambda half: f"%{ord(half.group()) - 0xDC00:02X}", name)


def as_text(plain: Any) -> Any:
    """Plain data whose texts can be encoded: names as :func:`text_name` has them, other half surrogates replaced."""
    if isinstance(plain, str):
        return text_name(plain).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(plain, dict):
        return {as_text(key): as_text(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return type(plain)(map(as_text, plain))
    return plain
