"""A task to what its assets hold: the annotation that counts, its regions one by one, its answers and relations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from to_labelbox.model.items import Attribute, Choice, Media, Object, Relationship
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import UNREADABLE, Log
from to_labelbox.report.plain_words import in_words
from to_labelbox_formats.label_studio.assets import Sizes
from to_labelbox_formats.label_studio.config import Config, Declared, parent_of
from to_labelbox_formats.label_studio.conventions import Conventions
from to_labelbox_formats.label_studio.files.file_head import UNDECODABLE
from to_labelbox_formats.label_studio.files.records import (
    ANNOTATION,
    AnnotationRecord,
    Lost,
    RecordFault,
    Region,
    Task,
    ValueRecord,
    as_list,
    decode_value,
    decode_value_loosely,
    is_nothing,
    read_part,
)
from to_labelbox_formats.label_studio.files.select_annotations import accepted, chosen
from to_labelbox_formats.label_studio.options import Options
from to_labelbox_formats.label_studio.regions.asset_regions import AssetRegions
from to_labelbox_formats.label_studio.regions.grouping import Families, Group, Part, grouped, parts_of
from to_labelbox_formats.label_studio.regions.naming import Naming
from to_labelbox_formats.label_studio.regions.plain import Drawn, plain_answers, plain_regions
from to_labelbox_formats.label_studio.regions.region import MAX_SECONDS, AssetAnswer, RegionReader
from to_labelbox_formats.label_studio.regions.region_log import Place, RegionLog
from to_labelbox_formats.label_studio.regions.shapes import MAX_FRAMES
from to_labelbox_formats.label_studio.regions.task_assets import Shows, TaskAssets, regions_of

RELATION = "relation"
_PROPOSALS = (("drafts", Code.NOT_SELECTED), ("predictions", Code.PREDICTION))


class TaskRecord(NamedTuple):
    """A task; ``others`` are records that hold further annotations of it. ``prefix`` is put before the regions' ids."""

    task: Task
    others: Sequence[Task]
    place: Place
    prefix: str = ""


class _AnnotationPlace(NamedTuple):
    """Where the regions of an annotation are: its task's assets, its place and its task's, what precedes their ids.

    ``families``: which of them belong together.
    """

    assets: TaskAssets
    place: Place
    task: Place
    prefix: str
    families: Families


