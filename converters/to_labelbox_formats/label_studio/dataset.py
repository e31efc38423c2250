"""Opening a source: its files, its labelling config, and the dataset that they make."""

from __future__ import annotations

import msgspec

from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox.source.unread_files import note_unread_files
from to_labelbox_formats.label_studio.choose_config import labelling_config
from to_labelbox_formats.label_studio.config import Config, declare
from to_labelbox_formats.label_studio.conventions import settle
from to_labelbox_formats.label_studio.detect import FoundFile, candidates, recognise
from to_labelbox_formats.label_studio.items import TaskItems
from to_labelbox_formats.label_studio.options import Options
from to_labelbox_formats.label_studio.task_index import index_tasks
from to_labelbox_formats.label_studio.video_or_sound import with_media


def open_dataset(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Open an export: find its labelling config and its files, index its tasks, and say what was taken for granted."""
    options.check()
    log = context.log
    files, others = _files(source, log)
    config, config_name = labelling_config(source, files, options, log)
    if source.is_file and config_name not in ("", *source.names):
        log.decide(f"{config_name} beside it is taken for its labelling config; -O config=FILE names another")
    index = index_tasks(source, files, config, options, log)
    declared = declare(index.config if config is not None else Config(), log)
    conventions = settle(index.census.evidence, options, log)
    index = msgspec.structs.replace(index, config=with_media(index.config, index.census, options, context))
    if config is None:
        log.decide("no labelling config: classes and questions are those that occur; -O config=FILE names one")
        index.census.flat.tell(log, options.data_key, files[0].name if files else "")
    index.census.tell(log, index.given, index.config, options.data_key)
    if not source.is_file:
        shown = {name for name in source.names if index.assets.has(name)}
        used = {config_name, *(f.name for f in files)} | shown
        note_unread_files(log, source, used, lambda name: others.get(name, "no task shows or names it"))
    items = TaskItems(source, index, declared, conventions, options, context)
    return Dataset(
        source.name,
        declared.schema,
        index.units,
        items,
        {
            "files": len(files),
            "tasks": index.units,
            "config": config_name or options.config or False,
            "bytes": index.bytes,
        },
        unit_name=items.name,
        unit_items=items.unlabelled,
        asset_names=items.asset_names,
        sizes_settled=True,
    )


def _files(source: Source, log: Log) -> tuple[list[FoundFile], dict[str, str]]:
    """The files of the export, and why each of the others is none."""
    found: list[FoundFile] = []
    others: dict[str, str] = {}
    for name in candidates(source):
        file = recognise(source, name)
        if isinstance(file, FoundFile):
            found.append(file)
        elif source.is_file or file.broken:
            log.file_unreadable(name, file.reason)
        else:
            others[name] = file.reason
            log.note(Code.FILE_IGNORED, file.reason, file=name)
    return found, others
