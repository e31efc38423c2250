"""Texts that are no label files are found whatever their case, and in whatever folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from to_labelbox.source.files import Source
from to_labelbox_formats.yolo.folders.listing import Tree


@pytest.mark.parametrize("folder", ["", "labels/", "readme/labels/"])
@pytest.mark.parametrize("name", ["classes.txt", "Classes.TXT", "README_first.txt", "autosplit_train.txt", "Train.txt"])
def test_texts_that_are_no_labels(tmp_path: Path, folder: str, name: str) -> None:
    for one in ("a.txt", name, "my classes.txt"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / one).write_text("")
    assert Tree(Source(str(tmp_path))).other_texts == [folder + name]
