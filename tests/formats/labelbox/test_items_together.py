"""Items that are encoded together are written as each by itself, rows of tables among them."""

from __future__ import annotations

from array import array
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from to_labelbox.model.items import Asset, Box, Item, Media, Object
from to_labelbox.model.tables import BoxTable, Rows
from to_labelbox.report.log import Log
from to_labelbox.rules.settings import Settings
from to_labelbox_formats.labelbox import FORMAT

NAMES = st.one_of(
    *[st.text('ab/."\\\x7f', min_size=1, max_size=6)] * 6, st.sampled_from(["ü/é.png", "a" * 230, "x/", "\u2028"])
)
URLS = st.one_of(
    *[st.none()] * 5, st.sampled_from(["https://host/a b.png", "http://localhost/x", "https://h/a?X-Amz-Expires=1"])
)
ASSETS = st.builds(
    lambda path, url, sides, media: Asset(path=path, url=url, width=sides[0], height=sides[1], media=media),
    NAMES,
    URLS,
    st.sampled_from([(100, 80), (100, 80), (30, 20), (None, None)]),
    st.sampled_from([Media.IMAGE] * 6 + [Media.TEXT]),
)
BOXES = st.lists(st.tuples(*[st.integers(-1, 60)] * 2, *[st.integers(0, 40)] * 2, st.sampled_from("ab")), max_size=3)
ITEMS = st.lists(
    st.tuples(ASSETS, BOXES, st.sampled_from(["", "train", "val"]), st.booleans(), st.booleans()),
    min_size=1,
    max_size=8,
)


def table_of(boxes: list[tuple[int, int, int, int, str]]) -> BoxTable:
    left, top, width, height = ([float(box[n]) for box in boxes] for n in range(4))
    return BoxTable(
        ids=list(range(1, len(boxes) + 1)),
        labels=[box[4] for box in boxes],
        attributes=[()] * len(boxes),
        locations=[f"row {n}" for n in range(len(boxes))],
        right=[x + w for x, w in zip(left, width)],
        bottom=[y + h for y, h in zip(top, height)],
        sound=bytes([x >= 0 <= y and w > 0 < h for x, y, w, h in zip(left, top, width, height)]),
        unread=[False] * len(boxes),
        left=left,
        top=top,
        width=width,
        height=height,
    )


def made(given: list[Any]) -> list[Item]:
    """Items whose boxes are rows of one table, or objects; some of the table's are left out."""
    table, at, items = table_of([box for _, boxes, *_ in given for box in boxes]), 0, []
    for n, (asset, boxes, split, listed, there) in enumerate(given):
        rows = Rows(table, at, at + len(boxes))
        at += len(boxes)
        found = list(rows) if listed or asset.media is not Media.IMAGE else rows
        if there or not n:
            items.append(Item(asset=asset, annotations=found if boxes else (), split=split, origin=f"{n} ü.txt"))
    return items


def encoded(blocks: list[list[Item]], options: dict[str, Any]) -> tuple[Any, ...]:
    encoder = FORMAT.encoding.encoder(Settings(**options), FORMAT.options(), "set", Log())
    index: list[bytes] = []
    encoder.index_to(index.append)
    for block in blocks:
        encoder.add(*block)
    taken = encoder.take()
    diagnostics = {code: (one.count, one.examples) for code, one in taken.log.diagnostics.items()}
    survey = taken.survey
    counted = survey.media, survey.sizes, survey.splits, survey.groups, survey.labelled, survey.largest, survey.shapes
    orders = [list(one.items()) for one in (*counted, taken.log.ledger)]
    assert isinstance(taken.counts, array)
    return (
        taken.rows, taken.lines, b"".join(index), taken.counts, taken.keys, taken.items, taken.written, diagnostics, orders, survey.urls,
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(ITEMS, st.sampled_from([{}, {"global_key": "{split}/{name}"}, {"split_metadata": "split"}, {"min_area": 200}]))
def test_together_is_one_by_one(given: list[Any], options: dict[str, Any]) -> None:
    items = made(given)
    assert encoded([items], options) == encoded([[item] for item in items], options)


def test_objects_of_a_table_are_those_of_a_list() -> None:
    boxes = [(1, 2, 30, 40, "a"), (5, 5, 10, 10, "b")]
    asset = Asset(path="a.jpg", width=100, height=80)
    rows = Rows(table_of(boxes), 0, 2)
    assert list(rows)[1] == Object(id="2", label="b", geometry=Box(5, 5, 10, 10), location="row 1")
    both = [Item(asset=asset, annotations=found, origin="a.txt") for found in (rows, list(rows))]
    assert encoded([[both[0]]], {}) == encoded([[both[1]]], {})
