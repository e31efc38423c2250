"""What the user decides about a conversion, whatever the formats."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum

from msgspec.structs import replace

from to_labelbox.model.schema import Kind, Policy, Schema
from to_labelbox.model.text import matches
from to_labelbox.rules.class_map import ClassMap, keypoint_of, option_names
from to_labelbox.rules.existing_data_rows import DataRows
from to_labelbox.rules.ontology_index import OntologyIndex
from to_labelbox.rules.option import checked, option
from to_labelbox.rules.record import record
from to_labelbox.rules.required import Required

__all__ = ["OtherSize", "Outside", "Policy", "Settings", "SplitWords"]


POLICY_OF = {Kind.BOX: Policy.BBOX, Kind.POLYGON: Policy.POLYGON, Kind.MASK: Policy.MASK}
"""Kinds of areas, and the policy that lowers outlines to each; the order is that of tools."""


ASKED = "as asked"

LOWERED: Mapping[Policy, Mapping[Kind, Kind]] = {
    Policy.AUTO: {},
    Policy.BBOX: {Kind.POLYGON: Kind.BOX, Kind.MASK: Kind.BOX},
    Policy.POLYGON: {Kind.MASK: Kind.POLYGON},
    Policy.MASK: {Kind.POLYGON: Kind.MASK},
}
"""What becomes of a declared kind under a policy."""


class Outside(StrEnum):
    """What happens to the part of a shape that lies outside the asset."""

    CLIP = "clip"
    KEEP = "keep"
    DROP = "drop"


class SplitWords(StrEnum):
    """What a word like ``val`` says in the name of a folder or file, where the source states no split."""

    TAKE = "take"
    IGNORE = "ignore"


class OtherSize(StrEnum):
    """What labels are pixels of, where a picture has another size than the source states, or is likely to."""

    AUTO = "auto"
    STATED = "stated"
    SCALED = "scaled"
    PICTURE = "picture"
    EXCHANGED = "exchanged"


OTHER_SIZE_ANSWERS = (
    ("--other-size scaled", "the pictures were scaled after labelling: scale the labels with them"),
    ("--other-size stated", "the data rows will be pictures of the stated size: leave the labels as they are"),
    ("--other-size picture", "the stated sizes are wrong: labels are pixels of the pictures"),
)
"""The option's values in a question, and what each means."""


@record(frozen=True, kw_only=True)
class Rules:
    """What is made of the annotations. Each is an option of the command line too, but for the two for Python alone.

    class_geometry: policy of single classes by name.
    rotation_tolerance: a smaller turn, in degrees, whose corners move less than a pixel is taken as none.
    include, exclude: shell patterns of class names (and names of whole-asset questions).
    outside: shapes beyond the border; an overshoot of up to 1 px is float noise and always cut without a word.
    url_prefix is put before the percent-encoded path to make row_data, or is the whole address
    (:mod:`to_labelbox.conversion.addresses`).
    """

    geometry: Policy = option(Policy.AUTO, "Kind that shapes with an area are written as.")
    class_geometry: Mapping[str, Policy] = dataclasses.field(default_factory=dict)
    one_tool: bool = option(False, "One tool for a class with several kinds of areas; reads the source twice.")
    outside: Outside = option(Outside.CLIP, "What happens to shapes beyond the border.")
    min_area: float = option(0.0, "Skip shapes of less area, in square pixels.", metavar="PX", least=0)
    include: tuple[str, ...] = option((), "Only these classes (patterns).", metavar="CLASS")
    exclude: tuple[str, ...] = option((), "All but these classes (patterns).", metavar="CLASS")
    rotation_tolerance: float = 0.5
    relationships: bool = option(False, "Write relationships too (documented for pre-labels).")
    global_key: str = option(
        "{relpath}", "Of {relpath} {name} {stem} {ext} {split} {dataset} {source_id}.", metavar="TEMPLATE"
    )
    url_prefix: str = option(
        "",
        "Where the media are: URL/path is row_data. Takes the fields of --global-key; with {relpath}, {name}, {stem} or "
        "{source_id} it is the whole address.",
        metavar="URL",
    )
    split_metadata: str = option(
        "",
        "Metadata field that takes the split; Labelbox's own, split, takes train, valid, test: val becomes valid.",
        metavar="NAME",
    )
    split_words: SplitWords = option(
        SplitWords.TAKE, "Whether a word like val in the name of a folder or file is a split, if none is stated."
    )

    def __post_init__(self) -> None:
        """Words of the command line become what they stand for. Raises :class:`UsageError` for a value that is none."""
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        given["class_geometry"] = {
            label: checked(Rules, {"geometry": policy})["geometry"] for label, policy in self.class_geometry.items()
        }
        for name, value in checked(type(self), given).items():
            object.__setattr__(self, name, value)


