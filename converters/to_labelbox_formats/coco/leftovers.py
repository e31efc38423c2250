"""What a set holds that no rule reads, named once with counts: files, lists, fields of images, categories and annotations."""

from __future__ import annotations

import math
import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from to_labelbox.model.text import n_of, quoted, shortened
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.report.observations import NO_RULE
from to_labelbox.source.asset_lookup import alike
from to_labelbox.source.files import Source
from to_labelbox.source.unread_files import note_unread_files
from to_labelbox_formats.coco.detect import FileKind
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.random_access import Opened
from to_labelbox_formats.coco.index.videos import TRACK, Videos
from to_labelbox_formats.coco.records.panoptic import places_of

_ABOUT = re.compile(r"(?:readme|licen[cs]e|notice|changelog|citation)\b.*", re.IGNORECASE)
"""Files that are about a set."""
_EACH = 3
"""Files that are named one by one for a field that many have."""
_LONGEST = 800
"""Characters of a name that a message can show whole."""
_SHOWN = 12
"""Names that a message lists at most."""


def tell_unread(files: Sequence[File], asked: Sequence[str], predictions: bool, log: Log) -> None:
    """Name the lists and fields that are not carried over, and that images are frames of videos.

    ``asked``: fields of annotations that become nested answers. ``predictions``: annotations with a score are labels.
    """
    files_with: Counter[tuple[str, ...]] = Counter()

    def note(file: str, what: str, name: str, part: str, count: int, why: str = NO_RULE) -> None:
        key = what, name, part, why
        files_with[key] += 1
        further = f"{part} of further files" if part else "further files"
        here = f"{file} {part}".strip() if files_with[key] <= _EACH else further
        log.note_unread(what, name, where=here, count=count, why=why)

    for file in files:
        scores = file.annotation_census.fields.get("score", 0)
        if predictions and scores and "score" not in asked:
            why = "a label has no score; -O fields=score takes it as a nested answer"
            note(file.name, "field", "score", "annotations[]", scores, why)
        for key, length in file.lists.items():
            note(file.name, "list", key, "", length)
        for list_, census in (
            ("images", file.image_census),
            (file.video_list, file.video_census),
            ("annotations[].segments_info", file.annotation_census.segments),
            ("scene_annotations", file.scene_census),
        ):
            for field, count in census.unknown.items() if census else ():
                note(file.name, "field", field, f"{list_}[]", count)
        for field, count in file.category_fields.items():
            note(file.name, "field", field, "categories[]", count)
        read = {**_read_instead(file), **dict.fromkeys(asked, file.annotation_census.looked_at)}
        left = ((name, count - read.get(name, 0)) for name, count in file.annotation_census.unknown.items())
        unread = {name: count for name, count in left if count > 0}
        if file.tracks is not None:
            unread.pop(TRACK, None)
        for field, count in unread.items():
            taken = f"; {option} takes it as a nested answer" if (option := _option_for(field)) else ""
            why = f"COCO has no such field{taken}"
            note(file.name, "field", field, "annotations[]", count, why)
        if unread:
            option = next(filter(None, map(_option_for, unread)), "")
            unless = f", unless as nested answers with {option}" if option else ""
            message = (
                f"annotations have {_listed(list(unread))}, which no field of COCO holds: not carried over{unless}"
            )
            log.note(Code.FIELD_IGNORED, message, file=file.name)
        for list_, census in (("images", file.image_census), ("annotations", file.annotation_census)):
            _tell_repeated(file.name, list_, census.repeated, log)
        if file.tracks is not None:
            _tell_tracks(file, file.tracks, asked, log)
        elif file.videos:
            message = "its images are frames of videos: each becomes an image of its own, and tracks are not joined"
            log.note(Code.DECISION, message, file=file.name)
    looked_at = sum(file.annotation_census.looked_at for file in files)
    for name in asked:
        if looked_at and not any(name in file.annotation_census.fields for file in files):
            message = f"-O fields={name}: none of the {looked_at} annotations looked at has it"
            log.note(Code.ATTRIBUTE_UNKNOWN, message)


