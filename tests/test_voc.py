"""Pascal VOC: what a person would see on the picture, in every layout, and what happens to broken files."""

from __future__ import annotations

import io
import math
import random
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from to_labelbox.geometry.raster import mask_array
from to_labelbox.model.items import (
    Attribute,
    Box,
    Classification,
    Item,
    Keypoint,
    Keypoints,
    Mask,
    Object,
    Point,
    Polygon,
    Relationship,
    RotatedBox,
)
from to_labelbox.model.schema import Input
from to_labelbox.plugins.reader import CERTAIN, LIKELY, Match, ReadContext, Refusal
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, RecordError, SourceError, ToLabelboxError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.files import Source
from to_labelbox.source.xml import parse_xml, xml_text
from to_labelbox_formats.voc import FORMAT
from to_labelbox_formats.voc.document import plain, tree
from to_labelbox_formats.voc.layout.class_lists import VOC_CLASSES, voc_colour
from to_labelbox_formats.voc.options import Angle, Corners, Options, Origin, PartNames, Unit, Void
from to_labelbox_formats.voc.shapes import number

GENUINE = "<source><database>The VOC2007 Database</database><annotation>PASCAL VOC2007</annotation></source>"
SIZE = "<size><width>100</width><height>50</height><depth>3</depth></size>"
BOX = "<bndbox><xmin>10</xmin><ymin>20</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"
CAT = f"<object><name>cat</name>{BOX}</object>"

Files = Mapping[str, str | bytes]


def annotation(*objects: str, filename: str = "a.jpg", size: str = SIZE, source: str = "") -> str:
    return f"<annotation><filename>{filename}</filename>{source}{size}{''.join(objects)}</annotation>"


def thing(inner: str, name: str = "cat") -> str:
    return annotation(f"<object><name>{name}</name>{inner}</object>")


def png(array: Any) -> bytes:
    """Two dimensions: values with the palette of VOC; three: colours."""
    image = Image.fromarray(np.asarray(array, np.uint8))
    if image.mode == "L":
        image.putpalette([c for value in range(256) for c in voc_colour(value).to_bytes(3, "big")])
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def jpeg(width: int, height: int, orientation: int = 1) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("L", (width, height)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def write(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


class Result:
    """A set as it was read, with a ledger that has been checked."""

    def __init__(self, path: Path, options: Options, context: ReadContext) -> None:
        self.context = context
        self.dataset = FORMAT.read(Source(path), options, context)
        self.log = Log()
        self.items = list(self.dataset.items(self.log))
        assert list(self.dataset.items()) == self.items, "iterating twice gives the same"
        units = self.dataset.unit_count
        apart = [i for n in range(units) for i in self.dataset.items(start=n, stop=n + 1)]
        assert apart == self.items, "ranges apart give the same"
        written: dict[str, int] = {}
        for item in self.items:
            ids = [a.id for a in item.annotations]
            assert len(set(ids)) == len(ids)
            for one in item.annotations:
                label = one.name if isinstance(one, Classification) else one.label
                written[label] = written.get(label, 0) + one.source_count
                geometry = one.geometry if isinstance(one, Object) else None
                if isinstance(geometry, Box):
                    assert all(map(math.isfinite, (geometry.left, geometry.top, geometry.width, geometry.height)))
        for label, tally in self.log.ledger.items():
            assert tally.read == tally.skipped + tally.merged + written.get(label, 0), label

    @property
    def paths(self) -> list[str]:
        return [item.asset.path for item in self.items]

    @property
    def splits(self) -> dict[str, str]:
        return {item.asset.path: item.split for item in self.items}

    def item(self, path: str) -> Item:
        return next(item for item in self.items if item.asset.path == path)

    @property
    def objects(self) -> list[Object]:
        return [a for item in self.items for a in item.annotations if isinstance(a, Object)]

    @property
    def only(self) -> Object:
        (found,) = self.objects
        return found

    @property
    def codes(self) -> dict[str, int]:
        return {str(code): d.count for code, d in self.log.diagnostics.items()}

    def message(self, code: Code) -> str:
        return str(self.log.diagnostics[code].examples[0])


@pytest.fixture
def voc(tmp_path: Path) -> Any:
    def read(files: Files | str, options: Options | None = None, **context: Any) -> Result:
        content = {"a.xml": files} if isinstance(files, str) else files
        return Result(write(tmp_path, content), options or Options(), ReadContext(**context))

    return read


# ------------------------------------------------------------------------------------------------------ coordinates


def test_devkit_box_counts_pixels_from_one_and_includes_the_last(voc: Any) -> None:
    """[10, 20, 30, 40] covers the pixels 10..30 when the first is 1: edges 9 to 30, 21 pixels wide."""
    result = voc(annotation(CAT, source=GENUINE))
    assert result.only.geometry == Box(9, 19, 21, 21)
    assert result.dataset.details["origin"] == "one_based"


def test_labelimg_box_is_taken_as_it_is(voc: Any) -> None:
    result = voc(annotation(CAT, source="<source><database>Unknown</database></source>"))
    assert result.only.geometry == Box(10, 20, 20, 20)
    assert result.dataset.details["origin"] == "as_is"


def test_whole_picture_in_both_conventions(voc: Any) -> None:
    corners = "<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>100</xmax><ymax>50</ymax></bndbox>"
    one = thing(corners.format(1, 1))
    assert voc(one, Options(origin=Origin.ONE_BASED)).only.geometry == Box(0, 0, 100, 50)
    assert voc(thing(corners.format(0, 0))).only.geometry == Box(0, 0, 100, 50)


def test_one_pixel_box_of_the_devkit_has_an_area(voc: Any) -> None:
    inner = "<bndbox><xmin>5</xmin><ymin>6</ymin><xmax>5</xmax><ymax>6</ymax></bndbox>"
    assert voc(thing(inner), Options(origin=Origin.ONE_BASED)).only.geometry == Box(4, 5, 1, 1)


def test_origin_is_decided_by_the_majority_of_the_set(voc: Any) -> None:
    files = {f"{n}.xml": annotation(CAT, source=GENUINE if n < 2 else "") for n in range(3)}
    assert {o.geometry for o in voc(files).objects} == {Box(9, 19, 21, 21)}
    files = {f"{n}.xml": annotation(CAT, source=GENUINE if n < 1 else "") for n in range(3)}
    assert {o.geometry for o in voc(files).objects} == {Box(10, 20, 20, 20)}


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("<database>The VOC2012 Database</database><annotation>PASCAL VOC2012</annotation>", "one_based"),
        ("<annotation>PASCAL VOC2007</annotation>", "one_based"),
        ("<database>Supervisely Project ID:7</database><annotation>PASCAL VOC</annotation>", "as_is"),
        ("<database>My Database</database><annotation>PASCAL VOC2007</annotation>", "as_is"),
        ("<database>MyDatabase</database><annotation>COCO2017</annotation>", "as_is"),
    ],
)
def test_a_database_of_its_own_is_not_that_of_the_challenge(voc: Any, source: str, origin: str) -> None:
    result = voc(annotation(CAT, source=f"<source>{source}</source>"))
    assert result.dataset.details["origin"] == origin


