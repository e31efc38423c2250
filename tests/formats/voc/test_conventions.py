"""What holds for a whole set of Pascal VOC and no file says: told with its evidence, flipped by its option, or asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from small_sets import Files, Made, box, jpeg, thing, voc
from to_labelbox import SourceError, UsageError

CAT = thing(box(10, 20, 30, 40))


def turned(angle: float, cx: float = 200) -> str:
    inner = f"<cx>{cx}</cx><cy>150</cy><w>100</w><h>40</h><angle>{angle}</angle>"
    return f"<object><name>ship</name><robndbox>{inner}</robndbox></object>"


# --------------------------------------------------------------------------------------------------- the unit of angles


def test_angles_beyond_a_full_turn_are_asked_about(tmp_path: Path) -> None:
    files = {"a.xml": voc(turned(30), turned(90), turned(-45), size=(600, 400))}
    with pytest.raises(UsageError, match=r"(?s)3 of 3 angles .*-O angle=degrees .*\n.*-O angle=radians"):
        Made(tmp_path, files)
    made = Made(tmp_path, files, options={"angle": "degrees"})
    corners = [(p["x"], p["y"]) for p in made.lines[0]["polygon"]]
    expected = [(166.699, 107.679), (253.301, 157.679), (233.301, 192.321), (146.699, 142.321)]
    assert corners[:4] == [pytest.approx(corner, abs=0.001) for corner in expected]
    assert made.assumed.get("angle") is None  # what is asked for is no assumption


def test_whole_numbers_beyond_half_a_turn_are_asked_about(tmp_path: Path) -> None:
    files = {"a.xml": voc(turned(4), turned(5), size=(600, 400))}
    with pytest.raises(UsageError, match="whole numbers"):
        Made(tmp_path, files)
    assert Made(tmp_path, files, options={"angle": "radians"}).report.annotations.converted == 2


def test_radians_are_an_assumption_that_flips(tmp_path: Path) -> None:
    files = {"a.xml": voc(turned(1.5), turned(0.2, 300), size=(600, 400))}
    made = Made(tmp_path, files)
    assert made.assumed["angle"] == ("radians", 2, 0, "-O angle=degrees")
    flipped = Made(tmp_path, files, options={"angle": "degrees"})
    assert flipped.lines[0]["polygon"] != made.lines[0]["polygon"]


def test_one_angle_in_degrees_that_no_sample_saw_is_left_out(tmp_path: Path) -> None:
    """Every third of more than 4,000 files is looked at: the second is not."""
    files = {f"{n:04}.xml": voc(turned(1.5), size=(600, 400)) for n in range(4001)}
    files["0001.xml"] = voc(turned(30), size=(600, 400))
    made = Made(tmp_path, files)
    assert made.codes["box-invalid"] == 1
    assert "-O angle=degrees" in made.message("box-invalid")


# --------------------------------------------------------------------------------------------------- corners or sizes


def test_boxes_all_flipped_on_both_axes_are_asked_about(tmp_path: Path) -> None:
    sizes = [(217, 435, 61, 53), (300, 200, 40, 30), (100, 90, 50, 20)]
    files = {"a.xml": voc(*(thing(box(*values)) for values in sizes), size=None)}
    with pytest.raises(UsageError, match=r"(?s)of 3 boxes 3 .*-O corners=sizes .*\n.*-O corners=swapped"):
        Made(tmp_path, files)
    made = Made(tmp_path, files, options={"corners": "sizes"})
    assert made.boxes == [("cat", *map(float, values)) for values in sizes]


def test_a_third_flipped_where_all_fit_as_sizes_is_asked_about(tmp_path: Path) -> None:
    flipped = {f"{n}.xml": voc(thing(box(200 + n, 300, 50, 60)), size=(400, 400)) for n in range(4)}
    passed = {f"{n}.xml": voc(thing(box(20 + n, 30, 50, 60)), size=(400, 400)) for n in range(4, 12)}
    with pytest.raises(UsageError, match="all 12 stay on their pictures as width and height"):
        Made(tmp_path, flipped | passed)


def test_a_third_flipped_where_one_leaves_the_picture_as_a_size_is_put_in_order(tmp_path: Path) -> None:
    corners = [(90, 40, 60, 20), (90, 40, 60, 20), (10, 10, 30, 30), (20, 20, 40, 40), (30, 10, 80, 30)]
    files = {f"{n}.xml": voc(thing(box(*values))) for n, values in enumerate(corners)}
    made = Made(tmp_path, files)
    assert made.codes["box-flipped"] == 2
    assert made.assumed["corners"] == ("swapped", 3, 2, "-O corners=sizes")
    assert "-O corners=sizes" in made.message("box-flipped")


def test_corners_in_order_are_no_assumption(tmp_path: Path) -> None:
    assert "corners" not in Made(tmp_path, {"a.xml": voc(CAT)}).assumed


# ------------------------------------------------------------------------------------------------ which of two sizes


def test_pictures_that_were_scaled_after_labelling_are_asked_about(tmp_path: Path) -> None:
    """All corners fit <size>, most leave the picture."""
    things = [thing(box(60, 10, 90, 40)), thing(box(10, 5, 20, 15)), thing(box(40, 20, 100, 50))]
    files: Files = {"a.xml": voc(*things), "a.jpg": jpeg(50, 25)}
    with pytest.raises(UsageError, match=r"(?s)2 fit <size> alone.*--other-size scaled .*\n.*--other-size stated"):
        Made(tmp_path, files)
    made = Made(tmp_path, files, other_size="scaled")
    assert made.boxes == [("cat", 30, 5, 15, 15), ("cat", 5, 2.5, 5, 5), ("cat", 20, 10, 30, 15)]
    assert made.report.annotations.converted == 3
    assert Made(tmp_path, files, other_size="picture").codes["clipped"] == 1


def test_a_size_that_differs_is_an_assumption(tmp_path: Path) -> None:
    made = Made(tmp_path, {"a.xml": voc(CAT), "a.jpg": jpeg(300, 200)})
    assert made.assumed["size"] == ("the picture's own", 0, 0, "--other-size scaled")
    assert made.boxes == [("cat", 10, 20, 20, 20)]


def test_outlines_points_and_turned_boxes_are_scaled_too(tmp_path: Path) -> None:
    outline = "<polygon><x1>10</x1><y1>10</y1><x2>40</x2><y2>10</y2><x3>40</x3><y3>40</y3></polygon>"
    point = "<object><name>eye</name><point><x>50</x><y>20</y></point></object>"
    ship = thing("<robndbox><cx>50</cx><cy>20</cy><w>20</w><h>10</h><angle>0.5</angle></robndbox>", "ship")
    files: Files = {"a.xml": voc(thing(outline), point, ship), "a.jpg": jpeg(200, 150)}
    made = {line["name"]: line for line in Made(tmp_path, files, other_size="scaled").lines}
    assert made["eye"]["point"] == {"x": 100, "y": 60}
    assert made["cat"]["polygon"][:3] == [{"x": 20, "y": 30}, {"x": 80, "y": 30}, {"x": 80, "y": 120}]
    xs = [p["x"] for p in made["ship"]["polygon"][:4]]
    ys = [p["y"] for p in made["ship"]["polygon"][:4]]
    assert sum(xs) / 4 == pytest.approx(100)
    assert sum(ys) / 4 == pytest.approx(60)


# ------------------------------------------------------------------------------------------------------------- others


def test_the_origin_is_an_assumption_that_flips(tmp_path: Path) -> None:
    made = Made(tmp_path, {"a.xml": voc(CAT), "b.xml": voc(thing(box(0, 20, 30, 40)), filename="b.jpg")})
    assert made.assumed["origin"] == ("as_is", 1, 0, "-O origin=one_based")
    one = Made(tmp_path, {"a.xml": voc(CAT)}, options={"origin": "one_based"})
    assert one.boxes[0] == ("cat", 9, 19, 21, 21)
    assert "origin" not in one.assumed


def test_the_origin_of_the_challenge_states_what_speaks_for_it(tmp_path: Path) -> None:
    genuine = "<source><database>The VOC2007 Database</database></source>"
    made = Made(tmp_path, {"a.xml": voc(CAT, more=genuine), "b.xml": voc(CAT, filename="b.jpg", more=genuine)})
    assert made.assumed["origin"] == ("one_based", 2, 0, "-O origin=as_is")


def test_fractions_are_a_question(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"(?s)-O unit=fractions .*\n.*-O unit=pixels"):
        Made(tmp_path, {"a.xml": voc(thing(box(0.1, 0.2, 0.5, 0.6)))})


def test_the_order_of_classes_is_told_where_nothing_lists_them(tmp_path: Path) -> None:
    files = {"a.xml": voc(CAT, thing(box(1, 2, 3, 4), "apple"))}
    assert Made(tmp_path, files).assumed["class order"][0] == "as first met"
    assert "class order" not in Made(tmp_path, {**files, "labelmap.txt": "apple:1,0,0::\ncat:2,0,0::\n"}).assumed


def test_boxes_without_any_size_are_warned_about(tmp_path: Path) -> None:
    made = Made(tmp_path, {"Annotations/a.xml": voc(CAT, size=None), "Annotations/b.xml": voc(CAT, filename="b.jpg")})
    assert made.codes["image-size-unknown"] == 1
    assert re.search("neither <size> nor a picture .* --sizes FILE", made.message("image-size-unknown"))


def test_pictures_without_any_label_are_no_quiet_success(tmp_path: Path) -> None:
    made = Made(tmp_path, {"JPEGImages/a.jpg": jpeg(9, 9), "ImageSets/Main/train.txt": "a\n"}, format="voc")
    assert "without a label" in made.message("file-missing")


# ---------------------------------------------------------------------------------------------- as other tools write it


def test_sizes_the_wrong_way_round_are_asked_about(tmp_path: Path) -> None:
    """As VATIC wrote them, with the picture at hand or not."""
    files: dict[str, str | bytes] = {
        f"{n}.xml": voc(thing(box(20 + n * 100, 100, 60 + n * 100, 200)), filename=f"{n}.jpg", size=(480, 640))
        for n in range(6)
    }
    for n in (6, 7):
        files[f"{n}.xml"] = voc(thing(box(500, 10, 600, 90)), filename=f"{n}.jpg", size=(480, 640))
    with pytest.raises(UsageError, match=r"3 of 8 labels[^-]*--other-size exchanged"):
        Made(tmp_path, files)
    for answer in ({"other_size": "exchanged"}, {"options": {"sides": "swapped"}}):
        assert Made(tmp_path, files, **answer).report.annotations.converted == 8
    stated = Made(tmp_path, files, options={"sides": "as_stated"})
    assert stated.report.annotations.skipped == 3
    pictures = Made(tmp_path / "more", files | {f"{n}.jpg": jpeg(640, 480) for n in range(8)})
    assert pictures.assumed["sides of <size>"] == ("swapped", 3, 0, "-O sides=as_stated")
    assert pictures.report.annotations.converted == 8


def test_a_centre_with_width_and_height_is_asked_about(tmp_path: Path) -> None:
    """Some leave the picture from a corner, none does around a centre."""
    files = {
        f"{n}.xml": voc(thing(box(40 + 60 * n, 150, 60, 90)), filename=f"{n}.jpg", size=(400, 200)) for n in range(6)
    }
    with pytest.raises(UsageError, match=r"(?s)around a centre only.*-O corners=centres .*-O corners=swapped"):
        Made(tmp_path, files)
    made = Made(tmp_path, files, options={"corners": "centres"})
    assert [found[1:] for found in made.boxes] == [(10 + 60 * n, 105, 60, 90) for n in range(6)]
    made = Made(tmp_path / "from-1", files, options={"corners": "centres", "origin": "one_based"})
    assert [found[1:] for found in made.boxes] == [(9 + 60 * n, 104, 60, 90) for n in range(6)]


def test_a_lost_edge_is_no_box(tmp_path: Path) -> None:
    """An old version of VoTT wrote xmin for ymax."""
    files = {f"{n}.xml": voc(thing(box(100 + n * 10, 200, 150 + n * 10, 100 + n * 10))) for n in range(6)}
    with pytest.raises(SourceError, match="ymax is the same as xmin"):
        Made(tmp_path, files)


@pytest.mark.parametrize(
    ("names", "last"),
    [
        ("x y w h", (30, 40)),
        ("x y width height", (30, 40)),
        ("left top right bottom", (40, 60)),
        ("x1 y1 x2 y2", (40, 60)),
    ],
)
def test_corners_called_otherwise(tmp_path: Path, names: str, last: tuple[int, int]) -> None:
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in zip(names.split(), (10, 20, *last)))
    made = Made(tmp_path, {"a.xml": voc(thing(f"<bndbox>{fields}</bndbox>"), size=(100, 80))})
    assert made.boxes == [("cat", 10, 20, 30, 40)]
    assert made.codes.get("field-ignored", 0) == 0


def test_four_named_corners_stay_an_outline(tmp_path: Path) -> None:
    places = ((1, 1), (9, 1), (9, 9), (1, 9))
    fields = "".join(f"<x{n}>{x}</x{n}><y{n}>{y}</y{n}>" for n, (x, y) in enumerate(places, 1))
    made = Made(tmp_path, {"a.xml": voc(thing(f"<bndbox>{fields}</bndbox>"))})
    assert "polygon" in made.lines[0]


def test_a_path_in_filename_tells_which_of_several_pictures(tmp_path: Path) -> None:
    """KAIST has each picture in visible and in infrared light."""
    files: dict[str, str | bytes] = {
        "xml/set00/V000/I0.xml": voc(CAT, filename="set00/V000/visible/I0"),
        "pictures/set00/V000/visible/I0.jpg": jpeg(100, 50),
        "pictures/set00/V000/lwir/I0.jpg": jpeg(100, 50),
    }
    made = Made(tmp_path, files)
    assert made.lines[0]["dataRow"]["globalKey"].endswith("visible/I0.jpg")
    assert "asset-unknown" not in made.codes
