"""The preview page, looked at as a user does: in a browser, from disk, without a network."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

import to_labelbox
from browser import chromium, complaints, requests, visit
from harness import FIXTURES, Convert, cases, item
from labelbox_cells import CASES
from to_labelbox import UsageError
from to_labelbox.api.page import preview
from to_labelbox.cli import cli
from to_labelbox.geometry.raster import mask_from_array
from to_labelbox.model.items import (
    Annotation,
    Asset,
    Attribute,
    Box,
    Choice,
    Classification,
    Item,
    Keyframe,
    Media,
    Message,
    Object,
    Point,
    Polygon,
    Polyline,
    TextSpan,
    TimeSpan,
    Track,
)

HOSTILE = "<img src=x onerror=document.title='owned'>\"'</script><script>document.title='owned'</script>"


def obj(id: str, label: str, geometry: Any, **answers: Any) -> Object:
    return Object(id=id, label=label, geometry=geometry, attributes=tuple(Attribute(k, v) for k, v in answers.items()))


def row(path: str, *annotations: Annotation, media: Media = Media.IMAGE, **more: Any) -> Item:
    return Item(asset=Asset(path=path, media=media, **more), annotations=annotations, origin=path)


def picture(path: Path, width: int, height: int, color: str = "navy", **save: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), color).save(path, **save)


def page_of(out: Path, **options: Any) -> Path:
    page = out / "preview.html"
    preview(out, page, **options)
    return page


# --------------------------------------------------------------------------------------------- without a browser


class _Checker(HTMLParser):
    """Names of elements and attributes, and what may lead away from the page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.keys: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action", "srcset", "poster"):
                self.addresses.append(value or "")
            if name.startswith("on") or name == "style":
                self.handlers.append(name)
            if name == "data-key":
                self.keys.append(value or "")


def checked(page: Path) -> _Checker:
    checker = _Checker()
    checker.feed(page.read_text(encoding="utf-8"))
    assert checker.elements <= set(
        "html head meta title style script body header h1 h2 h3 p div span b i small code aside nav a input button label "
        "main section article ul li table thead tbody tfoot tr th td details summary figure figcaption "
        "svg g rect polygon polyline path circle image text".split()
    )
    assert checker.handlers == []
    assert all(re.match("data:image/(png|jpeg);base64,|#", a) for a in checker.addresses)
    return checker


@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_fixture_has_a_preview(case: Any, tmp_path: Path) -> None:
    case.convert(tmp_path / "out")
    checker = checked(page_of(tmp_path / "out", media_root=case.folder, count=50))
    rows = (tmp_path / "out/data_rows.ndjson").read_text().splitlines()
    assert checker.keys == [json.loads(r)["global_key"] for r in rows[:50]]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_every_kind_of_line_is_shown(case: Any, convert: Convert) -> None:
    run = convert.items([case.item], relationships=True)
    text = page_of(run.out).read_text()
    for line in run.lines:
        name = line.get("name") or line["masks"]["instances"][0]["name"]
        assert re.search(rf'data-tip="{name}\b', text)


def test_rows_are_spread_drawn_and_chosen(convert: Convert) -> None:
    run = convert.items(
        [
            row(f"{n:02}.jpg", *([obj("1", "car" if n % 2 else "bus", Box(0, 0, 5, 5))] if n != 7 else []))
            for n in range(20)
        ]
    )

    def keys(**options: Any) -> list[str]:
        return checked(page_of(run.out, **options)).keys

    assert keys(count=3) == ["00.jpg", "10.jpg", "19.jpg"]
    assert len(keys(count=19)) == 19
    assert "07.jpg" not in keys(count=19)  # rows without annotations come last
    assert len(keys(count=20)) == 20
    assert keys(count=5, seed=1) == keys(count=5, seed=1) != keys(count=5, seed=2)
    assert keys(count=50, only=["bus"]) == [f"{n:02}.jpg" for n in range(0, 20, 2)]
    with pytest.raises(UsageError, match=r"--only lorry: no line .* bus, car"):
        page_of(run.out, only=["lorry"])


