"""One card a data row: its head, what is drawn, its answers, and what could not be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET

from to_labelbox.model.text import n_of
from to_labelbox.pages.markup import text
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox_formats.labelbox.preview import pictures
from to_labelbox_formats.labelbox.preview.classes import Classes, name_of, said, value_of
from to_labelbox_formats.labelbox.preview.drawing import Drawn, Undrawable, canvas, drawn, extent, link, patch
from to_labelbox_formats.labelbox.preview.markup import answer, item, listing
from to_labelbox_formats.labelbox.preview.payload import Row
from to_labelbox_formats.labelbox.preview.texts import conversation, plain_text
from to_labelbox_formats.labelbox.preview.timeline import lanes, tracks
from to_labelbox_formats.labelbox.validate import wire

PAGE_SIZES = {"POINTS": (612.0, 792.0), "PERCENT": (1.0, 1.0), "INCHES": (8.5, 11.0), "PIXELS": (0.0, 0.0)}
"""A page is taken as US Letter until a box reaches beyond; of pixels nothing is known."""
PAGE_HEIGHT = 792
PLANE = 1000
"""Longer side of the plane on which map coordinates are drawn."""


@dataclass(slots=True)
class Card:
    """What is known and said of one data row while its card is made."""

    row: Row
    classes: Classes
    gallery: MediaFolder | None
    side: int = pictures.MAX_SIDE
    facts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wide: bool = False

    @property
    def names(self) -> list[str]:
        return names_of(self.row)


def names_of(row: Row) -> list[str]:
    """Names under which the asset may lie below the media root."""
    data = row.data if isinstance(row.data, str) else ""
    return [row.key, data if len(data) < 1000 else "", row.external]


def without_picture(rows: Iterable[Row], galleries: Mapping[str, MediaFolder | None]) -> int:
    """How many cards are to show a picture that is not at hand; media by the rows' datasets."""
    images = (row for row in rows if _BODIES.get(row.media or _media(row.lines), _image) is _image)
    return sum(pictures.find(galleries[row.dataset], names_of(row)) is None for row in images)


def card(row: Row, number: int, classes: Classes, gallery: MediaFolder | None, side: int = pictures.MAX_SIDE) -> str:
    """The card of a data row as HTML. ``number`` is its place in the set, ``side`` the longer one of its picture."""
    made = Card(row, classes, gallery, side)
    media = row.media or _media(row.lines)
    body = _BODIES.get(media, _image)(made)
    answers = listing(answer(line, classes) for line in row.lines if _whole(line))
    facts = [media + ("" if row.media else "?"), *made.facts, n_of(len(row.lines), "line")]
    if not row.media:
        made.notes.append("data_rows.ndjson does not know this data row; its type is guessed from its lines")
    if row.unread:
        made.notes.append(
            f"{n_of(row.unread, 'line')} cannot be read as a line of Labelbox's: run to-labelbox validate"
        )
    if row.left_out:
        made.notes.append(f"{n_of(row.left_out, 'further line')} left out, so that the page stays usable")
    notes = "".join(f'<p class="note">{text(note)}</p>' for note in dict.fromkeys(made.notes))
    lost = "".join(f"<li>{text(words)}</li>" for words in row.lost)
    if lost:
        notes = f'<ul class="lost" aria-label="approximated or left out">{lost}</ul>{notes}'
    dataset = f'<p class="dataset">{text(row.dataset)}</p>' if row.dataset else ""
    held = " ".join(map(str, sorted({made.classes.number(one) for line in row.lines for one in line.named})))
    return (
        f'<article class="card{" wide" if made.wide else ""}" id="row-{number}" tabindex="-1" '
        f'data-key="{text(row.key)}" data-dataset="{text(row.dataset)}" data-classes="{held}">'
        f'<header>{dataset}<h3 title="{text(row.key)}">{text(row.key)}</h3><p>{text(" · ".join([f"row {number:,}", *facts]))}</p>'
        '<button type="button" class="grow" aria-label="wider">⤢</button></header>'
        f"{body}{answers}{notes}</article>\n"
    )


def _media(lines: Sequence[wire.Line]) -> str:
    """The type of a data row that is not listed, from its lines."""
    for line in lines:
        if line.segments is not UNSET or line.masks is not UNSET:
            return "VIDEO"
        if line.location is not UNSET:
            return "TEXT" if line.messageId is UNSET else "CONVERSATIONAL"
        if line.page is not UNSET or line.textSelections is not UNSET:
            return "PDF"
    return "IMAGE"


