"""Images named by addresses: one that is signed anew is the same, and the query is in the key where it decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness import Convert, annotation, coco, image


def keys(run: Any) -> list[str]:
    return [line["dataRow"]["globalKey"] for line in run.lines]


def named(*names: str, field: str = "file_name") -> dict[str, Any]:
    images = [image(n, name) for n, name in enumerate(names)]
    if field != "file_name":
        for picture in images:
            picture[field] = picture.pop("file_name")
    return coco([annotation(n, image_id=n, bbox=[n + 1, 1, 5, 5]) for n in range(len(names))], images)


H = "https://h.example.org"


@pytest.mark.parametrize("field", ["file_name", "coco_url"])
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([f"{H}/get?id=1", f"{H}/get?id=2"], ["h.example.org/get?id=1", "h.example.org/get?id=2"]),
        ([f"{H}/a.jpg?v=1", f"{H}/b.jpg?v=2"], ["a.jpg", "b.jpg"]),
        ([f"{H}/a.jpg", "https://g.example.org/a.jpg"], ["h.example.org/a.jpg", "g.example.org/a.jpg"]),
        (
            [f"{H}/get?id=1&X-Amz-Date=1", f"{H}/get?id=2&X-Amz-Date=2"],
            ["h.example.org/get?id=1", "h.example.org/get?id=2"],
        ),
        (
            [f"{H}/a.jpg?X-Amz-Date=1&X-Amz-Signature=q", f"{H}/a.jpg?X-Amz-Date=2&X-Amz-Signature=r"],
            ["a.jpg", "a.jpg"],
        ),
        ([f"{H}/a%20b.jpg", f"{H}/c.jpg"], ["a b.jpg", "c.jpg"]),
    ],
)
def test_an_address_is_called_by_as_much_as_it_needs(
    convert: Convert, names: list[str], expected: list[str], field: str
) -> None:
    run = convert(named(*names, field=field))
    assert keys(run) == expected
    assert [line["bbox"]["left"] for line in run.lines] == [1, 2]


def test_one_address_in_two_folders_is_one_picture(convert: Convert, tmp_path: Path) -> None:
    """An address is no name that every folder may have anew."""
    for n, folder in enumerate(("a", "b")):
        (tmp_path / "set" / folder).mkdir(parents=True)
        document = coco([annotation(n, image_id=1, bbox=[n + 1, 1, 5, 5])], [image(1, f"{H}/x.jpg?Signature={n}")])
        (tmp_path / "set" / folder / "instances.json").write_text(json.dumps(document))
    assert keys(convert(tmp_path / "set")) == ["x.jpg", "x.jpg"]
