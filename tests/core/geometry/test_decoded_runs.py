"""Run lengths that are kept between reading and writing a mask are those that its text says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from to_labelbox.geometry import raster
from to_labelbox.geometry.vector import GeometryError

run_lengths = st.lists(st.integers(0, 40), min_size=1, max_size=60).filter(any)


@given(run_lengths)
def test_kept_runs_are_the_decoded_ones(runs: list[int]) -> None:
    mask = raster.mask_from_runs(runs, sum(runs), 1)
    assert raster.decode_counts(mask.counts, sum(runs)).tolist() == runs
    assert raster._decoded([(mask.counts, sum(runs))])[0].tolist() == runs


@given(st.lists(run_lengths, min_size=1, max_size=5))
def test_texts_decoded_at_once_are_as_each_alone(many: list[list[int]]) -> None:
    texts = [(raster.mask_from_runs(runs, sum(runs), 1).counts, sum(runs)) for runs in many]
    assert [runs.tolist() for runs in raster._decoded(texts)] == many
    for wrong in ((texts[0][0], texts[0][1] + 1), (b"", 1), (b"P", 5), (b"~~", 5), (b"0PPPPPPPP0", 5)):
        with pytest.raises(GeometryError):
            raster._decoded([*texts, wrong])


def test_no_more_runs_are_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = raster._DecodedRuns()
    monkeypatch.setattr(raster, "_decoded_runs", kept)
    monkeypatch.setattr(raster._DecodedRuns, "LIMIT", 10)
    masks = [raster.mask_from_runs([n, 1, 20 - n], 21, 1) for n in range(10)]
    for mask in masks * 2:
        assert raster.mask_area(mask) == 1
        assert kept._count == sum(map(len, kept._found.values())) <= 10
    long = raster.mask_from_runs([1] * 21, 21, 1)
    assert raster.mask_area(long) == 10
    assert kept.get(long.counts, 21) is None
