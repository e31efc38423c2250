"""What the documents say about the code is true of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import to_labelbox
from to_labelbox.plugins.options import option_infos
from to_labelbox.plugins.registry import writer
from to_labelbox.report.codes import Code, severity_of

ROOT = Path(__file__).parent.parent


def test_every_code_is_explained_with_its_severity() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| .+ \|$", (ROOT / "docs/diagnostics.md").read_text(), re.MULTILINE)
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
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links {target}"


def test_the_target_page_tells_of_every_option() -> None:
    text = (ROOT / writer().docs).read_text()
    for option in option_infos(writer().options):
        assert option.name in text
