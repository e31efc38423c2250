"""What a set declares beside its annotation files: classes with their colours, and lists of images."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from to_labelbox.model.schema import Input, Label, Option, Question
from to_labelbox.model.text import n_of, pattern
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.files import Source
from to_labelbox_formats.voc.layout.index import BESIDE, ImageList, Layout

VOC_CLASSES = (
    "aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep "
    "sofa train tvmonitor"
).split()
BACKGROUND = frozenset({"background", "__background__", "_background_"})
VOID = frozenset({"ignored", "ignore", "void", "unlabeled", "unlabelled"})
_IGNORED = frozenset({"__ignore__", "_ignore_"})
"""What labelme puts before the background; it has no value."""
VOID_VALUE, _VOID_NAME = 255, "void"
_FIRST_BY_COLOUR = 256
"""Values of classes that only have a colour: above those that a palette can have."""
_MAX_LINE_BYTES = 4096
_MAX_NAMES_BYTES = 4 * 2**20


def voc_colour(index: int) -> int:
    """Colour of a value of the devkit's masks as 0xRRGGBB: its bits are dealt to red, green, blue in turn, high first."""
    red = green = blue = 0
    for bit in range(7, -1, -1):
        red |= (index & 1) << bit
        green |= (index >> 1 & 1) << bit
        blue |= (index >> 2 & 1) << bit
        index >>= 3
    return red << 16 | green << 8 | blue


_NUMBERED = pattern(r"([0-9]{1,5})[\s,:]+(\S.*)")
_ITEM = pattern(r"item\s*\{([^{}]*)\}")
_FIELD = pattern(r"""\b(id|name)\s*:\s*(?:["']([^"'\n]*)["']|([0-9]+))""")


class Classes(Struct):
    """Declared classes. ``values`` and ``colours`` name mask values and mask colours, background and void included.

    ``file`` is where they were found in the source. ``order`` is that of a list which may hold more classes than the set, ``labels`` are the set's own.
    """

    origin: str = ""
    file: str = ""
    labels: tuple[Label, ...] = ()
    order: tuple[str, ...] = ()
    values: Mapping[int, str] = field(default_factory=dict)
    colours: Mapping[int, str] = field(default_factory=dict)


def devkit_classes() -> Classes:
    """The 20 classes of the challenge as mask values 1..20; 0 is background, 255 the void border."""
    values = {0: "background", **dict(enumerate(VOC_CLASSES, 1)), VOID_VALUE: _VOID_NAME}
    return Classes(values=values, colours={voc_colour(value): name for value, name in values.items()})


def read_classes(source: Source, layout: Layout, log: Log) -> Classes:
    """The set's own: labelmap.txt, dataset_meta.json, colors.txt, then lists."""
    for n, name in enumerate(layout.class_files):
        try:
            found = parse_classes(name, source.read(name, _MAX_NAMES_BYTES))
        except FileError as error:
            log.file_unreadable(name, f"{error}; its classes are not known")
            continue
        for other in layout.class_files[n + 1 :]:
            log.note(Code.FILE_IGNORED, f"the classes of {name} are used", file=other)
        return replace(found, file=name)
    return Classes()


def parse_classes(name: str, data: bytes) -> Classes:
    """Raises :class:`FileError`."""
    base = name.replace("\\", "/").rpartition("/")[2]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"is {in_words(error)}") from None
    if base.endswith(".json"):
        return _class_json(base, text)
    if base.endswith(".pbtxt"):
        values = {int(number): name for number, name in sorted(_items(text))}
        return Classes(base, order=tuple(dict.fromkeys(values.values())), values=values)
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if base == "labelmap.txt" or (lines and all(line.count(":") == 3 for line in lines)):
        return _labelmap(base, lines)
    coloured = [row for line in lines if (row := _coloured(line)) is not None]
    if lines and len(coloured) == len(lines):
        return _colour_list(base, coloured)
    return _plain_list(base, lines)


