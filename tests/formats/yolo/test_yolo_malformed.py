"""The YOLO family: pixels computed by hand, every dialect, every row of the format's table of malformed input: malformed."""

from __future__ import annotations

import pytest

from builders.yolo import GOOD, NAMES, YAML, Sandbox, rows
from to_labelbox.plugins.reader import CERTAIN, Match
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError


@pytest.mark.parametrize(
    ("row", "code", "label"),
    [
        ("1.5 0.5 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "(unreadable)"),
        ("-1 0.5 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "(unreadable)"),
        ("car 0.5 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "(unreadable)"),
        ("1e400 0.5 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "(unreadable)"),
        ("1_0 0.5 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "(unreadable)"),
        ("nan 0.5 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "(unreadable)"),
        ("7 0.5 0.5 0.2 0.4", Code.CLASS_UNKNOWN, "class_7"),
        ("1", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 0.2", Code.RECORD_UNREADABLE, "dog"),
        ("1 nan 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 inf 0.4", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 1e308 0.4", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 0.2 0_4", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 0.2 x", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 0,2 0.4", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 -0.2 0.4", Code.BOX_INVALID, "dog"),
        ("1 0.5 0.5 0.2 -0.4", Code.BOX_INVALID, "dog"),
        ("1 0.1 0.1 0.2 nan 0.3 0.3 0.4 0.4", Code.RECORD_UNREADABLE, "dog"),
    ],
)
def test_a_malformed_row_costs_itself(box: Sandbox, row: str, code: Code, label: str) -> None:
    found = rows(box, GOOD + row + "\n2 0.5 0.5 0.2 0.4\n")
    assert [(f.label, f.location) for f in found] == [("car", "line 1"), ("tree", "line 3")]
    (example,) = box.log.diagnostics[code].examples
    assert (example.file, example.where) == ("labels/train/a.txt", "line 2")
    assert box.log.ledger[label].skipped == 1


def test_unknown_classes_can_be_kept(box: Sandbox) -> None:
    assert [f.label for f in rows(box, GOOD + "7 0.5 0.5 0.2 0.4\n", unknown_classes=True)] == ["car", "class_7"]


def test_repeated_rows_are_merged(box: Sandbox) -> None:
    found = rows(box, GOOD + "1 0.5 0.5 0.2 0.4\n" + GOOD + "0  0.5 0.5 0.2 0.4")
    assert [f.label for f in found] == ["car", "dog"]
    assert box.log.ledger["car"].merged == 2
    assert (
        box.log.diagnostics[Code.ANNOTATION_DUPLICATE].examples[0].message == "says the same as line 1, which is kept"
    )


def test_a_pose_row_of_another_length_is_skipped(box: Sandbox) -> None:
    yaml = YAML + "kpt_shape: [1, 3]\n"
    assert len(rows(box, "1 0.5 0.5 0.2 0.4 0.1 0.2 2\n1 0.5 0.5 0.2 0.4 0.1 0.2\n", yaml)) == 1
    assert box.codes()[Code.KEYPOINTS_INVALID] == 1


def test_without_size_rows_are_skipped_and_counted(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD + "1 0.5 0.5 0.2 0.4\n"})
    (item,) = box.items()
    assert (item.asset.path, item.annotations) == ("images/train/a.jpg", [])
    assert box.codes()[Code.IMAGE_SIZE_UNKNOWN] == 2
    assert box.log.ledger["dog"].skipped == 1


def test_an_unreadable_picture_costs_its_rows(box: Sandbox) -> None:
    box.write(
        {"data.yaml": YAML, "labels/train/a.txt": GOOD, "images/train/a.jpg": b"nothing", "labels/train/b.txt": GOOD}
    )
    box.picture("images/train/b.png")
    assert [len(item.annotations) for item in box.items()] == [0, 1]
    assert box.log.unreadable == 1
    assert box.codes()[Code.IMAGE_SIZE_UNKNOWN] == 1
    assert Code.EXIF_UNCHECKED not in box.codes()


def test_background_pictures_stay(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD, "labels/train/b.txt": "\n"})
    box.picture("images/train/a.png", "images/train/b.png", "images/train/c.png")
    items = box.items()
    assert [(i.asset.path, len(i.annotations)) for i in items] == [
        ("images/train/a.png", 1),
        ("images/train/b.png", 0),
        ("images/train/c.png", 0),
    ]
    assert items[2].origin == "images/train/c.png"


def test_one_stem_twice_shares_the_labels(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD})
    box.picture("images/train/a.png", "images/train/a.jpg", "images/train/a.b.jpg")
    assert [len(i.annotations) for i in box.items()] == [0, 1, 1]
    assert box.codes()[Code.ASSET_DUPLICATE] == 1


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("names: [car, dog]", ["car", "dog"]),
        ("names: {0: car, '1': dog}", ["car", "dog"]),
        ("names: {1: dog, 0: car}", ["car", "dog"]),
        ("names: [no, 1, 1.0]", ["no", "1", "1.0"]),
        ("nc: 2", ["red", "blue"]),
        ("nc: 3\nnames: [car, dog]", ["car", "dog"]),
        ("names: [car, car]", ["car"]),
        ("names: ['', dog]", ["class_0", "dog"]),
        ("names: !!python/object/apply:os.system [echo]", ["echo"]),
        ("names: data/set.names", ["red", "blue"]),
        ("names: ./set.names", ["red", "blue"]),
        ("names: {dog: 1, car: 0}", ["car", "dog"]),
        ("names: [0: car, 1: dog]", ["car", "dog"]),
        ("names: [[car, dog]]", ["car", "dog"]),
        ("names: [car, dog] # caf\udce9", ["car", "dog"]),
        ("names: [car, d\x07og]", ["car", "dog"]),
    ],
)
def test_names_in_yaml(box: Sandbox, names: str, expected: list[str]) -> None:
    yaml = f"train: images\n{names}\n".encode("utf-8", "surrogateescape")
    box.write({"data.yaml": yaml, "set.names": "red\nblue\n", "labels/a.txt": GOOD}).picture("images/a.png")
    assert [label.name for label in box.open().schema.labels] == expected


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ("names: [no, dog]", Code.FIELD_REPAIRED),
        ("nc: 3\nnames: [car, dog]", Code.FIELD_REPAIRED),
        ("names: [car, car]", Code.CLASS_DUPLICATE),
        ("nc: 2", Code.CLASS_UNNAMED),
        ("names: []", Code.CLASS_UNNAMED),
        ("names: {car: 0, dog: 1}", Code.FIELD_REPAIRED),
    ],
)
def test_what_is_odd_about_names_is_said(box: Sandbox, names: str, code: Code) -> None:
    box.write({"data.yaml": f"train: images\n{names}\n", "labels/a.txt": GOOD}).picture("images/a.png")
    box.open()
    assert box.codes()[code] == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_descriptors_and_names_of_windows(box: Sandbox, encoding: str) -> None:
    box.write({"a/data.yaml": ("train: images\n" + NAMES).encode(encoding), "a/labels/a.txt": GOOD}).picture(
        "a/images/a.png"
    )
    assert box.sniff("a") == Match(CERTAIN, "data.yaml describes splits and classes")
    assert [f.label for f in box.objects("a")] == ["car"]
    box.write({"b/classes.txt": "猫\r\n".encode(encoding), "b/a.txt": GOOD.encode(encoding)}).picture("b/a.png")
    assert box.sniff("b") == Match(CERTAIN, "classes.txt names classes and a.txt has rows of numbers")
    assert [f.label for f in box.objects("b")] == ["猫"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("data.yaml", "train: images\nnames: [caf\udce9]\n"),
        ("data.yaml", "train: images\nnames: elsewhere.names\n"),
        ("classes.txt", "caf\udce9\n"),
    ],
)
def test_names_that_cannot_be_read_ask_for_others(box: Sandbox, file: str, content: str) -> None:
    box.write({file: content.encode("utf-8", "surrogateescape"), "labels/a.txt": GOOD}).picture("images/a.png")
    with pytest.raises(SourceError, match=rf"{file}.* -O names=FILE"):
        box.open()
    (box.root.parent / "names.txt").write_text("x\n")
    assert [f.label for f in box.objects(names=str(box.root.parent / "names.txt"))] == ["x"]


