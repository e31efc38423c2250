"""Keras YOLOv3's one line a picture: ``path x_min,y_min,x_max,y_max,class x_min,…`` in pixels.

Written by Roboflow as ``_annotations.txt`` beside ``_classes.txt`` and by others as ``2007_train.txt``. The path may
hold blanks and a drive, so boxes are split off from the right. Corners are taken as they are: continuous, from 0.
"""

from __future__ import annotations

import posixpath
import re
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

from to_labelbox.geometry.corner_order import CornerOrder
from to_labelbox.geometry.overshoot import goes_beyond, is_telling
from to_labelbox.model.items import Box, Object
from to_labelbox.model.text import n_of, pattern
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import UNREADABLE, Log
from to_labelbox.report.observations import ask
from to_labelbox.source.image_headers import is_image
from to_labelbox_formats.yolo.assets import FoundIn, Pictures
from to_labelbox_formats.yolo.folders.listing import SPLITS, Tree, joined, split_of
from to_labelbox_formats.yolo.rows import SIZE_REMEDY, BoxForm, Frame, Rows
from to_labelbox_formats.yolo.task import Evidence, counts_from_one

_SAMPLE, _BOXES = 500, 200
"""Lines, spread over the set, and first boxes of a line by which the order of corners is judged."""
_JUDGED = 64
"""Lines by which the order of the values of a box is judged."""
_NUMBER = r"[-+]?[0-9]+(?:\.[0-9]+)?"
_WORD = pattern(rb"\S+")
_BOX = pattern(rf"{_NUMBER}(?:,{_NUMBER}){{4}}".encode())
_BOX_LIKE = pattern(rb"[^\s,/\\]*(?:,[^\s,/\\]*){3,}")


ORDERS = {
    "x1,y1,x2,y2,class": (0, 1, 2, 3, 4),
    "class,x1,y1,x2,y2": (1, 2, 3, 4, 0),
    "y1,x1,y2,x2,class": (1, 0, 3, 2, 4),
    "class,y1,x1,y2,x2": (2, 1, 4, 3, 0),
}
"""What the five values of a box may be, and where the usual ones are then."""
_USUAL, *_OTHERS = ORDERS


def parse_line(line: bytes) -> tuple[str, list[bytes]]:
    """(path, texts of boxes, sound or not) of a line."""
    words = list(_WORD.finditer(line))
    first = len(words)
    while first:
        word = words[first - 1].group()
        before = words[first - 2].group() if first > 1 else b""
        if not (_BOX.fullmatch(word) or (boxes_begin(before) and _BOX_LIKE.fullmatch(word))):
            break
        first -= 1
    path = line[: words[first].start()] if first < len(words) else line
    return path.strip().decode("utf-8", "replace"), [word.group() for word in words[first:]]


def boxes_begin(last: bytes) -> bool:
    """Whether the token before another one is a box or ends the name of a picture."""
    return _BOX_LIKE.fullmatch(last) is not None or is_image(last.decode("utf-8", "replace"))


def looks_like_lines(head: bytes) -> bool:
    """Whether a text file begins with lines of this kind, one with boxes at least."""
    lines = head.removeprefix(b"\xef\xbb\xbf").splitlines()
    if len(head) >= 4096:
        last = lines.pop()
        if not lines:  # a line of many boxes, cut at a blank
            lines = [last[: max(last.rfind(b" "), 0)]]
    parsed = [parse_line(line) for line in lines if line.strip()]
    return bool(parsed) and all(is_image(path) for path, _ in parsed) and any(boxes for _, boxes in parsed)


