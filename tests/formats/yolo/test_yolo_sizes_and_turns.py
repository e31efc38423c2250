"""YOLO: where the size of a picture comes from, where the picture is, and pictures that are turned."""

from __future__ import annotations

import pytest
from PIL import Image, ImageOps

from builders.yolo import GOOD, NAMES, YAML, Sandbox, corners
from to_labelbox.geometry.any_shape import envelope
from to_labelbox.model.items import Object
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.source.asset_lookup import MediaFolder


def test_sizes_from_the_context_and_from_files(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a b.txt": GOOD})
    sized = ReadContext(sizes={"images/train/a b.jpg": (200, 100)})
    assert corners(box.objects(context=sized)[0]) == (80, 30, 40, 40)
    assert box.codes()[Code.EXIF_UNCHECKED] == 1
    outside = box.root.parent / "sizes.csv"
    outside.write_text("key,width,height\na b.jpg,200,100\n")
    assert corners(box.objects(sizes=str(outside))[0]) == (80, 30, 40, 40)
    box.write({"images.meta": '"a b" 100 200\n'})
    assert corners(box.objects()[0]) == (80, 30, 40, 40)
    with pytest.raises(UsageError):
        box.open(sizes=str(box.root / "none.csv"))


def test_a_stated_size_wins_over_another_header(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD}).picture("images/train/a.png", size=(20, 10))
    context = ReadContext(sizes={"images/train/a.png": (200, 100)})
    assert corners(box.objects(context=context)[0]) == (80, 30, 40, 40)
    assert box.codes()[Code.IMAGE_SIZE_MISMATCH] == 1


@pytest.mark.parametrize("folder", ["images/train", "train", "."])
def test_pictures_below_the_media_root(box: Sandbox, folder: str) -> None:
    box.write({"set/data.yaml": YAML, "set/labels/train/a.txt": GOOD}).picture(
        f"media/{folder}/a.png", f"media/{folder}/b.png"
    )
    context = ReadContext(media=MediaFolder(str(box.root / "media")))
    items = box.items("set", context)
    prefix = "" if folder == "." else folder + "/"
    assert [(i.asset.path, i.split, len(i.annotations)) for i in items] == [
        (f"{prefix}a.png", "train", 1),
        (f"{prefix}b.png", "train", 0),
    ]


def test_a_picture_anywhere_below_the_media_root_by_its_stem(box: Sandbox) -> None:
    box.write({"set/classes.txt": "car\n", "set/labels/0a1b-x.txt": GOOD, "set/labels/twice.txt": GOOD})
    box.picture("media/upload/7/0a1b-x.png", "media/upload/7/twice.png", "media/upload/8/twice.png")
    items = box.items("set", ReadContext(media=MediaFolder(str(box.root / "media"))))
    assert [(i.asset.path, len(i.annotations)) for i in items] == [("upload/7/0a1b-x.png", 1), ("images/twice.jpg", 0)]


@pytest.mark.parametrize("folder", ["", "images/", "photos/2024/"])
def test_a_key_is_the_same_with_and_without_its_picture(box: Sandbox, folder: str) -> None:
    """Those that are not at hand are named as though they lay with those that are."""
    box.write({"set/classes.txt": "car\n", **{f"set/labels/{stem}.txt": GOOD for stem in "abc"}})
    box.picture(f"media/{folder}a.png", f"media/{folder}b.png")
    context = ReadContext(media=MediaFolder(str(box.root / "media")))
    some = [item.asset.path for item in box.items("set", context)]
    box.picture(f"media/{folder}c.png")
    context = ReadContext(media=MediaFolder(str(box.root / "media")))
    assert some == [item.asset.path for item in box.items("set", context)] == [f"{folder}{stem}.png" for stem in "abc"]


def test_pictures_found_in_two_folders_tell_a_third_its_extension_alone(box: Sandbox) -> None:
    box.write({"set/classes.txt": "car\n", **{f"set/labels/{stem}.txt": GOOD for stem in "abc"}})
    box.picture("media/x/a.png", "media/y/b.png")
    items = box.items("set", ReadContext(media=MediaFolder(str(box.root / "media"))))
    assert [item.asset.path for item in items] == ["x/a.png", "y/b.png", "images/c.png"]


def test_pictures_by_the_names_that_they_had_before_label_studio(box: Sandbox) -> None:
    stems = ("0a1b2c3d-one", "11111111__two", "22222222-same", "33333333-same")
    box.write({"set/classes.txt": "car\n", **{f"set/labels/{stem}.txt": GOOD for stem in stems}})
    box.picture("media/x/one.png", "media/y/two.png", "media/same.png")
    items = box.items("set", ReadContext(media=MediaFolder(str(box.root / "media"))))
    assert [(i.asset.path, len(i.annotations)) for i in items] == [
        ("x/one.png", 1),
        ("y/two.png", 1),
        ("images/22222222-same.jpg", 0),
        ("images/33333333-same.jpg", 0),
    ]


