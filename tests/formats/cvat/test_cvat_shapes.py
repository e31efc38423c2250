"""CVAT exports for images: shapes, attributes, labels, paths, containers, and files that are broken: shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builders.cvat import BOX, LABELS
from cvat_files import (
    accounted,
    annotations_of,
    attribute,
    counts,
    export,
    image,
    items_of,
    label,
    objects_of,
    open_text,
    task,
)
from to_labelbox.geometry.raster import mask_array
from to_labelbox.geometry.vector import rotated_corners
from to_labelbox.model.items import (
    Attribute,
    Box,
    Choice,
    Classification,
    Cuboid,
    Ellipse,
    Keypoint,
    Keypoints,
    Mask,
    Object,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
)
from to_labelbox.model.schema import Input, Kind, Option, Question


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (BOX, Box(10.1, 20.2, 20.1, 20.2)),
        (
            '<box label="a" xtl="10" ytl="20" xbr="30" ybr="30" rotation="30.0"/>',
            RotatedBox(20, 25, 20, 10, 30),
        ),
        ('<box label="a" xtl="10" ytl="20" xbr="30" ybr="30" rotation="360"/>', Box(10, 20, 20, 10)),
        ('<polygon label="a" points="1,2;3,4;6,5"/>', Polygon((([1.0, 2.0, 3.0, 4.0, 6.0, 5.0],),))),
        ('<polygon label="a" points=" 1,2 ; 3,4;6,5; "/>', Polygon((([1.0, 2.0, 3.0, 4.0, 6.0, 5.0],),))),
        ('<polyline label="a" points="1.5,2;3,4"/>', Polyline([1.5, 2.0, 3.0, 4.0])),
        ('<points label="a" points="7.25,8"/>', Point(7.25, 8)),
        ('<ellipse label="a" cx="50" cy="40" rx="20" ry="10" rotation="15"/>', Ellipse(50, 40, 20, 10, 15)),
        (
            (
                '<cuboid label="a" xtl1="1" ytl1="2" xbl1="1" ybl1="9" xtr1="8" ytr1="2" xbr1="8" ybr1="9" '
                'xtl2="3" ytl2="1" xbl2="3" ybl2="7" xtr2="9" ytr2="1" xbr2="9" ybr2="7"/>'
            ),
            Cuboid((1, 2, 8, 2, 8, 9, 1, 9), (3, 1, 9, 1, 9, 7, 3, 7)),
        ),
    ],
)
def test_shapes(tmp_path: Path, shape: str, expected: object) -> None:
    (found,), log = objects_of(tmp_path, shape)
    assert found.geometry == expected
    assert accounted([found], log)


def test_a_rotated_box_turns_clockwise_about_its_centre(tmp_path: Path) -> None:
    (found,), _ = objects_of(tmp_path, '<box label="a" xtl="10" ytl="20" xbr="30" ybr="30" rotation="90"/>')
    assert isinstance(found.geometry, RotatedBox)
    # Upright 20 × 10 about (20, 25): after a quarter turn the top left corner is at the top right.
    assert rotated_corners(found.geometry) == [25, 15, 25, 35, 15, 35, 15, 15]


def test_masks_go_along_the_rows_of_their_rectangle(tmp_path: Path) -> None:
    (found,), _ = objects_of(tmp_path, '<mask label="a" rle="1, 2, 3" left="2" top="1" width="3" height="2"/>')
    assert isinstance(found.geometry, Mask)
    expected = np.zeros((80, 100), np.uint8)
    expected[1, 3:5] = 1
    assert (mask_array(found.geometry) == expected).all()


def test_a_mask_that_reaches_beyond_the_picture_is_cropped(tmp_path: Path) -> None:
    (found,), log = objects_of(tmp_path, '<mask label="a" rle="0, 4" left="99" top="0" width="2" height="2"/>')
    assert isinstance(found.geometry, Mask)
    assert mask_array(found.geometry).sum() == 2
    assert found.loss
    assert counts(log)["clipped"] == 1


def test_several_points_stay_together(tmp_path: Path) -> None:
    found, log = objects_of(tmp_path, '<points label="a" points="1,2;3,4" occluded="1"/>')
    assert [(o.geometry, o.source_count) for o in found] == [(Point(1, 2), 1), (Point(3, 4), 0)]
    assert found[0].attributes == (Attribute("occluded", "yes", flag=True), Attribute("instance", "0"))
    assert accounted(found, log)


def test_an_attribute_of_its_own_called_occluded_is_kept_apart_from_the_flag(tmp_path: Path) -> None:
    meta = task(label("car", attributes=attribute("occluded", "checkbox", "false\ntrue")))
    answer = '<attribute name="occluded">false</attribute>'
    found, _ = objects_of(
        tmp_path,
        f'<box label="car" occluded="1" xtl="1" ytl="2" xbr="3" ybr="4">{answer}</box>'
        f'<box label="car" occluded="0" xtl="1" ytl="2" xbr="3" ybr="5">{answer}</box>'
        '<polygon label="car" occluded="1" points="1,2;3,4;6,5"/>',
        meta,
    )
    own, flag = Attribute("occluded", Choice("false")), Attribute("occluded (flag)", "yes", flag=True)
    assert [o.attributes for o in found] == [(own, flag), (own,), (flag,)]


def test_skeletons_leave_out_what_is_outside(tmp_path: Path) -> None:
    skeleton = (
        '<skeleton label="man"><points label="head" outside="0" occluded="0" points="1,2"/>'
        '<points label="foot" outside="1" occluded="0" points="3,4"/>'
        '<points label="hand" outside="0" occluded="1" points="5,6"/></skeleton>'
    )
    (found,), _ = objects_of(tmp_path, skeleton)
    assert found.geometry == Keypoints((Keypoint("head", 1, 2), Keypoint("hand", 5, 6, True)))


def test_elements_with_attributes_are_points_with_them(tmp_path: Path) -> None:
    skeleton = (
        '<skeleton label="man"><points label="head" points="1,2"><attribute name="hat">red</attribute></points>'
        '<points label="hand" points="5,6" occluded="1"/></skeleton>'
    )
    found, log = objects_of(tmp_path, skeleton)
    instance = Attribute("instance", "0")
    assert [(o.label, o.geometry, o.attributes) for o in found] == [
        ("man/head", Point(1, 2), (instance, Attribute("hat", "red"))),
        ("man/hand", Point(5, 6), (instance, Attribute("occluded", "yes", flag=True))),
    ]
    assert accounted(found, log)


def test_tags_answer_one_question(tmp_path: Path) -> None:
    found, log = annotations_of(
        tmp_path, export(image('<tag label="night" source="manual"><attribute name="moon">true</attribute></tag>'))
    )
    night = Choice("night", (Attribute("moon", True),))
    assert found == [Classification(id="0", name="tags", value=night, location="tag[0]", ledger_label="night")]
    assert {label: tally.read for label, tally in log.ledger.items()} == {"night": 1}


def test_groups_are_dropped_or_kept(tmp_path: Path) -> None:
    shape = BOX.replace("<box", '<box group_id="7"')
    (found,), log = objects_of(tmp_path, shape)
    assert found.attributes == ()
    assert counts(log)["group-dropped"] == 1
    (kept,), log = objects_of(tmp_path, shape, groups=True)
    assert kept.attributes == (Attribute("group", "7"),)
    assert "group-dropped" not in counts(log)


def test_the_schema_holds_everything_that_is_declared(tmp_path: Path) -> None:
    dataset, _ = open_text(tmp_path, export(image(BOX), task(LABELS)))
    schema = dataset.schema
    assert [(found.name, found.kinds) for found in schema.labels] == [
        ("car", (Kind.BOX,)),
        ("unused", (Kind.POLYGON,)),
        ("man/head", (Kind.POINT,)),
        ("open", ()),
    ]
    assert schema.labels[0].color == "#ff0000"
    yes_no = (Option("true"), Option("false"))
    assert schema.labels[0].attributes == (
        Question("brand", Input.RADIO, (Option("vw"), Option("bmw"))),
        Question("side", Input.RADIO, (Option("left"), Option("right"))),
        Question("parked", Input.RADIO, yes_no),
        Question("doors", Input.TEXT),
        Question("plate", Input.TEXT),
    )
    assert [q.name for q in schema.labels[2].attributes] == ["pose", "hat"]
    assert schema.questions == (
        Question("tags", None, (Option("night", "", (Question("moon", Input.RADIO, yes_no),)),), classes=True),
    )


def test_answers_of_every_input_type(tmp_path: Path) -> None:
    given = {"brand": "bmw", "side": " left ", "parked": "True", "doors": "3", "plate": " A 1\nB ", "odd": "x"}
    inside = "".join(f'<attribute name="{k}">{v}</attribute>' for k, v in given.items())
    shape = BOX.replace("/>", f">{inside}<attribute name='plate2'/></box>")
    (found,), log = objects_of(tmp_path, shape, task(LABELS))
    assert found.attributes == (
        Attribute("brand", Choice("bmw")),
        Attribute("side", Choice("left")),
        Attribute("parked", Choice("true")),
        Attribute("doors", "3"),
        Attribute("plate", " A 1\nB "),
        Attribute("odd", "x"),
    )
    assert counts(log)["attribute-unknown"] == 1


def test_values_between_blanks(tmp_path: Path) -> None:
    single = attribute("size", "select", "very big")
    several = attribute("tone", "select", "red blue")
    text = export(
        image(BOX.replace("/>", '><attribute name="size">very big</attribute></box>')),
        task(label("car", attributes=single + several)),
    )
    dataset, _ = open_text(tmp_path, text)
    options = {q.name: [o.value for o in q.options] for q in dataset.schema.labels[0].attributes}
    assert options == {"size": ["very big"], "tone": ["red", "blue"]}


def test_attributes_as_they_were_declared_until_2019(tmp_path: Path) -> None:
    lines = [
        "@select=model:a,b c,d",
        "~checkbox=parked:false",
        "@number=age:1,100,1",
        "~text=plate:",
        "~radio=view:left,right",
    ]
    specs = "".join(f"<attribute>{line}</attribute>" for line in lines)
    meta = f"<task><source>2 images: a.jpg, b.jpg</source><labels>{label('car', attributes=specs)}</labels></task>"
    given = {"model": "b c", "parked": "True", "age": "7", "plate": "X 1", "view": "left"}
    inside = "".join(f'<attribute name="{name}">{text}</attribute>' for name, text in given.items())
    dataset, log = open_text(tmp_path, export(image(BOX.replace("/>", f">{inside}</box>")), meta))
    assert dataset.schema.labels[0].attributes == (
        Question("model", Input.RADIO, (Option("a"), Option("b c"), Option("d"))),
        Question("parked", Input.RADIO, (Option("true"), Option("false")), index=True),
        Question("age", Input.TEXT),
        Question("plate", Input.TEXT, index=True),
        Question("view", Input.RADIO, (Option("left"), Option("right")), index=True),
    )
    (item,), log = items_of(dataset)
    (found,) = item.annotations
    assert isinstance(found, Object)
    assert [(a.name, a.value) for a in found.attributes] == [
        ("model", Choice("b c")),
        ("parked", Choice("true")),
        ("age", "7"),
        ("plate", "X 1"),
        ("view", Choice("left")),
    ]
    assert set(counts(log)) == {"exif-unchecked"}


def test_without_meta_attributes_are_taken_as_they_come(tmp_path: Path) -> None:
    inside = '<attribute name="a">true</attribute><attribute name="b">two words</attribute>'
    (found,), log = objects_of(tmp_path, BOX.replace("/>", f">{inside}</box>"))
    assert found.attributes == (Attribute("a", True), Attribute("b", "two words"))
    assert counts(log)["decision"] == 1


def test_an_undeclared_label_is_added_with_a_word(tmp_path: Path) -> None:
    (found,), log = objects_of(tmp_path, BOX, task(label("bus")))
    assert found.label == "car"
    assert counts(log)["class-unknown"] == 1