def _whole(line: wire.Line) -> bool:
    """An answer about the whole data row."""
    value = value_of(line)
    if value is None or line.messageId is not UNSET or line.frames is not UNSET:
        return False
    return not any(
        isinstance(c, wire.WireChoice) and c.frames is not UNSET
        for c in (value if isinstance(value, list) else [value])
    )


def _objects(made: Card) -> Iterator[wire.Line]:
    """Lines of shapes, spans and links."""
    yield from (line for line in made.row.lines if value_of(line) is None)


# -------------------------------------------------------------------------------------------------------- pictures


def _image(made: Card) -> str:
    shapes: list[Drawn] = []
    size: tuple[int, int] | None = None
    links: list[wire.Line] = []
    for line in _objects(made):
        if line.relationship is not UNSET:
            links.append(line)
            continue
        number, name = made.classes.number(line), name_of(line)
        try:
            if isinstance(line.mask, wire.WireMask):
                found = _mask(made, line.mask, number)
                size = (found.width, found.height)
                shapes.append(patch(number, name, found, said(line.classifications), line.uuid))
            else:
                shapes.append(drawn(number, name, line, said(line.classifications), uuid=line.uuid))
        except (Undrawable, pictures.Unreadable) as error:
            made.notes.append(f"{name}: {error}")
    picture = _picture(made)
    if picture is None and not shapes:
        return ""
    if picture is not None:
        if size is not None and size != (picture.width, picture.height):
            made.notes.append(f"the masks are {size[0]} × {size[1]}, the picture {picture.width} × {picture.height}")
        made.facts.append(f"{picture.width} × {picture.height}")
        return canvas(shapes, picture.width, picture.height, picture, links=_links(made, links, shapes))
    if size is not None:
        made.facts.append(f"{size[0]} × {size[1]}")
    made.notes[-1] += "; drawn on a blank canvas " + ("of its masks' size" if size else "that holds all shapes")
    width, height = size or extent(shapes)
    return canvas(shapes, width, height, links=_links(made, links, shapes))


def _picture(made: Card) -> pictures.Picture | None:
    """The picture, or None with a note that says why there is none."""
    path = pictures.find(made.gallery, made.names)
    if path is None:
        made.notes.append(
            "the picture is not below the media root" if made.gallery else "no picture: give its folder as --media-root"
        )
        return None
    try:
        return pictures.picture(path, made.side)
    except pictures.Unreadable as error:
        made.notes.append(str(error))
        return None


def _mask(made: Card, mask: wire.WireMask, number: int) -> pictures.Patch:
    color = made.classes.all[number].rgb
    if isinstance(mask.png, str):
        return pictures.mask(mask.png, color)
    if isinstance(mask.imBytes, str) and isinstance(mask.colorRGB, tuple):
        return pictures.mask(mask.imBytes, color, mask.colorRGB)
    raise pictures.Unreadable("the mask is not in the file but at an address; it is not fetched")


def _links(made: Card, lines: Sequence[wire.Line], shapes: Sequence[Drawn]) -> str:
    ends = {shape.uuid: shape for shape in shapes if shape.uuid}
    found = ""
    for line in lines:
        assert isinstance(line.relationship, wire.WireRelationship)
        source, target = ends.get(str(line.relationship.source)), ends.get(line.relationship.target)
        if source is None or target is None:
            made.notes.append(f"{name_of(line)}: a relationship whose ends are not drawn here")
            continue
        tip = f"{name_of(line)}\n{source.name} → {target.name}\n{line.relationship.type}"
        found += link(source, target, made.classes.number(line), tip)
    return found


# ------------------------------------------------------------------------------------------------- maps, documents


