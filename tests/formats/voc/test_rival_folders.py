"""Several folders of Pascal VOC that describe the same pictures, and which of them counts."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness import lines
from small_sets import Files, Made, box, grey, jpeg, thing, voc
from to_labelbox import Settings, UsageError

OUTLINE = thing(
    "<robndbox><x_left_top>10</x_left_top><y_left_top>10</y_left_top><x_right_top>40</x_right_top><y_right_top>10"
    "</y_right_top><x_right_bottom>40</x_right_bottom><y_right_bottom>40</y_right_bottom><x_left_bottom>10</x_left_bottom>"
    "<y_left_bottom>40</y_left_bottom></robndbox>",
    "field",
)


def dior() -> dict[str, str | bytes]:
    """Horizontal and oriented boxes of the same pictures, and lists of both splits."""
    files: dict[str, str | bytes] = {"ImageSets/Main/train.txt": "1\n", "ImageSets/Main/test.txt": "2\n"}
    for n, split in ((1, "trainval"), (2, "test")):
        files[f"JPEGImages-{split}/{n}.jpg"] = jpeg(100, 50)
        files[f"Annotations/Horizontal Bounding Boxes/{n}.xml"] = voc(thing(box(1, 2, 30, 40)), filename=f"{n}.jpg")
        files[f"Annotations/Oriented Bounding Boxes/{n}.xml"] = voc(OUTLINE, filename=f"{n}.jpg")
    return files


def test_two_folders_of_annotation_files_are_asked_about(tmp_path: Path) -> None:
    expected = r'(?s)-O labels="Annotations/Horizontal Bounding Boxes" .*\n.*-O labels="Annotations/Oriented'
    with pytest.raises(UsageError, match=expected):
        Made(tmp_path, dior())


@pytest.mark.parametrize(("folder", "kind"), [("Horizontal Bounding Boxes", "bbox"), ("Oriented", "")])
def test_the_folder_that_is_named_is_read_and_the_splits_are_kept(tmp_path: Path, folder: str, kind: str) -> None:
    if not kind:
        with pytest.raises(UsageError, match="-O labels=oriented: no annotation file or mask"):
            Made(tmp_path, dior(), options={"labels": folder})
        return
    made = Made(tmp_path, dior(), options={"labels": folder}, settings=_split_metadata())
    assert all(kind in line for line in made.lines)
    assert made.codes.get("file-missing", 0) == 0
    assert made.codes.get("file-unreadable", 0) == 0
    assert made.unread == {("file", "Annotations/Oriented Bounding Boxes/*.xml"): 2}
    assert "-O labels=" in made.why("Annotations/Oriented Bounding Boxes/*.xml")
    assert _splits(made) == {"1.jpg": "train", "2.jpg": "test"}


def _split_metadata() -> Settings:
    return Settings(split_metadata="part")


def _splits(made: Made) -> dict[str, str]:
    rows = lines(made.out, "data_rows.ndjson")
    return {row["global_key"].rpartition("/")[2]: row["metadata_fields"][0]["value"] for row in rows}


def test_equal_files_of_two_folders_are_no_question(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {}
    for n in range(3):
        files[f"images/{n}.jpg"] = jpeg(100, 50)
        files[f"annotations/one/{n}.xml"] = files[f"annotations/two/{n}.xml"] = voc(
            thing(box(1, 2, 30, 40)), filename=f"{n}.jpg"
        )
    made = Made(tmp_path, files)
    assert made.report.annotations.converted == 3
    assert made.codes.get("file-unreadable", 0) == 0
    assert sum(made.unread.values()) == 3


def test_a_list_does_not_miss_a_picture_for_a_twin_that_is_refused(tmp_path: Path) -> None:
    """One file of many has a twin in another folder: it is refused, and its picture stays in the split."""
    files = dior()
    del files["Annotations/Oriented Bounding Boxes/2.xml"]
    made = Made(tmp_path, files, settings=_split_metadata())
    assert made.codes["file-unreadable"] == 1
    assert "file-missing" not in made.codes
    assert _splits(made)["1.jpg"] == "train"


def test_pictures_in_folders_of_splits_have_those_splits(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {}
    for n, split in ((1, "train"), (2, "test")):
        files[f"images/{split}/{n}.jpg"] = jpeg(100, 50)
        files[f"annotations/{n}.xml"] = voc(thing(box(1, 2, 30, 40)), filename=f"{n}.jpg")
    assert _splits(Made(tmp_path, files, settings=_split_metadata())) == {"1.jpg": "train", "2.jpg": "test"}


# ------------------------------------------------------------------------------------------------------------- masks

PERSON = np.zeros((20, 30), np.uint8)
PERSON[2:8, 3:9] = 15
PERSON[8, 3:9] = 255


@pytest.mark.parametrize("folder", ["SegmentationClassAug", "SegmentationClassRaw", "segmentationclass_aug"])
def test_masks_in_folders_of_the_usual_derivatives(tmp_path: Path, folder: str) -> None:
    made = Made(tmp_path, {"JPEGImages/a.jpg": jpeg(30, 20), f"{folder}/a.png": grey(PERSON)})
    assert [line["name"] for line in made.lines] == ["person"]


def test_masks_of_two_generations(tmp_path: Path) -> None:
    """The newer ones are read for pictures of which the older folder has none; which counts for the others is told."""
    dog = np.where(PERSON == 15, 12, PERSON)
    files: dict[str, str | bytes] = {
        "JPEGImages/a.jpg": jpeg(30, 20),
        "JPEGImages/b.jpg": jpeg(30, 20),
        "SegmentationClass/a.png": grey(PERSON),
        "SegmentationClassAug/a.png": grey(dog),
        "SegmentationClassAug/b.png": grey(dog),
    }
    made = Made(tmp_path, files)
    assert [line["name"] for line in made.lines] == ["person", "dog"]
    assert made.assumed["folder of masks"][3] == '-O labels="SegmentationClassAug"'
    assert made.unread == {("file", "SegmentationClassAug/a.png"): 1}
    newer = Made(tmp_path, files, options={"labels": "SegmentationClassAug"})
    assert [line["name"] for line in newer.lines] == ["dog", "dog"]


def test_masks_in_folders_of_their_own_kind(tmp_path: Path) -> None:
    """No pictures are in folders called so: both kinds are of the same pictures, and neither name says which counts."""
    dog = np.where(PERSON == 15, 12, PERSON)
    files: dict[str, str | bytes] = {"JPEGImages/a.jpg": jpeg(30, 20), "JPEGImages/b.jpg": jpeg(30, 20)}
    kinds = {"people": PERSON, "pets": dog}
    files |= {f"SegmentationClass/{kind}/{s}.png": grey(mask) for kind, mask in kinds.items() for s in "ab"}
    with pytest.raises(
        UsageError, match=r'(?s)-O labels="SegmentationClass/people" .*-O labels="SegmentationClass/pets"'
    ):
        Made(tmp_path, files)
    made = Made(tmp_path, files, options={"labels": "pets"})
    assert [(line["dataRow"]["globalKey"], line["name"]) for line in made.lines] == [("a.jpg", "dog"), ("b.jpg", "dog")]
    splits = {
        name.replace("people/b", "pets/b"): data
        for name, data in files.items()
        if name != "SegmentationClass/pets/b.png"
    }
    del splits["SegmentationClass/pets/a.png"]
    assert [line["name"] for line in Made(tmp_path / "apart", splits).lines] == ["person", "person"]


def test_masks_of_0_and_255_are_asked_about(tmp_path: Path) -> None:
    white = np.where(PERSON == 15, 255, 0)
    files: dict[str, str | bytes] = {
        "JPEGImages/a.jpg": jpeg(30, 20),
        "SegmentationClass/a.png": grey(white),
        "class_names.txt": "_background_\ncrack\n",
    }
    with pytest.raises(
        UsageError, match=r"(?s)these masks hold nothing else: is it crack\?.*-O void=class .*-O void=border"
    ):
        Made(tmp_path, files)
    made = Made(tmp_path, files, options={"void": "class"})
    assert [line["name"] for line in made.lines] == ["crack"]
    assert Made(tmp_path, files, options={"void": "border"}).lines == []


def test_255_that_touches_no_class_is_no_border(tmp_path: Path) -> None:
    apart = PERSON.copy()
    apart[8] = 0
    apart[15:18, 20:25] = 255
    with pytest.raises(UsageError, match="in none of 1 masks with it does it lie along a class"):
        Made(tmp_path, {"JPEGImages/a.jpg": jpeg(30, 20), "SegmentationClass/a.png": grey(apart)})


def test_255_that_mostly_lies_along_a_class_is_told(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"SegmentationClass/z.png": grey(np.where(PERSON == 15, 255, 0))}
    for n in range(2):
        files[f"SegmentationClass/{n}.png"] = grey(PERSON)
    made = Made(tmp_path, files)
    assert made.assumed["value 255 of masks"] == ("void border", 2, 1, "-O void=class")


def test_a_border_that_is_declared_is_no_question(tmp_path: Path) -> None:
    names = '{"label_map": {"0": "background", "1": "crack", "255": "void"}}'
    files: Files = {"SegmentationClass/a.png": grey(np.where(PERSON == 15, 255, 0)), "dataset_meta.json": names}
    assert Made(tmp_path, files).lines == []


def test_void_as_class_needs_one_class(tmp_path: Path) -> None:
    files = {"SegmentationClass/a.png": grey(np.where(PERSON == 15, 255, 0))}
    with pytest.raises(UsageError, match=r"not one class that 255 could be .* -O class_names=FILE"):
        Made(tmp_path, files, options={"void": "class"})


def test_many_instances_cost_their_own_pixels(tmp_path: Path) -> None:
    """4,000 objects on one mask: each is found, and right."""
    height, width = 200, 400
    values = np.zeros((height, width), np.int32)
    objects = []
    for n in range(4000):
        top, left = n // 100 * 5, n % 100 * 4
        values[top : top + 4, left : left + 3] = n + 1
        objects.append(thing(box(left, top, left + 3, top + 4), f"c{n % 3}"))
    out = io.BytesIO()
    Image.fromarray(values.astype(np.uint16)).save(out, "PNG")
    files: dict[str, str | bytes] = {
        "Annotations/a.xml": voc(*objects, size=(width, height)),
        "SegmentationObject/a.png": out.getvalue(),
    }
    made = Made(tmp_path, files)
    assert made.report.lines.by_kind["mask"] == 4000
