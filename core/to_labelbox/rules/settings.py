"""What the user decides about a conversion, whatever the formats."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase

from msgspec import Struct, field

from to_labelbox.model.schema import Policy
from to_labelbox.rules.class_map import ClassMap
from to_labelbox.rules.existing_data_rows import Rows
from to_labelbox.rules.ontology_index import OntologyIndex
from to_labelbox.rules.required import Required

__all__ = ["Outside", "Policy", "Settings"]


class Outside(StrEnum):
    """What happens to the part of a shape that lies outside the asset."""

    CLIP = "clip"
    KEEP = "keep"
    DROP = "drop"


class Settings(Struct, frozen=True, kw_only=True):
    """Options of a conversion.

    geometry: policy for all classes; class_geometry: policy of single classes by name.
    class_map: new names, and what else the user says about classes; its geometry beats ``class_geometry``.
    fit: what an existing ontology takes; :func:`to_labelbox.ontology.fit_items.settings_for` fills it in.
    required: questions that want an answer; filled in where a source is opened.
    rows: data rows that exist already; assets that are none of them are skipped.
    outside: shapes beyond the border; an overshoot of up to 1 px is float noise and always cut without a word.
    min_area: shapes with an area below this many square pixels are skipped.
    include, exclude: shell patterns of class names (and names of whole-asset questions).
    rotation_tolerance: a smaller turn, in degrees, whose corners move less than a pixel is taken as none.
    relationships: write relationships (Labelbox documents them for pre-labels, not for ground truth).
    global_key: template with {relpath} {name} {stem} {ext} {split} {dataset} {source_id}.
    url_prefix: put before the percent-encoded path to make row_data, {dataset} in it is the dataset's name; url_map: asset → URL, looked up as in
    :mod:`to_labelbox.source.asset_lookup`.
    split_metadata: name of a metadata field that takes the split (train, val, …).
    """

    geometry: Policy = Policy.AUTO
    class_geometry: Mapping[str, Policy] = field(default_factory=dict)
    class_map: ClassMap | None = None
    fit: OntologyIndex | None = None
    required: Required | None = None
    rows: Rows | None = None
    outside: Outside = Outside.CLIP
    min_area: float = 0.0
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rotation_tolerance: float = 0.5
    relationships: bool = False
    global_key: str = "{relpath}"
    url_prefix: str = ""
    url_map: Mapping[str, str] = field(default_factory=dict)
    split_metadata: str = ""

    def wants(self, label: str) -> bool:
        """Whether a class passes --include and --exclude."""
        if self.include and not any(fnmatchcase(label, p) for p in self.include):
            return False
        return not any(fnmatchcase(label, p) for p in self.exclude)

    def policy(self, label: str, counted: str = "") -> Policy:
        """The policy of a label; ``counted`` is its class in the source, where a class map has renamed it."""
        if self.class_map is not None and (policy := self.class_map.geometry.get(counted or label)) is not None:
            return policy
        return self.class_geometry.get(label, self.geometry)

    @property
    def boxes_only(self) -> bool:
        mapped = self.class_map is not None and self.class_map.geometry
        return self.geometry is Policy.BBOX and not self.class_geometry and not mapped