def test_a_corner_at_zero_speaks_against_one_based(voc: Any) -> None:
    zero = CAT.replace("<xmin>10<", "<xmin>0<")
    result = voc({"a.xml": annotation(CAT, source=GENUINE), "b.xml": annotation(zero, source=GENUINE)})
    assert [o.geometry for o in result.objects] == [Box(10, 20, 20, 20), Box(0, 20, 30, 20)]
    assert "b.xml" in str(result.context.log.diagnostics[Code.ORIGIN_DOUBTFUL].examples[0])


def test_a_corner_at_zero_is_reported_when_the_user_insists(voc: Any) -> None:
    result = voc(annotation(CAT.replace("<xmin>10<", "<xmin>0<")), Options(origin=Origin.ONE_BASED))
    assert result.only.geometry == Box(-1, 19, 31, 21)
    assert result.codes == {"origin-doubtful": 1}


def test_roboflow_order_of_corners(voc: Any) -> None:
    inner = "<bndbox><xmin>1</xmin><xmax>4</xmax><ymin>2</ymin><ymax>8</ymax></bndbox>"
    assert voc(thing(inner)).only.geometry == Box(1, 2, 3, 6)


def test_fractions_are_asked_about(voc: Any) -> None:
    inner = "<bndbox><xmin>0.1</xmin><ymin>0.2</ymin><xmax>0.5</xmax><ymax>0.6</ymax></bndbox>"
    with pytest.raises(UsageError, match=r"(?s)-O unit=fractions .*-O unit=pixels"):
        voc(thing(inner))
    box = voc(thing(inner), Options(unit=Unit.FRACTIONS)).only.geometry
    assert (box.left, box.top) == (10, 10)
    assert (box.width, box.height) == pytest.approx((40, 20))
    assert voc(thing(inner), Options(unit=Unit.PIXELS)).only.geometry.left == 0.1


def test_fractions_without_a_size_are_skipped(voc: Any) -> None:
    inner = "<bndbox><xmin>0.1</xmin><ymin>0.2</ymin><xmax>0.5</xmax><ymax>0.6</ymax></bndbox>"
    result = voc(annotation(f"<object><name>cat</name>{inner}</object>", size=""), Options(unit=Unit.FRACTIONS))
    assert result.codes == {"image-size-unknown": 1}
    assert result.objects == []


# --------------------------------------------------------------------------------------------- fields of an object


def test_pose_and_flags(voc: Any) -> None:
    fields = "<pose>Left</pose><truncated>1</truncated><difficult>0</difficult><occluded>true</occluded>"
    assert voc(thing(fields + BOX)).only.attributes == (
        Attribute("pose", "Left"),
        Attribute("truncated", "yes", flag=True),
        Attribute("occluded", "yes", flag=True),
    )


def test_unspecified_pose_and_empty_flags_say_nothing(voc: Any) -> None:
    fields = "<pose>Unspecified</pose><truncated/><difficult></difficult><occluded>no</occluded>"
    result = voc(thing(fields + BOX))
    assert result.only.attributes == ()
    assert result.codes == {}


@pytest.mark.parametrize("said", ["2", "maybe", "-1"])
def test_a_flag_that_is_neither(voc: Any, said: str) -> None:
    result = voc(thing(f"<difficult>{said}</difficult>" + BOX))
    assert result.only.attributes == ()
    assert result.codes == {"field-repaired": 1}


def test_difficult_objects_can_be_left_out(voc: Any) -> None:
    both = annotation(CAT, f"<object><name>dog</name><difficult>1</difficult>{BOX}</object>")
    result = voc(both, Options(skip_difficult=True))
    assert [o.label for o in result.objects] == ["cat"]
    assert result.codes == {"excluded": 1}
    assert [label.name for label in result.dataset.schema.labels] == ["cat"]


def test_parts_are_annotations_of_their_own(voc: Any) -> None:
    part = "<part><name>head</name><bndbox><xmin>11</xmin><ymin>21</ymin><xmax>13</xmax><ymax>24</ymax></bndbox></part>"
    result = voc(annotation(f"<object><name>person</name>{BOX}{part}</object>", source=GENUINE))
    person, head = result.objects
    assert (person.label, head.label, head.geometry) == ("person", "head", Box(10, 20, 3, 4))
    links = [a for a in result.items[0].annotations if isinstance(a, Relationship)]
    assert [(r.label, r.source, r.target, r.source_count) for r in links] == [("part of", head.id, person.id, 0)]
    assert result.log.ledger["head"].read == 1


def test_parts_can_carry_the_name_of_their_object(voc: Any) -> None:
    inner = f"{BOX}<part><name>head</name>{BOX}</part>"
    result = voc(thing(inner, "person"), Options(part_names=PartNames.PATH))
    assert [o.label for o in result.objects] == ["person", "person/head"]


def test_a_broken_part_costs_itself(voc: Any) -> None:
    result = voc(thing(f"{BOX}<part><name>head</name></part><part>{BOX}</part>"))
    assert result.only.label == "cat"
    assert result.codes == {"geometry-missing": 1, "class-unnamed": 1}


def test_actions(voc: Any) -> None:
    actions = "<actions><jumping>1</jumping><other>0</other><walking>1</walking></actions>"
    assert voc(thing(BOX + actions)).only.attributes == (Attribute("actions", ("jumping", "walking")),)


def test_a_point_without_a_box(voc: Any) -> None:
    inner = "<point><x>12</x><y>7.5</y></point>"
    assert voc(thing(inner, "person")).only.geometry == Point(12, 7.5)
    assert voc(thing(inner, "person"), Options(origin=Origin.ONE_BASED)).only.geometry == Point(11, 6.5)


def test_a_point_beside_a_box(voc: Any) -> None:
    only = voc(thing(BOX + "<point><x>12</x><y>7</y></point>")).only
    assert only.geometry == Box(10, 20, 20, 20)
    assert only.keypoints == Keypoints((Keypoint("point", 12, 7),))


def test_cvat_attributes(voc: Any) -> None:
    attributes = (
        "<attributes><attribute><name>colour</name><value>red</value></attribute>"
        "<attribute><name>new</name><value>True</value></attribute>"
        "<attribute><name>occluded</name><value>True</value></attribute>"
        "<attribute><name>empty</name><value/></attribute>"
        "<attribute><name>rotation</name><value>0.0</value></attribute></attributes>"
    )
    assert voc(thing(BOX + attributes)).only.attributes == (
        Attribute("colour", "red"),
        Attribute("new", True),
        Attribute("occluded", "yes", flag=True),
    )


def test_cvat_rotation_turns_the_box_about_its_centre(voc: Any) -> None:
    attributes = "<attributes><attribute><name>rotation</name><value>30.0</value></attribute></attributes>"
    only = voc(thing(BOX + attributes)).only
    assert only.geometry == RotatedBox(20, 30, 20, 20, 30)
    assert only.attributes == ()


def test_rolabelimg_rotated_box_is_in_radians(voc: Any) -> None:
    inner = "<type>robndbox</type><robndbox><cx>50</cx><cy>25</cy><w>20</w><h>10</h><angle>1.5707963267948966</angle></robndbox>"
    result = voc(thing(inner))
    assert result.only.geometry == RotatedBox(50, 25, 20, 10, 90)
    assert result.codes == {}


def test_a_broken_rotated_box_gives_way_to_the_box(voc: Any) -> None:
    result = voc(thing(BOX + "<robndbox><cx>50</cx><cy>x</cy><w>20</w><h>10</h><angle>0</angle></robndbox>"))
    assert (result.only.geometry, result.only.loss) == (Box(10, 20, 20, 20), True)
    assert result.codes == {"box-invalid": 1}


