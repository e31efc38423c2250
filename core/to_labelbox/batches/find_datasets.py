"""The datasets below a folder, each once, found by asking the readers.

Readers claim a folder whenever there is something of theirs anywhere in it, so a folder is a dataset of its own when its
own files say so, or when all that says so lies in folders that are named like parts of a dataset (``annotations``,
``train``); otherwise it holds datasets, and its folders are asked one by one. A dataset owns all that is below it, except
what is a dataset for certain and no part of it: archives, folders of another format, and such of the same format as stand
for themselves. What belongs to no dataset and may hold annotations, or cannot be read, is listed too, so that nothing is
passed over in silence.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import chain
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from to_labelbox.conversion.naming import OURS
from to_labelbox.conversion.output_folder import is_output
from to_labelbox.model.text import n_of, text_name
from to_labelbox.plugins.detect import held_archives, sniffed, tied_claims
from to_labelbox.plugins.reader import CERTAIN, Each, Match
from to_labelbox.plugins.registry import reader, readers
from to_labelbox.report.errors import FileError, SourceError, UsageError
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import is_media
from to_labelbox.source.missing import no_such_path
from to_labelbox.source.paths import is_data_folder
from to_labelbox.source.splits import SPLIT_PATTERN

EVIDENCE_FILES, MORE_FILES = 4, 64
"""So many files of each extension directly in a folder are looked at, and so many where the first ones are of no format;
pictures only where there is nothing else."""
SINGLE_FILES = 8
"""Where the own files of a folder are of several formats, and no more than these, each is a dataset of its own."""
MANY_FOLDERS, FOLDERS_AT_ONCE = 24, 8
"""Of so many folders, so many at a time may be looked into by other processes."""
DEEPEST = 100
"""Folders within folders that are looked into."""
_SPLITS = SPLIT_PATTERN
_KINDS = "annotations?|labels?|images?|xmls?|jsons?"
_PARTS = rf"({_SPLITS})[-_]?(\d{{4}})?|({_KINDS})|({_SPLITS})[-_]({_KINDS})|({_KINDS})[-_]({_SPLITS})"
_ARCHIVES = (".zip", ".gz")
_COULD_BE = frozenset(".json .jsonl .ndjson .xml .csv .tsv .zip .gz .tar .tgz .7z .rar".split())
"""Extensions of files that somebody may take for annotations."""


LINK = "is a link, which is not followed"


class Found(Struct, frozen=True):
    """A dataset: its place below the root, the format and why. ``problem``: why it is not converted.

    ``without``: what is below it and no part of it. Without a format: a file that no reader takes, for all that are like
    it in its folder, or with a problem what cannot be read.
    """

    path: str
    source: str
    format: str
    reason: str
    problem: str = ""
    without: tuple[str, ...] = ()


def discover(
    root: str, format: str | None = None, patterns: Sequence[str] = (), leave_out: str | None = None, each: Each = map
) -> list[Found]:
    """Datasets in order of their paths. ``patterns`` are shell patterns of paths; ``leave_out`` is a folder not looked into.

    ``each`` may ask other processes about the folders of one that has many. Raises :class:`UsageError` when the root is missing or cannot be listed.
    """
    if not os.path.exists(root):
        raise no_such_path(root)
    if format is not None:
        reader(format)
    search = _Search(format, None if leave_out is None else os.path.realpath(leave_out), each)
    if os.path.isdir(root):
        try:
            os.listdir(root)
        except OSError as error:
            raise UsageError(f"{root} cannot be listed: {error.strerror}") from error
        found = [row.found for row in search.below(root, "")]
    else:
        found = [row.found for row in search.file(root, "")]
    whole = os.path.basename(os.path.abspath(root))
    named: dict[str, Found] = {}
    for one in sorted(found, key=lambda f: (f.path == "", f.path, f.format)):
        path = text_name(one.path or whole)
        while path in named:  # of an unclaimed file, or of one whose name is spelled so
            path += "_" if one.path else ".root"
        named[path] = replace(one, path=path)
    return [f for path, f in sorted(named.items()) if not patterns or any(fnmatchcase(path, p) for p in patterns)]


def none_found(root: str, format: str | None, patterns: Sequence[str], found: Sequence[Found]) -> UsageError:
    """What to say where there is no dataset among what was found."""
    unread = next((f": {f.path or root} {f.problem}" for f in found if f.problem), "")
    if unread:
        return UsageError(f"{root}: no datasets found{unread}")
    if not found and os.path.isdir(root) and not os.listdir(root):
        hint = "the folder is empty"
    elif links := [one for one in found if one.reason.startswith(LINK)]:
        hint = f"{links[0].path} {links[0].reason}"
    elif patterns:
        hint = f"none whose path matches --datasets {' or '.join(patterns)}"
    elif format is not None:
        hint = "try without --from"
    else:
        hint = "give --from NAME if you know what they are, or ask `to-labelbox inspect` about one of them"
    return UsageError(f"{root}: no datasets found; {hint}")


class _Claims(Struct, frozen=True):
    """The readers that claim something with the highest confidence: one, or several that tie."""

    formats: tuple[str, ...] = ()
    confidence: int = 0
    reason: str = ""

    @property
    def certain(self) -> bool:
        return len(self.formats) == 1 and self.confidence >= CERTAIN


class _Row(Struct, frozen=True):
    """Something found. ``marks``: names of a folder's own files each of which makes it a dataset."""

    found: Found
    certain: bool = False
    marks: frozenset[str] = frozenset()


