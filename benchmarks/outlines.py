"""The least that outlines of COCO cost in this language: find, decode, name and write them, and nothing else.

    python benchmarks/outlines.py INSTANCES.json LINES.ndjson

Crowds are written as their boxes. There is no model, no ledger, no check, no ontology, no hash of the output.
"""

from __future__ import annotations

import gc
import os
import sys

import msgspec
import numpy as np
from msgspec import Raw, Struct

from least import Bbox, BoxLine, Point, PolygonLine, uuid
from to_labelbox.source.json_stream import JsonStream


class Owner(Struct, gc=False):
    image_id: int


class Image(Struct, gc=False):
    id: int
    file_name: str


class Annotation(Struct, gc=False):
    id: int
    category_id: int
    bbox: list[float]
    segmentation: list[list[float]] | dict[str, object]


def main() -> None:
    gc.disable()
    with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as target:
        names: dict[int, str] = {}
        at: list[int] = []
        lengths: list[int] = []
        owners: list[int] = []
        images = msgspec.json.Decoder(list[Image]).decode
        annotations = msgspec.json.Decoder(list[Owner]).decode
        stream = JsonStream(source)
        stream.next()
        for key in stream.members():
            if key == "images":
                for _, _, found, _ in stream.pieces(images, lambda text: None):
                    names.update((image.id, image.file_name) for image in found if image)
            elif key == "annotations":
                for starts, sizes, items, _ in stream.pieces(annotations, lambda text: None):
                    at += starts.tolist()
                    lengths += sizes.tolist()
                    owners += [item.image_id for item in items if item]
            else:
                stream.skip()
        decode = msgspec.json.Decoder(list[Annotation]).decode
        encode_into = msgspec.json.Encoder().encode_into
        order = np.argsort(np.array(owners), kind="stable")
        lines = bytearray()
        for group in np.split(order, np.flatnonzero(np.diff(np.array(owners)[order])) + 1):
            members = group.tolist()
            name = names[owners[members[0]]].encode()
            start = uuid(name)[:24]
            row = Raw(b'{"globalKey":"%b"}' % name)
            texts = [os.pread(source.fileno(), lengths[n], at[n]) for n in members]
            for annotation in decode(b"[" + b",".join(texts) + b"]"):
                tool = f"class {annotation.category_id}"
                rings = annotation.segmentation
                if isinstance(rings, dict):
                    x, y, w, h = annotation.bbox
                    encode_into(BoxLine(f"{start}{annotation.id:012x}", row, tool, Bbox(y, x, h, w)), lines, -1)
                    lines += b"\n"
                    continue
                for n, ring in enumerate(rings):
                    values = iter(ring)
                    points = list(map(Point, values, values))
                    own = uuid(b"%b\n%d\n%d" % (name, annotation.id, n)) if n else f"{start}{annotation.id:012x}"
                    encode_into(PolygonLine(own, row, tool, points), lines, -1)
                    lines += b"\n"
            if len(lines) > 1 << 18:
                target.write(lines)
                lines.clear()
        target.write(lines)


if __name__ == "__main__":
    main()
