"""One list of words for splits: a folder that is a split to one reader is one to the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import lines
from small_sets import Files, Made, box, jpeg, thing, voc
from to_labelbox import Settings
from to_labelbox.rules.settings import SplitWords
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


SEEN: dict[str, Files] = {
    "coco": {
        "instances_val.json": json.dumps(
            {
                "images": [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 50}],
                "categories": [{"id": 1, "name": "cat"}],
                "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40]}],
            }
        )
    },
    "voc": {"val/a.jpg": jpeg(100, 50), "val/a.xml": voc(thing(box(1, 2, 30, 40)))},
    "yolo": {"val/a.jpg": jpeg(100, 50), "val/a.txt": "0 0.5 0.5 0.2 0.1\n", "classes.txt": "cat\n"},
    "yolo-keras": {"val/_annotations.txt": "a.jpg 1,2,31,42,0\n", "val/_classes.txt": "cat\n"},
    "yolo-classify": {"val/cat/a.jpg": jpeg(100, 50), "val/dog/b.jpg": jpeg(100, 50)},
}
STATED: dict[str, Files] = {
    "voc": {
        "Annotations/a.xml": voc(thing(box(1, 2, 30, 40))),
        "JPEGImages/a.jpg": jpeg(100, 50),
        "ImageSets/Main/val.txt": "a\n",
    },
    "yolo": {
        "data.yaml": "names: [cat]\nval: val\n",
        **{n: t for n, t in SEEN["yolo"].items() if n.startswith("val/")},
    },
}


def _splits(made: Made) -> set[str]:
    return {f["value"] for row in lines(made.out, "data_rows.ndjson") for f in row.get("metadata_fields", ())}


@pytest.mark.parametrize("name", SEEN)
def test_a_split_that_is_a_word_of_a_name_is_told_and_can_be_left_out(tmp_path: Path, name: str) -> None:
    made = Made(tmp_path / "1", SEEN[name], settings=Settings(split_metadata="part"))
    assert _splits(made) == {"val"}
    assert made.assumed["words that are splits"] == ("val", 0, 0, "--split-words ignore")
    (why,) = (one.why for one in made.report.assumptions if one.what == "words that are splits")
    assert "val" in why.partition("the name of ")[2]
    left = Made(tmp_path / "2", SEEN[name], settings=Settings(split_metadata="part", split_words=SplitWords.IGNORE))
    assert _splits(left) == set()
    assert "words that are splits" not in left.assumed


@pytest.mark.parametrize("name", STATED)
@pytest.mark.parametrize("words", SplitWords)
def test_a_split_that_is_stated_is_no_assumption(tmp_path: Path, name: str, words: SplitWords) -> None:
    made = Made(tmp_path, STATED[name], settings=Settings(split_metadata="part", split_words=words))
    assert _splits(made) == {"val"}
    assert "words that are splits" not in made.assumed


@pytest.mark.parametrize("name", SEEN)
def test_nothing_is_said_where_nothing_is_made_of_splits(tmp_path: Path, name: str) -> None:
    assert "words that are splits" not in Made(tmp_path, SEEN[name]).assumed
