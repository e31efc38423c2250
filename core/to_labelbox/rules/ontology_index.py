"""What an existing ontology takes, in the form in which annotations are held against it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct

from to_labelbox.model.schema import Kind, Policy, Question

AREAS = frozenset({Kind.BOX, Kind.POLYGON, Kind.MASK})
"""Kinds that a shape with an area can be written as."""
_POLICIES = {
    frozenset({Kind.BOX}): Policy.BBOX,
    frozenset({Kind.POLYGON}): Policy.POLYGON,
    frozenset({Kind.BOX, Kind.POLYGON}): Policy.POLYGON,
    frozenset({Kind.MASK}): Policy.MASK,
    frozenset({Kind.BOX, Kind.MASK}): Policy.MASK,
}
"""How a label is written that has tools of these kinds alone. With polygons and masks, each outline goes its own way."""


class OntologyIndex(Struct, frozen=True, dict=True):
    """``shapes``: the questions of each tool by label and kind. ``questions``: those about assets by name, and whether
    they are asked about parts of an asset (frames, times, messages)."""

    shapes: Mapping[tuple[str, Kind], tuple[Question, ...]]
    questions: Mapping[tuple[str, bool], Question]

    @cached_property
    def kinds(self) -> Mapping[str, frozenset[Kind]]:
        """Kinds by label. The label of a skeleton has the kind of its keypoints, whose tools are ``label/keypoint``."""
        found: dict[str, set[Kind]] = {}
        for label, kind in self.shapes:
            for owner in _owners(label, kind):
                found.setdefault(owner, set()).add(kind)
        return {label: frozenset(kinds) for label, kinds in found.items()}

    @cached_property
    def asked(self) -> Mapping[str, Mapping[str, Question]]:
        """All questions of a label's tools by name, those of its keypoints among them."""
        found: dict[str, dict[str, Question]] = {}
        for (label, kind), questions in self.shapes.items():
            for owner in _owners(label, kind):
                known = found.setdefault(owner, {})
                for question in questions:
                    known.setdefault(question.name, question)
        return found

    @cached_property
    def policies(self) -> Mapping[str, Policy]:
        """The policy of each label that cannot have every kind."""
        found = {label: _POLICIES.get(kinds & AREAS) for label, kinds in self.kinds.items()}
        return {label: policy for label, policy in found.items() if policy is not None}


def _owners(label: str, kind: Kind) -> tuple[str, ...]:
    owner, slash, _ = label.rpartition("/")
    return (label, owner) if slash and kind is Kind.POINT else (label,)