def test_paths_are_relative_to_a_media_root_inside_the_source(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD}).picture("images/train/a.png")
    context = ReadContext(media=MediaFolder(str(box.root / "images")))
    assert [i.asset.path for i in box.items(context=context)] == ["train/a.png"]
    context = ReadContext(media=MediaFolder(str(box.root.parent)))
    assert [i.asset.path for i in box.items(context=context)] == [f"{box.root.name}/images/train/a.png"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rows_of_turned_pictures_land_on_the_stored_pixels(box: Sandbox, orientation: int) -> None:
    """The upright picture, 60 × 40, has a white box at 12, 8 of 24 × 4 that rows speak of."""
    upright = Image.new("L", (60, 40))
    upright.paste(255, (12, 8, 36, 12))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = box.root / "images/a.png"
    path.parent.mkdir()
    stored.save(path, exif=exif)
    with Image.open(path) as image:
        assert ImageOps.exif_transpose(image).tobytes() == upright.tobytes()
    outline = "0 0.2 0.2 0.6 0.2 0.6 0.3 0.2 0.3 0.2 0.25\n"
    box.write({"labels/a.txt": "0 0.4 0.25 0.4 0.1\n" + outline, "data.yaml": "train: images\n" + NAMES})
    (item,) = box.items()
    assert (item.asset.width, item.asset.height) == stored.size
    left, top, right, bottom = stored.getbbox() or (0, 0, 0, 0)
    expected = tuple(float(v) for v in (left, top, right - left, bottom - top))
    assert corners(item.annotations[0]) == expected
    turned = item.annotations[1]
    assert isinstance(turned, Object)
    around = envelope(turned.geometry)
    assert around is not None
    assert corners(around) == expected
    assert box.codes().get(Code.EXIF_TURNED, 0) == (orientation != 1)
    (item,) = box.items(context=ReadContext(exif=False))
    assert (item.asset.width, item.asset.height) == stored.size
    found = item.annotations[0]
    assert corners(found) == tuple(
        round(v, 9) for v in (0.2 * stored.width, 0.2 * stored.height, 0.4 * stored.width, 0.1 * stored.height)
    )


# A JPEG of 100 × 60 as stored. The row is a box at 10, 20 of 30 × 10 on the upright picture (100 × 60, or 60 × 100 for 5
# to 8): where it lies on the stored one, worked out by hand for each way in which a camera can be held.
STORED_BOXES = {
    1: (10, 20, 30, 10),
    2: (60, 20, 30, 10),  # mirrored: left = 100 - (10 + 30)
    3: (60, 30, 30, 10),  # half a turn: left = 100 - 40, top = 60 - 30
    4: (10, 30, 30, 10),  # upside down: top = 60 - 30
    5: (20, 10, 10, 30),  # along the diagonal: x and y change places
    6: (20, 20, 10, 30),  # shown a quarter clockwise: left = 20, top = 60 - 40
    7: (70, 20, 10, 30),  # along the other diagonal: left = 100 - 30, top = 60 - 40
    8: (70, 10, 10, 30),  # shown a quarter counter-clockwise: left = 100 - 30, top = 10
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_jpegs_by_hand(box: Sandbox, orientation: int) -> None:
    box.picture("images/a.jpg", size=(100, 60), orientation=orientation)
    width, height = (100, 60) if orientation < 5 else (60, 100)
    row = f"0 {25 / width!r} {25 / height!r} {30 / width!r} {10 / height!r}\n"
    box.write({"labels/a.txt": row, "data.yaml": "train: images\n" + NAMES})
    (item,) = box.items()
    assert (item.asset.width, item.asset.height) == (100, 60)
    assert corners(item.annotations[0]) == STORED_BOXES[orientation]


def test_pose_of_a_turned_picture(box: Sandbox) -> None:
    box.picture("images/a.jpg", size=(100, 200), orientation=6)
    box.write(
        {"labels/a.txt": "0 0.5 0.5 0.2 0.4 0.1 0.2 2\n", "data.yaml": "train: images\nkpt_shape: [1, 3]\n" + NAMES}
    )
    (found,) = box.objects()
    # upright 200 × 100: the point 20, 20 is stored at x = 20, y = 200 - 20
    assert found.keypoints is not None
    assert [(round(p.x, 9), round(p.y, 9)) for p in found.keypoints.points] == [(20, 180)]
    assert corners(found) == (30, 80, 40, 40)
