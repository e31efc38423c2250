"""The COCO family: what each kind, dialect and broken record becomes, by hand-computed values."""

from __future__ import annotations

import gzip
import json
import random
import resource
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as oracle

import to_labelbox
from harness import Convert, annotation, coco, image, lines, ontology, pixels, questions, save
from to_labelbox import SourceError, UsageError
from to_labelbox_formats.coco.detect import split_of

SQUARE = [10, 10, 20, 10, 20, 20, 10, 20]


def box(line: Any) -> tuple[float, float, float, float]:
    b = line["bbox"]
    return b["left"], b["top"], b["width"], b["height"]


def vertices(line: Any) -> list[float]:
    return [v for p in line["polygon"] for v in (p["x"], p["y"])]


# ------------------------------------------------------------------------------------------------- kinds of files


def test_boxes_keep_every_number(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=[1.1, 2.2, 30.300000000000004, 1e-3]), annotation(2, bbox=[0, 0, 100, 80])]))
    assert [box(line) for line in run.lines] == [(1.1, 2.2, 30.300000000000004, 1e-3), (0, 0, 100, 80)]
    assert run.tally("car") == (2, 2, 0, 0, 0)


def test_one_part_is_a_polygon_several_are_a_mask(convert: Convert) -> None:
    two = [[1, 1, 3, 1, 3, 4, 1, 4], [6, 5, 9, 5, 9, 7, 6, 7]]
    run = convert(coco([annotation(1, segmentation=[SQUARE]), annotation(2, segmentation=two)]))
    polygon, mask = run.lines
    assert vertices(polygon) == SQUARE
    array = pixels(mask["mask"]["png"])
    assert array.shape == (80, 100)
    expected = np.zeros((80, 100), np.uint8)
    expected[1:4, 1:3] = 1
    expected[5:7, 6:9] = 1
    assert (array == expected).all()
    assert list(run.tools) == ["car (polygon)", "car (mask)"]


@pytest.mark.parametrize("segmentation", [[], [[]], None])
def test_no_outline_leaves_the_box(convert: Convert, segmentation: Any) -> None:
    run = convert(coco([annotation(bbox=[1, 2, 3, 4], segmentation=segmentation)]))
    assert box(run.lines[0]) == (1, 2, 3, 4)
    assert run.tally("car") == (1, 1, 0, 0, 0)


def test_a_closing_point_is_dropped(convert: Convert) -> None:
    run = convert(coco([annotation(segmentation=[[*SQUARE, 10, 10]])]))
    assert vertices(run.lines[0]) == SQUARE


def test_crowd_is_a_flag_of_the_mask(convert: Convert) -> None:
    rle = {"size": [80, 100], "counts": [0, 80, 7920]}
    run = convert(coco([annotation(segmentation=rle, iscrowd=1), annotation(2, bbox=[1, 1, 5, 5], iscrowd=0)]))
    assert run.lines[0]["classifications"] == [{"name": "iscrowd", "answer": {"name": "yes"}}]
    assert "classifications" not in run.lines[1]
    assert questions(ontology(run.out)["tools"][0]) == {"iscrowd": ["yes", "no"]}


def test_a_flag_that_never_occurs_is_no_question(convert: Convert) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 5, 5], iscrowd=0)]))
    assert questions(ontology(run.out)["tools"][0]) == {}


PERSON = {"id": 1, "name": "person", "keypoints": ["nose", "tail"], "skeleton": [[1, 2]]}


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
@pytest.mark.parametrize("mark", [1, True, "1"])
def test_a_region_to_ignore_is_a_flag(convert: Convert, mark: Any, geometry: str) -> None:
    given = [annotation(1, bbox=[1, 1, 5, 5], ignore=mark, iscrowd=1), annotation(2, bbox=[2, 1, 5, 5], ignore=0)]
    run = convert(coco(given), geometry=geometry)
    assert [c["name"] for c in run.lines[0]["classifications"]] == ["iscrowd", "ignore"]
    assert "classifications" not in run.lines[1]
    assert "ignore" not in questions(ontology(convert(coco(given[1:]), geometry=geometry).out)["tools"][0])


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_a_turn_of_an_outline_is_an_answer(convert: Convert, geometry: str) -> None:
    given = annotation(1, segmentation=[SQUARE[:6]], bbox=[10, 10, 10, 10], attributes={"rotation": 45.5})
    line = convert(coco([given]), geometry=geometry).lines[0]
    assert line["classifications"] == [{"name": "rotation", "answer": {"name": "45.5"}}]
    assert vertices(line) == SQUARE[:6] if geometry == "auto" else box(line) == (10, 10, 10, 10)


def test_keypoints_are_points_beside_the_box(convert: Convert) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 50, 50], keypoints=[3.5, 4.5, 2, 0, 0, 0])], categories=[PERSON]))
    assert [line["name"] for line in run.lines] == ["person", "person/nose"]
    assert run.lines[1]["point"] == {"x": 3.5, "y": 4.5}
    assert "classifications" not in run.lines[1], "one instance, nothing occluded: no questions"
    assert run.tally("person") == (1, 1, 0, 0, 0)


def test_occluded_keypoints_and_several_instances_add_questions(convert: Convert) -> None:
    run = convert(
        coco(
            [annotation(7, keypoints=[3, 4, 1, 0, 0, 0]), annotation(8, keypoints=[5, 6, 2, 7, 8, 2])],
            categories=[PERSON],
        )
    )
    assert [line["classifications"] for line in run.lines] == [
        [{"name": "visibility", "answer": {"name": "occluded"}}, {"name": "instance", "answer": "7"}],
        [{"name": "visibility", "answer": {"name": "visible"}}, {"name": "instance", "answer": "8"}],
        [{"name": "visibility", "answer": {"name": "visible"}}, {"name": "instance", "answer": "8"}],
    ]
    assert run.tools == {"person/nose": "point", "person/tail": "point"} | run.tools


@pytest.mark.parametrize("v", [2.0, 0.7, 3])
def test_any_other_positive_visibility_is_visible(convert: Convert, v: float) -> None:
    run = convert(coco([annotation(keypoints=[3, 4, v, 5, 5, 1])], categories=[PERSON]))
    assert run.lines[0]["classifications"][0]["answer"] == {"name": "visible"}


def test_points_of_feet_face_and_hands_are_a_loss_that_is_told(convert: Convert) -> None:
    """As COCO-WholeBody has them; a hand that is not there is all zeros."""
    whole = {"foot_kpts": [1, 2, 2], "face_kpts": [0.0] * 6, "lefthand_kpts": [0, 0, 0.5], "righthand_kpts": [0, 0, 0]}
    points = {"bbox": [1, 1, 50, 50], "keypoints": [3, 4, 2, 0, 0, 0]}
    none = {key: [0, 0, 0] for key in whole}
    run = convert(coco([annotation(1, **points, **whole), annotation(2, **points, **none)], categories=[PERSON]))
    assert run.tally("person") == (2, 1, 1, 0, 0)
    (told,) = (d for d in run.report.diagnostics if d.code == "field-ignored")
    assert [e.message.partition(":")[0] for e in told.examples] == ["foot_kpts, lefthand_kpts"]


def test_keypoints_without_names_are_numbered(convert: Convert) -> None:
    run = convert(coco([annotation(keypoints=[3, 4, 2, 5, 6, 2])]))
    assert [line["name"] for line in run.lines] == ["car/kp_1", "car/kp_2"]


def test_keypoints_of_one_name_stay_apart(convert: Convert) -> None:
    given = annotation(bbox=[1, 1, 5, 5], keypoints=[1, 1, 2, 2, 2, 2, 3, 3, 2])
    run = convert(coco([given], categories=[{"id": 1, "name": "car", "keypoints": ["wheel", "wheel", " "]}]))
    assert [line["name"] for line in run.lines[1:]] == ["car/wheel", "car/wheel 2", "car/kp_3"]
    assert run.codes["class-duplicate"] == 1


def test_captions_are_free_text_of_their_own(convert: Convert) -> None:
    given = [{"id": n, "image_id": 1, "caption": f"text {n % 2}"} for n in range(3)]
    run = convert(coco(given, categories=None))
    assert [(line["name"], line["answer"]) for line in run.lines] == [
        ("caption", "text 0"),
        ("caption 2", "text 1"),
        ("caption 3", "text 0"),
    ]
    assert questions(ontology(run.out)) == {"caption": "text", "caption 2": "text", "caption 3": "text"}


