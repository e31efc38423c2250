"""What is made of a table of shapes goes with it, without waiting for the collector of cycles: memory stays flat."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import annotation, coco, image, save
from to_labelbox import Policy
from to_labelbox_formats.labelbox.encode import shapes
from to_labelbox_formats.labelbox.encode.table_texts import TableTexts


@pytest.mark.parametrize("geometry", ["bbox", "polygon"])
def test_texts_of_tables_do_not_pile_up(geometry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    made = [0]

    class Watched(TableTexts):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            alive.add(self)
            made[0] += 1

    monkeypatch.setattr(shapes, "TableTexts", Watched)
    ring = [[x + 0.5, x % 7 + 1.5] for x in range(40)]
    places = {
        "bbox": [0.5, 1.5, 39, 6],
        "segmentation": [[n for point in ring for n in point]],
        "iscrowd": 0,
        "area": 9,
    }
    pictures = [image(n, f"{n}.jpg") for n in range(1, 2001)]
    source = save(tmp_path / "a.json", coco([annotation(n, image_id=n, **places) for n in range(1, 2001)], pictures))
    gc.collect()
    gc.disable()
    try:
        to_labelbox.convert(source, tmp_path / "out", geometry=Policy(geometry))
        left = len(alive)
    finally:
        gc.enable()
    assert made[0] > 1, "the set has several tables"
    assert left <= 1
