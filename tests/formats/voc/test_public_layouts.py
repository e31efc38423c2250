"""Pascal VOC: traits of public sets that lie in code repositories, each rebuilt small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import to_labelbox
from builders.voc import BOX, CAT, CLASSES, SMALL, annotation, jpeg, png, write
from to_labelbox.model.items import Box
from to_labelbox.plugins.reader import Match
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.source.files import Source
from to_labelbox_formats.voc import FORMAT
from to_labelbox_formats.voc.layout.class_lists import VOC_CLASSES
from to_labelbox_formats.voc.options import Options


def shouting(text: str) -> str:
    """The element names in capitals, and what they hold as it was."""
    return "".join(
        part.partition(">")[0].upper() + ">" + part.partition(">")[2] if n else part
        for n, part in ((n, "<" * bool(n) + part) for n, part in enumerate(text.split("<")))
    )


def test_element_names_in_capitals(voc: Any, tmp_path: Path) -> None:
    result = voc({"a.xml": shouting(annotation(CAT)), "a.jpg": jpeg(100, 50)})
    assert [(o.label, o.geometry) for o in result.objects] == [("cat", Box(10, 20, 20, 20))]
    assert (result.items[0].asset.width, result.items[0].asset.path) == (100, "a.jpg")
    note = result.log.diagnostics[Code.FIELD_REPAIRED]
    assert (note.count, note.message) == (1, "<ANNOTATION> is read as <annotation>")
    assert result.log.unread == {}
    assert isinstance(FORMAT.sniff(Source(tmp_path)), Match)


@pytest.mark.parametrize(
    "text",
    [
        annotation(CAT).replace("object>", "Object>").replace("bndbox>", "BndBox>"),
        annotation(CAT).replace("annotation>", "Annotation>").replace("xmin>", "xMin>").replace("name>", "Name>"),
        annotation(CAT)
        .replace("<annotation>", '<a:Annotation xmlns:a="u">')
        .replace("</annotation>", "</a:Annotation>"),
    ],
)
def test_element_names_in_some_capitals(voc: Any, text: str) -> None:
    assert [(o.label, o.geometry) for o in voc(text).objects] == [("cat", Box(10, 20, 20, 20))]


def test_an_element_beside_the_one_of_its_right_name_is_another(voc: Any) -> None:
    (cat,) = voc(annotation(f"<object><name>cat</name><Name>Felix</Name>{BOX}</object>")).objects
    assert (cat.label, [(a.name, a.value) for a in cat.attributes]) == ("cat", [("Name", "Felix")])


def test_further_fields_keep_their_capitals(voc: Any) -> None:
    (cat,) = voc(annotation(f"<object><NAME>cat</NAME><Fur>Grey</Fur>{BOX}</object>")).objects
    assert [(a.name, a.value) for a in cat.attributes] == [("Fur", "Grey")]


TWINS = {"Annotations/a.xml": annotation(CAT), "Annotations/b.xml": annotation(CAT, filename="b.jpg")}


def test_copies_of_a_picture_are_one(voc: Any) -> None:
    pictures = {f"JPEGImages-{part}/{name}.jpg": jpeg(100, 50) for part in ("test", "all") for name in "ab"}
    result = voc(TWINS | pictures)
    assert [(i.asset.path, len(i.annotations)) for i in result.items] == [
        ("JPEGImages-all/a.jpg", 1),
        ("JPEGImages-all/b.jpg", 1),
    ]
    assert Code.ASSET_UNKNOWN not in result.log.diagnostics
    assert [(u.name, u.count) for u in result.context.log.unread.values()] == [("JPEGImages-test/*.jpg", 2)]


def test_pictures_of_one_name_that_differ_are_not_guessed(voc: Any) -> None:
    result = voc(TWINS | {"JPEGImages-test/a.jpg": jpeg(100, 50), "JPEGImages-all/a.jpg": jpeg(100, 51)})
    assert Code.ASSET_UNKNOWN in result.log.diagnostics


def test_the_extension_of_file_names_tells_which_picture(voc: Any) -> None:
    """The same names in two forms, neither of them in a folder that would go first."""
    pictures = {f"big/{name}.png": jpeg(100, 50) for name in "ab"} | {
        f"small/{name}.jpg": jpeg(50, 25) for name in "ab"
    }
    files = {f"ann/{name}.xml": annotation(CAT, filename=f"{name}.png") for name in "ab"}
    result = voc(files | pictures)
    assert Code.ASSET_UNKNOWN not in result.log.diagnostics
    assert [i.asset.path for i in result.items if i.annotations] == ["big/a.png", "big/b.png"]


def test_pictures_of_a_program_are_no_part_of_a_set(voc: Any) -> None:
    files = {"demo/a.xml": annotation(CAT), "demo/a.jpg": jpeg(100, 50), "demo/c.jpg": jpeg(100, 50)}
    assert [i.asset.path for i in voc(files | {"icons/open.jpg": jpeg(9, 9)}).items] == ["demo/a.jpg", "demo/c.jpg"]


@pytest.mark.parametrize("name", ["training/labelmap.pbtxt", "object-detection.pbtxt"])
def test_label_maps_of_any_name(voc: Any, name: str) -> None:
    two = annotation(f"<object><name>lynx</name>{BOX}</object>", CAT)
    result = voc({"a.xml": two, name: "item {\n id: 1\n name: 'cat'\n}\nitem { id: 2 name: 'lynx' }\n"})
    assert [label.name for label in result.dataset.schema.labels] == ["cat", "lynx"]
    assert not any(a.what == "class order" for a in result.context.log.assumptions.values())


def test_a_list_that_lacks_a_class_is_called_so(voc: Any) -> None:
    two = annotation(f"<object><name>lynx</name>{BOX}</object>", CAT)
    result = voc({"a.xml": two, "label_list.txt": "cat\nbird\n"})
    (told,) = [a.why for a in result.context.log.assumptions.values() if a.what == "class order"]
    assert told.startswith("label_list.txt lacks 'lynx', so")


def of_folders(root: Path, *, with_pictures: int, pictures: int) -> Path:
    files: dict[str, str | bytes] = {f"Annotations/1/{n}.xml": annotation(CAT, filename=f"{n}.jpg") for n in range(30)}
    files |= {f"JPEGImages/1/{n}.jpg": jpeg(100, 50) for n in range(with_pictures)}
    files |= {f"JPEGImages/1/more{n}.jpg": jpeg(100, 50) for n in range(pictures)}
    files["ImageSets/Main/train.txt"] = "".join(f"1/{n}\n" for n in range(30))
    return write(root, files)


def test_a_folder_of_which_lists_name_the_labelled_half_is_healthy(tmp_path: Path) -> None:
    made = to_labelbox.convert(of_folders(tmp_path, with_pictures=30, pictures=25), None)
    assert (made.assets.written, made.suspicious) == (55, [])


def test_annotation_files_without_the_pictures_that_lie_there_are_suspicious(tmp_path: Path) -> None:
    made = to_labelbox.convert(of_folders(tmp_path, with_pictures=0, pictures=5), None)
    assert [(s.what, s.count, s.of, s.where) for s in made.suspicious] == [("media", 30, 30, "pictures of the source")]
    assert Code.OPTION_UNMATCHED not in [one.code for one in made.diagnostics]


def test_the_name_of_a_list_beside_the_folders_is_an_assumption(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"Annotations/a.xml": annotation(CAT), "JPEGImages/a.jpg": jpeg(100, 50)}
    settings = to_labelbox.Settings(split_metadata="part")
    for n, (name, told) in enumerate((("train.txt", True), ("ImageSets/Main/train.txt", False))):
        made = to_labelbox.convert(write(tmp_path / str(n), files | {name: "a\n"}), None, settings=settings)
        assert any(a.what == "words that are splits" for a in made.assumptions) is told


def test_masks_of_other_classes_than_the_annotations_are_a_question(voc: Any) -> None:
    """Masks of the challenge's own pictures are left in sets that began as a copy of its devkit."""
    cat = "<object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>3</ymax></bndbox></object>"
    files = {"Annotations/a.xml": annotation(cat.replace("cat", "pizza"), size=SMALL), "JPEGImages/a.jpg": jpeg(6, 4)}
    masks = {"SegmentationClass/a.png": png(CLASSES)}
    with pytest.raises(UsageError, match="'pizza'") as asked:
        voc(files | masks)
    assert "-O class_names=FILE" in str(asked.value)
    assert [o.label for o in voc(files | masks, Options(masks=False)).objects] == ["pizza"]
    cats = voc(files | masks | {"Annotations/a.xml": annotation(cat, size=SMALL)})
    (told,) = [a for a in cats.context.log.assumptions.values() if a.what == "mask values"]
    assert (told.for_, told.against) == (1, 0)