def test_classes_that_are_shown_come_first(tmp_path: Path) -> None:
    to_labelbox.convert(FIXTURES / "coco/demo/input", tmp_path / "out")
    text = page_of(tmp_path / "out", only=["bush"]).read_text()
    listed = re.findall(r'class="label" title="([^"]*)".*?<b>(\d+)</b>', text)
    names = [tool["name"] for tool in json.loads((tmp_path / "out/ontology.json").read_text())["tools"]]
    assert listed[0] == ("bush", "2")
    assert [name for name, _ in listed[1:]][: len(names) - 1] == [name for name in names if name != "bush"]
    assert {count for _, count in listed[1:]} == {"0"}


def test_shards_are_read_as_one(convert: Convert, tmp_path: Path) -> None:
    items = [row(f"{n}.jpg", obj("1", "car", Box(0, 0, 5, 5))) for n in range(9)]
    whole = convert.items(items)
    parts = tmp_path / "parts"
    to_labelbox.write(items, parts, shard_lines=2)
    assert len(list(parts.glob("annotations-*.ndjson"))) > 3
    assert checked(page_of(parts)).keys == checked(page_of(whole.out)).keys == [f"{n}.jpg" for n in range(9)]


def test_problems_are_traced_by_file_and_by_id(tmp_path: Path) -> None:
    by_file = next(c for c in cases("yolo") if c.name == "malformed-rows")
    by_file.convert(tmp_path / "yolo")
    assert checked(page_of(tmp_path / "yolo", problems=True)).keys == ["images/a.png"]
    # COCO's examples name the annotation only; the line that was made of it tells the picture
    to_labelbox.convert(FIXTURES / "coco/demo/input", tmp_path / "coco")
    page = page_of(tmp_path / "coco", problems=True)
    assert "street/0002.jpg" in checked(page).keys
    assert "The report gives" in page.read_text()
    to_labelbox.convert(FIXTURES / "coco/boxes/input", tmp_path / "none")
    report = json.loads((tmp_path / "none/report.json").read_text())
    report["diagnostics"] = []
    (tmp_path / "none/report.json").write_text(json.dumps(report))
    with pytest.raises(UsageError, match="no approximated or skipped annotation"):
        page_of(tmp_path / "none", problems=True)


