"""Assets at the place below the media root where their file is, and how many of them each of the user's tables knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from to_labelbox.model.items import Item
from to_labelbox.model.text import n_of
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import AssetTable, MediaFolder, Moves, Tie, spread
from to_labelbox.source.files import Source
from to_labelbox.source.unread_files import tell_empty_below

MEDIA_ROOT, SIZES, URL_MAP = "--media-root", "--sizes", "--url-map"

_OTHERS = {URL_MAP: "; row_data of the others is what it is without the map"}
"""What is done with the assets that a table does not know, where that shows in the output."""


class _Names(Protocol):
    def find(self, name: str, /) -> str | Tie | None: ...


def located(dataset: Dataset, source: Source, context: ReadContext, urls: Mapping[str, str]) -> Dataset:
    """The dataset with the paths of files found below the media root, which are what global keys are made of."""
    tables: dict[str, _Names] = {}
    moves = Moves()
    if context.media is not None:
        tables[MEDIA_ROOT] = context.media
        moves = _moves(dataset, source, context.media, context.log)
    if isinstance(context.sizes, AssetTable) and context.sizes:
        tables[SIZES] = context.sizes
    if isinstance(urls, AssetTable) and urls:
        tables[URL_MAP] = urls
    return replace(dataset, iterate=partial(_located_items, dataset, tables, moves)) if tables else dataset


def _moves(dataset: Dataset, source: Source, media: MediaFolder, log: Log) -> Moves:
    """What a sample of the assets says of where those that are not there would be."""
    if dataset.unit_items is None:
        return Moves()
    sample = (item for unit in spread(dataset.unit_count) for item in dataset.unit_items(unit))
    places = [(item.split, item.asset.path, media.find(item.asset.path)) for item in sample]
    tell_empty_below(log, media, source, [place for _, _, place in places if isinstance(place, str)])
    moves = Moves(places)
    for head, other in moves.told:
        log.decide(f"{MEDIA_ROOT}: assets that are not there are named like those that are: {head}… is {other}…")
    return moves


def _located_items(
    dataset: Dataset, tables: Mapping[str, _Names], moves: Moves, log: Log, start: int, stop: int
) -> Iterator[Item]:
    for item in dataset.iterate(log, start, stop):
        asset = item.asset
        if asset.text is None and not asset.messages:  # else its content is in the source
            for option, names in tables.items():
                found = names.find(asset.path)
                log.count_match(option, isinstance(found, str))
                if isinstance(found, Tie):
                    log.note(*found.said_of(option), file=asset.path)
                elif found is not None and option == MEDIA_ROOT and found != asset.path:
                    item = replace(item, asset=replace(asset, path=found))
                elif (
                    found is None and option == MEDIA_ROOT and (path := moves.of(asset.path, item.split)) != asset.path
                ):
                    item = replace(item, asset=replace(asset, path=path))
        yield item


def report_matches(log: Log) -> dict[str, dict[str, int]]:
    """How many of the assets each table knows, for the report; a table that knows none is a warning."""
    for option, (matched, asked) in log.matches.items():
        if not matched and option.startswith("--"):
            log.note(
                Code.OPTION_UNMATCHED, f"{option}: none of {n_of(asked, 'asset')} is there; is it that of this set?"
            )
        else:
            others = _OTHERS.get(option, "") if matched < asked else ""
            log.note(
                Code.OPTION_MATCHED, f"{option}: {matched:,} of {n_of(asked, 'asset is', 'assets are')} there{others}"
            )
    return {option: {"matched": matched, "assets": asked} for option, (matched, asked) in log.matches.items()}
