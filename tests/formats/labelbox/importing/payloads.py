"""Small outputs to import: of every media type, with so many data rows and annotations on each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import to_labelbox
from to_labelbox import Settings
from to_labelbox.model.items import (
    Annotation,
    Asset,
    Box,
    Choice,
    Classification,
    Item,
    Keyframe,
    Media,
    Message,
    Object,
    PageBox,
    PageUnit,
    TextSpan,
    TimeSpan,
    Track,
)

WEB = "https://media.example.org/set"
MEDIA = (Media.IMAGE, Media.VIDEO, Media.TEXT, Media.DOCUMENT, Media.AUDIO, Media.CONVERSATION)


def asset(media: Media, name: str) -> Asset:
    if media is Media.IMAGE:
        return Asset(path=f"{name}.jpg", width=100, height=80)
    if media is Media.VIDEO:
        return Asset(path=f"{name}.mp4", media=media, width=100, height=80, frames=50)
    if media is Media.TEXT:
        return Asset(path=f"{name}.txt", media=media, text="Mr Smith left.\nHe had no hat.")
    if media is Media.DOCUMENT:
        return Asset(path=f"{name}.pdf", media=media)
    if media is Media.AUDIO:
        return Asset(path=f"{name}.mp3", media=media)
    return Asset(path=name, media=media, messages=(Message("m1", "Hi Ann"), Message("m2", "Hi")))


def annotation(media: Media, n: int) -> Annotation:
    label, id = ("car", "truck")[n % 2], str(n)
    if media is Media.IMAGE:
        return Object(label=label, geometry=Box(n % 50, 2, 10, 20), id=id)
    if media is Media.VIDEO:
        frames = tuple(Keyframe(f, Box(n % 50, 2, 10, 20)) for f in (0, 9))
        return Track(label=label, segments=(frames,), id=id)
    if media is Media.TEXT:
        return Object(label=label, geometry=TextSpan(3, 8), id=id)
    if media is Media.DOCUMENT:
        return Object(label=label, geometry=PageBox(1, Box(10, 10, 20, 20), PageUnit.POINTS), id=id)
    if media is Media.CONVERSATION:
        return Object(label=label, geometry=TextSpan(0, 2, message="m1"), id=id)
    return Classification(name=f"mood {n}", value=Choice("calm"), times=(TimeSpan(0.2, 1.5 + n),), id=id)


def items(media: Media = Media.IMAGE, rows: int = 3, each: int = 2, folder: str = "a") -> list[Item]:
    made = []
    for r in range(rows):
        about = asset(media, f"{folder}/{r:04}")
        made.append(Item(asset=about, annotations=[annotation(media, n) for n in range(each)], origin=f"{folder}.json"))
    return made


def output(out: Path, media: Media = Media.IMAGE, rows: int = 3, each: int = 2, **more: Any) -> Path:
    """An output folder. With ``web=False`` its media are local files."""
    settings = Settings(url_prefix=WEB if more.pop("web", True) else "", **more.pop("settings", {}))
    to_labelbox.write(items(media, rows, each), out, settings=settings, **more)
    return out
