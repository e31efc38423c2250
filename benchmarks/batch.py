"""Two workers beside one: a large COCO file, 20,000 Pascal VOC files, 100 small datasets of three formats as a batch.

    python benchmarks/batch.py [--scale 0.2] [--rounds 3] [--dask]

Wall time is what workers are for, so the machine should have nothing else to do; the gain in CPU time tells what they
cost. ``own`` is the CPU time of the parent process alone, ``own MB`` its peak memory. The last lines compare batches of
100 and 400 datasets, whose parent memory must be the same.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from coco import generate

GAIN, OWN = 1.7, 0.05
"""Wall time of one worker over that of two; CPU time of planning and supervision over all."""
PROGRAM = """
import atexit, os, resource, sys
def tell():
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open(os.environ["TOLD"], "w") as file:
        print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=file)
atexit.register(tell)
from to_labelbox.cli import main
main()
"""
XML = (
    "<annotation><filename>{name}.jpg</filename><size><width>640</width><height>480</height><depth>3</depth></size>"
    "{objects}</annotation>"
)
OBJECT = (
    "<object><name>class {n}</name><difficult>0</difficult>"
    "<bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
)


class Cost(NamedTuple):
    wall: float
    cpu: float
    own: float
    own_megabytes: float


def cost(arguments: list[str], told: Path) -> Cost:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"TOLD": str(told)}
    started = time.monotonic()
    child = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"exit code {child.returncode}: {' '.join(arguments)[:200]}")
    own, megabytes = map(float, told.read_text().split())
    return Cost(wall, usage.ru_utime + usage.ru_stime, own, megabytes)


def measure(arguments: list[str], told: Path, rounds: int) -> Cost:
    found = [cost(arguments, told) for _ in range(rounds)]
    return Cost(*(statistics.median(c[i] for c in found) for i in range(4)))


def annotation(name: str, objects: int) -> str:
    return XML.format(
        name=name,
        objects="".join(
            OBJECT.format(n=n % 20, a=10 + n, b=20 + n, c=200 + 3 * n, d=150 + 2 * n) for n in range(objects)
        ),
    )


def voc(folder: Path, files: int, objects: int = 5, prefix: str = "") -> None:
    (folder / "Annotations").mkdir(parents=True)
    for n in range(files):
        name = f"{prefix}{n:06}"
        (folder / "Annotations" / f"{name}.xml").write_text(annotation(name, objects))


def cvat(folder: Path, images: int, prefix: str = "") -> None:
    folder.mkdir(parents=True)
    box = '<box label="class {n}" occluded="0" xtl="{n}.5" ytl="20" xbr="{right}.25" ybr="90" z_order="0"></box>'
    pictures = "".join(
        f'<image id="{i}" name="{prefix}{i:06}.jpg" width="640" height="480">'
        + "".join(box.format(n=n, right=n + 100) for n in range(5))
        + "</image>"
        for i in range(images)
    )
    (folder / "annotations.xml").write_text(f"<annotations><version>1.1</version>{pictures}</annotations>")


def small_coco(folder: Path, images: int, prefix: str = "") -> None:
    folder.mkdir(parents=True)
    document = {
        "images": [{"id": n, "file_name": f"{prefix}{n}.jpg", "width": 640, "height": 480} for n in range(images)],
        "annotations": [
            {"id": n, "image_id": n // 5, "category_id": n % 10, "bbox": [n % 100, 20, 50, 60]}
            for n in range(images * 5)
        ],
        "categories": [{"id": n, "name": f"class {n}"} for n in range(10)],
    }
    (folder / "instances.json").write_text(json.dumps(document))


def mixed(folder: Path, datasets: int) -> None:
    """Sets of pictures of their own: one that says what another does is left out."""
    for n in range(datasets):
        own = folder / f"set {n:04}", 200
        if n % 3 == 0:
            voc(*own, prefix=f"{n:04}-")
        else:
            (cvat, small_coco)[n % 3 - 1](*own, f"{n:04}-")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dask", action="store_true", help="Measure a local Dask cluster too.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = folder / "told"
        generate(folder / "instances.json", given.scale)
        voc(folder / "voc", round(100_000 * given.scale))
        mixed(folder / "mixed", 100)
        mixed(folder / "more", 400)
        out = ["-o", str(folder / "out"), "--overwrite", "--quiet"]
        programs = {
            "COCO": ["convert", str(folder / "instances.json"), "--geometry", "polygon", *out],
            "Pascal VOC": ["convert", str(folder / "voc"), *out],
            "100 small": ["batch", str(folder / "mixed"), *out],
        }
        print(
            f"{'':<14}{'wall 1':>8}{'wall 2':>8}{'gain':>7}{'CPU 1':>8}{'CPU 2':>8}{'own':>7}{'own/CPU':>9}{'own MB':>8}"
        )
        for title, arguments in programs.items():
            one = measure([*arguments, "--workers", "1"], told, given.rounds)
            two = measure([*arguments, "--workers", "2"], told, given.rounds)
            print(
                f"{title:<14}{one.wall:>8.2f}{two.wall:>8.2f}{one.wall / two.wall:>7.2f}{one.cpu:>8.2f}{two.cpu:>8.2f}"
                f"{two.own:>7.2f}{two.own / two.cpu:>9.2f}{two.own_megabytes:>8.0f}"
            )
        print(f"goals: gain {GAIN}, own/CPU {OWN} (of the batch: opening and joining one file is the parent's work)")
        many = measure(["batch", str(folder / "more"), "--workers", "2", *out], told, 1)
        print(
            f"{'400 small':<14}{'':>8}{many.wall:>8.2f}{'':>7}{'':>8}{many.cpu:>8.2f}{many.own:>7.2f}"
            f"{many.own / many.cpu:>9.2f}{many.own_megabytes:>8.0f}"
        )
        if given.dask:
            arguments = [*programs["100 small"], "--engine", "dask", "--workers", "2"]
            dask = measure(arguments, told, given.rounds)
            print(
                f"{'… by Dask':<14}{'':>8}{dask.wall:>8.2f}{'':>7}{'':>8}{dask.cpu:>8.2f}{dask.own:>7.2f}"
                f"{dask.own / dask.cpu:>9.2f}{dask.own_megabytes:>8.0f}"
            )


if __name__ == "__main__":
    main()
