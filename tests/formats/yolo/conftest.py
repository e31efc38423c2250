"""Fixtures of the tests in this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.yolo import Sandbox


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)
