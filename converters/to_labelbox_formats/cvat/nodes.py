"""XML elements, read from their text.

Splitting the text at ``<`` and ``"`` is several times faster than building a tree. That is sound for text that expat has
accepted and that holds no entity, comment, CDATA section or apostrophe-quoted attribute; anything else goes through lxml
into the same nodes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from lxml import etree

from to_labelbox.report.errors import FileError
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.xml import Element, local_name, parse_xml

Answer: TypeAlias = "str | tuple[str, str]"
"""An ``attribute`` child: the text from its ``<`` on, or name and value where that text needed unescaping."""


FRAME = re.compile(r"frame_(\d{6,8})")
"""Name of a picture that is a frame of a video."""


class Layout:
    """The shape of a start tag: its name and the place of each attribute among the pieces between quotes."""

    __slots__ = ("_getters", "empty", "index", "tag")

    def __init__(self, tag: str, names: Sequence[str], empty: bool) -> None:
        self.tag = tag
        self.index = {name: 2 * i + 1 for i, name in enumerate(names)}
        self.empty = empty
        self._getters: dict[tuple[str, ...], Callable[[Sequence[str]], tuple[str, ...]] | None] = {}

    def getter(self, names: tuple[str, ...]) -> Callable[[Sequence[str]], tuple[str, ...]] | None:
        """A function that takes those two or more attributes from the pieces; None when one of them is missing."""
        try:
            return self._getters[names]
        except KeyError:
            found = None
            if all(name in self.index for name in names):
                found = itemgetter(*(self.index[name] for name in names))
            self._getters[names] = found
            return found


class Figure(NamedTuple):
    """The numbers of a shape, see :mod:`shapes`. ``kind`` is the server's name of the shape type."""

    kind: str
    numbers: Sequence[float]
    rotation: float = 0.0


class Node(NamedTuple):
    """An element: its start tag in pieces, its ``attribute`` children, its other children.

    ``figure`` is what it shows where that does not stand in its start tag: it comes from JSON, or between two keyframes.
    """

    layout: Layout
    parts: Sequence[str]
    answers: list[Answer]
    children: list[Node]
    figure: Figure | None = None

    @property
    def tag(self) -> str:
        return self.layout.tag

    def get(self, name: str, default: str = "") -> str:
        place = self.layout.index.get(name)
        return default if place is None else self.parts[place]


Record: TypeAlias = "bytes | Node"
"""What an export tells of an image or a track: the text of the element, or JSON made into its node."""


class _Uncommon(Exception):
    """The text is not in the form that splitting can read."""


_FIRST = re.compile(r"([A-Za-z_][\w.:-]*)\s+([A-Za-z_][\w.:-]*)=")
_NEXT = re.compile(r"\s+([A-Za-z_][\w.:-]*)=")
_BARE = re.compile(r"([A-Za-z_][\w.:-]*)\s*(/?)>")
_START_TAG = re.compile(r'<([^<>"&\r]*+(?:"[^<"&\r]*+"[^<>"&\r]*+)*+>)')
_MAX_LAYOUTS = 4096
_layouts: dict[tuple[str, ...], Layout] = {}


def _layout(key: tuple[str, ...]) -> Layout:
    """The layout of a start tag, from the pieces outside of its quotes."""
    last = key[-1]
    if len(key) == 1:
        bare = _BARE.match(last)
        if bare is None:
            raise _Uncommon
        layout = Layout(bare[1], (), bool(bare[2]))
    else:
        first = _FIRST.fullmatch(key[0])
        rest = [_NEXT.fullmatch(piece) for piece in key[1:-1]]
        end = last.lstrip()
        if first is None or None in rest or not end.startswith((">", "/>")):
            raise _Uncommon
        names = [first[2], *(match[1] for match in rest if match)]
        layout = Layout(first[1], names, end[0] == "/")
    if len(_layouts) >= _MAX_LAYOUTS:
        _layouts.clear()
    _layouts[key] = layout
    return layout


