"""What the site needs beside the pages: notebooks as pages, and no link that leads out of the documents.

A hook of MkDocs (`hooks` in mkdocs.yml). The pages are written to be read in the repository too, where they link files
beside docs/; on a site without `repo_url` such a link is only its text.
"""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]\[]*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)


def on_files(files: Any, config: Any) -> Any:
    """Add a page for each notebook, with the outputs that are stored in it."""
    from mkdocs.structure.files import File

    docs = Path(config.docs_dir)
    for path in sorted(docs.rglob("*.ipynb")):
        uri = path.relative_to(docs).with_suffix(".md").as_posix()
        files.append(File.generated(config, uri, content=page_of_notebook(path.read_text(encoding="utf-8"))))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:  # noqa: ARG001 - of mkdocs
    """Point links to files outside the documents at the repository, or leave their text; those to notebooks at their pages."""
    folder = posixpath.dirname(page.file.src_uri)

    def place(found: re.Match[str]) -> str:
        words, target = found.groups()
        path = posixpath.normpath(posixpath.join(folder, target.partition("#")[0]))
        if "://" in target or not path.startswith("../"):
            return f"[{words}]({target.removesuffix('.ipynb')}.md)" if target.endswith(".ipynb") else found.group()
        return f"[{words}]({config.repo_url.rstrip('/')}/blob/main/{path[3:]})" if config.repo_url else words

    parts = _FENCE.split(markdown)
    return "".join(part if part.startswith("```") else _LINK.sub(place, part) for part in parts)


def page_of_notebook(text: str) -> str:
    """Cells one after another: prose as it is, code in fences, below it what it printed and what it gave."""
    parts = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        shown = "".join(map(_shown, cell.get("outputs", ())))
        if shown:
            parts.append(f"```text\n{shown.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def _shown(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return "".join(output["text"])
    return "".join(output["data"]["text/plain"]) + "\n"
