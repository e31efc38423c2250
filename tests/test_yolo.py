"""The YOLO family: pixels computed by hand, every dialect, every row of the format's table of malformed input."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from to_labelbox.geometry.any_shape import envelope
from to_labelbox.model.items import Box, Classification, Item, Keypoints, Object, Polygon
from to_labelbox.plugins.reader import CERTAIN, LIKELY, POSSIBLE, Dataset, Match, ReadContext, Refusal
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError, ToLabelboxError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.files import Source
from to_labelbox_formats.yolo import FORMAT
from to_labelbox_formats.yolo import task as evidence
from to_labelbox_formats.yolo.options import Options, Units
from to_labelbox_formats.yolo.rows import Frame, Rows, Rules, Task

NAMES = "names: [car, dog, tree]\n"
YAML = "path: .\ntrain: images/train\n" + NAMES
SIZE = (200, 100)


class Sandbox:
    """A set in a temporary folder, converted as often as wanted."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.opening = Log()
        self.log = Log()

    def write(self, files: Mapping[str, str | bytes]) -> Sandbox:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def picture(self, *names: str, size: tuple[int, int] = SIZE, orientation: int = 1) -> Sandbox:
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            exif = Image.Exif()
            exif[0x0112] = orientation
            Image.new("RGB", size).save(path, exif=exif)
        return self

    def open(self, path: str = "", context: ReadContext | None = None, **options: Any) -> Dataset:
        context = context or ReadContext()
        self.opening = context.log
        return FORMAT.read(Source(self.root / path), Options(**options), context)

    def items(self, path: str = "", context: ReadContext | None = None, **options: Any) -> list[Item]:
        dataset = self.open(path, context, **options)
        self.log = Log()
        items = list(dataset.items(self.log))
        again = list(dataset.items())
        assert again == items
        apart = [item for unit in range(dataset.unit_count) for item in dataset.items(None, unit, unit + 1)]
        assert apart == items
        balance(self.log, items)
        return items

    def objects(self, path: str = "", context: ReadContext | None = None, **options: Any) -> list[Object]:
        return [a for item in self.items(path, context, **options) for a in item.annotations if isinstance(a, Object)]

    def codes(self) -> dict[str, int]:
        return {code: d.count for log in (self.opening, self.log) for code, d in log.diagnostics.items()}

    def sniff(self, path: str = "") -> Match | Refusal:
        return FORMAT.sniff(Source(self.root / path))


def balance(log: Log, items: list[Item]) -> None:
    """Every row is read once and ends as an annotation, merged or skipped."""
    yielded: dict[str, int] = {}
    for item in items:
        assert len({a.id for a in item.annotations}) == len(item.annotations)
        for a in item.annotations:
            name = a.name if isinstance(a, Classification) else a.label
            yielded[name] = yielded.get(name, 0) + a.source_count
    for name, tally in log.ledger.items():
        assert tally.read == yielded.pop(name, 0) + tally.skipped + tally.merged, name
    assert not yielded


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def rows(box: Sandbox, text: str | bytes, yaml: str = YAML, **options: Any) -> list[Object]:
    """The objects of a set of one picture, 200 × 100, and one label file."""
    box.write({"data.yaml": yaml, "labels/train/a.txt": text}).picture("images/train/a.png")
    return box.objects(**options)


def flat(found: Object) -> list[float]:
    assert isinstance(found.geometry, Polygon)
    return [round(v, 9) for v in found.geometry.parts[0][0]]


def corners(found: Any) -> tuple[float, ...]:
    shape = found.geometry if isinstance(found, Object) else found
    assert isinstance(shape, Box)
    return tuple(round(v, 9) for v in (shape.left, shape.top, shape.width, shape.height))


# ------------------------------------------------------------------------------------------------------------ rows


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
    assert [a.taken for a in box.opening.assumptions.values()] == ["obb"]


def test_four_corners_that_are_no_rectangle_are_a_segment(box: Sandbox) -> None:
    (found,) = rows(box, "0 0.1 0.1 0.9 0.1 0.6 0.5 0.1 0.9\n")
    assert flat(found) == [20, 10, 180, 10, 120, 50, 20, 90]
    assert [a.taken for a in box.opening.assumptions.values()] == ["segment"]


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


# ------------------------------------------------------------------------------------------------------- malformed

GOOD = "0 0.5 0.5 0.2 0.4\n"


