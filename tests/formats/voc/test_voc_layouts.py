"""Pascal VOC: what a person would see on the picture, in every layout, and what happens to broken files: layouts."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from builders.voc import (
    CAT,
    Files,
    Result,
    annotation,
    jpeg,
)
from to_labelbox.model.items import (
    Box,
)
from to_labelbox.plugins.reader import Match, ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.source.files import Source
from to_labelbox_formats.voc import FORMAT
from to_labelbox_formats.voc.options import Options, Sides


def test_large_and_crowded_file(voc: Any) -> None:
    """Beyond the first block that is read."""
    boxes = [CAT.replace("<xmin>10<", f"<xmin>{n / 1000}<") for n in range(2000)]
    result = voc(annotation(*boxes))
    assert len(result.objects) == 2000
    assert result.objects[-1].geometry == Box(1.999, 20, 30 - 1.999, 20)


def test_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("VOC/Annotations/a.xml", annotation(CAT, size=""))
        archive.writestr("VOC/JPEGImages/a.jpg", jpeg(100, 50))
        archive.writestr("__MACOSX/VOC/Annotations/._a.xml", b"\0\5\26\7")
        archive.writestr("VOC/Annotations/._a.xml", b"\0\5\26\7")
    assert isinstance(FORMAT.sniff(Source(tmp_path / "set.zip")), Match)
    result = Result(tmp_path / "set.zip", Options(), ReadContext())
    assert [(i.asset.path, i.asset.width, len(i.annotations)) for i in result.items] == [("a.jpg", 100, 1)]


def test_missing_or_zero_size_comes_from_the_image(voc: Any) -> None:
    for size in ("", "<size><width>0</width><height>0</height></size>", "<size><width/><height>x</height></size>"):
        result = voc({"a.xml": annotation(CAT, size=size), "a.jpg": jpeg(120, 60)})
        assert (result.items[0].asset.width, result.items[0].asset.height) == (120, 60)


def test_size_from_a_sizes_file(voc: Any) -> None:
    result = voc(annotation(CAT, size=""), sizes={"a.jpg": (7, 8)})
    assert (result.items[0].asset.width, result.items[0].asset.height) == (7, 8)


def test_no_size_anywhere_is_no_obstacle(voc: Any) -> None:
    result = voc(annotation(CAT, size=""))
    assert (result.items[0].asset.width, result.only.geometry) == (None, Box(10, 20, 20, 20))


@pytest.mark.parametrize("text", ["100.0", " 100 "])
def test_size_as_other_text(voc: Any, text: str) -> None:
    result = voc(annotation(CAT, size=f"<size><width>{text}</width><height>50</height></size>"))
    assert (result.items[0].asset.width, result.codes) == (100, {})


@pytest.mark.parametrize("text", ["wide", "-3", "12.5", "1e999", "٣"])
def test_size_that_is_none(voc: Any, text: str) -> None:
    result = voc(annotation(CAT, size=f"<size><width>{text}</width><height>50</height></size>"))
    assert result.items[0].asset.width is None
    assert result.codes == {"field-ignored": 1, "image-size-unknown": 1}


def test_the_size_of_the_image_wins(voc: Any) -> None:
    result = voc({"a.xml": annotation(CAT), "a.jpg": jpeg(300, 200)})
    assert (result.items[0].asset.width, result.items[0].asset.height) == (300, 200)
    assert result.codes == {"image-unlike": 1}
    assert voc({"a.xml": annotation(CAT)}, Options(check_sizes=False)).codes == {}


@pytest.mark.parametrize(("orientation", "left", "top"), [(5, 20, 10), (6, 20, 70), (7, 10, 70), (8, 10, 10)], ids=str)
def test_labels_of_the_upright_picture_are_turned_back(voc: Any, orientation: int, left: int, top: int) -> None:
    """Stored 50 × 100, shown as 100 × 50. With 6, what is shown at the top is stored at the left."""
    files = {"a.xml": annotation(CAT), "a.jpg": jpeg(50, 100, orientation)}
    result = voc(files)
    assert (result.items[0].asset.width, result.items[0].asset.height) == (50, 100)
    assert result.only.geometry == Box(left, top, 20, 20)
    assert result.codes == {"exif-turned": 1}
    assert voc(files, exif=False).only.geometry == Box(10, 20, 20, 20)


@pytest.mark.parametrize("orientation", [1, 5, 6, 7, 8])
def test_labels_of_the_stored_picture_stay(voc: Any, orientation: int) -> None:
    result = voc({"a.xml": annotation(CAT), "a.jpg": jpeg(100, 50, orientation)})
    assert (result.only.geometry, result.codes) == (Box(10, 20, 20, 20), {})


def test_sides_swapped_without_orientation_are_reported(voc: Any) -> None:
    files = {"a.xml": annotation(CAT), "a.jpg": jpeg(50, 100)}
    with pytest.raises(UsageError, match=r"(?s)sides of <size> exchanged.*-O sides=swapped .*\n.*-O sides=as_stated"):
        voc(files)
    result = voc(files, Options(sides=Sides.AS_STATED))
    assert (result.items[0].asset.width, result.only.geometry) == (100, Box(10, 20, 20, 20))
    assert result.codes == {"image-size-mismatch": 1}


def test_train_and_val_win_over_trainval(voc: Any) -> None:
    files = {f"Annotations/{n}.xml": annotation(CAT) for n in "abcd"}
    files |= {
        "ImageSets/Main/trainval.txt": "a\nb\nc\n",
        "ImageSets/Main/train.txt": "# first\n\na\n",
        "ImageSets/Segmentation/val.txt": "b\r\n",
    }
    assert voc(files).splits == {"a.jpg": "train", "b.jpg": "val", "c.jpg": "trainval", "d.jpg": ""}


PAIR: Files = {
    f"{folder}/{name}.{extension}": jpeg(100, 50) if extension == "jpg" else annotation(CAT)
    for name in "ab"
    for folder, extension in (("JPEGImages", "jpg"), ("Annotations", "xml"))
}


@pytest.mark.parametrize(
    ("lists", "splits"),
    [
        ({"ImageSets/Main/train.txt": "a.jpg\n", "ImageSets/Main/val.txt": "b.xml\n"}, ["train", "val"]),
        (
            {"ImageSets/train.txt": "JPEGImages\\a.jpg\n", "ImageSets/val.txt": "/home/u/JPEGImages/b.jpg"},
            ["train", "val"],
        ),
        ({"ImageSets/Main/cat_train.txt": "a.jpg 1\r\n", "ImageSets/Main/cat_val.txt": "b.jpg -1"}, ["train", "val"]),
        ({"train.txt": "./JPEGImages/a.jpg ./Annotations/a.xml\n", "valid.txt": "b"}, ["train", "valid"]),
        ({"train_list.txt": "JPEGImages/a.jpg\tAnnotations/a.xml\n"}, ["train", ""]),
        ({"Annotations/trainval.txt": "a 1 1 1\n", "Annotations/test.txt": "b 2 1 2\n"}, ["trainval", "test"]),
        ({"train.txt": "a\n", "ImageSets/Main/val.txt": "a\n"}, ["val", ""]),
        ({"test.txt": "one\ntwo\n"}, ["", ""]),
    ],
)
def test_lists_of_other_tools(voc: Any, lists: Files, splits: list[str]) -> None:
    """VoTT's, PaddleDetection's, PaddleX's and those of the Oxford-IIIT pets."""
    result = voc({**PAIR, **lists})
    assert list(result.splits.values()) == splits
    assert Code.FILE_MISSING not in result.context.log.diagnostics


