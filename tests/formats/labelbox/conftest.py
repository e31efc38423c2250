"""Fixtures of the tests in this folder."""

from __future__ import annotations

import pytest

from labelbox_cells import CASES
from labelbox_writer import Written, written
from to_labelbox.rules.settings import Settings


@pytest.fixture
def made() -> Written:
    items = {case.media: case.item for case in CASES}
    return written(items.values(), settings=Settings(relationships=True))
