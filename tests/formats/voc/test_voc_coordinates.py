"""Pascal VOC: what a person would see on the picture, in every layout, and what happens to broken files: coordinates."""

from __future__ import annotations

from typing import Any

import pytest

from builders.voc import (
    BOX,
    CAT,
    GENUINE,
    annotation,
    thing,
)
from to_labelbox.model.items import (
    Attribute,
    Box,
    Keypoint,
    Keypoints,
    Point,
    Polygon,
    Relationship,
    RotatedBox,
)
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox_formats.voc.options import Options, Origin, PartNames, Unit


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


@pytest.mark.parametrize("said", ["maybe", "-1", "Unspecified"])
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
    assert [(o.id, o.location, o.geometry) for o in result.objects] == [
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


def _ending(ends: str, n: int, source: str = "") -> str:
    """A file of boxes that begin at 0 and end there, on a picture of 100 x 50."""
    inner = f"<bndbox><xmin>0</xmin><ymin>{{}}</ymin><xmax>{ends}</xmax><ymax>40</ymax></bndbox>"
    return annotation(*(f"<object><name>cat</name>{inner.format(y)}</object>" for y in range(n)), source=source)


@pytest.mark.parametrize("source", ["", GENUINE])
def test_sides_at_the_last_pixel_are_told(voc: Any, source: str) -> None:
    """They may be pixels counted from 0, or edges that a script has cut."""
    result = voc(_ending("99", 5, source))
    assert result.objects[4].geometry == Box(0, 4, 99, 36)
    (told,) = result.context.log.assumptions.values()
    assert (told.taken, told.against, told.option) == ("as_is", 5, "-O origin=zero_based")
    assert "6 sides begin at 0, 5 end at the last pixel of the picture counted from 0, and none at its edge" in told.why
    assert voc(_ending("99", 5, source), Options(origin=Origin.ZERO_BASED)).objects[4].geometry == Box(0, 4, 100, 37)


@pytest.mark.parametrize("other", ["100", "101", "97.5", "edge of the other axis"])
def test_with_sides_at_the_edge_no_pixels_are_counted_from_zero(voc: Any, other: str) -> None:
    more = _ending(other, 3) if other[0] != "e" else _ending("60", 3).replace("<ymax>40", "<ymax>50")
    result = voc({"a.xml": _ending("99", 5), "b.xml": more})
    (told,) = result.context.log.assumptions.values()
    assert (told.taken, told.against, told.option) == ("as_is", 0, "-O origin=one_based")


def test_a_pixel_counted_from_zero_is_read_alike_as_an_element(voc: Any) -> None:
    flipped = "<bndbox><xmin>7</xmin><ymin>9</ymin><xmax>7</xmax><ymax>8</ymax></bndbox>"
    result = voc({"a.xml": _ending("99", 5), "b.xml": thing(flipped)}, Options(origin=Origin.ZERO_BASED))
    assert result.objects[-1].geometry == Box(7, 8, 1, 2)
