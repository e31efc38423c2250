"""Deflate of the rows of a mask, written from where its foreground begins and ends and never from its bytes.

A row is a filter byte of zero and pixels of one or several bytes, either zeros or one colour, so that the whole image is
runs of zeros and runs of the colour by turns. One block with a Huffman code of its own [RFC 1951, 3.2.7] says each run
as literals for its first pixel and copies at the distance of a pixel. The code is fixed: the longest copy, 258 bytes,
takes two bits, both zero, so that whatever number of them a run needs, only its place is counted. The cost grows with the
number of runs, not with the area, and the bytes are the same whatever zlib the interpreter has.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

Color = tuple[int, ...]
"""The bytes of a foreground pixel."""

_LONGEST = 258
_END = 256
_FIRST, _FOREGROUND = _LONGEST, _LONGEST + 5
_LENGTHS = (
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    13,
    15,
    17,
    19,
    23,
    27,
    31,
    35,
    43,
    51,
    59,
    67,
    83,
    99,
    115,
    131,
    163,
    195,
    227,
)
"""The shortest copy of each symbol from 257 on; the symbol after them is the longest copy [RFC 1951, 3.2.5]."""
_COPIES = (11,) * 8 + (9,) * 4 + (8,) * 4 + (7,) * 4 + (6,) * 4 + (5,) * 4 + (1,)
"""Bits of each symbol of copies. With the end, 8 bits, they leave a quarter of the code for literals."""
_LITERALS = {1: (2,), 2: (3, 3), 3: (3, 4, 4), 4: (4, 4, 4, 4)}
"""Bits of the literals, by their number."""
_CODE_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
_CODE_BITS = {16: 3, 18: 3} | dict.fromkeys((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 17), 4)
"""Bits of the symbols that say the code itself."""
_ADLER = 65521
_BLOCK = 1 << 15
"""Runs that are packed at a time, an even number: what packing them takes is a multiple of what it gives."""


class _Bits:
    """Bits in the order of deflate, the lowest first."""

    def __init__(self) -> None:
        self.value = self.count = 0

    def add(self, value: int, count: int) -> _Bits:
        self.value |= value << self.count
        self.count += count
        return self


class _Tables(NamedTuple):
    """What runs become for one colour: the values and numbers of bits of all entries.

    The entry of n bytes after a run's first pixel and longest copies is n, that of its first n bytes is _FIRST + n; those
    of foreground are _FOREGROUND further. The last of background is the end of the block.
    """

    header: _Bits
    values: npt.NDArray[np.uint64]
    bits: Ints


def deflate(edges: Ints, first: Ints, totals: Ints, color: Color) -> list[bytes]:
    """The raw streams of some images, that of image m of ``totals[m]`` bytes, zeros but for pixels of ``color``.

    ``edges[first[m]]`` to ``edges[first[m + 1]]`` are the places where its foreground begins, ends, begins, …, in ascending
    order. Foreground is whole pixels.
    """
    import numpy as np

    tables, size = _tables(color), len(color)
    # the images one behind the other, each from its first place to its end; what is between an end and the next first
    # place is a run of no length, which stands for the end of the stream
    ends = totals.cumsum()
    counts = np.diff(first)
    images = np.arange(len(totals))
    begin, end = first[:-1] + 2 * images, first[1:] + 2 * images + 1
    places = np.empty(len(edges) + 2 * len(totals), np.int64)
    inner = np.ones(len(places), bool)
    inner[begin] = inner[end] = False
    places[begin], places[end] = ends - totals, ends
    places[inner] = edges + (ends - totals).repeat(counts)
    runs = np.diff(places, append=places[-1:])
    if len(totals) == 1 and len(runs) > _BLOCK:
        return [_in_blocks(runs, tables, size)]
    words, bits = _packed(runs, np.append(begin, len(runs)), tables.header, tables, size)
    packed = words.tobytes()
    starts = np.cumsum(bits // 64 + 1) - (bits // 64 + 1)
    return [packed[8 * at : 8 * at + (count + 7) // 8] for at, count in zip(starts.tolist(), bits.tolist())]


def _in_blocks(runs: Ints, tables: _Tables, size: int) -> bytes:
    """The stream of one image of very many runs."""
    import numpy as np

    bits, packed = tables.header, bytearray()
    for at in range(0, len(runs), _BLOCK):
        some = runs[at : at + _BLOCK]
        last = at + _BLOCK >= len(runs)
        words, counts = _packed(some, np.array([0, len(some)]), bits, tables, size, last)
        count = int(counts[0])
        if last:
            packed += words.tobytes()[: (count + 7) // 8]
        else:
            packed += words[: count // 64].tobytes()
            bits = _Bits().add(int(words[count // 64]), count % 64)
    return bytes(packed)


def _packed(
    runs: Ints, first: Ints, before: _Bits, tables: _Tables, size: int, ended: bool = True
) -> tuple[npt.NDArray[np.uint64], Ints]:
    """Little-endian words with the streams of images, each from a word on, and how many bits each has.

    Image m has the runs ``first[m]`` to ``first[m + 1]``, an even number of them, after the bits ``before``. ``ended``: the
    last of each is none but the end of the stream.
    """
    import numpy as np

    _, values_of, bits_of = tables
    single = np.minimum(runs, size)
    rest = runs - single
    longest = rest // _LONGEST
    rest -= longest * _LONGEST
    # two entries a run, its first pixel with the longest copies, and the rest
    entries = np.empty(2 * len(runs), np.int64)
    entries[::2] = single
    entries[::2] += _FIRST
    entries[1::2] = rest
    entries[2::4] += _FOREGROUND
    entries[3::4] += _FOREGROUND
    if ended:
        entries[2 * first[1:] - 2] = _FOREGROUND - 1
    values, bits = values_of.take(entries), bits_of.take(entries)
    bits[::2] += 2 * longest
    places = bits.cumsum()
    own = np.diff(places[2 * first[1:] - 1], prepend=0)
    lengths = own + before.count
    used = lengths // 64 + 1
    starts = used.cumsum() - used
    places -= bits
    places += (64 * starts + before.count - own.cumsum() + own).repeat(2 * np.diff(first))
    words = np.zeros(int(used.sum()) + 1, np.uint64)
    start = np.frombuffer(before.value.to_bytes((before.count + 63) // 64 * 8, "little"), "<u8")
    words[starts[:, None] + np.arange(len(start))] = start
    # entries do not overlap, so that adding them joins their bits
    word, shift = places >> 6, (places & 63).view(np.uint64)
    np.add.at(words, word, values << shift)
    values >>= 1
    beyond = values >> (63 - shift)
    crossing = beyond.nonzero()[0]
    np.add.at(words, word[crossing] + 1, beyond[crossing])
    return words.astype("<u8", copy=False), lengths


def adler32(edges: Ints, first: Ints, totals: Ints, color: Color) -> list[int]:
    """The checksums of the same bytes [RFC 1950, 9]: a byte counts once in the sum, and in the sum of sums as often as
    there are bytes from it to the end."""
    import numpy as np

    begin, size, half = edges[::2], len(color), first // 2
    pixels = (edges[1::2] - begin) // size
    # from the first byte of each pixel to the end
    distances = pixels * (totals.repeat(np.diff(half)) - begin) - size * (pixels * (pixels - 1) // 2)
    area, distance = (np.diff(np.concatenate(([0], x.cumsum()))[half]) % _ADLER for x in (pixels, distances % _ADLER))
    low = (1 + area * sum(color)) % _ADLER
    high = (totals + sum(color) * distance - area * sum(n * value for n, value in enumerate(color))) % _ADLER
    checks: list[int] = (high << 16 | low).tolist()
    return checks


@lru_cache(256)
def _tables(color: Color) -> _Tables:
    import numpy as np

    size = len(color)
    literals = sorted({0, *color})
    bits = dict(zip(literals, _LITERALS[len(literals)])) | {_END: 8} | dict(enumerate(_COPIES, 257))
    codes = _canonical(bits)
    distances = [0] * (size - 1) + [1, 1]  # a second one, never used, makes the code complete
    entries = np.zeros((2, _FOREGROUND, 2), np.int64)
    for ground, pixel in enumerate(((0,) * size, color)):
        for count in range(3):
            entries[ground, count] = _joined(codes, [pixel[n % size] for n in range(count)])
        for n, (shortest, after) in enumerate(zip(_LENGTHS, (*_LENGTHS[1:], _LONGEST))):
            extra = max(0, (n - 4) // 4)
            for count in range(shortest, after):
                copy = _Bits().add(*codes[257 + n]).add(count - shortest, extra).add(0, 1)
                entries[ground, count] = copy.value, copy.count
        for count in range(size + 1):
            entries[ground, _FIRST + count] = _joined(codes, pixel[:count])
    entries[0, -1] = codes[_END]
    values, widths = entries.reshape(-1, 2).T.copy()
    return _Tables(_header([bits.get(n, 0) for n in range(286)], distances), values.astype(np.uint64), widths)


def _joined(codes: dict[int, tuple[int, int]], literals: Sequence[int]) -> tuple[int, int]:
    bits = _Bits()
    for literal in literals:
        bits.add(*codes[literal])
    return bits.value, bits.count


def _canonical(bits: dict[int, int]) -> dict[int, tuple[int, int]]:
    """(code, the first bit lowest; its bits) of each symbol, from their bits [RFC 1951, 3.2.2]."""
    codes = {}
    code = before = 0
    for count, symbol in sorted((count, symbol) for symbol, count in bits.items()):
        code <<= count - before
        codes[symbol] = int(f"{code:0{count}b}"[::-1], 2), count
        code, before = code + 1, count
    return codes


def _header(symbols: list[int], distances: list[int]) -> _Bits:
    """A last block with a code of its own: how many bits each symbol has, repetitions said as such."""
    codes = _canonical(_CODE_BITS)
    header = _Bits().add(1, 1).add(2, 2).add(len(symbols) - 257, 5).add(len(distances) - 1, 5)
    header.add(len(_CODE_ORDER) - 1 - 4, 4)
    for symbol in _CODE_ORDER[:-1]:
        header.add(_CODE_BITS.get(symbol, 0), 3)
    lengths = symbols + distances
    at = 0
    while at < len(lengths):
        value, run = lengths[at], 1
        while at + run < len(lengths) and lengths[at + run] == value:
            run += 1
        at += run
        if value:
            header.add(*codes[value])
            run -= 1
        while run >= 3:
            symbol, base, extra, most = (16, 3, 2, 6) if value else (18, 11, 7, 138) if run > 10 else (17, 3, 3, 10)
            step = min(run, most)
            header.add(*codes[symbol]).add(step - base, extra)
            run -= step
        for _ in range(run):
            header.add(*codes[value])
    return header
