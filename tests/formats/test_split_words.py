"""One list of words for splits: a folder that is a split to one reader is one to the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import lines
from small_sets import Files, Made, box, jpeg, thing, voc
from to_labelbox import Settings
from to_labelbox.source.splits import SPLIT_WORDS


@pytest.mark.parametrize("word", SPLIT_WORDS)
def test_folders_of_splits(tmp_path: Path, word: str) -> None:
    settings = Settings(split_metadata="part")
    flat: Files = {f"{word}/a.jpg": jpeg(100, 50), f"{word}/a.xml": voc(thing(box(1, 2, 30, 40)))}
    rows: Files = {f"{word}/a.jpg": jpeg(100, 50), f"{word}/a.txt": "0 0.5 0.5 0.2 0.1\n", "classes.txt": "cat\n"}
    for n, files in enumerate((flat, rows)):
        made = Made(tmp_path / str(n), files, settings=settings)
        (row,) = lines(made.out, "data_rows.ndjson")
        assert [field["value"] for field in row["metadata_fields"]] == [word]
