"""Opening a source: its exports, their tasks, and the units that a dataset is read in.

What reads JSON and videos is imported where there is any: numpy takes as long to start as a megabyte of pictures to read.
"""

from __future__ import annotations

from collections.abc import Sequence

from to_labelbox.model.schema import Input, Kind, Question
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, SourceError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import is_media
from to_labelbox.source.unread_files import note_unread_files
from to_labelbox_formats.cvat.assets import MediaFinders
from to_labelbox_formats.cvat.assumptions import ask_coordinates, open_end_of
from to_labelbox_formats.cvat.detect import Files, find_files
from to_labelbox_formats.cvat.exports import Export, Group
from to_labelbox_formats.cvat.meta import KINDS, declared_apart, schema_of
from to_labelbox_formats.cvat.options import Coordinates, Jobs, Numbering, Options
from to_labelbox_formats.cvat.shapes import GROUP, Vocabulary
from to_labelbox_formats.cvat.units.arrange import units_of
from to_labelbox_formats.cvat.units.copies import without_copies
from to_labelbox_formats.cvat.units.setting import Setting
from to_labelbox_formats.cvat.unread import UsedFiles, why_unread
from to_labelbox_formats.cvat.xml.export import open_xml

_VIDEO_KINDS = {**KINDS, "polygon": Kind.MASK, "ellipse": Kind.MASK, "cuboid": Kind.MASK}
"""A video line holds no polygon: such labels are declared as what their tracks become."""


def open_dataset(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Opens every export of the source. Raises :class:`SourceError` when there is nothing to read."""
    log = context.log
    files = find_files(source)
    for name, why in source.unreadable.items():
        if name.lower().endswith((".xml", ".json", ".xml.gz", ".json.gz")):
            log.file_unreadable(name, f"cannot be read: {why}")
    exports = _open_exports(source, files, options, log)
    if not exports and not files.xml and not log.unreadable:
        raise SourceError(f"{source.path}: no CVAT export is in it")
    _refuse_unheard(exports, options)
    _remark(exports, log)
    labels = [label for e in exports for label in e.meta.labels]
    for name, what in declared_apart(labels):
        log.decide(
            f"label {name!r} is declared several times, and they differ in {what}: it is one, with what all of them say"
        )
    labels_leave = [ask_coordinates(export) for export in exports if options.coordinates is Coordinates.AUTO]
    groups = without_copies([g for e in exports for g in e.groups.values()], options, log)
    ends = {e.name: open_end_of(e, options.open_tracks, log) for e in exports}
    setting = Setting(context, Vocabulary(labels), options, ends)
    finders = MediaFinders(source, context)
    units = units_of(groups, setting, finders, options, log)
    _note_unread_files(exports, files.xml, finders)
    asked = (Question(GROUP, Input.TEXT),) if options.groups else ()
    tagged = dict.fromkeys(label for e in exports for label in e.tagged)
    tasks = {(id(g.export), g.task.id or g.task_id) for g in groups}
    return Dataset(
        name=source.name,
        schema=schema_of(labels, tagged, _kinds_on_video(groups) if units.only_video else KINDS, asked),
        unit_count=units.units,
        iterate=units.items,
        details={"files": len(exports), "tasks": len(tasks)},
        unit_name=units.name,
        unit_items=units.unlabelled,
        sizes_stated=True,
        labels_leave=any(labels_leave),
    )


def _open_exports(source: Source, files: Files, options: Options, log: Log) -> list[Export]:
    """Each file as an index of what is in it."""
    exports: list[Export] = []
    kinds = [(kind, name) for kind, names in zip(files._fields, files) for name in names]
    for kind, name in kinds:
        try:
            if kind == "xml":
                exports.append(open_xml(source, name, log))
            elif kind == "json":
                from to_labelbox_formats.cvat.json.backup import open_json

                exports += open_json(source, name, options, log)
            else:
                from to_labelbox_formats.cvat.json.datumaro import open_datumaro

                exports.append(open_datumaro(source, name, log))
        except FileError as error:
            log.file_unreadable(name, str(error))
    return exports


def _note_unread_files(exports: Sequence[Export], names: Sequence[str], finders: MediaFinders) -> None:
    source, context = finders.source, finders.context
    if source.is_file:
        return
    used = UsedFiles([*names, *source.unreadable, *(file for export in exports for file in export.files)])
    for export in exports:
        for group in export.groups.values():
            hashes = [*group.hashes, *group.spelled, hash(group.task.source)]
            for folder in finders.of(export).folders(group):
                used.add(folder, hashes, group.is_video)
    at_hand = context.media is not None  # then pictures are looked for by other names too
    note_unread_files(context.log, source, used, lambda name: "" if at_hand and is_media(name) else why_unread(name))


def _kinds_on_video(groups: Sequence[Group]) -> dict[str, Kind]:
    """Rasters need the size of the frames; without it the outlines become boxes."""
    if all(g.task.width and g.task.height for g in groups):
        return _VIDEO_KINDS
    return {name: Kind.BOX if kind is Kind.MASK and name != "mask" else kind for name, kind in _VIDEO_KINDS.items()}


def _refuse_unheard(exports: Sequence[Export], options: Options) -> None:
    """An option that one of the files cannot obey is no option for the set."""
    for export in exports:
        of_server = export.meta.written and not export.is_xml
        if options.coordinates in (Coordinates.FRACTIONS, Coordinates.SIZES) and not export.is_xml:
            option, reason = f"coordinates={options.coordinates}", "is JSON, whose numbers are pixels and corners"
        elif options.numbering == Numbering.SOURCE and of_server:
            option, reason = (
                f"numbering={options.numbering}",
                "is JSON of CVAT's, which counts the sampled frames from 0",
            )
        elif options.jobs == Jobs.GROUND_TRUTH and not of_server:
            option, reason = f"jobs={options.jobs}", "does not say what its jobs are for: give a backup of the task"
        else:
            continue
        raise UsageError(f"-O {option}: {export.name} {reason}. Leave the option out, or convert the file by itself")


def _remark(exports: Sequence[Export], log: Log) -> None:
    for export in exports:
        if not export.meta.found:
            log.note(
                Code.DECISION,
                "there is no <meta>: labels and attributes are taken from the annotations",
                file=export.name,
            )
        if export.version and not export.version.startswith("1."):
            log.note(Code.DECISION, f"says version {export.version!r}; it is read as version 1.1", file=export.name)
        if not export.groups:
            log.note(Code.FILE_IGNORED, "the export holds no image and no track", file=export.name)
