"""Hardened XML parsing on lxml: no DOCTYPE, no entities, no network; errors name line and column."""

from __future__ import annotations

import codecs
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from to_labelbox.model.text import pattern
from to_labelbox.report.errors import FileError
from to_labelbox.report.plain_words import in_words, said_plainly

if TYPE_CHECKING:
    from lxml import etree

Element: TypeAlias = "etree._Element"

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WIDE = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
"""How UTF-16 starts without a byte-order mark."""
_DECLARED = pattern(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._:-]+)[\"']")
_DECLARATION = pattern(r"\s*<\?xml\s[^>]*\?>")
_NOT_FOR_DOCUMENTS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
"""Codecs of Python that no XML file is written in; some take quadratic time."""


@cache
def _parser() -> etree.XMLParser:
    from lxml import etree  # here, because decoding alone needs none of it

    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip


def parse_xml(data: bytes) -> Element:
    """The root element of a document of bounded size.

    Encodings as in :func:`xml_text`. Leading white space is tolerated. Raises :class:`FileError` with line and column; a
    DOCTYPE is refused before anything is parsed.
    """
    return parse_text(xml_text(data))


def parse_text(text: str) -> Element:
    """The root element of a document that :func:`xml_text` has decoded. Raises :class:`FileError`."""
    from lxml import etree

    if "<!DOCTYPE" in text:
        raise FileError("a DOCTYPE is not accepted (it can hide entity bombs); remove it")
    try:
        return etree.fromstring(text.encode(), _parser())
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = "it ends in the middle of a tag"
        if not text.rstrip().endswith(("<", "</")):
            reason = said_plainly(error.msg.partition(", line ")[0].strip())
        raise FileError(f"not well-formed XML at line {line}, column {column}: {reason}") from None
    except UnicodeEncodeError:
        raise FileError("holds half a surrogate pair, which is no character") from None


def xml_text(data: bytes, fallback: str = "", way: str = "") -> str:
    """The document as text, without byte-order mark and declaration.

    Encodings: by byte-order mark, else as declared (any that Python knows), else UTF-8; when the bytes are not valid in
    it, as ``fallback`` if one is given. Raises :class:`FileError` naming the encoding, the offset, and another ``way`` out.
    """
    if data[:1] == b"<" and data[1:2] not in b"?\0":
        encoding = "utf-8"
    else:
        data, encoding = encoding_of(data)
    try:
        text = data.decode(encoding)
    except LookupError:
        raise FileError(f"declares an unknown encoding {encoding!r}") from None
    except UnicodeDecodeError as error:
        if not fallback:
            raise FileError(
                f"is not {encoding} as it should be, at byte {error.start + 1:,}: "
                f"save it as UTF-8, or declare the encoding that it has{way}"
            ) from None
        text = data.decode(fallback, "replace")
    except UnicodeError as error:
        raise FileError(f"is not {encoding} as it should be: {in_words(error)}") from None
    if match := _DECLARATION.match(text):
        text = "\n" * match.group().count("\n") + text[match.end() :]
    if not text or text.isspace():
        raise FileError("the file is empty")
    return text


def encoding_of(data: bytes) -> tuple[bytes, str]:
    """The document, or the head of one, without byte-order mark, and its encoding. Raises :class:`FileError`."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :], encoding
    for start, encoding in _WIDE:
        if data.startswith(start):
            return data, encoding
    head = data[:1024].lstrip()
    match = _DECLARED.match(head)
    declared = match.group(1).decode() if match else "utf-8"
    try:
        name = codecs.lookup(declared).name
        b" ".decode(name, "ignore")  # refuses codecs that are not about text
    except (LookupError, ValueError):
        raise FileError(f"declares an unknown encoding {declared!r}") from None
    if name in _NOT_FOR_DOCUMENTS:
        raise FileError(f"declares the encoding {declared!r}, which XML is not written in")
    # A declaration that can be read as ASCII is not written in a wide encoding, whatever it says.
    return data, "utf-8" if name.startswith(("utf-16", "utf-32")) else name


def local_name(element: Element) -> str:
    """The tag without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