class _Part(NamedTuple):
    """Some folders of a folder, and what is said of all of them: see :class:`_Search`."""

    format: str | None
    leave_out: str | None
    folder: str
    path: str
    depth: int
    owned: bool
    names: Sequence[str]


def _below(part: _Part) -> list[list[_Row]]:
    """What is found in each of some folders, in a process that is asked about them."""
    search = _Search(part.format, part.leave_out)
    return [search.below_one(part.folder, part.path, name, part.depth, part.owned) for name in part.names]


class _Search:
    def __init__(self, format: str | None, leave_out: str | None, each: Each = map) -> None:
        self._format, self._each = format, each
        self._asked = format is not None
        self._readers = readers() if format is None else {format: readers()[format]}
        names = [_PARTS, *(reader.folders.parts for reader in readers().values() if reader.folders.parts)]
        self._is_part = re.compile("|".join(names), re.IGNORECASE).fullmatch
        self._leave_out = leave_out
        self._hidden = leave_out and os.path.basename(leave_out)

    def below(self, folder: str, path: str, depth: int = 0, owned: bool = False) -> list[_Row]:
        """What is found in a folder. In one that is ``owned`` by a dataset, mere pictures need no look."""
        try:
            names, folders, links = self._listing(folder)
        except OSError as error:
            return [_unread(path, folder, f"cannot be listed: {error.strerror}")]
        if owned and not folders and all(map(is_media, names)):
            return []
        if folders and depth == DEEPEST:
            return [_unread(path, folder, f"is {DEEPEST} folders deep: make it the ROOT of a batch of its own")]
        files = [name for name in names if not name.lower().endswith(_ARCHIVES)]
        own = self._own(folder, files)
        apart = self._stand_apart(folder, path, files) if len(own.formats) > 1 else {}
        claims = _Claims() if apart else own
        inside = self._inside(folder, path, folders, depth + 1, bool(claims.formats))
        if not own.formats and all(
            self._is_part(name) for name, rows in inside.items() if any(row.found.format for row in rows)
        ):
            claims = self._claims(folder)
        if len(claims.formats) == 1:
            return self._dataset(folder, path, claims, files if own.formats else [], inside, names)
        rows = list(chain.from_iterable(inside.values()))
        if claims.formats:
            rows = [self._row(path, folder, claims), *(rows if own.formats else filter(_stands_alone, rows))]
        singles = {
            name: self.file(os.path.join(folder, name), os.path.join(path, name), bool(claims.formats))
            for name in sorted({*names} - {*files})
        }
        singles |= apart
        alone = [] if claims.formats else [name for name in names if not singles.get(name)]
        left = [*self._left(folder, path, alone), *_links(folder, path, links)]
        return [*rows, *chain.from_iterable(singles.values()), *left]

    def _inside(self, folder: str, path: str, names: Sequence[str], depth: int, owned: bool) -> dict[str, list[_Row]]:
        """What is found in each folder of a folder."""
        if len(names) < MANY_FOLDERS or self._each is map:
            return {name: self.below_one(folder, path, name, depth, owned) for name in names}
        given = self._format, self._leave_out, folder, path, depth, owned
        parts = [_Part(*given, names[n : n + FOLDERS_AT_ONCE]) for n in range(0, len(names), FOLDERS_AT_ONCE)]
        return dict(zip(names, chain.from_iterable(self._each(_below, parts))))

    def below_one(self, folder: str, path: str, name: str, depth: int, owned: bool) -> list[_Row]:
        return self.below(os.path.join(folder, name), os.path.join(path, name), depth, owned)

    def _stand_apart(self, folder: str, path: str, files: Sequence[str]) -> dict[str, list[_Row]]:
        """The files of a folder of several formats where each is a dataset for certain: one file a format, and few.

        Else the folder is one dataset of which nobody knows the format, or holds several that nobody can tell apart.
        """
        if sum(not is_media(name) for name in files) > SINGLE_FILES:
            return {}
        rows = {n: self.file(os.path.join(folder, n), os.path.join(path, n), certain=True) for n in files}
        formats = [row.found.format for found in rows.values() for row in found]
        if len({*formats}) < len(formats) or any(self._readers[name].folders.file_an_asset for name in formats if name):
            return {}
        return rows

    def _dataset(
        self,
        folder: str,
        path: str,
        claims: _Claims,
        files: Sequence[str],
        inside: Mapping[str, Sequence[_Row]],
        names: Sequence[str],
    ) -> list[_Row]:
        """A folder that is one dataset, and what is below it without being a part of it."""
        (format,) = claims.formats
        marks = frozenset(n for n in self._evidence(files) if format in self._claims(os.path.join(folder, n)).formats)
        apart: list[_Row] = []
        without = [self._leave_out] if self._leave_out and _is_below(self._leave_out, folder) else []
        for name, rows in inside.items():
            for row in rows:
                if _stands_alone(row):
                    apart.append(row)
                elif row.found.format and not self._is_part(name) and self._is_apart(row, path, format, marks):
                    apart.append(row)
                    without.append(os.path.realpath(row.found.source))
                elif row.found.format not in ("", format):
                    if len((whole := self._claims(folder)).formats) > 1:
                        return [
                            self._row(path, folder, whole),
                            *filter(_stands_alone, chain.from_iterable(inside.values())),
                        ]
                    reason = f"is {row.found.format} by its looks, but belongs to what is taken for {format} here"
                    apart.append(_Row(Found(row.found.path, row.found.source, "", reason)))
        for name in names:
            if name.lower().endswith(_ARCHIVES):
                apart += self.file(os.path.join(folder, name), os.path.join(path, name), certain=True)
        # its reader takes packed files for its own
        apart = [r for r in apart if not (r.found.format == format and r.found.source.lower().endswith(".gz"))]
        real = os.path.realpath(folder)
        outside = tuple(sorted(os.path.relpath(place, real).replace(os.sep, "/") for place in without))
        own = self._row(path, folder, claims)
        return [_Row(replace(own.found, without=outside), own.certain, marks), *apart]

    def _is_apart(self, row: _Row, path: str, format: str, marks: frozenset[str]) -> bool:
        """Whether a dataset below another one, which is at ``path``, is no part of that.

        One of the same format is when a file of the same name says so in both (``data.yaml``), and below the root, which
        is more likely a place for datasets than one that has folders, when its files are sets by themselves.
        """
        if row.found.format == format and marks.isdisjoint(row.marks):
            return row.certain and not path and self._readers[format].folders.whole_files
        return row.certain

    def _left(self, folder: str, path: str, files: Sequence[str]) -> Iterator[_Row]:
        """Files that belong to no dataset, by extension; an output of this program is no source."""
        kinds: dict[tuple[str, bool], list[str]] = {}
        output = not self._asked and is_output(folder)
        for name in files:
            extension = os.path.splitext(name)[1].lower()
            if extension in _COULD_BE and not (output and OURS.fullmatch(name)):
                readable = os.access(os.path.join(folder, name), os.R_OK)
                if not readable or not self._asked:
                    kinds.setdefault((extension, readable), []).append(name)
        for (extension, readable), (first, *more) in kinds.items():
            place, source = os.path.join(path, first), os.path.join(folder, first)
            others = f" (nor {n_of(len(more), f'more {extension} file')} beside it)" if more else ""
            if readable:
                why = f"no format takes it{others}: `to-labelbox inspect {shlex.quote(source)}` says why"
                yield _Row(Found(_slashes(place), source, "", why))
            else:
                yield _unread(place, source, f"cannot be read{others}: permission denied")

    def file(self, file: str, path: str, certain: bool = False) -> list[_Row]:
        """A single file, if a reader claims it; ``certain``: only one that is sure. Or one that is damaged."""
        claims = _Claims()
        try:
            source = Source(file)
            claims = self._said(source)
            trouble = next(iter(source.unreadable.values()), "") if source.is_archive or file.endswith(".gz") else ""
            if source.is_archive and not (claims.formats or trouble):
                trouble = held_archives(source)
            if file.lower().endswith(".zip") and not (claims.formats or source.is_archive):
                trouble = trouble or next(iter(source.oddities().values()), "")
        except FileError as error:
            trouble = str(error)
        except (SourceError, UsageError, OSError):
            return []
        if claims.formats and (claims.certain or not certain):
            return [self._row(path, file, claims)]
        return [_unread(path, file, trouble)] if trouble and not claims.formats else []

    def _listing(self, folder: str) -> tuple[list[str], list[str], list[str]]:
        names, folders, links = [], [], []
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if not is_data_folder(entry.name):
                        continue
                    if entry.name != self._hidden or os.path.realpath(entry.path) != self._leave_out:
                        folders.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    names.append(entry.name)
                elif entry.is_symlink():
                    links.append(entry.name)
        return sorted(names), sorted(folders), sorted(links)

    def _own(self, folder: str, files: Sequence[str]) -> _Claims:
        """Who claims a folder by its own files."""
        if not files:
            return _Claims()
        few = self._evidence(files)
        claims = self._claims(*(os.path.join(folder, name) for name in few))
        if claims.formats or len(more := self._evidence(files, MORE_FILES)) == len(few):
            return claims
        return self._claims(*(os.path.join(folder, name) for name in more))

    def _evidence(self, files: Sequence[str], most: int = EVIDENCE_FILES) -> list[str]:
        kinds: dict[str, list[str]] = {}
        for name in [f for f in files if not is_media(f)] or files:
            kinds.setdefault(os.path.splitext(name)[1].lower(), []).append(name)
        return sorted(name for names in kinds.values() for name in names[:most])

    def _claims(self, *paths: str) -> _Claims:
        try:
            return self._said(Source(*paths, without=self._left_out(paths[0]) if len(paths) == 1 else ()))
        except (FileError, SourceError, UsageError, OSError):
            return _Claims()

    def _left_out(self, folder: str) -> tuple[str, ...]:
        if self._leave_out is None or not _is_below(self._leave_out, folder):
            return ()
        return (os.path.relpath(self._leave_out, os.path.realpath(folder)).replace(os.sep, "/"),)

    def _said(self, source: Source) -> _Claims:
        said = {name: sniffed(reader, source) for name, reader in self._readers.items()}
        claims = {name: verdict for name, verdict in said.items() if isinstance(verdict, Match)}
        if not claims:
            return _Claims()
        best = max(verdict.confidence for verdict in claims.values())
        tied = tied_claims(claims)
        reason = claims[tied[0]].reason if len(tied) == 1 else "; ".join(f"{n}: {claims[n].reason}" for n in tied)
        return _Claims(tuple(tied), best, reason)

    def _row(self, path: str, source: str, claims: _Claims) -> _Row:
        first, *others = claims.formats
        names = " or ".join(claims.formats)
        problem = (
            f"could be {names} ({claims.reason}): say which with `convert {shlex.quote(source)} --from {first}`, or --datasets and --from here"
            if others
            else ""
        )
        return _Row(Found(_slashes(path), source, first, claims.reason, problem), claims.certain)


def _stands_alone(row: _Row) -> bool:
    """Whether it is an archive, or something that cannot be read, which no dataset around it takes for its own."""
    found = row.found
    return bool(found.problem) if not found.format else row.certain and found.source.lower().endswith(_ARCHIVES)


def _unread(path: str, source: str, problem: str) -> _Row:
    return _Row(Found(_slashes(path), source, "", "", problem))


def _links(folder: str, path: str, links: Sequence[str]) -> Iterator[_Row]:
    """Links that lie beside datasets; those within one are its reader's to tell."""
    for first in links[:1]:
        others = f", nor {n_of(len(links) - 1, 'more link')} beside it" if len(links) > 1 else ""
        reason = f"{LINK}{others}: give what it leads to, or a copy as `cp -rL` makes it"
        yield _Row(Found(_slashes(os.path.join(path, first)), os.path.join(folder, first), "", reason))


def _slashes(path: str) -> str:
    return path.replace(os.sep, "/")


def _is_below(place: str, folder: str) -> bool:
    return place.startswith(os.path.join(os.path.realpath(folder), ""))
