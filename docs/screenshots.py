"""Screenshots of the preview page for the documents: fixtures, with pictures painted to go with them.

python docs/screenshots.py        (or make screenshots)
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import to_labelbox
from browser import chromium, visit
from to_labelbox.api.page import preview

SIZE = (1280, 960)
FINE = 3
"""Scenes are painted this much larger and scaled down, for smooth edges."""

Box = tuple[float, float, float, float]


class Scene:
    """A canvas in the coordinates of the finished picture."""

    def __init__(self, width: int, height: int, top: str, bottom: str) -> None:
        ramp = Image.linear_gradient("L").resize((width * FINE, height * FINE))
        self.size = (width, height)
        size = ramp.size
        self.image = Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)
        self.draw = ImageDraw.Draw(self.image)

    def box(self, box: Box, color: str, radius: float = 0) -> None:
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


SHOTS: list[tuple[str, str, Callable[[Path], None], str]] = [
    ("coco/demo", "preview-coco", coco_pictures, "light"),
    ("cvat/street-video", "preview-video", cvat_frames, "dark"),
    ("label-studio/news", "preview-text", lambda folder: None, "light"),
]
"""Fixture, name of the picture, its media, colour scheme."""


def main() -> None:
    images = ROOT / "docs/images"
    images.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, chromium(Path(temporary) / "profile") as browser:
        browser.set_window_size(*SIZE)
        for fixture, name, media, scheme in SHOTS:
            folder = Path(temporary) / name
            (folder / "media").mkdir(parents=True)
            media(folder / "media")
            to_labelbox.convert(ROOT / "fixtures" / fixture / "input", folder / "out")
            preview(folder / "out", folder / "page.html", media_root=folder / "media")
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
            visit(browser, folder / "page.html")
            # the title is the path of the source: here the fixture's name
            browser.execute_script("document.querySelector('h1').firstChild.data = arguments[0]", fixture)
            browser.save_screenshot(str(folder / "shot.png"))
            with Image.open(folder / "shot.png") as shot:
                reduced = shot.convert("RGB").quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
                reduced.save(images / f"{name}.png", optimize=True)
            print(images / f"{name}.png", (images / f"{name}.png").stat().st_size)


if __name__ == "__main__":
    main()