def _map(made: Card) -> str:
    """Shapes on a plane whose north is up, shifted to its origin: map coordinates are too fine for a browser's floats."""
    lines = [line for line in _objects(made) if line.relationship is UNSET]
    points = [point for line in lines for point in _vertices(line)]
    if not points:
        return ""
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    zoom = PLANE / (max(east - west, north - south) or 1)
    air = PLANE * 0.06
    width, height = (east - west) * zoom + 2 * air, (north - south) * zoom + 2 * air
    made.facts.append(f"x {west:.6g} to {east:.6g}, y {south:.6g} to {north:.6g}")
    shapes = []
    for line in lines:
        try:
            shapes.append(
                drawn(
                    made.classes.number(line),
                    name_of(line),
                    line,
                    said(line.classifications),
                    lambda x, y: ((x - west) * zoom + air, (north - y) * zoom + air),
                )
            )
        except Undrawable as error:
            made.notes.append(f"{name_of(line)}: {error}")
    made.notes.append("drawn on an empty plane, y upwards; map tiles are not fetched")
    return canvas(shapes, width, height)


def _vertices(line: wire.Line) -> list[tuple[float, float]]:
    if isinstance(line.bbox, wire.Bbox):
        box = line.bbox
        return [(box.left, box.top), (box.left + box.width, box.top + box.height)]
    if isinstance(line.point, wire.XY):
        return [(line.point.x, line.point.y)]
    for listed in (line.polygon, line.line):
        if isinstance(listed, list):
            return [(p.x, p.y) for p in listed]
    return []


def _document(made: Card) -> str:
    """Boxes on blank pages; spans of tokens by name, since only the text layer knows where they are."""
    pages: dict[tuple[int, str], list[Drawn]] = {}
    spans: list[str] = []
    ends = {line.uuid: name_of(line) for line in made.row.lines if isinstance(line.uuid, str)}
    for line in _objects(made):
        number, name = made.classes.number(line), name_of(line)
        if isinstance(line.relationship, wire.WireRelationship):
            source = line.relationship.source
            start = ends.get(source, source) if isinstance(source, str) else line.relationship.sourceOntologyName
            end = ends.get(line.relationship.target, line.relationship.target)
            spans.append(item(number, name, f"{start} → {end}"))
            continue
        if isinstance(line.textSelections, list):
            where = ", ".join(f"page {s.page}: {n_of(len(s.tokenIds), 'token')}" for s in line.textSelections)
            spans.append(item(number, name, where, said(line.classifications)))
        elif isinstance(line.bbox, wire.Bbox):
            page, unit = line.page if isinstance(line.page, int) else 1, str(line.unit)
            wide, high = PAGE_SIZES.get(unit, (0.0, 0.0))
            zoom = (612 / wide, PAGE_HEIGHT / high) if wide else (1.0, 1.0)
            told = [*said(line.classifications), f"page {page}, {unit.lower()}"]
            try:
                shape = drawn(number, name, line, told, lambda x, y, z=zoom: (x * z[0], y * z[1]), line.uuid)  # type: ignore[misc]
            except Undrawable as error:
                made.notes.append(f"{name}: {error}")
                continue
            pages.setdefault((page, unit), []).append(shape)
    if pages:
        made.notes.append("drawn on blank pages; documents are not opened")
    body = ""
    for (page, unit), shapes in sorted(pages.items()):
        right, bottom = extent(shapes)
        width, height = (right, bottom) if unit == "PIXELS" else (max(612.0, right), max(float(PAGE_HEIGHT), bottom))
        drawing = canvas(shapes, width, height, display=(420, 544))
        body += f"<figure>{drawing}<figcaption>page {page}</figcaption></figure>"
    return (f'<div class="strip">{body}</div>' if body else "") + listing(spans)


# ------------------------------------------------------------------------------------------------ the other types


def _video(made: Card) -> str:
    made.wide = True
    found = tracks(made.row.lines, made.classes, made.gallery, made.names)
    made.facts += found.facts
    made.notes += found.notes
    return found.html


def _audio(made: Card) -> str:
    made.wide = True
    return lanes(made.row.lines, made.classes)


def _text(made: Card) -> str:
    html, notes = plain_text(made.row, made.classes, made.gallery, made.names)
    made.notes += notes
    return html


def _conversation(made: Card) -> str:
    html, notes = conversation(made.row, made.classes)
    made.notes += notes
    return html


_BODIES: dict[str, Callable[[Card], str]] = {
    "IMAGE": _image,
    "TMS_GEO": _map,
    "TMS_SIMPLE": _map,
    "PDF": _document,
    "VIDEO": _video,
    "DICOM": _video,
    "AUDIO": _audio,
    "TEXT": _text,
    "CONVERSATIONAL": _conversation,
}
