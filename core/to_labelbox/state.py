"""What a batch keeps on disk while it runs, so that it can go on after any interruption.

A dataset has a folder of its own with the files of its parts (:mod:`~to_labelbox.parts`), a ``.done`` file beside each
that is written last and says how large they must be, and ``head``: what opening the dataset found and which inputs it
had. Every file has its name only when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from array import array
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import zip_longest
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from to_labelbox.diagnostics import Assumption, Code, Diagnostic, Ledger, Log, Tally, Unread
from to_labelbox.discover import Found
from to_labelbox.media import is_media
from to_labelbox.names import as_text, text_name
from to_labelbox.ontology import Ontology
from to_labelbox.parts import Part, part_path
from to_labelbox.report import SourceInfo, version
from to_labelbox.schema import Schema
from to_labelbox.settings import Settings
from to_labelbox.source import is_data_folder
from to_labelbox.survey import Survey

HASHED_FILES = 1000
"""In datasets of more files, size and time of change stand for the content."""
HEAD, PLAN, DATASETS, FAILURE = "head", "plan", "datasets", "failure"
_DONE = ".done"
_BLOCK = 1 << 20

T = TypeVar("T")


class Input(Struct, frozen=True):
    """A file of a source: size, time of change, and the time at which the system noted any change, which nobody sets.

    ``digest`` is empty for media.
    """

    path: str
    size: int
    changed: int
    noted: int
    digest: str = ""


class Plan(Struct, frozen=True, kw_only=True):
    """Where a batch reads, and every option that its output depends on; ``sizes_file`` is the content of ``sizes``."""

    root: str
    format: str | None
    datasets: tuple[str, ...]
    options: dict[str, Any]
    settings: Settings
    media_root: str | None
    sizes: str | None
    sizes_file: str
    exif: bool
    fail: bool
    shard_lines: int
    ontology: Ontology | None
    version: str = field(default_factory=version)

    def differences(self, other: dict[str, Any]) -> list[str]:
        """Names of the fields in which a plan that was saved differs, and of those of the settings."""
        mine = decode_plan(encode_plan(self))
        names = [name for name in mine if mine[name] != other.get(name)]
        rules, before = mine["settings"], other.get("settings") or {}
        settings = ", ".join(name for name in rules if rules[name] != before.get(name))
        return [f"settings ({settings})" if name == "settings" else name for name in names]


def encode_plan(plan: Plan) -> bytes:
    """The same bytes for the same plan."""
    plain = msgspec.to_builtins(plan, enc_hook=repr, str_keys=True)
    return json.dumps(plain, sort_keys=True).encode()


def decode_plan(data: bytes) -> dict[str, Any]:
    """The plan as plain data."""
    plain: dict[str, Any] = json.loads(data)
    return plain


def save_plan(folder: str, plan: Plan) -> None:
    _save(os.path.join(folder, PLAN), encode_plan(plan))


def load_plan(folder: str) -> dict[str, Any] | None:
    """The plan of an earlier run as plain data, or None."""
    plain: dict[str, Any] | None = _plain(os.path.join(folder, PLAN))
    return plain


def typed_plan(folder: str) -> Plan | None:
    plain = _plain(os.path.join(folder, PLAN))
    try:
        return msgspec.convert(plain, Plan, str_keys=True)
    except msgspec.ValidationError:
        return None


def has_begun(folder: str) -> bool:
    """Whether a run has opened any dataset yet."""
    return any(os.path.isdir(os.path.join(folder, name)) for name in _names(folder))


def save_datasets(folder: str, found: Sequence[Found]) -> None:
    _save(os.path.join(folder, DATASETS), json.dumps(msgspec.to_builtins(found)).encode())


def load_datasets(folder: str) -> list[Found] | None:
    """What was found when the batch began, or None when there is no list."""
    try:
        return msgspec.convert(_plain(os.path.join(folder, DATASETS)), list[Found])
    except msgspec.ValidationError:
        return None


def _plain(path: str) -> Any:
    """JSON, which unlike MessagePack can hold names that are no UTF-8; None when there is none that can be read."""
    try:
        with open(path, "rb") as file:
            return json.loads(file.read())
    except (OSError, ValueError):
        return None


class Failure(Struct):
    """Why a dataset cannot be converted, said by the machine that tried."""

    message: str


class SavedLog(Struct):
    diagnostics: list[Diagnostic]
    ledger: dict[str, Tally]
    unreadable: int
    met: list[tuple[str, ...]]
    unfit: dict[str, int]
    unmatched: list[str]
    unread: list[Unread]
    assumptions: list[Assumption]


class Head(Struct):
    """An opened dataset, without its items. ``declared`` has the source's own names, ``schema`` those of a class map."""

    units: int
    schema: Schema
    declared: Schema
    info: SourceInfo
    log: SavedLog
    inputs: list[Input]


