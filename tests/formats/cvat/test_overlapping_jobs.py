"""Jobs do not tell their task: where one goes on from the other, a picture that both have is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvat_files import counts, export, items_of, open_path
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox_formats.cvat.options import SameTask

BOX = '<box label="car" occluded="0" xtl="{}" ytl="2" xbr="30" ybr="40"/>'


def job(
    id: int, start: int, pictures: str, left: int = 1, server: str = "localhost:8080", dumped: str = "2024-01-02"
) -> str:
    """A job on pictures that are called by letters, from a frame on."""
    url = f"http://{server}/api/jobs/{id}"
    stop = start + len(pictures) - 1
    fields = f"<id>{id}</id><size>{len(pictures)}</size><mode>annotation</mode><start_frame>{start}</start_frame><stop_frame>{stop}</stop_frame>"
    segment = f"<segments><segment><id>{id}</id><start>{start}</start><stop>{stop}</stop><url>{url}</url></segment></segments>"
    images = "".join(
        f'<image id="{start + n}" name="{name}.jpg" width="100" height="80">{BOX.format(left)}</image>'
        for n, name in enumerate(pictures)
    )
    meta = f"<job>{fields}{segment}<labels><label><name>car</name><attributes/></label></labels></job>"
    return export(images, meta).replace("2024-01-02", dumped)


def rows(folder: Path, *jobs: str, **options: SameTask) -> tuple[list[str], Log]:
    for number, text in enumerate(jobs):
        (folder / f"{number}.xml").write_text(text)
    dataset, log = open_path(folder, **options)
    items, _ = items_of(dataset)
    assert all(len(item.annotations) == 1 for item in items)
    return sorted(item.asset.path for item in items), log


def test_one_picture_of_two_jobs_that_say_the_same(tmp_path: Path) -> None:
    found, log = rows(tmp_path, job(1, 0, "abc"), job(2, 1, "bcd"), job(3, 3, "de"))
    assert found == ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]
    assert sum(a.for_ for a in log.assumptions.values()) == 3
    assert "decision" not in counts(log)


def test_two_that_say_different_things_are_a_question(tmp_path: Path) -> None:
    jobs = job(1, 0, "ab"), job(2, 1, "bc", left=2, dumped="2024-02-02")
    with pytest.raises(UsageError) as asked:
        rows(tmp_path, *jobs)
    assert "both about 1 picture" in str(asked.value)
    assert rows(tmp_path, *jobs, same_task=SameTask.LATEST)[0] == ["a.jpg", "b.jpg", "c.jpg"]
    assert rows(tmp_path, *jobs, same_task=SameTask.APART)[0] == ["0/a.jpg", "0/b.jpg", "1/b.jpg", "1/c.jpg"]


@pytest.mark.parametrize(
    "other",
    [
        job(2, 0, "bc", left=2),  # both begin the task
        job(2, 2, "bc", left=2),  # not where they overlap
        job(2, 1, "cb", left=2),  # another frame
        job(2, 1, "bc", left=2, server="other:8080"),
    ],
)
def test_jobs_of_different_tasks_are_apart(tmp_path: Path, other: str) -> None:
    found, log = rows(tmp_path, job(1, 0, "ab"), other)
    assert len(found) == 4
    assert "decision" in counts(log)
