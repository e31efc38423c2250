"""How wall time falls with workers, phase by phase.

    python benchmarks/scaling.py [--workers 1,2,4,8,16] [--scale 0.2] [--rounds 1] [--jobs coco,masks,voc,yolo]

Phases are timed inside the process: *start* (the interpreter, modules), *open* (detection, listing, what is
indexed in one process), *index* (of annotations of a large COCO file: parallel),
*encode* (parallel), *infer* (the ontology, repeated assets: one process), *finish* (filling in and placing lines in
parallel, with more than four workers hashes by a process for each large file), *rest* (writing the other files, naming, ending workers). ``serial`` are start, open, infer and rest.
``lead`` is the CPU time of the process that leads the workers, whatever they do meanwhile; ``work`` that of all of these.
``model`` is the first and the n-th part of the second: what n idle cores would take, measured on any number of them.

Every number of workers must give the same bytes; this is checked. Wall time means something only where nothing else runs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import folders
from batch import voc
from coco import generate

PROGRAM = """
import atexit, functools, json, os, resource, sys, time
began = float(os.environ["BEGAN"])
marks = {}
def mark(name):
    marks[name] = time.time() - began, time.process_time()
from to_labelbox.api import conversion
from to_labelbox.conversion import run
mark("start")
def after(module, name, what):
    function = getattr(module, name)
    def timed(*given, **more):
        found = function(*given, **more)
        mark(what)
        return found
    setattr(module, name, timed)
after(conversion, "open_job", "open")
encoded = run._encoded
def parts(*given):
    yield from encoded(*given)
    mark("encode")
run._encoded = parts
from to_labelbox_formats.coco import ranges
index_range, indexing = ranges.index_range, [0.0, 0.0]
@functools.wraps(index_range)
def indexed(task):
    at = time.time(), time.process_time()
    found = index_range(task)
    indexing[0] += time.time() - at[0]
    indexing[1] += time.process_time() - at[1]
    return found
ranges.index_range = indexed
after(run, "report_of", "infer")
after(run, "_joined", "finish")
owner = os.getpid()
def tell():
    if os.getpid() == owner:
        mark("rest")
        with open(os.environ["TOLD"], "w") as file:
            of = resource.getrusage(resource.RUSAGE_CHILDREN)
            json.dump({**marks, "index": indexing, "work": of.ru_utime + of.ru_stime}, file)
atexit.register(tell)
from to_labelbox.cli import main
main()
"""
PHASES = ("start", "open", "encode", "infer", "finish", "rest")
PARALLEL = ("index", "encode", "finish")
GOALS = {"coco": 10.0, "masks": 10.0, "voc": 8.0, "yolo": 6.0}
"""Wall time of one worker over that of 16."""
CORES = (2, 4, 8, 16, 32, 64)
"""What the model is worked out for."""


class Run(NamedTuple):
    """Wall seconds, of each phase too; CPU seconds of the leading process's phases and of all workers."""

    wall: float
    phases: dict[str, float]
    cpu: dict[str, float]
    work: float
    digest: str

    @property
    def lead(self) -> float:
        return sum(self.cpu.values())

    def on(self, cores: int) -> float:
        """Seconds with so many idle cores."""
        return self.lead + self.work / cores


