"""One region of a result: what its entries together say about the asset."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Raw, Struct

from to_labelbox.geometry.any_shape import to_stored
from to_labelbox.model.items import Annotation as Labelled
from to_labelbox.model.items import (
    Attribute,
    Choice,
    Classification,
    FrameSpan,
    Geometry,
    Keyframe,
    Media,
    Object,
    Point,
    TextSpan,
    TimeSpan,
    Track,
)
from to_labelbox.model.survey import INSTANCE
from to_labelbox.model.text import n_of
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox_formats.label_studio.config import ANSWER_TAGS, Control
from to_labelbox_formats.label_studio.conventions import Conventions
from to_labelbox_formats.label_studio.files.records import (
    Id,
    Region,
    ValueRecord,
    decoded_or_none,
    text_list,
    whole_number,
)
from to_labelbox_formats.label_studio.regions.answers import answer_of, is_answer, unsupported
from to_labelbox_formats.label_studio.regions.asset_regions import AssetRegions, stated_size
from to_labelbox_formats.label_studio.regions.grouping import Part
from to_labelbox_formats.label_studio.regions.naming import Naming
from to_labelbox_formats.label_studio.regions.region_log import Place, RegionLog
from to_labelbox_formats.label_studio.regions.shapes import (
    MAX_FRAMES,
    box_on_page,
    frame_spans,
    segments_of,
    shape_on_picture,
)
from to_labelbox_formats.label_studio.regions.text_offsets import Offsets, Unit, quotes_over

T = TypeVar("T", int, float)

NOTE = "note"
SIZE_REMEDY = "give --media-root, --sizes or -O size=WxH"
MAX_SECONDS = 1e7
_HALF_A_TICK = 1e-4
"""Of a frame: times are written to so many digits that a frame's own start may lie as far from it."""


class AssetAnswer(NamedTuple):
    """An answer about the whole asset, and the control that asks."""

    asset: AssetRegions
    control: Control | None
    answer: Classification


class RegionContent(NamedTuple):
    """What a region became: annotations that are read as one of ``ledger_label``, or answers about its asset.

    ``linkable``: relations can link it.
    """

    ledger_label: str = ""
    annotations: Sequence[Labelled] = ()
    linkable: bool = False
    answers: Sequence[AssetAnswer] = ()


