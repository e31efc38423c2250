"""Names the files of a source that no reader has used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container

from to_labelbox.model.text import display
from to_labelbox.report.log import Log
from to_labelbox.report.observations import NO_RULE
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import is_media

_OF_THE_SYSTEM = frozenset({".ds_store", "thumbs.db", "desktop.ini", "icon\r"})

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
    for (folder, extension), names in source.groups.items():
        if (folder, extension) in read:
            continue
        if _SYSTEM_FOLDERS & {part.lower() for part in folder.split("/")}:
            continue
        reasons: Counter[str] = Counter()
        example: dict[str, str] = {}
        for name in names:
            if name in used or name[len(folder) :].lower() in _OF_THE_SYSTEM:
                continue
            reason = why if isinstance(why, str) else why(name)
            if reason:
                reasons[reason] += 1
                example.setdefault(reason, name)
        for reason, count in reasons.items():
            shown = example[reason] if count == 1 else f"{folder}*{extension}"
            kind = "picture" if is_media(example[reason]) else "file"
            log.note_unread("file", display(shown), where=f"{kind}s of {source.name}", count=count, why=reason)
