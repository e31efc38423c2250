"""Masks of a table are traced some at a time, in memory that goes by their runs within columns and not by their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import to_labelbox
from harness import annotation, coco, image, save
from to_labelbox import Policy
from to_labelbox.geometry import contours
from to_labelbox.geometry.contours import Traced
from to_labelbox.geometry.raster import mask_from_array, mask_from_runs
from to_labelbox.model.items import Mask
from to_labelbox_formats.labelbox.encode import table_texts
from to_labelbox_formats.labelbox.encode.outline_text import contour_texts


def converted(tmp_path: Path, masks: Sequence[Mask], monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[bytes]]:
    """The columns of all masks that are traced at once, and the files."""
    columns: list[int] = []

    def trace(masks: Sequence[Mask]) -> Traced:
        columns.append(sum(mask.width for mask in masks))
        return contours_trace(masks)

    contours_trace = contours.trace
    with monkeypatch.context() as patch:
        patch.setattr(contours, "trace", trace)
        width, height = masks[0].width, masks[0].height
        objects = [
            annotation(n, bbox=[0, 0, width, height], area=9, iscrowd=0, segmentation=shape)
            for n, shape in enumerate(
                [{"counts": mask.counts.decode(), "size": [height, width]} for mask in masks], start=1
            )
        ]
        source = save(tmp_path / "a.json", coco(objects, [image(1, "a.jpg", width=width, height=height)]))
        to_labelbox.convert(source, tmp_path / "out", geometry=Policy.POLYGON, overwrite=True)
    return columns, [(tmp_path / "out" / name).read_bytes() for name in ("annotations.ndjson", "index.ndjson")]


def test_masks_over_many_columns_are_traced_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns, _ = converted(tmp_path, [mask_from_runs([0, 9000 * 10], 9000, 10)] * 60, monkeypatch)
    assert sum(columns) == 60 * 9000
    assert max(columns) < 100_000


def test_pieces_give_the_files_that_all_at_once_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(3).random((12, 20, 30)) < 0.8
    masks = [mask_from_array(one) for one in pixels]
    whole, files = converted(tmp_path, masks, monkeypatch)
    monkeypatch.setattr(table_texts, "_TRACED", 200)
    columns, same = converted(tmp_path, masks, monkeypatch)
    assert len(whole) == 1 < len(columns)
    assert same == files


def test_contours_of_more_than_six_digits_are_refused() -> None:
    with pytest.raises(AssertionError):
        contour_texts(Traced(np.array([0, 0, 1_000_000, 0, 1_000_000, 5]), [0, 6], [0, 1], [0]))
