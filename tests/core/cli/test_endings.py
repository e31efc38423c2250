"""However a run ends, it ends in a sentence: signals, closed and full outputs, names that are no names."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import to_labelbox
from command import called
from harness import annotation, coco, contents, image, save

PROGRAM = [sys.executable, "-m", "to_labelbox"]
BATCH_RESUME = b"--resume goes on"


def large(folder: Path) -> Path:
    shapes = [
        annotation(n, image_id=n, segmentation=[[1, 1, 9, 1, 9, 9], [20, 20, 30, 20, 30, 40]]) for n in range(40_000)
    ]
    return save(folder / "a.json", coco(shapes, [image(n) for n in range(40_000)]))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_conversion_in_one_sentence(number: int, workers: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [*PROGRAM, "convert", str(large(tmp_path)), "-o", str(out), "--workers", str(workers)]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(out.glob(".*/*")) and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    run.send_signal(number)
    said = run.communicate(timeout=30)[1]
    assert run.returncode == 128 + number
    assert said.strip().splitlines() == [
        f"to-labelbox: interrupted by {signal.Signals(number).name}: no file is left half-written".encode()
    ]
    assert contents(out) == {}


def test_a_batch_says_after_a_signal_how_to_go_on(tmp_path: Path) -> None:
    large(tmp_path / "sets" / "a")
    out = tmp_path / "out"
    command = [*PROGRAM, "batch", str(tmp_path / "sets"), "-o", str(out), "-q"]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    while not list(out.glob(".to-labelbox-partial/*/*.done")) and run.poll() is None:
        time.sleep(0.01)
    run.send_signal(signal.SIGHUP)
    assert BATCH_RESUME in run.communicate(timeout=30)[1]
    assert run.returncode == 128 + signal.SIGHUP
    assert [p for p in os.listdir(out) if not p.startswith(".")] == []


@pytest.mark.parametrize("command", ["inspect", "ontology", "formats"])
def test_a_full_disk_behind_the_output_is_said(command: str, tmp_path: Path) -> None:
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])]))
    with open("/dev/full", "wb") as full:
        given = () if command == "formats" else (source,)
        made = subprocess.run([*PROGRAM, command, *given], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert made.returncode == 6
    assert made.stderr == b"to-labelbox: output: No space left on device\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full 2>/dev/full"])
def test_closed_and_full_outputs_cost_nothing_that_is_written_elsewhere(closed: str, tmp_path: Path) -> None:
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])]))
    line = f"{' '.join(map(str, PROGRAM))} convert {source} -o {tmp_path / 'out'} {closed}"
    made = subprocess.run(["sh", "-c", line], capture_output=True, timeout=60, check=False)
    assert made.returncode == 0
    assert b"Traceback" not in made.stderr
    assert {"annotations.ndjson", "data_rows.ndjson", "ontology.json", "report.json"} <= set(contents(tmp_path / "out"))


NASTY = "a\x1b[31m\u202e\u2066\x07\u200b"


def steered(text: str) -> list[str]:
    """Characters that must not reach a terminal."""
    return [c for c in text if not c.isprintable() and c not in "\n\t"]


def test_names_never_steer_a_terminal(tmp_path: Path) -> None:
    document = coco([annotation(1, bbox=[1, 1, 5, 5])], None, [{"id": 1, "name": NASTY}])
    document["images"][0]["file_name"] = f"{NASTY}.jpg"
    document["annotations"].append({"id": NASTY, "image_id": NASTY, "category_id": NASTY, "bbox": [NASTY]})
    source = save(tmp_path / f"{NASTY}.json", document)
    class_map = tmp_path / f"{NASTY}.yaml"
    class_map.write_text(json.dumps({"classes": {f"{NASTY}2": None}}))
    for arguments in (
        ("convert", source, "-o", tmp_path / NASTY),
        ("inspect", source),
        ("inspect", source, "--json"),
        ("ontology", source),
        ("ontology", source, "--class-map-template"),
        ("convert", source, "--dry-run", "--class-map", class_map),
        ("convert", source, "--dry-run", "--global-key", NASTY),
        ("convert", source, "--dry-run", "-O", f"{NASTY}=1"),
        ("convert", source, "--dry-run", "--min-area", NASTY),
        ("convert", f"{source}{NASTY}", "--dry-run"),
        ("convert", source, NASTY, "--dry-run"),
        (NASTY,),
        ("batch", tmp_path, "-o", tmp_path / f"{NASTY}b"),
        ("batch", tmp_path, "--dry-run"),
        ("validate", tmp_path / NASTY),
        ("validate", tmp_path / f"{NASTY}9"),
        ("preview", tmp_path / NASTY, "-o", tmp_path / f"{NASTY}.html"),
    ):
        made = called(*arguments)
        assert steered(made.stdout + made.stderr) == [], arguments


def test_a_name_of_a_megabyte_is_not_printed_whole(tmp_path: Path) -> None:
    long = "x" * 1_000_000
    document = coco([annotation(1, bbox=[1, 1, 5, 5], attributes={"a": "b"})], None, [{"id": 1, "name": long}])
    source = save(tmp_path / "a.json", document)
    class_map = tmp_path / "map.yaml"
    class_map.write_text(json.dumps({"classes": {"y" * 500_000: None}}))
    for arguments in (
        ("convert", source, "-o", tmp_path / "out"),
        ("inspect", source),
        ("convert", source, "--dry-run", "--class-map", class_map),
        ("batch", source, "-o", tmp_path / "all"),
    ):
        made = called(*arguments)
        assert made.returncode in (0, 2)
        assert len(made.stdout + made.stderr) < 200_000, arguments


def test_thousands_of_unknown_names_of_a_map_are_counted(tmp_path: Path) -> None:
    document = coco([annotation(1, bbox=[1, 1, 5, 5])], None, [{"id": 1, "name": "car"}])
    document["categories"] += [{"id": n, "name": "n" * 500 + str(n)} for n in range(2, 600)]
    source = save(tmp_path / "a.json", document)
    class_map = tmp_path / "map.yaml"
    class_map.write_text(json.dumps({"classes": {"n" * 500 + f"{n}x": None for n in range(3_000)}}))
    made = called("convert", source, "--dry-run", "--class-map", class_map)
    assert made.returncode == 2
    assert "… and 2,980 more" in made.stderr
    assert len(made.stderr) < 200_000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe has no name here")
@pytest.mark.parametrize("command", ["validate", "preview", "compare", "import"])
def test_a_pipe_in_an_output_folder_is_refused(command: str, tmp_path: Path) -> None:
    """Reading it would never end."""
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 2, 30, 40])]))
    to_labelbox.convert(source, tmp_path / "out")
    (tmp_path / "out" / "annotations.ndjson").unlink()
    os.mkfifo(tmp_path / "out" / "annotations.ndjson")
    more = {"compare": [str(source)], "import": ["--project", "yard", "--dry-run"]}.get(command, [])
    made = called(command, tmp_path / "out", *more)
    assert made.returncode == 2
    assert f"{tmp_path}/out/annotations.ndjson is no file: remove it" in made.stderr
