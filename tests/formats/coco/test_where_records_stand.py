"""Files that hold COCO's records elsewhere than in its three lists: read where one meaning is left, else refused by name."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from harness import Convert, annotation, coco, image
from to_labelbox import convert as convert_source
from to_labelbox.report.errors import SourceError, UsageError

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


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("stand", ["in images", "by image id", "by imageId"])
def test_records_with_nan_are_those_of_the_image_that_they_stand_in(
    convert: Convert, tmp_path: Path, stand: str, indent: int | None
) -> None:
    images = [image(n) for n in (1, 2, 3)]
    records = {n: [without_image(n), without_image(n + 3, area=math.nan)] for n in (1, 2, 3)}
    document = coco(images=images)
    if stand == "in images":
        document["images"] = [whole | {"annotations": records[whole["id"]]} for whole in images]
        del document["annotations"]
    elif stand == "by image id":
        document["annotations"] = {str(n): records[n] for n in records}
    else:
        document["annotations"] = [record | {"imageId": n} for n in records for record in records[n]]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document, indent=indent))
    run = convert(path)
    assert sorted(keys(run)) == [(f"{n}.jpg", SIDES) for n in (1, 1, 2, 2, 3, 3)]


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


def in_images(flat: Any) -> Any:
    """The same set, with each annotation in the record of its image."""
    images = [
        {**image, "annotations": [without(a, "image_id") for a in flat["annotations"] if a["image_id"] == image["id"]]}
        for image in flat["images"]
    ]
    return {"images": images, "categories": flat["categories"]}


def by_image(flat: Any) -> Any:
    """The same set, with lists of annotations under the ids of their images."""
    lists = {str(i["id"]): [a for a in flat["annotations"] if a["image_id"] == i["id"]] for i in flat["images"]}
    return flat | {"annotations": {id: [without(a, "image_id") for a in own] for id, own in lists.items()}}


def without(record: Any, field: str) -> Any:
    return {name: value for name, value in record.items() if name != field}


@pytest.mark.parametrize("stand", [in_images, by_image, lambda flat: flat])
def test_pictures_are_evidence_wherever_records_stand(convert: Convert, stand: Any) -> None:
    """Two corners each, which leave their picture as left, top, width and height."""
    boxes = [annotation(n, image_id=n % 3 + 1, bbox=[50 + n, 40, 90 + n, 70]) for n in range(9)]
    with pytest.raises(UsageError, match="look like two corners"):
        convert(stand(coco(boxes, [image(n) for n in (1, 2, 3)])))


@pytest.mark.parametrize("odd", ["", ', "weight": NaN'])
def test_records_in_images_are_found_whatever_stands_beside_them(tmp_path: Path, odd: str) -> None:
    """A first record that no strict parser takes, white space, the same list in another field, and braces in texts."""
    boxes = [f'{{"id": {n}, "category_id": 1, "bbox": [{n}, 2, 30, 40]}}' for n in range(1, 6)]
    own = [f"[{', '.join(boxes[:2])}]", "[]", f"[ {boxes[2]} ,\n {boxes[3]}]", f"[{boxes[4]}]"]
    images = [
        f'{{"id": {n}, "file_name": "{n}}},{{.jpg", "width": 100, "height": 80, "old": {list_}, "annotations" : {list_}{odd if n == 1 else ""}}}'
        for n, list_ in enumerate(own, 1)
    ]
    text = f'{{"categories": [{{"id": 1, "name": "car"}}], "images": [\n{", ".join(images)}\n]}}'
    (tmp_path / "a.json").write_text(text)
    made = convert_source(tmp_path / "a.json", tmp_path / "out")
    assert made.classes["car"].converted == 5
    found = [json.loads(line) for line in (tmp_path / "out/annotations.ndjson").read_text().splitlines()]
    assert [(line["dataRow"]["globalKey"][0], line["bbox"]["left"]) for line in found] == [
        ("1", 1),
        ("1", 2),
        ("3", 3),
        ("3", 4),
        ("4", 5),
    ]