class Lines:
    """The pictures of all files of this kind, each once, with the offsets of their lines."""

    def __init__(self, tree: Tree, files: list[str], pictures: Pictures) -> None:
        self.tree = tree
        self.assets: list[str] = []
        self.places = bytearray()
        self.origins: list[int] = []
        self.files = files
        self.columns = _USUAL
        self._splits = list(map(_split_of_list, files))
        self.starts = array("Q")
        self.numbers = array("L")
        self.more: dict[int, list[tuple[int, int]]] = {}
        units: dict[tuple[str, int], int] = {}
        for which, file in enumerate(files):
            at = 0
            with tree.source.open(file) as stream:
                for number, line in enumerate(stream, 1):
                    path, _ = parse_line(line.removeprefix(b"\xef\xbb\xbf") if not at else line)
                    if path:
                        name, place = self._locate(file, path, pictures)
                        unit = units.setdefault((name, which), len(self.assets))
                        if unit < len(self.assets):
                            self.more.setdefault(unit, []).append((at, number))
                        else:
                            self.assets.append(name)
                            self.places.append(place)
                            self.origins.append(which)
                            self.starts.append(at)
                            self.numbers.append(number)
                    at += len(line)

    def __len__(self) -> int:
        return len(self.assets)

    def _locate(self, file: str, path: str, pictures: Pictures) -> tuple[str, FoundIn]:
        """A picture by its path from the file's folder; of a path from another computer, the longest end that is here."""
        folder = file[: file.rfind("/") + 1]
        plain = re.sub(r"^[A-Za-z]:", "", path.replace("\\", "/"))
        parts = [part for part in plain.split("/") if part not in ("", ".", "..")]
        if not parts:
            return posixpath.basename(plain) or "unnamed", FoundIn.NOWHERE
        for n in range(len(parts)):
            for base in dict.fromkeys((folder, "")):
                name = joined(base, "/".join(parts[n:]))
                if name and (self.tree.has(name) or (self.tree.source.is_file and self.tree.source.exists(name))):
                    return name, FoundIn.SOURCE
        absolute = plain.startswith("/")
        name = joined("" if absolute else folder, "/".join(parts[-2:] if absolute else parts)) or parts[-1]
        return pictures.find(name)

    def read(self, start: int, stop: int) -> Iterator[tuple[int, list[tuple[int, list[bytes]]]]]:
        """(unit, its lines as number and boxes) of a range; a picture may have several lines."""
        with ExitStack() as opened:
            streams: dict[int, BinaryIO] = {}
            for unit in range(start, stop):
                which = self.origins[unit]
                if which not in streams:
                    opened.close()
                    streams = {which: opened.enter_context(self.tree.source.open(self.files[which]))}
                lines = []
                for at, number in [(self.starts[unit], self.numbers[unit]), *self.more.get(unit, ())]:
                    streams[which].seek(at)
                    lines.append((number, self._arranged(parse_line(streams[which].readline())[1])))
                yield unit, lines

    def _arranged(self, boxes: list[bytes]) -> list[bytes]:
        """Boxes with their values in the usual order."""
        if self.columns == _USUAL:
            return boxes
        order = ORDERS[self.columns]
        split = [text.split(b",") if _BOX.fullmatch(text) else None for text in boxes]
        return [text if values is None else b",".join(values[at] for at in order) for text, values in zip(boxes, split)]

    def split(self, unit: int) -> str:
        """The split of a picture, which is that of its list."""
        return self._splits[self.origins[unit]]


def _split_of_list(file: str) -> str:
    """The split that the folder of a list names, or a word of its own name."""
    words = re.split(r"[^A-Za-z]+", posixpath.basename(file)[:-4])
    return split_of(file) or next((word for word in words if word.lower() in SPLITS), "")