def test_only_the_page_is_written_and_only_over_its_like(convert: Convert, tmp_path: Path) -> None:
    run = convert.items([row("a.jpg", obj("1", "car", Box(0, 0, 5, 5)))])
    before = {p.name for p in run.out.iterdir()}
    page_of(run.out)
    page_of(run.out)
    assert {p.name for p in run.out.iterdir()} == before | {"preview.html"}
    note = tmp_path / "note.html"
    note.write_text("mine")
    with pytest.raises(UsageError, match="is no preview"):
        preview(run.out, note)
    assert note.read_text() == "mine"
    preview(run.out, note, overwrite=True)
    assert checked(note).keys == ["a.jpg"]
    with pytest.raises(UsageError, match="no such folder for the page"):
        preview(run.out, tmp_path / "missing/page.html")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing"], "missing: no such folder"),
        (["."], "no annotations.ndjson"),
        (["out", "--media-root", "missing"], "--media-root missing: no such folder"),
        (["out", "-n", "0"], "Invalid value for '-n'"),
        (["out", "--only", "x"], "--only x"),
    ],
)
def test_misuse_is_one_message(
    arguments: list[str], message: str, convert: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert.items([row("a.jpg", obj("1", "car", Box(0, 0, 5, 5)))]).out.rename(tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["preview", *arguments])
    assert result.exit_code != 0
    assert message in f"{result.output}{result.exception}"
    assert not list(tmp_path.rglob("*.html"))


def test_a_broken_payload_is_shown_as_far_as_it_can_be_read(convert: Convert, tmp_path: Path) -> None:
    run = convert.items([row("a.jpg", obj("1", "car", Box(0, 0, 5, 5)))])
    payload = run.out / "annotations.ndjson"
    strange = [
        '{"dataRow":{"globalKey":"a.jpg"},"name":"car","bbox":{"top":1}}',
        "nonsense",
        '{"dataRow":{"globalKey":"b.jpg"},"name":"new","point":{"x":1,"y":2}}',
        '{"dataRow":{"globalKey":"a.jpg"},"name":"car","mask":{"png":"!!"}}',
        '{"dataRow":{"globalKey":"a.jpg"},"name":"car","mask":{"instanceURI":"https://x.example.org/1","colorRGB":[1,2,3]}}',
        '{"dataRow":{"globalKey":"a.jpg"},"name":"car","point":{"x":1e300,"y":2}}',
    ]
    payload.write_text(payload.read_text() + "\n".join(strange) + "\n")
    (run.out / "ontology.json").unlink()
    (run.out / "report.json").unlink()
    (tmp_path / "media").mkdir()
    (tmp_path / "media/a.jpg").write_bytes(b"\xff\xd8\xff no picture")
    page = page_of(run.out, media_root=tmp_path / "media")
    text = page.read_text()
    assert checked(page).keys == ["a.jpg", "b.jpg"]
    for words in (
        "1 line cannot be read as a line",
        "1 line cannot be read: run",
        "data_rows.ndjson does not know this data row",
        "the mask cannot be read",
        "it is not fetched",
        "coordinates that no picture has",
        "the picture cannot be read",
        "not in the ontology",
    ):
        assert words in text


def test_nothing_outside_the_media_root_is_opened(convert: Convert, tmp_path: Path) -> None:
    picture(tmp_path / "secret.png", 10, 10)
    (tmp_path / "media").mkdir()
    run = convert.items([row("../secret.png", obj("1", "car", Box(0, 0, 5, 5)), id="1")])
    text = page_of(run.out, media_root=tmp_path / "media").read_text()
    assert "data:image" not in text
    assert "the picture is not below the media root" in text


def test_pictures_are_stored_pixels_without_metadata(convert: Convert, tmp_path: Path) -> None:
    """A browser would turn a picture by its EXIF orientation; what is embedded has none left."""
    exif = Image.Exif()
    exif[274] = 6
    exif[270] = "taken at home"
    picture(tmp_path / "a.jpg", 60, 40, exif=exif)
    picture(tmp_path / "b.tif", 60, 40, tiffinfo={274: 6})
    run = convert.items([row(n, obj("1", "car", Box(0, 0, 5, 5)), width=60, height=40) for n in ("a.jpg", "b.tif")])
    embedded = re.findall(r"data:image/png;base64,([^\"]+)", page_of(run.out, media_root=tmp_path).read_text())
    assert len(embedded) == 2
    for content in embedded:
        (tmp_path / "x").write_bytes(base64.b64decode(content))
        with Image.open(tmp_path / "x") as image:
            assert image.size == (60, 40)
            assert dict(image.getexif()) == {}


def test_the_page_is_the_same_every_time(convert: Convert) -> None:
    run = convert.items([row(f"{n}.jpg", obj("1", "car", Box(0, 0, 5, 5))) for n in range(30)])
    first = page_of(run.out, seed=3).read_bytes()
    assert page_of(run.out, seed=3).read_bytes() == first


# ------------------------------------------------------------------------------------------------ in a browser


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
    assert {name: e.find_element(By.TAG_NAME, "b").text for name, e in labels.items()} == {
        "car": "1",
        "bus": "1",
        "weather": "1",
    }
    ActionChains(browser).move_to_element(car).perform()
    tip = find(browser, "#tip")[0]
    assert tip.is_displayed()
    assert tip.text.split("\n")[:4] == ["car", "color: red", "wear: worn", "  part: hook"]
    labels["car"].click()
    assert (car.is_displayed(), bus.is_displayed()) == (False, True)
    labels["weather"].click()
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
    frames = {int(f.get_attribute("data-frame")): f for f in find(browser, "figure")}
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
