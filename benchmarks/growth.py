"""Time and peak memory of a command over 1, 2, 4 and 8 times what it is given, in every dimension of formats and commands.

python benchmarks/growth.py [--base 4000] [--of coco …] [--seconds 120] [--runs 2] [--least 0.25]

A row is the processor's time of the child process, the least of the runs, without that of a set of ten, and its peak. It
begins at the base, or at the double, the double of that, … that takes the least seconds. The first ratio is the largest of
times of one doubling. The second is that of what peaks grow by: a peak hides what lies below what starting takes, so that
of a source twice as large is not twice the peak, but what it grows by from doubling to doubling is. More than 2.3 is
marked, and ends with exit code 1. What a limit refuses is measured below it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from cloud import s3_server
from growth_commands import TRIALS

MOST = 2.3
NOISE_BYTES = 15 << 20
LARGEST = 64
"""Times the base at which a dimension begins at most."""
LIMITS = {
    ("yolo", "vertices"): 16_000,
    ("yolo", "key points"): 1000,
    ("coco", "files"): 1000,
    ("cvat", "files"): 1000,
    ("label-studio", "files"): 1000,
    ("inspect", "files of a folder"): 1000,
    ("preview", "rows drawn"): 1000,
    ("cloud", "objects"): 1000,
    **{("batch", name): 250 for name in ("sets", "sets found", "merge")},
}
"""Where a dimension begins that has a limit, or whose measure is files."""
COMMAND = """
import os, resource, sys
from to_labelbox.__main__ import main
try:
    main()
except SystemExit as error:
    used = resource.getrusage(resource.RUSAGE_SELF)
    try:  # what a child's usage says is at least what its parent took when it was begun
        status = open("/proc/self/status").read()
        peak = int(status.partition("VmHWM:")[2].split()[0]) << 10
    except (OSError, IndexError):
        peak = used.ru_maxrss << 10
    print("MEASURED", error.code, used.ru_utime + used.ru_stime, peak, file=sys.stderr)
"""
Measured = tuple[float, float]
"""Seconds and bytes."""


def measured(subject: str, dimension: str, n: int, seconds: float, runs: int) -> Measured | None:
    """The least of so many runs, or None when it takes too long or fails."""
    both = [_measured(subject, dimension, n, seconds) for _ in range(runs)]
    known = [one for one in both if one is not None]
    return (min(time for time, _ in known), min(peak for _, peak in known)) if len(known) == runs else None


def _measured(subject: str, dimension: str, n: int, seconds: float) -> Measured | None:
    with tempfile.TemporaryDirectory() as scratch:
        prepare = [sys.executable, str(TESTS / "growth_commands.py"), subject, dimension, str(n), f"{scratch}/of"]
        made = subprocess.run(prepare, capture_output=True, text=True, check=True)
        command = [sys.executable, "-c", COMMAND, *json.loads(made.stdout.splitlines()[-1])]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=True)
            said, code, time, peak = ended.stderr.splitlines()[-1].split()
            if said != "MEASURED" or code not in ("0", "1", "3"):
                raise ValueError(ended.stderr[-300:])
        except (subprocess.SubprocessError, ValueError) as error:
            print(f"    {error}"[:300], file=sys.stderr)
            return None
        return float(time), float(peak)


def grown(subject: str, dimension: str, given: argparse.Namespace) -> tuple[int, list[Measured | None]]:
    """Where a dimension begins, and what a set of ten, of that, of the double, … takes."""

    def at(n: int) -> Measured | None:
        return measured(subject, dimension, n, given.seconds, given.runs)

    first = LIMITS.get((subject, dimension), given.base)
    last = first if (subject, dimension) in LIMITS else given.base * LARGEST
    start, run = at(10), at(first)
    while first < last and start and run and run[0] - start[0] < given.least:
        first *= 2
        run = at(first)
    return first, [start, run, *(at(first << k) for k in (1, 2, 3))]


def worst(values: list[float], noise: float) -> float:
    ratios = [more / less for less, more in pairwise(values) if less > noise]
    return max(ratios, default=0.0)


def shown(name: str, first: int, runs: Sequence[Measured | None], least: float) -> tuple[str, bool]:
    """A row of the table, and whether it grows too fast."""
    known = [run for run in runs if run is not None]
    if len(known) < len(runs):
        return f"{name}not finished: {[run and round(run[0], 2) for run in runs]}", True
    times = [max(run[0] - known[0][0], 0.0) for run in known[1:]]
    peaks = [max(run[1] - known[0][1], 0.0) for run in known[1:]]
    grown_by = [more - less for less, more in pairwise(peaks)]
    ratios = worst(times, least / 2), worst(grown_by, NOISE_BYTES)
    seconds = " ".join(f"{time:8.2f}" for time in times)
    megabytes = " ".join(f"{peak / 2**20:6.0f}" for peak in peaks)
    row = f"{name}{first:>8,}  {seconds:<36}{ratios[0]:>6.2f}  {megabytes:<28}{ratios[1]:>6.2f}"
    return row, max(ratios) > MOST


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", type=int, default=4000)
    parser.add_argument("--of", nargs="+", choices=list(TRIALS), default=list(TRIALS))
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--least", type=float, default=0.25)
    given = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    failed = 0
    print(
        f"{'of':<14}{'dimension':<34}{'from':>8}  {'seconds at 1, 2, 4, 8 times':<36}{'ratio':>6}  {'peak MB':<28}{'ratio':>6}"
    )
    with ExitStack() as stack:
        if "cloud" in given.of:
            logging.getLogger("werkzeug").setLevel(logging.ERROR)  # which tells of each request
            stack.enter_context(s3_server())
        for subject in given.of:
            for dimension in TRIALS[subject]:
                first, runs = grown(subject, dimension, given)
                row, over = shown(f"{subject:<14}{dimension:<34}", first, runs, given.least)
                failed += over
                print(row + ("  <<<" if over else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