def start_tag(text: str) -> tuple[Node, int] | None:
    """The start tag that an element's text begins with, and where it ends; None where that needs a parser."""
    found = _START_TAG.match(text)
    if found is None:
        return None
    parts = found[1].split('"')
    key = tuple(parts[::2])
    try:
        return Node(_layouts.get(key) or _layout(key), parts, [], []), found.end()
    except _Uncommon:
        return None


def node_of(record: Record) -> Node:
    """An image or track with all that is in it. Raises :class:`FileError`."""
    return parse_node(record) if isinstance(record, bytes) else record


def parse_node(data: bytes) -> Node:
    """An ``image`` or ``track`` with all that is in it. Raises :class:`FileError`."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise FileError(f"is {in_words(error)}") from None
    if "&" not in text and "\r" not in text and "<!" not in text and "<?" not in text:
        try:
            return _split_nodes(text)
        except _Uncommon:
            pass
    return _node_of(parse_xml(data))


_make: Callable[[type[Node], tuple[Layout, Sequence[str], list[Answer], list[Node], None]], Node] = tuple.__new__
"""Makes a node without the detour over its own ``__new__``; there is one for every row."""


def _split_nodes(text: str) -> Node:
    pieces = text.split("<")
    parts = pieces[1].split('"')
    key = tuple(parts[::2])
    root = top = Node(_layouts.get(key) or _layout(key), parts, [], [])
    stack: list[Node] = []
    answers, children = top.answers, top.children
    known, make = _layouts, _make
    del pieces[:2]
    for piece in pieces:
        first = piece[0]
        if first == "/":
            if piece[1] != "a" or not piece.startswith("/attribute"):
                if not stack:
                    break
                top = stack.pop()
                answers, children = top.answers, top.children
        elif first == "a" and piece.startswith("attribute "):
            answers.append(piece)
        else:
            parts = piece.split('"')
            key = tuple(parts[::2])
            layout = known.get(key) or _layout(key)
            node = make(Node, (layout, parts, [], [], None))
            children.append(node)
            if not layout.empty:
                stack.append(top)
                top = node
                answers, children = node.answers, node.children
    return root


@lru_cache(maxsize=_MAX_LAYOUTS)
def _made_layout(tag: str, names: tuple[str, ...]) -> Layout:
    return Layout(tag, names, False)


def make_node(
    tag: str,
    attributes: Mapping[str, str],
    answers: list[Answer] | None = None,
    children: list[Node] | None = None,
    figure: Figure | None = None,
) -> Node:
    """A node that was not read from text."""
    parts = [piece for value in attributes.values() for piece in ("", value)]
    return Node(_made_layout(tag, tuple(attributes)), parts, answers or [], children or [], figure)


def _node_of(element: Element) -> Node:
    attributes = {str(name).rpartition("}")[2]: str(value) for name, value in element.attrib.items()}
    answers: list[Answer] = []
    children: list[Node] = []
    for child in element:
        if local_name(child) == "attribute":
            answers.append((str(child.get("name", "")), child.text or ""))
        elif isinstance(child.tag, str):
            children.append(_node_of(child))
    return make_node(local_name(element), attributes, answers, children)


_ANSWER = re.compile(r'attribute\s+name="([^"]*)"\s*(/?)>(.*)', re.DOTALL)


def name_and_value(answer: Answer) -> tuple[str, str]:
    """Name and text of an ``attribute`` element."""
    if isinstance(answer, tuple):
        return answer
    match = _ANSWER.match(answer)
    if match is None:
        return _attribute_by_parser(answer)
    return match[1], "" if match[2] else match[3]


def _attribute_by_parser(answer: str) -> tuple[str, str]:
    head, _, text = answer.partition(">")
    try:
        element = etree.fromstring(f"<{head.rstrip('/')}/>", etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return "", text
    return str(element.get("name", "")), text


def head_node(tag: str, inside: str) -> Node:
    """The node of a start tag, from the text between its name and its end."""
    text = f"<{tag}{inside.rstrip('/')}/>"
    found = start_tag(text)
    return found[0] if found is not None else _node_of(parse_xml(text.encode()))