def set_columns(wanted: str | None, lines: Lines, pictures: Pictures, names: int, path: str) -> None:
    """The order of values that was asked for. Without one, asks where many boxes are none in the usual order, and all are in another.

    Raises :class:`UsageError`.
    """
    if wanted is not None:
        lines.columns = ",".join(word.strip() for word in wanted.lower().split(","))
        if lines.columns not in ORDERS:
            raise UsageError(f"-O columns={wanted}: boxes of lines hold {', '.join(_OTHERS)} or {_USUAL}")
        return
    boxes: list[tuple[list[bytes], Frame]] = []
    for unit in range(0, len(lines), -(-len(lines) // _JUDGED) or 1):
        name, place = lines.assets[unit], FoundIn(lines.places[unit])
        frame, header = pictures.frame(name, place, Log(), rows=False), pictures.header(name, place)
        if header is not None and header.upright == (frame.height, frame.width):
            frame = Frame(*header.upright, header.orientation)
        texts = (text for _, found in lines.read(unit, unit + 1) for _, line in found for text in line[:_BOXES])
        boxes += ((text.split(b","), frame) for text in filter(_BOX.fullmatch, texts))
    wrong = {columns: sum(not _is_box(columns, *box, names) for box in boxes) for columns in ORDERS}
    fitting = [columns for columns in _OTHERS if not wrong[columns]]
    if fitting and is_telling(wrong[_USUAL], len(boxes)):
        ask(
            f"{path}: {wrong[_USUAL]} of {n_of(len(boxes), 'box', 'boxes')} looked at end before they begin, leave their picture or have no class as "
            f"{_USUAL}, none in another order of their values.",
            [(f"-O columns={columns}", _in_words(columns)) for columns in (*fitting, _USUAL)],
        )


def _in_words(columns: str) -> str:
    words = {"x1": "left", "y1": "top", "x2": "right", "y2": "bottom"}
    return ", ".join(words.get(column, column) for column in columns.split(","))


def _is_box(columns: str, values: list[bytes], frame: Frame, names: int) -> bool:
    """Whether values are a box on its picture, as stored or as displayed, with a class, which may count from 1."""
    *corners, id = (values[at] for at in ORDERS[columns])
    left, top, right, bottom = map(float, corners)
    frames = {(frame.width, frame.height), frame.stored}
    inside = not frame.width or not frame.height or not all(goes_beyond(right, bottom, *sides) for sides in frames)
    return id.isdigit() and (not names or int(id) <= names) and left < right and top < bottom and inside


def look(lines: Lines, pictures: Pictures, names: int) -> tuple[CornerOrder, Evidence]:
    """What the boxes of lines spread over the set say of the order of their corners, of their unit and of their classes.

    Of all lines, where the sample says that ids count from 1.
    """
    order, evidence = CornerOrder(), Evidence()
    for step in dict.fromkeys((-(-len(lines) // _SAMPLE) or 1, 1)):
        for unit in range(0, len(lines), step):
            frame = pictures.frame(lines.assets[unit], FoundIn(lines.places[unit]), Log(), rows=False)
            for _, boxes in (line for _, found in lines.read(unit, unit + 1) for line in found):
                for text in filter(_BOX.fullmatch, boxes[:_BOXES]):
                    *corners, id = text.split(b",")
                    left, top, right, bottom = map(float, corners)
                    order.add(left, top, right, bottom, frame.width, frame.height)
                    evidence.ids_of.setdefault(lines.split(unit), set()).add(id)
                    evidence.texts.append(corners)
        if not any(counts_from_one(ids, names) for ids in evidence.ids_of.values()):
            break
    return order, evidence


def objects(
    rows: Rows, boxes: list[bytes], number: int, file: str, log: Log, shift: int, size: tuple[float, float]
) -> Iterator[Object]:
    """The boxes of a line, each counted as read; ``shift`` is taken from the first corner, ``size`` is what the numbers are multiples of."""
    seen: dict[bytes, int] = {}
    for n, text in enumerate(boxes):
        id, where = f"{number}.{n}", f"line {number}, box {n + 1}"
        values = text.split(b",")
        if not _BOX.fullmatch(text):
            message = f"{text[:60].decode('utf-8', 'replace')!r} is not x_min,y_min,x_max,y_max,class"
            log.read(UNREADABLE)
            log.skip(Code.RECORD_UNREADABLE, UNREADABLE, message, file=file, where=where, id=id)
            continue
        label, code, message = rows.class_of(values[4])
        log.read(label)
        if code is not None:
            log.skip(code, label, message, file=file, where=where, id=id)
            continue
        if seen.setdefault(text, n) != n:
            message = f"says the same as box {seen[text] + 1}"
            log.merge(Code.ANNOTATION_DUPLICATE, label, message, file=file, where=where, id=id)
            continue
        left, top, right, bottom = map(float, values[:4])
        if rows.rules.box is BoxForm.TOP_LEFT:
            right, bottom = left + right - shift, top + bottom - shift
        if right < left or bottom < top:
            message = f"the corners {text[:60].decode()} are the wrong way round (-O box=top_left if the last two are width and height)"
            log.skip(Code.BOX_INVALID, label, message, file=file, where=where, id=id)
            continue
        if not size[0]:
            log.skip(Code.IMAGE_SIZE_UNKNOWN, label, SIZE_REMEDY, file=file, where=where, id=id)
            continue
        left, right, top, bottom = (left - shift) * size[0], right * size[0], (top - shift) * size[1], bottom * size[1]
        yield Object(id=id, label=label, geometry=Box(left, top, right - left, bottom - top), location=where)