def test_rotated_boxes_by_their_corners(voc: Any) -> None:
    """As in DIOR-R, and as scripts that come from DOTA write them."""
    names = {"left_top": (10, 20), "right_top": (30, 15), "right_bottom": (33, 28), "left_bottom": (13, 33)}
    named = "".join(f"<x_{name}>{x}</x_{name}><y_{name}>{y}</y_{name}>" for name, (x, y) in names.items())
    numbered = "".join(f"<x{n}>{x}</x{n}><y{n}>{y}</y{n}>" for n, (x, y) in enumerate(names.values()))
    ring = [10.0, 20.0, 30.0, 15.0, 33.0, 28.0, 13.0, 33.0]
    for inner in (f"<robndbox>{named}</robndbox>", f"<robndbox>{numbered}</robndbox>", f"<bndbox>{numbered}</bndbox>"):
        only = voc(thing(inner)).only
        assert (only.geometry, only.loss) == (Polygon(((ring,),)), False)
    broken = voc(thing(f"<bndbox>{numbered.replace('33', '?')}</bndbox>"))
    assert broken.codes == {"polygon-invalid": 1}
    assert "a vertex of <bndbox>" in broken.message(Code.POLYGON_INVALID)


@pytest.mark.parametrize(
    ("inner", "loss", "codes"),
    [
        ("<angle>-21.4</angle>", True, {"field-ignored": 1}),
        ("<angle>0.0</angle>", False, {}),
        ("<area>400</area>", False, {"field-ignored": 1}),
    ],
)
def test_an_angle_in_the_box_is_told(voc: Any, inner: str, loss: bool, codes: dict[str, int]) -> None:
    result = voc(thing(BOX.replace("</bndbox>", inner + "</bndbox>")))
    assert (result.only.geometry, result.only.loss) == (Box(10, 20, 20, 20), loss)
    assert result.codes == codes


def test_every_box_of_an_object_is_kept(voc: Any) -> None:
    second = "<bndbox><xmin>50</xmin><ymin>20</ymin><xmax>60</xmax><ymax>40</ymax></bndbox>"
    third = second.replace("60", "x")
    result = voc(thing(f"<truncated>1</truncated>{BOX}{second}{third}"))
    assert [(o.id, o.where, o.geometry) for o in result.objects] == [
        ("1", "object[1]", Box(10, 20, 20, 20)),
        ("1/bndbox[2]", "object[1]/bndbox[2]", Box(50, 20, 10, 20)),
    ]
    assert result.objects[1].attributes == (Attribute("truncated", "yes", flag=True),)
    assert (result.log.ledger["cat"].read, result.log.ledger["cat"].skipped) == (3, 1)
    first_is_broken = voc(thing(BOX.replace("10", "x") + second))
    assert first_is_broken.only.geometry == Box(50, 20, 10, 20)


def test_objects_in_a_wrapper(voc: Any) -> None:
    assert len(voc(annotation(f"<objects>{CAT}{CAT.replace('cat', 'dog')}</objects>")).objects) == 2


def test_empty_fields_of_a_file_are_not_worth_a_word(voc: Any) -> None:
    """As labelme writes them."""
    assert voc(annotation("<database/><image> </image>", CAT)).codes == {}
    assert voc(annotation("<weather>rain</weather>", CAT)).codes == {"field-ignored": 1}


TRIANGLE = [10.0, 20.0, 30.0, 20.0, 30.0, 40.0]


@pytest.mark.parametrize(
    "inner",
    [
        "<x1>10</x1><y1>20</y1><x2>30</x2><y2>20</y2><x3>30</x3><y3>40</y3>",
        "<x10>30</x10><y10>40</y10><x1>10</x1><y1>20</y1><x2>30</x2><y2>20</y2>",
        "<point><x>10</x><y>20</y></point><point><x>30</x><y>20</y></point><point><x>30</x><y>40</y></point>",
        "<pt><x>10</x><y>20</y></pt><pt><x>30</x><y>20</y></pt><pt><x>30</x><y>40</y></pt>",
    ],
)
def test_polygon_variants(voc: Any, inner: str) -> None:
    only = voc(thing(f"{BOX}<polygon>{inner}</polygon>")).only
    assert only.geometry == Polygon(((TRIANGLE,),))
    assert only.box == Box(10, 20, 20, 20)


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ("<x1>10</x1><y1>20</y1><x2>30</x2><y2>20</y2>", "polygon-too-short"),
        ("<x1>10</x1><y1>20</y1><x2>nan</x2><y2>20</y2><x3>1</x3><y3>2</y3>", "polygon-invalid"),
        ("<x1>10</x1><y1>20</y1><x2>3</x2><x3>1</x3><y3>2</y3>", "polygon-invalid"),
        ("", "polygon-too-short"),
    ],
)
def test_a_broken_polygon_gives_way_to_the_box(voc: Any, inner: str, code: str) -> None:
    result = voc(thing(f"{BOX}<polygon>{inner}</polygon>"))
    assert (result.only.geometry, result.only.loss) == (Box(10, 20, 20, 20), True)
    assert result.codes == {code: 1}
    assert voc(thing(f"<polygon>{inner}</polygon>")).objects == []


def test_a_broken_box_beside_a_good_polygon(voc: Any) -> None:
    polygon = "<polygon><x1>10</x1><y1>20</y1><x2>30</x2><y2>20</y2><x3>30</x3><y3>40</y3></polygon>"
    result = voc(thing(BOX.replace("<xmin>10<", "<xmin>nan<") + polygon))
    assert (result.only.geometry, result.only.box, result.only.loss) == (Polygon(((TRIANGLE,),)), None, True)
    assert result.codes == {"box-invalid": 1}


def test_several_points_without_a_box(voc: Any) -> None:
    inner = "<point><x>1</x><y>2</y></point><point><x>3</x><y>4</y></point>"
    assert voc(thing(inner)).only.geometry == Keypoints((Keypoint("point 1", 1, 2), Keypoint("point 2", 3, 4)))


def test_predictions_are_left_out_unless_asked_for(voc: Any) -> None:
    inner = BOX + "<confidence>0.9</confidence>"
    result = voc(thing(inner))
    assert (result.objects, result.codes) == ([], {"prediction": 1})
    assert voc(thing(inner), Options(predictions=True)).only.loss


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


# --------------------------------------------------------------------------------------------------------- layouts


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


