"""Tables of names by id: categories with their keypoints, and the lists of names that dialects keep beside them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from to_labelbox.model.text import n_of
from to_labelbox.ontology.infer import clean_name
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox_formats.coco.index.census import (
    CATEGORY_FIELDS,
    CLASS_IDS,
    CLASS_NAMES,
    Census,
    members_of,
    repeated_keys,
)
from to_labelbox_formats.coco.index.ids import Id, Names

_SHOWN = 5
"""Names that a message lists at most."""


class Category(Struct):
    """``category_id`` stands in for an ``id`` that is missing. ``other``: another category's name that has the same id."""

    id: Id = None
    name: str | int | float | None = None
    supercategory: str | None = None
    keypoints: list[str] | None = None
    color: list[int] | str | None = None
    isthing: int | None = None
    category_id: Id = None
    other: str = field(default="", name="(another name)")  # no field of a file


_OTHER_IDS = ("cat_id", "class_id", "label_id")
_OTHER_NAMES = ("label", "title", "category_name", "class_name", "category")
"""Fields of a category that hold its id and its name where they are not called as COCO has it."""


class CategoryList(Struct):
    """``categories`` of a file by the keys of their ids. ``unnumbered``: a list of bare names, whose ids are their places.

    ``fields``: those of the records that no rule reads, with counts.
    """

    found: dict[int, Category] = field(default_factory=dict)
    unnumbered: bool = False
    fields: dict[str, int] = field(default_factory=dict)


def read_categories(data: bytes, name: str, log: Log) -> CategoryList:
    """A list of records, a mapping from ids to names or records, or a list of names. Raises :class:`FileError`."""
    unnumbered, fields = False, dict[str, int]()
    try:
        if data.lstrip()[:1] == b"{":
            _tell_repeated(repeated_keys(data), name, log)
            found = _of_mapping(msgspec.json.decode(data, type=dict[str, msgspec.Raw]), name, log)
        else:
            raw = msgspec.json.decode(data, type=list[msgspec.Raw])
            unnumbered = bool(raw) and all(bytes(item).startswith(b'"') for item in raw)
            if unnumbered:
                found = [Category(n, msgspec.json.decode(item, type=str)) for n, item in enumerate(raw)]
            else:
                census = Census(CATEGORY_FIELDS)
                census.look(data.strip()[1:-1], len(raw))
                _tell_repeated(census.repeated, name, log)
                found, fields = [_category(item, n, name, log) for n, item in enumerate(raw)], census.unknown
                _name_otherwise(found, raw, fields, name, log)
    except UNDECODABLE:
        try:
            loose = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise FileError(f"'categories' is not readable: {in_words(error)}") from None
        unnumbered, records = False, loose if isinstance(loose, list) else []
        found = [_category(json.dumps(item).encode(), n, name, log) for n, item in enumerate(records)]
    return CategoryList(_by_id(found, name, log), unnumbered, fields)


def _name_otherwise(
    categories: Sequence[Category], raw: Sequence[msgspec.Raw], fields: dict[str, int], file: str, log: Log
) -> None:
    """Give categories without an id or a name those of other fields, which is told; they are no longer unread ``fields``."""
    taken: dict[str, str] = {}
    for category, item in zip(categories, raw):
        for field_, others in (("id", _OTHER_IDS), ("name", _OTHER_NAMES)):
            given = getattr(category, field_)
            if given is not None or (field_ == "id" and category.category_id is not None):
                continue
            members = members_of(bytes(item))
            found = next((name for name in others if _scalar(members.get(name)) is not None), "")
            if found:
                taken[found] = field_
                setattr(category, field_, members[found])
    for other_field, field_ in taken.items():
        fields.pop(other_field, None)
        log.decide(f"{file}: categories have no {field_} but {other_field}, which is taken for it")


def _tell_repeated(repeated: Mapping[str, int], file: str, log: Log) -> None:
    for key, count in repeated.items():
        message = f"{key!r} stands more than once in {n_of(count, 'object')} of categories: the last one is read"
        log.note(Code.CLASS_DUPLICATE, message, file=file, count=count)


def _of_mapping(raw: Mapping[str, msgspec.Raw], name: str, log: Log) -> list[Category]:
    """``{"1": "car"}`` and ``{"1": {"name": "car"}}``, or names first: ``{"car": 1}`` and ``{"car": {"id": 1}}``."""
    values = {key: msgspec.json.decode(item) for key, item in raw.items()}
    ids = [value for value in values.values() if type(value) is int]
    if len(set(ids)) == len(raw) and not all(map(str.isdecimal, raw)):
        return [Category(id, key) for key, id in values.items()]
    found = []
    for n, (id, item) in enumerate(raw.items()):
        if bytes(item).startswith(b"{"):
            category = _category(item, n, name, log)
            if category.id is None:
                category.id = id
            elif category.name is None:
                category.name = id
            found.append(category)
        else:
            label = values[id]
            found.append(Category(id, _scalar(label)))
    return found


