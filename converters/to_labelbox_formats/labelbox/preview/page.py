"""The page around the cards: head, classes, report. Style and script are data files, admitted by their hash alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

from to_labelbox.plugins.writer import PreviewOptions
from to_labelbox_formats.labelbox.preview.classes import Classes
from to_labelbox_formats.labelbox.preview.drawing import styles
from to_labelbox_formats.labelbox.preview.markup import count, text
from to_labelbox_formats.labelbox.preview.sample import Sample

GENERATOR = "to-labelbox preview"
OUTCOMES = ("read", "converted", "approximated", "merged", "skipped")
_ORDER = {"error": 0, "warning": 1, "info": 2}
_WORDS = {"error": "error", "warning": "warning", "info": "note"}


def page(
    folder: str,
    report: Any,
    classes: Classes,
    sample: Sample,
    cards: Sequence[str],
    covered: str,
    options: PreviewOptions,
) -> Iterator[str]:
    """The page, piece by piece."""
    report = report if isinstance(report, dict) else {}
    style = _resource("page.css") + styles(classes.all)
    script = _resource("page.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    source = report.get("source") if isinstance(report.get("source"), dict) else {}
    title = str(source.get("path") or folder)
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{text(policy)}">\n'
        f'<meta name="generator" content="{GENERATOR}">\n<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{text(title)} – preview</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )
    yield _head(title, str(source.get("format") or ""), report)
    yield f'<div class="columns">\n{_side(classes)}<main>\n<section id="rows"><h2>Data rows</h2>'
    yield f'<p class="lead">{text(_chosen(sample, options))}</p>'
    if covered:
        yield f'<p class="lead">{text(covered)}</p>'
    if sample.broken:
        yield f'<p class="note">{text(count(sample.broken, "line"))} cannot be read: run to-labelbox validate</p>'
    yield '<div class="cards">\n'
    yield from cards
    yield "</div></section>\n"
    yield _report(report)
    yield f'</main></div>\n<div id="tip" role="tooltip" hidden></div>\n<script>{script}</script>\n</body>\n</html>\n'


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


# ------------------------------------------------------------------------------------------------------------ head


def _head(title: str, format: str, report: dict[str, Any]) -> str:
    tally = _counts(report.get("annotations"))
    lines, assets = _counts(report.get("lines")), _counts(report.get("assets"))
    tiles = [("data rows", assets.get("written")), ("lines", lines.get("total"))]
    tiles += [(outcome, tally.get(outcome)) for outcome in OUTCOMES]
    shown = "".join(
        f'<div class="tile {name.replace(" ", "-")}{"" if value else " zero"}"><b>{value:,}</b><span>{name}</span></div>'
        for name, value in tiles
        if value is not None
    )
    kind = f'<span class="format">{text(format)}</span>' if format else ""
    return f'<header class="top"><h1>{text(title)}{kind}</h1><div class="tiles">{shown}</div></header>\n'


def _counts(value: Any) -> dict[str, int]:
    return {k: v for k, v in value.items() if isinstance(v, int)} if isinstance(value, dict) else {}


def _chosen(sample: Sample, options: PreviewOptions) -> str:
    how = "evenly spread" if options.seed is None else f"drawn at random with seed {options.seed}"
    of = f"{sample.matching:,} with annotations"
    if options.only:
        of = f"{sample.matching:,} with {', '.join(options.only)}"
    if options.problems:
        of = f"{sample.matching:,} that the report's examples lead to"
    shown = len(sample.chosen)
    if not shown:
        return f"No data row to show: of {sample.rows:,}, there are {of}."
    if shown >= sample.rows:
        return f"All {shown} of the set." if shown > 1 else "The only one of the set."
    return f"{shown} of {sample.rows:,}, {how}; {of}."


def _side(classes: Classes) -> str:
    rows = ""
    # those that are shown come first: an ontology may hold hundreds
    ordered = sorted(enumerate(classes.all), key=lambda entry: not classes.seen[entry[0]])
    for number, known in ordered:
        marks = classes.seen[number]
        rows += (
            f'<label class="toggle c{number}{"" if marks else " none"}"><input type="checkbox" data-toggle="{number}" checked>'
            f'<i></i><span class="label" title="{text(known.name)}">{text(known.name)}</span>'
            f"<small>{text(known.kind)}</small><b>{marks:,}</b></label>"
        )
    return (
        '<aside><nav><a href="#rows">Data rows</a><a href="#report">Report</a><a href="#diagnostics">Diagnostics</a></nav>'
        '<div class="tools"><input type="search" id="filter" placeholder="Filter classes" aria-label="Filter classes">'
        '<button type="button" id="all">all</button><button type="button" id="none">none</button></div>'
        '<div class="tools"><label><input type="checkbox" id="names" checked> names</label>'
        '<label><input type="checkbox" id="fills" checked> fills</label></div>'
        f'<div class="toggles">{rows}</div></aside>\n'
    )


# ---------------------------------------------------------------------------------------------------------- report


def _report(report: dict[str, Any]) -> str:
    classes = report.get("classes")
    rows = ""
    for name, tally in classes.items() if isinstance(classes, dict) else ():
        counts = _counts(tally)
        cells = "".join(f'<td data-v="{counts.get(o, 0)}">{counts.get(o, 0):,}</td>' for o in OUTCOMES)
        rows += f'<tr><th scope="row">{text(name)}</th>{cells}</tr>'
    heads = "".join(f'<th scope="col"><button type="button">{head}</button></th>' for head in ("class", *OUTCOMES))
    total = _counts(report.get("annotations"))
    foot = "".join(f"<td>{total.get(o, 0):,}</td>" for o in OUTCOMES)
    table = (
        f'<table class="sortable" id="classes"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row">total</th>{foot}</tr></tfoot></table>'
        if rows
        else '<p class="lead">There is no report.json with counts.</p>'
    )
    listed = report.get("diagnostics")
    known = [d for d in listed if isinstance(d, dict)] if isinstance(listed, list) else []
    known.sort(key=lambda d: (_ORDER.get(str(d.get("severity")), 3), str(d.get("code"))))
    messages = "".join(map(_diagnostic, known)) or '<p class="lead">None.</p>'
    return (
        f'<section id="report"><h2>Report</h2>{table}</section>\n'
        f'<section id="diagnostics"><h2>Diagnostics</h2>{messages}</section>\n'
    )


def _diagnostic(diagnostic: dict[str, Any]) -> str:
    severity = str(diagnostic.get("severity"))
    level = severity if severity in _WORDS else "info"
    listed = diagnostic.get("examples")
    examples = [e for e in listed if isinstance(e, dict)] if isinstance(listed, list) else []
    number = diagnostic.get("count")
    more = number - len(examples) if isinstance(number, int) else 0
    rows = "".join(f"<li>{_place(e)}{text(e.get('message', ''))}</li>" for e in examples)
    rows += f"<li>… and {more:,} more</li>" if more > 0 else ""
    return (
        f'<details class="{level}"{" open" if level == "error" else ""}><summary><span class="level">{_WORDS[level]}</span>'
        f'<code>{text(diagnostic.get("code", ""))}</code><span class="message">{text(diagnostic.get("message", ""))}</span>'
        f"<b>{text(f'{number:,}' if isinstance(number, int) else '')}</b></summary><ul>{rows}</ul></details>"
    )


def _place(example: dict[str, Any]) -> str:
    id = f"(id {example['id']})" if example.get("id") else ""
    place = " ".join(p for p in (str(example.get("file", "")), str(example.get("where", "")), id) if p)
    return f"<code>{text(place)}</code> " if place else ""
