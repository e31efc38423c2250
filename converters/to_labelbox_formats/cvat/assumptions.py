"""Readings that a CVAT source does not force: what is taken, what speaks for and against it, what flips it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from to_labelbox.model.text import n_of
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.cvat.exports import ROW, Export, Group
from to_labelbox_formats.cvat.meta import whole
from to_labelbox_formats.cvat.nodes import Figure, Node, make_node, start_tag
from to_labelbox_formats.cvat.options import Coordinates, Frames, Numbering, OpenTracks, Options, SameSource, Video
from to_labelbox_formats.cvat.shapes import figure_in_pixels

_FRAME_NAME = re.compile(rb'\sname="frame_(\d{6,8})"')
_TRACKS = 500
"""Tracks and pictures of a file whose frame numbers are looked at."""
_HEADS, _LOOKED_AT, _HEAD = 100, 1 << 13, 1 << 12
"""Pictures and tracks of a task whose coordinates are looked at, bytes of each, and those of a start tag."""
_GAPS, _EVERY, _FEW, _ONE = "with gaps", "on every frame", "too few", "one"


def assume_videos(groups: Iterable[Group], asked: bool, log: Log) -> None:
    """Which groups are of a video. ``asked``: the user has said what they become.

    A task that says of itself that it has pictures, and that holds tracks without naming a picture, is a question.
    """
    unsaid = 0
    for group in groups:
        if not group.is_video or group.task.video:
            continue
        if group.task.pictures and group.tracks and not group.images and not asked:
            ask(
                f"{group.export.name} is of a task of pictures, exported for video: it names no picture. Better export "
                "the task as 'CVAT for images'",
                [
                    ("-O video=video", "it is one video after all"),
                    ("-O video=frames", "each frame is a picture, called frame_000000 and on"),
                ],
            )
        unsaid += 1
    if unsaid and not asked:
        log.assume(
            "tasks with tracks, or with pictures called frame_000000",
            "videos",
            unknown=unsaid,
            why="they do not say so themselves",
            option="-O video=frames",
        )


def assume_frames(videos: Iterable[Group], options: Options, log: Log) -> None:
    """What frame numbers count, where the source video and the clip of its sampled frames differ.

    CVAT's XML counts frames of the source video. Files in which most numbers are none of the sampled ones, and all of them
    are below the number of these, are a question.
    """
    on_grid = beside = unknown = 0
    for group in videos:
        task = group.task
        if task.step == 1 and options.numbering is Numbering.AUTO:
            _ask_whether_from_one(group)
        if task.step == 1 and task.start == 0:
            continue
        numbers = _numbers(group)
        sampled = sum(n >= task.start and (n - task.start) % task.step == 0 for n in numbers)
        if options.numbering is Numbering.AUTO and 2 * sampled < len(numbers) and max(numbers) < (task.size or 0):
            ask(
                f"{group.export.name}: the task takes every {task.step}. frame from {task.start} on, but {len(numbers) - sampled} "
                f"of {len(numbers)} frame numbers that were looked at are none of these, and all are below its {task.size} frames",
                [
                    ("-O numbering=sampled", "they count the sampled frames from 0 on"),
                    ("-O numbering=source", "they count the frames of the source video, as CVAT's own do"),
                ],
            )
        on_grid, beside, unknown = on_grid + sampled, beside + len(numbers) - sampled, unknown + (not numbers)
    if on_grid + beside + unknown and options.frames is Frames.SOURCE and options.video is not Video.FRAMES:
        log.assume(
            "frame numbers",
            "of the source video, which is to be uploaded",
            for_=on_grid,
            against=beside,
            unknown=unknown,
            why="tasks have a first frame or a step; counted are the numbers looked at that are sampled frames, and others",
            option="-O frames=sampled",
        )


def _ask_whether_from_one(group: Group) -> None:
    """Ask where an object is on the frame behind the task's last, none further, and none on the task's first."""
    last, tracks = group.task.last, group.tracks[:_TRACKS]
    if last is None or not tracks:
        return
    ends = (*group.export.texts(tracks, first=_END), *group.export.texts(tracks, tail=_END))
    tags = (row for text in ends for row in _TAG_OF_ROW.finditer(text))
    rows = {int(row[1]) - group.task.offset for row in tags if not _HIDES.search(row[0])}
    if rows and max(rows) == last + 1 and min(rows) > group.task.start:
        ask(
            f"{group.export.name}: the task has the frames {group.task.start} to {last}, but tracks are visible from "
            f"{min(rows)} to {last + 1}",
            [
                ("-O numbering=from_one", "the first frame of the video is called 1"),
                ("-O numbering=source", "it is called 0, as CVAT calls it; what is behind the last frame stays there"),
            ],
        )


_END = 1 << 11
"""Bytes of each end of a track in which its first and last rows are looked for."""
_TAG_OF_ROW = re.compile(rb"<[a-z]+(?=\s)[^<>]*?%b[^<>]*>" % ROW.pattern)
_NO_KEYFRAME = re.compile(rb'\bkeyframe\s*=\s*"\s*(?:0|false|no)', re.IGNORECASE)
_ROWS = 1 << 16
"""Bytes of a track in which gaps between its rows are looked for."""
_OUTSIDE = re.compile(rb'\boutside\s*=\s*"')
_HIDES = re.compile(rb'\boutside\s*=\s*"\s*(?:1|1\.0|true|yes)\s*"', re.IGNORECASE)


def _numbers(group: Group) -> list[int]:
    """Frame numbers of the first tracks and pictures of a group, less what a project has added to them."""
    export = group.export
    found = [int(n) for text in export.texts(group.tracks[:_TRACKS]) for n in ROW.findall(text)]
    heads = (_FRAME_NAME.search(text, 0, 500) for text in export.texts(group.images[:_TRACKS]))
    found += (int(match[1]) for match in heads if match)
    return [n - group.task.offset for n in found]


def assume_one_video(sharing: Sequence[Group], choice: SameSource, log: Log) -> None:
    """That tasks on one name are on one video: told by frames that do not overlap, against it speak those that do.

    Tasks that begin on one frame and end on different ones are a question: the videos may be of different lengths. They may
    be of several subsets, while a data row is of one split.
    """
    ends: dict[int, set[int]] = {}
    for group in sharing:
        if group.task.last is not None:
            ends.setdefault(group.task.start, set()).add(group.task.last)
    for start, found in ends.items():
        if len(found) > 1 and choice is SameSource.AUTO:
            ask(
                f"{n_of(len(sharing), 'task')} of {sharing[0].export.name} name the video {sharing[0].task.source!r}; some of them begin "
                f"on frame {start} and end on different ones ({', '.join(map(str, sorted(found)[:5]))})",
                [
                    ("-O same_source=one", "they are about one video, which is one data row"),
                    ("-O same_source=apart", "they are about different videos of that name"),
                ],
            )
    splits = sorted({group.split for group in sharing if group.split})
    if len(splits) > 1:
        log.decide(
            f"tasks of the subsets {', '.join(splits)} are on the video {sharing[0].task.source!r}: its data row is of none"
        )
    spans = sorted((g.task.start, g.task.last) for g in sharing if g.task.last is not None)
    apart = sum(before[1] < after[0] for before, after in pairwise(spans))
    log.assume(
        "tasks that name the same video",
        "about one, which is one data row",
        for_=apart,
        against=max(0, len(spans) - 1) - apart,
        unknown=len(sharing) - max(1, len(spans)),
        why="they give it one size; counted are tasks that begin behind the end of the one before, and those that do not",
        option="-O same_source=apart",
    )


_NUMBER = rb'"(-?\d+(?:\.\d*)?)"'
_BOX = re.compile(rb"<box\s[^>]*\sxtl=%b\s+ytl=%b\s+xbr=%b\s+ybr=%b" % ((_NUMBER,) * 4))
_OTHERS = re.compile(rb"<(?:ellipse|cuboid)\s[^<>]*>")
_NUMBERED = re.compile(rb"<(?:box|ellipse|cuboid)\s[^<>]*>")
_MOST_POINTS = 2000
_POINTS = re.compile(rb'\spoints\s*=\s*"([^"]{1,%d})' % _MOST_POINTS)
_SIZE = re.compile(rb'<image\s[^>]*\swidth="(\d+)"\s+height="(\d+)"')
_SHAPES = 3
"""Shapes from which on a file is asked about."""


def ask_coordinates(export: Export) -> bool:
    """Whether shapes leave their pictures. Asks where the numbers of an XML file look like anything but pixels and corners.

    All of those looked at lie between 0 and 1; or most boxes have their far corner before the near one, and all fit on
    their pictures when that corner is taken for their size.
    """
    boxes: list[tuple[Sequence[float], tuple[int, int]]] = []
    others: list[tuple[Sequence[float], tuple[int, int]]] = []
    for group in export.groups.values():
        size = group.task.width or 0, group.task.height or 0
        for text in export.texts((*group.images[:_HEADS], *group.tracks[:_HEADS]), first=_LOOKED_AT):
            own = _size_of(text) or size
            for figure in _figures(text):
                (boxes if figure.kind == "rectangle" else others).append((figure.numbers, own))
    values = [numbers for numbers, _ in (*boxes, *others)]
    inside = sum(any(0 < v < 1 for v in numbers) for numbers in values)
    if inside >= _SHAPES and all(min(numbers) >= 0 and max(numbers) <= 1 for numbers in values):
        ask(
            f"{export.name}: all coordinates of the {len(values)} shapes looked at lie between 0 and 1, so they are fractions "
            "of the picture rather than the pixels of CVAT",
            [
                ("-O coordinates=fractions", "they are fractions of the picture's width and height"),
                ("-O coordinates=pixels", "they are pixels, at the top left of each picture"),
            ],
        )
    swapped = sum(right < left or bottom < top for (left, top, right, bottom), _ in boxes)
    sized = [box for box in boxes if box[1][0]]
    fit = all(x + w <= width + 1 and y + h <= height + 1 for (x, y, w, h), (width, height) in sized)
    if swapped >= _SHAPES and 2 * swapped > len(boxes) and fit:
        ask(
            f"{export.name}: of {len(boxes)} boxes looked at, {swapped} have their far corner (xbr, ybr) before the near one, and "
            + ("all fit on their pictures as left, top, width, height" if sized else "no picture says its size"),
            [
                ("-O coordinates=sizes", "xbr and ybr hold the width and height of boxes"),
                ("-O coordinates=pixels", "they are corners, which are put in order"),
            ],
        )
    reaches = ((max(numbers[::2]), max(numbers[1::2]), size) for numbers, size in (*boxes, *others) if size[0])
    return any(right > width + 1 or bottom > height + 1 for right, bottom, (width, height) in reaches)


def _size_of(text: bytes) -> tuple[int, int] | None:
    """The size that a picture says."""
    found = _SIZE.match(text)
    if found is not None:
        return int(found[1]), int(found[2])
    head = start_tag(text[:_HEAD].decode(errors="replace")) if text.startswith(b"<image") else None
    if head is None:
        return None
    width, height = (whole(head[0].get(name), 1) for name in ("width", "height"))
    return (width, height) if width and height else None


def _figures(text: bytes) -> Iterator[Figure]:
    """The shapes of a picture or track, as far as a reader takes their numbers, mended or not."""
    plain = _BOX.findall(text)
    if plain and len(plain) == text.count(b"<box", 0, text.rfind(b">")):
        yield from (Figure("rectangle", list(map(float, corners))) for corners in plain)
        tags = _OTHERS.findall(text)
    else:
        tags = _NUMBERED.findall(text)
    for tag in tags:
        found = start_tag(tag.decode(errors="replace"))
        yield from _figure(found[0]) if found is not None else ()
    for points in _POINTS.findall(text):
        whole_pairs = points if len(points) < _MOST_POINTS else points[: points.rfind(b";")]
        yield from _figure(make_node("points", {"points": whole_pairs.decode(errors="replace")}))


def _figure(node: Node) -> Iterator[Figure]:
    try:
        figure = figure_in_pixels(node, Coordinates.PIXELS, None, None, lambda *_: None)
    except Refused:
        return
    if figure.numbers:
        yield figure


def open_end_of(export: Export, choice: OpenTracks, log: Log) -> OpenTracks:
    """Where tracks end that no row hides, in a file of keyframes.

    In CVAT they last through the task. Other writers may know of no row that hides: where tracks have a row on every
    frame and stop early, they are taken to end there. Tracks of one row each, on different frames, are a question: through
    the task, there would be more of them with every frame.
    """
    if export.dense and not export.meta.written:
        return _end_at_gaps(export, log) if choice is OpenTracks.AUTO else choice
    if export.dense or export.meta.written or choice is not OpenTracks.AUTO:
        return OpenTracks.LAST_ROW if choice is OpenTracks.LAST_ROW else OpenTracks.TASK
    found = list(_rows_of_open_tracks(export))
    kinds = Counter(kind for kind, _ in found)
    gaps, every, unknown = kinds[_GAPS], kinds[_EVERY], kinds[_FEW] + kinds[_ONE]
    if not found:
        return OpenTracks.TASK
    at = {first for kind, first in found if kind is _ONE}
    if kinds[_ONE] == len(found) and len(at) > 1 and not export.closes:
        ask(
            f"{export.name}: {kinds[_ONE]} tracks of one row each, on {len(at)} different frames, which no row hides",
            [
                ("-O open_tracks=last_row", "each is on its frame alone"),
                ("-O open_tracks=task", "each lasts from its frame through the task, as CVAT shows it"),
            ],
        )
    taken = OpenTracks.LAST_ROW if every > gaps and not export.closes else OpenTracks.TASK
    through = taken is OpenTracks.TASK
    log.assume(
        "end of tracks that no row hides",
        "with the task" if through else "at their last row",
        for_=gaps if through else every,
        against=every if through else gaps,
        unknown=unknown,
        why="tracks with a row on every frame stop where these do, others are keyframes, the last of which holds",
        option=f"-O open_tracks={OpenTracks.LAST_ROW if through else OpenTracks.TASK}",
    )
    return taken


def _end_at_gaps(export: Export, log: Log) -> OpenTracks:
    """Whether tracks with a row on every frame end where they have none: CVAT leaves out deleted frames alone, of all tracks."""
    absent = deleted = 0
    for group in export.groups.values():
        told: set[int] = set()
        gaps: list[tuple[int, int]] = []
        for text in export.texts(group.tracks[:_TRACKS], first=_ROWS):
            text = text[: text.rfind(b"<")]
            ends = ROW.search(text), ROW.search(text, max(0, text.rfind(b" frame=")))
            first, last = (int(end[1]) if end else 0 for end in ends)
            if last - first == (text.count(b" frame=") - 1) * group.task.step:
                told.update(range(first, last + 1, group.task.step))
                continue
            rows = list(_TAG_OF_ROW.finditer(text))
            told.update(int(row[1]) for row in rows)
            for before, after in pairwise(rows):
                sparse = not (_NO_KEYFRAME.search(before[0]) or _NO_KEYFRAME.search(after[0]))
                wide = int(after[1]) - int(before[1]) > group.task.step
                if wide and not sparse and not _all_hidden(text[before.start() : after.start()]):
                    gaps.append((int(before[1]), int(after[1])))
        frames = sorted(told)
        others = sum(bisect_right(frames, start) < bisect_left(frames, end) for start, end in gaps)
        absent, deleted = absent + others, deleted + len(gaps) - others
    if not absent:
        return OpenTracks.TASK
    log.assume(
        "frames on which a track has no row, between others on which it has",
        "not visible there",
        for_=absent,
        unknown=deleted,
        why="counted are gaps in which other tracks have rows, and others: CVAT leaves out deleted frames, which no track has",
        option=f"-O open_tracks={OpenTracks.TASK}",
    )
    return OpenTracks.LAST_ROW


def _all_hidden(row: bytes) -> bool:
    """Whether a row, or each element that a row of a skeleton holds, is not visible."""
    return 0 < len(_OUTSIDE.findall(row)) == len(_HIDES.findall(row))


def _rows_of_open_tracks(export: Export) -> Iterator[tuple[str, int]]:
    """How the rows of each track follow each other that ends before its task does, and that no row hides; its first frame."""
    tasks = {element: group.task for group in export.groups.values() for element in group.tracks}
    looked_at = list(tasks)[:_TRACKS]
    for task, text in zip((tasks[element] for element in looked_at), export.texts(looked_at)):
        rows = list(ROW.finditer(text))
        frames = sorted({int(row[1]) - task.offset for row in rows})
        if not frames or task.last is None or frames[-1] >= task.last or _hides(text, rows[-1]):
            continue
        dense = len(frames) == (frames[-1] - frames[0]) // task.step + 1
        yield _ONE if len(frames) < 2 else _FEW if len(frames) < 3 else _EVERY if dense else _GAPS, frames[0]


def _hides(text: bytes, last: re.Match[bytes]) -> bool:
    """Whether the last row of a track hides it."""
    return _HIDES.search(text, text.rfind(b"<", 0, last.start())) is not None
