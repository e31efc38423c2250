"""The COCO family: what each kind, dialect and broken record becomes, by hand-computed values: dialects."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from builders.coco import GOOD_BOX, PERSON, SQUARE, box, vertices
from harness import Convert, annotation, coco, image, lines, ontology, save
from to_labelbox import UsageError


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
