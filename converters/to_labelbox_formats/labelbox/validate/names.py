"""The ontology as a table of names, and the rules of its own [SDK 7.17, schema/ontology.py; docs.labelbox.com/docs/limits]."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from to_labelbox.report.plain_words import in_words

TOOLS = {
    "rectangle": "box",
    "polygon": "polygon",
    "line": "polyline",
    "point": "point",
    "raster-segmentation": "mask",
    "superpixel": "mask",
    "named-entity": "entity",
    "edge": "relationship",
    **dict.fromkeys(
        (
            "message-single-selection",
            "message-multi-selection",
            "message-ranking",
            "marker",
            "step-reasoning",
            "fact-checking",
            "prompt-issue",
        ),
        "nothing of ground truth",
    ),
}
"""What a tool draws; ``superpixel`` is the older name of masks, the last ones are for chats [SDK 7.17, Tool.Type]."""
MAX_FEATURES = 4000
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


class Class(NamedTuple):
    """A question: radio, checklist or text; the questions under each option."""

    type: str
    scope: str
    options: Mapping[str, Classes]
    required: bool = False


class Classes(dict[str, Class]):
    """Questions of a tool, of an option or of the whole, by name and by schema id."""

    @cached_property
    def demanding(self) -> list[tuple[str, Class]]:
        """Those that are required, or have required ones below an option; each once, under its name."""
        found: dict[int, tuple[str, Class]] = {}
        for name, question in self.items():
            if question.required or any(below.demanding for below in question.options.values()):
                found.setdefault(id(question), (name, question))
        return list(found.values())


NO_CLASSES = Classes()


class Tool(NamedTuple):
    draws: str
    classes: Classes
    name: str = ""


class Names:
    """Tools and classifications by name, or by schema id where the file has ids. Faults are collected while reading."""

    def __init__(self, data: bytes) -> None:
        self.tools: dict[str, Tool] = {}
        self.classes = NO_CLASSES
        self.faults: list[str] = []
        self.first_level: list[tuple[str, Class]] = []
        self._features = 0
        try:
            self._read(msgspec.json.decode(data))
        except ValueError as error:  # also invalid UTF-8
            self.faults.append(f"is not JSON: {in_words(error)}")
        except RecursionError:
            self.faults.append("is nested too deeply to be read")

    def _read(self, content: Any) -> None:
        if isinstance(content, dict) and isinstance(content.get("normalized"), dict):
            content = content["normalized"]
        if not isinstance(content, dict) or not {"tools", "classifications"} & content.keys():
            self.faults.append('want an object with "tools" and "classifications"')
            return
        first_level = [*self._objects(content, "tools", ""), *self._objects(content, "classifications", "")]
        self._unique(first_level, "name", "at the first level, tools and classifications together")
        for tool in self._objects(content, "tools", ""):
            self._tool(tool)
        self.classes = self._classes(content, "classifications", "at the first level", top=True)
        if self._features > MAX_FEATURES:
            self.faults.append(f"{self._features} features are more than the {MAX_FEATURES} that an ontology may have")

    def _objects(self, holder: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
        given = holder.get(key)
        if given is None:
            return []
        if not isinstance(given, list) or not all(isinstance(g, dict) for g in given):
            fault = f"{key!r} {where}".strip() + " must be a list of objects"
            if fault not in self.faults:
                self.faults.append(fault)
            return []
        return given

    def _unique(self, items: Sequence[dict[str, Any]], key: str, where: str) -> None:
        seen: set[Any] = set()
        for item in items:
            name = item.get(key)
            if not isinstance(name, str) or not name.strip():
                self.faults.append(f"a blank {key} {where}: {name!r}")
            elif name in seen:
                self.faults.append(f"{key} {name!r} occurs twice {where}: rename one")
            else:
                seen.add(name)

    def _tool(self, tool: dict[str, Any]) -> None:
        self._features += 1
        kind, name = tool.get("tool"), tool.get("name")
        if not isinstance(kind, str) or kind not in TOOLS:
            self.faults.append(f"tool {name!r}: {kind!r} is no tool; there are {', '.join(TOOLS)}")
            return
        color = tool.get("color")
        if color is not None and not (isinstance(color, str) and (_COLOR.fullmatch(color) or color.isalpha())):
            self.faults.append(f"tool {name!r}: color {color!r} is not #rrggbb")
        classes = self._classes(tool, "classifications", f"under tool {name!r}")
        made = Tool(TOOLS[kind], classes, str(name))
        for key in (name, tool.get("featureSchemaId")):
            if isinstance(key, str):
                self.tools.setdefault(key, made)

    def _classes(self, holder: dict[str, Any], key: str, where: str, top: bool = False) -> Classes:
        found = Classes()
        given = self._objects(holder, key, where)
        if not top:
            self._unique(given, "name", where)
        for item in given:
            self._features += 1
            name, type = item.get("name"), item.get("type")
            if type not in ("radio", "checklist", "text"):
                self.faults.append(f"classification {name!r} {where}: type {type!r}; want radio, checklist or text")
                continue
            scope = item.get("scope", "")
            if scope not in ("", "global", "index"):
                self.faults.append(f"classification {name!r} {where}: scope {scope!r}; want global or index")
            elif not top and "scope" in item:
                self.faults.append(f"classification {name!r} {where}: scope belongs to the first level only")
            inside = f"among the options of {name!r} {where}"
            listed = self._objects(item, "options", f"of {name!r}")
            if type == "text" and listed:
                self.faults.append(f"classification {name!r} {where}: free text has no options")
            if type != "text" and not listed:
                self.faults.append(f"classification {name!r} {where}: a {type} needs at least one option")
            self._unique(listed, "value", inside)
            options: dict[str, Classes] = {}
            for option in listed:
                self._features += 1
                nested = self._classes(option, "options", f"under option {option.get('value')!r} of {name!r}")
                for value in (option.get("value"), option.get("featureSchemaId")):
                    if isinstance(value, str):
                        options.setdefault(value, nested)
            made = Class(type, scope, options, item.get("required") is True)
            if top:
                self.first_level.append((str(name), made))
            for known in (name, item.get("featureSchemaId")):
                if isinstance(known, str):
                    found.setdefault(known, made)
        return found


def differing(thing: Any, known: Mapping[str, Any]) -> str:
    """What is wrong with a name and a schema id that stand together; an id that the ontology does not have proves nothing."""
    name, id = thing.name, thing.schemaId
    if isinstance(name, str) and isinstance(id, str) and name in known and id in known and known[name] is not known[id]:
        return f"name {name!r} and schemaId {id!r} are of different features"
    return ""


def listing(names: Mapping[str, Any], most: int = 8) -> Iterator[str]:
    """The first names of a table, quoted."""
    for n, name in enumerate(names):
        if n == most:
            yield "…"
            return
        yield repr(name)
