"""Chunks of a dataset: planned by number, encoded into files of their own, rendered piece by piece.

A part is what a chunk became. Its lines and rows are in files, written while it is encoded, so that memory stays flat
however long a chunk's lines are; what the ontology and the report need comes back in a :class:`EncodedChunk`, which is small.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Literal, NamedTuple, Self

from msgspec import Struct

from to_labelbox.conversion.output_folder import Sink
from to_labelbox.model.items import Item
from to_labelbox.model.survey import Survey
from to_labelbox.ontology.infer import Ontology
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.writer import Encoder, Writer
from to_labelbox.report.annotation_index import renumbered
from to_labelbox.report.log import Log

CHUNK_UNITS = 1024

READ_AHEAD = 1 << 9
"""Weight of the items that are read before they are encoded."""

_PIECE = 1 << 16
"""Larger ones are read into new memory each time, which takes as long as hashing them."""


class EncodedChunk(Struct):
    """A chunk's survey, log and counts. ``counts`` are lines an item, ``keys`` a 64-bit hash of each global key.

    ``index`` are the bytes of the three sections of its index file: lines of the payload, numbered from 1, what the reader
    left out, what the encoder left out. ``unread``: reading it ends a process, so its item is what is known without.
    """

    start: int
    stop: int
    items: int
    written: int
    counts: array[int]
    keys: array[int]
    survey: Survey
    log: Log
    index: tuple[int, int, int] = (0, 0, 0)
    unread: bool = False


def plan(units: int, workers: int = 0) -> list[tuple[int, int]]:
    """Ranges of units, several for each of many ``workers``. A batch, whose runs may have any number of them, plans without.

    To begin one takes as long as ten small pictures, so that one worker has none of less than eight.
    """
    size = max(8 if workers == 1 else 1, min(CHUNK_UNITS, units // max(16, 4 * workers)))
    return [(start, min(start + size, units)) for start in range(0, units, size)]


def plan_ahead(has_unit: Callable[[int], bool]) -> Iterator[tuple[int, int]]:
    """Ranges of units whose number is known only at their end."""
    start = 0
    while has_unit(start):
        yield start, start + CHUNK_UNITS
        start += CHUNK_UNITS


def part_path(folder: str, start: int, stop: int, what: str) -> str:
    """The file of a chunk's ``lines``, ``rows``, ``index``, or ``rendered`` lines."""
    return os.path.join(folder, f"{start:09d}-{stop:09d}.{what}")


def encode_part(
    dataset: Dataset,
    encoder: Encoder,
    start: int,
    stop: int,
    fail: bool,
    folder: str | None,
    tick: Callable[[], None] = lambda: None,
    indexed: bool = False,
    index: Sink | None = None,
    read_ahead: int = READ_AHEAD,
) -> EncodedChunk:
    """Encode a range of units into its files in ``folder``, or without a folder into nothing.

    ``read_ahead``: items of which weight are read before they are encoded; 0 for one by one, as a limit of time asks for.

    ``index`` is the set's index, where the chunks before have been encoded here and it can be written straight on.
    Reader and encoder log apart and are added up. A file has its name when it is whole. ``tick`` is called when an
    item has been read, and when those that were read ahead have been encoded.
    """
    indexed = indexed and folder is not None
    log = Log(fail=fail, indexed=indexed)
    with (
        _File(folder and part_path(folder, start, stop, "lines")) as lines,
        _File(folder and indexed and part_path(folder, start, stop, "index")) as own,
    ):
        encoder.spill = lines.write
        encoder.index_to((index or own).write if indexed else None, index.lines + 1 if index is not None else 1)
        tick()
        for some in _blocks(dataset.items(log, start, stop), tick, read_ahead):
            for item in some:
                if item.asset.content is not None and folder is not None:
                    from to_labelbox.conversion.inline_media import keep_content  # few sources hold their media

                    keep_content(item.asset, folder, log)
            encoder.add(*some)
            tick()
        encoded = encoder.take()
        lines.write(encoded.lines)
        ends = [own.bytes]
        for left_out in (log.left_out, encoded.log.left_out):
            for piece in left_out.pieces() if left_out is not None else ():
                own.write(piece)
            ends.append(own.bytes)
    if index is not None:
        index.lines += sum(encoded.counts)
    with _File(folder and part_path(folder, start, stop, "rows")) as rows:
        rows.write(encoded.rows)
    log.left_out = None
    log.absorb(encoded.log)
    sections = ends[0], ends[1] - ends[0], ends[2] - ends[1]
    counts, keys = encoded.counts, encoded.keys
    return EncodedChunk(start, stop, encoded.items, encoded.written, counts, keys, encoded.survey, log, sections)


