"""Jobs do not tell their task: where one goes on from the other, a picture that both have is one."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from builders.steps import check_growth, steps
from cvat_files import counts, export, items_of, open_path
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox_formats.cvat.exports import Export, Group
from to_labelbox_formats.cvat.meta import TaskSpec
from to_labelbox_formats.cvat.nodes import Record
from to_labelbox_formats.cvat.options import SameTask
from to_labelbox_formats.cvat.units.copies import _families

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


def of_frames(text: str) -> str:
    """The job on frames of a video, exported for images: names are numbers."""
    named = re.sub(r'id="(\d+)" name="[^"]*"', lambda m: f'id="{m[1]}" name="frame_{int(m[1]):06d}"', text)
    return named.replace("<mode>annotation</mode>", "<mode>interpolation</mode>")


@pytest.mark.parametrize("left", [1, 2])
def test_frames_of_two_videos_have_the_same_names(left: int, tmp_path: Path) -> None:
    for id, (start, x) in enumerate([(0, 1), (5, left)]):
        (tmp_path / f"{id}.xml").write_text(of_frames(job(id, start, 10 * "a", x)))
    items, _ = items_of(open_path(tmp_path)[0])
    assert [len(item.annotations) for item in items] == [10, 10]


@pytest.mark.parametrize(("overlap", "count"), [(0, 6), (1, 6), (2, 4)])
def test_jobs_overlap_as_far_as_they_say(overlap: int, count: int, tmp_path: Path) -> None:
    jobs = (
        text.replace("<mode>", f"<overlap>{overlap}</overlap><mode>") for text in (job(1, 0, "abc"), job(2, 1, "bcd"))
    )
    assert len(rows(tmp_path, *jobs)[0]) == count


def test_which_of_two_jobs_goes_on_is_not_known(tmp_path: Path) -> None:
    found, log = rows(tmp_path, job(1, 0, "ab"), job(2, 1, "bc"), job(3, 0, "ab"), job(4, 1, "bc"))
    assert len(found) == 8
    assert "decision" in counts(log)


class _Jobs(Export):
    """A file of which only the start tags of pictures are read."""

    name = "a.xml"

    def head(self, element: int) -> Record:
        return f'<image id="{element}">'.encode()


def test_many_jobs_take_no_longer_each() -> None:
    def families(count: int) -> set[str]:
        groups = []
        for n in range(count):
            spec = TaskSpec(id=str(n), start=n % 10, stop=n % 10 + 19, jobs=frozenset({f"h/api/jobs/{n}"}))
            groups.append(Group(_Jobs(), "", spec.id, task=spec))
            for element, name in enumerate(("p", f"{n}.jpg", "q"), spec.start):
                groups[-1].add_image(element, name)
        return set(_families(groups))

    assert len(families(40)) == 40
    check_growth(*(steps(partial(families, n)) for n in (3, 100, 400)))