def digest_of(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        with open(path, "rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def measure(arguments: list[str], workers: int, folder: Path) -> Run:
    told, out = folder / "told", folder / "out"
    began = time.time()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"TOLD": str(told), "BEGAN": str(began)}
    command = [sys.executable, "-c", PROGRAM, "convert", *arguments, "-o", str(out), "--overwrite", "--quiet"]
    subprocess.run([*command, "--workers", str(workers)], env=environment, check=True)
    wall = time.time() - began
    marks: dict[str, tuple[float, float]] = json.loads(told.read_text())
    if "finish" not in marks:  # one worker finishes lines while it writes them: that is all but naming
        marks["finish"] = marks["rest"]
    marks["rest"] = wall, marks["rest"][1]
    index, work = marks.pop("index"), float(marks.pop("work"))  # type: ignore[arg-type]
    phases, cpu = (_between({name: found[i] for name, found in marks.items()}, index[i]) for i in range(2))
    return Run(wall, phases, cpu, work, digest_of(out))


def _between(marks: Mapping[str, float], index: float) -> dict[str, float]:
    """Seconds of each phase; those that this process has indexed are no part of *open*."""
    phases, before = {"index": index}, 0.0
    for name in PHASES:
        phases[name] = max(0.0, marks[name] - before)
        before = max(before, marks[name])
    phases["open"] = max(0.0, phases["open"] - index)
    return phases


def medians(runs: list[Run]) -> Run:
    if len({run.digest for run in runs}) > 1:
        raise SystemExit("the same command has given different bytes")
    names = ("index", *PHASES)
    phases = {name: statistics.median(run.phases[name] for run in runs) for name in names}
    cpu = {name: statistics.median(run.cpu[name] for run in runs) for name in names}
    wall, work = (statistics.median(getattr(run, name) for run in runs) for name in ("wall", "work"))
    return Run(wall, phases, cpu, work, runs[0].digest)


def sources(root: Path, scale: float, wanted: list[str]) -> dict[str, list[str]]:
    jobs: dict[str, list[str]] = {}
    if {"coco", "masks"} & set(wanted):
        generate(root / "instances.json", scale)
        jobs["coco"] = [str(root / "instances.json"), "--geometry", "polygon"]
        jobs["masks"] = [str(root / "instances.json"), "--geometry", "mask"]
    if "voc" in wanted:
        voc(root / "voc", round(200_000 * scale))
        jobs["voc"] = [str(root / "voc")]
    if "yolo" in wanted:
        folders.generate(root / "both", round(200_000 * scale))
        jobs["yolo"] = [str(root / "both" / "yolo")]
    return {name: jobs[name] for name in wanted}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2,4,8,16")
    parser.add_argument("--scale", type=float, default=0.2, help="of COCO's train2017, and of 200,000 files")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--jobs", default="coco,masks,voc,yolo")
    given = parser.parse_args()
    counts = sorted({1, *map(int, given.workers.split(","))})
    print(f"{os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for job, arguments in sources(root, given.scale, given.jobs.split(",")).items():
            print(f"\n{job}, goal {GOALS[job]:g} × with 16 workers")
            print(
                f"{'workers':>7}{'wall s':>8}{'gain':>7}{'lead':>7}{'work':>7}{'model s':>9}{'gain':>7}"
                + "".join(f"{p:>8}" for p in ("index", *PHASES))
                + "  serial"
            )
            runs: dict[int, Run] = {}
            for workers in counts:
                found = runs[workers] = medians([measure(arguments, workers, root) for _ in range(given.rounds)])
                one = runs[1]
                if found.digest != one.digest:
                    raise SystemExit(f"{workers} workers have given other bytes than one")
                model = found.on(workers) if workers > 1 else found.lead
                serial = sum(seconds for phase, seconds in found.phases.items() if phase not in PARALLEL)
                print(
                    f"{workers:>7}{found.wall:>8.2f}{one.wall / found.wall:>7.2f}"
                    f"{found.lead:>7.2f}{found.work:>7.2f}{model:>9.2f}{one.lead / model:>7.2f}"
                    + "".join(f"{found.phases[p]:>8.2f}" for p in ("index", *PHASES))
                    + f"{serial:>8.2f}"
                )
            gains = ", ".join(f"{n}: {runs[1].lead / _for_cores(runs, n).on(n):.1f}" for n in CORES)
            print(f"gain by cores, from the model: {gains}")


def _for_cores(runs: Mapping[int, Run], cores: int) -> Run:
    """The run with as many workers as cores, or the next more that was measured: each worker costs something by itself."""
    return runs[min((workers for workers in runs if workers >= cores), default=max(runs))]


if __name__ == "__main__":
    main()
