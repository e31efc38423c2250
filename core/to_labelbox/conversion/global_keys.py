"""Global keys: how assets are named in the target."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Sequence

import msgspec

from to_labelbox.conversion.addresses import FIELDS, addresses, fetchable, may_share
from to_labelbox.model.items import Asset, Item
from to_labelbox.model.text import pattern, text_name
from to_labelbox.ontology.infer import clean_name
from to_labelbox.report.errors import UsageError
from to_labelbox.rules.settings import Settings
from to_labelbox.source.asset_lookup import AssetTable

MEDIA = "media"
"""Folder beside the output for media that the source holds in itself."""
MAX_LENGTH = 200
"""Characters of a global key [docs.labelbox.com/docs/limits]."""

_URL = pattern(r"^[A-Za-z][A-Za-z0-9+.-]*://")


class Keys:
    """Makes global keys and row data by one conversion's settings. Raises :class:`UsageError` for a bad template."""

    def __init__(self, settings: Settings, dataset: str) -> None:
        self._settings = settings
        self._dataset = dataset
        given = settings.url_map
        self._urls = given if isinstance(given, AssetTable) else AssetTable(given)
        self._address = addresses(settings.url_prefix) if settings.url_prefix else None
        self.may_share = may_share(settings)
        self._plain = settings.global_key == "{relpath}"
        if not self._plain:
            _check_template(settings.global_key)

    def key(self, asset: Asset, split: str) -> str:
        """The key before shortening."""
        if self._plain:
            return asset.path
        return self._settings.global_key.format(**self._fields(asset, split))

    def keys(self, items: Sequence[Item]) -> list[str]:
        """The keys of assets before shortening; those that are paths without a call for each, which takes as long again."""
        if self._plain:
            return [item.asset.path for item in items]
        return [self.key(item.asset, item.split) for item in items]

    def _fields(self, asset: Asset, split: str) -> dict[str, str]:
        name = posixpath.basename(asset.path)
        stem, ext = posixpath.splitext(name)
        return {
            "relpath": asset.path,
            "name": name,
            "stem": stem,
            "ext": ext,
            "split": split or "default",
            "dataset": self._dataset,
            "source_id": asset.id,
        }

    def url_hash(self, row_data: str) -> int:
        """64 bits that stand for an address."""
        return int.from_bytes(hashlib.blake2b(row_data.encode("utf-8", "surrogatepass"), digest_size=8).digest())

    def row_data(self, asset: Asset, split: str) -> str | None:
        """Where the asset is: the map's URL, that of the prefix, or the source's own URL; else None."""
        if self._urls and (url := self._urls.get(asset.path)):
            return fetchable(url)
        if self._address is not None:
            return self._address(self._fields(asset, split))
        if asset.url and _URL.match(asset.url):
            return fetchable(asset.url)
        return f"{MEDIA}/{asset.path}" if asset.content is not None else None


def cleaned(asset: Asset) -> Asset:
    """The asset under a path that every text can hold, different for different files."""
    if asset.path.isascii():
        return asset
    path = clean_name(text_name(asset.path))
    return asset if path == asset.path else msgspec.structs.replace(asset, path=path)


def short_key(key: str) -> str:
    """A key of at most 200 characters: its end, after a hash of the whole that keeps it unique."""
    digest = hashlib.sha1(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{digest}~{key[-(MAX_LENGTH - 17) :]}"


def _check_template(template: str) -> None:
    """Raises :class:`UsageError` for a template of keys that cannot be filled."""
    from string import Formatter  # slow to load

    try:
        places = [place for place in Formatter().parse(template) if place[1] is not None]
    except ValueError as error:
        raise UsageError(f"--global-key {template!r}: {error}") from None
    unknown = [name for _, name, _, _ in places if name not in FIELDS]
    for _, name, form, conversion in places:
        if form or conversion:
            raise UsageError(
                f"--global-key {template!r}: a field stands alone in its braces, "
                f"as {{{name}}}, without {':' if form else '!'}"
            )
    if not template.strip():
        raise UsageError("--global-key is empty")
    # a template without a field is right for a set of one asset; two of a key are found when all keys are known
    if unknown:
        listing = " ".join(f"{{{f}}}" for f in FIELDS)
        raise UsageError(f"--global-key {template!r}: no field {{{unknown[0]}}}; there are: {listing}")
