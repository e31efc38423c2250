"""A key without a field is right for one asset and refused for two."""

from __future__ import annotations

import pytest

from harness import Convert, annotation, coco, image, lines
from to_labelbox import UsageError


def test_one_asset_may_be_called_anything(convert: Convert) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 5, 5])]), global_key="the-picture")
    assert [row["global_key"] for row in lines(run.out, "data_rows.ndjson")] == ["the-picture"]


def test_two_assets_may_not_have_one_key(convert: Convert) -> None:
    with pytest.raises(UsageError, match="two assets would have the global key 'one'"):
        convert(coco([], images=[image(1), image(2)]), global_key="one")


def test_a_key_is_not_empty(convert: Convert) -> None:
    with pytest.raises(UsageError, match="--global-key is empty"):
        convert(coco([annotation(bbox=[1, 1, 5, 5])]), global_key=" ")
