"""Texts and conversations with highlighted entities."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from to_labelbox.model.text import n_of
from to_labelbox.pages.markup import text
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox_formats.labelbox.preview.classes import Classes, name_of, said, value_of
from to_labelbox_formats.labelbox.preview.markup import answer, item, listing
from to_labelbox_formats.labelbox.preview.payload import Row
from to_labelbox_formats.labelbox.preview.pictures import find
from to_labelbox_formats.labelbox.validate import wire

SHOWN = 20_000
"""Characters of one text that are shown."""
MAX_FILE = 16_000_000


class Span(NamedTuple):
    """Code points ``start`` to ``end``, half-open."""

    start: int
    end: int
    klass: int
    name: str
    tip: str


def highlighted(content: str, spans: Sequence[Span]) -> str:
    """The text with its spans marked; where spans overlap, marks lie in one another."""
    spans = sorted((s for s in spans if s.start < s.end), key=lambda s: (s.start, -s.end))
    cuts = sorted({0, len(content), *(c for s in spans for c in (s.start, s.end) if 0 <= c <= len(content))})
    pieces: list[str] = []
    active: list[Span] = []
    at = 0
    for start, end in pairwise(cuts):
        while at < len(spans) and spans[at].start <= start:
            active.append(spans[at])
            at += 1
        active = [s for s in active if s.end > start]
        piece = text(content[start:end])
        for span in reversed(active):
            last = f' data-name="{text(span.name)}"' if end >= min(span.end, len(content)) else ""
            piece = (
                f'<span class="e c{span.klass}" data-c="{span.klass}" data-tip="{text(span.tip)}"{last}>{piece}</span>'
            )
        pieces.append(piece)
    return "".join(pieces)


def spans_of(lines: Sequence[wire.Line], classes: Classes, content: str) -> list[Span]:
    """Entities of a text; ``end`` of a payload is the last character itself."""
    spans = []
    for line in lines:
        if isinstance(line.location, wire.Location):
            start, end = line.location.start, line.location.end + 1
            tip = "\n".join([name_of(line), *said(line.classifications), f"characters {start} to {end - 1}"])
            spans.append(Span(max(0, start), min(end, len(content)), classes.number(line), name_of(line), tip))
    return spans


def _marked(lines: Sequence[wire.Line], classes: Classes, content: str) -> tuple[str, list[str]]:
    spans, notes = spans_of(lines, classes, content), []
    beyond = sum(s.end > SHOWN for s in spans)
    if len(content) > SHOWN:
        notes.append(f"the first {SHOWN:,} of {len(content):,} characters; {n_of(beyond, 'entity line')} beyond")
    shown = [s._replace(end=min(s.end, SHOWN)) for s in spans if s.start < SHOWN]
    lost = sum(s.start >= s.end for s in spans)
    if lost:
        notes.append(f"{n_of(lost, 'entity line')} beyond the end of the text")
    return highlighted(content[:SHOWN], shown), notes


def plain_text(row: Row, classes: Classes, gallery: MediaFolder | None, names: Sequence[str]) -> tuple[str, list[str]]:
    """A text as HTML, and notes."""
    content = _content(row, gallery, names)
    if content is None:
        listed = listing(_listed(line, classes) for line in row.lines if isinstance(line.location, wire.Location))
        return listed, ["the text is not at hand: give its folder as --media-root"]
    marked, notes = _marked(row.lines, classes, content)
    return f'<div class="text">{marked}</div>', notes


def _listed(line: wire.Line, classes: Classes) -> str:
    assert isinstance(line.location, wire.Location)
    place = f"characters {line.location.start} to {line.location.end}"
    return item(classes.number(line), name_of(line), place, said(line.classifications))


def _content(row: Row, gallery: MediaFolder | None, names: Sequence[str]) -> str | None:
    """The text in the data row, or in its file below the media root."""
    path = find(gallery, names)
    if path is not None and os.path.getsize(path) <= MAX_FILE:
        with open(path, "rb") as file:
            return file.read().decode("utf-8-sig", "replace")
    if not isinstance(row.data, str) or row.data.startswith(("http://", "https://")):
        return None
    return row.data if any(map(str.isspace, row.data)) else None


def conversation(row: Row, classes: Classes) -> tuple[str, list[str]]:
    """Messages as bubbles with their entities and answers, and notes."""
    data = row.data.get("messages") if isinstance(row.data, dict) else None
    messages = [m for m in data if isinstance(m, dict)] if isinstance(data, list) else []
    by_message: dict[str, list[wire.Line]] = {}
    for line in row.lines:
        if isinstance(line.messageId, str):
            by_message.setdefault(line.messageId, []).append(line)
    notes: list[str] = []
    html = ""
    for message in messages:
        id, content = str(message.get("messageId", "")), str(message.get("content", ""))
        lines = by_message.pop(id, [])
        marked, found = _marked(lines, classes, content)
        notes += found
        user = message.get("user")
        who = str(user.get("name") or user.get("userId") or "") if isinstance(user, dict) else ""
        answers = listing(answer(line, classes) for line in lines if value_of(line) is not None)
        side = "right" if message.get("align") == "right" else "left"
        html += (
            f'<div class="message {side}"><p class="who">{text(who or id)}</p><div class="text">{marked}</div>'
            f"{answers}</div>"
        )
    left = sum(map(len, by_message.values()))
    if left:
        notes.append(f"{n_of(left, 'line')} about messages that are not at hand")
    return (f'<div class="conversation">{html}</div>' if html else ""), notes
