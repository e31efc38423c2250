"""What holds for a whole set of YOLO and no row says: told with its evidence, flipped by its option, or asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from small_sets import Files, Made, jpeg
from to_labelbox import UsageError

YAML = "train: images/train\nnames: [cat, dog, fish]\n"


def yolo(rows: str, yaml: str = YAML, size: tuple[int, int] = (100, 50)) -> dict[str, str | bytes]:
    """A set of one picture."""
    return {"data.yaml": yaml, "images/train/a.jpg": jpeg(*size), "labels/train/a.txt": rows}


# ------------------------------------------------------------------------------------------- the four numbers of a box

CORNERS = "".join(f"0 0.{n}1 0.{n}2 0.{n + 2}5 0.{n + 3}5\n" for n in range(1, 7))


def test_boxes_that_leave_as_centres_and_fit_as_corners_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"(?s)all stay on them as two corners.*-O box=corners .*\n.*-O box=center"):
        Made(tmp_path, yolo(CORNERS))
    made = Made(tmp_path, yolo(CORNERS), options={"box": "corners"})
    assert made.boxes[0][1:] == pytest.approx((11, 6, 24, 16.5))
    assert made.report.annotations.converted == 6
    assert Made(tmp_path, yolo(CORNERS), options={"box": "center"}).codes["clipped"] > 1


def test_boxes_that_fit_as_top_left_corner_and_size_are_asked_about(tmp_path: Path) -> None:
    rows = "".join(f"0 0.0{n} 0.0{n} 0.5 0.4\n" for n in range(1, 7))
    with pytest.raises(UsageError, match="-O box=top_left"):
        Made(tmp_path, yolo(rows))
    made = Made(tmp_path, yolo(rows), options={"box": "top_left"})
    assert made.boxes[0][1:] == pytest.approx((1, 0.5, 50, 20))


def test_boxes_that_leave_and_fit_no_other_way_are_an_assumption(tmp_path: Path) -> None:
    rows = "0 0.1 0.1 0.5 0.5\n1 0.9 0.9 0.5 0.5\n1 0.5 0.5 0.2 0.2\n"
    made = Made(tmp_path, yolo(rows))
    assert made.assumed["box"][:3] == ("center", 1, 2)
    assert made.assumed["box"][3].startswith("-O box=")


def test_boxes_that_stay_are_no_assumption(tmp_path: Path) -> None:
    made = Made(tmp_path, yolo("0 0.5 0.5 0.2 0.2\n1 0.05 0.5 0.11 0.2\n"))
    assert made.assumed == {}
    assert made.unread == {}


def test_pixels_are_a_question_and_their_form_too(tmp_path: Path) -> None:
    rows = "".join(f"0 {10 + n} {5 + n} {60 + n} {30 + n}\n" for n in range(6))
    with pytest.raises(UsageError, match="-O units=pixels"):
        Made(tmp_path, yolo(rows))
    with pytest.raises(UsageError, match="-O box=corners"):
        Made(tmp_path, yolo(rows), options={"units": "pixels"})
    made = Made(tmp_path, yolo(rows), options={"units": "pixels", "box": "corners"})
    assert made.boxes[0] == ("cat", 10, 5, 50, 25)


KERAS: Files = {"train/_classes.txt": "face\n", "train/a.jpg": jpeg(300, 300)}


def test_keras_lines_with_sizes_are_asked_about(tmp_path: Path) -> None:
    """Both on the flipped axis: no chance. As sizes all stay on the picture."""
    files: Files = {**KERAS, "train/_annotations.txt": "a.jpg 210,150,80,60,0 10,20,80,60,0 200,200,30,40,0\n"}
    with pytest.raises(UsageError, match=r"(?s)of 3 boxes 2 have .*-O box=top_left .*\n.*-O box=corners"):
        Made(tmp_path, files)
    with pytest.raises(UsageError, match="of 2 boxes 1 have"):
        Made(tmp_path, {**files, "train/_annotations.txt": "a.jpg 210,150,80,60,0 10,20,80,60,0\n"})
    made = Made(tmp_path, files, options={"box": "top_left"})
    assert made.boxes == [("face", 210, 150, 80, 60), ("face", 10, 20, 80, 60), ("face", 200, 200, 30, 40)]
    assert Made(tmp_path, files, options={"box": "corners"}).codes["box-invalid"] == 2


def test_one_keras_box_the_wrong_way_round_is_an_assumption(tmp_path: Path) -> None:
    boxes = "10,20,80,60,0 100,100,250,250,0 120,100,250,280,0 90,90,50,290,0"
    made = Made(tmp_path, {**KERAS, "train/_annotations.txt": f"a.jpg {boxes}\n"})
    assert made.assumed["box"] == ("corners", 3, 1, "-O box=top_left")
    assert "-O box=top_left" in made.message("box-invalid")


# ------------------------------------------------------------------------------------------------------ a sixth value

TURNED = "0 0.5 0.5 0.4 0.2 45\n1 0.5 0.5 0.4 0.2 120\n"


def test_a_sixth_value_that_is_no_confidence_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"(?s)-O angle=degrees .*-O angle=radians .*-O predictions=true"):
        Made(tmp_path, yolo(TURNED, size=(100, 100)))
    made = Made(tmp_path, yolo(TURNED, size=(100, 100)), options={"angle": "degrees"})
    assert made.report.annotations.converted == 2
    corners = [(p["x"], p["y"]) for p in made.lines[0]["polygon"][:4]]
    assert corners[0] == (pytest.approx(42.929, abs=0.001), pytest.approx(28.787, abs=0.001))
    taken = Made(tmp_path, yolo(TURNED, size=(100, 100)), options={"predictions": "true"})
    assert "no confidence" in taken.message("field-ignored")


def test_confidences_are_no_question(tmp_path: Path) -> None:
    assert Made(tmp_path, yolo("0 0.5 0.5 0.4 0.2 0.9\n0 0.5 0.5 0.1 0.2 0.8\n")).codes["prediction"] == 2


def test_an_outline_that_lacks_a_number_is_no_prediction(tmp_path: Path) -> None:
    whole = "0 0.1 0.1 0.4 0.1 0.4 0.5\n0 0.1 0.1 0.4 0.1 0.4 0.5 0.2 0.2\n0 0.2 0.1 0.4 0.1 0.4 0.5 0.2 0.2\n"
    made = Made(tmp_path, yolo(whole + "0 0.1 0.1 0.4 0.1 0.4 0.5 0.2\n"))
    assert made.codes["polygon-invalid"] == 1
    assert "prediction" not in made.codes


def test_a_lone_triangle_among_boxes_is_a_triangle(tmp_path: Path) -> None:
    made = Made(tmp_path, yolo("0 0.5 0.5 0.4 0.2\n0 0.5 0.5 0.3 0.2\n1 0.1 0.1 0.4 0.1 0.4 0.5\n"))
    assert made.report.annotations.converted == 3
    assert made.codes["rows-mixed"] == 1


# ------------------------------------------------------------------------------------------------------ ids and names


def test_ids_that_count_from_one_are_asked_about(tmp_path: Path) -> None:
    rows = "1 0.5 0.5 0.1 0.2\n2 0.5 0.5 0.2 0.2\n3 0.5 0.5 0.3 0.2\n"
    with pytest.raises(
        UsageError, match=r"(?s)class id 3 occurs and 0 never does.*-O first_class=1 .*\n.*-O first_class=0"
    ):
        Made(tmp_path, yolo(rows))
    assert [b[0] for b in Made(tmp_path, yolo(rows), options={"first_class": "1"}).boxes] == ["cat", "dog", "fish"]
    from_zero = Made(tmp_path, yolo(rows), options={"first_class": "0"})
    assert [b[0] for b in from_zero.boxes] == ["dog", "fish"]
    assert from_zero.codes["class-unknown"] == 1


def test_a_zero_anywhere_says_that_ids_count_from_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the sample does not see it."""
    monkeypatch.setattr("to_labelbox_formats.yolo.dataset.SAMPLE", 2)
    files = yolo("1 0.5 0.5 0.1 0.2\n3 0.5 0.5 0.1 0.2\n")
    for n, id in enumerate((1, 0, 2)):
        files |= {f"images/train/b{n}.jpg": jpeg(10, 10), f"labels/train/b{n}.txt": f"{id} 0.5 0.5 0.1 0.2\n"}
    assert Made(tmp_path, files).codes["class-unknown"] == 1