class SavedPart(Struct):
    start: int
    stop: int
    items: int
    written: int
    counts: bytes
    keys: bytes
    survey: Survey
    log: SavedLog
    lines_bytes: int
    rows_bytes: int


def saved_log(log: Log) -> SavedLog:
    return SavedLog(
        list(log.diagnostics.values()),
        dict(log.ledger),
        log.unreadable,
        sorted(log.met),
        log.unfit,
        log.unmatched,
        list(log.unread.values()),
        list(log.assumptions.values()),
    )


def log_of(saved: SavedLog, fail: bool) -> Log:
    log = Log(fail=fail)
    log.diagnostics = {Code(d.code): d for d in saved.diagnostics}
    log.ledger = Ledger(saved.ledger)
    log.unreadable = saved.unreadable
    log.met, log.unfit, log.unmatched = set(saved.met), saved.unfit, saved.unmatched
    log.unread = {(u.what, u.name, u.where): u for u in saved.unread}
    log.assumptions = {(a.what, a.taken, a.option): a for a in saved.assumptions}
    return log


def save(path: str, value: Struct) -> None:
    try:
        _save(path, msgspec.msgpack.encode(value))
    except UnicodeEncodeError:  # half surrogates, which the report does not keep either
        _save(path, msgspec.msgpack.encode(as_text(msgspec.to_builtins(value, builtin_types=(bytes,)))))


def _save(path: str, data: bytes) -> None:
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(data)
    os.replace(temporary, path)


def load(path: str, type: type[T]) -> T | None:
    """The value that was saved, or None when there is none that can be read."""
    try:
        with open(path, "rb") as file:
            return msgspec.msgpack.decode(file.read(), type=type)
    except (OSError, msgspec.MsgspecError):
        return None


def save_part(folder: str, part: Part) -> None:
    """Mark a part as finished; its files are there."""
    sizes = [os.path.getsize(part_path(folder, part.start, part.stop, what)) for what in ("lines", "rows")]
    log = saved_log(part.log)
    counts, keys = part.counts.tobytes(), part.keys.tobytes()
    saved = SavedPart(part.start, part.stop, part.items, part.written, counts, keys, part.survey, log, *sizes)
    save(part_path(folder, part.start, part.stop, "done"), saved)


def save_empty_part(folder: str, part: Part) -> None:
    """Mark a part as finished of which nothing was written."""
    for what in ("lines", "rows"):
        with open(part_path(folder, part.start, part.stop, what), "wb"):
            pass
    save_part(folder, part)


def adopt(folder: str, other: str) -> None:
    """Take over what another machine has finished of a dataset; its parts are marked after their files are there."""
    os.makedirs(folder, exist_ok=True)
    for name in sorted(_names(other), key=lambda name: name.endswith(_DONE)):
        target = os.path.join(folder, name)
        if os.path.exists(target) or name.rsplit(".", 1)[-1].isdecimal():
            continue
        try:
            os.link(os.path.join(other, name), target)
        except OSError:
            shutil.copyfile(os.path.join(other, name), f"{target}.0")
            os.replace(f"{target}.0", target)


