"""Tracks: rows over time become visible segments of keyframes, or a shape on each frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from to_labelbox.model.items import Attribute, Track
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.log import UNNAMED
from to_labelbox_formats.cvat.nodes import Answer, Node, Record, make_node, node_of
from to_labelbox_formats.cvat.shapes import GROUP, INSTANCE, ShapeLog, Vocabulary, group_of, node_of_figure
from to_labelbox_formats.cvat.tracks.fast_tracks import FastTracks
from to_labelbox_formats.cvat.tracks.keyframes import KeyframeWriter
from to_labelbox_formats.cvat.tracks.rows import Row, RowReader, Rules

SKELETON_TRACK = "a skeleton on a video is written as point tracks, one an element"
_NOWHERE = "the track is visible on no frame"


class TrackReader:
    """Tracks of one task, one after another. ``groups``: group ids are kept. ``unlabelled``: label of those without."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        log: ShapeLog,
        rules: Rules,
        size: tuple[int | None, int | None] = (None, None),
        groups: bool = False,
        boxes_only: bool = False,
        unlabelled: str = "",
    ) -> None:
        self._unlabelled = unlabelled.strip()
        self._log = log
        self._groups = groups
        self._rows = RowReader(vocabulary, log, rules)
        self._keyframes = KeyframeWriter(self._rows, log, size, boxes_only)
        self._fast = (
            FastTracks(vocabulary, log, rules) if rules.dense and not (rules.restated or rules.ends_at_gaps) else None
        )

    def read(self, record: Record, id: str) -> Iterator[Track]:
        """The tracks that one source track becomes; the first stands for it. Raises :class:`FileError`."""
        fast = self._fast.read(record, id) if self._fast is not None and isinstance(record, bytes) else None
        if fast is not None:
            yield fast
            return
        node = node_of(record)
        label, where = node.get("label").strip() or self._unlabelled, f"track[{node.get('id') or id}]"
        self._log.at(where, id)
        if not label:
            self._log.read(UNNAMED)
            code, message = sentences.WITHOUT_LABEL(what="track")
            self._log.skip(code, UNNAMED, message)
            return
        self._log.read(label)
        common = self._group(node)
        first, skeleton = True, False
        for part in self._rows.parts(node, label):
            name = part.element
            skeleton |= bool(name)
            held = (*common, Attribute(INSTANCE, id)) if name else common
            for track in self._keyframes.tracks(part, f"{id}/{name}" if name else id, where, held):
                lost = track.loss or (bool(name) and first)
                yield replace(track, source_count=int(first), ledger_label=label if name else "", loss=lost)
                first = False
        self._log.at(where, id)
        if first:
            self._log.skip(Code.TRACK_EMPTY, label, _NOWHERE)
        elif skeleton:
            self._log.note(Code.TRACK_CONVERTED, SKELETON_TRACK)

    def _group(self, node: Node) -> tuple[Attribute, ...]:
        group = group_of(node.get("group_id"))
        if group and not self._groups:
            self._log.dropped_group()
        return (Attribute(GROUP, group),) if group and self._groups else ()

    def by_frame(self, node: Node, id: str) -> Iterator[tuple[int, Node]]:
        """The shape on every frame on which the track is visible, as a node of a picture.

        The shapes are counted where they are read; a track that shows none is counted, and skipped, here.
        """
        label = node.get("label").strip() or self._unlabelled
        self._log.at(f"track[{node.get('id') or id}]", id)
        shown = False
        for frame, shape in self._shapes(node, label):
            shown = True
            yield frame, shape
        if not shown:
            self._log.read(label or UNNAMED)
            self._log.skip(Code.TRACK_EMPTY, label or UNNAMED, _NOWHERE)

    def _shapes(self, node: Node, label: str) -> Iterator[tuple[int, Node]]:
        group = {"group_id": node.get("group_id")} if node.get("group_id") else {}
        skeletons: dict[int, tuple[Sequence[Answer], list[Node]]] = {}
        for part in self._rows.parts(node, label):
            for row in (row for stretch in part.stretches for row in self._rows.filled(stretch)):
                if part.element:
                    skeletons.setdefault(row.frame, (row.known.held, []))[1].append(_node_of(row, part.element, {}))
                else:
                    yield row.frame, _node_of(row, label, group)
        for frame, (answers, elements) in sorted(skeletons.items(), key=lambda pair: pair[0]):
            yield frame, make_node("skeleton", {"label": label, **group}, list(answers), elements)


def _node_of(row: Row, label: str, more: dict[str, str]) -> Node:
    """A row as a shape of a picture."""
    fields = {"label": label, "occluded": "1" if row.occluded else "0", **more}
    return node_of_figure(row.figure, fields, list(row.known.answers))