def test_a_caption_of_an_object_is_its_own(convert: Convert) -> None:
    given = [annotation(1, bbox=[1, 2, 5, 6], caption="the red one"), annotation(2, bbox=[3, 2, 5, 6], caption="")]
    run = convert(coco([*given, {"id": 3, "image_id": 1, "caption": "a street"}]))
    assert [box(line) for line in run.lines[:2]] == [(1, 2, 5, 6), (3, 2, 5, 6)]
    assert run.lines[0]["classifications"] == [{"name": "caption", "answer": "the red one"}]
    assert run.lines[2]["answer"] == "a street"
    assert run.report.annotations.converted == 3


def test_a_caption_with_a_place_and_no_category(convert: Convert) -> None:
    run = convert(coco([{"id": 1, "image_id": 1, "caption": "a street", "bbox": [1, 1, 5, 5]}]))
    assert run.lines[0]["answer"] == "a street"
    assert run.tally("caption") == (1, 0, 1, 0, 0)


def test_a_category_called_caption_is_drawn(convert: Convert) -> None:
    given = [annotation(1, bbox=[1, 1, 5, 5], attributes={"lines": 2}), annotation(2, bbox=[1, 1, 5, 5])]
    run = convert(coco(given, categories=[{"id": 1, "name": "caption"}]))
    assert [box(line) for line in run.lines] == [(1, 1, 5, 5)] * 2


def test_shapes_among_labels_and_attributes_of_them(convert: Convert) -> None:
    run = convert(coco([annotation(1), annotation(2, segmentation=[SQUARE]), annotation(3, attributes={"wet": "yes"})]))
    assert [vertices(line) for line in run.lines if "polygon" in line] == [SQUARE]
    assert run.codes["attribute-dropped"] == 1
    assert run.tally("car") == (3, 2, 0, 1, 0)


def test_labels_are_a_radio_or_a_checklist(convert: Convert) -> None:
    categories = [{"id": 1, "name": "day"}, {"id": 2, "name": "rain"}]
    images = [image(1), image(2)]
    one = [{"id": 1, "image_id": 1, "category_id": 1}, {"id": 2, "image_id": 2, "category_id": 2}]
    two = [*one, {"id": 3, "image_id": 1, "category_id": 2}]
    run = convert(coco(one, images, categories))
    assert [line["answer"] for line in run.lines] == [{"name": "day"}, {"name": "rain"}]
    assert run.lines[0]["name"] == "class"
    run = convert(coco(two, images, categories))
    assert [line["answer"] for line in run.lines] == [[{"name": "day"}, {"name": "rain"}], [{"name": "rain"}]]
    assert run.tally("day") == (1, 1, 0, 0, 0)
    assert run.tally("rain") == (2, 1, 0, 1, 0)


@pytest.mark.parametrize("annotations", [None, []])
@pytest.mark.parametrize("categories", [None, [], [{"id": 1, "name": "car"}]])
def test_images_alone_become_data_rows(convert: Convert, annotations: Any, categories: Any) -> None:
    run = convert(coco(annotations, [image(1), image(2)], categories, info={"year": 2017}))
    assert [row["global_key"] for row in lines(run.out, "data_rows.ndjson")] == ["1.jpg", "2.jpg"]
    assert run.lines == []
    assert run.report.exit_code() == 0


