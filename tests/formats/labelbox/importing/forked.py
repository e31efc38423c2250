"""The command in processes of their own that can be killed: forked from one in which the SDK is loaded already.

Run as a program it reads one list of arguments a line, runs the command with them in a child, and writes the child's
process id when it starts and its exit code when it ends. Waiting takes no time in it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class Commands:
    """Runs commands one after another."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = 0

    def run(self, arguments: Sequence[str], started: Callable[[int], None] = lambda pid: None) -> int:
        """The exit code; -9 for a command that was killed."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(list(arguments)) + "\n")
        self._process.stdin.flush()
        self.pid = int(self._process.stdout.readline())
        started(self.pid)
        code = int(self._process.stdout.readline())
        self.pid = 0
        return code


@contextmanager
def commands(log: Path) -> Iterator[Commands]:
    """What the commands print goes into a file."""
    with open(log, "ab") as printed:
        process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=printed, text=True
        )
        try:
            yield Commands(process)
        finally:
            process.communicate()


def _serve() -> None:
    import time

    import labelbox  # noqa: F401  (loaded once for all)
    import requests  # noqa: F401

    from to_labelbox.cli import main
    from to_labelbox_formats.labelbox.importing import run  # noqa: F401

    time.sleep = lambda seconds: None
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            sys.argv = ["to-labelbox", *json.loads(line)]
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            main()
        print(child, file=answers, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