def test_two_files_for_one_image(voc: Any) -> None:
    files = {
        "Annotations/a.xml": annotation(CAT),
        "Annotations/copy.xml": annotation(CAT, filename="a.jpg"),
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
    copy = {"a.xml": annotation(CAT), "a - Copy.xml": annotation(CAT)}
    assert voc(copy).codes == {}
    result = voc({**copy, "a.jpg": jpeg(100, 50)})
    assert result.paths == ["a - Copy.jpg", "a.jpg"]
    assert "its data row is called a - Copy.jpg" in result.message(Code.FILE_MISSING)


def test_equal_stems_that_nothing_tells_apart(voc: Any) -> None:
    result = voc({"x/a.xml": annotation(CAT), "y/a.jpg": jpeg(100, 50), "z/a.jpg": jpeg(100, 50)})
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


# ----------------------------------------------------------------------------------------------------------- sizes


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
    assert result.codes == {"image-size-mismatch": 1}
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


@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
def test_labels_of_the_stored_picture_stay(voc: Any, orientation: int) -> None:
    result = voc({"a.xml": annotation(CAT), "a.jpg": jpeg(100, 50, orientation)})
    assert (result.only.geometry, result.codes) == (Box(10, 20, 20, 20), {})


def test_sides_swapped_without_orientation_are_reported(voc: Any) -> None:
    result = voc({"a.xml": annotation(CAT), "a.jpg": jpeg(50, 100)})
    assert (result.items[0].asset.width, result.only.geometry) == (100, Box(10, 20, 20, 20))
    assert result.codes == {"image-size-mismatch": 1}


# ----------------------------------------------------------------------------------------------------------- lists


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
    assert result.log.ledger["class"].read == 2
    assert len(result.item("a.jpg").annotations) == 1


def test_listed_but_nowhere_to_be_found(voc: Any) -> None:
    result = voc({"Annotations/a.xml": annotation(CAT), "ImageSets/Main/test.txt": "a\nghost\n"})
    assert result.paths == ["a.jpg"]
    assert "'ghost' is listed" in str(result.context.log.diagnostics[Code.FILE_MISSING].examples[0])


# --------------------------------------------------------------------------------------------------------- classes


def test_labelmap_declares_classes_colours_parts_and_actions(voc: Any) -> None:
    labelmap = "# label:color_rgb:parts:actions\nbackground:0,0,0::\nman:1,2,255:head,hand:run,jump\ncat:::\nignored:224,224,192::\n"
    schema = voc({"Annotations/a.xml": annotation(CAT), "labelmap.txt": labelmap}).dataset.schema
    assert [(label.name, label.color) for label in schema.labels] == [
        ("man", "#0102ff"),
        ("head", ""),
        ("hand", ""),
        ("cat", ""),
    ]
    (question,) = schema.labels[0].attributes
    assert (question.name, question.input, [o.value for o in question.options]) == (
        "actions",
        Input.CHECKLIST,
        ["run", "jump"],
    )


def test_datumaro_meta_declares_classes_and_mask_colours(voc: Any) -> None:
    meta = (
        '{"label_map": {"0": "background", "1": "boat", "2": "quay"}, "background_label": "0",'
        ' "segmentation_colors": [[0, 0, 0], [10, 20, 30], [1, 2, 3]]}'
    )
    rgb = np.zeros((4, 6, 3), np.uint8)
    rgb[0:2, 0:2] = (1, 2, 3)
    result = voc({"SegmentationClass/a.png": png(rgb), "dataset_meta.json": meta, "classes.txt": "x\n"})
    assert [(label.name, label.color) for label in result.dataset.schema.labels] == [
        ("boat", "#0a141e"),
        ("quay", "#010203"),
    ]
    assert [(o.id, o.label) for o in result.objects] == [("SegmentationClass/2", "quay")]
    assert result.context.log.diagnostics[Code.FILE_IGNORED].examples[0].file == "classes.txt"


def test_broken_labelmap_is_named_and_the_rest_converts(voc: Any) -> None:
    result = voc({"Annotations/a.xml": annotation(CAT), "labelmap.txt": "man:1,2\n"})
    assert result.context.log.unreadable == 1
    assert result.only.label == "cat"


def test_order_of_classes_with_outlines_alone(voc: Any) -> None:
    shape = "<robndbox><cx>50</cx><cy>25</cy><w>20</w><h>10</h><angle>0</angle></robndbox>"
    objects = [f"<object><name>{name}</name>{shape}</object>" for name in ("tree", "house")]
    result = voc({"a.xml": annotation(*objects), "predefined_classes.txt": "house\ntree\n"})
    assert [label.name for label in result.dataset.schema.labels] == ["house", "tree"]


def test_order_of_classes_that_nothing_declares(voc: Any) -> None:
    def names(*labels: str, **more: str) -> list[str]:
        objects = [f"<object><name>{name}</name>{BOX}</object>" for name in labels]
        files = {"a.xml": annotation(*objects)} | {f"{k}.txt": v for k, v in more.items()}
        return [label.name for label in voc(files).dataset.schema.labels]

    assert names("sheep", "zebra") == []
    assert names("sheep", "cat") == ["cat", "sheep"]
    assert names("sheep", "cat", predefined_classes="sheep\ncow\ncat\n") == ["sheep", "cat"]


# ----------------------------------------------------------------------------------------------------------- masks

INSTANCES = np.zeros((4, 6), np.uint8)
INSTANCES[0:2, 0:2] = 1
INSTANCES[2:4, 3:6] = 2
INSTANCES[0, 5] = 255
CLASSES = np.zeros((4, 6), np.uint8)
CLASSES[0:2, 0:2] = 8
CLASSES[2:4, 3:6] = 15
CLASSES[2, 3] = 255
CLASSES[0, 5] = 255
SMALL = "<size><width>6</width><height>4</height><depth>3</depth></size>"
TWO = annotation(
    f"<object><name>cat</name>{BOX}</object>", f"<object><name>person</name>{BOX}</object>", size=SMALL, source=GENUINE
)


def masks(result: Result) -> dict[str, Object]:
    return {o.id: o for o in result.objects if isinstance(o.geometry, Mask)}


def test_instance_masks_take_the_class_of_most_of_their_pixels(voc: Any) -> None:
    files = {
        "Annotations/a.xml": TWO,
        "SegmentationObject/a.png": png(INSTANCES),
        "SegmentationClass/a.png": png(CLASSES),
    }
    result = voc(files)
    found = masks(result)
    assert {id: o.label for id, o in found.items()} == {
        "SegmentationObject/object 1": "cat",
        "SegmentationObject/object 2": "person",
    }
    for n, one in enumerate(found.values(), 1):
        assert isinstance(one.geometry, Mask)
        assert (mask_array(one.geometry) == (n == INSTANCES)).all()
    assert len(result.objects) == 4, "the boxes stay"
    assert result.log.ledger["cat"].read == 2


def test_masks_by_the_order_of_the_objects(voc: Any) -> None:
    found = masks(voc({"Annotations/a.xml": TWO, "SegmentationObject/a.png": png(INSTANCES)}))
    assert [o.label for o in found.values()] == ["cat", "person"]


def test_class_masks_alone(voc: Any) -> None:
    result = voc({"JPEGImages/a.jpg": jpeg(6, 4), "SegmentationClass/a.png": png(CLASSES)})
    assert [(o.id, o.label) for o in result.objects] == [
        ("SegmentationClass/8", "cat"),
        ("SegmentationClass/15", "person"),
    ]
    geometry = result.objects[1].geometry
    assert (mask_array(geometry) == (CLASSES == 15)).all()
    assert result.paths == ["a.jpg"]


def test_masks_without_image_and_annotation(voc: Any) -> None:
    result = voc({"SegmentationClass/sub/a.png": png(CLASSES), "SegmentationObject/sub/a.png": png(INSTANCES)})
    assert [(i.asset.path, i.asset.width, i.asset.height) for i in result.items] == [("sub/a.jpg", 6, 4)]
    assert [o.label for o in result.objects] == ["cat", "person"]


def test_rgb_masks_by_labelmap(voc: Any) -> None:
    rgb = np.zeros((4, 6, 3), np.uint8)
    rgb[0:2, 0:2] = (10, 20, 30)
    rgb[2:4, 3:6] = (224, 224, 192)
    labelmap = "background:0,0,0::\nboat:10,20,30::\nignored:224,224,192::\n"
    result = voc({"SegmentationClass/a.png": png(rgb), "labelmap.txt": labelmap})
    assert [(o.id, o.label) for o in result.objects] == [("SegmentationClass/1", "boat")]


def test_rgb_masks_by_the_palette_of_voc(voc: Any) -> None:
    rgb = np.zeros((4, 6, 3), np.uint8)
    rgb[0:2, 0:2] = (128, 0, 0)
    assert voc({"SegmentationClass/a.png": png(rgb)}).only.label == "aeroplane"


def test_palette_masks_with_other_indices_are_read_by_declared_colour(voc: Any) -> None:
    image = Image.fromarray(np.array([[0, 0, 1, 1]], np.uint8), "P")
    image.putpalette([0, 0, 0, 10, 20, 30])
    out = io.BytesIO()
    image.save(out, "PNG")
    labelmap = "background:0,0,0::\ncar:1,1,1::\nboat:10,20,30::\n"
    assert voc({"SegmentationClass/a.png": out.getvalue(), "labelmap.txt": labelmap}).only.label == "boat"


def test_class_names_from_a_file(voc: Any, tmp_path: Path) -> None:
    names = tmp_path / "names.json"
    names.write_text('{"0": "background", "8": "roof", "15": "tree"}')
    result = voc({"SegmentationClass/a.png": png(CLASSES)}, Options(class_names=str(names)))
    assert [o.label for o in result.objects] == ["roof", "tree"]
    assert [label.name for label in result.dataset.schema.labels] == ["roof", "tree"]


@pytest.mark.parametrize(
    ("name", "text", "labels", "declared"),
    [
        ("class_names.txt", "_background_\nroof\ntree\nsky\n", ["roof", "sky"], ["roof", "tree", "sky"]),
        ("labels.txt", "__ignore__\n_background_\nroof\ntree\nsky\n", ["roof", "sky"], ["roof", "tree", "sky"]),
        ("labels.txt", "roof\ntree\nsky\n", ["roof", "sky"], ["roof", "tree", "sky"]),
        ("labels.txt", "0 background\n1 roof\n3 sky\n", ["roof", "sky"], ["roof", "sky"]),
        (
            "label_map.pbtxt",
            "item {\n id: 3\n name: 'sky'\n}\nitem {\n name: \"roof\"\n id: 1\n}\n",
            ["roof", "sky"],
            [],
        ),
        ("classes.txt", "bird\naeroplane\n", ["aeroplane", "bird"], []),
        ("predefined_classes.txt", "roof\ntree\nsky\n", ["aeroplane", "bird"], []),
    ],
)
def test_class_lists_beside_masks(voc: Any, name: str, text: str, labels: list[str], declared: list[str]) -> None:
    """Lists number the values of masks: from 0 with a background, else from 1; names of the challenge keep its numbers."""
    result = voc({"SegmentationClass/a.png": png([[0, 1, 1, 3, 255]]), name: text})
    assert [o.label for o in result.objects] == labels
    assert [label.name for label in result.dataset.schema.labels] == declared


@pytest.mark.parametrize("text", ["_background_\nroof\ntree\nsky\n", "roof\ntree\nsky\n"])
def test_a_list_that_is_asked_for_numbers_the_masks(voc: Any, tmp_path: Path, text: str) -> None:
    names = tmp_path / "names.lst"
    names.write_text(text)
    result = voc({"SegmentationClass/a.png": png([[0, 1, 3]])}, Options(class_names=str(names)))
    assert [o.label for o in result.objects] == ["roof", "sky"]
    assert [label.name for label in result.dataset.schema.labels] == ["roof", "tree", "sky"]


LABELME_VOC = {
    "JPEGImages/a.jpg": jpeg(6, 4),
    "SegmentationClassVisualization/a.jpg": jpeg(6, 4),
    "class_names.txt": "_background_\ncat\n",
}


@pytest.mark.parametrize("ending", ["", "PNG"])
def test_folders_of_labelme(voc: Any, ending: str) -> None:
    result = voc({**LABELME_VOC, f"SegmentationClass{ending}/a.png": png(CLASSES // 8)})
    assert result.paths == ["a.jpg"]
    assert [o.label for o in result.objects] == ["cat"]


def test_pictures_of_labels_are_no_images(voc: Any) -> None:
    files = {"Annotations/a.xml": annotation(CAT), "AnnotationsVisualization/a.jpg": jpeg(100, 50)}
    result = voc({**files, "JPEGImages/a.jpg": jpeg(100, 50)})
    assert result.paths == ["a.jpg"]
    assert result.context.log.diagnostics[Code.FILE_IGNORED].count == 1


def test_colours_and_palettes_of_supervisely(voc: Any) -> None:
    """Palettes made for each picture, in which the order of the colours means nothing."""
    void, lemon, kiwi = (224, 224, 192), (144, 19, 254), (80, 227, 194)

    def with_palette(*colours: tuple[int, int, int]) -> bytes:
        image = Image.fromarray(np.array([[0, 0, 1, 1, 1, 2, 3]], np.uint8))
        image.putpalette([part for colour in colours for part in colour])
        out = io.BytesIO()
        image.save(out, "PNG")
        return out.getvalue()

    files = {
        "colors.txt": "neutral 224 224 192\nred kiwi 80 227 194\nlemon 144 19 254\n",
        "SegmentationClass/a.png": with_palette(kiwi, lemon, void, (0, 0, 0)),
        "SegmentationObject/a.png": with_palette((1, 2, 3), (128, 0, 0), void, (0, 0, 0)),
    }
    result = voc(files)
    assert {o.label: mask_array(o.geometry).astype(int).tolist() for o in result.objects} == {
        "red kiwi": [[1, 1, 0, 0, 0, 0, 0]],
        "lemon": [[0, 0, 1, 1, 1, 0, 0]],
    }
    assert [(label.name, label.color) for label in result.dataset.schema.labels] == [
        ("red kiwi", "#50e3c2"),
        ("lemon", "#9013fe"),
    ]
    del files["SegmentationObject/a.png"]
    assert [o.label for o in voc(files).objects] == ["red kiwi", "lemon"]


def test_palettes_that_say_nothing_leave_the_values(voc: Any) -> None:
    """As those of one colour, of greys, or with a black void."""
    for colours in (
        [0, 0, 0] * 256,
        [n // 3 for n in range(768)],
        [128, 64, 128, *[7, 7, 7] * 14, 1, 1, 1, *[0, 0, 0] * 240],
    ):
        image = Image.fromarray(np.array([[0, 15, 15, 255]], np.uint8))
        image.putpalette(colours)
        out = io.BytesIO()
        image.save(out, "PNG")
        assert voc({"SegmentationClass/a.png": out.getvalue()}).only.label == "person"


def test_labelmap_without_background(voc: Any) -> None:
    black, grey, red = (0, 0, 0), (10, 20, 30), (128, 0, 0)
    labelmap = "car:10,20,30::\nboat:40,50,60::\n"
    result = voc({"SegmentationClass/a.png": png([[black, grey, grey]]), "labelmap.txt": labelmap})
    assert mask_array(result.only.geometry).astype(int).tolist() == [[0, 1, 1]]
    result = voc({"SegmentationClass/a.png": png([[black, grey, red]]), "labelmap.txt": labelmap})
    assert result.only.label == "car"
    assert "colour #800000 (1 pixels)" in result.message(Code.CLASS_UNKNOWN)


def test_masks_of_any_extension_are_found_or_refused(voc: Any) -> None:
    files = {"Annotations/a.xml": TWO, "SegmentationClass/a.PNG": png(CLASSES)}
    assert len(voc(files).objects) == 4
    result = voc({"Annotations/b.xml": TWO, "SegmentationClass/b.bmp": b"BM"})
    assert "no PNG" in result.message(Code.FILE_UNREADABLE)


def test_the_name_of_an_image_that_only_its_mask_tells(voc: Any) -> None:
    result = voc({"SegmentationClass/a.png": png(CLASSES)})
    assert result.paths == ["a.jpg"]
    assert "there is no image of that name" in result.message(Code.ASSET_UNKNOWN)


def test_unknown_values_are_counted_and_skipped(voc: Any) -> None:
    result = voc({"SegmentationClass/a.png": png([[0, 77, 77]])})
    assert result.objects == []
    assert result.log.ledger["class_77"].skipped == 1
    assert "value 77 (2 pixels)" in result.message(Code.CLASS_UNKNOWN)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (jpeg(6, 4), "no PNG"),
        (b"", "no PNG"),
        (png(CLASSES)[:60], "damaged PNG"),
        (png(np.zeros((3, 3))), "has 3 × 3 pixels, its image 6 × 4"),
        (png(np.arange(4 * 6 * 3).reshape(4, 6, 3).repeat(20, 0).repeat(20, 1)), "pixels, its image"),
    ],
)
def test_broken_masks_cost_themselves(voc: Any, content: bytes, message: str) -> None:
    result = voc({"Annotations/a.xml": TWO, "SegmentationClass/a.png": content})
    assert len(result.objects) == 2
    assert message in result.message(Code.FILE_UNREADABLE)
    assert result.message(Code.FILE_UNREADABLE).startswith("SegmentationClass/a.png")


def test_anti_aliased_masks_are_refused(voc: Any) -> None:
    rgb = np.random.default_rng(1).integers(0, 255, (30, 30, 3))
    result = voc({"SegmentationClass/a.png": png(rgb)})
    assert "anti-aliased" in result.message(Code.FILE_UNREADABLE)


def test_mask_of_absurd_size_is_not_decoded(voc: Any) -> None:
    content = bytearray(png(CLASSES))
    content[16:24] = (10**6).to_bytes(4, "big") * 2
    assert "are accepted" in voc({"SegmentationClass/a.png": bytes(content)}).message(Code.FILE_UNREADABLE)


def test_masks_can_be_left_out_and_other_masks_are_no_images(voc: Any) -> None:
    files = {
        "Annotations/a.xml": TWO,
        "SegmentationClass/a.png": png(CLASSES),
        "SegmentationClassVisualization/b.png": png(CLASSES),
    }
    result = voc(files)
    assert result.paths == ["a.jpg"]
    assert result.context.log.diagnostics[Code.FILE_IGNORED].count == 1
    assert masks(voc(files, Options(masks=False))) == {}


def test_trimaps_among_the_annotations_are_no_images(voc: Any) -> None:
    """As in the Oxford-IIIT pets."""
    files = {
        "annotations/xmls/a.xml": annotation(CAT),
        "annotations/trimaps/a.png": png(CLASSES),
        "annotations/trimaps/b.png": png(CLASSES),
        "images/a.jpg": jpeg(100, 50),
        "images/b.jpg": jpeg(100, 50),
    }
    result = voc(files)
    assert result.paths == ["a.jpg", "b.jpg"]
    assert result.context.log.diagnostics[Code.FILE_IGNORED].count == 2


def test_palette_of_voc() -> None:
    assert [voc_colour(v) for v in (0, 1, 2, 15, 255)] == [0, 0x800000, 0x008000, 0xC08080, 0xE0E0C0]


# ------------------------------------------------------------------------------------------------- malformed files


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<annotation><object></annotation>", "not well-formed XML at line 1"),
        ("", "the file is empty"),
        (" \n ", "the file is empty"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><annotation/>", "DOCTYPE is not accepted"),
        ("<annotation>&b;</annotation>", "line 1, column"),
        ("\n\n<annotation>\n<object>\n</annotation>", "at line 5"),
        (b"<annotation>\xff</annotation>", "at byte 12"),
        (b'<?xml version="1.0" encoding="nope"?><annotation/>', "unknown encoding 'nope'"),
        (b'<?xml version="1.0" encoding="zlib"?><annotation/>', "unknown encoding 'zlib'"),
        ("<a>" * 300 + "</a>" * 300, "Excessive depth"),
        ("\0" * 100, "not well-formed"),
        (b"\xff\xfe\xff", "is not utf-16-le"),
    ],
)
def test_broken_file_costs_itself(voc: Any, content: str | bytes, message: str) -> None:
    result = voc({"a.xml": content, "b.xml": annotation(CAT)})
    assert result.paths == ["b.jpg"]
    assert result.log.unreadable == 1
    assert result.message(Code.FILE_UNREADABLE).startswith("a.xml: ")
    assert message in result.message(Code.FILE_UNREADABLE)


def test_broken_file_stops_a_run_that_is_to_fail(tmp_path: Path) -> None:
    write(tmp_path, {"a.xml": "<annotation>"})
    with pytest.raises(RecordError, match=r"a\.xml: not well-formed"):
        list(FORMAT.read(Source(tmp_path), Options(), ReadContext()).items(Log(fail=True)))


def test_several_annotations_in_one_file_are_not_lost_in_silence(voc: Any) -> None:
    result = voc({"all.xml": f"<set>{annotation(CAT)}{annotation(CAT)}</set>", "b.xml": annotation(CAT)})
    assert "all.xml: holds 2 <annotation> in one <set>: split it" in result.message(Code.FILE_UNREADABLE)
    assert len(result.objects) == 1


def test_other_xml_is_passed_by(voc: Any) -> None:
    result = voc({"a.xml": annotation(CAT), "project.xml": "<project/>"})
    assert (result.paths, result.codes) == (["a.jpg"], {"file-ignored": 1})


def bad_box(xmin: str) -> str:
    return f"<bndbox>{xmin}<ymin>20</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"


@pytest.mark.parametrize(
    ("inner", "code", "message"),
    [
        ("", "geometry-missing", "has no geometry"),
        ("<bndbox/>", "geometry-missing", "has no geometry"),
        (bad_box(""), "box-invalid", "<xmin> is missing"),
        (bad_box("<xmin/>"), "box-invalid", "<xmin> is missing"),
        (bad_box("<xmin>nan</xmin>"), "box-invalid", "<xmin> is 'nan', not a number"),
        (bad_box("<xmin>inf</xmin>"), "box-invalid", "'inf'"),
        (bad_box("<xmin>1e400</xmin>"), "box-invalid", "'1e400'"),
        (bad_box("<xmin>1_0</xmin>"), "box-invalid", "'1_0'"),
        (bad_box("<xmin>٣</xmin>"), "box-invalid", "not a number"),
        (bad_box("<xmin>ten</xmin>"), "box-invalid", "'ten'"),
        ("<point><x>a</x><y>1</y></point>", "point-invalid", "not a number"),
    ],
)
def test_object_without_a_usable_place(voc: Any, inner: str, code: str, message: str) -> None:
    result = voc(annotation(f"<object><name>dog</name>{inner}</object>", CAT))
    assert result.only.label == "cat"
    assert result.codes == {code: 1}
    example = str(result.log.diagnostics[Code(code)].examples[0])
    assert example.startswith("a.xml object[1]")
    assert message in example
    assert (result.log.ledger["dog"].read, result.log.ledger["dog"].skipped) == (1, 1)


@pytest.mark.parametrize("name", ["", "<name/>", "<name>  </name>"])
def test_object_without_a_name(voc: Any, name: str) -> None:
    result = voc(annotation(f"<object>{name}{BOX}</object>", CAT))
    assert result.only.id == "2"
    assert result.codes == {"class-unnamed": 1}
    assert result.log.ledger["(unnamed)"].skipped == 1


def test_decimal_comma(voc: Any) -> None:
    result = voc(thing(BOX.replace("<xmin>10<", "<xmin>10,5<")))
    assert result.only.geometry == Box(10.5, 20, 19.5, 20)
    assert result.codes == {"field-repaired": 1}


def test_swapped_corners(voc: Any) -> None:
    inner = "<bndbox><xmin>30</xmin><ymin>20</ymin><xmax>10</xmax><ymax>40</ymax></bndbox>"
    result = voc(thing(inner))
    assert result.only.geometry == Box(10, 20, 20, 20)
    assert result.codes == {"box-flipped": 1}


def test_width_and_height_where_corners_belong_are_asked_about(voc: Any) -> None:
    corners = "<bndbox><xmin>{}</xmin><ymin>20</ymin><xmax>30</xmax><ymax>15</ymax></bndbox>"
    files = {f"{n}.xml": thing(corners.format(10 + n), name=f"c{n}") for n in range(9)}
    files["9.xml"] = thing(corners.format(19), name="c9")
    with pytest.raises(UsageError, match=r"(?s)of 10 boxes 10 have xmax .* -O corners=sizes .* -O corners=swapped"):
        voc(files)
    assert voc(files, Options(corners=Corners.SWAPPED)).objects[0].geometry == Box(10, 15, 20, 5)
    result = voc(files, Options(corners=Corners.SIZES))
    assert [o.geometry for o in result.objects] == [Box(10 + n, 20, 30, 15) for n in range(10)]
    assert result.codes == {}
    one_based = voc(files, Options(corners=Corners.SIZES, origin=Origin.ONE_BASED))
    assert one_based.objects[0].geometry == Box(9, 19, 30, 15)


def test_equal_objects_are_kept_once(voc: Any) -> None:
    result = voc(annotation(CAT, CAT, CAT.replace("cat", "dog"), CAT))
    assert [o.id for o in result.objects] == ["1", "3"]
    assert result.log.ledger["cat"].merged == 2
    assert result.codes == {"annotation-duplicate": 2}


def test_image_without_objects(voc: Any) -> None:
    result = voc(annotation())
    assert (result.paths, result.items[0].annotations, result.codes) == (["a.jpg"], [], {})


def test_namespaces_comments_and_sections(voc: Any) -> None:
    text = annotation(f"<object><name><![CDATA[a<b]]></name><!-- x -->{BOX}</object>")
    text = text.replace("<annotation>", '<annotation xmlns="http://example.org/voc">')
    assert voc(text).only.label == "a<b"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "gbk"])
