"""Answers below an option hold over the very stretches of the option, however those touch and overlap."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from labelbox_writer import faults, written
from to_labelbox.model.items import Asset, Attribute, Choice, Classification, Item, Media, TimeSpan


def sound(chance: random.Random, number: int) -> Item:
    """Turns of a dialogue on a grid of quarters of a second: most touch, some overlap, some are a single moment."""
    answers = []
    start = 0.0
    for turn in range(chance.randrange(1, 9)):
        end = start + chance.choice((0, 0.25, 0.25, 0.5))
        nested = [Attribute("text", chance.choice(("yes", f"turn {turn}")), free_text=True)]
        if chance.random() < 0.5:
            nested.append(Attribute("mood", Choice(chance.choice("ab"), (Attribute("why", chance.choice("cd")),))))
        value = Choice(chance.choice(("Speech", "Speech", "Noise")), tuple(nested))
        answers.append(Classification(id=str(turn), name="turns", value=(value,), times=(TimeSpan(start, end),)))
        start = chance.choice((end, end, end, max(end - 0.25, 0), end + 0.25))
    return Item(asset=Asset(path=f"{number}.wav", media=Media.AUDIO), annotations=tuple(answers), origin="o")


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_written_of_turns_is_valid(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    assert faults(written([sound(chance, n) for n in range(60)]), tmp_path) == []


def test_the_text_of_a_turn_ends_with_it(tmp_path: Path) -> None:
    turns = tuple(
        Classification(
            id=text,
            name="turns",
            value=(Choice("Speech", (Attribute("text", text, free_text=True),)),),
            times=(TimeSpan(*span),),
        )
        for text, span in (("hello", (0.5, 1.25)), ("you", (1.25, 3)))
    )
    made = written([Item(asset=Asset(path="a.wav", media=Media.AUDIO), annotations=turns, origin="o")])
    (option,) = made.lines[0]["answer"]
    assert option["frames"] == [{"start": 500, "end": 1249}, {"start": 1250, "end": 3000}]
    assert [a["frames"] for a in option["classifications"][0]["answer"]] == [[f] for f in option["frames"]]
    assert faults(made, tmp_path) == []