@pytest.mark.parametrize(
    ("row", "code", "label"),
    [
        ("1.5 0.5 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "(unreadable)"),
        ("-1 0.5 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "(unreadable)"),
        ("car 0.5 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "(unreadable)"),
        ("1e400 0.5 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "(unreadable)"),
        ("1_0 0.5 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "(unreadable)"),
        ("nan 0.5 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "(unreadable)"),
        ("7 0.5 0.5 0.2 0.4", Code.CLASS_UNKNOWN, "class_7"),
        ("1", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 0.2", Code.RECORD_UNREADABLE, "dog"),
        ("1 nan 0.5 0.2 0.4", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 inf 0.4", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 1e308 0.4", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 0.2 0_4", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 0.2 x", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 0,2 0.4", Code.RECORD_UNREADABLE, "dog"),
        ("1 0.5 0.5 -0.2 0.4", Code.BOX_INVALID, "dog"),
        ("1 0.5 0.5 0.2 -0.4", Code.BOX_INVALID, "dog"),
        ("1 0.1 0.1 0.2 nan 0.3 0.3 0.4 0.4", Code.RECORD_UNREADABLE, "dog"),
    ],
)
def test_a_malformed_row_costs_itself(box: Sandbox, row: str, code: Code, label: str) -> None:
    found = rows(box, GOOD + row + "\n2 0.5 0.5 0.2 0.4\n")
    assert [(f.label, f.location) for f in found] == [("car", "line 1"), ("tree", "line 3")]
    (example,) = box.log.diagnostics[code].examples
    assert (example.file, example.where) == ("labels/train/a.txt", "line 2")
    assert box.log.ledger[label].skipped == 1


def test_unknown_classes_can_be_kept(box: Sandbox) -> None:
    assert [f.label for f in rows(box, GOOD + "7 0.5 0.5 0.2 0.4\n", unknown_classes=True)] == ["car", "class_7"]


def test_repeated_rows_are_merged(box: Sandbox) -> None:
    found = rows(box, GOOD + "1 0.5 0.5 0.2 0.4\n" + GOOD + "0  0.5 0.5 0.2 0.4")
    assert [f.label for f in found] == ["car", "dog"]
    assert box.log.ledger["car"].merged == 2
    assert box.log.diagnostics[Code.ANNOTATION_DUPLICATE].examples[0].message == "says the same as line 1"


def test_a_pose_row_of_another_length_is_skipped(box: Sandbox) -> None:
    yaml = YAML + "kpt_shape: [1, 3]\n"
    assert len(rows(box, "1 0.5 0.5 0.2 0.4 0.1 0.2 2\n1 0.5 0.5 0.2 0.4 0.1 0.2\n", yaml)) == 1
    assert box.codes()[Code.KEYPOINTS_INVALID] == 1


def test_without_size_rows_are_skipped_and_counted(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD + "1 0.5 0.5 0.2 0.4\n"})
    (item,) = box.items()
    assert (item.asset.path, item.annotations) == ("images/train/a.jpg", [])
    assert box.codes()[Code.IMAGE_SIZE_UNKNOWN] == 2
    assert box.log.ledger["dog"].skipped == 1


def test_an_unreadable_picture_costs_its_rows(box: Sandbox) -> None:
    box.write(
        {"data.yaml": YAML, "labels/train/a.txt": GOOD, "images/train/a.jpg": b"nothing", "labels/train/b.txt": GOOD}
    )
    box.picture("images/train/b.png")
    assert [len(item.annotations) for item in box.items()] == [0, 1]
    assert box.log.unreadable == 1
    assert box.codes()[Code.IMAGE_SIZE_UNKNOWN] == 1
    assert Code.EXIF_UNCHECKED not in box.codes()


def test_background_pictures_stay(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD, "labels/train/b.txt": "\n"})
    box.picture("images/train/a.png", "images/train/b.png", "images/train/c.png")
    items = box.items()
    assert [(i.asset.path, len(i.annotations)) for i in items] == [
        ("images/train/a.png", 1),
        ("images/train/b.png", 0),
        ("images/train/c.png", 0),
    ]
    assert items[2].origin == "images/train/c.png"


def test_one_stem_twice_shares_the_labels(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD})
    box.picture("images/train/a.png", "images/train/a.jpg", "images/train/a.b.jpg")
    assert [len(i.annotations) for i in box.items()] == [0, 1, 1]
    assert box.codes()[Code.ASSET_DUPLICATE] == 1


# ------------------------------------------------------------------------------------------------------ descriptors


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("names: [car, dog]", ["car", "dog"]),
        ("names: {0: car, '1': dog}", ["car", "dog"]),
        ("names: {1: dog, 0: car}", ["car", "dog"]),
        ("names: [no, 1, 1.0]", ["no", "1", "1.0"]),
        ("nc: 2", ["class_0", "class_1"]),
        ("nc: 3\nnames: [car, dog]", ["car", "dog"]),
        ("names: [car, car]", ["car"]),
        ("names: ['', dog]", ["class_0", "dog"]),
        ("names: !!python/object/apply:os.system [echo]", ["echo"]),
        ("names: data/set.names", ["red", "blue"]),
        ("names: ./set.names", ["red", "blue"]),
        ("names: {dog: 1, car: 0}", ["car", "dog"]),
        ("names: [0: car, 1: dog]", ["car", "dog"]),
        ("names: [[car, dog]]", ["car", "dog"]),
        ("names: [car, dog] # caf\udce9", ["car", "dog"]),
        ("names: [car, d\x07og]", ["car", "dog"]),
    ],
)
def test_names_in_yaml(box: Sandbox, names: str, expected: list[str]) -> None:
    yaml = f"train: images\n{names}\n".encode("utf-8", "surrogateescape")
    box.write({"data.yaml": yaml, "set.names": "red\nblue\n", "labels/a.txt": GOOD}).picture("images/a.png")
    assert [label.name for label in box.open().schema.labels] == expected


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ("names: [no, dog]", Code.FIELD_REPAIRED),
        ("nc: 3\nnames: [car, dog]", Code.FIELD_REPAIRED),
        ("names: [car, car]", Code.CLASS_DUPLICATE),
        ("nc: 2", Code.CLASS_UNNAMED),
        ("names: []", Code.CLASS_UNNAMED),
        ("names: {car: 0, dog: 1}", Code.FIELD_REPAIRED),
    ],
)
def test_what_is_odd_about_names_is_said(box: Sandbox, names: str, code: Code) -> None:
    box.write({"data.yaml": f"train: images\n{names}\n", "labels/a.txt": GOOD}).picture("images/a.png")
    box.open()
    assert box.codes()[code] == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_descriptors_and_names_of_windows(box: Sandbox, encoding: str) -> None:
    box.write({"a/data.yaml": ("train: images\n" + NAMES).encode(encoding), "a/labels/a.txt": GOOD}).picture(
        "a/images/a.png"
    )
    assert box.sniff("a") == Match(CERTAIN, "data.yaml describes splits and classes")
    assert [f.label for f in box.objects("a")] == ["car"]
    box.write({"b/classes.txt": "猫\r\n".encode(encoding), "b/a.txt": GOOD.encode(encoding)}).picture("b/a.png")
    assert box.sniff("b") == Match(CERTAIN, "classes.txt names classes and a.txt has rows of numbers")
    assert [f.label for f in box.objects("b")] == ["猫"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("data.yaml", "train: images\nnames: [caf\udce9]\n"),
        ("data.yaml", "train: images\nnames: elsewhere.names\n"),
        ("classes.txt", "caf\udce9\n"),
    ],
)
def test_names_that_cannot_be_read_ask_for_others(box: Sandbox, file: str, content: str) -> None:
    box.write({file: content.encode("utf-8", "surrogateescape"), "labels/a.txt": GOOD}).picture("images/a.png")
    with pytest.raises(SourceError, match=rf"{file}.* -O names=FILE"):
        box.open()
    (box.root.parent / "names.txt").write_text("x\n")
    assert [f.label for f in box.objects(names=str(box.root.parent / "names.txt"))] == ["x"]


