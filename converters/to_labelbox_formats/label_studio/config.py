"""The labelling config: which controls there are, what they declare, and which data each object shows.

Tag and attribute names are matched without regard to case. Results name a label or choice by its alias when it has
one. A Repeater's ``{{idx}}`` in names and values stands for the number of the repetition.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from to_labelbox.model.schema import Input, Kind, Label, Option, Question, Schema
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.source.text_encoding import utf8
from to_labelbox.source.xml import Element, local_name, parse_xml

OBJECT_TAGS = frozenset(
    "image text hypertext paragraphs audio audioplus video timeseries table list pdf pdfocr chat website "
    "multimessageobject".split()
)
_NO_CONTROLS = frozenset("filter shortcut style header collapse panel view repeater channel bucket".split())
TOOL_KINDS = {
    **dict.fromkeys(("rectangle", "videorectangle", "ocr"), (Kind.BOX,)),
    **dict.fromkeys(("ellipse", "polygon"), (Kind.POLYGON,)),
    "keypoint": (Kind.POINT,),
    **dict.fromkeys(("brush", "bitmask", "magicwand"), (Kind.MASK,)),
    **dict.fromkeys(("vector", "videovector"), (Kind.LINE,)),
    **dict.fromkeys(("hypertext", "paragraph"), (Kind.ENTITY,)),
}
"""What a drawing tag makes; with the ending ``labels`` it brings its own labels."""
TEXTS = ("text", "hypertext")
"""Tags of objects whose value may be the text itself."""
TEXT_TAGS = frozenset("text hypertext paragraphs chat".split())
TIMED_TAGS = frozenset("audio audioplus".split())
ANSWER_TAGS = frozenset("choices taxonomy textarea number rating datetime pairwise ranker".split())
UNTOLD = "untold"
"""The tag of a control that stands for answers of which nothing says whether they are choices or texts."""
_PLACEHOLDER = re.compile(r"[_\-. ]?\{\{\s*\w+\s*\}\}")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_NUMBERED = re.compile(r"([_\-. ])\d{1,6}$")
_MAX_RATING = 100
_MAX_OFFERED = 1000
MAX_DEPTH = 32
"""Levels of options below options; an ontology of more has no use, and is not read."""


class Entry(Struct, frozen=True):
    """A Label or Choice: its name in results, what annotators see, its colour, what is below it."""

    name: str
    shown: str
    color: str = ""
    below: tuple[Entry, ...] = ()


class Control(Struct, frozen=True):
    """``offered``: where in the data the labels or options of each task stand."""

    name: str
    tag: str
    targets: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    multiple: bool = False
    per_region: bool = False
    required: bool = False
    maximum: int = 5
    when_tag: str = ""
    when_labels: tuple[str, ...] = ()
    when_choices: tuple[str, ...] = ()
    labelling: bool = False
    offered: str = ""

    @property
    def is_answer(self) -> bool:
        return self.tag in ANSWER_TAGS

    @property
    def aliased(self) -> bool:
        """Whether any option has an alias, by which results name it."""
        return any(e.shown or any(b.shown for b in e.below) for e in self.entries)

    @property
    def labels(self) -> tuple[Entry, ...]:
        """The entries that are classes; a taxonomy that marks regions makes one class, its paths are answers."""
        return () if self.labelling else self.entries


class Shown(Struct, frozen=True):
    """An object tag: what it shows (``value``: ``$key``, an expression, or a literal text).

    ``film``: a video whose sound another object shows, or that sound; ``media``: what the user says that files are whose
    sound is labelled; ``rate``: the frames a second that the editor counts.
    """

    name: str
    tag: str
    value: str
    listed: bool = False
    by_url: bool = False
    encoding: str = ""
    text_key: str = "text"
    name_key: str = "author"
    scrolled: bool = False
    film: bool = False
    media: str = ""
    rate: float | None = None
    repeated: str = ""


class Config(Struct, frozen=True, dict=True):
    """``found``: there is one, else it is made of what regions let see. ``tags``: how often each tag occurs.

    ``placeholders``: names of controls that a Repeater makes several of.
    """

    controls: dict[str, Control] = {}
    objects: dict[str, Shown] = {}
    placeholders: tuple[str, ...] = ()
    found: bool = False
    tags: dict[str, int] = {}

    @cached_property
    def shown(self) -> frozenset[str]:
        """The fields that objects show, or something in them."""
        values = (value for o in self.objects.values() for value in (o.value, o.repeated))
        return frozenset(root_key(value) for value in values if value)

    @cached_property
    def texts(self) -> frozenset[str]:
        """The fields that are the very text that is labelled."""
        texts = (o for o in self.objects.values() if o.tag in TEXTS)
        return frozenset(o.value.removeprefix("$").strip() or o.name for o in texts)

    def control(self, name: str) -> Control | None:
        """The control of that name, also for one repetition of a Repeater: of several templates the longest."""
        control = self.controls.get(name)
        if control is None and self.placeholders:
            matched = [template for template in self.placeholders if is_repetition(name, template)]
            control = self.controls.get(max(matched, key=len)) if matched else None
        return control


def is_repetition(name: str, template: str) -> bool:
    """Whether a name is that of one repetition of what a Repeater makes several of."""
    parts = map(re.escape, re.split(r"\{\{\s*\w+\s*\}\}", template))
    return re.fullmatch(r"\d+".join(parts), name) is not None


def root_key(expression: str) -> str:
    """``$a.b[0]`` → a."""
    return expression.removeprefix("$").partition("[")[0].partition(".")[0].strip()


def look_up(data: Mapping[str, Any], expression: str) -> Any:
    """The value of ``$key`` or ``$a.b[0].c``; None when it is not there."""
    path = expression.removeprefix("$").strip()
    if path in data:
        return data[path]
    value: Any = data
    for number, key in _STEP.findall(path):
        if number:
            value = value[int(number)] if isinstance(value, list) and int(number) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def base_name(name: str) -> str:
    """A control's name without the placeholder of a Repeater: ``labels_{{idx}}`` → ``labels``."""
    return _PLACEHOLDER.sub("", name) or name if "{{" in name else name


