"""The COCO family: what each kind, dialect and broken record becomes, by hand-computed values: one set, files."""

from __future__ import annotations

import gzip
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pycocotools import mask as oracle

from builders.coco import GOOD_BOX, SQUARE, box, vertices
from harness import Convert, annotation, coco, image, lines, pixels, save
from to_labelbox import UsageError
from to_labelbox_formats.coco.detect import split_of


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("annotations/instances_val2017.json", "val2017"),
        ("annotations/image_info_test-dev2017.json", "test-dev2017"),
        ("train.json", "train"),
        ("zhiyuan_objv2_train.json", "train"),
        ("instancesonly_filtered_gtFine_val.json.gz", "val"),
        ("coco/Test/labels.json", "Test"),
        ("train/instances_default.json", "train"),
        ("valid/_annotations.coco.json", "valid"),
        ("train/val.json", "val"),
        ("train_and_val.json", ""),
        ("result.json", ""),
    ],
)
def test_splits_are_named_by_files_or_folders(name: str, split: str) -> None:
    assert split_of(name) == split


def test_one_name_in_two_splits_is_told_with_the_remedy(convert: Convert, tmp_path: Path) -> None:
    for split in ("train", "val"):
        save(tmp_path / "set" / "annotations" / f"{split}.json", coco([annotation(bbox=[1, 1, 5, 5])]))
    run = convert(tmp_path / "set")
    assert run.codes["asset-duplicate"] == 1
    assert any("(train and val)" in e and "--global-key '{split}/{relpath}'" in e for e in run.examples)
    assert len(lines(convert(tmp_path / "set", global_key="{split}/{relpath}").out, "data_rows.ndjson")) == 2


def test_file_folder_zip_and_gz_say_the_same(convert: Convert, tmp_path: Path) -> None:
    given = coco([annotation(segmentation=[SQUARE]), annotation(2, bbox=[1, 1, 5, 5])])
    text = json.dumps(given, indent=1)
    (tmp_path / "a").mkdir()
    plain = tmp_path / "a" / "instances_val.json"
    plain.write_text(text)
    packed = tmp_path / "instances_val.json.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    archive = tmp_path / "set.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("annotations/instances_val.json", text)
        file.writestr("annotations/notes.txt", "hello")
    wide = tmp_path / "wide.json"
    wide.write_bytes(text.encode("utf-16"))
    marked = tmp_path / "marked.json"
    marked.write_bytes(b"\xef\xbb\xbf" + text.encode())
    expected = convert(plain).lines
    for source in (tmp_path / "a", packed, archive, wide, marked):
        assert convert(source).lines == expected, source


def test_a_folder_with_other_json_beside(convert: Convert, tmp_path: Path) -> None:
    save(tmp_path / "set" / "b.json", coco([annotation(bbox=[1, 1, 5, 5])]))
    save(tmp_path / "set" / "a.json", {"_via_img_metadata": {}})
    run = convert(tmp_path / "set")
    assert run.codes["file-ignored"] == 1
    assert len(run.lines) == 1


@pytest.mark.parametrize("id", [0, "abc", "17", 2**40, 3.0, "ü"])
def test_ids_of_any_type(convert: Convert, id: Any) -> None:
    given = coco(
        [annotation(id, image_id=id, category_id=id, bbox=[1, 1, 5, 5])],
        [image(id, "a.jpg"), image("other", "b.jpg")],
        [{"id": id, "name": "car"}],
    )
    run = convert(given)
    assert [(line["dataRow"]["globalKey"], line["name"]) for line in run.lines] == [("a.jpg", "car")]


def test_ids_meet_as_text_and_number(convert: Convert) -> None:
    run = convert(coco([annotation(1, image_id="1", category_id="1", bbox=[1, 1, 5, 5])]))
    assert run.tally("car") == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("batch_1/0006.jpg", "batch_1/0006.jpg"),
        ("dir\\a.jpg", "dir/a.jpg"),
        ("/abs/a.jpg", "abs/a.jpg"),
        ("../../etc/a.jpg", "etc/a.jpg"),
        ("C:\\data\\a.jpg", "data/a.jpg"),
        ("https://host/x/a%20b.jpg?sig=1", "x/a b.jpg"),
        ("./a.jpg", "a.jpg"),
        ("images\\1/90f.jpg", "images/1/90f.jpg"),
        ("\\\\server\\share\\a.jpg", "server/share/a.jpg"),
        ("/data/local-files/?d=sets%2Fx/a%20b.jpg", "sets/x/a b.jpg"),
        ("http://localhost:8080/data/local-files/?d=x/a.jpg", "x/a.jpg"),
        ("größe/ä.jpg", "größe/ä.jpg"),
    ],
)
def test_keys_are_paths_below_a_root(convert: Convert, name: str, key: str) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 5, 5])], [image(1, name)]))
    assert lines(run.out, "data_rows.ndjson")[0]["global_key"] == key