def panoptic(folder: Path, segments: Any, ids: Any, mode: str = "RGB", name: str = "panoptic_val") -> Path:
    array = np.asarray(ids, np.uint32)
    rgb = np.stack([array % 256, array // 256 % 256, array // 65536], -1).astype(np.uint8)
    picture = Image.fromarray(rgb)
    if mode == "L":
        picture = Image.fromarray(array.astype(np.uint8))
    elif mode == "RGBA":
        picture.putalpha(7)
    target = folder / "annotations" / name / "1.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.save(target)
    records = [{"image_id": 1, "file_name": "1.png", "segments_info": segments}]
    height, width = array.shape
    return save(
        folder / "annotations" / f"{name}.json",
        coco(records, [image(width=width, height=height)], [{"id": 1, "name": "car"}, {"id": 2, "name": "sky"}]),
    )


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_panoptic_segments_are_masks(convert: Convert, tmp_path: Path, mode: str) -> None:
    big = 200 if mode == "L" else 256 + 65536
    source = panoptic(tmp_path / "set", [{"id": 3, "category_id": 2}, {"id": big, "category_id": 1}],
                      [[3, 3, 0], [big, 3, big]], mode)  # fmt: skip
    run = convert(source)
    assert [line["name"] for line in run.lines] == ["sky", "car"]
    assert pixels(run.lines[0]["mask"]["png"]).tolist() == [[1, 1, 0], [0, 1, 0]]
    assert pixels(run.lines[1]["mask"]["png"]).tolist() == [[0, 0, 0], [1, 0, 1]]
    assert run.tools == {"car": "raster-segmentation", "sky": "raster-segmentation"}


def test_panoptic_losses_are_counted(convert: Convert, tmp_path: Path) -> None:
    segments = [{"id": 1, "category_id": 1}, {"id": 2, "category_id": 2}, {"id": 4, "category_id": 9}]
    run = convert(panoptic(tmp_path / "set", segments, [[1, 4, 5]]))
    assert (run.tally("car"), run.tally("sky"), run.tally("class_9")) == (
        (1, 1, 0, 0, 0), (1, 0, 0, 0, 1), (1, 0, 0, 0, 1),
    )  # fmt: skip
    assert run.codes["mask-empty"] == 1
    assert run.codes["class-unknown"] == 2, "a pixel id without a segment, a segment without a category"


def test_panoptic_without_its_png_or_of_another_size(convert: Convert, tmp_path: Path) -> None:
    source = panoptic(tmp_path / "set", [{"id": 1, "category_id": 1}], [[1, 1]])
    Image.new("RGB", (3, 3), (1, 0, 0)).save(source.parent / "panoptic_val" / "1.png")
    run = convert(source)
    assert run.codes["mask-invalid"] == 1
    (source.parent / "panoptic_val" / "1.png").write_bytes(b"\x89PNG no picture")
    assert convert(source).codes["file-missing"] == 1
    (source.parent / "panoptic_val" / "1.png").unlink()
    run = convert(source)
    assert run.codes["file-missing"] == 1
    assert run.report.exit_code() == 3


def test_panoptic_pngs_beside_the_folder_of_the_file(convert: Convert, tmp_path: Path) -> None:
    """The layout of Detectron2; and the archive in the archive of the official download."""
    given = {
        "images": [image(1, width=2, height=1)],
        "annotations": [{"image_id": 1, "file_name": "1.png", "segments_info": [{"id": 7, "category_id": 1}]}],
        "categories": [{"id": 1, "name": "sky"}],
    }
    file = save(tmp_path / "set" / "annotations" / "panoptic_val.json", given)
    picture = Image.fromarray(np.array([[[7, 0, 0], [0, 0, 0]]], np.uint8))
    with zipfile.ZipFile(file.with_suffix(".zip"), "w") as packed:
        packed.writestr("panoptic_val/1.png", b"")
    assert any("unpack annotations/panoptic_val.zip" in e for e in convert(tmp_path / "set").examples)
    (tmp_path / "set" / "panoptic_val").mkdir()
    picture.save(tmp_path / "set" / "panoptic_val" / "1.png")
    assert pixels(convert(tmp_path / "set").lines[0]["mask"]["png"]).tolist() == [[1, 0]]


def test_lvis_takes_its_keys_from_the_url(convert: Convert) -> None:
    images = [{"id": 1, "coco_url": "http://host/train2017/0%2001.jpg", "width": 100, "height": 80}]
    run = convert(coco([annotation(bbox=[1, 1, 5, 5])], images))
    (row,) = lines(run.out, "data_rows.ndjson")
    assert row["global_key"] == "train2017/0 01.jpg"
    assert row["row_data"] == "http://host/train2017/0%2001.jpg"


RESULTS = [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}]


def test_results_need_a_base_and_consent(convert: Convert, tmp_path: Path) -> None:
    results, base = save(tmp_path / "r.json", RESULTS), save(tmp_path / "base.json", coco(None))
    with pytest.raises(SourceError, match="-O base=FILE"):
        convert(results)
    run = convert(results, options={"base": str(base)})
    assert run.codes["prediction"] == 1
    assert run.report.exit_code() == 3
    run = convert(results, options={"base": str(base), "predictions": True})
    assert box(run.lines[0]) == (1, 2, 3, 4)
    assert box(convert([base, results], options={"predictions": "yes"}).lines[0]) == (1, 2, 3, 4)
    with pytest.raises(UsageError, match="no such file"):
        convert(results, options={"base": str(tmp_path / "nowhere.json")})


def test_a_score_marks_a_prediction(convert: Convert) -> None:
    given = coco([annotation(1, bbox=[1, 1, 5, 5], score=0.3), annotation(2, bbox=[1, 1, 5, 5])])
    assert convert(given).tally("car") == (2, 1, 0, 0, 1)
    assert convert(given, options={"predictions": True}).tally("car") == (2, 2, 0, 0, 0)


# ------------------------------------------------------------------------------------------------------- dialects


def test_the_box_around_a_single_keypoint_is_nothing_lost(convert: Convert) -> None:
    """So CVAT writes a point: its envelope has no area."""
    run = convert(coco([annotation(bbox=[3.5, 4.5, 0, 0], keypoints=[3.5, 4.5, 2, 0, 0, 0])], categories=[PERSON]))
    assert [line["name"] for line in run.lines] == ["person/nose"]
    assert run.tally("person") == (1, 1, 0, 0, 0)


def test_annotations_without_a_category_get_the_class_that_is_given(convert: Convert) -> None:
    """Make Sense writes no category_id for shapes that were given no label, and no categories then."""
    bare = {
        "id": 0,
        "iscrowd": 0,
        "image_id": 1,
        "segmentation": [[1, 2, 9, 2, 9, 8]],
        "bbox": [1, 2, 8, 6],
        "area": 24,
    }
    data = {**coco([bare]), "categories": []}
    run = convert(data, options={"unlabelled": "thing"})
    assert [line["name"] for line in run.lines] == ["thing"]
    run = convert(data)
    assert run.lines == []
    assert "-O unlabelled=NAME" in run.examples[0]


def test_tracks_of_cvat_keep_their_number_as_text(convert: Convert) -> None:
    attributes = [{"occluded": False, "rotation": 0.0, "track_id": 7, "keyframe": k} for k in (True, False)]
    run = convert(coco([annotation(n, bbox=[n, 1, 5, 5], attributes=a) for n, a in enumerate(attributes)]))
    assert [line["classifications"] for line in run.lines] == [[{"name": "track_id", "answer": "7"}]] * 2


def test_attributes_become_questions(convert: Convert) -> None:
    attributes = {"occluded": True, "color": "red", "doors": 4, "parked": False, "tags": ["a", "b"], "rest": {"x": 1}}
    run = convert(coco([annotation(bbox=[1, 1, 5, 5], iscrowd=1, attributes=attributes)]))
    assert {c["name"]: c["answer"] for c in run.lines[0]["classifications"]} == {
        "occluded": {"name": "yes"},
        "color": {"name": "red"},
        "doors": {"name": "4"},
        "parked": {"name": "false"},
        "tags": [{"name": "a"}, {"name": "b"}],
        "rest": {"name": '{"x": 1}'},
    }, "iscrowd of such a file only says that the shape was a mask"


@pytest.mark.parametrize(
    ("rotation", "corners"),
    [
        (90, [40, 10, 40, 50, 20, 50, 20, 10]),
        (180, [50, 40, 10, 40, 10, 20, 50, 20]),
        (-90, [20, 50, 20, 10, 40, 10, 40, 50]),
    ],
)
def test_rotation_turns_the_box_about_its_centre(convert: Convert, rotation: float, corners: list[float]) -> None:
    run = convert(coco([annotation(bbox=[10, 20, 40, 20], attributes={"rotation": rotation})]))
    assert vertices(run.lines[0]) == corners
    assert run.tally("car") == (1, 1, 0, 0, 0)


def test_roboflow_folders(convert: Convert, tmp_path: Path) -> None:
    categories = [
        {"id": 0, "name": "pets", "supercategory": "none"},
        {"id": 1, "name": "cat", "supercategory": "pets"},
    ]
    for split in ("train", "valid"):
        save(tmp_path / "set" / split / "_annotations.coco.json",
             coco([annotation(bbox=[1, 1, 5, 5])], [image(name="a.jpg")], categories))  # fmt: skip
    run = convert(tmp_path / "set", split_metadata="split")
    rows = lines(run.out, "data_rows.ndjson")
    assert [row["global_key"] for row in rows] == ["train/a.jpg", "valid/a.jpg"]
    assert [row["metadata_fields"] for row in rows] == [
        [{"name": "split", "value": "train"}],
        [{"name": "split", "value": "valid"}],
    ]
    assert list(run.tools) == ["cat"]


def test_a_placeholder_that_is_used_stays(convert: Convert) -> None:
    categories = [
        {"id": 0, "name": "pets", "supercategory": "none"},
        {"id": 1, "name": "cat", "supercategory": "pets"},
    ]
    run = convert(coco([annotation(category_id=0, bbox=[1, 1, 5, 5])], categories=categories))
    assert run.lines[0]["name"] == "pets"


def test_labelme_background_is_dropped(convert: Convert) -> None:
    categories = [{"id": 0, "name": "_background_", "supercategory": None}, {"id": 1, "name": "cup"}]
    run = convert(coco([annotation(segmentation=[SQUARE])], [image(0)], categories, type="instances")
                  | {"annotations": [annotation(image_id=0, segmentation=[SQUARE])]})  # fmt: skip
    assert list(run.tools) == ["cup"]


def test_label_studio_images_without_a_size(convert: Convert) -> None:
    images = [image(0, "images/0a1b-cat.jpg", None, None)]
    rle = {"size": [80, 100], "counts": [0, 80, 7920]}
    run = convert(
        coco([annotation(0, image_id=0, bbox=[90, 70, 30, 30]), annotation(1, image_id=0, segmentation=rle)], images)
    )
    assert box(run.lines[0]) == (90, 70, 30, 30), "unknown border: not cut"
    assert run.codes["image-size-unknown"] == 1


def test_sizes_come_from_the_pictures_of_the_mmdet_layout(convert: Convert, tmp_path: Path) -> None:
    given = coco([annotation(bbox=[15, 0, 10, 10])], [image(name="a.png", width=0, height=None)])
    save(tmp_path / "set" / "annotations" / "instances_train.json", given)
    (tmp_path / "set" / "train").mkdir()
    Image.new("L", (20, 10)).save(tmp_path / "set" / "train" / "a.png")
    run = convert(tmp_path / "set")
    assert box(run.lines[0]) == (15, 0, 5, 10)
    assert run.tally("car") == (1, 0, 1, 0, 0)


def test_coco_annotator_says_what_is_deleted_and_what_was_drawn_as_a_box(convert: Convert) -> None:
    frame = [10.5, 10, 20.25, 10, 20.25, 20, 10.5, 20]
    drawn = {"segmentation": [frame], "bbox": [10, 10, 11, 10], "isbbox": True, "deleted": False}
    crooked = [10, 10, 20, 12, 20, 20, 10, 20]
    other = {"segmentation": [crooked], "bbox": [10, 10, 10, 10], "isbbox": True}
    given = [
        annotation(1, **drawn),
        annotation(2, **drawn | {"isbbox": False}),
        annotation(3, **drawn | {"deleted": True}),
        annotation(4, **other),
    ]
    for order in (given, given[::-1], [annotation(5, bbox=GOOD_BOX), *given]):
        run = convert(coco(order))
        by_id = [line for _, line in sorted(zip([a["id"] for a in order if not a.get("deleted")], run.lines))]
        assert box(by_id[0]) == (10.5, 10, 9.75, 10)
        assert vertices(by_id[1]) == frame
        assert vertices(by_id[2]) == crooked
        assert run.codes["deleted"] == 1
        assert run.report.annotations.skipped == 1
        assert convert(coco(order), geometry="bbox").codes["deleted"] == 1


def test_lvis_without_iscrowd(convert: Convert) -> None:
    category = {"id": 1, "name": "bow_(weapon)", "synset": "bow.n.04", "frequency": "r"}
    run = convert(coco([annotation(segmentation=[SQUARE], area=50.0)], categories=[category]))
    assert run.tools == {"bow_(weapon)": "polygon"}


def test_category_colours_are_kept(convert: Convert) -> None:
    categories = [
        {"id": 1, "name": "a", "color": [1, 2, 255]},
        {"id": 2, "name": "b", "color": "#0a0b0c"},
        {"id": 3, "name": "c", "color": "red; }"},
    ]
    run = convert(coco([annotation(bbox=[1, 1, 5, 5])], categories=categories))
    first, second, third = [t["color"] for t in ontology(run.out)["tools"]]
    assert (first, second) == ("#0102ff", "#0a0b0c")
    assert third.startswith("#")


def test_category_order_is_kept_and_unused_ones_stay(convert: Convert) -> None:
    categories = [{"id": 9, "name": "z"}, {"id": 2, "name": "unused"}, {"id": 1, "name": "a"}]
    run = convert(coco([annotation(1, bbox=[1, 1, 5, 5]), annotation(2, category_id=9, bbox=[1, 1, 5, 5])],
                       categories=categories))  # fmt: skip
    assert list(run.tools) == ["z", "unused", "a"]


def test_two_categories_of_one_name_are_one(convert: Convert) -> None:
    categories = [{"id": 1, "name": "car"}, {"id": 2, "name": "car"}]
    run = convert(coco([annotation(1, bbox=[1, 1, 5, 5]), annotation(2, category_id=2, bbox=[2, 2, 5, 5])],
                       categories=categories))  # fmt: skip
    assert list(run.tools) == ["car"]
    assert run.tally("car") == (2, 2, 0, 0, 0)


# ---------------------------------------------------------------------------------------------------- one set, files


def test_instances_keypoints_and_captions_are_one_set(convert: Convert, tmp_path: Path) -> None:
    same = {"bbox": [1, 1, 50, 50], "segmentation": [SQUARE]}
    files = [
        save(tmp_path / "instances_val.json", coco([annotation(5, **same)], categories=[{"id": 1, "name": "person"}])),
        save(tmp_path / "person_keypoints_val.json",
             coco([annotation(5, **same, keypoints=[3, 4, 2, 0, 0, 0])], categories=[PERSON])),
        save(tmp_path / "captions_val.json", coco([{"id": 5, "image_id": 1, "caption": "hi"}], categories=None)),
    ]  # fmt: skip
    for order in (files, files[::-1]):
        run = convert(order)
        assert run.tally("person") == (2, 1, 0, 1, 0)
        assert run.tally("caption") == (1, 1, 0, 0, 0)
        assert sorted(line["name"] for line in run.lines) == ["caption", "person", "person/nose"]
        assert run.report.assets.written == 1


def test_files_of_one_split_meet_by_file_name(convert: Convert, tmp_path: Path) -> None:
    files = [
        save(tmp_path / "instances_val.json", coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, "a.jpg")])),
        save(tmp_path / "captions_val.json",
             coco([{"id": 1, "image_id": 77, "caption": "hi"}], [image(77, "a.jpg")], None)),
    ]  # fmt: skip
    run = convert(files)
    assert [line["dataRow"]["globalKey"] for line in run.lines] == ["a.jpg", "a.jpg"]


