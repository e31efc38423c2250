"""Lines of one asset and of many: their identities, their order, and what is held of them at a time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable
from itertools import product

import numpy as np
import pytest
from numpy.random import default_rng

from labelbox_writer import written
from to_labelbox.geometry.raster import mask_from_array
from to_labelbox.model.items import (
    Annotation,
    Asset,
    Box,
    Classification,
    Ellipse,
    Geometry,
    Item,
    Mask,
    Object,
    Point,
    Polygon,
)
from to_labelbox.report.log import Log
from to_labelbox.rules.settings import Settings
from to_labelbox_formats.labelbox import FORMAT
from to_labelbox_formats.labelbox.encode.uuids import Uuids

IDS = (
    *("", "0", "7", "07", "007", "-7", "+7", " 7", "7 ", "7.0", "7\n", "7\n\n2", "7\nx", "7\n\n3", "x", "٧", "７"),
    *("9" * 14, "1" + "0" * 14, "281474976710655", "281474976710656", "9" * 40, "\ud800", "é", "e\u0301"),
)
"""Ids that look alike, or like parts and repetitions of each other, or do not fit into the end of a uuid."""
PARTS = ("", "1", "x", "/nose", "answer", "\n2")
BOX = Box(1, 2, 3, 4)


def thing(n: int | str, geometry: Geometry, label: str = "a") -> Object:
    return Object(id=str(n), label=label, geometry=geometry)


def item(*annotations: Annotation, path: str = "a.png", size: int = 2000) -> Item:
    return Item(asset=Asset(path=path, width=size, height=size), annotations=annotations)


def test_no_identity_repeats_on_an_asset_or_on_another() -> None:
    made = [
        uuids.make(id, part)
        for uuids in map(Uuids, ("a.png", "a.png\n7", "b.png"))
        for _, id, part in product(range(3), IDS, PARTS)
    ]
    assert len(set(made)) == len(made)


def test_identities_are_the_same_in_every_run() -> None:
    again = [[uuids.make(id) for id in ("7", "7", "7\n", "7", "07")] for uuids in (Uuids("a.png"), Uuids("a.png"))]
    assert again[0] == again[1]
    assert again[0][0].endswith("-000000000007")


def test_very_many_annotations_may_have_one_id() -> None:
    uuids = Uuids("a.png")
    assert len({uuids.make("0") for _ in range(40_000)}) == 40_000


def test_the_same_ids_on_several_assets() -> None:
    made = written([item(thing(1, BOX), thing("x", BOX), path=f"{n}.png") for n in range(50)])
    assert len({line["uuid"] for line in made.lines}) == 100


def test_lines_stay_in_the_order_of_the_source() -> None:
    """Plain shapes, others, and outlines of so many vertices that they are encoded at once."""
    long = tuple(v for n in range(600) for v in (float(n), 1000.0 + (n % 2)))
    kinds = (
        BOX,
        Ellipse(500, 500, 20, 10),
        Polygon((((10.0, 10.0, 20.0, 10.0, 20.0, 20.0),),)),
        Point(5, 5),
        Polygon((((*long, 300.0, 1900.0),),)),
        mask_from_array(np.eye(2000, dtype=np.uint8)),
        Box(-50, -50, 100, 100),
    )
    objects = [thing(n, kinds[n % len(kinds)], f"label {n}") for n in range(70)]
    answer = Classification(id="q", name="scene", value="street")
    made = written([item(*objects[:30], answer, *objects[30:])])
    assert [line["name"] for line in made.lines] == [f"label {n}" for n in range(70)] + ["scene"]


def outlines() -> Iterable[Object]:
    ring = tuple(v for n in range(2000) for v in (float(n % 1990), float(n * n % 1987)))
    return (thing(n, Polygon(((ring,),))) for n in range(500))


def clipped_outlines() -> Iterable[Object]:
    ring = tuple(v for n in range(1000) for v in (float(n), 1000.0 + (n % 2)))
    return (thing(n, Polygon((((*ring, 500.0, 2200.0),),))) for n in range(120))


def masks() -> Iterable[Object]:
    noise: Mask = mask_from_array(default_rng(1).random((700, 700)) < 0.5)
    return (thing(n, noise) for n in range(60))


def boxes() -> Iterable[Object]:
    return (thing(n, BOX) for n in range(60_000))


@pytest.mark.parametrize(("shapes", "megabytes"), [(outlines, 4), (clipped_outlines, 8), (masks, 24), (boxes, 12)])
def test_lines_of_one_asset_are_handed_on(shapes: Callable[[], Iterable[Object]], megabytes: int) -> None:
    """What is held does not grow with the lines, but for what each id takes; of a mask of noise, all its runs are held at once."""
    encoder = FORMAT.encoding.encoder(Settings(), FORMAT.options(), "set", Log())
    sizes: list[int] = []
    encoder.spill = lambda lines: sizes.append(len(lines))
    whole = item(*shapes(), size=700 if shapes is masks else 2000)
    encoder.add(item(thing(1, BOX), path="first.png"))
    tracemalloc.start()
    encoder.add(whole)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < megabytes << 20
    taken = encoder.take()
    assert sum(sizes) + len(taken.lines) > 2 << 20
    assert list(taken.counts) == [1, len(whole.annotations)]