@record(frozen=True, kw_only=True)
class Settings(Rules):
    """The rules of a conversion with what their files say.

    one_kind: the kind that all areas of a label become; filled in from what was seen, where one tool is asked for.
    class_map: new names, and what else the user says about classes; its geometry beats ``class_geometry``.
    fit: what an existing ontology takes; :func:`to_labelbox.ontology.fit_items.settings_for` fills it in.
    required: questions that want an answer; filled in where a source is opened.
    rows: data rows that exist already; assets that are none of them are skipped.
    url_map: asset → URL, looked up as in :mod:`to_labelbox.source.asset_lookup`.
    """

    one_kind: Mapping[str, Kind] = dataclasses.field(default_factory=dict)
    class_map: ClassMap | None = None
    fit: OntologyIndex | None = None
    required: Required | None = None
    rows: DataRows | None = None
    url_map: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def filtered(self) -> bool:
        """Whether --include or --exclude is given."""
        return bool(self.include or self.exclude)

    def wants(self, *names: str) -> bool:
        """Whether a class passes --include and --exclude, by any of its names."""
        if not self.filtered:
            return True
        if self.include and not any(matches(name, p) for p in self.include for name in names):
            return False
        return not any(matches(name, p) for p in self.exclude for name in names)

    def wanted(self, schema: Schema) -> Schema:
        """What passes of a schema: labels, points of skeletons with their class, questions with options that pass."""
        if not self.filtered:
            return schema
        owners = {label.name for label in schema.labels}
        named = ((label, keypoint_of(label, owners)[0]) for label in schema.labels)
        labels = tuple(label for label, owner in named if self.wants(label.name, *filter(None, [owner])))
        kept = (
            replace(q, options=tuple(o for o in q.options if self.wants(*option_names(q, o.value))))
            for q in schema.questions
        )
        return Schema(labels, tuple(q for q in kept if q.options or self.wants(q.name)))

    def policy(self, label: str, counted: str = "") -> Policy:
        """The policy of a label; ``counted`` is its class in the source, where a class map has renamed it."""
        if (kind := self.one_kind.get(label)) is not None:
            return POLICY_OF[kind]
        if self.class_map is not None and (policy := self.class_map.geometry.get(counted or label)) is not None:
            return policy
        return self.class_geometry.get(label, self.geometry)

    def why(self, label: str) -> str:
        """Who has decided what the areas of a label become, where it is not what is drawn."""
        if label in self.one_kind:
            return "as the class has one tool"
        if self.fit is not None and self.class_geometry.get(label) is not None and self.fit.policies.get(label):
            return "as the ontology has no other tool"
        return ASKED

    def lowered(self, label: str, kind: Kind) -> Kind:
        """What a declared kind of a label becomes; shapes are written by the same rule."""
        one = self.one_kind.get(label)
        return one if one is not None and kind in POLICY_OF else LOWERED[self.policy(label)].get(kind, kind)

    def wants_one_tool(self, label: str) -> bool:
        """Whether all areas of a label are to have one tool, for all classes or by the class map."""
        return self.one_tool or (self.class_map is not None and label in self.class_map.one_tool)

    @property
    def asks_one_tool(self) -> bool:
        """Whether that is so for any label."""
        return self.one_tool or bool(self.class_map is not None and self.class_map.one_tool)

    @property
    def writes_splits(self) -> bool:
        """Whether anything is made of splits."""
        return bool(self.split_metadata) or "{split}" in self.global_key + self.url_prefix

    @property
    def boxes_only(self) -> bool:
        mapped = self.class_map is not None and self.class_map.geometry
        return self.geometry is Policy.BBOX and not self.class_geometry and not mapped

    @property
    def outlines_only(self) -> bool:
        """Whether outlines are written as they are, under the names of the source."""
        changed = self.class_map is not None or self.fit is not None or self.include or self.exclude or self.one_kind
        return self.geometry is Policy.POLYGON and not self.class_geometry and not changed and not self.min_area
