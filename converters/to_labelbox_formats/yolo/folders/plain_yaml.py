"""YAML as nearly every data.yaml is, read without a YAML library: loading that takes a tenth of a small conversion.

Keys at the margin, each with a scalar, a list in brackets, or below it a block of ``- value`` or of ``key: value``; scalars
without anything that YAML could take for more than text. Every scalar is the text that was written.
"""

from __future__ import annotations

from typing import TypeAlias

from to_labelbox.model.text import pattern

Value: TypeAlias = str | list[str] | dict[str, str]

_PLAIN = r"[\w./](?:[\w./()+-]|:(?=[\w/])| (?=[\w./()+-]))*"
_TEXT = rf"{_PLAIN}|'[\w./()+ -]*'|\"[\w./()+ -]*\""
_REST = r" *(?: #.*)?"
_KEY = r"(\w[\w-]*) *:"
_ODD = pattern("[\0-\t\v-\f\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]|\r(?!\n)")
"""What ends a line for YAML, is left out by it, or is none of its characters."""
_EMPTY = pattern(r" *(?:#.*)?")
_TOP = pattern(rf"{_KEY}(?: +({_TEXT})| +\[ *((?:{_TEXT})(?: *, *(?:{_TEXT}))*)? *\])?{_REST}")
_ENTRY = pattern(rf"( *)(?:(-)|{_KEY})(?: +({_TEXT}))?{_REST}")
_ITEM = pattern(_TEXT)


def plain_yaml(text: str) -> dict[str, Value] | None:
    """The mapping of a document, or None for one that is for the library to read."""
    if _ODD.search(text):
        return None
    document: dict[str, Value] = {}
    key, indent = "", -1
    block: list[str] | dict[str, str] | None = None
    for line in text.split("\n"):
        line = line.removesuffix("\r")
        if _EMPTY.fullmatch(line):
            continue
        entry = _ENTRY.fullmatch(line)
        if entry is not None and key and (entry[1] or entry[2]):  # in the block below a key
            if indent < 0:
                indent, block = len(entry[1]), [] if entry[2] else {}
                document[key] = block
            if len(entry[1]) != indent or isinstance(block, list) != bool(entry[2]):
                return None
            value = _scalar(entry[4])
            if isinstance(block, list):
                block.append(value)
            elif block is not None and block.setdefault(entry[3], value) != value:
                return None
            continue
        top = _TOP.fullmatch(line)
        if top is None:
            return None
        name, scalar, items = top.groups()
        listed = line[top.end(1) :].lstrip(" :").startswith("[")
        said = [_scalar(item) for item in _ITEM.findall(items or "")] if listed else _scalar(scalar)
        if name in document and (document[name] != said or not said):
            return None
        document[name] = said
        key, indent = name if scalar is None and not listed else "", -1
    return document or None


def _scalar(text: str | None) -> str:
    if not text:
        return ""
    return text[1:-1] if text[0] in "'\"" else text
