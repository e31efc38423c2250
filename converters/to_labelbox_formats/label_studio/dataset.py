"""Opening a source: its files, its labelling config, and the dataset that they make."""

from __future__ import annotations

import posixpath
import re

from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox.source.option_file import read_bytes
from to_labelbox_formats.label_studio.config import Config, declare, parse_config
from to_labelbox_formats.label_studio.conventions import settle
from to_labelbox_formats.label_studio.detect import FoundFile, candidates, recognise
from to_labelbox_formats.label_studio.items import TaskItems
from to_labelbox_formats.label_studio.options import Options
from to_labelbox_formats.label_studio.task_index import index_tasks
from to_labelbox_formats.label_studio.unread import note_unread

CONFIG_NAMES = ("config.xml", "label_config.xml")
MAX_CONFIG_BYTES = 32 << 20
_ROOT = re.compile(rb"<\s*View\b", re.IGNORECASE)


def open_dataset(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Open an export: find its labelling config and its files, index its tasks, and say what was taken for granted."""
    options.check()
    log = context.log
    config, config_name = _labelling_config(source, options, log)
    declared = declare(config or Config(), log)
    files, others = _files(source, log)
    index = index_tasks(source, files, config, options, log)
    note_unread(source, index, others, config_name, log, options.data_key)
    conventions = settle(index.census.evidence, options, log)
    if config is None:
        log.decide("no labelling config: classes and questions are those that occur; -O config=FILE names one")
    if index.doubtful:
        fields = ", ".join(index.doubtful[:8])
        log.assume(
            "fields of flat records",
            f"data: {fields}",
            unknown=len(index.doubtful),
            why="JSON-MIN and CSV tell single choices and texts in the same way",
            option="-O config=FILE",
        )
        log.note(
            Code.FIELD_IGNORED,
            "JSON-MIN and CSV do not tell single choices and texts from data, so these fields were taken for data: "
            f"{fields}; if any of them is an answer, give the labelling config with -O config=FILE",
            file=files[0].name,
        )
    items = TaskItems(source, index, declared, conventions, options, context)
    return Dataset(
        source.name,
        declared.schema,
        index.units,
        items,
        {"files": len(files), "tasks": index.units, "config": config is not None, "bytes": index.bytes},
        unit_name=items.name,
        unit_items=items.unlabelled,
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


def _labelling_config(source: Source, options: Options, log: Log) -> tuple[Config | None, str]:
    """The labelling config that the user names, else the likeliest one beside the export, with its name in the source."""
    if options.config is not None:
        said = f"label-studio option config: {options.config}"
        try:
            return parse_config(read_bytes(options.config, said, MAX_CONFIG_BYTES)), ""
        except FileError as error:
            raise UsageError(f"{said}: {error}") from None
    names = _config_names(source)
    for name in names:
        try:
            data = source.read(name, MAX_CONFIG_BYTES)
            config = parse_config(data)
        except FileError as error:
            log.note(Code.FILE_IGNORED, f"no usable labelling config: {error}", file=name)
            continue
        if len(names) > 1:
            log.decide(f"of several labelling configs {name} is used; -O config=FILE names another")
            log.assume(
                "labelling config", name, unknown=1, why=f"{len(names)} files could be it", option="-O config=FILE"
            )
        return config, name
    return None, ""


def _config_names(source: Source) -> list[str]:
    """Possible configs, the likeliest first."""
    if source.is_file:
        name = source.names[0]
        stem = name.removesuffix(".gz").rpartition(".")[0] or name
        near = (f"{name}.config.xml", f"{stem}.config.xml", f"{stem}.xml", *CONFIG_NAMES)
        return [n for n in dict.fromkeys(near) if source.exists(n) and _ROOT.search(source.head(n))]
    found = [n for n in source.names if n.lower().endswith(".xml") and _ROOT.search(source.head(n, 4096))]
    return sorted(found, key=lambda n: (posixpath.basename(n) not in CONFIG_NAMES, n.count("/"), n))
