"""Which data rows a preview shows, and their lines: an index of the payload first, then only what is needed.

The index holds a few numbers for each data row that has lines, never the lines themselves, so that a payload of any size
can be looked into. A batch is a payload for each of its datasets; whatever several have in common is taken together.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from to_labelbox.report.errors import UsageError
from to_labelbox.rules.nearest import nearest
from to_labelbox_formats.labelbox.preview.payload import Part, Row


@dataclass(slots=True)
class Sample:
    """What was chosen, out of ``matching`` data rows of ``rows`` in all. ``broken`` lines have no readable data row.

    ``numbers`` are the places of the chosen rows in the set, from 1.
    """

    chosen: list[Row] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    matching: int = 0
    rows: int = 0
    broken: int = 0


class Wanted(NamedTuple):
    """How many rows, and which: by ``seed`` or evenly spread; ``only``: with one of these tools or classifications;
    ``among``: by the number of a part, with one of these keys."""

    rows: int
    seed: int | None = None
    only: frozenset[str] = frozenset()
    among: Mapping[int, frozenset[str]] | None = None


def choose(parts: Sequence[Part], wanted: Wanted) -> Sample:
    """Up to so many data rows, or one of each part where these are more: those with lines first.

    Rows without lines fill up what is left when neither classes nor keys are asked for. Raises :class:`UsageError`.
    """
    names = set().union(*(part.index.names for part in parts))
    unknown = sorted(wanted.only - names)
    if unknown:
        begin = sorted(name for name in names if name.casefold().startswith(unknown[0].casefold()))
        near = f"there are: {', '.join(map(repr, begin[:5]))}" if begin else nearest(unknown[0], sorted(names))
        raise UsageError(f"--only {unknown[0]}: no line of the payload has this name; {near}")
    matches = [_matches(part, wanted, number) for number, part in enumerate(parts)]
    starts = np.cumsum([0, *map(len, matches)])
    everything = np.concatenate(matches)
    matching = np.flatnonzero(everything)
    first = [int(start + np.argmax(own)) for start, own in zip(starts, matches) if own.any()] if len(parts) > 1 else []
    chosen = _spread(matching, wanted.rows, wanted.seed, first)
    if wanted.among is None and not wanted.only and len(chosen) < wanted.rows:
        rest = _spread(np.flatnonzero(~everything), wanted.rows - len(chosen), wanted.seed)
        chosen = np.sort(np.concatenate([chosen, rest]))
    sample = Sample(matching=len(matching), rows=len(everything), broken=sum(part.index.broken for part in parts))
    sample.numbers = [int(n) + 1 for n in chosen]
    for number, part in enumerate(parts):
        own = chosen[(chosen >= starts[number]) & (chosen < starts[number + 1])] - starts[number]
        sample.chosen += part.open(own.tolist())
    return sample


def _matches(part: Part, wanted: Wanted, number: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    matches: np.ndarray[Any, np.dtype[np.bool_]]
    if wanted.among is None:
        matches = np.isin(part.everything, part.index.wanted)
        return matches
    keys = np.array([hash(key) for key in wanted.among.get(number, ())], np.int64)
    matches = np.isin(part.everything, keys)
    return matches & np.isin(part.everything, part.index.wanted) if wanted.only else matches


def _spread(indices: Any, count: int, seed: int | None, first: Sequence[int] = ()) -> Any:
    """So many of some numbers, or more where ``first`` are more; these are among them in any case."""
    if len(indices) <= count:
        return indices
    if len(first) >= count > 0:
        return np.array(first)
    rest, count = indices[~np.isin(indices, first)], count - len(first)
    if seed is not None:
        taken = np.array(sorted(random.Random(seed).sample(range(len(rest)), count)))
    else:
        taken = np.linspace(0, len(rest) - 1, count).round().astype(np.int64)
    return np.sort(np.concatenate([np.array(first, np.int64), rest[taken]]))
