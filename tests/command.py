"""Commands without the time that a process of its own takes to load the program."""

from __future__ import annotations

import gc
import io
import json
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess
from typing import Any

import pytest

from to_labelbox.cli import main
from to_labelbox.report.interruption import NUMBERS


def called(*arguments: object, **environment: str) -> CompletedProcess[str]:
    """A command in this process: all that one of its own shows, but for how it starts. Whatever is no sentence of it is raised."""
    said, told = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    handlers = {number: signal.getsignal(number) for number in NUMBERS}
    given = [str(argument) for argument in arguments]
    code: object = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(told):
        patch.setattr(sys, "argv", ["to-labelbox", *given])
        patch.setattr(gc, "freeze", lambda: None)
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            main()
        except SystemExit as end:
            code = end.code
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
    assert isinstance(code, int)
    return CompletedProcess(given, code, *(stream.buffer.getvalue().decode() for stream in (said, told)))


_CHILDREN = """
import json, os, sys
from to_labelbox.cli import main
for arguments in json.loads(sys.argv[1]):
    if not (child := os.fork()):
        sys.argv[1:] = arguments
        main()
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{arguments} failed")
"""


def one_after_another(*commands: tuple[object, ...], **more: Any) -> CompletedProcess[str]:
    """Commands in surroundings of their own, up to one that fails: each in a process, for all of which the program is loaded once."""
    given = json.dumps([list(map(str, arguments)) for arguments in commands])
    return subprocess.run(
        [sys.executable, "-c", _CHILDREN, given], capture_output=True, text=True, timeout=200, check=False, **more
    )
