"""Images of one name that state different sizes: not put together unless somebody says that they are one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness import Convert, annotation, coco, image, save
from to_labelbox import UsageError

ON_BOTH = [annotation(n, image_id=n, bbox=[1, 1, 5, 5]) for n in (1, 2)]


def pictures(*sizes: tuple[int, int]) -> list[Any]:
    return [image(n, "a.jpg", *size) for n, size in enumerate(sizes, 1)]


def test_in_one_file_they_are_a_question(convert: Convert) -> None:
    given = coco(ON_BOTH, pictures((640, 480), (320, 200)))
    with pytest.raises(UsageError, match=r"a\.jpg is 640 × 480 as images\[0\] .* and 320 × 200 as images\[1\]"):
        convert(given)
    run = convert(given, options={"same_names": "one"})
    assert len(run.lines) == 2
    assert run.codes["asset-duplicate"] == 1


def test_in_two_files_they_are_a_question(convert: Convert, tmp_path: Path) -> None:
    for name, size in (("a", (640, 480)), ("b", (640, 400))):
        save(tmp_path / "set" / f"{name}.json", coco(ON_BOTH[:1], pictures(size)))
    with pytest.raises(UsageError, match=r"images\[0\] of a\.json and 640 × 400 as images\[0\] of b\.json"):
        convert(tmp_path / "set")


@pytest.mark.parametrize("sizes", [((640, 480), (640, 480)), ((640, 480), (None, None))])
def test_one_size_is_one_picture(convert: Convert, sizes: Any) -> None:
    assert len(convert(coco(ON_BOTH, pictures(*sizes))).lines) == 2