def _category(item: bytes | msgspec.Raw, n: int, name: str, log: Log) -> Category:
    try:
        return msgspec.json.decode(item, type=Category)
    except UNDECODABLE as error:
        loose = members_of(bytes(item))
        if not loose:
            message = f"the category is not readable: {in_words(error)}"
            log.note(Code.CLASS_UNNAMED, message, file=name, where=f"categories[{n}]")
    points = _point_names(loose.get("keypoints"))
    if points is None and loose.get("keypoints"):
        message = f"keypoints of {loose.get('name')!r} are no list of names: they are numbered"
        log.note(Code.CLASS_UNNAMED, message, file=name, where=f"categories[{n}]")
    above, color = loose.get("supercategory"), loose.get("color")
    label = _scalar(loose.get("name"))
    return Category(
        _scalar(loose.get("id")),
        clean_name(label) if isinstance(label, str) else label,
        above if isinstance(above, str) else None,
        points,
        color if isinstance(color, str) or (isinstance(color, list) and {*map(type, color)} <= {int}) else None,
    )


def _scalar(value: Any) -> str | int | float | None:
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _point_names(value: Any) -> list[str] | None:
    """The names of a list, or of an object of numbers and names, either of which may come first; None for anything else."""
    if isinstance(value, dict):
        if all(isinstance(v, int) for v in value.values()):
            value = {str(number): name for name, number in value.items()}
        if not all(key.isdecimal() for key in value):
            return None
        value = [value[key] for key in sorted(value, key=int)]
    return [_point_name(p) for p in value] if isinstance(value, list) else None


def _point_name(value: Any) -> str:
    """A keypoint's name, which may be a number or the ``name`` of a record; empty for anything else."""
    if isinstance(value, dict):
        value = value.get("name")
    return str(value) if _scalar(value) is not None else ""


def occluded_among(visibilities: Mapping[str, Any]) -> frozenset[float] | None:
    """The visibilities of keypoints that are called occluded in what a file says of them (OCHuman: ``vis`` 1, ``self_occluded`` 2,
    ``missing`` 0); None where that is not all plain: one is visible, 0 is missing, all others are occluded."""
    named = {number: name.lower() for name, number in visibilities.items() if type(number) is int}
    visible = [number for number, name in named.items() if name in ("vis", "visible")]
    occluded = frozenset(number for number, name in named.items() if "occluded" in name)
    plain = {*visible, *occluded, 0} == {*named, 0} and len(named) == len(visibilities)
    return occluded if plain and len(visible) == 1 and 0 not in (*visible, *occluded) else None


def names_by_id(data: bytes) -> dict[int, str]:
    """Names of a list of records with ``id`` and ``name`` (of tags, attributes, keypoints); what is none is left out."""
    try:
        records = msgspec.json.decode(data, type=list[dict[str, Any]])
    except UNDECODABLE:
        return {}
    pairs = ((Names.key(_scalar(record.get("id"))), _scalar(record.get("name"))) for record in records)
    return {key: str(name) for key, name in pairs if key is not None and name is not None and str(name).strip()}


def _by_id(categories: list[Category], file: str, log: Log) -> dict[int, Category]:
    """Categories by id, in declared order; placeholders that nothing uses are dropped later."""
    table: dict[int, Category] = {}
    for n, category in enumerate(categories):
        where = f"categories[{n}]"
        category.id = category.category_id if category.id is None else category.id
        key = Names.key(category.id)
        if key is None:
            message = f"the category {str(category.name)[:80]!r} has no id, so that no annotation can be of it"
            log.note(Code.CLASS_UNNAMED, message, file=file, where=where)
            continue
        if category.name is None or not str(category.name).strip():
            log.note(
                Code.CLASS_UNNAMED,
                f"category {category.id} has no name; it becomes class_{category.id}",
                file=file,
                where=where,
            )
            category.name = f"class_{category.id}"
        category.name = str(category.name)
        if category.keypoints:
            category.keypoints = _distinct(category, file, where, log)
        if key in table and table[key].name != category.name:
            both = f"{table[key].name!r} and {category.name!r}"
            message = f"category id {category.id} is both {both}: nobody can know of which its annotations are. Give each an id of its own"
            log.note(Code.CLASS_DUPLICATE, message, file=file, where=where)
            table[key].other = category.name
            continue
        table.setdefault(key, category)
    return table


