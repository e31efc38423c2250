"""Addresses that Labelbox does not fetch, and what it takes instead [SDK 7.17 raises for s3; docs name https and gs]."""

from __future__ import annotations

_FETCHED = frozenset(("https", "http", "gs"))
_AZURE = "give https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH"
_INSTEAD = {
    **dict.fromkeys(("s3", "s3a", "s3n"), "give https://BUCKET.s3.REGION.amazonaws.com/PATH"),
    **dict.fromkeys("az azure azure-blob azure_spi azure-spi abfs abfss wasb wasbs adl".split(), _AZURE),
    "gcs": "give gs://BUCKET/PATH or https://storage.googleapis.com/BUCKET/PATH",
    "file": "give a path below the media root, or an https URL",
}


def not_fetched(row_data: str) -> str:
    """What is wrong with the scheme of an address, and what to give instead; empty where nothing is."""
    scheme, slashes, _ = row_data.partition("://")
    scheme = scheme.lower()
    if not slashes or scheme in _FETCHED or not scheme.replace("+", "").replace("-", "").replace("_", "").isalnum():
        return ""
    remedy = _INSTEAD.get(scheme, "give an https:// address with --url-prefix or --url-map")
    return f"row_data is an address of {scheme}://, which Labelbox does not fetch: {remedy}"
