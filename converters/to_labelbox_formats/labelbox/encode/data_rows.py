"""Data rows, in the form that each asset type takes [docs.labelbox.com/reference/import-*-data]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from to_labelbox.model.items import Asset, Media
from to_labelbox_formats.labelbox.encode.placeholders import ascii_json, json_of

MEDIA_TYPES = {
    Media.IMAGE: "IMAGE",
    Media.VIDEO: "VIDEO",
    Media.TEXT: "TEXT",
    Media.DOCUMENT: "PDF",
    Media.CONVERSATION: "CONVERSATIONAL",
    Media.AUDIO: "AUDIO",
    Media.GEOSPATIAL: "TMS_GEO",
    Media.HTML: "HTML",
    Media.DICOM: "DICOM",
}


def data_row(
    asset: Asset, key: str, key_json: str, row_data: str | None, metadata: Sequence[tuple[str, str]] = ()
) -> str:
    """One NDJSON line; ``key_json`` is the global key as JSON.

    Without a URL, row_data is the relative path, which the SDK uploads from the media folder.
    """
    path, media = asset.path, asset.media
    own = key_json if path == key else _text_json(path)
    cut = own.rfind("/", 0, -2)
    name = f'"{own[cut + 1 :]}' if cut >= 0 and not path.endswith("/") else own
    data, medium = _text_json(row_data) if row_data else own, "IMAGE"
    if media is not Media.IMAGE:
        medium = MEDIA_TYPES[media]
        if (form := _ROW_DATA.get(media)) is not None:
            data = json_of(form(asset, row_data or path)).decode()
    if asset.tiles and asset.tiles.epsg == "Simple":
        medium = "TMS_SIMPLE"
    more = ""
    if metadata:
        fields = json_of([{"name": name, "value": value} for name, value in metadata]).decode()
        more = f',"metadata_fields":{fields}'
    return f'{{"row_data":{data},"global_key":{key_json},"external_id":{name},"media_type":"{medium}"{more}}}\n'


def _text_json(text: str) -> str:
    return ascii_json(text).decode()


def _text(asset: Asset, url: str) -> Any:
    return url if asset.text is None else asset.text


def _document(asset: Asset, url: str) -> Any:
    return {"pdf_url": url, **({"text_layer_url": asset.text_layer} if asset.text_layer else {})}


def _conversation(asset: Asset, url: str) -> Any:
    if not asset.messages:
        return url
    return {
        "type": "application/vnd.labelbox.conversational",
        "version": 1,
        "messages": [
            {
                "messageId": m.id,
                "content": m.content,
                "user": {"userId": m.user, "name": m.name or m.user},
                "align": m.align,
                "canLabel": m.can_label,
            }
            for m in asset.messages
        ],
    }


def _tiles(asset: Asset, url: str) -> Any:
    """``version`` 2 reads bounds as x, y [docs, import-geospatial-data]."""
    tiles = asset.tiles
    if tiles is None:
        return url
    return {
        "tile_layer_url": tiles.url or url,
        "bounds": [list(corner) for corner in tiles.bounds],
        "min_zoom": tiles.min_zoom,
        "max_zoom": tiles.max_zoom,
        "epsg": tiles.epsg,
        "version": 2,
    }


_ROW_DATA = {Media.TEXT: _text, Media.DOCUMENT: _document, Media.CONVERSATION: _conversation, Media.GEOSPATIAL: _tiles}
