"""Time and peak memory of a conversion over 1, 2, 4 and 8 times the source, in every dimension of every format.

python benchmarks/growth.py [--base 4000] [--format coco] [--seconds 120]

A row is the user time of the child process and its peak, each without that of a set of ten; the ratio is the largest of
one doubling, where the smaller side is more than noise. More than 2.3 is marked, and ends with exit code 1.
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

from growth_sets import SETS, arguments, write

MOST = 2.3
NOISE_SECONDS, NOISE_BYTES = 0.25, 30 << 20
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
    """(seconds, bytes) of one conversion, or None when it takes too long or fails."""
    given = arguments(format, folder)
    more = [str(given["sizes"])] if "sizes" in given else []
    command = [sys.executable, "-c", CONVERT, str(folder), f"{folder}-out", format, *more]
    try:
        made = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        print(f"    {error}"[:300], file=sys.stderr)
        return None
    time, peak = made.stdout.split()
    return float(time), float(peak)


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
        f"{'format':<14}{'dimension':<24}{'seconds at 1, 2, 4, 8 times':<36}{'ratio':>6}  {'peak MB':<28}{'ratio':>6}"
    )
    for format in [given.format] if given.format else SETS:
        for dimension, make in SETS[format].items():
            with tempfile.TemporaryDirectory() as scratch:
                sizes = [10, *(given.base << k for k in range(4))]
                runs = [measured(format, write(Path(scratch) / str(n), make(n)), given.seconds) for n in sizes]
            known = [run for run in runs if run is not None]
            if len(known) < len(runs):
                failed += 1
                print(
                    f"{format:<14}{dimension:<24}not finished: {[run and round(run[0], 2) for run in runs]}  <<<",
                    flush=True,
                )
                continue
            times = [max(run[0] - known[0][0], 0.0) for run in known[1:]]
            peaks = [max(run[1] - known[0][1], 0.0) for run in known[1:]]
            ratios = worst(times, NOISE_SECONDS), worst(peaks, NOISE_BYTES)
            over = max(ratios) > MOST
            failed += over
            shown = " ".join(f"{time:8.2f}" for time in times)
            megabytes = " ".join(f"{peak / 2**20:6.0f}" for peak in peaks)
            row = f"{format:<14}{dimension:<24}{shown:<36}{ratios[0]:>6.2f}  {megabytes:<28}{ratios[1]:>6.2f}"
            print(row + ("  <<<" if over else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
