"""Offsets in text, and the text of hypertext.

Label Studio counts code points; older versions counted UTF-16 units, and browsers show CRLF as one character. The text
that a region says it covers decides which of them it was.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from html.parser import HTMLParser
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

_SPACE = re.compile(r"\s+")
_BREAK = re.compile(r"\r|\n|\\n")
_STEP = re.compile(r"([\w:-]+|text\(\))(?:\[(\d+)\])?")
_TEXT = "text()"
_BLOCKS = frozenset(
    "address article aside blockquote br caption dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr "
    "li main nav ol option p pre section table tbody td tfoot th thead title tr ul".split()
)
"""Elements that stand on lines of their own."""
_DROPPED = frozenset(("script", "iframe"))
"""Elements that the editor takes out of a document, with all that is in them."""
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())


class Unit(StrEnum):
    """How the offsets of a span were counted."""

    CODE_POINTS = "code points"
    UTF16 = "UTF-16 units"
    LF = "code points with CRLF as one"
    LF_UTF16 = "UTF-16 units with CRLF as one"
    INCLUSIVE = "code points with the last one included"
    FROM_ONE = "code points from 1 with the last one included"
    BEYOND = "code points to beyond the end of the text"
    UNCHECKED = "code points, not checked"
    MISMATCH = "code points, although the text there is another one"


class Span(NamedTuple):
    start: int
    end: int
    unit: Unit


class Offsets:
    """A text with the translations of offsets into it."""

    def __init__(self, text: str, *, markup: bool = False) -> None:
        self.text = text
        self._markup = markup

    @cached_property
    def _wide(self) -> list[int]:
        """UTF-16 offsets behind each character outside the Basic Multilingual Plane."""
        return [m.end() + n for n, m in enumerate(re.finditer("[\U00010000-\U0010ffff]", self.text), 1)]

    @cached_property
    def _breaks(self) -> list[int]:
        """Offsets, in the text with LF only, behind each line break that is CRLF here."""
        return [m.end() - n for n, m in enumerate(re.finditer("\r\n", self.text), 1)]

    @cached_property
    def _unix(self) -> Offsets:
        return Offsets(self.text.replace("\r\n", "\n"))

    def from_utf16(self, offset: int) -> int:
        """The offset in code points of one in UTF-16 units."""
        return offset - bisect_right(self._wide, offset)

    def _from_lf(self, offset: int) -> int:
        return offset + bisect_right(self._breaks, offset)

    def _candidates(self, start: int, end: int) -> Iterator[Span]:
        yield Span(start, end, Unit.CODE_POINTS)
        if self._wide:
            yield Span(self.from_utf16(start), self.from_utf16(end), Unit.UTF16)
        if self._breaks:
            yield Span(self._from_lf(start), self._from_lf(end), Unit.LF)
            if self._wide:
                unix = self._unix
                yield Span(self._from_lf(unix.from_utf16(start)), self._from_lf(unix.from_utf16(end)), Unit.LF_UTF16)

    def _of_scripts(self, start: int, end: int) -> Iterator[Span]:
        yield Span(start, end + 1, Unit.INCLUSIVE)
        if start:
            yield Span(start - 1, end, Unit.FROM_ONE)

    def is_ambiguous(self, end: int) -> bool:
        """Whether an offset up to that place means another one by another unit."""
        return bool((self._wide and self._wide[0] <= end) or (self._breaks and self._breaks[0] <= end))

    def resolve(self, start: int, end: int, quote: str | None, utf16: bool = False) -> Span | None:
        """The span in code points; None when it is empty or begins behind the text. ``utf16``: the unit where no quote tells.

        What ends behind the text is cut there by who writes it, unless its quote says that it ends with the text.
        """
        if start < 0 or end < start or (end == start and not quote):
            return None
        length = len(self.text)
        if utf16 and not quote:
            start, end = self.from_utf16(start), self.from_utf16(end)
        if quote is None or quote == "":
            return Span(start, end, Unit.UNCHECKED) if start < length else None
        for candidates, agree in (
            (self._candidates, self._agree),
            (self._candidates, _agree_but_for_breaks),
            (self._of_scripts, self._agree),
        ):
            for candidate in candidates(start, end):
                if candidate.end <= length and agree(self.text[candidate.start : candidate.end], quote):
                    return candidate
        if end > length and self._agree(self.text[start:], quote):
            return Span(start, length, Unit.BEYOND)
        return Span(start, end, Unit.MISMATCH) if start < end and start < length else None

    def agrees(self, start: int, end: int, quote: str | None) -> bool:
        """Whether the text at the offsets, in one unit or another, is the one that a span says it covers."""
        span = self.resolve(start, end, quote)
        return span is not None and span.unit is not Unit.MISMATCH

    def _agree(self, slice: str, quote: str) -> bool:
        if slice == quote:
            return True
        plain, said = slice.replace("\r\n", "\n"), quote.replace("\\n", "\n").replace("\r\n", "\n")
        if plain == said:
            return True
        return self._markup and _SPACE.sub("", plain) == _SPACE.sub("", said)


def _agree_but_for_breaks(slice: str, quote: str) -> bool:
    """Browsers leave line breaks out of what they quote, scripts write a blank; a double click takes what is behind a word in."""
    plain, said = _BREAK.sub("", slice), _BREAK.sub("", quote)
    return bool(plain) and (plain in (said, said.strip()) or _SPACE.sub(" ", slice) == _SPACE.sub(" ", quote))


def quotes_over(first: Offsets, between: str, last: Offsets, start: int, end: int, quote: str) -> bool:
    """Whether a quote begins with what stands from an offset on in one text and ends with what stands up to one in another.

    White space does not count, nor the names of those who speak, which browsers quote with what they say.
    """
    head, tail, said = (_SPACE.sub("", t.replace("\\n", "\n")) for t in (first.text[start:], last.text[:end], quote))
    whole = _SPACE.sub("", first.text[start:] + between + last.text[:end])
    return said == whole or (len(said) > len(whole) and said.startswith(head) and said.endswith(tail))


class _Text(Struct):
    """A text node: where it begins in the joined text, and how long it is."""

    start: int
    length: int


class _Node(Struct):
    """An element with its children, which are looked up by their kind once for all."""

    tag: str
    start: int
    end: int
    children: list[_Node | _Text] = []
    _by_kind: dict[str, list[_Node | _Text]] | None = None

    def child(self, kind: str, number: int) -> _Node | _Text | None:
        """The child of that tag, or among those that are text; the first is 1."""
        if self._by_kind is None:
            self._by_kind = {}
            for child in self.children:
                self._by_kind.setdefault(child.tag if isinstance(child, _Node) else _TEXT, []).append(child)
        same = self._by_kind.get(kind, ())
        return same[number - 1] if 1 <= number <= len(same) else None


class Hypertext(HTMLParser):
    """The text nodes of a document joined, in which offsets count, and places in it by XPath.

    ``breaks``: where a block begins or ends between two texts without white space, ascending. ``lines``: where ``br``
    stands, in offsets of the editor.
    """

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._blank = False
        self._length = 0
        self._root = _Node("", 0, 0)
        self._open = [self._root]
        self._open_tags: Counter[str] = Counter()
        self._at_block = False
        self.breaks: list[int] = []
        self.lines: list[int] = []
        self._dropped = ""
        self.feed(markup.replace("\r\n", "\n").replace("\r", "\n"))
        self.close()
        for node in self._open:
            node.end = self._length
        self.text = "".join(self._parts)

    @cached_property
    def readable(self) -> str:
        """The text with a line break between blocks, which the editor does not count."""
        places = [0, *self.breaks, len(self.text)]
        return "\n".join(self.text[start:end] for start, end in pairwise(places)) if self.breaks else self.text

    def in_readable(self, start: int, end: int) -> tuple[int, int]:
        """A span of :attr:`text` in :attr:`readable`."""
        return start + bisect_right(self.breaks, start), end + bisect_left(self.breaks, end)

    def from_global(self, offset: int) -> int:
        """The offset in :attr:`text` of one in the whole document, where the editor counts each ``br`` as a character."""
        return offset - bisect_left(self.lines, offset)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - of the base
        if self._dropped:
            return
        if tag in _DROPPED:
            self._dropped = tag
            return
        self._blank = False
        self._at_block |= tag in _BLOCKS
        if tag == "body":
            self._begin_body()
        if tag in ("html", "body"):
            return
        if tag == "br":
            self.lines.append(self._length + len(self.lines))
        node = _Node(tag, self._length, self._length)
        self._open[-1].children.append(node)
        if tag not in _VOID:
            self._open.append(node)
            self._open_tags[tag] += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # outside SVG a browser takes <div/> as an opening tag
        if tag not in _DROPPED:
            self.handle_starttag(tag, attrs)

    def _begin_body(self) -> None:
        """Places in a document begin with its body: what stands in its head or before is none of its text."""
        self._parts.clear()
        self.breaks.clear()
        self.lines.clear()
        self._length = 0
        self._root.children.clear()
        self._open = [self._root]
        self._open_tags.clear()

    def handle_endtag(self, tag: str) -> None:
        if self._dropped:
            self._dropped = "" if tag == self._dropped else self._dropped
            return
        self._at_block |= tag in _BLOCKS
        if tag == "head":
            self._begin_body()
            self._blank = True
            return
        while self._open_tags[tag]:
            node = self._open.pop()
            node.end = self._length
            self._open_tags[node.tag] -= 1
            if node.tag == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._dropped:
            return
        if self._blank:
            # between head and body a browser leaves white space out
            data = data.lstrip()
            if not data:
                return
            self._blank = False
        if self._at_block and self._length and data and not (data[0].isspace() or self._parts[-1][-1:].isspace()):
            self.breaks.append(self._length)
        self._at_block = False
        children = self._open[-1].children
        if children and isinstance(children[-1], _Text):
            children[-1].length += len(data)
        else:
            children.append(_Text(self._length, len(data)))
        self._parts.append(data)
        self._length += len(data)

    def locate(self, path: str, offset: int) -> int | None:
        """The offset in :attr:`text` of an offset in the node that an XPath names; None when there is no such node."""
        node = self._root
        steps = [s for s in path.split("/") if s]
        for place, step in enumerate(steps):
            match = _STEP.fullmatch(step)
            if match is None:
                return None
            below = node.child(match.group(1).lower(), int(match.group(2) or 1))
            if isinstance(below, _Text):
                return below.start + offset if place == len(steps) - 1 and 0 <= offset <= below.length else None
            if below is None:
                return None
            node = below
        # on an element the offset counts its child nodes
        if 0 <= offset < len(node.children):
            return node.children[offset].start
        return node.end if offset == len(node.children) else None