def _labelmap(base: str, lines: Sequence[str]) -> Classes:
    """``label:r,g,b:part,part:action,action``; the colour may be missing. A map without background begins with value 1."""
    rows = []
    for line in lines:
        fields = line.split(":")
        if len(fields) != 4:
            raise FileError(f"line {line!r} has {n_of(len(fields), 'field')}, not label:colour:parts:actions")
        label, colour_text, parts, actions = (f.strip() for f in fields)
        rows.append((label, _colour(colour_text.split(",")) if colour_text else None, parts, actions))
    labels, values, colours = [], {}, {}
    has_background = any(label.lower() in BACKGROUND or colour == 0 for label, colour, *_ in rows)
    for value, (label, colour, parts, actions) in enumerate(rows, 0 if has_background else 1):
        values[value] = label
        if colour is not None:
            colours[colour] = label
        if label.lower() not in BACKGROUND | VOID:
            labels.append(_label(label, colour, [a.strip() for a in actions.split(",") if a.strip()]))
            labels += [Label(part.strip()) for part in parts.split(",") if part.strip()]
    return Classes(base, labels=_unique(labels), values=values, colours=colours)


def _coloured(line: str) -> tuple[str, int] | None:
    """``label r g b``."""
    words = line.rsplit(None, 3)
    colour = _colour(words[1:]) if len(words) == 4 else None
    return None if colour is None else (words[0], colour)


def _colour_list(base: str, rows: Sequence[tuple[str, int]]) -> Classes:
    """Supervisely's classes; ``neutral`` is the border around objects, as the void of the challenge."""
    labels, values, colours = [], {}, {}
    for value, (label, colour) in enumerate(rows, _FIRST_BY_COLOUR):
        if label.lower() == "neutral":
            colours[colour] = values[VOID_VALUE] = _VOID_NAME
        else:
            colours[colour] = values[value] = label
            labels.append(_label(label, colour, ()))
    return Classes(base, labels=_unique(labels), values=values, colours=colours)


def _plain_list(base: str, lines: Sequence[str]) -> Classes:
    """One class a line, or a number and a class. A list that begins with the background is the set's own, from 0 on."""
    if lines and lines[0].lower() in _IGNORED:
        lines = lines[1:]
    values = {int(match.group(1)): match.group(2) for line in lines if (match := _NUMBERED.fullmatch(line))}
    numbered = len(values) == len(lines)
    if not numbered:
        values = dict(enumerate(lines))
    names = tuple(dict.fromkeys(values.values()))
    if not names or names[0].lower() not in BACKGROUND:
        return Classes(base, order=names, values=values if numbered else {})
    labels = tuple(Label(name) for name in names if name.lower() not in BACKGROUND | VOID)
    return Classes(base, labels=labels, values=values)


def declared(classes: Classes) -> Classes:
    """A list, taken as the classes of the set; where it does not number them, the first is the mask value 1."""
    return replace(
        classes,
        labels=classes.labels or tuple(map(Label, classes.order)),
        values=classes.values or {0: "background", **dict(enumerate(classes.order, 1))},
    )


def _items(text: str) -> Iterator[tuple[int, str]]:
    """(id, name) of the items of a label map of TensorFlow, as VoTT writes one too."""
    for item in _ITEM.findall(text):
        fields = {key: bare or quoted for key, quoted, bare in _FIELD.findall(item)}
        if fields.get("name") and fields.get("id", "").isdecimal() and len(fields["id"]) < 6:
            yield int(fields["id"]), fields["name"]


def _colour(parts: Sequence[object]) -> int | None:
    try:
        red, green, blue = (int(str(p)) for p in parts)
    except ValueError:
        return None
    return red << 16 | green << 8 | blue if all(0 <= c <= 255 for c in (red, green, blue)) else None


def _label(name: str, colour: int | None, actions: Sequence[str]) -> Label:
    questions = (Question("actions", Input.CHECKLIST, tuple(map(Option, actions))),) if actions else ()
    return Label(name, color="" if colour is None else f"#{colour:06x}", attributes=questions)


