"""What a source holds as a page with charts: figures of its items, and around them what ``inspect`` says."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from to_labelbox.api.inspection import Inspection
from to_labelbox.conversion.job import OpenSource
from to_labelbox.geometry.any_shape import envelope
from to_labelbox.geometry.vector import signed_area
from to_labelbox.model.items import (
    Classification,
    Ellipse,
    Geometry,
    Item,
    Mask,
    Media,
    Object,
    PageBox,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    Track,
)
from to_labelbox.model.text import n_of
from to_labelbox.pages import charts, ledger
from to_labelbox.pages.figures import Figures
from to_labelbox.pages.markup import text
from to_labelbox.pages.palette import distinct
from to_labelbox.pages.shell import colors, page
from to_labelbox.rules.settings import Settings

_PIXELS = {Media.IMAGE, Media.VIDEO, Media.DICOM}
"""Types of assets whose coordinates are pixels."""
VALUES_SHOWN = 12


def figures_of(opened: OpenSource, settings: Settings) -> Figures:
    """Figures of a source's items under the names of a class map, without the classes that are left out."""
    figures = Figures()
    for item in opened.dataset:
        _add(item, settings, figures)
    return figures


def _add(item: Item, settings: Settings, figures: Figures) -> None:
    asset, annotations = item.asset, 0
    size = (asset.width, asset.height) if asset.width and asset.height else None
    for annotation in item.annotations:
        label = annotation.name if isinstance(annotation, Classification) else annotation.label
        if not isinstance(annotation, Classification) and not settings.wants(label):
            continue  # answers that are not wanted are left out of the items
        figures.classes[label] += 1
        annotations += 1
        if asset.media not in _PIXELS:
            continue
        if isinstance(annotation, Object):
            shapes = [annotation.geometry]
        elif isinstance(annotation, Track):
            shapes = [segment[0].geometry for segment in annotation.segments if segment]
        else:
            continue
        for shape in shapes:
            if (measured := _measured(shape)) is not None:
                figures.add(label, *measured, size)
    figures.rows[annotations] += 1


def _measured(shape: Geometry) -> tuple[tuple[float, float, float, float], float] | None:
    """Envelope and area; the area is NaN for points and lines."""
    match shape:
        case Point(x, y):
            return (x, y, 0.0, 0.0), math.nan
        case Polyline(points) if points:
            xs, ys = points[::2], points[1::2]
            return (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)), math.nan
        case PageBox():
            return None
    box = envelope(shape)
    if box is None:
        return None
    return (box.left, box.top, box.width, box.height), _area(shape, box.width * box.height)


def _area(shape: Geometry, whole: float) -> float:
    match shape:
        case Polygon(parts):
            return sum(abs(signed_area(part[0])) - sum(abs(signed_area(hole)) for hole in part[1:]) for part in parts)
        case Mask():
            from to_labelbox.geometry.raster import mask_area

            return mask_area(shape)
        case RotatedBox():
            return shape.width * shape.height
        case Ellipse():
            return math.pi * shape.rx * shape.ry
        case _:
            return whole


# ------------------------------------------------------------------------------------------------------------ page


def inspection_page(found: Inspection, figures: Figures) -> Iterator[str]:
    """The page, piece by piece."""
    names = dict.fromkeys([tool.label for tool in found.tools] + [q.name for q in found.questions])
    numbers = {name: n for n, name in enumerate([*names, *(n for n in figures.classes if n not in names)])}
    title = found.source.path
    yield from page(
        "inspect", f"{title} – source", _body(found, figures, numbers, title), colors(distinct(len(numbers)))
    )


def _body(found: Inspection, figures: Figures, numbers: dict[str, int], title: str) -> Iterator[str]:
    report: dict[str, Any] = msgspec.to_builtins(found)
    yield ledger.head(title, found.source.format, report)
    yield (
        '<main><nav><a href="#source">Source</a><a href="#set">The set</a><a href="#tools">Tools</a>'
        '<a href="#report">Report</a><a href="#diagnostics">Diagnostics</a></nav>\n'
    )
    yield f'<section id="source"><h2>Source</h2>{_list(_facts(found))}</section>\n'
    yield charts.section(figures, lambda name: numbers[name])
    yield f'<section id="tools"><h2>Tools and questions that would be made</h2>{_tools(found)}</section>\n'
    yield ledger.sections(report)
    yield "</main>\n"


def _list(entries: Iterator[tuple[str, str]]) -> str:
    return "".join(f"<p><b>{text(name)}</b> {text(words)}</p>" for name, words in entries)


def _facts(found: Inspection) -> Iterator[tuple[str, str]]:
    for name, verdict in found.formats.items():
        if verdict.claims:
            yield name, verdict.reason
    yield "assets", ", ".join(f"{n:,} {medium}" for medium, n in found.media.items()) or "none"
    if found.splits:
        yield "splits", ", ".join(f"{name} {n:,}" for name, n in found.splits.items())
    sizes = found.sizes
    if sizes.width and sizes.height:
        common = ", ".join(f"{w} × {h} ({n:,})" for w, h, n in sizes.most_common)
        yield "sizes", f"{sizes.distinct:,} different; the most common are {common}"
    yield "output", f"{n_of(found.estimate.lines, 'line')}, about {found.estimate.bytes / 1e6:,.1f} MB"
    for limit in found.limits:
        if limit.value is not None and 2 * limit.value >= limit.most:
            yield "limit", f"{limit.name}: {limit.value:,} of at most {limit.most:,}"
    for one in found.suspicious:
        yield (
            "suspicious",
            f"{one.what}: {one.count:,} of {one.of:,}{'; ' if one.likely else ''}{'; '.join(one.likely)}",
        )
    for taken in found.assumptions:
        flip = f"; else {taken.option}" if taken.option else ""
        yield "assumed", f"{taken.what}: {taken.taken} ({taken.for_:,} for, {taken.against:,} against{flip})"
    for left in found.unread:
        yield "unread", f"{left.what} {left.name} ×{left.count:,}: {left.why}"


def _tools(found: Inspection) -> str:
    rows = ""
    for tool in found.tools:
        asked = "; ".join(f"{q.name} ({q.input}): {_values(q.values)}" for q in tool.attributes)
        rows += _row(tool.name, tool.kind, f"{tool.shapes:,}", asked)
    for question in found.questions:
        rows += _row(question.name, question.input, "", _values(question.values))
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("name", "kind", "shapes", "values"))
    return f'<table class="plain"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _row(name: str, *cells: str) -> str:
    return f'<tr><th scope="row">{text(name)}</th>{"".join(f"<td>{text(cell)}</td>" for cell in cells)}</tr>'


def _values(values: list[str]) -> str:
    more = f", … ({len(values):,})" if len(values) > VALUES_SHOWN else ""
    return ", ".join(values[:VALUES_SHOWN]) + more
