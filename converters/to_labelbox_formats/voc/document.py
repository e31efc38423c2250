"""One annotation file as texts: which fields are there, before anything is made of them.

Nearly all files of a large set have the same few plain elements. :func:`plain` reads those with a grammar that covers
the whole file from the first to the last character, so that what it accepts is well-formed by construction: known
elements only, no entities, comments, sections or odd attributes. Everything else goes through the XML parser, and both
give the same texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from to_labelbox.report.errors import FileError, ToLabelboxError
from to_labelbox.source.xml import Element, local_name, parse_text, xml_text
from to_labelbox_formats.voc.alike import Alike
from to_labelbox_formats.voc.detect import ONE_AN_IMAGE

MAX_BYTES = 32 * 2**20
"""No annotation file of one image is larger."""

Row: TypeAlias = tuple[str | None, ...]
"""name, pose, truncated, difficult, occluded, xmin, ymin, xmax, ymax of an object; a corner is None where its element is missing."""

ROW_FIELDS = ("name", "pose", "truncated", "difficult", "occluded")
NAMES = ("label", "class", "category", "classname")
"""What is read for a name that is not there."""
CORNERS = ("xmin", "ymin", "xmax", "ymax")
CORNERS_CALLED_OTHERWISE = (
    (("left", "top", "right", "bottom"), ""),
    (("x1", "y1", "x2", "y2"), ""),
    (("x_min", "y_min", "x_max", "y_max"), ""),
    (("x", "y", "w", "h"), "corner"),
    (("x", "y", "width", "height"), "corner"),
    (("xmin", "ymin", "width", "height"), "corner"),
    (("left", "top", "width", "height"), "corner"),
    (("cx", "cy", "w", "h"), "centre"),
    (("x_center", "y_center", "width", "height"), "centre"),
)
"""How else a ``bndbox`` is written (KAIST: ``x y w h``), and what stands before a width and a height."""
OTHER_CORNERS = frozenset(name for names, _ in CORNERS_CALLED_OTHERWISE for name in names)
_CALLED = (CORNERS, *(names for names, _ in CORNERS_CALLED_OTHERWISE))
_NO_CORNERS = (None,) * len(CORNERS)


class Document(NamedTuple):
    """The fields of a file. ``elements`` are the objects, parallel to ``rows``; none when the file is plain.

    ``unknown`` are elements outside of objects that no rule reads, each with its parent. ``renamed`` says of an element that is read as
    one of another name: one in capitals, or a box that is no ``bndbox``.
    """

    filename: str
    width: str
    height: str
    database: str
    credit: str
    rows: Sequence[Row]
    elements: Sequence[Element] = ()
    unknown: Sequence[tuple[str, str]] = ()
    renamed: tuple[str, ...] = ()


class NotAnnotation(ToLabelboxError):
    """A well-formed XML file of another kind."""


def read_document(data: bytes, fallback: str = "") -> Document:
    """Raises :class:`FileError` for broken files, :class:`NotAnnotation` for another root element."""
    text = xml_text(data, fallback, " (-O encoding=latin-1 or the like reads it as that)")
    return plain(text) or tree(text)


# ------------------------------------------------------------------------------------------------ the plain file

_TEXT = r"([^<>&\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*+)"
_OTHER = _TEXT.replace("(", "(?:")
_NUMBER = r"\s*(-?[0-9]{1,9}(?:\.[0-9]{1,17})?)\s*"


def _any_of(fields: dict[str, str]) -> str:
    """Elements with such content, in any order."""
    return r"(?:\s*<(?:" + "|".join(f"{name}>{content}</{name}" for name, content in fields.items()) + ")>)*+"


_SOURCE = _any_of({"database": _TEXT, "annotation": _TEXT, "image": _OTHER, "flickrid": _OTHER})
_SIZE = _any_of({"width": _TEXT, "height": _TEXT, "depth": _OTHER})
_HEAD = re.compile(
    r'\s*<annotation(?:\s+verified="[a-z]*")?>'
    + _any_of(
        {
            "filename": _TEXT,
            "folder": _OTHER,
            "path": _OTHER,
            "segmented": _OTHER,
            "source": rf"{_SOURCE}\s*",
            "owner": _any_of({"flickrid": _OTHER, "name": _OTHER}) + r"\s*",
            "size": rf"{_SIZE}\s*",
        }
    )
    + r"\s*"
)
# (?(6)(?!)) fails when group 6, the first corner, is already filled: a second bndbox is not plain.
_CORNERS = r"(?(6)(?!))" + _any_of(dict.fromkeys(CORNERS, _NUMBER)) + r"\s*"
_OBJECT = re.compile(
    r"<object>"
    + _any_of({**dict.fromkeys(ROW_FIELDS, _TEXT), "name": f"(?(1)(?!)){_TEXT}", "bndbox": _CORNERS})
    + r"\s*</object>\s*"
    # a name and all four corners, or no match
    + "".join(f"(?({group})|(?!))" for group in (1, 6, 7, 8, 9))
)
_TAIL = re.compile(r"\s*</annotation>\s*\Z")
_alike = Alike(dict.fromkeys(ROW_FIELDS, _TEXT), dict.fromkeys(CORNERS, _NUMBER), _TAIL)


def plain(text: str) -> Document | None:
    """The fields of a plain file in which every object has a name and four numbers; None for any other file."""
    head = _HEAD.match(text)
    if head is None:
        return None
    start = head.end()
    rows: list[Row] | None = _alike.rows(text, start)
    if rows is None:
        rows, end, last = [], start, start
        next_object = _OBJECT.match
        while found := next_object(text, end):
            rows.append(found.groups(""))
            last, end = end, found.end()
        if _TAIL.match(text, end) is None:
            return None
        if rows:
            _alike.learn(text[last:end])
    filename, database, credit, width, height = head.groups("")
    return Document(filename, width, height, database, credit, rows)


# -------------------------------------------------------------------------------------------------- any other file

KNOWN = {
    "annotation": frozenset("filename folder path segmented source owner size object objects @verified".split()),
    "source": frozenset("database annotation image flickrid filename".split()),
    "owner": frozenset("flickrid name".split()),
    "size": frozenset("width height depth".split()),
    "part": frozenset("name bndbox".split()),
    "attribute": frozenset("name value".split()),
}
"""What is read of an element, or says nothing about a label."""


_PYTHON_TYPES = frozenset("str int float bool dict list null number".split())
_CAPITALS = re.compile(r"<[\w.:-]*?[A-Z]")
_VOCABULARY = frozenset(
    "annotation filename folder path segmented source owner size object objects database image flickrid width height depth name pose "
    "truncated difficult occluded bndbox xmin ymin xmax ymax part attributes attribute value polygon point pt points x y robndbox cx "
    "cy w h angle actions deleted possibleresult".split()
)
"""Elements that are read under any spelling: ``ANNOTATION``, ``Object``, ``bndBox``."""


def _without_capitals(root: Element) -> str:
    """Rename elements that are known in lower case; one of them as it was. An element beside one of the right name stays."""
    found = ""
    for parent in [None, *root.iter()]:
        children = [root] if parent is None else list(parent)
        names = [local_name(child) for child in children]
        for child, name in zip(children, names):
            lower = name.lower()
            if lower != name and lower in _VOCABULARY and lower not in names:
                found = found or name
                child.tag = child.tag[: len(child.tag) - len(name)] + lower
    return found


def tree(text: str) -> Document:
    """The fields by way of the XML parser; namespaces are ignored."""
    root = parse_text(text)
    capitals = _without_capitals(root) if _CAPITALS.search(text) else ""
    renamed = [f"<{capitals}> is read as <{capitals.lower()}>"] if capitals else []
    if local_name(root) != "annotation":
        if inside := len(children_of(root, "annotation")):
            raise FileError(f"holds {inside} <annotation> in one <{local_name(root)}>: {ONE_AN_IMAGE}")
        raise NotAnnotation(f"the root element is <{local_name(root)}>, not <annotation>: no Pascal VOC file")
    children = {local_name(child): child for child in root}
    size, source = children.get("size"), children.get("source")
    unread: list[tuple[str, str]] = []
    elements = [*_objects_in(root, renamed, unread)]
    boxes = dict.fromkeys(said for element in elements if (said := _name_box(element)))
    return Document(
        text_of(children.get("filename")) or text_of(child_of(source, "filename")),  # FAIR1M
        text_of(child_of(size, "width")),
        text_of(child_of(size, "height")),
        text_of(child_of(source, "database")),
        text_of(child_of(source, "annotation")),
        [_row(element) for element in elements],
        elements,
        [*unread_in(root), *unread, *unread_in(size), *unread_in(source), *unread_in(children.get("owner"))],
        (*dict.fromkeys(renamed), *boxes),
    )


def _objects_in(
    parent: Element, said: list[str], unread: list[tuple[str, str]], listed: Sequence[str] = ()
) -> Iterator[Element]:
    """The objects of a file: each ``object``, in whatever list they are, such as ``objects`` or the ``item`` of dicttoxml.

    One that stands in another, as the wheel of a car, is taken out and comes after it. ``said`` takes what was done, ``unread`` what else a list has.
    """
    for child in list(parent):
        name = local_name(child)
        is_object = name in ("object", "objects", *listed)
        below = [one for one in child if _is_listed(one)]
        if is_object and (not below or child_of(child, "name") is not None):
            if name == "object" or len(child):
                yield child
            if below:
                said.append(_WITHIN)
        elif below and name not in KNOWN["annotation"] - {"object", "objects"}:
            unread += [(name, local_name(one)) for one in child if one not in below and _says(one)]
        if not below:
            continue
        yield from _objects_in(child, said, unread, ("item",))
        for one in below:
            child.remove(one)


def _is_listed(element: Element) -> bool:
    """Whether an element is an object of a list. An ``item`` may be anything that has a name: it states a place, too."""
    name = local_name(element)
    if name == "item" and child_of(element, "name") is not None:
        return any(map(len, element)) or bool(_corner_names(element))
    return name == "object" and len(element) > 0


_WITHIN = "an <object> within another is read as one of its own; that it belongs to that has no place in a label"
_NO_BOX = frozenset("robndbox polygon points point part actions attributes possibleresult".split())


def _name_box(element: Element) -> str:
    """Make a ``bndbox`` of what holds the corners of an object without one; what was done, nothing where two elements could be it.

    An element of another name (``bbox``, ``box``) holds them, the object itself, or XML attributes of either.
    """
    boxes = children_of(element, "bndbox")
    if any(len(box) or text_of(box).strip() for box in boxes):
        return ""
    holders = [element, *(child for child in element if local_name(child) not in _NO_BOX)]
    found = [(holder, names) for holder in holders if (names := _corner_names(holder))]
    if len(found) != 1:
        return ""
    ((box, names),) = found
    said = "the object itself" if box is element else f"<{local_name(box)}>"
    for empty in boxes:
        if empty is not box:
            element.remove(empty)
    stated = {name: str(box.attrib.pop(name)) for name in names if name in box.attrib}
    if stated:
        said = f"XML attributes of {said}"
    if box is element:
        box = element.makeelement("bndbox")
        for child in [child for child in element if local_name(child) in names]:
            box.append(child)
        element.append(box)
    box.tag = "bndbox"
    for name, text in stated.items():
        corner = box.makeelement(name)
        corner.text = text
        box.append(corner)
    return f"there is no <bndbox> with corners: those of {said} are read"


def _corner_names(holder: Element) -> tuple[str, ...]:
    """What the four corners of a box are called that an element holds; nothing where it holds none, or a vertex more."""
    texts = _texts(holder)
    if "x3" in texts or "x_left_top" in texts:
        return ()
    return next((names for names in _CALLED if all(name in texts for name in names)), ())


def _texts(holder: Element) -> dict[str, str]:
    """What an element says in elements without any below, and in XML attributes."""
    return {
        **{str(k): str(v) for k, v in holder.attrib.items()},
        **{local_name(c): text_of(c) for c in holder if not len(c)},
    }


def unread_in(element: Element | None) -> list[tuple[str, str]]:
    """(parent, name) of the children and XML attributes that say something which no rule reads."""
    if element is None:
        return []
    parent = local_name(element)
    known = KNOWN.get(parent, ())
    found = [(parent, name) for child in element if (name := local_name(child)) not in known and _says(child)]
    attributes = (f"@{name}" for name in saying_attributes(element) if "}" not in name)
    return [*found, *((parent, name) for name in attributes if name not in known)]


def saying_attributes(element: Element) -> list[str]:
    """The XML attributes of an element without ``type="str"``, by which dicttoxml says what its text was in Python."""
    return [str(name) for name, text in element.attrib.items() if name != "type" or text not in _PYTHON_TYPES]


def _says(element: Element) -> bool:
    return bool(len(element) or saying_attributes(element) or text_of(element).strip())


def _row(element: Element) -> Row:
    children = {local_name(child): child for child in element}
    if "name" not in children:
        other = child_of(children.get("possibleresult"), "name")  # FAIR1M
        if (other := next((children[n] for n in NAMES if n in children), None) if other is None else other) is not None:
            children["name"] = other
    boxes = children_of(element, "bndbox")
    return (
        *(children[name].text or "" if name in children else "" for name in ROW_FIELDS),
        *corners_of(boxes[0] if boxes else None),
    )


def corners_of(box: Element | None) -> tuple[str | None, ...]:
    """The texts of a ``bndbox``, None where an element is missing."""
    if box is None:
        return _NO_CORNERS
    corners = {local_name(child): child for child in box}
    if "xmax" not in corners:
        for names, before_size in CORNERS_CALLED_OTHERWISE:
            if all(name in corners for name in names) and not ("x3" in corners or "x_left_top" in corners):
                return _renamed([text_of(corners[name]).strip() for name in names], before_size)
    return tuple((corners[name].text or "").strip() if name in corners else None for name in CORNERS)


def _renamed(texts: list[str], before_size: str) -> tuple[str, ...]:
    """Corners from texts that name them otherwise, or a corner or the centre with width and height."""
    if before_size:
        try:
            x, y, width, height = map(float, texts)
        except ValueError:
            return tuple(texts)  # told where the corners are read
        if before_size == "corner":
            return (*texts[:2], repr(x + width), repr(y + height))
        return tuple(map(repr, (x - width / 2, y - height / 2, x + width / 2, y + height / 2)))
    return tuple(texts)


def child_of(element: Element | None, name: str) -> Element | None:
    """The last child of that local name; an element without children is falsy, hence None is tested."""
    found = None
    if element is not None:
        for child in element:
            if local_name(child) == name:
                found = child
    return found


def text_of(element: Element | None) -> str:
    return "" if element is None else element.text or ""


def children_of(element: Element | None, name: str) -> list[Element]:
    return [] if element is None else [child for child in element if local_name(child) == name]


def inside(element: Element, name: str) -> list[Element]:
    """The children of the last child of that name."""
    found = child_of(element, name)
    return [] if found is None else list(found)
