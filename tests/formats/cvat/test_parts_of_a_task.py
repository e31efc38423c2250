"""Exports of one CVAT task that tell some of its pictures each: its jobs, its project, another choice of frames."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvat_files import export, image, items_of, open_path, open_text, row, task, track
from to_labelbox.model.items import Box, Object
from to_labelbox.report.errors import UsageError
from to_labelbox_formats.cvat.options import SameSource, SameTask

BOX = '<box label="car" xtl="{}" ytl="2" xbr="30" ybr="40"/>'
DAY = "2024-01-02"


def jobs(*numbers: int) -> str:
    each = "".join(f"<segment><id>{n}</id><url>https://h/api/jobs/{n}</url></segment>" for n in numbers)
    return f"<segments>{each}</segments>"


def of_task(pictures: dict[str, int], *numbers: int, day: str = DAY) -> str:
    """An export of the task with the left side of a box a picture."""
    shown = "".join(image(BOX.format(left), name) for name, left in pictures.items())
    return export(shown, task(id=5).replace("</task>", jobs(*numbers) + "</task>")).replace(DAY, day)


def of_job(pictures: dict[str, int], number: int, day: str = DAY) -> str:
    """Jobs have an id of their own, and no name."""
    text = of_task(pictures, number, day=day).replace("<id>5</id>", f"<id>{number}</id>")
    return text.replace("<task>", "<job>").replace("</task>", "</job>")


def boxes(folder: Path, **options: SameTask) -> tuple[dict[str, list[float]], int]:
    """The left sides on each picture; boxes read."""
    items, log = items_of(open_path(folder, **options)[0])
    sides = {
        i.asset.path: [a.geometry.left for a in i.annotations if isinstance(a, Object) and isinstance(a.geometry, Box)]
        for i in items
    }
    return sides, log.ledger["car"].read


def test_pictures_that_another_export_of_the_task_tells_count_once(tmp_path: Path) -> None:
    """As where frames were deleted between two downloads, or a script has written a part of the file."""
    open_text(tmp_path, of_task({"a.jpg": 1, "b.jpg": 2}, 1), "half.xml")
    open_text(tmp_path, of_task({"a.jpg": 1, "b.jpg": 2, "c.jpg": 3}, 1).replace("><box", ">\n  <box"), "whole.xml")
    assert boxes(tmp_path) == ({"a.jpg": [1], "b.jpg": [2], "c.jpg": [3]}, 3)
    (said,) = open_path(tmp_path)[1].assumptions.values()
    assert (said.option, said.for_) == ("-O same_task=apart", 2)
    assert open_path(tmp_path, same_task=SameTask.APART)[0].unit_count == 5


def test_a_job_beside_its_task_counts_once(tmp_path: Path) -> None:
    open_text(tmp_path, of_task({"a.jpg": 1, "b.jpg": 2}, 8, 9), "task.xml")
    open_text(tmp_path, of_job({"a.jpg": 1}, 8), "job.xml")
    assert boxes(tmp_path) == ({"a.jpg": [1], "b.jpg": [2]}, 2)


@pytest.mark.parametrize(("day", "side"), [("2024-03-01", 5), ("2023-03-01", 1)])
def test_of_a_job_and_its_task_that_differ_the_later_one_is_asked_for(tmp_path: Path, day: str, side: int) -> None:
    open_text(tmp_path, of_task({"a.jpg": 1, "b.jpg": 2}, 8, 9), "task.xml")
    open_text(tmp_path, of_job({"a.jpg": 5}, 8, day), "job.xml")
    with pytest.raises(
        UsageError, match=r"both about 1 picture, and they say different things\n.*\n.*same_task=latest"
    ):
        open_path(tmp_path)
    assert boxes(tmp_path, same_task=SameTask.LATEST)[0] == {"a.jpg": [side], "b.jpg": [2]}


def test_without_a_day_only_apart_is_left(tmp_path: Path) -> None:
    open_text(tmp_path, of_task({"a.jpg": 1, "b.jpg": 2}, 8), "task.xml")
    open_text(tmp_path, of_job({"a.jpg": 5}, 8), "job.xml")
    with pytest.raises(UsageError) as refused:
        open_path(tmp_path, same_task=SameTask.LATEST)
    assert "same_task=latest" not in str(refused.value)


def test_two_jobs_of_one_task_and_names_of_other_tasks_are_kept(tmp_path: Path) -> None:
    open_text(tmp_path, of_job({"a.jpg": 1}, 8), "first.xml")
    open_text(tmp_path, of_job({"b.jpg": 2}, 9), "second.xml")
    open_text(tmp_path, of_job({"a.jpg": 1}, 7), "other.xml")
    assert boxes(tmp_path)[1] == 3


@pytest.mark.parametrize("side", [1, 5])
@pytest.mark.parametrize("more", [{}, {"b.jpg": 2}])
def test_tasks_of_two_servers_with_one_id_and_name_are_two(tmp_path: Path, side: int, more: dict[str, int]) -> None:
    open_text(tmp_path, of_task({"a.jpg": 1}, 8), "one.xml")
    open_text(tmp_path, of_task({"a.jpg": side, **more}, 8).replace("//h/", "//other/"), "two.xml")
    assert open_path(tmp_path)[0].unit_count == 2 + len(more)


def test_a_server_that_has_moved_to_https_is_the_same(tmp_path: Path) -> None:
    open_text(tmp_path, of_task({"a.jpg": 1}, 8).replace("https:", "http:"), "one.xml")
    open_text(tmp_path, of_task({"a.jpg": 1, "b.jpg": 2}, 8), "two.xml")
    assert boxes(tmp_path)[1] == 2


def test_a_file_without_jobs_is_known_by_id_and_name(tmp_path: Path) -> None:
    open_text(tmp_path, of_task({"a.jpg": 1}), "script.xml")
    open_text(tmp_path, of_task({"a.jpg": 1, "b.jpg": 2}, 8), "server.xml")
    assert boxes(tmp_path)[1] == 2


def video(*numbers: int, frames: range, source: str = "", day: str = DAY) -> str:
    meta = task(id=5, size=9, source=source, video=(64, 48)).replace("</task>", jobs(*numbers) + "</task>")
    rows = "".join(row(n, (n + 1, 2, 30, 40), key=n == frames[0]) for n in frames)
    return export(track(rows), meta).replace(DAY, day)


@pytest.mark.parametrize(("day", "offered"), [("2023-03-01", True), ("2024-03-01", False), (DAY, False)])
def test_the_video_of_a_job_beside_that_of_its_task_is_a_question(tmp_path: Path, day: str, offered: bool) -> None:
    """A job knows no source, so that its tracks went to a data row of their own."""
    open_text(tmp_path, video(8, 9, frames=range(9), source="a.mp4"), "task.xml")
    job = video(8, frames=range(5), day=day).replace("<id>5</id>", "<id>8</id>", 1)
    open_text(tmp_path, job.replace("<task>", "<job>").replace("</task>", "</job>"), "job.xml")
    with pytest.raises(UsageError) as refused:
        open_path(tmp_path)
    assert ("same_task=latest" in str(refused.value)) == offered
    if offered:
        (item,), _ = items_of(open_path(tmp_path, same_task=SameTask.LATEST)[0])
        assert (item.asset.path, len(item.annotations)) == ("a.mp4", 1)
    assert open_path(tmp_path, same_task=SameTask.APART)[0].unit_count == 2


def test_videos_of_two_jobs_of_one_task_are_kept(tmp_path: Path) -> None:
    open_text(tmp_path, video(8, frames=range(5)), "first.xml")
    open_text(tmp_path, video(9, frames=range(5, 9)).replace("<id>5</id>", "<id>6</id>", 1), "second.xml")
    assert open_path(tmp_path)[0].unit_count == 2


def test_jobs_that_name_no_video_are_about_one_where_that_is_said(tmp_path: Path) -> None:
    open_text(tmp_path, video(8, frames=range(5)), "first.xml")
    open_text(
        tmp_path, video(9, frames=range(5, 9)).replace("<id>5</id><name>task</name>", "<id>6</id>", 1), "second.xml"
    )
    dataset, _ = open_path(tmp_path, same_source=SameSource.ONE)
    (item,), _ = items_of(dataset)
    assert len(item.annotations) == 2
    assert all("same_source=one" in d.message for d in open_path(tmp_path)[1].diagnostics.values())
