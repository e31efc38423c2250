"""Opening a source: its exports, their tasks, and the parts that a dataset is read in.

What reads JSON and videos is imported where there is any: numpy takes as long to start as a megabyte of pictures to read.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from to_labelbox.model.items import Item
from to_labelbox.model.schema import Input, Kind, Question
from to_labelbox.plugins.reader import Dataset, ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import is_media
from to_labelbox.source.unread_files import note_unread_files
from to_labelbox_formats.cvat.assets import MediaFinders, name_folders, video_paths
from to_labelbox_formats.cvat.assumptions import assume_frames, assume_videos, open_end_of
from to_labelbox_formats.cvat.detect import annotation_files, candidates, datumaro_files, root_of, text_head
from to_labelbox_formats.cvat.meta import KINDS, schema_of
from to_labelbox_formats.cvat.options import Frames, Jobs, Options, Video
from to_labelbox_formats.cvat.shapes import GROUP, Vocabulary
from to_labelbox_formats.cvat.units.images import ImagePart, Part, Setting
from to_labelbox_formats.cvat.unread import UsedFiles, why_unread
from to_labelbox_formats.cvat.xml.exports import Group, XmlExport, open_exports

if TYPE_CHECKING:
    from to_labelbox_formats.cvat.json.backup import JsonExport
    from to_labelbox_formats.cvat.json.datumaro import DatumaroExport

AnyExport: TypeAlias = "XmlExport | JsonExport | DatumaroExport"

_VIDEO_KINDS = {
    **KINDS,
    "polygon": Kind.MASK,
    "ellipse": Kind.MASK,
    "cuboid": Kind.MASK,
}
"""A video line holds no polygon: such labels are declared as what their tracks become."""


def open_dataset(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Opens every export of the source. Raises :class:`SourceError` when there is nothing to read."""
    log = context.log
    names = [n for n in sorted(candidates(source, ".xml")) if root_of(text_head(source.head(n))) == b"annotations"]
    if not names and source.is_file and root_of(text_head(source.head(source.names[0]))):
        names = list(source.names)
    exports: list[AnyExport] = list(open_exports(source, names, log))
    if annotation_files(source):
        from to_labelbox_formats.cvat.json.backup import open_json

        exports += open_json(source, log, options.unlabelled, options.jobs)
    if datumaro_files(source):
        from to_labelbox_formats.cvat.json.datumaro import open_datumaro

        exports += open_datumaro(source, log)
    if not exports and not names and not log.unreadable:
        raise SourceError(f"{source.path}: no CVAT export is in it")
    _remark(exports, log)

    groups = [g for e in exports for g in e.groups.values()]
    labels = [label for e in exports for label in e.meta.labels]
    setting = Setting(
        source,
        context,
        Vocabulary(labels),
        groups=options.groups,
        relative=options.frames == Frames.SAMPLED,
        all_jobs=options.jobs is Jobs.ALL,
        open_ends={e.name: open_end_of(e, options.open_tracks, log) for e in exports},
    )
    finders = MediaFinders(source, context)
    parts = _parts(groups, setting, finders, options, log)
    _note_unread_files(exports, names, finders)
    only_video = bool(parts) and all(p.is_video for p in parts)
    asked = (Question(GROUP, Input.TEXT),) if options.groups else ()
    tagged = dict.fromkeys(label for e in exports for label in e.tagged)
    return Dataset(
        name=source.name,
        schema=schema_of(labels, tagged, _kinds_on_video(groups) if only_video else KINDS, asked),
        units=sum(p.units for p in parts),
        iterate=partial(_iterate, parts, [0, *accumulate(p.units for p in parts)]),
        details={
            "files": len(exports),
            "tasks": len({(id(g.export), g.task.id or g.task_id) for g in groups}),
        },
    )


def _note_unread_files(exports: Sequence[AnyExport], names: Sequence[str], finders: MediaFinders) -> None:
    source, context = finders.source, finders.context
    if source.is_file:
        return
    used = UsedFiles([*names, *source.unreadable, *(file for export in exports for file in export.files)])
    for export in exports:
        for group in export.groups.values():
            hashes = [*group.hashes, hash(group.task.source)]
            for folder in finders.of(export).folders(group):
                used.add(folder, hashes, group.is_video)
    at_hand = context.media is not None  # then pictures are looked for by other names too
    note_unread_files(context.log, source, used, lambda name: "" if at_hand and is_media(name) else why_unread(name))


def _kinds_on_video(groups: Sequence[Group]) -> dict[str, Kind]:
    """Rasters need the size of the frames; without it the outlines become boxes."""
    if all(g.task.width and g.task.height for g in groups):
        return _VIDEO_KINDS
    return {name: Kind.BOX if kind is Kind.MASK and name != "mask" else kind for name, kind in _VIDEO_KINDS.items()}


def _remark(exports: Sequence[AnyExport], log: Log) -> None:
    for export in exports:
        if not export.meta.found:
            log.note(
                Code.DECISION,
                "there is no <meta>: labels and attributes are taken from the annotations",
                file=export.name,
            )
        if isinstance(export, XmlExport) and export.version and not export.version.startswith("1."):
            log.note(Code.DECISION, f"says version {export.version!r}; it is read as version 1.1", file=export.name)
        if not export.groups:
            log.note(Code.FILE_IGNORED, "the export holds no image and no track", file=export.name)


def _parts(groups: Sequence[Group], setting: Setting, finders: MediaFinders, options: Options, log: Log) -> list[Part]:
    """One part a group of pictures, one a video, in the order of the source."""
    as_video = options.video != Video.FRAMES
    assume_videos(groups, options.video is not Video.AUTO, log)
    videos = [g for g in groups if as_video and g.is_video]
    pictures: list[Group] = []
    frames: list[Group] = []
    for group in groups:
        if group.tracks or group.is_video:
            if group.images and not group.only_frames:
                pictures.append(group.without_tracks())
                group.images, group.hashes = array("Q"), array("q")
            if not as_video:
                frames.append(group)
        else:
            pictures.append(group)
    name_folders([*pictures, *frames], log)
    first: dict[int, list[Part]] = {}
    order = {id(g): i for i, g in enumerate([*groups, *pictures])}
    for picture in pictures:
        first.setdefault(order[id(picture)], []).append(ImagePart(picture, setting, finders.of(picture.export)))
    if frames:
        from to_labelbox_formats.cvat.units.frames import FramePart
    for frame in frames:
        first.setdefault(order[id(frame)], []).append(FramePart(frame, setting, finders.of(frame.export), log))
    if videos:
        from to_labelbox_formats.cvat.units.video import VideoPart
    if not setting.relative:
        assume_frames(videos, log)
    for path, sharing in video_paths(videos, setting.source, options.same_source, log).items():
        first.setdefault(order[id(sharing[0])], []).append(VideoPart(path, sharing, setting))
    return [part for i in sorted(first) for part in first[i]]


def _iterate(parts: Sequence[Part], bases: Sequence[int], log: Log, start: int, stop: int) -> Iterator[Item]:
    """``bases``: the first unit of each part, and one more than the last of all."""
    for i in range(max(0, bisect_right(bases, start) - 1), len(parts)):
        if bases[i] >= stop:
            return
        low, high = max(start - bases[i], 0), min(stop - bases[i], parts[i].units)
        if low < high:
            yield from parts[i].items(log, low, high)