class TaskReader:
    """Reads tasks into the regions of their assets, and counts what it reads."""

    def __init__(
        self,
        config: Config,
        declared: Declared,
        conventions: Conventions,
        options: Options,
        context: ReadContext,
        log: Log,
        sizes: Sizes,
    ) -> None:
        self._config = config
        self._conventions = conventions
        self.options = options
        self.exif = context.exif
        self._sizes = sizes
        self._naming = Naming(config, declared, options.unlabelled, log)
        self._log = log

    def read(self, record: TaskRecord, shows: Shows) -> list[AssetRegions]:
        """The wanted assets of a task with their annotations; of the others nothing is counted."""
        records = (record.task, *record.others)
        annotations = [a for t in records for a in t.annotations or t.completions or ()]
        assets = TaskAssets(shows, self._config, self._sizes, self.exif, annotations)
        self._state_frames(assets, annotations)
        if not shows.slots:
            self._log.note(Code.ASSET_UNKNOWN, shows.missing, file=record.place.file, where=record.place.where)
        selected = chosen(annotations, self.options)
        self._tell_selection(annotations, selected)
        kept = set(map(id, selected))
        for number, annotation in enumerate(annotations):
            if id(annotation) in kept:
                tag = f"{annotation.id if annotation.id is not None else number}:" if len(selected) > 1 else ""
                self._annotation(annotation, assets, record.place, record.prefix + tag)
            else:
                code, message = Code.CANCELLED, "this annotation was cancelled: its annotator has skipped the task"
                if not annotation.cancelled:
                    code = Code.NOT_SELECTED
                    message = f"this annotation of the task is not selected: annotator={self.options.annotator}"
                self._leave_out(annotation, assets, record.place, code, message)
        for one in records:
            for what, code in _PROPOSALS:
                if not is_nothing(getattr(one, what)):
                    self._proposals(one, what, assets, record, code, bool(selected))
        return assets.wanted

    def _state_frames(self, assets: TaskAssets, annotations: Sequence[AnnotationRecord]) -> None:
        """What any region says of the length of a video that is not at hand holds for all on it."""
        unknown = [a for a in assets.wanted if a.slot.media is Media.VIDEO and a.frames is None]
        for video in unknown:
            shown = self._config.objects.get(video.slot.shown)
            video.said_rate = shown.rate if shown is not None else None
        for region in regions_of(annotations) if unknown else ():
            try:
                value = decode_value(region.value) if region.value else ValueRecord()
            except UNDECODABLE:
                continue
            said = value.framesCount
            asset = assets.known(region) if said is not None and 1 <= said <= MAX_FRAMES else None
            if asset is not None and asset.frames is None and said is not None:
                asset.frames = self._conventions.frame_count(said)
                if value.duration and 0 < value.duration < MAX_SECONDS and asset.said_rate is None:
                    asset.said_rate = said / value.duration

    def _tell_selection(self, annotations: Sequence[AnnotationRecord], selected: Sequence[AnnotationRecord]) -> None:
        """A task has one ground truth; which of several annotations it is, the export need not say; a reviewer may refuse it."""
        reviewed = [accepted(a) for a in selected]
        if False in reviewed:
            self._log.assume(
                "annotations that a reviewer has rejected",
                "taken",
                for_=reviewed.count(True),
                against=reviewed.count(False),
                unknown=reviewed.count(None),
                why="where an annotation that is not rejected is there, that one counts; counted are what last reviews say",
                option="-O annotator=accepted",
            )
        if self.options.annotator == "best" and len(selected) == 1 and len(annotations) > 1:
            others = [a for a in annotations if not a.cancelled and a is not selected[0]]
            if others:
                stated = bool(selected[0].ground_truth) and not any(a.ground_truth for a in others)
                self._log.assume(
                    "annotation of a task",
                    "best",
                    for_=int(stated),
                    unknown=int(not stated),
                    why="of several annotations of a task the ground truth counts, else the newest",
                    option="-O annotator=all",
                )

    def _proposals(
        self, task: Task, what: str, assets: TaskAssets, record: TaskRecord, code: Code, labelled: bool
    ) -> None:
        """Predictions or drafts: counted, and the last of them read where they are wanted and no annotation counts."""
        reason = _unless(labelled, getattr(self.options, what), what)
        found = self._annotations(getattr(task, what), record, what)
        for number, annotation in enumerate(found, 1):
            if not reason and number == len(found):
                assets.note_paths((annotation,))
                self._annotation(annotation, assets, record.place, record.prefix)
            else:
                message = reason or "of several ones of a task the last is taken"
                self._leave_out(annotation, assets, record.place, code, message)

    def _annotations(self, raw: Raw, record: TaskRecord, what: str) -> list[AnnotationRecord]:
        """Predictions or drafts, which can also be a list of mere ids."""
        try:
            if not any(isinstance(p, dict) for p in msgspec.json.decode(raw, type=list[Any])):
                return []
        except UNDECODABLE:
            pass
        faults: list[RecordFault] = []
        found = list(ANNOTATION.decode_list(raw, f"{record.place.where} {what}", faults))
        for fault in () if record.prefix else faults:
            log_fault(self._log, fault, record.place.file)
        return found

    # ------------------------------------------------------------------------------------------------- annotations

    def _annotation(self, annotation: AnnotationRecord, assets: TaskAssets, task: Place, prefix: str) -> None:
        groups, relations = _parts(annotation, assets)
        place = task.at(f"annotation {annotation.id}") if annotation.id is not None else task
        at = _AnnotationPlace(assets, place, task, prefix, Families(annotation.result or ()))
        only = assets.only if not prefix else None
        draw = plain_regions(only, self._conventions.units) if only is not None else None
        if only is not None and draw is not None:
            answers = self._on_one_asset(groups, only, draw, at)
        else:
            answers = [answer for group in groups for answer in self._group(group, at)]
        if answers:
            self._place_answers(answers)
        for number, relation in relations:
            self._relation(relation, number, at)

    def _leave_out(
        self, annotation: AnnotationRecord, assets: TaskAssets, task: Place, code: Code, message: str
    ) -> None:
        """Count the regions of an annotation that is not converted."""
        groups, relations = _parts(annotation, assets)
        for group in groups:
            if assets.counts(group.entries[0]):
                self._skip(code, self._ledger_label(group, assets), message, task, group.entries[0])
        for _, relation in relations:
            self._skip(code, _names(relation)[0], message, task)

    def _skip(self, code: str, label: str, message: str, place: Place, entry: Region | None = None) -> None:
        """Count a region, or what stands for one, as read and skipped."""
        id = "" if entry is None or entry.id is None else str(entry.id)
        RegionLog(self._log, place, id).skip(code, label, message)

    # ----------------------------------------------------------------------------------------------------- regions

    def _on_one_asset(
        self, groups: list[Group], asset: AssetRegions, draw: Callable[[Region, bool], Drawn], at: _AnnotationPlace
    ) -> list[AssetAnswer]:
        """Regions on the only asset of a task: plain ones are read without the general machinery."""
        answers: list[AssetAnswer] = []
        naming, ids, ledger, where = self._naming, asset.ids, self._log.ledger, at.place.where
        named, objects, annotations = naming.plain, asset.objects, asset.annotations
        for group in groups:
            entry, alone = group.entries[0], len(group.entries) == 1
            identity, meta, drawn, name = entry.id, entry.meta, None, None
            attributes: tuple[Attribute, ...] | None = ()
            if not (entry.item_index or entry.parentID or entry.normalization or (meta and not is_nothing(meta))):
                drawn = draw(entry, alone)
            if drawn is not None:
                name = named.get((entry.from_name, drawn[0])) or naming.plain_label(entry, drawn[0])
                if not alone and name is not None:
                    attributes = plain_answers(group, naming)
            if drawn is None or name is None or attributes is None or type(identity) is not str or identity in ids:
                answers += self._group(group, at)
                continue
            ids.add(identity)
            objects.add(identity)
            ledger[name].read += 1
            annotations.append(
                Object(
                    id=identity,
                    label=name,
                    geometry=drawn[1],
                    attributes=attributes,
                    location=f"{where} result[{group.number}]",
                )
            )
        return answers

    def _group(self, group: Group, at: _AnnotationPlace) -> Sequence[AssetAnswer]:
        """Put what a region became on its asset; its answers about the asset are given back."""
        first = group.entries[0]
        place = at.place.at(f"result[{group.number}]")
        asset: AssetRegions | None = None
        label = ""
        try:
            asset = at.assets.of(first)
            if asset is None:
                return ()
            parts = _parts_of(group.entries)
            label = self._label_of(parts, asset)
            id = asset.unique(f"{at.prefix}{first.id}" if first.id is not None else f"{at.prefix}#{group.number}")
            remarks = RegionLog(self._log, place, id)
            if any(entry.id != first.id for entry in group.entries):
                message = "its answers have ids of their own, but its very place: they were taken for answers about it"
                remarks.note(Code.FIELD_REPAIRED, message)
            family = at.families.root(first) if first.parentID or first.kind.startswith("keypoint") else None
            content = RegionReader(
                self._naming,
                self._conventions,
                asset,
                parts,
                remarks,
                at.task,
                "" if family is None else f"{at.prefix}{family}",
            ).read()
        except Refused as problem:
            if asset is not None or at.assets.counts_all:
                self._skip(problem.code, label or self._ledger_label(group, at.assets), str(problem), place, first)
            return ()
        except UNDECODABLE as error:
            self._skip(Code.RECORD_UNREADABLE, UNREADABLE, f"its value cannot be read: {in_words(error)}", place, first)
            return ()
        if content.annotations:
            self._log.read(content.ledger_label)
            asset.annotations += content.annotations
            if content.linkable:
                asset.objects.add(id)
        return content.answers

    def _ledger_label(self, group: Group, assets: TaskAssets) -> str:
        try:
            parts = parts_of(group.entries)
        except UNDECODABLE:
            return UNREADABLE
        return self._label_of(parts, assets.known(group.entries[0]))

    def _label_of(self, parts: Sequence[Part], asset: AssetRegions | None) -> str:
        """What the ledger calls a region: its first label, with its question where it marks a time; else its control."""
        for part in parts:
            if part.labels and part.labels[0]:
                if part.value.ranges or (asset is not None and asset.slot.media is Media.AUDIO):
                    return self._naming.counted_as(part.entry, part.labels)
                return part.labels[0]
        return self._naming.question(parts[0].entry.from_name)

    # ------------------------------------------------------------------------------------- answers and relations

    def _place_answers(self, answers: Sequence[AssetAnswer]) -> None:
        """Answers about the asset; one that depends on an option is nested under that option when it was chosen."""
        parents = {(control.name, id(asset)): n for n, (asset, control, _) in enumerate(answers) if control is not None}
        nested: dict[int, list[int]] = {}
        for number, (asset, control, _) in enumerate(answers):
            parent = parent_of(control, self._config) if control is not None else None
            at = parents.get((parent.name, id(asset))) if parent is not None else None
            if at is None or control is None:
                continue
            if not set(control.when_choices).isdisjoint(_chosen(answers[at].answer.value)):
                nested.setdefault(at, []).append(number)
        inside = {n for below in nested.values() for n in below}
        for number, (asset, _, answer) in enumerate(answers):
            if number in inside:
                continue
            label = answer.ledger_label or answer.name
            self._log.read(label)
            for below in nested.get(number, ()):
                _, control, child = answers[below]
                assert control is not None
                attribute = Attribute(child.name, child.value, free_text=child.free_text)
                value = _with_nested(answer.value, control.when_choices, attribute)
                answer = msgspec.structs.replace(answer, value=value, source_count=answer.source_count + 1)
                self._log.read(label)
            asset.annotations.append(answer)

    def _relation(self, relation: Region, number: int, at: _AnnotationPlace) -> None:
        source, target = f"{at.prefix}{relation.from_id}", f"{at.prefix}{relation.to_id}"
        if relation.direction == "left":
            source, target = target, source
        names = _names(relation)
        place = at.place.at(f"result[{number}]")
        for asset in at.assets.wanted:
            if source in asset.objects and target in asset.objects:
                self._log.read(names[0])
                asset.annotations += [
                    Relationship(
                        id=asset.unique(f"{source}>{target}"),
                        label=name,
                        source=source,
                        target=target,
                        bidirectional=relation.direction == "bi",
                        location=place.where,
                        source_count=0 if n else 1,
                    )
                    for n, name in enumerate(names)
                ]
                return
        self._skip(
            Code.RELATIONSHIP_DANGLING, names[0], "it links regions that are not both written on one asset", place
        )


