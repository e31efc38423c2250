"""An import of 100,000 data rows and 1,000,000 lines against the stand-in for Labelbox of the tests.

    python benchmarks/importing.py [--rows 100000] [--each 10]

The stand-in runs in a process of its own and answers at once, so the seconds are the client's and the wire's, not
Labelbox's. ``peak`` is the memory of the importing process, with the SDK in it; waiting takes no time in it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import to_labelbox
from formats.labelbox.importing.effects import Service
from formats.labelbox.importing.stand_in import KEY, StandIn
from to_labelbox import Settings
from to_labelbox.model.items import Asset, Box, Item, Object
from to_labelbox.plugins.dataset import dataset_of

PROGRAM = """
import resource, sys, time
time.sleep = lambda seconds: None
from to_labelbox.cli import main
try:
    main()
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"MEASURED {used.ru_utime + used.ru_stime:.1f} {used.ru_maxrss / 1024:.0f}", file=sys.stderr)
"""


def serve(pipe: Connection) -> None:
    """The stand-in, which keeps counts and keys but no lines."""
    with StandIn(Service(keep=False)) as service:
        pipe.send(service.endpoint)
        while pipe.recv():
            pipe.send(
                (service.service.count, dict(service.service.counts), [p[-1] for p in service.final()["projects"]])
            )


def generate(out: Path, rows: int, each: int) -> None:
    items = [
        Item(
            asset=Asset(path=f"set/{r // 1000:03}/{r:06}.jpg", width=640, height=480),
            annotations=[
                Object(
                    label=("car", "truck", "bus")[n % 3],
                    geometry=Box(n * 10 + 0.5, r % 400, 40, 30),
                    id=str(r * each + n),
                )
                for n in range(each)
            ],
            origin="instances.json",
        )
        for r in range(rows)
    ]
    to_labelbox.write(dataset_of(items), out, settings=Settings(url_prefix="https://media.example.org"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--each", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        maker = multiprocessing.get_context("spawn").Process(target=generate, args=(out, given.rows, given.each))
        maker.start()
        maker.join()
        here, there = multiprocessing.get_context("spawn").Pipe()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
        server.start()
        endpoint = here.recv()
        size = (out / "annotations.ndjson").stat().st_size
        print(f"{given.rows:,} rows, {given.rows * given.each:,} lines, {size / 1e6:,.0f} MB")
        command = [sys.executable, "-c", PROGRAM, "import", str(out), "--project", "scale", "--endpoint", endpoint]
        before = 0
        for what in ("import", "again, when finished"):
            started = time.monotonic()
            done = subprocess.run(
                [*command, "--yes"],
                check=False,
                env={**os.environ, "LABELBOX_API_KEY": KEY},
                capture_output=True,
                text=True,
            )
            wall = time.monotonic() - started
            told = next((line for line in done.stderr.splitlines() if line.startswith("MEASURED")), "MEASURED 0 0")
            _, cpu, peak = told.split()
            here.send(True)
            count, counts, labels = here.recv()
            print(
                f"{what}: exit {done.returncode}, {wall:,.0f} s ({cpu} s CPU), peak {peak} MB, {count - before:,} requests"
            )
            before = count
            if done.returncode:
                print(done.stdout[-2000:], done.stderr[-3000:])
        print(f"labels at the stand-in: {labels}; requests: {sorted(counts.items(), key=lambda c: -c[1])[:8]}")
        here.send(False)
        server.join()


if __name__ == "__main__":
    main()
