"""The report on a page: tiles of its sums, the ledger by class, and all diagnostics."""

from __future__ import annotations

from typing import Any

from to_labelbox.pages.markup import text
from to_labelbox.report.documentation import code_page

OUTCOMES = ("read", "converted", "approximated", "merged", "skipped")
_ORDER = {"error": 0, "warning": 1, "info": 2}
_WORDS = {"error": "error", "warning": "warning", "info": "note"}


def head(title: str, format: str, report: dict[str, Any]) -> str:
    """The title with the sums of a report; what it lacks is left out."""
    tally = counts(report.get("annotations"))
    lines, assets = counts(report.get("lines")), counts(report.get("assets"))
    tiles = [("data rows", assets.get("written")), ("lines", lines.get("total"))]
    tiles += [(outcome, tally.get(outcome)) for outcome in OUTCOMES]
    shown = "".join(
        f'<div class="tile {name.replace(" ", "-")}{"" if value else " zero"}"><b>{value:,}</b><span>{name}</span></div>'
        for name, value in tiles
        if value is not None
    )
    kind = f'<span class="format">{text(format)}</span>' if format else ""
    return f'<header class="top"><h1>{text(title)}{kind}</h1><div class="tiles">{shown}</div></header>\n'


def counts(value: Any) -> dict[str, int]:
    """The whole numbers of an object; none of anything else."""
    return {k: v for k, v in value.items() if isinstance(v, int)} if isinstance(value, dict) else {}


def sections(report: dict[str, Any]) -> str:
    """The ledger by class, and the diagnostics."""
    listed = report.get("diagnostics")
    known = [d for d in listed if isinstance(d, dict)] if isinstance(listed, list) else []
    known.sort(key=lambda d: (_ORDER.get(str(d.get("severity")), 3), str(d.get("code"))))
    messages = "".join(map(_diagnostic, known)) or '<p class="lead">None.</p>'
    return (
        f'<section id="report"><h2>Report</h2>{ledger(report)}</section>\n'
        f'<section id="diagnostics"><h2>Diagnostics</h2>{messages}</section>\n'
    )


def ledger(report: dict[str, Any]) -> str:
    """What became of the annotations, by class; the columns can be sorted."""
    classes = report.get("classes")
    rows = ""
    for name, tally in classes.items() if isinstance(classes, dict) else ():
        rows += f'<tr><th scope="row">{text(name)}</th>{_cells(counts(tally))}</tr>'
    if not rows:
        return '<p class="lead">There is no report.json with counts.</p>'
    heads = "".join(f'<th scope="col"><button type="button">{head}</button></th>' for head in ("class", *OUTCOMES))
    return (
        f'<table class="sortable" id="classes"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row">total</th>{_cells(counts(report.get("annotations")))}</tr></tfoot></table>'
    )


def _cells(tally: dict[str, int]) -> str:
    """``data-label`` heads a cell where the screen is too narrow for a table."""
    return "".join(
        f'<td data-label="{outcome}" data-v="{tally.get(outcome, 0)}"{"" if tally.get(outcome) else " class=zero"}>'
        f"{tally.get(outcome, 0):,}</td>"
        for outcome in OUTCOMES
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
    rows += _about(str(diagnostic.get("code", "")))
    return (
        f'<details class="{level}"{" open" if level == "error" else ""}><summary><span class="level">{_WORDS[level]}</span>'
        f'<code>{text(diagnostic.get("code", ""))}</code><span class="message">{text(diagnostic.get("message", ""))}</span>'
        f"<b>{text(f'{number:,}' if isinstance(number, int) else '')}</b></summary><ul>{rows}</ul></details>"
    )


def _about(code: str) -> str:
    """Where the code is explained: a link only where the documents have an address; nothing for what is no code."""
    if not code.replace("-", "").isalpha():
        return ""
    page = text(code_page(code))
    return f'<li><a href="{page}">{page}</a></li>' if "://" in page else f"<li><code>{page}</code></li>"


def _place(example: dict[str, Any]) -> str:
    id = f"(id {example['id']})" if example.get("id") else ""
    place = " ".join(p for p in (str(example.get("file", "")), str(example.get("where", "")), id) if p)
    return f"<code>{text(place)}</code> " if place else ""
