"""The least that rows of YOLO cost in this language: read them, scale them by their picture's size, and write them.

    python benchmarks/rows.py SET LINES.ndjson

SET has ``images`` with JPEGs and ``labels``, as ``benchmarks/folders.py`` makes them. There is no model, no ledger, no
check, no descriptor, no ontology, no hash of the output.
"""

from __future__ import annotations

import gc
import os
import sys

import msgspec
from msgspec import Raw

from least import NUMBERS, Bbox, BoxLine, uuid


def read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    data = os.read(descriptor, 1 << 16)
    os.close(descriptor)
    return data


def size(picture: bytes) -> tuple[int, int]:
    """Width and height of a baseline JPEG, by its first frame header."""
    at = 2
    while picture[at + 1] != 0xC0:
        at += 2 + (picture[at + 2] << 8 | picture[at + 3])
    return picture[at + 7] << 8 | picture[at + 8], picture[at + 5] << 8 | picture[at + 6]


def main() -> None:
    gc.disable()
    source, target = sys.argv[1:]
    names = {str(n).encode(): Raw(f'"class {n}"'.encode()) for n in range(80)}
    encode_lines = msgspec.json.Encoder().encode_lines
    lines: list[BoxLine] = []
    with open(target, "wb") as file:
        for name in sorted(os.listdir(f"{source}/labels")):
            picture = f"images/{name[:-4]}.jpg"
            width, height = size(read(f"{source}/{picture}"))
            start = uuid(picture.encode())[:24]
            row = Raw(b'{"globalKey":"%b"}' % picture.encode())
            rows = read(f"{source}/labels/{name}").splitlines()
            for number, (token, *centre) in zip(NUMBERS, map(bytes.split, rows)):
                x, y, w, h = map(float, centre)
                box = Bbox((y - h / 2) * height, (x - w / 2) * width, h * height, w * width)
                lines.append(BoxLine(start + number, row, names[token], box))
            if len(lines) > 1000:
                file.write(encode_lines(lines))
                lines.clear()
        file.write(encode_lines(lines))


if __name__ == "__main__":
    main()
