"""One region of a result: what its entries together say about the asset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw

from to_labelbox import geometry as geo
from to_labelbox.diagnostics import Code
from to_labelbox.model import (
    Attribute,
    Choice,
    Classification,
    FrameSpan,
    Geometry,
    Media,
    Object,
    TextSpan,
    TimeSpan,
    Track,
)
from to_labelbox_formats.label_studio.answers import answer_of, is_answer, unsupported
from to_labelbox_formats.label_studio.canvas import Canvas
from to_labelbox_formats.label_studio.config import ANSWER_TAGS, Control
from to_labelbox_formats.label_studio.records import UNDECODABLE, Region, Value, decode_any, is_nothing, text_list
from to_labelbox_formats.label_studio.shapes import (
    MAX_FRAMES,
    Group,
    Unusable,
    box_on_page,
    frame_spans,
    has_shape,
    labels_of,
    segments_of,
    shape_on_picture,
)
from to_labelbox_formats.label_studio.text import Hypertext, Offsets, Unit

if TYPE_CHECKING:
    from to_labelbox_formats.label_studio.items import Reader

NOTE = "note"
SIZE_REMEDY = "give --media-root, --sizes or -O size=WxH"
MAX_SECONDS = 1e7


class RegionReader:
    """One region while it is read."""

    def __init__(
        self, reader: Reader, canvas: Canvas, group: Group, values: list[Value], counted: str, identity: str, place: str
    ) -> None:
        self.reader = reader
        self.canvas = canvas
        self.entries = group.entries
        self.values = values
        self.counted = counted
        self.id = identity
        self.place = place
        self.loss = False

    def note(self, code: Code, message: str) -> None:
        self.reader.log.note(code, message, file=self.reader.file, where=self.place, id=self.id)

    def lose(self, code: Code, message: str) -> None:
        self.loss = True
        self.note(code, message)

    def read(self, answers: list[tuple[Canvas, Control | None, Classification]]) -> None:
        """Append what the region says to its canvas. Raises :class:`Unusable`."""
        shaped = [n for n, v in enumerate(self.values) if has_shape(v)]
        if not shaped:
            self._answers_about_asset(answers)
            return
        # the text of an answer is not what the region covers
        own = next((n for n in shaped if self.entries[n].kind not in ANSWER_TAGS), shaped[0])
        value, entry = self.values[own], self.entries[own]
        if entry.kind == "textarea":
            value = msgspec.structs.replace(value, text=Raw(b""))
        media = self.canvas.slot.media
        if value.ranges:
            frames = frame_spans(value, self.reader.options.frame_base, self._frames(value))
            self._timed(frames=frames)
        elif media is Media.AUDIO:
            self._timed(times=(self._seconds(value),))
        elif value.sequence:
            self._track(value, entry)
        elif media in (Media.TEXT, Media.CONVERSATION, Media.HTML):
            self._spans(value, entry)
        elif media is Media.DOCUMENT:
            page = int(entry.item_index or 0) + 1
            self._objects([box_on_page(value, page, self.lose)])
        else:
            if media is not Media.IMAGE and value.x is None:
                raise Unusable(Code.UNSUPPORTED, f"a region of type {entry.type!r} has no counterpart in Labelbox")
            size = self.canvas.frame(entry)
            if size is None:
                raise Unusable(
                    Code.IMAGE_SIZE_UNKNOWN,
                    f"percentages need the size of the asset, which is not known: {SIZE_REMEDY}",
                )
            shapes = shape_on_picture(value, size[0], size[1], self.lose if value.vertices else self.note)
            if self.canvas.orientation > 1 and self.canvas.stored is not None:
                shapes = [geo.to_stored(s, self.canvas.orientation, *self.canvas.stored) for s in shapes]
            self._objects(shapes)

    # ----------------------------------------------------------------------------------------- labels, attributes

    def _classes(self) -> list[str]:
        found: list[str] = []
        for entry, value in zip(self.entries, self.values):
            for label in labels_of(value):
                name = self.reader.label(entry, label)
                if label and name not in found:
                    found.append(name)
        return found or [self.reader.class_without_label(self.entries)]

    def _attributes(self) -> tuple[Attribute, ...]:
        """Answers about this region, and the annotator's note."""
        found: list[Attribute] = []
        if len(self.entries) > 1 or self.entries[0].meta or not labels_of(self.values[0]):
            for entry, value in zip(self.entries, self.values):
                if is_answer(entry, value, shaped=has_shape(value)):
                    answer = answer_of(entry, value, self.reader.control(entry.from_name))
                    if answer is not None:
                        found.append(Attribute(self.reader.question(entry.from_name), answer.value, free=answer.free))
            note = next((n for n in map(_note_of, self.entries) if n), "")
            if note:
                found.append(Attribute(NOTE, note, free=True))
        return tuple(found)

    def _objects(self, shapes: list[Geometry]) -> None:
        classes = self._classes()
        attributes = self._attributes()
        log, canvas = self.reader.log, self.canvas
        units = 1
        log.read(classes[0])
        for n, name in enumerate(classes):
            for part, shape in enumerate(shapes):
                tail = (f"/{n}" if n else "") + (f"~{part}" if part else "")
                canvas.annotations.append(
                    Object(
                        id=self.id + tail,
                        label=name,
                        geometry=shape,
                        attributes=attributes,
                        loss=self.loss,
                        where=self.place,
                        units=units,
                    )
                )
                units = 0
        canvas.objects.add(self.id)

    # ------------------------------------------------------------------------------------------ text and dialogue

    def _spans(self, value: Value, entry: Region) -> None:
        canvas = self.canvas
        if canvas.slot.media is Media.CONVERSATION:
            spans = self._in_messages(value)
        elif canvas.offsets is None and canvas.slot.media is Media.TEXT:
            spans = [self._behind_link(value)]
        elif canvas.offsets is None:
            raise Unusable(Code.SPAN_INVALID, "the page is behind a link, so places in it cannot be found")
        else:
            spans = [self._in_text(value)]
        self._objects(list(spans))

    def _in_text(self, value: Value) -> TextSpan:
        canvas = self.canvas
        assert canvas.offsets is not None
        start, end = _number(value.start), _number(value.end)
        quote = _quote(value)
        if value.globalOffsets:
            places = _globals(value)
            if places is None:
                raise Unusable(Code.SPAN_INVALID, "its globalOffsets cannot be read")
            start, end = places
        elif start is None and isinstance(value.start, str):
            if canvas.hypertext is None and canvas.slot.text is not None:
                # only hypertext has paths into it, so that is what this text is
                canvas.hypertext = Hypertext(canvas.slot.text)
                canvas.offsets = Offsets(canvas.hypertext.text, markup=True)
            page = canvas.hypertext
            start = page.locate(value.start, value.startOffset or 0) if page else None
            end = page.locate(str(value.end), value.endOffset or 0) if page else None
            if start is None or end is None:
                raise Unusable(Code.SPAN_INVALID, f"there is no place {value.start} .. {value.end} in the document")
        if start is None or end is None:
            raise Unusable(Code.SPAN_INVALID, "its start and end are no numbers")
        return self._resolved(canvas.offsets, start, end, quote, None)

    def _behind_link(self, value: Value) -> TextSpan:
        """A span of a text that is not at hand: code points, as current versions count them."""
        start, end = _number(value.start), _number(value.end)
        if start is None or end is None or not 0 <= start < end:
            raise Unusable(Code.SPAN_INVALID, f"the span {value.start}..{value.end} is empty or no span of a text")
        self.note(
            Code.SPAN_SHIFTED,
            "the text is behind a link and not at hand, so its offsets could not be checked: give --media-root",
        )
        return TextSpan(start, end)

    def _resolved(self, offsets: Offsets, start: int, end: int, quote: str | None, message: str | None) -> TextSpan:
        if end < start:
            start, end = end, start
            self.note(Code.SPAN_INVALID, "its start lies behind its end; they were exchanged")
        span = offsets.resolve(start, end, quote)
        if span is None:
            raise Unusable(
                Code.SPAN_INVALID,
                f"the span {start}..{end} is empty or not in the text of {len(offsets.text)} characters",
            )
        if span.unit is Unit.MISMATCH:
            self.lose(Code.SPAN_SHIFTED, "the text at its offsets is not the one that it says it covers")
        elif span.unit not in (Unit.CODE_POINTS, Unit.UNCHECKED):
            self.note(Code.FIELD_REPAIRED, f"its offsets count {span.unit}; they were converted")
        return TextSpan(span.start, span.end, message)

    def _in_messages(self, value: Value) -> list[TextSpan]:
        """Spans of a dialogue: paragraph numbers with offsets in them, one span a paragraph that it touches."""
        messages = self.canvas.slot.messages
        if not messages:
            raise Unusable(Code.SPAN_INVALID, "the dialogue is behind a link, so its paragraphs are not known")
        first, last = _number(value.start), _number(value.end)
        start, end = value.startOffset, value.endOffset
        if first is None or last is None or start is None or end is None:
            raise Unusable(Code.SPAN_INVALID, "it has no paragraph numbers and offsets")
        if not 0 <= first <= last < len(messages):
            raise Unusable(
                Code.SPAN_INVALID, f"there are no paragraphs {first}..{last}, the dialogue has {len(messages)}"
            )
        if first == last:
            return [self._resolved(self.canvas.message_offsets(first), start, end, _quote(value), messages[first].id)]
        spans: list[TextSpan] = []
        for number in range(first, last + 1):
            offsets = self.canvas.message_offsets(number)
            low = start if number == first else 0
            high = end if number == last else len(offsets.text)
            if low < high:
                spans.append(self._resolved(offsets, low, high, None, messages[number].id))
        if not spans:
            raise Unusable(Code.SPAN_INVALID, "the span is empty")
        return spans

    # --------------------------------------------------------------------------------------------- time and frames

    def _seconds(self, value: Value) -> TimeSpan:
        start, end = value.start, value.end
        if isinstance(start, str) or isinstance(end, str) or start is None or end is None:
            raise Unusable(Code.SPAN_INVALID, "its start and end are no seconds")
        if end < start:
            start, end = end, start
            self.note(Code.SPAN_INVALID, "its start lies behind its end; they were exchanged")
        if start < 0 or end > MAX_SECONDS:
            raise Unusable(Code.SPAN_INVALID, "it lies before the start or far beyond the end of any sound")
        if value.channel:
            self.lose(Code.FIELD_IGNORED, "the channel of an audio region has no place in Labelbox")
        return TimeSpan(float(start), float(end))

    def _frames(self, value: Value) -> int | None:
        """The number of frames: the media's own, else what the region says."""
        said = value.framesCount
        if self.canvas.frames is None and said is not None and 1 <= said <= MAX_FRAMES:
            self.canvas.frames = int(said)
        return self.canvas.frames

    def _timed(self, frames: tuple[FrameSpan, ...] = (), times: tuple[TimeSpan, ...] = ()) -> None:
        """A stretch of a sound or of a video's frames answers the question of its labels."""
        labelled = next((e for e, v in zip(self.entries, self.values) if labels_of(v)), self.entries[0])
        attributes = self._attributes()
        name = self.reader.question(labelled.from_name)
        options = [label for v in self.values for label in labels_of(v)]
        if not options:
            options = [self.reader.class_without_label(self.entries)]
        chosen = tuple(Choice(o, attributes) for o in dict.fromkeys(options) if o)
        if not chosen:
            raise Unusable(Code.CLASS_UNNAMED, "the region has no label")
        self.reader.log.read(name)
        self.canvas.annotations.append(
            Classification(
                id=self.id, name=name, value=chosen, frames=frames, times=times, loss=self.loss, where=self.place
            )
        )

    def _track(self, value: Value, entry: Region) -> None:
        size = self.canvas.frame(entry)
        if size is None:
            raise Unusable(
                Code.IMAGE_SIZE_UNKNOWN, f"percentages need the size of the video, which is not known: {SIZE_REMEDY}"
            )
        probed = self.canvas.video.frames if self.canvas.video else None
        if probed and value.framesCount and int(value.framesCount) != probed:
            self.note(
                Code.FRAME_INVALID,
                f"the region counts {int(value.framesCount)} frames, the video has {probed}: frame numbers may be off",
            )
        segments = segments_of(value, size[0], size[1], self.reader.options.frame_base, self._frames(value), self.lose)
        classes = self._classes()
        attributes = self._attributes()
        self.reader.log.read(classes[0])
        for n, name in enumerate(classes):
            self.canvas.annotations.append(
                Track(
                    id=f"{self.id}/{n}" if n else self.id,
                    label=name,
                    segments=segments,
                    attributes=attributes,
                    loss=self.loss,
                    where=self.place,
                    units=0 if n else 1,
                )
            )
        self.canvas.objects.add(self.id)

    # ------------------------------------------------------------------------------------------------- the asset

    def _answers_about_asset(self, answers: list[tuple[Canvas, Control | None, Classification]]) -> None:
        """Answers of a group without a shape; several entries of one group are answers of their own."""
        problems: list[tuple[str, Code, str]] = []
        for n, (entry, value) in enumerate(zip(self.entries, self.values)):
            name = self.reader.question(entry.from_name)
            what = unsupported(entry, value)
            try:
                if what is not None:
                    raise Unusable(Code.UNSUPPORTED, f"{what} has no counterpart in Labelbox")
                if not is_answer(entry, value, shaped=False):
                    if entry.kind in ("choices", "taxonomy", "textarea", "number", "rating", "datetime"):
                        raise Unusable(Code.ANSWER_EMPTY, "the answer is empty")
                    raise Unusable(Code.GEOMETRY_MISSING, f"its value has neither a shape nor an answer ({entry.type})")
                control = self.reader.control(entry.from_name)
                answer = answer_of(entry, value, control)
                if answer is None:
                    raise Unusable(Code.ANSWER_EMPTY, "the answer is empty")
            except Unusable as problem:
                problems.append((name, problem.code, str(problem)))
                continue
            if control is not None and control.per_region:
                self.lose(
                    Code.GEOMETRY_MISSING,
                    "it answers about a region that cannot be told: it is kept for the whole asset",
                )
            if answer.joined > 1:
                self.note(Code.ANSWER_JOINED, f"{answer.joined} texts are joined by line breaks")
            answers.append(
                (
                    self.canvas,
                    control,
                    Classification(
                        id=f"{self.id}/{n}" if n else self.id,
                        name=name,
                        value=answer.value,
                        free=answer.free,
                        loss=self.loss,
                        where=self.place,
                    ),
                )
            )
        for name, code, message in problems:
            self.reader.log.read(name)
            self.reader.log.skip(code, name, message, file=self.reader.file, where=self.place, id=self.id)


def _note_of(entry: Region) -> str:
    """The text that an annotator attached to a region."""
    if is_nothing(entry.meta):
        return ""
    try:
        meta = decode_any(entry.meta)
    except UNDECODABLE:
        return ""
    text = meta.get("text") if isinstance(meta, dict) else None
    lines = text if isinstance(text, list) else [text]
    return "\n".join(t for t in lines if isinstance(t, str) and t.strip())


def _number(value: object) -> int | None:
    """A whole number, also as text."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isdecimal() and len(text) < 16 else None
    if isinstance(value, (int, float)) and abs(value) < 1e15 and value == int(value):
        return int(value)
    return None


def _quote(value: Value) -> str | None:
    """The text that a span says it covers."""
    texts = text_list(value.text) if value.text else None
    return texts[0] if texts and len(texts) == 1 else None


def _globals(value: Value) -> tuple[int, int] | None:
    try:
        places = decode_any(value.globalOffsets)
    except UNDECODABLE:
        return None
    if not isinstance(places, dict):
        return None
    start, end = _number(places.get("start")), _number(places.get("end"))
    return None if start is None or end is None else (start, end)
