"""The rules of boxes, polygons, lines and points, in pixels of their data row."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from to_labelbox.model.text import n_of
from to_labelbox_formats.labelbox.validate import wire
from to_labelbox_formats.labelbox.validate.hints import Hint
from to_labelbox_formats.labelbox.validate.rows import RowInfo

UNITS = ("INCHES", "PIXELS", "POINTS", "PERCENT")
_ROUNDING = 1e-6


def bbox_line(line: wire.Line, row: RowInfo) -> Iterator[str]:
    assert isinstance(line.bbox, wire.Bbox)
    yield from box_faults(line.bbox, row)
    if (line.page is UNSET) != (line.unit is UNSET):
        yield "a box on a page needs both page and unit: with one of them it is read as a box on a picture"
    elif isinstance(line.page, int):
        if row.media and row.media != "PDF":
            yield f"page and unit are for documents, the data row is {row.media}"
        if line.page == 0:
            yield Hint("page 0: pages count from 1 in Labelbox's exports, from 0 in some of its examples")
        elif line.page < 0:
            yield f"page {line.page}: pages count from 1"
        if line.unit not in UNITS:
            yield f"unit {line.unit!r}; there are {', '.join(UNITS)}"
        box = line.bbox
        right, bottom = box.left + box.width, box.top + box.height
        if line.unit == "PERCENT" and max(-box.left, -box.top, right - 1, bottom - 1) > _ROUNDING:
            yield "PERCENT means fractions of the page, 0 to 1"
    elif row.media == "PDF":
        yield "a box on a document needs page and unit"


def box_faults(box: wire.Bbox, row: RowInfo) -> Iterator[str]:
    if box.height < 0 < box.width and row.media in ("", "TMS_GEO", "TMS_SIMPLE"):
        where = "" if row.media else "on a map "
        yield Hint(
            f"the box is {box.height:g} high: {where}it is taken, from the upper edge down; write the lower edge as top"
        )
    elif box.width <= 0 or box.height <= 0:
        yield f"the box is {box.width:g} wide and {box.height:g} high: both must be above 0"
    low, high = sorted((box.top, box.top + box.height))
    yield from _inside(row, box.left, low, box.left + box.width, high)


def _inside(row: RowInfo, left: float, top: float, right: float, bottom: float) -> Iterator[str]:
    if row.degrees and (left < -180 or right > 180 or top < -90 or bottom > 90):
        yield "EPSG4326 takes longitudes of -180..180 as x and latitudes of -90..90 as y"
    if row.bounds is not None:
        least_x, least_y, most_x, most_y = row.bounds
        slack = _ROUNDING * max(1, *map(abs, row.bounds))
        extent = f"the map, which is x {least_x:g}..{most_x:g}, y {least_y:g}..{most_y:g}"
        if right < least_x - slack or left > most_x + slack or bottom < least_y - slack or top > most_y + slack:
            yield f"lies beside {extent}"
        elif left < least_x - slack or right > most_x + slack or top < least_y - slack or bottom > most_y + slack:
            yield Hint(f"reaches beyond {extent}")
    size = row.size
    if size and (min(left, top) < -_ROUNDING or right > size[0] + _ROUNDING or bottom > size[1] + _ROUNDING):
        yield f"reaches beyond the picture of {size[0]} × {size[1]} pixels"


def _vertices(points: list[wire.XY], row: RowInfo) -> Iterator[str]:
    if row.degrees or row.bounds or row.size:
        xs, ys = [p.x for p in points], [p.y for p in points]
        yield from _inside(row, min(xs), min(ys), max(xs), max(ys))


def _distinct(points: list[wire.XY], least: int) -> bool:
    """Whether there are that many different places; looks no further than needed."""
    seen: set[tuple[float, float]] = set()
    for point in points:
        seen.add((point.x, point.y))
        if len(seen) == least:
            return True
    return False


def polygon_line(line: wire.Line, row: RowInfo) -> Iterator[str]:
    assert isinstance(line.polygon, list)
    if not _distinct(line.polygon, 3):
        yield f"a polygon of {n_of(len(line.polygon), 'point')}, want 3 different ones or more"
    else:
        yield from _vertices(line.polygon, row)


def polyline_line(line: wire.Line, row: RowInfo) -> Iterator[str]:
    assert isinstance(line.line, list)
    yield from polyline_faults(line.line, row)


def polyline_faults(points: list[wire.XY], row: RowInfo) -> Iterator[str]:
    if not _distinct(points, 2):
        yield f"a line of {n_of(len(points), 'point')}, want 2 different ones or more"
    else:
        yield from _vertices(points, row)


def point_line(line: wire.Line, row: RowInfo) -> Iterator[str]:
    assert isinstance(line.point, wire.XY)
    yield from _vertices([line.point], row)
