"""Folders of small files: YOLO beside reading all its texts, Pascal VOC beside a bare parse of all its XML.

python benchmarks/folders.py [--images 20000] [--rounds 3]

``rows.py`` is the least that the rows cost without any of what a conversion is for. With 200,000 pictures the peak may
grow by the index alone: a name and some 20 bytes for each file.
"""

from __future__ import annotations

import argparse
import random
import struct
import tempfile
from pathlib import Path

from measure import CONVERT, compare

READ = """
import os, sys
for name in sorted(os.listdir(sys.argv[1])):
    descriptor = os.open(sys.argv[1] + "/" + name, os.O_RDONLY)
    os.read(descriptor, 1 << 20)
    os.close(descriptor)
"""
PARSE = """
import os, sys
{}
for name in sorted(os.listdir(sys.argv[1])):
    with open(sys.argv[1] + "/" + name, "rb") as file:
        etree.fromstring(file.read())
"""
YARDSTICKS = {
    "yolo": {"read() of all texts": READ},
    "voc": {
        "lxml parse of all XML": PARSE.format("from lxml import etree"),
        "ElementTree parse of it": PARSE.format("from xml.etree import ElementTree as etree"),
    },
}
ROWS = Path(__file__).with_name("rows.py")
LIMITS = {"yolo": ("labels", 4.0), "voc": ("Annotations", 2.4)}
CLASSES = [f"class {n}" for n in range(80)]


def header(width: int, height: int) -> bytes:
    """The beginning of a baseline JPEG, as far as its size goes."""
    frame = struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)
    return (
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc0"
        + struct.pack(">H", len(frame) + 2)
        + frame
        + b"\xff\xd9"
    )


def boxes(rng: random.Random) -> list[tuple[int, int, int, int, int]]:
    """class, left, top, right, bottom of each object on a picture of 640 × 480."""
    found = []
    for _ in range(rng.randrange(15)):
        left, top = rng.randrange(1, 600), rng.randrange(1, 440)
        corners = rng.randrange(left + 5, 640), rng.randrange(top + 5, 480)
        found.append((min(79, int(rng.expovariate(0.08))), left, top, *corners))
    return found


def generate(root: Path, count: int) -> None:
    rng = random.Random(7)
    for folder in ("yolo/images", "yolo/labels", "voc/Annotations", "voc/ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    picture = header(640, 480)
    names = "".join(f"  {n}: {name}\n" for n, name in enumerate(CLASSES))
    (root / "yolo/data.yaml").write_text(f"path: .\ntrain: images\nnames:\n{names}")
    for n in range(count):
        rows, objects = [], []
        for label, left, top, right, bottom in boxes(rng):
            centre = f"{(left + right) / 1280:.6f} {(top + bottom) / 960:.6f}"
            rows.append(f"{label} {centre} {(right - left) / 640:.6f} {(bottom - top) / 480:.6f}\n")
            objects.append(
                f"\t<object>\n\t\t<name>{CLASSES[label]}</name>\n\t\t<pose>Left</pose>\n\t\t<truncated>{label % 2}</truncated>\n"
                f"\t\t<difficult>0</difficult>\n\t\t<bndbox>\n\t\t\t<xmin>{left}</xmin>\n\t\t\t<ymin>{top}</ymin>\n"
                f"\t\t\t<xmax>{right}</xmax>\n\t\t\t<ymax>{bottom}</ymax>\n\t\t</bndbox>\n\t</object>\n"
            )
        (root / f"yolo/images/{n:06}.jpg").write_bytes(picture)
        (root / f"yolo/labels/{n:06}.txt").write_text("".join(rows))
        (root / f"voc/Annotations/{n:06}.xml").write_text(
            f"<annotation>\n\t<filename>{n:06}.jpg</filename>\n\t<source>\n\t\t<database>The VOC2007 Database</database>\n"
            "\t</source>\n\t<size>\n\t\t<width>640</width>\n\t\t<height>480</height>\n\t\t<depth>3</depth>\n\t</size>\n"
            + "".join(objects)
            + "</annotation>\n"
        )
    (root / "voc/ImageSets/Main/train.txt").write_text("".join(f"{n:06}\n" for n in range(count)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        generate(root, given.images)
        for name, (below, limit) in LIMITS.items():
            print(f"{name}, {given.images:,} pictures")
            arguments = [*CONVERT, str(root / name), "-o", str(root / "out"), "--overwrite", "--quiet"]
            least = {"the least, rows.py": [str(ROWS), str(root / name), str(root / "lines")]} if name == "yolo" else {}
            programs = {
                **{said: ["-c", program, str(root / name / below)] for said, program in YARDSTICKS[name].items()},
                **least,
                "convert": arguments,
                "convert --workers 2": [*arguments, "--workers", "2"],
            }
            compare(list(YARDSTICKS[name]), programs, {"convert": limit}, given.rounds)


if __name__ == "__main__":
    main()
