"""Shapes of an asset to lines: boxes and outlines that are written as they are in few steps, all others with care."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress, groupby, islice, pairwise, repeat
from typing import TypeAlias, TypeVar

from msgspec import Raw

from to_labelbox.geometry.lowering import Lowering, Shape
from to_labelbox.model.items import Annotation, Attribute, Box, Item, Media, Object
from to_labelbox.model.schema import Kind
from to_labelbox.model.survey import INSTANCE, VISIBILITY
from to_labelbox.model.tables import AnyTable, BoxTable, OutlineTable, Rows, ShapeTable
from to_labelbox.report.annotation_index import IndexLine
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import Tally
from to_labelbox.rules.settings import Outside
from to_labelbox_formats.labelbox.encode.asset_bounds import BORDERS, check_degrees, check_map
from to_labelbox_formats.labelbox.encode.line_buffer import BATCH, DataRow, LineBuffer
from to_labelbox_formats.labelbox.encode.line_forms import LINE_FORMS, Form
from to_labelbox_formats.labelbox.encode.line_types import XY, Bbox, BoxLine, PolygonLine
from to_labelbox_formats.labelbox.encode.placeholders import ascii_json, attributes_token, tool_token
from to_labelbox_formats.labelbox.encode.table_texts import TableTexts, whole_told
from to_labelbox_formats.labelbox.encode.uuids import Uuids
from to_labelbox_formats.labelbox.limits import MANY

T = TypeVar("T")
_Named: TypeAlias = tuple[tuple[Attribute, ...], Raw, str]
"""Answers, and a name with them after it, as bytes and as text."""


class _UnnamedError(Exception):
    """A shape of a class without a name, which is none of the plain ones."""


class _Plain:
    """A label's plain shapes: their tool, how many lines of them there are, and the row of the ledger they count in.

    ``before`` are the lines before those on the asset numbered ``row``, the last one that has any.

    ``named`` are the names of lines with the answers after them, by the identity of the tuple of answers, which is kept
    beside them: readers give the same tuple for the same answers, and comparing what is in it would take longer than to
    encode it.
    """

    __slots__ = ("before", "kind", "label", "ledger_label", "lines", "name", "named", "row", "tally", "tool")

    def __init__(self, tool: Raw, label: str, kind: Kind, tally: Tally, ledger_label: Raw) -> None:
        self.tool = tool
        self.ledger_label = ledger_label
        self.label = label
        self.kind = kind
        self.tally = tally
        self.name = bytes(tool).decode()
        self.lines = self.before = self.row = 0
        self.named: dict[int, _Named] = {}


class Shapes:
    """Encodes the shapes of one asset after another; ``ends`` and ``instances`` are the asset's.

    ``ends`` gets the uuid of each object's first line by the object's id, ``instances`` the number of objects with
    keypoints by label.
    """

    def __init__(self, buffer: LineBuffer) -> None:
        self._buffer = buffer
        self._lowering = Lowering(buffer.settings, buffer.log)
        self._tools_of: dict[Media, dict[tuple[str, Kind, type], tuple[Raw, Form]]] = {media: {} for media in Media}
        self._repeating: dict[tuple[str, Kind, tuple[Attribute, ...]], bytes] = {}
        self._plain_boxes: dict[str, _Plain] = {}
        self._plain_rings: dict[str, _Plain] = {}
        self._pieced: set[str] = set()
        self._converted: list[_Plain] = []
        self._approximated: list[_Plain] = []
        self._row = 0

    def start(self, item: Item) -> None:
        """The asset that the next shapes are on."""
        self._row += 1
        asset = item.asset
        self._media = asset.media
        self._tools = self._tools_of[asset.media]
        self._border = BORDERS.get(asset.media)
        self._degrees = asset.tiles is not None and asset.tiles.epsg == "EPSG4326"
        self._map = asset.tiles if self._buffer.settings.outside is not Outside.KEEP else None
        if asset.media is Media.IMAGE:
            self._lowering.start(asset.width, asset.height, item.origin)
        else:
            self._lowering.start(None, None, item.origin)

    def finish(self) -> None:
        """Put into the log and the survey what has only been counted."""
        self._lowering.finish()
        for plain, count in Counter(self._converted).items():
            plain.lines += count
            plain.tally.converted += count
        for plain, count in Counter(self._approximated).items():
            plain.lines += count
            plain.tally.approximated += count
        counts = self._buffer.survey.shapes
        for plain in (*self._plain_boxes.values(), *self._plain_rings.values()):
            counts[plain.label, plain.kind] += plain.lines

    def plain_lines(self) -> Iterator[tuple[str, Kind, int]]:
        """How many lines of which tool the asset's plain shapes are."""
        for plain in (*self._plain_boxes.values(), *self._plain_rings.values()):
            if plain.row == self._row:
                yield plain.label, plain.kind, plain.lines - plain.before

    def plain(self, annotations: Iterator[Annotation], ends: dict[str, str] | None) -> Annotation | None:
        """Boxes and polygons that are written as they are: the same as :meth:`add`, in fewer steps.

        Gives the first annotation that is none of these, or None at the end.
        """
        buffer = self._buffer
        draw, make, data_row = self._lowering.plain, buffer.uuids.make, buffer.data_row
        boxes, rings = self._plain_boxes, self._plain_rings
        lines, index = buffer.waiting, None if buffer.spill_index is None else buffer.index
        place, number, row = buffer.place, buffer.number, self._row
        try:
            for obj in annotations:
                if type(obj) is not Object or (drawn := draw(obj)) is None:
                    return obj
                own, attributes = obj.id, obj.attributes
                uuid = make(own)
                if ends is not None:
                    ends[own] = uuid
                if isinstance(drawn, Box):
                    plain = boxes.get(obj.ledger_label or obj.label) or self._plain_tool(obj, Kind.BOX, Box)
                    name = plain.tool
                    if attributes:
                        name = (plain.named.get(id(attributes)) or self._named(plain, attributes))[1]
                    lines.append(BoxLine(uuid, data_row, name, Bbox(drawn.top, drawn.left, drawn.height, drawn.width)))
                    if index is not None:
                        index.append(IndexLine(number(), uuid, place, obj.location, own, plain.ledger_label))
                    if plain.row != row:
                        plain.row, plain.before = row, plain.lines
                    plain.lines += 1
                else:
                    plain = rings.get(obj.ledger_label or obj.label) or self._plain_tool(obj, Kind.POLYGON, list)
                    name = plain.tool
                    if len(drawn) > 1:
                        name = self._piece_name(plain, own, attributes)
                    elif attributes:
                        name = (plain.named.get(id(attributes)) or self._named(plain, attributes))[1]
                    for n, ring in enumerate(drawn):
                        values = iter(ring)
                        vertices = list(map(XY, values, values))
                        if n:
                            uuid = make(own, str(n))
                        lines.append(PolygonLine(uuid, data_row, name, vertices))
                        if index is not None:
                            index.append(IndexLine(number(), uuid, place, obj.location, own, plain.ledger_label))
                        buffer.vertices += len(vertices)
                        if buffer.is_long:
                            buffer.flush()
                    if plain.row != row:
                        plain.row, plain.before = row, plain.lines
                    plain.lines += len(drawn)
                if obj.outline_unread:
                    self._lowering.note_forced((obj.location, own))
                    plain.tally.approximated += obj.source_count
                    buffer.note_approximated()
                else:
                    plain.tally.converted += obj.source_count
                if len(lines) > BATCH:
                    buffer.flush()
        except _UnnamedError:
            if ends is not None:
                del ends[obj.id]
            return obj
        return None

    def tables(self, rows: Sequence[DataRow]) -> Iterator[tuple[Sequence[DataRow], list[int] | None]]:
        """All data rows in turn: some whose objects, rows of a table, have been written, with the lines of each; others with None."""
        for table, some, bounds in _runs(rows):
            if table is None:
                yield some, None
                continue
            begin = 0
            for plain, group in groupby(self._are_plain(table, some, bounds)):
                end = begin + len(list(group))
                part = some[begin:end]
                yield part, self._write(table, part, bounds[begin : end + 1]) if plain else None
                begin = end

    def _are_plain(self, table: AnyTable, rows: Sequence[DataRow], bounds: Sequence[int]) -> list[bool]:
        """Of which data rows all objects are plain, and no more than an import takes of one name."""
        texts = table.once(TableTexts)
        if not texts.named:
            return [False] * len(rows)
        plain = self._lowering.all_plain(table, bounds, [row.item.asset for row in rows])
        first = texts.first_shape
        if first[bounds[-1]] - first[bounds[0]] <= MANY:
            return plain
        return [one and first[end] - first[begin] <= MANY for one, (begin, end) in zip(plain, pairwise(bounds))]

    def parted(self, row: DataRow, ends: dict[str, str], instances: dict[str, int]) -> bool:
        """All objects of a data row that are a table's but for outlines alone, those that are not plain as single objects; or none, and False."""
        rows = row.item.annotations
        if type(rows) is not Rows or isinstance(rows.table, OutlineTable) or len(rows) > MANY:
            return False
        table, start, stop = rows.table, rows.start, rows.stop
        others = self._lowering.not_plain(table, start, stop)
        if len(others) == len(rows) or not table.once(TableTexts).named:
            return False
        for n in others:
            self._write(table, [row], [start, n])
            self.add(table.object(n), ends, instances)
            start = n + 1
        self._write(table, [row], [start, stop])
        return True

    def _write(self, table: AnyTable, rows: Sequence[DataRow], bounds: Sequence[int]) -> list[int]:
        """Write plain objects of a table: what does not depend on the asset was made for the whole table.

        Gives the lines of each data row; its objects are those from its bound to the next one.
        """
        buffer, texts = self._buffer, table.once(TableTexts)
        start, stop = bounds[0], bounds[-1]
        of_objects = self._tools_of_rows(table, start, stop)
        names = [plain.name for plain in of_objects]
        first, last = texts.first_shape[start], texts.first_shape[stop]
        pieced = last - first > stop - start
        if texts.answered and not pieced:
            pairs = zip(of_objects, table.attributes[start:stop])
            names = [(plain.named.get(id(own)) or self._named(plain, own))[2] for plain, own in pairs]
        objects = counts = [end - begin for begin, end in pairwise(bounds)]
        starts, digits = list(_repeated([row.uuids.start for row in rows], objects)), texts.digits[start:stop]
        indexed = buffer.spill_index is not None
        told = texts.told[start:stop] if indexed else []
        if pieced:
            counts = [texts.first_shape[end] - texts.first_shape[begin] for begin, end in pairwise(bounds)]
            owners = _repeated([row.uuids for row in rows], objects)
            self._take_apart(table, start, owners, of_objects, names, starts, digits, told)
        references = _repeated([f'","dataRow":{row.reference},"name":' for row in rows], counts)
        shapes = texts.shapes[first:last]
        lines = interleaved(last - first, '{"uuid":"', starts, digits, references, names, shapes)
        index = ""
        if indexed:
            numbers = map(str, islice(iter(buffer.number, None), last - first))
            places = _repeated([f'","key":{row.place}' for row in rows], counts)
            index = interleaved(last - first, '{"line":', numbers, ',"uuid":"', starts, digits, places, told)
        if lost := texts.approximated[start:stop]:
            self._note_lost(table, rows, bounds)
            self._approximated += compress(of_objects, lost)
            of_objects = [plain for plain, one in zip(of_objects, lost) if not one]
        self._converted += of_objects
        buffer.add(lines, last - first, index)
        return counts

    def _note_lost(self, table: AnyTable, rows: Sequence[DataRow], bounds: Sequence[int]) -> None:
        """Note the outlines that are boxes now, and the masks that are outlines."""
        texts = table.once(TableTexts)
        for row, (begin, end) in zip(rows, pairwise(bounds)):
            self._lowering.origin = row.item.origin
            lost = texts.approximated[begin:end]
            if isinstance(table, BoxTable):
                self._lowering.note_forced(*compress(zip(table.locations[begin:end], table.ids[begin:end]), lost))
            elif isinstance(table, OutlineTable) and table.masks:
                for n in compress(range(begin, end), lost):
                    self._lowering.note_traced(table.object(n), texts.holes[n])

    def _take_apart(
        self,
        table: AnyTable,
        start: int,
        owners: Iterable[Uuids],
        of_objects: Sequence[_Plain],
        *of_each: list[str],
    ) -> None:
        """Make names, uuids in two parts and what the index tells, which are of objects, those of their shapes.

        Answers and pieces are named in the order of the objects, which is that of questions in the ontology.
        """
        first, (names, starts, digits, told) = table.once(TableTexts).first_shape, of_each
        at = -1
        for n, (plain, own) in enumerate(zip(of_objects, owners), start):
            at += 1
            count = first[n + 1] - first[n]
            if count == 1:
                if own_answers := table.attributes[n]:
                    names[at] = (plain.named.get(id(own_answers)) or self._named(plain, own_answers))[2]
                continue
            source_id = str(table.ids[n])
            names[at : at + 1] = [str(self._piece_name(plain, source_id, table.attributes[n]), "utf-8")] * count
            uuids = [own.make(source_id, str(piece)) for piece in range(1, count)]
            starts[at + 1 : at + 1] = [uuid[:24] for uuid in uuids]
            digits[at + 1 : at + 1] = [uuid[24:] for uuid in uuids]
            if told:  # the last line of an object tells of what it has lost
                told[at : at + 1] = [whole_told(told[at])] * (count - 1) + told[at : at + 1]
            plain.lines += count - 1
            at += count - 1

    def _tools_of_rows(self, table: AnyTable, start: int, stop: int) -> list[_Plain]:
        boxes, rings, labels = self._plain_boxes, self._plain_rings, table.labels[start:stop]
        try:
            if isinstance(table, ShapeTable):
                shapes = table.shapes[start:stop]
                return [(boxes if type(shape) is Box else rings)[label] for shape, label in zip(shapes, labels)]
            return list(map((boxes if isinstance(table, BoxTable) else rings).__getitem__, labels))
        except KeyError:
            self._media, self._tools = Media.IMAGE, self._tools_of[Media.IMAGE]
            for n, label in enumerate(labels, start):
                if label not in (boxes if table.is_box(n) else rings):
                    self._plain_tool(table.object(n), *((Kind.BOX, Box) if table.is_box(n) else (Kind.POLYGON, list)))
            return self._tools_of_rows(table, start, stop)

    def _plain_tool(self, obj: Object, kind: Kind, drawn: type) -> _Plain:
        """The tool of a label's plain shapes in this chunk; noted in the survey where it is first seen.

        Raises :class:`_UnnamedError`.
        """
        label, ledger_label = obj.label, obj.ledger_label or obj.label
        if not label.strip():
            raise _UnnamedError
        tool = self._tools.get((label, kind, drawn)) or self._tool(label, kind, drawn)
        assert tool is not None
        self._buffer.survey.shapes.setdefault((label, kind), 0)
        plain = _Plain(tool[0], label, kind, self._buffer.log.ledger[ledger_label], self._buffer.label_of(obj))
        (self._plain_boxes if kind is Kind.BOX else self._plain_rings)[ledger_label] = plain
        return plain

    def _named(self, plain: _Plain, attributes: tuple[Attribute, ...]) -> _Named:
        """The name of a line with the answers after it, kept for the next shape that has the same tuple."""
        name = plain.tool
        if attributes:
            name = Raw(bytes(name) + self._answers(plain.kind, plain.label, attributes, "", plain.label))
        named = attributes, name, str(name, "utf-8")
        if len(plain.named) < MANY:
            plain.named[id(attributes)] = named
        return named

    def _piece_name(self, plain: _Plain, id: str, attributes: tuple[Attribute, ...]) -> Raw:
        """The name of the pieces of one outline, with what holds them together.

        The question is free text wherever it was observed, so nothing is left open where there is no other answer.
        """
        instance, label = Attribute(INSTANCE, id), plain.label
        if attributes:
            answers = self._answers(Kind.POLYGON, label, (*attributes, instance), "", label)
            return Raw(bytes(plain.tool) + answers)
        if label not in self._pieced:
            self._pieced.add(label)
            self._buffer.observe(label, "", (instance,), label)
        return Raw(bytes(plain.tool) + _instance(id))

    def add(self, obj: Object, ends: dict[str, str], instances: dict[str, int]) -> None:
        label, tools = obj.label, self._tools
        if self._buffer.refuses(label, obj):
            return
        try:
            shapes = self._lowered(obj)
        except Refused as skip:
            self._buffer.skip(skip.code, str(skip), obj)
            return
        first, lost = "", False
        absent: dict[str, None] = {}
        keypoints = 0
        for shape in shapes:
            kind, tool_label, drawn, attributes, part = shape
            tool = tools.get((tool_label, kind, type(drawn))) or self._tool(tool_label, kind, type(drawn))
            if tool is None:
                if self._buffer.fits(tool_label, kind):
                    lost = True
                else:
                    absent[f"{kind} tool {tool_label!r}"] = None
                continue
            if self._buffer.fit is not None:
                attributes = self._asked(shape, absent, label in instances)
            if self._buffer.required is not None:
                self._buffer.demand(tool_label, kind, attributes, obj)
            uuid = self._buffer.uuids.make(obj.id, part)
            first = first or uuid
            self._buffer.count(tool_label, kind)
            name = tool[0]
            if attributes:
                name = Raw(bytes(name) + self._answers(kind, tool_label, attributes, part, label))
            self._buffer.write(tool[1](self._buffer, uuid, name, shape), uuid, obj)
            keypoints += part[:1] == "/"
        if absent:
            self._lowering.approximated = True
            self._buffer.miss(absent, obj, skipped=not first)
        if not first and absent:
            return
        if not first:
            what = type(obj.geometry).__name__
            self._buffer.skip(Code.GEOMETRY_UNSUPPORTED, f"a {what} on {self._media} has no payload in Labelbox", obj)
            return
        if lost:
            message = f"its keypoints have no payload on {self._media} and are left out"
            self._buffer.note(Code.GEOMETRY_UNSUPPORTED, message, obj)
        ends[obj.id] = first
        if keypoints:
            instances[label] = instances.get(label, 0) + 1
        tally = self._buffer.log.ledger[obj.ledger_label or label]
        if self._lowering.approximated:
            tally.approximated += obj.source_count
            self._buffer.note_approximated()
        else:
            tally.converted += obj.source_count

    def _lowered(self, obj: Object) -> list[Shape]:
        """The shapes that stand for an object, at least one. Raises :class:`Refused`."""
        if self._border is not None:
            obj = self._border(obj, self._buffer.item, self._buffer.log)
        shapes = self._lowering.lower(obj)
        if self._degrees:
            check_degrees(shapes)
        if self._map is not None:
            check_map(shapes, self._map)
        if not shapes:
            raise Refused(Code.GEOMETRY_MISSING, "nothing of it lies on the asset")
        return shapes

    def _asked(self, shape: Shape, absent: dict[str, None], again: bool) -> tuple[Attribute, ...]:
        """The answers that the tool of the existing ontology asks for; the others are noted in ``absent``.

        Nothing is lost with what tells instances apart where there is one, nor with the visibility of what is visible.
        """
        assert self._buffer.fit is not None
        asked = {q.name for q in self._buffer.fit.shapes[shape.label, shape.kind]}
        keypoint = shape.part[:1] == "/"
        for attribute in shape.attributes:
            told = {INSTANCE: again, VISIBILITY: attribute.value == "occluded"}.get(attribute.name, True)
            if attribute.name not in asked and (told or not keypoint):
                absent[f"{attribute.name!r} of {shape.label!r}"] = None
        return tuple(a for a in shape.attributes if a.name in asked)

    def _tool(self, label: str, kind: Kind, drawn: type) -> tuple[Raw, Form] | None:
        """The name to write and the way to write it; None when such an asset, or the ontology, takes no such shape."""
        form = LINE_FORMS[self._media].get((drawn, kind)) if self._buffer.fits(label, kind) else None
        if form is None:
            self._lowering.approximated = True
            return None
        tool = self._tools[label, kind, drawn] = Raw(tool_token(label, kind)), form
        return tool

    def _answers(self, kind: Kind, label: str, attributes: tuple[Attribute, ...], part: str, owner: str) -> bytes:
        """What follows a line's name: the nested answers, open until the ontology is known."""
        seen = (label, kind, attributes)
        token = self._repeating.get(seen)
        if token is not None:
            return token
        self._buffer.observe(label, part, attributes, owner)
        first = attributes[0]
        if len(attributes) == 1 and first.name == INSTANCE and isinstance(first.value, str):
            # pieces of one outline: the question is free text wherever it was observed, so nothing is left open
            return _instance(first.value)
        token = attributes_token(label, kind, attributes)
        # 1 and True are equal but not the same answer, so only texts may stand for each other
        if len(self._repeating) < MANY and all(type(a.value) is str for a in attributes):
            self._repeating[seen] = token
        return token