def test_a_file_address_is_no_place_on_the_web(convert: Convert) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 5, 5])], [image(1, "file:///home/me/a.jpg")]))
    row = lines(run.out, "data_rows.ndjson")[0]
    assert (row["global_key"], row["row_data"]) == ("home/me/a.jpg", "home/me/a.jpg")


def test_repeated_images(convert: Convert) -> None:
    twice = coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, "a.jpg"), image(1, "a.jpg")])
    run = convert(twice)
    assert run.report.assets.written == 1
    assert run.tally("car") == (1, 1, 0, 0, 0)
    renamed = coco([annotation(1, bbox=[1, 1, 5, 5]), annotation(2, image_id=2, bbox=[2, 2, 5, 5])],
                   [image(1, "a.jpg"), image(2, "a.jpg")])  # fmt: skip
    run = convert(renamed)
    assert {line["dataRow"]["globalKey"] for line in run.lines} == {"a.jpg"}
    assert run.codes["asset-duplicate"] == 1
    assert run.tally("car") == (2, 2, 0, 0, 0)


def test_one_id_for_two_images_is_told(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, "a.jpg"), image(1, "b.jpg")]))
    assert run.codes["asset-duplicate"] == 1
    assert run.lines == []
    assert run.tally("car") == (1, 0, 0, 0, 1)


RLE = {"size": [80, 100], "counts": [0, 80, 7920]}


PACKED = oracle.frPyObjects(RLE, 80, 100)["counts"]


POINTS = [SQUARE[n : n + 2] for n in range(0, 8, 2)]


BAD_RLE = {"size": [80, 100], "counts": [1, 2]}


SKIPPED: dict[str, tuple[dict[str, Any], str]] = {
    "short bbox": ({"bbox": [1, 2, 3]}, "box-invalid"),
    "text in bbox": ({"bbox": [1, 2, "x", 4]}, "box-invalid"),
    "bbox of another type": ({"bbox": {"x": 1}}, "box-invalid"),
    "corners as bbox": ({"bbox": [[1, 1], [5, 5]]}, "box-invalid"),
    "rotated bbox": ({"bbox": [1, 1, 5, 5, 30]}, "box-invalid"),
    "nothing": ({}, "geometry-missing"),
    "zero area": ({"bbox": [1, 1, 0, 5]}, "box-empty"),
    "huge bbox": ({"bbox": [1e308, 1e308, 1e308, 1e308]}, "outside"),
    "bbox of NaN": ({"bbox": [1, 2, math.nan, 4]}, "box-invalid"),
    "numbers as text, and too few": ({"bbox": ["1", "2", "3"]}, "box-invalid"),
    "two points": ({"segmentation": [[1, 1, 5, 5]]}, "polygon-too-short"),
    "two parts of two points": ({"segmentation": [[1, 1, 5, 5], [2, 2, 6, 6]]}, "polygon-too-short"),
    "outline of NaN": ({"segmentation": [[1, 1, math.nan, 5, 9, 9]]}, "polygon-too-short"),
    "outline and bbox of NaN": ({"segmentation": [[1, 1, math.nan, 5, 9, 9]], "bbox": [math.nan] * 4}, "box-invalid"),
    "an object that is no outline": ({"segmentation": {"foo": 1}}, "mask-invalid"),
    "odd count": ({"segmentation": [[1, 1, 5, 5, 9]]}, "polygon-too-short"),
    "collinear": ({"segmentation": [[1, 1, 2, 2, 3, 3]]}, "polygon-empty"),
    "rle of a short sum": ({"segmentation": BAD_RLE}, "mask-invalid"),
    "rle of a long sum": ({"segmentation": {"size": [80, 100], "counts": [0, 9000]}}, "mask-invalid"),
    "rle with negative runs": ({"segmentation": {"size": [80, 100], "counts": [-1, 8001]}}, "mask-invalid"),
    "rle of swapped size": ({"segmentation": {"size": [100, 80], "counts": [0, 8000]}}, "mask-invalid"),
    "rle without a size": ({"segmentation": {"counts": [0, 80]}}, "mask-invalid"),
    "rle of three sizes": ({"segmentation": {"size": [80, 100, 1], "counts": [0, 8000]}}, "mask-invalid"),
    "rle of a huge size": ({"segmentation": {"size": [10**9, 10**9], "counts": [10**18]}}, "mask-invalid"),
    "rle of negative size": ({"segmentation": {"size": [-80, -100], "counts": [8000]}}, "mask-invalid"),
    "empty rle text": ({"segmentation": {"size": [80, 100], "counts": ""}}, "mask-invalid"),
    "rle text cut off": ({"segmentation": {"size": [80, 100], "counts": "PPP"}}, "mask-invalid"),
    "rle text of other characters": ({"segmentation": {"size": [80, 100], "counts": "äöü\n"}}, "mask-invalid"),
    "rle of floats": ({"segmentation": {"size": [80, 100], "counts": [0.5, 7999.5]}}, "mask-invalid"),
    "rle of words": ({"segmentation": {"size": [80, 100], "counts": ["all", "8000"]}}, "mask-invalid"),
    "empty mask": ({"segmentation": {"size": [80, 100], "counts": [8000]}}, "mask-empty"),
    "unknown category": ({"category_id": 5, "bbox": GOOD_BOX}, "class-unknown"),
    "category 0 undeclared": ({"category_id": 0, "bbox": GOOD_BOX}, "class-unknown"),
    "no category": ({"category_id": None, "bbox": GOOD_BOX}, "class-unnamed"),
    "dangling image": ({"image_id": 99, "bbox": GOOD_BOX}, "asset-unknown"),
    "no image": ({"image_id": None, "bbox": GOOD_BOX}, "asset-unknown"),
    "keypoints all absent, nothing else": ({"keypoints": [0, 0, 0]}, "geometry-missing"),
    "keypoints not in triples, nothing else": ({"keypoints": [1, 2]}, "keypoints-invalid"),
}


