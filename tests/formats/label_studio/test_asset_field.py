"""Which field of the data is the asset, where no config says so: what spans quote decides, for the set as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import region, task, write
from harness import codes, lines

WHAT = "field of the data that holds the asset"


def span(text: str, quote: str, **more: Any) -> dict[str, Any]:
    start = text.index(quote)
    value = {"start": start, "end": start + len(quote), "text": quote, "labels": ["w"]}
    return region("labels", value, quote, **more)


def texts(out: Path) -> list[str]:
    return [row["row_data"] for row in lines(out, "data_rows.ndjson")]


def test_the_field_that_spans_quote_is_the_asset_of_all_tasks(tmp_path: Path) -> None:
    long, short = "a story of some words that is long", "a dog"
    tasks = [
        task([span(long, "story")], {"title": "one", "body": long}, 1),
        # here the title is the longer text, and there are two of about one length
        task([span(short, "dog")], {"title": "a title that is a good deal longer than its body", "body": short}, 2),
        task([], {"title": "no dogs here", "body": "nor there 12"}, 3),
    ]
    made = to_labelbox.convert(write(tmp_path, tasks), tmp_path / "out")
    assert texts(tmp_path / "out") == [long, short, "nor there 12"]
    assert "asset-unknown" not in codes(made)
    (told,) = made.assumptions
    assert (told.what, told.taken, told.for_, told.against) == (WHAT, "body", 2, 0)
    assert [u.name for u in made.unread if u.where == "data of tasks"] == ["title"]
    flipped = to_labelbox.convert(tmp_path / "export.json", tmp_path / "flipped", options={"data_key": "title"})
    assert texts(tmp_path / "flipped")[0] == "one"
    assert WHAT not in {a.what for a in flipped.assumptions}


def test_flat_records_quote_their_field_too(tmp_path: Path) -> None:
    long = "some words that nobody quotes, many of them"
    value = [{"start": 2, "end": 5, "text": "dog", "labels": ["w"]}]
    records = [{"note": long, "body": "a dog", "id": 1, "ner": value, "annotator": 1, "annotation_id": 1}]
    made = to_labelbox.convert(write(tmp_path, records), tmp_path / "out")
    assert texts(tmp_path / "out") == ["a dog"]
    assert {a.what: a.taken for a in made.assumptions}[WHAT] == "body"


def test_the_longest_text_is_told_to_be_taken(tmp_path: Path) -> None:
    answer = region("choices", {"choices": ["yes"]}, "r")
    tasks = [task([answer], {"title": "one", "body": "some words that are many more than the title has"})]
    made = to_labelbox.convert(write(tmp_path, tasks), tmp_path / "out")
    (told,) = made.assumptions
    assert (told.what, told.taken, told.unknown) == (WHAT, "the longest text of each task", 1)


@pytest.mark.parametrize("name", ["$uri", "uri"])
def test_an_object_called_by_its_field(name: str, tmp_path: Path) -> None:
    answer = region("choices", {"choices": ["yes"]}, "r", to_name=name)
    tasks = [task([answer], {"title": "Some words of it", "uri": "raw:work:1"})]
    tasks[0]["annotations"][0]["result"][0]["to_name"] = name
    made = to_labelbox.convert(write(tmp_path, tasks), tmp_path / "out")
    assert texts(tmp_path / "out") == ["raw:work:1"]
    assert made.assumptions == []


@pytest.mark.parametrize("first", ["names", "addresses"])
def test_of_two_fields_that_name_the_same_files_the_one_with_addresses(first: str, tmp_path: Path) -> None:
    names = ["a b.jpg", "c.jpg"]
    urls = ["https://s.example.org/x/a%20b.jpg", "https://s.example.org/x/c.jpg"]
    data = {"names": names, "urls": urls} if first == "names" else {"urls": urls, "names": names}
    answer = region("choices", {"choices": ["yes"]}, "r", to_name="image_1")
    more = {"place": "one of them", "style": "another one"}
    made = to_labelbox.convert(write(tmp_path, [task([answer], {**data, **more})]), tmp_path / "out")
    assert texts(tmp_path / "out") == urls
    assert made.assumptions == []
    other = write(tmp_path, [task([answer], {"front": names[0], "urls": urls[1]})])
    with pytest.raises(to_labelbox.UsageError, match="data_key=front"):
        to_labelbox.convert(other, tmp_path / "other")


def test_where_no_task_lets_see_the_asset_the_user_is_asked(tmp_path: Path) -> None:
    """Two pictures a task and nothing that names one: a question, with what can be the answer."""
    one = {"id": 1, "target": "https://h/a.jpg", "other image": "https://h/b.jpg", "note": "left"}
    flat = {**one, "annotation_id": 1, "annotator": 1, "label": [{"x": 1, "y": 1, "width": 5, "height": 5,
            "rectanglelabels": ["roi"], "original_width": 100, "original_height": 100}]}  # fmt: skip
    (tmp_path / "min.json").write_text(json.dumps([flat, {**flat, "id": 2}]))
    with pytest.raises(to_labelbox.UsageError) as asked:
        to_labelbox.convert(tmp_path / "min.json", tmp_path / "out")
    assert "-O data_key=target " in str(asked.value)
    assert "-O 'data_key=other image'" in str(asked.value)
    assert "note" not in str(asked.value)
    report = to_labelbox.convert(tmp_path / "min.json", tmp_path / "out", options={"data_key": "target"})
    assert report.annotations.converted == 2


def test_predictions_tell_the_asset_where_nothing_else_does(tmp_path: Path) -> None:
    """Two texts of about one length; what a model has marked is on the object of that name."""
    data = {"text": "a dog in the sun", "source": "sheet-one-2024.csv"}
    proposed = {"model_version": "m", "result": [{**span(data["text"], "dog"), "to_name": "text"}]}
    made = to_labelbox.convert(
        write(tmp_path, [{"id": 1, "data": data, "predictions": [proposed]}]),
        tmp_path / "out",
        options={"predictions": True},
    )
    assert texts(tmp_path / "out") == [data["text"]]
    assert (made.annotations.converted, made.assumptions, codes(made)) == (1, [], {"decision": 1})
