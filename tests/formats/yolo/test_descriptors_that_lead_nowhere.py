"""YOLO: a descriptor whose splits are not in the source, and the classes of what is there all the same."""

from __future__ import annotations

import pytest

from builders.yolo import GOOD, NAMES, Sandbox
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError, UsageError

ELSEWHERE = "data/mine.yaml"
PATHS = "train: ../coco128/images/train2017\nval: ../coco128/images/train2017\n"


def a_set(box: Sandbox) -> Sandbox:
    box.write({"labels/train/a.txt": GOOD, "labels/valid/b.txt": GOOD})
    return box.picture("images/train/a.png", "images/valid/b.png")


def test_splits_that_lead_nowhere_do_not_cost_the_set(box: Sandbox) -> None:
    a_set(box).write({ELSEWHERE: PATHS + NAMES})
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [
        ("images/train/a.png", "train", 1),
        ("images/valid/b.png", "valid", 1),
    ]
    assert "lead nowhere" in box.opening.diagnostics[Code.FILE_MISSING].message
    told = [a for a in box.opening.assumptions.values() if a.what == "class names"]
    assert [(a.taken, a.for_, a.against, a.option) for a in told] == [(ELSEWHERE, 1, 0, "-O names=FILE")]


def test_class_ids_that_a_descriptor_does_not_know_speak_against_it(box: Sandbox) -> None:
    a_set(box).write({ELSEWHERE: PATHS + NAMES, "labels/train/a.txt": "7 0.5 0.5 0.2 0.4\n"})
    box.items()
    told = [a for a in box.opening.assumptions.values() if a.what == "class names"]
    assert [(a.for_, a.against) for a in told] == [(1, 1)]


def test_without_rows_it_is_refused(box: Sandbox) -> None:
    box.write({"data.yaml": "train: elsewhere\n" + NAMES}).picture("images/a.png")
    with pytest.raises(SourceError, match="train: elsewhere"):
        box.open()


def test_a_list_of_classes_beside_the_labels_that_says_otherwise_is_a_question(box: Sandbox) -> None:
    box.write({"obj.data": "names = set/obj.names\ntrain = set/train.txt\n", "obj.names": "car\ndog\n"})
    box.write({"train/_darknet.labels": "dog\ncar\n", "train/a.txt": GOOD}).picture("train/a.png")
    with pytest.raises(UsageError) as asked:
        box.open()
    assert '-O names="obj.names"' in str(asked.value)
    assert '-O names="train/_darknet.labels"' in str(asked.value)
    assert [a.label for a in box.objects(names="train/_darknet.labels")] == ["dog"]
    box.write({"train/_darknet.labels": "car\ndog\n"})
    assert [a.label for a in box.objects()] == ["car"]


def test_a_descriptor_of_templates_has_no_say_in_what_lies_elsewhere(box: Sandbox) -> None:
    """Copies of YOLO's programs bring the descriptors of public sets, and none of their pictures."""
    box.write(
        {"dataset.yaml": f"train: ../mine/images\n{NAMES}", "yolov5/data/Argoverse.yaml": "path: a\nnames: [x]\n"}
    )
    box.write({"pictures/a.txt": GOOD}).picture("pictures/a.png")
    assert [a.label for a in box.objects()] == ["car"]


def test_nc_alone_leaves_the_names_to_a_list_beside_the_labels(box: Sandbox) -> None:
    a_set(box).write({"data.yaml": "train: images/train\nval: images/valid\nnc: 1\n"})
    assert {a.label for a in box.objects()} == {"class_0"}
    box.write({"labels/train/classes.txt": "face\n"})
    assert {a.label for a in box.objects()} == {"face"}


def test_pictures_of_a_darknet_set_without_labels_are_no_classes(box: Sandbox) -> None:
    box.write({"obj.data": "train = train.txt\nnames = obj.names\n", "obj.names": "sign\n"})
    box.picture("Test_Images/a.png", "Screenshots/b.png")
    with pytest.raises(SourceError, match=r"train: train\.txt"):
        box.open()


def test_folders_called_by_what_they_hold_are_no_classes(box: Sandbox) -> None:
    box.picture("Test_Images/a.png", "Screenshots/b.png")
    assert "Test_Images/ is a folder of pictures, not of a class" in box.sniff().reason


def test_a_list_names_the_picture_with_the_labels_and_no_other_of_its_name(box: Sandbox) -> None:
    box.write({"sub/obj.data": "train = data/train.txt\nnames = data/obj.names\n", "sub/obj.names": "car\n"})
    box.write({"sub/train.txt": "data/obj_train_data/a.png\n", "sub/obj_train_data/a.txt": GOOD}).picture("a.png")
    assert [i.asset.path for i in box.items()] == ["sub/obj_train_data/a.png"]
    assert box.log.ledger.total().read == 1


def test_keras_lines_take_the_classes_beside_them(box: Sandbox) -> None:
    box.write({"train/_annotations.txt": "a.png 10,20,30,40,1\n", "train/_classes.txt": "button\nfield\n"})
    box.write({"test/classes.txt": "button\n"}).picture("train/a.png")
    assert [a.label for a in box.objects()] == ["field"]


def test_a_copy_of_the_labels_is_called_so(box: Sandbox) -> None:
    box.write({"data.yaml": "train: train/images\n" + NAMES, "train/labels/a.txt": GOOD, "labels/a.txt": GOOD})
    box.picture("train/images/a.png")
    box.items()
    why = [u.why for u in box.opening.unread.values() if u.name == "labels/a.txt"]
    assert why == ["the labels of a picture called so are read from train/labels/"]
    assert any(a.what == "folder of labels" for a in box.opening.assumptions.values())


def test_rows_with_words_are_refused_with_an_example(box: Sandbox) -> None:
    box.write({"obj.data": "train = train.txt\nnames = obj.names\n", "obj.names": "one\n", "train.txt": "d/a.png\n"})
    box.write({"d/a.txt": "one 155 144 481 298\n"}).picture("d/a.png")
    with pytest.raises(SourceError, match=r"d/a\.txt: rows begin with a word"):
        box.open()


def test_a_box_and_further_fields_of_a_person_are_no_outline(box: Sandbox) -> None:
    box.write({"data.yaml": "train: images\nnames: [person]\n"})
    box.write({"labels/a.txt": "0 0.2 0.4 0.3 0.7 90 175 1 50 1\n0 0.9 0.4 0.1 0.5 85 175 1 50 1\n"}).picture(
        "images/a.png"
    )
    with pytest.raises(SourceError, match=r"\(90, 175, 1, …\).*Keep the first five values"):
        box.open()
    box.write({"labels/a.txt": "0 0.2 0.4 0.3 0.7 0.9 1 1 0 1\n0 0.9 0.4 0.1 0.5 0.8 1 0.2 0.4 1.9\n"})
    box.open()
