"""Label Studio: a whole conversion beside ``orjson.loads`` + ``orjson.dumps`` of the same export.

    python benchmarks/label_studio.py [--megabytes 88] [--rounds 3] [--keep FOLDER]

Shown are the medians of the rounds, and the ratio to the yardstick of the same run. The export is one JSON array of tasks
with rectangles and polygons, as the server writes it, with its labelling config beside it.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path

from measure import CONVERT, compare

CLASSES = [f"class {n}" for n in range(80)]
SIZES = [(640, 480), (480, 640), (640, 427), (500, 375), (1920, 1080)]
STAMP = "2024-01-01T00:00:00.000000Z"

YARDSTICK = "import sys, orjson; data = open(sys.argv[1], 'rb').read(); open(sys.argv[2], 'wb').write(orjson.dumps(orjson.loads(data)))"
READER = """
import sys
from to_labelbox.plugins import ReadContext
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio import FORMAT
dataset = FORMAT.read(Source(sys.argv[1]), FORMAT.options(), ReadContext())
print(sum(len(item.annotations) for item in dataset.items()))
"""


def outline(rng: random.Random, vertices: int) -> list[list[float]]:
    """Vertices in per cent, with as many digits as the editor writes."""
    x, y = rng.uniform(5, 80), rng.uniform(5, 80)
    return [[x + rng.uniform(-5, 15), y + rng.uniform(-5, 15)] for _ in range(vertices)]


def region(rng: random.Random, size: tuple[int, int]) -> dict[str, object]:
    label = [CLASSES[min(int(rng.expovariate(0.08)), len(CLASSES) - 1)]]
    value: dict[str, object]
    if rng.random() < 2 / 3:
        kind = "rectanglelabels"
        value = {
            "x": rng.uniform(0, 70),
            "y": rng.uniform(0, 70),
            "width": rng.uniform(1, 30),
            "height": rng.uniform(1, 30),
            "rotation": 0,
            kind: label,
        }
    else:
        kind = "polygonlabels"
        value = {"points": outline(rng, max(3, int(rng.gauss(21, 8)))), "closed": True, kind: label}
    return {
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": 0,
        "value": value,
        "id": f"{rng.getrandbits(40):010x}",
        "from_name": kind,
        "to_name": "image",
        "type": kind,
        "origin": "manual",
    }


def task(rng: random.Random, number: int) -> dict[str, object]:
    size = rng.choice(SIZES)
    result = [region(rng, size) for _ in range(min(int(rng.expovariate(1 / 7.3)), 90))]
    annotation = {
        "id": number,
        "completed_by": 1,
        "result": result,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": STAMP,
        "updated_at": STAMP,
        "lead_time": 12.5,
        "prediction": {},
        "result_count": len(result),
        "task": number,
        "parent_prediction": None,
        "parent_annotation": None,
    }
    name = f"{rng.getrandbits(32):08x}-{number:012}.jpg"
    return {
        "id": number,
        "annotations": [annotation],
        "file_upload": name,
        "drafts": [],
        "predictions": [],
        "data": {"image": f"/data/upload/1/{name}"},
        "meta": {},
        "created_at": STAMP,
        "updated_at": STAMP,
        "project": 1,
    }


def generate(path: Path, size: int) -> None:
    """An export of about ``size`` bytes and its labelling config."""
    rng = random.Random(1)
    with open(path, "w", encoding="utf-8") as file:
        file.write("[")
        number = 0
        while file.tell() < size:
            number += 1
            file.write((", " if number > 1 else "") + json.dumps(task(rng, number)))
        file.write("]\n")
    labels = "".join(f'<Label value="{name}"/>' for name in CLASSES)
    tools = "".join(
        f'<{tag} name="{tag.lower()}" toName="image">{labels}</{tag}>' for tag in ("RectangleLabels", "PolygonLabels")
    )
    config = path.with_name("config.xml")
    config.write_text(f'<View><Image name="image" value="$image"/>{tools}</View>\n', encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=88)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder for the export, kept and used again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        source = folder / "export.json"
        if not source.exists():
            generate(source, round(given.megabytes * 1e6))
        out = str(Path(scratch) / "out")
        programs = {
            "orjson.loads + dumps": ["-c", YARDSTICK, str(source), str(Path(scratch) / "copy.json")],
            "reader alone": ["-c", READER, str(source)],
            "convert": [*CONVERT, str(source), "-o", out, "--overwrite", "--quiet", "--workers", "1"],
        }
        print(f"{source.stat().st_size / 1e6:.1f} MB")
        compare("orjson.loads + dumps", programs, {}, given.rounds)


if __name__ == "__main__":
    main()
