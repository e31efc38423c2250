"""All jobs in one table: ours, the yardstick and the peers of the same round, ratios, peaks.

    python benchmarks/all.py [--jobs coco-polygon,voc] [--scale 0.2] [--images 20000] [--rounds 2] [--large]

Shown are medians of CPU seconds (user and system) of whole processes, run in turn. A ratio below 1 is in our favour.
``--large`` adds the table of scale: the whole of COCO's train2017, 200,000 YOLO files, 400 CVAT zips, 2,000 small sets.
``docs/performance.md`` holds what this prints.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import batch
import coco
import cvat
import folders
import label_studio
import peers
from measure import CONVERT, Cost, cost_of

Command = Sequence[str]
DUMPS = (
    "import sys, orjson; data = open(sys.argv[1], 'rb').read(); "
    "open(sys.argv[2], 'wb').write(orjson.dumps(orjson.loads(data)))"
)
MASKS = """
import sys, zlib
sys.path.insert(0, sys.argv[1])
import random, numpy as np
from coco import MASKS, Polygon, png_texts, rasterise, ring
from to_labelbox.geometry.raster import mask_array
rng = random.Random(1)
polygons = [Polygon(tuple((ring(rng, 640, 480, 25),) for _ in range(2))) for _ in range(300)]
for _ in range(10):
    for at in range(0, len(polygons), MASKS):
        masks = [rasterise(polygon, 640, 480) for polygon in polygons[at : at + MASKS]]
        {}
