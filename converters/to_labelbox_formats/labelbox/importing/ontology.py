"""The ontology of a project: the part of it that its media type has, and whether another one is the same."""

from __future__ import annotations

import json
from typing import Any

from to_labelbox.report.errors import UsageError
from to_labelbox.report.plain_words import in_words

_TILES = ("rectangle", "polygon", "point", "line")
TOOLS = {
    "IMAGE": ("rectangle", "polygon", "point", "line", "raster-segmentation", "superpixel", "edge"),
    "VIDEO": ("rectangle", "point", "line", "raster-segmentation", "superpixel"),
    "TEXT": ("named-entity",),
    "CONVERSATIONAL": ("named-entity",),
    "PDF": ("rectangle", "named-entity", "edge"),
    "TMS_GEO": _TILES,
    "TMS_SIMPLE": _TILES,
    "AUDIO": (),
    "HTML": (),
}
"""Tools whose annotations an asset of a media type can have [docs/matrix.md]."""


def read_ontology(path: str) -> dict[str, Any]:
    """An output's own ontology. Raises :class:`UsageError` where somebody has changed it to what is none."""
    try:
        with open(path, "rb") as file:
            content = json.loads(file.read())
        sound = isinstance(content, dict) and _is_sound(content)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; convert again") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not JSON: {in_words(error)}") from None
    if not sound:
        raise UsageError(f"{path}: want an object with 'tools' and 'classifications'; convert again")
    found: dict[str, Any] = content
    return found


def _is_sound(record: dict[str, Any]) -> bool:
    """Whether what a record holds are lists of records, all the way down."""
    held = [record.get(key) or [] for key in ("tools", "classifications", "options")]
    return all(
        isinstance(ones, list) and all(isinstance(one, dict) and _is_sound(one) for one in ones) for ones in held
    )


def for_media(content: dict[str, Any], media_type: str, alone: bool) -> dict[str, Any]:
    """The ontology of one project of several: without the tools that its media type does not have."""
    fitting = TOOLS.get(media_type)
    tools = [t for t in content.get("tools") or [] if alone or fitting is None or t.get("tool") in fitting]
    return {**content, "tools": tools, "classifications": content.get("classifications") or []}


def size(content: dict[str, Any]) -> tuple[int, int]:
    """Tools and first-level classifications."""
    return len(content.get("tools") or []), len(content.get("classifications") or [])


def structure(content: dict[str, Any]) -> Any:
    """Kinds, names and options at every depth, without ids, colours and order: equal for the same ontology."""
    tools = sorted(
        (_tool(t.get("tool")), str(t.get("name")), _questions(t.get("classifications")))
        for t in content.get("tools") or []
    )
    return tools, _questions(content.get("classifications"))


def _tool(kind: Any) -> str:
    return "raster-segmentation" if kind == "superpixel" else str(kind)


def _questions(given: Any) -> list[Any]:
    return sorted(
        (
            str(q.get("type")),
            str(q.get("name") or q.get("instructions")),
            sorted(
                (str(o.get("value") or o.get("label")), _questions(o.get("options"))) for o in q.get("options") or []
            ),
        )
        for q in given or []
    )
