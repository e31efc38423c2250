"""A set whose texts are written otherwise, with the same meaning, gives the same annotations and ontology, in every format.

Encodings, byte-order marks, ends of lines, blanks and comments are those of Windows' shell and editors, of spreadsheets
and of formatters.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from harness import Case, cases, lines, ontology
from test_golden import readable

UNLIKE = {"voc/broken"}
"""Written anew, a DOCTYPE is gone, for which a file of it is refused."""


def as_utf16(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-16")


def with_mark(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8-sig")


def spaced_json(text: str) -> str:
    return json.dumps(json.loads(text), indent="\t", ensure_ascii=False)


def spaced_xml(text: str) -> str:
    """With a comment in each element that holds others, and a blank behind each start tag's name."""
    root = etree.fromstring(text.encode())
    for element in list(root.iter(etree.Element)):
        if len(element):
            element.insert(0, etree.Comment(" written otherwise "))
    body = etree.tostring(root, encoding="unicode").replace("/>", " />")
    for name in {str(e.tag) for e in root.iter(etree.Element)}:
        body = body.replace(f"<{name}>", f"<{name} >")
    return body


XML = (".xml",)
JSON = (".json",)
TEXTS = (".txt", ".yaml", ".yml", ".csv", ".tsv", ".names", ".data", ".labels", ".jsonl", ".ndjson")


def rewrite(folder: Path, coded: Callable[[str], bytes]) -> int:
    count = 0
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in (*XML, *JSON, *TEXTS):
            continue
        try:
            text = path.read_bytes().decode("utf-8-sig")
            if path.suffix.lower() in JSON:
                text = spaced_json(text)
            elif path.suffix.lower() in XML:
                text = spaced_xml(text)
        except (ValueError, etree.XMLSyntaxError):  # broken, or in another encoding, on purpose
            continue
        path.write_bytes(coded(text))
        count += 1
    return count


@pytest.mark.parametrize("coded", [as_utf16, with_mark])
@pytest.mark.parametrize("case", [c for c in cases() if c.id not in UNLIKE], ids=lambda c: c.id)
def test_written_otherwise(case: Case, coded: Callable[[str], bytes], tmp_path: Path) -> None:
    given = tmp_path / "input"
    shutil.copytree(case.input, given)
    if not rewrite(given, coded):
        pytest.skip("none of its files is a whole text in UTF-8")
    case.convert(tmp_path / "out", given)
    made = [json.dumps(readable(line)) for line in lines(tmp_path / "out")]
    assert made == (case.folder / "expected.ndjson").read_text().splitlines()
    assert ontology(tmp_path / "out") == json.loads((case.folder / "expected.ontology.json").read_text())
