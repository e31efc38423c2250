"""Files that are read beside a source, or are pictures that hold labels, are held against a change as the source is."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from small_sets import Files, grey, jpeg, write
from to_labelbox import SourceError
from to_labelbox.conversion.job import ConversionJob, open_job
from to_labelbox.source import unchanged

PANOPTIC = {
    "images": [{"id": 1, "file_name": "a.jpg", "width": 2, "height": 2}],
    "categories": [{"id": 1, "name": "cat", "isthing": 1}],
    "annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": [{"id": 1, "category_id": 1}]}],
}
ROW = "0 0.5 0.5 0.2 0.2\n"
SETS: dict[str, tuple[Files, str, str]] = {
    "coco": (
        {"panoptic_val.json": json.dumps(PANOPTIC), "panoptic_val/a.png": grey([[1, 1], [1, 1]])},
        "panoptic_val.json",
        "panoptic_val/a.png",
    ),
    "yolo": (
        {"data.yaml": "names: [cat]\ntrain: images\n", "images/a.jpg": jpeg(9, 9), "labels/a.txt": ROW},
        "data.yaml",
        "labels/a.txt",
    ),
    "voc": (
        {"JPEGImages/a.jpg": jpeg(2, 2), "SegmentationClass/a.png": grey([[1, 1], [1, 1]])},
        "",
        "SegmentationClass/a.png",
    ),
}


@pytest.mark.parametrize("format", SETS)
def test_a_change_of_them_is_told(format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged, "EXACT_FILES", 1 if format == "voc" else 2000)  # masks of large sets are media, too
    files, named, read = SETS[format]
    source = write(tmp_path / "set", files)
    made = open_job(ConversionJob(sources=(str(source / named),), format=format))
    assert made.snapshot is not None
    assert made.snapshot.changed() == []
    time.sleep(0.02)
    os.utime(source / read)
    assert made.snapshot.changed() == [str(source / read)]
    (tmp_path / "set/notes.log").write_text("of somebody else")
    with pytest.raises(SourceError, match="changed while the source was read"):
        made.refuse_changed()