def _unique(labels: Sequence[Label]) -> tuple[Label, ...]:
    return tuple(
        {label.name: label for label in reversed(labels)}[name] for name in dict.fromkeys(n.name for n in labels)
    )


def _class_json(base: str, text: str) -> Classes:
    """Datumaro's dataset_meta.json, or a plain map of ids to names, names to ids, or list of names."""
    try:
        meta = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileError(f"not valid JSON: {in_words(error)}") from None
    colours: dict[int, str] = {}
    if isinstance(meta, dict) and ("label_map" in meta or "labels" in meta):
        values = _numbered(meta.get("label_map")) or _numbered(meta.get("labels"))
        listed = meta.get("segmentation_colors")
        for name, entry in zip(values.values(), listed if isinstance(listed, list) else ()):
            colour = _colour(entry) if isinstance(entry, list) else None
            if colour is not None:
                colours[colour] = name
    else:
        values = _numbered(meta)
    if not values:
        raise FileError("holds no map of numbers to class names")
    shown = {name: colour for colour, name in colours.items()}
    labels = [_label(n, shown.get(n), ()) for n in values.values() if n.lower() not in BACKGROUND | VOID]
    return Classes(base, labels=_unique(labels), values=values, colours=colours)


def _numbered(table: object) -> dict[int, str]:
    if isinstance(table, list):
        return {i: name for i, name in enumerate(table) if isinstance(name, str)}
    found: dict[int, str] = {}
    if isinstance(table, dict):
        for key, value in table.items():
            number, name = (value, key) if isinstance(value, int) else (key, value)
            if isinstance(name, str) and str(number).isdecimal() and len(str(number)) < 6:
                found[int(number)] = name
    return dict(sorted(found.items()))


# ---------------------------------------------------------------------------------------------------------- lists


class Lists(Struct):
    """What ImageSets says: the split of each unit, as a position in ``splits``; classes of images by unit.

    ``beside`` are splits that no more than the name of a list tells, with that list: it lies outside of ImageSets.
    """

    splits: list[str] = field(default_factory=lambda: [""])
    split_of: array[int] = field(default_factory=lambda: array("H"))
    classes: tuple[str, ...] = ()
    present: dict[int, list[str]] = field(default_factory=dict)
    beside: dict[int, str] = field(default_factory=dict)


def read_lists(source: Source, layout: Layout, log: Log) -> Lists:
    """``Main/<split>.txt`` names images; ``Main/<class>_<split>.txt`` says 1, 0 or -1 of each: present, difficult, absent.

    The latter are only read where nothing else speaks of an image: no plain list, or no annotation file.
    """
    lists = Lists()
    lists.split_of = array("H", bytes(2 * layout.units))
    plain, of_classes = [], []
    for entry in layout.lists:
        if entry.kind == "main" and "_" in entry.stem and _is_flagged(layout, entry, _first_line(source, entry.name)):
            of_classes.append(entry)
        else:
            plain.append(entry)
    lists.classes = tuple(
        name
        for name in dict.fromkeys(entry.stem.rpartition("_")[0] for entry in of_classes)
        if name.lower() not in BACKGROUND | VOID
    )
    for entry in plain:
        _read_split(source, layout, lists, entry, log)
    for entry in () if layout.lists else layout.side_lists:
        _read_split(source, layout, lists, entry, log)
    unlabelled = layout.units > len(layout.xmls)
    if of_classes and (unlabelled or not any(entry.kind == "main" for entry in plain)):
        for entry in of_classes:
            label, _, split = entry.stem.rpartition("_")
            number = _number(lists.splits, split)
            for unit, _, columns in _lines(source, layout, log, entry, True):
                if unit < 0:
                    continue
                if not lists.split_of[unit]:
                    lists.split_of[unit] = number
                if unit >= len(layout.xmls) and columns[-1:] == ["1"]:
                    present = lists.present.setdefault(unit, [])
                    if label not in present:
                        present.append(label)
    return lists