@pytest.mark.parametrize(
    ("name", "last", "asked"), [("{}", 2, True), ("{}", 9, True), ("{}", 15, False), ("2007_{:06}", 2, False)]
)
def test_many_masks_of_the_first_values_alone_are_a_question(voc: Any, name: str, last: int, asked: bool) -> None:
    """Nothing says that they are of the challenge, so cracks are not called aeroplanes; its own pictures are known by their names."""
    values = np.arange(24, dtype=np.uint8).reshape(4, 6) % (last + 1)
    files: dict[str, str | bytes] = {f"SegmentationClass/{name.format(n)}.png": png(values) for n in range(30)}
    files["ImageSets/Segmentation/class.txt"] = "1 0 0 0 background\n"
    if asked:
        with pytest.raises(UsageError, match=f"15 of 30 masks, .* no other than 1 to {last}") as question:
            voc(files)
        assert "-O class_names=voc" in str(question.value)
    labels = [o.label for o in voc(files, Options(class_names="voc") if asked else Options()).objects]
    assert labels == list(VOC_CLASSES[:last]) * 30


def test_masks_without_the_pictures_that_lie_there_are_suspicious(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"SegmentationClass/{n}.png": png(CLASSES) for n in range(5)}
    made = to_labelbox.convert(write(tmp_path, files | {"JPEGImages/x.jpg": jpeg(6, 4)}), None)
    assert [(s.what, s.count, s.of) for s in made.suspicious] == [("media", 5, 5)]