@pytest.mark.parametrize("what", SKIPPED)
def test_a_broken_annotation_costs_itself(convert: Convert, what: str) -> None:
    fields, code = SKIPPED[what]
    good = annotation(1, bbox=[1, 1, 5, 5])
    run = convert(coco([good, annotation(2) | fields]))
    assert run.codes.get(code), run.examples
    assert (run.report.annotations.converted, run.report.annotations.skipped) == (1, 1)
    assert len(run.lines) == 1
    told = [(d.code, e.file, e.id) for d in run.report.diagnostics for e in d.examples if e.where == "annotations[1]"]
    assert told == [(code, "instances.json", "2")], run.examples


REPAIRED: dict[str, tuple[dict[str, Any], str, str]] = {
    "numbers as text": ({"bbox": ["1", "2.5", "3", "4"]}, "bbox", "field-repaired"),
    "flat outline": ({"segmentation": SQUARE}, "polygon", "field-repaired"),
    "points as pairs": ({"segmentation": [[10, 10], [20, 10], [20, 20]]}, "polygon", "field-repaired"),
    "points as pairs in a part": ({"segmentation": [[[10, 10], [20, 10], [20, 20]]]}, "polygon", "field-repaired"),
    "box in a text": ({"bbox": "[10, 10, 20.5, 30]"}, "bbox", "field-repaired"),
    "box as numbers in a text": ({"bbox": "10 10,20.5,30"}, "bbox", "field-repaired"),
    "box as an object": ({"bbox": {"x": 10, "y": 10, "width": 20.5, "height": 30}}, "bbox", "field-repaired"),
    "outline in a text": ({"segmentation": json.dumps([SQUARE])}, "polygon", "field-repaired"),
    "outline as numbers in a text": ({"segmentation": "10,10 20,10 20,20 10,20"}, "polygon", "field-repaired"),
    "parts in texts": ({"segmentation": ["10,10,20,10,20,20,10,20"]}, "polygon", "field-repaired"),
    "points as objects": ({"segmentation": [{"x": x, "y": y} for x, y in POINTS]}, "polygon", "field-repaired"),
    "points as objects in a part": (
        {"segmentation": [[{"x": x, "y": y} for x, y in POINTS]]},
        "polygon",
        "field-repaired",
    ),
    "points as OpenCV has them": ({"segmentation": [[[p] for p in POINTS]]}, "polygon", "field-repaired"),
    "a part in too many lists": ({"segmentation": [[SQUARE]]}, "polygon", "field-repaired"),
    "outline with an exterior": ({"segmentation": {"exterior": POINTS, "interiors": []}}, "polygon", ""),
    "an empty part": ({"segmentation": [SQUARE, []]}, "polygon", ""),
    "runs as floats": ({"segmentation": {"size": [80.0, "100"], "counts": [0.0, 80.0, 7920.0]}}, "mask", ""),
    "runs in a text": ({"segmentation": {"size": [80, 100], "counts": "[0, 80, 7920]"}}, "mask", ""),
    "runs as a bytes literal": ({"segmentation": {"size": [80, 100], "counts": str(PACKED)}}, "mask", ""),
    "an RLE in a list": ({"segmentation": [RLE]}, "mask", "field-repaired"),
    "keypoints as triples": ({"bbox": GOOD_BOX, "keypoints": [[1, 2, 2], [3, 4, 1]]}, "bbox", "field-repaired"),
    "negative sides": ({"bbox": [6, 6, -5, -5]}, "bbox", "box-flipped"),
    "crowd as text": ({"bbox": GOOD_BOX, "iscrowd": "1"}, "bbox", ""),
    "crowd as bool": ({"bbox": GOOD_BOX, "iscrowd": True}, "bbox", ""),
}


