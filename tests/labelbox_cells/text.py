"""Cells of texts and documents, and of relationships."""

from __future__ import annotations

from labelbox_cells.base import answer, bbox, case, drop, obj, put
from to_labelbox.model.items import (
    Box,
    Choice,
    Media,
    PageBox,
    PageUnit,
    Relationship,
    TextSpan,
    TokenSelection,
    TokenSpan,
)

case(
    "T1",
    "entity",
    Media.TEXT,
    obj(TextSpan(3, 8)),
    {"name": "thing", "location": {"start": 3, "end": 7}},
    put("location", "end", 99),
    "beyond the text",
    "NDTextEntity",
)
case(
    "D1",
    "box",
    Media.DOCUMENT,
    obj(PageBox(1, Box(102.5, 135.25, 415.5, 109.5), PageUnit.POINTS)),
    {"name": "thing", "bbox": bbox(102.5, 135.25, 415.5, 109.5), "page": 1, "unit": "POINTS"},
    drop("unit"),
    "both page and unit",
    "NDDocumentRectangle",
)
case(
    "D2",
    "entity",
    Media.DOCUMENT,
    obj(TokenSpan((TokenSelection(1, "g7", ("t1", "t2")),))),
    {"name": "thing", "textSelections": [{"tokenIds": ["t1", "t2"], "groupId": "g7", "page": 1}]},
    put("textSelections", 0, "page", 0),
    "pages count from 1",
    "NDDocumentEntity",
)
case(
    "C1",
    "entity",
    Media.CONVERSATION,
    obj(TextSpan(3, 6, "m1")),
    {"name": "thing", "location": {"start": 3, "end": 5}, "messageId": "m1"},
    put("messageId", "m9"),
    "not in the conversation",
    "NDConversationEntity",
)
_ENDS = [obj(Box(0, 0, 2, 2), id="a"), obj(Box(3, 1, 2, 2), id="b")]
case(
    "R1",
    "relationship",
    Media.IMAGE,
    [*_ENDS, Relationship(id="r", label="lifts", source="a", target="b")],
    {"name": "lifts", "relationship": {"source": "a", "target": "b", "type": "unidirectional"}},
    put("relationship", "target", "5b0f8a0e-8a39-5a55-9a3e-0c5f3d1c7a10"),
    "is not the uuid",
    "NDRelationship",
)
_PAGE_ENDS = [
    obj(PageBox(1, Box(0, 0, 2, 2), PageUnit.POINTS), id="a"),
    obj(PageBox(2, Box(3, 1, 2, 2), PageUnit.POINTS), id="b"),
]
case(
    "R1",
    "relationship",
    Media.DOCUMENT,
    [*_PAGE_ENDS, Relationship(id="r", label="lifts", source="a", target="b", bidirectional=True)],
    {"name": "lifts", "relationship": {"source": "a", "target": "b", "type": "bidirectional"}},
    put("relationship", "type", "both"),
    "want unidirectional or bidirectional",
    "NDRelationship",
)
case(
    "R2",
    "relationship",
    Media.DOCUMENT,
    [*_PAGE_ENDS, answer(Choice("bill"), id="c"), Relationship(id="r", label="of", source="c", target="b")],
    {"name": "of", "relationship": {"source": "c", "target": "b", "type": "unidirectional"}},
    drop("relationship", "source"),
    "source or sourceOntologyName",
    "NDRelationship",
)
