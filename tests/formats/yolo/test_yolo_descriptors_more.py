"""The YOLO family: pixels computed by hand, every dialect, every row of the format's table of malformed input: descriptors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PIL import Image, ImageOps

from builders.yolo import GOOD, NAMES, YAML, Sandbox, corners, flat, ndjson
from to_labelbox.geometry.any_shape import envelope
from to_labelbox.model.items import Box, Classification, Object, Polygon
from to_labelbox.plugins.reader import LIKELY, POSSIBLE, Match, ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError, UsageError
from to_labelbox.source.asset_lookup import MediaFolder


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


def test_sizes_from_the_context_and_from_files(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a b.txt": GOOD})
    sized = ReadContext(sizes={"images/train/a b.jpg": (200, 100)})
    assert corners(box.objects(context=sized)[0]) == (80, 30, 40, 40)
    assert box.codes()[Code.EXIF_UNCHECKED] == 1
    outside = box.root.parent / "sizes.csv"
    outside.write_text("key,width,height\na b.jpg,200,100\n")
    assert corners(box.objects(sizes=str(outside))[0]) == (80, 30, 40, 40)
    box.write({"images.meta": '"a b" 100 200\n'})
    assert corners(box.objects()[0]) == (80, 30, 40, 40)
    with pytest.raises(UsageError):
        box.open(sizes=str(box.root / "none.csv"))


def test_a_stated_size_wins_over_another_header(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD}).picture("images/train/a.png", size=(20, 10))
    context = ReadContext(sizes={"images/train/a.png": (200, 100)})
    assert corners(box.objects(context=context)[0]) == (80, 30, 40, 40)
    assert box.codes()[Code.IMAGE_SIZE_MISMATCH] == 1


@pytest.mark.parametrize("folder", ["images/train", "train", "."])
def test_pictures_below_the_media_root(box: Sandbox, folder: str) -> None:
    box.write({"set/data.yaml": YAML, "set/labels/train/a.txt": GOOD}).picture(
        f"media/{folder}/a.png", f"media/{folder}/b.png"
    )
    context = ReadContext(media=MediaFolder(str(box.root / "media")))
    items = box.items("set", context)
    prefix = "" if folder == "." else folder + "/"
    assert [(i.asset.path, i.split, len(i.annotations)) for i in items] == [
        (f"{prefix}a.png", "train", 1),
        (f"{prefix}b.png", "train", 0),
    ]


def test_a_picture_anywhere_below_the_media_root_by_its_stem(box: Sandbox) -> None:
    box.write({"set/classes.txt": "car\n", "set/labels/0a1b-x.txt": GOOD, "set/labels/twice.txt": GOOD})
    box.picture("media/upload/7/0a1b-x.png", "media/upload/7/twice.png", "media/upload/8/twice.png")
    items = box.items("set", ReadContext(media=MediaFolder(str(box.root / "media"))))
    assert [(i.asset.path, len(i.annotations)) for i in items] == [("upload/7/0a1b-x.png", 1), ("images/twice.jpg", 0)]


def test_pictures_by_the_names_that_they_had_before_label_studio(box: Sandbox) -> None:
    stems = ("0a1b2c3d-one", "11111111__two", "22222222-same", "33333333-same")
    box.write({"set/classes.txt": "car\n", **{f"set/labels/{stem}.txt": GOOD for stem in stems}})
    box.picture("media/x/one.png", "media/y/two.png", "media/same.png")
    items = box.items("set", ReadContext(media=MediaFolder(str(box.root / "media"))))
    assert [(i.asset.path, len(i.annotations)) for i in items] == [
        ("x/one.png", 1),
        ("y/two.png", 1),
        ("images/22222222-same.jpg", 0),
        ("images/33333333-same.jpg", 0),
    ]


def test_paths_are_relative_to_a_media_root_inside_the_source(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD}).picture("images/train/a.png")
    context = ReadContext(media=MediaFolder(str(box.root / "images")))
    assert [i.asset.path for i in box.items(context=context)] == ["train/a.png"]
    context = ReadContext(media=MediaFolder(str(box.root.parent)))
    assert [i.asset.path for i in box.items(context=context)] == [f"{box.root.name}/images/train/a.png"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rows_of_turned_pictures_land_on_the_stored_pixels(box: Sandbox, orientation: int) -> None:
    """The upright picture, 60 × 40, has a white box at 12, 8 of 24 × 4 that rows speak of."""
    upright = Image.new("L", (60, 40))
    upright.paste(255, (12, 8, 36, 12))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = box.root / "images/a.png"
    path.parent.mkdir()
    stored.save(path, exif=exif)
    with Image.open(path) as image:
        assert ImageOps.exif_transpose(image).tobytes() == upright.tobytes()
    outline = "0 0.2 0.2 0.6 0.2 0.6 0.3 0.2 0.3 0.2 0.25\n"
    box.write({"labels/a.txt": "0 0.4 0.25 0.4 0.1\n" + outline, "data.yaml": "train: images\n" + NAMES})
    (item,) = box.items()
    assert (item.asset.width, item.asset.height) == stored.size
    left, top, right, bottom = stored.getbbox() or (0, 0, 0, 0)
    expected = tuple(float(v) for v in (left, top, right - left, bottom - top))
    assert corners(item.annotations[0]) == expected
    turned = item.annotations[1]
    assert isinstance(turned, Object)
    around = envelope(turned.geometry)
    assert around is not None
    assert corners(around) == expected
    assert box.codes().get(Code.EXIF_TURNED, 0) == (orientation != 1)
    (item,) = box.items(context=ReadContext(exif=False))
    assert (item.asset.width, item.asset.height) == stored.size
    found = item.annotations[0]
    assert corners(found) == tuple(
        round(v, 9) for v in (0.2 * stored.width, 0.2 * stored.height, 0.4 * stored.width, 0.1 * stored.height)
    )


# A JPEG of 100 × 60 as stored. The row is a box at 10, 20 of 30 × 10 on the upright picture (100 × 60, or 60 × 100 for 5
# to 8): where it lies on the stored one, worked out by hand for each way in which a camera can be held.
STORED_BOXES = {
    1: (10, 20, 30, 10),
    2: (60, 20, 30, 10),  # mirrored: left = 100 - (10 + 30)
    3: (60, 30, 30, 10),  # half a turn: left = 100 - 40, top = 60 - 30
    4: (10, 30, 30, 10),  # upside down: top = 60 - 30
    5: (20, 10, 10, 30),  # along the diagonal: x and y change places
    6: (20, 20, 10, 30),  # shown a quarter clockwise: left = 20, top = 60 - 40
    7: (70, 20, 10, 30),  # along the other diagonal: left = 100 - 30, top = 60 - 40
    8: (70, 10, 10, 30),  # shown a quarter counter-clockwise: left = 100 - 30, top = 10
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_jpegs_by_hand(box: Sandbox, orientation: int) -> None:
    box.picture("images/a.jpg", size=(100, 60), orientation=orientation)
    width, height = (100, 60) if orientation < 5 else (60, 100)
    row = f"0 {25 / width!r} {25 / height!r} {30 / width!r} {10 / height!r}\n"
    box.write({"labels/a.txt": row, "data.yaml": "train: images\n" + NAMES})
    (item,) = box.items()
    assert (item.asset.width, item.asset.height) == (100, 60)
    assert corners(item.annotations[0]) == STORED_BOXES[orientation]


def test_pose_of_a_turned_picture(box: Sandbox) -> None:
    box.picture("images/a.jpg", size=(100, 200), orientation=6)
    box.write(
        {"labels/a.txt": "0 0.5 0.5 0.2 0.4 0.1 0.2 2\n", "data.yaml": "train: images\nkpt_shape: [1, 3]\n" + NAMES}
    )
    (found,) = box.objects()
    # upright 200 × 100: the point 20, 20 is stored at x = 20, y = 200 - 20
    assert found.keypoints is not None
    assert [(round(p.x, 9), round(p.y, 9)) for p in found.keypoints.points] == [(20, 180)]
    assert corners(found) == (30, 80, 40, 40)
