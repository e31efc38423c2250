"""The command line as a user meets it: exit codes, what is said and where, what is never shown."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from command import called
from harness import annotation, coco, contents, image, save

PROGRAM = [sys.executable, "-m", "to_labelbox"]


def street(count: int = 3, **fields: Any) -> dict[str, Any]:
    return coco(
        [annotation(n, image_id=n, bbox=[1, 1, 5, 5], **fields) for n in range(count)],
        [image(n, f"{n}.jpg") for n in range(count)],
    )


def ran(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, **environment}
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)], capture_output=True, text=True, env=given, timeout=120, check=False
    )


# ----------------------------------------------------------------------------------------------------- exit codes


def codes(folder: Path) -> dict[str, tuple[list[object], int, str]]:
    """Arguments, the exit code, and a part of what is said."""
    good = save(folder / "good" / "a.json", street())
    lossy = save(
        folder / "lossy" / "a.json", coco([annotation(1, bbox=[1, 1, 0, 0]), annotation(2, bbox=[1, 1, 5, 5])])
    )
    empty = save(folder / "empty" / "a.json", coco([annotation(1, bbox=[1, 1, 0, 0])]))
    half = save(folder / "half" / "a.json", street()).parent
    (half / "b.json").write_text('{"images": [], "annotations": [')
    out = folder / "out"
    return {
        "finished": (["convert", good, "-o", out / "1"], 0, "next: to-labelbox validate"),
        "losses are no failure": (["convert", lossy, "-o", out / "2"], 0, "box-empty"),
        "unless asked": (["convert", lossy, "-o", out / "3", "--fail-on", "skipped"], 1, "box-empty"),
        "a file that cannot be read": (["convert", half, "-o", out / "4"], 1, "b.json"),
        "no such file": (["convert", folder / "nowhere", "-o", out / "5"], 2, "nowhere: no such file or folder"),
        "no output folder": (["convert", good], 2, "-o OUT"),
        "unknown option": (["convert", good, "-o", out / "6", "--geometri", "bbox"], 2, "--geometry"),
        "unknown -O": (["convert", good, "-o", out / "7", "-O", "colour=red"], 2, "there are: coco: base"),
        "-O without =": (["convert", good, "-o", out / "8", "-O", "base"], 2, "write it as key=value"),
        "unknown format": (["convert", good, "-o", out / "9", "--from", "kitti"], 2, "there are: coco, cvat"),
        "unknown command": (["convrt"], 2, "did you mean 'convert'?"),
        "on-error fail": (["convert", lossy, "-o", out / "10", "--on-error", "fail"], 1, "annotations[0] (id 1)"),
        "nothing converted": (["convert", empty, "-o", out / "11"], 3, "nothing could be converted"),
        "no known format": (["convert", Path(__file__), "-o", out / "12"], 3, "not coco"),
        "inspect": (["inspect", good], 0, "coco"),
        "ontology": (["ontology", good], 0, '"rectangle"'),
        "formats": (["formats", "coco"], 0, "-O base="),
        "validate nothing": (["validate", folder / "nowhere"], 2, "no such file or folder"),
        "version": (["--version"], 0, "to-labelbox"),
    }


def test_exit_codes(tmp_path: Path) -> None:
    for case, (arguments, code, said) in codes(tmp_path).items():
        made = called(*arguments)
        assert made.returncode == code, (case, made.stderr)
        assert said in made.stdout + made.stderr, case


# --------------------------------------------------------------------------------------------------- what is said


def test_quiet_says_nothing_and_still_writes(tmp_path: Path) -> None:
    made = called("convert", save(tmp_path / "a.json", street()), "-o", tmp_path / "out", "--quiet")
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    assert (tmp_path / "out" / "report.json").exists()


def test_errors_are_told_even_if_quiet(tmp_path: Path) -> None:
    made = called("convert", tmp_path / "nowhere", "-o", tmp_path / "out", "--quiet")
    assert made.returncode == 2
    assert "nowhere" in made.stderr


def test_data_goes_to_standard_output_and_words_to_standard_error(tmp_path: Path) -> None:
    source = save(tmp_path / "a.json", street())
    assert json.loads(called("ontology", source).stdout)["tools"][0]["name"] == "car"
    assert json.loads(called("inspect", source, "--json").stdout)["annotations"]["read"] == 3
    assert called("convert", source, "-o", tmp_path / "out").stdout == ""


def test_a_name_cannot_control_the_terminal(tmp_path: Path) -> None:
    document = coco(
        [annotation(1, bbox=[1, 1, 0, 0])], [image(1, "a\x1b]0;x\x07.jpg")], [{"id": 1, "name": "\x1b[31mred\u202e"}]
    )
    for command in (["inspect"], ["convert", "-o", tmp_path / "out"]):
        made = called(command[0], save(tmp_path / "a.json", document), *command[1:])
        assert "\x1b" not in made.stdout + made.stderr
        assert "\u202e" not in made.stdout + made.stderr


@pytest.mark.parametrize("command", ["convert", "inspect"])
def test_a_terminal_that_speaks_ascii_alone(tmp_path: Path, command: str) -> None:
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 1, 0, 0])], None, [{"id": 1, "name": "Straße"}]))
    more = ["-o", tmp_path / "out"] if command == "convert" else []
    made = ran(command, source, *more, LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert made.returncode == 3
    assert "Traceback" not in made.stderr


def test_a_terminal_that_speaks_latin_alone(tmp_path: Path) -> None:
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])], None, [{"id": 1, "name": "日本"}]))
    made = ran("inspect", source, PYTHONIOENCODING="latin-1")
    assert (made.returncode, made.stderr) == (0, "")
    assert "\\u65e5\\u672c" in made.stdout


def test_nobody_listens_to_what_is_said(tmp_path: Path) -> None:
    source = save(tmp_path / "a.json", street())
    for n, redirected in enumerate(("2>/dev/full", "2>&-", ">&- 2>&-")):
        out = tmp_path / str(n)
        command = shlex.join([*PROGRAM, "convert", str(source), "-o", str(out)])
        assert subprocess.run(f"{command} {redirected}", shell=True, timeout=60, check=False).returncode == 0
        assert (out / "report.json").exists()


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """As in `to-labelbox ontology … | head -1`."""
    categories = [{"id": n, "name": f"class {n}"} for n in range(3000)]
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])], None, categories))
    program = subprocess.Popen([*PROGRAM, "ontology", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.readline()
    program.stdout.close()
    assert program.wait(60) == 0
    assert program.stderr.read() == b""
    program.stderr.close()


def test_interrupted_it_leaves_nothing_behind(tmp_path: Path) -> None:
    source = save(tmp_path / "a.json", street(60_000, segmentation=[[1, 1, 6, 1, 6, 6], [2, 2, 4, 2, 4, 5]]))
    program = subprocess.Popen([*PROGRAM, "convert", source, "-o", tmp_path / "out", "-q"], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("out/.*/*")) and program.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert program.poll() is None, "it ended before it could be interrupted"
    program.send_signal(signal.SIGINT)
    assert program.wait(30) == 130
    assert program.stderr is not None
    assert b"Traceback" not in program.stderr.read()
    program.stderr.close()
    assert contents(tmp_path / "out") == {}


LOADING = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "to_labelbox.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from to_labelbox.__main__ import main
main()
"""


