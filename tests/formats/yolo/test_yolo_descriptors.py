"""The YOLO family: pixels computed by hand, every dialect, every row of the format's table of malformed input: descriptors."""

from __future__ import annotations

import pytest

from builders.yolo import GOOD, NAMES, YAML, Sandbox, corners, flat
from to_labelbox.model.items import Object
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError, UsageError


def test_several_places_for_the_splits_are_not_guessed(box: Sandbox) -> None:
    box.write({"data.yaml": f"train: images/train\n{NAMES}"})
    for folder in ("one", "two"):
        box.write({f"{folder}/labels/train/a.txt": GOOD}).picture(f"{folder}/images/train/a.png")
    with pytest.raises(SourceError, match="no picture and no label"):
        box.open()


def test_pictures_whose_folder_has_another_name_than_data_yaml_says(box: Sandbox) -> None:
    box.write({"data.yaml": f"train: ../train/images\nval: ../valid/images\n{NAMES}", "train/labels/a.txt": GOOD})
    box.write({"valid/labels/b.txt": GOOD}).picture("train/image/a.png", "train/image/c.png", "valid/images/b.png")
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [
        ("train/image/a.png", "train", 1),
        ("train/image/c.png", "train", 0),
        ("valid/images/b.png", "val", 1),
    ]
    assert Code.FILE_IGNORED not in box.codes()


def test_of_several_descriptors_the_only_one_whose_splits_are_there(box: Sandbox) -> None:
    box.write({"data/coco.yaml": "path: ../datasets/coco\ntrain: images/train2017\nnames: [person]\n"})
    box.write({"data/mine.yaml": f"path: ../datasets/mine\ntrain: images\n{NAMES}", "datasets/mine/labels/a.txt": GOOD})
    box.picture("datasets/mine/images/a.png")
    assert [a.label for a in box.objects()] == ["car"]
    assert any("data/mine.yaml is followed, not data/coco.yaml" in a.why for a in box.opening.assumptions.values())
    box.write({"data/more.yaml": "path: ../datasets/mine\ntrain: images\nnames: [x]\n"})
    with pytest.raises(UsageError, match="-O data="):
        box.open()


def test_classes_of_another_set_are_not_given_to_pictures_found_elsewhere(box: Sandbox) -> None:
    box.write({"data.yaml": "train: ../arms/train/images\nnames: [knife, gun]\n", "lot/train/labels/a.txt": GOOD})
    box.write({"lot/data.yaml": "train: ../train/images\nnames: [free, taken]\n"}).picture("lot/train/images/a.png")
    with pytest.raises(
        SourceError, match=r"lot/data\.yaml has other classes for what is there: give lot as the source"
    ):
        box.open()
    assert [a.label for a in box.objects("lot")] == ["free"]
    box.write({"lot/data.yaml": "train: ../train/images\nnames: [knife, gun]\n"})
    assert [a.label for a in box.objects()] == ["knife"]


@pytest.mark.parametrize("yaml", ["", f"train: /content/x/y.txt\n{NAMES}"])
def test_what_runs_of_yolo_have_written_is_no_part_of_a_set(box: Sandbox, yaml: str) -> None:
    box.write({"classes.txt": "car\ndog\ntree\n", "train/labels/a.txt": GOOD} | ({"data.yaml": yaml} if yaml else {}))
    box.write({"runs/detect/predict2/labels/a.txt": GOOD, "out/train/args.yaml": "task: detect\n"})
    box.write({"out/train/results.csv": "epoch\n"})
    box.picture("train/images/a.png", "runs/detect/predict2/a.png", "runs/train/exp/b.png", "out/train/labels.png")
    assert [(i.asset.path, len(i.annotations)) for i in box.items()] == [("train/images/a.png", 1)]
    told = box.opening.diagnostics[Code.FILE_IGNORED]
    assert (told.count, "have written" in told.message) == (4, True)


def test_predictions_alone_are_a_set(box: Sandbox) -> None:
    box.write({"runs/detect/predict/labels/a.txt": GOOD}).picture("runs/detect/predict/a.png")
    assert [(i.asset.path, len(i.annotations)) for i in box.items()] == [("runs/detect/predict/a.png", 1)]


