"""Output folders: files are written aside, hashed on the way, and renamed when all of them are complete.

The report is renamed last and holds the hashes of the others, so a set that was interrupted is recognised.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import msgspec

from to_labelbox.model.text import display
from to_labelbox.report.errors import NoRoomError, UsageError
from to_labelbox.report.interruption import postponed
from to_labelbox.report.report import Output, Report

REPORT = "report.json"
LINES = "annotations.ndjson"
OURS = re.compile(r"annotations(-\d{5})?\.ndjson|data_rows\.ndjson|index\.ndjson|ontology\.json|report\.json")
PARTIAL = ".to-labelbox-partial"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_output(folder: str) -> bool:
    """Whether a folder holds what this program has written, by the beginning of its report."""
    try:
        with open(os.path.join(folder, REPORT), "rb") as file:
            return b'"to-labelbox"' in file.read(100)
    except OSError:
        return False


def refuse_pipes(folder: str) -> None:
    """Raise :class:`UsageError` where a file of an output folder is none: reading a pipe never ends."""
    folders = [folder] if os.path.isdir(folder) else []
    while folders:
        with suppress(PermissionError), os.scandir(folders.pop()) as entries:  # who reads it says what is not allowed
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.name.endswith((".json", ".ndjson")) and not entry.is_file() and os.path.exists(entry.path):
                    raise UsageError(f"{display(entry.path)} is no file: remove it")


class Sink:
    """A file that will be published under ``name``: its bytes and SHA-256 are counted on the way.

    ``lines`` are counted by whoever writes it: to find them in what is written takes as long as all else here.
    """

    def __init__(self, path: str, name: str) -> None:
        self.path = path
        self.name = name
        self.lines = 0
        self.size = 0
        self._hash = hashlib.sha256()
        self._file: BinaryIO = open(path, "wb", buffering=0)  # noqa: SIM115

    def write(self, data: bytes) -> None:
        _write_all(self._file, data)
        self._hash.update(data)
        self.size += len(data)

    def count(self, data: bytes) -> None:
        """Take account of the next bytes, which another process writes at this place of the file."""
        self._hash.update(data)
        self.size += len(data)
        self._file.seek(self.size)

    def abandon(self) -> None:
        self._file.close()

    def close(self) -> Output:
        """Flush to disk."""
        os.fsync(self._file.fileno())
        self._file.close()
        return Output(self.lines, self.size, self._hash.hexdigest())


def remove_folder(path: str) -> None:
    """Remove a folder with all that is in it, as far as that can be done."""
    with suppress(OSError):
        for entry in os.scandir(path):
            if not entry.is_dir(follow_symlinks=False):
                os.remove(entry)
        os.rmdir(path)
    if os.path.lexists(path):
        import shutil  # slow to load

        shutil.rmtree(path, ignore_errors=True)


def holds_result(folder: str) -> str:
    """The name of a file of an earlier result in a folder, or nothing; a report that says that nothing came of it is none."""
    names = sorted(name for name in os.listdir(folder) if OURS.fullmatch(name)) if os.path.isdir(folder) else []
    if names == [REPORT] and is_output(folder):
        with suppress(OSError, msgspec.MsgspecError), open(os.path.join(folder, REPORT), "rb") as file:
            outputs: Any = msgspec.json.decode(file.read(), type=dict[str, Any]).get("outputs")
            return "" if outputs == {} else REPORT
    return names[0] if names else ""


def unwritable(folder: str, error: OSError) -> UsageError | NoRoomError:
    """Why a folder cannot take an output."""
    if isinstance(error, FileExistsError):
        what = "a link that leads nowhere" if os.path.islink(folder) else "a file"
        return UsageError(f"{folder} is {what}: give a folder for the output")
    if not folder:
        return UsageError("the name of the output folder is empty")
    kind = NoRoomError if error.errno in _FULL else UsageError
    return kind(f"{folder} cannot be written: {error.strerror}")


@contextmanager
def room(place: str, advice: str = "nothing was written") -> Iterator[None]:
    """Name the output, and what can be done, where a disk is full or takes nothing. Raises :class:`ToLabelboxError`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (*_FULL, errno.EROFS):
            raise
        kind = UsageError if error.errno == errno.EROFS else NoRoomError
        raise kind(f"{place} cannot be written: {error.strerror}; {advice}") from error


