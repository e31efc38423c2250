"""The pictures that lie in the source beside the export."""

from __future__ import annotations

from functools import cached_property

from to_labelbox.source.asset_lookup import AssetTable, Claims
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import Header


class SourcePictures:
    """Headers of pictures of a folder or archive, looked up by the name of an asset like those below a media root."""

    def __init__(self, source: Source, claims: Claims) -> None:
        self._source = source
        self._claims = claims

    def __len__(self) -> int:
        return len(self._table)

    def header(self, name: str) -> Header | None:
        """The header of the picture that is meant; None where there is none, or where it may be another asset's as well."""
        found = self._table.get(name)
        return self._source.header(found) if found is not None else None

    @cached_property
    def _table(self) -> AssetTable[str]:
        names = () if self._source.is_file else self._source.pictures
        return AssetTable({name: name for name in names}, self._claims)