def _read_split(source: Source, layout: Layout, lists: Lists, entry: ImageList, log: Log) -> None:
    """A list that names images. One outside of ImageSets of which nothing is there belongs to something else."""
    number = _number(lists.splits, entry.stem)
    found, missing, example, again = False, 0, "", 0
    for unit, id, _ in _lines(source, layout, log, entry, False):
        if unit < 0:
            missing, example = missing + 1, example or id
            continue
        found = True
        if not lists.split_of[unit]:
            lists.split_of[unit] = number
            if entry.kind == BESIDE:
                lists.beside.setdefault(number, entry.name)
        elif entry.kind in ("main", BESIDE) and entry.stem != "trainval" and lists.split_of[unit] != number:
            again += 1
    if again:
        log.decide(
            f"{n_of(again, 'picture stands', 'pictures stand')} in {entry.name} and in a list before it, whose split counts"
        )
    if missing and (found or entry.kind != BESIDE):
        log.note(
            Code.FILE_MISSING,
            f"{example!r} is listed, but there is neither an annotation file nor an image of that name",
            file=entry.name,
            count=missing,
        )


def _is_flagged(layout: Layout, entry: ImageList, line: str) -> bool:
    """Whether a line has an id and flags, and is not an id that ends in a number."""
    return bool(_columns(line)[1]) and layout.unit_of(entry.root, line) < 0


def _number(splits: list[str], name: str) -> int:
    if name not in splits and len(splits) < 1 << 16:
        splits.append(name)
    return splits.index(name) if name in splits else 0


def _first_line(source: Source, name: str) -> str:
    head = source.head(name, 4096).decode("utf-8", "replace")
    return next((line.strip() for line in head.splitlines() if line.strip()), "")


def _lines(
    source: Source, layout: Layout, log: Log, entry: ImageList, flagged: bool
) -> Iterator[tuple[int, str, list[str]]]:
    """(unit or -1, id, further columns). An id may hold spaces, bare or quoted; ``flagged``: columns are sure to follow.

    Other tools than the devkit's list names with extensions, or paths of images and of annotation files.
    """
    root, split = entry.root, entry.stem.rpartition("_")[2]
    for line in _texts(source, log, entry.name):
        if line.startswith('"') and '"' in line[1:]:
            id, _, rest = line[1:].partition('"')
            yield layout.unit_of(root, id), id, rest.split()
            continue
        if not flagged and (unit := layout.unit_of(root, line)) >= 0:
            yield unit, line, []
            continue
        id, columns = _columns(line)
        unit = layout.unit_of(root, id)
        if unit < 0:
            words = [id] if flagged else [line, id, *line.split(None, 1), *line.rsplit(None, 1)]
            found = (layout.unit_like(root, split, word) for word in dict.fromkeys(map(str.strip, words)))
            unit = next((u for u in found if u >= 0), -1)
        if unit < 0 and (inside := layout.units_in(root, id)):
            yield from ((unit, id, columns) for unit in inside)
        else:
            yield unit, line if unit < 0 else id, columns


def _columns(line: str) -> tuple[str, list[str]]:
    """(id, up to two whole numbers at the end of a line)."""
    words = line.rsplit(None, 2)
    numbers = [w.removeprefix("-").isdecimal() for w in words[1:]]
    if not numbers or not numbers[-1]:
        return line, []
    return (words[0], words[1:]) if all(numbers) else (line.rsplit(None, 1)[0], words[-1:])


def _texts(source: Source, log: Log, name: str) -> Iterator[str]:
    """The lines of a list but blank ones and comments, one at a time: a list can name a million images."""
    number = 0
    try:
        with source.open(name) as stream:
            while raw := stream.readline(_MAX_LINE_BYTES):
                number += 1
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                if line and not line.startswith("#"):
                    yield line
    except FileError as error:
        log.file_unreadable(name, str(error))
    except UnicodeDecodeError as error:
        log.file_unreadable(name, f"line {number} is {in_words(error)}: not read from there on")
