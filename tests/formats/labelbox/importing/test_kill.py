"""Killed with kill -9 at any moment, and run again: what is at the service in the end is what one run makes.

A few moments here; ``make kill-import`` (TO_LABELBOX_IMPORT_KILLS=all) takes every request, before and after its effect,
and a hundred random moments.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from formats.labelbox.importing.forked import Commands, commands
from formats.labelbox.importing.payloads import output
from formats.labelbox.importing.stand_in import KEY, StandIn
from formats.labelbox.importing.test_faults import copied
from to_labelbox import UsageError

pytestmark = pytest.mark.filterwarnings("ignore")

ALL = os.environ.get("TO_LABELBOX_IMPORT_KILLS", "") == "all"
STEP = 1 if ALL else 11
MOMENTS = 100 if ALL else 2
ROWS, EACH = 20, 3
RUNS = 6
"""As often a command may ask to be run again."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output whose media are local files, so that there are uploads to be killed in."""
    folder = tmp_path_factory.mktemp("kill")
    out = output(folder / "out", rows=ROWS, each=EACH, web=False)
    for n in range(ROWS):
        picture = folder / "out" / "media" / "a" / f"{n:04}.jpg"
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(b"\xff\xd8\xff" + bytes([n]) * 50)
    return out


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    log = tmp_path_factory.mktemp("log") / "printed.txt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABELBOX_API_KEY", KEY)
        with commands(log) as running:
            yield running
    printed = log.read_text()
    assert KEY not in printed
    assert "Traceback" not in printed


def with_media(made: Path, to: Path) -> Path:
    copied(made, to)
    (to / "media").symlink_to(made / "media")
    return to


def arguments(out: Path, service: StandIn) -> list[str]:
    given = [
        "import",
        str(out),
        "--project",
        "yard",
        "--media-root",
        str(out / "media"),
        "--endpoint",
        service.endpoint,
    ]
    return [*given, "--yes", "--lines-per-job", "25", "--upload-threads", "2", "--quiet"]


@pytest.fixture(scope="module")
def whole(made: Path, forked: Commands, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int, float]:
    """What an undisturbed run makes, in how many requests and seconds."""
    with StandIn() as service:
        out = with_media(made, tmp_path_factory.mktemp("whole") / "out")
        started = time.monotonic()
        assert forked.run(arguments(out, service)) == 0
        return service.final(), service.service.count, time.monotonic() - started


def finish(forked: Commands, out: Path, service: StandIn) -> None:
    for _ in range(RUNS):
        code = forked.run(arguments(out, service))
        if code == 0:
            return
        assert code == 5, code
    raise AssertionError("it does not come to an end")


def killed_at(forked: Commands, out: Path, service: StandIn, number: int, phase: str) -> None:
    def hear(request: int, operation: str, now: str) -> bool:
        if request == number and now == phase:
            os.kill(forked.pid, signal.SIGKILL)
            return phase == "before"  # then it has no effect
        return False

    service.on_request = hear
    assert forked.run(arguments(out, service)) == -signal.SIGKILL
    service.on_request = lambda *_: False


@pytest.mark.parametrize("phase", ["before", "after"])
def test_killed_at_a_request(
    made: Path,
    forked: Commands,
    whole: tuple[dict[str, Any], int, float],
    tmp_path: Path,
    phase: str,
) -> None:
    final, requests, _ = whole
    wrong = []
    numbers = range(1 if phase == "before" else 1 + STEP // 2, requests + 1, STEP)
    for number in numbers:
        with StandIn() as service:
            out = with_media(made, tmp_path / f"{number}")
            killed_at(forked, out, service, number, phase)
            finish(forked, out, service)
            if service.final() != final:
                wrong.append((number, service.final()))
    assert not wrong
    print(f"killed {phase} {len(numbers)} requests: all as uninterrupted")


def test_killed_at_random_moments(
    made: Path, forked: Commands, whole: tuple[dict[str, Any], int, float], tmp_path: Path
) -> None:
    """Twice in a row, so that the second hits the resume."""
    final, _, seconds = whole
    seed = int(os.environ.get("SEED", "1"))
    chance = random.Random(seed)
    killed = 0
    for moment in range(MOMENTS):
        with StandIn() as service:
            service.service.polls = moment % 3
            out = with_media(made, tmp_path / f"{moment}")
            for _ in range(2):
                delay = chance.uniform(0, seconds)

                def start(pid: int, delay: float = delay) -> None:
                    def end() -> None:
                        time.sleep(delay)
                        with suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGKILL)

                    threading.Thread(target=end, daemon=True).start()

                killed += forked.run(arguments(out, service), start) == -signal.SIGKILL
            finish(forked, out, service)
            assert service.final() == final, (seed, moment)
    print(f"killed at {killed} random moments: all as uninterrupted")


def test_two_runs_at_once_exclude_each_other(
    made: Path, forked: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABELBOX_API_KEY", KEY)
    out = with_media(made, tmp_path / "out")
    said: list[str] = []
    with StandIn() as service:

        def hear(request: int, operation: str, now: str) -> bool:
            if operation == "CreateProjectPyApi" and now == "before" and not said:
                with pytest.raises(UsageError) as refused:
                    to_labelbox.import_(out, project="yard", endpoint=service.endpoint, yes=True)
                said.append(str(refused.value))
            return False

        service.on_request = hear
        assert forked.run(arguments(out, service)) == 0
    assert "another run is at work" in said[0]
