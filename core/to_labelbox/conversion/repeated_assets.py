"""Assets that a dataset holds twice: one data row, or two assets under one key."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from to_labelbox.model.duplicate_hashes import repeated
from to_labelbox.model.items import Item
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.rules.settings import Settings


def same_keys(keys: array[int]) -> set[int]:
    """Indexes of items whose global key, by its hash, another one has too."""
    same = repeated(keys)
    return {n for n, key in enumerate(keys) if key in same} if same else set()


def repeated_assets(
    dataset: Dataset,
    ranges: Sequence[tuple[int, int]],
    wanted: set[int],
    settings: Settings,
    log: Log,
    unread: AbstractSet[int] = frozenset(),
) -> dict[int, int]:
    """Which of the wanted items are one asset: for each of them, the first one that is it.

    Raises :class:`UsageError` when two assets share a global key.
    """
    from to_labelbox.conversion.global_keys import Keys, cleaned

    namer = Keys(settings, dataset.name)
    first: dict[str, tuple[int, Item]] = {}
    groups: dict[int, int] = {}
    items = (item for start, stop in ranges for item in _items(dataset, start, stop, start in unread))
    for n, item in enumerate(items):
        if n not in wanted:
            continue
        asset = cleaned(item.asset)
        key = namer.key(asset, item.split)
        if settings.rows is not None:
            row = settings.rows.match(asset, key)
            key = key if row is None else row.name
        number, other = first.setdefault(key, (n, item))
        groups[n] = number
        if number == n:
            continue
        apart = settings.rows is None and namer.row_data(asset, item.split) != namer.row_data(other.asset, other.split)
        if apart or (item.asset.path, item.asset.url) != (other.asset.path, other.asset.url):
            what, remedy = ("have the global key", 'tell them apart with --global-key, for example "{split}/{relpath}"')
            if settings.rows is not None:
                what, remedy = (
                    "be the data row",
                    "give the row in --data-rows an external_id or a URL with the folder of one of them",
                )
            raise UsageError(
                f"two assets would {what} {key!r}: {other.asset.path} ({other.origin}) and {item.asset.path} "
                f"({item.origin}). Nothing was written; {remedy}"
            )
        message = "the asset occurs again: one data row for both"
        if item.split != other.split:
            splits = " and ".join(split or "no split" for split in (other.split, item.split))
            message += f" ({splits}); if these are two, --global-key '{{split}}/{{relpath}}' tells them apart"
        log.note(Code.ASSET_DUPLICATE, message, file=item.asset.path)
    return groups


def _items(dataset: Dataset, start: int, stop: int, unread: bool) -> Iterator[Item]:
    if unread and dataset.unit_items is not None:
        return iter(dataset.unit_items(start))
    return dataset.items(None, start, stop)
