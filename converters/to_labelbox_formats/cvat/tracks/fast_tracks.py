"""The fast way from the text of a track of upright boxes to its keyframes, column by column instead of row by row.

A writer gives every row the same fields in the same order. One regular expression takes the values of all rows; anything
that it does not pass, and anything that would need a word in the report, is left to :mod:`tracks`, row by row.

Measured on the video of benchmarks/cvat.py: reading its tracks 2.2 times as fast as row by row, the whole reader 1.5 times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from to_labelbox.model.items import Box, Keyframe, Track
from to_labelbox_formats.cvat.nodes import Node, start_tag
from to_labelbox_formats.cvat.shapes import DIGITS, Resolved, ShapeLog, Vocabulary
from to_labelbox_formats.cvat.tracks.keyframes import Answers, needed
from to_labelbox_formats.cvat.tracks.rows import MAX_FRAME, Rules
from to_labelbox_formats.cvat.xml.forms import Form, answers_in, form_of

LIMIT = 1e9
"""Coordinates beyond are left to the careful way."""
_FIELDS = ("frame", "keyframe", "outside", "occluded", "xtl", "ytl", "xbr", "ybr")
_FLAGS = {"0": False, "1": True}


class Columns(NamedTuple):
    """A track's rows. ``answers[codes[i]]`` is the text of the attributes of row i."""

    head: Node
    frames: npt.NDArray[np.int64]
    corners: npt.NDArray[np.float64]
    key: npt.NDArray[np.bool_]
    outside: npt.NDArray[np.bool_]
    occluded: npt.NDArray[np.bool_]
    answers: list[str]
    codes: npt.NDArray[np.int64]


class FastTracks:
    """Tracks of one task in a file that has a row for every visible frame."""

    def __init__(self, vocabulary: Vocabulary, log: ShapeLog, rules: Rules) -> None:
        self._vocabulary = vocabulary
        self._log = log
        self._rules = rules
        self._pattern = re.compile("")
        self._form = Form((), (), "")

    def read(self, data: bytes, id: str) -> Track | None:
        """The track of a text; None, and nothing is counted or noted, for one that needs the careful way."""
        columns = self.columns(data)
        if columns is None:
            return None
        frames, label = self._frames(columns.frames), columns.head.get("label").strip()
        try:
            knowns = [self._vocabulary.resolve(label, answers_in(text)) for text in columns.answers]
        except ValueError:
            return None
        if frames is None or not label or "group_id" in columns.head.layout.index or any(k.problems for k in knowns):
            return None
        visible = np.flatnonzero(~columns.outside)
        if not visible.size:
            return None
        used = {knowns[code] for code in set(columns.codes[visible].tolist())}
        answers = Answers(used, occluded=bool(columns.occluded[visible].any()))
        self._log.read(label)
        return Track(
            id=id,
            label=label,
            segments=tuple(_segments(columns, frames, self._rules.held(int(frames[-1])), knowns, answers)),
            attributes=answers.shared,
            location=f"track[{columns.head.get('id') or id}]",
        )

    def columns(self, data: bytes) -> Columns | None:
        """The rows of a track; None when they are not as regular as that."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return None
        head = start_tag(text)
        form = form_of("box", _FIELDS, text, head[1]) if head is not None else None
        if head is None or form is None or "rotation" in form.names or len(form.fields) != len(_FIELDS):
            return None
        if form != self._form:
            self._form, self._pattern = form, re.compile(rf"<(?:{form.expression}|(.*))", re.DOTALL)
        rows = self._pattern.findall(text, head[1])
        if not rows or rows.pop()[-1] != "/track>" or not rows:
            return None
        *values, attributes, _ = zip(*rows)
        return _columns(head[0], dict(zip(form.fields, values)), attributes)

    def _frames(self, told: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
        """The frames as they are written; None where one needs a word."""
        rules, task = self._rules, self._rules.task
        frames = told - task.offset - rules.first
        if rules.sampled_numbers:
            frames = task.start + frames * task.step
        off_grid = task.step > 1 and bool(((frames - task.start) % task.step).any())
        if frames[0] < 0 or off_grid or (rules.relative and frames[0] < task.start):
            return None
        ends = (task.last, None if task.length is None else task.length - 1)
        if any(end is not None and frames[-1] > end for end in ends):
            return None
        return (frames - task.start) // task.step if rules.relative else frames


def _columns(head: Node, values: dict[str, tuple[str, ...]], attributes: tuple[str, ...]) -> Columns | None:
    """None where frames, corners or flags are not as usual."""
    frame, key, outside, occluded, *corners = (values[name] for name in _FIELDS)
    try:
        frames = np.array(list(map(int, frame)), np.int64)
        boxes = np.array([list(map(float, column)) for column in corners], np.float64).T
        keys, hidden, covered = map(_flags, (key, outside, occluded))
        known = {text: code for code, text in enumerate(dict.fromkeys(attributes))}
        codes = np.array(list(map(known.__getitem__, attributes)), np.int64)
        columns = Columns(head, frames, boxes, keys, hidden, covered, list(known), codes)
    except (ValueError, KeyError, OverflowError):
        return None
    usual = (
        bool((np.diff(frames) > 0).all())
        and 0 <= frames[0] <= frames[-1] <= MAX_FRAME
        and bool((np.abs(boxes) < LIMIT).all())
        and bool((boxes[:, 2:] > boxes[:, :2]).all())
    )
    return columns if usual else None


def _flags(column: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Raises KeyError for what is no flag."""
    return np.array(list(map(_FLAGS.__getitem__, column)), np.bool_)


def _segments(
    columns: Columns, frames: npt.NDArray[np.int64], end: int, knowns: Sequence[Resolved], answers: Answers
) -> Iterator[tuple[Keyframe, ...]]:
    """The visible stretches; one that no row hides lasts through ``end``."""
    codes, outside = columns.codes, columns.outside
    if len(set(knowns)) < len(knowns):  # one answer in two orders
        places = {known: place for place, known in enumerate(knowns)}
        codes = np.array([places[known] for known in knowns])[codes]
    must = columns.key.copy()
    must[1:] |= (np.diff(codes) != 0) | (columns.occluded[1:] != columns.occluded[:-1])
    edges = np.flatnonzero(np.diff(np.concatenate(([True], outside, [True])).astype(np.int8)))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist()):
        kept = needed(frames[start:stop], columns.corners[start:stop], must[start:stop])
        rows = np.flatnonzero(kept) + start
        at, corners = frames[rows].tolist(), columns.corners[rows]
        last = stop - 1
        towards = min(stop, len(frames) - 1)
        through = int(frames[stop]) - 1 if stop < len(frames) else end
        if through > frames[last]:  # it goes on towards the row that hides it
            share = (through - frames[last]) / max(1, frames[towards] - frames[last])
            held = columns.corners[last] + (columns.corners[towards] - columns.corners[last]) * share
            at.append(through)
            corners, rows = np.vstack((corners, held)), np.append(rows, last)
        sides = np.round(corners[:, 2:] - corners[:, :2], DIGITS).tolist()
        given = list(zip(codes[rows].tolist(), columns.occluded[rows].tolist()))
        said = {(code, occluded): answers.of(knowns[code], occluded) for code, occluded in set(given)}
        yield tuple(
            Keyframe(frame, Box(left, top, width, height), said[answer])
            for frame, (left, top), (width, height), answer in zip(at, corners[:, :2].tolist(), sides, given)
        )