def test_without_names_classes_are_numbered(box: Sandbox) -> None:
    box.write({"labels/a.txt": "0 .5 .5 .2 .4\n4 .5 .5 .2 .4\n"}).picture("images/a.png")
    assert [f.label for f in box.objects()] == ["class_0", "class_4"]
    assert box.codes()[Code.CLASS_UNNAMED] == 1
    (box.root.parent / "names.txt").write_text("x\ny\n")
    assert [f.label for f in box.objects(names=str(box.root.parent / "names.txt"))] == ["x"]
    assert box.codes()[Code.CLASS_UNKNOWN] == 1


@pytest.mark.parametrize(
    "entry",
    [
        "images/train",
        "./images/train/",
        "../images/train",
        "../other/images/train",
        "/content/drive/set/images/train",
        "C:\\sets\\images\\train",
        "[images/train, images/missing]",
        "list.txt",
        "[images/train/a.png]",
    ],
)
def test_split_paths_are_found(box: Sandbox, entry: str) -> None:
    box.write(
        {"data.yaml": f"train: {entry}\n{NAMES}", "labels/train/a.txt": GOOD, "list.txt": "./images/train/a.png\n"}
    )
    box.picture("images/train/a.png")
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [("images/train/a.png", "train", 1)]


@pytest.mark.parametrize(
    "line", ["data/images/train/a.png", "images\\train\\a.png", "/home/me/set/images/train/a.png", "a.png"]
)
def test_list_lines_are_found(box: Sandbox, line: str) -> None:
    listing = "images/train/list.txt" if line == "a.png" else "list.txt"
    box.write(
        {"data.yaml": f"train: {listing}\n{NAMES}", "labels/train/a.txt": GOOD, listing: line + "\nimages/none.png\n"}
    )
    box.picture("images/train/a.png")
    assert [(i.asset.path, len(i.annotations)) for i in box.items()] == [("images/train/a.png", 1)]
    assert box.opening.diagnostics[Code.FILE_MISSING].examples[0].where == "line 2"