def test_encodings(voc: Any, encoding: str) -> None:
    name = "猫" if encoding in ("gbk", "utf-8", "utf-16", "utf-8-sig") else "Kätzchen"
    declared = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    text = f'<?xml version="1.0" encoding="{declared}"?>\n' + thing(BOX, name)
    assert voc({"a.xml": text.encode(encoding)}).only.label == name


def test_utf_16_without_mark_or_declaration() -> None:
    assert parse_xml("<a>ö</a>".encode("utf-16-be")).text == "ö"
    assert xml_text(b"  \n<?xml version='1.0'?>\n<a/>") == "\n\n<a/>"
    with pytest.raises(FileError, match="not written in"):
        xml_text(b'<?xml version="1.0" encoding="utf-7"?><a/>')


def test_fallback_encoding(voc: Any) -> None:
    content = thing(BOX, "Kätzchen").encode("latin-1")
    assert voc({"a.xml": content}).objects == []
    assert voc({"a.xml": content}, Options(encoding="latin-1")).only.label == "Kätzchen"
    with pytest.raises(ToLabelboxError, match="encoding 'nope'"):
        voc({"a.xml": content}, Options(encoding="nope"))


def test_empty_folder_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no annotation files"):
        FORMAT.read(Source(tmp_path), Options(), ReadContext())


