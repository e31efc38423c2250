"""Whether assets of equal global keys in several datasets are the same ones: by their sizes, contents and labels."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from to_labelbox.conversion.global_keys import Keys, cleaned
from to_labelbox.conversion.repeated_assets import other_sizes, size_of, text_of
from to_labelbox.conversion.worker import STATE
from to_labelbox.model.items import Item
from to_labelbox.model.schema import Question, Schema
from to_labelbox.source.asset_lookup import MediaFolder

MOST_UNITS = 1 << 14
"""Units of a dataset that are looked at: of a larger one its beginning."""
MOST_FILES = 256
"""Pictures of a dataset whose bytes are looked at, and how many of each."""
_BYTES = 1 << 14


class CompareTask(NamedTuple):
    """A dataset that shares global keys with others; ``units`` are all it has."""

    dataset: int
    units: int


class Seen(NamedTuple):
    """What is known of an asset; empty what is not.

    ``size`` is width and height, ``place`` the address without scheme and query.
    """

    size: tuple[int, ...]
    text: bytes
    file: bytes
    place: bytes
    address: bytes
    labels: int
    drawn: bytes

    def differs(self, other: Seen) -> str:
        """What tells two assets of one key apart, in words; empty where nothing does."""
        if sizes := other_sizes(self.size, other.size):
            return sizes
        for what, one, two in (
            ("texts", self.text, other.text),
            ("contents", self.file, other.file),
            ("addresses", self.place, other.place),
        ):
            if one and two and one != two and not (what == "addresses" and self._same_file(other)):
                return what
        return ""

    def adds_to(self, other: Seen) -> bool:
        """Whether it says something that another asset of its key does not; a signature in an address may be one."""
        return self.drawn != other.drawn or (
            self.address not in (b"", other.address) and not (self._same_file(other) and other.address)
        )

    def has_content_of(self, other: Seen) -> bool:
        """Whether both have one picture, as far as it was read, or one text."""
        return self._same_file(other) or (bool(self.text) and self.text == other.text)

    def _same_file(self, other: Seen) -> bool:
        return bool(self.file) and self.file == other.file


def look_at(task: CompareTask) -> dict[str, Seen]:
    """The assets of a dataset by their global keys."""
    dataset, job = STATE.opened(task.dataset).dataset, STATE.job(task.dataset)
    namer, folder = Keys(job.settings, dataset.name), job.sources[0]
    pictures = MediaFolder(folder) if os.path.isdir(folder) else None
    found: dict[str, Seen] = {}
    for item in dataset.items(None, 0, min(task.units, MOST_UNITS)):
        asset = cleaned(item.asset)
        key, address = namer.key(asset, item.split), namer.row_data(asset, item.split) or ""
        file = _file(item, pictures) if pictures is not None and len(found) < MOST_FILES else b""
        found[key] = _seen(item, file, address)
    return found


def _seen(item: Item, file: bytes, address: str) -> Seen:
    asset, annotations = item.asset, list(item.annotations)
    drawn = msgspec.msgpack.encode(annotations, enc_hook=repr) if annotations else b""
    place = re.split("[?#]", address.partition("://")[2], maxsplit=1)[0]
    said, place_of, whole = (_digest(one.encode("utf-8", "surrogatepass")) for one in (text_of(asset), place, address))
    return Seen(size_of(asset), said, file, place_of, whole, len(annotations), _digest(drawn))


def _file(item: Item, pictures: MediaFolder) -> bytes:
    path = pictures.path(item.asset.path)
    try:
        with open(path or "", "rb") as file:
            return _digest(b"%d " % os.fstat(file.fileno()).st_size + file.read(_BYTES))
    except OSError:
        return b""


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=8).digest() if data else b""


class Comparison(NamedTuple):
    """Of the assets of a dataset whose keys an earlier one has: how many were looked at, the first that is another one
    and why, how many are others, how many have the same picture or text, how many labels they have, and whether these and
    their addresses are ``equal`` to those of the earlier one.
    """

    alike: int
    other: str
    why: str
    others: int
    same: int
    labels: int
    equal: bool


def compare(known: Mapping[str, Mapping[Seen, int]], own: Mapping[str, Seen]) -> list[tuple[int, Comparison]]:
    """The assets of a dataset held against those of earlier ones, which are ``known`` by their keys and as what they are: each against
    the first that is the same in all, else the first of its key; by the number of that one, in order. It costs what the dataset has,
    however many others share a key."""
    shared: dict[int, list[tuple[str, Seen]]] = {}
    for key, mine in own.items():
        if told := known.get(key):
            twin = mine if mine in told else next(iter(told))
            shared.setdefault(told[twin], []).append((key, twin))
    found = []
    for number, pairs in sorted(shared.items(), key=lambda one: one[0]):
        apart = [(key, why) for key, theirs in pairs if (why := own[key].differs(theirs))]
        first, why = apart[0] if apart else ("", "")
        equal = not any(own[key].adds_to(theirs) for key, theirs in pairs)
        same = sum(own[key].has_content_of(theirs) for key, theirs in pairs)
        labels = sum(own[key].labels for key, _ in pairs)
        found.append((number, Comparison(len(pairs), first, why, len(apart), same, labels, equal)))
    return found


def declared(schema: Schema) -> set[tuple[str, ...]]:
    """The names that a source declares, each behind those that it belongs to, with kinds of classes, types of questions."""
    found: set[tuple[str, ...]] = set()
    below: list[tuple[tuple[str, ...], Sequence[Question]]] = [((), schema.questions)]
    below += [(("class", label.name), label.attributes) for label in schema.labels]
    found.update(("class", label.name, kind) for label in schema.labels for kind in ("", *label.kinds))
    for path, questions in below:
        for question in questions:
            own = (*path, "question", question.name)
            found.add((*own, question.input or ""))
            found.update((*own, option.value) for option in question.options)
            below += [((*own, option.value), option.attributes) for option in question.options]
    return found


def sharing(pairs: Sequence[tuple[int, int, int]]) -> list[int]:
    """The datasets that are in any of the pairs."""
    return sorted({number for owner, other, _ in pairs for number in (owner, other)})
