"""Annotations of a video that are read while they are iterated: the first one does not cost all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from to_labelbox.model.items import Annotation, FrameSpan, Object
from to_labelbox.report.log import Log
from to_labelbox_formats.cvat.units.video import Lazy


def test_one_annotation_is_had_without_those_after_it() -> None:
    made = []

    def make(log: Log) -> Iterator[Annotation]:
        for n in range(5):
            made.append(n)
            yield Object(id=str(n), label="car", geometry=FrameSpan(0, 1))  # type: ignore[arg-type]

    lazy = Lazy(5, make, Log())
    assert (lazy[0].id, made) == ("0", [0])
    assert [one.id for one in lazy[1:3]] == ["1", "2"]
    assert lazy[-1].id == "4"
    with pytest.raises(IndexError):
        lazy[5]
