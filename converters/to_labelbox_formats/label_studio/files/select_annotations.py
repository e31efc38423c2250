"""Which annotation of a task counts."""

from __future__ import annotations

from datetime import UTC, datetime

from to_labelbox_formats.label_studio.files.file_head import UNDECODABLE
from to_labelbox_formats.label_studio.files.records import AnnotationRecord, Id, decode_any
from to_labelbox_formats.label_studio.options import Options

_MILLISECONDS = 1e11
"""Epoch numbers above this count milliseconds."""
_FAR = 1e18


def chosen(annotations: list[AnnotationRecord], options: Options) -> list[AnnotationRecord]:
    """The annotations of a task that are converted; the others are not selected."""
    usable = [a for a in annotations if not a.cancelled]
    policy = options.annotator
    if policy == "all" or not usable:
        return usable
    user = options.user
    if user is not None:
        usable = [a for a in usable if user in _who(a)]
        policy = "best"
    elif policy == "ground-truth":
        usable = [a for a in usable if a.ground_truth]
    if len(usable) < 2:
        return usable
    if policy == "first":
        return [min(usable, key=lambda a: (_created(a), _order(a.id)))]
    if policy == "latest":
        return [max(usable, key=lambda a: (_changed(a), _order(a.id)))]
    return [max(usable, key=lambda a: (bool(a.ground_truth), _changed(a), _order(a.id)))]


def _who(annotation: AnnotationRecord) -> tuple[str, ...]:
    """The annotator as text: an id, an address, or both."""
    try:
        who = decode_any(annotation.completed_by) if annotation.completed_by else None
    except UNDECODABLE:
        return ()
    if isinstance(who, dict):
        return tuple(str(who[k]) for k in ("email", "id") if k in who)
    return () if who is None else (str(who),)


def _changed(annotation: AnnotationRecord) -> float:
    return _time(annotation.updated_at) or _time(annotation.created_at)


def _created(annotation: AnnotationRecord) -> float:
    return _time(annotation.created_at) or _time(annotation.updated_at)


def _time(stamp: Id) -> float:
    """Seconds since 1970 of an ISO text or an epoch number; 0 for anything else."""
    if isinstance(stamp, str):
        try:
            moment = datetime.fromisoformat(stamp)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return 0.0
    if isinstance(stamp, (int, float)) and abs(stamp) < _FAR:
        return stamp / 1000 if stamp > _MILLISECONDS else float(stamp)
    return 0.0


def _order(id: Id) -> tuple[float, str]:
    if isinstance(id, str):
        return (float(id), "") if id.isdecimal() and len(id) < 19 else (0.0, id)
    return (float(id) if id is not None and abs(id) < _FAR else 0.0, "")
