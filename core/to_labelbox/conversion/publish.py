"""The report and the finished files of one dataset."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from to_labelbox.conversion.chunks import LineRenderer, index_lines, part_path, pieces
from to_labelbox.conversion.global_keys import MEDIA
from to_labelbox.conversion.located_assets import report_matches
from to_labelbox.conversion.merge_chunks import MergedChunks, give_unique_uuids
from to_labelbox.conversion.naming import Complete
from to_labelbox.conversion.output_folder import LINES, Folder, Sink, shards
from to_labelbox.plugins.writer import Writer
from to_labelbox.report.annotation_index import INDEX
from to_labelbox.report.codes import Code
from to_labelbox.report.log import LISTED, Log, gravest_first, unreachable_ledger
from to_labelbox.report.report import Assets, Lines, Report, SourceInfo, Tool
from to_labelbox.report.suspicious import suspicions
from to_labelbox.rules.existing_data_rows import MATCHED_BY, DataRows
from to_labelbox.rules.settings import Settings


def _matched(rows: DataRows, keys: array[int], log: Log) -> dict[str, Any]:
    """How many of the existing rows are assets of the source, and the names without a counterpart on both sides."""
    used = {key for key in keys if key < len(rows)}
    unused = [name for n, name in enumerate(rows.names()) if n not in used]
    return {
        "given": len(rows),
        "matched": len(used),
        "matched_by": {rule: log.matched_by[rule] for rule in MATCHED_BY if rule in log.matched_by},
        "rows_without_asset": unused[:LISTED],
        "assets_without_row": log.unmatched,
    }


def report_of(writer: Writer, info: SourceInfo, settings: Settings, gathered: MergedChunks) -> Report:
    """The report, as far as it is known before anything is written. Raises when the ledger does not balance."""
    log = gathered.log
    unbalanced = log.ledger.unbalanced()
    if unbalanced:
        unreachable_ledger(unbalanced)
    if settings.rows is not None:
        info.details["data_rows"] = _matched(settings.rows, gathered.keys, log)
    if settings.split_metadata and gathered.assets.written and not gathered.survey.splits:
        log.note(Code.OPTION_UNMATCHED, f"--split-metadata {settings.split_metadata}: of no asset a split is known")
    if log.matches:
        info.details["matched"] = report_matches(log)
    if log.missing_in_ontology:
        info.details["not_in_ontology"] = dict(
            sorted(log.missing_in_ontology.items(), key=lambda found: (-found[1], found[0]))
        )
    by_kind = dict(writer.encoding.line_kinds(gathered.survey))
    suspicious = suspicions(gathered.assets.read, gathered.survey, log)
    report = Report(
        tool=Tool(),
        source=info,
        assets=gathered.assets,
        annotations=log.ledger.total(),
        lines=Lines(sum(by_kind.values()), by_kind),
        # what a reader derives (links of parts, pieces of a skeleton) is no annotation of the source: no row of zeros
        classes={label: tally for label, tally in log.ledger.items() if tally.read},
        diagnostics=gravest_first(log.diagnostics.values()),
        unread=list(log.unread.values()),
        assumptions=list(log.assumptions.values()),
        suspicious=suspicious,
    )
    if report.failed:  # nothing is published then, no data rows either
        report.assets = Assets(report.assets.read, 0, report.assets.read)
    return report


def complete(
    folder: Folder,
    parts: str,
    filled: Iterator[bytes] | Sink,
    filling: LineRenderer,
    report: Report,
    gathered: MergedChunks,
    shard_lines: int,
    index: Sink | None = None,
) -> Complete:
    """Write the lines, ``filled`` in already, and the data rows of the chunks in the folder ``parts``, ontology, index and report.

    ``filled`` may be the finished file. ``index`` is the index of the lines, as far as it has been written along with them.
    """
    finished = [filled] if isinstance(filled, Sink) else _lines(folder, filled, filling.writer, gathered, shard_lines)
    rows = folder.sink("data_rows.ndjson")
    for piece in _rows(parts, gathered.ranges, gathered.repeated):
        rows.write(piece)
        rows.lines += piece.count(b"\n")
    schema = folder.sink("ontology.json")
    schema.write(filling.schema)
    schema.lines = filling.schema.count(b"\n")
    if (left_out := gathered.log.left_out) is not None:
        index = _index(folder, parts, filling.writer, gathered, index)
        later = (part.pieces(parts, section) for section in (1, 2) for part in gathered.indexes)
        for piece in chain(left_out.pieces(), *later):
            index.write(piece)
            index.lines += piece.count(b"\n")
        finished.append(index)
    if os.path.isdir(os.path.join(parts, MEDIA)):
        from to_labelbox.conversion.inline_media import publish_media  # few sources hold their media in themselves

        publish_media(parts, folder.path)
    return folder.complete([*finished, rows, schema], report)


def _lines(
    folder: Folder, filled: Iterator[bytes], writer: Writer, gathered: MergedChunks, shard_lines: int
) -> list[Sink]:
    if gathered.groups or gathered.apart:
        filled = give_unique_uuids(filled, gathered.counts, gathered.groups, writer.encoding.separate, gathered.apart)
    if shard_lines:
        return shards(folder, filled, gathered.counts, shard_lines)
    lines = folder.sink(LINES)
    for piece in filled:
        lines.write(piece)
    lines.lines = sum(gathered.counts)
    return [lines]


def _rows(folder: str, ranges: Sequence[tuple[int, int]], repeated: set[int]) -> Iterator[bytes]:
    """The data rows without those of assets that came before."""
    n = 0
    for start, stop in ranges:
        for piece in pieces(part_path(folder, start, stop, "rows")):
            if repeated:
                lines = piece.splitlines(keepends=True)
                piece = b"".join(line for line in lines if (n := n + 1) - 1 not in repeated)
            yield piece


def _index(folder: Folder, parts: str, writer: Writer, gathered: MergedChunks, written: Sink | None) -> Sink:
    """The index of the payload's lines: what is ``written`` of it already, or that of the chunks."""
    changed = bool(gathered.groups or gathered.apart)
    if written is not None and not changed:
        return written
    lines = index_lines(parts, gathered.indexes)
    if written is not None:
        os.rename(written.path, path := f"{written.path}.before")
        lines = pieces(path)
    if changed:
        lines = give_unique_uuids(lines, gathered.counts, gathered.groups, writer.encoding.separate, gathered.apart)
    sink = folder.sink(INDEX)
    for piece in lines:
        sink.write(piece)
    sink.lines = sum(gathered.counts)
    return sink