def test_pictures_of_a_code_repository_are_no_part_of_its_set(box: Sandbox) -> None:
    box.write({"classes.txt": "car\n", "set/train/labels/a.txt": GOOD}).picture("set/train/images/a.png")
    box.picture("docs/img/a.png", "images/logo.png", "static/images/b.png", "set/valid/images/c.png")
    assert [i.asset.path for i in box.items()] == ["set/train/images/a.png", "set/valid/images/c.png"]
    assert box.opening.diagnostics[Code.FILE_IGNORED].count == 3


def test_pictures_without_labels_beside_those_with_are_background(box: Sandbox) -> None:
    box.write({"one/labels/a.txt": GOOD, "labels/x/e.txt": GOOD})
    box.picture("one/images/a.png", "two/images/b.png", "images/x/e.png", "images/y/f.png")
    assert [i.asset.path for i in box.items()] == [
        "images/x/e.png",
        "images/y/f.png",
        "one/images/a.png",
        "two/images/b.png",
    ]


def test_a_root_that_is_there_is_named(box: Sandbox) -> None:
    box.write({"cfg/data.yaml": f"path: ../set\ntrain: images\n{NAMES}", "set/labels/a.txt": GOOD})
    box.picture("set/images/a.png")
    with pytest.raises(SourceError, match=rf"-O root={box.root}/set$"):
        box.open("cfg/data.yaml")


def test_case_is_no_matter_where_nothing_else_fits(box: Sandbox) -> None:
    box.write(
        {"data.yaml": f"train: Images/Train\n{NAMES}", "labels/train/IMG_1.TXT": GOOD, "labels/train/img_2.txt": GOOD}
    )
    box.write({"labels/train/b.txt": GOOD, "labels/train/B.txt": "1 0.5 0.5 0.2 0.4\n"})
    box.picture("images/train/IMG_1.JPG", "images/train/IMG_2.JPG", "images/train/b.jpg", "images/train/B.jpg")
    assert [(i.asset.path, [a.label for a in i.annotations if isinstance(a, Object)]) for i in box.items()] == [
        ("images/train/B.jpg", ["dog"]),
        ("images/train/IMG_1.JPG", ["car"]),
        ("images/train/IMG_2.JPG", ["car"]),
        ("images/train/b.jpg", ["car"]),
    ]