class RegionReader(Struct, gc=False):
    """One region while it is read. ``task`` is the place of its task, ``family`` what it shares with its relatives."""

    naming: Naming
    conventions: Conventions
    asset: AssetRegions
    parts: Sequence[Part]
    remarks: RegionLog
    task: Place
    family: str

    def read(self) -> RegionContent:
        """Raises :class:`Refused`."""
        shaped = [part for part in self.parts if part.shaped]
        if not shaped:
            return self._answers_about_asset()
        # the text of an answer is not what the region covers
        own = next((part for part in shaped if part.entry.kind not in ANSWER_TAGS), shaped[0])
        value, entry = own.value, own.entry
        if entry.kind == "textarea":
            value = msgspec.structs.replace(value, text=Raw(b""))
        media = self.asset.slot.media
        if media is Media.AUDIO and (value.ranges or value.sequence):
            raise Refused(Code.UNSUPPORTED, "it counts frames of a video, but its file is taken for a sound")
        if value.ranges:
            frames = frame_spans(value, self.conventions, self._frames(value), self.remarks)
            return self._timed(frames=frames)
        if media is Media.AUDIO:
            return self._timed(times=(self._seconds(value),))
        if value.sequence:
            return self._track(value, entry)
        if media is Media.VIDEO and value.x is None and value.start is not None and value.end is not None:
            return self._timed(frames=(self._frames_at(value),))
        if media in (Media.TEXT, Media.CONVERSATION, Media.HTML):
            if value.start is None and not value.globalOffsets:
                what = f"it is a shape on a picture ({entry.type}), but its task shows a text"
                raise Refused(Code.GEOMETRY_UNSUPPORTED, f"{what}: is the labelling config that of its project?")
            return self._drawn(self._spans(value))
        if media is Media.DOCUMENT:
            page = int(entry.item_index or 0) + 1
            return self._drawn([box_on_page(value, page, self.remarks)])
        return self._on_picture(value, entry)

    def _on_picture(self, value: ValueRecord, entry: Region) -> RegionContent:
        asset = self.asset
        if asset.slot.media is not Media.IMAGE and value.x is None:
            raise Refused(Code.UNSUPPORTED, f"a region of type {entry.type!r} has no counterpart in Labelbox")
        raster = value.rle or value.imageDataURL is not None
        size = asset.frame_in("percent" if raster else self.conventions.units, entry)
        if raster and asset.unchecked:
            size = stated_size(entry) or size  # which its own pixels are of
        if size is None:
            raise Refused(
                Code.IMAGE_SIZE_UNKNOWN, f"percentages need the size of the asset, which is not known: {SIZE_REMEDY}"
            )
        shapes: Sequence[Geometry] = shape_on_picture(
            value, size[0], size[1], self.conventions.about_centre, self.remarks
        )
        if asset.orientation > 1 and asset.stored is not None:
            shapes = [to_stored(s, asset.orientation, *asset.stored) for s in shapes]
        if asset.slot.media is Media.VIDEO and value.frame is not None:
            return self._on_frame(shapes, value.frame)
        return self._drawn(shapes)

    def _on_frame(self, shapes: Sequence[Geometry], number: float) -> RegionContent:
        """Shapes on a single frame of a video, as scripts write them that label it frame by frame."""
        frame = self.conventions.first_frame(number)
        if not 0 <= frame <= MAX_FRAMES:
            message = f"frame {number:g} lies outside the video, whose first frame is {self.conventions.frame_base}"
            raise Refused(Code.FRAME_INVALID, message)
        return self._drawn([((Keyframe(frame, shape),),) for shape in shapes], Track)

    # ----------------------------------------------------------------------------------------- labels, attributes

    def _classes(self) -> list[str]:
        found: dict[str, None] = {}
        for part in self.parts:
            for label in part.labels:
                name = self.naming.label(part.entry, label, self.task)
                if label:
                    found[name] = None
        return list(found) or [self.naming.class_without_label([part.entry for part in self.parts])]

    def _attributes(self) -> tuple[Attribute, ...]:
        """Answers about this region, and the annotator's note."""
        first = self.parts[0]
        found = answers_in(self.parts, self.naming) if len(self.parts) > 1 or not first.labels or _noted(first) else []
        note = next((n for part in self.parts if _noted(part) and (n := _note_of(part.entry))), "")
        return (*found, Attribute(NOTE, note, free_text=True)) if note else tuple(found)

    def _drawn(self, parts: Sequence[Any], kind: type[Object | Track] = Object) -> RegionContent:
        """Objects or tracks of each class; a shape of several parts has as many."""
        classes = self._classes()
        attributes = self._attributes()
        if self.family:
            if all(isinstance(part, Point) for part in parts):
                attributes += (Attribute(INSTANCE, self.family, free_text=True),)
            elif self.parts[0].entry.parentID not in (None, ""):
                self.remarks.note(Code.GROUP_DROPPED, "it is part of another region, which only points can say")
        annotations: list[Labelled] = [
            kind(
                id=self.remarks.id + (f"/{n}" if n else "") + (f"~{number}" if number else ""),
                label=name,
                attributes=attributes,
                loss=self.remarks.loss,
                location=self.remarks.place.where,
                source_count=0 if n or number else 1,
                **{"geometry" if kind is Object else "segments": part},
            )
            for n, name in enumerate(classes)
            for number, part in enumerate(parts)
        ]
        return RegionContent(classes[0], annotations, linkable=True)

    # ------------------------------------------------------------------------------------------ text and dialogue

    def _spans(self, value: ValueRecord) -> Sequence[TextSpan]:
        asset = self.asset
        if asset.slot.media is Media.CONVERSATION:
            return self._in_messages(value)
        if asset.offsets is None and asset.slot.media is Media.TEXT:
            return [self._behind_link(value)]
        if asset.offsets is None:
            raise Refused(Code.SPAN_INVALID, "the page is behind a link, so places in it cannot be found")
        return [self._in_text(value)]

    def _in_text(self, value: ValueRecord) -> TextSpan:
        """Where several fields say where the span is, the first that its text agrees with counts, else the first."""
        quote = _quote(value)
        places = self._places_in_text(value)
        first = next(places, None)
        offsets = self.asset.offsets
        if first is None or offsets is None:
            raise Refused(Code.SPAN_INVALID, "its start and end are no numbers")
        place = first
        if not offsets.agrees(*first, quote):
            place = next((other for other in places if offsets.agrees(*other, quote)), first)
        if place not in (first, _globals(value)):
            message = "its text does not stand at its globalOffsets but where its path leads, which was taken"
            self.remarks.note(Code.FIELD_REPAIRED, message)
        span = self._resolved(offsets, *place, quote, None)
        page = self.asset.hypertext
        return TextSpan(*page.in_readable(span.start, span.end)) if page is not None else span

    def _places_in_text(self, value: ValueRecord) -> Iterator[tuple[int, int]]:
        """Start and end as offsets: those in the text as a whole, then those that a path into the document leads to."""
        asset = self.asset
        told = _globals(value)
        if told is not None and asset.hypertext is not None and asset.hypertext.lines:
            yield asset.hypertext.from_global(told[0]), asset.hypertext.from_global(told[1])
        if told is not None:
            yield told
        start, end = whole_number(value.start), whole_number(value.end)
        if start is not None and end is not None:
            yield start, end
        elif isinstance(value.start, str) and start is None:
            page = asset.hypertext
            start = page.locate(value.start, value.startOffset or 0) if page else None
            end = page.locate(str(value.end), value.endOffset or 0) if page else None
            if start is not None and end is not None:
                yield start, end
            elif told is None:
                raise Refused(Code.SPAN_INVALID, f"there is no place {value.start} .. {value.end} in the document")

    def _behind_link(self, value: ValueRecord) -> TextSpan:
        """A span of a text that is not at hand: code points, as current versions count them."""
        start, end = whole_number(value.start), whole_number(value.end)
        if start is None or end is None or not 0 <= start < end:
            raise Refused(Code.SPAN_INVALID, f"the span {value.start}..{value.end} is empty or no span of a text")
        self.remarks.note(
            Code.SPAN_SHIFTED,
            "the text is behind a link and not at hand, so its offsets could not be checked: give --media-root",
        )
        return TextSpan(start, end)

    def _resolved(self, offsets: Offsets, start: int, end: int, quote: str | None, message: str | None) -> TextSpan:
        start, end = self._in_order(start, end)
        span = offsets.resolve(start, end, quote, bool(self.conventions.utf16))
        if span is None:
            raise Refused(
                Code.SPAN_INVALID,
                f"the span {start}..{end} is empty or not in the text of {len(offsets.text)} characters",
            )
        if (
            self.conventions.utf16 is None
            and span.unit in (Unit.UNCHECKED, Unit.MISMATCH)
            and offsets.is_ambiguous(end)
        ):
            self.remarks.log.assume(
                "unit of text offsets",
                "code points",
                against=int(span.unit is Unit.MISMATCH),
                unknown=int(span.unit is Unit.UNCHECKED),
                why="the text that a region says it covers decides; without one nothing does",
                option="-O offsets=utf16",
            )
        if span.unit is Unit.MISMATCH:
            self.remarks.lose(Code.SPAN_SHIFTED, "the text at its offsets is not the one that it says it covers")
        elif span.unit not in (Unit.CODE_POINTS, Unit.UNCHECKED):
            self._tell_unit(span.unit)
        return TextSpan(span.start, span.end, message)

    def _tell_unit(self, unit: Unit) -> None:
        self.remarks.note(Code.FIELD_REPAIRED, f"its offsets count {unit}; they were converted")

    def _in_messages(self, value: ValueRecord) -> list[TextSpan]:
        """Spans of a dialogue: paragraph numbers with offsets in them, one span a paragraph that it touches."""
        messages = self.asset.slot.messages
        if not messages:
            raise Refused(Code.SPAN_INVALID, "the dialogue is behind a link, so its paragraphs are not known")
        if not any(message.content for message in messages):
            raise Refused(
                Code.SPAN_INVALID,
                "no item of the dialogue has a text under the usual names: give the labelling config, whose textKey says "
                "which field it is, with -O config=FILE",
            )
        first, last = whole_number(value.start), whole_number(value.end)
        start, end = value.startOffset, value.endOffset
        if first is None or last is None or start is None or end is None:
            raise Refused(Code.SPAN_INVALID, "it has no paragraph numbers and offsets")
        if not 0 <= first <= last < len(messages):
            raise Refused(
                Code.SPAN_INVALID, f"there are no paragraphs {first}..{last}, the dialogue has {len(messages)}"
            )
        quote = _quote(value)
        numbers = range(first, last + 1)
        order = self.asset.slot.order
        if order and quote and not self._quoted(numbers, start, end, quote):
            as_shown = [order[number] for number in numbers]
            if self._quoted(as_shown, start, end, quote):
                self.remarks.note(Code.FIELD_REPAIRED, "its paragraphs are numbered in the order of their times")
                return self._over(as_shown, start, end, quote)
        return self._over(numbers, start, end, quote)

    def _over(self, numbers: Sequence[int], start: int, end: int, quote: str | None) -> list[TextSpan]:
        """One span a paragraph, from an offset in the first to one in the last."""
        messages = self.asset.slot.messages
        if len(numbers) == 1:
            (number,) = numbers
            return [self._resolved(self.asset.message_offsets(number), start, end, quote, messages[number].id)]
        texts = [self.asset.message_offsets(number) for number in numbers]
        quoted = quote is not None and self._quoted(numbers, start, end, quote)
        if quote is not None and not quoted:
            wide = texts[0].from_utf16(start), texts[-1].from_utf16(end)
            quoted = self._quoted(numbers, *wide, quote)
            if quoted:
                self._tell_unit(Unit.UTF16)
                start, end = wide
        spans: list[TextSpan] = []
        for number, offsets in zip(numbers, texts):
            low = start if number == numbers[0] else 0
            high = end if number == numbers[-1] else len(offsets.text)
            if low < high:
                known = offsets.text[low:high] if quoted else None
                spans.append(self._resolved(offsets, low, high, known, messages[number].id))
        if not spans:
            raise Refused(Code.SPAN_INVALID, "the span is empty")
        return spans

    def _quoted(self, numbers: Sequence[int], start: int, end: int, quote: str) -> bool:
        """Whether the paragraphs of these numbers hold a quote, from an offset in the first to one in the last."""
        texts = [self.asset.message_offsets(number) for number in numbers]
        if len(texts) == 1:
            return texts[0].agrees(start, end, quote)
        return quotes_over(texts[0], "".join(t.text for t in texts[1:-1]), texts[-1], start, end, quote)

    # --------------------------------------------------------------------------------------------- time and frames

    def _in_order(self, start: T, end: T) -> tuple[T, T]:
        if end < start:
            self.remarks.note(Code.SPAN_INVALID, "its start lies behind its end; they were exchanged")
        return min(start, end), max(start, end)

    def _seconds(self, value: ValueRecord) -> TimeSpan:
        start, end = _seconds(value.start), _seconds(value.end)
        if start is None or end is None:
            raise Refused(Code.SPAN_INVALID, "its start and end are no seconds")
        start, end = self._in_order(start, end)
        if start < 0 or end > MAX_SECONDS:
            raise Refused(Code.SPAN_INVALID, "it lies before the start or far beyond the end of any sound")
        if self.conventions.milliseconds:
            start, end = start / 1000, end / 1000
        if value.channel:
            self.remarks.lose(Code.FIELD_IGNORED, "the channel of an audio region has no place in Labelbox")
        return TimeSpan(float(start), float(end))

    def _frames_at(self, value: ValueRecord) -> FrameSpan:
        """The frames of a video at a stretch of its sound."""
        asset, given = self.asset, self.conventions.frame_rates
        rate = given[1] if given is not None else (asset.video.rate if asset.video is not None else asset.said_rate)
        if not rate:
            message = (
                "it is a stretch of the sound of a video, of which Labelbox counts frames, and how many a second has is not "
                "known: give --media-root or -O frame_rate=25:25; or -O media=audio where it is a sound"
            )
            raise Refused(Code.UNSUPPORTED, message)
        times = self._seconds(value)
        first, last = math.floor(times.start * rate + _HALF_A_TICK), math.ceil(times.end * rate - _HALF_A_TICK) - 1
        if last > MAX_FRAMES:
            raise Refused(Code.FRAME_INVALID, f"times up to {times.end:g} s are not in any video")
        return FrameSpan(first, max(first, last))

    def _frames(self, value: ValueRecord) -> int | None:
        """The number of frames: the media's own, else what the region says."""
        said = value.framesCount
        if said is not None and 1 <= said <= MAX_FRAMES:
            self.asset.said_frames = self.conventions.frame_count(said)
            if self.asset.frames is None:
                self.asset.frames = self.asset.said_frames
        return self.asset.frames

    def _timed(self, frames: tuple[FrameSpan, ...] = (), times: tuple[TimeSpan, ...] = ()) -> RegionContent:
        """A stretch of a sound or of a video's frames answers the question of its labels."""
        labelled = next((part for part in self.parts if part.labels), self.parts[0]).entry
        attributes = self._attributes()
        name = self.naming.question(labelled.from_name)
        labels = [label for part in self.parts for label in part.labels]
        labels = labels or [self.naming.class_without_label([part.entry for part in self.parts])]
        options = [o for o in dict.fromkeys(labels) if o]
        if not options:
            raise Refused(*sentences.WITHOUT_LABEL(what="region"))
        answer = Classification(
            id=self.remarks.id,
            name=name,
            ledger_label=self.naming.counted_as(labelled, options),
            value=tuple(Choice(o, attributes) for o in options),
            frames=frames,
            times=times,
            loss=self.remarks.loss,
            location=self.remarks.place.where,
        )
        return RegionContent(answer.ledger_label, [answer])

    def _track(self, value: ValueRecord, entry: Region) -> RegionContent:
        size = self.asset.frame_in(self.conventions.units, entry)
        if size is None:
            raise Refused(
                Code.IMAGE_SIZE_UNKNOWN, f"percentages need the size of the video, which is not known: {SIZE_REMEDY}"
            )
        probed = self.asset.video.frames if self.asset.video else None
        if probed and value.framesCount and self.conventions.frame_count(value.framesCount) != probed:
            self.remarks.note(
                Code.FRAME_INVALID,
                f"the region counts {n_of(int(value.framesCount), 'frame')}, the video has {probed}: frame numbers may be off",
            )
        track = segments_of(value, size[0], size[1], self.conventions, self._frames(value), self.remarks)
        return self._drawn([track], Track)

    # ------------------------------------------------------------------------------------------------- the asset

    def _answers_about_asset(self) -> RegionContent:
        """Answers of a group without a shape; several entries of one group are answers of their own."""
        answers: list[AssetAnswer] = []
        for n, part in enumerate(self.parts):
            try:
                id = f"{self.remarks.id}/{n}" if n else self.remarks.id
                answers.append(self._answer_about_asset(part.entry, part.value, id))
            except Refused as problem:
                self.remarks.skip(problem.code, self.naming.question(part.entry.from_name), str(problem))
        return RegionContent(answers=answers)

    def _answer_about_asset(self, entry: Region, value: ValueRecord, id: str) -> AssetAnswer:
        what = unsupported(entry, value)
        if what is not None:
            raise Refused(Code.UNSUPPORTED, f"{what} has no counterpart in Labelbox")
        if not is_answer(entry, value, shaped=False) and entry.kind not in ANSWER_TAGS:
            raise Refused(Code.GEOMETRY_MISSING, f"its value has neither a shape nor an answer ({entry.type})")
        control = self.naming.control(entry.from_name)
        answer = answer_of(value, control) if is_answer(entry, value, shaped=False) else None
        if answer is None:
            raise Refused(*sentences.NO_ANSWER())
        if control is not None and control.per_region:
            self.remarks.lose(
                Code.GEOMETRY_MISSING, "it answers about a region that cannot be told: it is kept for the whole asset"
            )
        if answer.joined > 1:
            self.remarks.note(Code.ANSWER_JOINED, f"{answer.joined} texts are joined by line breaks")
        chosen = answer.value if isinstance(answer.value, tuple) else (answer.value,)
        about = Classification(
            id=id,
            name=self.naming.question(entry.from_name),
            ledger_label=self.naming.counted_as(entry, [c.value for c in chosen if isinstance(c, Choice)]),
            value=answer.value,
            free_text=answer.free_text,
            loss=self.remarks.loss,
            location=self.remarks.place.where,
        )
        return AssetAnswer(self.asset, control, about)


