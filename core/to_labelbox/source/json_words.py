"""What is wrong with a record, in the words of its format: not those of the library that has decoded it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from to_labelbox.model.text import cut, n_of
from to_labelbox.report.plain_words import NAMES

_MOST_SHOWN = 60
_EXPECTED = re.compile(
    r"Expected `(?P<wanted>[^`]*)`(?P<beyond> [<>].*?| of length .*?| matching .*?)?(?:, got (?P<got>.*?))?$"
)
_MISSING = re.compile(r"Object missing required field `([^`]*)`$")
_BYTE = re.compile(r"\(byte (\d+)\)")
_KINDS: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def json_fault(error: Exception, data: bytes | memoryview | str = b"") -> str:
    """What is wrong with JSON, and what stands there: ``x is "left", where a number is expected``.

    ``error`` is what decoding ``data`` has raised; without the data only the kind of what stands there is known.
    """
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not written in UTF-8"
    if not isinstance(error, msgspec.ValidationError):
        if "truncated" in str(error):
            return "it ends early"
        byte = _BYTE.search(str(error))
        return f"it is no JSON from byte {byte.group(1)} on" if byte else "it is no JSON"
    said, _, path = str(error).partition(" - at `")
    steps = re.findall(r"\[\.\.\.\]|\[\d+\]|[^.\[\]$]+", path.removesuffix("`"))
    missing = _MISSING.match(said)
    if missing:
        return f"{_place(steps) or 'it'} has no {missing.group(1)}"
    expected = _EXPECTED.match(said)
    if expected is None:
        return f"{_place(steps) or 'it'} is {_shown('', steps, data)}, which is out of range"
    kinds = [k for k in expected["wanted"].split(" | ") if k != "null"]
    wanted = " or ".join(NAMES.get(k, "another kind of value") for k in kinds)
    length = re.fullmatch(r" of length (\d+)", expected["beyond"] or "")
    if length:
        wanted = n_of(int(length[1]), "value is", "values are")
        return f"{_place(steps) or 'it'} is {_shown(expected['got'] or kinds[0], steps, data)}, where {wanted} expected"
    return f"{_place(steps) or 'it'} is {_shown(expected['got'] or '', steps, data)}, where {wanted} is expected"


def _place(steps: list[str]) -> str:
    """The path of a field as one writes it; numbers of a list that are not known are left out."""
    text = ""
    for step in steps:
        text += "[]" if step == "[...]" else step if step.startswith("[") else f".{step}"
    return text.removeprefix(".")


def _shown(got: str, steps: list[str], data: bytes | memoryview | str) -> str:
    """The first value there that is of the kind which was not expected, else its kind."""
    kind = got.strip("`")
    try:
        values = list(_values(msgspec.json.decode(data), steps)) if data else []
    except (ValueError, RecursionError):
        values = []
    for value in values:
        fits = (
            isinstance(value, _KINDS[kind]) and (kind == "bool") == isinstance(value, bool) if kind in _KINDS else True
        )
        if fits:
            return cut(msgspec.json.encode(value).decode(), _MOST_SHOWN)
    return NAMES.get(kind, "a value")


def _values(value: Any, steps: list[str]) -> Iterator[Any]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if isinstance(value, list) and step.startswith("["):
        inner = value if step == "[...]" else value[int(step[1:-1]) : int(step[1:-1]) + 1]
        for one in inner:
            yield from _values(one, rest)
    elif isinstance(value, dict) and step == "[...]":
        for one in value.values():
            yield from _values(one, rest)
    elif isinstance(value, dict) and step in value:
        yield from _values(value[step], rest)