# ------------------------------------------------------------------------------------------------------ parsing


def parse_config(data: bytes) -> Config:
    """A labelling config: XML with the root View, or JSON or YAML that holds it. Raises :class:`FileError`."""
    text = utf8(data)
    if not text.lstrip().startswith(b"<"):
        data = _embedded(text)
    tags = _tags(parse_xml(data))
    root = tags[0]
    if root.name != "view":
        raise FileError(f"the root of a labelling config is View, not {root.name}")
    controls: dict[str, Control] = {}
    objects: dict[str, Shown] = {}
    _walk(root, {}, "", controls, objects)
    if len(objects) == 1:
        only = next(iter(objects))
        controls = {n: msgspec.structs.replace(c, targets=c.targets or (only,)) for n, c in controls.items()}
    controls = {n: _by_alias(c, controls) for n, c in controls.items()}
    # what no control is about is there to be read by annotators, but for a chat, which is labelled by what is written in it
    targets = {t for c in controls.values() for t in c.targets} | {n for n, o in objects.items() if o.tag == "chat"}
    objects = _with_films(objects, targets)
    objects = {n: o for n, o in objects.items() if n in targets} or objects
    repeated = tuple(name for name in controls if "{{" in name)
    return Config(controls, objects, repeated, True, dict(Counter(tag.name for tag in tags)))


