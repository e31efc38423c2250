"""What the documents say about the code is true of the code."""

from __future__ import annotations

import email
import importlib.metadata
import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hatch_build
import pytest
import yaml
from click.testing import CliRunner

import to_labelbox
from command import called
from doc_commands import commands, fill, run
from run_notebook import run_notebook
from to_labelbox.cli import COMMANDS, cli
from to_labelbox.plugins.options import option_infos
from to_labelbox.plugins.registry import writer
from to_labelbox.report import documentation
from to_labelbox.report.codes import Code, severity_of
from to_labelbox.report.documentation import code_page, page

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
NOTEBOOKS = sorted((ROOT / "docs").rglob("*.ipynb"))


def test_every_code_is_explained_with_its_severity() -> None:
    rows = re.findall(
        r"^\| <a id=\"[a-z-]+\"></a>`([a-z-]+)` \| (\w+) \| .+ \|$",
        (ROOT / "docs/diagnostics.md").read_text(),
        re.MULTILINE,
    )
    assert rows == [(code.value, severity_of(code).value) for code in Code]


def test_the_readme_names_every_format_and_links_its_page() -> None:
    text = (ROOT / "README.md").read_text()
    for reader in to_labelbox.formats().values():
        assert f"({reader.docs})" in text


def test_the_before_and_after_of_the_readme_is_real() -> None:
    before, after = (
        json.loads(b) for b in re.findall(r"```json\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    )
    demo = ROOT / "fixtures/coco/demo"
    source = json.loads((demo / "input/annotations/instances_street.json").read_text())
    assert before in source["annotations"]
    assert after in [json.loads(line) for line in (demo / "expected.ndjson").read_text().splitlines()]


def test_links_of_the_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *PAGES]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
            if "://" not in target:
                there = path.parent / target
                assert there.exists(), f"{path.name} links {target}"


def test_the_target_page_tells_of_every_option() -> None:
    text = (ROOT / writer().docs).read_text()
    for option in option_infos(writer().options):
        assert option.name in text


# ----------------------------------------------------------------------------------------------------------- pages


def nav() -> list[str]:
    def pages(entry: Any) -> Iterator[str]:
        if isinstance(entry, str):
            yield entry
        for below in entry if isinstance(entry, list) else entry.values() if isinstance(entry, dict) else ():
            yield from pages(below)

    return list(pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))


def test_every_page_is_in_the_navigation_once() -> None:
    there = [path.relative_to(ROOT / "docs").with_suffix(".md").as_posix() for path in (*PAGES, *NOTEBOOKS)]
    assert sorted(nav()) == sorted(there)


def test_anchors_of_the_documents_exist() -> None:
    """Those of the repository, where the README is a page too."""
    for path in [ROOT / "README.md", *PAGES]:
        for target, fragment in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", path.read_text()):
            if "://" in target or (target and not target.endswith(".md")):
                continue
            text = (path.parent / target if target else path).read_text()
            heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads}
            assert fragment in anchors, f"{path.name} links {target}#{fragment}"


PAGE_OF = {
    "convert": "convert", "batch": "batch", "merge": "batch", "inspect": "inspect", "ontology": "existing-ontology",
    "validate": "validate", "preview": "preview", "import": "import", "compare": "compare",
}  # fmt: skip
"""Where the options of a command are told; those that it has in common with convert may be told there."""


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("formats", "completion")])
def test_every_option_is_told_of(name: str) -> None:
    command = cli.get_command(cli.make_context("to-labelbox", ["formats"]), name)
    assert command is not None
    text = (ROOT / f"docs/{PAGE_OF[name]}.md").read_text() + (ROOT / "docs/convert.md").read_text()
    told = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", text))
    names = [{*p.opts, *p.secondary_opts} for p in command.params if p.param_type_name == "option" and p.name != "help"]
    assert [sorted(own) for own in names if not own & told] == []


def test_the_commands_are_on_the_first_pages() -> None:
    text = (ROOT / "docs/index.md").read_text() + (ROOT / "README.md").read_text() + " ".join(nav())
    for name in COMMANDS:
        assert name in text


