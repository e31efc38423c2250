"""The ontology as Labelbox's normalised JSON [SDK 7.17, schema/ontology.py, OntologyBuilder.asdict]."""

from __future__ import annotations

import colorsys
import json
import re
from collections.abc import Iterable
from typing import Any

from to_labelbox.diagnostics import Code, Log
from to_labelbox.model import Media
from to_labelbox.ontology import Ontology, clean_name, similar_names
from to_labelbox.schema import Input, Kind, Question
from to_labelbox.survey import Survey

TOOLS = {
    Kind.BOX: "rectangle",
    Kind.POLYGON: "polygon",
    Kind.MASK: "raster-segmentation",
    Kind.POINT: "point",
    Kind.LINE: "line",
    Kind.ENTITY: "named-entity",
    Kind.RELATIONSHIP: "edge",
}
MAX_FEATURES = 4000
"""Tools, classifications and options of one ontology [docs.labelbox.com/docs/limits]."""
PLAN_LIMITS = (("Free", 10_000), ("Starter and Education", 2_000_000), ("Enterprise", 10_000_000))
"""Ground-truth annotations by plan [docs.labelbox.com/docs/limits]."""

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def ontology_json(ontology: Ontology) -> bytes:
    """ASCII JSON, indented for review; an existing ontology as it was given."""
    if ontology.given:
        return ontology.given.encode()
    return json.dumps(normalised(ontology), indent=2).encode() + b"\n"


def normalised(ontology: Ontology) -> dict[str, Any]:
    """``{"tools": […], "classifications": […]}`` with names, kinds, colours, options; no schema ids."""
    return {
        "tools": [
            {
                "tool": TOOLS[tool.kind],
                "name": tool.name,
                "required": False,
                "color": tool.color if _HEX.fullmatch(tool.color) else _color(n, len(ontology.tools)),
                "classifications": _questions(tool.classifications),
            }
            for n, tool in enumerate(ontology.tools)
        ],
        "classifications": _questions((c.question for c in ontology.classifications), top=True),
    }


def _questions(questions: Iterable[Question], top: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "type": q.input or Input.TEXT,
            "instructions": clean_name(q.name),
            "name": clean_name(q.name),
            "required": q.required,
            "options": [
                {"label": o.label or o.value, "value": o.value, "options": _questions(o.attributes)} for o in q.options
            ],
            **({"scope": "index" if q.index else "global"} if top else {}),
        }
        for q in questions
    ]


def _color(n: int, of: int) -> str:
    """Hues spread evenly over the tools, as the SDK's builder does."""
    red, green, blue = colorsys.hsv_to_rgb(n / max(1, of), 1, 1)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def check_limits(ontology: Ontology, survey: Survey, log: Log) -> None:
    """Note what an import would run into, and names that look like one class written in two ways."""
    if ontology.features > MAX_FEATURES:
        log.note(
            Code.LIMIT, f"the ontology has {ontology.features} features, Labelbox takes {MAX_FEATURES}: merge classes"
        )
    total = sum(survey.shapes.values()) + survey.answers
    over = [f"{plan} ({limit:,})" for plan, limit in PLAN_LIMITS if total > limit]
    if over:
        log.note(Code.LIMIT, f"{total:,} annotations are more than the ground-truth limit of: {', '.join(over)}")
    if len(survey.media) > 1:
        kinds = ", ".join(f"{count} {media}" for media, count in survey.media.items())
        log.note(Code.LIMIT, f"a Labelbox project holds one media type, this set has {kinds}: import them apart")
    if Media.DICOM in survey.media:
        log.note(Code.LIMIT, "DICOM has left the current SDK and documentation; the server may refuse it")
    for first, second in similar_names(t.label for t in ontology.tools):
        if first != second:
            log.note(Code.CLASS_SIMILAR, f"classes {first!r} and {second!r} differ only in case or spaces; kept apart")