def test_a_missing_split_is_never_another_ones_folder(box: Sandbox) -> None:
    box.write({"data.yaml": f"train: ../train/images\nval: ../val/images\n{NAMES}", "labels/a.txt": GOOD})
    box.write({"train/labels/b.txt": GOOD}).picture("images/a.png", "train/images/b.png")
    assert [i.asset.path for i in box.items()] == ["train/images/b.png"]


def test_roboflow_layout_and_its_wrong_folder_names(box: Sandbox) -> None:
    box.write(
        {
            "data.yaml": "train: ../train/images\nval: ../val/images\ntest: ../test/images\n" + NAMES,
            "train/labels/a.rf.1.txt": GOOD,
            "valid/labels/a.rf.1.txt": GOOD,
            "README.roboflow.txt": "hello",
        }
    ).picture("train/images/a.rf.1.jpg", "valid/images/a.rf.1.jpg")
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [
        ("train/images/a.rf.1.jpg", "train", 1),
        ("valid/images/a.rf.1.jpg", "val", 1),
    ]
    assert box.codes()[Code.FILE_MISSING] == 1


def test_a_path_outside_the_source_needs_root(box: Sandbox) -> None:
    box.write({"set/data.yaml": "path: ../pictures\ntrain: images\n" + NAMES, "pictures/labels/a.txt": GOOD})
    box.picture("pictures/images/a.png")
    with pytest.raises(SourceError, match="root"):
        box.open("set")
    (item,) = box.items("set", root=str(box.root / "pictures"))
    assert (item.asset.path, len(item.annotations)) == ("images/a.png", 1)


@pytest.mark.parametrize(
    ("root", "below"),
    [
        ("../datasets/coco8", "datasets/coco8/"),
        ("/home/me/datasets/coco8", "datasets/coco8/"),
        ("C:\\Users\\me\\coco8", "coco8/"),
        ("coco8", "datasets/coco8/"),
        ("/kaggle/working", "archive/data/"),
        ("../datasets/coco8", ""),
    ],
)
def test_path_of_another_computer(box: Sandbox, root: str, below: str) -> None:
    box.write({"coco8.yaml": f"path: {root} # dataset root dir\ntrain: images/train\nval: images/val\n{NAMES}"})
    box.write({f"{below}labels/train/a.txt": GOOD, f"{below}labels/val/b.txt": GOOD})
    box.picture(f"{below}images/train/a.png", f"{below}images/val/b.png")
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [
        (f"{below}images/train/a.png", "train", 1),
        (f"{below}images/val/b.png", "val", 1),
    ]
    assert Code.FILE_MISSING not in box.codes()


def test_path_in_full_of_a_folder_of_the_source(box: Sandbox) -> None:
    box.write({"cfg/data.yaml": f"path: {box.root}/set\ntrain: images\n{NAMES}", "set/labels/a.txt": GOOD})
    box.picture("set/images/a.png")
    assert [i.asset.path for i in box.items()] == ["set/images/a.png"]
    assert "is not below the source" not in str(box.opening.diagnostics)


@pytest.mark.parametrize(
    "yaml",
    [
        "train: /kaggle/working/train.txt\nval: /kaggle/working/val.txt\n",
        "train: D:\\sets\\one\\train\\images\nval: D:\\sets\\one\\val\\images\n",
        "path: /content/set\ntrain: pictures\n",
    ],
)
def test_splits_of_another_computer_do_not_cost_the_set(box: Sandbox, yaml: str) -> None:
    box.write({"data.yaml": yaml + NAMES, "labels/train/a.txt": GOOD, "labels/val/b.txt": GOOD})
    box.picture("images/train/a.png", "images/val/b.png")
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [
        ("images/train/a.png", "train", 1),
        ("images/val/b.png", "val", 1),
    ]
    assert "of another computer" in box.opening.diagnostics[Code.FILE_MISSING].message