def test_lists_of_names_alone_find_files_in_folders(voc: Any) -> None:
    """As ImageNet has them; of several files of a name the one in the folder that is called as the list."""
    files = {
        f"Annotations/{folder}.xml": annotation(CAT) for folder in ("train/n01/n01_1", "val/v_1", "train/x", "val/x")
    }
    files |= {"ImageSets/CLS-LOC/train_cls.txt": "n01/n01_1 1\n", "ImageSets/CLS-LOC/val.txt": "v_1 1\nx 2\ny 3\n"}
    result = voc(files)
    assert result.splits == {
        "train/n01/n01_1.jpg": "train",
        "train/x.jpg": "train",
        "val/v_1.jpg": "val",
        "val/x.jpg": "val",
    }
    missing = result.context.log.diagnostics[Code.FILE_MISSING]
    assert (missing.count, "'y 3' is listed" in str(missing.examples[0])) == (1, True)


def test_an_id_that_ends_in_a_number_is_no_flag(voc: Any) -> None:
    result = voc({"Annotations/frame 1.xml": annotation(CAT), "ImageSets/Main/my_train.txt": "frame 1\n"})
    assert result.splits == {"frame 1.jpg": "my_train"}
    assert [label.name for label in result.dataset.schema.labels] == ["cat"]