def test_without_names_classes_are_numbered(box: Sandbox) -> None:
    box.write({"labels/a.txt": "0 .5 .5 .2 .4\n4 .5 .5 .2 .4\n"}).picture("images/a.png")
    assert [f.label for f in box.objects()] == ["class_0", "class_4"]
    assert box.codes()[Code.CLASS_UNNAMED] == 1
    (box.root.parent / "names.txt").write_text("x\ny\n")
    assert [f.label for f in box.objects(names=str(box.root.parent / "names.txt"))] == ["x"]
    assert box.codes()[Code.CLASS_UNKNOWN] == 1


@pytest.mark.parametrize(
    "entry",
    [
        "images/train",
        "./images/train/",
        "../images/train",
        "../other/images/train",
        "/content/drive/set/images/train",
        "C:\\sets\\images\\train",
        "[images/train, images/missing]",
        "list.txt",
        "[images/train/a.png]",
    ],
)
def test_split_paths_are_found(box: Sandbox, entry: str) -> None:
    box.write(
        {"data.yaml": f"train: {entry}\n{NAMES}", "labels/train/a.txt": GOOD, "list.txt": "./images/train/a.png\n"}
    )
    box.picture("images/train/a.png")
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [("images/train/a.png", "train", 1)]


@pytest.mark.parametrize(
    "line", ["data/images/train/a.png", "images\\train\\a.png", "/home/me/set/images/train/a.png", "a.png"]
)
def test_list_lines_are_found(box: Sandbox, line: str) -> None:
    listing = "images/train/list.txt" if line == "a.png" else "list.txt"
    box.write(
        {"data.yaml": f"train: {listing}\n{NAMES}", "labels/train/a.txt": GOOD, listing: line + "\nimages/none.png\n"}
    )
    box.picture("images/train/a.png")
    assert [(i.asset.path, len(i.annotations)) for i in box.items()] == [("images/train/a.png", 1)]
    assert box.opening.diagnostics[Code.FILE_MISSING].examples[0].where == "line 2"


def test_a_missing_split_is_never_another_ones_folder(box: Sandbox) -> None:
    box.write({"data.yaml": f"train: ../train/images\nval: ../val/images\n{NAMES}", "labels/a.txt": GOOD})
    box.write({"train/labels/b.txt": GOOD}).picture("images/a.png", "train/images/b.png")
    assert [i.asset.path for i in box.items()] == ["train/images/b.png"]


def test_roboflow_layout_and_its_wrong_folder_names(box: Sandbox) -> None:
    box.write(
        {
            "data.yaml": "train: ../train/images\nval: ../val/images\ntest: ../test/images\n" + NAMES,
            "train/labels/a.rf.1.txt": GOOD,
            "valid/labels/a.rf.1.txt": GOOD,
            "README.roboflow.txt": "hello",
        }
    ).picture("train/images/a.rf.1.jpg", "valid/images/a.rf.1.jpg")
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [
        ("train/images/a.rf.1.jpg", "train", 1),
        ("valid/images/a.rf.1.jpg", "val", 1),
    ]
    assert box.codes()[Code.FILE_MISSING] == 1


def test_a_path_outside_the_source_needs_root(box: Sandbox) -> None:
    box.write({"set/data.yaml": "path: ../pictures\ntrain: images\n" + NAMES, "pictures/labels/a.txt": GOOD})
    box.picture("pictures/images/a.png")
    with pytest.raises(SourceError, match="root"):
        box.open("set")
    (item,) = box.items("set", root=str(box.root / "pictures"))
    assert (item.asset.path, len(item.annotations)) == ("images/a.png", 1)


@pytest.mark.parametrize(
    ("root", "below"),
    [
        ("../datasets/coco8", "datasets/coco8/"),
        ("/home/me/datasets/coco8", "datasets/coco8/"),
        ("C:\\Users\\me\\coco8", "coco8/"),
        ("coco8", "datasets/coco8/"),
        ("/kaggle/working", "archive/data/"),
        ("../datasets/coco8", ""),
    ],
)
def test_path_of_another_computer(box: Sandbox, root: str, below: str) -> None:
    box.write({"coco8.yaml": f"path: {root} # dataset root dir\ntrain: images/train\nval: images/val\n{NAMES}"})
    box.write({f"{below}labels/train/a.txt": GOOD, f"{below}labels/val/b.txt": GOOD})
    box.picture(f"{below}images/train/a.png", f"{below}images/val/b.png")
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [
        (f"{below}images/train/a.png", "train", 1),
        (f"{below}images/val/b.png", "val", 1),
    ]
    assert Code.FILE_MISSING not in box.codes()


def test_path_in_full_of_a_folder_of_the_source(box: Sandbox) -> None:
    box.write({"cfg/data.yaml": f"path: {box.root}/set\ntrain: images\n{NAMES}", "set/labels/a.txt": GOOD})
    box.picture("set/images/a.png")
    assert [i.asset.path for i in box.items()] == ["set/images/a.png"]
    assert "is not below the source" not in str(box.opening.diagnostics)


@pytest.mark.parametrize(
    "yaml",
    [
        "train: /kaggle/working/train.txt\nval: /kaggle/working/val.txt\n",
        "train: D:\\sets\\one\\train\\images\nval: D:\\sets\\one\\val\\images\n",
        "path: /content/set\ntrain: pictures\n",
    ],
)
def test_splits_of_another_computer_do_not_cost_the_set(box: Sandbox, yaml: str) -> None:
    box.write({"data.yaml": yaml + NAMES, "labels/train/a.txt": GOOD, "labels/val/b.txt": GOOD})
    box.picture("images/train/a.png", "images/val/b.png")
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [
        ("images/train/a.png", "train", 1),
        ("images/val/b.png", "val", 1),
    ]
    assert "of another computer" in box.opening.diagnostics[Code.FILE_MISSING].message


