"""What is unread and what is assumed: added up over chunks, bounded, named by folder and extension."""

from __future__ import annotations

from pathlib import Path

import pytest

from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import LISTED, Log
from to_labelbox.report.observations import FULLY_SEEN, SAMPLED, FieldCensus, ask
from to_labelbox.source.files import Source
from to_labelbox.source.unread_files import note_unread_files


def test_equal_entries_of_chunks_add_up() -> None:
    first, second = Log(), Log()
    for log in (first, second):
        log.note_unread("field", "tag_ids", where="a.json images[]", count=2)
        log.assume("origin", "one_based", for_=3, against=1, option="-O origin=zero_based")
    first.absorb(second)
    assert [u.count for u in first.unread.values()] == [4]
    assert [(a.for_, a.against) for a in first.assumptions.values()] == [(6, 2)]


def test_a_list_of_unread_names_is_bounded_and_loses_no_count() -> None:
    log = Log()
    for n in range(LISTED + 50):
        log.note_unread("field", f"f{n}")
    assert len(log.unread) == LISTED + 1
    assert sum(u.count for u in log.unread.values()) == LISTED + 50


def test_a_census_counts_unknown_names_and_samples_long_lists() -> None:
    census, log = FieldCensus("field", "a.json images[]", {"id"}), Log()
    for _ in range(FULLY_SEEN + 10 * SAMPLED):
        if census.wants():
            census.see(("id", "tag_ids"))
    census.tell(log)
    (found,) = log.unread.values()
    assert (found.what, found.name, found.where) == ("field", "tag_ids", "a.json images[]")
    assert FULLY_SEEN + 9 <= found.count <= FULLY_SEEN + 11


def test_unread_files_are_named_by_folder_and_extension_with_their_own_reason(tmp_path: Path) -> None:
    for name in ("labels/a.txt", "notes/x.md", "notes/y.md", "notes/z.csv", ".DS_Store", "Thumbs.db", "a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    log = Log()
    note_unread_files(
        log, Source(tmp_path), {"labels/a.txt", "a.jpg"}, lambda n: "a table" if n[-1] == "v" else "prose"
    )
    found = {(u.name, u.count, u.why) for u in log.unread.values()}
    assert found == {("notes/*.md", 2, "prose"), ("notes/z.csv", 1, "a table")}


def test_a_question_names_every_option_on_a_line_of_its_own() -> None:
    with pytest.raises(UsageError) as raised:
        ask("Most rows leave the picture.", [("-O origin=a", "pixels count from 0"), ("-O origin=bb", "from 1")])
    assert "  -O origin=a   pixels count from 0\n  -O origin=bb  from 1" in str(raised.value)
