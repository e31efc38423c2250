"""Splits that are words of names of folders and files: said where something is made of them, and left out on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial

from msgspec.structs import replace

from to_labelbox.model.items import Item
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.report.log import Log
from to_labelbox.rules.settings import Settings, SplitWords


def with_splits(dataset: Dataset, settings: Settings) -> Dataset:
    """The dataset with the splits that count."""
    if not settings.writes_splits:
        return dataset
    taken = settings.split_words is SplitWords.TAKE
    return replace(dataset, iterate=partial(_told if taken else _without, dataset))


def _told(dataset: Dataset, log: Log, start: int, stop: int) -> Iterator[Item]:
    seen: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for item in dataset.iterate(log, start, stop):
        if item.split_seen_in:
            seen.setdefault(item.split, item.split_seen_in)
            counts[item.split] += 1
        yield item
    for split, count in counts.items():
        log.assume(
            "words that are splits",
            split,
            unknown=count,
            why=f"nothing states a split, and the name of {seen[split]} has this word",
            option=f"--split-words {SplitWords.IGNORE}",
        )


def _without(dataset: Dataset, log: Log, start: int, stop: int) -> Iterator[Item]:
    for item in dataset.iterate(log, start, stop):
        yield replace(item, split="", split_seen_in="") if item.split_seen_in else item
