"""Law: boxes that all lie on the frame are written as they are, which the way that cuts each of them would write too."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from labelbox_writer import Written, written
from to_labelbox.model.items import Asset, Attribute, Box, Item, Keyframe, Media, Track
from to_labelbox.rules.settings import Outside, Settings
from to_labelbox_formats.labelbox.encode import video

WIDTH, HEIGHT = 100, 80
CLIP = Asset(path="clip.mp4", media=Media.VIDEO, width=WIDTH, height=HEIGHT, frames=1000)


def _other(box: Box, field: str, value: float) -> Box:
    return replace(box, **{field: value})


_inside = st.builds(
    Box, st.sampled_from([0.0, 0.5, 10]), st.sampled_from([-0.0, 30.25]), *[st.sampled_from([20, 49.75])] * 2
)
_other_places = st.builds(
    _other, _inside, st.sampled_from(["left", "top"]), st.sampled_from([-1e-7, -0.5, float("nan")])
)
_sides = st.sampled_from([0.0, WIDTH - 0.5, HEIGHT + 1e-7, WIDTH])
_boxes = _inside | _other_places | st.builds(_other, _inside, st.sampled_from(["width", "height"]), _sides)
_answers = st.sampled_from([(), (Attribute("state", "on"),), (Attribute("state", ""),), (Attribute("state", "off"),)])
_keys = st.tuples(st.sampled_from([1, 1, 2, 9, 0]), _boxes, _answers)


def _track(segments: list[list[tuple[int, Box, tuple[Attribute, ...]]]], shared: tuple[Attribute, ...]) -> Track:
    frame, made = -1, []
    for segment in segments:
        keys = []
        for step, box, answers in segment:
            frame += step
            keys.append(Keyframe(frame, box, answers))
        made.append(tuple(keys))
    return Track(id="1", label="car", segments=tuple(made), attributes=shared)


def _told(made: Written) -> Any:
    return made.text, dict(made.log.ledger), [str(d) for d in made.log.diagnostics], made.inferred


@given(
    st.lists(st.lists(_keys, min_size=1, max_size=3), max_size=2),
    st.sampled_from([(), (Attribute("state", "off"),), (Attribute("colour", "red"),)]),
    st.sampled_from([0.0, 400.0, 1e4]),
    st.sampled_from(list(Outside)),
)
def test_boxes_inside_are_what_cutting_leaves(
    segments: list[Any], shared: tuple[Attribute, ...], area: float, outside: Outside
) -> None:
    items = [Item(asset=CLIP, annotations=(_track(segments, shared),), origin="o.xml")]
    settings = Settings(min_area=area, outside=outside)
    with patch.object(video, "largest_inside", lambda *_: None):
        careful = written(items, settings=settings)
    assert _told(written(items, settings=settings)) == _told(careful)
