"""Answers over frames against a radio that exists: no two at one time, and looked up, not compared each with each."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import codes
from to_labelbox.model.items import Asset, Attribute, Choice, Classification, FrameSpan, Item, Media
from to_labelbox.model.schema import Input, Option, Question
from to_labelbox_formats.labelbox.encode.answers_over_time import AtOnce, Ranged, _conflict_in

RADIO = Question(
    "scene",
    Input.RADIO,
    (
        Option("day", attributes=(Question("light", Input.RADIO, (Option("low"), Option("high"))),)),
        Option("night"),
        Option("dusk", attributes=(Question("colors", Input.CHECKLIST, (Option("red"), Option("blue"))),)),
    ),
)


def some(chance: random.Random) -> Ranged:
    spans = [(a, a + chance.randrange(1, 5)) for a in (chance.randrange(60) for _ in range(chance.choice((1, 1, 2))))]
    text = chance.choice(("day", "night", "dusk"))
    inner = {"day": ("light", ("low", "high")), "dusk": ("colors", ("red", "blue"))}.get(text)
    below = (Attribute(inner[0], chance.choice(inner[1])),) if inner and chance.random() < 0.7 else ()
    return [(Choice(text, below), spans)]


@pytest.mark.parametrize("touching", [True, False])
def test_what_is_taken_one_after_another_is_what_fits_all_together(touching: bool) -> None:
    chance = random.Random(3)
    refused = 0
    for _ in range(300):
        at_once = AtOnce(RADIO, touching)
        held: Ranged = []
        for _ in range(chance.randrange(12)):
            added = some(chance)
            fits = not _conflict_in(RADIO, [*held, *added], touching)
            assert at_once.takes(added) == fits, (held, added)
            held += added if fits else []
            refused += not fits
    assert refused > 100


def video(n: int) -> Item:
    answers = [
        Classification(id=str(k), name="scene", value=("day", "night")[k % 2], frames=(FrameSpan(3 * k, 3 * k + 1),))
        for k in range(n)
    ]
    return Item(asset=Asset(path="v.mp4", media=Media.VIDEO), annotations=answers)


def test_the_steps_grow_with_the_answers(tmp_path: Path) -> None:
    to_labelbox.write([video(4)], tmp_path / "made")

    def steps(n: int) -> int:
        count = 0

        def called(_: Any, event: str, __: Any) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(called)
        try:
            made = to_labelbox.write([video(n)], tmp_path / str(n), ontology=tmp_path / "made" / "ontology.json")
        finally:
            sys.setprofile(None)
        assert (made.annotations.converted, codes(made).get("not-in-ontology", 0)) == (n, 0)
        return count

    start, small, large = (steps(n) for n in (10, 100, 400))
    assert large - start <= 2.3**2 * (small - start)