def test_several_places_for_the_splits_are_not_guessed(box: Sandbox) -> None:
    box.write({"data.yaml": f"train: images/train\n{NAMES}"})
    for folder in ("one", "two"):
        box.write({f"{folder}/labels/train/a.txt": GOOD}).picture(f"{folder}/images/train/a.png")
    with pytest.raises(SourceError, match="no picture and no label"):
        box.open()


def test_pictures_whose_folder_has_another_name_than_data_yaml_says(box: Sandbox) -> None:
    box.write({"data.yaml": f"train: ../train/images\nval: ../valid/images\n{NAMES}", "train/labels/a.txt": GOOD})
    box.write({"valid/labels/b.txt": GOOD}).picture("train/image/a.png", "train/image/c.png", "valid/images/b.png")
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [
        ("train/image/a.png", "train", 1),
        ("train/image/c.png", "train", 0),
        ("valid/images/b.png", "val", 1),
    ]
    assert Code.FILE_IGNORED not in box.codes()


def test_of_several_descriptors_the_only_one_whose_splits_are_there(box: Sandbox) -> None:
    box.write({"data/coco.yaml": "path: ../datasets/coco\ntrain: images/train2017\nnames: [person]\n"})
    box.write({"data/mine.yaml": f"path: ../datasets/mine\ntrain: images\n{NAMES}", "datasets/mine/labels/a.txt": GOOD})
    box.picture("datasets/mine/images/a.png")
    assert [a.label for a in box.objects()] == ["car"]
    assert any("data/mine.yaml is followed, not data/coco.yaml" in a.why for a in box.opening.assumptions.values())
    box.write({"data/more.yaml": "path: ../datasets/mine\ntrain: images\nnames: [x]\n"})
    with pytest.raises(SourceError, match="-O data=FILE"):
        box.open()


def test_classes_of_another_set_are_not_given_to_pictures_found_elsewhere(box: Sandbox) -> None:
    box.write({"data.yaml": "train: ../arms/train/images\nnames: [knife, gun]\n", "lot/train/labels/a.txt": GOOD})
    box.write({"lot/data.yaml": "train: ../train/images\nnames: [free, taken]\n"}).picture("lot/train/images/a.png")
    with pytest.raises(
        SourceError, match=r"lot/data\.yaml has other classes for what is there: give lot as the source"
    ):
        box.open()
    assert [a.label for a in box.objects("lot")] == ["free"]
    box.write({"lot/data.yaml": "train: ../train/images\nnames: [knife, gun]\n"})
    assert [a.label for a in box.objects()] == ["knife"]


@pytest.mark.parametrize("yaml", ["", f"train: /content/x/y.txt\n{NAMES}"])
def test_what_runs_of_yolo_have_written_is_no_part_of_a_set(box: Sandbox, yaml: str) -> None:
    box.write({"classes.txt": "car\ndog\ntree\n", "train/labels/a.txt": GOOD} | ({"data.yaml": yaml} if yaml else {}))
    box.write({"runs/detect/predict2/labels/a.txt": GOOD, "out/train/args.yaml": "task: detect\n"})
    box.write({"out/train/results.csv": "epoch\n"})
    box.picture("train/images/a.png", "runs/detect/predict2/a.png", "runs/train/exp/b.png", "out/train/labels.png")
    assert [(i.asset.path, len(i.annotations)) for i in box.items()] == [("train/images/a.png", 1)]
    told = box.opening.diagnostics[Code.FILE_IGNORED]
    assert (told.count, "have written" in told.message) == (4, True)


def test_predictions_alone_are_a_set(box: Sandbox) -> None:
    box.write({"runs/detect/predict/labels/a.txt": GOOD}).picture("runs/detect/predict/a.png")
    assert [(i.asset.path, len(i.annotations)) for i in box.items()] == [("runs/detect/predict/a.png", 1)]


def test_pictures_of_a_code_repository_are_no_part_of_its_set(box: Sandbox) -> None:
    box.write({"classes.txt": "car\n", "set/train/labels/a.txt": GOOD}).picture("set/train/images/a.png")
    box.picture("docs/img/a.png", "images/logo.png", "static/images/b.png", "set/valid/images/c.png")
    assert [i.asset.path for i in box.items()] == ["set/train/images/a.png", "set/valid/images/c.png"]
    assert box.opening.diagnostics[Code.FILE_IGNORED].count == 3


def test_pictures_without_labels_beside_those_with_are_background(box: Sandbox) -> None:
    box.write({"one/labels/a.txt": GOOD, "labels/x/e.txt": GOOD})
    box.picture("one/images/a.png", "two/images/b.png", "images/x/e.png", "images/y/f.png")
    assert [i.asset.path for i in box.items()] == [
        "images/x/e.png",
        "images/y/f.png",
        "one/images/a.png",
        "two/images/b.png",
    ]


def test_a_root_that_is_there_is_named(box: Sandbox) -> None:
    box.write({"cfg/data.yaml": f"path: ../set\ntrain: images\n{NAMES}", "set/labels/a.txt": GOOD})
    box.picture("set/images/a.png")
    with pytest.raises(SourceError, match=rf"-O root={box.root}/set$"):
        box.open("cfg/data.yaml")


def test_case_is_no_matter_where_nothing_else_fits(box: Sandbox) -> None:
    box.write(
        {"data.yaml": f"train: Images/Train\n{NAMES}", "labels/train/IMG_1.TXT": GOOD, "labels/train/img_2.txt": GOOD}
    )
    box.write({"labels/train/b.txt": GOOD, "labels/train/B.txt": "1 0.5 0.5 0.2 0.4\n"})
    box.picture("images/train/IMG_1.JPG", "images/train/IMG_2.JPG", "images/train/b.jpg", "images/train/B.jpg")
    assert [(i.asset.path, [a.label for a in i.annotations if isinstance(a, Object)]) for i in box.items()] == [
        ("images/train/B.jpg", ["dog"]),
        ("images/train/IMG_1.JPG", ["car"]),
        ("images/train/IMG_2.JPG", ["car"]),
        ("images/train/b.jpg", ["car"]),
    ]


