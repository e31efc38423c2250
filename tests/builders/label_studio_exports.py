"""What the tests of label studio exports share."""

from __future__ import annotations

from typing import Any

from to_labelbox.model.items import Attribute, Item, Object


def notes(items: list[Item]) -> list[tuple[Any, tuple[Attribute, ...]]]:
    return [(a.geometry, a.attributes) for i in items for a in i.annotations if isinstance(a, Object)]