def test_interrupted_while_it_is_loaded_it_ends_without_a_word() -> None:
    made = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, timeout=60, check=False)
    assert (made.returncode, made.stdout, made.stderr) == (-signal.SIGINT, b"", b"")


def test_the_package_is_loaded_when_it_is_asked_for_something() -> None:
    code = (
        "import sys, to_labelbox\n"
        "print([name for name in sys.modules if name.startswith('to_labelbox.')])\n"
        "from to_labelbox.plugins.registry import readers\n"
        "print(to_labelbox.formats() == readers(), all(hasattr(to_labelbox, name) for name in to_labelbox.__all__))\n"
        "print(to_labelbox.model.Box.__name__, hasattr(to_labelbox, 'nothing'))\n"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert made.stdout.splitlines() == ["[]", "True True", "Box False"]


def test_no_progress_where_there_is_no_terminal(tmp_path: Path) -> None:
    made = ran("convert", save(tmp_path / "a.json", street(50)), "-o", tmp_path / "out")
    assert "converting" not in made.stderr


@pytest.mark.parametrize("given", [["-o", "OUT"], ["-oOUT"], ["-o=OUT"], ["-qo", "OUT"], ["--out", "OUT"]])
def test_a_short_option_takes_its_value_in_every_way(given: list[str]) -> None:
    from to_labelbox.cli.convert import convert

    assert convert.make_context("convert", ["SOURCE", *given]).params["out"] == "OUT"


def test_a_click_that_keeps_its_long_options_elsewhere_still_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    from to_labelbox.cli.convert import convert

    kept = SimpleNamespace(_short_opt={"-o": object()})
    monkeypatch.setattr(click.Command, "make_parser", lambda *_: kept)
    assert convert.make_parser(click.Context(convert)) is kept
