"""Options and fixtures of the suite."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from harness import Convert

# Property tests draw new examples at every run by hand, and the same ones where a machine decides on a change.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# A shell starts what runs in its background with signals ignored, and every process below inherits that.
for name in ("SIGINT", "SIGHUP"):
    if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, name), signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Rewrite fixtures/*/*/expected.*; review the diff.")


def pytest_collection_finish() -> None:
    """What is loaded stays: to look through all of it for cycles again and again takes a tenth of the suite's time."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def convert(tmp_path: Path) -> Convert:
    return Convert(tmp_path)
