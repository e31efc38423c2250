"""What a batch keeps on disk while it runs, so that it can go on after any interruption.

A dataset has a folder of its own with the files of its chunks (:mod:`~to_labelbox.conversion.chunks`), a ``.done`` file beside each
that is written last and says what they must hold, and ``head``: what opening the dataset found and which inputs it
had. Every file has its name only when it is whole.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, TypeVar
from zlib import crc32

import msgspec
from msgspec import Struct

from to_labelbox.conversion.chunks import EncodedChunk, part_path
from to_labelbox.model.schema import Schema
from to_labelbox.model.survey import Survey
from to_labelbox.model.text import as_text
from to_labelbox.report.annotation_index import LeftOutLines
from to_labelbox.report.log import Assumption, Diagnostic, Ledger, Log, Tally, Unread
from to_labelbox.report.report import SourceInfo
from to_labelbox.source.fingerprint import Input

_DONE = ".done"
_SEAL, _DIGEST = b"to-labelbox 1\n", 16

T = TypeVar("T")


class SavedLog(Struct):
    """As :class:`~to_labelbox.report.log.Log`, field by field, without what a run does with it."""

    diagnostics: dict[str, Diagnostic]
    ledger: dict[str, Tally]
    unreadable: int
    used_rules: set[tuple[str, ...]]
    missing_in_ontology: dict[str, int]
    matched_by: dict[str, int]
    unmatched: list[str]
    matches: dict[str, tuple[int, int]]
    unread: dict[tuple[str, str, str, str], Unread]
    assumptions: dict[tuple[str, str, str], Assumption]
    left_out: list[bytes] | None


class DatasetCheckpoint(Struct):
    """An opened dataset, without its items. ``declared`` has the source's own names, ``schema`` those of a class map."""

    units: int
    schema: Schema
    declared: Schema
    info: SourceInfo
    log: SavedLog
    inputs: list[Input]


class SavedChunk(Struct):
    """As :class:`EncodedChunk`; ``files`` has size and checksum of each file of it."""

    start: int
    stop: int
    items: int
    written: int
    counts: bytes
    keys: bytes
    survey: Survey
    log: SavedLog
    files: dict[str, tuple[int, int]]
    index: tuple[int, int, int]
    unread: bool = False


def saved_log(log: Log) -> SavedLog:
    blocks = None if log.left_out is None else log.left_out.blocks()
    return SavedLog(**{**_fields(log, SavedLog), "left_out": blocks})


def log_of(saved: SavedLog, fail: bool) -> Log:
    log = Log(fail=fail)
    for name, value in _fields(saved, SavedLog).items():
        setattr(log, name, value)
    log.ledger = Ledger(saved.ledger)
    log.left_out = None if saved.left_out is None else LeftOutLines(saved.left_out)
    return log


def _fields(value: object, kind: type[Struct]) -> dict[str, Any]:
    """What a value has of the fields of a struct, lists and tables as copies."""
    known = ((name, getattr(value, name)) for name in kind.__struct_fields__ if hasattr(value, name))
    return {name: one.copy() if isinstance(one, dict | list | set) else one for name, one in known}


def save(path: str, value: Struct) -> None:
    try:
        save_sealed(path, msgspec.msgpack.encode(value))
    except UnicodeEncodeError:  # half surrogates, which the report does not keep either
        save_sealed(path, msgspec.msgpack.encode(as_text(msgspec.to_builtins(value, builtin_types=(bytes,)))))


def save_sealed(path: str, data: bytes) -> None:
    """A file that tells whether it is what was written: data, never code, and no more trusted than its digest."""
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(_SEAL + blake2b(data, digest_size=_DIGEST).digest() + data)
    os.replace(temporary, path)


def load_sealed(path: str) -> bytes | None:
    """What :func:`save_sealed` has written, or None when it is gone or damaged."""
    try:
        with open(path, "rb") as file:
            sealed = file.read()
    except OSError:
        return None
    start = len(_SEAL) + _DIGEST
    data = sealed[start:]
    whole = sealed[:start] == _SEAL + blake2b(data, digest_size=_DIGEST).digest()
    return data if whole else None


def load(path: str, type: type[T]) -> T | None:
    """The value that was saved, or None when there is none that can be read."""
    data = load_sealed(path)
    try:
        return None if data is None else msgspec.msgpack.decode(data, type=type)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def save_part(folder: str, part: EncodedChunk) -> None:
    """Mark a part as finished; its files are there."""
    files = {what: _file_sum(part_path(folder, part.start, part.stop, what)) for what in _kinds(part.index)}
    plain = {"counts": part.counts.tobytes(), "keys": part.keys.tobytes(), "log": saved_log(part.log), "files": files}
    save(part_path(folder, part.start, part.stop, "done"), SavedChunk(**{**_fields(part, EncodedChunk), **plain}))


def save_empty_part(folder: str, part: EncodedChunk) -> None:
    """Mark a part as finished of which nothing was written."""
    for what in ("lines", "rows"):
        with open(part_path(folder, part.start, part.stop, what), "wb"):
            pass
    save_part(folder, part)


def finished_chunks(folder: str, fail: bool) -> list[EncodedChunk]:
    """The chunks in a folder whose files are whole, in order, none of them overlapping."""
    found: list[EncodedChunk] = []
    for name in sorted(name for name in _names(folder) if name.endswith(_DONE)):
        saved = load(os.path.join(folder, name), SavedChunk)
        if saved is None or not _is_whole(folder, saved) or (found and found[-1].stop > saved.start):
            continue
        own = {"counts": array("I", saved.counts), "keys": array("Q", saved.keys), "log": log_of(saved.log, fail)}
        found.append(EncodedChunk(**{**_fields(saved, EncodedChunk), **own}))
    return found


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _is_whole(folder: str, saved: SavedChunk) -> bool:
    try:
        return set(saved.files) == set(_kinds(saved.index)) and all(
            _file_sum(part_path(folder, saved.start, saved.stop, what)) == found for what, found in saved.files.items()
        )
    except OSError:
        return False


def is_sound(folder: str, name: str) -> bool:
    """Whether a file of a folder of chunks is what was saved: by its own seal, or by the mark of its chunk."""
    path = os.path.join(folder, name)
    stem, _, what = name.rpartition(".")
    if what not in ("lines", "rows", "index"):
        return load_sealed(path) is not None
    saved = load(os.path.join(folder, stem + _DONE), SavedChunk)
    return saved is not None and saved.files.get(what) == _file_sum(path)


def _kinds(index: Sequence[int]) -> tuple[str, ...]:
    """The files that a part has."""
    return ("lines", "rows", "index") if any(index) else ("lines", "rows")


def _file_sum(path: str) -> tuple[int, int]:
    """Size and checksum of a file's content."""
    size = found = 0
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            size += len(piece)
            found = crc32(piece, found)
    return size, found


def missing(chunks: Sequence[tuple[int, int]], parts: Sequence[EncodedChunk]) -> list[tuple[int, int]]:
    """What of the planned chunks no part covers."""
    ranges: list[tuple[int, int]] = []
    for start, stop in chunks:
        at = start
        for part in parts:
            if part.stop > at and part.start < stop:
                if part.start > at:
                    ranges.append((at, part.start))
                at = part.stop
        if at < stop:
            ranges.append((at, stop))
    return ranges
