"""A source that has been opened, or items made in Python: a schema, and items that stream."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from types import GeneratorType
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from to_labelbox.model.items import Annotation, Item
from to_labelbox.model.schema import Schema
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log, class_of

_LEFT_OUT = "left out by the program"

ItemFactory = Callable[[Log, int, int], Iterator[Item]]


class Dataset(Struct, frozen=True):
    """A source that has been opened: its schema, and items that can be iterated again and again.

    ``unit_count`` is the number of work units (images, files, tasks); ``iterate(log, start, stop)`` yields the items of the
    units ``start <= unit < stop``, so that ranges can be converted apart, in any process, and joined in order. What it
    yields for a unit depends on that unit and on what opening the source has found, never on other ranges.
    ``details`` go into the report. ``unit_name`` is the file or record of a unit, found without reading it: it names
    what has ended a worker process. ``unit_items`` are its items without annotations, made without reading the file: the data
    row that stays when the file ends a process. ``asset_names`` gives the paths of all assets without looking at any of their files,
    where that is cheaper than to make ``unit_items`` of each unit. ``sizes_stated``: sizes are what the source says of its pictures, so
    labels in pixels that leave them are evidence, which is looked for unless the reader has seen that labels stay (``labels_leave``);
    ``sizes_settled``: the reader holds sizes against the pictures at hand itself, so no asset of it has a ``picture``.
    ``transposed`` is what takes x for y in all of them, of the options that were not given.

    ``has_unit`` stands in for ``unit_count``, which is 0 then, where the number is known only at the end: whether there is a unit of
    this number. Such a dataset is read by one process, in order.
    """

    name: str
    schema: Schema
    unit_count: int
    iterate: ItemFactory
    details: Mapping[str, Any] = field(default_factory=dict)
    unit_name: Callable[[int], str] | None = None
    unit_items: Callable[[int], Sequence[Item]] | None = None
    has_unit: Callable[[int], bool] | None = None
    asset_names: Callable[[], Iterable[str]] | None = None
    sizes_stated: bool = False
    labels_leave: bool = True
    sizes_settled: bool = False
    transposed: str = ""

    def names(self) -> Iterator[str]:
        """The paths of the assets, as far as they are known before the items are read."""
        if self.asset_names is not None:
            yield from self.asset_names()
        elif self.unit_items is not None:
            for unit in range(self.unit_count):
                for item in self.unit_items(unit):
                    yield item.asset.path

    def items(self, log: Log | None = None, start: int = 0, stop: int | None = None) -> Iterator[Item]:
        """The items of the units ``start <= unit < stop``, by default of all; ``log`` takes what is counted and noted."""
        last = self.unit_count if self.has_unit is None else sys.maxsize
        return self.iterate(Log() if log is None else log, start, last if stop is None else stop)

    def __iter__(self) -> Iterator[Item]:
        return self.items()

    def map(self, change: Callable[[Item], Item], schema: Schema | None = None) -> Dataset:
        """The dataset with each item as ``change`` returns it; :meth:`filter` leaves items out.

        What the source says stays counted: an annotation that is no longer there, by its id, is *skipped*, one with another
        label is counted under its class in the source, one that the source does not have is *read*. ``schema`` is that of the result,
        where other names than the source's are declared.
        """
        if not callable(change):
            raise UsageError(f"{change!r} cannot be called: give a function of an item")
        return replace(self, schema=schema or self.schema, iterate=partial(_changed, self, change))

    def filter(self, keep: Callable[[Item], bool]) -> Dataset:
        """The dataset without the items for which ``keep`` is false; their annotations are counted as skipped."""
        if not callable(keep):
            raise UsageError(f"{keep!r} cannot be called: give a function of an item")
        return replace(self, iterate=partial(_kept, self, keep))


def dataset_of(items: Iterable[Item], name: str = "dataset", schema: Schema | None = None) -> Dataset:
    """A dataset of items made in Python: a list, or anything that gives them one after another, which is not held in memory.

    Something that can be read only once, as a generator, can be written once. Raises :class:`UsageError`, while it is read, for
    values of a wrong type, with item and field.
    """
    if isinstance(items, str | os.PathLike):
        raise UsageError(f"{os.fspath(items)} is a path: read(path) makes a Dataset of it")
    if isinstance(items, Sequence):
        return Dataset(name, schema or Schema(), len(items), partial(_counted, lambda start, stop: items[start:stop]))
    stream = _Stream(items)
    return Dataset(name, schema or Schema(), 0, partial(_counted, stream.part), has_unit=stream.has)


def _counted(part: Callable[[int, int], Iterable[Item]], log: Log, start: int, stop: int) -> Iterator[Item]:
    from to_labelbox.plugins.type_check import check_item  # no source from disk needs it

    for number, item in enumerate(part(start, stop), start):
        check_item(item, number)
        for annotation in item.annotations:
            log.read(class_of(annotation), annotation.source_count)
        yield item


def _read_before() -> UsageError:
    return UsageError(
        "the items are to be read again (they were read before, or two of them have one global key), and what gives them can "
        "be read only once: give a list, or an object whose __iter__ begins anew"
    )


class _Stream:
    """Ranges of something that is read from the beginning on: the next one goes on where the last ended."""

    def __init__(self, items: Iterable[Item]) -> None:
        if not isinstance(items, Iterable):
            raise UsageError(f"a {type(items).__name__} holds no items: give a Dataset, a list, or a generator")
        if isinstance(items, GeneratorType) and items.gi_frame is None:
            raise _read_before()
        self._items = items
        self._open: Iterator[Item] | None = None
        self._at = 0
        self._ahead: list[Item] = []

    def has(self, number: int) -> bool:
        """Whether there is an item of this number, which is the next one or one before."""
        self._go_to(number)
        if not self._ahead:
            self._ahead = list(islice(self._open or (), 1))
        return bool(self._ahead)

    def part(self, start: int, stop: int) -> Iterator[Item]:
        self._go_to(start)
        for item in islice(self._rest(), stop - start):
            self._at += 1
            yield item

    def _rest(self) -> Iterator[Item]:
        while self._ahead:
            yield self._ahead.pop()
        for item in self._open or ():  # noqa: UP028 - a `yield from` would close what is read on later
            yield item

    def _go_to(self, number: int) -> None:
        if self._open is None or number < self._at:
            fresh = iter(self._items)
            if fresh is self._open:
                raise _read_before()
            self._open, self._at, self._ahead = fresh, 0, []
        for _ in islice(self._rest(), number - self._at):
            self._at += 1


def _place(number: int, item: Item) -> str:
    return f"item {number} ({item.asset.path})"


@contextmanager
def _named(function: str, number: int, item: Item) -> Iterator[None]:
    """An error of the user's own function, which stays what it is, says for which item it was raised."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in the function of {function}, for {_place(number, item)}")
        raise


