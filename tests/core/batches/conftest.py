"""Fixtures of the tests in this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.batch import box_set


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough to be killed at many moments."""
    root = tmp_path_factory.mktemp("sources")
    box_set(root / "large" / "large.json", images=6000)
    for n in range(12):
        box_set(root / f"small {n}" / "set.json", label=f"class {n % 5}", images=40)
    return root