# -------------------------------------------------------------------------------------------------------- detection

CVAT = "<?xml version='1.0'?><annotations><image id='0' name='a.jpg'/></annotations>"
LABELME = (
    "<annotation><filename>a.jpg</filename><source><sourceImage>x</sourceImage></source><object><name>cat</name>"
    "<deleted>0</deleted><polygon><pt><x>1</x><y>2</y></pt></polygon></object>"
    "<imagesize><nrows>5</nrows><ncols>5</ncols></imagesize></annotation>"
)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"a.xml": CVAT}, "CVAT"),
        ({"a.xml": LABELME}, "LabelMe"),
        ({"a.xml": "<View><Image/></View>"}, "Label Studio"),
        ({"a.xml": "<html/>"}, "<html>, not <annotation>"),
        (
            {"a.xml": f"<annotations>{annotation(CAT)}{annotation(CAT)}</annotations>"},
            "split it into one file an image",
        ),
        ({"a.xml": "<annotation/>"}, "no bndbox"),
        ({"a.xml": "text"}, "no XML"),
        ({"a.xml": ""}, "empty"),
        ({"a.txt": "0 0.5 0.5 0.1 0.1\n"}, "no XML file"),
    ],
)
def test_refusals_say_why(tmp_path: Path, files: Files, reason: str) -> None:
    verdict = FORMAT.sniff(Source(write(tmp_path, files)))
    assert isinstance(verdict, Refusal)
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("files", "confidence"),
    [
        ({"a.xml": annotation(CAT)}, CERTAIN),
        ({"a.xml": "<annotation><segmented>0</segmented></annotation>"}, CERTAIN),
        (
            {"a.xml": "<!-- x -->\n<?pi?><annotation verified='yes'><size>\n<width>1</width></size></annotation>"},
            CERTAIN,
        ),
        ({".idea/misc.xml": "<project/>", "a.xml": annotation(CAT)}, CERTAIN),
        ({**{f"a{n:02}.xml": "<html/>" for n in range(30)}, "z.xml": annotation(CAT)}, CERTAIN),
        ({"a.xml": annotation(CAT), "a.txt": "0 0.5 0.5 0.1 0.1\n"}, CERTAIN),
        ({"a.xml": annotation(CAT), "ImageSets/Main/train.txt": "1 2 3 4 5\n", "classes.txt": "cat\n"}, CERTAIN),
        ({"SegmentationClass/a.png": b""}, LIKELY),
        ({"ImageSets/Main/train.txt": "a\n", "JPEGImages/a.jpg": b""}, LIKELY),
    ],
)
def test_claims(tmp_path: Path, files: Files, confidence: int) -> None:
    verdict = FORMAT.sniff(Source(write(tmp_path, files)))
    assert isinstance(verdict, Match)
    assert verdict.confidence == confidence


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xml", "<!---->" * 5000 + "<"),
        ("a.xml", "<!" + "a" * 50000),
        ("a.xml", "<annotation>" + " " * 60000),
        ("a.txt", "0 " + "11111111 " * 50 + "x"),
    ],
)
def test_sniffing_takes_no_time_on_hostile_text(tmp_path: Path, name: str, content: str) -> None:
    files = {name: content, "b.xml": annotation(CAT)}
    assert isinstance(FORMAT.sniff(Source(write(tmp_path, files))), Match)