def test_a_split_with_a_year_is_that_without(convert: Convert, tmp_path: Path) -> None:
    same = {"bbox": [1, 1, 50, 50], "segmentation": [SQUARE]}
    people = [{"id": 1, "name": "person"}]
    save(tmp_path / "set/annotations/instances_val2017.json", coco([annotation(5, **same)], categories=people))
    save(tmp_path / "set/annotations/coco_wholebody_val_v1.0.json",
         coco([annotation(5, **same, keypoints=[3, 4, 2, 0, 0, 0])], categories=[PERSON]))  # fmt: skip
    run = convert(tmp_path / "set")
    assert run.tally("person") == (2, 1, 0, 1, 0)
    assert run.report.source.details["splits"] == ["val2017"]
    assert [row["global_key"] for row in lines(run.out, "data_rows.ndjson")] == ["1.jpg"]


def test_one_name_in_two_splits_is_an_error_that_names_both(convert: Convert, tmp_path: Path) -> None:
    for split in ("train", "val"):
        save(tmp_path / "set" / "annotations" / f"instances_{split}.json",
             coco([annotation(bbox=[1, 1, 5, 5])], [image(1, "a.jpg", coco_url=f"http://h/{split}/a.jpg")]))  # fmt: skip
    with pytest.raises(UsageError, match=r"instances_train\.json.*instances_val\.json"):
        convert(tmp_path / "set")
    run = convert(tmp_path / "set", global_key="{split}/{relpath}")
    assert [row["global_key"] for row in lines(run.out, "data_rows.ndjson")] == ["train/a.jpg", "val/a.jpg"]


@pytest.mark.parametrize(
    ("files", "keys"),
    [
        (("train/annotations.json", "val/annotations.json"), ["train/0.png", "val/0.png"]),
        (("annotations/train/coco.json", "annotations/val/coco.json"), ["train/0.png", "val/0.png"]),
        (("a/annotations/instances_default.json", "b/annotations/instances_default.json"), ["a/0.png", "b/0.png"]),
        (("a/result.json", "result.json"), ["a/0.png", "0.png"]),
        (("train/_annotations.coco.json", "val/coco.json"), ["train/0.png", "val/0.png"]),
        (("annotations/a.json", "b.json"), ["0.png"]),
    ],
)
def test_one_name_in_two_folders_is_two_pictures(
    convert: Convert, tmp_path: Path, files: tuple[str, str], keys: list[str]
) -> None:
    for n, name in enumerate(files, 1):
        save(tmp_path / "set" / name, coco([annotation(bbox=[n, n, 5, 5])], [image(1, "0.png", coco_url="")]))
    run = convert(tmp_path / "set")
    assert [row["global_key"] for row in lines(run.out, "data_rows.ndjson")] == keys
    placed = sorted((line["bbox"]["left"], line["dataRow"]["globalKey"]) for line in run.lines)
    assert placed == [(n, key) for n, key in enumerate(keys * (3 - len(keys)), 1)]


@pytest.mark.parametrize(
    "names", [("a.jpg", "b.jpg"), ("train/a.jpg", "val/a.jpg"), ("images/train/a.jpg", "images/val/a.jpg")]
)
def test_different_names_in_two_folders_are_keys_as_they_are(
    convert: Convert, tmp_path: Path, names: tuple[str, str]
) -> None:
    for split, name in zip(("train", "val"), names):
        given = coco([annotation(bbox=[1, 1, 5, 5])], [image(1, name, coco_url="")])
        save(tmp_path / "set" / split / "annotations.json", given)
    keys = [row["global_key"] for row in lines(convert(tmp_path / "set").out, "data_rows.ndjson")]
    assert keys == list(names)


def test_folders_of_different_kinds_or_with_addresses_are_one_set(convert: Convert, tmp_path: Path) -> None:
    caption = {"id": 1, "image_id": 1, "caption": "a car"}
    save(tmp_path / "kinds" / "a" / "x.json", coco([annotation(bbox=[1, 1, 5, 5])]))
    save(tmp_path / "kinds" / "b" / "x.json", coco([caption], categories=None))
    assert len(lines(convert(tmp_path / "kinds").out, "data_rows.ndjson")) == 1
    for folder, left in (("instances", 1), ("stuff", 2)):
        given = coco([annotation(left, bbox=[left, 1, 5, 5])], [image(1, coco_url="http://h/val/1.jpg")])
        save(tmp_path / "official" / folder / "annotations" / f"{folder}_val.json", given)
    run = convert(tmp_path / "official")
    assert [row["global_key"] for row in lines(run.out, "data_rows.ndjson")] == ["1.jpg"]
    assert not run.codes.get("asset-duplicate")


def test_sizes_of_pictures_in_each_folder(convert: Convert, tmp_path: Path) -> None:
    for task, size in (("a", (30, 20)), ("b", (50, 40))):
        folder = tmp_path / "set" / task
        save(folder / "annotations" / "instances_default.json",
             coco([annotation(bbox=[20, 10, 40, 40])], [{"id": 1, "file_name": "0.png"}]))  # fmt: skip
        (folder / "images").mkdir()
        Image.new("L", size).save(folder / "images" / "0.png")
    assert [box(line) for line in convert(tmp_path / "set").lines] == [(20, 10, 10, 10), (20, 10, 30, 30)]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("annotations/instances_val2017.json", "val2017"),
        ("annotations/image_info_test-dev2017.json", "test-dev2017"),
        ("train.json", "train"),
        ("zhiyuan_objv2_train.json", "train"),
        ("instancesonly_filtered_gtFine_val.json.gz", "val"),
        ("coco/Test/labels.json", "Test"),
        ("train/instances_default.json", "train"),
        ("valid/_annotations.coco.json", "valid"),
        ("train/val.json", "val"),
        ("train_and_val.json", ""),
        ("result.json", ""),
    ],
)
def test_splits_are_named_by_files_or_folders(name: str, split: str) -> None:
    assert split_of(name) == split


