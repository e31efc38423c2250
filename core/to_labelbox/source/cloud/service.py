"""Services in the cloud: their addresses, what reads them (fsspec), and what they answer when they refuse.

A name in a mirror is ``<scheme>/<host or bucket>/<path>``, with what is percent-encoded in web addresses decoded.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote

from to_labelbox.model.text import display
from to_labelbox.report.errors import ToLabelboxError, UnavailableError, UsageError
from to_labelbox.report.plain_words import said_plainly
from to_labelbox.source.urls import url_parts

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""This machine's trouble, not the service's."""


class Scheme(NamedTuple):
    """``package`` reads it, beside fsspec; ``access`` says how to be let in."""

    protocol: str
    package: str
    access: str


SCHEMES = {
    "s3": Scheme(
        "s3",
        "s3fs",
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a public bucket set FSSPEC_S3_ANON=true",
    ),
    "gs": Scheme(
        "gs", "gcsfs", "run `gcloud auth application-default login`; for a public bucket set FSSPEC_GS_TOKEN=anon"
    ),
    "az": Scheme(
        "abfs", "adlfs", "set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN"
    ),
    "http": Scheme("http", "aiohttp", "the address must be readable without logging in, or be a signed one"),
    "https": Scheme("https", "aiohttp", "the address must be readable without logging in, or be a signed one"),
}


def is_address(path: str) -> bool:
    """Whether a source is given by an address that is read from the cloud."""
    scheme, mark, _ = path.partition("://")
    return bool(mark) and scheme.lower() in SCHEMES


def plain(address: str) -> str:
    """Without the query, which may hold a signature, and without a password: they are neither kept nor shown."""
    if not address.lower().startswith("http"):
        return address
    return re.sub(r"^(\w+://)[^/?#]*@", r"\1", address.partition("?")[0])


def split(address: str) -> tuple[str, str]:
    """(scheme, host or bucket with path) without query; what is percent-encoded in a web address is decoded."""
    scheme, _, rest = plain(address).partition("://")
    scheme = scheme.lower()
    if scheme.startswith("http"):
        if (parts := url_parts(address)) is None:
            raise UsageError(f"{display(plain(address))}: no such address can be")
        rest = f"{parts.host.rpartition('@')[2]}/{parts.path}"
    return scheme, rest.lstrip("/")


def remote(address: str) -> str:
    """As fsspec names it: buckets without their scheme, web addresses as they are."""
    scheme, mark, rest = plain(address).partition("://")
    return f"{scheme}{mark}{rest}" if scheme.lower().startswith("http") else rest


def address_of(name: str) -> str:
    scheme, _, rest = name.partition("/")
    return f"{scheme}://{quote(rest, safe='/:@')}" if scheme.startswith("http") else f"{scheme}://{rest}"


def reached(name: str) -> tuple[Any, str]:
    """What reads a mirrored name, and the address that it takes."""
    scheme, _, rest = name.partition("/")
    return open_filesystem(scheme), address_of(name) if scheme.startswith("http") else rest


def open_filesystem(scheme: str) -> Any:
    protocol, package, _ = SCHEMES[scheme]
    try:
        import fsspec
    except ImportError:
        raise _not_installed(scheme, "fsspec") from None
    try:
        with asking(f"{scheme}://"):
            return fsspec.filesystem(protocol)
    except ImportError:
        raise _not_installed(scheme, package) from None


def _not_installed(scheme: str, package: str) -> UsageError:
    return UsageError(f"{scheme}:// needs {package}, which is not installed: pip install 'to-labelbox[cloud]'")


@contextmanager
def asking(address: str) -> Iterator[None]:
    """Whatever a service's library raises, as a sentence."""
    said, scheme = plain(address), address.partition("://")[0].lower()
    access = SCHEMES[scheme].access if scheme in SCHEMES else "is the service at hand?"
    try:
        yield
    except (ToLabelboxError, ImportError):
        raise
    except Exception as error:  # each service's library has its own
        if isinstance(error, OSError) and error.errno in _FULL:
            raise
        raise _refused(said, access, error) from None


def _refused(said: str, access: str, error: BaseException) -> ToLabelboxError:
    if isinstance(error, FileNotFoundError) and isinstance(error.__cause__, OSError):
        error = error.__cause__  # fsspec's word for a web server that does not answer
    kind, line = type(error).__name__, _line(error)
    if isinstance(error, FileNotFoundError):
        return UsageError(f"{said}: there is nothing")
    if isinstance(error, PermissionError) or re.search(
        "credential|auth|status=40[13]|forbidden", f"{kind} {line}", re.IGNORECASE
    ):
        return UsageError(f"{said}: access is refused ({said_plainly(line)}): {access}")
    return UnavailableError(f"{said}: cannot be read now ({said_plainly(line)})")


def _line(error: BaseException) -> str:
    """An error's first line, without the queries of addresses, which may hold signatures."""
    return display(re.sub(r"\?[^\s'\"]*", "", (str(error) or type(error).__name__).splitlines()[0]))


def fetch(filesystem: Any, addresses: Sequence[str], places: Sequence[str]) -> None:
    """Several files at once; each appears under its name when it is complete."""
    partial = [f"{place}.part{os.getpid()}" for place in places]
    for folder in {os.path.dirname(place) for place in places}:
        os.makedirs(folder, exist_ok=True)
    try:
        filesystem.get(list(addresses), partial)
        for fetched, place in zip(partial, places):
            os.replace(fetched, place)
    finally:
        for fetched in partial:
            if os.path.exists(fetched):
                os.unlink(fetched)