def finished_parts(folder: str, fail: bool) -> list[Part]:
    """The parts in a folder whose files are whole, in order, none of them overlapping."""
    found: list[Part] = []
    for name in sorted(name for name in _names(folder) if name.endswith(_DONE)):
        saved = load(os.path.join(folder, name), SavedPart)
        if saved is None or not _is_whole(folder, saved) or (found and found[-1].stop > saved.start):
            continue
        counts, keys = array("I"), array("Q")
        counts.frombytes(saved.counts)
        keys.frombytes(saved.keys)
        log = log_of(saved.log, fail)
        found.append(Part(saved.start, saved.stop, saved.items, saved.written, counts, keys, saved.survey, log))
    return found


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _is_whole(folder: str, saved: SavedPart) -> bool:
    try:
        return all(
            os.path.getsize(part_path(folder, saved.start, saved.stop, what)) == size
            for what, size in (("lines", saved.lines_bytes), ("rows", saved.rows_bytes))
        )
    except OSError:
        return False


def missing(chunks: Sequence[tuple[int, int]], parts: Sequence[Part]) -> list[tuple[int, int]]:
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


# ----------------------------------------------------------------------------------------------------------- inputs


def inventory(source: str, known: Sequence[Input] = (), without: Sequence[str] = ()) -> list[Input]:
    """The files of a source. A file that has not been touched since it was known keeps its digest without being read.

    Very many files are one entry: what could be told of each would take more memory than all the rest of a run.
    """
    names = sorted(_files(source, frozenset(without)))
    if len(names) > HASHED_FILES:
        return [_listing(source, names)]
    before = {i.path: i for i in known}
    return [_input(os.path.join(source, name) if name else source, text_name(name), before) for name in names]


def _files(source: str, without: AbstractSet[str]) -> list[str]:
    if not os.path.isdir(source):
        return [""]
    files: list[str] = []
    folders = [""]
    for folder in folders:
        try:
            with os.scandir(os.path.join(source, folder)) as entries:
                for entry in entries:
                    name = folder + entry.name
                    if not entry.is_dir(follow_symlinks=False):
                        files.append(name)
                    elif name not in without and is_data_folder(entry.name):
                        folders.append(f"{name}/")
        except OSError:  # opening the source says so
            continue
    return files


def _listing(source: str, names: Sequence[str]) -> Input:
    """Sizes and times of change of all files in one digest."""
    digest = hashlib.blake2b(digest_size=16)
    for name in names:
        try:
            stat = os.stat(os.path.join(source, name), follow_symlinks=False)
            told = f"{name}\n{stat.st_size} {stat.st_mtime_ns}\n"
        except OSError:
            told = f"{name}\n\n"
        digest.update(told.encode("utf-8", "surrogatepass"))
    return Input("", len(names), 0, 0, digest.hexdigest())


def _input(path: str, name: str, before: Mapping[str, Input]) -> Input:
    known = before.get(name)
    try:
        stat = os.stat(path, follow_symlinks=False)
        times = stat.st_mtime_ns, stat.st_ctime_ns
        if known is not None and (known.size, known.changed, known.noted) == (stat.st_size, *times):
            return known
        # a pipe has no content to compare, and reading it would wait for ever
        digest = file_digest(path) if not is_media(path) and os.path.isfile(path) else ""
    except OSError:
        return Input(name, -1, 0, 0)
    return Input(name, stat.st_size, *times, digest)


def file_digest(path: str) -> str:
    """128 bits of BLAKE2 over the content."""
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def same_inputs(before: Sequence[Input], now: Sequence[Input]) -> bool:
    """Whether nothing has changed: sizes, and the content or, where that is not known, the time of change."""
    return not changed_inputs(before, now)


def changed_inputs(before: Sequence[Input], now: Sequence[Input]) -> list[str]:
    """The first input that is another, gone or new; none when nothing has changed."""
    for a, b in zip_longest(before, now):
        if a is None or b is None or a.path != b.path or not _is_same(a, b):
            return [(a or b).path]
    return []


def _is_same(a: Input, b: Input) -> bool:
    return a.size == b.size and (a.digest == b.digest if a.digest else a.changed == b.changed)
