"""CVAT: a whole conversion beside a bare iterparse of the same XML.

    python benchmarks/cvat.py [--images 20000] [--tracks 200] [--frames 5000] [--rounds 3] [--keep FOLDER]

Shown are the medians of the rounds, and the ratio to the quicker one of two yardsticks in the same run. ``reader alone``
opens the export and iterates all of it; ``pictures.py`` is the least that pictures cost without any of what a conversion is for. With more ``--tracks`` the peak shows whether memory grows with the file: 35
tracks are about 6 MB. The exports have the statistics of COCO: 7.3 shapes a picture, a third of them polygons of about 25 vertices; tracks are random walks
on 1920 × 1080 with a row a frame, so that nearly every row has to be kept.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measure import CONVERT, compare

LABELS = [f"label {n}" for n in range(80)]
SIZES = [(640, 480), (480, 640), (640, 427), (500, 375), (612, 612)]
WIDTH, HEIGHT = 1920, 1080

YARDSTICK = """
import sys
import {} as tree
for _, element in tree.iterparse(sys.argv[1]):
    element.clear()
"""
READER = """
import sys
from to_labelbox.plugins import ReadContext
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat import FORMAT
dataset = FORMAT.read(Source(sys.argv[1]), FORMAT.options(), ReadContext())
print(sum(1 for item in dataset for _ in item.annotations))
"""
PICTURES = Path(__file__).with_name("pictures.py")
PEAK = 120
"""Megabytes that a conversion may take, however large the file."""


# ---------------------------------------------------------------------------------------------------------- corpora


def head(mode: str, size: int) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n'
    yield f"      <id>1</id>\n      <name>benchmark</name>\n      <size>{size}</size>\n      <mode>{mode}</mode>\n"
    yield f"      <start_frame>0</start_frame>\n      <stop_frame>{size - 1}</stop_frame>\n"
    yield "      <frame_filter></frame_filter>\n      <labels>\n"
    for name in LABELS:
        yield f"        <label>\n          <name>{name}</name>\n          <type>any</type>\n          <attributes>\n"
        yield "            <attribute>\n              <name>truncated</name>\n              <mutable>False</mutable>\n"
        yield "              <input_type>checkbox</input_type>\n              <values>false</values>\n"
        yield "            </attribute>\n          </attributes>\n        </label>\n"
    yield "      </labels>\n"
    if mode == "interpolation":
        yield f"      <original_size>\n        <width>{WIDTH}</width>\n        <height>{HEIGHT}</height>\n"
        yield "      </original_size>\n      <source>benchmark.mp4</source>\n"
    yield "    </task>\n  </meta>\n"


def chosen_label(rng: random.Random) -> str:
    """A long tail, as in real sets."""
    return LABELS[min(int(rng.expovariate(0.08)), len(LABELS) - 1)]


def images(count: int, rng: random.Random) -> Iterator[str]:
    yield from head("annotation", count)
    for number in range(count):
        width, height = rng.choice(SIZES)
        yield f'  <image id="{number}" name="{rng.getrandbits(40):012x}.jpg" width="{width}" height="{height}">\n'
        for shape in range(min(int(rng.expovariate(1 / 7.8)), 90)):
            common = f'label="{chosen_label(rng)}" source="manual" occluded="{int(shape % 7 == 0)}"'
            x, y = rng.uniform(0, width * 0.7), rng.uniform(0, height * 0.7)
            w, h = rng.uniform(4, width * 0.3), rng.uniform(4, height * 0.3)
            if shape % 3 < 2:
                tag = "box"
                yield f'    <box {common} xtl="{x:.2f}" ytl="{y:.2f}" xbr="{x + w:.2f}" ybr="{y + h:.2f}" z_order="0">\n'
            else:
                tag = "polygon"
                vertices = max(3, int(rng.gauss(25, 9)))
                points = ";".join(f"{x + rng.random() * w:.2f},{y + rng.random() * h:.2f}" for _ in range(vertices))
                yield f'    <polygon {common} points="{points}" z_order="0">\n'
            truncated = "true" if shape % 3 == 0 else "false"
            yield f'      <attribute name="truncated">{truncated}</attribute>\n    </{tag}>\n'
        yield "  </image>\n"
    yield "</annotations>\n"


def video(tracks: int, frames: int, rng: random.Random) -> Iterator[str]:
    yield from head("interpolation", frames)
    for number in range(tracks):
        start = rng.randrange(max(1, frames - 1))
        length = min(frames - start, max(2, int(rng.expovariate(4 / frames))))
        w, h = rng.uniform(30, 400), rng.uniform(30, 400)
        x, y = rng.uniform(0, WIDTH - w), rng.uniform(0, HEIGHT - h)
        yield f'  <track id="{number}" label="{chosen_label(rng)}" source="manual">\n'
        for i in range(length):
            x = min(max(x + rng.gauss(0, 3), 0), WIDTH - w)
            y = min(max(y + rng.gauss(0, 3), 0), HEIGHT - h)
            last = i == length - 1
            yield (
                f'    <box frame="{start + i}" keyframe="{int(last or i % 10 == 0)}" outside="{int(last)}" occluded="0" '
                f'xtl="{x:.2f}" ytl="{y:.2f}" xbr="{x + w:.2f}" ybr="{y + h:.2f}" z_order="0">\n'
                '      <attribute name="truncated">false</attribute>\n    </box>\n'
            )
        yield "  </track>\n"
    yield "</annotations>\n"


# -------------------------------------------------------------------------------------------------------- measuring


def measure(file: Path, rounds: int, out: Path, wanted: float) -> None:
    convert = [*CONVERT, str(file), "-o", str(out), "--overwrite", "--quiet", "--no-progress"]
    programs = {
        "iterparse, ElementTree": ["-c", YARDSTICK.format("xml.etree.ElementTree"), str(file)],
        "iterparse, lxml": ["-c", YARDSTICK.format("lxml.etree"), str(file)],
        "reader alone": ["-c", READER, str(file)],
        "convert": convert,
    }
    if file.name == "images.xml":
        programs["the least, pictures.py"] = [str(PICTURES), str(file), str(out.with_name("lines"))]
    if file.name == "video.xml":
        programs["convert -O video=frames"] = [*convert, "-O", "video=frames"]
    print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB; convert is to stay within {PEAK} MB")
    compare(list(programs)[:2], programs, {"convert": wanted}, rounds)
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--tracks", type=int, default=200)
    parser.add_argument("--frames", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="write the corpora here and keep them")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text, wanted in (
            ("images.xml", images(given.images, random.Random(1)), 3.2),
            ("video.xml", video(given.tracks, given.frames, random.Random(2)), 3.0),
        ):
            with (folder / name).open("w", encoding="utf-8", buffering=2**20) as file:
                file.writelines(text)
            measure(folder / name, given.rounds, Path(scratch, "out"), wanted)


if __name__ == "__main__":
    main()
