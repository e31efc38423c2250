"""Whole processes measured side by side: CPU seconds and peak memory as the operating system counts them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

CONVERT = ["-c", "from to_labelbox.cli import main; main()", "convert"]
"""Arguments of the interpreter that run `to-labelbox convert`."""


class Cost(NamedTuple):
    """CPU seconds (user and system), wall seconds, peak memory in MB."""

    cpu: float
    wall: float
    megabytes: float


def cost(arguments: Sequence[str]) -> Cost:
    """Run this interpreter with arguments; its byte code is cached, as after an installation."""
    return cost_of([sys.executable, *arguments])


def cost_of(command: Sequence[str]) -> Cost:
    """Run a program, which says nothing."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    assert child.stderr is not None
    told = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"exit code {child.returncode}: {' '.join(command)[:200]}\n{told[-500:].decode()}")
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss / 1024)


def compare(
    yardstick: str | Sequence[str], programs: Mapping[str, Sequence[str]], limits: Mapping[str, float], rounds: int
) -> None:
    """Run all programs in turn, and print medians beside the named yardstick, or the quickest of several."""
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    for n in range(rounds + 1):
        for name, arguments in programs.items():
            measured = cost(arguments)
            if n:  # the first round warms the caches
                costs[name].append(measured)
    print(f"{'':<28}{'CPU s':>8}{'ratio':>8}{'limit':>8}{'wall s':>8}{'peak MB':>9}")
    yardsticks = [yardstick] if isinstance(yardstick, str) else yardstick
    base = min(statistics.median(c.cpu for c in costs[name]) for name in yardsticks)
    for name, found in costs.items():
        cpu, wall, peak = (statistics.median(c[i] for c in found) for i in range(3))
        limit = f"{limits[name]:>8.2f}" if name in limits else f"{'':>8}"
        print(f"{name:<28}{cpu:>8.2f}{cpu / base:>8.2f}{limit}{wall:>8.2f}{peak:>9.0f}")
