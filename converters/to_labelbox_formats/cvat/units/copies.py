"""Exports of one task in several files: copies, versions of different days, and the one for images beside that for video."""

from __future__ import annotations

import os
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NoReturn

from to_labelbox.model.text import n_of
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.cvat.exports import Group
from to_labelbox_formats.cvat.meta import whole
from to_labelbox_formats.cvat.nodes import Node, Record, start_tag
from to_labelbox_formats.cvat.options import Options, SameSource, SameTask

_BETWEEN = re.compile(rb">\s+<")
"""Blanks between elements, which scripts write in their own way."""


def without_copies(groups: Sequence[Group], options: Options, log: Log) -> list[Group]:
    """The groups that count. Raises :class:`UsageError` with the question where two exports of a task say different things."""
    if options.same_task is SameTask.APART or len({id(g.export) for g in groups}) < 2:
        return list(groups)
    alike: dict[tuple[object, ...], list[Group]] = {}
    families = _families(groups)
    for group, family in zip(groups, families):
        task = group.task
        # Without an id, files of several folders may be of several tasks whose pictures have the same names.
        place = "" if task.id else os.path.dirname(group.export.name)
        what = family, group.subset, frozenset(group.hashes), bool(group.tracks), place
        alike.setdefault((task.id, task.name, task.source, task.size, task.width, *what), []).append(group)
    left_out: set[int] = set()
    for same in alike.values():
        if len({id(g.export) for g in same}) > 1:
            left_out |= {id(g) for g in same} - {id(g) for g in _counting(same, options, log)}
    first = [(g, family) for g, family in zip(groups, families) if id(g) not in left_out]
    kept = _without_parts([g for g, _ in first], [family for _, family in first], options, log)
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
    if options.same_task is SameTask.LATEST and _dated(versions):
        versions.sort(key=_day)
        log.decide(f"{_names(versions[:-1])}: left out, {versions[-1].export.name} is a later export of the same task")
        return versions[-1:]
    what = n_of(len(same[0].hashes), "picture") if same[0].hashes else "video"
    return _ask(
        versions,
        f"one task (id {task.id}, {task.name!r}) about the same {what}, and they say different things",
        latest=_dated(versions),
    )


def _day(group: Group) -> str:
    return group.export.meta.dumped


def _dated(groups: Sequence[Group]) -> bool:
    """Whether the days of exports tell which of them was made last."""
    days = {_day(group) for group in groups}
    return len(days) == len(groups) and "" not in days


def _ask(groups: Sequence[Group], of_what: str, *, latest: bool) -> NoReturn:
    last = [("-O same_task=latest", "the export that was made last counts, by its <dumped>")]
    apart = "both count: pictures of each have data rows of their own, one video has the annotations of both"
    options = [*(last if latest else ()), ("-O same_task=apart", apart)]
    ask(f"{_names(groups)} are exports of {of_what}", options)


def _without_parts(groups: Sequence[Group], families: Iterable[str], options: Options, log: Log) -> list[Group]:
    """Pictures that several exports tell count once: those of a task beside its project or its jobs, of another choice of frames."""
    by_family: dict[str, list[Group]] = {}
    for group, family in zip(groups, families):
        if family and group.export.is_xml:
            by_family.setdefault(family, []).append(group)
    left_out: set[int] = set()
    cuts: dict[int, set[int]] = {}
    for same in by_family.values():
        if len({id(g.export) for g in same}) > 1:
            left_out |= {id(group) for group in _earlier_tracks(same, options, log)}
            for group, later, both in _overlaps(same):
                _decide(group, later, both, options, log)
                cuts.setdefault(id(group), set()).update(both)
    for group in groups:
        if names := cuts.get(id(group)):
            kept = [(element, h) for element, h in zip(group.images, group.hashes) if h not in names]
            group.images, group.hashes = array("Q", [e for e, _ in kept]), array("q", [h for _, h in kept])
            if not (kept or group.tracks):
                left_out.add(id(group))
    return [group for group in groups if id(group) not in left_out]


def _overlaps(same: Sequence[Group]) -> Iterator[tuple[Group, Group, set[int]]]:
    """Of groups of one task each one with one that tells some of its pictures later, or on the same day and more of them."""
    told: dict[int, Group] = {}
    for group in sorted(same, key=lambda group: (_day(group), len(group.hashes)), reverse=True):
        shared: dict[int, tuple[Group, set[int]]] = {}
        for h in group.hashes:
            later = told.setdefault(h, group)
            if later.export is not group.export:
                shared.setdefault(id(later), (later, set()))[1].add(h)
        yield from ((group, later, both) for later, both in shared.values())


def _decide(group: Group, later: Group, both: set[int], options: Options, log: Log) -> None:
    """Tells that the later group counts where both have the same pictures, or asks where they say different things of them."""
    if _contents(group, both) == _contents(later, both):
        log.assume(
            "pictures that several exports of one task tell, in the same way",
            "one of them counts",
            for_=len(both),
            option="-O same_task=apart",
            why=f"{later.export.name} tells those of {group.export.name}",
        )
        return
    dated, pictures = _dated((group, later)), n_of(len(both), "picture")
    if not dated or options.same_task is not SameTask.LATEST:
        what = f"one task (job or task {group.task.id}), both about {pictures}, and they say different things"
        _ask((group, later), what, latest=dated)
    log.decide(f"{group.export.name}: {pictures} left out, {later.export.name} tells them later")


