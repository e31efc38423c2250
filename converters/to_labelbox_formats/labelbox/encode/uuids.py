"""Deterministic uuids of payload lines."""

from __future__ import annotations

import hashlib

from to_labelbox.model.text import pattern

NAMESPACE = bytes.fromhex("6f1d2b1e3c575d0a9a550b6c1c5f7a10")
"""Namespace of the uuids, as bytes: uuid5(NAMESPACE, "<global key>\\n<source id>[\\n<part>]")."""

_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4))


class _Digits(dict[str, str]):
    """Ids that are whole numbers as twelve hexadecimal digits; an empty text for any other id. Small ones are kept."""

    def __missing__(self, id: str) -> str:
        if not (id.isdecimal() and id.isascii() and len(id) <= 14 and (id[0] != "0" or id == "0")):
            return ""
        digits = f"{int(id):012x}"
        if len(id) <= 4:
            self[id] = digits
        return digits


_digits = _Digits()


class Uuids:
    """Uuids of one data row's annotations, the same in every run; SHA-1 of the key is computed once.

    An id that is a whole number ends the uuid, after 74 bits of the key's hash; most ids are, and to hash each would
    take longer than to write its line: it is ``start`` and twelve hexadecimal digits. Any other id, and every further part of
    an annotation, is hashed with the key [RFC 9562, version 5].
    """

    __slots__ = ("_base", "_given", "_key", "start")

    def __init__(self, key: str) -> None:
        # a key with a line break must not read like another one with an id after it
        name = key.encode() if key.isascii() else key.encode("utf-8", "surrogatepass")
        self._base = hashlib.sha1(NAMESPACE + name.replace(b"\n", b"\0") + b"\n")
        self._key = h = self._base.hexdigest()
        self.start = _uuid5(h)[:24]
        self._given: dict[str, int] = {}

    @property
    def digest(self) -> int:
        """64 bits that stand for the key."""
        return int(self._key[:16], 16)

    def make(self, id: str, part: str = "") -> str:
        """The uuid of a part of an annotation; an id that occurs twice is numbered, so that no uuid repeats."""
        given = self._given
        name = f"{id}\n{part}" if part else id
        if name in given:
            n = given[name] + 1
            while f"{id}\n{part}\n{n}" in given:
                n += 1
            given[name] = n  # where to go on: many may have one id
            name = f"{id}\n{part}\n{n}"
        elif not part and (digits := _digits[id]):
            given[id] = 1
            return self.start + digits
        given[name] = 1
        state = self._base.copy()
        state.update(name.encode() if name.isascii() else name.encode("utf-8", "surrogatepass"))
        return _uuid5(state.hexdigest())


def _uuid5(h: str) -> str:
    """A uuid of version 5 from the hexadecimal digits of a hash."""
    return f"{h[:8]}-{h[8:12]}-5{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:32]}"


_IDENTITY = pattern(rb'"(uuid|source|target)":"([0-9a-f-]{36})"')
"""The uuid of a line and those that a relationship refers to; within a text, the quotes would be escaped."""


def _again(uuid: bytes, what: bytes) -> bytes:
    return _uuid5(hashlib.sha1(NAMESPACE + uuid + what).hexdigest()).encode()


def make_uuids_unique(lines: list[bytes], given: set[bytes], dataset: str = "") -> list[bytes]:
    """Lines of an item whose asset came before: an import replaces an annotation by a later one of its uuid."""
    salt = b"\n" + dataset.encode("utf-8", "surrogatepass") if dataset else b""
    found = [place[2] for line in lines for place in _IDENTITY.finditer(line) if place[1] == b"uuid"]
    new: dict[bytes, bytes] = {}
    for uuid in found:
        n, other = 1, _again(uuid, b"\n" + salt) if salt else uuid
        while other in given:
            n += 1
            other = _again(uuid, b"\n%d" % n + salt)
        given.add(other)
        new[uuid] = other
    return [_IDENTITY.sub(lambda place: b'"%b":"%b"' % (place[1], new.get(place[2], place[2])), line) for line in lines]
