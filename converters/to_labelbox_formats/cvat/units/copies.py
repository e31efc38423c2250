"""Exports of one task in several files: copies, versions of different days, and the one for images beside that for video."""

from __future__ import annotations

import os
from collections.abc import Sequence

from to_labelbox.model.text import n_of
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.cvat.exports import Group
from to_labelbox_formats.cvat.nodes import Node, Record
from to_labelbox_formats.cvat.options import Options, SameSource, SameTask


def without_copies(groups: Sequence[Group], options: Options, log: Log) -> list[Group]:
    """The groups that count. Raises :class:`UsageError` with the question where two exports of a task say different things."""
    if options.same_task is SameTask.APART or len({id(g.export) for g in groups}) < 2:
        return list(groups)
    alike: dict[tuple[object, ...], list[Group]] = {}
    for group in groups:
        task = group.task
        # Without an id, files of several folders may be of several tasks whose pictures have the same names.
        place = "" if task.id else os.path.dirname(group.export.name)
        what = group.subset, frozenset(group.hashes), bool(group.tracks), place
        alike.setdefault((task.id, task.name, task.source, task.size, task.width, *what), []).append(group)
    left_out: set[int] = set()
    for same in alike.values():
        if len({id(g.export) for g in same}) > 1:
            left_out |= {id(g) for g in same} - {id(g) for g in _counting(same, options, log)}
    kept = [g for g in groups if id(g) not in left_out]
    _note_frames_of_tracks(kept, log)
    return kept


def _counting(same: Sequence[Group], options: Options, log: Log) -> Sequence[Group]:
    """Of groups of the same pictures, or of tracks on the same video, those that say something of their own."""
    first: dict[int, Group] = {}
    for group in same:
        first.setdefault(_content(group), group)
    versions, task = list(first.values()), same[0].task
    copies = len(same) - len(versions)
    if copies:
        log.assume(
            "exports that say the same of the same pictures or video",
            "one of them counts",
            for_=copies,
            option="-O same_task=apart",
            why=f"copies, as {_names(same)}",
        )
    told = same[0].hashes or (task.source and options.same_source is SameSource.AUTO)
    if len(versions) < 2 or not task.id or not told:
        return versions
    days = {group.export.meta.dumped for group in versions}
    if options.same_task is SameTask.LATEST and len(days) == len(versions) and "" not in days:
        versions.sort(key=lambda group: group.export.meta.dumped)
        log.decide(f"{_names(versions[:-1])}: left out, {versions[-1].export.name} is a later export of the same task")
        return versions[-1:]
    latest = [("-O same_task=latest", "the export that was made last counts, by its <dumped>")]
    return ask(
        f"{_names(versions)} are exports of one task (id {task.id}, {task.name!r}) about the same "
        f"{n_of(len(same[0].hashes), 'picture') if same[0].hashes else 'video'}, and they say different things",
        [
            *(latest if len(days) == len(versions) and "" not in days else ()),
            ("-O same_task=apart", "both count: they are different tasks, or their annotations are to be put together"),
        ],
    )


def _names(groups: Sequence[Group]) -> str:
    names = [group.export.name for group in groups]
    return " and ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _content(group: Group) -> int:
    """Equal for groups whose elements say the same. One without annotations is like no other: pictures may be others of equal names."""
    records = list(map(_of_record, group.export.records((*group.images, *group.tracks))))
    return hash(tuple(records)) if any(annotated for annotated, _ in records) else id(group)


def _of_record(record: Record) -> tuple[bool, int]:
    if isinstance(record, bytes):
        return b"label=" in record, hash(record)
    return bool(record.children), _of_node(record)


def _of_node(node: Node) -> int:
    figure = node.figure and (*node.figure[:1], tuple(node.figure.numbers), node.figure.rotation)
    return hash((node.tag, *node.layout.index, *node.parts, *node.answers, *map(_of_node, node.children), figure))


def _note_frames_of_tracks(groups: Sequence[Group], log: Log) -> None:
    """A task that is exported for video and for images tells every object twice; only tags are not told for video."""
    of_video = {_task_of(g): g for g in groups if g.tracks and not g.images and g.task.id and g.export.meta.written}
    for group in groups:
        video = of_video.get(_task_of(group))
        if video is None or video.export is group.export or group.tracks or not group.only_frames or not group.images:
            continue
        group.told_by = video.export.name
        log.assume(
            "one task, exported for video and for images",
            "objects as the export for video tells them, tags as that for images does",
            for_=len(group.images),
            option="-O same_task=apart",
            why=f"{video.export.name} and {group.export.name} are of the task {group.task.id}; CVAT writes all but tags for video",
        )


def _task_of(group: Group) -> tuple[str, ...]:
    return group.task.id, group.task.name, group.task.source, group.subset
