"""What the tests of preview share."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from PIL import Image

from to_labelbox.api.page import preview
from to_labelbox.model.items import (
    Annotation,
    Asset,
    Attribute,
    Item,
    Media,
    Object,
)


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
        "svg g rect polygon polyline path circle image text template".split()
    )
    assert checker.handlers == []
    assert all(re.match("data:image/(png|jpeg);base64,|#", a) for a in checker.addresses)
    return checker