def test_folders_of_masks_below_their_list_of_classes_are_one_set_in_a_batch_too(tmp_path: Path) -> None:
    """Each of them alone would lack the classes."""
    files: dict[str, str | bytes] = {
        "labelmap.txt": "# label:color_rgb:parts:actions\nbackground:0,0,0::\nfox:160,96,64::\n"
    }
    for n, part in enumerate("ab"):
        files |= {f"data/{part}/SegmentationClass/{n}.png": png([[(160, 96, 64)] * 6] * 4)}
        files |= {f"data/{part}/JPEGImages/{n}.jpg": jpeg(6, 4)}
    made = to_labelbox.batch(write(tmp_path / "in", files), tmp_path / "out")
    assert len(made.datasets) == 1
    assert made.classes["fox"].converted == 2
    assert to_labelbox.convert(tmp_path / "in", None).classes["fox"].converted == 2


def test_a_list_that_names_videos_names_all_their_frames(voc: Any) -> None:
    """As the lists of ImageNet VID for training do; those for validation name frames."""
    files: dict[str, str | bytes] = {
        "ImageSets/VID/train_1.txt": "part0/video_a 1\n",
        "ImageSets/VID/val.txt": "video_b/000000 1\n",
    }
    for video in ("train/part0/video_a", "train/part0/video_c", "val/video_b"):
        files |= {f"Annotations/VID/{video}/{n:06}.xml": annotation(CAT, filename=f"{n:06}") for n in range(2)}
    found = voc(files)
    assert Code.FILE_MISSING not in found.context.log.diagnostics
    assert {item.asset.path.rpartition("/")[0][-7:]: item.split for item in found.items} == {
        "video_a": "train", "video_c": "train", "video_b": "val"
    }  # fmt: skip
