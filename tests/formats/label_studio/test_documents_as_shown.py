"""Texts as the editor shows them: line breaks that it counts, what it takes out of a document, base64; places by hand."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from build.label_studio import read, region, task, write
from to_labelbox.model.items import Object, TextSpan
from to_labelbox.report.codes import Code

PAGE = "<body><p>One<br>two</p><script>var four = 1;</script><iframe src='x'>four</iframe><p>three<br/>four</p></body>"
"""The editor counts One 0..3, a line break, two 4..7, three 7..12, a line break, four 13..17."""
READABLE = "One\ntwo\nthree\nfour"


def marked(quote: str | None, globals: tuple[int, int] | None, path: bool = False) -> dict[str, Any]:
    value: dict[str, Any] = {"hypertextlabels": ["w"]}
    value |= {"text": quote} if quote else {}
    value |= {"globalOffsets": dict(zip(("start", "end"), globals))} if globals else {}
    at = "/p[2]/text()[2]"
    value |= {"start": at, "end": at, "startOffset": 0, "endOffset": 4} if path else {}
    return region("hypertextlabels", value)


def spans(tmp_path: Path, regions: list[dict[str, Any]], data: str, config: str = "") -> tuple[Any, list[str], Any]:
    items, log = read(write(tmp_path, [task(regions, {"shown": data})], config))
    found = [a.geometry for a in items[0].annotations if isinstance(a, Object)]
    return items[0].asset.text, [c for c in log.diagnostics if c in ("field-repaired", "span-shifted")], found


@pytest.mark.parametrize(
    "given",
    [
        marked("four", (13, 17)),
        marked(None, (13, 17)),
        marked("four", (11, 15)),  # as scripts count, without the line breaks
        marked(None, None, path=True),
        marked("four", (13, 17), path=True),
    ],
    ids=["quoted", "without its text", "of scripts", "by path", "both"],
)
def test_line_breaks_count_and_scripts_are_not_there(tmp_path: Path, given: dict[str, Any]) -> None:
    assert spans(tmp_path, [given], PAGE) == (READABLE, [], [TextSpan(14, 18)])


def test_a_span_over_a_line_break(tmp_path: Path) -> None:
    assert spans(tmp_path, [marked(None, (0, 7))], PAGE) == (READABLE, [], [TextSpan(0, 7)])


@pytest.mark.parametrize(("encoding", "bytes_are"), [("base64", "latin-1"), ("base64unicode", "utf-8")])
@pytest.mark.parametrize(("tag", "kind"), [("Text", "labels"), ("HyperText", "hypertextlabels")])
def test_a_text_in_base64(tmp_path: Path, tag: str, kind: str, encoding: str, bytes_are: str) -> None:
    text = "Café noir"
    labels = "Labels" if tag == "Text" else "HyperTextLabels"
    config = (
        f'<{tag} name="shown" value="$shown" encoding="{encoding}"/>'
        f'<{labels} name="{kind}" toName="shown"><Label value="w"/></{labels}>'
    )
    value = {"start": 5, "end": 9, "text": "noir", kind: ["w"]}
    data = base64.b64encode(text.encode(bytes_are)).decode()
    assert spans(tmp_path, [region(kind, value)], data, config) == (text, [], [TextSpan(5, 9)])


@pytest.mark.parametrize(
    "written", [base64.encodebytes(b"Anna is here. " * 9), base64.b64encode(b"Anna is here. " * 9 + b"!")]
)
def test_base64_in_lines_or_without_padding(tmp_path: Path, written: bytes) -> None:
    config = '<Text name="shown" value="$shown" encoding="base64"/><Labels name="labels" toName="shown"><Label value="w"/></Labels>'
    text = base64.b64decode(written).decode()
    assert spans(tmp_path, [], written.decode().rstrip("="), config)[0] == text


def test_a_text_that_is_no_base64_stays_and_is_told(tmp_path: Path) -> None:
    config = '<Text name="shown" value="$shown" encoding="base64"/><Labels name="labels" toName="shown"><Label value="w"/></Labels>'
    (item,), log = read(write(tmp_path, [task([], {"shown": "a plain text"})], config))
    assert item.asset.text == "a plain text"
    assert "base64" in log.diagnostics[Code.FIELD_IGNORED].examples[0].message
