"""YOLO: the dialects, pixels computed by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from builders.yolo import GOOD, Sandbox, corners, flat, ndjson
from to_labelbox.model.items import Box, Classification, Object, Polygon
from to_labelbox.plugins.reader import LIKELY, POSSIBLE, Match, Refusal
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError
from to_labelbox.source.files import Source
from to_labelbox_formats.yolo.detect import sniff


def test_roboflow_darknet(box: Sandbox) -> None:
    for split in ("train", "valid"):
        box.write({f"{split}/_darknet.labels": "car\ndog\n", f"{split}/a.txt": GOOD}).picture(f"{split}/a.jpg")
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [
        ("train/a.jpg", "train", 1),
        ("valid/a.jpg", "valid", 1),
    ]
    box.write({"valid/_darknet.labels": "dog\ncar\n"})
    with pytest.raises(SourceError, match="other classes"):
        box.open()


def test_dota(box: Sandbox) -> None:
    box.write(
        {
            "labelTxt/a.txt": "imagesource:GoogleEarth\ngsd:0.14\n10 20 30 20 30 40.5 10 40 small-car 1\n1 1 9 1 9 9 1 9 ship 0\n"
            "1 1 9 1 9 9 1 9 ship 0\n1 2 3\n"
        }
    ).picture("images/a.png")
    found = box.objects()
    assert [(f.label, flat(f)) for f in found] == [
        ("small-car", [10, 20, 30, 20, 30, 40.5, 10, 40]),
        ("ship", [1, 1, 9, 1, 9, 9, 1, 9]),
    ]
    assert [[a.name for a in f.attributes if a.flag] for f in found] == [["difficult"], []]
    assert box.log.ledger["ship"].merged == 1
    assert box.codes()[Code.RECORD_UNREADABLE] == 1


def test_keras_lines(box: Sandbox) -> None:
    box.write(
        {
            "train/_annotations.txt": "a b.png 10,20,30,40,0 1,2,3,4,1\nc.png\nD:\\x\\d.png 5,6,7,8,0 9,9,1,1,1 1,2,3,4,9 1,2,x,4,0\n",
            "train/_classes.txt": "car\ndog\n",
        }
    ).picture("train/a b.png", "train/d.png")
    items = box.items()
    assert [(i.asset.path, i.split, len(i.annotations)) for i in items] == [
        ("train/a b.png", "train", 2),
        ("train/c.png", "train", 0),
        ("train/d.png", "train", 1),
    ]
    assert corners(items[0].annotations[0]) == (10, 20, 20, 20)
    assert {Code.BOX_INVALID, Code.CLASS_UNKNOWN, Code.RECORD_UNREADABLE} <= set(box.codes())
    assert isinstance(box.sniff(), Match)
    (box.root / "2007_train.txt").write_text("/data/JPEGImages/x.jpg 1,2,3,4,0\n")
    (item,) = box.items("2007_train.txt")
    (found,) = item.annotations
    assert isinstance(found, Object)
    assert (item.asset.path, found.label) == ("JPEGImages/x.jpg", "class_0")


def test_keras_lists_of_a_folder_and_the_names_beside_one(box: Sandbox) -> None:
    box.write({"classes.txt": "car\ndog\n"})
    for split in ("train", "val"):
        box.write({f"2007_{split}.txt": f"/home/me/VOC2007/JPEGImages/{split}.jpg 10,20,30,40,1\n"})
    assert box.sniff() == Match(POSSIBLE, "2007_train.txt has one line a picture, with boxes")
    expected = [("JPEGImages/train.jpg", "train", "dog"), ("JPEGImages/val.jpg", "val", "dog")]
    for path in ("", "2007_train.txt"):
        found = [
            (i.asset.path, i.split, a.label) for i in box.items(path) for a in i.annotations if isinstance(a, Object)
        ]
        assert found == expected
        expected.pop()


def test_ndjson_detect(box: Sandbox) -> None:
    image = {"type": "image", "file": "a.jpg", "url": "https://signed", "width": 200, "height": 100, "split": "train"}
    bad = [[1, "x", 0.5, 0.2, 0.4], [9, 0.5, 0.5, 0.2, 0.4], 3, [True, 0.5, 0.5, 0.2, 0.4]]
    items = ndjson(
        box,
        {"task": "detect", "class_names": {"0": "car", "1": "dog"}},
        {**image, "annotations": {"boxes": [[1, 0.5, 0.5, 0.2, 0.4], *bad]}},
        {**image, "file": "b.jpg"},
        "{broken",
    )
    assert [(i.asset.path, i.split, len(i.annotations)) for i in items] == [
        ("a.jpg", "train", 1),
        ("b.jpg", "train", 0),
    ]
    assert corners(items[0].annotations[0]) == (80, 30, 40, 40)
    assert items[0].asset.url is None
    assert box.log.unreadable == 1
    assert sum(t.skipped for t in box.log.ledger.values()) == 4


def test_ndjson_keeps_equal_names_of_splits_apart(box: Sandbox) -> None:
    image = {"type": "image", "file": "a.jpg", "width": 200, "height": 100}
    items = ndjson(
        box, {"task": "detect", "class_names": ["car"]}, {**image, "split": "train"}, {**image, "split": "val"}
    )
    assert [i.asset.path for i in items] == ["train/a.jpg", "val/a.jpg"]


@pytest.mark.parametrize(
    ("head", "annotations", "expected"),
    [
        ({"task": "segment"}, {"segments": [[0, 0.1, 0.1, 0.4, 0.1, 0.4, 0.5]]}, Polygon),
        ({"task": "obb"}, {"obb": [[0, 0.5, 0.1, 0.6, 0.3, 0.5, 0.5, 0.4, 0.3]]}, Polygon),
        ({"task": "pose", "kpt_shape": [1, 3]}, {"pose": [[0, 0.5, 0.5, 0.2, 0.4, 0.1, 0.2, 2]]}, Box),
    ],
)
def test_ndjson_of_other_tasks(box: Sandbox, head: dict[str, Any], annotations: Any, expected: type) -> None:
    image = {"type": "image", "file": "a.jpg", "width": 200, "height": 100, "annotations": annotations}
    (item,) = ndjson(box, {**head, "class_names": ["car"]}, image)
    (found,) = item.annotations
    assert isinstance(found, Object)
    assert isinstance(found.geometry, expected)
    assert (found.keypoints is not None) == (head["task"] == "pose")


def test_ndjson_names_its_keypoints(box: Sandbox) -> None:
    head = {"task": "pose", "kpt_shape": [2, 2], "kpt_names": {"0": ["nose", "tail"]}, "class_names": ["dog"]}
    rows = {"pose": [[0, 0.5, 0.5, 0.2, 0.4, 0.1, 0.2, 0.3, 0.4]]}
    (item,) = ndjson(box, head, {"type": "image", "file": "a.jpg", "width": 200, "height": 100, "annotations": rows})
    (found,) = item.annotations
    assert isinstance(found, Object)
    assert found.keypoints is not None
    assert [p.name for p in found.keypoints.points] == ["nose", "tail"]


def test_ndjson_classification(box: Sandbox) -> None:
    image = {"type": "image", "file": "a.jpg", "annotations": {"classification": [1, 0]}}
    (item,) = ndjson(box, {"task": "classify", "class_names": ["car", "dog"]}, image)
    assert [a.value for a in item.annotations if isinstance(a, Classification)] == ["dog", "car"]


def test_ndjson_of_semantic_masks_is_refused(box: Sandbox) -> None:
    with pytest.raises(SourceError, match="semantic"):
        ndjson(box, {"task": "semantic", "class_names": ["car"]})


def test_classification_folders(box: Sandbox) -> None:
    box.picture("train/cat/a.jpg", "train/dog/deep/b.jpg", "train/no_label/c.jpg", "val/cat/a.jpg")
    items = box.items()
    assert [
        (i.asset.path, i.split, [a.value for a in i.annotations if isinstance(a, Classification)]) for i in items
    ] == [
        ("train/cat/a.jpg", "train", ["cat"]),
        ("train/dog/deep/b.jpg", "train", ["dog"]),
        ("train/no_label/c.jpg", "train", []),
        ("val/cat/a.jpg", "val", ["cat"]),
    ]
    assert box.sniff() == Match(LIKELY, "only pictures, in 3 folders of classes below folders of splits")
    told = {"a": {"path": "cat/a.jpg", "labels": ["cat", "pet"]}, "c": {"path": "no_label/c.jpg", "labels": []}}
    box.write({"train/labels.json": json.dumps(told)})
    several = [a for a in box.items()[0].annotations if isinstance(a, Classification)]
    assert [(a.value, a.ledger_label) for a in several] == [("cat", "cat"), ("pet", "pet")]


def test_classification_folders_in_an_archive_of_their_own_folder(box: Sandbox) -> None:
    box.picture("archive/my set/train/cat/a.jpg", "archive/my set/train/dog/b.jpg", "archive/my set/val/cat/a.jpg")
    assert box.sniff() == Match(LIKELY, "only pictures, in 2 folders of classes below folders of splits")
    assert [(i.split, [a.value for a in i.annotations if isinstance(a, Classification)]) for i in box.items()] == [
        ("train", ["cat"]),
        ("train", ["dog"]),
        ("val", ["cat"]),
    ]


def test_lines_with_boxes_that_a_darknet_file_names_as_its_lists(box: Sandbox) -> None:
    """Roboflow's lines for Keras, between the files of a training with Darknet."""
    box.write({"obj.data": "classes = 1\ntrain = train/_annotations.txt\nnames = obj.names\n", "obj.names": "cat\n"})
    box.write({"train/_annotations.txt": "a.jpg 10,20,30,40,0\n", "train/_classes.txt": "cat\n"}).picture("train/a.jpg")
    (item,) = box.items()
    assert item.asset.path == "train/a.jpg"
    assert corners(item.annotations[0]) == (10, 20, 20, 20)


def test_a_table_of_pictures_beside_two_folders_says_that_they_are_no_classes(box: Sandbox) -> None:
    box.picture("train_97c/a.jpg", "train-ocr/b.jpg")
    assert isinstance(sniff(Source(str(box.root))), Match)
    box.write({"boxes.txt": "train_97c/a.jpg,1,2,30,40,plate\n"})
    verdict = sniff(Source(str(box.root)))
    assert isinstance(verdict, Refusal)
    assert "boxes.txt says more of each picture" in verdict.reason
