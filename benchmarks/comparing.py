"""A comparison of 100,000 data rows and 1,000,000 annotations with an export of them.

    python benchmarks/comparing.py [--rows 100000] [--each 10]

Three exports are made from the payload: one that keeps the ids; one without them; and one without them whose every box is
off by a quarter of a pixel, so that all must be paired by overlap and written as different. CPU seconds and peak memory
are those of the command.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
from itertools import groupby
from pathlib import Path

from importing import generate

PROGRAM = """
import resource, sys
from to_labelbox.cli import main
try:
    main()
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"MEASURED {used.ru_utime + used.ru_stime:.1f} {used.ru_maxrss / 1024:.0f}", file=sys.stderr)
"""


def export(out: Path, path: Path, keep_ids: bool, off: float) -> None:
    with open(out / "annotations.ndjson", "rb") as payload, open(path, "w") as file:
        lines = map(json.loads, payload)
        for n, (key, group) in enumerate(groupby(lines, lambda line: line["dataRow"]["globalKey"])):
            objects = [
                {
                    "feature_id": line["uuid"] if keep_ids else f"cl{n:09}{m:014}",
                    "name": line["name"],
                    "value": line["name"],
                    "annotation_kind": "ImageBoundingBox",
                    "classifications": [],
                    "bounding_box": {**line["bbox"], "left": line["bbox"]["left"] + off},
                }
                for m, line in enumerate(group)
            ]
            annotations = {"objects": objects, "classifications": [], "relationships": []}
            label = {"label_kind": "Default", "annotations": annotations}
            row = {"data_row": {"id": f"cr{n:023}", "global_key": key}, "projects": {"p": {"labels": [label]}}}
            file.write(json.dumps(row) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--each", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out, path = Path(folder) / "out", Path(folder) / "export.ndjson"
        maker = multiprocessing.get_context("spawn").Process(target=generate, args=(out, given.rows, given.each))
        maker.start()
        maker.join()
        print(f"{given.rows:,} rows, {given.rows * given.each:,} annotations")
        for what, keep_ids, off in (("by ids", True, 0.0), ("without ids", False, 0.0), ("all are off", False, 0.25)):
            export(out, path, keep_ids, off)
            command = [sys.executable, "-c", PROGRAM, "compare", str(out), str(path), "--no-progress"]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            told = next((line for line in done.stderr.splitlines() if line.startswith("MEASURED")), "MEASURED 0 0")
            _, cpu, peak = told.split()
            total = next((line for line in done.stdout.splitlines() if line.startswith("total")), done.stderr[-2000:])
            size = path.stat().st_size / 1e6
            print(f"{what}: exit {done.returncode}, {cpu} s CPU, peak {peak} MB, export of {size:,.0f} MB; {total}")


if __name__ == "__main__":
    main()
