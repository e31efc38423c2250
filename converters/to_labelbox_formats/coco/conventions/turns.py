"""Boxes with a turn: five numbers, or four and a field beside them. The outlines of other records say how it is meant; else the user is asked."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from to_labelbox.geometry.vector import rotated_corners
from to_labelbox.model.items import RotatedBox
from to_labelbox.model.text import n_of
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.coco.conventions.arrangements import AS_SIZES, FEW, MEANING, corners_of, near
from to_labelbox_formats.coco.conventions.sample import Pictures, extents_of, read_record
from to_labelbox_formats.coco.fields.named_sides import number
from to_labelbox_formats.coco.index.census import TURNS, members_of
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.random_access import Opened
from to_labelbox_formats.coco.options import Form, Options, Rotation

_LOOKED_AT = 200
"""Turned boxes that are looked at, and as many of five numbers without a turn: at least, from all over the file."""
_MEANING = {
    Rotation.CLOCKWISE: "degrees clockwise about the centre of the box",
    Rotation.COUNTERCLOCKWISE: "degrees counterclockwise about its centre",
    Rotation.CLOCKWISE_RADIANS: "radians clockwise about its centre",
    Rotation.COUNTERCLOCKWISE_RADIANS: "radians counterclockwise about its centre",
    Rotation.CORNER: "degrees clockwise about its top left corner, as Label Studio turns",
    Rotation.IGNORED: "the boxes are upright; the turn is not read",
}
_RADIANS = (Rotation.CLOCKWISE_RADIANS, Rotation.COUNTERCLOCKWISE_RADIANS)
_COUNTERCLOCKWISE = (Rotation.COUNTERCLOCKWISE, Rotation.COUNTERCLOCKWISE_RADIANS)
_TURNING = (*_RADIANS, Rotation.CLOCKWISE, Rotation.COUNTERCLOCKWISE, Rotation.CORNER)


class _Turned(NamedTuple):
    """A box of four numbers and its turn, the rings of its outline, the size of its picture."""

    box: Sequence[float]
    turn: float
    rings: Sequence[Sequence[float]]
    size: tuple[float, float] | None

    @property
    def is_unclear(self) -> bool:
        """Whether nothing but the box says where the object is, or an outline that is just the box before its turn."""
        extent, _, upright = extents_of(self.rings)
        return extent is None or (upright and near(extent, corners_of(self.box)))


def turn_in(members: Mapping[str, Any], field: str) -> float:
    """The turn that a field of a record says; 0 where it is none."""
    turn = number(members.get(field))
    return turn if math.isfinite(turn) else 0.0


def level(box: Sequence[float], turn: float, how: Rotation) -> tuple[list[float], float]:
    """Left, top, width and height of a box before it is turned about its centre, and by how many degrees clockwise that is."""
    left, top, width, height = box
    degrees = 0.0 if how is Rotation.IGNORED else math.degrees(turn) if how in _RADIANS else turn
    if how is Rotation.CORNER:
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        left += (width * cos - height * sin - width) / 2
        top += (width * sin + height * cos - height) / 2
    return [left, top, width, height], -degrees if how in _COUNTERCLOCKWISE else degrees


def turn_field(file: File, asked: Sequence[str]) -> str:
    """The field of a file that may hold the turn of a box, unless it is ``asked`` for as an answer; empty for none."""
    return next((name for name in TURNS if name in file.annotation_census.fields and name not in asked), "")


def turns_of(
    file: File, opened: Opened, named: str, has_five: bool, options: Options, log: Log
) -> tuple[Rotation, Form]:
    """How the turns of boxes are meant, ``AUTO`` where none has to be known, ``IGNORED`` where the last of five numbers is always 0; and what the first four of five numbers are.

    ``named``: the field that may hold them.

    Raises :class:`UsageError` with the question where nothing says it.
    """
    wanted: Rotation = options.rotation
    form: Form = Form.SIZES if options.boxes in (Form.AUTO, Form.EACH) else options.boxes
    found, level_ones = _looked_at(file, opened, named, has_five) if named or has_five else ([], [])
    every = found + level_ones
    is_stray = not named and len(every) < FEW and wanted is Rotation.AUTO
    if is_stray or not any(one.is_unclear for one in every):
        return wanted, form
    if has_five and options.boxes is Form.AUTO:
        form = _place_of_five(file, every, [one for one in every if not one.is_unclear], log)
    unclear, outlined = ([one for one in found if one.is_unclear is wished] for wished in (True, False))
    if wanted is not Rotation.AUTO or not unclear:
        return (Rotation.IGNORED if wanted is Rotation.AUTO and not found else wanted), form
    counts = {how: sum(_fits(one, how, form) for one in outlined) for how in _MEANING}
    best = max(counts, key=counts.__getitem__)
    is_alone = list(counts.values()).count(counts[best]) == 1
    if is_alone and counts[best] >= FEW and 10 * counts[best] >= 9 * len(outlined):
        log.assume(
            f"turn of boxes ({file.name})",
            _MEANING[best],
            for_=counts[best],
            against=len(outlined) - counts[best],
            unknown=len(unclear),
            why="which reading makes boxes of a sample those of the outlines beside them",
            option=f"-O rotation={Rotation.CLOCKWISE if best is Rotation.IGNORED else Rotation.IGNORED}",
        )
        return best, form
    most = max(abs(one.turn) for one in found)
    likely = [how for how in _MEANING if most <= 2 * math.pi + 0.01 or how not in _RADIANS]
    return ask(
        f"{file.name}: {n_of(len(unclear), 'box has', 'boxes have')} a turn, {f'in {named}' if named else 'as a fifth number'}, of up to {most:.4g}. "
        "COCO defines none, and no outline says how it is meant.",
        [(f"-O rotation={how}", _MEANING[how]) for how in likely],
    )


def _looked_at(file: File, opened: Opened, named: str, has_five: bool) -> tuple[list[_Turned], list[_Turned]]:
    """Boxes that have a turn other than 0, in five numbers, which ``has_five`` says that there are, or in a field; and boxes of
    five numbers of which the last is 0. The file is passed over in steps until there are enough of the former."""
    found: list[_Turned] = []
    level_ones: list[_Turned] = []
    pictures, table = Pictures(file, opened), file.annotations
    may_turn = re.compile(_NOT_LEVEL % json.dumps(named).encode()).search
    step = -(-len(table) // _LOOKED_AT)
    for begin in range(step):
        rows = slice(begin, None, step)
        places = zip(table.starts[rows].tolist(), table.lengths[rows].tolist())
        for text, image in zip(opened.read_all(file.number, places), pictures.rows.of(table.keys[rows]).tolist()):
            if not has_five and may_turn(text) is None:
                continue
            record = read_record(text)
            if record is None or record.bbox_mode is not None or len(record.bbox or ()) not in (4, 5):
                continue
            box, rings = record.bbox or [], record.segmentation or []
            turn = box[4] if len(box) == 5 else turn_in(members_of(text), named)
            if isinstance(rings, list) and (turn or (len(box) == 5 and len(level_ones) < _LOOKED_AT)):
                (found if turn else level_ones).append(_Turned(box[:4], turn, rings, pictures.size_at(image)))
        if len(found) >= _LOOKED_AT:
            break
    return found, level_ones


_NOT_LEVEL = rb"%b\s*:(?!\s*(?:-?0(?:\.0*)?|null)\s*[,}])"
"""A field with another value than 0. Most tools that write turns write 0 to each box that has none."""
_PLACES = (Form.CENTRES, Form.TRANSPOSED_CENTRES, Form.SIZES)


def _place_of_five(file: File, found: Sequence[_Turned], outlined: Sequence[_Turned], log: Log) -> Form:
    """What x and y are of: by outlines, or as only so boxes lie on their pictures."""
    fit = {form: sum(any(_fits(one, how, form) for how in _TURNING) for one in outlined) for form in _PLACES}
    stay = {form: sum(not _leaves(one, form) for one in found) for form in _PLACES}
    best = max(_PLACES, key=lambda form: (fit[form], stay[form]))
    others = [form for form in _PLACES if form is not best]
    by_outlines = fit[best] >= FEW and not any(fit[form] for form in others)
    if by_outlines or (not any(fit.values()) and stay[best] == len(found) >= FEW + max(stay[form] for form in others)):
        count = fit[best] or len(found) - max(stay[form] for form in others)
        log.assume(
            f"what the first four of five numbers of bbox are ({file.name})",
            MEANING[best],
            for_=count,
            unknown=len(found) - count,
            why=f"only so boxes {'are those of the outlines beside them' if by_outlines else 'lie on their pictures'}",
            option=f"-O boxes={others[-1]}",
        )
        return best
    could_be = [*_PLACES, *([Form.CORNERS] if all(b[2] > b[0] and b[3] > b[1] for b, *_ in found) else ())]
    return ask(
        f"{file.name}: {n_of(len(found), 'box has', 'boxes have')} five numbers, and nothing says what the first four are.",
        [(f"-O boxes={form}", MEANING[form]) for form in could_be],
    )


def _fits(one: _Turned, how: Rotation, form: Form) -> bool:
    """Whether a box is, by some reading, the outline beside it: its corners, or for an upright one what lies around it."""
    box = AS_SIZES[form](*one.box)
    if how is Rotation.IGNORED:
        extent = extents_of(one.rings)[0]
        return extent is not None and near(extent, corners_of(box))
    if len(one.rings) != 1 or len(one.rings[0]) not in (8, 10):
        return False
    (left, top, width, height), degrees = level(box, one.turn, how)
    corners = _points(rotated_corners(RotatedBox(left + width / 2, top + height / 2, width, height, degrees)))
    ring = _points(one.rings[0])
    least = [min(math.dist(corner, other) for other in ring) for corner in corners]
    return max(least) <= max(1.5, 0.01 * max(width, height))


def _points(ring: Sequence[float]) -> list[tuple[float, float]]:
    return list(zip(ring[::2], ring[1::2]))


def _leaves(one: _Turned, form: Form) -> bool:
    """Whether a box leaves its picture however it is turned about its centre."""
    if one.size is None:
        return False
    left, top, width, height = AS_SIZES[form](*one.box)
    x, y, least = left + width / 2, top + height / 2, min(width, height) / 2 - 1
    return min(x, y) < least or x + least > one.size[0] or y + least > one.size[1]
