"""Class names, lists and folders that are written in other ways than YOLO's programs do: read, told, or asked about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from small_sets import Made, jpeg, write
from to_labelbox import SourceError, UsageError

ROWS = "1 0.5 0.5 0.1 0.1\n"
CAT = ("cat", 45, 22.5, 10, 5)


def listed(names: str, rows: str = ROWS) -> dict[str, str | bytes]:
    return {"images/a.jpg": jpeg(100, 50), "labels/a.txt": rows, "classes.txt": names}


def yaml(names: str, rows: str = ROWS) -> dict[str, str | bytes]:
    return {"data.yaml": f"train: images\nnames: {names}\n", "images/a.jpg": jpeg(100, 50), "labels/a.txt": rows}


@pytest.mark.parametrize(
    "files",
    [
        yaml("['0: dog', '1: cat']"),
        yaml("['1 cat', '2 dog']"),
        yaml("[{id: 0, name: dog}, {id: 1, name: cat}]"),
        listed("1 cat\n2 dog\n"),
        listed("cat 1\ndog 0\n"),
        listed("cat = 1\ndog = 2\n"),
        listed("dog, cat\n"),
        listed("# of the farm\ndog\ncat\n"),
    ],
)
def test_names_with_their_ids(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    made = Made(tmp_path, files)
    assert made.boxes == [CAT]
    assert ("class ids" in made.assumed) == (
        files.get("data.yaml") != yaml("[{id: 0, name: dog}, {id: 1, name: cat}]")["data.yaml"]
    )


@pytest.mark.parametrize("names", ["player 0\nplayer 1\n", "3 cats\n7 dogs\n", "1 euro\n2 euro\n", "#1\n#2\n"])
def test_numbers_that_are_parts_of_names(tmp_path: Path, names: str) -> None:
    made = Made(tmp_path, listed(names))
    assert made.boxes[0][0] == names.splitlines()[1]
    assert made.assumed == {}


# ----------------------------------------------------------------------------------------------------- ids of one split


def test_ids_that_count_from_one_in_one_split_are_asked_about(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "data.yaml": "train: images/train\nval: images/val\nnames: [cat, dog, fish]\n",
        "images/train/a.jpg": jpeg(100, 50),
        "labels/train/a.txt": "0 0.5 0.5 0.1 0.1\n2 0.5 0.5 0.1 0.2\n",
        "images/val/b.jpg": jpeg(100, 50),
        "labels/val/b.txt": "1 0.5 0.5 0.1 0.1\n3 0.5 0.5 0.1 0.2\n",
    }
    with pytest.raises(UsageError, match=r"in split 'val' class id 3 occurs and 0 never does(?s:.*)-O first_class=0 "):
        Made(tmp_path, files)
    assert Made(tmp_path, files, options={"first_class": "0"}).codes["class-unknown"] == 1


def test_names_from_one_with_ids_from_zero_are_asked_about(tmp_path: Path) -> None:
    files = yaml("{1: cat, 2: dog}", "0 0.5 0.5 0.1 0.1\n1 0.5 0.5 0.2 0.1\n")
    with pytest.raises(UsageError, match=r"(?s)-O first_class=0  0 is 'cat', 1 is 'dog'.*-O first_class=1"):
        Made(tmp_path, files)
    assert [b[0] for b in Made(tmp_path, files, options={"first_class": "0"}).boxes] == ["cat", "dog"]
    from_one = Made(tmp_path, files, options={"first_class": "1"})
    assert [b[0] for b in from_one.boxes] == ["cat"]
    assert from_one.codes["class-unknown"] == 1
    right = yaml("{1: cat, 2: dog}", "1 0.5 0.5 0.1 0.1\n2 0.5 0.5 0.2 0.1\n")
    assert [b[0] for b in Made(tmp_path, right).boxes] == ["cat", "dog"]


# --------------------------------------------------------------------------------------------------------- some in pixels


def test_rows_of_pixels_among_fractions_are_called_so(tmp_path: Path) -> None:
    rows = "0 0.5 0.5 0.1 0.1\n" + "".join(f"1 0.{n} 0.5 0.1 0.1\n" for n in range(1, 9))
    made = Made(tmp_path, listed("cat\ndog\n", rows + "0 50 25 10 5\n"))
    assert made.assumed["unit"] == ("fractions", 9, 1, "-O units=pixels")
    assert "box" not in made.assumed
    assert made.message("box-invalid") == "50 is no fraction of a picture: pixels, in a set of fractions?"


# ------------------------------------------------------------------------------------------------------------------ lists


@pytest.mark.parametrize("line", ["a", "a.jpg", "labels/a.txt", "images/a.jpg labels/a.txt"])
def test_lists_by_bare_names_and_by_labels(tmp_path: Path, line: str) -> None:
    files = yaml("[dog, cat]") | {"data.yaml": "train: train.txt\nnames: [dog, cat]\n", "train.txt": f"{line}\n"}
    made = Made(tmp_path, files)
    assert made.boxes == [CAT]
    assert made.report.assets.written == 1


def test_a_list_of_another_computer_means_the_picture_with_the_same_label_file(tmp_path: Path) -> None:
    files = yaml("[dog, cat]") | {
        "data.yaml": "train: train.txt\nnames: [dog, cat]\n",
        "train.txt": "/home/me/train/a.jpg\n",
    }
    made = Made(tmp_path, files)
    assert made.boxes == [CAT]
    assert made.lines[0]["dataRow"]["globalKey"] == "images/a.jpg"


def test_a_bare_name_that_two_pictures_have_is_not_guessed(tmp_path: Path) -> None:
    files = yaml("[dog, cat]") | {"data.yaml": "train: train.txt\nnames: [dog, cat]\n", "train.txt": "a\n"}
    made = Made(tmp_path, files | {"more/a.jpg": jpeg(10, 10)})
    assert "names a, which is not below the source" in made.message("file-missing")


# ---------------------------------------------------------------------------------------------- folders, links, descriptors


def test_labels_beside_a_picture_that_has_them_elsewhere_are_another_version(tmp_path: Path) -> None:
    made = Made(tmp_path, listed("dog\ncat\n") | {"images/a.txt": "0 0.2 0.2 0.1 0.1\n"})
    assert made.boxes == [CAT]
    assert made.assumed["folder of labels"][3] == '-O labels="images"'
    assert "file-missing" not in made.codes


def test_folders_that_are_links_are_named(tmp_path: Path) -> None:
    real = write(tmp_path / "real", yaml("[dog, cat]"))
    source = write(tmp_path / "source", {"data.yaml": "train: images\nnames: [dog, cat]\n"})
    for folder in ("images", "labels"):
        os.symlink(real / folder, source / folder)
    with pytest.raises(SourceError, match="images, labels: links are not followed"):
        Made(tmp_path, {})


def test_two_descriptors_are_a_question_with_options_to_copy(tmp_path: Path) -> None:
    files = yaml("[dog, cat]") | {
        "a.yaml": "train: images\nnames: [dog, cat]\n",
        "b.yml": "train: images\nnames: [x, y]\n",
    }
    del files["data.yaml"]
    with pytest.raises(UsageError, match=r'(?s)-O data="a.yaml" .*-O data="b.yml"'):
        Made(tmp_path, files)


_NOTES = (
    '{"categories": [{"id": %s, "name": "cat"}, {"id": %s, "name": "dog"}], "info": {"contributor": "Label Studio"}}'
)


@pytest.mark.parametrize("ids", [(1, 0), ('"1"', '"0"')])
def test_ids_count_and_not_the_order_of_a_list_of_the_same_names(tmp_path: Path, ids: tuple[object, object]) -> None:
    """Label Studio, where the labelling config sets the ids: rows and notes.json have them, classes.txt has no order."""
    made = Made(tmp_path, {**listed("cat\ndog\n"), "notes.json": _NOTES % ids})
    assert made.boxes == [CAT]
    assert made.assumed["class names"] == ("notes.json", 0, 2, "-O names=classes.txt")


def test_a_list_of_other_names_goes_before_ids(tmp_path: Path) -> None:
    made = Made(tmp_path, {**listed("bird\ncat\n"), "notes.json": _NOTES % (1, 0)})
    assert made.boxes == [CAT]
    made = Made(tmp_path / "other", {**listed("bird\nfox\n"), "notes.json": _NOTES % (1, 0)})
    assert [name for name, *_ in made.boxes] == ["fox"]
    assert made.assumed["class names"][3] == "-O names=notes.json"


def test_an_id_of_two_names_is_refused(tmp_path: Path) -> None:
    files = {**listed(""), "notes.json": _NOTES % (1, 1)}
    del files["classes.txt"]
    with pytest.raises(SourceError, match=r"notes\.json gives the id 1 to 'cat' and 'dog'"):
        Made(tmp_path, files)
