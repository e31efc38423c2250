"""What an export says of itself: its labels with their attributes, and the tasks with their frames.

XML keeps it in ``meta/task``, ``meta/job`` or ``meta/project``, backups in ``task.json`` and ``project.json``, the server
in its task and label records. Frame numbers of tasks are those of the source media, ``start_frame`` and ``step`` counted
in. A sublabel of a skeleton is known by (skeleton, name) only: other skeletons may use the same name.

Blanks around names and chosen answers are no part of them, here and in the annotations: scripts indent what they write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from to_labelbox.model.schema import Input, Kind, Label, Option, Question, Schema
from to_labelbox.source.xml import Element, local_name

TAGS = "tags"
"""Name of the question that whole-frame labels answer."""

KINDS = {
    "rectangle": Kind.BOX,
    "bbox": Kind.BOX,
    "polygon": Kind.POLYGON,
    "ellipse": Kind.POLYGON,
    "cuboid": Kind.POLYGON,
    "mask": Kind.MASK,
    "polyline": Kind.LINE,
    "points": Kind.POINT,
}
"""Label types as kinds on images. ``any``, old files without a type, and unknown types are open."""

_SINGLE = ("select", "radio")
_TEXTS = ("number", "text")


class AttributeSpec(Struct, frozen=True):
    """A declared attribute. ``mutable`` None: old files do not say."""

    name: str
    input_type: str
    values: tuple[str, ...] = ()
    mutable: bool | None = None
    id: int | None = None
    blanks: str = ""  # the whole text of ``values`` where it may be one value or several between blanks

    def question(self) -> Question:
        index = self.mutable is not False
        if self.input_type == "checkbox":
            return Question(self.name, Input.RADIO, (Option("true"), Option("false")), index=index)
        if self.input_type in _SINGLE and self.values:
            return Question(self.name, Input.RADIO, tuple(Option(v) for v in self.values), index=index)
        options = () if self.input_type else tuple(Option(v) for v in self.values)
        return Question(self.name, Input.TEXT if self.input_type else None, options, index=index)


class LabelSpec(Struct, frozen=True):
    """A declared label; ``elements`` are the sublabels of a skeleton."""

    name: str
    type: str = ""
    color: str = ""
    attributes: tuple[AttributeSpec, ...] = ()
    elements: tuple[LabelSpec, ...] = ()
    id: int | None = None


class TaskSpec(Struct, frozen=True):
    """A task or job: its media and frames. ``offset`` is what a project export has added to its frame numbers.

    ``pictures``: it says that it is not about a video. ``deleted``: frames that are left out, as the media counts.
    ``length``: frames of the video itself, where that is known. ``jobs``: the addresses of its jobs, or its own, without
    the protocol, from which servers move to another. ``overlap``: frames that two jobs share at most.
    """

    id: str = ""
    name: str = ""
    subset: str = ""
    size: int | None = None
    start: int = 0
    stop: int | None = None
    step: int = 1
    source: str = ""
    width: int | None = None
    height: int | None = None
    video: bool = False
    pictures: bool = False
    offset: int = 0
    deleted: frozenset[int] = frozenset()
    length: int | None = None
    jobs: frozenset[str] = frozenset()
    overlap: int | None = None

    @property
    def last(self) -> int | None:
        """The last sampled frame, as the media counts; None when it is not known."""
        ends = [self.start + (self.size - 1) * self.step] if self.size else []
        unset = not self.stop and (self.size or 0) > 1  # files of 2020 say 0
        if self.stop is not None and self.stop >= self.start and not unset:
            ends.append(self.start + (self.stop - self.start) // self.step * self.step)
        return min(ends) if ends else None


class Meta(Struct, frozen=True):
    """Everything that is declared. ``project``: made from several tasks, so ids restart and frames are shifted.

    ``written``: CVAT's server wrote the file. It makes a track of one row of each shape that was no track, and leaves out
    the row that hides it again near the end of the task, in projects of all tasks but the first as well. ``dumped``: when.
    """

    labels: tuple[LabelSpec, ...] = ()
    tasks: tuple[TaskSpec, ...] = ()
    project: bool = False
    found: bool = True
    written: bool = False
    dumped: str = ""


# ------------------------------------------------------------------------------------------------------- values


def whole(text: Any, least: int = 0) -> int | None:
    """A whole number not below ``least``, or None; ``640.0``, as tables of data frames are written, is one."""
    if isinstance(text, bool):
        return None
    plain = str(text).strip().removesuffix(".0")
    try:
        number = int(plain)
    except ValueError:
        return None
    return number if number >= least and abs(number) < 2**53 else None


def step_of(frame_filter: str) -> int:
    """``step=N``; anything else is every frame."""
    match = re.fullmatch(r"\s*step\s*=\s*(\d{1,9})\s*", frame_filter)
    return max(1, int(match[1])) if match else 1


def _boolean(text: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower())


def _attribute(name: str, input_type: str, values: str | Sequence[str], default: str, mutable: bool | None, id: int | None) -> AttributeSpec:  # fmt: skip
    """Values are separated by line breaks; hand-made files use blanks, told by a default that is one of the pieces."""
    kind = input_type.strip().lower()
    blanks = ""
    if isinstance(values, str):
        text = values.strip()
        options = [v.strip() for v in text.splitlines() if v.strip()]
        if len(options) == 1 and " " in text and kind in (*_SINGLE, "checkbox") and default.strip() != text:
            if default.strip() in text.split():
                options = text.split()
            else:
                blanks = text
    else:
        options = [str(v).strip() for v in values]
    return AttributeSpec(name, kind, tuple(dict.fromkeys(options)), mutable, id, blanks)


# ---------------------------------------------------------------------------------------------------------- XML


def _child(element: Element | None, name: str) -> Element | None:
    if element is None:
        return None
    return next((c for c in element if local_name(c) == name), None)


def _text(element: Element | None, name: str) -> str:
    child = _child(element, name)
    return (child.text or "").strip() if child is not None else ""


def _children(element: Element | None, *path: str) -> list[Element]:
    found = [element] if element is not None else []
    for name in path:
        found = [c for e in found for c in e if local_name(c) == name]
    return found


Holds = Callable[[set[bytes]], set[bytes]]


def meta_of_xml(element: Element | None, holds: Holds) -> Meta:
    """``holds`` tells which texts of attributes the file contains, to decide whether blanks separate values."""
    if element is None:
        return Meta(found=False)
    project = _child(element, "project")
    owner = project if project is not None else _child(element, "task")
    if owner is None:
        owner = _child(element, "job")
    # Scripts put the labels beside the task.
    labels = (_labels_of_xml(owner, holds) if owner is not None else ()) or _labels_of_xml(element, holds)
    if project is not None:
        tasks = [_task_of_xml(t, element) for t in _children(project, "tasks", "task")]
        written = _is_written(_children(project, "tasks", "task"))
        return Meta(labels, with_offsets(tasks), True, written=written, dumped=_text(element, "dumped"))
    tasks = [_task_of_xml(owner, element)] if owner is not None else []
    return Meta(labels, tuple(tasks), written=_is_written([owner]), dumped=_text(element, "dumped"))


def _is_written(tasks: Iterable[Element | None]) -> bool:
    """Other writers know of no jobs, the segments of a task."""
    return any(_children(task, "segments", "segment") for task in tasks)


_PICTURES = re.compile(r"\d+ images?: ")
"""What CVAT gave as the source of a task of pictures until 2019: ``16 images: a.jpg, b.jpg, ...``."""


def _task_of_xml(task: Element, meta: Element) -> TaskSpec:
    size = _child(task, "original_size")
    if size is None:
        size = _child(meta, "original_size")
    source = _text(task, "source") or _text(meta, "source")
    if _PICTURES.match(source):
        source = ""
    width, height = whole(_text(size, "width"), 1), whole(_text(size, "height"), 1)
    mode = _text(task, "mode")
    return TaskSpec(
        id=_text(task, "id"),
        name=_text(task, "name"),
        subset=_text(task, "subset"),
        size=whole(_text(task, "size"), 1),
        start=whole(_text(task, "start_frame")) or 0,
        stop=whole(_text(task, "stop_frame")),
        step=step_of(_text(task, "frame_filter")),
        source=source,
        width=width if height else None,
        height=height if width else None,
        video=mode == "interpolation" or size is not None,
        pictures=mode == "annotation" and size is None,
        jobs=frozenset(
            url.rpartition("://")[2] for s in _children(task, "segments", "segment") if (url := _text(s, "url"))
        ),
        overlap=whole(_text(task, "overlap")),
    )


def _labels_of_xml(owner: Element, holds: Holds) -> tuple[LabelSpec, ...]:
    top: dict[str, list[LabelSpec]] = {}
    parts: dict[str, list[LabelSpec]] = {}
    specs = [
        [s for s in map(_attribute_of_xml, _children(element, "attributes", "attribute")) if s is not None]
        for element in _children(owner, "labels", "label")
    ]
    doubtful = {a.blanks.encode() for own in specs for a in own if a.blanks}
    whole_texts = holds(doubtful) if doubtful else set()
    for element, own in zip(_children(owner, "labels", "label"), specs):
        attributes = tuple(_split_at_blanks(a) if a.blanks.encode() not in whole_texts else a for a in own)
        name = _text(element, "name")
        if not name:
            continue
        label = LabelSpec(name, _text(element, "type").lower(), _text(element, "color"), attributes)
        parent = _text(element, "parent")
        if parent:
            parts.setdefault(parent, []).append(label)
        else:
            top.setdefault(name, []).append(label)
    for parent, elements in parts.items():
        first, *others = top.get(parent) or [LabelSpec(parent, "skeleton")]
        top[parent] = [replace(first, elements=tuple(elements)), *others]
    return tuple(label for same in top.values() for label in same)


_LINE = re.compile(r"\s*([@~])(\w+)=([^:]+):?(.*)", re.DOTALL)
"""An attribute as CVAT wrote it until 2019: ``~select=color:red,blue``; ``@`` is immutable, ``~`` mutable."""


def _attribute_of_xml(element: Element) -> AttributeSpec | None:
    name = _text(element, "name")
    if name:
        return _attribute(
            name,
            _text(element, "input_type"),
            _text(element, "values"),
            _text(element, "default_value"),
            _boolean(_text(element, "mutable")),
            None,
        )
    line = _LINE.fullmatch(element.text or "")
    if line is None:
        return None
    prefix, kind, name, values = line.groups()
    options = [v.strip() for v in values.split(",") if v.strip()]
    return _attribute(name.strip(), kind, options, "", prefix == "~", None)


def _split_at_blanks(attribute: AttributeSpec) -> AttributeSpec:
    """Values between blanks, unless some shape's answer is the whole text."""
    return replace(attribute, values=tuple(dict.fromkeys(attribute.blanks.split()))) if attribute.blanks else attribute


def with_offsets(tasks: Iterable[TaskSpec]) -> tuple[TaskSpec, ...]:
    """A project export counts the frames of a subset through: each task shifts those after it, in order of their ids."""
    shift: dict[str, int] = {}
    found = list(tasks)
    order = sorted(range(len(found)), key=lambda i: (found[i].subset, whole(found[i].id) or 0, i))
    for i in order:
        task = found[i]
        offset = shift.get(task.subset, 0)
        found[i] = replace(task, offset=offset)
        shift[task.subset] = offset + task.start + task.step * (task.size or 0)
    return tuple(found)


# --------------------------------------------------------------------------------------------------------- JSON


def labels_of_json(records: Any) -> tuple[LabelSpec, ...]:
    """Labels of ``task.json`` or of the server; sublabels stand inside their skeleton."""
    if isinstance(records, dict):
        records = records.get("results", records.get("labels"))
    if not isinstance(records, list):
        return ()
    return tuple(
        _label_of_json(record)
        for record in records
        if isinstance(record, dict) and isinstance(record.get("name"), str) and not record.get("has_parent")
    )


def _label_of_json(record: Mapping[str, Any]) -> LabelSpec:
    specs = record.get("attributes")
    attributes = tuple(
        _attribute(
            a["name"].strip(),
            str(a.get("input_type", "")),
            a["values"] if isinstance(a.get("values"), list | str) else "",
            str(a.get("default_value", "")),
            a.get("mutable") if isinstance(a.get("mutable"), bool) else None,
            whole(a.get("id")),
        )
        for a in (specs if isinstance(specs, list) else ())
        if isinstance(a, dict) and isinstance(a.get("name"), str)
    )
    parts = record.get("sublabels")
    elements = tuple(
        _label_of_json(e)
        for e in (parts if isinstance(parts, list) else ())
        if isinstance(e, dict) and isinstance(e.get("name"), str) and not e.get("sublabels")
    )
    color = record.get("color")
    return LabelSpec(
        record["name"].strip(),
        str(record.get("type", "")).lower(),
        color if isinstance(color, str) else "",
        attributes,
        elements,
        whole(record.get("id")),
    )


# ------------------------------------------------------------------------------------------------------- schema


def element_label(skeleton: str, element: str) -> str:
    return f"{skeleton}/{element}"


def questions_of(label: LabelSpec) -> tuple[Question, ...]:
    return joined((), (a.question() for a in label.attributes))


def declared_apart(labels: Iterable[LabelSpec]) -> Iterator[tuple[str, str]]:
    """Labels that are declared several times, and what of them is declared in different ways; the order of values is none."""
    found: dict[str, list[LabelSpec]] = {}
    for label in labels:
        found.setdefault(label.name, []).append(label)
        for element in label.elements:
            found.setdefault(element_label(label.name, element.name), []).append(element)
    for name, same in found.items():
        attributes: dict[str, set[tuple[object, ...]]] = {}
        for question in (a.question() for label in same for a in label.attributes):
            what = question.input, question.index, frozenset(o.value for o in question.options)
            attributes.setdefault(question.name, set()).add(what)
        apart = [
            *(["its type"] if len({label.type for label in same} - {""}) > 1 else ()),
            *(["its colour"] if len({label.color.lower() for label in same} - {""}) > 1 else ()),
            *(
                ["which attributes it has"]
                if len({frozenset(a.name for a in label.attributes) for label in same}) > 1
                else ()
            ),
            *(f"attribute {attribute!r}" for attribute, told in attributes.items() if len(told) > 1),
        ]
        if apart:
            yield name, ", ".join(apart)


def schema_of(
    labels: Iterable[LabelSpec], tagged: Iterable[str], kinds: Mapping[str, Kind], common: tuple[Question, ...] = ()
) -> Schema:
    """Labels and attributes as declared, used or not; ``tagged`` are labels of any type that are used as tags.

    ``common`` are questions about everything that is drawn.

    Labels of one name are one label with the attributes, types and options of all.
    """
    merged: dict[str, Label] = {}
    tags: dict[str, Option] = {}
    used = set(tagged)
    for spec in labels:
        questions = questions_of(spec)
        if spec.type == "tag" or spec.name in used:
            known = tags.get(spec.name)
            nested = tuple(replace(q, index=False) for q in questions)
            tags[spec.name] = Option(spec.name, "", joined(known.attributes if known else (), nested))
        if spec.type == "tag":
            continue
        if spec.elements or spec.type == "skeleton":
            for element in spec.elements:
                own = joined(joined(questions, questions_of(element)), common)
                name = element_label(spec.name, element.name)
                _add(merged, Label(name, (Kind.POINT,), element.color or spec.color, own))
            continue
        kind = kinds.get(spec.type)
        _add(merged, Label(spec.name, (kind,) if kind else (), spec.color, joined(questions, common)))
    asked = (Question(TAGS, None, tuple(tags.values()), classes=True),) if tags else ()
    return Schema(tuple(merged.values()), asked)


def _add(merged: dict[str, Label], label: Label) -> None:
    known = merged.get(label.name)
    if known is None:
        merged[label.name] = label
        return
    kinds = tuple(dict.fromkeys((*known.kinds, *label.kinds)))
    merged[label.name] = replace(
        known, kinds=kinds, color=known.color or label.color, attributes=joined(known.attributes, label.attributes)
    )


def joined(first: Iterable[Question], second: Iterable[Question]) -> tuple[Question, ...]:
    questions = {q.name: q for q in first}
    for question in second:
        known = questions.get(question.name)
        if known is None:
            questions[question.name] = question
        elif known.input is Input.RADIO and question.input is Input.RADIO:
            values = {o.value for o in known.options}
            extra = tuple(o for o in question.options if o.value not in values)
            questions[question.name] = replace(
                known, options=known.options + extra, index=known.index or question.index
            )
        elif known.input is not question.input:
            questions[question.name] = Question(known.name, Input.TEXT, index=known.index or question.index)
    return tuple(questions.values())
