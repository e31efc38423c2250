"""Readings of annotation files that no file forces: asked with options that read them all, or told with one that flips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from small_sets import Made, box, jpeg, thing, voc
from to_labelbox import UsageError

GENUINE = "<source><database>The VOC2007 Database</database></source>"
OTHER = "<source><database>Unknown</database></source>"


def several(*files: str, size: tuple[int, int] = (100, 50)) -> dict[str, str | bytes]:
    made: dict[str, str | bytes] = {f"Annotations/{n}.xml": text for n, text in enumerate(files)}
    return made | {f"JPEGImages/{n}.jpg": jpeg(*size) for n in range(len(files))}


def plain(n: int, **more: Any) -> str:
    return voc(thing(box(10 + n, 20, 30 + n, 40)), filename=f"{n}.jpg", **more)


# --------------------------------------------------------------------------------------------------------------- origin


def test_files_that_name_another_database_are_not_counted_from_one(tmp_path: Path) -> None:
    files = several(*(plain(n, more=OTHER if n % 2 else GENUINE) for n in range(4)))
    made = Made(tmp_path, files)
    assert made.assumed["origin"] == ("by_file", 4, 0, "-O origin=one_based")
    assert made.boxes[:2] == [("cat", 9, 19, 21, 21), ("cat", 11, 20, 20, 20)]
    assert Made(tmp_path, files, options={"origin": "one_based"}).boxes[1] == ("cat", 10, 19, 21, 21)


def test_files_without_a_database_beside_genuine_ones_are_asked_about(tmp_path: Path) -> None:
    files = several(*(plain(n, more="" if n % 2 else GENUINE) for n in range(4)))
    with pytest.raises(UsageError, match=r"(?s)-O origin=by_file .*-O origin=one_based .*-O origin=as_is"):
        Made(tmp_path, files)
    assert Made(tmp_path, files, options={"origin": "by_file"}).boxes[1] == ("cat", 11, 20, 20, 20)


# ----------------------------------------------------------------------------------------------------------------- units


def test_boxes_of_fractions_among_pixels_are_told(tmp_path: Path) -> None:
    files = several(*(voc(thing(box(0.1, 0.2, 0.5, 0.6))) if n == 3 else plain(n) for n in range(4)))
    assert Made(tmp_path, files).assumed["unit"] == ("pixels", 3, 1, "-O unit=fractions")


def test_boxes_that_never_pass_a_hundred_on_large_pictures_are_asked_about(tmp_path: Path) -> None:
    files = several(*(voc(thing(box(10 + n, 20, 50, 60)), size=(1000, 500)) for n in range(5)), size=(1000, 500))
    with pytest.raises(UsageError, match=r"(?s)-O unit=percent .*-O unit=pixels"):
        Made(tmp_path, files)
    assert Made(tmp_path, files, options={"unit": "percent"}).boxes[0] == ("cat", 100, 100, 400, 200)
    assert Made(tmp_path, files, options={"unit": "pixels"}).boxes[0] == ("cat", 10, 20, 40, 40)


def test_a_comma_before_three_digits_is_not_guessed(tmp_path: Path) -> None:
    corners = "<bndbox><xmin>1,024</xmin><ymin>20</ymin><xmax>1,100</xmax><ymax>40</ymax></bndbox>"
    files = several(voc(thing(corners), size=(2000, 500)), size=(2000, 500))
    assert Made(tmp_path / "asked", files).codes["box-invalid"] == 1
    assert Made(tmp_path, files, options={"commas": "thousands"}).boxes == [("cat", 1024, 20, 76, 20)]
    decimal = Made(tmp_path, files, options={"commas": "decimal"})
    assert decimal.boxes[0][1] == 1.024
    plainly = several(voc(thing(corners.replace("1,100", "1,5"))))
    assert Made(tmp_path, plainly).boxes[0][1] == 1.024  # another one in the same box is decimal


# ----------------------------------------------------------------------------------------------------------- axes and outlines


def test_exchanged_axes_are_asked_about_where_pictures_have_the_size_that_is_stated(tmp_path: Path) -> None:
    files = several(*(voc(thing(box(5 + n, 60, 40, 90))) for n in range(3)))
    with pytest.raises(UsageError, match=r"picture(?s:.*)-O corners=transposed (?s:.*)--other-size stated") as asked:
        Made(tmp_path, files)
    assert "exchanged  " not in str(asked.value)
    assert Made(tmp_path, files, options={"corners": "transposed"}).boxes[0] == ("cat", 60, 5, 30, 35)
    without = {name: text for name, text in files.items() if name.endswith(".xml")}
    with pytest.raises(UsageError, match=r"(?s)--other-size exchanged .*-O corners=transposed .*--other-size stated"):
        Made(tmp_path / "without", without)


FAR = "<polygon><x1>70</x1><y1>0</y1><x2>90</x2><y2>0</y2><x3>90</x3><y3>10</y3></polygon>"
NEAR = "<polygon><x1>10</x1><y1>20</y1><x2>30</x2><y2>20</y2><x3>30</x3><y3>40</y3></polygon>"


@pytest.mark.parametrize("far", [FAR, FAR.replace("70", "0.1").replace("90", "0.3").replace("10", "0.2")])
def test_outlines_elsewhere_than_their_boxes_are_asked_about(tmp_path: Path, far: str) -> None:
    files = several(*(voc(thing(box(10, 20, 30, 40) + far)) for _ in range(3)))
    with pytest.raises(UsageError, match=r"(?s)-O outlines=ignored .*-O outlines=taken"):
        Made(tmp_path, files)
    assert Made(tmp_path, files, options={"outlines": "ignored"}).boxes[0] == ("cat", 10, 20, 20, 20)
    assert all("polygon" in line for line in Made(tmp_path, files, options={"outlines": "taken"}).lines)


def test_one_outline_elsewhere_is_told_and_none_is_not(tmp_path: Path) -> None:
    near = [voc(thing(box(10, 20, 30, 40) + NEAR)) for _ in range(3)]
    made = Made(tmp_path, several(*near, voc(thing(box(10, 20, 30, 40) + FAR))))
    assert made.assumed["outlines"] == ("taken", 3, 1, "-O outlines=ignored")
    assert "outlines" not in Made(tmp_path / "near", several(*near)).assumed


# ------------------------------------------------------------------------------------------------------------- pictures


def test_files_that_name_another_picture_than_their_stem_are_asked_about(tmp_path: Path) -> None:
    files = several(*(voc(thing(box(10 + n, 20, 30, 40)), filename=f"{(n + 1) % 4}.jpg") for n in range(4)))
    with pytest.raises(UsageError, match=r"(?s)4 of 4 files.*-O picture=filename .*-O picture=stem"):
        Made(tmp_path, files)
    by_stem = Made(tmp_path, files, options={"picture": "stem"})
    assert (by_stem.lines[0]["dataRow"]["globalKey"], by_stem.lines[0]["bbox"]["left"]) == ("0.jpg", 10)
    by_name = Made(tmp_path, files, options={"picture": "filename"})
    assert (by_name.lines[0]["dataRow"]["globalKey"], by_name.lines[0]["bbox"]["left"]) == ("1.jpg", 10)


def test_one_name_that_is_in_all_files_is_no_question(tmp_path: Path) -> None:
    files = several(*(voc(thing(box(10 + n, 20, 30, 40)), filename="0.jpg") for n in range(4)))
    assert Made(tmp_path, files).codes["field-repaired"] == 3


def test_a_file_with_name_and_size_of_another_picture_is_not_read(tmp_path: Path) -> None:
    files = several(*(plain(n) for n in range(4)))
    files |= {
        "Annotations/1.xml": voc(thing(box(1, 2, 30, 40)), filename="0.jpg", size=(80, 60)),
        "JPEGImages/0.jpg": jpeg(80, 60),
    }
    files["Annotations/0.xml"] = voc(thing(box(1, 2, 30, 40)), filename="0.jpg", size=(80, 60))
    made = Made(tmp_path, files)
    assert "its <filename> and <size> are those of JPEGImages/0.jpg" in made.message("file-unreadable")
    assert len(made.boxes) == 3
    assert len(Made(tmp_path, files, options={"picture": "stem"}).boxes) == 4


@pytest.mark.parametrize("folder", ["Annotations_old", "Annotations - Kopie", "backup"])
def test_a_second_folder_of_files_for_the_same_pictures_is_asked_about(tmp_path: Path, folder: str) -> None:
    files = several(*(plain(n) for n in range(3)))
    files |= {f"{folder}/{n}.xml": plain(n + 1) for n in range(3)}
    with pytest.raises(UsageError, match=rf'(?s)-O labels="{folder}"|-O labels="Annotations"'):
        Made(tmp_path, files)
    assert len(Made(tmp_path, files, options={"labels": "Annotations"}).boxes) == 3


def test_a_second_folder_of_equal_files_is_left_out(tmp_path: Path) -> None:
    files = several(*(plain(n) for n in range(3)))
    made = Made(tmp_path, files | {f"Annotations - Kopie/{n}.xml": plain(n) for n in range(3)})
    assert len(made.boxes) == 3
    assert made.report.assets.written == 3
    assert sum(count for (_, name), count in made.unread.items() if "Kopie" in name) == 3


def test_a_copy_of_a_file_that_names_the_picture_of_another_is_an_error(tmp_path: Path) -> None:
    files = several(*(plain(n) for n in range(3)))
    made = Made(tmp_path, files | {"Annotations/1 (1).xml": plain(1).replace("11", "12")})
    assert "describes JPEGImages/1.jpg, as Annotations/1.xml does" in made.message("file-unreadable")
    assert made.report.assets.written == 3
    equal = Made(tmp_path / "equal", files | {"Annotations/1 (1).xml": plain(1)})
    assert equal.why("Annotations/1 (1).xml") == "is a copy of Annotations/1.xml, which is read"


# ------------------------------------------------------------------------------------------------------------- elements


@pytest.mark.parametrize(
    "corners",
    [
        "<xmin>10</xmin><ymin>20</ymin><width>20</width><height>10</height>",
        "<cx>20</cx><cy>25</cy><w>20</w><h>10</h>",
        "<x_center>20</x_center><y_center>25</y_center><width>20</width><height>10</height>",
        "<x_min>10</x_min><y_min>20</y_min><x_max>30</x_max><y_max>30</y_max>",
    ],
)
def test_corners_under_other_names(tmp_path: Path, corners: str) -> None:
    assert Made(tmp_path, {"a.xml": voc(thing(f"<bndbox>{corners}</bndbox>"))}).boxes == [("cat", 10, 20, 20, 10)]


def test_flags_that_are_shares_or_degrees_are_set(tmp_path: Path) -> None:
    flags = "<truncated>0.3</truncated><occluded>2</occluded><difficult>0</difficult>"
    (line,) = Made(tmp_path, {"a.xml": voc(thing(flags + box(10, 20, 30, 40)))}).lines
    assert {c["name"] for c in line["classifications"]} == {"truncated", "occluded"}


@pytest.mark.parametrize("said", ["None", "null", "Unspecified", "nan", "Unknown"])
@pytest.mark.parametrize("field", ["pose", "description"])
def test_what_tools_write_for_nothing_is_no_answer(tmp_path: Path, said: str, field: str) -> None:
    (line,) = Made(tmp_path, {"a.xml": voc(thing(f"<{field}>{said}</{field}>" + box(10, 20, 30, 40)))}).lines
    assert "classifications" not in line


def test_a_class_under_another_name_than_name(tmp_path: Path) -> None:
    made = Made(tmp_path, {"a.xml": voc(f"<object><label>dog</label>{box(10, 20, 30, 40)}</object>")})
    assert made.boxes[0][0] == "dog"
    assert "<label> is taken for it" in made.message("field-repaired")


def test_of_several_names_the_last_is_read_and_told(tmp_path: Path) -> None:
    made = Made(tmp_path, {"a.xml": voc(thing("<name>dog</name>" + box(10, 20, 30, 40)))})
    assert made.boxes[0][0] == "dog"
    assert made.message("field-ignored") == "of several <name> the last is read"
