"""The datasets below a folder, each once, found by asking the readers.

Readers claim a folder whenever there is something of theirs anywhere in it, so a folder is a dataset of its own when its
own files say so, or when all that says so lies in folders that are named like parts of a dataset (``annotations``,
``train``); otherwise it holds datasets, and its folders are asked one by one. A dataset owns all that is below it, except
archives beside its own files that are a dataset for certain. Files that could hold annotations and belong to no dataset
are listed too, so that none is passed over in silence.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from to_labelbox.diagnostics import FileError, SourceError, UsageError
from to_labelbox.formats import CERTAIN, Match, readers
from to_labelbox.media import is_media
from to_labelbox.source import Source

EVIDENCE_FILES = 4
"""So many files of each extension directly in a folder are looked at; pictures only where there is nothing else."""
_SPLITS = "train|training|val|valid|validation|test|testing|trainval|minival|dev|eval"
_KINDS = "annotations?|labels?|images?|xmls?|jsons?"
PARTS = re.compile(
    rf"({_SPLITS})[-_]?(\d{{4}})?|({_KINDS})|({_SPLITS})[-_]({_KINDS})|({_KINDS})[-_]({_SPLITS})"
    r"|imagesets|jpegimages|segmentation(class|object)|main|obj_train_data|panoptic_\w+",
    re.IGNORECASE,
)
_ARCHIVES = (".zip", ".gz")
_COULD_BE = frozenset(".json .jsonl .ndjson .xml .csv .tsv .zip .gz .tar .tgz .7z .rar".split())
"""Extensions of files that somebody may take for annotations."""
_SKIPPED = ("__MACOSX",)


class Found(Struct, frozen=True):
    """A dataset: its place below the root, the format and why. ``problem``: why it cannot be said which format it is.

    Without a format: a file that no reader takes, for all that are like it in its folder.
    """

    path: str
    source: str
    format: str
    reason: str
    problem: str = ""


def discover(
    root: str, format: str | None = None, patterns: Sequence[str] = (), leave_out: str | None = None
) -> list[Found]:
    """Datasets in order of their paths. ``patterns`` are shell patterns of paths; ``leave_out`` is a folder not looked into.

    Raises :class:`UsageError` when the root is missing.
    """
    if not os.path.exists(root):
        raise UsageError(f"{root}: no such file or folder")
    hidden = None if leave_out is None else os.path.realpath(leave_out)
    found = sorted(
        _Search(format, hidden).below(root, "") if os.path.isdir(root) else _Search(format, None).file(root, "")
    )
    whole = os.path.basename(os.path.abspath(root))
    named = [Found(path or whole, *rest) for path, *rest in found]
    return [f for f in named if not patterns or any(fnmatchcase(f.path, p) for p in patterns)]


_Row = tuple[str, str, str, str, str]


class _Search:
    def __init__(self, format: str | None, leave_out: str | None) -> None:
        self._asked = format is not None
        self._readers = readers() if format is None else {format: readers()[format]}
        self._leave_out = leave_out
        self._hidden = leave_out and os.path.basename(leave_out)

    def below(self, folder: str, path: str) -> Iterator[_Row]:
        names, folders = self._listing(folder)
        files = [name for name in names if not name.lower().endswith(_ARCHIVES)]
        own = self._claims(*self._evidence(folder, files)) if files else []
        claims, rows = own, list[_Row]()
        if not own:
            inside = {f: list(self.below(os.path.join(folder, f), os.path.join(path, f))) for f in folders}
            named = all(PARTS.fullmatch(f) for f, found in inside.items() if any(format for _, _, format, *_ in found))
            claims = self._claims(folder) if named else []
            if not claims:
                rows = [row for found in inside.values() for row in found]
        if claims and not rows:
            yield self._row(path, folder, claims)
        yield from rows
        owned = bool(claims)
        alone = [] if owned else files
        for name in names:
            if name.lower().endswith(_ARCHIVES):
                taken = list(self.file(os.path.join(folder, name), os.path.join(path, name), certain=owned))
                yield from taken
                if not taken and not owned:
                    alone.append(name)
        if not self._asked:
            yield from self._left(folder, path, alone)

    def _left(self, folder: str, path: str, files: Sequence[str]) -> Iterator[_Row]:
        """Files that belong to no dataset, by extension."""
        kinds: dict[str, list[str]] = {}
        for name in files:
            extension = os.path.splitext(name)[1].lower()
            if extension in _COULD_BE:
                kinds.setdefault(extension, []).append(name)
        for extension, (first, *more) in kinds.items():
            others = f" (nor {len(more)} more {extension} files beside it)" if more else ""
            yield os.path.join(path, first), os.path.join(folder, first), "", f"no format takes it{others}", ""

    def file(self, file: str, path: str, certain: bool = False) -> Iterator[_Row]:
        """A single file, if a reader claims it; ``certain``: only one that is sure."""
        claims = self._claims(file)
        if claims and (not certain or claims[0][1].confidence >= CERTAIN):
            yield self._row(path, file, claims)

    def _listing(self, folder: str) -> tuple[list[str], list[str]]:
        names, folders = [], []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name in _SKIPPED:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name != self._hidden or os.path.realpath(entry.path) != self._leave_out:
                            folders.append(entry.name)
                    elif entry.is_file(follow_symlinks=False):
                        names.append(entry.name)
        except OSError:
            return [], []
        return sorted(names), sorted(folders)

    def _evidence(self, folder: str, files: Sequence[str]) -> list[str]:
        kinds: dict[str, list[str]] = {}
        for name in [f for f in files if not is_media(f)] or files:
            kinds.setdefault(os.path.splitext(name)[1].lower(), []).append(name)
        first = sorted(name for names in kinds.values() for name in names[:EVIDENCE_FILES])
        return [os.path.join(folder, f) for f in first]

    def _claims(self, *paths: str) -> list[tuple[str, Match]]:
        """Readers that claim a source with the highest confidence: one, or several that tie."""
        try:
            source = Source(*paths)
            said = {name: reader.sniff(source) for name, reader in self._readers.items()}
        except (FileError, SourceError, UsageError, OSError):
            return []
        claims = [(name, verdict) for name, verdict in said.items() if isinstance(verdict, Match)]
        best = max((verdict.confidence for _, verdict in claims), default=0)
        return [claim for claim in claims if claim[1].confidence == best]

    def _row(self, path: str, source: str, claims: list[tuple[str, Match]]) -> _Row:
        names = " or ".join(name for name, _ in claims)
        problem = f"could be {names}: give it alone to `convert --from {claims[0][0]}`" if len(claims) > 1 else ""
        return path.replace(os.sep, "/"), source, claims[0][0], claims[0][1].reason, problem
