"""The least that pictures of CVAT cost in this language: find boxes and polygons, and write them.

    python benchmarks/pictures.py IMAGES.xml LINES.ndjson

The file is one that ``benchmarks/cvat.py`` makes. It is taken for well-formed, and every field to stand where that puts it.
There is no model, no ledger, no check, no ontology, no answer, no hash of the output.
"""

from __future__ import annotations

import gc
import re
import sys

import msgspec
from msgspec import Raw

from least import NUMBERS, Bbox, BoxLine, Point, PolygonLine, uuid

PICTURE = re.compile(r'<image id="\d+" name="([^"]*)"[^>]*>(.*?)</image>', re.DOTALL)
SHAPE = re.compile(
    r'<(?:box label="([^"]*)"[^>]* xtl="([^"]*)" ytl="([^"]*)" xbr="([^"]*)" ybr="([^"]*)"'
    r'|polygon label="([^"]*)"[^>]* points="([^"]*)")'
)
BLOCK = 1 << 20


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
                start = uuid(picture[1].encode())[:24]
                row = Raw(b'{"globalKey":"%b"}' % picture[1].encode())
                for number, (label, *corners, other, points) in zip(NUMBERS, SHAPE.findall(picture[2])):
                    if label:
                        left, top, right, bottom = map(float, corners)
                        box = Bbox(top, left, round(bottom - top, 9), round(right - left, 9))
                        lines.append(BoxLine(start + number, row, label, box))
                    else:
                        values = iter(numbers(f"[{points.replace(';', ',')}]"))
                        lines.append(PolygonLine(start + number, row, other, list(map(Point, values, values))))
            rest = text[end:]
            target.write(encode_lines(lines))


if __name__ == "__main__":
    main()
