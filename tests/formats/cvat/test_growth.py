"""Twice as much of anything in a CVAT source takes about twice as many steps, never four times."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from builders.steps import check_growth, steps
from cvat_files import attribute, export, image, label, open_path, row, task, track

CLIP = (64, 48)
Document = dict[str, str]
"""File name → content."""


def shape(left: float, frame: int, **more: Any) -> dict[str, Any]:
    points = [left, 10, left + 2, 30]
    return {"type": "rectangle", "points": points, "frame": frame, "label": "car", "attributes": [], **more}


def moving(left: float, frames: Iterable[int], **more: Any) -> dict[str, Any]:
    shapes = [{**shape(left, frame), "outside": False, **more} for frame in frames]
    return {"frame": shapes[0]["frame"], "label": "car", "attributes": [], "shapes": shapes}


def record(shapes: list[Any] | None = None, tracks: list[Any] | None = None) -> dict[str, Any]:
    return {"tags": [], "shapes": shapes or [], "tracks": tracks or []}


def backup(records: list[Any], ranges: list[tuple[int, int]], video: bool = False, **data: Any) -> Document:
    size = ranges[-1][1] + 1
    jobs = [{"start_frame": start, "stop_frame": stop, "type": "annotation"} for start, stop in ranges]
    labels = [{"name": "car", "type": "any", "attributes": []}]
    told = {"name": "t", "labels": labels, "data": {"start_frame": 0, "stop_frame": size - 1, **data}, "jobs": jobs}
    entries: list[Any] = [{"name": f"p{i}", "extension": ".png", "width": 640, "height": 480} for i in range(size)]
    if video:
        entries = [{"properties": {"name": "c.mp4", "resolution": [640, 480], "length": size}}]
    lines = [{"version": "1.1"}, {"type": "video" if video else "images"}, *entries]
    return {
        "task.json": json.dumps(told),
        "annotations.json": json.dumps(records),
        "data/manifest.jsonl": "".join(json.dumps(line) + "\n" for line in lines),
    }


def xml(body: str, meta: str) -> Document:
    return {"annotations.xml": export(body, meta)}


def box(left: int, name: str = "car", inside: str = "") -> str:
    place = f'xtl="{left % 50}.00" ytl="1.00" xbr="{left % 50 + 9}.00" ybr="5.00"'
    return f'<box label="{name}" source="manual" occluded="0" {place} z_order="0">{inside}</box>'


def answer(text: str) -> str:
    return f'<attribute name="a">{text}</attribute>'


def project(n: int) -> Document:
    tasks = "".join(f"<task><id>{i}</id><name>t{i}</name><size>2</size><subset>x</subset></task>" for i in range(n))
    body = "".join(image(box(i), "a.jpg", more=f' subset="x" task_id="{i}"') for i in range(n))
    return xml(body, f"<project><labels>{label('car')}</labels><tasks>{tasks}</tasks></project>")


def outline(n: int) -> Document:
    def ring(shift: int) -> list[float]:
        return [v for i in range(n) for v in (i % 90 + shift, i * 7 % 70 + 0.5)]

    shapes = [{"type": "polygon", "points": ring(f), "frame": f, "outside": bool(f)} for f in (0, 2)]
    return backup([record(None, [{"frame": 0, "label": "car", "attributes": [], "shapes": shapes}])], [(0, 3)], True)


def options(n: int) -> Document:
    declared = label("car", "any", attribute("a", "select", "\n".join(f"x{i}" for i in range(n))))
    return xml(image("".join(box(i, inside=answer(f"x{i}")) for i in range(n))), task(declared))


def blanks(n: int) -> Document:
    labels = "".join(label(f"c{i}", "any", attribute("a", "select", f"x y z{i}")) for i in range(n))
    return xml(image("".join(box(i, f"c{i}") for i in range(n))), task(labels))


GROWTH: dict[str, tuple[int, Callable[[int], Document]]] = {
    "shapes of a picture": (300, lambda n: xml(image("".join(map(box, range(n)))), task(label("car")))),
    "pictures": (120, lambda n: xml("".join(image(box(i), f"{i}.jpg") for i in range(n)), task(label("car")))),
    "rows of a track": (
        300,
        lambda n: xml(
            track("".join(row(f, (f % 50, 0, f % 50 + 5, 5), key=f % 5 == 0) for f in range(n))),
            task(label("car"), size=n, stop=n - 1, video=CLIP),
        ),
    ),
    "tracks": (
        60,
        lambda n: xml(
            "".join(track(row(0, (0, 0, 5, 5)) + row(1, (0, 0, 5, 5), key=False), id=i) for i in range(n)),
            task(label("car"), size=2, stop=1, video=CLIP),
        ),
    ),
    "options of an attribute": (500, options),
    "values between blanks": (160, blanks),
    "labels": (
        160,
        lambda n: xml(
            image("".join(box(i, f"c{i}") for i in range(n))), task("".join(label(f"c{i}") for i in range(n)))
        ),
    ),
    "tasks of a project": (200, project),
    "files of a folder": (
        60,
        lambda n: {f"{i}.xml": export(image(box(i), f"{i}.jpg"), task(label("car"))) for i in range(n)},
    ),
    "nested elements": (4000, lambda n: xml(image("<x>" * n + "</x>" * n), task(label("car")))),
    "shapes that two jobs tell": (
        120,
        lambda n: backup([record([shape(3 * i, 1) for i in range(n)])] * 2, [(0, 1), (1, 2)]),
    ),
    "tracks over two jobs": (
        120,
        lambda n: backup(
            [record(None, [moving(3 * i, [f]) for i in range(n)]) for f in (0, 1)], [(0, 1), (1, 2)], True
        ),
    ),
    "jobs that a track is in": (
        80,
        lambda n: backup(
            [record(None, [moving(3, [5 * i, 5 * i + 5])]) for i in range(n)],
            [(5 * i, 5 * i + 5) for i in range(n)],
            True,
        ),
    ),
    "tracks of a backup": (
        200,
        lambda n: backup([record(None, [moving(3 * i, [0, 1]) for i in range(n)])], [(0, 3)], True),
    ),
    "keyframes of a backup": (
        600,
        lambda n: backup([record(None, [moving(3, range(0, n, 2))])], [(0, n - 1)], True),
    ),
    "vertices between keyframes": (300, outline),
    "deleted frames": (
        800,
        lambda n: backup(
            [record(None, [moving(3 * i, [0]) for i in range(40)])],
            [(0, n - 1)],
            True,
            deleted_frames=list(range(n - 1)),
        ),
    ),
}


@pytest.mark.parametrize("name", GROWTH)
def test_the_steps_grow_with_the_input(name: str, tmp_path: Path) -> None:
    size, make = GROWTH[name]
    _steps(_written(tmp_path / "first", make(3)))  # which loads modules
    check_growth(*(_steps(_written(tmp_path / str(n), make(n))) for n in (3, size, 4 * size)))


def _written(folder: Path, document: Document) -> Path:
    for file, text in document.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    return folder


def _steps(folder: Path) -> int:
    """Steps of reading everything."""
    return steps(lambda: [len(item.annotations) for item in open_path(folder)[0]])
