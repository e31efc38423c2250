"""Pascal VOC: what a person would see on the picture, in every layout, and what happens to broken files: fields of an object."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders.voc import (
    BOX,
    CAT,
    Files,
    Result,
    annotation,
    jpeg,
    png,
    thing,
    write,
)
from to_labelbox.model.items import Attribute, Box, Keypoint, Keypoints, Polygon
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox_formats.voc.options import Options


def test_several_points_without_a_box(voc: Any) -> None:
    inner = "<point><x>1</x><y>2</y></point><point><x>3</x><y>4</y></point>"
    assert voc(thing(inner)).only.geometry == Keypoints((Keypoint("point 1", 1, 2), Keypoint("point 2", 3, 4)))


def test_predictions_are_left_out_unless_asked_for(voc: Any) -> None:
    inner = BOX + "<confidence>0.9</confidence>"
    result = voc(thing(inner))
    assert (result.objects, result.codes) == ([], {"prediction": 1})
    assert voc(thing(inner), Options(predictions=True)).only.loss


def test_a_probability_beside_the_name_is_that_of_a_prediction(voc: Any) -> None:
    outline = "<points><point>1,2</point><point>9,2</point><point>9,8</point></points>"
    inner = f"<possibleresult><name>A220</name><probability>0.9</probability></possibleresult>{outline}"
    result = voc(annotation(f"<object>{inner}</object>"))
    assert (result.objects, result.codes) == ([], {"prediction": 1})
    found = voc(annotation(f"<object>{inner}</object>"), Options(predictions=True))
    assert (found.only.label, found.only.loss) == ("A220", True)
    assert found.codes["field-ignored"] == 1


@pytest.mark.parametrize("name", ["rotated_bndbox", "quad"])
def test_corners_are_an_outline_whatever_their_element_is_called(voc: Any, name: str) -> None:
    """As SSDD has them, with or without the box around; its centre, size and angle say the same once more."""
    same = "<rotated_bbox_cx>15</rotated_bbox_cx><rotated_bbox_theta>85.8</rotated_bbox_theta>"
    corners = "<x1>10</x1><y1>10</y1><x2>20</x2><y2>12</y2><x3>19</x3><y3>18</y3><x4>9</x4><y4>16</y4>"
    for box in ("", BOX):
        result = voc(thing(f"{box}<{name}>{same}{corners}</{name}>"))
        assert result.only.geometry == Polygon((([10, 10, 20, 12, 19, 18, 9, 16],),))
        assert (result.only.loss, result.codes) == (False, {})


def test_an_element_of_a_turned_box_without_corners_is_named(voc: Any) -> None:
    result = voc(thing(BOX + "<rotated_bndbox><rotated_bbox_theta>30</rotated_bbox_theta></rotated_bndbox>"))
    assert isinstance(result.only.geometry, Box)
    assert result.codes == {"field-ignored": 1}


def test_deleted_objects(voc: Any) -> None:
    result = voc(thing(BOX + f"<deleted>1</deleted><part><name>head</name>{BOX}</part>"))
    assert (result.objects, result.codes) == ([], {"deleted": 2})
    assert voc(thing(BOX + "<deleted>0</deleted>")).only.label == "cat"


def test_fields_of_other_tools_become_attributes_or_are_named(voc: Any) -> None:
    result = voc(thing(BOX + "<id>7</id><colour>red</colour><mask>abc</mask><lights><left>1</left></lights>"))
    assert result.only.attributes == (Attribute("colour", "red"),)
    assert result.only.loss
    assert result.codes == {"field-ignored": 2}


def test_names_are_stripped_and_may_hold_spaces(voc: Any) -> None:
    assert voc(thing(BOX, " traffic light ")).only.label == "traffic light"
    assert voc(thing(BOX, "R&amp;D")).only.label == "R&D"


def test_devkit_with_several_years(voc: Any) -> None:
    root = "VOCdevkit/VOC"
    result = voc(
        {
            f"{root}2007/Annotations/000001.xml": annotation(CAT),
            f"{root}2007/JPEGImages/000001.jpg": jpeg(100, 50),
            f"{root}2012/Annotations/000001.xml": annotation(CAT),
            f"{root}2012/JPEGImages/000001.jpg": jpeg(100, 50),
            f"{root}2007/ImageSets/Main/train.txt": "000001\n",
            f"{root}2012/ImageSets/Main/val.txt": "000001\n",
        }
    )
    assert result.splits == {"VOC2007/JPEGImages/000001.jpg": "train", "VOC2012/JPEGImages/000001.jpg": "val"}


def test_paths_are_relative_to_the_image_folder_and_keep_its_folders(voc: Any) -> None:
    files: dict[str, str | bytes] = {f"Annotations/{s}/1.xml": annotation(CAT) for s in ("left", "right")}
    files |= {f"JPEGImages/{s}/1.png": png(np.zeros((50, 100))) for s in ("left", "right")}
    assert voc(files).paths == ["left/1.png", "right/1.png"]


def test_cvat_export_without_images(voc: Any) -> None:
    result = voc(
        {"Annotations/sub/x.y.xml": annotation(CAT, filename="sub/x.y.png"), "ImageSets/Main/default.txt": "sub/x.y\n"}
    )
    assert result.splits == {"sub/x.y.png": "default"}


def test_roboflow_folders_are_splits(voc: Any) -> None:
    files: dict[str, str | bytes] = {}
    for split in ("train", "valid", "test"):
        files[f"{split}/a.xml"] = annotation(CAT)
        files[f"{split}/a.jpg"] = jpeg(100, 50)
    assert voc(files).splits == {"test/a.jpg": "test", "train/a.jpg": "train", "valid/a.jpg": "valid"}


def test_kaggle_folders(voc: Any) -> None:
    files = {"annotations/a.xml": annotation(CAT), "images/a.png": png(np.zeros((50, 100))), "images/b.png": png([[0]])}
    result = voc(files)
    assert result.paths == ["a.png", "b.png"]
    assert (result.items[1].annotations, result.items[1].asset.width) == ([], 1)


def test_nested_role_folders(voc: Any) -> None:
    assert voc({"annotations/xmls/a.xml": annotation(CAT), "images/a.jpg": jpeg(100, 50)}).paths == ["a.jpg"]


def test_images_in_any_other_folder_by_their_only_stem(voc: Any) -> None:
    result = voc({"labelled/A.xml": annotation(CAT), "photos/a.JPG": jpeg(100, 50)})
    assert result.paths == ["photos/a.JPG"]


def test_image_named_by_the_file_only(voc: Any) -> None:
    files = {"Annotations/1.xml": annotation(CAT, filename="street.jpg"), "JPEGImages/street.jpg": jpeg(100, 50)}
    assert voc(files).paths == ["street.jpg"]


def test_the_stem_wins_over_the_name_in_the_file(voc: Any) -> None:
    files = {
        "Annotations/a.xml": annotation(CAT, filename="b.jpg"),
        "JPEGImages/a.jpg": jpeg(100, 50),
        "JPEGImages/b.jpg": jpeg(100, 50),
    }
    result = voc(files)
    assert [(i.asset.path, len(i.annotations)) for i in result.items] == [("a.jpg", 1), ("b.jpg", 0)]
    assert result.codes == {"field-repaired": 1}


def test_a_wrong_name_alone_is_no_error(voc: Any) -> None:
    result = voc({"a.xml": annotation(CAT, filename="a.xml"), "a.png": png(np.zeros((50, 100)))})
    assert (result.paths, result.codes) == (["a.png"], {})


def test_the_name_in_the_file_chooses_between_extensions(voc: Any) -> None:
    files = {"a.xml": annotation(CAT, filename="a.png"), "a.jpg": jpeg(100, 50), "a.png": png(np.zeros((50, 100)))}
    result = voc(files)
    assert [(i.asset.path, len(i.annotations)) for i in result.items] == [("a.png", 1), ("a.jpg", 0)]


def test_one_of_several_pictures_of_a_name_that_nothing_names_is_an_assumption(voc: Any) -> None:
    files = {"a.xml": annotation(CAT, filename="a.bmp"), "a.jpg": jpeg(100, 50), "a.png": png(np.zeros((50, 100)))}
    result = voc(files)
    (told,) = [a for a in result.context.log.assumptions.values() if a.what.startswith("which of several pictures")]
    assert told.unknown == 1
    assert "a.jpg, a.png" in told.why


def test_two_files_for_one_image(voc: Any) -> None:
    files = {
        "Annotations/a.xml": annotation(CAT),
        "Annotations/copy.xml": annotation(CAT.replace("10", "11"), filename="a.jpg"),
        "JPEGImages/a.jpg": jpeg(100, 50),
        "JPEGImages/z.jpg": jpeg(100, 50),
    }
    result = voc(files)
    assert result.paths == ["a.jpg", "z.jpg"]
    assert result.log.unreadable == 1
    assert "copy.xml: describes JPEGImages/a.jpg, as Annotations/a.xml does" in result.message(Code.FILE_UNREADABLE)


def test_a_file_that_is_not_read_declares_no_class(voc: Any) -> None:
    files = {"Annotations/a.xml": annotation(CAT), "a.xml": annotation(CAT.replace("cat", "sheep"))}
    result = voc({**files, "JPEGImages/a.jpg": jpeg(100, 50)})
    assert [label.name for label in result.dataset.schema.labels] == ["cat"]


def test_annotation_files_without_an_extension(voc: Any) -> None:
    """As those of the Stanford dogs."""
    files: Files = {
        "Annotation/n1-Chihuahua/n1_10": annotation(CAT, filename="%s"),
        "Annotation/n1-Chihuahua/n1_1": annotation(CAT, CAT.replace("10", "11"), filename="%s"),
        "Annotation/n2.v2-Pug/n2_7": annotation(CAT, filename="%s"),
        "Images/n1-Chihuahua/n1_10.jpg": jpeg(100, 50),
        "Images/n1-Chihuahua/n1_1.jpg": jpeg(100, 50),
        "Images/n2.v2-Pug/n2_7.jpg": jpeg(100, 50),
        "ImageSets/Main/test.txt": "n1-Chihuahua/n1_1\n",
        "Images/README": "text",
        "annotations/README": "text",
    }
    result = voc(files)
    assert [(item.asset.path, len(item.annotations)) for item in result.items] == [
        ("n1-Chihuahua/n1_1.jpg", 2),
        ("n1-Chihuahua/n1_10.jpg", 1),
        ("n2.v2-Pug/n2_7.jpg", 1),
    ]
    assert result.splits["n1-Chihuahua/n1_1.jpg"] == "test"
    assert result.codes == {}


@pytest.mark.parametrize(
    ("annotations", "images"),
    [
        ("{}_annotations/1.xml", "{}_images/1.jpg"),
        ("annots/{}/1.xml", "pics/{}/1.jpg"),
        ("{}/ann/1.xml", "{}/pics/1.jpg"),
    ],
)
def test_equal_stems_belong_together_by_their_folders(voc: Any, annotations: str, images: str) -> None:
    files: dict[str, str | bytes] = {images.format(split): jpeg(100, 50) for split in ("train", "test")}
    files |= {annotations.format(split): annotation(CAT.replace("cat", split)) for split in ("train", "test")}
    result = voc(files)
    assert {item.asset.path: (item.split, item.annotations[0].label) for item in result.items} == {
        images.format(split): (split, split) for split in ("train", "test")
    }


def test_hidden_copies_and_pictures_around_the_images_are_no_part_of_the_set(voc: Any) -> None:
    files = {
        "BCCD/Annotations/a.xml": annotation(CAT),
        "BCCD/Annotations/.ipynb_checkpoints/a-checkpoint.xml": annotation(CAT),
        "BCCD/JPEGImages/a.jpg": jpeg(100, 50),
        "BCCD/JPEGImages/b.jpg": jpeg(100, 50),
        "example.jpg": jpeg(100, 50),
    }
    result = voc(files)
    assert result.paths == ["a.jpg", "b.jpg"]
    assert str(result.context.log.diagnostics[Code.FILE_IGNORED].examples[0]).startswith("example.jpg")
    with_an_image_there = {**files, "c.jpg": jpeg(100, 50), "c.xml": annotation(CAT, filename="c.jpg")}
    assert voc(with_an_image_there).paths == ["BCCD/JPEGImages/a.jpg", "c.jpg", "BCCD/JPEGImages/b.jpg", "example.jpg"]


def test_pictures_of_a_project_are_no_part_of_its_set(voc: Any) -> None:
    result = voc(
        {
            "VOCdevkit/VOC2007/Annotations/a.xml": annotation(CAT),
            "VOCdevkit/VOC2007/JPEGImages/a.jpg": jpeg(100, 50),
            "VOCdevkit/VOC2007/JPEGImages/sub/b.jpg": jpeg(100, 50),
            "img/street.jpg": jpeg(100, 50),
            "images/demo.jpg": jpeg(100, 50),
            "src/assets/icon.png": jpeg(100, 50),
        }
    )
    assert result.paths == ["a.jpg", "sub/b.jpg"]
    told = result.context.log.diagnostics[Code.FILE_IGNORED]
    assert (told.count, str(told.examples[0]).split(":")[0]) == (3, "images/demo.jpg")


@pytest.mark.parametrize(
    "other", ["VOC2008/JPEGImages", "VOC2007/JPEGImages/x", "VOC2007/images", "test", "q/valid/img"]
)
def test_images_without_annotation_files_where_a_set_has_images(voc: Any, other: str) -> None:
    files = {"VOC2007/Annotations/a.xml": annotation(CAT), "VOC2007/JPEGImages/a.jpg": jpeg(100, 50)}
    assert len(voc({**files, f"{other}/b.jpg": jpeg(100, 50)}).paths) == 2


def test_pictures_beside_annotation_files_are_of_the_set(voc: Any) -> None:
    files = {"a.xml": annotation(CAT), "images/a.jpg": jpeg(100, 50), "b.jpg": jpeg(100, 50)}
    assert voc(files).paths == ["images/a.jpg", "b.jpg"]


def test_a_file_whose_image_is_missing_among_images_is_told(voc: Any) -> None:
    both = {"a.xml": annotation(CAT), "b.xml": annotation(CAT, filename="b.jpg")}
    assert voc(both).codes == {}
    result = voc({**both, "a.jpg": jpeg(100, 50)})
    assert result.paths == ["a.jpg", "b.jpg"]
    assert "its data row is called b.jpg" in result.message(Code.FILE_MISSING)


def test_equal_stems_that_nothing_tells_apart(voc: Any) -> None:
    result = voc({"x/a.xml": annotation(CAT), "y/a.jpg": jpeg(100, 50), "z/a.jpg": jpeg(100, 51)})
    assert result.paths == ["x/a.jpg", "y/a.jpg", "z/a.jpg"]
    assert "several images are called so, y/a.jpg is one of them" in result.message(Code.ASSET_UNKNOWN)


@pytest.mark.parametrize(
    ("filename", "path", "codes"),
    [
        ("a.png", "a.png", {}),
        ("b.png", "a.png", {}),
        ("C:\\photos\\a.bmp", "a.bmp", {}),
        ("a", "a.jpg", {"asset-unknown": 1}),
        ("a.xml", "a.jpg", {"asset-unknown": 1}),
        ("", "a.jpg", {"asset-unknown": 1}),
    ],
)
def test_identity_without_the_image(voc: Any, filename: str, path: str, codes: dict[str, int]) -> None:
    result = voc(annotation(CAT, filename=filename))
    assert (result.paths, result.codes) == ([path], codes)


def test_path_of_the_authors_machine_is_never_opened(voc: Any) -> None:
    result = voc(annotation(CAT, filename="../../../etc/passwd.jpg"))
    assert result.paths == ["a.jpg"]


def test_media_root_elsewhere(voc: Any, tmp_path: Path) -> None:
    media = write(tmp_path / "media", {"a.png": png(np.zeros((50, 100)))})
    files = {"set/Annotations/a.xml": annotation(CAT, filename="a", size="")}
    result = Result(write(tmp_path, files) / "set", Options(), ReadContext(media=MediaFolder(str(media))))
    assert [(i.asset.path, i.asset.width, i.asset.height) for i in result.items] == [("a.png", 100, 50)]


@pytest.mark.parametrize(
    ("root", "path"), [(".", "set/JPEGImages/a.jpg"), ("set", "JPEGImages/a.jpg"), ("set/JPEGImages", "a.jpg")]
)
def test_media_root_around_or_inside_the_set(tmp_path: Path, root: str, path: str) -> None:
    write(tmp_path, {"set/Annotations/a.xml": annotation(CAT), "set/JPEGImages/a.jpg": jpeg(100, 50)})
    gallery = MediaFolder(str(tmp_path / root))
    result = Result(tmp_path / "set", Options(), ReadContext(media=gallery))
    assert result.paths == [path]
    assert gallery.path(path) is not None


def test_one_file_finds_the_image_beside_it(tmp_path: Path) -> None:
    write(tmp_path, {"a.xml": annotation(CAT, size=""), "a.png": png(np.zeros((50, 100))), "b.xml": annotation(CAT)})
    result = Result(tmp_path / "a.xml", Options(), ReadContext())
    assert [(i.asset.path, i.asset.width) for i in result.items] == [("a.png", 100)]


def test_one_file_that_is_a_link(tmp_path: Path) -> None:
    write(tmp_path, {"real.xml": annotation(CAT)})
    (tmp_path / "a.xml").symlink_to("real.xml")
    assert Result(tmp_path / "a.xml", Options(), ReadContext()).only.label == "cat"


_CORNERS = "<xmin>10</xmin><ymin>20</ymin><xmax>30</xmax><ymax>60</ymax>"


@pytest.mark.parametrize(
    "inner",
    [
        f"<bbox>{_CORNERS}</bbox>",
        "<bndbox/><BoundingBox><x1>10</x1><y1>20</y1><x2>30</x2><y2>60</y2></BoundingBox>",
        "<rect><x>10</x><y>20</y><width>20</width><height>40</height></rect>",
        _CORNERS,
        '<bndbox xmin="10" ymin="20" xmax="30" ymax="60"/>',
        '<box x="10" y="20" w="20" h="40"/>',
    ],
)
def test_a_box_that_is_no_bndbox_is_read_and_told(voc: Any, inner: str) -> None:
    result = voc(thing(inner))
    assert (result.only.geometry, result.only.attributes) == (Box(10, 20, 20, 40), ())
    assert result.codes == {"field-repaired": 1}


def test_of_two_elements_that_could_be_the_box_none_is_taken(voc: Any) -> None:
    result = voc(thing(f"<visible>{_CORNERS}</visible><full>{_CORNERS}</full>"))
    assert (result.objects, result.codes) == ([], {"geometry-missing": 1, "field-ignored": 2})
    beside = voc(thing(f"{BOX}<visible>{_CORNERS}</visible>"))
    assert (len(beside.objects), beside.codes) == (1, {"field-ignored": 1})


@pytest.mark.parametrize(
    ("before", "between", "after"),
    [
        ("<objects>", "</objects><objects>", "</objects>"),
        ("<objects><object>", "</object><object>", "</object></objects>"),
        ("<object_list><object>", "</object><object>", "</object></object_list>"),
        ("<object><object>", "</object><object>", "</object></object>"),
        ("<object><item>", "</item><item>", "</item></object>"),
    ],
)
def test_objects_are_found_in_whatever_list_they_are(voc: Any, before: str, between: str, after: str) -> None:
    result = voc(annotation(f"{before}<name>cat</name>{BOX}{between}<name>dog</name>{BOX}{after}"))
    assert ([o.label for o in result.objects], result.codes) == (["cat", "dog"], {})


def test_an_object_within_another_is_one_of_its_own(voc: Any) -> None:
    result = voc(thing(f"{BOX}<object><name>ear</name>{BOX}</object>"))
    assert ([o.label for o in result.objects], result.codes) == (["cat", "ear"], {"field-repaired": 1})
    assert not any(o.loss for o in result.objects)


def test_what_else_a_list_of_objects_has_is_named(voc: Any) -> None:
    result = voc(annotation(f"<object><count>1</count><object><name>cat</name>{BOX}</object></object>"))
    assert (result.only.label, [u.name for u in result.log.unread.values()]) == ("cat", ["count"])


def test_items_with_names_that_state_no_place_are_no_objects(voc: Any) -> None:
    said = "<metadata><item><name>weather</name><value>rain</value></item></metadata>"
    result = voc(annotation(f"<object><name>cat</name>{BOX}</object>{said}"))
    assert ([o.label for o in result.objects], result.codes) == (["cat"], {"field-ignored": 1})
    assert [u.name for u in result.log.unread.values()] == ["metadata"]


def test_corners_as_a_text_are_named(voc: Any) -> None:
    result = voc(thing("<bndbox>1,2,30,40</bndbox>"))
    assert (result.objects, result.codes) == ([], {"field-ignored": 1, "geometry-missing": 1})
    assert [u.name for u in result.log.unread.values()] == ["bndbox"]
