"""Which annotation of a task counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from to_labelbox_formats.label_studio.files.file_head import UNDECODABLE
from to_labelbox_formats.label_studio.files.records import (
    AnnotationRecord,
    Id,
    Review,
    Task,
    decoded_or_none,
    is_nothing,
)
from to_labelbox_formats.label_studio.options import Options

_MILLISECONDS = 1e11
"""Epoch numbers above this count milliseconds."""
_FAR = 1e18
_REVIEWS = msgspec.json.Decoder(list[Review])


def chosen(annotations: list[AnnotationRecord], options: Options) -> list[AnnotationRecord]:
    """The annotations of a task that are converted; the others are not selected."""
    usable = [a for a in annotations if not a.cancelled]
    policy = options.annotator
    if policy == "all" or not usable:
        return usable
    if policy == "best" and len(usable) == 1:
        return usable
    user = options.user
    if user is not None:
        usable = [a for a in usable if user in _who(a)]
        policy = "best"
    elif policy == "ground-truth":
        usable = [a for a in usable if a.ground_truth]
    elif policy == "accepted":
        usable = [a for a in usable if accepted(a)]
    if len(usable) < 2:
        return usable
    if policy == "first":
        return [min(usable, key=lambda a: (_created(a), _order(a.id)))]
    if policy == "latest":
        return [max(usable, key=lambda a: (_changed(a), _order(a.id)))]
    return [max(usable, key=lambda a: (accepted(a) is not False, bool(a.ground_truth), _changed(a), _order(a.id)))]


def accepted(annotation: AnnotationRecord) -> bool | None:
    """What the last review of an annotation says; None where there is none."""
    if is_nothing(annotation.reviews):
        return None
    try:
        reviews = [r for r in _REVIEWS.decode(annotation.reviews) if r.accepted is not None]
    except UNDECODABLE:
        return None
    return max(enumerate(reviews), key=lambda one: (moment(one[1].created_at), one[0]))[1].accepted if reviews else None


def newest_states(records: Sequence[Task]) -> Sequence[Task]:
    """One task from several files: each of its annotations in its last state, predictions and drafts of the last record.

    The records themselves where they have no annotation in common.
    """
    newest: dict[Id, AnnotationRecord] = {}
    count = 0
    for record in records:
        for annotation in record.annotations or record.completions or ():
            known = newest.get(annotation.id)
            count += annotation.id is not None
            if annotation.id is not None and (known is None or _changed(annotation) > _changed(known)):
                newest[annotation.id] = annotation
    if count == len(newest):
        return records
    last = records[-1]
    return [
        replace(
            record,
            annotations=[
                a for a in record.annotations or record.completions or () if a.id is None or newest[a.id] is a
            ],
            completions=None,
            predictions=record.predictions if record is last else Raw(b""),
            drafts=record.drafts if record is last else Raw(b""),
        )
        for record in records
    ]


def _who(annotation: AnnotationRecord) -> tuple[str, ...]:
    """The annotator as text: an id, an address, or both."""
    who = decoded_or_none(annotation.completed_by)
    if isinstance(who, dict):
        return tuple(str(who[k]) for k in ("email", "id") if k in who)
    return () if who is None else (str(who),)


def _changed(annotation: AnnotationRecord) -> float:
    return moment(annotation.updated_at) or moment(annotation.created_at)


def _created(annotation: AnnotationRecord) -> float:
    return moment(annotation.created_at) or moment(annotation.updated_at)


def moment(stamp: Id) -> float:
    """Seconds since 1970 of an ISO text or an epoch number; 0 for anything else."""
    if isinstance(stamp, str):
        try:
            at = datetime.fromisoformat(stamp)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return 0.0
    if isinstance(stamp, (int, float)) and abs(stamp) < _FAR:
        return stamp / 1000 if stamp > _MILLISECONDS else float(stamp)
    return 0.0


def _order(id: Id) -> tuple[float, str]:
    if isinstance(id, str):
        return (float(id), "") if id.isdecimal() and len(id) < 19 else (0.0, id)
    return (float(id) if id is not None and abs(id) < _FAR else 0.0, "")