def test_one_name_in_two_splits_is_told_with_the_remedy(convert: Convert, tmp_path: Path) -> None:
    for split in ("train", "val"):
        save(tmp_path / "set" / "annotations" / f"{split}.json", coco([annotation(bbox=[1, 1, 5, 5])]))
    run = convert(tmp_path / "set")
    assert run.codes["asset-duplicate"] == 1
    assert any("(train, val)" in e and "--global-key '{split}/{relpath}'" in e for e in run.examples)
    assert len(lines(convert(tmp_path / "set", global_key="{split}/{relpath}").out, "data_rows.ndjson")) == 2


def test_file_folder_zip_and_gz_say_the_same(convert: Convert, tmp_path: Path) -> None:
    given = coco([annotation(segmentation=[SQUARE]), annotation(2, bbox=[1, 1, 5, 5])])
    text = json.dumps(given, indent=1)
    (tmp_path / "a").mkdir()
    plain = tmp_path / "a" / "instances_val.json"
    plain.write_text(text)
    packed = tmp_path / "instances_val.json.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    archive = tmp_path / "set.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("annotations/instances_val.json", text)
        file.writestr("annotations/notes.txt", "hello")
    wide = tmp_path / "wide.json"
    wide.write_bytes(text.encode("utf-16"))
    marked = tmp_path / "marked.json"
    marked.write_bytes(b"\xef\xbb\xbf" + text.encode())
    expected = convert(plain).lines
    for source in (tmp_path / "a", packed, archive, wide, marked):
        assert convert(source).lines == expected, source


def test_a_folder_with_other_json_beside(convert: Convert, tmp_path: Path) -> None:
    save(tmp_path / "set" / "b.json", coco([annotation(bbox=[1, 1, 5, 5])]))
    save(tmp_path / "set" / "a.json", {"_via_img_metadata": {}})
    run = convert(tmp_path / "set")
    assert run.codes["file-ignored"] == 1
    assert len(run.lines) == 1


@pytest.mark.parametrize("id", [0, "abc", "17", 2**40, 3.0, "ü"])
def test_ids_of_any_type(convert: Convert, id: Any) -> None:
    given = coco(
        [annotation(id, image_id=id, category_id=id, bbox=[1, 1, 5, 5])],
        [image(id, "a.jpg"), image("other", "b.jpg")],
        [{"id": id, "name": "car"}],
    )
    run = convert(given)
    assert [(line["dataRow"]["globalKey"], line["name"]) for line in run.lines] == [("a.jpg", "car")]


def test_ids_meet_as_text_and_number(convert: Convert) -> None:
    run = convert(coco([annotation(1, image_id="1", category_id="1", bbox=[1, 1, 5, 5])]))
    assert run.tally("car") == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("batch_1/0006.jpg", "batch_1/0006.jpg"),
        ("dir\\a.jpg", "dir/a.jpg"),
        ("/abs/a.jpg", "abs/a.jpg"),
        ("../../etc/a.jpg", "etc/a.jpg"),
        ("C:\\data\\a.jpg", "data/a.jpg"),
        ("https://host/x/a%20b.jpg?sig=1", "x/a b.jpg"),
        ("./a.jpg", "a.jpg"),
        ("images\\1/90f.jpg", "images/1/90f.jpg"),
        ("\\\\server\\share\\a.jpg", "server/share/a.jpg"),
        ("/data/local-files/?d=sets%2Fx/a%20b.jpg", "sets/x/a b.jpg"),
        ("http://localhost:8080/data/local-files/?d=x/a.jpg", "x/a.jpg"),
        ("größe/ä.jpg", "größe/ä.jpg"),
    ],
)
def test_keys_are_paths_below_a_root(convert: Convert, name: str, key: str) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 5, 5])], [image(1, name)]))
    assert lines(run.out, "data_rows.ndjson")[0]["global_key"] == key


def test_a_file_address_is_no_place_on_the_web(convert: Convert) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 5, 5])], [image(1, "file:///home/me/a.jpg")]))
    row = lines(run.out, "data_rows.ndjson")[0]
    assert (row["global_key"], row["row_data"]) == ("home/me/a.jpg", "home/me/a.jpg")


def test_repeated_images(convert: Convert) -> None:
    twice = coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, "a.jpg"), image(1, "a.jpg")])
    run = convert(twice)
    assert run.report.assets.written == 1
    assert run.tally("car") == (1, 1, 0, 0, 0)
    renamed = coco([annotation(1, bbox=[1, 1, 5, 5]), annotation(2, image_id=2, bbox=[2, 2, 5, 5])],
                   [image(1, "a.jpg"), image(2, "a.jpg")])  # fmt: skip
    run = convert(renamed)
    assert {line["dataRow"]["globalKey"] for line in run.lines} == {"a.jpg"}
    assert run.codes["asset-duplicate"] == 1
    assert run.tally("car") == (2, 2, 0, 0, 0)


def test_one_id_for_two_images_is_told(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, "a.jpg"), image(1, "b.jpg")]))
    assert run.codes["asset-duplicate"] == 1
    assert run.lines == []
    assert run.tally("car") == (1, 0, 0, 0, 1)


# -------------------------------------------------------------------------------------------------- malformed input

RLE = {"size": [80, 100], "counts": [0, 80, 7920]}
PACKED = oracle.frPyObjects(RLE, 80, 100)["counts"]
POINTS = [SQUARE[n : n + 2] for n in range(0, 8, 2)]
BAD_RLE = {"size": [80, 100], "counts": [1, 2]}
GOOD_BOX = [1, 1, 5, 5]

SKIPPED: dict[str, tuple[dict[str, Any], str]] = {
    "short bbox": ({"bbox": [1, 2, 3]}, "geometry-missing"),
    "text in bbox": ({"bbox": [1, 2, "x", 4]}, "geometry-missing"),
    "bbox of another type": ({"bbox": {"x": 1}}, "geometry-missing"),
    "corners as bbox": ({"bbox": [[1, 1], [5, 5]]}, "geometry-missing"),
    "rotated bbox": ({"bbox": [1, 1, 5, 5, 30]}, "geometry-missing"),
    "nothing": ({}, "geometry-missing"),
    "zero area": ({"bbox": [1, 1, 0, 5]}, "box-empty"),
    "huge bbox": ({"bbox": [1e308, 1e308, 1e308, 1e308]}, "outside"),
    "two points": ({"segmentation": [[1, 1, 5, 5]]}, "polygon-too-short"),
    "odd count": ({"segmentation": [[1, 1, 5, 5, 9]]}, "polygon-too-short"),
    "collinear": ({"segmentation": [[1, 1, 2, 2, 3, 3]]}, "polygon-empty"),
    "rle of a short sum": ({"segmentation": BAD_RLE}, "mask-invalid"),
    "rle of a long sum": ({"segmentation": {"size": [80, 100], "counts": [0, 9000]}}, "mask-invalid"),
    "rle with negative runs": ({"segmentation": {"size": [80, 100], "counts": [-1, 8001]}}, "mask-invalid"),
    "rle of swapped size": ({"segmentation": {"size": [100, 80], "counts": [0, 8000]}}, "mask-invalid"),
    "rle without a size": ({"segmentation": {"counts": [0, 80]}}, "mask-invalid"),
    "rle of three sizes": ({"segmentation": {"size": [80, 100, 1], "counts": [0, 8000]}}, "mask-invalid"),
    "rle of a huge size": ({"segmentation": {"size": [10**9, 10**9], "counts": [10**18]}}, "mask-invalid"),
    "rle of negative size": ({"segmentation": {"size": [-80, -100], "counts": [8000]}}, "mask-invalid"),
    "empty rle text": ({"segmentation": {"size": [80, 100], "counts": ""}}, "mask-invalid"),
    "rle text cut off": ({"segmentation": {"size": [80, 100], "counts": "PPP"}}, "mask-invalid"),
    "rle text of other characters": ({"segmentation": {"size": [80, 100], "counts": "äöü\n"}}, "mask-invalid"),
    "rle of floats": ({"segmentation": {"size": [80, 100], "counts": [0.5, 7999.5]}}, "mask-invalid"),
    "rle of texts": ({"segmentation": {"size": [80, 100], "counts": ["0", "8000"]}}, "mask-invalid"),
    "empty mask": ({"segmentation": {"size": [80, 100], "counts": [8000]}}, "mask-empty"),
    "unknown category": ({"category_id": 5, "bbox": GOOD_BOX}, "class-unknown"),
    "category 0 undeclared": ({"category_id": 0, "bbox": GOOD_BOX}, "class-unknown"),
    "no category": ({"category_id": None, "bbox": GOOD_BOX}, "class-unnamed"),
    "dangling image": ({"image_id": 99, "bbox": GOOD_BOX}, "asset-unknown"),
    "no image": ({"image_id": None, "bbox": GOOD_BOX}, "asset-unknown"),
    "keypoints all absent, nothing else": ({"keypoints": [0, 0, 0]}, "geometry-missing"),
    "keypoints not in triples, nothing else": ({"keypoints": [1, 2]}, "geometry-missing"),
}


