"""Time and peak memory of a conversion over 1, 2, 4 and 8 times the source, in every dimension of every format.

python benchmarks/growth.py [--base 4000] [--format coco] [--seconds 120]

A row is the processor's time of the child process, the less of two, without that of a set of ten, and its peak. It begins at
the base, or at the double, the double of that, … that takes more than noise. The first ratio is the largest of times of one
doubling. The second is that of what peaks grow by: a peak hides what lies below what starting takes, so that of a source
twice as large is not twice the peak, but what it grows by from doubling to doubling is. More than 2.3 is marked, and ends
with exit code 1. What a limit refuses is measured below it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from growth_sets import SETS, Make, arguments, write

MOST = 2.3
NOISE_SECONDS, NOISE_BYTES = 0.25, 15 << 20
LARGEST = 64
"""Times the base at which a dimension begins at most."""
LIMITS = {
    ("yolo", "vertices"): 16_000,
    ("yolo", "key points"): 1000,
    ("coco", "files"): 1000,
    ("cvat", "files"): 1000,
    ("label-studio", "files"): 1000,
}
"""Where a dimension begins that has a limit, or whose measure is files."""
CONVERT = """
import resource, sys, to_labelbox
given = {"format": sys.argv[3]}
if len(sys.argv) > 4:
    given["sizes"] = sys.argv[4]
to_labelbox.convert(sys.argv[1], sys.argv[2], **given)
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
"""


def measured(format: str, folder: Path, seconds: float) -> tuple[float, float] | None:
    """(seconds, bytes) of a conversion, the less of two, or None when it takes too long or fails."""
    both = [_measured(format, folder, f"{folder}-out-{n}", seconds) for n in range(2)]
    known = [one for one in both if one is not None]
    return (min(time for time, _ in known), min(peak for _, peak in known)) if len(known) == 2 else None


def _measured(format: str, folder: Path, out: str, seconds: float) -> tuple[float, float] | None:
    given = arguments(format, folder)
    more = [str(given["sizes"])] if "sizes" in given else []
    command = [sys.executable, "-c", CONVERT, str(folder), out, format, *more]
    try:
        made = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        print(f"    {error}"[:300], file=sys.stderr)
        return None
    time, peak = made.stdout.split()
    return float(time), float(peak)


def grown(
    format: str, dimension: str, make: Make, base: int, seconds: float
) -> tuple[int, list[tuple[float, float] | None]]:
    """Where a dimension begins, and what a set of ten, of that, of the double, … takes."""
    with tempfile.TemporaryDirectory() as scratch:

        def at(n: int) -> tuple[float, float] | None:
            return measured(format, write(Path(scratch) / str(n), make(n)), seconds)

        first = LIMITS.get((format, dimension), base)
        last = first if (format, dimension) in LIMITS else base * LARGEST
        start, run = at(10), at(first)
        while first < last and start and run and run[0] - start[0] < NOISE_SECONDS:
            first *= 2
            run = at(first)
        return first, [start, run, *(at(first << k) for k in (1, 2, 3))]


def worst(values: list[float], noise: float) -> float:
    ratios = [more / less for less, more in pairwise(values) if less > noise]
    return max(ratios, default=0.0)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", type=int, default=4000)
    parser.add_argument("--format", choices=list(SETS))
    parser.add_argument("--seconds", type=float, default=120)
    given = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    failed = 0
    print(
        f"{'format':<14}{'dimension':<26}{'from':>8}  {'seconds at 1, 2, 4, 8 times':<36}{'ratio':>6}  {'peak MB':<28}{'ratio':>6}"
    )
    for format in [given.format] if given.format else SETS:
        for dimension, make in SETS[format].items():
            first, runs = grown(format, dimension, make, given.base, given.seconds)
            known = [run for run in runs if run is not None]
            if len(known) < len(runs):
                failed += 1
                print(
                    f"{format:<14}{dimension:<26}not finished: {[run and round(run[0], 2) for run in runs]}  <<<",
                    flush=True,
                )
                continue
            times = [max(run[0] - known[0][0], 0.0) for run in known[1:]]
            peaks = [max(run[1] - known[0][1], 0.0) for run in known[1:]]
            grown_by = [more - less for less, more in pairwise(peaks)]
            ratios = worst(times, NOISE_SECONDS / 2), worst(grown_by, NOISE_BYTES)
            over = max(ratios) > MOST
            failed += over
            shown = " ".join(f"{time:8.2f}" for time in times)
            megabytes = " ".join(f"{peak / 2**20:6.0f}" for peak in peaks)
            row = f"{format:<14}{dimension:<26}{first:>8,}  {shown:<36}{ratios[0]:>6.2f}  {megabytes:<28}{ratios[1]:>6.2f}"
            print(row + ("  <<<" if over else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
