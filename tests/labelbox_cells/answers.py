"""Cells of questions about whole assets, frames, times and messages."""

from __future__ import annotations

from labelbox_cells.base import answer, case, drop, put
from to_labelbox.model.items import (
    Attribute,
    Choice,
    FrameSpan,
    Media,
    TimeSpan,
)

ANSWERED = [
    Media.IMAGE,
    Media.VIDEO,
    Media.TEXT,
    Media.DOCUMENT,
    Media.GEOSPATIAL,
    Media.AUDIO,
    Media.CONVERSATION,
    Media.HTML,
]

for _media in ANSWERED:
    case(
        "K1",
        "radio",
        _media,
        answer(Choice("rain")),
        {"name": "q", "answer": {"name": "rain"}},
        put("answer", "name", "snow"),
        "option of 'q' 'snow'",
        "NDRadio",
    )
    case(
        "K2",
        "checklist",
        _media,
        answer((Choice("ice"), Choice("wind"))),
        {"name": "q", "answer": [{"name": "ice"}, {"name": "wind"}]},
        put("answer", 1, "name", "ice"),
        "repeats",
        "NDChecklist",
    )
    case(
        "K3",
        "text",
        _media,
        answer("wet floor", free_text=True),
        {"name": "q", "answer": "wet floor"},
        put("answer", " "),
        "empty",
        "NDText",
    )

case(
    "V5",
    "radio",
    Media.VIDEO,
    answer(Choice("rain"), frames=(FrameSpan(0, 4), FrameSpan(9, 9))),
    {"name": "q", "answer": {"name": "rain", "frames": [{"start": 1, "end": 5}, {"start": 10, "end": 10}]}},
    put("answer", "frames", 0, "end", 0),
    "start <= end",
    "NDRadio",
    uuid=False,
)
case(
    "V5",
    "radio",
    Media.VIDEO,
    [answer(Choice("calm"), frames=(FrameSpan(0, 4),)), answer(Choice("busy"), id="2", frames=(FrameSpan(5, 9),))],
    {
        "name": "q",
        "answer": [
            {"name": "calm", "frames": [{"start": 1, "end": 5}]},
            {"name": "busy", "frames": [{"start": 6, "end": 10}]},
        ],
    },
    put("answer", 1, "frames", 0, "start", 5),
    "two answers hold at one time",
    "temporal",
    uuid=False,
)
case(
    "V5",
    "checklist",
    Media.VIDEO,
    answer((Choice("ice"),), frames=(FrameSpan(28, 34),)),
    {"name": "q", "answer": [{"name": "ice", "frames": [{"start": 29, "end": 35}]}]},
    drop("answer", 0, "frames"),
    "answer",
    "temporal",
    uuid=False,
)
case(
    "V6",
    "text",
    Media.VIDEO,
    [
        answer("loading", frames=(FrameSpan(0, 4),), free_text=True),
        answer("idle", id="2", frames=(FrameSpan(5, 8),), free_text=True),
    ],
    {
        "name": "q",
        "answer": [
            {"value": "loading", "frames": [{"start": 1, "end": 5}]},
            {"value": "idle", "frames": [{"start": 6, "end": 9}]},
        ],
    },
    put("answer", 1, "frames", []),
    "needs frames",
    "temporal",
    uuid=False,
)

MOOD = Choice("guest", (Attribute("mood", Choice("calm")),))
case(
    "A1",
    "radio",
    Media.AUDIO,
    answer(MOOD, times=(TimeSpan(0.2, 1.6),)),
    {
        "name": "q",
        "answer": [
            {
                "name": "guest",
                "frames": [{"start": 200, "end": 1600}],
                "classifications": [
                    {"name": "mood", "answer": [{"name": "calm", "frames": [{"start": 200, "end": 1600}]}]}
                ],
            }
        ],
    },
    put("answer", 0, "classifications", 0, "answer", 0, "frames", 0, "end", 1601),
    "not inside one range",
    "temporal",
    uuid=False,
)
case(
    "A2",
    "checklist",
    Media.AUDIO,
    [
        answer((Choice("hum"),), times=(TimeSpan(0, 1.5), TimeSpan(2, 3))),
        answer((Choice("hiss"),), id="2", times=(TimeSpan(2.2, 2.9),)),
    ],
    {
        "name": "q",
        "answer": [
            {"name": "hum", "frames": [{"start": 0, "end": 1500}, {"start": 2000, "end": 3000}]},
            {"name": "hiss", "frames": [{"start": 2200, "end": 2900}]},
        ],
    },
    put("answer", 0, "frames", 0, "start", 0.5),
    "found a number, expected a whole number",
    "temporal",
    uuid=False,
)
case(
    "A3",
    "text",
    Media.AUDIO,
    answer("hello", times=(TimeSpan(1.6, 2),), free_text=True),
    {"name": "q", "answer": [{"value": "hello", "frames": [{"start": 1600, "end": 2000}]}]},
    put("answer", 0, "value", ""),
    "empty",
    "temporal",
    uuid=False,
)
case(
    "C2",
    "radio",
    Media.CONVERSATION,
    answer(Choice("kind"), message="m2"),
    {"name": "q", "answer": {"name": "kind"}, "messageId": "m2"},
    put("messageId", "m3"),
    "not in the conversation",
    "NDRadio",
)
case(
    "C2",
    "checklist",
    Media.CONVERSATION,
    answer((Choice("kind"),), message="m2"),
    {"name": "q", "answer": [{"name": "kind"}], "messageId": "m2"},
    drop("messageId"),
    "scope",
    "NDChecklist",
)
case(
    "C2",
    "text",
    Media.CONVERSATION,
    answer("short", message="m2", free_text=True),
    {"name": "q", "answer": "short", "messageId": "m2"},
    put("messageId", 2),
    "messageId: found a whole number, expected a text",
    "NDText",
)
