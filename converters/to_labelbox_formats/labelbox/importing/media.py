"""Local media: found below the media root and nowhere else, uploaded in a pool, each remembered once it is there.

The SDK would upload any existing path that stands in row_data, relative to the working directory [7.17.0, run]. So no
path is ever handed to it: bytes are, and what looks like a path of this machine never is.
"""

from __future__ import annotations

import mimetypes
import os
import queue
import re
import stat
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

import msgspec
from msgspec import Struct

from to_labelbox.model.text import display
from to_labelbox.report.errors import RefusedError
from to_labelbox.source.asset_lookup import Claims, MediaFolder, Tie, check_media_root
from to_labelbox.source.paths import is_safe
from to_labelbox_formats.labelbox.importing.client import Labelbox
from to_labelbox_formats.labelbox.importing.journal import Journal
from to_labelbox_formats.labelbox.importing.plan import DataRow, is_local, is_raw_text, local_fields
from to_labelbox_formats.labelbox.output import asset_names

LEDGER = "uploads.ndjson"
LARGE = 100_000_000
"""Bytes above which an upload may not end within the service's 60 s."""
SHOWN = 10
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")
EMPTY = "is an empty file"
_HEADS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)


_TILE = re.compile(r"\{-?[xyz]\}")


class Missing(Exception):
    """Why a file is not sent."""


class Upload(Struct):
    """A file that was uploaded: as long as size and time are the same, it is not sent again."""

    key: str
    field: str
    size: int
    mtime: int
    url: str


class MediaRoot:
    """The one folder whose files may be sent."""

    def __init__(self, path: str | None, rows: Sequence[str] = ()) -> None:
        """``rows``: the files of all data rows, none of whose media is sent for two of them."""
        check_media_root(path)
        self.given = path
        self._real = "" if path is None else os.path.realpath(path)
        self._folder = MediaFolder(self._real, Claims(partial(asset_names, rows)))
        self._lock = threading.Lock()

    def find(self, path: str) -> str:
        """The real path of a regular file below the root, links resolved. Raises :class:`Missing`."""
        if "\0" in path or "://" in path:
            raise Missing("is no path")
        if _TILE.search(path):
            raise Missing("is a template of tiles, which Labelbox fetches by URL: convert with --url-prefix URL")
        if not self._real:
            raise Missing("no --media-root is given")
        found = os.path.realpath(os.path.join(self._real, path))
        if "\\" in path and not os.path.exists(found):  # written on Windows
            found = os.path.realpath(os.path.join(self._real, path.replace("\\", "/")))
        if not os.path.exists(found) and is_safe(path.replace("\\", "/")):
            found = os.path.realpath(self._elsewhere(path.replace("\\", "/")))
        if os.path.commonpath([self._real, found]) != self._real:
            raise Missing("media-outside-root: leads out of the media root, and is not sent")
        try:
            mode = os.stat(found).st_mode
        except OSError as error:
            raise Missing(f"not found below the media root ({error.strerror})") from None
        if not stat.S_ISREG(mode):
            raise Missing("is no regular file")
        return found

    @cached_property
    def _packed(self) -> str:
        """What to do where the media root holds archives, in which media may be."""
        with suppress(OSError):
            packed = sorted(entry.name for entry in os.scandir(self._real) if entry.name.lower().endswith(_ARCHIVES))
            if packed:
                return f", whose archives are not looked into: unpack {display(packed[0])}{' and others' if packed[1:] else ''}"
        return ""

    def _elsewhere(self, path: str) -> str:
        """The file that a path means by the rule of all media roots, where it is not there as it stands. Raises :class:`Missing`."""
        with self._lock:
            found = self._folder.find(path)
        if isinstance(found, Tie):
            if found.shared:
                raise Missing(f"{found.said_of('--media-root')[1]}")
            raise Missing(
                f"{found.first} and {found.second} may both be meant: convert with --media-root, or give one folder"
            )
        if found is None or os.path.splitext(found)[1].lower() != os.path.splitext(path)[1].lower():
            raise Missing(f"not found below the media root{self._packed}")
        return os.path.join(self._real, found)


class LocalFiles(Struct):
    """What a look at all local media has found. ``left_out``: rows of which a file cannot be sent; ``empty`` of them are there, without a byte."""

    files: int = 0
    bytes: int = 0
    large: list[str] = []
    missing: list[str] = []
    left_out: list[int] = []
    empty: int = 0

    def leave_out(self, row: int, why: str) -> None:
        self.left_out.append(row)
        if len(self.missing) < SHOWN:
            self.missing.append(why)


def look(rows: Iterator[tuple[int, DataRow]], root: MediaRoot) -> LocalFiles:
    """Find every local file that the rows name, before any is sent."""
    found = LocalFiles()
    for number, row in rows:
        try:
            sizes = [(path, _size(root, path)) for _, path in local_fields(row)]
        except Missing as error:
            found.leave_out(number, str(error))
            continue
        if empty := next((path for path, size in sizes if not size), None):
            found.empty += 1
            found.leave_out(number, f"{display(empty)}: {EMPTY}")
            continue
        for path, size in sizes:
            found.files += 1
            found.bytes += size
            if size > LARGE and len(found.large) < SHOWN:
                found.large.append(f"{display(path)} ({size / 1e6:,.0f} MB)")
    return found


