"""What is seen of an export while it is indexed: fields and types that no rule knows, and what speaks for a reading.

Tasks and regions are looked at until there were :data:`~to_labelbox.report.observations.FULLY_SEEN` of them, then one piece in
:data:`SAMPLED_PIECES`, which costs a hundredth or two of a conversion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from to_labelbox.report.log import Log
from to_labelbox.report.observations import FULLY_SEEN, NO_RULE
from to_labelbox_formats.label_studio.asset_field import FieldEvidence
from to_labelbox_formats.label_studio.config import ANSWER_TAGS, OBJECT_TAGS, TOOL_KINDS, Config, observed, root_key
from to_labelbox_formats.label_studio.conventions import Evidence
from to_labelbox_formats.label_studio.files.file_head import UNDECODABLE, FileForm
from to_labelbox_formats.label_studio.files.flat_records import FLAT_KEYS
from to_labelbox_formats.label_studio.files.flat_values import open_texts
from to_labelbox_formats.label_studio.files.records import (
    LABEL_KEYS,
    AnnotationRecord,
    Region,
    Task,
    TaskHeadWithRegions,
    ValueRecord,
    mended_json,
    objects_in,
)
from to_labelbox_formats.label_studio.flat_fields import FlatFields

SAMPLED_PIECES = 64
_PROPOSALS = ("predictions", "drafts")
_DECODE = msgspec.json.Decoder(list[dict[str, Any]]).decode

_TASK = frozenset(Task.__struct_fields__) | frozenset(
    "inner_id project created_at updated_at updated_by file_upload total_annotations cancelled_annotations "
    "total_predictions comment_count unresolved_comment_count last_comment_updated_at comment_authors comments overlap "
    "is_labeled agreement agreement_selected avg_lead_time completed_at annotators annotations_results annotations_ids "
    "predictions_score predictions_results predictions_model_versions storage_filename allow_skip precomputed_agreement "
    "reviewed reviewers reviews_accepted reviews_rejected draft_exists locked_by state target_annotations_count "
    "annotation_id was_cancelled skipped result task meta task_path".split()
)
"""Fields of a task that some rule reads or that say nothing about its labels."""
_ANNOTATION = frozenset(AnnotationRecord.__struct_fields__) | frozenset(
    "lead_time prediction task project parent_prediction parent_annotation unique_id last_action import_id history reviews "
    "updated_by result_count draft_created_at bulk_created last_created_by comment_count unresolved_comment_count created_ago "
    "honeypot model_version score cluster neighbors mislabeling created_username type annotation user created_by drafts "
    "was_postponed propagated_from accepted_state state model_run model prediction_id review_result".split()
)
_REGION = frozenset(Region.__struct_fields__) | frozenset(
    "origin score hidden readonly locked original_length is_positive selected parent_id clickCount clicks objectIndex "
    "viewState states color zIndex notes dynamic item_index pid incomplete interpolation".split()
)
_VALUE = frozenset(ValueRecord.__struct_fields__) | frozenset(
    "original_width original_height ocrtext instant brushSize opacity viewBox isDrawing coordstype unit zoom speed "
    "labelsVisible converted hypertext pageNumber".split()
)
_LABELS = frozenset(LABEL_KEYS)
_ANSWERS = frozenset(("choices", "taxonomy", "number", "rating", "datetime"))
"""Keys of a value that answer, beside its text, which is also what a span covers."""
_TYPES = frozenset(LABEL_KEYS) | ANSWER_TAGS | frozenset(TOOL_KINDS) | {"relation", "chatmessage", "reactcode", ""}


_TAGS = (
    OBJECT_TAGS
    | ANSWER_TAGS
    | frozenset(TOOL_KINDS)
    | {f"{tool}labels" for tool in TOOL_KINDS}
    | frozenset(
        "view labels label choice timelinelabels timeserieslabels relations relation filter shortcut style header collapse "
        "panel repeater channel bucket hypertextlabels paragraphlabels br p b i strong em h1 h2 h3 h4 div span ul ol li a "
        "table tr td".split()
    )
)
"""Tags of a labelling config that some rule reads, or that only lay out the page."""


class ExportCensus:
    """Counts names that no rule knows, record by record.

    Where there is no labelling config: also the control, object, type and source of each region (those of predictions and
    drafts apart), and the fields of flat records. ``answers`` are those that the user calls so.
    """

    def __init__(self, answers: str | None) -> None:
        self._controls: dict[tuple[str, str, str, str], None] = {}
        self._proposed: dict[tuple[str, str, str, str], None] = {}
        self._unknown: Counter[tuple[str, str, str, str]] = Counter()
        self._data: Counter[str] = Counter()
        self._flat: Counter[str] = Counter()
        self._records = 0
        self._pieces = 0
        self.evidence = Evidence()
        self.fields = FieldEvidence()
        self.flat = FlatFields(answers)

    def see(self, form: FileForm, records: Sequence[Any], text: bytes, look: bool) -> None:
        """Look at a piece of a file; ``look``: also for what tells of controls, as there is no labelling config."""
        if form is FileForm.FLAT:
            self._see_flat(records, look)
            return
        if look:
            for record in records:
                self._see_controls(record)
        self._pieces += 1
        if self._records <= FULLY_SEEN or not self._pieces % SAMPLED_PIECES:
            for record in records if records and form is not FileForm.TASKS else _tasks(text):
                self._see_task(record, look and not records)

    def see_around(self, names: Iterable[str]) -> None:
        """Look at the fields of an object that holds the list of tasks."""
        known = {"tasks", "label_config"}
        self._unknown.update(
            ("field", name, "object that holds the tasks", NO_RULE) for name in names if name not in known
        )

    def _see_flat(self, records: Iterable[dict[str, Any]], look: bool) -> None:
        """Look at flat records, whose fields are data and controls side by side, for what their regions tell."""
        for record in records:
            answers = self.flat.see(open_texts(record)) if look else ()
            self._records += 1
            if self._records > FULLY_SEEN and self._records % SAMPLED_PIECES:
                continue
            if not look:
                self._flat.update(name for name in record if name not in FLAT_KEYS)
            opened = record if look else open_texts({**record})
            payloads = [p for v in opened.values() if isinstance(v, (list, dict)) for p in objects_in(v)]
            for payload in payloads:
                self.evidence.see(payload, payload)
            self.fields.see({n: v for n, v in record.items() if n not in FLAT_KEYS and n not in answers}, payloads)

    def _see_task(self, task: Mapping[str, Any], look: bool) -> None:
        """Look at a task; ``look``: also for what tells of controls, where it did not fit its usual form."""
        self._records += 1
        self._count("field", "tasks", task, _TASK)
        if task.get("meta"):
            self._unknown["field", "meta", "tasks", "what users attach to a task is no label"] += 1
        stored = task.get("task")
        data = stored.get("data") if isinstance(stored, dict) else task.get("data")
        if isinstance(data, dict):
            self._data.update(data.keys())
        regions: list[Mapping[str, Any]] = []
        inner = [("", task)] if task.get("result") else []
        for name in ("annotations", "completions", *_PROPOSALS):
            listed = task.get(name)
            records = [(name, a) for a in objects_in(listed)]
            inner += records
            if listed and not records and name in _PROPOSALS and isinstance(listed, list):
                self._unknown["list", name, "tasks", "the export holds their ids alone"] += len(listed)
        for name in ("was_cancelled", "skipped"):
            if task.get(name) is True and inner and inner[0][1] is not task:
                self._unknown["field", name, "tasks", "what each annotation says of itself counts"] += 1
        for name, annotation in inner:
            if annotation is not task:
                self._count("field", "annotations", annotation, _ANNOTATION)
            if annotation.get("drafts"):
                self._unknown["list", "drafts", "annotations", "changes that were not submitted are no annotation"] += 1
            for region in objects_in(annotation.get("result")):
                self._records += 1
                self._see_region(region)
                regions.append(region)
                if name in _PROPOSALS:
                    self._proposed[_control_of(region)] = None
                elif look:
                    self._controls[_control_of(region)] = None
        if isinstance(data, dict):
            self.fields.see(data, regions)

    def _see_region(self, region: Mapping[str, Any]) -> None:
        if not region.keys() <= _REGION:
            self._count("field", "regions", region, _REGION)
        value = region.get("value")
        if isinstance(value, dict) and not value.keys() <= _VALUE:
            own = region.get("type")
            # the labels of a control that no rule knows are under its own name
            self._count("field", "values", value, _VALUE | {own} if isinstance(own, str) else _VALUE)
        if isinstance(value, dict) and not value.keys().isdisjoint(_LABELS):
            self._see_answers(region, value)
        self.evidence.see(region, value)
        kind = region.get("type")
        if isinstance(kind, str) and kind.lower() not in _TYPES:
            self._unknown[
                "element", kind, "types of regions", "no rule knows the type; its keys decide what it is"
            ] += 1

    def _see_answers(self, region: Mapping[str, Any], value: Mapping[str, Any]) -> None:
        """Look for answers, and labels of a second kind, in the value of a region, which has results of its own for each."""
        keys = value.keys()
        inside = [name for name in sorted(keys & _ANSWERS) if value[name] is not None]
        if "text" in keys and not keys.isdisjoint(("x", "points", "rle")) and "start" not in keys:
            inside.append("text")
        if len(keys & _LABELS) > 1:
            labels = [name for name in LABEL_KEYS if value.get(name)]
            first = next((name for name in ("rectanglelabels", "polygonlabels") if name in labels), "")
            inside += [name for name in labels if first and value[name] != value[first]]
        for name in inside if str(region.get("type")) not in ANSWER_TAGS else ():
            self._unknown["field", name, "values", "an answer about a region is a result of its own"] += 1

    def _count(self, what: str, where: str, record: Mapping[str, Any], known: Collection[str]) -> None:
        for name in record:
            if name not in known:
                self._unknown[what, name, where, NO_RULE] += 1

    # ------------------------------------------------------------------------------- in place of a labelling config

    def _see_controls(self, record: Any) -> None:
        """Look at a task or a stored annotation."""
        if isinstance(record, TaskHeadWithRegions):
            for annotation in record.annotations or record.completions or ():
                for r in annotation.result or ():
                    self._controls[r.from_name or "", r.to_name or "", (r.type or "").lower(), r.source or ""] = None
        else:
            for region in objects_in(record.get("result")):
                self._controls[_control_of(region)] = None

    def config(self, data_key: str | None, log: Log) -> Config:
        """What the regions let see of the labelling config."""
        seen = observed(self._controls or self._proposed, self.fields.pages)
        if seen.placeholders:
            log.assume(
                "numbers at the end of controls",
                "those of a Repeater's objects, no part of their names",
                for_=len(seen.placeholders),
                why="counted are names of controls that all end in the number of their object, where tasks show lists",
                option="-O config=FILE",
            )
        seen = self.fields.settle(seen, data_key, log)
        timed, framed = self.evidence.timed, self.evidence.framed
        objects = {
            n: msgspec.structs.replace(
                o, tag=o.tag or ("audio" if n in timed and n not in framed else ""), film=bool(timed and framed)
            )
            for n, o in seen.objects.items()
        }
        return msgspec.structs.replace(seen, controls={**seen.controls, **self.flat.answers}, objects=objects)

    # ------------------------------------------------------------------------------------------------------- telling

    def tell(self, log: Log, given: Config, config: Config, data_key: str | None) -> None:
        """Note what was found, most frequent first: fields, those of the data that no object shows, tags of the config."""
        for (what, name, where, why), count in self._unknown.most_common():
            log.note_unread(what, name, where=where, count=count, why=why)
        self._data.update(self.flat.data)
        self._data.update({name: n for name, n in self._flat.items() if config.control(name) is None})
        taken = {root_key(c.offered) for c in given.controls.values()}
        taken -= {root_key(c.offered) for c in config.controls.values()}
        shown = {*config.shown, *config.objects, *taken, data_key or ""} - {""}
        if shown.isdisjoint(self._data):
            shown |= self.fields.guessed
        offered = {root_key(c.offered): f"tasks share no list of options of {c.name!r}: those that were chosen are written"
                   for c in config.controls.values() if c.offered}  # fmt: skip
        for name, count in self._data.most_common():
            if name not in shown:
                why = offered.get(name, "no object shows it")
                log.note_unread("field", name, where="data of tasks", count=count, why=why)
        for tag, count in given.tags.items():
            if tag not in _TAGS:
                log.note_unread("tag", tag, where="labelling config", count=count, why=NO_RULE)


def _tasks(text: bytes) -> Sequence[Mapping[str, Any]]:
    try:
        return _DECODE(text)
    except UNDECODABLE:
        mended = mended_json(text)
    return _tasks(mended[0]) if mended is not None else ()


def _control_of(region: Mapping[str, Any]) -> tuple[str, str, str, str]:
    names = (region.get(k) for k in ("from_name", "to_name", "type", "source"))
    control, shown, kind, source = (n if isinstance(n, str) else "" for n in names)
    return control, shown, kind.lower(), source