@pytest.mark.parametrize(
    "file", ["labels.txt", "class_names.txt", "label_list.txt", "predefined_classes.txt", "names.txt"]
)
def test_lists_of_classes_under_every_usual_name(tmp_path: Path, file: str) -> None:
    made = Made(tmp_path, {"a.jpg": jpeg(10, 10), "a.txt": "1 0.5 0.5 0.25 0.1\n", file: "cat\ndog\n"})
    assert [b[0] for b in made.boxes] == ["dog"]
    assert made.unread == {}


def test_lists_that_disagree_are_told(tmp_path: Path) -> None:
    files = yolo("1 0.5 0.5 0.25 0.1\n") | {"classes.txt": "cat\nfish\n"}
    made = Made(tmp_path, files)
    assert made.assumed["class names"] == ("data.yaml", 1, 1, "-O names=classes.txt")
    assert made.unread == {("file", "classes.txt"): 1}
    assert Made(tmp_path, files, options={"names": "classes.txt"}).boxes[0][0] == "fish"


def test_numbers_before_names_are_ids(tmp_path: Path) -> None:
    made = Made(tmp_path, {"a.jpg": jpeg(10, 10), "a.txt": "1 0.5 0.5 0.25 0.1\n", "classes.txt": "0: cat\n1: dog\n"})
    assert made.boxes[0][0] == "dog"
    assert made.assumed["class ids"][0] == "numbers before the names"
    plain = Made(tmp_path, {"a.jpg": jpeg(10, 10), "a.txt": "1 0.5 0.5 0.25 0.1\n", "classes.txt": "3 cats\n7 dogs\n"})
    assert plain.boxes[0][0] == "7 dogs"