def make_folders(path: str) -> list[str]:
    """Make a folder and those above it; gives what was made, the innermost first. Raises :class:`OSError`."""
    made = []
    above = os.path.abspath(path)
    while not os.path.lexists(above):
        made.append(above)
        above = os.path.dirname(above)
    os.makedirs(path, exist_ok=True)
    return made


def remove_empty(folders: Iterable[str]) -> None:
    """Remove folders that :func:`make_folders` has made, as far as nothing is in them."""
    for folder in folders:
        with suppress(OSError):
            os.rmdir(folder)


def _write_all(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


class Folder:
    """The output folder. Other files in it are left alone. Raises :class:`UsageError` when it cannot be used.

    A folder that is made for it and stays empty is removed again (:meth:`clean`).
    """

    def __init__(self, path: str, overwrite: bool = False) -> None:
        self.path = path
        self.partial = os.path.join(path, PARTIAL)
        self._open: list[Sink] = []
        self._made: list[str] = []
        try:
            self._made = make_folders(path)
            self.earlier = holds_result(path)
            if self.earlier and not overwrite:
                raise UsageError(f"{path} holds an earlier result ({self.earlier}): use --overwrite, or another folder")
            remove_folder(self.partial)
            os.mkdir(self.partial)
        except OSError as error:
            remove_empty(self._made)
            raise unwritable(path, error) from error

    def sink(self, name: str) -> Sink:
        sink = Sink(os.path.join(self.partial, name), name)
        self._open.append(sink)
        return sink

    def publish(self, sinks: Iterable[Sink], report: Report) -> None:
        """Give every file its final name, the report last. What an earlier run has left goes when all have theirs."""
        self._publish(list(sinks), report)

    def publish_failure(self, report: Report) -> None:
        """Write the report alone: nothing could be converted. An earlier result stays as it is."""
        if not self.earlier:
            self._publish([], report)

    def replace_by_failure(self, report: Report) -> None:
        """Write the report alone, and remove an earlier result."""
        self._publish([], report)

    def _publish(self, finished: Sequence[Sink], report: Report) -> None:
        report.outputs = {sink.name: sink.close() for sink in finished}
        last = self.sink(REPORT)
        last.write(report.to_json())
        last.close()
        names = {REPORT, *(sink.name for sink in finished)}
        with postponed():
            for sink in finished:
                os.replace(sink.path, os.path.join(self.path, sink.name))
            sync_folder(self.path)
            os.replace(last.path, os.path.join(self.path, REPORT))
            for name in os.listdir(self.path):
                if OURS.fullmatch(name) and name not in names:
                    os.remove(os.path.join(self.path, name))
            sync_folder(self.path)

    def clean(self) -> None:
        """Remove what is not published, and the folder with it where it was made for nothing."""
        for file in self._open:
            file.abandon()
        remove_folder(self.partial)
        remove_empty(self._made)


def sync_folder(path: str) -> None:
    """Let the names in a folder reach the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def shards(folder: Folder, pieces: Iterable[bytes], counts: array[int], limit: int) -> list[Sink]:
    """Lines in files of at most ``limit`` lines, no data row split: a row with more lines has a file for itself.

    ``counts`` are the lines of each data row in order.
    """
    sinks: list[Sink] = []
    rows = iter(counts)
    left = room = 0
    for piece in pieces:
        lines = piece.splitlines(keepends=True)
        at = 0
        while at < len(lines):
            if not left:
                left = next(count for count in rows if count)
                if left > room:
                    sinks.append(folder.sink(f"annotations-{len(sinks) + 1:05d}.ndjson"))
                    room = limit
            taken = lines[at : at + left]
            sinks[-1].write(b"".join(taken))
            sinks[-1].lines += len(taken)
            at += len(taken)
            left -= len(taken)
            room -= len(taken)
    return sinks or [folder.sink("annotations-00001.ndjson")]
