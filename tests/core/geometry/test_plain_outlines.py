"""Outlines that go the short way are drawn as the long way draws them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness import lowered
from to_labelbox import Settings
from to_labelbox.geometry.lowering import Lowering
from to_labelbox.model.items import Flat, Object, Polygon
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import Log
from to_labelbox.rules.settings import Policy

_PLACES = st.sampled_from([0.0, -0.0, 1, 7.25, 30, 79.5, 101, -2])
_RINGS = st.builds(
    lambda ring, again: ring + ring[:2] * again,
    st.lists(_PLACES, max_size=12).filter(lambda ring: len(ring) % 2 == 0),
    st.integers(0, 3),
)


def _plain(obj: Object, policy: Policy) -> list[Flat] | None:
    lowering = Lowering(Settings(geometry=policy), Log())
    lowering.start(100, 80, "")
    drawn = lowering.plain(obj)
    assert drawn is None or isinstance(drawn, list)
    return drawn


@given(st.lists(_RINGS, min_size=1, max_size=3), st.sampled_from([Policy.AUTO, Policy.POLYGON]))
def test_the_short_way_draws_what_the_long_way_draws(rings: list[list[float]], policy: Policy) -> None:
    obj = Object(id="1", label="a", geometry=Polygon(tuple((ring,) for ring in rings)))
    drawn = _plain(obj, policy)
    try:
        shapes, lost, noted = lowered(obj, geometry=policy.value)
    except Refused:
        assert drawn is None
        return
    if drawn is not None:
        assert ([shape.geometry for shape in shapes], lost, noted) == (drawn, False, [])


def test_a_closed_ring_goes_the_short_way() -> None:
    ring = [1, 1, 30, 1, 30, 20, 1, 1]
    assert _plain(Object(id="1", label="a", geometry=Polygon(((ring,),))), Policy.AUTO) == [ring[:-2]]
