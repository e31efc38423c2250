"""What an export tells in another place or by another name than the editor: it is read, or said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import SIZE, box, region, task, write
from harness import codes, lines

NER = """<Text name="shown" value="$text"/><Labels name="labels" toName="shown"><Label value="LOC" alias="L"/></Labels>
<Choices name="mood" toName="shown"><Choice value="good" alias="1"/></Choices>
<Taxonomy name="topic" toName="shown"><Choice value="A" alias="a"><Choice value="B" alias="b"/></Choice></Taxonomy>"""
TEXT = {"text": "Ann went"}


def test_labels_and_options_from_before_they_had_an_alias(tmp_path: Path) -> None:
    given = [
        region("labels", {"start": 0, "end": 3, "text": "Ann", "labels": ["LOC"]}, "s"),
        region("choices", {"choices": ["good"]}, "c", from_name="mood"),
        region("taxonomy", {"taxonomy": [["A", "B"]]}, "t", from_name="topic"),
    ]
    made = to_labelbox.convert(write(tmp_path, [task(given, TEXT)], NER), tmp_path / "out")
    span, mood, topic = lines(tmp_path / "out")
    assert (span["name"], mood["answer"]) == ("L", {"name": "1"})
    assert topic["answer"] == {"name": "a", "classifications": [{"name": "a", "answer": {"name": "b"}}]}
    assert "class-unknown" not in codes(made)


@pytest.mark.parametrize(
    ("end", "quote", "converted", "code"),
    [(9, "went", 1, "field-repaired"), (99, None, 0, "clipped"), (9, "gone", 0, "span-shifted")],
)
def test_a_span_that_ends_beyond_its_text_is_cut(
    tmp_path: Path, end: int, quote: str | None, converted: int, code: str
) -> None:
    value: dict[str, Any] = {"start": 4, "end": end, "labels": ["LOC"]} | ({} if quote is None else {"text": quote})
    made = to_labelbox.convert(write(tmp_path, [task([region("labels", value)], TEXT)]), tmp_path / "out")
    (line,) = lines(tmp_path / "out")
    assert line["location"] == {"start": 4, "end": 7}
    assert (made.annotations.read, made.annotations.converted) == (1, converted)
    assert code in codes(made)
    assert "text-unit" not in codes(made)  # the text is ASCII


def test_answers_in_the_value_of_a_shape_are_named_as_unread(tmp_path: Path) -> None:
    one = box("r")
    one["value"] |= {"choices": ["x"], "text": ["y"], "rating": 3, "brushlabels": ["Dog"]}
    made = to_labelbox.convert(write(tmp_path, [task([one, box("s")])]), tmp_path / "out")
    assert {(u.name, u.where, u.count) for u in made.unread} == {
        (name, "values", 1) for name in ("choices", "text", "rating", "brushlabels")
    }


def test_a_key_frame_that_is_told_twice(tmp_path: Path) -> None:
    sequence = [
        {"frame": 5, "enabled": False, "x": x, "y": 10, "width": 10, "height": 10, "rotation": 0} for x in (10, 30)
    ]
    value = {"framesCount": 20, "sequence": sequence, "labels": ["car"]}
    file = write(tmp_path, [task([region("videorectangle", value, "r", **SIZE)], {"video": "v.mp4"})])
    made = to_labelbox.convert(file, tmp_path / "out")
    assert codes(made)["record-duplicate"] == 1
    (line,) = lines(tmp_path / "out")
    assert [key["bbox"]["left"] for segment in line["segments"] for key in segment["keyframes"]] == [60]


@pytest.mark.parametrize("listed", [True, False])
def test_a_single_annotation_or_region_without_the_list_around_it(tmp_path: Path, listed: bool) -> None:
    one = task([box("r")])
    (annotation,) = one["annotations"]
    if not listed:
        annotation["result"] = annotation["result"][0]
    one["annotations"] = annotation
    made = to_labelbox.convert(write(tmp_path, [one, task([box("s")], id=2)]), tmp_path / "out")
    assert (made.annotations.read, made.annotations.converted) == (2, 2)


def test_a_result_that_is_none_counts_as_a_region(tmp_path: Path) -> None:
    one = task([])
    one["annotations"][0]["result"] = {"a": box("r")}
    made = to_labelbox.convert(write(tmp_path, [one, task([box("s")], id=2)]), tmp_path / "out")
    assert (made.annotations.read, made.annotations.skipped) == (2, 1)
    assert codes(made)["record-unreadable"] == 1


def test_a_table_that_is_not_in_utf8_is_what_is_said(tmp_path: Path) -> None:
    rows = ["annotation_id,annotator,id,mood,text", "1,me,1,gut,Größe"]
    (tmp_path / "export.csv").write_bytes("\n".join(rows).encode("cp1252"))
    made = to_labelbox.convert(tmp_path / "export.csv", tmp_path / "out", options={"answers": "mood"})
    (said,) = made.problems
    assert (said.code, made.exit_code()) == ("file-unreadable", 3)
    assert "save the table as UTF-8" in said.message


def test_blocks_of_hypertext_stand_on_lines_of_their_own(tmp_path: Path) -> None:
    """The offsets of the editor count no line break between blocks, but each ``br``; what is written is read as it stands on the page."""
    page = "<p>Hello <b>Ann &amp; Bo</b></p><p>in Rome</p><ul><li>one</li>\n<li>two</li></ul>and<br>end"
    plain = "Hello Ann & Boin Romeone\ntwoand\nend"
    spans = [
        region(
            "hypertextlabels", {"globalOffsets": {"start": at, "end": at + len(word)}, "hypertextlabels": [word]}, word
        )
        for word in ("Bo", "in", "Rome", "Boin", "one", "two", "end")
        for at in (plain.index(word),)
    ]
    to_labelbox.convert(write(tmp_path, [task(spans, {"shown": page})]), tmp_path / "out")
    (row,) = lines(tmp_path / "out", "data_rows.ndjson")
    text = row["row_data"]
    assert text == "Hello Ann & Bo\nin Rome\none\ntwo\nand\nend"
    covered = [text[a["location"]["start"] : a["location"]["end"] + 1] for a in lines(tmp_path / "out")]
    assert covered == ["Bo", "in", "Rome", "Bo\nin", "one", "two", "end"]
