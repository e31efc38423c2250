"""The boxes of many plain annotation files as one table, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain, compress, pairwise
from operator import add, le, sub

from to_labelbox.model.items import Attribute
from to_labelbox.model.tables import BoxTable, Rows
from to_labelbox.source.record_ids import Places
from to_labelbox_formats.voc.document import Document, Row
from to_labelbox_formats.voc.evidence import is_genuine
from to_labelbox_formats.voc.objects import plain_attributes
from to_labelbox_formats.voc.shapes import Rules

_MAX_REMEMBERED = 10_000
_places = Places("object[{}]")


class _Attributes(dict[Row, tuple[Attribute, ...] | None]):
    """What pose and flags mean, by their texts."""

    def __missing__(self, said: Row) -> tuple[Attribute, ...] | None:
        if len(self) >= _MAX_REMEMBERED:
            self.clear()
        found = self[said] = plain_attributes(said)
        return found


class BoxTables:
    """Reads plain files by the rules of the set. All that it remembers is what equal texts mean."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._takes = not (rules.relative or rules.sizes or rules.skip_difficult or rules.transposed or rules.centres)
        self._attributes = _Attributes().__getitem__

    def read(self, documents: Sequence[Document | None]) -> list[Rows | None]:
        """The objects of each file; None for one without any, and for one that is not plain or has something to report."""
        found: list[Rows | None] = [None] * len(documents)
        groups: dict[tuple[float, float], dict[int, Sequence[Row]]] = {}
        for n, document in enumerate(documents):
            if document is not None and document.rows and not document.elements and self._takes:
                groups.setdefault(counting_of(self._rules, document), {})[n] = document.rows
        for counting, files in groups.items():
            table = self._table(list(files.values()), *counting)
            if isinstance(table, list):
                files = dict(compress(files.items(), table))
                table = self._table(list(files.values()), *counting) if files else []
            if isinstance(table, BoxTable):
                for n, (begin, end) in zip(files, pairwise(accumulate(map(len, files.values()), initial=0))):
                    found[n] = Rows(table, begin, end)
        return found

    def _table(self, files: Sequence[Sequence[Row]], shift: float, last: float) -> BoxTable | list[bool]:
        """The objects of plain files, which have a name and four numbers each; which of them are plain, where any is worth a message."""
        names, poses, truncated, difficult, occluded, *corners = zip(*chain.from_iterable(files))
        left, top, right, bottom = [list(map(float, column)) for column in corners]
        labels = list(map(str.strip, names))
        attributes = list(map(self._attributes, zip(poses, truncated, difficult, occluded)))
        boxes = list(zip(left, top, right, bottom))
        counts = list(map(len, files))
        spans = list(pairwise(accumulate(counts, initial=0)))
        if (
            None in attributes
            or not all(labels)
            or min(left) < shift
            or min(top) < shift
            or not (all(map(le, left, right)) and all(map(le, top, bottom)))
            or (len(set(boxes)) < len(boxes) and any(len(set(boxes[begin:end])) < end - begin for begin, end in spans))
        ):  # equal boxes may be equal objects
            sound = [
                said is not None and label != "" and shift <= x <= right and shift <= y <= bottom
                for said, label, (x, y, right, bottom) in zip(attributes, labels, boxes)
            ]
            return [all(sound[begin:end]) and len(set(boxes[begin:end])) == end - begin for begin, end in spans]
        if shift:
            left, top = [x - shift for x in left], [y - shift for y in top]
        if more := last - shift:
            right, bottom = [x + more for x in right], [y + more for y in bottom]
        width, height = list(map(sub, right, left)), list(map(sub, bottom, top))
        places = _places(max(counts))
        return BoxTable(
            ids=[id for count in counts for id in range(1, count + 1)],
            labels=labels,
            attributes=attributes,  # type: ignore[arg-type]  # none of them is None
            locations=[where for count in counts for _, where in places[:count]],
            right=list(map(add, left, width)),
            bottom=list(map(add, top, height)),
            sound=bytes([w > 0 < h for w, h in zip(width, height)]),
            unread=[False] * len(labels),
            left=left,
            top=top,
            width=width,
            height=height,
        )


def counting_of(rules: Rules, document: Document) -> tuple[float, float]:
    """What the numbers of a file count from, and what is added to include the last pixel."""
    return (0.0, 0.0) if rules.by_file and not is_genuine(document) else (rules.shift, rules.last)
