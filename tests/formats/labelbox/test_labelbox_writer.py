"""Masks, spans, pages, maps, times: what the writer makes of single annotations beside the plain cells."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelbox_cells import pixels_of
from labelbox_writer import Written, faults, written
from to_labelbox.geometry.raster import mask_array, mask_from_array
from to_labelbox.model.items import (
    Annotation,
    Asset,
    Attribute,
    Box,
    Choice,
    Classification,
    Ellipse,
    FrameSpan,
    Item,
    Keypoint,
    Keypoints,
    Media,
    Message,
    Object,
    PageBox,
    PageUnit,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    TextSpan,
    Tiles,
    TimeSpan,
    TokenSelection,
    TokenSpan,
)
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Tally
from to_labelbox.rules.settings import Settings
from to_labelbox_formats.labelbox.encode.png_masks import pngs

MAP = Asset(path="m", media=Media.GEOSPATIAL, tiles=Tiles("https://t.example.org/{z}/{x}/{y}.png", ((7, 47), (8, 46))))


def run(asset: Asset, *annotations: Annotation, settings: Settings | None = None, **options: Any) -> Written:
    return written([Item(asset=asset, annotations=annotations, origin="o")], settings=settings, **options)


def obj(geometry: Any, id: str = "1", **more: Any) -> Object:
    return Object(id=id, label="thing", geometry=geometry, **more)


def tally(made: Written, label: str = "thing") -> Tally:
    return made.log.ledger[label]


# ------------------------------------------------------------------------------------------------------- masks

grids = st.integers(1, 12).flatmap(
    lambda width: st.lists(st.lists(st.booleans(), min_size=width, max_size=width), min_size=1, max_size=12)
)


@given(grids)
def test_masks_decode_to_the_source_mask(grid: list[list[bool]]) -> None:
    mask = mask_from_array(np.array(grid))
    assert (mask_array(mask) == np.array(grid)).all()
    for value in (1, 255):
        pixels = pixels_of(base64.b64encode(pngs([mask], (value,))[0]).decode())
        assert pixels.dtype == np.uint8
        assert (pixels == np.array(grid) * value).all()
    color = (76, 0, 178)
    pixels = pixels_of(base64.b64encode(pngs([mask], color)[0]).decode())
    assert pixels.shape == (*np.array(grid).shape, 3)
    assert (pixels == np.array(grid)[..., None] * np.array(color)).all()


def test_mask_value_is_an_option(tmp_path: Path) -> None:
    made = run(Asset(path="a.png", width=2, height=1), obj(mask_from_array(np.array([[0, 1]]))), mask_value=255)
    assert pixels_of(made.lines[0]["mask"]["png"]).tolist() == [[0, 255]]
    assert faults(made, tmp_path) == []


@pytest.mark.parametrize("wrong", [{"mask_value": 2}, {"first_frame": 2}])
def test_options_that_no_server_takes(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        run(CHAT, **wrong)


# ------------------------------------------------------------------------------------------------------- spans

NOTE = Asset(path="n.txt", media=Media.TEXT, text="a😀b c")
CHAT = Asset(
    path="chat",
    media=Media.CONVERSATION,
    messages=(Message("m1", "hello"), Message("m2", "hidden", can_label=False)),
)


def test_text_unit_is_an_option() -> None:
    span = obj(TextSpan(2, 3))
    assert run(NOTE, span).lines[0]["location"] == {"start": 2, "end": 2}
    assert run(NOTE, span, text_unit="utf16").lines[0]["location"] == {"start": 3, "end": 3}
    assert Code.TEXT_UNIT in run(NOTE, span).log.diagnostics
    assert Code.TEXT_UNIT not in run(NOTE, obj(TextSpan(0, 1))).log.diagnostics


def test_a_span_beyond_the_text_is_cut(tmp_path: Path) -> None:
    made = run(NOTE, obj(TextSpan(4, 99)))
    assert made.lines[0]["location"] == {"start": 4, "end": 4}
    assert tally(made).approximated == 1
    assert faults(made, tmp_path) == []


@pytest.mark.parametrize(
    ("asset", "geometry"),
    [
        (NOTE, TextSpan(5, 6)),
        (NOTE, TextSpan(2, 2)),
        (NOTE, TextSpan(-1, 2)),
        (NOTE, TextSpan(0, 1, "m1")),
        (NOTE, Box(0, 0, 1, 1)),
        (CHAT, TextSpan(0, 1)),
        (CHAT, TextSpan(0, 1, "m9")),
        (CHAT, TextSpan(0, 1, "m2")),
        (Asset(path="a.pdf", media=Media.DOCUMENT), Box(0, 0, 1, 1)),
        (Asset(path="a.pdf", media=Media.DOCUMENT), TextSpan(0, 1)),
        (Asset(path="a.pdf", media=Media.DOCUMENT), PageBox(0, Box(0, 0, 1, 1), PageUnit.POINTS)),
        (Asset(path="a.pdf", media=Media.DOCUMENT), PageBox(1, Box(0, 0, 0, 1), PageUnit.POINTS)),
        (Asset(path="a.pdf", media=Media.DOCUMENT), PageBox(1, Box(1.5, 0, 1, 1), PageUnit.PERCENT)),
        (Asset(path="a.pdf", media=Media.DOCUMENT), TokenSpan(())),
        (Asset(path="a.pdf", media=Media.DOCUMENT), TokenSpan((TokenSelection(0, "g", ("t",)),))),
        (Asset(path="a.jpg"), PageBox(1, Box(0, 0, 1, 1), PageUnit.POINTS)),
        (Asset(path="a.jpg"), TextSpan(0, 1)),
        (Asset(path="a.jpg"), TimeSpan(0, 1)),
        (Asset(path="a.mp4", media=Media.VIDEO), Box(0, 0, 1, 1)),
        (Asset(path="a.html", media=Media.HTML), TextSpan(0, 1)),
        (MAP, Box(190, 0, 1, 1)),
        (MAP, Point(0, 91)),
        (MAP, Polyline([0, 0, 0, -91])),
        (MAP, mask_from_array(np.ones((2, 2)))),
    ],
)
def test_what_an_asset_does_not_take_is_skipped(asset: Asset, geometry: Any) -> None:
    made = run(asset, obj(geometry))
    assert made.lines == []
    assert tally(made) == Tally(skipped=1)
    assert made.ontology["tools"] == []
    assert len(made.log.diagnostics.keys() - {Code.ROW_DATA_LOCAL}) == 1


def test_a_box_in_fractions_is_cut_to_its_page(tmp_path: Path) -> None:
    made = run(Asset(path="a.pdf", media=Media.DOCUMENT), obj(PageBox(2, Box(0.5, 0.25, 0.75, 0.5), PageUnit.PERCENT)))
    assert made.lines[0]["bbox"] == {"top": 0.25, "left": 0.5, "height": 0.5, "width": 0.5}
    assert tally(made).approximated == 1
    assert faults(made, tmp_path) == []


@pytest.mark.parametrize(
    ("asset", "told"),
    [
        (Asset(path="a.jpg"), 1),
        (Asset(path="a.mp4", media=Media.VIDEO), 1),
        (Asset(path="a.wav", media=Media.AUDIO), 1),
        (Asset(path="a.pdf", media=Media.DOCUMENT), 1),
        (Asset(path="a.txt", media=Media.TEXT), 1),
        (Asset(path="a.wav", media=Media.AUDIO, url="https://h.example/a.wav"), 0),
        (Asset(path="task-1", media=Media.TEXT, text="said"), 0),
        (Asset(path="task-1", media=Media.CONVERSATION, messages=(Message("m1", "said"),)), 0),
    ],
)
def test_a_data_row_that_holds_a_path_is_told_whatever_its_medium(asset: Asset, told: int) -> None:
    noted = run(asset).log.diagnostics.get(Code.ROW_DATA_LOCAL)
    assert (noted.count if noted else 0) == told


# ----------------------------------------------------------------------------------------------------- answers

CALL = Asset(path="call.mp3", media=Media.AUDIO)


def answer(value: Any, id: str = "1", **more: Any) -> Classification:
    return Classification(id=id, name="q", value=value, **more)


def test_radio_answers_that_touch_in_time_are_parted(tmp_path: Path) -> None:
    guest, host = Choice("guest", (Attribute("mood", "calm"),)), Choice("host", (Attribute("mood", "calm"),))
    made = run(CALL, answer(guest, times=(TimeSpan(0, 1.6),)), answer(host, id="2", times=(TimeSpan(1.6, 2),)))
    assert made.ontology["classifications"][0]["type"] == "radio"
    first, second = made.lines[0]["answer"]
    assert (first["frames"], second["frames"]) == ([{"start": 0, "end": 1599}], [{"start": 1600, "end": 2000}])
    assert first["classifications"][0]["answer"][0]["frames"] == first["frames"]
    assert faults(made, tmp_path) == []


def test_nested_answers_hold_over_their_options_ranges(tmp_path: Path) -> None:
    calm, angry = Choice("guest", (Attribute("mood", "calm"),)), Choice("guest", (Attribute("mood", "angry"),))
    made = run(CALL, answer(calm, times=(TimeSpan(0, 1),)), answer(angry, id="2", times=(TimeSpan(2, 3),)))
    (option,) = made.lines[0]["answer"]
    assert option["frames"] == [{"start": 0, "end": 1000}, {"start": 2000, "end": 3000}]
    assert option["classifications"] == [
        {
            "name": "mood",
            "answer": [
                {"name": "calm", "frames": [{"start": 0, "end": 1000}]},
                {"name": "angry", "frames": [{"start": 2000, "end": 3000}]},
            ],
        }
    ]
    assert faults(made, tmp_path) == []


@pytest.mark.parametrize(
    ("asset", "wrong"),
    [
        (CALL, answer("x", times=(TimeSpan(-1, 1),))),
        (CALL, answer("x", times=(TimeSpan(2, 1),))),
        (CALL, answer("x", times=(TimeSpan(0, float("inf")),))),
        (CALL, answer("x", times=(TimeSpan(0, float("nan")),))),
        (CALL, answer("x", frames=(FrameSpan(0, 1),))),
        (CALL, answer("x", message="m1")),
        (CALL, answer("")),
        (CALL, answer(())),
        (Asset(path="a.mp4", media=Media.VIDEO), answer("x", frames=(FrameSpan(2, 1),))),
        (Asset(path="a.mp4", media=Media.VIDEO), answer("x", frames=(FrameSpan(-1, 1),))),
        (Asset(path="a.mp4", media=Media.VIDEO), answer("x", times=(TimeSpan(0, 1),))),
        (Asset(path="a.jpg"), answer("x", times=(TimeSpan(0, 1),))),
        (CHAT, answer("x", message="m9")),
        (Asset(path="ct", media=Media.DICOM), answer("x")),
    ],
)
def test_answers_about_parts_that_are_not_there_are_skipped(asset: Asset, wrong: Classification) -> None:
    made = run(asset, wrong)
    assert made.lines == []
    assert tally(made, "q") == Tally(skipped=1)
    assert made.ontology["classifications"] == []


def test_message_answers_have_scope_index(tmp_path: Path) -> None:
    made = run(CHAT, answer("x", message="m1"))
    assert made.ontology["classifications"][0]["scope"] == "index"
    assert faults(made, tmp_path) == []


def test_names_with_control_characters_agree_with_the_ontology(tmp_path: Path) -> None:
    odd = Classification(id="1", name="q\x00\x1b", value=Choice("a\n", (Attribute("n\x07", "x"),)))
    made = run(CHAT, odd)
    assert made.lines[0]["name"] == made.ontology["classifications"][0]["name"]
    assert faults(made, tmp_path) == []


# -------------------------------------------------------------------------------------------------------- maps


def on_map(*annotations: Annotation, geo: str = "7,47,8,46", asset: Asset | None = None, **options: Any) -> Written:
    picture = asset or Asset(path="a/b.tif", width=100, height=50, url="https://t.example.org/{z}/{x}/{y}.png")
    return run(picture, *annotations, geo=geo, **options)


def test_pictures_on_a_map_by_their_bounds(tmp_path: Path) -> None:
    made = on_map(
        obj(Box(50, 0, 25, 25), "1"),
        obj(Point(100, 50), "2"),
        obj(Polyline([0, 0, 100, 0]), "3"),
        obj(Polygon((([0, 0, 50, 0, 50, 25],),)), "4"),
        obj(RotatedBox(50, 25, 100, 50, 180), "5"),
        obj(Keypoints((Keypoint("k", 0, 50),)), "6"),
    )
    box, point, line, polygon, turned, keypoint = made.lines
    assert box["bbox"] == {"top": 46.5, "left": 7.5, "height": 0.5, "width": 0.25}
    assert point["point"] == {"x": 8, "y": 46}
    assert line["line"] == [{"x": 7, "y": 47}, {"x": 8, "y": 47}]
    assert polygon["polygon"] == [{"x": 7, "y": 47}, {"x": 7.5, "y": 47}, {"x": 7.5, "y": 46.5}]
    assert turned["polygon"] == [{"x": 8, "y": 46}, {"x": 7, "y": 46}, {"x": 7, "y": 47}, {"x": 8, "y": 47}]
    assert keypoint["point"] == {"x": 7, "y": 46}
    assert made.rows[0]["media_type"] == "TMS_GEO"
    assert made.rows[0]["row_data"]["bounds"] == [[7, 47], [8, 46]]
    assert made.rows[0]["row_data"]["tile_layer_url"] == "https://t.example.org/{z}/{x}/{y}.png"
    assert tally(made) == Tally(converted=6)
    assert faults(made, tmp_path) == []


def test_what_a_map_takes_only_as_outline() -> None:
    mask = mask_from_array(np.array([[1, 0, 0, 1], [0, 0, 0, 1]]))
    picture = Asset(path="a.tif", width=4, height=2)
    made = on_map(obj(mask, "1"), obj(Ellipse(2, 1, 1, 1), "2"), geo="0,2,4,0", asset=picture, epsg="EPSG3857")
    assert [len(line["polygon"]) for line in made.lines] == [4, 4, 64]
    assert {(p["x"], p["y"]) for p in made.lines[1]["polygon"]} == {(3, 2), (4, 2), (4, 0), (3, 0)}
    assert tally(made) == Tally(approximated=2)
    assert Code.ROW_DATA_LOCAL in made.log.diagnostics


def test_world_files_speak_of_pixel_centres(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b.tfw").write_text("0.5\n0\n0\n-0.25\n7.25\n46.875\n")
    made = on_map(obj(Box(0, 0, 2, 4)), geo=str(tmp_path), epsg="EPSG3857")
    assert made.lines[0]["bbox"] == {"top": 46.0, "left": 7.0, "height": 1.0, "width": 1.0}
    (tmp_path / "a/b.tfw").write_text("0.5\n0.5\n0\n-0.25\n7.25\n46.875\n")
    assert len(on_map(obj(Box(0, 0, 2, 4)), geo=str(tmp_path), epsg="EPSG3857").lines[0]["polygon"]) == 4


@pytest.mark.parametrize("text", ["", "1\n2\n3", "a b c d e f", "0 0 0 0 1 1", "nan 0 0 1 0 0", "1 0 0 1 0 0 7"])
def test_a_broken_world_file_leaves_a_plain_picture(text: str, tmp_path: Path) -> None:
    (tmp_path / "b.wld").write_text(text)
    made = on_map(obj(Box(0, 0, 2, 4)), geo=str(tmp_path), asset=Asset(path="b.png", width=9, height=9))
    assert made.rows[0]["media_type"] == "IMAGE"
    assert Code.ASSET_UNKNOWN in made.log.diagnostics
    assert tally(made).converted == 1


@pytest.mark.parametrize("geo", ["1,2,3", "1,2,3,x", "0,0,0,1", "0,0,nan,1", "no/such/folder"])
def test_wrong_places(geo: str) -> None:
    with pytest.raises(UsageError):
        on_map(geo=geo)
    with pytest.raises(UsageError):
        on_map(epsg="EPSG1")


def test_boxes_on_a_map_are_not_cut_to_any_frame() -> None:
    made = run(
        Asset(path="m", media=Media.GEOSPATIAL, width=2, height=2, tiles=MAP.tiles), obj(Box(7.25, 46.5, 0.5, 0.25))
    )
    assert made.lines[0]["bbox"] == {"top": 46.5, "left": 7.25, "height": 0.25, "width": 0.5}