@pytest.mark.parametrize("what", SKIPPED)
def test_a_broken_annotation_costs_itself(convert: Convert, what: str) -> None:
    fields, code = SKIPPED[what]
    good = annotation(1, bbox=[1, 1, 5, 5])
    run = convert(coco([good, annotation(2) | fields]))
    assert run.codes.get(code), run.examples
    assert (run.report.annotations.converted, run.report.annotations.skipped) == (1, 1)
    assert len(run.lines) == 1
    example = next(e for d in run.report.diagnostics if d.code == code for e in d.examples)
    assert (example.file, example.where, example.id) == ("instances.json", "annotations[1]", "2")


REPAIRED: dict[str, tuple[dict[str, Any], str, str]] = {
    "numbers as text": ({"bbox": ["1", "2.5", "3", "4"]}, "bbox", "field-repaired"),
    "flat outline": ({"segmentation": SQUARE}, "polygon", "field-repaired"),
    "points as pairs": ({"segmentation": [[10, 10], [20, 10], [20, 20]]}, "polygon", "field-repaired"),
    "points as pairs in a part": ({"segmentation": [[[10, 10], [20, 10], [20, 20]]]}, "polygon", "field-repaired"),
    "box in a text": ({"bbox": "[10, 10, 20.5, 30]"}, "bbox", "field-repaired"),
    "box as numbers in a text": ({"bbox": "10 10,20.5,30"}, "bbox", "field-repaired"),
    "box as an object": ({"bbox": {"x": 10, "y": 10, "width": 20.5, "height": 30}}, "bbox", "field-repaired"),
    "outline in a text": ({"segmentation": json.dumps([SQUARE])}, "polygon", "field-repaired"),
    "outline as numbers in a text": ({"segmentation": "10,10 20,10 20,20 10,20"}, "polygon", "field-repaired"),
    "parts in texts": ({"segmentation": ["10,10,20,10,20,20,10,20"]}, "polygon", "field-repaired"),
    "points as objects": ({"segmentation": [{"x": x, "y": y} for x, y in POINTS]}, "polygon", "field-repaired"),
    "points as objects in a part": (
        {"segmentation": [[{"x": x, "y": y} for x, y in POINTS]]},
        "polygon",
        "field-repaired",
    ),
    "points as OpenCV has them": ({"segmentation": [[[p] for p in POINTS]]}, "polygon", "field-repaired"),
    "a part in too many lists": ({"segmentation": [[SQUARE]]}, "polygon", "field-repaired"),
    "outline with an exterior": ({"segmentation": {"exterior": POINTS, "interiors": []}}, "polygon", ""),
    "an empty part": ({"segmentation": [SQUARE, []]}, "polygon", ""),
    "runs as floats": ({"segmentation": {"size": [80.0, "100"], "counts": [0.0, 80.0, 7920.0]}}, "mask", ""),
    "runs in a text": ({"segmentation": {"size": [80, 100], "counts": "[0, 80, 7920]"}}, "mask", ""),
    "runs as a bytes literal": ({"segmentation": {"size": [80, 100], "counts": str(PACKED)}}, "mask", ""),
    "an RLE in a list": ({"segmentation": [RLE]}, "mask", "field-repaired"),
    "keypoints as triples": ({"bbox": GOOD_BOX, "keypoints": [[1, 2, 2], [3, 4, 1]]}, "bbox", "field-repaired"),
    "negative sides": ({"bbox": [6, 6, -5, -5]}, "bbox", "box-flipped"),
    "crowd as text": ({"bbox": GOOD_BOX, "iscrowd": "1"}, "bbox", ""),
    "crowd as bool": ({"bbox": GOOD_BOX, "iscrowd": True}, "bbox", ""),
}


@pytest.mark.parametrize("what", REPAIRED)
def test_what_is_clear_is_repaired(convert: Convert, what: str) -> None:
    fields, kind, code = REPAIRED[what]
    run = convert(coco([annotation(1) | fields]))
    assert kind in run.lines[0]
    if kind == "polygon":
        assert vertices(run.lines[0]) in (SQUARE, SQUARE[:6])
    elif kind == "mask":
        array = pixels(run.lines[0]["mask"]["png"])
        assert array[:, 0].all()
        assert not array[:, 1:].any()
    elif fields["bbox"] is not GOOD_BOX and "box" in what:
        assert box(run.lines[0]) == (10, 10, 20.5, 30)
    assert len(run.lines) == 1 + 2 * ("keypoints" in fields)
    assert run.tally("car") == (1, 1, 0, 0, 0)
    assert not code or run.codes[code] == 1


APPROXIMATED: dict[str, tuple[dict[str, Any], str]] = {
    "broken outline": ({"segmentation": [[1, 1, 5, 5]], "bbox": GOOD_BOX}, "polygon-too-short"),
    "outline without area": ({"segmentation": [[1, 1, 2, 2, 3, 3]], "bbox": GOOD_BOX}, "polygon-empty"),
    "broken rle": ({"segmentation": BAD_RLE, "bbox": GOOD_BOX}, "mask-invalid"),
    "outline in a text that is none": ({"segmentation": "polygon", "bbox": GOOD_BOX}, "polygon-too-short"),
    "outline that is a number": ({"segmentation": 7, "bbox": GOOD_BOX}, "polygon-too-short"),
    "outline with nothing in it": ({"segmentation": [None], "bbox": GOOD_BOX}, "polygon-too-short"),
    "empty rle": ({"segmentation": {"size": [80, 100], "counts": [8000]}, "bbox": GOOD_BOX}, "mask-empty"),
    "one part of two": ({"segmentation": [SQUARE, [1, 1]], "bbox": GOOD_BOX}, "polygon-too-short"),
    "cut at the border": ({"bbox": [90, 1, 20, 5]}, "clipped"),
}


@pytest.mark.parametrize("what", APPROXIMATED)
def test_what_is_left_of_a_broken_outline_is_approximated(convert: Convert, what: str) -> None:
    fields, code = APPROXIMATED[what]
    run = convert(coco([annotation(1) | fields]))
    assert run.tally("car") == (1, 0, 1, 0, 0)
    assert run.codes[code] >= 1
    if "segmentation" in fields and fields["segmentation"] != [SQUARE, [1, 1]]:
        assert box(run.lines[0]) == tuple(GOOD_BOX)


def test_lost_keypoints_beside_a_box_are_a_loss(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=GOOD_BOX, keypoints=[1, 2])]))
    assert run.codes["keypoints-invalid"] == 1
    assert run.tally("car") == (1, 0, 1, 0, 0)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ['"bbox": [{}, 1, 2, 3]', '"segmentation": [[1, 1, 5, {}, 5, 5]]'])
def test_what_is_not_finite_costs_the_annotation(convert: Convert, literal: str, field: str) -> None:
    broken = '{"id": 2, "image_id": 1, "category_id": 1, ' + field.replace("{}", literal) + "}, "
    text = json.dumps(coco([annotation(1, bbox=GOOD_BOX)])).replace('"annotations": [', '"annotations": [' + broken)
    run = convert(text.encode())
    assert run.report.annotations.skipped == 1
    assert len(run.lines) == 1


@pytest.mark.parametrize("record", ["5", '"x"', "null", "[]", "true"])
def test_records_that_are_no_objects(convert: Convert, record: str) -> None:
    text = json.dumps(coco([annotation(1, bbox=GOOD_BOX)])).replace('"annotations": [', f'"annotations": [{record}, ')
    run = convert(text.encode())
    assert run.report.annotations.skipped == 1
    assert len(run.lines) == 1


def test_duplicate_annotations(convert: Convert) -> None:
    same, other = annotation(7, bbox=[1, 1, 5, 5]), annotation(7, bbox=[2, 2, 5, 5])
    run = convert(coco([same, same, other]))
    assert run.tally("car") == (3, 2, 0, 1, 0)
    assert run.codes["annotation-duplicate"] == run.codes["record-duplicate"] == 1
    assert len({line["uuid"] for line in run.lines}) == 2


