"""What of an export no rule reads, named with counts: fields, tags of the labelling config, and files."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from to_labelbox.report.log import Log
from to_labelbox.report.observations import NO_RULE
from to_labelbox.source.files import Source
from to_labelbox.source.unread_files import note_unread_files
from to_labelbox_formats.label_studio.asset_index import AssetIndex
from to_labelbox_formats.label_studio.config import ANSWER_TAGS, OBJECT_TAGS, TOOL_KINDS
from to_labelbox_formats.label_studio.task_index import TaskIndex

_TAGS = (
    OBJECT_TAGS
    | ANSWER_TAGS
    | frozenset(TOOL_KINDS)
    | {f"{tool}labels" for tool in TOOL_KINDS}
    | frozenset(
        "view labels label choice timelinelabels timeserieslabels relations relation filter shortcut style header collapse "
        "panel repeater channel bucket hypertextlabels paragraphlabels br p b i strong em h1 h2 h3 h4 div span ul ol li a "
        "table tr td".split()
    )
)
"""Tags of a labelling config that some rule reads, or that only lay out the page."""


class _Used:
    """Files of a source that are read, or that are the media of a task."""

    def __init__(self, read: Collection[str], assets: AssetIndex) -> None:
        self._read = frozenset(read)
        self._assets = assets

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._read or self._assets.has(name))


def note_unread(
    source: Source, index: TaskIndex, others: Mapping[str, str], config_name: str, log: Log, data_key: str | None
) -> None:
    """Name what of an export no rule reads: fields, tags of the labelling config, files that no task shows.

    ``others`` are files beside the export, each with what it is.
    """
    used = _Used([config_name, *(f.name for f in index.files)], index.assets)
    index.census.tell(log, index.config, data_key)
    for tag, count in index.given.tags.items():
        if tag not in _TAGS:
            log.note_unread("tag", tag, where="labelling config", count=count, why=NO_RULE)
    if not source.is_file:
        note_unread_files(log, source, used, lambda name: others.get(name, "no task shows or names it"))