def test_class_lists_follow_a_label_map(voc: Any) -> None:
    flags = {f"ImageSets/Main/{name}_train.txt": "a 1\n" for name in ("ape", "zebra")}
    names = {"pascal_label_map.pbtxt": "\nitem {\n id: 1\n name: 'zebra'\n}\n\nitem {\n id: 2\n name: 'ape'\n}\n"}
    result = voc({**PAIR, **flags, **names})
    assert [label.name for label in result.dataset.schema.labels] == ["zebra", "ape"]


def test_ids_with_spaces_quotes_and_columns(voc: Any) -> None:
    files = {
        "Annotations/a b.xml": annotation(CAT),
        "Annotations/c 1.xml": annotation(CAT),
        "Annotations/d.xml": annotation(CAT),
    }
    files |= {"ImageSets/Layout/train.txt": '"a b" 1\nc 1\nd 2\n'}
    assert set(voc(files).splits.values()) == {"train"}


@pytest.mark.parametrize("name", ["colors.txt", "labels.txt", "label_map.pbtxt", "labelmap.txt"])
def test_class_lists_of_blanks_take_no_time(voc: Any, name: str) -> None:
    """A pattern that backtracks would take hours."""
    for text in (
        "a" + " " * 1_000_000 + "1 2",
        "1" + " " * 1_000_000,
        "item {" * 100_000,
        "item { id : " + "name :" * 100_000 + "}",
    ):
        voc({"a.xml": annotation(CAT), name: text})


def test_lists_of_blanks_take_no_time(voc: Any) -> None:
    files = {"Annotations/a.xml": annotation(CAT), "ImageSets/Main/train.txt": ("b" + " " * 4000 + "c\n") * 500 + "a\n"}
    assert voc(files).splits == {"a.jpg": "train"}


def test_class_lists_give_splits_where_no_plain_list_does(voc: Any) -> None:
    files = {
        "Annotations/a.xml": annotation(CAT),
        "ImageSets/Main/cat_train.txt": "a  1\n",
        "ImageSets/Main/dog_train.txt": "a -1\n",
    }
    result = voc(files)
    assert result.splits == {"a.jpg": "train"}
    assert [label.name for label in result.dataset.schema.labels] == ["cat", "dog"]


def test_class_lists_speak_for_images_without_annotation_file(voc: Any) -> None:
    files: Files = {
        "Annotations/a.xml": annotation(CAT),
        "JPEGImages/b.jpg": jpeg(100, 50),
        "ImageSets/Main/train.txt": "a\nb\n",
        "ImageSets/Main/cat_train.txt": "a  1\nb  1\n",
        "ImageSets/Main/dog_train.txt": "a -1\nb  1\n",
        "ImageSets/Main/cow_train.txt": "a -1\nb  0\n",
    }
    result = voc(files)
    found = result.item("b.jpg").annotations
    assert [(a.name, a.value) for a in found] == [("class", "cat"), ("class", "dog")]
    assert "class" not in result.log.ledger
    assert {label: tally.read for label, tally in result.log.ledger.items()} == {"cat": 2, "dog": 1}
    assert len(result.item("a.jpg").annotations) == 1


def test_listed_but_nowhere_to_be_found(voc: Any) -> None:
    result = voc({"Annotations/a.xml": annotation(CAT), "ImageSets/Main/test.txt": "a\nghost\n"})
    assert result.paths == ["a.jpg"]
    assert "'ghost' is listed" in str(result.context.log.diagnostics[Code.FILE_MISSING].examples[0])