def _size(root: MediaRoot, path: str) -> int:
    try:
        return os.path.getsize(root.find(path))
    except (Missing, OSError) as error:
        raise Missing(f"{display(path)}: {error}") from None


def content_type(path: str, head: bytes) -> str:
    """What a file is: by its name, else by its first bytes."""
    guessed, _ = mimetypes.guess_type(path)
    if guessed:
        return guessed
    for start, kind in _HEADS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], "application/octet-stream")
    if head[4:8] == b"ftyp":
        return "video/mp4"
    return "text/plain" if head.isascii() and head else "application/octet-stream"


def known_uploads(journal: Journal) -> dict[tuple[str, str], Upload]:
    """What was uploaded, by key and field."""
    decode, found = msgspec.json.Decoder(Upload).decode, {}
    with suppress(FileNotFoundError), open(journal.path(LEDGER), "rb") as file:
        for line in file:
            with suppress(ValueError):  # the last line of a run that was killed
                one = decode(line)
                found[one.key, one.field] = one
    return found


class Uploader:
    """Uploads what rows name, several at a time, and gives the rows as they may be handed to the SDK, in order."""

    def __init__(
        self, box: Labelbox, root: MediaRoot, journal: Journal, threads: int, metadata_kinds: Mapping[str, str]
    ) -> None:
        self._box, self._root, self._threads, self._kinds = box, root, threads, metadata_kinds
        self._path = journal.path(LEDGER)
        self._known = known_uploads(journal)
        self._lock = threading.Lock()
        self.bytes = self.files = 0

    def rows(self, rows: Iterator[tuple[int, DataRow]]) -> Iterator[tuple[int, dict[str, Any] | str]]:
        """Each row's number, with the row to be created, or the reason why it cannot be."""
        yield from in_order(rows, lambda row: (row[0], self._prepared(row[1])), self._threads)

    def _prepared(self, row: DataRow) -> dict[str, Any] | str:
        data = row.row_data
        try:
            for field, path in local_fields(row):
                url = self._uploaded(row.global_key, field, path)
                data = url if isinstance(data, str) else {**data, field: url}
            if is_raw_text(row) and is_local(data) and isinstance(data, str) and os.path.exists(data):
                # the SDK would take the text for the file of that name, and send that
                data = self._box.upload(data.encode(), "text.txt", "text/plain")
        except Missing as error:
            return f"{error}"
        except RefusedError as error:
            return str(error)
        made: dict[str, Any] = {"row_data": data, "global_key": row.global_key}
        made["external_id"] = row.external_id or row.global_key
        made |= {n: v for n in ("media_type", "attachments", "embeddings") if (v := getattr(row, n))}
        if row.metadata_fields:
            made["metadata_fields"] = [self._field(given) for given in row.metadata_fields]
        if isinstance(data, str) and os.path.exists(data):
            return "row_data is a path of this machine, which is not sent"
        return made

    def _field(self, given: dict[str, Any]) -> dict[str, Any]:
        """A value of the type that its field has: the SDK refuses a number for a text."""
        kind, value = self._kinds.get(str(given.get("name") or given.get("schema_id"))), given.get("value")
        return {**given, "value": str(value)} if kind == "string" and not isinstance(value, str) else given

    def _uploaded(self, key: str, field: str, path: str) -> str:
        real = self._root.find(path)
        try:
            facts = os.stat(real)
            known = self._known.get((key, field))
            if known is not None and (known.size, known.mtime) == (facts.st_size, facts.st_mtime_ns):
                with self._lock:
                    self.bytes += facts.st_size
                    self.files += 1
                return known.url
            with open(real, "rb") as file:
                content = file.read()
        except OSError as error:
            raise Missing(f"cannot be read: {error.strerror}") from None
        if not content:
            raise Missing(EMPTY)
        name = path.replace("\\", "/").rpartition("/")[2]
        try:
            url = self._box.upload(content, name, content_type(name, content[:16]))
        except RefusedError as error:
            raise Missing(f"{len(content) / 1e6:,.1f} MB: {error}") from None
        line = msgspec.json.encode(Upload(key, field, facts.st_size, facts.st_mtime_ns, url)) + b"\n"
        with self._lock:
            with open(self._path, "ab") as file:
                file.write(line)
            self.bytes += len(content)
            self.files += 1
        return url


def in_order(items: Iterator[Any], work: Callable[[Any], Any], threads: int) -> Iterator[Any]:
    """The results of ``work`` in the order of the items, a few of them ahead.

    The threads end with the program, however it ends: a Ctrl-C does not wait for them.
    """
    if threads <= 1:
        yield from map(work, items)
        return
    tasks: queue.SimpleQueue[tuple[Any, queue.SimpleQueue[Any]] | None] = queue.SimpleQueue()

    def run() -> None:
        while (task := tasks.get()) is not None:
            item, answer = task
            try:
                answer.put(work(item))
            except BaseException as error:
                answer.put(error)

    for _ in range(threads):
        threading.Thread(target=run, daemon=True).start()
    waiting: deque[queue.SimpleQueue[Any]] = deque()

    def result() -> Any:
        got = waiting.popleft().get()
        if isinstance(got, BaseException):
            raise got
        return got

    try:
        for item in items:
            answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
            waiting.append(answer)
            tasks.put((item, answer))
            if len(waiting) >= 4 * threads:
                yield result()
        while waiting:
            yield result()
    finally:
        for _ in range(threads):
            tasks.put(None)
