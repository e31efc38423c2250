"""How many modules a command loads before it does its work: that is what its start takes, and it can be counted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from harness import ROOT
from to_labelbox import cli

PRINT = "; import sys, atexit; atexit.register(lambda: print('\\n@', *sys.modules))"
RUN = "import to_labelbox.__main__ as m; m.main()"


def loaded(*arguments: str | Path) -> set[str]:
    """The modules that are loaded when a command ends."""
    code = f"pass{PRINT}; {RUN}"
    made = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=True
    )
    return set(made.stdout.rpartition("\n@")[2].split())


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.startswith("to_labelbox")}


HEAVY = {"numpy", "lxml", "yaml", "PIL", "rich", "pyclipper", "pycocotools", "multiprocessing", "labelbox"}
HEAVY |= {"importlib.metadata", "email", "concurrent.futures", "asyncio", "socket", "ssl"}
SLOW = {"zipfile", "tempfile", "pathlib", "shutil", "urllib.parse", "mimetypes", "random", "json", "difflib", "csv"}
"""What few conversions need, and what takes milliseconds to load."""


def test_help_loads_the_command_line_and_nothing_else() -> None:
    modules = loaded("--help")
    assert not modules & (HEAVY | {"difflib", "msgspec", "json", "hashlib", "tempfile", "zipfile"})
    assert ours(modules) <= {
        "to_labelbox",
        "to_labelbox.__main__",
        "to_labelbox.cli",
        "to_labelbox.cli.speech",
        "to_labelbox.model",
        "to_labelbox.model.text",
        "to_labelbox.report",
        "to_labelbox.report.errors",
        "to_labelbox.report.interruption",
    }
    assert len(modules) < 120


@pytest.mark.parametrize("name", ["labelimg", "detect"])
def test_a_small_set_of_boxes_loads_nothing_heavy(name: str, tmp_path: Path) -> None:
    modules = loaded("convert", ROOT / "fixtures/yolo" / name / "input", "-o", tmp_path / "out", "--quiet")
    assert not modules & (HEAVY | SLOW)
    assert not any(name.startswith("to_labelbox.batches") for name in modules)
    assert len(modules) < 290


def test_a_usual_data_yaml_needs_no_yaml(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/data.yaml").write_text("train: images\nnc: 1\nnames:\n  0: car\n")
    (tmp_path / "set/images").mkdir()
    (tmp_path / "set/labels").mkdir()
    (tmp_path / "set/labels/a.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (tmp_path / "set/images/a.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x20")
    assert "yaml" not in loaded("convert", tmp_path / "set", "-o", tmp_path / "out", "--quiet")


def test_a_format_that_is_named_is_the_only_one_loaded(tmp_path: Path) -> None:
    source = ROOT / "fixtures/coco/demo/input"
    modules = loaded("convert", source, "-o", tmp_path / "out", "--from", "coco", "--quiet")
    assert "to_labelbox_formats.coco" in modules
    assert not {f"to_labelbox_formats.{name}" for name in ("cvat", "voc", "yolo", "label_studio")} & modules
    assert not modules & {"numpy.ma", "importlib.metadata"}


def test_the_list_of_commands_says_of_each_what_it_says_itself() -> None:
    group = cli.cli
    assert isinstance(group, cli._Commands)
    context = click.Context(group)
    for name, summary in cli.COMMANDS.items():
        command = group.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(200) == summary


def test_a_batch_loads_no_metadata_of_packages(tmp_path: Path) -> None:
    modules = loaded("batch", ROOT / "fixtures/yolo/labelimg/input", "-o", tmp_path / "out", "--quiet")
    assert "to_labelbox.batches.lock" in modules
    assert not modules & {"importlib.metadata", "email"}