def names_of(categories: Mapping[int, Category]) -> frozenset[str]:
    return frozenset(str(category.name) for category in categories.values())


def class_id_among(members: Mapping[str, Any]) -> tuple[str, int | str] | None:
    """The field that holds the id of the class of a record without a ``category_id``, and that id; a number in a field for
    names is one, too."""
    for key in (*CLASS_IDS, *CLASS_NAMES):
        value = members.get(key)
        if not isinstance(value, int | str) or isinstance(value, bool):
            continue
        if key in CLASS_IDS or isinstance(value, int):
            return key, value
    return None


def class_name_among(members: Mapping[str, Any], names: Collection[str]) -> tuple[str, str] | None:
    """The field that names the class of such a record, and the name: one of the ``names`` of categories, any where there are none."""
    for key in CLASS_NAMES:
        value = members.get(key)
        name = value.get("name") if isinstance(value, dict) else value
        if isinstance(name, str) and (name in names if names else name.strip()):
            return key, name
    return None


def is_placeholder(category: Category, supercategories: set[str | None]) -> bool:
    """Roboflow's category 0 and labelme's background: declared only, unless an annotation uses them."""
    if not _above(category) and category.name in supercategories:
        return True
    return category.id == 0 and category.name in ("_background_", "background", "__background__")


def _above(category: Category) -> str:
    """What stands above a category; empty for the ``none`` of Roboflow, too."""
    return "" if category.supercategory in (None, "none") else category.supercategory.strip()


def tell_names_apart(tables: Sequence[Mapping[int, Category]], log: Log) -> None:
    """Name categories of one name ``<supercategory>/<name>`` where a file has several, of different supercategories.

    What a file tells apart is so in all files. Equal names without that become one class, with a warning.
    """
    own = {id(table): table for table in tables}  # borrowed ones stand for several files
    known = {str(category.name) for table in own.values() for category in table.values()}
    apart: dict[str, list[str]] = {}
    for table in own.values():
        for name, same in _of_one_name(table).items():
            supers = list(dict.fromkeys(filter(None, map(_above, same))))
            if len(supers) > 1 and not known.intersection(f"{above}/{name}" for above in supers):
                apart.setdefault(name, supers)
    for name, supers in apart.items():
        new = " and ".join(f"'{above}/{name}'" for above in supers[:_SHOWN])
        message = f"several categories are called {name!r}, of different supercategories: told apart as {new}; a class map makes them one"
        log.note(Code.CLASS_DUPLICATE, message)
    for table in own.values():
        for category in table.values():
            if category.name in apart and (above := _above(category)):
                category.name = f"{above}/{category.name}"
        for name, same in _of_one_name(table).items():
            ids = " and ".join(str(category.id) for category in same[:_SHOWN])
            log.note(Code.CLASS_DUPLICATE, f"categories {ids} are all called {name!r} and become one")


def _of_one_name(table: Mapping[int, Category]) -> dict[str, list[Category]]:
    """The categories of each name that several of a file have."""
    supercategories = {category.supercategory for category in table.values()}
    found: dict[str, list[Category]] = {}
    for category in table.values():
        if not is_placeholder(category, supercategories):
            found.setdefault(str(category.name), []).append(category)
    return {name: same for name, same in found.items() if len(same) > 1}


def _distinct(category: Category, file: str, where: str, log: Log) -> list[str]:
    """The names of a category's keypoints, those that are blank or taken with their number in the list."""
    given = category.keypoints or []
    names = unique_names(given)
    if names != given:
        changed = [name for name, old in zip(names, given) if name != old]
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        message = (
            f"keypoints of {category.name!r} have no name or the same: those become {', '.join(changed[:_SHOWN])}{more}"
        )
        log.note(Code.CLASS_DUPLICATE, message, file=file, where=where)
    return names


def unique_names(given: list[str], start: int = 1, taken: frozenset[str] = frozenset()) -> list[str]:
    """Names of points made unique, the first of each as it is: no made-up name is one that another point has."""
    known = {*given, *taken}
    used = set(taken)
    following: dict[str, int] = {}
    names: list[str] = []
    for n, name in enumerate(given, start):
        blank = not name.strip()
        new = f"kp_{n}" if blank else name
        if new in used or (blank and new in known):
            number = max(n, following.get(new, 0))
            while (candidate := f"{new} {number}") in known:
                number += 1
            following[new] = number + 1
            new = candidate
            known.add(new)
        used.add(new)
        names.append(new)
    return names
