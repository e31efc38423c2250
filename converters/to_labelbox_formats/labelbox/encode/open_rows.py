"""The data rows of a chunk: made for new assets, some at a time, or found among those that exist."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import repeat

from to_labelbox.conversion.global_keys import MAX_LENGTH, Keys, short_key
from to_labelbox.model.items import Asset, Item, Media
from to_labelbox.model.survey import add_counts
from to_labelbox.report.annotation_index import ascii_text, ascii_texts
from to_labelbox.report.codes import Code
from to_labelbox.report.log import LISTED
from to_labelbox.rules.settings import Settings
from to_labelbox.source.urls import signed_until
from to_labelbox_formats.labelbox.addresses import not_fetched
from to_labelbox_formats.labelbox.encode.data_rows import data_row
from to_labelbox_formats.labelbox.encode.line_buffer import DataRow, LineBuffer
from to_labelbox_formats.labelbox.encode.placeholders import ascii_json
from to_labelbox_formats.labelbox.encode.uuids import Uuids
from to_labelbox_formats.labelbox.limits import FRAMES, KEY, TEXT
from to_labelbox_formats.labelbox.metadata import RESERVED, SPLIT, SPLITS, split_option

OTHER_FIELD = "source_split"
"""A name that is advised for a metadata field that takes any word."""
_ENUM = f"Labelbox's own field split takes {', '.join(SPLITS)}"
_NO_TILES = "tile_layer_url is a relative path: give the tiles' URLs (…/{z}/{x}/{y}.png) with --url-map"
_NO_ADDRESS = "row_data is a relative path: give --url-prefix or --url-map, or import with the media folder at hand"


class DataRows:
    """``lines`` are those of new data rows, ``hashes`` 64 bits of the key of each asset, or the number of its existing row."""

    def __init__(self, buffer: LineBuffer, settings: Settings, keys: Keys, maps: bool) -> None:
        """``maps``: pictures may be maps."""
        self._buffer, self._settings, self._keys, self._maps = buffer, settings, keys, maps
        self.lines: list[str] = []
        self.hashes = array("Q")

    def open(self, items: Sequence[Item]) -> list[DataRow]:
        """Their data rows, new ones where none are given; items without one are skipped."""
        keys = self._keys.keys(items)
        rows = self._new(items, keys) if self._settings.rows is None else self._existing(items, keys)
        self._note_assets([row.item for row in rows] if len(rows) < len(items) else items)
        return rows

    def _new(self, items: Sequence[Item], keys: list[str]) -> list[DataRow]:
        buffer = self._buffer
        longest = max(map(len, keys))
        buffer.survey.note_largest(KEY, longest)
        if longest > MAX_LENGTH:
            keys = list(map(self._short, keys))
        names = ascii_texts(keys, ascii_json)
        self._write([item.asset for item in items], [item.split for item in items], keys, names)
        uuids = list(map(Uuids, keys))
        self.hashes.extend([own.digest for own in uuids])
        places: Sequence[str] | Iterator[str] = repeat("")
        if buffer.spill_index is not None:
            told = names if all(map(str.isascii, keys)) else ascii_texts(keys)
            files = ascii_texts([item.origin for item in items])
            places = [f'{key},"file":{file}' for key, file in zip(told, files)]
        return list(map(DataRow, items, keys, uuids, [f'{{"globalKey":{name}}}' for name in names], places))

    def _write(self, assets: list[Asset], splits: list[str], keys: list[str], names: list[str]) -> None:
        """The lines of new data rows."""
        buffer, field = self._buffer, self._settings.split_metadata
        addresses = list(map(self._keys.row_data, assets, splits))
        local: list[tuple[str, str]] = []
        add = self.lines.append
        for asset, split, key, name, address in zip(assets, splits, keys, names, addresses):
            if address is not None:
                self._check_address(address, asset.path)
            elif asset.media is Media.GEOSPATIAL:
                if self._maps:
                    local.append((_NO_TILES, asset.path))
            elif asset.text is None and not asset.messages:
                local.append((_NO_ADDRESS, asset.path))
            metadata = tuple(self._metadata(asset, split)) if field or asset.metadata else ()
            add(data_row(asset, key, name, address, metadata))
        buffer.log.note_files(Code.ROW_DATA_LOCAL, local)
        if self._keys.may_share:
            buffer.survey.urls += [0 if one is None else self._keys.url_hash(one) for one in addresses]

    def _short(self, key: str) -> str:
        if len(key) <= MAX_LENGTH:
            return key
        short = short_key(key)
        message = f"global key has {len(key)} characters, over {MAX_LENGTH}: {short}"
        self._buffer.log.note(Code.KEY_SHORTENED, message, file=key)
        return short

    def _check_address(self, address: str, path: str) -> None:
        if unfit := not_fetched(address):
            self._buffer.log.note(Code.ADDRESS_NOT_FETCHED, unfit, file=path)
        elif "?" in address and (until := signed_until(address)):
            message = (
                f"the address is signed and holds until {until}, but Labelbox fetches it whenever the asset is shown: "
                "give lasting addresses with --url-prefix or --url-map"
            )
            self._buffer.log.note(Code.ADDRESS_EXPIRES, message, file=path)

    def _metadata(self, asset: Asset, split: str) -> Iterator[tuple[str, str]]:
        """Metadata fields of a data row, those that Labelbox reserves in the form that it takes."""
        field, log = self._settings.split_metadata, self._buffer.log
        for name, value in (*asset.metadata, *([(field, split)] if field and split else [])):
            if name == SPLIT and (option := split_option(value)) is not None:
                if option != value:
                    taken = f"{value!r} is written as {option!r}"
                    log.assume("split", taken, for_=1, why=_ENUM, option=f"--split-metadata {OTHER_FIELD}")
                value = option
            if wrong := RESERVED[name](value) if name in RESERVED else "":
                message = f"metadata {name!r} is left out: the reserved field {wrong}, this is {value!r}"
                if name == SPLIT:
                    message += f"; --split-metadata {OTHER_FIELD} writes it into a field of your own"
                log.note(Code.METADATA_REFUSED, message, file=asset.path)
                continue
            yield name, value

    def _existing(self, items: Sequence[Item], keys: list[str]) -> list[DataRow]:
        """The existing data rows that assets are."""
        assert self._settings.rows is not None
        found: list[DataRow] = []
        for item, key in zip(items, keys):
            row = self._settings.rows.match(item.asset, key)
            name = key if row is None else row.name
            uuids = Uuids(name)
            self.hashes.append(uuids.digest if row is None else row.number)
            reference = f'{{"{"globalKey" if row is None or row.global_key else "id"}":{ascii_json(name).decode()}}}'
            place = f'{ascii_text(name).decode()},"file":{ascii_text(item.origin).decode()}'
            opened = DataRow(item, name, uuids, reference, place)
            if row is None:
                self._leave_out(opened)
                continue
            add_counts(self._buffer.log.matched_by, {row.matched_by: 1})
            found.append(opened)
        return found

    def _leave_out(self, row: DataRow) -> None:
        """Skip everything on an asset that no existing data row is."""
        path, log = row.item.asset.path, self._buffer.log
        self._buffer.open(row)
        message = f"no data row is {path}, or several could be: its annotations are skipped"
        counted = False
        for annotation in row.item.annotations:
            if annotation.source_count:
                self._buffer.skip(Code.ROW_UNMATCHED, message, annotation)
                counted = True
        if not counted:
            log.note(Code.ROW_UNMATCHED, message, file=row.item.origin)
        if len(log.unmatched) < LISTED:
            log.unmatched.append(path)

    def _note_assets(self, items: Sequence[Item]) -> None:
        survey = self._buffer.survey
        survey.note_assets(items)
        for asset in [item.asset for item in items if item.asset.text is not None or item.asset.frames is not None]:
            if asset.text is not None:
                survey.note_largest(TEXT, len(asset.text))
            if asset.frames is not None:
                survey.note_largest(FRAMES, asset.frames)
