"""Addresses of assets: their parts, and what of them tells one asset from another."""

from __future__ import annotations

import re
from typing import NamedTuple

from to_labelbox.model.text import pattern

_URL = pattern(r"[A-Za-z][A-Za-z0-9+._-]*://")
_SIGNING = pattern(
    r"x-(?:amz|goog|oss|cos)-[\w-]+|q-[\w-]+|signature|expires|policy|key-pair-id|awsaccesskeyid|googleaccessid|ossaccesskeyid"
    r"|security-token",
    re.IGNORECASE,
)
"""Parameters that sign an address for a while [AWS SigV2, SigV4, CloudFront; Google V2, V4; Alibaba OSS; Tencent COS]."""
_SHARED = frozenset("sv ss srt sr st se sp spr sip si sig skoid sktid skt ske sks skv saoid suoid scid sdd".split())
"""Those of Azure's shared access signatures, which mean this only beside ``sig``."""

_EXPIRING = (
    ("x-amz-signature", "x-amz-expires"),
    ("x-goog-signature", "x-goog-expires"),
    ("x-oss-signature", "x-oss-expires"),
    ("signature", "expires"),
    ("signature", "key-pair-id"),
    ("sig", "se"),
    ("q-signature", "q-sign-time"),
)
"""Parameters of a signature, and what says that it holds for a while."""


class UrlParts(NamedTuple):
    """``host`` with its port; ``path`` with what is quoted in it unquoted, without the first slash."""

    scheme: str
    host: str
    name: str
    path: str
    query: str


def is_url(text: str) -> bool:
    return _URL.match(text) is not None


def url_parts(text: str) -> UrlParts | None:
    """The parts of an address; None when it has a host that no address can have (``http://a]b/``).

    ``name`` is the host alone, in lower case, without port and brackets.
    """
    from urllib.parse import unquote, urlsplit  # slow to load, and most sources have no address

    try:
        parts = urlsplit(text)
        return UrlParts(
            parts.scheme, parts.netloc, parts.hostname or "", unquote(parts.path).lstrip("/"), unsigned(parts.query)
        )
    except ValueError:
        return None


def url_path(text: str) -> str:
    """The path of an address, unquoted; of one that cannot be taken apart, all that follows its host."""
    parts = url_parts(text)
    if parts is not None:
        return parts.path
    from urllib.parse import unquote

    return unquote(re.split(r"[?#]", text.partition("://")[2].partition("/")[2])[0])


def unsigned(query: str) -> str:
    """The parameters of a query without those that sign it: they change each time and name nothing."""
    if not query:
        return ""
    parameters = query.split("&")
    names = [p.partition("=")[0] for p in parameters]
    shared = _SHARED if "sig" in names else frozenset()
    return "&".join(p for p, name in zip(parameters, names) if not _SIGNING.fullmatch(name) and name not in shared)


def url_identity(text: str) -> str:
    """An address as far as it tells which asset it is of: the same for one that is signed anew, and without fragment."""
    address, question, query = text.partition("#")[0].partition("?")
    kept = unsigned(query)
    return f"{address}?{kept}" if question and kept else address


def signed_until(text: str) -> str | None:
    """Until when a signed address holds, in words; None for one that is not signed for a while.

    X-Amz-Date and X-Goog-Date with seconds in -Expires, seconds since 1970 in Expires, a date in Azure's se.
    """
    query = text.partition("#")[0].partition("?")[2]
    if "ig" not in query:  # of every parameter of a signature
        return None
    from datetime import UTC, datetime, timedelta  # as urllib slow to load
    from urllib.parse import parse_qsl

    try:
        given = {name.lower(): value for name, value in parse_qsl(query, max_num_fields=100)}
    except ValueError:
        return None
    stated = next((expires for signature, expires in _EXPIRING if signature in given and expires in given), None)
    if stated is None:
        return None
    value, begin = given[stated], given.get(stated.replace("expires", "date"), "")
    try:
        if stated == "se":
            end = datetime.fromisoformat(value)
            end = end if end.tzinfo else end.replace(tzinfo=UTC)
        elif stated == "expires":
            end = datetime.fromtimestamp(int(value), UTC)
        else:
            end = datetime.strptime(begin, "%Y%m%dT%H%M%S%z") + timedelta(seconds=int(value))
    except (ValueError, OverflowError, OSError):
        return "some time after it was made"
    return f"{end.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