def test_a_picture_may_be_called_like_a_split(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/test.txt": GOOD}).picture("images/train/test.png")
    assert [len(i.annotations) for i in box.items()] == [1]


def test_a_label_may_be_called_like_the_whole_picture(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.jpg.txt": GOOD, "labels/train/b.txt": GOOD})
    box.picture("images/train/a.jpg", "images/train/b.jpg")
    assert [(i.asset.path, len(i.annotations)) for i in box.items()] == [
        ("images/train/a.jpg", 1),
        ("images/train/b.jpg", 1),
    ]


def test_a_path_that_no_system_has_is_no_crash(box: Sandbox) -> None:
    box.write({"data.yaml": f'path: "/a\\0b"\ntrain: "im\\0ages"\n{NAMES}', "labels/a.txt": GOOD}).picture(
        "images/a.png"
    )
    assert [len(i.annotations) for i in box.items()] == [1]
    box.write({"bare/data.yaml": f'path: "/a\\0b"\ntrain: images\n{NAMES}'})
    with pytest.raises(SourceError, match="no picture and no label"):
        box.open("bare")


def test_pictures_of_a_split_without_labels_are_beside_those_of_others(box: Sandbox) -> None:
    box.write({"train_labels/0.txt": GOOD}).picture("train_images/0.png", "test_images/1.png", "docs/2.png")
    assert [i.asset.path for i in box.items()] == ["test_images/1.png", "train_images/0.png"]


def test_pictures_and_labels_in_trees_of_their_own(box: Sandbox) -> None:
    box.write({"train_labels/0.txt": GOOD, "val_labels/0.txt": "1 0.5 0.5 0.2 0.4\n", "classes.txt": "car\ndog\n"})
    box.picture("train_images/0.png", "val_images/0.png")
    assert [a.label for a in box.objects()] == ["car", "dog"]
    box.write({"odd/ann/train/0.txt": GOOD, "odd/ann/val/0.txt": "1 .5 .5 .2 .4\n", "odd/classes.txt": "car\ndog\n"})
    box.picture("odd/pix/train/0.png", "odd/pix/val/0.png")
    assert [a.label for a in box.objects("odd")] == ["car", "dog"]


def test_dota_as_released_has_its_labels_twice(box: Sandbox) -> None:
    row = "{} 10 30 20 30 40 10 40 ship 0\n"
    box.write(
        {"train/labelTxt-v1.0/labelTxt/P1.txt": row.format(10), "train/labelTxt-v1.0/Train_hbb/P1.txt": row.format(9)}
    )
    box.picture("train/images/images/P1.png")
    (item,) = box.items()
    assert item.asset.path == "train/images/images/P1.png"
    assert [flat(a)[0] for a in item.annotations if isinstance(a, Object)] == [10]
    assert box.codes()[Code.FILE_IGNORED] == 1


def test_what_no_split_names_is_counted_and_lists_are_not(box: Sandbox) -> None:
    box.write({"data.yaml": f"train: lists/a.txt\n{NAMES}", "lists/a.txt": "images/a.png\n", "labels/a.txt": GOOD})
    box.picture("images/a.png", "images/b.png", "logo.png")
    assert [i.asset.path for i in box.items()] == ["images/a.png"]
    assert box.codes()[Code.FILE_IGNORED] == 2


def test_a_label_without_picture_among_others_is_said(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD, "labels/train/b.txt": ""}).picture("images/train/a.png")
    assert [i.asset.path for i in box.items()] == ["images/train/a.png", "images/train/b.jpg"]
    assert box.opening.diagnostics[Code.FILE_MISSING].examples[0].file == "labels/train/b.txt"


def test_a_folder_in_two_splits_stays_in_the_first(box: Sandbox) -> None:
    box.write({"data.yaml": "train: images\nval: images\n" + NAMES, "labels/a.txt": GOOD}).picture("images/a.png")
    assert [(i.split, len(i.annotations)) for i in box.items()] == [("train", 1)]


def test_data_yaml_itself_and_the_choice_among_several(box: Sandbox) -> None:
    box.write(
        {"one.yaml": "train: images\nnames: [x]\n", "two.yaml": "train: images\nnames: [y]\n", "labels/a.txt": GOOD}
    )
    box.picture("images/a.png")
    assert box.objects("two.yaml")[0].label == "y"
    assert box.objects(data="one.yaml")[0].label == "x"
    with pytest.raises(SourceError, match="-O data="):
        box.open()
    with pytest.raises(UsageError, match="no such file"):
        box.open(data="three.yaml")


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("names: [car\ntrain: images\n", "line"),
        ("train: images\nnames: car\n", "names"),
        ("train: images\nkpt_shape: [17, 4]\n" + NAMES, "kpt_shape"),
        ("train: images\nmasks_dir: masks\n" + NAMES, "masks"),
        ("train: elsewhere\n" + NAMES, "elsewhere"),
        ("train: images\ntask: depth\n" + NAMES, "depth"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(box: Sandbox, yaml: str, message: str) -> None:
    box.write({"data.yaml": yaml, "labels/a.txt": GOOD}).picture("images/a.png")
    with pytest.raises(SourceError, match=message):
        box.open()


def test_darknet_and_cvat(box: Sandbox) -> None:
    box.write(
        {
            "obj.data": "classes = 2\ntrain = data/train.txt\nvalid=data/valid.txt\nnames = data/obj.names\nbackup = backup/\n",
            "obj.names": "car\n\ndog\n\n",
            "train.txt": "data/obj_train_data/b.png\ndata/obj_train_data/a.png\n",
            "valid.txt": "data/obj_valid_data/a.png\n",
            "obj_train_data/a.txt": "2 .5 .5 .2 .4\n",
            "obj_train_data/b.txt": "",
            "obj_valid_data/a.txt": GOOD,
        }
    ).picture("obj_train_data/a.png", "obj_train_data/b.png", "obj_valid_data/a.png")
    assert [
        (i.asset.path, i.split, [a.label for a in i.annotations if isinstance(a, Object)]) for i in box.items()
    ] == [
        ("obj_train_data/b.png", "train", []),
        ("obj_train_data/a.png", "train", ["dog"]),
        ("obj_valid_data/a.png", "valid", ["car"]),
    ]
    # the blank line keeps its id, and with it the ids of what follows
    assert [label.name for label in box.open().schema.labels] == ["car", "class_1", "dog"]
    assert box.codes()[Code.CLASS_UNNAMED] == 1
    assert box.codes()[Code.FIELD_REPAIRED] == 1


def test_cvat_without_pictures(box: Sandbox) -> None:
    box.write(
        {
            "obj.data": "classes = 1\ntrain = data/train.txt\nnames = data/obj.names\n",
            "obj.names": "car\n",
            "train.txt": "data/obj_train_data/sub/a.jpeg\n",
            "obj_train_data/sub/a.txt": GOOD,
        }
    )
    (item,) = box.items(context=ReadContext(sizes={"obj_train_data/sub/a.jpeg": (200, 100)}))
    assert item.asset.path == "obj_train_data/sub/a.jpeg"
    assert corners(item.annotations[0]) == (80, 30, 40, 40)


def test_subsets_of_cvat_are_splits_whatever_they_are_called(box: Sandbox) -> None:
    box.write({"data.yaml": "Train: Train.txt\nholdout: holdout.txt\nnames: {0: car}\npath: .\nnote: none.txt\n"})
    for split in ("Train", "holdout"):
        box.write({f"{split}.txt": f"data/images/{split}/a.png\n", f"labels/{split}/a.txt": GOOD})
        box.picture(f"images/{split}/a.png")
    assert [(i.asset.path, i.split) for i in box.items()] == [
        ("images/Train/a.png", "train"),
        ("images/holdout/a.png", "holdout"),
    ]


def test_a_text_file_that_lists_no_pictures_is_no_split(box: Sandbox) -> None:
    box.write({"data.yaml": YAML + "classes: classes.txt\nlabels: data/labels.txt\n"})
    box.write({"classes.txt": "car\ndog\n", "data/labels.txt": "1. car.\n", "labels/train/a.txt": GOOD})
    box.picture("images/train/a.png")
    assert [(i.asset.path, i.split) for i in box.items()] == [("images/train/a.png", "train")]
    assert Code.FILE_MISSING not in box.codes()


def test_lists_of_labelimg_that_grew_are_one(box: Sandbox) -> None:
    box.write({"one/classes.txt": "car\ndog\n", "one/a.txt": GOOD, "two/classes.txt": "car\ndog\ntree\n"})
    box.write({"two/b.txt": "2 .5 .5 .2 .4\n"}).picture("one/a.png", "two/b.png")
    assert [f.label for f in box.objects()] == ["car", "tree"]


def test_labelimg_and_label_studio(box: Sandbox) -> None:
    box.write({"classes.txt": "car\ndog\n", "a.txt": GOOD}).picture("a.png", "b.png")
    assert [len(i.annotations) for i in box.items()] == [1, 0]
    box.write(
        {"ls/notes.json": '{"categories": [{"id": 1, "name": "b"}, {"id": 0, "name": "a"}]}', "ls/labels/x.txt": GOOD}
    )
    box.picture("ls/images/x.png")
    assert box.objects("ls")[0].label == "a"


def test_notes_about_something_else_name_no_classes(box: Sandbox) -> None:
    box.write({"notes.json": '{"todo": []}', "labels/a.txt": GOOD}).picture("images/a.png")
    assert [f.label for f in box.objects()] == ["class_0"]


def test_masks_are_said_to_be_left(box: Sandbox) -> None:
    box.write({"data.yaml": YAML}).picture("images/train/a.png", "masks/train/a.png")
    assert [i.asset.path for i in box.items()] == ["images/train/a.png"]
    assert "masks" in str(box.opening.diagnostics[Code.FILE_IGNORED].examples)


def test_roboflow_darknet(box: Sandbox) -> None:
    for split in ("train", "valid"):
        box.write({f"{split}/_darknet.labels": "car\ndog\n", f"{split}/a.txt": GOOD}).picture(f"{split}/a.jpg")
    assert [(i.asset.path, i.split, len(i.annotations)) for i in box.items()] == [
        ("train/a.jpg", "train", 1),
        ("valid/a.jpg", "valid", 1),
    ]
    box.write({"valid/_darknet.labels": "dog\ncar\n"})
    with pytest.raises(SourceError, match="other classes"):
        box.open()


def test_dota(box: Sandbox) -> None:
    box.write(
        {
            "labelTxt/a.txt": "imagesource:GoogleEarth\ngsd:0.14\n10 20 30 20 30 40.5 10 40 small-car 1\n1 1 9 1 9 9 1 9 ship 0\n"
            "1 1 9 1 9 9 1 9 ship 0\n1 2 3\n"
        }
    ).picture("images/a.png")
    found = box.objects()
    assert [(f.label, flat(f)) for f in found] == [
        ("small-car", [10, 20, 30, 20, 30, 40.5, 10, 40]),
        ("ship", [1, 1, 9, 1, 9, 9, 1, 9]),
    ]
    assert [[a.name for a in f.attributes if a.flag] for f in found] == [["difficult"], []]
    assert box.log.ledger["ship"].merged == 1
    assert box.codes()[Code.RECORD_UNREADABLE] == 1


def test_keras_lines(box: Sandbox) -> None:
    box.write(
        {
            "train/_annotations.txt": "a b.png 10,20,30,40,0 1,2,3,4,1\nc.png\nD:\\x\\d.png 5,6,7,8,0 9,9,1,1,1 1,2,3,4,9 1,2,x,4,0\n",
            "train/_classes.txt": "car\ndog\n",
        }
    ).picture("train/a b.png", "train/d.png")
    items = box.items()
    assert [(i.asset.path, i.split, len(i.annotations)) for i in items] == [
        ("train/a b.png", "train", 2),
        ("train/c.png", "train", 0),
        ("train/d.png", "train", 1),
    ]
    assert corners(items[0].annotations[0]) == (10, 20, 20, 20)
    assert {Code.BOX_INVALID, Code.CLASS_UNKNOWN, Code.RECORD_UNREADABLE} <= set(box.codes())
    assert isinstance(box.sniff(), Match)
    (box.root / "2007_train.txt").write_text("/data/JPEGImages/x.jpg 1,2,3,4,0\n")
    (item,) = box.items("2007_train.txt")
    (found,) = item.annotations
    assert isinstance(found, Object)
    assert (item.asset.path, found.label) == ("JPEGImages/x.jpg", "class_0")


def test_keras_lists_of_a_folder_and_the_names_beside_one(box: Sandbox) -> None:
    box.write({"classes.txt": "car\ndog\n"})
    for split in ("train", "val"):
        box.write({f"2007_{split}.txt": f"/home/me/VOC2007/JPEGImages/{split}.jpg 10,20,30,40,1\n"})
    assert box.sniff() == Match(POSSIBLE, "2007_train.txt has one line a picture, with boxes")
    expected = [("JPEGImages/train.jpg", "train", "dog"), ("JPEGImages/val.jpg", "val", "dog")]
    for path in ("", "2007_train.txt"):
        found = [
            (i.asset.path, i.split, a.label) for i in box.items(path) for a in i.annotations if isinstance(a, Object)
        ]
        assert found == expected
        expected.pop()


def ndjson(box: Sandbox, head: dict[str, Any], *lines: Any) -> list[Item]:
    text = [json.dumps({"type": "dataset", **head}), *(x if isinstance(x, str) else json.dumps(x) for x in lines)]
    box.write({"set.ndjson": "\n".join(text) + "\n"})
    return box.items("set.ndjson")


def test_ndjson_detect(box: Sandbox) -> None:
    image = {"type": "image", "file": "a.jpg", "url": "https://signed", "width": 200, "height": 100, "split": "train"}
    bad = [[1, "x", 0.5, 0.2, 0.4], [9, 0.5, 0.5, 0.2, 0.4], 3, [True, 0.5, 0.5, 0.2, 0.4]]
    items = ndjson(
        box,
        {"task": "detect", "class_names": {"0": "car", "1": "dog"}},
        {**image, "annotations": {"boxes": [[1, 0.5, 0.5, 0.2, 0.4], *bad]}},
        {**image, "file": "b.jpg"},
        "{broken",
    )
    assert [(i.asset.path, i.split, len(i.annotations)) for i in items] == [
        ("a.jpg", "train", 1),
        ("b.jpg", "train", 0),
    ]
    assert corners(items[0].annotations[0]) == (80, 30, 40, 40)
    assert items[0].asset.url is None
    assert box.log.unreadable == 1
    assert sum(t.skipped for t in box.log.ledger.values()) == 4


def test_ndjson_keeps_equal_names_of_splits_apart(box: Sandbox) -> None:
    image = {"type": "image", "file": "a.jpg", "width": 200, "height": 100}
    items = ndjson(
        box, {"task": "detect", "class_names": ["car"]}, {**image, "split": "train"}, {**image, "split": "val"}
    )
    assert [i.asset.path for i in items] == ["train/a.jpg", "val/a.jpg"]


@pytest.mark.parametrize(
    ("head", "annotations", "expected"),
    [
        ({"task": "segment"}, {"segments": [[0, 0.1, 0.1, 0.4, 0.1, 0.4, 0.5]]}, Polygon),
        ({"task": "obb"}, {"obb": [[0, 0.5, 0.1, 0.6, 0.3, 0.5, 0.5, 0.4, 0.3]]}, Polygon),
        ({"task": "pose", "kpt_shape": [1, 3]}, {"pose": [[0, 0.5, 0.5, 0.2, 0.4, 0.1, 0.2, 2]]}, Box),
    ],
)
def test_ndjson_of_other_tasks(box: Sandbox, head: dict[str, Any], annotations: Any, expected: type) -> None:
    image = {"type": "image", "file": "a.jpg", "width": 200, "height": 100, "annotations": annotations}
    (item,) = ndjson(box, {**head, "class_names": ["car"]}, image)
    (found,) = item.annotations
    assert isinstance(found, Object)
    assert isinstance(found.geometry, expected)
    assert (found.keypoints is not None) == (head["task"] == "pose")


def test_ndjson_names_its_keypoints(box: Sandbox) -> None:
    head = {"task": "pose", "kpt_shape": [2, 2], "kpt_names": {"0": ["nose", "tail"]}, "class_names": ["dog"]}
    rows = {"pose": [[0, 0.5, 0.5, 0.2, 0.4, 0.1, 0.2, 0.3, 0.4]]}
    (item,) = ndjson(box, head, {"type": "image", "file": "a.jpg", "width": 200, "height": 100, "annotations": rows})
    (found,) = item.annotations
    assert isinstance(found, Object)
    assert found.keypoints is not None
    assert [p.name for p in found.keypoints.points] == ["nose", "tail"]


def test_ndjson_classification(box: Sandbox) -> None:
    image = {"type": "image", "file": "a.jpg", "annotations": {"classification": [1, 0]}}
    (item,) = ndjson(box, {"task": "classify", "class_names": ["car", "dog"]}, image)
    assert [a.value for a in item.annotations if isinstance(a, Classification)] == ["dog", "car"]


def test_ndjson_of_semantic_masks_is_refused(box: Sandbox) -> None:
    with pytest.raises(SourceError, match="semantic"):
        ndjson(box, {"task": "semantic", "class_names": ["car"]})


def test_classification_folders(box: Sandbox) -> None:
    box.picture("train/cat/a.jpg", "train/dog/deep/b.jpg", "train/no_label/c.jpg", "val/cat/a.jpg")
    items = box.items()
    assert [
        (i.asset.path, i.split, [a.value for a in i.annotations if isinstance(a, Classification)]) for i in items
    ] == [
        ("train/cat/a.jpg", "train", ["cat"]),
        ("train/dog/deep/b.jpg", "train", ["dog"]),
        ("train/no_label/c.jpg", "train", []),
        ("val/cat/a.jpg", "val", ["cat"]),
    ]
    assert box.sniff() == Match(LIKELY, "only pictures, in 3 folders of classes below folders of splits")
    told = {"a": {"path": "cat/a.jpg", "labels": ["cat", "pet"]}, "c": {"path": "no_label/c.jpg", "labels": []}}
    box.write({"train/labels.json": json.dumps(told)})
    assert next(a.value for i in box.items() for a in i.annotations if isinstance(a, Classification)) == ("cat", "pet")


def test_classification_folders_in_an_archive_of_their_own_folder(box: Sandbox) -> None:
    box.picture("archive/my set/train/cat/a.jpg", "archive/my set/train/dog/b.jpg", "archive/my set/val/cat/a.jpg")
    assert box.sniff() == Match(LIKELY, "only pictures, in 2 folders of classes below folders of splits")
    assert [(i.split, [a.value for a in i.annotations if isinstance(a, Classification)]) for i in box.items()] == [
        ("train", ["cat"]),
        ("train", ["dog"]),
        ("val", ["cat"]),
    ]


# ------------------------------------------------------------------------------------------------- sizes, orientation


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


# --------------------------------------------------------------------------------------------------------- recognition


def test_descriptors_are_certain(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD})
    assert box.sniff() == Match(CERTAIN, "data.yaml describes splits and classes")
    assert isinstance(box.sniff("data.yaml"), Match)
    assert isinstance(box.sniff("labels/train/a.txt"), Refusal)


def test_rows_beside_pictures_are_likely_and_names_make_them_certain(box: Sandbox) -> None:
    box.write({"labels/a.txt": GOOD}).picture("images/a.png")
    assert box.sniff() == Match(LIKELY, "labels/a.txt has rows of numbers")
    box.write({"classes.txt": "car\n"})
    assert box.sniff() == Match(CERTAIN, "classes.txt names classes and labels/a.txt has rows of numbers")


@pytest.mark.parametrize(
    "files",
    [
        {"a.txt": "Car 0.00 0 -1.57 614.24 181.78 727.31 284.77 1.57 1.73 4.15 1.00 1.75 13.22 1.62\n"},
        {"gt/gt.txt": "1,1,912,484,97,109,0,7,1\n2,1,912,484,97,109,0,7,1\n"},
        {"a.txt": "684,8,273,116,0,0,0,0\n"},
        {"gt_img_1.txt": "377,117,463,117,465,130,378,130,Genaxis Theatre\n493,115,519,115,519,131,493,131,[06]\n"},
        {"a.txt": "some words about the weather today\n"},
        {"train.txt": "images/a.jpg\nimages/b.jpg\n"},
        {"annotations.xml": "<annotations><version>1.1</version></annotations>", "images/a.jpg": "", "other/b.jpg": ""},
        {"annotations/instances.json": "{}", "images/a.jpg": "", "train/b.jpg": ""},
        {"JPEGImages/a.jpg": "", "SegmentationClass/a.png": ""},
        {"a/data.yaml": YAML, "b/data.yaml": YAML},
        {"a.yaml": "openapi: 3\nnames: [x]\n"},
        {"a.jpg": "", "b.jpg": ""},
        {"labelbox.ndjson": '{"data_row": {"global_key": "a"}}\n'},
        {},
    ],
)
def test_other_things_are_refused_with_a_reason(box: Sandbox, files: dict[str, str]) -> None:
    verdict = box.write(files).sniff()
    assert isinstance(verdict, Refusal)
    assert verdict.reason


def test_a_doubtful_sample_makes_it_look_at_every_file(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("to_labelbox_formats.yolo.dataset.SAMPLE", 2)
    pose = "1 0.5 0.5 0.2 0.4 0.1 0.2 2 0.3 0.4 1\n"
    files = {f"labels/train/{n}.txt": pose for n in range(6)}
    box.write({"data.yaml": YAML, **files, "labels/train/5.txt": "1 0.1 0.1 0.2 0.2 0.3 0.1\n"})
    box.picture(*(f"images/train/{n}.png" for n in range(6)))
    assert len(box.objects()) == 6
    assert "from all of 6 label files" in box.opening.diagnostics[Code.DECISION].examples[-1].message
    box.write({f"labels/train/{n}.txt": GOOD for n in range(6)})
    box.write({"labels/train/1.txt": "1 0.1 0.1 0.2 0.2 0.3 0.1 0.4 0.4\n"})
    assert len(box.objects()) == 6
    assert "from 2, spread evenly, of 6 label files" in box.opening.diagnostics[Code.DECISION].examples[-1].message
    assert box.codes()[Code.ROWS_MIXED] == 1


# ------------------------------------------------------------------------------------------------------------ mutation


def test_a_thousand_damaged_rows_and_files(tmp_path: Path) -> None:
    """Bytes changed, removed and added in label files, names and descriptors: messages, never a traceback."""
    generator = random.Random(5)
    good = "0 0.5 0.5 0.2 0.4\n1 0.1 0.1 0.4 0.1 0.4 0.5 0.2 0.9\n2 0.3 0.3 0.1 0.1 0.9\n"
    alphabet = b"0123456789.-+eE \t\r\n,_nainfx\xff\x00#:[]{}"
    for n in range(40):
        box = Sandbox(tmp_path / str(n))
        files: dict[str, str | bytes] = {"data.yaml": YAML}
        for m in range(25):
            data = bytearray(good.encode())
            for _ in range(generator.randint(1, 6)):
                at = generator.randrange(len(data))
                match generator.randrange(3):
                    case 0:
                        data[at] = generator.choice(alphabet)
                    case 1:
                        del data[at : at + generator.randint(1, 9)]
                    case _:
                        data[at:at] = bytes([generator.choice(alphabet)])
                data = data or bytearray(b" ")
            files[f"labels/train/{m}.txt"] = bytes(data)
        if n % 2:
            yaml = bytearray((YAML + "kpt_shape: [2, 2]\n").encode())
            yaml[generator.randrange(len(yaml))] = generator.choice(alphabet)
            files["data.yaml"] = bytes(yaml)
        box.write(files)
        context = ReadContext(sizes={f"{m}": (200, 100) for m in range(25)})
        try:
            items = box.items(context=context)
        except ToLabelboxError:
            continue
        for code, diagnostic in box.log.diagnostics.items():
            assert all(e.file for e in diagnostic.examples), code
        assert sum(len(i.annotations) for i in items) > 0


def test_every_reason_for_a_task_is_reported() -> None:
    finding = evidence.decide(evidence.Evidence(), None, lambda unit: Frame())
    assert finding.task is Task.DETECT
