"""Files that hold COCO's records elsewhere than in its three lists: read where one meaning is left, else refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness import Convert, annotation, coco, image
from to_labelbox import convert as convert_source
from to_labelbox.report.errors import SourceError

BOX = [10, 20, 30, 40]
SIDES = {"left": 10, "top": 20, "width": 30, "height": 40}
CAR = [{"id": 1, "name": "car"}]


def keys(run: Any) -> list[tuple[str, Any]]:
    return [(line["dataRow"]["globalKey"], line.get("bbox")) for line in run.lines]


def without_image(id: int, **more: Any) -> dict[str, Any]:
    return {"id": id, "category_id": 1, "bbox": BOX, **more}


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_images_may_be_names_by_their_ids(convert: Convert, geometry: str) -> None:
    """As AnimalPose writes them."""
    images = {"1": "a.jpg", "7": "b/ü.jpg", "9": "c.jpg"}
    run = convert(coco([annotation(1, image_id=7, bbox=BOX)]) | {"images": images}, geometry=geometry)
    assert keys(run) == [("b/ü.jpg", SIDES)]
    assert run.report.assets.written == 3
    assert "record-unreadable" not in run.codes


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
@pytest.mark.parametrize("indent", [None, 1])
def test_annotations_may_be_lists_by_the_ids_of_images(
    convert: Convert, tmp_path: Path, indent: int | None, geometry: str
) -> None:
    lists = {
        "2": [without_image(1), without_image(2, bbox=[1, 2, 3, 4])],
        "1": [],
        "3": [annotation(3, image_id=1, bbox=BOX)],
    }
    document = coco(images=[image(n) for n in (1, 2, 3)]) | {"annotations": lists}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document, indent=indent))
    run = convert(path, geometry=geometry)
    assert [key for key, _ in keys(run)] == ["1.jpg", "2.jpg", "2.jpg"]
    assert run.tally("car") == (3, 3, 0, 0, 0)


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("listed", [True, False])
def test_annotations_may_stand_in_their_images(
    convert: Convert, tmp_path: Path, listed: bool, indent: int | None, geometry: str
) -> None:
    """As OCHuman writes them, and detectron2 what it loads."""
    images = [
        image(1, "ä.jpg", annotations=[without_image(1)]),
        image(2, annotations=[]),
        image(3, annotations=[without_image(2, bbox=[10, 20, 40, 60], bbox_mode=0), without_image(3)]),
    ]
    path, names = tmp_path / "a.json", tmp_path / "names.json"
    path.write_text(json.dumps(images if listed else {"images": images, "categories": CAR}, indent=indent))
    names.write_text(json.dumps(coco()))
    run = convert(path, geometry=geometry, options={"categories": str(names)})
    assert keys(run) == [("ä.jpg", SIDES), ("3.jpg", SIDES), ("3.jpg", SIDES)]
    assert not run.report.unread
    assert any("annotations stand in the records of their images" in e for e in run.examples)


def test_annotations_in_images_beside_a_list_of_them_are_unread(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=BOX)], [image(1, annotations=[without_image(9)])]))
    assert keys(run) == [("1.jpg", SIDES)]
    assert [u.name for u in run.report.unread] == ["annotations"]
    run = convert(coco([annotation(1, bbox=BOX)], [image(1, annotations=[1])]))
    assert [u.name for u in run.report.unread] == ["annotations"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"train": coco(), "valid": coco()}, "an object with 'train', 'valid', each of them COCO"),
        ([{"filename": "a.jpg", "ann": {"bboxes": [[1, 2, 3, 4]], "labels": [0]}}], "that MMDetection makes of COCO"),
        ({"metainfo": {}, "data_list": [{"img_path": "a.jpg", "instances": []}]}, "that OpenMMLab makes of COCO"),
    ],
)
def test_what_is_made_of_coco_is_refused_by_name(tmp_path: Path, document: Any, said: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    with pytest.raises(SourceError, match=said):
        convert_source(path, tmp_path / "out")
