"""The YOLO family: pixels computed by hand, every dialect, every row of the format's table of malformed input: rows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.yolo import YAML, Sandbox, corners, flat, rows
from to_labelbox.model.items import Box, Keypoints, Polygon
from to_labelbox.plugins.reader import Refusal
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError, UsageError
from to_labelbox.report.log import Log
from to_labelbox_formats.yolo.options import Units
from to_labelbox_formats.yolo.rows import Frame, Rows, Rules, Task


def test_box_is_centre_and_size_of_the_picture(box: Sandbox) -> None:
    (found,) = rows(box, "1 0.5 0.5 0.2 0.4\n")
    assert (found.label, found.id, found.location) == ("dog", "1", "line 1")
    # 0.5 - 0.1 = 0.4 of 200; 0.5 - 0.2 = 0.3 of 100
    assert corners(found) == (80, 30, 40, 40)
    (item,) = box.items()
    assert (item.asset.path, item.asset.width, item.asset.height) == ("images/train/a.png", 200, 100)
    assert (item.split, item.origin) == ("train", "labels/train/a.txt")


def test_segment_is_one_ring_without_closing_vertex(box: Sandbox) -> None:
    found = rows(box, "0 0.1 0.1 0.4 0.1 0.4 0.5\n2 0 0 1 0 1 1 0 0.5 0 0\n")
    assert [flat(f) for f in found] == [[20, 10, 80, 10, 80, 50], [0, 0, 200, 0, 200, 100, 0, 50]]
    assert [f.label for f in found] == ["car", "tree"]


def test_oriented_boxes_keep_their_corners(box: Sandbox) -> None:
    (found,) = rows(box, "0 0.5 0.1 0.6 0.3 0.5 0.5 0.4 0.3\n")
    assert flat(found) == [100, 10, 120, 30, 100, 50, 80, 30]
    assert box.opening.diagnostics[Code.DECISION].examples[-1].message.startswith("task obb:")


def test_four_corners_that_are_no_rectangle_are_a_segment(box: Sandbox) -> None:
    (found,) = rows(box, "0 0.1 0.1 0.9 0.1 0.6 0.5 0.1 0.9\n")
    assert flat(found) == [20, 10, 180, 10, 120, 50, 20, 90]
    assert box.opening.diagnostics[Code.DECISION].examples[-1].message.startswith("task segment:")


def test_pose_of_three_values(box: Sandbox) -> None:
    yaml = YAML + "kpt_shape: [4, 3]\nkpt_names: {0: [nose, ear, tail, paw]}\n"
    (found,) = rows(box, "1 0.5 0.5 0.2 0.4 0.1 0.2 2 0.3 0.4 1 0 0 0 0 0 2\n", yaml)
    assert corners(found) == (80, 30, 40, 40)
    assert isinstance(found.keypoints, Keypoints)
    points = [(p.name, round(p.x, 9), round(p.y, 9), p.occluded) for p in found.keypoints.points]
    assert points == [("nose", 20, 20, False), ("ear", 60, 40, True), ("paw", 0, 0, False)]


def test_pose_of_two_values(box: Sandbox) -> None:
    yaml = YAML + "kpt_shape: [4, 2]\n"
    (found,) = rows(box, "1 0.5 0.5 0.2 0.4 0.1 0.2 0 0 -0.1 0.5 0 0.5\n", yaml)
    assert found.keypoints is not None
    assert [(p.name, round(p.x, 9), round(p.y, 9)) for p in found.keypoints.points] == [
        ("kp_0", 20, 20),
        ("kp_3", 0, 50),
    ]


def test_pose_with_confidences_is_a_prediction(box: Sandbox) -> None:
    yaml = YAML + "kpt_shape: [3, 3]\n"
    row = "0 .5 .5 .2 .4 .5 .5 0.93 .6 .6 1.0 0 0 0.02\n"
    assert rows(box, row, yaml) == []
    assert box.log.diagnostics[Code.PREDICTION].count == 1
    (pose,) = rows(box, row, yaml, predictions=True)
    assert pose.keypoints is not None
    assert [(p.name, p.occluded) for p in pose.keypoints.points] == [("kp_0", False), ("kp_1", False)]


def test_whether_keypoints_have_confidences_is_decided_for_the_set(box: Sandbox) -> None:
    """One of 1 and 0.5 alone is a prediction among others that are, and has visibilities among such."""
    yaml, own = YAML + "kpt_shape: [2, 3]\n", "0 .5 .5 .2 .4 .5 .5 1 .6 .6 0.5\n"
    assert len(rows(box, own + "0 .5 .5 .2 .4 .5 .5 0 .6 .6 1\n", yaml)) == 2
    assert rows(box, own + "0 .5 .5 .2 .4 .5 .5 0.93 .6 .6 1\n", yaml) == []
    assert box.log.diagnostics[Code.PREDICTION].count == 2


def test_pose_without_any_point_keeps_its_box(box: Sandbox) -> None:
    (found,) = rows(box, "1 0.5 0.5 0.2 0.4 0 0 0\n", YAML + "kpt_shape: [1, 3]\n")
    assert found.keypoints is None
    assert corners(found) == (80, 30, 40, 40)


def test_pose_needs_kpt_shape(box: Sandbox) -> None:
    row = "1 0.5 0.5 0.2 0.4 0.1 0.2 2 0.3 0.4 1\n"
    with pytest.raises(SourceError, match="kpt_shape=2x3"):
        rows(box, row)
    (found,) = box.objects(kpt_shape="2x3")
    assert found.keypoints is not None
    assert [p.name for p in found.keypoints.points] == ["kp_0", "kp_1"]
    (found,) = box.objects(task=Task.SEGMENT)
    assert isinstance(found.geometry, Polygon)
    with pytest.raises(UsageError, match="kpt_shape"):
        box.open(kpt_shape="2x4")


@pytest.mark.parametrize(
    ("points", "shape"),
    [
        ("0.45 0.45 2 0.5 0.5 1 -1 -1 -1", "3x3"),
        ("0.45 0.45 0 0.5 0.5 1.00 0.55 0.55 2.0", "3x3"),
        ("0.45 0.45 2", "1x3"),
        ("0.45 0.45 0.5 0.55 -1 -1", "3x2"),
    ],
)
def test_rows_that_can_only_be_poses_need_kpt_shape(box: Sandbox, points: str, shape: str) -> None:
    with pytest.raises(SourceError, match=f"kpt_shape={shape}"):
        rows(box, f"0 0.5 0.5 0.2 0.4 {points}\n")
    assert box.objects(kpt_shape=shape)[0].keypoints is not None


PLATES = [
    f"{x} {y} 0.2 0.1 {x - 0.1:.2f} {y} {x} {y - 0.04:.2f} {x + 0.1:.2f} {y} {x} {y + 0.04:.2f}"
    for x, y in ((0.5, 0.6), (0.4, 0.7), (0.7, 0.5))
]


@pytest.mark.parametrize("beside", ["", "1 0.2 0.2 0.1 0.1\n"])
def test_a_few_boxes_with_their_corners_are_no_outlines(box: Sandbox, beside: str) -> None:
    """Number plates as boxes with four corners, alone or among boxes."""
    with pytest.raises(
        SourceError, match=f"all {'3 rows that are no boxes' if beside else 'rows'} have 13 values.*kpt_shape=4x2"
    ):
        rows(box, "".join(f"0 {plate}\n" for plate in PLATES) + beside)
    assert all(plate.keypoints is not None for plate in box.objects(kpt_shape="4x2")[:3])


@pytest.mark.parametrize(("values", "trailing"), [(2, ""), (3, ""), (3, " 0.87")])
def test_points_that_always_lie_in_their_box_need_kpt_shape(box: Sandbox, values: int, trailing: str) -> None:
    """Predicted poses carry confidences instead of 0, 1 and 2, so that only where the points lie tells of them."""
    third = [" 0.9", " 0.7", " 0.3"] if values == 3 else ["", "", ""]
    text = ""
    for n in range(20):
        x, y = 0.3 + n / 40, 0.8 - n / 50
        points = " ".join(f"{x + d:.3f} {y - d:.3f}{v}" for d, v in zip((-0.04, 0, 0.04), third))
        text += f"0 {x:.3f} {y:.3f} 0.1 0.1 {points}{trailing}\n"
    with pytest.raises(SourceError, match=f"kpt_shape=3x{values}"):
        rows(box, text)
    assert len(box.objects(kpt_shape=f"3x{values}", predictions=True)) == 20


def test_large_poses_need_kpt_shape(box: Sandbox) -> None:
    """The size of a box in the middle of its picture lies among its points; but no outline begins amid its other vertices."""
    offsets = [(-0.1, 0.2), (0.05, 0.15), (0.12, -0.1), (-0.05, -0.25), (0.02, 0.28)]
    text = "".join(
        f"0 {0.4 + n / 100:.3f} 0.5 0.4 0.7 {' '.join(f'{0.4 + n / 100 + x:.3f} {0.5 + y:.3f}' for x, y in offsets)}\n"
        for n in range(20)
    )
    with pytest.raises(SourceError, match="kpt_shape=5x2"):
        rows(box, text)
    assert len(box.objects(kpt_shape="5x2")) == 20


def test_outlines_of_equal_length_are_no_poses(box: Sandbox) -> None:
    ring = [(0, -0.1), (0.1, -0.03), (0.06, 0.08), (-0.06, 0.08), (-0.1, -0.03)]
    text = "".join(
        f"0 {' '.join(f'{0.2 + n / 50 + x:.3f} {0.8 - n / 50 + y:.3f}' for x, y in ring)}\n" for n in range(30)
    )
    assert len(rows(box, text)) == 30


@pytest.mark.parametrize(
    "row",
    [
        "Car 0.00 0 -1.57 614.24 181.78 727.31 284.77 1.57 1.73 4.15 1.00 1.75 13.22 1.62",
        "Traffic light 393.6 68.266496 831.36 537.599488",
    ],
)
def test_rows_that_begin_with_a_word_are_refused_by_name(box: Sandbox, row: str) -> None:
    box.write({"labels/a.txt": f"{row}\n"}).picture("images/a.png")
    verdict = box.sniff()
    assert isinstance(verdict, Refusal)
    assert "labels/a.txt begins its rows with words" in verdict.reason
    with pytest.raises(SourceError, match=row.split()[0]):
        box.open()


@pytest.mark.parametrize("confidence", ["0.9", "0.87 3"])
def test_confidence_makes_a_prediction(box: Sandbox, confidence: str) -> None:
    text = f"0 0.5 0.5 0.2 0.4\n1 0.5 0.5 0.2 0.4 {confidence}\n"
    assert [f.label for f in rows(box, text)] == ["car"]
    assert box.codes()[Code.PREDICTION] == 1
    found = box.objects(predictions=True)
    assert [(f.label, f.loss) for f in found] == [("car", False), ("dog", True)]
    assert corners(found[1]) == (80, 30, 40, 40)


@pytest.mark.parametrize(("value", "said"), [("0.9", "ends with a confidence"), ("90", "angle"), ("1.57", "angle")])
def test_an_angle_is_called_no_confidence(box: Sandbox, value: str, said: str) -> None:
    assert rows(box, f"0 0.5 0.5 0.2 0.4 {value}\n") == []
    assert said in box.log.diagnostics[Code.PREDICTION].message


def test_even_rows_are_outlines_with_a_confidence(box: Sandbox) -> None:
    text = "0 0.1 0.1 0.4 0.1 0.4 0.5\n0 0.1 0.1 0.4 0.1 0.4 0.5 0.2 0.3\n0 0.1 0.1 0.4 0.1 0.4 0.5 0.77\n"
    assert len(rows(box, text)) == 2
    assert box.codes()[Code.PREDICTION] == 1
    assert flat(box.objects(predictions=True)[2]) == [20, 10, 80, 10, 80, 50]


def test_sevens_alone_must_be_named(box: Sandbox) -> None:
    with pytest.raises(SourceError, match="task=segment"):
        rows(box, "0 0.1 0.1 0.4 0.1 0.4 0.5\n")
    assert isinstance(box.objects(task=Task.SEGMENT)[0].geometry, Polygon)
    assert box.objects(task=Task.DETECT) == []
    rows(box, "0 0.1 0.1 0.4 0.1 0.87 5\n")
    assert box.codes()[Code.PREDICTION] == 1


def test_boxes_and_outlines_are_read_row_by_row(box: Sandbox) -> None:
    text = "0 0.5 0.5 0.2 0.4\n1 0.1 0.1 0.4 0.1 0.4 0.5 0.2 0.3 0.9\n2 0.1 0.1 0.4 0.1 0.4 0.5 0.2 0.3 0.1 0.2\n1 0.2 0.1 0.4 0.1 0.4 0.5\n"
    found = rows(box, text)
    assert [type(f.geometry) for f in found] == [Box, Polygon, Polygon]
    assert box.codes()[Code.PREDICTION] == 1
    assert box.codes()[Code.ROWS_MIXED] == 1


def test_pixels_must_be_said(box: Sandbox) -> None:
    with pytest.raises(UsageError, match="units=pixels"):
        rows(box, "0 100 50 40 40\n")
    assert corners(box.objects(units=Units.PIXELS)[0]) == (80, 30, 40, 40)


def test_white_space_byte_order_marks_and_numbers(box: Sandbox) -> None:
    text = b"\xef\xbb\xbf0\t0.5  0.5 2e-1 4E-1 \r\n\r\n1.0 .5 0.5 +0.2 0.4"
    found = rows(box, text)
    assert [(f.label, f.location) for f in found] == [("car", "line 1"), ("dog", "line 3")]
    assert {corners(f) for f in found} == {(80, 30, 40, 40)}
    assert {corners(f) for f in rows(box, "0 .5 .5 .2 .4\n1 .5 .5 .2 .4\n".encode("utf-16"))} == {(80, 30, 40, 40)}


def test_utf16_keeps_the_numbers_of_its_lines(box: Sandbox) -> None:
    found = rows(box, "0 .5 .5 .2 .4\r\n1 .5 .5 .2 .4\r\n".encode("utf-16"))
    assert [(f.label, f.id, f.location) for f in found] == [("car", "1", "line 1"), ("dog", "2", "line 2")]


def test_decimal_commas_are_points(box: Sandbox) -> None:
    found = rows(box, "0 0,5 0,5 0,2 0,4\n1 0,1 0,1 1 0,1 1 1 0,1 1 0 ,5\n")
    assert corners(found[0]) == (80, 30, 40, 40)
    assert flat(found[1]) == [20, 10, 200, 10, 200, 100, 20, 100, 0, 50]
    assert box.codes()[Code.FIELD_REPAIRED] == 1


def test_commas_in_every_line_are_accepted(box: Sandbox) -> None:
    assert corners(rows(box, "0,0.5,0.5,0.2,0.4\n1, 0.5, 0.5, 0.2, 0.4\n")[1]) == (80, 30, 40, 40)
    assert box.codes()[Code.FIELD_REPAIRED] == 1
    assert len(rows(box, "0,0.5,0.5,0.2,0.4\n1 0.5 0.5 0.2 0.4\n")) == 1


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.lists(st.tuples(*[st.floats(0, 1, allow_subnormal=False)] * 4), min_size=1, max_size=5, unique=True),
)
@settings(max_examples=60, deadline=None)
def test_boxes_are_exact_for_any_size(width: int, height: int, boxes: list[tuple[float, ...]]) -> None:
    text = "".join(f"0 {x!r} {y!r} {w!r} {h!r}\n" for x, y, w, h in boxes).encode()
    found = Rows(Rules(Task.DETECT, {0: "a"}), Log()).objects(text, Frame(width, height), "a.txt")
    careful = Rows(Rules(Task.SEGMENT, {0: "a"}), Log()).objects(text, Frame(width, height), "a.txt")
    assert [f.geometry for f in found] == [f.geometry for f in careful]
    for f, (x, y, w, h) in zip(found, boxes):
        assert isinstance(f.geometry, Box)
        assert f.geometry.left + f.geometry.width / 2 == pytest.approx(x * width, abs=1e-9 * width)
        assert f.geometry.top + f.geometry.height / 2 == pytest.approx(y * height, abs=1e-9 * height)
        assert (f.geometry.width, f.geometry.height) == (w * width, h * height)


def test_boxes_without_line_breaks_between_them_are_read_one_by_one(box: Sandbox) -> None:
    found = rows(box, "1 .5 .5 .2 .4 0 .25 .25 .1 .1 2 .75 .5 .1 .2\n0 .5 .5 .1 .1\n")
    assert [(f.label, f.id, f.location) for f in found] == [
        ("dog", "1.1", "line 1, box 1"),
        ("car", "1.2", "line 1, box 2"),
        ("tree", "1.3", "line 1, box 3"),
        ("car", "2", "line 2"),
    ]
    assert corners(found[2]) == (140, 40, 20, 20)
    assert box.codes()[Code.FIELD_REPAIRED] == 1
    assert Code.ROWS_MIXED not in box.codes()


@pytest.mark.parametrize(
    "row",
    [
        "0 .1 .1 .4 .1 1 .5 .9 .9 .6 .9 .5 .8 .2 .3",  # whole at one fifth value only
        "0 .1 .1 .4 .1 1 .5 .9 .9 .6 0 .5 1 .2 .3",  # and elsewhere too
        "0 .1 .1 .4 .1 1 .5 .9 .9 .6 0 .5 .8 .2 .3",  # the first four are no box on the picture
    ],
)
def test_an_outline_with_whole_numbers_is_no_row_of_boxes(box: Sandbox, row: str) -> None:
    (found,) = rows(box, row + "\n")
    assert isinstance(found.geometry, Polygon)
