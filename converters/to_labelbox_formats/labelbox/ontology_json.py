"""The ontology as Labelbox's normalised JSON [SDK 7.17, schema/ontology.py, OntologyBuilder.asdict]."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from to_labelbox.model.schema import Input, Kind, Option, Question
from to_labelbox.model.text import pattern
from to_labelbox.ontology.infer import Ontology, clean_name, distinct_names
from to_labelbox_formats.labelbox.encode.placeholders import json_of

TOOLS = {
    Kind.BOX: "rectangle",
    Kind.POLYGON: "polygon",
    Kind.MASK: "raster-segmentation",
    Kind.POINT: "point",
    Kind.LINE: "line",
    Kind.ENTITY: "named-entity",
    Kind.RELATIONSHIP: "edge",
}
FEW = 7
"""Tools whose evenly spread hues can be told apart: of 8, two are 0.048 apart in OKLab."""
_HEX = pattern(r"#[0-9a-fA-F]{6}")


def ontology_json(ontology: Ontology) -> bytes:
    """ASCII JSON, indented for review; an existing ontology as it was given."""
    if ontology.given:
        return ontology.given.encode()
    # the standard library indents in Python, ten times slower
    return msgspec.json.format(json_of(normalised(ontology)), indent=2) + b"\n"


def normalised(ontology: Ontology) -> dict[str, Any]:
    """``{"tools": […], "classifications": […]}`` with names, kinds, colours, options; no schema ids."""
    return {
        "tools": [
            {
                "tool": TOOLS[tool.kind],
                "name": tool.name,
                "required": False,
                "color": color,
                "classifications": _questions(tool.classifications),
            }
            for tool, color in zip(ontology.tools, _colors([tool.color for tool in ontology.tools]))
        ],
        "classifications": _questions((c.question for c in ontology.classifications), top=True),
    }


def _questions(questions: Iterable[Question], top: bool = False) -> list[dict[str, Any]]:
    asked = list(questions)
    names = distinct_names(q.name for q in asked)
    return [
        {
            "type": q.input or Input.TEXT,
            "instructions": names[q.name],
            "name": names[q.name],
            "required": q.required,
            "options": _options(q.options),
            **({"scope": "index" if q.index else "global"} if top else {}),
        }
        for q in asked
    ]


def _options(options: Sequence[Option]) -> list[dict[str, Any]]:
    values = distinct_names(o.value for o in options)
    return [
        {
            "label": clean_name(o.label or values[o.value]),
            "value": values[o.value],
            "options": _questions(o.attributes),
        }
        for o in options
    ]


def _colors(given: Sequence[str]) -> list[str]:
    """The source's own colours, and others that can be told apart in the editor.

    Of a few tools these are hues spread evenly, as the SDK's builder makes them; of more, hues would look alike.
    """
    of = len(given)
    own = [color if _HEX.fullmatch(color) else None for color in given]
    if of <= FEW:
        return [color or _hue(n / of) for n, color in enumerate(own)]
    if None not in own:
        return list(given)
    from to_labelbox.pages.palette import completed  # here, because few tools need none of it

    return completed(own)


def _hue(turn: float) -> str:
    red, green, blue = colorsys.hsv_to_rgb(turn, 1, 1)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
