"""What will be sent, found in one pass over data rows and payload: which lines belong to which row, and to which project.

A row is a number; of each row and of each run of lines of one row a few numbers are kept in arrays, so that a million of
them take some 60 MB. Texts are read again from the files when they are sent.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.report.errors import RefusedError, SourceError, UsageError
from to_labelbox.report.plain_words import in_words
from to_labelbox_formats.labelbox.output import Output, media_type_of

Numbers = npt.NDArray[np.int64]
URLS = ("http://", "https://", "gs://")
LOCAL_FIELDS = ("pdf_url", "text_layer_url", "tile_layer_url", "tileLayerUrl")
"""Of a row_data that is an object. Tiles are never a file, so that a path of them is missing."""
UNKNOWN_MEDIA = "UNKNOWN"
MASK_LINES = 1_000
JOB_BYTES = 25_000_000


class DataRow(Struct):
    """A line of data_rows.ndjson, as far as it decides something."""

    global_key: str
    row_data: str | dict[str, Any]
    media_type: str = ""
    external_id: str = ""
    attachments: list[dict[str, Any]] = []
    embeddings: list[Any] = []
    metadata_fields: list[dict[str, Any]] = []


class RowReference(Struct):
    globalKey: str = ""
    id: str = ""


class Instance(Struct):
    name: str = ""


class Masks(Struct):
    instances: list[Instance] = []


class Line(Struct):
    """A line of the payload, as far as it decides where it goes. ``masks`` are those of a video."""

    dataRow: RowReference
    name: str = ""
    uuid: str = ""
    masks: Masks | None = None

    @property
    def label(self) -> str:
        """What the line counts as: its feature, or those of its mask instances."""
        if self.name or self.masks is None:
            return self.name
        return ", ".join(dict.fromkeys(i.name for i in self.masks.instances)) or "(masks)"


_row = msgspec.json.Decoder(DataRow).decode
line_of = msgspec.json.Decoder(Line).decode


def is_local(data: object) -> bool:
    return isinstance(data, str) and not data.startswith(URLS)


def is_raw_text(row: DataRow) -> bool:
    """Whether row_data is the text itself. A path ends in the external id, as ``convert`` writes it."""
    data = row.row_data
    if row.media_type not in ("TEXT", "HTML") or not isinstance(data, str) or data.startswith(URLS):
        return False
    return data != row.global_key and data.rpartition("/")[2] != row.external_id


def local_fields(row: DataRow) -> list[tuple[str, str]]:
    """Local paths of a row, with the field of a document in which they stand ("" for row_data itself)."""
    data = row.row_data
    if isinstance(data, str):
        return [("", data)] if is_local(data) and not is_raw_text(row) else []
    return [(name, data[name]) for name in LOCAL_FIELDS if data.get(name) and is_local(data[name])]


class Shard(Struct):
    """Lines of whole data rows that make one import job: positions in :attr:`ProjectPlan.line_rows`."""

    first: int
    last: int
    lines: int


class ProjectPlan(Struct):
    """What goes into one project: numbers of its rows, and of those that have lines, in the payload's order."""

    media_type: str
    rows: Numbers
    line_rows: Numbers
    lines: int = 0


