"""One thing is never told in the plural, whether in a report or in what a command says at its end."""

from __future__ import annotations

import re

import pytest

from harness import Case, cases
from to_labelbox.cli.closing import closing
from to_labelbox.model.text import n_of

NOUNS = (
    "pictures files lines rows annotations images frames tasks assets labels classes points objects records datasets tools "
    "categories tracks shapes boxes outlines videos entries documents places folders archives pixels keypoints regions values "
    "names vertices numbers masks fields columns polygons links bytes jobs batches statuses parts faults warnings hints"
).split()
BESIDE_ONE = re.compile(rf"(?<![\d.,/×:-])(?<!line )(?<!× )\b1 (?:[a-z]+ )?({'|'.join(NOUNS)})\b")
"""``line 1 describes`` has no noun of these; of ``3 × 1 pixels`` both sides count."""


def test_the_helper() -> None:
    assert (n_of(1, "line"), n_of(0, "line"), n_of(1234, "box", "boxes")) == ("1 line", "0 lines", "1,234 boxes")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_of_one_thing_no_fixture_says_many(case: Case) -> None:
    made = case.convert(None)
    golden = case.folder / "expected.report.json"
    told = (closing(made, "out"), golden.read_text() if golden.exists() else "")
    assert not [found.group() for text in told for found in BESIDE_ONE.finditer(text)]
