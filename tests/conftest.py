"""Options and fixtures of the suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import Convert


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Rewrite fixtures/*/*/expected.*; review the diff.")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def convert(tmp_path: Path) -> Convert:
    return Convert(tmp_path)