def answers_in(parts: Iterable[Part], naming: Naming) -> list[Attribute]:
    """What the entries of a region answer about it. Raises :class:`Refused`."""
    found: list[Attribute] = []
    for part in parts:
        if is_answer(part.entry, part.value, shaped=part.shaped):
            answer = answer_of(part.value, naming.control(part.entry.from_name))
            if answer is not None:
                name = naming.question(part.entry.from_name)
                found.append(Attribute(name, answer.value, free_text=answer.free_text))
    return found


def _noted(part: Part) -> bool:
    return bool(part.entry.meta or part.entry.normalization)


def _note_of(entry: Region) -> str:
    """The text that an annotator attached to a region; the first versions called it its normalization."""
    meta = decoded_or_none(entry.meta)
    text = meta.get("text") if isinstance(meta, dict) else None
    if text is None:
        text = decoded_or_none(entry.normalization)
    lines = text if isinstance(text, list) else [text]
    return "\n".join(t for t in lines if isinstance(t, str) and t.strip())


def _seconds(value: Id) -> float | None:
    """A time, also as text."""
    try:
        seconds = math.nan if value is None or isinstance(value, bool) else float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) else None


def _quote(value: ValueRecord) -> str | None:
    """The text that a span says it covers."""
    texts = text_list(value.text) if value.text else None
    return texts[0] if texts and len(texts) == 1 else None


def _globals(value: ValueRecord) -> tuple[int, int] | None:
    places = decoded_or_none(value.globalOffsets)
    if not isinstance(places, dict):
        return None
    start, end = whole_number(places.get("start")), whole_number(places.get("end"))
    return None if start is None or end is None else (start, end)
