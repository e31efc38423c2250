"""Names the files of a source that no reader has used."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Container, Sequence

from to_labelbox.model.text import display
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import NO_RULE
from to_labelbox.source.asset_lookup import MediaFolder, spread
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import is_media
from to_labelbox.source.paths import is_mirrored

_OF_THE_SYSTEM = frozenset({".ds_store", "thumbs.db", "desktop.ini", "icon\r"})

_LABELS = frozenset({".json", ".jsonl", ".ndjson", ".xml", ".csv", ".tsv", ".yaml", ".yml"})
"""Extensions of files of labels that are never empty; a text of YOLO's may be."""
_LOOKED_AT = 100
"""Unread files of a folder whose sizes and first bytes are looked at."""

_SAMPLED = 64
"""Pictures, spread over a source, of which one that is empty has all looked at."""

_SYSTEM_FOLDERS = frozenset({"__macosx"})


def note_unread_files(
    log: Log,
    source: Source,
    used: Container[str],
    why: str | Callable[[str], str] = NO_RULE,
    read: Container[tuple[str, str]] = (),
) -> None:
    """Name the files of a source that were not ``used``, by folder and extension.

    ``read`` are groups of the listing, by folder and extension, of which every file is used, so that large ones cost nothing.
    ``why`` is one reason for all, or gives that of a file; an empty reason leaves the file out. Files of the operating
    system are never named; pictures are only when they are not ``used``, so a reader passes its data rows' pictures too.
    """
    read_as = _Read(source, used)
    for (folder, extension), names in source.groups.items():
        if (folder, extension) in read or (isinstance(used, set) and used.issuperset(names)):
            continue
        if _SYSTEM_FOLDERS & {part.lower() for part in folder.split("/")}:
            continue
        reasons: Counter[str] = Counter()
        example: dict[str, str] = {}
        looked_at = 0
        for name in names:
            if name in used or name[len(folder) :].lower() in _OF_THE_SYSTEM:
                continue
            if name in log.unreadable_files:
                continue
            nothing = ""
            if extension in _LABELS and looked_at < _LOOKED_AT:
                looked_at += 1
                nothing = _nothing(source, name)
                if nothing and _is_of_the_set(name, read_as, extension):
                    log.file_unreadable(name, nothing)
                    continue
            reason = nothing or (why if isinstance(why, str) else why(name))
            if reason:
                reasons[reason] += 1
                example.setdefault(reason, name)
        for reason, count in reasons.items():
            shown = example[reason] if count == 1 else f"{folder}*{extension}"
            kind = "picture" if is_media(example[reason]) else "file"
            log.note_unread("file", display(shown), where=f"{kind}s of {source.name}", count=count, why=reason)


def tell_empty_pictures(log: Log, source: Source) -> None:
    """Name the media of 0 bytes, as a folder in a cloud that was not fetched leaves them, where one of a sample is."""
    if source.is_file or is_mirrored(source.folder or ""):
        return
    names = [name for (_, extension), group in source.groups.items() if is_media(f"a{extension}") for name in group]
    if any(_is_empty(source, names[n]) for n in spread(len(names), _SAMPLED)):
        _tell_empty(log, [name for name in names if _is_empty(source, name)])


def tell_empty_below(log: Log, media: MediaFolder, source: Source, sample: Sequence[str]) -> None:
    """As :func:`tell_empty_pictures`, of a media root, by a sample of the assets there; not again of the source."""
    own = "" if source.is_file or not source.folder else os.path.join(os.path.realpath(source.folder), "")
    root = os.path.join(os.path.realpath(media.root), "")
    if is_mirrored(media.root) or (own and root.startswith(own)):
        return
    if any(_has_no_bytes(root + sample[n]) for n in spread(len(sample), _SAMPLED)):
        others = [name for name in media.names() if is_media(name) and not (own and f"{root}{name}".startswith(own))]
        _tell_empty(log, [name for name in others if _has_no_bytes(root + name)])


def _tell_empty(log: Log, names: Sequence[str]) -> None:
    if names:
        message = "the file is empty, it has 0 bytes: copy it again"
        log.note(Code.FILE_MISSING, message, file=display(names[0]), count=len(names))


def _has_no_bytes(path: str) -> bool:
    try:
        return not os.path.getsize(path)
    except OSError:
        return False


def _is_empty(source: Source, name: str) -> bool:
    try:
        return not source.size(name)
    except FileError:
        return False


def _nothing(source: Source, name: str) -> str:
    """What is wrong with a file that says nothing at all, as a disk that crashed or a folder in a cloud leaves it."""
    try:
        if not source.size(name):
            return "is empty: it has 0 bytes; copy it again"
        return "" if source.head(name, 256).strip(b"\0") else "holds nothing but bytes of zero; copy it again"
    except FileError:
        return ""


class _Read:
    """Folders and base names of the files of an extension that are read, looked for once."""

    def __init__(self, source: Source, used: Container[str]) -> None:
        self._source, self._used = source, used
        self._known: dict[str, tuple[set[str], set[str]]] = {}

    def of(self, extension: str) -> tuple[set[str], set[str]]:
        if extension not in self._known:
            names = (n for (_, kind), group in self._source.groups.items() if kind == extension for n in group)
            cuts = [(name, name.rfind("/") + 1) for name in names if name in self._used]
            self._known[extension] = {name[:cut] for name, cut in cuts}, {name[cut:] for name, cut in cuts}
        return self._known[extension]


def _is_of_the_set(name: str, read_as: _Read, extension: str) -> bool:
    """Whether the name says that it is of this set: it is in the folder of files that are read, or is called like one."""
    folders, bases = read_as.of(extension)
    cut = name.rfind("/") + 1
    return name[:cut] in folders or name[cut:] in bases
