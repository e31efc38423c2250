"""The kind that all areas of a class become, where it is to have one tool: decided by what was seen of the whole set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from to_labelbox.model.items import Media
from to_labelbox.model.schema import Kind, Policy, Schema
from to_labelbox.model.survey import Survey
from to_labelbox.ontology.infer import Ontology
from to_labelbox.rules.ontology_index import AREAS
from to_labelbox.rules.settings import POLICY_OF, Settings

LEAST_LOSS = (Kind.MASK, Kind.POLYGON, Kind.BOX)
"""Of kinds that are equally frequent, the one in which the others lose least: a mask holds holes and parts, a box neither."""

TAKES: Mapping[Media, frozenset[Kind]] = {
    Media.VIDEO: frozenset({Kind.BOX}),
    Media.DOCUMENT: frozenset({Kind.BOX}),
    Media.DICOM: frozenset({Kind.MASK}),
    Media.GEOSPATIAL: frozenset({Kind.BOX, Kind.POLYGON}),
}
"""Kinds that every area can become on a medium, where not all are; a track of boxes has no outline to move."""


class OneKind(NamedTuple):
    """The kind of each label that would have several, and what was decided, in words."""

    kinds: Mapping[str, Kind]
    decisions: tuple[str, ...]


SETTLED = "one tool a class: the given ontology has no class of several kinds of areas, so that it decides"


def _fitting(existing: Ontology, settings: Settings) -> Settings:
    from to_labelbox.ontology.fit_items import settings_for  # most sets are not to fit an ontology

    return settings_for(existing, settings)


def is_settled(existing: Ontology | None, settings: Settings) -> bool:
    """Whether an existing ontology leaves no choice to any class that is to have one tool, so that nothing need be counted."""
    if existing is None:
        return False
    fit = _fitting(existing, settings).fit
    found = fit.kinds if fit is not None else {}
    return not any(len(kinds & AREAS) > 1 and settings.wants_one_tool(label) for label, kinds in found.items())


def one_kind(
    schema: Schema, surveys: Sequence[Survey], settings: Settings, existing: Ontology | None = None
) -> OneKind:
    """The most frequent kind of each label that occurs as several and is to have one tool; what a policy names comes first.

    A label of which nothing occurs has the kinds that it is declared for. ``surveys`` are those of the same datasets, encoded
    without such kinds: a kind has to be possible on the assets of those where the label occurs. Of an ``existing`` ontology, the kind is one that it has.
    """
    if existing is not None:
        settings = _fitting(existing, settings)
    counts: dict[str, dict[Kind, int]] = {label.name: {} for label in schema.labels}
    owners: dict[str, list[Survey]] = {}
    for survey in surveys:
        for name in dict.fromkeys(name for name, _ in survey.shapes):
            owners.setdefault(name, []).append(survey)
        for (name, kind), count in survey.shapes.items():
            found = counts.setdefault(name, {})
            found[kind] = found.get(kind, 0) + count
    for label in schema.labels:
        if label.name not in owners:
            counts[label.name] |= {settings.lowered(label.name, kind): 0 for kind in label.kinds}
    kinds: dict[str, Kind] = {}
    decisions: list[str] = []
    for name, found in counts.items():
        areas = {kind: found[kind] for kind in POLICY_OF if kind in found}
        if len(areas) < 2 or not settings.wants(name) or not settings.wants_one_tool(name):
            continue
        seen = f"occurs as {', '.join(f'{kind} ({count})' for kind, count in areas.items())}"
        if not any(areas.values()):
            seen = f"never occurs and is declared as {', '.join(areas)}"
        possible = _possible(owners.get(name, surveys))
        takers, allowed = "all assets take", possible
        if settings.fit is not None:
            takers, allowed = "the ontology has", possible & settings.fit.kinds.get(name, frozenset())
        usable = {kind: count for kind, count in areas.items() if kind in allowed} or dict.fromkeys(allowed, 0)
        if not usable:
            decisions.append(f"{name!r} {seen}: no kind is one that {takers}, so it keeps a tool each")
            continue
        most = max(usable.values())
        chosen = next(kind for kind in LEAST_LOSS if usable.get(kind) == most)
        asked = _asked(name, settings)
        why = f"the most frequent that {takers}" if len(usable) < len(areas) else "the most frequent"
        if not most:
            why = "what loses least"
        elif list(usable.values()).count(most) > 1:
            why = "as frequent as another, and what loses least"
        if asked is not None and asked in usable:
            chosen, why = asked, "as the geometry asked for"
        kinds[name] = chosen
        decisions.append(f"{name!r} {seen}: one tool, {chosen}, {why}")
    return OneKind(kinds, tuple(decisions))


def _possible(surveys: Iterable[Survey]) -> frozenset[Kind]:
    """The kinds that an area can become on every asset. A mask needs its size."""
    possible = frozenset(POLICY_OF)
    for survey in surveys:
        for medium in survey.media:
            possible &= TAKES.get(medium, possible)
        if sum(survey.sizes.values()) < survey.media.get(Media.IMAGE, 0):
            possible -= {Kind.MASK}
    return possible


def _asked(name: str, settings: Settings) -> Kind | None:
    """The kind that the user names, for the class or for all."""
    rules = settings.class_map
    policy = (rules.target_geometry.get(name) if rules else None) or settings.policy(name)
    return next((kind for kind, named in POLICY_OF.items() if named is policy and policy is not Policy.AUTO), None)
