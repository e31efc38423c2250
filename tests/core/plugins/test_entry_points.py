"""Entry points and versions read from installers' files are those of the standard library."""

from __future__ import annotations

import importlib.metadata
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from to_labelbox.plugins import entry_points
from to_labelbox.plugins.reader import Reader
from to_labelbox.plugins.registry import Registry
from to_labelbox.report import installed

GROUP = "to_labelbox.readers"


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Under the tests' own import hook only the standard library would be asked."""
    ordinary = [f for f in sys.meta_path if "pytest" not in getattr(type(f), "__module__", "")]
    monkeypatch.setattr(sys, "meta_path", ordinary)
    for cached in (installed.distributions, entry_points._written):
        cached.cache_clear()
    yield
    for cached in (installed.distributions, entry_points._written):
        cached.cache_clear()


def distribution(folder: Path, name: str, text: str, kind: str = "dist-info") -> None:
    info = folder / f"{name}.{kind}"
    info.mkdir(parents=True)
    project, _, version = name.partition("-")
    (info / ("METADATA" if kind == "dist-info" else "PKG-INFO")).write_text(
        f"Metadata-Version: 2.1\nName: {project}\nVersion: {version or 1}\n"
    )
    (info / "entry_points.txt").write_text(text)


def test_the_built_in_formats_are_found_the_short_way() -> None:
    found = entry_points.written(GROUP)
    assert found is not None
    assert dict(found) == dict(entry_points.by_metadata(GROUP))
    assert installed.version_of("to-labelbox") == importlib.metadata.version("to-labelbox")
    assert installed.version_of("click") == importlib.metadata.version("click")


def test_files_of_all_kinds_say_what_the_standard_library_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    text = f"# a comment\n[console_scripts]\nx = y:z\n\n[ {GROUP} ]\none=pack:FORMAT\n two = pack.sub : A.b [extra]\n"
    distribution(first, "Some.Plugin-1.0", text.replace(f"[ {GROUP} ]", f"[{GROUP}]"))
    distribution(second, "some_plugin-0.9", f"[{GROUP}]\nold = other:FORMAT\n")  # hidden by the one before
    distribution(second, "Legacy-2.0", f"[{GROUP}]\nthree = legacy:FORMAT\n", "egg-info")
    distribution(second, "nothing-1", "[other]\nfour = nothing:FORMAT\n")
    monkeypatch.setattr(sys, "path", [str(first), str(tmp_path / "absent"), str(second), tmp_path, *sys.path])
    found = entry_points.written(GROUP)
    assert found is not None
    expected = dict(entry_points.by_metadata(GROUP))
    assert dict(found).keys() == expected.keys() >= {"one", "two", "three"}
    assert "old" not in expected
    assert {name: value.replace(" ", "") for name, value in found} == {
        name: value.replace(" ", "") for name, value in expected.items()
    }


def test_what_is_no_folder_is_left_to_the_standard_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as packed:
        packed.writestr("packed-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: packed\nVersion: 1.0\n")
        packed.writestr("packed-1.0.dist-info/entry_points.txt", f"[{GROUP}]\npacked = packed:FORMAT\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "packed.zip"), *sys.path])
    assert entry_points.written(GROUP) is None
    assert "packed" in entry_points.values(GROUP)


def test_a_format_is_imported_when_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(
        tmp_path,
        "lazy-1.0",
        f"[{GROUP}]\nlazy = lazy_format:FORMAT\nbroken = lazy_broken:FORMAT\n"
        "five = lazy_format:FIVE\nother = lazy_format:FORMAT\n",
    )
    (tmp_path / "lazy_format.py").write_text(
        "from to_labelbox.plugins.reader import Match, Reader\nFIVE = 5\n"
        "FORMAT = Reader('lazy', lambda source: Match.NO, lambda source, options, context: None)\n"
    )
    (tmp_path / "lazy_broken.py").write_text("raise RuntimeError('out of order')\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    found = Registry(GROUP, Reader)
    assert "lazy_format" not in sys.modules
    assert found["lazy"].name == "lazy"
    assert "lazy_broken" not in sys.modules
    assert found.broken == {
        "broken": "RuntimeError: out of order",
        "five": "lazy_format:FIVE is a int: want a Reader",
        "other": "its Reader is called 'lazy', its entry point 'other': give both one name",
    }
    assert "broken" not in found
    assert "lazy" in list(found)
    with pytest.raises(KeyError):
        found["absent"]
