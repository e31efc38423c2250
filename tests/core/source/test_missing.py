"""What is said of a path that leads nowhere, and of other names that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import to_labelbox
from harness import save
from to_labelbox import UsageError
from to_labelbox.cli import cli


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("~/set/a.json", r"the shell has not expanded ~"),
        ("set/*.xml", r"no file matches the pattern, or it is quoted"),
        ("C:\\data\\a.json", r"it is a path of Windows"),
        ("set/instances_val2107.json", r"did you mean set/instances_val2017.json\?"),
        ("set/deep/er/a.json", r"what is there is set$"),
        ("nowhere", r"nowhere: no such file or folder$"),
    ],
)
@pytest.mark.parametrize("command", ["convert", "batch"])
def test_the_likeliest_mistake_is_named(
    command: str, path: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "set" / "instances_val2017.json", {})
    monkeypatch.chdir(tmp_path)
    run: Any = to_labelbox.convert if command == "convert" else to_labelbox.batch
    with pytest.raises(UsageError, match=said):
        run(path, tmp_path / "out")


def test_a_folder_that_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no output of `to-labelbox convert` or `batch`"):
        to_labelbox.validate(tmp_path)


def test_names_are_those_that_the_user_has_given(tmp_path: Path) -> None:
    source = str(save(tmp_path / "a.json", {"images": [], "annotations": [], "categories": []}))
    told = CliRunner().invoke(cli, ["ontology", source, "--diff", "nosuch.json"], standalone_mode=False).exception
    assert str(told).startswith("--diff nosuch.json: ")
    with pytest.raises(UsageError, match="did you mean 'label-studio'"):
        to_labelbox.convert(source, None, format="label_studio")