@pytest.mark.parametrize("what", REPAIRED)
def test_what_is_clear_is_repaired(convert: Convert, what: str) -> None:
    fields, kind, code = REPAIRED[what]
    run = convert(coco([annotation(1) | fields]))
    assert kind in run.lines[0]
    if kind == "polygon":
        assert vertices(run.lines[0]) in (SQUARE, SQUARE[:6])
    elif kind == "mask":
        array = pixels(run.lines[0]["mask"]["png"])
        assert array[:, 0].all()
        assert not array[:, 1:].any()
    elif fields["bbox"] is not GOOD_BOX and "box" in what:
        assert box(run.lines[0]) == (10, 10, 20.5, 30)
    assert len(run.lines) == 1 + 2 * ("keypoints" in fields)
    assert run.tally("car") == (1, 1, 0, 0, 0)
    assert not code or run.codes[code] == 1


APPROXIMATED: dict[str, tuple[dict[str, Any], str]] = {
    "broken outline": ({"segmentation": [[1, 1, 5, 5]], "bbox": GOOD_BOX}, "polygon-too-short"),
    "outline without area": ({"segmentation": [[1, 1, 2, 2, 3, 3]], "bbox": GOOD_BOX}, "polygon-empty"),
    "broken rle": ({"segmentation": BAD_RLE, "bbox": GOOD_BOX}, "mask-invalid"),
    "outline in a text that is none": ({"segmentation": "polygon", "bbox": GOOD_BOX}, "polygon-too-short"),
    "outline that is a number": ({"segmentation": 7, "bbox": GOOD_BOX}, "polygon-too-short"),
    "outline with nothing in it": ({"segmentation": [None], "bbox": GOOD_BOX}, "polygon-too-short"),
    "empty rle": ({"segmentation": {"size": [80, 100], "counts": [8000]}, "bbox": GOOD_BOX}, "mask-empty"),
    "one part of two": ({"segmentation": [SQUARE, [1, 1]], "bbox": GOOD_BOX}, "polygon-too-short"),
    "cut at the border": ({"bbox": [90, 1, 20, 5]}, "clipped"),
}


@pytest.mark.parametrize("what", APPROXIMATED)
def test_what_is_left_of_a_broken_outline_is_approximated(convert: Convert, what: str) -> None:
    fields, code = APPROXIMATED[what]
    run = convert(coco([annotation(1) | fields]))
    assert run.tally("car") == (1, 0, 1, 0, 0)
    assert run.codes[code] >= 1
    if "segmentation" in fields and fields["segmentation"] != [SQUARE, [1, 1]]:
        assert box(run.lines[0]) == tuple(GOOD_BOX)


def test_lost_keypoints_beside_a_box_are_a_loss(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=GOOD_BOX, keypoints=[1, 2])]))
    assert run.codes["keypoints-invalid"] == 1
    assert run.tally("car") == (1, 0, 1, 0, 0)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ['"bbox": [{}, 1, 2, 3]', '"segmentation": [[1, 1, 5, {}, 5, 5]]'])
def test_what_is_not_finite_costs_the_annotation(convert: Convert, literal: str, field: str) -> None:
    broken = '{"id": 2, "image_id": 1, "category_id": 1, ' + field.replace("{}", literal) + "}, "
    text = json.dumps(coco([annotation(1, bbox=GOOD_BOX)])).replace('"annotations": [', '"annotations": [' + broken)
    run = convert(text.encode())
    assert run.report.annotations.skipped == 1
    assert len(run.lines) == 1


@pytest.mark.parametrize("record", ["5", '"x"', "null", "[]", "true"])
def test_records_that_are_no_objects(convert: Convert, record: str) -> None:
    text = json.dumps(coco([annotation(1, bbox=GOOD_BOX)])).replace('"annotations": [', f'"annotations": [{record}, ')
    run = convert(text.encode())
    assert run.report.annotations.skipped == 1
    assert len(run.lines) == 1