def _parts(annotation: AnnotationRecord, assets: TaskAssets) -> tuple[list[Group], list[tuple[int, Region]]]:
    """The regions of an annotation, and the relations of those on assets that are wanted now."""
    groups, relations = grouped(annotation.result or ())
    owners = {g.entries[0].id: g.entries[0] for g in groups} if relations else {}
    return groups, [(n, r) for n, r in relations if assets.counts(owners.get(r.from_id, r))]


def log_fault(log: Log, fault: RecordFault, file: str) -> None:
    """A part of a task that could not be decoded: a region counts as read and skipped."""
    if fault.lost is Lost.REGION:
        log.read(UNREADABLE)
        log.skip(Code.RECORD_UNREADABLE, UNREADABLE, fault.message, file=file, where=fault.place)
    elif fault.lost is Lost.PART:
        log.note(Code.RECORD_UNREADABLE, fault.message, file=file, where=fault.place)
    else:
        log.file_unreadable(file, f"the task at {fault.place} {fault.message}")


def _unless(labelled: bool, wanted: bool, what: str) -> str:
    """Why predictions or drafts of a task do not count; empty when they do."""
    if labelled:
        return f"the task has an annotation, which counts; {what} are taken only of tasks that have none"
    return "" if wanted else f"{what} are not ground truth; -O {what}=true takes them"


def _parts_of(entries: Sequence[Region]) -> list[Part]:
    """The entries of a region with their values; numbers may be written as texts. Raises :class:`Refused`."""
    try:
        return parts_of(entries)
    except UNDECODABLE:
        return parts_of(
            entries,
            lambda raw: read_part(decode_value_loosely, raw, Code.RECORD_UNREADABLE, "its value cannot be read"),
        )


def _names(relation: Region) -> list[str]:
    return as_list(relation.labels) or [RELATION]


def _chosen(value: Any) -> Iterator[str]:
    """The options of an answer, with those that are chosen below them."""
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, Choice):
            yield one.value
            yield from chain.from_iterable(_chosen(below.value) for below in one.attributes if below.name == one.value)


def _with_nested(value: Any, options: tuple[str, ...], attribute: Attribute) -> Any:
    if isinstance(value, tuple):
        return tuple(_with_nested(v, options, attribute) for v in value)
    if not isinstance(value, Choice):
        return value
    below = [
        msgspec.structs.replace(a, value=_with_nested(a.value, options, attribute)) if a.name == value.value else a
        for a in value.attributes
    ]
    return Choice(value.value, (*below, *([attribute] if value.value in options else [])))