def test_merge_keys_of_yaml(tmp_path: Path) -> None:
    yaml = "defaults: &d {names: [cat, dog], nc: 2}\nother: &o {names: [x, y], train: images/train}\n<<: [*d, *o]\n"
    assert Made(tmp_path, yolo("1 0.5 0.5 0.25 0.1\n", yaml)).boxes[0][0] == "dog"
    own = "train: images/train\nbase: &b {0: cat, 1: dog}\nnames:\n  <<: *b\n  1: fish\n"
    assert Made(tmp_path, yolo("1 0.5 0.5 0.25 0.1\n", own)).boxes[0][0] == "fish"


# ----------------------------------------------------------------------------------------------------- keypoint names

POSES = "0 0.5 0.5 0.4 0.4 0.4 0.4 2 0.6 0.6 2\n1 0.5 0.5 0.2 0.4 0.4 0.4 2 0.6 0.6 2\n"
POSE = "train: images/train\nnames: [cat, dog]\nkpt_shape: [2, 3]\nkpt_names:\n"


@pytest.mark.parametrize("names", ["  0: [nose, tail]\n  1: [n2, t2]\n", "  - [nose, tail]\n  - [n2, t2]\n"])
def test_keypoint_names_by_class(tmp_path: Path, names: str) -> None:
    made = Made(tmp_path, yolo(POSES, POSE + names))
    points = [line["name"] for line in made.lines if "point" in line]
    assert points == ["cat/nose", "cat/tail", "dog/n2", "dog/t2"]


def test_one_list_of_keypoint_names_holds_for_all_classes(tmp_path: Path) -> None:
    made = Made(tmp_path, yolo(POSES, POSE + "  0: [nose, tail]\n"))
    assert [line["name"] for line in made.lines if "point" in line][2:] == ["dog/nose", "dog/tail"]
    assert made.assumed["keypoint names"][0] == "those of class 0"
    listed = Made(tmp_path, yolo(POSES, POSE.replace("kpt_names:\n", "kpt_names: [nose, tail]\n")))
    assert [line["name"] for line in listed.lines if "point" in line][2:] == ["dog/nose", "dog/tail"]
    assert listed.assumed == {}


def test_doubled_and_empty_keypoint_names_are_numbered_and_the_rest_stay(tmp_path: Path) -> None:
    rows = "0 0.5 0.5 0.4 0.4 0.4 0.4 2 0.6 0.6 2 0.5 0.5 2 0.5 0.6 2\n"
    yaml = "train: images/train\nnames: [cat]\nkpt_shape: [4, 3]\nkpt_names: [nose, ear, ear, kp_1]\n"
    made = Made(tmp_path, yolo(rows, yaml))
    points = [line["name"] for line in made.lines if "point" in line]
    assert points == ["cat/nose", "cat/kp_1_", "cat/kp_2", "cat/kp_1"]
    assert "kp_1_, kp_2 stand for" in made.message("field-ignored")


