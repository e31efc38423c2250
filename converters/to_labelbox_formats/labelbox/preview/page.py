"""The page of a preview: classes beside the cards of data rows, the charts of the set, the report."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from to_labelbox.model.text import n_of
from to_labelbox.pages import charts, ledger
from to_labelbox.pages.figures import Figures
from to_labelbox.pages.markup import text
from to_labelbox.pages.shell import colors, resource
from to_labelbox.pages.shell import page as whole
from to_labelbox.plugins.writer import PreviewOptions
from to_labelbox_formats.labelbox.preview.classes import Classes
from to_labelbox_formats.labelbox.preview.sample import Sample

AT_ONCE = 50
"""Data rows that a browser lays out at a time; the others wait in templates, where they cost next to nothing."""


class Shown(NamedTuple):
    """What the page is about: ``covered`` says how far problems were traced, ``datasets`` how many a batch has."""

    folder: str
    report: dict[str, Any]
    sample: Sample
    figures: Figures
    covered: str = ""
    datasets: int = 0


def page(shown: Shown, classes: Classes, cards: Iterator[str], options: PreviewOptions) -> Iterator[str]:
    """The page, piece by piece; ``classes`` are complete."""
    source = shown.report.get("source")
    source = source if isinstance(source, dict) else {}
    title = str(source.get("path") or shown.report.get("root") or shown.folder)
    kind = str(source.get("format") or ("batch" if shown.datasets else ""))
    charted = charts.section(shown.figures, classes.named)
    style = resource(__package__, "preview.css") + colors([c.color for c in classes.all])
    body = _body(ledger.head(title, kind, shown.report), shown, classes, cards, charted, options)
    yield from whole("preview", f"{title} – preview", body, style, resource(__package__, "preview.js"))


def _body(
    head: str, shown: Shown, classes: Classes, cards: Iterator[str], charted: str, options: PreviewOptions
) -> Iterator[str]:
    sample = shown.sample
    yield f'{head}<div class="columns">\n{_side(classes)}<main>\n<section id="rows"><h2>Data rows</h2>'
    yield f'<p class="lead">{text(_chosen(shown, options))}</p>'
    if shown.covered:
        yield f'<p class="lead">{text(shown.covered)}</p>'
    if sample.broken:
        yield f'<p class="note">{text(n_of(sample.broken, "line"))} cannot be read: run to-labelbox validate</p>'
    if len(sample.chosen) > 1:
        yield _finder(len(sample.chosen))
    yield f'<div class="cards" data-rows="{AT_ONCE}">\n'
    yield from islice(cards, AT_ONCE)
    yield "</div>\n"
    for _ in range(AT_ONCE, len(sample.chosen), AT_ONCE):
        yield "<template>"
        yield from islice(cards, AT_ONCE)
        yield "</template>\n"
    yield f"{_pager(len(sample.chosen))}</section>\n"
    yield charted
    yield ledger.sections(shown.report)
    yield "</main></div>\n"


def _finder(cards: int) -> str:
    return (
        '<div class="finder"><div class="find"><input type="search" id="find" role="combobox" aria-expanded="false" '
        'aria-controls="found" aria-autocomplete="list" autocomplete="off" placeholder="Find a data row: key, class or number" '
        'aria-label="Find a data row by its key, class or number"><ul id="found" role="listbox" aria-label="Data rows" '
        f'hidden></ul></div>{_pager(cards)}<p class="keys" aria-hidden="true">/ find · n, p next, previous row</p></div>'
    )


def _pager(cards: int) -> str:
    if cards <= AT_ONCE:
        return ""
    return (
        '<div class="pager"><button type="button" data-step="-1" aria-label="earlier data rows">‹</button>'
        f'<span class="pages" role="status">1–{AT_ONCE} of {cards:,}</span>'
        '<button type="button" data-step="1" aria-label="later data rows">›</button></div>'
    )


def _chosen(shown: Shown, options: PreviewOptions) -> str:
    sample = shown.sample
    how = "evenly spread" if options.seed is None else f"drawn at random with seed {options.seed}"
    of = f"{sample.matching:,} with annotations"
    if options.only:
        of = f"{sample.matching:,} with {', '.join(options.only)}"
    if options.problems:
        of = f"{sample.matching:,} with approximated or left out annotations"
    number = len(sample.chosen)
    whole = f" in {n_of(shown.datasets, 'dataset')}" if shown.datasets else ""
    if not number:
        return f"No data row to show: of {sample.rows:,}{whole}, there are {of}."
    if number >= sample.rows:
        return f"All {number:,}{whole} of the set." if number > 1 else "The only one of the set."
    return f"{number:,} of {sample.rows:,}{whole}, {how}; {of}."


def _side(classes: Classes) -> str:
    rows = ""
    # those that are shown come first: an ontology may hold hundreds
    ordered = sorted(enumerate(classes.all), key=lambda entry: not classes.seen[entry[0]])
    for number, known in ordered:
        marks = classes.seen[number]
        name = text(known.name)
        rows += (
            f'<div class="toggle c{number}{"" if marks else " none"}"><label><input type="checkbox" data-toggle="{number}" '
            f'checked><i></i><span class="label" title="{name}">{name}</span><small>{text(known.kind)}</small></label>'
            f'<button type="button" class="next" data-next="{number}" aria-label="next data row with {name}"'
            f"{'' if marks else ' disabled'}>{marks:,}</button></div>"
        )
    return (
        '<aside><nav><a href="#rows">Data rows</a><a href="#set">The set</a><a href="#report">Report</a>'
        '<a href="#diagnostics">Diagnostics</a></nav>'
        '<div class="tools"><input type="search" id="filter" placeholder="Filter classes" aria-label="Filter classes">'
        '<button type="button" id="all">all</button><button type="button" id="none">none</button></div>'
        '<div class="tools"><label><input type="checkbox" id="names" checked> names</label>'
        '<label><input type="checkbox" id="fills" checked> fills</label></div>'
        f'<div class="toggles">{rows}</div></aside>\n'
    )