def _earlier_tracks(same: Sequence[Group], options: Options, log: Log) -> Sequence[Group]:
    """Of exports with tracks on one video those that do not count: a job's tracks are numbered and cut in its own way."""
    versions = sorted((group for group in same if group.tracks), key=_day)
    if len({id(g.export) for g in versions}) < 2 or not all(
        set(versions[-1].task.jobs) & group.task.jobs for group in versions
    ):
        return ()
    latest = _dated(versions) and all(group.task.jobs <= versions[-1].task.jobs for group in versions)
    if not latest or options.same_task is not SameTask.LATEST:
        _ask(versions, "one task or of jobs of it, so that tracks may be told twice", latest=latest)
    log.decide(f"{_names(versions[:-1])}: left out, {versions[-1].export.name} is a later export of the same task")
    return versions[:-1]


def _families(groups: Sequence[Group]) -> list[str]:
    """Equal texts for groups of one task, as far as their exports tell its jobs, or its id where one of them tells no jobs.

    Tasks of two servers may have one id and name, but not one job.
    """
    linked: dict[str, str] = {}

    def first_of(mark: str) -> str:
        while (other := linked.setdefault(mark, mark)) != mark:
            mark = other
        return mark

    names = [f"{g.task.id} {g.task.name}" if g.task.id else "" for g in groups]
    jobless = {name for name, g in zip(names, groups) if name and not g.task.jobs}
    marks = [(*({name} & jobless), *g.task.jobs) for name, g in zip(names, groups)]
    for own in marks:
        for mark in own:
            linked[first_of(mark)] = first_of(own[0])
    for before, after in _consecutive_jobs(groups):
        linked[first_of(min(after.task.jobs))] = first_of(min(before.task.jobs))
    return [first_of(own[0]) if own else "" for own in marks]


def _consecutive_jobs(groups: Sequence[Group]) -> Iterator[tuple[Group, Group]]:
    """Exports of two jobs of one server, which do not tell their task, that go on from one into the other: the pictures that both
    have, by name, are the frames that both have, by number. Names of frames of a video are numbers alone, and say nothing.

    Where several jobs begin on one frame with one picture, nothing tells which of them goes on into the other.
    """
    jobs = [
        g for g in groups if len(g.task.jobs) == 1 and not g.task.name and not g.only_frames and g.task.last is not None
    ]
    told = Counter(h for g in jobs for h in set(g.hashes))
    repeated = {h for h, count in told.items() if count > 1}
    numbers = {id(g): _numbers(g, repeated) for g in jobs}
    having: dict[tuple[object, ...], dict[int, dict[str, Group]]] = {}
    for group in jobs:
        job = min(group.task.jobs)
        for picture in numbers[id(group)]:
            starts = having.setdefault((job.partition("/")[0], *picture), {})
            starts.setdefault(group.task.start, {})[job] = group
    pairs: dict[tuple[int, int], tuple[Group, Group]] = {}
    for starts in having.values():
        for first, second in pairwise(sorted(starts)):
            if len(starts[first]) == len(starts[second]) == 1:
                (before,), (after,) = starts[first].values(), starts[second].values()
                pairs[id(before), id(after)] = before, after
    for before, after in pairs.values():
        if before.export is not after.export and _goes_on(before, after, numbers[id(before)], numbers[id(after)]):
            yield before, after


def _goes_on(before: Group, after: Group, first: _Numbers, second: _Numbers) -> bool:
    last, step, overlap = before.task.last or 0, before.task.step, before.task.overlap
    shared = range(after.task.start, last + 1, step)
    if last >= (after.task.last or 0) or (overlap is not None and len(shared) > overlap):
        return False
    names = {h for h, _ in first} & {h for h, _ in second}
    both = {picture for picture in first if picture[0] in names}
    return both == {p for p in second if p[0] in names} and all(number in shared for _, number in both)


_Numbers = set[tuple[int, "int | None"]]


def _numbers(group: Group, names: set[int]) -> _Numbers:
    """The frame numbers of the pictures of those names."""
    images = [(element, h) for element, h in zip(group.images, group.hashes) if h in names]
    heads = (group.export.head(element) for element, _ in images)
    nodes = (
        (start_tag(head.decode(errors="replace")) or (None,))[0] if isinstance(head, bytes) else head for head in heads
    )
    return {(h, whole(node.get("id")) if node is not None else None) for (_, h), node in zip(images, nodes)}


def _contents(group: Group, names: set[int]) -> dict[int, list[int]]:
    """What is drawn on the pictures of those names, as hashes."""
    found: dict[int, list[int]] = {}
    images = [(element, h) for element, h in zip(group.images, group.hashes) if h in names]
    for (_, h), record in zip(images, group.export.records(e for e, _ in images)):
        shapes = (
            hash(_BETWEEN.sub(b"><", record.partition(b">")[2]).strip())
            if isinstance(record, bytes)
            else hash(tuple(map(_of_node, record.children)))
        )
        found.setdefault(h, []).append(shapes)
    return found


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