def every_entry(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Options with all that are below them."""
    for entry in entries:
        yield entry
        yield from every_entry(entry.below)


def _by_alias(control: Control, controls: dict[str, Control]) -> Control:
    """A control whose conditions name labels and choices as results do; configs use the shown text as well."""
    if not control.when_labels and not control.when_choices:
        return control
    asked = [controls[control.when_tag]] if control.when_tag in controls else list(controls.values())
    alias = {e.shown: e.name for c in asked for e in every_entry(c.entries) if e.shown}
    return msgspec.structs.replace(
        control,
        when_labels=tuple(alias.get(v, v) for v in control.when_labels),
        when_choices=tuple(alias.get(v, v) for v in control.when_choices),
    )


def _embedded(data: bytes) -> bytes:
    try:
        holder = yaml.safe_load(data)
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" from line {mark.line + 1} on" if mark else ""
        raise FileError(
            f"is neither XML nor JSON nor YAML{where}; give the XML of Settings, Labeling Interface, Code"
        ) from None
    for key in ("label_config", "config"):
        if isinstance(holder, dict):
            project = holder.get("project")
            text = holder.get(key) or (project.get(key) if isinstance(project, dict) else None)
            if isinstance(text, str):
                return text.encode("utf-8", "replace")
    raise FileError("holds no labelling config (a text label_config or config)")


def _with_films(objects: dict[str, Shown], targets: Collection[str]) -> dict[str, Shown]:
    """Objects, those marked that show one file as a video and as sound, where a control is about the sound."""
    videos = {o.value: o.rate for o in objects.values() if o.tag == "video"}
    shared = videos.keys() & {o.value for n, o in objects.items() if o.tag in TIMED_TAGS and n in targets}
    return {
        n: msgspec.structs.replace(o, film=True, rate=videos[o.value]) if o.value in shared else o
        for n, o in objects.items()
    }


class _Tag(Struct, frozen=True, eq=False):
    """A tag of a config, its name and those of its attributes in small letters, as they are compared."""

    name: str
    given: dict[str, str]
    text: str
    children: list[_Tag]


def _tags(root: Element) -> list[_Tag]:
    """All tags in their order, the root first; comments are none."""
    found: dict[Element, _Tag] = {}
    for element in root.iter("*"):
        given = {str(k).lower(): str(v) for k, v in element.attrib.items()}
        found[element] = tag = _Tag(local_name(element).lower(), given, (element.text or "").strip(), [])
        parent = element.getparent()
        if parent is not None and parent in found:
            found[parent].children.append(tag)
    return list(found.values())


def _true(text: str | None) -> bool:
    return text is not None and text.lower() in ("true", "1", "yes")


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(t.strip() for t in text.split(",") if t.strip()) if text else ()


def _walk(
    element: _Tag, inherited: dict[str, str], repeat: str, controls: dict[str, Control], objects: dict[str, Shown]
) -> None:
    for child in element.children:
        tag, given = child.name, child.given
        name, value = given.get("name"), given.get("value") or given.get("valuelist")
        if tag == "repeater":
            _walk(child, inherited, given.get("on", ""), controls, objects)
            continue
        if tag in ("view", "collapse", "panel"):
            condition = {k: v for k, v in given.items() if k.startswith("when") or k == "visiblewhen"}
            _walk(child, {**inherited, **condition}, repeat, controls, objects)
            continue
        if tag in OBJECT_TAGS and name and value:
            objects[name] = Shown(
                name,
                tag,
                value,
                listed="valuelist" in given and "value" not in given,
                by_url=given.get("valuetype", "").lower() == "url",
                encoding=given.get("encoding", "").lower(),
                text_key=given.get("textkey", "text"),
                name_key=given.get("namekey", "author"),
                scrolled=_true(given.get("contextscroll")),
                rate=_rate(given.get("framerate")),
                repeated=repeat,
            )
        elif name and tag not in _NO_CONTROLS and tag not in OBJECT_TAGS:
            controls[name] = _control(name, tag, child, {**inherited, **given})


def _rate(text: str | None) -> float | None:
    try:
        rate = float(text or "0")
    except ValueError:
        return None
    return rate if 0 < rate < 1e4 else None


def _control(name: str, tag: str, element: _Tag, given: dict[str, str]) -> Control:
    child = "choice" if tag in ("choices", "taxonomy") else "label"
    if tag == "taxonomy":
        multiple = given.get("maxusages") != "1"
    else:
        multiple = given.get("choice", "").lower() == "multiple"
    maximum = given.get("maxrating", "5")
    labelling = tag == "taxonomy" and (_true(given.get("labeling")) or _true(given.get("islabeling")))
    conditional = given.get("visiblewhen", "").lower() == "choice-selected"
    return Control(
        name,
        tag,
        _names(given.get("toname")),
        tuple(_entries(element, child)),
        multiple,
        _true(given.get("perregion")) or labelling,
        _true(given.get("required")),
        min(int(maximum), _MAX_RATING) if maximum.isdecimal() and int(maximum) else 5,
        given.get("whentagname", "") if conditional or _true(given.get("perregion")) else "",
        _names(given.get("whenlabelvalue")),
        _names(given.get("whenchoicevalue")) if conditional else (),
        labelling,
        value if (value := given.get("value", "")).startswith("$") else "",
    )


def _entries(element: _Tag, wanted: str, depth: int = 0) -> Iterator[Entry]:
    if depth > MAX_DEPTH:
        raise FileError(f"holds options nested deeper than {MAX_DEPTH} levels")
    for child in element.children:
        given = child.given
        if child.name != wanted:
            # labels may stand inside a View
            yield from _entries(child, wanted, depth)
            continue
        shown = given.get("value") or child.text
        name = given.get("alias") or shown
        if not name or name.startswith("$"):
            continue
        yield Entry(
            name,
            shown if shown != name else "",
            _color(given.get("background")),
            tuple(_entries(child, wanted, depth + 1)),
        )


def _color(text: str | None) -> str:
    """``#rrggbb`` of a CSS colour, or nothing when it is none that Pillow knows."""
    if not text:
        return ""
    from PIL import ImageColor

    text = re.sub(r"^rgba\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,.*\)$", r"rgb(\1,\2,\3)", text.strip())
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        return ""
    return f"#{min(red, 255):02x}{min(green, 255):02x}{min(blue, 255):02x}"


def with_offered(config: Config, tasks: Iterable[Mapping[str, Any]]) -> Config:
    """A config whose controls have the labels and options that the data of tasks hold for them.

    Where each task offers others, like answers to choose from, they are no list that an ontology could have.
    """
    asking = [c for c in config.controls.values() if c.offered]
    longest: Counter[str] = Counter()
    found: dict[str, dict[str, Entry]] = {c.name: {} for c in asking}
    for data in tasks if asking else ():
        for control in asking:
            entries = [*_entries(_Tag("", {}, "", _offered(look_up(data, control.offered))), "choice")]
            longest[control.name] = max(longest[control.name], len(entries))
            if len(found[control.name]) <= _MAX_OFFERED:
                found[control.name].update({entry.name: entry for entry in entries})
    taken = {
        c.name: msgspec.structs.replace(c, entries=(*c.entries, *found[c.name].values()), offered="")
        for c in asking
        if 0 < len(found[c.name]) < min(2 * longest[c.name], _MAX_OFFERED + 1)
    }
    return msgspec.structs.replace(config, controls={**config.controls, **taken}) if taken else config


def _offered(listed: Any, depth: int = 0) -> list[_Tag]:
    """Options that a task offers as tags: objects with the attributes of one, those below them as ``children``."""
    found = [one if isinstance(one, dict) else {"value": one} for one in (listed if isinstance(listed, list) else ())]
    return [
        _Tag(
            "choice",
            {k: v for k, v in zip(one, map(_said, one.values())) if v},
            "",
            _offered(one.get("children"), depth + 1),
        )
        for one in found
        if depth < MAX_DEPTH
    ]


def _said(value: Any) -> str:
    """A text or a number as the editor writes it; empty for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


# ------------------------------------------------------------------------------------------------------- schema


class Declared(Struct, frozen=True):
    """The schema, and the names of labels that two controls declare for the same kind: (control, label) → name."""

    schema: Schema
    renamed: dict[tuple[str, str], str]


def declare(config: Config, log: Log) -> Declared:
    """What a config says about labels and questions."""
    kinds = _kinds(config)
    shared = Counter((e.name, kind) for c in config.controls.values() for e in c.labels for kind in kinds[c.name])
    renamed = {
        (control.name, entry.name): f"{base_name(control.name)}/{entry.name}"
        for control in config.controls.values()
        for entry in control.labels
        if any(shared[entry.name, kind] > 1 for kind in kinds[control.name])
    }
    if renamed:
        log.decide(
            f"several controls have the same labels for the same kind of shape: {', '.join(sorted(renamed.values())[:5])}"
            f"{', …' if len(renamed) > 5 else ''} are told apart by the control's name"
        )
    labels: dict[str, Label] = {}
    for control in config.controls.values():
        for name, color, label in _labels_of(control, config, renamed):
            if not kinds[control.name]:
                continue
            old = labels.get(name)
            both = (*old.kinds, *(k for k in kinds[control.name] if k not in old.kinds)) if old else kinds[control.name]
            questions = _region_questions(config, control, label)
            if old:
                questions = old.attributes + tuple(q for q in questions if q not in old.attributes)
            labels[name] = Label(name, both, (old.color if old else "") or color, questions)
    return Declared(Schema(tuple(labels.values()), tuple(_questions(config))), renamed)


def _labels_of(control: Control, config: Config, renamed: dict[tuple[str, str], str]) -> Iterator[tuple[str, str, str]]:
    """Classes of a control: name, colour, and the label as the control names it."""
    for entry in control.labels:
        yield renamed.get((control.name, entry.name), entry.name), entry.color, entry.name
    if control.labelling or (not control.entries and is_bare_tool(control, config)):
        name = base_name(control.name)
        yield name, "", name


def is_bare_tool(control: Control, config: Config) -> bool:
    """Whether a control draws shapes that no control on its object gives labels to.

    Those of a timeline or of another tool label their own regions alone.
    """
    return control.tag in TOOL_KINDS and not any(
        c.tag in ("labels", f"{control.tag}labels") and set(c.targets) & set(control.targets)
        for c in config.controls.values()
    )


def _kinds(config: Config) -> dict[str, tuple[Kind, ...]]:
    """The kinds of shape that the labels of each control are for; none for those that become questions."""
    found: dict[str, tuple[Kind, ...]] = {}
    for control in config.controls.values():
        shown = [config.objects[t].tag for t in control.targets if t in config.objects]
        if (control.tag == "labels" or control.labelling) and shown and shown[0] in TEXT_TAGS:
            kinds: tuple[Kind, ...] = (Kind.ENTITY,)
        elif control.tag == "labels" and not (shown and shown[0] in TIMED_TAGS):
            tools = [c for c in config.controls.values() if set(c.targets) & set(control.targets)]
            kinds = tuple(dict.fromkeys(k for tool in tools for k in TOOL_KINDS.get(tool.tag, ())))
        else:
            kinds = TOOL_KINDS.get(control.tag.removesuffix("labels"), ())
        found[control.name] = kinds
    return found


def _region_questions(config: Config, labels: Control, label: str) -> tuple[Question, ...]:
    return tuple(
        question_of(c)
        for c in config.controls.values()
        if c.per_region
        and c.is_answer
        and c.tag not in ("pairwise", "ranker")
        and set(c.targets) & set(labels.targets)
        and (not c.when_tag or c.when_tag == labels.name)
        and (not c.when_labels or label in c.when_labels)
    )


def _questions(config: Config) -> Iterator[Question]:
    nested: dict[tuple[str, str], list[Question]] = {}
    for control in config.controls.values():
        parent = parent_of(control, config)
        if parent is not None:
            for option in control.when_choices:
                nested.setdefault((parent.name, option), []).append(question_of(control))
    for control in config.controls.values():
        timed = control.tag == "labels" and any(
            config.objects[t].tag in TIMED_TAGS for t in control.targets if t in config.objects
        )
        if timed or control.tag == "timelinelabels":
            options = tuple(
                Option(e.name, e.shown, _region_questions(config, control, e.name)) for e in control.entries
            )
            yield Question(base_name(control.name), Input.CHECKLIST, options, control.required, index=True)
        elif control.is_answer and control.tag not in ("pairwise", "ranker") and not control.per_region:
            if parent_of(control, config) is not None:
                continue
            question = question_of(control)
            yield _with_nested(question, control.name, nested)


def _with_nested(question: Question, name: str, nested: dict[tuple[str, str], list[Question]]) -> Question:
    """A question with those that are asked under its options, at every depth."""
    options = tuple(
        msgspec.structs.replace(
            option,
            attributes=(
                *(_with_nested(q, name, nested) for q in option.attributes),
                *nested.get((name, option.value), ()),
            ),
        )
        for option in question.options
    )
    return msgspec.structs.replace(question, options=options)


def parent_of(control: Control, config: Config) -> Control | None:
    """The choices or the taxonomy under whose options, at any depth, a question is asked."""
    if not control.when_choices or not control.is_answer or control.per_region:
        return None
    parent = config.controls.get(control.when_tag)
    if parent is None or parent.tag not in ("choices", "taxonomy") or parent.per_region or parent.when_choices:
        return None
    known = parent.name != control.name and any(e.name in control.when_choices for e in every_entry(parent.entries))
    return parent if known else None


def question_of(control: Control) -> Question:
    """A control that asks, as a question."""
    name = base_name(control.name)
    if control.tag == "rating":
        options = tuple(Option(str(n)) for n in range(1, control.maximum + 1))
        return Question(name, Input.RADIO, options, control.required)
    if control.tag not in ("choices", "taxonomy"):
        return Question(name, Input.TEXT, (), control.required)
    input = Input.CHECKLIST if control.multiple and control.tag == "choices" else Input.RADIO
    # how many paths of a taxonomy are chosen at each level is seen in the answers
    return Question(name, None if control.tag == "taxonomy" and control.multiple else input, _options(control.entries),
                    control.required)  # fmt: skip


def _options(entries: tuple[Entry, ...]) -> tuple[Option, ...]:
    return tuple(
        Option(e.name, e.shown, (Question(e.name, None, _options(e.below)),) if e.below else ()) for e in entries
    )


def observed(seen: Collection[tuple[str, str, str, str]], pages: int) -> Config:
    """A stand-in for a missing config, from (control, object, type, source) of the regions.

    ``pages``: how many objects a Repeater can make of what tasks show. Controls that all end in the number of their object
    are then its controls.
    """
    controls: dict[str, Control] = {}
    types: dict[str, list[str]] = {}
    sources: dict[str, str] = {}
    numbered = {(control, found[0]) for control, shown, _, _ in seen if pages and (found := _NUMBERED.search(shown))}
    fits = all(name.endswith(end) and int(end[1:]) < pages for name, end in numbered)
    repeated = {control for control, _ in numbered} if fits else set[str]()
    for control, shown, kind, source in seen:
        types.setdefault(shown, []).append(kind)
        sources[shown] = sources.get(shown) or source
        name = _NUMBERED.sub(r"\1{{idx}}", control) if control in repeated else control
        targets = controls[name].targets if control in repeated and name in controls else ()
        controls[name] = Control(name, kind, (*targets, shown))
    shown_by = {n: Shown(n, _tag_of(kinds), sources[n]) for n, kinds in types.items() if n}
    return Config(controls, shown_by, tuple(name for name in controls if "{{" in name))


_TAG_OF_TYPE = (
    ("video", "video"), ("timeline", "video"), ("timeseries", "timeseries"), ("paragraph", "paragraphs"),
    ("hypertext", "hypertext"), ("html", "hypertext"), ("rectangle", "image"), ("polygon", "image"), ("ellipse", "image"),
    ("keypoint", "image"), ("brush", "image"), ("magicwand", "image"), ("bitmask", "image"), ("vector", "image"),
    ("ocr", "pdf"), ("chatmessage", "chat"),
)  # fmt: skip


def _tag_of(types: Iterable[str]) -> str:
    """The object tag that region types need; empty when they fit several."""
    for start, tag in _TAG_OF_TYPE:
        if any(kind.startswith(start) for kind in types):
            return tag
    return ""