def commanding() -> list[str]:
    pages = [ROOT / "README.md", *PAGES]
    return [path.relative_to(ROOT).as_posix() for path in pages if list(commands(path.read_text()))]


@pytest.mark.parametrize("name", [name for name in commanding() if name.startswith("docs/tutorials")])
def test_the_commands_of_a_page_work_as_they_stand(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after another in one folder, as a newcomer types them."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    fill(tmp_path)
    for command in commands((ROOT / name).read_text()):
        program, *arguments = shlex.split(command)
        here = program == "to-labelbox" and arguments[0] != "import" and not {*"|&;<>$*?"} & {*command}
        done = called(*arguments) if here else run(command, tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert list(tmp_path.rglob("annotations.ndjson"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_its_cells_give(path: Path) -> None:
    notebook, outputs = run_notebook(path)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["outputs"] for cell in code] == outputs
    assert sum(map(bool, outputs)) > 8
    assert notebook["nbformat"] == 4


# ------------------------------------------------------------------------------------------------- where they are read


def test_pages_are_named_by_their_path_or_on_their_site(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page("docs/formats/coco.md") == "docs/formats/coco.md"
    monkeypatch.setattr(documentation, "site", lambda: "https://docs.example.org/tl")
    assert page("docs/formats/coco.md") == "https://docs.example.org/tl/formats/coco.html"
    assert code_page("box-empty") == "https://docs.example.org/tl/diagnostics.html#box-empty"
    assert page("https://other.example.org/x") == "https://other.example.org/x"
    result = CliRunner().invoke(cli, ["formats", "coco"])
    assert "docs: https://docs.example.org/tl/formats/coco.html" in result.output


def test_the_package_names_its_site(monkeypatch: pytest.MonkeyPatch) -> None:
    message = email.message_from_string(
        "Project-URL: Repository, https://r.example.org\nProject-URL: Documentation, https://d.example.org/\n"
    )
    documentation.site.cache_clear()
    monkeypatch.setattr(importlib.metadata, "metadata", lambda name: message)
    try:
        assert documentation.site() == "https://d.example.org"
    finally:
        documentation.site.cache_clear()


def test_the_description_of_the_package_links_nowhere_that_is_not() -> None:
    text = (ROOT / "README.md").read_text()
    plain = hatch_build.rendered(text, {})
    assert re.findall(r"\]\((?!https?:)[^)]*\)", plain) == []
    assert "```json" in plain
    assert "tutorial for each source tool" in plain
    linked = hatch_build.rendered(
        text, {"Documentation": "https://d.example.org/", "Repository": "https://r.example.org/x"}
    )
    assert "(https://d.example.org/tutorials/index.html)" in linked
    assert "(https://d.example.org/images/preview-coco.png)" in linked
    assert re.findall(r"\]\((?!https?:)[^)]*\)", linked) == []


def test_every_code_has_an_anchor_of_its_own() -> None:
    text = (ROOT / "docs/diagnostics.md").read_text()
    for code in Code:
        assert f'| <a id="{code.value}"></a>`{code.value}` |' in text


def test_the_architecture_names_every_room_and_nothing_that_is_not() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    roots = [ROOT / "core/to_labelbox", ROOT / "converters/to_labelbox_formats"]
    there = {f"/{path.relative_to(root.parent).as_posix()}" for root in roots for path in root.rglob("*.py")}
    rooms = {path.rpartition("/")[0] for path in there}
    named = re.findall(r"`([\w/]+\.py|[\w/]+/)(?::\w+)?`", text)
    assert len(named) > 50
    known = {*there, *rooms, "/src"}  # of other projects
    assert [
        one for one in named if not (ROOT / one).exists() and not any(k.endswith(f"/{one.rstrip('/')}") for k in known)
    ] == []
    labelbox = "/to_labelbox_formats/labelbox"
    wanted = {room for room in rooms if room.count("/") == 2 or room.startswith(f"{labelbox}/")} - {labelbox}
    assert [room for room in sorted(wanted) if f"`{room.rpartition('/')[2]}/" not in text] == []
    files = {path for path in there if path.rpartition("/")[0] == labelbox}
    assert [path for path in sorted(files) if f"`{path.rpartition('/')[2]}`" not in text] == []
