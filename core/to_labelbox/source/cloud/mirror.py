"""What is below an address, brought to a folder of this machine as far as a conversion reads it.

The folder (a *mirror*) has the names of the whole listing. Annotation files (:data:`FETCHED`) are there with their content;
everything else is an empty file that stands for the one far away. A picture's header is fetched when its size is asked for,
a few kilobytes by a ranged read, with those of its neighbours; a file that is read whole, such as a mask, when it is opened
(:mod:`~to_labelbox.source.cloud.placeholder`). So all that works on folders works on addresses, in any process, and needs
nothing but the path.

A mirror lies at ``<cache>/<digest of the addresses>/<scheme>/<host or bucket>/<path>``, what was fetched later beside
``<scheme>``. It is made equal to the listing at each run; files that have not changed are not fetched again.
``TO_LABELBOX_CACHE`` names another place, ``TO_LABELBOX_CACHE_BYTES`` another bound.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from to_labelbox.model.text import display
from to_labelbox.report.errors import UsageError
from to_labelbox.source.cloud import Told
from to_labelbox.source.cloud.placeholder import BODIES, HEADS, cache_folder, shown, write
from to_labelbox.source.cloud.service import (
    address_of,
    asking,
    fetch,
    is_address,
    open_filesystem,
    plain,
    remote,
    split,
)
from to_labelbox.source.paths import BELOW_NO_DATA, is_safe

FETCHED = frozenset(
    ".json .jsonl .ndjson .geojson .odgt .manifest .xml .csv .tsv .txt .yaml .yml .data .names .cfg .zip .gz .tar .tgz".split()
)
"""Extensions of files that may hold annotations, or say what others mean."""
LEADING = (".yaml", ".yml", ".data", ".names")
"""Of files that describe a folder: given alone, their folder is mirrored."""
BOUND = 50 << 30
IDLE_SECONDS = 86_400
"""A mirror that was used within a day is not thrown out for another."""
_LISTING = ".listing"
_NAME_BYTES = 255
_TOGETHER = 512
"""Files that are asked for at once."""


class _Listing(Struct):
    """``versions``: what tells one content of a file from the next, by name; empty where the server does not say."""

    addresses: list[str]
    versions: dict[str, str]
    held: int = 0


class _Far(NamedTuple):
    """A file far away: its address, size (None where the server does not say) and version."""

    address: str
    size: int | None
    version: str


def mirrored(paths: Sequence[str], told: Told | None = None, listing_only: bool = False) -> list[str]:
    """The paths as paths of this machine: addresses are mirrored, together, so that they keep their places to each other.

    ``listing_only``: no file is fetched ahead, as for a folder of media. Raises :class:`UsageError` where an address
    cannot be read, or does not fit into the cache.
    """
    asked = [path for path in paths if is_address(path)]
    if not asked:
        return list(paths)
    if len(asked) < len(paths):
        raise UsageError("some of the sources are addresses and some are paths: one set lies in one place")
    root = os.path.join(cache_folder(), _digest([plain(path) for path in asked]))
    try:
        os.makedirs(root, exist_ok=True)
        os.utime(root)
        return _Mirror(root, told, listing_only).of(asked)
    except OSError as error:
        place = f"{cache_folder()}, where sources of the cloud are kept, cannot be written"
        raise UsageError(f"{place}: {error.strerror}; TO_LABELBOX_CACHE names another folder") from None


def _bound() -> int:
    given = os.environ.get("TO_LABELBOX_CACHE_BYTES", "")
    if given and not (given.isascii() and given.isdigit()):
        raise UsageError(f"TO_LABELBOX_CACHE_BYTES {display(given)}: a number of bytes, such as {BOUND}")
    return int(given) if given else BOUND


def _too_large(needed: int) -> UsageError:
    return UsageError(
        f"the annotation files are {needed:,} bytes or more, and {_bound():,} are kept on this machine: "
        "set TO_LABELBOX_CACHE_BYTES to more"
    )


class _Mirror:
    def __init__(self, root: str, told: Told | None, listing_only: bool) -> None:
        self._root, self._told, self._listing_only = root, told, listing_only
        self._far: dict[str, _Far] = {}
        self._single: set[str] = set()

    def of(self, addresses: Sequence[str]) -> list[str]:
        paths = [self._list(address) for address in addresses]
        before = self._load()
        wanted = {name: far for name, far in self._far.items() if not self._listing_only and self._is_fetched(name)}
        self._forget(name for name, version in before.versions.items() if not self._is_same(name, version))
        missing = {name: far for name, far in wanted.items() if not self._is_there(name, far)}
        if missing:
            self._make_room(wanted)
        self._place_empty(self._far.keys() - wanted.keys())
        self._fetch_all(missing)
        held = sum(os.path.getsize(os.path.join(self._root, name)) for name in wanted)
        versions = {name: far.version for name, far in self._far.items()}
        listing = _Listing([plain(address) for address in addresses], versions, held)
        write(os.path.join(self._root, _LISTING), msgspec.json.encode(listing))
        return [_named_by_content(os.path.join(self._root, name)) for name in paths]

    def _list(self, address: str) -> str:
        """Take in what is at an address; its name in the mirror."""
        scheme, rest = split(address)
        web = scheme.startswith("http")
        if not _is_possible(rest.rstrip("/")):
            raise UsageError(
                f"{display(plain(address))}: write it as {scheme}://{'HOST/PATH' if web else 'BUCKET/FOLDER'}, without empty parts and .."
            )
        name, far = f"{scheme}/{rest.rstrip('/')}", address if web else remote(address)
        filesystem = open_filesystem(scheme)
        with asking(address):
            if not address.endswith("/") if web else filesystem.isfile(far):
                if name.lower().endswith(LEADING) and not web:
                    self._list(address[: address.rindex("/")])
                else:
                    info = filesystem.info(far)
                    self._far[name] = _Far(far, info.get("size"), _version(info))
                self._single.add(name)
                return name
            found = filesystem.find(far, detail=True)
        self._take(name, far.rstrip("/") + "/", found, web)
        if not any(n.startswith(f"{name}/") for n in self._far):
            lists = ", or the server lists no folders: give the address of the export's file" if web else ""
            raise UsageError(f"{plain(address)}: there is nothing{lists}")
        return name

    def _is_fetched(self, name: str) -> bool:
        return name in self._single or posixpath.splitext(name)[1].lower() in FETCHED

    def _is_same(self, name: str, before: str) -> bool:
        return name in self._far and before != "" and before == self._far[name].version

    def _is_there(self, name: str, far: _Far) -> bool:
        """Whether its content is: where the address was a folder of media before, an empty file stands for it."""
        try:
            return os.path.getsize(os.path.join(self._root, name)) > 0 or far.size == 0
        except FileNotFoundError:
            return False

    def _take(self, folder: str, start: str, found: Mapping[str, Mapping[str, Any]], web: bool) -> None:
        names: dict[str, _Far] = {}
        for far, info in found.items():
            if info.get("type") == "directory" or not far.startswith(start) or far.endswith("/"):
                continue
            rest = far[len(start) :]
            if BELOW_NO_DATA.search(f"/{rest}"):
                continue
            if web:
                if "?" in rest or "#" in rest:  # a link that sorts the listing
                    continue
                rest = unquote(rest)
            if not _is_possible(rest):
                raise UsageError(
                    f"{display(plain(far))}: no file of this machine can have such a name; give the folders beside it one by one"
                )
            names[f"{folder}/{rest}"] = _Far(far, info.get("size"), _version(info))
        folders = {name[:at] for name in names for at, sign in enumerate(name) if sign == "/"}
        if both := names.keys() & folders:
            raise UsageError(
                f"{display(shown(os.path.join(self._root, min(both))))} is a file and a folder: rename one"
            )
        self._far.update(names)

    def _load(self) -> _Listing:
        try:
            with open(os.path.join(self._root, _LISTING), "rb") as file:
                return msgspec.json.decode(file.read(), type=_Listing)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            for name in os.listdir(self._root):  # nothing is known of what is there
                shutil.rmtree(os.path.join(self._root, name), ignore_errors=True)
            return _Listing([], {})

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            for kept in (name, os.path.join(HEADS, name), os.path.join(BODIES, name)):
                try:
                    os.unlink(os.path.join(self._root, kept))
                except OSError:
                    continue

    def _make_room(self, wanted: Mapping[str, _Far]) -> None:
        """Throw out the mirrors that were not used for longest, until this one fits. Raises :class:`UsageError`."""
        bound = _bound()
        needed = sum(far.size or 0 for far in wanted.values())
        if needed > bound:
            raise _too_large(needed)
        others = sorted(_mirrors(os.path.dirname(self._root), but=self._root))
        total = needed + sum(held for _, _, held in others)
        for used, root, held in others:
            if total <= bound or time.time() - used < IDLE_SECONDS:
                break
            shutil.rmtree(root, ignore_errors=True)
            total -= held
        if total > bound:
            raise UsageError(
                f"{cache_folder()} holds {total - needed:,} bytes of sources used within a day, so {needed:,} more do not fit "
                f"into {bound:,}: delete it, or set TO_LABELBOX_CACHE_BYTES to more"
            )

    def _place_empty(self, names: set[str]) -> None:
        made = ""
        for name in sorted(names):
            path = os.path.join(self._root, name)
            if (folder := os.path.dirname(path)) != made:
                os.makedirs(folder, exist_ok=True)
                made = folder
            if not os.path.exists(path):
                with open(path, "xb"):
                    pass

    def _fetch_all(self, wanted: Mapping[str, _Far]) -> None:
        names, done = list(wanted), 0
        for at in range(0, len(names), _TOGETHER):
            some = names[at : at + _TOGETHER]
            filesystem = open_filesystem(some[0].partition("/")[0])
            places = [os.path.join(self._root, name) for name in some]
            with asking(address_of(some[0])):
                fetch(filesystem, [wanted[name].address for name in some], places)
            done += sum(map(os.path.getsize, places))
            if done > _bound():  # a server of web pages tells no sizes beforehand
                raise _too_large(done)
            if self._told is not None:
                self._told(at + len(some), len(names), done)


def _is_possible(name: str) -> bool:
    parts = name.split("/")
    return is_safe(name) and all(p not in ("", ".") and len(os.fsencode(p)) <= _NAME_BYTES for p in parts)


def _version(info: Mapping[str, Any]) -> str:
    """What the server says of a file's content: its tag or generation, else size and time of change, else nothing."""
    for key in ("ETag", "etag", "md5Hash", "generation", "content_settings"):
        if info.get(key):
            return str(info[key])
    changed = info.get("LastModified") or info.get("last_modified") or info.get("mtime") or info.get("updated")
    return f"{info.get('size')} {changed}" if changed else ""


def _mirrors(folder: str, but: str) -> Iterator[tuple[float, str, int]]:
    """(time of use, folder, bytes) of mirrors."""
    for entry in os.scandir(folder):
        if entry.path != but and entry.is_dir(follow_symlinks=False):
            held = 0
            for below, _, files in os.walk(entry.path):
                held += sum(os.path.getsize(os.path.join(below, name)) for name in files)
            yield entry.stat().st_mtime, entry.path, held


def _named_by_content(path: str) -> str:
    """A single file whose address ends in no extension gets the one of what it holds. Raises :class:`UsageError` for a web page."""
    if os.path.isdir(path):
        return path
    with open(path, "rb") as file:
        head = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
    if re.match(rb"<!doctype html|<html", head, re.IGNORECASE):
        raise UsageError(f"{shown(path)} is a web page, no export: give the address that downloads the file")
    if posixpath.splitext(path)[1].lower() in FETCHED:
        return path
    ending = {b"P": ".zip", b"<": ".xml", b"{": ".json", b"[": ".json"}.get(head[:1], "")
    named = path + ending
    if ending:
        shutil.copyfile(path, named)
    return named


def _digest(addresses: Sequence[str]) -> str:
    return hashlib.blake2b("\n".join(addresses).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
