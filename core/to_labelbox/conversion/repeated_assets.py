"""Assets that a dataset holds twice: one data row, or two assets under one key."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from to_labelbox.model.duplicate_hashes import repeated
from to_labelbox.model.items import Asset, Item
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.rules.settings import Settings


def other_sizes(size: Sequence[int], earlier: Sequence[int]) -> str:
    """What tells two assets apart, in words, where their widths and heights do; one may have its picture on its side."""
    if not size or not earlier or sorted(size) == sorted(earlier):
        return ""
    return f"sizes ({earlier[0]} × {earlier[1]}, here {size[0]} × {size[1]})"


def size_of(asset: Asset) -> tuple[int, ...]:
    """Width and height; empty where one is not known."""
    return (asset.width, asset.height) if asset.width and asset.height else ()


def text_of(asset: Asset) -> str:
    """The text or conversation that an asset is; empty for another one."""
    return asset.text if asset.text is not None else repr(asset.messages) if asset.messages else ""


def _what_differs(asset: Asset, earlier: Asset) -> str:
    texts = text_of(asset), text_of(earlier)
    return other_sizes(size_of(asset), size_of(earlier)) or ("texts" if all(texts) and texts[0] != texts[1] else "")


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

    Raises :class:`UsageError` when two assets share a global key: of other paths or addresses, or of another size or text.
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
        apart = apart or (item.asset.path, item.asset.url) != (other.asset.path, other.asset.url)
        differing = _what_differs(asset, other.asset)
        if apart or differing:
            if settings.rows is not None:
                what = "be the data row"
                remedy = "give the row in --data-rows an external_id or a URL with the folder of one of them"
            else:
                example = "{split}/{relpath}" if apart else "{source_id}"
                why = "" if apart else f", or convert their files apart: they have other {differing}"
                what, remedy = "have the global key", f"tell them apart with --global-key, for example '{example}'{why}"
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
