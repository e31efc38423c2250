"""Hardened XML parsing on lxml: no DOCTYPE, no entities, no network; errors name line and column."""

from __future__ import annotations

import codecs
import re
from typing import TypeAlias

from lxml import etree

from to_labelbox.diagnostics import FileError

Element: TypeAlias = etree._Element

_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, remove_comments=True,
    remove_pis=True,
)  # fmt: skip


def parse_xml(data: bytes) -> Element:
    """The root element of a document of bounded size.

    Encodings: by byte-order mark, else as declared (any that Python knows), else UTF-8. Leading white space is
    tolerated. Raises :class:`FileError` with line and column; a DOCTYPE is refused before anything is parsed.
    """
    if not data.strip():
        raise FileError("the file is empty")
    text = to_utf8(data)
    if b"<!DOCTYPE" in text:
        raise FileError("a DOCTYPE is not accepted (it can hide entity bombs); remove it")
    try:
        return etree.fromstring(text, _PARSER)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise FileError(f"not well-formed XML at line {line}, column {column}: {error.msg}") from None


def to_utf8(data: bytes) -> bytes:
    """The document as UTF-8 bytes without byte-order mark and declaration. Raises :class:`FileError`."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            data, declared = data[len(bom) :], encoding
            break
    else:
        match = _DECLARATION.match(data[:200])
        declared = match.group(1).decode() if match else "utf-8"
    try:
        codec = codecs.lookup(declared)
    except LookupError:
        raise FileError(f"declares an unknown encoding {declared!r}") from None
    try:
        text = data if codec.name == "utf-8" else codec.decode(data)[0].encode()
    except UnicodeError as error:
        raise FileError(f"is not {declared} as it says: {error}") from None
    text = text.lstrip()
    if text.startswith(b"<?xml"):
        text = (
            text[text.find(b"?>") + 2 :] if codec.name != "utf-8" or declared.lower() not in ("utf-8", "utf8") else text
        )
    return text


def local_name(element: Element) -> str:
    """The tag without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
