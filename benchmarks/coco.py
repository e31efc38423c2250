"""COCO: a whole conversion beside ``orjson.loads`` + ``orjson.dumps`` of the same file, in one run.

    python benchmarks/coco.py [--scale 0.2] [--rounds 3]

The corpus is like train2017 (scale 1: 118,287 images, 860,001 annotations): gappy ids, annotations in no order of
images, outlines of about 25 vertices of which every sixth has several parts, 1.2 % crowds as uncompressed RLE,
categories at the end of the file. ``outlines.py`` shows what the outlines alone cost with the same libraries. The last
line is the rate of masks, multi-part outline to base64 PNG, on one core.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import tempfile
import time
from pathlib import Path

from measure import CONVERT, compare
from to_labelbox.geometry.raster import rasterise
from to_labelbox.model.items import Polygon
from to_labelbox_formats.labelbox.encode.line_buffer import MASKS
from to_labelbox_formats.labelbox.encode.png_masks import png_texts

IMAGES, ANNOTATIONS = 118_287, 860_001
SIZES = [(640, 480), (480, 640), (640, 427), (427, 640), (500, 375)]
YARDSTICK = (
    "import sys, orjson; data = open(sys.argv[1], 'rb').read(); "
    "open(sys.argv[2], 'wb').write(orjson.dumps(orjson.loads(data)))"
)
LIMITS = {"--geometry polygon": 0.85, "--geometry bbox": 0.35}


def ring(rng: random.Random, width: int, height: int, vertices: int) -> list[float]:
    """A star-shaped outline inside the picture, with two decimals."""
    rx, ry = rng.uniform(5, width / 4), rng.uniform(5, height / 4)
    x, y = rng.uniform(rx, width - rx), rng.uniform(ry, height - ry)
    flat: list[float] = []
    for n in range(vertices):
        angle, reach = 2 * math.pi * n / vertices, rng.uniform(0.6, 1)
        flat += (round(x + reach * rx * math.cos(angle), 2), round(y + reach * ry * math.sin(angle), 2))
    return flat


def crowd(rng: random.Random, width: int, height: int) -> dict[str, list[int]]:
    """One run a column over a part of the picture."""
    columns, top = rng.randrange(8, width // 2), rng.randrange(height // 2)
    run = rng.randrange(1, height // 2)
    counts = [top]
    for n in range(columns):
        counts += (run, height - run if n < columns - 1 else width * height - (columns - 1) * height - top - run)
    return {"size": [height, width], "counts": counts}


def generate(path: Path, scale: float) -> None:
    rng = random.Random(2017)
    images, annotations = round(IMAGES * scale), round(ANNOTATIONS * scale)
    ids = rng.sample(range(1, images * 5), images)
    sizes = [rng.choice(SIZES) for _ in ids]
    with path.open("w") as file:
        file.write('{"info": {"description": "corpus"}, "images": [')
        for n, (id, (width, height)) in enumerate(zip(ids, sizes)):
            name = f"{id:012}.jpg"
            record = {
                "file_name": name,
                "coco_url": f"http://images.example.org/{name}",
                "height": height,
                "width": width,
            }
            file.write((", " if n else "") + json.dumps({**record, "date_captured": "2013-11-14 17:02:52", "id": id}))
        file.write('], "annotations": [')
        for n in range(annotations):
            at = rng.randrange(images)
            width, height = sizes[at]
            outline: object
            if rng.random() < 0.012:
                outline, box = crowd(rng, width, height), [0.0, 0.0, width / 2, height / 2]
            else:
                parts = 1 + (rng.random() < 0.17)
                vertices = max(3, round(rng.lognormvariate(2.9, 0.75) / parts))
                rings = [ring(rng, width, height, vertices) for _ in range(parts)]
                xs, ys = [v for r in rings for v in r[::2]], [v for r in rings for v in r[1::2]]
                box = [min(xs), min(ys), round(max(xs) - min(xs), 2), round(max(ys) - min(ys), 2)]
                outline = rings
            record = {
                "segmentation": outline,
                "area": 1.0,
                "iscrowd": int(isinstance(outline, dict)),
                "image_id": ids[at],
            }
            record |= {"bbox": box, "category_id": min(90, 1 + int(rng.expovariate(0.08))), "id": n * 3 + 156}
            file.write((", " if n else "") + json.dumps(record))
        file.write('], "categories": ' + json.dumps([{"id": n, "name": f"class {n}"} for n in range(1, 91)]) + "}")


def masks_a_second() -> float:
    """Multi-part outlines on 640 × 480 to PNG text."""
    rng = random.Random(1)
    polygons = [Polygon(tuple((ring(rng, 640, 480, 25),) for _ in range(2))) for _ in range(300)]
    started = time.process_time()
    for at in range(0, len(polygons), MASKS):
        png_texts([rasterise(polygon, 640, 480) for polygon in polygons[at : at + MASKS]])
    return len(polygons) / (time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.2)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "instances_train.json"
        generate(file, given.scale)
        print(f"{file.stat().st_size / 1e6:.0f} MB, {round(ANNOTATIONS * given.scale):,} annotations")
        programs = {"orjson loads + dumps": ["-c", YARDSTICK, str(file), f"{folder}/copy.json"]}
        outlines = str(Path(__file__).with_name("outlines.py"))
        programs["outlines, nothing else"] = [outlines, str(file), f"{folder}/lines.ndjson"]
        for policy in ("polygon", "bbox", "auto"):
            arguments = [str(file), "-o", f"{folder}/{policy}", "--geometry", policy, "--overwrite", "--quiet"]
            programs[f"--geometry {policy}"] = [*CONVERT, *arguments]
        compare("orjson loads + dumps", programs, LIMITS, given.rounds)
    print(f"{masks_a_second():.0f} masks of 640 × 480 a second (limit 1500)")


if __name__ == "__main__":
    main()
