"""Labelbox ground-truth import: the target format.

What is written is what `LabelImport` of the official SDK takes: one JSON object an annotation and line, referring to
its data row by global key and to its feature by name. The facts and their sources are in docs/formats/labelbox.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from to_labelbox.model.schema import Kind
from to_labelbox.model.survey import Survey
from to_labelbox.plugins.writer import Checks, Encoding, Fault, OntologyFile, PreviewOptions, Service, Writer
from to_labelbox_formats.labelbox.encode.encoder import Encoder
from to_labelbox_formats.labelbox.encode.placeholders import PlaceholderFiller
from to_labelbox_formats.labelbox.encode.uuids import make_uuids_unique
from to_labelbox_formats.labelbox.limits import check_limits
from to_labelbox_formats.labelbox.ontology_json import ontology_json
from to_labelbox_formats.labelbox.options import Options

if TYPE_CHECKING:
    from to_labelbox.ontology.infer import Ontology
    from to_labelbox.plugins.comparer import Comparer
    from to_labelbox.plugins.importer import Importer

LINE_KINDS = {
    Kind.BOX: "bbox",
    Kind.POLYGON: "polygon",
    Kind.MASK: "mask",
    Kind.POINT: "point",
    Kind.LINE: "line",
    Kind.ENTITY: "entity",
    Kind.RELATIONSHIP: "relationship",
}


def line_kinds(survey: Survey) -> Mapping[str, int]:
    """Lines by what they hold."""
    kinds: dict[str, int] = {}
    for (_, kind), count in survey.shapes.items():
        kinds[LINE_KINDS[kind]] = kinds.get(LINE_KINDS[kind], 0) + count
    if survey.joined:
        kinds["mask"] -= survey.joined
    if survey.answers:
        kinds["answer"] = survey.answers
    return kinds


def parse_ontology(path: str) -> Ontology:
    """An existing ontology (:func:`.parse_ontology.parse_ontology`)."""
    from to_labelbox_formats.labelbox.parse_ontology import parse_ontology as parse

    return parse(path)


def validate(
    path: str,
    ontology: str | None = None,
    media_root: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> Iterator[Fault]:
    """The rules of the import that can be checked offline (:func:`.validate.validate`)."""
    from to_labelbox_formats.labelbox.validate import validate as check

    return check(path, ontology, media_root, progress)


def preview(folder: str, options: PreviewOptions) -> Iterator[str]:
    """A page that shows what a payload says (:func:`.preview.preview`)."""
    from to_labelbox_formats.labelbox.preview import preview as show

    return show(folder, options)


def importer() -> Importer:
    """How an output goes into Labelbox (:mod:`.importing`)."""
    from to_labelbox_formats.labelbox.importing.run import IMPORTER  # here, because a conversion needs none of it

    return IMPORTER


def comparer() -> Comparer:
    """How an output is held against an export of its project (:mod:`.comparing`)."""
    from to_labelbox_formats.labelbox.comparing.run import compare

    return compare


FORMAT = Writer(
    name="labelbox",
    title="Labelbox ground truth (NDJSON)",
    docs="docs/formats/labelbox.md",
    options=Options,
    encoding=Encoding(Encoder, PlaceholderFiller, make_uuids_unique, line_kinds),
    ontology=OntologyFile(ontology_json, parse_ontology),
    checks=Checks(check_limits, validate),
    service=Service(preview, importer, comparer),
)
