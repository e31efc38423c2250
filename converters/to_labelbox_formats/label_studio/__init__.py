"""Label Studio: exports (JSON, JSON-MIN, CSV, TSV, JSON lines), storage folders, and the labelling config.

Format facts [label-studio-sdk ``converter``, the editor's ``serialize`` functions, labelstud.io/guide/export]:

- A task holds ``data`` (references to assets, texts) and ``annotations`` of several annotators, each with a ``result``.
- Entries of a result with one ``id`` are one region: its shape, its labels, answers about it. An entry whose ``value``
  has no shape answers a question about the asset. The keys of ``value`` tell what it is; ``type`` is unreliable.
- Image coordinates are per cent of the picture as displayed. A rectangle turns about its top-left corner.
- Text offsets are half-open, in code points (in UTF-16 units in old exports); frames of videos count from 1.
- The export holds no labelling config. Without one the classes are those that occur.

| module | holds |
|---|---|
| ``options`` | what the user decides |
| ``detect``, ``containers`` | which files are Label Studio's; pieces of whole tasks |
| ``records`` | typed structs of tasks, annotations, regions, values |
| ``config`` | the labelling config and its schema |
| ``assets`` | references to names, addresses and sizes |
| ``select`` | which annotation of a task counts |
| ``shapes``, ``brush``, ``text``, ``answers`` | values to geometries, masks, spans and answers |
| ``canvas``, ``region``, ``items`` | an asset, a region of it, a task |
| ``export`` | index and iteration |
"""

from __future__ import annotations

import posixpath
import re

from to_labelbox.diagnostics import Code, FileError, Log, UsageError
from to_labelbox.formats import Dataset, ReadContext, Reader
from to_labelbox.model import (
    Box,
    Classification,
    Ellipse,
    Mask,
    Media,
    Object,
    PageBox,
    Point,
    Polygon,
    Polyline,
    Relationship,
    RotatedBox,
    TextSpan,
    Track,
)
from to_labelbox.source import Source
from to_labelbox_formats.label_studio.config import Config, declare, parse_config
from to_labelbox_formats.label_studio.detect import FoundFile, candidates, recognise, sniff
from to_labelbox_formats.label_studio.export import Export, require_tasks
from to_labelbox_formats.label_studio.options import Options

CONFIG_NAMES = ("config.xml", "label_config.xml")
MAX_CONFIG_BYTES = 32 << 20
_ROOT = re.compile(rb"<\s*View\b", re.IGNORECASE)


def read(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Open an export: find its files and its labelling config, and index its tasks."""
    options.check()
    log = context.log
    config = _config(source, options, log)
    export = Export(source, _files(source, log), config, options, log)
    require_tasks(export, log)
    declared = declare(export.config, log) if config is not None else declare(Config(), log)
    if config is None:
        log.decide("no labelling config: classes and questions are those that occur; -O config=FILE names one")

    return Dataset(
        source.name,
        declared.schema,
        export.units,
        lambda log, start, stop: export.iterate(declared, context, log, start, stop),
        {"files": len(export.files), "tasks": export.units, "config": config is not None, "bytes": export.bytes_total},
    )


def _files(source: Source, log: Log) -> list[FoundFile]:
    found: list[FoundFile] = []
    for name in candidates(source):
        file = recognise(source, name)
        if isinstance(file, FoundFile):
            found.append(file)
        elif source.is_file:
            log.file_unreadable(name, f"not a Label Studio export: {file}")
        else:
            log.note(Code.FILE_IGNORED, f"not a Label Studio export: {file}", file=name)
    return found


def _config(source: Source, options: Options, log: Log) -> Config | None:
    """The labelling config that the user names, else one beside the export."""
    if options.config is not None:
        try:
            with open(options.config, "rb") as file:
                return parse_config(file.read(MAX_CONFIG_BYTES))
        except OSError as error:
            raise UsageError(f"label-studio option config: {options.config}: {error.strerror}") from None
        except FileError as error:
            raise UsageError(f"label-studio option config: {options.config}: {error}") from None
    names = _config_names(source)
    for name in names:
        try:
            config = parse_config(source.read(name, MAX_CONFIG_BYTES))
        except FileError as error:
            log.note(Code.FILE_IGNORED, f"no usable labelling config: {error}", file=name)
            continue
        if len(names) > 1:
            log.decide(f"of several labelling configs {name} is used; -O config=FILE names another")
        return config
    return None


def _config_names(source: Source) -> list[str]:
    """Possible configs, the likeliest first."""
    if source.is_file:
        name = source.names[0]
        stem = name.removesuffix(".gz").rpartition(".")[0] or name
        near = (f"{name}.config.xml", f"{stem}.config.xml", f"{stem}.xml", *CONFIG_NAMES)
        return [n for n in dict.fromkeys(near) if source.exists(n) and _ROOT.search(source.head(n))]
    found = [n for n in source.names if n.lower().endswith(".xml") and _ROOT.search(source.head(n, 4096))]
    return sorted(found, key=lambda n: (posixpath.basename(n) not in CONFIG_NAMES, n.count("/"), n))


FORMAT = Reader(
    name="label-studio",
    title="Label Studio",
    docs="docs/formats/label-studio.md",
    media=frozenset(
        (Media.IMAGE, Media.VIDEO, Media.TEXT, Media.DOCUMENT, Media.CONVERSATION, Media.AUDIO, Media.HTML)
    ),
    produces=frozenset(
        {
            *(Object, Classification, Track, Relationship),
            *(Box, RotatedBox, Ellipse, Polygon, Polyline, Point, Mask, TextSpan, PageBox),
        }
    ),
    options=Options,
    sniff=sniff,
    read=read,
    upright=True,
)