def test_a_picture_may_be_called_like_a_split(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/test.txt": GOOD}).picture("images/train/test.png")
    assert [len(i.annotations) for i in box.items()] == [1]


def test_a_label_may_be_called_like_the_whole_picture(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.jpg.txt": GOOD, "labels/train/b.txt": GOOD})
    box.picture("images/train/a.jpg", "images/train/b.jpg")
    assert [(i.asset.path, len(i.annotations)) for i in box.items()] == [
        ("images/train/a.jpg", 1),
        ("images/train/b.jpg", 1),
    ]


def test_a_path_that_no_system_has_is_no_crash(box: Sandbox) -> None:
    box.write({"data.yaml": f'path: "/a\\0b"\ntrain: "im\\0ages"\n{NAMES}', "labels/a.txt": GOOD}).picture(
        "images/a.png"
    )
    assert [len(i.annotations) for i in box.items()] == [1]
    box.write({"bare/data.yaml": f'path: "/a\\0b"\ntrain: images\n{NAMES}'})
    with pytest.raises(SourceError, match="no picture and no label"):
        box.open("bare")


def test_pictures_of_a_split_without_labels_are_beside_those_of_others(box: Sandbox) -> None:
    box.write({"train_labels/0.txt": GOOD}).picture("train_images/0.png", "test_images/1.png", "docs/2.png")
    assert [i.asset.path for i in box.items()] == ["test_images/1.png", "train_images/0.png"]


def test_pictures_and_labels_in_trees_of_their_own(box: Sandbox) -> None:
    box.write({"train_labels/0.txt": GOOD, "val_labels/0.txt": "1 0.5 0.5 0.2 0.4\n", "classes.txt": "car\ndog\n"})
    box.picture("train_images/0.png", "val_images/0.png")
    assert [a.label for a in box.objects()] == ["car", "dog"]
    box.write({"odd/ann/train/0.txt": GOOD, "odd/ann/val/0.txt": "1 .5 .5 .2 .4\n", "odd/classes.txt": "car\ndog\n"})
    box.picture("odd/pix/train/0.png", "odd/pix/val/0.png")
    assert [a.label for a in box.objects("odd")] == ["car", "dog"]


def test_dota_as_released_has_its_labels_twice(box: Sandbox) -> None:
    row = "{} 10 30 20 30 40 10 40 ship 0\n"
    box.write(
        {"train/labelTxt-v1.0/labelTxt/P1.txt": row.format(10), "train/labelTxt-v1.0/Train_hbb/P1.txt": row.format(9)}
    )
    box.picture("train/images/images/P1.png")
    (item,) = box.items()
    assert item.asset.path == "train/images/images/P1.png"
    assert [flat(a)[0] for a in item.annotations if isinstance(a, Object)] == [10]
    assert box.codes()[Code.FILE_IGNORED] == 1


def test_what_no_split_names_is_counted_and_lists_are_not(box: Sandbox) -> None:
    box.write({"data.yaml": f"train: lists/a.txt\n{NAMES}", "lists/a.txt": "images/a.png\n", "labels/a.txt": GOOD})
    box.picture("images/a.png", "images/b.png", "logo.png")
    assert [i.asset.path for i in box.items()] == ["images/a.png"]
    assert box.codes()[Code.FILE_IGNORED] == 2


def test_a_label_without_picture_among_others_is_said(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD, "labels/train/b.txt": ""}).picture("images/train/a.png")
    assert [i.asset.path for i in box.items()] == ["images/train/a.png", "images/train/b.jpg"]
    assert box.opening.diagnostics[Code.FILE_MISSING].examples[0].file == "labels/train/b.txt"


def test_a_folder_in_two_splits_stays_in_the_first(box: Sandbox) -> None:
    box.write({"data.yaml": "train: images\nval: images\n" + NAMES, "labels/a.txt": GOOD}).picture("images/a.png")
    assert [(i.split, len(i.annotations)) for i in box.items()] == [("train", 1)]


def test_data_yaml_itself_and_the_choice_among_several(box: Sandbox) -> None:
    box.write(
        {"one.yaml": "train: images\nnames: [x]\n", "two.yaml": "train: images\nnames: [y]\n", "labels/a.txt": GOOD}
    )
    box.picture("images/a.png")
    assert box.objects("two.yaml")[0].label == "y"
    assert box.objects(data="one.yaml")[0].label == "x"
    with pytest.raises(UsageError, match="-O data="):
        box.open()
    with pytest.raises(UsageError, match="no such file"):
        box.open(data="three.yaml")


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("names: [car\ntrain: images\n", "line"),
        ("train: images\nnames: car\n", "names"),
        ("train: images\nkpt_shape: [17, 4]\n" + NAMES, "kpt_shape"),
        ("train: images\nmasks_dir: masks\n" + NAMES, "masks"),
        ("train: images\ntask: depth\n" + NAMES, "depth"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(box: Sandbox, yaml: str, message: str) -> None:
    box.write({"data.yaml": yaml, "labels/a.txt": GOOD}).picture("images/a.png")
    with pytest.raises(SourceError, match=message):
        box.open()


def test_darknet_and_cvat(box: Sandbox) -> None:
    box.write(
        {
            "obj.data": "classes = 2\ntrain = data/train.txt\nvalid=data/valid.txt\nnames = data/obj.names\nbackup = backup/\n",
            "obj.names": "car\n\ndog\n\n",
            "train.txt": "data/obj_train_data/b.png\ndata/obj_train_data/a.png\n",
            "valid.txt": "data/obj_valid_data/a.png\n",
            "obj_train_data/a.txt": "2 .5 .5 .2 .4\n",
            "obj_train_data/b.txt": "",
            "obj_valid_data/a.txt": GOOD,
        }
    ).picture("obj_train_data/a.png", "obj_train_data/b.png", "obj_valid_data/a.png")
    assert [
        (i.asset.path, i.split, [a.label for a in i.annotations if isinstance(a, Object)]) for i in box.items()
    ] == [
        ("obj_train_data/b.png", "train", []),
        ("obj_train_data/a.png", "train", ["dog"]),
        ("obj_valid_data/a.png", "valid", ["car"]),
    ]
    # the blank line keeps its id, and with it the ids of what follows
    assert [label.name for label in box.open().schema.labels] == ["car", "class_1", "dog"]
    assert box.codes()[Code.CLASS_UNNAMED] == 1
    assert box.codes()[Code.FIELD_REPAIRED] == 1


def test_cvat_without_pictures(box: Sandbox) -> None:
    box.write(
        {
            "obj.data": "classes = 1\ntrain = data/train.txt\nnames = data/obj.names\n",
            "obj.names": "car\n",
            "train.txt": "data/obj_train_data/sub/a.jpeg\n",
            "obj_train_data/sub/a.txt": GOOD,
        }
    )
    (item,) = box.items(context=ReadContext(sizes={"obj_train_data/sub/a.jpeg": (200, 100)}))
    assert item.asset.path == "obj_train_data/sub/a.jpeg"
    assert corners(item.annotations[0]) == (80, 30, 40, 40)


def test_subsets_of_cvat_are_splits_whatever_they_are_called(box: Sandbox) -> None:
    box.write({"data.yaml": "Train: Train.txt\nholdout: holdout.txt\nnames: {0: car}\npath: .\nnote: none.txt\n"})
    for split in ("Train", "holdout"):
        box.write({f"{split}.txt": f"data/images/{split}/a.png\n", f"labels/{split}/a.txt": GOOD})
        box.picture(f"images/{split}/a.png")
    assert [(i.asset.path, i.split) for i in box.items()] == [
        ("images/Train/a.png", "train"),
        ("images/holdout/a.png", "holdout"),
    ]


def test_a_text_file_that_lists_no_pictures_is_no_split(box: Sandbox) -> None:
    box.write({"data.yaml": YAML + "classes: classes.txt\nlabels: data/labels.txt\n"})
    box.write({"classes.txt": "car\ndog\n", "data/labels.txt": "1. car.\n", "labels/train/a.txt": GOOD})
    box.picture("images/train/a.png")
    assert [(i.asset.path, i.split) for i in box.items()] == [("images/train/a.png", "train")]
    assert Code.FILE_MISSING not in box.codes()


def test_lists_of_labelimg_that_grew_are_one(box: Sandbox) -> None:
    box.write({"one/classes.txt": "car\ndog\n", "one/a.txt": GOOD, "two/classes.txt": "car\ndog\ntree\n"})
    box.write({"two/b.txt": "2 .5 .5 .2 .4\n"}).picture("one/a.png", "two/b.png")
    assert [f.label for f in box.objects()] == ["car", "tree"]


def test_labelimg_and_label_studio(box: Sandbox) -> None:
    box.write({"classes.txt": "car\ndog\n", "a.txt": GOOD}).picture("a.png", "b.png")
    assert [len(i.annotations) for i in box.items()] == [1, 0]
    box.write(
        {"ls/notes.json": '{"categories": [{"id": 1, "name": "b"}, {"id": 0, "name": "a"}]}', "ls/labels/x.txt": GOOD}
    )
    box.picture("ls/images/x.png")
    assert box.objects("ls")[0].label == "a"


def test_notes_about_something_else_name_no_classes(box: Sandbox) -> None:
    box.write({"notes.json": '{"todo": []}', "labels/a.txt": GOOD}).picture("images/a.png")
    assert [f.label for f in box.objects()] == ["class_0"]


def test_masks_are_said_to_be_left(box: Sandbox) -> None:
    box.write({"data.yaml": YAML}).picture("images/train/a.png", "masks/train/a.png")
    assert [i.asset.path for i in box.items()] == ["images/train/a.png"]
    assert "masks" in str(box.opening.diagnostics[Code.FILE_IGNORED].examples)