# --------------------------------------------------------------------------------- the plain grammar and the parser

_plain_text = st.text(st.sampled_from("ab1 é-_./0\t\n"), max_size=6)
_names = st.sampled_from(["cat", "dog", " big dog ", "é"])
_clean = st.sampled_from(["1", " 20 ", "0", "-3", "4.25", "007"])
_numbers = _clean | st.sampled_from(["1e3", "1,5", "", "nan", "99999999999"])


@st.composite
def _leaves(draw: Any, pool: Sequence[tuple[str, Any]], least: int = 0) -> str:
    chosen = draw(st.lists(st.sampled_from(pool), min_size=least, max_size=6, unique_by=lambda c: c[0]))
    space = draw(st.sampled_from(["", "\n\t", " "]))
    inner = "".join(f"{space}<{name}>{draw(content)}</{name}>" for name, content in chosen)
    return f"{inner}{space}"


def _corners(content: Any, least: int) -> Any:
    return _leaves([(c, content) for c in ("xmin", "ymin", "xmax", "ymax")], least)


_fields = [("pose", _plain_text), ("truncated", _plain_text), ("difficult", st.just("1"))]
_objects = st.one_of(
    _leaves([("name", _names), *_fields, ("bndbox", _corners(_clean, 4))], 5),
    _leaves([("name", _names), *_fields, ("bndbox", _corners(_numbers, 0)), ("odd", _plain_text)]),
)
_documents = _leaves(
    [
        ("filename", _plain_text),
        ("folder", _plain_text),
        ("size", _leaves([("width", _numbers), ("height", _numbers), ("depth", _numbers)])),
        ("source", _leaves([("database", _plain_text), ("annotation", _plain_text)])),
        ("segmented", _numbers),
        ("extra", _plain_text),
    ]
)


