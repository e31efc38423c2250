"""One tool a class: which kind it is, what every shape becomes, and what cannot be asked for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import Case, Convert, annotation, cases, check_output, coco, contents, item, ontology, pixels, save
from to_labelbox import ClassMap, ClassRule, UsageError
from to_labelbox.geometry.raster import rasterise
from to_labelbox.model.items import (
    Asset,
    Box,
    Item,
    Keyframe,
    Keypoint,
    Keypoints,
    Media,
    Object,
    Point,
    Polygon,
    Track,
)
from to_labelbox.model.schema import Policy

AREAS = {"rectangle", "polygon", "raster-segmentation"}
FREE = [c for c in cases() if "ontology" not in c.given]
RING = [10, 10, 30, 10, 30, 30]
OUTLINE = Polygon(((RING,),))


def areal(out: Path) -> Counter[str]:
    """How many tools for areas each class has."""
    tools = [t for t in ontology(out)["tools"] if t["tool"] in AREAS]
    return Counter(t["name"].removesuffix(" (box)").removesuffix(" (polygon)").removesuffix(" (mask)") for t in tools)


def decisions(report: to_labelbox.Report) -> list[str]:
    return [e.message for d in report.diagnostics if d.code == "decision" for e in d.examples]


def told(report: to_labelbox.Report) -> list[str]:
    return [text for text in decisions(report) if ": one tool, " in text]


def box(n: int) -> Object:
    return Object(id=f"b{n}", label="car", geometry=Box(5, 5, 10, 10))


def ring(n: int) -> Object:
    return Object(id=f"p{n}", label="car", geometry=OUTLINE)


def mask(n: int) -> Object:
    return Object(id=f"m{n}", label="car", geometry=rasterise(OUTLINE, 100, 80))


# ---------------------------------------------------------------------------------------------------------- laws


@pytest.mark.parametrize("case", FREE, ids=lambda c: c.id)
def test_each_class_has_one_tool_and_nothing_more_is_skipped(case: Case, tmp_path: Path) -> None:
    plain, made = case.convert(tmp_path / "plain"), case.convert(tmp_path / "one", one_tool=True)
    check_output(tmp_path / "one", made)
    assert made.annotations.skipped == plain.annotations.skipped
    assert not any("--one-tool" in text for text in decisions(made))
    if made.outputs:
        assert set(areal(tmp_path / "one").values()) <= {1}
    several = [text for text in decisions(plain) if "--one-tool makes it one" in text]
    assert len(several) == len(told(made))
    if not several:
        assert contents(tmp_path / "plain") == contents(tmp_path / "one")


def test_many_cases_have_classes_of_several_kinds() -> None:
    reports = [case.convert(None) for case in FREE]
    assert sum(any("--one-tool" in text for text in decisions(report)) for report in reports) >= 20


@pytest.mark.parametrize("name", ["coco/demo", "cvat/shapes", "cvat/tracks", "voc/masks-palette"])
def test_workers_write_the_same(name: str, tmp_path: Path) -> None:
    (case,) = (c for c in FREE if c.id == name)
    case.convert(tmp_path / "one", one_tool=True)
    case.convert(tmp_path / "two", one_tool=True, workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


# ---------------------------------------------------------------------------------------------------- which kind


@pytest.mark.parametrize(
    ("shapes", "given", "tool", "why"),
    [
        ([box(1), box(2), ring(1)], {}, "rectangle", "box (2), polygon (1): one tool, box, the most frequent"),
        ([box(1), ring(1), ring(2)], {}, "polygon", "box (1), polygon (2): one tool, polygon, the most frequent"),
        ([box(1), mask(1), mask(2)], {}, "raster-segmentation", "box (1), mask (2): one tool, mask, the most frequent"),
        ([box(1), ring(1)], {}, "polygon", "box (1), polygon (1): one tool, polygon, as frequent as another, and"),
        ([ring(1), mask(1)], {}, "raster-segmentation", "polygon (1), mask (1): one tool, mask, as frequent as"),
        ([box(1), box(2), ring(1)], {"geometry": "mask"}, "raster-segmentation", "one tool, mask, as the geometry"),
        ([box(1), box(2), mask(1)], {"geometry": "polygon"}, "polygon", "one tool, polygon, as the geometry asked for"),
        ([box(1), box(2), ring(1)], {"geometry": "bbox"}, "rectangle", None),
    ],
)
def test_the_kind_is_that_of_most(
    convert: Convert, shapes: list[Object], given: dict[str, Any], tool: str, why: str | None
) -> None:
    made = convert.items([item(*shapes)], one_tool=True, **given)
    assert made.tools == {"car": tool}
    assert [why in text for text in told(made.report) if why] == ([] if why is None else [True])


def test_a_mask_is_no_choice_where_a_size_is_unknown(convert: Convert) -> None:
    unsized = item(box(9), path="2.jpg", width=None, height=None)
    made = convert.items([item(box(1), mask(1), mask(2), mask(3)), unsized], one_tool=True)
    assert made.tools == {"car": "rectangle"}
    assert made.tally("car") == (5, 2, 3, 0, 0)
    assert "the most frequent that all assets take" in told(made.report)[0]


def test_on_a_video_it_is_the_box(convert: Convert) -> None:
    keys = Keyframe(0, OUTLINE), Keyframe(3, OUTLINE)
    outlines = [Track(id=f"t{n}", label="car", segments=(keys,)) for n in range(2)]
    boxes = Track(id="b", label="car", segments=((Keyframe(0, Box(1, 1, 5, 5)), Keyframe(4, Box(2, 2, 5, 5))),))
    asset = Asset(path="a.mp4", media=Media.VIDEO, width=100, height=80, frames=10)
    film = Item(asset=asset, annotations=(*outlines, boxes))
    assert convert.items([film]).tools == {"car (box)": "rectangle", "car (mask)": "raster-segmentation"}
    made = convert.items([film], one_tool=True)
    assert made.tools == {"car": "rectangle"}
    assert made.tally("car") == (3, 1, 2, 0, 0)


# ------------------------------------------------------------------------------------------- what a shape becomes


def test_a_box_becomes_its_four_corners_and_nothing_is_lost(convert: Convert) -> None:
    made = convert.items([item(box(1), ring(1), ring(2))], one_tool=True)
    corners = [(5, 5), (15, 5), (15, 15), (5, 15)]
    assert [(p["x"], p["y"]) for p in made.lines[0]["polygon"]] == corners
    assert made.tally("car") == (3, 3, 0, 0, 0)


def test_a_box_becomes_its_pixels_and_less_than_one_is_told(convert: Convert) -> None:
    odd = Object(id="odd", label="car", geometry=Box(5.3, 5, 10, 10))
    made = convert.items([item(box(1), odd, mask(1), mask(2), mask(3))], one_tool=True)
    drawn = pixels(made.lines[0]["mask"]["png"])
    assert (drawn[5:15, 5:15] != 0).all()
    assert (drawn != 0).sum() == 100
    assert made.tally("car") == (5, 4, 1, 0, 0)
    assert made.codes["geometry-forced"] == 1


def test_a_box_without_a_pixel_leaves_its_keypoints(convert: Convert) -> None:
    nose = Keypoints((Keypoint("nose", 20, 20),))
    tiny = Object(id="tiny", label="car", geometry=Box(5.1, 5.1, 0.2, 0.2), keypoints=nose)
    made = convert.items([item(tiny, mask(1), mask(2))], one_tool=True)
    assert made.tally("car") == (3, 2, 1, 0, 0)
    assert made.codes["mask-empty"] == 1


def test_a_mask_becomes_its_contours_and_counts_as_approximated(convert: Convert) -> None:
    made = convert.items([item(mask(1), ring(1), ring(2))], one_tool=True)
    assert made.tools == {"car": "polygon"}
    assert made.tally("car") == (3, 2, 1, 0, 0)


def test_what_is_no_area_keeps_its_tool(convert: Convert) -> None:
    point = Object(id="x", label="car", geometry=Point(3, 3))
    made = convert.items([item(box(1), ring(1), point)], one_tool=True)
    assert made.tools == {"car (polygon)": "polygon", "car (point)": "point"}
    assert "'car' occurs as polygon, point: one tool each, named by kind" in decisions(made.report)


# ------------------------------------------------------------------------------------------------------ class map

TWO = [{"id": 1, "name": "car"}, {"id": 2, "name": "tree"}]


def mixed() -> dict[str, Any]:
    """A box and an outline of a car, and the same of a tree."""
    shapes: list[dict[str, Any]] = [{"bbox": [1, 1, 9, 9]}, {"segmentation": [RING], "bbox": [10, 10, 20, 20]}]
    return coco([annotation(2 * c + n, category_id=c, **s) for c in (1, 2) for n, s in enumerate(shapes)], None, TWO)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("map.yaml", "classes:\n  car: {name: vehicle, geometry: majority}\n"),
        ("map.csv", "source,target,geometry\ncar,vehicle,majority\n"),
    ],
)
def test_a_class_map_asks_for_it_for_one_class(convert: Convert, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    made = convert(mixed(), class_map=tmp_path / name)
    assert made.tools == {"vehicle": "polygon", "tree (box)": "rectangle", "tree (polygon)": "polygon"}
    assert [text for text in decisions(made.report) if "tree" in text] == [
        "'tree' occurs as box, polygon: one tool each, named by kind (--one-tool makes it one)"
    ]


def test_a_kind_in_the_class_map_beats_the_majority(convert: Convert) -> None:
    rules = ClassMap({"car": ClassRule(geometry=Policy.MASK), "tree": ClassRule(name="car")})
    made = convert(mixed(), class_map=rules, one_tool=True)
    assert made.tools == {"car": "raster-segmentation"}


def test_csv_gives_two_answers_with_one_geometry(tmp_path: Path) -> None:
    head = "source,geometry,attribute,value\n"
    (tmp_path / "map.csv").write_text(f"{head}car,majority,a,1\ncar,majority,b,2\n")
    rules = to_labelbox.read_class_map(tmp_path / "map.csv")
    assert rules.classes["car"].answers == (("a", "1"), ("b", "2"))
    assert rules.classes["car"].one_tool
    (tmp_path / "bad.csv").write_text(f"{head}car,majority,a,1\ncar,bbox,b,2\n")
    with pytest.raises(UsageError, match="twice"):
        to_labelbox.read_class_map(tmp_path / "bad.csv")


# ------------------------------------------------------------------------------------------------------- refusals


KINDS = {"polygon": "polygon", "mask": "raster-segmentation", "box": "rectangle"}


def existing(path: Path, *kinds: str) -> Path:
    """An ontology whose car has a tool of each of these kinds."""
    tools = [{"tool": KINDS[k], "name": f"car ({k})", "classifications": []} for k in kinds]
    return save(path, {"tools": tools, "classifications": []})


@pytest.mark.parametrize(
    ("kinds", "written", "why"),
    [
        (
            ("polygon",),
            "car (polygon)",
            "the given ontology has no class of several kinds of areas, so that it decides",
        ),
        (("polygon", "mask"), "car (mask)", "polygon (2), mask (3): one tool, mask, the most frequent"),
    ],
)
def test_an_existing_ontology_decides_as_far_as_it_goes(
    convert: Convert, tmp_path: Path, kinds: tuple[str, ...], written: str, why: str
) -> None:
    given = existing(tmp_path / "o.json", *kinds)
    areas = [item(box(1), ring(1), mask(1), mask(2), mask(3))]
    made = convert.items(areas, ontology=given, one_tool=True)
    assert {line["name"] for line in made.lines} == {written}
    assert len(made.lines) == 5
    assert any(why in text for text in decisions(made.report))


def test_of_kinds_that_the_ontology_lacks_none_is_taken(convert: Convert, tmp_path: Path) -> None:
    given = existing(tmp_path / "o.json", "box", "polygon", "mask")
    made = convert.items([item(box(1), box(2), ring(1))], ontology=given, one_tool=True)
    assert {line["name"] for line in made.lines} == {"car (box)"}


def test_items_that_come_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="list"):
        to_labelbox.write(iter([item(box(1))]), tmp_path / "out", settings=to_labelbox.Settings(one_tool=True))
