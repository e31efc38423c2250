"""Images that are named by an address: what tells two of them apart, and how they are called.

An image is called by the path of its address; by host and path where another one has the same path; with the query too
where that alone tells them apart.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.source.urls import url_identity, url_parts, url_path


def identity(name: str) -> str:
    """What an image is named by: an address without what signs it for a while, any other name as it is."""
    return url_identity(name) if "?" in name and "://" in name else name


class Addresses(Struct):
    """Rows of the images of a file that have an address for a name, and the hash of its path as it is written."""

    rows: npt.NDArray[np.int64]
    paths: npt.NDArray[np.int64]


class AddressRows:
    """Grows :class:`Addresses`."""

    def __init__(self) -> None:
        self._rows, self._paths = array("q"), array("q")

    def add(self, first: int, names: Iterable[str | None]) -> None:
        """Take in the names of images from row ``first`` on."""
        for row, name in enumerate(names, first):
            if name is not None and "://" in name:
                self._rows.append(row)
                self._paths.append(hash(name.partition("://")[2].partition("/")[2].partition("?")[0]))

    def table(self) -> Addresses:
        return Addresses(np.frombuffer(self._rows, np.int64), np.frombuffer(self._paths, np.int64))


class SharedPaths:
    """The paths, and the paths behind hosts, that several images of a set have."""

    def __init__(
        self, files: Sequence[tuple[Addresses, npt.NDArray[np.int64]]], name_of: Callable[[int, int], str]
    ) -> None:
        """Of each file its addresses and the hashes of all its images' names; ``name_of``: that of a file's row."""
        self._paths: set[str] = set()
        self._hosts: set[str] = set()
        if not any(len(addresses.rows) for addresses, _ in files):
            return
        pairs = np.concatenate([np.stack((a.paths, names[a.rows]), 1) for a, names in files])
        paths, counts = np.unique(np.unique(pairs, axis=0)[:, 0], return_counts=True)
        shared = paths[counts > 1]
        by_path: dict[str, set[str]] = {}
        by_host: dict[str, set[str]] = {}
        for number, (addresses, _) in enumerate(files) if len(shared) else ():
            for row in addresses.rows[np.isin(addresses.paths, shared)].tolist():
                name = name_of(number, row)
                by_path.setdefault(url_path(name), set()).add(identity(name))
                by_host.setdefault(_behind_host(name), set()).add(identity(name))
        self._paths = {path for path, names in by_path.items() if len(names) > 1}
        self._hosts = {path for path, names in by_host.items() if len(names) > 1}

    def path_of(self, address: str) -> str:
        """What the image at an address is called."""
        path = url_path(address)
        if path not in self._paths:
            return path
        longer = _behind_host(address)
        parts = url_parts(address)
        return f"{longer}?{parts.query}" if longer in self._hosts and parts and parts.query else longer


def _behind_host(address: str) -> str:
    parts = url_parts(address)
    return f"{parts.host}/{parts.path}" if parts else url_path(address)
