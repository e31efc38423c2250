from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from formats.labelbox.importing.stand_in import KEY, StandIn

pytest.importorskip("labelbox", reason="the official SDK is not installed")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited; nothing is, so that a test of an hour takes no time."""
    waited: list[float] = []
    really = time.sleep

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        really(0 if seconds < 60 else 0.001)

    monkeypatch.setattr(time, "sleep", sleep)
    return waited


@pytest.fixture
def service(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("LABELBOX_API_KEY", KEY)
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def key_is_nowhere(tmp_path: Path, capfd: Any) -> Iterator[None]:
    """Whatever a test does: the key is in no byte that was written or printed."""
    yield
    printed = capfd.readouterr()
    assert KEY not in printed.out + printed.err
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert KEY.encode() not in file.read_bytes(), file