@settings(max_examples=300, deadline=None)
@given(_documents, st.lists(_objects, max_size=3))
def test_the_plain_grammar_says_what_the_parser_says(head: str, objects: list[str]) -> None:
    text = "<annotation>" + head + "".join(f"<object>{inner}</object>" for inner in objects) + "</annotation>"
    found = plain(text)
    if found is not None:
        parsed = tree(text)
        assert found[:6] == parsed[:6]
        assert parsed.unknown == []


def test_usual_files_are_plain() -> None:
    full = annotation(
        "<object><name>cat</name><pose>Left</pose><truncated>0</truncated><occluded>0</occluded>"
        f"<difficult>0</difficult>\n{BOX}</object>",
        source=GENUINE,
    ).replace("<annotation>", '<annotation verified="yes">', 1)
    found = plain(full)
    assert found is not None
    assert found.rows == [("cat", "Left", "0", "0", "0", "10", "20", "30", "40")]
    assert found.database == "The VOC2007 Database"


@pytest.mark.parametrize(
    "odd",
    [
        CAT.replace("cat", "a&amp;b"),
        CAT.replace("<name>", "<name lang='en'>"),
        CAT.replace(BOX, BOX + BOX),
        CAT.replace("cat", "c<!-- -->at"),
        CAT + "text",
        "<other>1</other>",
        CAT.replace("</object>", "<part/></object>"),
        CAT.replace("cat", "c\x01t"),
        CAT[:-1],
    ],
)
def test_anything_odd_is_not_plain(odd: str) -> None:
    assert plain(annotation(odd)) is None


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e8, max_value=1e8))
def test_numbers_keep_their_value(value: float) -> None:
    assert number(repr(value)) == value


# -------------------------------------------------------------------------------------------------------- mutations


def _mutated(data: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(6)
    at = rng.randrange(len(data))
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    if kind == 2:
        end = min(len(data), at + rng.randrange(1, 60))
        return data[:at] + data[end:]
    if kind == 3:
        return (
            data[:at] + rng.choice([b"<", b"&", b"\0", b"]]>", b"<!--", b"<object>", b"\xff\xfe", b"1e999"]) + data[at:]
        )
    if kind == 4:
        tags = [b"<name>", b"</name>", b"<bndbox>", b"<xmin>", b"<size>", b"<x1>", b"<cx>", b"<point>", b"</part>"]
        return data.replace(rng.choice(tags), rng.choice([b"", b"<a>", b"<b/>", b"<object>"]), 1)
    return data.replace(b"10", rng.choice([b"nan", b"", b"-1e308", b"9" * 400, b"0x1", b"1,5"]), rng.randrange(1, 4))


def test_a_thousand_mutations(tmp_path: Path) -> None:
    """No exception but our own, and the ledger balances; a good neighbour always converts."""
    rng = random.Random(20)
    rich = annotation(
        f"<object><name>man</name><pose>Left</pose><truncated>1</truncated>{BOX}<part><name>head</name>{BOX}</part>"
        "<actions><run>1</run></actions><attributes><attribute><name>a</name><value>10</value></attribute></attributes>"
        "</object>",
        "<object><name>ship</name><robndbox><cx>10</cx><cy>10</cy><w>10</w><h>5</h><angle>1</angle></robndbox></object>",
        "<object><name>roof</name><polygon><x1>10</x1><y1>1</y1><x2>5</x2><y2>5</y2><x3>1</x3><y3>10</y3></polygon></object>",
        "<object><name>eye</name><point><x>10</x><y>10</y></point></object>",
        source=GENUINE,
    ).encode()
    seeds = [rich, annotation(CAT, CAT.replace("cat", "dog")).encode(), png(CLASSES), png(INSTANCES)]
    for round_ in range(50):
        folder = tmp_path / str(round_)
        files: dict[str, str | bytes] = {"Annotations/zz.xml": annotation(CAT)}
        for n in range(20):
            seed = rng.choice(seeds)
            name = (
                f"Annotations/{n}.xml"
                if seed[:1] == b"<"
                else f"{rng.choice(['SegmentationClass', 'SegmentationObject'])}/{n}.png"
            )
            files[name] = _mutated(seed, rng)
        told = Options(origin=Origin.AS_IS, corners=Corners.SWAPPED, angle=Angle.RADIANS, void=Void.BORDER)
        result = Result(write(folder, files), told, ReadContext())
        assert result.item("zz.jpg").annotations


def test_mutated_lists_and_labelmaps(tmp_path: Path) -> None:
    rng = random.Random(21)
    for n in range(60):
        files: dict[str, str | bytes] = {
            "Annotations/a.xml": annotation(CAT),
            "ImageSets/Main/train.txt": _mutated(b'a\nb 10\n"c d" 1\n', rng),
            "labelmap.txt": _mutated(b"background:0,0,0::\ncat:10,0,0:tail:run\n", rng),
            "dataset_meta.json": _mutated(b'{"label_map": {"0": "background", "10": "cat"}}', rng),
            "SegmentationClass/a.png": png(CLASSES),
        }
        assert Result(write(tmp_path / str(n), files), Options(), ReadContext()).paths == ["a.jpg"]


def test_declared_options_have_help() -> None:
    assert all(f.metadata.get("help") for f in Options.__dataclass_fields__.values())
    assert len(VOC_CLASSES) == 20