@pytest.mark.parametrize(
    ("attributes", "answers"),
    [
        ([{"name": "color", "value": "red"}], {"color": {"name": "red"}}),
        (["wet", "dark"], {"attributes": [{"name": "wet"}, {"name": "dark"}]}),
        ("wet", {"attributes": {"name": "wet"}}),
    ],
)
def test_attributes_that_are_no_object(convert: Convert, attributes: Any, answers: dict[str, Any]) -> None:
    line = convert(coco([annotation(bbox=GOOD_BOX, attributes=attributes)])).lines[0]
    assert {c["name"]: c["answer"] for c in line["classifications"]} == answers


def test_ids_that_are_missing(convert: Convert) -> None:
    given = [{"image_id": 1, "category_id": 1, "bbox": [n, 1, 5, 5]} for n in range(3)]
    assert len({line["uuid"] for line in convert(coco(given)).lines}) == 3


def test_absent_categories_name_the_remedy(convert: Convert, tmp_path: Path) -> None:
    given = coco([annotation(bbox=[1, 1, 5, 5])], categories=None)
    run = convert(given)
    assert run.report.exit_code() == 3
    assert any("-O categories=FILE" in e for e in run.examples)
    other = save(tmp_path / "categories.json", coco(None))
    assert convert(given, options={"categories": str(other)}).tally("car") == (1, 1, 0, 0, 0)


def test_keypoints_without_categories(convert: Convert) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 5, 5], keypoints=[1, 1, 2])], categories=None))
    assert run.report.annotations.skipped == 1


def test_categories_of_every_shape(convert: Convert) -> None:
    categories: list[Any] = [
        {"id": 1}, {"id": 2, "name": ""}, {"name": "no id"}, 5, None,
        {"id": 3, "name": 17}, {"id": 4, "name": "x", "supercategory": 5}, {"id": 4, "name": "y"},
    ]  # fmt: skip
    given = [annotation(n, category_id=n, bbox=[1, 1, 5, 5]) for n in (1, 2, 3, 4)]
    run = convert(coco(given, categories=categories))
    assert [line["name"] for line in run.lines] == ["class_1", "class_2", "17", "x"]
    assert run.codes["class-duplicate"] == 1


def test_fractions_ask_for_a_word(convert: Convert) -> None:
    given = coco([annotation(n, bbox=[0.1, 0.2, 0.5, 0.25]) for n in range(4)])
    with pytest.raises(UsageError, match="-O units=normalised"):
        convert(given)
    run = convert(given, options={"units": "normalised"})
    assert box(run.lines[0]) == (10, 16, 50, 20)
    assert box(convert(given, options={"units": "pixels"}).lines[0]) == (0.1, 0.2, 0.5, 0.25)


def test_corners_ask_for_a_word(convert: Convert) -> None:
    """x0, y0, x1, y1 by mistake, with the area of that box."""
    given = coco([annotation(n, bbox=[10, 20, 40 + n, 60], area=(30 + n) * 40) for n in range(3)])
    with pytest.raises(UsageError, match="-O boxes=xyxy"):
        convert(given)
    for geometry in ("auto", "bbox"):
        run = convert(given, options={"boxes": "xyxy"}, geometry=geometry)
        assert [box(line) for line in run.lines] == [(10, 20, 30 + n, 40) for n in range(3)]
    assert box(convert(given, options={"boxes": "xywh"}).lines[0]) == (10, 20, 40, 60)
    right = [annotation(n, bbox=[10, 20, 40, 60], area=area) for n, area in enumerate([1200, 1200, 1200, 2400])]
    assert box(convert(coco(right)).lines[0]) == (10, 20, 40, 60)


def test_fractions_of_outlines(convert: Convert) -> None:
    given = coco([annotation(1, segmentation=[[0.1, 0.1, 0.2, 0.1, 0.2, 0.5]], bbox=[0.1, 0.1, 0.1, 0.4])])
    run = convert(given, options={"units": "normalised"})
    assert vertices(run.lines[0]) == [10, 8, 20, 8, 20, 40]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'{"images": [], "annotations": [', "line 1, column"),
        (b'{"images": [],\n "annotations": [{"id": 1}', "line 2, column 27"),
        (b'{"images": [],\n "annotations": [{"id": 1', "line 2, column 18"),
        (b'{"images": [], "annotations": []} {}', "line 1, column 35"),
        (b'{"images" [], "annotations": []}', "line 1, column 11"),
    ],
)
def test_broken_json_names_line_and_column(convert: Convert, text: bytes, place: str) -> None:
    run = convert(text, format="coco")
    assert run.report.exit_code() == 3
    assert any(place in e for e in run.examples), run.examples


def test_one_broken_file_of_two(convert: Convert, tmp_path: Path) -> None:
    save(tmp_path / "set" / "instances_a.json", coco([annotation(bbox=[1, 1, 5, 5])]))
    (tmp_path / "set" / "instances_b.json").write_text('{"images": [], "annotations": [')
    run = convert(tmp_path / "set")
    assert len(run.lines) == 1
    assert run.report.exit_code() == 1


TRACKED = {
    "videos": [{"id": 1, "width": 100, "height": 80, "length": 2, "file_names": ["a/0.jpg", "a/5.jpg"]}],
    "categories": [{"id": 1, "name": "car"}],
    "annotations": [{"id": 1, "video_id": 1, "category_id": 1, "bboxes": [[1, 1, 5, 5], None]}],
}


@pytest.mark.parametrize("order", [("videos", "categories", "annotations"), ("categories", "annotations", "videos")])
def test_youtube_vis_is_refused(convert: Convert, order: tuple[str, ...]) -> None:
    given = {key: TRACKED[key] for key in order}
    with pytest.raises(SourceError, match="YouTube-VIS"):
        convert(given)
    run = convert(json.dumps(given).encode(), format="coco")
    assert run.report.exit_code() == 3
    assert any("YouTube-VIS" in e for e in run.examples)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (
            {"image": {"image_id": 1, "file_name": "sa_1.jpg"}, "annotations": [{"id": 5, "bbox": [1, 1, 5, 5]}]},
            "SA-1B",
        ),
        ({"cats": {}, "anns": {}, "imgs": {}, "imgToAnns": {}, "info": {}}, "COCO-Text"),
        ({"sequences": [], "split": "val", "categories": []}, "BURST"),
    ],
)
def test_relatives_that_are_not_read_are_named(convert: Convert, given: dict[str, Any], what: str) -> None:
    with pytest.raises(SourceError, match=what):
        convert(given)


def test_frames_of_videos_are_images_and_tracks_are_told(convert: Convert) -> None:
    frames = [image(n, f"clip/{n}.jpg", video_id=7, frame_id=n) for n in (1, 2)]
    given = coco([annotation(n, image_id=n, bbox=[n, 1, 5, 5], instance_id=40) for n in (1, 2)], frames)
    video = {"videos": [{"id": 7, "name": "clip", "fps": 25}], **given}
    run = convert(video)
    assert [(line["dataRow"]["globalKey"], box(line)[0]) for line in run.lines] == [
        ("clip/1.jpg", 1),
        ("clip/2.jpg", 2),
    ]
    assert any("frames of videos" in e for e in run.examples)
    assert any("instance_id" in e and "-O fields=" in e for e in run.examples if "field-ignored" in e)
    taken = convert(video, options={"fields": "instance_id"})
    assert [line["classifications"] for line in taken.lines] == [
        [{"name": "instance_id", "answer": {"name": "40"}}]
    ] * 2
    assert not taken.codes.get("field-ignored")
    assert not any("frames of videos" in e for e in convert({"videos": [], **given}).examples)


def test_more_fields_are_answers_where_asked_for(convert: Convert) -> None:
    given = coco(
        [annotation(1, bbox=GOOD_BOX, pose="left", metadata={"sex": "male"}), annotation(2, bbox=[9, 9, 5, 5])]
    )
    plain = convert(given)
    assert plain.codes["field-ignored"] == 1
    assert not any("classifications" in line for line in plain.lines)
    for geometry in ("auto", "bbox"):
        run = convert(given, options={"fields": "pose, metadata"}, geometry=geometry)
        assert {c["name"]: c["answer"] for c in run.lines[0]["classifications"]} == {
            "pose": {"name": "left"}, "sex": {"name": "male"},
        }  # fmt: skip
        assert "classifications" not in run.lines[1]


