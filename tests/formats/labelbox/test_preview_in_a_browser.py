"""The preview page, looked at as a user does: in a browser, from disk, without a network: in a browser."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from browser import chromium, complaints, requests, visit
from builders.preview import checked, obj, page_of, picture, row
from harness import Convert, item
from labelbox_cells import CASES
from to_labelbox.geometry.raster import mask_from_array
from to_labelbox.model.items import (
    Attribute,
    Box,
    Choice,
    Classification,
    Keyframe,
    Media,
    Message,
    Point,
    Polygon,
    Polyline,
    TextSpan,
    TimeSpan,
    Track,
)

HOSTILE = "<img src=x onerror=document.title='owned'>\"'</script><script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


def rectangle(browser: Chrome, element: Any) -> tuple[float, float, float, float]:
    """Left, top, width and height in CSS pixels, relative to the picture that holds the element, per stored pixel."""
    return tuple(
        browser.execute_script(
            """const svg = arguments[0].closest('.picture'), box = svg.getBoundingClientRect();
               const own = arguments[0].getBoundingClientRect(), zoom = svg.viewBox.baseVal.width / box.width;
               return [own.left - box.left, own.top - box.top, own.width, own.height].map(v => v * zoom)""",
            element,
        )
    )


def find(browser: Chrome, css: str) -> list[Any]:
    return browser.find_elements(By.CSS_SELECTOR, css)


def test_shapes_lie_where_the_payload_says(browser: Chrome, convert: Convert, tmp_path: Path) -> None:
    raster = np.zeros((300, 400), bool)
    raster[100:150, 200:300] = True
    picture(tmp_path / "media/a.png", 400, 300)
    run = convert.items(
        [
            row(
                "a.png",
                obj("1", "car", Box(10.5, 20.25, 100, 50), color="red"),
                obj("2", "roof", Polygon((([300, 20, 380, 20, 340, 90],),))),
                obj("3", "rail", Polyline([0, 200, 50, 250, 100, 200])),
                obj("4", "bolt", Point(350, 250)),
                obj("5", "rust", mask_from_array(raster)),
                width=400,
                height=300,
            )
        ]
    )
    visit(browser, page_of(run.out, media_root=tmp_path / "media"))
    assert complaints(browser) == []
    assert requests(browser) == [(run.out / "preview.html").as_uri()]
    for css, wanted in {
        ".s rect": (10.5, 20.25, 100, 50),
        ".s polygon": (300, 20, 80, 70),
        ".s polyline": (0, 200, 100, 50),
        ".s .dot": (350, 250, 0, 0),
        ".s image": (200, 100, 100, 50),
        ".picture > image": (0, 0, 400, 300),
    }.items():
        found = find(browser, f".card {css}")
        assert len(found) == 1, css
        assert rectangle(browser, found[0]) == pytest.approx(wanted, abs=0.6), css
    shown = {e.text for e in find(browser, ".names text")}
    assert shown == {"car", "roof", "rail", "bolt", "rust"}


def test_the_mask_covers_its_pixels_in_the_colour_of_its_class(browser: Chrome, convert: Convert) -> None:
    raster = np.zeros((30, 40), bool)
    raster[5:15, 10:20] = raster[20:28, 2:8] = True
    run = convert.items([row("a.png", obj("1", "rust", mask_from_array(raster)), width=40, height=30)])
    visit(browser, page_of(run.out))
    width, height, pixels = browser.execute_async_script(
        """const done = arguments[0], image = new Image();
           image.onload = () => { const c = document.createElement('canvas'); c.width = image.width;
             c.height = image.height; const g = c.getContext('2d'); g.drawImage(image, 0, 0);
             done([c.width, c.height, Array.from(g.getImageData(0, 0, c.width, c.height).data)]) };
           image.src = document.querySelector('.s image').getAttribute('href')"""
    )
    data = np.array(pixels).reshape(height, width, 4)
    assert ((data[..., 3] > 0) == raster[5:28, 2:20]).all()
    tool = json.loads((run.out / "ontology.json").read_text())["tools"][0]
    wanted = [int(tool["color"][i : i + 2], 16) for i in (1, 3, 5)]
    assert np.abs(data[data[..., 3] > 200][:, :3] - wanted).max() <= 8


def test_toggles_names_filter_and_tips(browser: Chrome, convert: Convert) -> None:
    run = convert.items(
        [
            row(
                "a.png",
                obj("1", "car", Box(10, 10, 30, 30), color="red", wear=Choice("worn", (Attribute("part", "hook"),))),
                obj("2", "bus", Box(50, 10, 30, 30)),
                Classification(id="3", name="weather", value="rain"),
                width=100,
                height=80,
            )
        ]
    )
    visit(browser, page_of(run.out))
    boxes = {e.get_attribute("aria-label").split("\n")[0]: e for e in find(browser, ".s")}
    car, bus = boxes["car"], boxes["bus"]
    labels = {e.find_element(By.CSS_SELECTOR, ".label").text: e for e in find(browser, ".toggle")}
    assert {name: e.find_element(By.CSS_SELECTOR, ".next").text for name, e in labels.items()} == {
        "car": "1",
        "bus": "1",
        "weather": "1",
    }
    ActionChains(browser).move_to_element(car).perform()
    tip = find(browser, "#tip")[0]
    assert tip.is_displayed()
    assert tip.text.split("\n")[:4] == ["car", "color: red", "wear: worn", "  part: hook"]
    labels["car"].find_element(By.TAG_NAME, "label").click()
    assert (car.is_displayed(), bus.is_displayed()) == (False, True)
    labels["weather"].find_element(By.TAG_NAME, "label").click()
    assert not find(browser, ".answer")[0].is_displayed()
    find(browser, "#none")[0].click()
    assert not bus.is_displayed()
    find(browser, "#filter")[0].send_keys("ca")
    assert [name for name, e in labels.items() if e.is_displayed()] == ["car"]
    find(browser, "#all")[0].click()
    assert (car.is_displayed(), bus.is_displayed()) == (True, False)
    find(browser, "#names")[0].click()
    assert not find(browser, ".names")[0].is_displayed()
    assert complaints(browser) == []


def test_names_are_never_markup(browser: Chrome, convert: Convert) -> None:
    run = convert.items(
        [
            row(f"{HOSTILE}.png", obj("1", HOSTILE, Box(1, 1, 50, 50), **{HOSTILE: HOSTILE}), width=100, height=80),
            row("t.txt", obj("2", HOSTILE, TextSpan(0, 5)), media=Media.TEXT, text=f"Hello {HOSTILE}"),
            row(
                "c",
                obj("3", HOSTILE, TextSpan(0, 5, "m")),
                media=Media.CONVERSATION,
                messages=(Message("m", f"Hello {HOSTILE}", user=HOSTILE),),
            ),
            row(
                "s.wav",
                Classification(id="4", name=HOSTILE, value=HOSTILE, times=(TimeSpan(0, 1),)),
                media=Media.AUDIO,
            ),
        ]
    )
    page = page_of(run.out)
    checked(page)
    visit(browser, page)
    assert complaints(browser) == []
    assert requests(browser) == [page.as_uri()]
    assert browser.title.endswith("preview")
    assert find(browser, "main img, main script") == []
    assert HOSTILE in [e.text for e in find(browser, ".toggle .label")]
    assert find(browser, ".text")[0].text.startswith("Hello")
    ActionChains(browser).move_to_element(find(browser, ".s rect")[0]).perform()
    assert find(browser, "#tip")[0].text.split("\n")[0] == f"{HOSTILE} (box)"


def test_the_report_sorts(browser: Chrome, convert: Convert) -> None:
    run = convert.items(
        [
            row(
                "a.png",
                *(obj(f"b{n}", "bus", Box(n, 0, 9, 9)) for n in range(12)),
                *(obj(f"c{n}", "car", Box(n, 20, 9, 9)) for n in range(3)),
                obj("d", "ant", Box(900, 900, 9, 9)),
                width=100,
                height=80,
            )
        ]
    )
    visit(browser, page_of(run.out))

    def order() -> list[str]:
        return [e.text for e in find(browser, "#classes tbody th")]

    heads = {e.text.split()[0]: e for e in find(browser, "#classes thead th")}
    assert order() == ["bus", "car", "ant"]
    heads["class"].find_element(By.TAG_NAME, "button").click()
    assert order() == ["ant", "bus", "car"]
    heads["read"].find_element(By.TAG_NAME, "button").click()
    assert order() == ["bus", "car", "ant"]
    assert heads["read"].get_attribute("aria-sort") == "descending"
    heads["read"].find_element(By.TAG_NAME, "button").click()
    assert order() == ["ant", "car", "bus"]
    details = find(browser, "details")[0]
    assert "outside" in details.text
    details.find_element(By.TAG_NAME, "summary").click()
    assert "lies outside" in details.find_element(By.TAG_NAME, "li").text


def test_entities_end_with_their_last_character(browser: Chrome, convert: Convert) -> None:
    text = "Zoë met 👩‍🚀 Ada\nin Paris <today>."
    spans = {"who": (0, 3), "astronaut": (8, 11), "place": (text.index("Paris"), text.index("Paris") + 5)}
    spans["tag"] = (text.index("<today>"), text.index("<today>") + 7)
    spans["clause"] = (4, text.index("in") + 2)
    run = convert.items(
        [row("t.txt", *(obj(n, n, TextSpan(a, b)) for n, (a, b) in spans.items()), media=Media.TEXT, text=text)]
    )
    visit(browser, page_of(run.out))
    assert find(browser, ".text")[0].get_property("textContent") == text
    marked = browser.execute_script(
        """const found = {}; for (const e of document.querySelectorAll('.e')) {
             const name = e.dataset.tip.split('\\n')[0]; found[name] = (found[name] || '') + e.textContent } return found"""
    )
    assert marked == {name: text[a:b] for name, (a, b) in spans.items()}


def test_tracks_move_between_keyframes_and_are_gone_between_segments(
    browser: Chrome, convert: Convert, tmp_path: Path
) -> None:
    for n in range(21):
        picture(tmp_path / f"clip/frame_{n}.png", 200, 100, color=f"rgb({10 * n},0,0)")
    segments = (
        (Keyframe(0, Box(0, 0, 20, 20)), Keyframe(10, Box(100, 50, 20, 20), (Attribute("brakes", "on"),))),
        (Keyframe(20, Box(150, 10, 20, 20)),),
    )
    other = (Keyframe(4, Point(5, 5)), Keyframe(16, Point(65, 5)))
    run = convert.items(
        [
            row(
                "clip.mp4",
                Track(id="1", label="car", segments=segments),
                Track(id="2", label="bird", segments=(other,)),
                media=Media.VIDEO,
                width=200,
                height=100,
                frames=21,
            )
        ]
    )
    visit(browser, page_of(run.out, media_root=tmp_path))
    frames = {int(f.get_attribute("data-frame")): f for f in find(browser, ".strip figure")}
    assert sorted(frames) == [1, 5, 11, 17, 21]  # the payload counts from 1

    def on(frame: int, css: str) -> list[tuple[float, ...]]:
        return [rectangle(browser, e) for e in frames[frame].find_elements(By.CSS_SELECTOR, css)]

    assert on(1, ".s rect")[0] == pytest.approx((0, 0, 20, 20), abs=0.5)
    assert on(5, ".s rect")[0] == pytest.approx((40, 20, 20, 20), abs=0.5)
    assert on(17, ".s rect") == []
    assert on(17, ".dot")[0][:2] == pytest.approx((65, 5), abs=0.5)
    assert on(11, ".dot")[0][:2] == pytest.approx((35, 5), abs=0.5)
    tip = frames[11].find_element(By.CSS_SELECTOR, ".s:has(rect)").get_attribute("data-tip")
    assert tip.split("\n")[:3] == ["car", "brakes: on", "frame 11, keyframe"]
    shown = frames[11].find_element(By.CSS_SELECTOR, ".picture > image").get_attribute("href")
    (tmp_path / "x").write_bytes(base64.b64decode(shown.partition(",")[2]))
    with Image.open(tmp_path / "x") as image:
        assert image.convert("RGB").getpixel((0, 0)) == (100, 0, 0)
    lanes = find(browser, ".lane")
    assert [len(e.find_elements(By.TAG_NAME, "rect")) for e in lanes] == [2, 1]


def test_frames_of_a_video_file(convert: Convert, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "clip.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 48, "yuv420p", 12
        for n in range(40):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 6 * n, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    keys = tuple(Keyframe(n, Box(1, 1, 9, 9)) for n in (0, 13, 26, 39))
    run = convert.items(
        [row("clip.mp4", Track(id="1", label="car", segments=(keys,)), media=Media.VIDEO, width=64, height=48)]
    )
    text = page_of(run.out, media_root=tmp_path).read_text()
    found = re.findall(r'data-frame="(\d+)".*?data:image/png;base64,([^"]+)', text)
    assert [int(frame) for frame, _ in found] == [1, 14, 27, 40]
    for frame, content in found:
        (tmp_path / "x").write_bytes(base64.b64decode(content))
        with Image.open(tmp_path / "x") as image:
            assert np.asarray(image).mean() == pytest.approx(6 * (int(frame) - 1), abs=5)


def test_sounds_are_bars_over_seconds(browser: Chrome, convert: Convert) -> None:
    def said(id: str, value: str, start: float, end: float) -> Classification:
        return Classification(id=id, name="speaker", value=value, times=(TimeSpan(start, end),))

    run = convert.items([row("call.wav", said("1", "guest", 0.2, 1.6), said("2", "host", 2, 4), media=Media.AUDIO)])
    visit(browser, page_of(run.out))
    assert [e.text for e in find(browser, ".lane .label")] == ["speaker: guest", "speaker: host"]
    bars = [
        browser.execute_script(
            """const own = arguments[0].getBoundingClientRect(),
                 whole = arguments[0].ownerSVGElement.getBoundingClientRect();
               return [(own.left - whole.left) / whole.width, own.width / whole.width]""",
            bar,
        )
        for bar in find(browser, ".lane rect")
    ]
    assert bars[0] == pytest.approx([0.05, 0.35], abs=0.005)
    assert bars[1] == pytest.approx([0.5, 0.5], abs=0.005)
    assert find(browser, ".axis")[0].text.split("\n")[-1] == "4.00 s"


def test_a_fixture_of_many_kinds_opens_without_complaint(browser: Chrome, convert: Convert) -> None:
    run = convert.items([c.item for c in CASES if c.media is Media.IMAGE][:1] + [item(path="b.jpg")])
    visit(browser, page_of(run.out))
    assert complaints(browser) == []
    assert len(find(browser, ".card")) == 2