def _instance(id: str) -> bytes:
    """The answer that holds the pieces of one outline together; ``name`` is Labelbox's, and the question free text."""
    return b',"classifications":[{"name":"%b","answer":%b}]' % (INSTANCE.encode(), ascii_json(id))


def _runs(
    rows: Sequence[DataRow],
) -> Iterator[tuple[AnyTable | None, list[DataRow], list[int]]]:
    """Data rows of pictures whose objects follow one another in a table, where each begins in it, and the end; others with None."""
    table: AnyTable | None = None
    run: list[DataRow] = []
    bounds = [0]
    for row in rows:
        found, picture = row.item.annotations, row.item.asset.media is Media.IMAGE
        if picture and type(found) is Rows:
            if found.table is not table or found.start != bounds[-1]:
                if run:
                    yield table, run, bounds
                table, run, bounds = found.table, [], [found.start]
            bounds.append(found.stop)
        elif picture and table is not None and not found:
            bounds.append(bounds[-1])
        else:
            if run:
                yield table, run, bounds
            table, run, bounds = None, [], [0]
            yield None, [row], bounds
            continue
        run.append(row)
    if run:
        yield table, run, bounds


def interleaved(count: int, *columns: str | Iterable[str]) -> str:
    """One text of the first of each column, the second of each, and so on; a text stands for ``count`` of it."""
    width = len(columns)
    pieces = [""] * (width * count)
    for n, column in enumerate(columns):
        pieces[n::width] = [column] * count if isinstance(column, str) else column
    return "".join(pieces)


def _repeated(values: Iterable[T], counts: Iterable[int]) -> Iterator[T]:
    """Each value so many times."""
    return chain.from_iterable(map(repeat, values, counts))
