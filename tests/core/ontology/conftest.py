"""Fixtures of the tests in this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness import save


@pytest.fixture
def existing(tmp_path: Path) -> Any:
    def make(*tools: dict[str, Any], classifications: tuple[dict[str, Any], ...] = ()) -> Path:
        return save(tmp_path / "given" / "ontology.json", {"tools": tools, "classifications": classifications})

    return make