def _blocks(items: Iterable[Item], tick: Callable[[], None], most: int) -> Iterator[list[Item]]:
    """Items, some at a time, with few annotations in all.

    To read some and then encode them takes a quarter less than one by one: each step's code stays in the processor's
    cache.
    """
    block: list[Item] = []
    weight = 0
    for item in items:
        tick()
        block.append(item)
        weight += 8 + len(item.annotations)
        if weight > most:
            yield block
            block, weight = [], 0
    if block:
        yield block


def pieces(path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
    """A file, or ``length`` bytes of whole lines in it, in pieces of some 64 kB that end where a line ends."""
    if length == 0:
        return
    with open(path, "rb") as file:
        file.seek(start)
        end = None if length is None else start + length
        while piece := file.read(_PIECE if end is None else min(_PIECE, end - file.tell())):
            yield piece if piece.endswith(b"\n") else piece + file.readline()


class ChunkIndex(NamedTuple):
    """What is known of a chunk's index file: see :class:`EncodedChunk`."""

    start: int
    stop: int
    lines: int
    sections: tuple[int, int, int]

    def pieces(self, folder: str, section: int) -> Iterator[bytes]:
        path = part_path(folder, self.start, self.stop, "index")
        return pieces(path, sum(self.sections[:section]), self.sections[section])


def index_lines(folder: str, parts: Iterable[ChunkIndex]) -> Iterator[bytes]:
    """The index of all payload lines, numbered through."""
    first = 1
    for part in parts:
        found = part.pieces(folder, 0)
        yield from found if first == 1 else renumbered(found, first)
        first += part.lines


class LineRenderer:
    """An ontology, and what a writer makes of it: the filling in of lines, and its text."""

    def __init__(self, writer: Writer, ontology: Ontology) -> None:
        self.writer = writer
        self.ontology = ontology

    @cached_property
    def render(self) -> Callable[[bytes], bytes]:
        return self.writer.encoding.filler(self.ontology)

    @cached_property
    def schema(self) -> bytes:
        return self.writer.ontology.dump(self.ontology)


def render_part(folder: str, start: int, stop: int, render: Callable[[bytes], bytes]) -> int:
    """Fill the open places of a chunk's lines, into a file beside them. Gives its bytes."""
    with _File(part_path(folder, start, stop, "rendered")) as rendered:
        for piece in pieces(part_path(folder, start, stop, "lines")):
            rendered.write(render(piece))
    return rendered.bytes


def number_part(folder: str, start: int, stop: int, length: int, first: int) -> int:
    """Number the lines of a chunk's index, its first ``length`` bytes, into a file beside it. Gives its bytes."""
    with _File(part_path(folder, start, stop, "numbered")) as numbered:
        for piece in renumbered(pieces(part_path(folder, start, stop, "index"), 0, length), first):
            numbered.write(piece)
    return numbered.bytes


def copy_into(path: str, target: str, offset: int) -> None:
    """Copy a file to its place in another one, within the file system where it can do so."""
    with open(path, "rb") as source, open(target, "r+b", buffering=0) as whole:
        left = os.fstat(source.fileno()).st_size
        with suppress(OSError, AttributeError):  # unknown to some systems and file systems
            while left:
                copied = os.copy_file_range(source.fileno(), whole.fileno(), left, offset_dst=offset)
                if not copied:
                    break
                left, offset = left - copied, offset + copied
        source.seek(-left, os.SEEK_END)
        whole.seek(offset)
        while piece := source.read(_PIECE):
            view = memoryview(piece)
            while view:
                view = view[whole.write(view) :]


def rendered_here(folder: str, ranges: Sequence[tuple[int, int]], render: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """The rendered lines of chunks, in order."""
    for start, stop in ranges:
        for piece in pieces(part_path(folder, start, stop, "lines")):
            yield render(piece)


class _File:
    """A file that gets its name when it is complete; without a path, nothing is kept."""

    def __init__(self, path: str | Literal[False] | None) -> None:
        self._path = path or None
        self._temporary = f"{path}.{os.getpid()}"
        self.bytes = 0

    def __enter__(self) -> Self:
        if self._path is not None:
            self._file = open(self._temporary, "wb", buffering=0)
        return self

    def write(self, data: bytes) -> None:
        if self._path is not None:
            self.bytes += len(data)
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if self._path is None:
            return
        self._file.close()
        if error is None:
            os.replace(self._temporary, self._path)
        else:
            with suppress(OSError):
                os.remove(self._temporary)