def _kept(dataset: Dataset, keep: Callable[[Item], bool], log: Log, start: int, stop: int) -> Iterator[Item]:
    for number, item in enumerate(dataset.items(log, start, stop), start):
        with _named("filter", number, item):
            kept = keep(item)
        if kept is None:
            raise UsageError(f"{_place(number, item)}: the function of filter returned None: return True or False")
        if kept:
            yield item
        else:
            for annotation in item.annotations:
                log.skip_annotation(Code.EXCLUDED, _LEFT_OUT, annotation, item.origin)


def _changed(dataset: Dataset, change: Callable[[Item], Item], log: Log, start: int, stop: int) -> Iterator[Item]:
    from to_labelbox.plugins.type_check import check_item

    for number, item in enumerate(dataset.items(log, start, stop), start):
        given = len(item.annotations)
        with _named("map", number, item):
            changed = change(item)
        if changed is None:
            raise UsageError(
                f"{_place(number, item)}: the function of map returned None: return the item; filter leaves items out"
            )
        if len(item.annotations) != given:
            raise UsageError(
                f"{_place(number, item)}: the function of map changed the item itself: make a new one with msgspec.structs.replace"
            )
        if changed is item:
            yield item
        else:
            check_item(changed, number)
            yield _accounted(item, changed, log)


def _accounted(before: Item, item: Item, log: Log) -> Item:
    """The item with each of its annotations counted as what it is in the source."""
    of_source: dict[str, list[Annotation]] = {}
    for annotation in before.annotations:
        of_source.setdefault(annotation.id, []).append(annotation)
    kept: list[Annotation] = []
    for annotation in item.annotations:
        origins = of_source.get(annotation.id)
        if origins:
            origin = origins.pop(0)
            known = {"ledger_label": class_of(origin), "source_count": origin.source_count}
            same = class_of(annotation) == class_of(origin) and annotation.source_count == origin.source_count
            kept.append(annotation if same else replace(annotation, **known))
        else:
            log.read(class_of(annotation), annotation.source_count)
            kept.append(annotation)
    for origins in of_source.values():
        for annotation in origins:
            log.skip_annotation(Code.EXCLUDED, _LEFT_OUT, annotation, before.origin)
    return replace(item, annotations=kept)