class Plan:
    """Rows and lines by number. ``by_id``: the payload refers to rows by id, and there are no rows to create."""

    def __init__(self, output: Output, first: int = 0) -> None:
        self.output = output
        self.files: list[str] = []
        self._as_read: list[tuple[int, int]] = []
        self.by_id = False
        self.classes: list[str] = []
        self.local = self.plain_http = 0
        self.first_http = ""
        self._class_numbers: dict[str, int] = {}
        self._media: list[str] = []
        self._row_hash, self._row_file, self._row_at = array("q"), array("i"), array("q")
        self._row_media = array("B")
        self._run_hash, self._run_file, self._run_at, self._run_end = array("q"), array("i"), array("q"), array("q")
        self._run_line, self._run_lines, self._run_masks = array("q"), array("q"), array("q")
        self.line_class = array("H")
        self._handles: dict[int, BinaryIO] = {}
        for part in output.parts:
            self._read_rows(part.rows)
        self.created = bool(self._row_hash)
        for part in output.parts:
            for path in part.payload:
                self._read_lines(path)
        self._join(first)

    # ------------------------------------------------------------------------------------------------------ reading

    def _file(self, path: str) -> int:
        self.files.append(path)
        try:
            self._as_read.append(_state_of(os.stat(path)))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        return len(self.files) - 1

    def _read_rows(self, path: str) -> None:
        file, at = self._file(path), 0
        try:
            with open(path, "rb") as source:
                for number, raw in enumerate(source, 1):
                    try:
                        row = _row(raw)
                    except (ValueError, RecursionError) as error:
                        raise RefusedError(
                            f"{path}:{number}: no data row that can be created: {in_words(error)}"
                        ) from None
                    self._row_hash.append(hash(row.global_key))
                    self._row_file.append(file)
                    self._row_at.append(at)
                    self._row_media.append(
                        self._media_number(media_type_of(row.media_type, row.row_data) or UNKNOWN_MEDIA)
                    )
                    self.local += len(local_fields(row))
                    if isinstance(row.row_data, str) and row.row_data.startswith("http://"):
                        self.plain_http += 1
                        self.first_http = self.first_http or row.global_key
                    at += len(raw)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None

    def _media_number(self, media: str) -> int:
        if media not in self._media:
            self._media.append(media)
        return self._media.index(media)

    def _class_number(self, label: str) -> int:
        number = self._class_numbers.get(label)
        if number is None:
            if len(self.classes) > 65_000:  # combinations of video masks; a feature has a number long before
                return self._class_number("(other)")
            number = self._class_numbers[label] = len(self.classes)
            self.classes.append(label)
        return number

    def _read_lines(self, path: str) -> None:
        file, at, last = self._file(path), 0, None
        with open(path, "rb") as source:
            for number, raw in enumerate(source, 1):
                try:
                    line = line_of(raw)
                except (ValueError, RecursionError) as error:
                    raise RefusedError(f"{path}:{number}: no annotation: {in_words(error)}") from None
                key = line.dataRow.globalKey or line.dataRow.id
                if key != last:
                    self.by_id |= not line.dataRow.globalKey
                    self._run_hash.append(hash(key))
                    self._run_file.append(file)
                    self._run_at.append(at)
                    self._run_end.append(at)
                    self._run_line.append(len(self.line_class))
                    self._run_lines.append(0)
                    self._run_masks.append(0)
                    last = key
                at += len(raw)
                self._run_end[-1] = at
                self._run_lines[-1] += 1
                self._run_masks[-1] += b'"mask":{' in raw or line.masks is not None
                self.line_class.append(self._class_number(line.label))

    # ------------------------------------------------------------------------------------------------------ joining

    def _join(self, first: int) -> None:
        run_hash = np.frombuffer(self._run_hash, np.int64) if self._run_hash else np.zeros(0, np.int64)
        if not self.created:
            _, at = np.unique(run_hash, return_index=True)
            self._take_rows_from_payload(np.sort(at))
        hashes = np.frombuffer(self._row_hash, np.int64)
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        again = np.flatnonzero(ordered[1:] == ordered[:-1]) + 1
        self._check_shared(order, again)
        keep = np.ones(len(hashes), bool)
        keep[order[again]] = False
        self.shared = len(again)
        at = np.minimum(np.searchsorted(ordered, run_hash), max(0, len(ordered) - 1))
        lost = np.flatnonzero(ordered[at] != run_hash) if len(ordered) else np.arange(len(run_hash))
        if len(lost):
            run = int(lost[0])
            file, key = self.files[self._run_file[run]], self._line_at(run).dataRow.globalKey
            raise RefusedError(f"{file} refers to {key!r}, which is no data row of the payload")
        self._run_row = order[at]
        self._ordered, self._order = ordered, order
        chosen = np.flatnonzero(keep)
        if first:
            chosen = chosen[:first]
        self._chosen = np.zeros(len(hashes), bool)
        self._chosen[chosen] = True
        self._project_plans(chosen)

    def _take_rows_from_payload(self, runs: Numbers) -> None:
        for run in runs:
            self._row_hash.append(self._run_hash[run])
            self._row_file.append(self._run_file[run])
            self._row_at.append(self._run_at[run])
            self._row_media.append(self._media_number(UNKNOWN_MEDIA))

    def _check_shared(self, order: Numbers, again: Numbers) -> None:
        """Datasets of a batch may share rows: then these must be the same asset."""
        for n in again if self.created else ():
            one, other = self.row(int(order[n - 1])), self.row(int(order[n]))
            if one.row_data != other.row_data or one.media_type != other.media_type:
                files = " and ".join(
                    sorted({self.files[self._row_file[order[n - 1]]], self.files[self._row_file[order[n]]]})
                )
                raise RefusedError(
                    f"the key {one.global_key!r} stands for different assets in {files}: "
                    "convert with --global-key '{dataset}/{relpath}'"
                )

    def _project_plans(self, chosen: Numbers) -> None:
        """Rows by media type; the runs of each row side by side, rows in the order of their first lines."""
        runs = np.flatnonzero(self._chosen[self._run_row])
        rows_of = self._run_row[runs]
        _, first, inverse = np.unique(rows_of, return_index=True, return_inverse=True)
        order = np.argsort(first[inverse], kind="stable")
        self._ordered_runs = runs[order]
        rows_of = rows_of[order]
        starts = np.flatnonzero(np.r_[True, rows_of[1:] != rows_of[:-1]]) if len(rows_of) else np.zeros(0, np.int64)
        self._runs_from, self._runs_to = np.zeros(len(self._chosen), np.int64), np.zeros(len(self._chosen), np.int64)
        self._runs_from[rows_of[starts]] = starts
        self._runs_to[rows_of[starts]] = np.r_[starts[1:], len(rows_of)]
        media = np.frombuffer(self._row_media, np.uint8)
        line_rows = rows_of[starts]
        lines = np.frombuffer(self._run_lines, np.int64) if self._run_lines else np.zeros(0, np.int64)
        self.projects = []
        for number in dict.fromkeys(int(m) for m in media[chosen]):
            mine = chosen[media[chosen] == number]
            with_lines = line_rows[media[line_rows] == number]
            of_mine = self._ordered_runs[np.isin(rows_of, mine, assume_unique=False)] if len(rows_of) else runs
            total = int(lines[of_mine].sum()) if len(of_mine) else 0
            self.projects.append(ProjectPlan(self._media[number], mine, with_lines, total))
        if not self.projects:
            raise SourceError(f"{self.output.folder}: nothing to import")

    def rename_media(self, was: str, now: str) -> None:
        """Give the rows of one media type another, which they then share with those that have it."""
        number, other = self._media.index(was), self._media_number(now)
        media = np.frombuffer(self._row_media, np.uint8).copy()
        media[media == number] = other
        self._row_media = array("B", media.tobytes())
        self._project_plans(np.flatnonzero(self._chosen))

    # ------------------------------------------------------------------------------------------------ reading again

    def close(self) -> None:
        for handle in self._handles.values():
            handle.close()
        self._handles.clear()

    def _read(self, file: int, at: int, end: int | None = None) -> bytes:
        handle = self._handles.get(file)
        if handle is None:
            if len(self._handles) >= 64:
                self.close()
            handle = self._handles[file] = open(self.files[file], "rb")  # noqa: SIM115  (closed by close)
        if _state_of(os.fstat(handle.fileno())) != self._as_read[file]:
            raise RefusedError(f"{self.files[file]} has changed while it was read: run the same command again")
        handle.seek(at)
        return handle.readline() if end is None else handle.read(end - at)

    def _line_at(self, run: int) -> Line:
        return line_of(self._read(self._run_file[run], self._run_at[run]))

    def raw_row(self, row: int) -> bytes:
        return self._read(self._row_file[row], self._row_at[row])

    def row(self, row: int) -> DataRow:
        return _row(self.raw_row(row))

    def key(self, row: int) -> str:
        """The global key, or the id where the payload refers by that."""
        if self.created:
            return self.row(row).global_key
        reference = line_of(self.raw_row(row)).dataRow
        return reference.globalKey or reference.id

    @property
    def chosen(self) -> Numbers:
        """Numbers of all rows that are imported."""
        return np.flatnonzero(self._chosen)

    def find(self, name: str) -> int:
        """The row with this global key, or id where the payload refers by that; -1 when there is none."""
        value = hash(name)
        at = int(np.searchsorted(self._ordered, value))
        if not name or at == len(self._ordered) or self._ordered[at] != value or not self._chosen[self._order[at]]:
            return -1
        return int(self._order[at])

    def media_type(self, row: int) -> str:
        return self._media[self._row_media[row]]

    def line_count(self, rows: Numbers) -> int:
        """Lines of these rows."""
        return sum(lines for row in rows for _, _, lines, _ in self._extents(int(row)))

    def _extents(self, row: int) -> Iterator[tuple[int, int, int, int]]:
        """Of each run of a row: the run, its first line, its lines, its lines with masks."""
        for n in range(int(self._runs_from[row]), int(self._runs_to[row])):
            run = int(self._ordered_runs[n])
            yield run, self._run_line[run], self._run_lines[run], self._run_masks[run]

    def line_numbers(self, row: int) -> list[int]:
        """Numbers of a row's lines over the whole payload, from 0."""
        return [n for _, first, count, _ in self._extents(row) for n in range(first, first + count)]

    def lines(self, row: int) -> bytes:
        """The lines of a row as they are sent."""
        return b"".join(
            self._read(self._run_file[run], self._run_at[run], self._run_end[run])
            for run, _, _, _ in self._extents(row)
        )

    def shards(self, rows: Sequence[int] | Numbers, most: int) -> list[Shard]:
        """Jobs of at most so many lines, masks and bytes; no row is split, one with more has a job for itself."""
        shards: list[Shard] = []
        first = lines = masks = size = 0
        for position, row in enumerate(rows):
            extents = list(self._extents(int(row)))
            more = sum(e[2] for e in extents)
            more_masks = sum(e[3] for e in extents)
            more_size = sum(self._run_end[e[0]] - self._run_at[e[0]] for e in extents)
            full = lines + more > most or masks + more_masks > MASK_LINES or size + more_size > JOB_BYTES
            if lines and full:
                shards.append(Shard(first, position, lines))
                first, lines, masks, size = position, 0, 0, 0
            lines, masks, size = lines + more, masks + more_masks, size + more_size
        if lines:
            shards.append(Shard(first, len(rows), lines))
        return shards

    def lines_by_class(self, media_type: str, without: Numbers | None = None) -> dict[str, int]:
        """Lines of the chosen rows of a media type, but for some rows."""
        if not self.line_class:
            return {}
        mine = self._chosen & (np.frombuffer(self._row_media, np.uint8) == self._media.index(media_type))
        if without is not None:
            mine[without] = False
        chosen = np.repeat(mine[self._run_row], np.frombuffer(self._run_lines, np.int64))
        counts = np.bincount(np.frombuffer(self.line_class, np.uint16)[chosen], minlength=len(self.classes))
        return {name: int(count) for name, count in zip(self.classes, counts) if count}


def _state_of(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns
