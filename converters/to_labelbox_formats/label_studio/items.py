"""A task to its items: regions are grouped, placed on their assets and read one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Raw

from to_labelbox.diagnostics import UNNAMED, UNREADABLE, Code, Log
from to_labelbox.formats import ReadContext
from to_labelbox.model import (
    Attribute,
    Choice,
    Classification,
    Item,
    Media,
    Object,
    Relationship,
)
from to_labelbox_formats.label_studio.assets import Sizes, Slot, slots_of
from to_labelbox_formats.label_studio.canvas import Canvas
from to_labelbox_formats.label_studio.config import Config, Control, Declared, base_name, is_bare_tool, parent_of
from to_labelbox_formats.label_studio.options import Options
from to_labelbox_formats.label_studio.records import (
    ANNOTATION,
    UNDECODABLE,
    Annotation,
    Region,
    Task,
    Value,
    decode_data,
    decode_value,
    decode_value_loosely,
    is_nothing,
)
from to_labelbox_formats.label_studio.region import RegionReader
from to_labelbox_formats.label_studio.select import chosen
from to_labelbox_formats.label_studio.shapes import (
    Group,
    Unusable,
    grouped,
    labels_of,
    plain_shape,
)

RELATION = "relation"
_REPETITION = re.compile(r"[_\-. ](\d{1,6})$")


Wanted = Callable[[Slot], bool]


class Reader:
    """Reads tasks into canvases, one log at a time."""

    def __init__(self, config: Config, declared: Declared, options: Options, context: ReadContext) -> None:
        self.config = config
        self.options = options
        self.exif = context.exif
        self.sizes = Sizes(context, options.default_size)
        self._renamed = declared.renamed
        self._controls: dict[str, Control | None] = {}
        self._names: dict[tuple[str | None, str], str] = {}
        self._known = {(c.name, e.name) for c in config.controls.values() for e in c.entries}
        self._bare = {c.name for c in config.controls.values() if is_bare_tool(c, config)}
        self.file = self.place = ""
        self.own = True
        self.log = Log()

    # ---------------------------------------------------------------------------------------------------- tasks

    def canvases(
        self, task: Task, others: Iterable[Task], wanted: Wanted, *, own: bool = True, prefix: str = ""
    ) -> list[Canvas]:
        """The assets of a task with their annotations; of those that are not wanted nothing is counted.

        ``others``: records that hold further annotations of the task. ``own``: what cannot be decoded is counted now.
        """
        log, file, place = self.log, self.file, self.place
        self.own = own
        try:
            data = decode_data(task.data) if task.data else {}
        except UNDECODABLE as error:
            log.note(Code.RECORD_UNREADABLE, f"its data is no readable object: {error}", file=file, where=place)
            data = {}
        slots, missing = slots_of(data, self.config, self.options.data_key)
        by_ref: dict[str, Canvas] = {}
        self._canvases: list[Canvas | None] = []
        for slot in slots:
            canvas = by_ref.get(slot.ref) if slot.ref else None
            if canvas is None and slot.media is not None and wanted(slot):
                canvas = Canvas(slot, self.sizes, self.exif)
                by_ref[slot.ref or f" {len(by_ref)}"] = canvas
            self._canvases.append(canvas)
        self._slots = slots
        self._missing = missing
        self._counts_all = not slots or wanted(slots[0])
        if not slots:
            log.note(Code.ASSET_UNKNOWN, missing, file=file, where=place)
        annotations = [a for t in (task, *others) for a in t.annotations or t.completions or ()]
        selected = chosen(annotations, self.options)
        several = len(selected) > 1
        kept = set(map(id, selected))
        for annotation in annotations:
            if id(annotation) in kept:
                tag = f"{prefix}{annotation.id if annotation.id is not None else annotations.index(annotation)}:"
                self._annotation(annotation, tag if several else prefix)
            else:
                reason = "it was cancelled" if annotation.cancelled else f"annotator={self.options.annotator}"
                self._leave_out(annotation, Code.NOT_SELECTED, f"this annotation of the task is not selected: {reason}")
        take_drafts = self.options.drafts and not selected
        for one in (task, *others):
            self._extra(one.drafts, "drafts", take_drafts, prefix)
            self._extra(one.predictions, "predictions", self.options.predictions and not selected, prefix)
        return list(by_ref.values())

    def item(self, canvas: Canvas, path: str) -> Item:
        """The finished item of an asset."""
        log = self.log
        origin = self.file or self.place  # the place of an annotation tells its task
        if canvas.slot.media is Media.IMAGE and canvas.objects and self.exif:
            if canvas.unchecked:
                log.note(
                    Code.EXIF_UNCHECKED,
                    "the picture is not at hand, so its EXIF orientation could not be checked: give --media-root",
                    file=path,
                )
            elif canvas.orientation > 1:
                log.note(
                    Code.EXIF_TURNED,
                    f"shapes were turned back to the stored picture (EXIF orientation {canvas.orientation})",
                    file=path,
                )
        if canvas.view_turned:
            log.note(
                Code.ROTATION_IGNORED,
                "the picture was turned in the editor (image_rotation); shapes refer to the picture as it is",
                file=path,
            )
        if canvas.mismatch:
            log.note(
                Code.IMAGE_SIZE_MISMATCH,
                "the picture has another size than its regions say; its own is used",
                file=path,
            )
        return Item(asset=canvas.asset(path), annotations=canvas.annotations, origin=origin)

    def _extra(self, raw: Raw, what: str, use: bool, prefix: str) -> None:
        """Predictions and drafts: counted, and the last of them read where that was asked for."""
        if is_nothing(raw):
            return
        try:
            if not any(isinstance(p, dict) for p in msgspec.json.decode(raw, type=list[Any])):
                return  # ids only
        except UNDECODABLE:
            pass
        found = list(ANNOTATION.decode_list(raw, f"{self.place} {what}", self.complain))
        for annotation in found:
            if use and annotation is found[-1]:
                self._annotation(annotation, prefix)
            elif what == "predictions":
                self._leave_out(
                    annotation, Code.PREDICTION, "predictions are not ground truth; -O predictions=true takes them"
                )
            else:
                self._leave_out(annotation, Code.NOT_SELECTED, "drafts are not ground truth; -O drafts=true takes them")

    def complain(self, place: str, message: str) -> None:
        """A part of a task that could not be decoded: a region counts as read and skipped."""
        if not self.own:
            return
        if place.rpartition(".")[2].startswith("result["):
            self.log.read(UNREADABLE)
            self.log.skip(Code.RECORD_UNREADABLE, UNREADABLE, message, file=self.file, where=place)
        elif "." in place:
            self.log.note(Code.RECORD_UNREADABLE, message, file=self.file, where=place)
        else:
            self.log.file_unreadable(self.file, f"the task at {place} {message}")

    # ------------------------------------------------------------------------------------------------- regions

    def _leave_out(self, annotation: Annotation, code: Code, message: str) -> None:
        """Count the regions of an annotation that is not converted."""
        groups, relations = grouped(annotation.result or [])
        for group in groups:
            if not self._counts(group.entries[0]):
                continue
            label = self._ledger_label(group)
            self.log.read(label)
            self.log.skip(code, label, message, file=self.file, where=self.place, id=_text(group.entries[0].id))
        owners = {g.entries[0].id: g.entries[0] for g in groups} if relations else {}
        for _, relation in relations:
            if self._counts(owners.get(relation.from_id, relation)):
                name = (_labels(relation) or [RELATION])[0]
                self.log.read(name)
                self.log.skip(code, name, message, file=self.file, where=self.place)

    def _counts(self, entry: Region) -> bool:
        """Whether a region belongs to an asset that is wanted now; one without an asset goes with the first."""
        try:
            return self._canvas_of(entry) is not None
        except Unusable:
            return self._counts_all

    def _ledger_label(self, group: Group) -> str:
        try:
            for entry in group.entries:
                labels = labels_of(decode_value(entry.value)) if entry.value else []
                if labels and labels[0]:
                    return labels[0]
        except UNDECODABLE:
            return UNREADABLE
        return group.entries[0].from_name or UNNAMED

    def _canvas_of(self, entry: Region) -> Canvas | None:
        """The asset that a region is on; None when it is not wanted now. Raises :class:`Unusable`."""
        slots = self._slots
        if not slots:
            raise Unusable(Code.ASSET_UNKNOWN, f"the asset of the task cannot be told: {self._missing}")
        if len(slots) == 1 and not entry.item_index:
            canvas = self._canvases[0]
            slot = slots[0]
        else:
            page = self._repetition(entry) if entry.item_index is None else int(entry.item_index)
            fitting = [n for n, s in enumerate(slots) if s.shown == entry.to_name] or (
                list(range(len(slots))) if len({s.shown for s in slots}) == 1 else []
            )
            on_page = [n for n in fitting if slots[n].page == page]
            if not on_page and fitting and not any(slots[n].paged for n in fitting):
                on_page = fitting
            if not on_page:
                what = f"no object {entry.to_name!r}" + (f" with a page {page}" if fitting else "")
                raise Unusable(Code.ASSET_UNKNOWN, f"the task shows {what}")
            canvas, slot = self._canvases[on_page[0]], slots[on_page[0]]
        if slot.media is None:
            raise Unusable(Code.UNSUPPORTED, f"a {slot.tag} has no counterpart in Labelbox")
        return canvas

    def _repetition(self, entry: Region) -> int:
        """The page of a list that an object of a Repeater shows, which without a config only its name tells."""
        found = None if self.config.found else _REPETITION.search(entry.to_name or "")
        page = int(found.group(1)) if found else 0
        return page if any(s.paged and s.page == page for s in self._slots) else 0

    def _annotation(self, annotation: Annotation, prefix: str) -> None:
        groups, relations = grouped(annotation.result or [])
        answers: list[tuple[Canvas, Control | None, Classification]] = []
        where = f"{self.place} annotation {annotation.id}" if annotation.id is not None else self.place
        only = self._canvases[0] if len(self._canvases) == 1 else None
        if only is not None and only.slot.media is Media.IMAGE and not prefix:
            self._pictures(groups, only, where, answers)
        else:
            for group in groups:
                self._group(group, prefix, where, answers)
        self._place_answers(answers)
        owners = {g.entries[0].id: g.entries[0] for g in groups} if relations else {}
        for number, relation in relations:
            if self._counts(owners.get(relation.from_id, relation)):
                self._relation(relation, number, prefix, where)

    def _pictures(
        self,
        groups: list[Group],
        canvas: Canvas,
        where: str,
        answers: list[tuple[Canvas, Control | None, Classification]],
    ) -> None:
        """Regions on one picture: those that most exports are made of are read without the general machinery."""
        names, ids, ledger = self._names, canvas.ids, self.log.ledger
        for group in groups:
            entry = group.entries[0]
            name = shape = None
            if len(group.entries) == 1 and not entry.item_index and not entry.meta:
                size = canvas.frame(entry)
                found = plain_shape(entry, size[0], size[1]) if size is not None and canvas.orientation == 1 else None
                if found is not None:
                    label, shape = found
                    name = names.get((entry.from_name, label)) or self._plain_name(entry, label)
            identity = entry.id
            if name is None or shape is None or type(identity) is not str or identity in ids:
                self._group(group, "", where, answers)
                continue
            ids.add(identity)
            canvas.objects.add(identity)
            ledger[name].read += 1
            canvas.annotations.append(
                Object(id=identity, label=name, geometry=shape, where=f"{where} result[{group.number}]")
            )

    def _plain_name(self, entry: Region, label: str) -> str | None:
        """The class of a label about which there is nothing to say."""
        if not label or (self.config.found and not self._is_known(entry.from_name, label)):
            return None
        name = self._names[entry.from_name, label] = self.label(entry, label)
        return name

    def _is_known(self, control: str | None, label: str) -> bool:
        known = self.control(control)
        return known is not None and (known.name, label) in self._known

    def _group(
        self, group: Group, prefix: str, where: str, answers: list[tuple[Canvas, Control | None, Classification]]
    ) -> None:
        first = group.entries[0]
        place = f"{where} result[{group.number}]"
        label = ""
        canvas: Canvas | None = None
        try:
            canvas = self._canvas_of(first)
            if canvas is None:
                return
            values = _values(group.entries)
            label = self._label_for_ledger(group, values)
            region = RegionReader(
                self, canvas, group, values, label, self._identity(first, group.number, prefix, canvas), place
            )
            region.read(answers)
        except Unusable as problem:
            if canvas is None and not self._counts_all:
                return
            label = label or self._ledger_label(group)
            self.log.read(label)
            self.log.skip(problem.code, label, str(problem), file=self.file, where=place, id=_text(first.id))
        except UNDECODABLE as error:
            self.log.read(UNREADABLE)
            self.log.skip(
                Code.RECORD_UNREADABLE, UNREADABLE, f"its value cannot be read: {error}", file=self.file, where=place,
                id=_text(first.id),
            )  # fmt: skip

    def _label_for_ledger(self, group: Group, values: list[Value]) -> str:
        for value in values:
            labels = labels_of(value)
            if labels and labels[0]:
                return labels[0]
        return group.entries[0].from_name or UNNAMED

    def _identity(self, entry: Region, number: int, prefix: str, canvas: Canvas) -> str:
        return self._unique(f"{prefix}{entry.id}" if entry.id is not None else f"{prefix}#{number}", canvas)

    def _unique(self, identity: str, canvas: Canvas) -> str:
        while identity in canvas.ids:
            identity += "'"
        canvas.ids.add(identity)
        return identity

    def control(self, name: str | None) -> Control | None:
        if name is None:
            return None
        if name not in self._controls:
            self._controls[name] = self.config.control(name)
        return self._controls[name]

    def question(self, name: str | None) -> str:
        """The name of the question that a control asks."""
        control = self.control(name)
        return base_name(control.name) if control else name or UNNAMED

    def label(self, entry: Region, label: str) -> str:
        """The class of a label, told apart by its control where several have it."""
        control = self.control(entry.from_name)
        if control is None:
            if self.config.found and entry.from_name:
                message = f"the control {entry.from_name!r} is not in the labelling config"
                self.log.note(Code.CLASS_UNKNOWN, message, file=self.file, where=self.place)
            return label
        if self.config.found and control.entries and (control.name, label) not in self._known:
            message = f"{control.name!r} has no label {label!r} in the labelling config; it is kept"
            self.log.note(Code.CLASS_UNKNOWN, message, file=self.file, where=self.place)
        return self._renamed.get((control.name, label), label)

    def class_without_label(self, entries: list[Region]) -> str:
        """The class of a shape without a label: its tool where that has no labels to give. Raises :class:`Unusable`."""
        for entry in entries:
            control = self.control(entry.from_name)
            if control is not None and control.name in self._bare:
                return base_name(control.name)
        first = entries[0]
        control = self.control(first.from_name)
        if first.kind == "taxonomy" and (control is None or control.labelling or not self.config.found):
            return self.question(first.from_name)  # a taxonomy marks regions; which path is an answer about them
        if self.options.unlabelled:
            return self.options.unlabelled
        raise Unusable(Code.CLASS_UNNAMED, "the region has no label; -O unlabelled=NAME gives such regions a class")

    # ------------------------------------------------------------------------------------- answers and relations

    def _place_answers(self, answers: list[tuple[Canvas, Control | None, Classification]]) -> None:
        """Answers about the asset; one that depends on an option is nested under that option when it was chosen."""
        parents = {control.name: n for n, (_, control, _) in enumerate(answers) if control is not None}
        nested: dict[int, list[int]] = {}
        for number, (canvas, control, _) in enumerate(answers):
            parent = parent_of(control, self.config) if control is not None else None
            at = parents.get(parent.name) if parent is not None else None
            if at is None or control is None or answers[at][0] is not canvas:
                continue
            if _chosen(answers[at][2]) & set(control.when_choices):
                nested.setdefault(at, []).append(number)
        inside = {n for below in nested.values() for n in below}
        for number, (canvas, _, answer) in enumerate(answers):
            if number in inside:
                continue
            self.log.read(answer.name)
            for below in nested.get(number, ()):
                child, control = answers[below][2], answers[below][1]
                assert control is not None
                attribute = Attribute(child.name, child.value, free=child.free)
                value = _with_nested(answer.value, control.when_choices, attribute)
                answer = msgspec.structs.replace(answer, value=value, units=answer.units + 1)
                self.log.read(answer.name)
            canvas.annotations.append(answer)

    def _relation(self, relation: Region, number: int, prefix: str, where: str) -> None:
        source, target = f"{prefix}{relation.from_id}", f"{prefix}{relation.to_id}"
        if relation.direction == "left":
            source, target = target, source
        names = _labels(relation) or [RELATION]
        place = f"{where} result[{number}]"
        for canvas in self._canvases:
            if canvas is not None and source in canvas.objects and target in canvas.objects:
                self.log.read(names[0])
                for n, name in enumerate(names):
                    canvas.annotations.append(
                        Relationship(
                            id=self._unique(f"{source}>{target}", canvas),
                            label=name,
                            source=source,
                            target=target,
                            bidirectional=relation.direction == "bi",
                            where=place,
                            units=0 if n else 1,
                        )
                    )
                return
        self.log.read(names[0])
        self.log.skip(
            Code.RELATIONSHIP_DANGLING, names[0], "it links regions that are not both written on one asset",
            file=self.file, where=place,
        )  # fmt: skip


def _values(entries: list[Region]) -> list[Value]:
    """The values of a region's entries; numbers may be written as texts. Raises one of :data:`UNDECODABLE`."""
    try:
        return [decode_value(e.value) if e.value else Value() for e in entries]
    except UNDECODABLE:
        return [decode_value_loosely(e.value) if e.value else Value() for e in entries]


def _labels(relation: Region) -> list[str]:
    return [relation.labels] if isinstance(relation.labels, str) else list(relation.labels or [])


def _chosen(answer: Classification) -> set[str]:
    values = answer.value if isinstance(answer.value, tuple) else (answer.value,)
    return {v.value for v in values if isinstance(v, Choice)}


def _with_nested(value: Any, options: tuple[str, ...], attribute: Attribute) -> Any:
    if isinstance(value, tuple):
        return tuple(_with_nested(v, options, attribute) for v in value)
    if isinstance(value, Choice) and value.value in options:
        return Choice(value.value, (*value.attributes, attribute))
    return value


def _text(id: object) -> str:
    return "" if id is None else str(id)
