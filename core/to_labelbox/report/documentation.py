"""Where a page of the documents is read: on the site that the installed package names, or as a file of the repository."""

from __future__ import annotations

from functools import cache

_FOLDER = "docs/"


@cache
def site() -> str:
    """The address of the documents, from the package's own metadata; "" where it names none."""
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        named = metadata("to-labelbox").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    urls: dict[str, str] = dict(line.split(", ", 1) for line in named if ", " in line)
    return urls.get("Documentation", "").rstrip("/")


def page(path: str) -> str:
    """The page at ``docs/….md``, with or without a ``#fragment``; any other text, as a URL of its own, stays what it is."""
    name, mark, fragment = path.partition("#")
    if not site() or not name.startswith(_FOLDER) or not name.endswith(".md"):
        return path
    return f"{site()}/{name.removeprefix(_FOLDER).removesuffix('.md')}.html{mark}{fragment}"


def code_page(code: str) -> str:
    """Where a diagnostic is explained."""
    return page(f"docs/diagnostics.md#{code}")
