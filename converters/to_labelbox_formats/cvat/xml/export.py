"""An XML export: one pass over the file finds its images and tracks, and the task that each belongs to.

After that any of them can be read by itself from its bytes, in any order and any process.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator

from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox.source.xml import parse_xml
from to_labelbox_formats.cvat.exports import ALL, Export, Group, find_tasks
from to_labelbox_formats.cvat.meta import meta_of_xml
from to_labelbox_formats.cvat.nodes import head_node
from to_labelbox_formats.cvat.unread import XmlCensus, tell_meta
from to_labelbox_formats.cvat.xml.document import BLOCK, Document

MAX_META_BYTES = 64 * 2**20
_VERSION = re.compile(rb"<version>([^<]*)</version>")
_ANSWER = re.compile(rb">([^<>]*)</attribute>")


class XmlExport(Export):
    """An XML file, and what its start tags say about each image and track."""

    media = "images"
    is_xml = True

    def __init__(self, source: Source, name: str, log: Log) -> None:
        self.name = name
        self.files = (name,)
        self._document = Document(source, name)
        try:
            index = self._indexed()
        except _Irregular:
            self._document.rewrite()
            index = self._indexed()
        self._starts, self._stops, self.groups = index.starts, index.stops, index.groups
        self.dense, self.tagged = index.dense, tuple(index.tag_labels)
        start, stop = index.meta
        if stop - start > MAX_META_BYTES:
            raise FileError(f"its meta element is larger than {MAX_META_BYTES} bytes")
        with self._document.reader() as read:
            version = _VERSION.search(read(0, min(4096, index.offset)))
            self.version = version[1].decode(errors="replace").strip() if version else ""
            meta = parse_xml(read(start, stop)) if stop else None
        self.meta = meta_of_xml(meta, self._holds)
        tell_meta(meta, log, name)
        index.census.tell(log, name)
        if index.more_metas:
            why = "only the first of a file counts: write each export into a file of its own"
            log.note_unread("element", "meta", where=name, count=index.more_metas, why=why)
        single = index.rows <= sum(len(g.tracks) for g in self.groups.values())
        self.closes = index.closes or (self.meta.written and (single or self.meta.project))

    def _indexed(self) -> _Index:
        index = _Index(self)
        self._document.check(index.feed)
        index.close()
        return index

    def records(self, elements: Iterable[int]) -> Iterator[bytes]:
        return self.texts(elements)

    def head(self, element: int) -> bytes:
        return next(self.texts((element,), first=1 << 16))

    def texts(self, elements: Iterable[int], first: int = ALL, tail: int = ALL) -> Iterator[bytes]:
        with self._document.reader() as read:
            for element in elements:
                start, stop = self._starts[element], self._stops[element]
                yield read(max(start, stop - tail), min(start + first, stop))

    def _holds(self, texts: set[bytes]) -> set[bytes]:
        """Which of these texts an ``attribute`` element has."""
        longest = max(map(len, texts))
        found: set[bytes] = set()
        with self._document.stream() as stream:
            tail = b""
            while len(found) < len(texts) and (block := stream.read(BLOCK)):
                data = tail + block
                found |= texts.intersection(_ANSWER.findall(data))
                tail = data[-(longest + len(b"></attribute>")) :]
        return found


class _Irregular(Exception):
    """A comment, CDATA section, instruction or apostrophe: offsets and quotes cannot be taken as they are."""


_MARKS = re.compile(
    rb"""<(?=[itm!?]|/[itm])(?:(image|track)(?=[\s/>])((?:[^<>"]++|"[^<"]*+")*+)>|/(image|track)\s*>|(tag)\s([^<>]*)>"""
    rb"""|(/?)(meta)(?=[\s/>])([^<>]*)>|(!|\?)(?!xml\s))"""
)
_APOSTROPHE = re.compile(rb"=\s*'")
_LABEL = re.compile(rb"""label\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_DENSE = re.compile(rb"""keyframe\s*=\s*["']\s*(?:0|false|no)""", re.IGNORECASE)
_CLOSES = re.compile(rb"""outside\s*=\s*["']\s*(?:1|true|yes)""", re.IGNORECASE)
_PLAIN_NAME = re.compile(rb'\sname="([^"&]*)"')
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\s[^>]*>")
"""Python's own writer puts the values of the declaration, and no others, in apostrophes."""


class _Index:
    """Finds the elements in a stream of blocks; each block is looked at up to its last ``<``.

    ``starts`` and ``stops`` are the byte offsets of the images and tracks in file order. ``rows`` counts the rows of
    tracks, as long as all of them are keyframes.
    """

    def __init__(self, export: Export) -> None:
        self._export = export
        self.groups: dict[tuple[str, str], Group] = {}
        self.starts, self.stops = array("Q"), array("Q")
        self.tag_labels: dict[str, None] = {}
        self.census = XmlCensus()
        self.dense = self.closes = False
        self.rows = self.offset = 0
        self.meta, self.more_metas = (0, 0), 0
        self._rest: list[bytes] = []
        self._depth = 0
        self._in_meta = self._tracks = False

    def feed(self, block: bytes) -> None:
        cut = block.rfind(b"<")
        if cut < 0 or not (cut or self._rest):
            self._rest.append(block)
            return
        self._look_at_rest(block[:cut])
        self._rest = [block[cut:]]

    def close(self) -> None:
        self._look_at_rest()

    def _look_at_rest(self, last: bytes = b"") -> None:
        data = b"".join((*self._rest, last))
        self._look(data)
        self.census.look(data)
        self.offset += len(data)

    def _look(self, data: bytes) -> None:
        declaration = None if self.offset else _DECLARATION.match(data)
        if b"'" in data and _APOSTROPHE.search(data, declaration.end() if declaration else 0):
            raise _Irregular
        for match in _MARKS.finditer(data):
            opened, inside, closed, tag, tag_inside, end, meta, meta_inside, other = match.groups()
            start, stop = self.offset + match.start(), self.offset + match.end()
            if other:
                raise _Irregular
            if meta and not meta_inside.endswith(b"/"):
                self._note_meta(bool(end), start, stop)
            elif meta or self._in_meta:
                continue
            elif closed:
                self._depth -= 1
                if self._depth == 0:
                    self.stops.append(stop)
            elif tag:
                label = _LABEL.search(tag_inside)
                if label:
                    head = head_node("tag", f' label="{(label[1] or label[2] or b"").decode(errors="replace")}"')
                    self.tag_labels[head.get("label").strip()] = None
            else:
                self._note_open(opened == b"track", inside, start, stop)
        if self._tracks:
            self.dense = self.dense or _DENSE.search(data) is not None
            self.closes = self.closes or _CLOSES.search(data) is not None
            if not self.dense:
                self.rows += data.count(b"frame=") - data.count(b"keyframe=")

    def _note_meta(self, end: bool, start: int, stop: int) -> None:
        """The first of the file; one without an end is none."""
        if self._depth:
            return
        if not end and not self.meta[1]:
            self.meta = (start, stop)
        elif end and self._in_meta:
            self.meta = (self.meta[0], stop)
        elif not end and self.meta[1]:
            self.more_metas += 1
        self._in_meta = not end and self.meta == (start, stop)

    def _note_open(self, is_track: bool, inside: bytes, start: int, stop: int) -> None:
        empty = inside.endswith(b"/")
        if self._depth == 0:
            self._add(is_track, inside)
            self.starts.append(start)
            self._tracks = self._tracks or is_track
            if empty:
                self.stops.append(stop)
        if not empty:
            self._depth += 1

    def _add(self, is_track: bool, inside: bytes) -> None:
        key, name = ("", ""), _PLAIN_NAME.search(inside)
        if b"subset" in inside or b"task_id" in inside or (name is None and not is_track) or b"&" in inside:
            head = head_node("track" if is_track else "image", inside.decode(errors="replace"))
            key, called = (head.get("subset"), head.get("task_id")), head.get("name")
        else:
            called = name[1].decode(errors="replace") if name else ""
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(self._export, *key)
        group.add(len(self.starts), is_track, called)


def open_xml(source: Source, name: str, log: Log) -> XmlExport:
    """Raises :class:`FileError` for what is no export, or not well-formed."""
    export = XmlExport(source, name, log)
    if not export.groups and not export.meta.found and not export.version:
        of_voc = b"<bndbox" in source.head(name)
        what = "; its <annotation> are Pascal VOC's: write each into a file of its own" if of_voc else ""
        raise FileError(f"holds neither meta, image nor track: this is not a CVAT export{what}")
    find_tasks(export.groups.values(), export.meta)
    if not export.groups:
        for task in export.meta.tasks:
            if task.video and task.source:
                export.groups[task.subset, task.id] = Group(export, task.subset, task.id, video=True, task=task)
    return export
