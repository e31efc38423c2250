"""The ontology as Labelbox's normalised JSON [SDK 7.17, schema/ontology.py, OntologyBuilder.asdict]."""

from __future__ import annotations

import colorsys
import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from to_labelbox.model.schema import Input, Kind, Question
from to_labelbox.ontology.infer import Ontology, clean_name

TOOLS = {
    Kind.BOX: "rectangle",
    Kind.POLYGON: "polygon",
    Kind.MASK: "raster-segmentation",
    Kind.POINT: "point",
    Kind.LINE: "line",
    Kind.ENTITY: "named-entity",
    Kind.RELATIONSHIP: "edge",
}
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def ontology_json(ontology: Ontology) -> bytes:
    """ASCII JSON, indented for review; an existing ontology as it was given."""
    if ontology.given:
        return ontology.given.encode()
    # the standard library indents in Python, ten times slower
    return msgspec.json.format(json.dumps(normalised(ontology)), indent=2).encode() + b"\n"


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
