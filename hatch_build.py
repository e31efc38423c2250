"""The README as the package carries it: no link in it leads nowhere once it is read away from the repository.

With `Documentation` and `Repository` under `[tool.hatch.metadata.hooks.custom.urls]` of pyproject.toml, the links lead there; without, a link
to a file of the repository is its text, and a picture its description.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?)\[([^\]\[]*)\]\((?!https?:|#)([^)\s]+)\)")
_FENCE = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)


def rendered(text: str, urls: dict[str, str]) -> str:
    """A text of the repository for readers elsewhere; ``urls`` may name Documentation and Repository."""
    site, repository = urls.get("Documentation", "").rstrip("/"), urls.get("Repository", "").rstrip("/")

    def place(found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        path, mark, fragment = target.partition("#")
        if site and path.startswith("docs/"):
            page = path.removeprefix("docs/")
            page = f"{page.removesuffix('.md')}.html" if page.endswith(".md") else page
            return f"{picture}[{words}]({site}/{page}{mark}{fragment})"
        if repository:
            return f"{picture}[{words}]({repository}/blob/main/{target})"
        return "" if picture else words

    parts = _FENCE.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(place, part) for part in parts)


class CustomMetadataHook(MetadataHookInterface):
    """Fills in what pyproject.toml declares as dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        urls = dict(self.config.get("urls", {}))
        metadata["readme"] = {"content-type": "text/markdown", "text": rendered(text, urls)}
        metadata["urls"] = urls
