"""Names that are looked at many at a time: the same groups and folders as one by one."""

from __future__ import annotations

import mimetypes
import random
from pathlib import Path

import pytest

from to_labelbox.source import files, image_headers, paths
from to_labelbox.source.files import Source

NAMES = (
    "a.xml",
    "b.xml",
    "c.XML",
    ".xml",
    "..xml",
    "d",
    "e.x.xml",
    "f.jpg",
    "g.xml\n",
    "h\n.xml",
    ".h",
    "i.",
    "j.xml.gz",
)
FOLDERS = ("", "", "a/", "a/b/", "a.xml/", "a-b/", "b/", ".x/")


def groups_of(names: list[str]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for name in names:
        folder, _, base = name.rpartition("/")
        dot = base.rfind(".")
        found.setdefault((f"{folder}/" if folder else "", base[dot:].lower() if dot > 0 else ""), []).append(name)
    return found


@pytest.mark.parametrize("run", [1, 2, 3, 5, 1024])
def test_groups_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: int) -> None:
    monkeypatch.setattr(files, "RUN", run)
    monkeypatch.setattr(paths, "RUN", run)
    for seed in range(300):
        rng = random.Random(seed)
        kinds, folders = rng.sample(NAMES, rng.randint(1, 4)), rng.sample(FOLDERS, rng.randint(1, 3))
        made = {f"{rng.choice(folders)}{rng.choice(['', 'k', 'l', 'm', 'n'])}{rng.choice(kinds)}" for _ in range(12)}
        source = Source(tmp_path)
        source.names = sorted(made)
        assert source.groups == groups_of(sorted(made))
        assert list(source.groups) == list(groups_of(sorted(made)))
        assert paths.folders_of(sorted(made)) == {name.rpartition("/")[0] for name in made}


def test_what_is_known_of_extensions_is_what_the_table_has() -> None:
    for extension, known in image_headers._USUAL.items():
        kind = mimetypes.guess_type(f"x{extension}")[0] or ""
        assert kind.startswith(("image/", "video/", "audio/")) == known
