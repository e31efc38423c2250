"""Label Studio: regions, answers, selection, assets and containers, with values computed by hand: pictures."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest

from builders.label_studio import (
    FIXTURES,
    annotation,
    answers,
    export,
    fixture,
    one,
    picture,
    read,
    rectangle,
    region,
    shapes,
)
from to_labelbox.model.items import (
    Attribute,
    Box,
    Choice,
    Object,
    Point,
    Polygon,
    RotatedBox,
)
from to_labelbox.model.schema import Kind, Label
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio import FORMAT
from to_labelbox_formats.label_studio.options import Options
from to_labelbox_formats.label_studio.regions.shapes import box_of


def test_rectangles_are_pixels_and_turn_about_their_corner() -> None:
    items, log = fixture("rectangles")
    assert [i.asset.path for i in items] == ["yard.jpg", "empty.jpg"]
    assert (items[0].asset.width, items[0].asset.height) == (200, 100)
    assert shapes(items[0]) == {
        "a": Box(20, 20, 60, 40),
        "b": RotatedBox(95, 70, 40, 10, 90),
        "c": Box(60, 10, 20, 20),
        "d": Box(180, 80, 40, 10),
    }
    assert [a.label for a in items[0].annotations if isinstance(a, Object)] == ["crane", "crane", "slab", "slab"]
    assert items[1].annotations == []
    assert log.diagnostics[Code.BOX_FLIPPED].count == 1
    assert log.diagnostics[Code.EXIF_UNCHECKED].count == 1


@pytest.mark.parametrize("seed", range(20))
def test_the_centre_of_a_turned_box_keeps_the_corner_in_place(seed: int) -> None:
    rng = random.Random(seed)
    x, y, w, h = (rng.uniform(0, 100) for _ in range(4))
    angle, width, height = rng.uniform(-720, 720), rng.uniform(10, 3000), rng.uniform(10, 3000)
    box = box_of(x, y, w, h, angle, width, height)
    assert isinstance(box, RotatedBox)
    a = math.radians(angle)
    left, top, wide, high = x * width / 100, y * height / 100, w * width / 100, h * height / 100
    corners = [
        (left, top),
        (left + wide * math.cos(a), top + wide * math.sin(a)),
        (left + wide * math.cos(a) - high * math.sin(a), top + wide * math.sin(a) + high * math.cos(a)),
        (left - high * math.sin(a), top + high * math.cos(a)),
    ]
    b = math.radians(box.angle)
    found = [
        (
            box.cx + dx * math.cos(b) - dy * math.sin(b),
            box.cy + dx * math.sin(b) + dy * math.cos(b),
        )
        for dx, dy in ((-wide / 2, -high / 2), (wide / 2, -high / 2), (wide / 2, high / 2), (-wide / 2, high / 2))
    ]
    for (px, py), (qx, qy) in zip(corners, found):
        assert px == pytest.approx(qx, abs=1e-6)
        assert py == pytest.approx(qy, abs=1e-6)


def test_negative_sides_of_a_turned_box() -> None:
    assert box_of(50, 50, -10, 20, 90, 100, 100) == RotatedBox(40, 45, 10, 20, 90)


def test_the_config_declares_labels_by_alias_with_colours() -> None:
    dataset = FORMAT.read(Source(FIXTURES / "rectangles" / "input"), Options(), ReadContext())
    assert dataset.schema.labels == (
        Label("crane", (Kind.BOX,), "#ff8800"),
        Label("slab", (Kind.BOX,), "#0000ff"),
        Label("unused", (Kind.BOX,)),
    )


def test_shapes_without_a_config() -> None:
    items, _ = fixture("shapes-without-config")
    found: dict[str, Any] = {a.label: a.geometry for a in items[0].annotations if isinstance(a, Object)}
    assert found["field"] == Polygon((([20, 10, 100, 10, 100, 60],),))
    assert found["road"].points == [0, 0, 100, 50, 200, 0]
    assert (found["pond"].cx, found["pond"].cy, found["pond"].rx, found["pond"].ry) == (100, 50, 20, 20)
    assert found["well"] == Point(50, 75)
    assert found["barn"] == Box(0, 0, 100, 50)


def test_masks_and_broken_masks() -> None:
    items, log = fixture("masks")
    assert [a.id for a in items[0].annotations] == ["r", "m"]
    assert log.ledger["rust"].skipped == 2
    assert log.diagnostics[Code.MASK_INVALID].count == 2


def test_vectors_branch_and_close() -> None:
    items, _ = fixture("vectors")
    found = shapes(items[0])
    assert found["open"].points == [0, 0, 100, 0, 100, 50]
    assert found["tree"].points == [20, 10, 40, 10]
    assert found["tree~1"].points == [20, 10, 20, 20]
    assert found["ring"] == Polygon((([120, 60, 160, 60, 160, 80],),))
    assert [a.loss for a in items[0].annotations if isinstance(a, Object)] == [False, True, True, False]


def test_pages_are_items_of_their_own() -> None:
    items, _ = fixture("pages")
    assert [(i.asset.path, list(shapes(i))) for i in items] == [("scans/1.png", ["b"]), ("scans/2.png", ["a"])]
    assert answers(items[1]) == {"quality": Choice("blurred")}
    assert answers(items[0]) == {}


def test_answers_about_a_region_become_its_attributes() -> None:
    items, _ = fixture("region-answers")
    a, b, b2 = items[0].annotations
    assert isinstance(a, Object)
    assert isinstance(b, Object)
    assert isinstance(b2, Object)
    assert a.attributes == (
        Attribute("transcription", "total\n42 EUR", free_text=True),
        Attribute("legible", Choice("clear")),
    )
    assert (b.id, b.label, b.source_count) == ("b", "written", 1)
    assert (b2.id, b2.label, b2.source_count) == ("b/1", "printed", 0)
    assert b.attributes == (Attribute("note", "check this", free_text=True),)
    dataset = FORMAT.read(Source(FIXTURES / "region-answers" / "input"), Options(), ReadContext())
    printed, written = dataset.schema.labels
    assert [q.name for q in printed.attributes] == ["transcription", "legible"]
    assert [q.name for q in written.attributes] == ["transcription"]


def test_a_text_region_without_its_shape_is_an_unlabelled_region(tmp_path: Path) -> None:
    value = {"x": 10, "y": 20, "width": 30, "height": 40, "text": ["42"]}
    item, log = one(tmp_path, region(value, kind="textarea"))
    assert not item.annotations
    assert log.diagnostics[Code.CLASS_UNNAMED].count == 1
    item, _ = one(tmp_path, region(value, kind="textarea"), unlabelled="text")
    assert item.annotations[0].label == "text"
    assert item.annotations[0].attributes == (Attribute("label", "42", free_text=True),)


def test_a_tool_without_labels_names_the_class(tmp_path: Path) -> None:
    value = {"x": 10, "y": 20, "width": 30, "height": 40}
    config = '<Image name="image" value="$image"/><Rectangle name="label" toName="image"/>'
    item, _ = one(tmp_path, region(value, kind="rectangle"), config=config)
    assert item.annotations[0].label == "label"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"x": 1, "y": 1}, Code.CLASS_UNNAMED),
        ({"polygonlabels": ["a"]}, Code.GEOMETRY_MISSING),
        ({"points": [[1, 1], [2, 2]], "polygonlabels": ["a"]}, Code.POLYGON_TOO_SHORT),
        ({"points": [[1, 1]], "closed": False, "polygonlabels": ["a"]}, Code.LINE_TOO_SHORT),
        ({"points": [[1], [2], [3]], "polygonlabels": ["a"]}, Code.POLYGON_INVALID),
        ({"points": [[1, "x"], [2, 3], [3, 4]], "polygonlabels": ["a"]}, Code.POLYGON_INVALID),
        ({"points": "none", "polygonlabels": ["a"]}, Code.POLYGON_INVALID),
        ({"format": "png", "rle": [1], "brushlabels": ["a"]}, Code.MASK_INVALID),
        ({"format": "rle", "rle": [], "brushlabels": ["a"]}, Code.MASK_INVALID),
        ({"imageDataURL": "data:,", "bitmasklabels": ["a"]}, Code.MASK_INVALID),
        ({"vertices": [{"x": 1, "y": 1}], "vectorlabels": ["a"]}, Code.LINE_TOO_SHORT),
        ({"vertices": [{"x": 1}], "vectorlabels": ["a"]}, Code.LINE_TOO_SHORT),
        ({"start": 1, "end": 2, "labels": ["a"]}, Code.GEOMETRY_MISSING),
        ({"x": "left", "y": 1, "width": 1, "height": 1, "rectanglelabels": ["a"]}, Code.RECORD_UNREADABLE),
        ({"x": 1, "y": 1, "width": 1, "height": 1, "rectanglelabels": [1]}, Code.RECORD_UNREADABLE),
        ({"x": 1, "y": 1, "width": 1, "height": 1, "rectanglelabels": []}, Code.CLASS_UNNAMED),
        ({"x": 1, "y": 1, "width": 1, "height": 1, "rectanglelabels": [""]}, Code.CLASS_UNNAMED),
        ({"choices": []}, Code.ANSWER_EMPTY),
        ({"notes": 1}, Code.GEOMETRY_MISSING),
        ({"choices": [{"a": 1}]}, Code.RECORD_UNREADABLE),
        ({"text": [" "]}, Code.ANSWER_EMPTY),
        ({"ranker": {"a": ["b"]}}, Code.UNSUPPORTED),
        ({"chatmessage": {"role": "user"}}, Code.UNSUPPORTED),
    ],
)
def test_regions_that_cannot_be_read_cost_themselves(tmp_path: Path, value: dict[str, Any], code: Code) -> None:
    kind = next((k for k in value if k.endswith("labels")), "choices" if "choices" in value else "other")
    item, log = one(tmp_path, region(value, kind=kind), region(rectangle(), id="good"))
    assert [a.id for a in item.annotations] == ["good"]
    assert log.diagnostics[code].count == 1
    assert log.ledger.total().skipped == 1


def test_regions_without_a_size_are_skipped_with_the_remedy(tmp_path: Path) -> None:
    bare = {k: v for k, v in region(rectangle()).items() if not k.startswith("original")}
    item, log = one(tmp_path, bare)
    assert "--media-root" in log.diagnostics[Code.IMAGE_SIZE_UNKNOWN].message
    assert not item.annotations
    item, _ = one(tmp_path, bare, size="100x50")
    assert shapes(item) == {"r": Box(10, 10, 30, 20)}
    items, _ = read(tmp_path / "export.json", ReadContext(sizes={"a.jpg": (1000, 10)}))
    assert shapes(items[0]) == {"r": Box(100, 2, 300, 4)}


def test_the_header_gives_the_size_and_turned_pictures_are_turned_back(tmp_path: Path) -> None:
    # 100 × 200 stored, shown as 200 × 100: the browser's left is the stored bottom
    media = picture(tmp_path, (100, 200), orientation=6)
    file = export(tmp_path, {"id": 1, "data": {"image": "a.jpg"}, "annotations": [annotation(region(rectangle()))]})
    items, log = read(file, ReadContext(media=media))
    assert shapes(items[0]) == {"r": Box(20, 120, 40, 60)}
    assert (items[0].asset.width, items[0].asset.height) == (100, 200)
    assert log.diagnostics[Code.EXIF_TURNED].count == 1
    items, _ = read(file, ReadContext(media=media, exif=False))
    assert shapes(items[0]) == {"r": Box(20, 20, 60, 40)}
    assert (items[0].asset.width, items[0].asset.height) == (200, 100)


def test_a_picture_of_another_size_keeps_its_own(tmp_path: Path) -> None:
    media = picture(tmp_path, (400, 400))
    file = export(tmp_path, {"id": 1, "data": {"image": "a.jpg"}, "annotations": [annotation(region(rectangle()))]})
    items, log = read(file, ReadContext(media=media))
    assert shapes(items[0]) == {"r": Box(40, 80, 120, 160)}
    assert log.diagnostics[Code.IMAGE_SIZE_MISMATCH].count == 1
