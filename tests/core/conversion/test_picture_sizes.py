"""Pictures at hand of another size than the source states: evidence, a question, or an option; the same in all formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import to_labelbox
from builders.same_set import SAME_SETS
from harness import lines
from to_labelbox import UsageError
from to_labelbox.geometry.any_shape import scaled
from to_labelbox.geometry.raster import mask_array, mask_from_array
from to_labelbox.model.items import (
    Box,
    Cuboid,
    Ellipse,
    Keypoint,
    Keypoints,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    TextSpan,
)

STATED = ["coco", "cvat", "voc"]
"""Formats whose shapes are pixels of a size that they state."""


def convert(tmp_path: Path, format: str, own: tuple[int, int], box: tuple[float, ...], **given: Any) -> Any:
    """Four pictures of 200 × 100 by what is stated, which have another size; gives the report and the boxes."""
    made = SAME_SETS[format]()
    for name in "abcd":
        made.picture(f"{name}.jpg")
        made.box("x", *box)
    source = made.save(tmp_path / "in")
    for name in made.pictures:
        for path in (tmp_path / "media" / name, *source.rglob(name)):
            path.parent.mkdir(exist_ok=True)
            Image.new("L", own).save(path)
    report = to_labelbox.convert(source, tmp_path / "out", media_root=tmp_path / "media", overwrite=True, **given)
    return report, [
        tuple(line["bbox"][k] for k in ("left", "top", "width", "height")) for line in lines(tmp_path / "out")
    ]


@pytest.mark.parametrize("own", [(100, 50), (400, 200)])
@pytest.mark.parametrize("format", STATED)
def test_scaled_pictures_are_asked_about_and_the_answers_do_what_they_say(
    format: str, own: tuple[int, int], tmp_path: Path
) -> None:
    box, factor = (10, 10, 50, 40), own[0] / 200
    with pytest.raises(UsageError, match=r"(?s)one factor on both sides.*scaled .*\n.*stated .*\n.*picture ") as asked:
        convert(tmp_path, format, own, box)
    assert "--other-size scaled" in str(asked.value)
    same = [(10.0, 10.0, 40.0, 30.0)] * 4
    expected = {"scaled": [tuple(v * factor for v in same[0])] * 4, "stated": same, "picture": same}
    for answer, boxes in expected.items():
        report, found = convert(tmp_path, format, own, box, other_size=answer)
        assert found == boxes, answer
        assert not report.suspicious


@pytest.mark.parametrize("format", STATED)
def test_labels_that_fit_the_picture_alone_are_its_pixels(format: str, tmp_path: Path) -> None:
    report, found = convert(tmp_path, format, (400, 200), (210, 110, 380, 190))
    assert found == [(210.0, 110.0, 170.0, 80.0)] * 4
    assert [a.for_ for a in report.assumptions if "size" in a.option] == [4]


@pytest.mark.parametrize("format", STATED)
def test_exchanged_sides_are_settled_by_labels_or_asked_about(format: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exchanged"):
        convert(tmp_path, format, (100, 200), (10, 10, 50, 40))
    report, found = convert(tmp_path, format, (100, 200), (10, 110, 50, 190))
    assert found == [(10.0, 110.0, 40.0, 80.0)] * 4
    assert not report.annotations.skipped
    assert (
        convert(tmp_path, format, (100, 200), (10, 10, 50, 40), other_size="picture")[1]
        == [(10.0, 10.0, 40.0, 30.0)] * 4
    )


@pytest.mark.parametrize("format", STATED)
def test_pictures_of_another_shape_make_a_set_suspicious(format: str, tmp_path: Path) -> None:
    report, found = convert(tmp_path, format, (150, 90), (10, 10, 50, 40))
    assert found == [(10.0, 10.0, 40.0, 30.0)] * 4
    assert [one.what for one in report.suspicious] == ["unlike"]
    assert {d.code: d.count for d in report.diagnostics}["image-unlike"] == 4


@pytest.mark.parametrize("format", sorted(set(SAME_SETS) - set(STATED)))
@pytest.mark.parametrize("own", [(100, 50), (400, 200)])
def test_shares_of_a_picture_fit_any_size(format: str, own: tuple[int, int], tmp_path: Path) -> None:
    factor = own[0] / 200
    _, found = convert(tmp_path, format, own, (10, 10, 50, 40))
    assert found == [pytest.approx((10 * factor, 10 * factor, 40 * factor, 30 * factor))] * 4


def test_every_shape_is_scaled() -> None:
    by = (2.0, 2.0, (8, 4))
    assert scaled(Box(1, 2, 3, 4), *by) == Box(2, 4, 6, 8)
    assert scaled(RotatedBox(1, 2, 3, 4, 30), *by) == RotatedBox(2, 4, 6, 8, 30)
    assert scaled(Ellipse(1, 2, 3, 4, 30), *by) == Ellipse(2, 4, 6, 8, 30)
    assert scaled(Polygon((([0, 0, 1, 0, 1, 1],),)), *by) == Polygon((([0, 0, 2, 0, 2, 2],),))
    assert scaled(Polyline([0, 1, 2, 3]), *by) == Polyline([0, 2, 4, 6])
    assert scaled(Point(1, 2), *by) == Point(2, 4)
    assert scaled(Keypoints((Keypoint("a", 1, 2, True),)), *by) == Keypoints((Keypoint("a", 2, 4, True),))
    assert scaled(Cuboid([0, 1], [2, 3]), *by) == Cuboid([0, 2], [4, 6])
    array = np.array([[0, 1, 0, 0], [1, 1, 0, 1]], np.uint8)
    for size in ((8, 4), (2, 1), (12, 6)):
        made = scaled(mask_from_array(array), size[0] / 4, size[1] / 2, size)
        picture = Image.fromarray(array).resize(size, Image.Resampling.NEAREST)
        assert (mask_array(made) == np.asarray(picture)).all()  # type: ignore[arg-type]
    uneven = (2.0, 1.0, (400, 100))
    assert isinstance(scaled(RotatedBox(50, 50, 30, 40, 30), *uneven), Polygon)
    assert isinstance(scaled(Ellipse(50, 50, 30, 40, 30), *uneven), Polygon)
    with pytest.raises(ValueError, match="TextSpan has no place"):
        scaled(TextSpan(0, 1), *by)
