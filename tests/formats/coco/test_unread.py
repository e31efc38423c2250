"""What no rule reads is named with its count: lists, fields of images, categories and annotations, files beside."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness import Convert, annotation, cases, coco, image
from to_labelbox.report.observations import FULLY_SEEN


def unread(run: Any) -> dict[tuple[str, str], int]:
    return {(u.what, u.name): u.count for u in run.report.unread}


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_a_planted_list_and_fields_are_named(convert: Convert, geometry: str) -> None:
    document = coco(
        [annotation(n, bbox=[n, 1, 5, 5], **({"mood": "calm"} if n else {})) for n in range(3)],
        [image(1), image(2, quality=3)],
        [{"id": 1, "name": "car", "price": 3}],
    )
    run = convert({**document, "tracks": [{"id": 1}, {"id": 2}], "info": {"x": 1}, "licenses": []}, geometry=geometry)
    assert unread(run) == {
        ("list", "tracks"): 2,
        ("field", "quality"): 1,
        ("field", "price"): 1,
        ("field", "mood"): 2,
    }
    (why,) = [u.why for u in run.report.unread if u.name == "mood"]
    assert "-O fields=mood" in why


def test_sides_that_are_read_in_some_records_are_unread_in_the_others_alone(convert: Convert) -> None:
    sides = {"x": 5, "y": 6, "w": 7, "h": 8}
    records = [annotation(1, bbox=[1, 1, 5, 5]), {"id": 2, "image_id": 1, "category_id": 1, **sides}]
    run = convert(coco(records))
    assert (len(run.lines), unread(run), "field-ignored" in run.codes) == (2, {}, False)
    run = convert(coco([annotation(1, bbox=[1, 1, 5, 5], **sides), records[1]]))
    assert unread(run) == dict.fromkeys((("field", name) for name in sides), 1)


def test_a_field_of_many_files_is_named_for_the_first_of_them(convert: Convert, tmp_path: Path) -> None:
    for n in range(6):
        document = coco([annotation(n, image_id=n)], [image(n, f"{n}.jpg", quality=3)])
        (tmp_path / f"{n}.json").write_text(json.dumps({**document, "tracks": [{"id": 1}]}))
    unread = convert(tmp_path).report.unread
    found = {u.where: u.count for u in unread if u.what == "field"}
    assert found == {**{f"{n}.json images[]": 1 for n in range(3)}, "images[] of further files": 3}
    found = {u.where: u.count for u in unread if u.what == "list"}
    assert found == {**{f"{n}.json": 1 for n in range(3)}, "further files": 3}


SEGMENTS = {"image_id": 1, "file_name": "1.png", "segments_info": [{"id": 1, "category_id": 1, "mood": "calm"}] * 2}
SCENES = {"scene_categories": [{"id": 5, "name": "Clean"}]}


@pytest.mark.parametrize(
    ("document", "where", "count"),
    [
        (coco([SEGMENTS]), "annotations[].segments_info[]", 2),
        (coco([]) | SCENES | {"scene_annotations": [{"image_id": 1, "background_ids": [5], "mood": 1}]},
         "scene_annotations[]", 1),
    ],
)  # fmt: skip
def test_fields_of_nested_records_are_named(convert: Convert, document: dict[str, Any], where: str, count: int) -> None:
    run = convert(document)
    assert [(u.name, u.count) for u in run.report.unread if u.where.endswith(where)] == [("mood", count)]


def test_scenes_that_cannot_be_read_are_named(convert: Convert) -> None:
    run = convert(coco([]) | SCENES | {"scene_annotations": [{"image_id": {}}]})
    assert unread(run) == {("list", "scene_annotations"): 1}


def test_an_option_takes_the_field_that_it_was_named_for(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=[1, 1, 5, 5], mood="calm")]), options={"fields": "mood"})
    assert unread(run) == {}
    assert run.lines[0]["classifications"] == [{"name": "mood", "answer": {"name": "calm"}}]


def test_a_field_that_no_annotation_has_is_told(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=[1, 1, 5, 5])]), options={"fields": "mod"})
    assert any("-O fields=mod: none of the 1 annotations" in e for e in run.examples)


def test_a_field_deep_in_a_long_list_is_found(convert: Convert) -> None:
    images = [image(n, pad="x" * 400) if n > FULLY_SEEN else image(n) for n in range(1, 3 * FULLY_SEEN)]
    given = [
        annotation(n, image_id=n, bbox=[1, 1, 5, 5], **({"mood": "calm " * 80} if n > FULLY_SEEN else {}))
        for n in range(1, 20 * FULLY_SEEN)
    ]
    found = unread(convert(coco(given, images)))
    assert {name for _, name in found} == {"pad", "mood"}


def test_files_beside_are_named_with_their_own_reason(convert: Convert, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    (folder / "notes").mkdir()
    (folder / "instances_train.json").write_text(json.dumps(coco([annotation(1, bbox=[1, 1, 5, 5])])))
    (folder / "settings.json").write_text('{"lr": 1}')
    for name in ("labels.csv", "notes/a.txt", "notes/b.txt", "README.md", ".DS_Store"):
        (folder / name).write_text("x")
    for name in ("images/1.jpg", "images/stranger.jpg"):
        Image.new("RGB", (100, 80)).save(folder / name)
    run = convert(folder)
    found = {(u.name, u.count, u.why) for u in run.report.unread}
    assert found == {
        ("settings.json", 1, "not COCO: a JSON object without 'images' and 'annotations' or 'categories'"),
        ("labels.csv", 1, "COCO keeps its labels in JSON files"),
        ("notes/*.txt", 2, "COCO keeps its labels in JSON files"),
        ("images/stranger.jpg", 1, "no image of the set has this file name"),
    }


@pytest.mark.parametrize("name", ["1.jpg", "images\\1.jpg", "https://h.example.org/a/1.jpg?sig=x", "C:/data/1.jpg"])
def test_a_picture_that_is_named_in_any_way_is_no_stranger(convert: Convert, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, name)])))
    Image.new("RGB", (100, 80)).save(folder / "images" / "1.jpg")
    assert convert(folder).report.unread == []


@pytest.mark.parametrize("case", cases("coco"), ids=lambda c: c.id)
def test_healthy_sets_have_nothing_unread_but_what_is_listed_here(case: Any, tmp_path: Path) -> None:
    expected = {
        "burst": {"neg_category_ids", "not_exhaustive_category_ids", "track_id"},
        "camera-traps": {"frame_num", "location", "seq_id", "seq_num_frames"},
        "encord": {"image_title"},
        "fashionpedia": {"isstatic", "kaggle_id", "level", "taxonomy_id"},
        "lvis": {"neg_category_ids", "not_exhaustive_category_ids"},
        "results": {"score"},
        "v7-darwin": {"extra"},
        "youtube-vis": {"occlusion", "track_id"},
    }
    made = case.convert(tmp_path / "out")
    assert {u.name for u in made.unread} == expected.get(case.name, set())
    assumed = {"v7-darwin": ["width, height"], "roboflow": ["train", "valid"]}  # the latter asks for splits
    assert [a.taken for a in made.assumptions] == assumed.get(case.name, [])


def test_a_message_shows_a_few_names_and_no_long_one_whole(convert: Convert) -> None:
    fields = {f"{n} {'x' * 5000}": 1 for n in range(100)}
    run = convert(coco([annotation(1, bbox=[1, 1, 5, 5], **fields)]))
    (message,) = [e for e in run.examples if "field-ignored" in e]
    assert "and 88 more" in message
    assert len(message) < 2000


def test_scores_of_predictions_that_become_labels_are_named(convert: Convert) -> None:
    given = coco([annotation(n, bbox=[n, 1, 5, 5], score=n / 4) for n in (1, 2)])
    run = convert(given, options={"predictions": True})
    assert [(u.name, u.count) for u in run.report.unread] == [("score", 2)]
    assert "-O fields=score" in run.report.unread[0].why
    run = convert(given, options={"predictions": True, "fields": "score"})
    assert not run.report.unread
    assert [line["classifications"][0]["name"] for line in run.lines] == ["score", "score"]
    assert not convert(given).report.unread


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("mood" * 40, f"-O fields={'mood' * 40}"),
        ("the mood", "-O 'fields=the mood'"),
        ("x'; rm", """-O 'fields=x'"'"'; rm'"""),
        ("a,b", ""),
        ("a\nb", ""),
    ],
)
def test_what_takes_a_field_over_can_be_copied(convert: Convert, name: str, shown: str) -> None:
    run = convert(coco([annotation(1, bbox=[1, 2, 3, 4], **{name: "high"})]))
    (told,) = (d.examples[0].message for d in run.report.diagnostics if d.code == "field-ignored")
    for said in (run.report.unread[0].why, told):
        assert (shown in said) if shown else ("-O" not in said)
    if shown:
        given = shlex.split(shown)[1].partition("=")[2]
        run = convert(coco([annotation(1, bbox=[1, 2, 3, 4], **{name: "high"})]), options={"fields": given})
        assert run.lines[0]["classifications"][0]["answer"] == {"name": "high"}


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize("indent", [None, 1])
def test_a_field_that_says_something_once_in_a_long_list_is_named(
    convert: Convert, tmp_path: Path, nothing: Any, indent: int | None
) -> None:
    records = [annotation(n, bbox=[1, 2, 3, 4], mood=nothing) for n in range(4800)]
    records[4001]["mood"] = "high"
    path = tmp_path / "a.json"
    path.write_text(json.dumps(coco(records), indent=indent))
    run = convert(path)
    assert [(u.name, u.count) for u in run.report.unread] == [("mood", 1)]
    del records[4001]["mood"]
    path.write_text(json.dumps(coco(records), indent=indent))
    assert convert(path).report.unread == []


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_field_that_says_nothing_anywhere_is_not_named(convert: Convert, nothing: Any) -> None:
    odd = {"mood": nothing, "note": nothing}
    records = [annotation(n, bbox=[1, 2, 3, 4], **odd) for n in range(5)]
    records[3]["mood"] = 0
    run = convert(coco(records, [image(1) | odd]))
    assert [(u.name, u.count) for u in run.report.unread] == [("mood", 1)]
