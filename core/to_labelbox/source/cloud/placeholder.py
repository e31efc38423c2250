"""Files of a mirror that stand for those far away: where they are, and what is fetched of them when it is asked for."""

from __future__ import annotations

import os
import posixpath
import tempfile
from bisect import bisect_right
from collections.abc import Callable
from functools import cache

from to_labelbox.source.cloud.service import SCHEMES, address_of, asking, fetch, reached
from to_labelbox.source.paths import MIRRORS

HEAD = 16 << 10
"""Bytes of a picture that hold its header, nearly always."""
NEIGHBOURS = 256
"""Headers that are asked for at once at most."""
HEADS, BODIES = ".heads", ".bodies"


def shown(path: str) -> str:
    """The address that a mirrored path stands for; any other path as it is."""
    place = place_of(path)
    return address_of(place[1]) if place is not None else path


def ranged(path: str) -> Callable[[int, int], bytes] | None:
    """For an empty file that stands for one far away: reads (offset, size) of that one. None for any other file."""
    place = place_of(path)
    if place is None:
        return None
    root, name = place
    head = _cached_head(root, name, path)
    filesystem, address = reached(name)

    def read(offset: int, size: int) -> bytes:
        if offset + size <= len(head) or len(head) < HEAD:
            return head[offset : offset + size]
        with asking(address):
            return bytes(filesystem.cat_file(address, start=offset, end=offset + size))

    return read


def whole(path: str) -> str | None:
    """For an empty file that stands for one far away: a file with its content. None for any other file."""
    place = place_of(path)
    if place is None:
        return None
    root, name = place
    body = os.path.join(root, BODIES, name)
    if not os.path.exists(body):
        filesystem, address = reached(name)
        with asking(address):
            fetch(filesystem, [address], [body])
    return body


def cache_folder() -> str:
    """Where mirrors are kept."""
    base = os.environ.get("TO_LABELBOX_CACHE") or os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(os.path.abspath(base) if not base.startswith("~") else tempfile.gettempdir(), MIRRORS)


def _cached_head(root: str, name: str, path: str) -> bytes:
    kept = os.path.join(root, HEADS, name)
    try:
        with open(kept, "rb") as file:
            return file.read()
    except OSError:
        pass
    names = _ahead(root, name, path)
    filesystem, _ = reached(name)
    addresses = [reached(n)[1] for n in names]
    with asking(addresses[0]):
        heads = filesystem.cat_ranges(addresses, [0] * len(names), [HEAD] * len(names), on_error="return")
        if isinstance(heads[0], Exception):
            raise heads[0]
    for n, head in zip(names, heads):
        if isinstance(head, bytes):
            write(os.path.join(root, HEADS, n), head)
    return bytes(heads[0])


_asked: dict[str, int] = {}
"""How many headers of a folder were asked for at once the last time: twice as many the next."""


def _ahead(root: str, name: str, path: str) -> list[str]:
    """A picture and those that follow it in its folder: whoever asks for one header mostly asks for all, in order."""
    folder, _, own = name.rpartition("/")
    many = _asked[folder] = min(NEIGHBOURS, 2 * _asked.get(folder, 0) or 1)
    if many == 1:
        return [name]
    names, extension = _sorted_names(os.path.dirname(path)), posixpath.splitext(own)[1]
    following = names[bisect_right(names, own) : bisect_right(names, own) + many - 1]
    ahead = [f"{folder}/{n}" for n in following if n.endswith(extension)]
    return [name, *(n for n in ahead if not os.path.exists(os.path.join(root, HEADS, n)))]


@cache
def _sorted_names(folder: str) -> list[str]:
    return sorted(os.listdir(folder))


def place_of(path: str) -> tuple[str, str] | None:
    """The mirror that a path lies in, and its name there."""
    folder, whole_path = os.path.join(cache_folder(), ""), os.path.abspath(path)
    if not whole_path.startswith(folder):
        return None
    digest, _, name = whole_path[len(folder) :].replace(os.sep, "/").partition("/")
    scheme = name.partition("/")[0]
    return (os.path.join(folder, digest), name) if scheme in SCHEMES else None


def write(place: str, data: bytes) -> None:
    os.makedirs(os.path.dirname(place), exist_ok=True)
    partial = f"{place}.part{os.getpid()}"
    with open(partial, "wb") as file:
        file.write(data)
    os.replace(partial, place)
