"""The fast way through pictures of upright boxes and polygons: one regular expression reads a whole picture.

CVAT writes the fields of every box in one order, and of every polygon in another. The first of each in a file teaches the
expression; from then on a picture is rows of their values, and those of many pictures are one table. A picture in which
anything else stands, or anything that would need a word in the report, is left to the careful way of :mod:`images`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from to_labelbox.model.items import Attribute, Box, Object
from to_labelbox.model.tables import Rows, ShapeTable
from to_labelbox.model.text import flag
from to_labelbox_formats.cvat.shapes import Vocabulary, difference, is_on, points_of
from to_labelbox_formats.cvat.xml.forms import answers_in, form_of, is_plain

_FIELDS = {"box": ("label", "occluded", "xtl", "ytl", "xbr", "ybr"), "polygon": ("label", "occluded", "points")}
"""What is taken of a start tag, in the order of CVAT's own writer."""
_ELSEWHERE = frozenset({"rotation", "group_id", "outside"})
"""Fields that the careful way has to look at."""
_NEVER = {tag: "(?!)" + "()" * (len(fields) + 1) for tag, fields in _FIELDS.items()}
"""In the place of a form that is not known yet, with as many groups."""
_FAR = 1e15
_FLAT = 1e-6
"""Twice the area of a triangle that is none."""
_MAX_KNOWN = 4096
_MANY = 512
_PLACES = {tag: [f"{tag}[{n}]" for n in range(_MANY)] for tag in _FIELDS}
"""The names of the first shapes of a picture, which would otherwise be made for each picture anew."""


class _Odd(Exception):
    """A shape that the careful way has to look at."""


class _Known(dict[tuple[str, str, str], tuple[str, tuple[Attribute, ...]]]):
    """The class and the answers of a shape by its label, its ``occluded``, and the text of its children.

    Raises :class:`_Odd` or ValueError where there is more to say.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def __missing__(self, key: tuple[str, str, str]) -> tuple[str, tuple[Attribute, ...]]:
        label, occluded, answers = key
        name = label.strip()
        found = self._vocabulary.resolve(name, answers_in(answers))
        if found.problems or not name or flag(occluded) is None or not is_plain(label):
            raise _Odd
        if len(self) >= _MAX_KNOWN:
            self.clear()
        told = self[key] = name, found.occluded if is_on(occluded) else found.all
        return told


class QuickReader:
    """Reads the pictures of one file."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._known = _Known(vocabulary)
        self._forms = dict(_NEVER)
        self._pattern = _pattern(self._forms)

    def read(self, pictures: Iterable[tuple[str, int]]) -> list[Sequence[Object] | None]:
        """All shapes of each picture whose text goes on at a place, after its start tag.

        None for a picture that needs the careful way.
        """
        table = ShapeTable(
            ids=[], labels=[], attributes=[], locations=[], right=[], bottom=[], sound=b"", unread=(), shapes=[]
        )
        sound: list[bool] = []
        columns = table.ids, table.labels, table.attributes, table.locations, table.right, table.bottom, table.shapes
        found: list[Sequence[Object] | None] = []
        for text, start in pictures:
            begin = len(sound)
            try:
                self._add(table, sound, self._rows(text, start))
            except (_Odd, ValueError):
                for column in (*columns, sound):
                    del column[begin:]
                found.append(None)
            else:
                found.append(Rows(table, begin, len(sound)) if len(sound) > begin else ())
        table.sound, table.unread = bytes(sound), [False] * len(sound)
        return found

    def _add(self, table: ShapeTable, sound: list[bool], rows: Sequence[tuple[str, ...]]) -> None:
        """Append the shapes of a picture. Raises :class:`_Odd` or ValueError, and some are appended."""
        known, shapes, labels, attributes = self._known, table.shapes, table.labels, table.attributes
        places, rights, bottoms = table.locations, table.right, table.bottom
        boxes, polygons = _PLACES["box"], _PLACES["polygon"]
        if len(rows) > _MANY:
            boxes, polygons = ([form % n for n in range(len(rows))] for form in ("box[%d]", "polygon[%d]"))
        table.ids += range(len(rows))
        for number, row in enumerate(rows):
            label, occluded, xtl, ytl, xbr, ybr, answers, label_2, occluded_2, points, answers_2, _ = row
            if points:
                label, own = known[label_2, occluded_2, answers_2]
                ring = points_of(points)
                if len(ring) < 6:
                    raise _Odd
                x, y, x1, y1, x2, y2 = ring[:6]
                turns = not -_FLAT < (x1 - x) * (y2 - y) - (x2 - x) * (y1 - y) < _FLAT
                if not turns and len(set(zip(ring[::2], ring[1::2]))) < 3:
                    raise _Odd
                rights.append(max(ring[::2]))
                bottoms.append(max(ring[1::2]))
                sound.append(turns and "-" not in points and (x != ring[-2] or y != ring[-1]))
                shapes.append(ring)
                places.append(polygons[number])
            else:
                label, own = known[label, occluded, answers]
                left, top, right, bottom = float(xtl), float(ytl), float(xbr), float(ybr)
                # Comparisons with NaN are false, and infinity fails one of them.
                if not (-_FAR < left < right < _FAR and -_FAR < top < bottom < _FAR):
                    raise _Odd
                width, height = difference(right, left), difference(bottom, top)
                rights.append(left + width)
                bottoms.append(top + height)
                sound.append(left >= 0 <= top and width > 0 < height)
                shapes.append(Box(left, top, width, height))
                places.append(boxes[number])
            labels.append(label)
            attributes.append(own)

    def _rows(self, text: str, start: int) -> list[tuple[str, ...]]:
        """The values of boxes and polygons, empty where it is the other. Raises :class:`_Odd` when there is anything else."""
        while True:
            rows: list[tuple[str, ...]] = self._pattern.findall(text, start)
            if rows and rows.pop()[-1] == "/image>":
                return rows
            if not self._learn(text, start):
                raise _Odd

    def _learn(self, text: str, start: int) -> bool:
        """Take the forms that are still missing from this picture; whether there was one."""
        learned = False
        for tag, fields in _FIELDS.items():
            form = form_of(tag, fields, text, start) if self._forms[tag] is _NEVER[tag] else None
            if form is not None and form.fields == fields and not _ELSEWHERE.intersection(form.names):
                self._forms[tag] = form.expression
                learned = True
        if learned:
            self._pattern = _pattern(self._forms)
        return learned


def _pattern(forms: Mapping[str, str]) -> re.Pattern[str]:
    """Each match is one shape; the last group swallows what is left from the first element on that is none."""
    return re.compile(rf"<(?:{'|'.join(forms.values())}|(.*))", re.DOTALL)
