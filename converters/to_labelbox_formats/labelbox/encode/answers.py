"""Answers about an asset as a whole, its frames, a stretch of time or a message to lines."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from to_labelbox.model.items import Choice, Classification, Media, Scalar
from to_labelbox.model.schema import Input
from to_labelbox.model.survey import Answers, text_of
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import class_of
from to_labelbox_formats.labelbox.encode.answers_over_time import AtOnce, Ranged, mark_several, overlapping
from to_labelbox_formats.labelbox.encode.asset_bounds import check_message
from to_labelbox_formats.labelbox.encode.line_buffer import LineBuffer
from to_labelbox_formats.labelbox.encode.line_types import AnswerLine, RangedLine
from to_labelbox_formats.labelbox.encode.placeholders import (
    answer_token,
    ascii_json,
    question_token,
    ranged_token,
    values_of,
)


class Questions:
    """Encodes the answers of one asset after another."""

    def __init__(self, buffer: LineBuffer) -> None:
        self._buffer = buffer
        self._names: dict[tuple[str, bool], Raw] = {}

    def add(self, answers: list[Classification]) -> dict[str, str]:
        """Answers about the asset: those of one question are joined into one line. Gives the uuids by their ids."""
        joined: dict[tuple[str, str | None, bool], list[Classification]] = {}
        captions: dict[str, int] = {}
        uuids: dict[str, str] = {}
        for answer in answers:
            name = answer.name
            if self._buffer.refuses(name, answer):
                continue
            if not values_of(answer.value):
                self._buffer.skip(*sentences.NO_ANSWER(), answer)
                continue
            try:
                self._check_answer(answer)
            except Refused as skip:
                self._buffer.skip(skip.code, str(skip), answer)
                continue
            if answer.repeatable:
                captions[name] = n = captions.get(name, 0) + 1
                name = f"{name} {n}" if n > 1 else name
                if (
                    self._buffer.fit is not None
                    and (name, answer.message is not None) not in self._buffer.fit.questions
                ):
                    self._buffer.miss([f"question {name!r}"], answer, skipped=True)
                    continue
            ranged = bool(answer.frames or answer.times)
            joined.setdefault((name, answer.message, ranged), []).append(answer)
        for (name, message, ranged), group in joined.items():
            if ranged:
                self._ranged(name, group)
            else:
                uuid = self._answer(name, message, group)
                uuids.update((answer.id, uuid) for answer in group)
        return uuids

    def _check_answer(self, answer: Classification) -> None:
        """Raises :class:`Refused` for an answer about a part that assets of this type do not have."""
        media = self._buffer.item.asset.media
        if media is Media.DICOM:
            raise Refused(Code.GEOMETRY_UNSUPPORTED, "an answer on dicom has no payload in Labelbox")
        if answer.message is not None:
            if media is not Media.CONVERSATION:
                raise Refused(Code.GEOMETRY_UNSUPPORTED, f"an answer about a message of a {media} has no payload")
            check_message(answer.message, self._buffer.item.asset)
        if answer.frames and media is not Media.VIDEO:
            raise Refused(Code.GEOMETRY_UNSUPPORTED, f"an answer about frames of {media} has no payload in Labelbox")
        if answer.times and media is not Media.AUDIO:
            raise Refused(Code.GEOMETRY_UNSUPPORTED, f"an answer about times of {media} has no payload in Labelbox")
        for span in answer.frames:
            if not 0 <= span.start <= span.end:
                raise Refused(Code.FRAME_INVALID, f"frames {span.start}..{span.end}")
        for time in answer.times:
            if not (0 <= time.start <= time.end < math.inf):
                raise Refused(Code.SPAN_INVALID, f"times {time.start}..{time.end}")

    def _answer(self, name: str, message: str | None, group: list[Classification]) -> str:
        first = group[0]
        values = [v for answer in group for v in values_of(answer.value)]
        distinct: dict[Any, Scalar | Choice] = {}
        for value in values:
            key = value.value if isinstance(value, Choice) else value
            before = distinct.setdefault(key, value)
            if isinstance(value, Choice) and isinstance(before, Choice) and value.attributes != before.attributes:
                distinct[key] = self._with_nested(before, value, first)
        chosen = tuple(distinct.values())
        listed = len(chosen) > 1 or any(isinstance(a.value, tuple) for a in group)
        seen = self._buffer.survey.questions.setdefault(name, Answers())
        if first.free_text:
            seen.input = Input.TEXT
        seen.add(tuple(_option(v) for v in chosen) if listed else chosen[0])
        part = message is not None
        seen.index |= part
        seen.whole |= not part
        uuid = self._buffer.uuids.make(first.id, "answer")
        line = AnswerLine(
            uuid,
            self._buffer.data_row,
            self._question(name, part),
            Raw(answer_token(name, part, chosen)),
            None if message is None else Raw(ascii_json(message)),
        )
        self._buffer.write(line, uuid, first, group[1:])
        self._buffer.survey.answers += 1
        self._buffer.close(first, first.loss)
        if first.loss:
            self._buffer.note_approximated()
        for answer in group[1:]:
            if answer.source_count:
                self._join(answer)
        return uuid

    def _with_nested(self, before: Choice, again: Choice, answer: Classification) -> Choice:
        """An option that is chosen again, with what is nested below it both times; of an existing ontology each question once."""
        more = [a for a in again.attributes if a not in before.attributes]
        if self._buffer.fit is not None:
            answered = {a.name for a in before.attributes}
            for one in [a for a in more if a.name in answered]:
                self._buffer.miss([f"a further answer to {one.name!r} below {again.value!r}"], answer, skipped=False)
            more = [a for a in more if a.name not in answered]
        return Choice(before.value, (*before.attributes, *more))

    def _join(self, answer: Classification) -> None:
        """Close an answer as merged into the line of another one, which names it in the index."""
        self._buffer.log.ledger[class_of(answer)].merged += answer.source_count
        message = "several answers of one question on one data row are one line"
        self._buffer.note(Code.ANSWER_JOINED, message, answer, answer.source_count).merged += answer.source_count

    def _ranged(self, name: str, group: list[Classification]) -> None:
        """Answers that hold over frames or times: one line a question, each option with its ranges."""
        base = self._buffer.options.first_frame
        seen = self._buffer.survey.questions.setdefault(name, Answers())
        seen.index = True
        values: Ranged = []
        held: list[Classification] = []
        owners: list[int] = []
        timed = bool(group[0].times)
        question = self._buffer.fit.questions.get((name, True)) if self._buffer.fit else None
        at_once = None if question is None else AtOnce(question, touching=not timed)
        for answer in group:
            ranges = [(f.start + base, f.end + base) for f in answer.frames]
            ranges += [(round(t.start * 1000), round(t.end * 1000)) for t in answer.times]
            added = [(value, ranges) for value in values_of(answer.value)]
            if at_once is not None and not at_once.takes(added):
                self._buffer.miss([f"a further answer at the same time to a radio, {name!r}"], answer, skipped=True)
                continue
            seen.repeatable |= isinstance(answer.value, tuple)
            if answer.free_text:
                seen.input = Input.TEXT
            for value, _ in added:
                seen.add(value)
            values += added
            owners += [len(held)] * len(added)
            held.append(answer)
        if not values:
            return
        lost = self._close_ranged(held, {owners[n] for n in overlapping(values, timed)})
        mark_several(seen, values, touching=not timed)
        line = RangedLine(self._buffer.data_row, self._question(name, True), Raw(ranged_token(name, timed, values)))
        self._buffer.write(line, None, held[0], held[1:])
        if lost:
            self._buffer.note_approximated()
        self._buffer.survey.answers += 1

    def _close_ranged(self, answers: Sequence[Classification], overlapping: Container[int]) -> bool:
        """Count answers over frames or times; of those that overlap one of the same option, the ends are lost.

        True where something was lost.
        """
        lost = False
        for number, answer in enumerate(answers):
            if number in overlapping:
                message = "it overlaps another stretch of the same option: Labelbox holds both as one"
                self._buffer.note(Code.ANSWER_JOINED, message, answer)
                answer = msgspec.structs.replace(answer, loss=True)
            self._buffer.close(answer, answer.loss)
            lost |= answer.loss
        return lost

    def _question(self, name: str, part: bool) -> Raw:
        token = self._names.get((name, part))
        if token is None:
            token = self._names[name, part] = Raw(question_token(name, part))
        return token


def _option(value: Scalar | Choice) -> str | Choice:
    return value if isinstance(value, Choice) else text_of(value)