"""
COMPRESSED = "for mask in masks: rows = np.zeros((480, 641), np.uint8); rows[:, 1:] = mask_array(mask); zlib.compress(rows.data, 1)"
COMMAND = ["-c", "from to_labelbox.__main__ import main; main()"]


class Job(NamedTuple):
    """``goal`` is a ratio to the quickest of the yardsticks."""

    ours: Command
    yardsticks: Mapping[str, Command]
    goal: float | None
    peers: Mapping[str, Command] = {}


def python(*arguments: str | Path) -> list[str]:
    return [sys.executable, *map(str, arguments)]


def convert(source: Path, out: Path, *more: str) -> list[str]:
    return python(*CONVERT, source, "-o", out / "ours", "--overwrite", "--quiet", *more)


class Given(NamedTuple):
    root: Path
    out: Path
    scale: float
    images: int


def once(path: Path, make: Callable[[Path], None]) -> Path:
    if not path.exists():
        make(path)
    return path


def _coco(given: Given, policy: str) -> Job:
    file = once(given.root / "instances.json", lambda path: coco.generate(path, given.scale))
    dumps = {"loads + dumps": python("-c", DUMPS, file, given.out / "copy.json")}
    goal = {"polygon": 1.0, "bbox": 0.35}.get(policy)
    others = {"polygon": peers.of_outlines, "bbox": peers.of_boxes}.get(policy)
    ours = convert(file, given.out, "--geometry", policy)
    return Job(ours, dumps, goal, others(file, given.out) if others else {})


def _folder(given: Given, name: str) -> Job:
    root = once(given.root / "folders", lambda path: folders.generate(path, given.images))
    below, goal = folders.LIMITS[name]
    yardsticks = {said: python("-c", text, root / name / below) for said, text in folders.YARDSTICKS[name].items()}
    if name == "yolo":
        others = peers.of_yolo(root / name, given.out)
    else:
        others = peers.of_voc(root / name, folders.CLASSES, given.out)
    return Job(convert(root / name, given.out), yardsticks, goal, others)


def _cvat(given: Given, name: str) -> Job:
    makers = {
        "images": lambda: cvat.images(given.images, random.Random(1)),
        "video": lambda: cvat.video(200, 5000, random.Random(2)),
    }

    def make(path: Path) -> None:
        with path.open("w", encoding="utf-8", buffering=1 << 20) as file:
            file.writelines(makers[name]())

    file = once(given.root / f"{name}.xml", make)
    trees = {"ElementTree": "xml.etree.ElementTree", "lxml": "lxml.etree"}
    yardsticks = {f"iterparse, {said}": python("-c", cvat.YARDSTICK.format(tree), file) for said, tree in trees.items()}
    return Job(convert(file, given.out), yardsticks, {"images": 3.2, "video": 3.0}[name])


def _label_studio(given: Given) -> Job:
    file = given.root / "label-studio" / "export.json"
    file.parent.mkdir(exist_ok=True)
    once(file, lambda path: label_studio.generate(path, round(88e6 * given.images / 20_000)))
    return Job(convert(file, given.out), {"loads + dumps": python("-c", DUMPS, file, given.out / "copy.json")}, 1.0)


def _masks(given: Given) -> Job:
    here = Path(__file__).parent
    return Job(
        python("-c", MASKS.format("png_texts(masks)"), here),
        {"zlib.compress of the frames": python("-c", MASKS.format(COMPRESSED), here)},
        0.5,
    )


def _help(_: Given) -> Job:
    return Job(python(*COMMAND, "--help"), {"bare interpreter": python("-c", "pass")}, None)


def _tiny(given: Given) -> Job:
    root = once(given.root / "tiny", lambda path: folders.generate(path, 10))
    return Job(convert(root / "yolo", given.out), {"bare interpreter": python("-c", "pass")}, None)


JOBS: dict[str, Callable[[Given], Job]] = {
    "coco-polygon": lambda given: _coco(given, "polygon"),
    "coco-bbox": lambda given: _coco(given, "bbox"),
    "coco-auto": lambda given: _coco(given, "auto"),
    "yolo": lambda given: _folder(given, "yolo"),
    "voc": lambda given: _folder(given, "voc"),
    "cvat-images": lambda given: _cvat(given, "images"),
    "cvat-video": lambda given: _cvat(given, "video"),
    "label-studio": _label_studio,
    "masks, 3,000": _masks,
    "--help": _help,
    "10 pictures": _tiny,
}


def row(cells: Sequence[str]) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def measured(job: Job, rounds: int) -> dict[str, Cost]:
    """Medians; the first round warms the caches."""
    programs = {"": job.ours, **job.yardsticks, **job.peers}
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    for n in range(rounds + 1):
        for name, command in programs.items():
            found = cost_of(command)
            if n:
                costs[name].append(found)
    return {name: Cost(*(statistics.median(c[i] for c in found) for i in range(3))) for name, found in costs.items()}


def told(name: str, job: Job, costs: Mapping[str, Cost]) -> list[str]:
    ours = costs[""]
    best = min(job.yardsticks, key=lambda yardstick: costs[yardstick].cpu)
    base = costs[best].cpu
    ratio = f"{ours.cpu / base:.2f}" if base > 0.05 else f"+ {1000 * (ours.cpu - base):.0f} ms"
    goal = "" if job.goal is None else f"{job.goal:g}"
    others = [
        f"{peer} {costs[peer].cpu:.2f} s, {costs[peer].megabytes:.0f} MB: {ours.cpu / costs[peer].cpu:.2f}"
        for peer in job.peers
    ]
    return [name, f"{ours.cpu:.2f}", f"{ours.megabytes:.0f}", best, f"{base:.2f}", ratio, goal, "; ".join(others)]


# ---------------------------------------------------------------------------------------------------------- scale


def _zips(root: Path, count: int) -> None:
    root.mkdir()
    for n in range(count):
        with zipfile.ZipFile(root / f"task {n:03}.zip", "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("annotations.xml", "".join(cvat.images(250, random.Random(n))))


def large(root: Path, out: Path, size: float) -> None:
    """``size``: a fraction of each."""
    print()
    row(["at scale", "CPU s", "wall s", "peak MB a process"])
    row(["---"] * 4)
    batches = python(*COMMAND, "batch")
    ends = ["-o", str(out / "ours"), "--overwrite", "--quiet"]
    file = once(root / "whole.json", lambda path: coco.generate(path, size))
    yolo = once(root / "many", lambda path: folders.generate(path, round(200_000 * size))) / "yolo"
    zips = once(root / "zips", lambda path: _zips(path, round(400 * size)))

    def small(path: Path) -> None:
        for n in range(round(2_000 * size)):
            (batch.voc, batch.cvat, batch.small_coco)[n % 3](path / f"set {n:04}", 5)

    sets = once(root / "small", small)
    for name, command in {
        f"COCO, {round(coco.ANNOTATIONS * size):,} annotations, polygons": convert(file, out, "--geometry", "polygon"),
        f"{round(200_000 * size):,} YOLO files": convert(yolo, out),
        f"{round(400 * size):,} CVAT zips": [*batches, str(zips), *ends],
        f"{round(2_000 * size):,} small sets": [*batches, str(sets), *ends],
    }.items():
        found = cost_of(command)
        row([name, f"{found.cpu:.1f}", f"{found.wall:.1f}", f"{found.megabytes:.0f}"])


def main(jobs: Sequence[str] = tuple(JOBS)) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", default=",".join(jobs).replace("masks, 3,000", "masks"))
    parser.add_argument("--scale", type=float, default=0.2)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--large", type=float, nargs="?", const=1.0, metavar="SIZE", help="the table of scale too")
    parser.add_argument("--keep", type=Path, help="folder for the sources, kept and used again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = given.keep or Path(name) / "sources"
        root.mkdir(parents=True, exist_ok=True)
        out = Path(name)
        print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {given.rounds} rounds\n")
        row(["job", "CPU s", "peak MB", "yardstick", "CPU s", "ratio", "goal", "peers: CPU, peak, ratio"])
        row(["---"] * 8)
        wanted = [name.replace("masks", "masks, 3,000") for name in given.jobs.split(",") if name]
        for title in wanted:
            job = JOBS[title](Given(root, out, given.scale, given.images))
            row(told(title, job, measured(job, given.rounds)))
        if given.large:
            large(root, out, given.large)


if __name__ == "__main__":
    main()
