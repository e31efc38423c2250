"""Sizes that a source states with width and height exchanged, no picture at hand: evidence is a question in all formats that state sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import to_labelbox
from builders.same_set import SAME_SETS
from harness import lines
from to_labelbox import UsageError

STATED = ["coco", "cvat", "voc"]
"""Formats whose shapes are pixels of a size that they state, 200 × 100 here."""
TALL = (10, 60, 90, 190)
"""A box of a picture of 100 × 200."""
SMALL = (10, 10, 50, 40)
OVER = (10, 60, 90, 101.9)
"""A box that goes over the edge of the picture, not by a fiftieth of the side."""


def made(format: str, folder: Path, *boxes: tuple[float, ...], painted: bool = False) -> Path:
    content = SAME_SETS[format]()
    for n, box in enumerate(boxes):
        content.picture(f"{n}.jpg")
        content.box("x", *box)
    source = content.save(folder / "in")
    for picture in source.rglob("*.jpg"):
        picture.unlink()
    for n in range(len(boxes) if painted else 0):
        for path in (folder / "media" / f"{n}.jpg", *source.rglob(f"{n}.jpg")):
            path.parent.mkdir(exist_ok=True)
            Image.new("L", (200, 100)).save(path)
    return source


def converted(source: Path, **given: Any) -> Any:
    out = source.parent / "out"
    report = to_labelbox.convert(source, out, overwrite=True, **given)
    return report, [tuple(line["bbox"][k] for k in ("left", "top", "width", "height")) for line in lines(out)]


@pytest.mark.parametrize("format", STATED)
def test_labels_that_all_fit_the_other_way_round_are_a_question(format: str, tmp_path: Path) -> None:
    source = made(format, tmp_path, *[TALL] * 3, *[SMALL] * 3)
    with pytest.raises(
        UsageError, match=r"3 of 6 labels .* beyond the size.*\n.*\n *--other-size exchanged .*(?s:.*)stated "
    ):
        converted(source)
    report, found = converted(source, other_size="exchanged")
    assert found == [(10, 60, 80, 130)] * 3 + [(10, 10, 40, 30)] * 3
    assert not report.assumptions or all("size" not in a.what for a in report.assumptions)
    assert not report.diagnostics or "clipped" not in {d.code for d in report.diagnostics}
    _, cut = converted(source, other_size="stated")
    assert cut[:3] == [(10, 60, 80, 40)] * 3


@pytest.mark.parametrize("format", STATED)
@pytest.mark.parametrize(
    "boxes",
    [
        [TALL] * 2 + [SMALL] * 3,  # too few
        [OVER] * 4,
        [TALL] * 2 + [OVER] * 4,
        [TALL] * 3 + [SMALL] * 13,  # too small a share
        [TALL] * 3 + [(110, 10, 190, 90)],  # one fits as it is alone
        [(10, 10, 190, 240)] * 4,  # beyond either
    ],
)
def test_without_evidence_nothing_is_asked(format: str, boxes: list[tuple[float, ...]], tmp_path: Path) -> None:
    converted(made(format, tmp_path, *boxes))


@pytest.mark.parametrize("format", STATED)
def test_where_pictures_have_the_stated_size_little_is_no_evidence(format: str, tmp_path: Path) -> None:
    source = made(format, tmp_path, *[(10, 60, 90, 108)] * 4, painted=True)
    assert converted(source, media_root=tmp_path / "media")[1] == [(10, 60, 80, 40)] * 4


@pytest.mark.parametrize("format", STATED)
def test_pictures_that_have_the_stated_size_refute_it(format: str, tmp_path: Path) -> None:
    source = made(format, tmp_path, *[TALL] * 4, painted=True)
    answer = {"coco": "-O boxes=yxhw", "voc": "-O corners=transposed", "cvat": ""}[format]
    if answer:
        with pytest.raises(UsageError, match=rf"which the pictures at hand have(?s:.*){answer}") as asked:
            converted(source, media_root=tmp_path / "media")
        assert "exchanged  " not in str(asked.value)
        key, _, value = answer.removeprefix("-O ").partition("=")
        assert converted(source, media_root=tmp_path / "media", options={key: value})[1] == [(60, 10, 130, 80)] * 4
    else:
        report, _ = converted(source, media_root=tmp_path / "media")
        assert report.diagnostics


@pytest.mark.parametrize("format", sorted(set(SAME_SETS) - set(STATED)))
def test_where_no_size_is_stated_the_option_is_refused(format: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="states no sizes"):
        converted(made(format, tmp_path, SMALL, painted=True), media_root=tmp_path / "media", other_size="exchanged")


@pytest.mark.parametrize("format", STATED)
def test_sizes_that_a_picture_at_hand_has_are_not_exchanged(format: str, tmp_path: Path) -> None:
    source = made(format, tmp_path, *[SMALL] * 4, painted=True)
    with pytest.raises(UsageError, match="exchanged: pictures at hand have the size that is stated"):
        converted(source, media_root=tmp_path / "media", other_size="exchanged")


@pytest.mark.parametrize("format", STATED)
def test_pictures_at_hand_that_have_neither_size_are_told_of(format: str, tmp_path: Path) -> None:
    source = made(format, tmp_path, *[SMALL, (110, 10, 140, 40)] * 2, painted=True)
    for path in tmp_path.rglob("*.jpg"):
        Image.new("L", (150, 90)).save(path)
    where = {"media_root": tmp_path / "media", "other_size": "exchanged"}
    report, found = converted(source, **where)
    assert found == [(10, 10, 40, 30), (110, 10, 30, 30)] * 2  # the second lies on 150 × 90 and not on 90 × 150
    assert {d.code: d.count for d in report.diagnostics}["image-unlike"] == 4


@pytest.mark.parametrize("format", STATED)
def test_sizes_that_labels_confirm_are_not_exchanged(format: str, tmp_path: Path) -> None:
    source = made(format, tmp_path, *[TALL] * 3, (110, 10, 190, 90), SMALL)
    report, found = converted(source, other_size="exchanged")
    assert found == [(10, 60, 80, 130)] * 3 + [(110, 10, 80, 80), (10, 10, 40, 30)]
    told = next(d for d in report.diagnostics if d.code == "image-size-mismatch")
    assert (told.count, told.examples[0].file.rpartition("/")[2]) == (1, "3.jpg")
    assert told.examples[0].message == "its size 200 × 100 is not exchanged: labels stay within it only as it is stated"


@pytest.mark.parametrize("format", STATED)
def test_sizes_that_a_picture_has_beyond_the_sample_are_not_exchanged(format: str, tmp_path: Path) -> None:
    source = made(format, tmp_path, *[TALL] * 15, (110, 10, 190, 90))
    (tmp_path / "media").mkdir()
    Image.new("L", (200, 100)).save(tmp_path / "media" / "15.jpg")
    report, found = converted(source, media_root=tmp_path / "media", other_size="exchanged")
    assert sorted(found) == [(10, 60, 80, 130)] * 15 + [(110, 10, 80, 80)]
    told = next(d for d in report.diagnostics if d.code == "image-size-mismatch")
    assert (told.count, told.examples[0].message) == (
        1,
        "its size 200 × 100 is not exchanged: the picture has it as it is stated",
    )
