"""Screenshots of the preview page for the documents: fixtures, with pictures painted to go with them.

python docs/screenshots.py        (or make screenshots)
"""

from __future__ import annotations

import colorsys
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFilter
from selenium.webdriver import Chrome

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import to_labelbox
from browser import chromium, visit
from to_labelbox.api.page import preview
from to_labelbox.model.items import Asset, Box, Item, Object

SIZE = (1280, 960)
FINE = 3
"""Scenes are painted this much larger and scaled down, for smooth edges."""

Corners = tuple[float, float, float, float]


class Scene:
    """A canvas in the coordinates of the finished picture."""

    def __init__(self, width: int, height: int, top: str, bottom: str) -> None:
        ramp = Image.linear_gradient("L").resize((width * FINE, height * FINE))
        self.size = (width, height)
        size = ramp.size
        self.image = Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)
        self.draw = ImageDraw.Draw(self.image)

    def box(self, box: Corners, color: str, radius: float = 0) -> None:
        self.draw.rounded_rectangle([v * FINE for v in box], radius * FINE, fill=color)

    def disc(self, x: float, y: float, r: float, color: str) -> None:
        self.draw.ellipse([v * FINE for v in (x - r, y - r, x + r, y + r)], fill=color)

    def shape(self, points: list[float], color: str) -> None:
        self.draw.polygon([v * FINE for v in points], fill=color)

    def line(self, points: list[float], color: str, width: float) -> None:
        self.draw.line([v * FINE for v in points], fill=color, width=round(width * FINE), joint="curve")

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.image.resize(self.size, Image.Resampling.LANCZOS).save(path, quality=90)


