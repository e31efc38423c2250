"""The page around everything: its content policy admits its own style and script by their hash, and pictures in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files

from to_labelbox.pages.markup import text
from to_labelbox.pages.palette import ink

GENERATOR = "to-labelbox"
"""How the name of what made a page begins: such a page is replaced without asking."""


def page(maker: str, title: str, body: Iterable[str], style: str = "", script: str = "") -> Iterator[str]:
    """A page piece by piece; ``maker`` is the command, ``style`` and ``script`` come after those of all pages."""
    style, script = resource(__package__, "page.css") + style, resource(__package__, "page.js") + script
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{text(policy)}">\n'
        f'<meta name="generator" content="{GENERATOR} {maker}">\n<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )
    yield from body
    yield f'<div id="tip" role="tooltip" hidden></div>\n<script>{script}</script>\n</body>\n</html>\n'


def resource(package: str, name: str) -> str:
    """A data file beside a module."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def colors(given: Sequence[str]) -> str:
    """Colours as style rules ``c0``, ``c1``, …: names never come near a style."""
    return "\n".join(f".c{n}{{--c:{color};--ink:{ink(color)}}}" for n, color in enumerate(given))


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