def _option_for(field: str) -> str:
    """What takes a field over, to be copied as it is; empty for a name that the option cannot have."""
    fits = field.isprintable() and field.strip() == field and "," not in field and 0 < len(field) <= _LONGEST
    return f"-O {quoted(f'fields={field}')}" if fits else ""


def _read_instead(file: File) -> dict[str, int]:
    """Fields of annotations that are read in place of those of COCO, and in about how many of those looked at."""
    looked_at, conventions = file.annotation_census.looked_at, file.conventions
    shares = {**conventions.stand_ins, conventions.turn_field: 1}
    return {name: math.ceil(looked_at * share) for name, share in shares.items()}


def _tell_repeated(file: str, where: str, repeated: Mapping[str, int], log: Log) -> None:
    """Say which fields stand twice in one record: JSON leaves open which holds, every reader of it keeps the last."""
    for field, count in repeated.items():
        message = f"{shortened(repr(field))} stands more than once in {n_of(count, 'object')} of {where}: the last one is read"
        log.note(Code.FIELD_REPAIRED, message, file=file, count=count)


def _tell_tracks(file: File, videos: Videos, asked: Sequence[str], log: Log) -> None:
    """Say that frames become images, and that what joins the shapes of an object is not carried over unless asked for."""
    frames = f"{n_of(int(videos.frames.sum()), 'frame')} of {n_of(len(videos), 'video')}"
    message = f"{frames}: each becomes an image of its own, with what each object has on it as a shape of its own"
    if TRACK not in asked and (videos.nested or len(videos.tracks)):
        message += f"; which of them are one object is said with -O fields={TRACK}"
        why = f"the shapes of an object are not joined over frames; -O fields={TRACK} takes its id as a nested answer"
        where = f"{file.name} {file.annotation_list}[]"
        log.note_unread("field", TRACK, where=where, count=len(videos if videos.nested else videos.tracks), why=why)
    log.note(Code.DECISION, message, file=file.name)


def _listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(shortened, names[:_SHOWN])) + more


def tell_unread_files(
    source: Source, files: Sequence[File], ignored: Mapping[str, str], opened: Opened, log: Log
) -> None:
    """Name the files that are neither read nor pictures of an image.

    ``files`` are those of the source, as ``opened`` has them; ``ignored``: JSON files of other kinds, each with what it is.
    """
    if source.is_file or len(source.names) == len(files):
        return
    used = {file.name for file in files}
    pictures = set(source.pictures)
    used |= _named([name for name in source.pictures if name not in used], files, opened)
    masks = {place for file in files if file.kind is FileKind.PANOPTIC for place in places_of(file.name)}

    def why(name: str) -> str:
        base = posixpath.basename(name)
        if name in ignored:
            return f"not COCO: {ignored[name]}"
        if name in pictures:
            is_mask = name.lower().endswith(".png") and posixpath.dirname(name) in masks
            return "" if is_mask else "no image of the set has this file name"
        return "" if _ABOUT.fullmatch(base) else "COCO keeps its labels in JSON files"

    note_unread_files(log, source, used, why)


def _named(pictures: Sequence[str], files: Sequence[File], opened: Opened) -> set[str]:
    """The pictures that an image names: with any number of their folders, else by their base name alone."""
    if not pictures:
        return set()
    hashes = np.unique(np.concatenate([file.image_names for file in files] or [np.zeros(0, np.int64)]))
    found = {
        name
        for name in pictures
        if _is_in(hashes, [hash("/".join(name.split("/")[n:])) for n in range(name.count("/") + 1)])
    }
    if len(found) == len(pictures):
        return found
    bases: set[str] = set()
    for file in files:
        for row in range(len(file.images)):
            name = opened.image_name(file.number, file.images, row).replace("\\", "/").partition("?")[0]
            bases.add(alike(name.rpartition("/")[2]))
    return found | {name for name in pictures if alike(posixpath.basename(name)) in bases}


def _is_in(ordered: np.ndarray, values: Sequence[int]) -> bool:
    at = np.minimum(np.searchsorted(ordered, values), max(0, len(ordered) - 1))
    return bool(len(ordered) and (ordered[at] == values).any())