def test_duplicate_annotations(convert: Convert) -> None:
    same, other = annotation(7, bbox=[1, 1, 5, 5]), annotation(7, bbox=[2, 2, 5, 5])
    run = convert(coco([same, same, other]))
    assert run.tally("car") == (3, 2, 0, 1, 0)
    assert run.codes["annotation-duplicate"] == run.codes["record-duplicate"] == 1
    assert len({line["uuid"] for line in run.lines}) == 2


@pytest.mark.parametrize(
    ("attributes", "answers"),
    [
        ([{"name": "color", "value": "red"}], {"color": {"name": "red"}}),
        (["wet", "dark"], {"attributes": [{"name": "wet"}, {"name": "dark"}]}),
        ("wet", {"attributes": {"name": "wet"}}),
    ],
)
def test_attributes_that_are_no_object(convert: Convert, attributes: Any, answers: dict[str, Any]) -> None:
    line = convert(coco([annotation(bbox=GOOD_BOX, attributes=attributes)])).lines[0]
    assert {c["name"]: c["answer"] for c in line["classifications"]} == answers


def test_ids_that_are_missing(convert: Convert) -> None:
    given = [{"image_id": 1, "category_id": 1, "bbox": [n, 1, 5, 5]} for n in range(3)]
    assert len({line["uuid"] for line in convert(coco(given)).lines}) == 3


def test_absent_categories_name_the_remedy(convert: Convert, tmp_path: Path) -> None:
    given = coco([annotation(bbox=[1, 1, 5, 5])], categories=None)
    run = convert(given)
    assert run.report.exit_code() == 3
    assert any("-O categories=FILE" in e for e in run.examples)
    other = save(tmp_path / "categories.json", coco(None))
    assert convert(given, options={"categories": str(other)}).tally("car") == (1, 1, 0, 0, 0)


def test_keypoints_without_categories(convert: Convert) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 5, 5], keypoints=[1, 1, 2])], categories=None))
    assert run.report.annotations.skipped == 1


def test_categories_of_every_shape(convert: Convert) -> None:
    categories: list[Any] = [
        {"id": 1}, {"id": 2, "name": ""}, {"name": "no id"}, 5, None,
        {"id": 3, "name": 17}, {"id": 4, "name": "x", "supercategory": 5}, {"id": 4, "name": "y"},
    ]  # fmt: skip
    given = [annotation(n, category_id=n, bbox=[1, 1, 5, 5]) for n in (1, 2, 3, 4)]
    run = convert(coco(given, categories=categories))
    assert [line["name"] for line in run.lines] == ["class_1", "class_2", "17"]
    assert run.codes["class-duplicate"] == 2  # the category, and the annotation that nobody can know the class of


def test_fractions_ask_for_a_word(convert: Convert) -> None:
    given = coco([annotation(n, bbox=[0.1, 0.2, 0.5, 0.25]) for n in range(4)])
    with pytest.raises(UsageError, match="-O units=normalised"):
        convert(given)
    run = convert(given, options={"units": "normalised"})
    assert box(run.lines[0]) == (10, 16, 50, 20)
    assert box(convert(given, options={"units": "pixels"}).lines[0]) == (0.1, 0.2, 0.5, 0.25)


def test_corners_ask_for_a_word(convert: Convert) -> None:
    """x0, y0, x1, y1 by mistake, with the area of that box."""
    given = coco([annotation(n, bbox=[10, 20, 40 + n, 60], area=(30 + n) * 40) for n in range(3)])
    with pytest.raises(UsageError, match="-O boxes=xyxy"):
        convert(given)
    for geometry in ("auto", "bbox"):
        run = convert(given, options={"boxes": "xyxy"}, geometry=geometry)
        assert [box(line) for line in run.lines] == [(10, 20, 30 + n, 40) for n in range(3)]
    assert box(convert(given, options={"boxes": "xywh"}).lines[0]) == (10, 20, 40, 60)
    right = [annotation(n, bbox=[10, 20, 40, 60], area=area) for n, area in enumerate([1200, 1200, 2400, 2400])]
    assert box(convert(coco(right)).lines[0]) == (10, 20, 40, 60)


def test_fractions_of_outlines(convert: Convert) -> None:
    given = coco([annotation(1, segmentation=[[0.1, 0.1, 0.2, 0.1, 0.2, 0.5]], bbox=[0.1, 0.1, 0.1, 0.4])])
    run = convert(given, options={"units": "normalised"})
    assert vertices(run.lines[0]) == [10, 8, 20, 8, 20, 40]
