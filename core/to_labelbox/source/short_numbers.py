"""Numbers in lists, read from JSON many at a time: those of up to eight characters, as most coordinates are, by columns.

A number's text fits into 64 bits, so each step is one operation of numpy over all numbers. What comes out is exact: up to
eight digits are a whole number that a double holds, and its quotient by a power of ten is rounded correctly, as the decimal
itself would be. Lists with any other number are left to the decoder, all in one call.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

SHORT = 8
"""Characters of the longest number that is read here."""
LITTLE = sys.byteorder == "little"
"""Whether this machine has bytes in the order that is taken for granted here; elsewhere nothing is read."""
_U = np.uint64
_OPEN, _CLOSE, _OTHER_SEPARATORS = ord("["), ord("]"), b",] "
_BLANKS = b" \t\r\n"


def _every(byte: int) -> np.uint64:
    return _U(int.from_bytes(bytes([byte]) * 8, "little"))


def _by_length(make: bytes, fill: bytes) -> npt.NDArray[np.uint64]:
    """For each length a word that has the one in as many bytes, the other in the rest."""
    return np.array([int.from_bytes((make * n + fill * (8 - n)), "little") for n in range(SHORT + 1)], _U)


_TEXT = _by_length(b"\xff", b"\0")
FILL = b"\1"
_FILLED = _by_length(b"\0", FILL)
_POINT_ZERO = np.array([int.from_bytes(b".0", "little") << 8 * n for n in range(7)] + [0, 0], _U)
_BEFORE = np.array([0] + [64 - 8 * n for n in range(1, SHORT + 1)], _U)
_ZEROS = np.array([int.from_bytes(b"0" * (8 - n) + bytes(n), "little") for n in range(SHORT + 1)], _U)
"""Zeros before a number of each length that stands at the end of a word."""
_ONES, _HIGH, _DIGIT_ZERO = _every(1), _every(0x80), _every(ord("0"))
_DOT, _OVER_NINE = _every(ord(".") ^ ord("0")), _every(0x80 - 10)
_PAIRS, _FOURS, _EIGHT = _U(0x00FF00FF00FF00FF), _U(0x0000FFFF0000FFFF), _U(0xFFFFFFFF)
_WHICH_BYTE = _U(sum(k << (61 - 8 * k) for k in range(8)))
"""Times 1 << 8 k, this has k in its upper three bits."""
_TENS = np.array([1.0, *(10.0 ** (7 - k) for k in range(1, 8))])
"""What the digits are divided by when the point was in byte k; one that is in none counts as byte 0."""
_LEAST = 0.001
"""JSON texts of smaller numbers may have an exponent."""
_NEXT_RING = _U(int.from_bytes(b"],[", "little"))


class Rings(Struct, eq=False):
    """Numbers in rings; ``first_value`` says where each begins, with the end of the last.

    ``texts`` are the numbers as a JSON encoder writes doubles, filled up with :data:`FILL`, but for those of ``others``: rings
    with a longer number or one that is spelt otherwise. ``read``: whether a ring has numbers alone; elsewhere its values and
    texts mean nothing.
    """

    values: npt.NDArray[np.float64]
    texts: npt.NDArray[np.uint64]
    first_value: npt.NDArray[np.intp]
    read: npt.NDArray[np.bool_]
    others: dict[int, list[float]]


NO_RINGS = Rings(np.empty(0), np.empty(0, _U), np.zeros(1, np.intp), np.empty(0, np.bool_), {})
_decode = msgspec.json.Decoder(list[list[float]]).decode


def read_rings(text: bytes, count: int) -> Rings | None:
    """The numbers of ``count`` lists, valid JSON with commas between. None where they are anything but lists of numbers."""
    long = len(text) - text.count(b" ") - 2 * count > (SHORT + 1) * (text.count(b",") + 1)
    if long and (found := _decoded([text])):
        return _decoded_rings(found)
    if not LITTLE:
        return None
    if b"\n" in text:
        text = text.translate(None, _BLANKS)
    rings = _rings(text, count)
    # a blank behind a comma is passed over, one elsewhere is not
    return _rings(text.translate(None, _BLANKS), count) if rings is None and b" " in text else rings


def _decoded(rings: Sequence[bytes]) -> list[list[float]] | None:
    """The numbers of all of some lists; None where one of them holds anything else."""
    try:
        return _decode(b"[%b]" % b",".join(rings))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _decoded_rings(rings: list[list[float]]) -> Rings | None:
    """Rings whose numbers are long."""
    if not all(rings):
        return None
    first_value = np.cumsum([0, *map(len, rings)])
    values = np.fromiter(chain.from_iterable(rings), np.float64, int(first_value[-1]))
    return Rings(values, np.empty(0, _U), first_value, np.ones(len(rings), np.bool_), dict(enumerate(rings)))


def _rings(text: bytes, count: int) -> Rings | None:
    characters = np.frombuffer(text, np.uint8)
    # comparisons are vectors of the processor, where translating goes byte by byte
    separating = characters == _OPEN
    if np.count_nonzero(separating) != count:
        return None
    for separator in _OTHER_SEPARATORS:
        separating |= characters == separator
    separators = np.flatnonzero(separating)
    gaps = separators[1:] - separators[:-1]
    numbers = np.flatnonzero(gaps > 1)
    # a bracket before the first number and one behind the last
    if not len(numbers) or numbers[0] or len(separators) - 2 != numbers[-1] or text[:1] != b"[" or text[-1:] != b"]":
        return None
    starts, lengths = separators.take(numbers) + 1, gaps.take(numbers) - 1
    words = np.ndarray((len(text),), _U, text + bytes(SHORT), strides=(1,))
    behind = starts + lengths
    ends = np.flatnonzero(characters.take(behind[:-1]) == _CLOSE)
    if len(ends) != count - 1 or not ((words.take(behind.take(ends)) & _U(0xFFFFFF)) == _NEXT_RING).all():
        return None
    first_value = np.concatenate(([0], ends + 1, [len(numbers)]))
    values, texts, found = _numbers(words.take(starts), lengths)
    rings = Rings(values, texts, first_value, np.logical_and.reduceat(found, first_value[:-1]), {})
    if not rings.read.all():
        _read_others(rings, text, starts, behind)
    return rings


def _read_others(rings: Rings, text: bytes, starts: npt.NDArray[np.intp], behind: npt.NDArray[np.intp]) -> None:
    """Decode the rings that are not read yet."""
    numbers = np.flatnonzero(~rings.read)
    first, last = rings.first_value.take(numbers), rings.first_value.take(numbers + 1)
    texts = [text[begin - 1 : end + 1] for begin, end in zip(starts[first].tolist(), behind[last - 1].tolist())]
    found: Iterable[list[float] | None] = _decoded(texts) or [
        one[0] if one else None for one in map(_decoded, zip(texts))
    ]
    for n, begin, end, ring in zip(numbers.tolist(), first.tolist(), last.tolist(), found):
        rings.values[begin:end] = ring or 0.0
        rings.texts[begin:end] = 0
        if ring:
            rings.read[n] = True
            rings.others[n] = ring


def _numbers(
    words: npt.NDArray[np.uint64], lengths: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
    """Values, texts as an encoder writes them, and whether both are right. ``words`` begin with the numbers' texts."""
    short: npt.NDArray[np.bool_] | None = None
    if lengths.max() > SHORT:
        short = lengths <= SHORT
        lengths = np.minimum(lengths, SHORT)
    texts = words & _TEXT.take(lengths)
    texts |= _FILLED.take(lengths)
    digits = words << _BEFORE.take(lengths)
    digits |= _ZEROS.take(lengths)
    digits ^= _DIGIT_ZERO
    # the lowest bit of the first byte that is a point: subtracting borrows from no byte before it
    pointed = digits ^ _DOT
    marks = (pointed - _ONES) & ~pointed & _HIGH
    marks &= -marks
    marks >>= _U(7)
    last = digits >> _U(56)
    no_point = marks == 0
    before = marks - _U(1)
    behind = ~(before | (marks * _U(0xFF)))
    joined = ((digits & before) << _U(8)) | (digits & behind)
    whole = bool(no_point.any())
    if whole:
        joined = np.where(no_point, digits, joined)
    read = ((joined + _OVER_NINE) | joined) & _HIGH == 0
    # an encoder writes no zero at the end but the one behind the point
    read &= (last != 0) | (marks == _U(1 << 48)) | no_point
    if whole:
        texts = np.where(no_point, (texts & _TEXT.take(lengths)) | _POINT_ZERO.take(lengths), texts)
        texts |= np.where(no_point, _FILLED.take(np.minimum(lengths + 2, SHORT)), _U(0))
        read &= ~no_point | (lengths <= SHORT - 2)
    if short is not None:
        read &= short
    joined = (joined * _U(10) + (joined >> _U(8))) & _PAIRS
    joined = (joined * _U(100) + (joined >> _U(16))) & _FOURS
    joined = (joined * _U(10_000) + (joined >> _U(32))) & _EIGHT
    values = joined.astype(np.float64)
    values /= _TENS.take(((marks * _WHICH_BYTE) >> _U(61)).astype(np.intp))
    read &= (values >= _LEAST) | (values == 0)
    return values, texts, read