def houses(scene: Scene, horizon: float) -> None:
    width = scene.size[0]
    colors = ["#c9a58a", "#a8b3b8", "#d8c9a8", "#b58f80", "#94a39a", "#cdb7a5"]
    for n in range(7):
        left, high = n * width / 6.2 - 20, horizon * (0.42 + 0.23 * ((n * 37) % 10) / 10)
        scene.box((left, horizon - high, left + width / 6.6, horizon), colors[n % len(colors)])
        scene.box((left, horizon - high - 6, left + width / 6.6, horizon - high), "#7d6a5e")
        for row in range(int(high // 42)):
            for column in range(3):
                x, y = left + 12 + column * width / 21, horizon - high + 14 + row * 40
                scene.box((x, y, x + 15, y + 22), "#5d7286" if (row + column + n) % 3 else "#e8d8a0")


def car(scene: Scene, left: float, top: float, width: float, height: float, color: str) -> None:
    right, bottom = left + width, top + height
    roof = [left + 0.22 * width, top, left + 0.7 * width, top, right - 0.06 * width, top + 0.45 * height, right]
    scene.shape([left, top + 0.42 * height, *roof, bottom - 0.14 * height, left, bottom - 0.14 * height], color)
    glass = [left + 0.27 * width, top + 0.09 * height, left + 0.67 * width, top + 0.09 * height]
    scene.shape([*glass, left + 0.84 * width, top + 0.42 * height, left + 0.15 * width, top + 0.42 * height], "#cfe0ea")
    scene.box((left + 0.46 * width, top + 0.08 * height, left + 0.49 * width, top + 0.43 * height), color)
    for x in (0.22, 0.78):
        scene.disc(left + x * width, bottom - 0.17 * height, 0.17 * height, "#23262b")
        scene.disc(left + x * width, bottom - 0.17 * height, 0.08 * height, "#9aa3ab")


def person(scene: Scene, left: float, top: float, width: float, height: float, coat: str, step: float = 1) -> None:
    middle, head = left + width / 2, width * 0.2
    hip, foot = top + 0.55 * height, top + height
    for side in (-step, step):
        scene.line([middle, hip, middle + side * width * 0.24, foot - 4], "#2d3644", width * 0.15)
        scene.line([middle, top + 0.24 * height, middle + side * width * 0.32, top + 0.5 * height], coat, width * 0.11)
    scene.box((middle - width * 0.2, top + 0.2 * height, middle + width * 0.2, hip + 6), coat, width * 0.12)
    scene.disc(middle, top + head, head, "#e3b594")


def street(path: Path, width: int, height: int, paint: Callable[[Scene], None]) -> None:
    scene = Scene(width, height, "#9cc4e6", "#f1e4cf")
    horizon = height * 0.56
    houses(scene, horizon)
    scene.box((0, horizon, width, horizon + height * 0.05), "#c4bfb4")
    scene.box((0, horizon + height * 0.05, width, height), "#6c7076")
    for n in range(8):
        x = n * width / 7 - 20
        scene.box((x, height * 0.86, x + width / 14, height * 0.875), "#dfdccf")
    paint(scene)
    scene.save(path)


def coco_pictures(folder: Path) -> None:
    def first(scene: Scene) -> None:
        car(scene, 10, 220, 200, 80, "#3c6fb0")
        scene.box((80, 190, 130, 306), "#8c8479")
        car(scene, 300, 200, 180, 90, "#b8383b")
        person(scene, 52.5, 80, 120.25, 310, "#3f7d5c")

    def second(scene: Scene) -> None:
        car(scene, 560, 210, 120, 90, "#b8383b")
        person(scene, 200, 100, 60, 180, "#8a5aa8", 0.4)

    street(folder / "street/0001.jpg", 640, 480, first)
    street(folder / "street/0002.jpg", 640, 480, second)
    small = Scene(32, 24, "#bcd8ee", "#9cc07a")
    small.box((2, 14, 29, 21), "#4f7f43", 3)
    small.disc(20, 9, 5.5, "#6a9a4f")
    small.save(folder / "park/0003.jpg")
    park = Scene(640, 480, "#bfe0f4", "#8fbf72")
    park.box((0, 300, 640, 480), "#86b566")
    for n in range(6):
        x, y = 60 + n * 110, 230 + 26 * (n % 2)
        park.box((x - 7, y, x + 7, y + 110), "#75563d")
        park.disc(x, y, 52, "#4e8446")
        park.disc(x - 20, y - 18, 30, "#61984f")
    park.image = park.image.filter(ImageFilter.GaussianBlur(FINE / 2))
    park.save(folder / "park/0004.jpg")


def cvat_frames(folder: Path) -> None:
    """The frames of the fixture's video; everything moves as its tracks do."""
    for frame in range(60):

        def paint(scene: Scene, f: int = frame) -> None:
            if 5 <= f <= 35 or 44 <= f <= 56:
                person(scene, 300 + 1.5 * f, 150, 36, 96, "#d98a2b", 0.4 + 0.6 * abs((f % 12) - 6) / 6)
            car(scene, 20 + 7 * f, 196, 140, 60, "#b8383b")
            if f >= 12:
                car(scene, 600 - 6 * f, 228, 160, 70, "#3c6fb0")

        street(folder / f"street/frame_{frame:06d}.jpg", 640, 360, paint)


GOODS = """apple apricot avocado banana basil bean beer beet bread broccoli butter cabbage cake candle carrot cereal cheese
cherry chili chips cocoa coconut coffee cookies corn cream cucumber dates detergent eggs fig fish flour garlic ginger grape
honey ice jam juice ketchup kiwi leek lemon lettuce lime mango melon milk mint muesli mushroom mustard noodles nuts oats oil
olives onion orange papaya pasta peach pear peas pepper plum potato pumpkin radish raisins rice salt soap soup spinach sugar
tea tofu tomato""".split()


def shelf(path: Path, seed: int) -> list[Object]:
    """A shelf with goods of 80 classes, and what is on it."""
    rng = random.Random(seed)
    scene = Scene(960, 640, "#efe7d8", "#d9cdb8")
    found: list[Object] = []
    goods = rng.sample(GOODS, len(GOODS))
    for level in range(4):
        floor = 150.0 + 158 * level
        scene.box((0, floor, 960, floor + 12), "#8a6a4a")
        x = 6.0
        while x < 930:
            wide, high = rng.uniform(28, 74), rng.uniform(40, 118)
            color = (
                "#"
                + bytes(
                    round(255 * v)
                    for v in colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.25, 0.6), rng.uniform(0.5, 0.95))
                ).hex()
            )
            if x + wide > 954:
                break
            scene.box((x, floor - high, x + wide, floor), color, rng.choice((3, 8, 16)))
            scene.box((x + wide * 0.16, floor - high * 0.62, x + wide * 0.84, floor - high * 0.3), "#f6f1e6", 2)
            box = Box(round(x, 1), round(floor - high, 1), round(wide, 1), round(high, 1))
            found.append(Object(id=str(len(found)), label=goods[len(found) % len(goods)], geometry=box))
            x += wide + rng.uniform(1, 7)
    scene.save(path)
    return found


