"""The least that pictures of CVAT cost in this language: find boxes and polygons, and write them.

    python benchmarks/pictures.py IMAGES.xml LINES.ndjson

The file is one that ``benchmarks/cvat.py`` makes. It is taken for well-formed, and every field to stand where that puts it.
There is no model, no ledger, no check, no ontology, no answer, no hash of the output.
"""

from __future__ import annotations

import gc
import hashlib
import re
import sys

import msgspec
from msgspec import Raw, Struct

VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4))
"""The digit of a uuid that holds its variant [RFC 9562]."""
NUMBERS = [f"{n:012x}" for n in range(10_000)]
PICTURE = re.compile(r'<image id="\d+" name="([^"]*)"[^>]*>(.*?)</image>', re.DOTALL)
SHAPE = re.compile(
    r'<(?:box label="([^"]*)"[^>]* xtl="([^"]*)" ytl="([^"]*)" xbr="([^"]*)" ybr="([^"]*)"'
    r'|polygon label="([^"]*)"[^>]* points="([^"]*)")'
)
BLOCK = 1 << 20


class Point(Struct, gc=False):
    x: float
    y: float


class Bbox(Struct, gc=False):
    top: float
    left: float
    height: float
    width: float


class BoxLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: str
    bbox: Bbox


class PolygonLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: str
    polygon: list[Point]


def main() -> None:
    gc.disable()
    numbers = msgspec.json.Decoder(list[float]).decode
    encode_lines = msgspec.json.Encoder().encode_lines
    with open(sys.argv[1], encoding="utf-8") as source, open(sys.argv[2], "wb") as target:
        rest = ""
        while block := source.read(BLOCK):
            text = rest + block
            end = 0
            lines: list[BoxLine | PolygonLine] = []
            for picture in PICTURE.finditer(text):
                end = picture.end()
                h = hashlib.sha1(picture[1].encode()).hexdigest()
                uuid = f"{h[:8]}-{h[8:12]}-5{h[13:16]}-{VARIANTS[h[16]]}{h[17:20]}-"
                row = Raw(b'{"globalKey":"%b"}' % picture[1].encode())
                for number, (label, *corners, other, points) in zip(NUMBERS, SHAPE.findall(picture[2])):
                    if label:
                        left, top, right, bottom = map(float, corners)
                        box = Bbox(top, left, round(bottom - top, 9), round(right - left, 9))
                        lines.append(BoxLine(uuid + number, row, label, box))
                    else:
                        values = iter(numbers(f"[{points.replace(';', ',')}]"))
                        lines.append(PolygonLine(uuid + number, row, other, list(map(Point, values, values))))
            rest = text[end:]
            target.write(encode_lines(lines))


if __name__ == "__main__":
    main()
