"""Whatever the model holds, on whatever asset: the ledger balances, and what is written validates."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labelbox_cells import ASSETS
from labelbox_writer import faults, written
from to_labelbox import Policy, Settings
from to_labelbox.geometry.raster import mask_from_array
from to_labelbox.model.items import (
    Annotation,
    Attribute,
    Box,
    Choice,
    Classification,
    Cuboid,
    Ellipse,
    FrameSpan,
    Item,
    Keyframe,
    Keypoint,
    Keypoints,
    Media,
    Object,
    PageBox,
    PageUnit,
    Point,
    Polygon,
    Polyline,
    Relationship,
    RotatedBox,
    TextSpan,
    TimeSpan,
    TokenSelection,
    TokenSpan,
    Track,
)

place = st.one_of(st.integers(-8, 70), st.floats(-8, 70), st.sampled_from([0.0, 6, 4, 60, 40, float("nan"), 1e9]))
whole = st.integers(-2, 12)
flat = st.lists(place, max_size=12)
even = flat.map(lambda values: values[: len(values) // 2 * 2])
text = st.sampled_from(["a", "b", "calm", "", " ", "ä\u2028", "\x00", "long " * 9])
value = st.one_of(
    text,
    st.booleans(),
    st.integers(0, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.builds(Choice, text),
    st.lists(st.builds(Choice, text), max_size=3).map(tuple),
)
attributes = st.lists(st.builds(Attribute, st.sampled_from(["p", "q"]), value), max_size=2).map(tuple)
nested = st.builds(Choice, text, attributes)
boxes = st.builds(Box, place, place, place, place)
grids = st.sampled_from([(4, 6), (40, 60), (3, 3)]).flatmap(
    lambda size: st.integers(0, 2).map(
        lambda step: mask_from_array(np.arange(size[0] * size[1]).reshape(size) % 3 < step)
    )
)
message = st.sampled_from([None, "m1", "m2", "m3"])
geometries = st.one_of(
    boxes,
    st.builds(RotatedBox, place, place, place, place, st.sampled_from([0, 0.1, 30, 90, -360, 725.5])),
    st.lists(st.lists(even, min_size=1, max_size=2).map(tuple), min_size=1, max_size=2).map(
        lambda p: Polygon(tuple(p))
    ),
    st.builds(Polyline, even),
    st.builds(Point, place, place),
    st.lists(
        st.builds(Keypoint, st.sampled_from(["x", "y"]), place, place, st.booleans()),
        max_size=2,
        unique_by=lambda k: k.name,
    ).map(lambda points: Keypoints(tuple(points))),
    grids,
    st.builds(Ellipse, place, place, place, place, st.just(20.0)),
    st.builds(Cuboid, st.lists(place, min_size=8, max_size=8), st.lists(place, min_size=8, max_size=8)),
    st.builds(TextSpan, whole, whole, message),
    st.builds(TimeSpan, place, place),
    st.builds(PageBox, whole, boxes, st.sampled_from(PageUnit)),
    st.just(TokenSpan((TokenSelection(1, "g", ("t",)),))),
)
label = st.sampled_from(["car", "p", "a b", "", "\x00"])
spans = st.lists(st.builds(FrameSpan, whole, whole), max_size=2).map(tuple)
times = st.lists(st.builds(TimeSpan, place, place), max_size=2).map(tuple)
objects = st.builds(
    Object, id=st.sampled_from("123"), label=label, geometry=geometries, attributes=attributes, box=st.none() | boxes
)
answers = st.one_of(
    st.builds(Classification, id=st.just("c"), name=label, value=value | nested, message=message),
    st.builds(Classification, id=st.just("d"), name=label, value=value | nested, frames=spans),
    st.builds(Classification, id=st.just("e"), name=label, value=value | nested, times=times),
)
keyframes = st.builds(Keyframe, st.integers(-1, 60), geometries, attributes)
tracks = st.builds(
    Track,
    id=st.sampled_from("78"),
    label=label,
    segments=st.lists(
        st.lists(keyframes, max_size=3).map(lambda keys: tuple(sorted(keys, key=lambda k: k.frame))), max_size=2
    ).map(lambda segments: tuple(sorted(segments, key=lambda s: s[0].frame if s else 0))),
    attributes=attributes,
    plane=st.sampled_from([None, "axial"]),
)
links = st.builds(
    Relationship, id=st.just("r"), label=label, source=st.sampled_from("123c"), target=st.sampled_from("123c")
)
contents: st.SearchStrategy[list[Annotation]] = st.lists(st.one_of(objects, answers, tracks, links), max_size=5)


sets: st.SearchStrategy[list[tuple[Media, list[Annotation]]]] = st.lists(
    st.tuples(st.sampled_from(Media), contents), min_size=1, max_size=2, unique_by=lambda pair: pair[0]
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    sets,
    st.sampled_from(Policy),
)
def test_the_ledger_balances_and_the_payload_validates(
    given: list[tuple[Media, list[Annotation]]], policy: Policy
) -> None:
    items = [Item(asset=ASSETS[media], annotations=what) for media, what in given]
    made = written(items, settings=Settings(relationships=True, geometry=policy))
    total = made.log.ledger.total()
    assert total.converted + total.approximated + total.merged + total.skipped == sum(len(what) for _, what in given)
    with tempfile.TemporaryDirectory() as folder:
        assert faults(made, Path(folder)) == []