def test_the_task_is_an_assumption_that_flips(tmp_path: Path) -> None:
    """Rows of 7 values are triangles or boxes with a confidence and a track; all others say by their length what they are."""
    box, triangle = "0 0.5 0.5 0.4 0.4\n", "0 0.1 0.1 0.5 0.1 0.5 0.5\n"
    rows = 2 * box + "0 0.2 0.2 0.3 0.3\n" + triangle
    made = Made(tmp_path, yolo(rows))
    assert made.assumed["task"] == ("detect", 3, 1, "-O task=detect")
    assert any("polygon" in line for line in made.lines)
    told = Made(tmp_path, yolo(rows), options={"task": "detect"})
    assert "task" not in told.assumed
    assert not any("polygon" in line for line in told.lines)
    four = "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n0 0.2 0.2 0.6 0.2 0.6 0.6 0.2 0.6\n"
    assert "task" not in Made(tmp_path, yolo(four)).assumed
    assert "task" not in Made(tmp_path, yolo(rows, YAML + "task: segment\n")).assumed


def test_identities_of_tracks_are_asked_about(tmp_path: Path) -> None:
    rows = "".join(f"0 {n} 0.5 0.5 0.1 0.{n}\n" for n in range(1, 7))
    with pytest.raises(UsageError, match="-O columns=class,id,x,y,w,h"):
        Made(tmp_path, yolo(rows))
    made = Made(tmp_path, yolo(rows), options={"columns": "class,id,x,y,w,h"})
    assert made.boxes[0] == ("cat", 45, 22.5, 10, 5)
    assert made.report.annotations.approximated == 6


@pytest.mark.parametrize("last", [4, 5, 8])
def test_identities_of_tracks_are_known_without_a_descriptor(tmp_path: Path, last: int) -> None:
    rows = "".join(f"0 {n} 0.5 0.5 0.1 0.{n}\n" for n in range(3, last))
    files = {name: data for name, data in yolo(rows).items() if not name.endswith(".yaml")} | {"classes.txt": "cat\n"}
    with pytest.raises(UsageError, match="-O columns=class,id,x,y,w,h"):
        Made(tmp_path, files)
    assert Made(tmp_path, files, options={"columns": "class,id,x,y,w,h"}).boxes[0][0] == "cat"


def test_the_origin_of_keras_lines_is_an_assumption_that_flips(tmp_path: Path) -> None:
    files: Files = {**KERAS, "train/_annotations.txt": "a.jpg 0,20,80,60,0 1,1,10,10,0\n"}
    made = Made(tmp_path, files)
    assert made.assumed["origin"] == ("as_is", 1, 0, "-O origin=one_based")
    flipped = Made(tmp_path, files, options={"origin": "one_based"})
    assert flipped.boxes[1] == ("face", 0, 0, 10, 10)
    assert "origin" not in flipped.assumed


def test_one_of_two_descriptors_is_an_assumption_that_flips(tmp_path: Path) -> None:
    files = yolo("1 0.5 0.5 0.25 0.1\n") | {"other.yaml": "train: images/train\nnames: [x, y]\n"}
    made = Made(tmp_path, files)
    assert made.assumed["descriptor"] == ("data.yaml", 0, 0, "-O data=other.yaml")
    assert made.unread == {("file", "other.yaml"): 1}
    assert Made(tmp_path, files, options={"data": "other.yaml"}).boxes[0][0] == "y"


def test_a_root_that_is_elsewhere_is_an_assumption(tmp_path: Path) -> None:
    made = Made(tmp_path, yolo("1 0.5 0.5 0.25 0.1\n", "path: ../datasets/x\n" + YAML))
    assert made.assumed["root of the splits"][3] == "-O root=FOLDER"


def test_turned_pictures_are_an_assumption_that_flips(tmp_path: Path) -> None:
    files = yolo("0 0.25 0.5 0.5 1\n") | {"images/train/a.jpg": jpeg(100, 50, orientation=6)}
    made = Made(tmp_path, files)
    assert made.assumed["side up of pictures"] == ("as displayed", 0, 0, "--exif ignore")
    stored = Made(tmp_path, files, exif=False)
    assert stored.boxes != made.boxes
    assert "side up of pictures" not in stored.assumed