def shop(folder: Path) -> list[Item]:
    """Twelve shelves."""
    items = []
    for n in range(12):
        found = shelf(folder / f"shelf-{n:02}.jpg", n)
        asset = Asset(path=f"shelf-{n:02}.jpg", width=960, height=640)
        items.append(Item(asset=asset, annotations=tuple(found), origin="shelves"))
    return items


class Shot(NamedTuple):
    """A picture of a page: its file's name, the page, the width of the window, the colour scheme, what is scrolled to."""

    name: str
    page: str
    size: tuple[int, int] = SIZE
    scheme: str = "light"
    to: str = ""


PAGES: dict[str, Callable[[Path], None] | None] = {
    "coco/demo": coco_pictures,
    "cvat/street-video": cvat_frames,
    "label-studio/news": lambda folder: None,
    "80 classes": None,
}
"""Fixtures with what paints their media; the last is made here."""

SHOTS = [
    Shot("preview-coco", "coco/demo"),
    Shot("preview-video", "cvat/street-video", scheme="dark"),
    Shot("preview-text", "label-studio/news"),
    Shot("preview-80-classes", "80 classes"),
    Shot("preview-charts", "80 classes", scheme="dark", to="#set"),
    Shot("preview-phone", "80 classes", (390, 844), "dark", "#rows"),
]


def make_page(name: str, folder: Path) -> Path:
    """The preview of a fixture, or of the shelves."""
    paint = PAGES[name]
    (folder / "media").mkdir(parents=True)
    if paint is None:
        to_labelbox.write(shop(folder / "media"), folder / "out")
    else:
        paint(folder / "media")
        to_labelbox.convert(ROOT / "fixtures" / name / "input", folder / "out")
    preview(folder / "out", folder / "page.html", media_root=folder / "media", count=12)
    return folder / "page.html"


def take(browser: Chrome, shot: Shot, page: Path, target: Path) -> None:
    metrics = {"width": shot.size[0], "height": shot.size[1], "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": shot.scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    visit(browser, page)
    # the title is the path of the source: here the fixture's name
    browser.execute_script("document.querySelector('h1').firstChild.data = arguments[0]", shot.page)
    if shot.to:
        browser.execute_script("document.querySelector(arguments[0]).scrollIntoView()", shot.to)
    browser.save_screenshot(str(page.with_suffix(".png")))
    with Image.open(page.with_suffix(".png")) as taken:
        reduced = taken.convert("RGB").quantize(160, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        reduced.save(target, optimize=True)
    print(target, target.stat().st_size)


def main() -> None:
    images = ROOT / "docs/images"
    images.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, chromium(Path(temporary) / "profile") as browser:
        pages = {name: make_page(name, Path(temporary) / str(n)) for n, name in enumerate(PAGES)}
        for shot in SHOTS:
            take(browser, shot, pages[shot.page], images / f"{shot.name}.png")


if __name__ == "__main__":
    main()
