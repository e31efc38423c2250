"""One asset in several items: one data row, and annotations that no later one replaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import Convert, annotation, coco, image, item, lines, save
from to_labelbox import UsageError
from to_labelbox import convert as run
from to_labelbox.model.items import Box, Item, Object, Relationship


def test_one_asset_in_two_items_keeps_uuids_apart(convert: Convert) -> None:
    """Two tasks on one picture whose regions have the same ids, with a link in each."""

    def twice(x: float) -> Item:
        return item(
            Object(id="a", label="car", geometry=Box(x, 1, 5, 5)),
            Object(id="b", label="car", geometry=Box(x, 20, 5, 5)),
            Relationship(id="r", label="near", source="a", target="b"),
        )

    made = convert.items([twice(1), twice(2), item(path="2.jpg"), twice(3)], relationships=True)
    links = [line for line in made.lines if "relationship" in line]
    assert len({line["uuid"] for line in made.lines}) == len(made.lines) == 9
    by_uuid = {line["uuid"]: line for line in made.lines}
    for link, x in zip(links, (1, 2, 3)):
        ends = [by_uuid[link["relationship"][end]]["bbox"]["left"] for end in ("source", "target")]
        assert ends == [x, x]
    assert made.codes["asset-duplicate"] == 2
    again = convert.items([twice(1), twice(2), item(path="2.jpg"), twice(3)], relationships=True)
    assert again.lines == made.lines


def test_one_picture_in_two_files_of_a_batch(tmp_path: Path) -> None:
    """The same ids on the same picture in two COCO files of one set, by two annotators."""
    first = coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, "a.jpg")])
    second = coco([annotation(1, bbox=[9, 9, 5, 5], image_id=7)], [image(7, "a.jpg")])
    paths = [save(tmp_path / "in" / name, document) for name, document in (("a.json", first), ("b.json", second))]
    report = run(paths, tmp_path / "out")
    found = lines(tmp_path / "out")
    assert report.annotations.converted == 2
    assert [line["bbox"]["left"] for line in found] == [1, 9]
    assert len({line["uuid"] for line in found}) == 2
    assert len(lines(tmp_path / "out", "data_rows.ndjson")) == 1


def test_a_file_that_is_given_twice_is_not_read_twice(tmp_path: Path) -> None:
    one = save(tmp_path / "in" / "a.json", coco([annotation(1)], [image(1, "a.jpg")]))
    (tmp_path / "link.json").symlink_to(one)
    for again in (one, str(tmp_path / "link.json")):
        with pytest.raises(UsageError, match=r"\.json: is given twice"):
            run([one, again], tmp_path / "out")
