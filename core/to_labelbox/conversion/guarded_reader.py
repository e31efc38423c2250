"""A reader of a third party, looked at while it reads: what it does wrong costs the unit, and is said with its name.

Units are read one by one, each with a log of its own, so that a unit that fails leaves nothing behind, with any number of
workers. Readers that say that they can be trusted are not looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

from msgspec.structs import replace

from to_labelbox.conversion.isolation import left_out
from to_labelbox.model.items import Item
from to_labelbox.model.schema import Schema
from to_labelbox.model.text import cut
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.type_check import misfit
from to_labelbox.report.errors import SourceError, ToLabelboxError
from to_labelbox.report.log import MOST_NAMED, Log, class_of

_WRONG = "is not as docs/write-a-reader.md wants it"


def defect(reader: str, what: object) -> str:
    """A sentence about a reader's mistake: an error of its code, or words."""
    words = what
    if isinstance(what, BaseException):
        places = "".join(f" ({note})" for note in getattr(what, "__notes__", [])[:1])
        words = f"ends with {type(what).__name__}: {what}{places}"
    return cut(f"the reader {reader!r} {words}; whoever made it can mend that", MOST_NAMED)


def guarded(dataset: Dataset, reader: str) -> Dataset:
    """The dataset with every unit looked at. Raises :class:`SourceError` for what is no dataset."""
    if wrong := _wrong_dataset(dataset):
        raise SourceError(defect(reader, wrong))

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        for unit in range(start, stop):
            if dataset.has_unit is not None and not dataset.has_unit(unit):
                return
            own = Log(fail=log.fail, indexed=log.left_out is not None)
            try:
                items = list(dataset.iterate(own, unit, unit + 1))
                wrong = _wrong_items(items, own)
            except (ToLabelboxError, OSError, MemoryError):
                raise
            except (Exception, SystemExit) as error:
                wrong = defect(reader, error)
            else:
                wrong = wrong and defect(reader, wrong)
            if wrong:
                own = Log(fail=log.fail, indexed=log.left_out is not None)
                items = list(left_out(dataset, wrong, read=False).iterate(own, unit, unit + 1))
            if unit == 0 and dataset.unit_count > 1 and len(items) > 1 and _paths(items) == _paths(_unit(dataset, 1)):
                raise SourceError(
                    defect(reader, "gives all items for every unit: it is to keep to start <= unit < stop")
                )
            log.absorb(own)
            yield from items

    return replace(dataset, iterate=iterate)


def _unit(dataset: Dataset, unit: int) -> list[Item]:
    with suppress(Exception):  # of which more is said when it is its turn
        return list(dataset.iterate(Log(), unit, unit + 1))
    return []


def _paths(items: Sequence[Item]) -> list[str]:
    return [item.asset.path for item in items if isinstance(item, Item)]


def _wrong_dataset(dataset: Dataset) -> str:
    if not isinstance(dataset, Dataset):
        return f"gives a {type(dataset).__name__} and no Dataset"
    if fault := misfit(dataset.schema, Schema) or misfit(dataset.name, str):
        return f"gives a Dataset whose schema or name {_WRONG}: {fault}"
    if type(dataset.unit_count) is not int or dataset.unit_count < 0:
        return f"gives a Dataset of {dataset.unit_count!r} units: want their number"
    return "" if callable(dataset.iterate) else "gives a Dataset without a function of its items"


def _wrong_items(items: Sequence[Item], log: Log) -> str:
    """A value of a wrong type, or annotations that are not those that were counted."""
    given: Counter[str] = Counter()
    for item in items:
        if fault := misfit(item, Item):
            path = getattr(getattr(item, "asset", None), "path", None)
            return f"gives a wrong value for {path!r}: {fault}" if isinstance(path, str) else f"gives no item: {fault}"
        for annotation in item.annotations:
            given[class_of(annotation)] += annotation.source_count
    for label in {**log.ledger, **given}:
        tally = log.ledger[label]
        if tally.read - tally.closed != given[label]:
            count = f"counts {tally.read - tally.closed:,} of {label!r} as read and gives {given[label]:,}"
            return f"{count} for {items[0].asset.path!r}: count each once, with log.reading" if items else count
    return ""
