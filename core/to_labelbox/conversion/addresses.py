"""Where assets are: the addresses that ``--url-prefix`` makes, and those that two assets have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from to_labelbox.model.duplicate_hashes import shared
from to_labelbox.model.text import pattern
from to_labelbox.report.errors import UsageError

if TYPE_CHECKING:
    from to_labelbox.rules.settings import Settings

FIELDS = ("relpath", "name", "stem", "ext", "split", "dataset", "source_id")
"""Of templates of keys and addresses; ``ext`` has its dot, ``split`` is ``default`` in a key where there is none."""
OWN = frozenset(("relpath", "name", "stem", "source_id"))
"""Fields that say which asset it is: a template that has one is the whole address, any other is put before the path."""

_FIELD = pattern(r"\{([^{}]*)\}")
_SCHEME = pattern(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]")
_PLAIN = pattern(r"(?:[\w!$&'()*+,;=:@/?~.\[\]-]|%[0-9A-Fa-f]{2})*", re.ASCII)
_TILES = pattern(r"\{z\}.*\{-?[xy]\}")
_NOT_IN_URLS = str.maketrans({c: f"%{ord(c):02X}" for c in "#<>|"})
_SAFE = "%!$&'()*+,;=:@/?~-._[]"
"""Signs of an address that stay as they are where the user has written them; what is encoded already is among them."""


def check_prefix(prefix: str) -> None:
    """Raises :class:`UsageError` for what can be no prefix of addresses."""
    unknown = [name for name in _FIELD.findall(prefix) if name not in FIELDS]
    if unknown:
        listing = " ".join(f"{{{f}}}" for f in FIELDS)
        raise UsageError(f"--url-prefix {prefix!r}: no field {{{unknown[0]}}}; there are: {listing}")
    if set("{}") & set(_FIELD.sub("", prefix)):
        raise UsageError(f"--url-prefix {prefix!r}: a brace without its other half")
    if not _SCHEME.match(prefix):
        example = f"https://{prefix.partition('://')[2].lstrip('/') or prefix.lstrip('/') or 'HOST/FOLDER'}"
        raise UsageError(
            f"--url-prefix {prefix!r} is no address: begin with https:// and a host (or gs://), as {example!r}; "
            "for files of this machine leave it out, and give `import` the --media-root"
        )
    if re.search(r"[?#]", _FIELD.sub("", prefix)) and not OWN & set(_FIELD.findall(prefix)):
        raise UsageError(
            f"--url-prefix {prefix!r} ends in a query or fragment, behind which no path can stand: "
            "write {relpath} where the path belongs, as https://HOST/{relpath}?QUERY"
        )


@cache
def addresses(prefix: str) -> Callable[[Mapping[str, str]], str]:
    """What makes an address of an asset's fields: their values percent-encoded, the user's own text only where it has to be."""
    from urllib.parse import quote  # slow to load

    check_prefix(prefix)
    whole = prefix if OWN & set(_FIELD.findall(prefix)) else prefix.rstrip("/") + "/{relpath}"
    pieces = _FIELD.split(whole)
    texts = [_encoded_once(text) for text in pieces[::2]]
    queried = ["?" in "".join(pieces[: 2 * n + 1 : 2]) for n in range(len(texts))]
    fields = [(name, "" if queried[n] else "/") for n, name in enumerate(pieces[1::2])]

    def address(values: Mapping[str, str]) -> str:
        filled = (quote(values[name], safe=safe) for name, safe in fields)
        return "".join(chain.from_iterable(zip(texts, chain(filled, [""]))))

    return address


def fetchable(address: str) -> str:
    """An address of the source as a server takes it: percent-encoded where it has to be, but for its host.

    Encoded parts stay, signatures among them, and so does what is no http(s): names in a bucket are not encoded; and
    templates of tiles, whose fields ({z}/{x}/{y}) are filled in before anything is fetched.
    """
    if _PLAIN.fullmatch(address) or _TILES.search(address):
        return address
    if not address.lower().startswith(("http://", "https://")):
        return address.translate(_NOT_IN_URLS)
    scheme, slashes, rest = address.strip().partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return f"{scheme}{slashes}{host}{_encoded_once(rest[len(host) :])}"


def _encoded_once(text: str) -> str:
    from urllib.parse import quote

    text = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text)
    return quote(text, safe=_SAFE, errors="surrogatepass")


def may_share(settings: Settings) -> bool:
    """Whether assets of different keys may have one address."""
    prefix = settings.url_prefix
    whole = bool(OWN & set(_FIELD.findall(prefix))) and "{relpath}" not in prefix
    return bool(settings.url_map) or whole or settings.global_key != "{relpath}"


def shared_addresses(sets: Sequence[tuple[Iterable[int], Iterable[int]]]) -> list[tuple[int, int, int]]:
    """Datasets with assets that have another key than an earlier one at the same address (see :func:`shared`).

    Of each dataset the hashes of addresses (0: none) and of keys, in the same order.
    """
    return shared(sets, none=0)


def advice(settings: Settings, datasets: bool = False) -> str:
    """What to do about addresses that are shared."""
    if settings.url_map:
        return "give each its own line in --url-map"
    if not settings.url_prefix:
        return "if they are different assets, their addresses are wrong in the source: see --url-prefix, --url-map"
    if datasets and "{dataset}" not in settings.url_prefix:
        return f"if they are others, give each dataset its own folder with --url-prefix '{settings.url_prefix.rstrip('/')}/{{dataset}}'"
    used = _FIELD.findall(settings.url_prefix)
    if "name" in used or "stem" in used:
        return "use {relpath} rather than {name} in --url-prefix, or --url-map"
    apart = [f"{{{name}}}" for name in _FIELD.findall(settings.global_key) if name not in (*used, *OWN)]
    if not apart:
        return "their paths are the same: give each its own line in --url-map"
    return f"their paths are the same: put {' '.join(apart)} into --url-prefix too, as it is in --global-key, or give --url-map"
