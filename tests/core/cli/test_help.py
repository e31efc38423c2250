"""Help texts, shell completion, and messages that lead on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

import to_labelbox
from harness import FIXTURES
from to_labelbox.cli import COMMANDS, EXIT_CODES, cli

PROGRAM = str(Path(sys.executable).with_name("to-labelbox"))
README = (Path(__file__).parents[3] / "README.md").read_text()


def output(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_that_can_be_parsed(name: str) -> None:
    command = cli.get_command(cli.make_context("to-labelbox", ["formats"]), name)
    assert command is not None
    text = f"{command.help}\n{command.epilog}"
    examples = re.findall(rf"to-labelbox {name}((?: [^\n|>()]+)?)", text)
    assert examples
    for example in examples:
        arguments = re.split(r"\s{2,}", example.replace("'", "").replace('"', "").strip())[0].split()
        command.make_context(name, arguments)  # raises for an option that does not exist


def test_the_list_of_commands_is_not_cut() -> None:
    listed = output("--help").partition("Commands:")[2].partition("Exit codes")[0]
    assert "..." not in listed
    assert [line.split()[0] for line in listed.strip().splitlines()] == list(COMMANDS)


def test_exit_codes_are_told_in_help_and_readme() -> None:
    assert [int(n) for n in re.findall(r"^  (\d)  ", EXIT_CODES, re.MULTILINE)] == [0, 1, 2, 3, 4, 5, 6]
    assert EXIT_CODES.splitlines()[2].strip() in output("--help")
    told = README.partition("Exit codes:")[2].partition("\n\n")[0]
    assert [int(n) for n in re.findall(r"(?:^|; |\s)(\d) [a-zA-Z]", told)] == [0, 1, 2, 3, 4, 5, 6]


def test_a_mistyped_command_is_recognised() -> None:
    result = CliRunner().invoke(cli, ["conver", "x"])
    assert result.exit_code == 2
    assert "did you mean 'convert'?" in result.output


def test_each_command_leads_to_the_next(tmp_path: Path) -> None:
    out = tmp_path / "out"
    source = str(FIXTURES / "coco/boxes/input")
    assert f"next: to-labelbox convert {source} -o OUT" in output("inspect", source)
    to_labelbox.convert(source, out)
    assert output("validate", str(out)).endswith(f"next: to-labelbox preview {out}\n")
    assert output("validate", str(out), "--media-root", source).endswith(f"preview {out} --media-root {source}\n")
    assert "open it in a browser" in output("preview", str(out))


def test_a_preview_says_how_many_pictures_it_lacks(tmp_path: Path) -> None:
    out, demo = tmp_path / "out", FIXTURES / "coco/demo"
    to_labelbox.convert(demo / "input", out)
    assert "no picture of 4 of them is at hand: give --media-root DIR" in output("preview", str(out))
    assert f"no picture of 4 of them is below {tmp_path}" in output("preview", str(out), "--media-root", str(tmp_path))
    (tmp_path / "street").mkdir()
    Image.new("RGB", (640, 480)).save(tmp_path / "street" / "0001.jpg")
    assert "no picture of 3 of them is below" in output("preview", str(out), "--media-root", str(tmp_path))
    to_labelbox.convert(FIXTURES / "label-studio/text-spans/input", tmp_path / "text")
    assert "no picture" not in output("preview", str(tmp_path / "text"))


# ------------------------------------------------------------------------------------------------------ completion


def completed(*words: str) -> list[str]:
    """What bash is told for a line whose last word is being typed."""
    line = " ".join(["to-labelbox", *words])
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words)), "_TO_LABELBOX_COMPLETE": "bash_complete"}
    environment = {**os.environ, **asked}
    answer = subprocess.run([PROGRAM], env=environment, capture_output=True, text=True, check=False)
    return [entry.partition(",")[2] for entry in answer.stdout.split()]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["con"], ["convert"]),
        (["convert", "--from", "c"], ["coco", "cvat"]),
        (["convert", "--geom"], ["--geometry"]),
        (["convert", "--geometry", "p"], ["polygon"]),
        (["formats", "y"], ["yolo"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
    ],
)
def test_completion(words: list[str], wanted: list[str]) -> None:
    assert completed(*words) == wanted


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_for_this_program(shell: str) -> None:
    script = output("completion", shell)
    assert "_TO_LABELBOX_COMPLETE" in script
    assert f"{shell}_complete" in script
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, text=True, check=False).returncode == 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_completes_with_the_script() -> None:
    commands = """eval "$(to-labelbox completion bash)"
        COMP_WORDS=(to-labelbox val); COMP_CWORD=1; _to_labelbox_completion to-labelbox val to-labelbox
        echo "${COMPREPLY[@]}" """
    environment = {**os.environ, "PATH": f"{Path(PROGRAM).parent}:{os.environ['PATH']}"}
    answer = subprocess.run(["bash", "-c", commands], env=environment, capture_output=True, text=True, check=False)
    assert answer.stdout.split() == ["validate"], answer.stderr


def test_the_bare_command_is_asked_for_help() -> None:
    done = subprocess.run([PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: to-labelbox [OPTIONS] COMMAND")
    assert "Error" not in done.stderr