def test_only_the_first_annotation_says_what_a_file_holds(convert: Convert) -> None:
    categories = [{"id": 1, "name": "car", "keypoints": ["nose"], "supercategory": "vehicle"}]
    run = convert(coco([annotation(1, bbox=GOOD_BOX)], categories=categories))
    assert run.report.source.details["files"] == {"instances.json": "instances"}
    assert not run.codes.get("field-ignored")


def test_a_missing_file_name_gets_one(convert: Convert) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 5, 5])], [{"id": 1, "width": 100, "height": 80}]))
    assert lines(run.out, "data_rows.ndjson")[0]["global_key"] == "1.jpg"
    assert run.codes["file-missing"] == 1


def test_image_records_of_every_shape(convert: Convert) -> None:
    images: list[Any] = [5, None, {"id": 1, "file_name": 7}, image("2", "b.jpg", "100", "80"), image(3, width=-1)]
    run = convert(coco([annotation(n, image_id=n, bbox=[1, 1, 5, 5]) for n in (1, 2, 3)], images))
    assert run.report.annotations.read == 3
    assert run.report.assets.written >= 2


# ------------------------------------------------------------------------------------------------------- properties


def seeded(seed: int) -> tuple[Any, int, int]:
    """A random mask of blobs, by seed."""
    rng = np.random.default_rng(seed)
    height, width = int(rng.integers(1, 40)), int(rng.integers(1, 40))
    return (rng.random((height, width)) < rng.random()).astype(np.uint8), width, height


def runs_of(array: Any) -> list[int]:
    flat = array.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate(([0], edges, [len(flat)]))).tolist()
    return [0, *counts] if flat[0] else counts


def test_masks_are_pycocotools_decoding_of_random_rle(convert: Convert) -> None:
    annotations, images, expected = [], [], []
    for n in range(120):
        array, width, height = seeded(n)
        if not array.any():
            continue
        images.append(image(n, width=width, height=height))
        runs: Any = runs_of(array)
        if n % 2:
            runs = oracle.encode(np.asfortranarray(array))["counts"].decode()
            decoded = oracle.decode({"size": [height, width], "counts": runs.encode()})
        else:
            decoded = oracle.decode(oracle.frPyObjects({"size": [height, width], "counts": runs}, height, width))
        expected.append(decoded)
        annotations.append(annotation(n, image_id=n, segmentation={"size": [height, width], "counts": runs}))
    run = convert(coco(annotations, images))
    assert len(run.lines) == len(expected)
    for line, decoded in zip(run.lines, expected):
        assert np.array_equal(pixels(line["mask"]["png"]), decoded)


def test_multi_part_masks_are_pycocotools_union(convert: Convert) -> None:
    rng = random.Random(5)
    annotations, images, expected = [], [], []
    for n in range(150):
        width, height = rng.randint(5, 60), rng.randint(5, 60)
        parts = []
        for _ in range(rng.randint(2, 4)):
            count = rng.randint(3, 8)
            parts.append([round(v, rng.choice((0, 2, 5))) for _ in range(count)
                          for v in (rng.uniform(0, width), rng.uniform(0, height))])  # fmt: skip
        if any(to_labelbox.geometry.vector.is_degenerate(p) for p in parts):
            continue
        decoded = oracle.decode(oracle.merge(oracle.frPyObjects(parts, height, width)))
        if not decoded.any():
            continue
        images.append(image(n, width=width, height=height))
        annotations.append(annotation(n, image_id=n, segmentation=parts))
        expected.append(decoded)
    run = convert(coco(annotations, images))
    assert len(run.lines) == len(expected)
    for line, decoded in zip(run.lines, expected):
        assert np.array_equal(pixels(line["mask"]["png"]), decoded)


inside = st.floats(0, 64, allow_nan=False).map(lambda v: v if v > 1e-3 else 0.0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    boxes=st.lists(st.tuples(inside, inside, st.floats(0.01, 36), st.floats(0.01, 16)), min_size=1, max_size=8),
    rings=st.lists(st.lists(st.tuples(inside, inside), min_size=3, max_size=9), max_size=5),
)
def test_boxes_and_polygons_equal_the_source_exactly(tmp_path: Path, boxes: Any, rings: Any) -> None:
    from to_labelbox.geometry.vector import is_degenerate

    flat = [[v for p in ring for v in p] for ring in rings]
    flat = [f for f in flat if not is_degenerate(f) and f[:2] != f[-2:]]
    annotations = [annotation(n, bbox=list(b)) for n, b in enumerate(boxes)]
    annotations += [annotation(100 + n, segmentation=[f]) for n, f in enumerate(flat)]
    folder = tmp_path / "exact"
    shutil.rmtree(folder, ignore_errors=True)
    source = save(folder / "a.json", coco(annotations))
    to_labelbox.convert(source, folder / "out", options={"units": "pixels"})
    made = lines(folder / "out")
    assert [box(line) for line in made if "bbox" in line] == [tuple(b) for b in boxes]
    assert [vertices(line) for line in made if "polygon" in line] == flat


HOSTILE: list[Any] = [
    {"size": [80, 100], "counts": [1, 2]},
    {"size": [80, 100], "counts": [0, 10**18]},
    {"size": [80, 100], "counts": [-5, 8005]},
    {"size": [80, 100], "counts": "111"},
    {"size": [80, 100], "counts": "oooooooooooooooooooo0"},
    {"size": [10**6, 10**6], "counts": [10**12]},
    {"size": [0, 0], "counts": []},
    [[1e9, 1e9, -1e9, 1e9, 0, -1e9], SQUARE],
    [[1e300, 1, 2, 3, 4, 1e300], SQUARE],
    [SQUARE, [1, 2, 3, 4]],
    [[0, 0, 1e-300, 0, 0, 1e-300], SQUARE],
    [SQUARE, SQUARE],
]


def test_pycocotools_sees_checked_input_only(convert: Convert, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads beyond its buffers, or runs out of memory, on short counts, NaN and huge coordinates."""
    real, seen = oracle.frPyObjects, []

    def checked(objects: Any, height: int, width: int) -> Any:
        assert 0 < height * width <= 10**8
        seen.append(objects)
        for one in objects if isinstance(objects, list) else [objects]:
            if isinstance(one, dict):
                assert sum(one["counts"]) == height * width
                assert min(one["counts"]) >= 0
            else:
                assert len(one) >= 6
                assert len(one) % 2 == 0
                assert np.isfinite(one).all()
                assert np.abs(one).max() <= 1e6
        return real(objects, height, width)

    monkeypatch.setattr(oracle, "frPyObjects", checked)
    given = [annotation(n, segmentation=s) for n, s in enumerate(HOSTILE)]
    good = annotation(99, segmentation=[SQUARE, [40, 40, 50, 40, 50, 50]])
    for policy in ("auto", "mask", "polygon", "bbox"):
        for outside in ("clip", "keep"):
            run = convert(coco([*given, good]), geometry=policy, outside=outside)
            assert run.report.annotations.written >= 1
    assert seen


# ---------------------------------------------------------------------------------- broken records, boxes only


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        ({"bbox": ["10", 10, 20, 20], "segmentation": [SQUARE]}, True),
        ({"bbox": ["10", 10, 20, 20]}, True),
        ({"bbox": None, "segmentation": [SQUARE]}, True),
        ({"bbox": None, "segmentation": ["x"]}, False),
        ({"bbox": None, "segmentation": 7}, False),
    ],
)
def test_odd_records_where_only_boxes_are_asked_for(convert: Convert, fields: dict[str, Any], written: bool) -> None:
    run = convert(coco([annotation(1, **fields)]), geometry="bbox")
    assert bool(run.tally("car")[1] or run.tally("car")[2]) is written
    assert len(run.lines) == written


def test_half_a_surrogate_pair_in_a_caption_is_replaced(convert: Convert) -> None:
    text = json.dumps({"images": [image(1)], "annotations": [{"id": 1, "image_id": 1, "caption": "x\ud800y"}]})
    run = convert(text.encode())
    assert [line["answer"] for line in run.lines] == ["x\ufffdy"]


@pytest.mark.parametrize("packed", [False, True])
def test_more_files_than_a_process_may_open(convert: Convert, tmp_path: Path, packed: bool) -> None:
    for n in range(120):
        text = json.dumps(coco([annotation(n, bbox=[n, 1, 5, 5])], [image(1, f"{n:03}.jpg", 400, 300)])).encode()
        file = tmp_path / "set" / f"{n:03}.json{'.gz' if packed else ''}"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(gzip.compress(text) if packed else text)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    try:
        run = convert(tmp_path / "set")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [box(line)[0] for line in run.lines] == list(range(120))
