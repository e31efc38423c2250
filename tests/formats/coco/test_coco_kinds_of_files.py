"""The COCO family: what each kind, dialect and broken record becomes, by hand-computed values: kinds of files."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from builders.coco import PERSON, SQUARE, box, vertices
from harness import Convert, Run, annotation, coco, image, lines, ontology, pixels, questions, save
from to_labelbox import SourceError, UsageError


def test_boxes_keep_every_number(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=[1.1, 2.2, 30.300000000000004, 1e-3]), annotation(2, bbox=[0, 0, 100, 80])]))
    assert [box(line) for line in run.lines] == [(1.1, 2.2, 30.300000000000004, 1e-3), (0, 0, 100, 80)]
    assert run.tally("car") == (2, 2, 0, 0, 0)


def test_one_part_is_a_polygon_several_are_a_mask(convert: Convert) -> None:
    two = [[1, 1, 3, 1, 3, 4, 1, 4], [6, 5, 9, 5, 9, 7, 6, 7]]
    run = convert(coco([annotation(1, segmentation=[SQUARE]), annotation(2, segmentation=two)]))
    polygon, mask = run.lines
    assert vertices(polygon) == SQUARE
    array = pixels(mask["mask"]["png"])
    assert array.shape == (80, 100)
    expected = np.zeros((80, 100), np.uint8)
    expected[1:4, 1:3] = 1
    expected[5:7, 6:9] = 1
    assert (array == expected).all()
    assert list(run.tools) == ["car (polygon)", "car (mask)"]


@pytest.mark.parametrize("segmentation", [[], [[]], None])
def test_no_outline_leaves_the_box(convert: Convert, segmentation: Any) -> None:
    run = convert(coco([annotation(bbox=[1, 2, 3, 4], segmentation=segmentation)]))
    assert box(run.lines[0]) == (1, 2, 3, 4)
    assert run.tally("car") == (1, 1, 0, 0, 0)


def test_a_closing_point_is_dropped(convert: Convert) -> None:
    run = convert(coco([annotation(segmentation=[[*SQUARE, 10, 10]])]))
    assert vertices(run.lines[0]) == SQUARE


def test_crowd_is_a_flag_of_the_mask(convert: Convert) -> None:
    rle = {"size": [80, 100], "counts": [0, 80, 7920]}
    run = convert(coco([annotation(segmentation=rle, iscrowd=1), annotation(2, bbox=[1, 1, 5, 5], iscrowd=0)]))
    assert run.lines[0]["classifications"] == [{"name": "iscrowd", "answer": {"name": "yes"}}]
    assert "classifications" not in run.lines[1]
    assert questions(ontology(run.out)["tools"][0]) == {"iscrowd": ["yes", "no"]}


@pytest.mark.parametrize(
    ("said", "is_crowd"), [("yes", True), ("No", False), ([1], True), (2, True), ("maybe", None), ({}, None)]
)
def test_a_crowd_in_other_words(convert: Convert, said: Any, is_crowd: bool | None) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 5, 5], iscrowd=said)]))
    assert ("classifications" in run.lines[0]) == bool(is_crowd)
    told = [e for e in run.examples if "neither yes nor no" in e]
    assert len(told) == (is_crowd is None)


def test_a_flag_that_never_occurs_is_no_question(convert: Convert) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 5, 5], iscrowd=0)]))
    assert questions(ontology(run.out)["tools"][0]) == {}


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
@pytest.mark.parametrize("mark", [1, True, "1"])
def test_a_region_to_ignore_is_a_flag(convert: Convert, mark: Any, geometry: str) -> None:
    given = [annotation(1, bbox=[1, 1, 5, 5], ignore=mark, iscrowd=1), annotation(2, bbox=[2, 1, 5, 5], ignore=0)]
    run = convert(coco(given), geometry=geometry)
    assert [c["name"] for c in run.lines[0]["classifications"]] == ["iscrowd", "ignore"]
    assert "classifications" not in run.lines[1]
    assert "ignore" not in questions(ontology(convert(coco(given[1:]), geometry=geometry).out)["tools"][0])


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_a_turn_of_an_outline_is_an_answer(convert: Convert, geometry: str) -> None:
    given = annotation(1, segmentation=[SQUARE[:6]], bbox=[10, 10, 10, 10], attributes={"rotation": 45.5})
    line = convert(coco([given]), geometry=geometry).lines[0]
    assert line["classifications"] == [{"name": "rotation", "answer": {"name": "45.5"}}]
    assert vertices(line) == SQUARE[:6] if geometry == "auto" else box(line) == (10, 10, 10, 10)


def test_keypoints_are_points_beside_the_box(convert: Convert) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 50, 50], keypoints=[3.5, 4.5, 2, 0, 0, 0])], categories=[PERSON]))
    assert [line["name"] for line in run.lines] == ["person", "person/nose"]
    assert run.lines[1]["point"] == {"x": 3.5, "y": 4.5}
    assert "classifications" not in run.lines[1], "one instance, nothing occluded: no questions"
    assert run.tally("person") == (1, 1, 0, 0, 0)


def test_occluded_keypoints_and_several_instances_add_questions(convert: Convert) -> None:
    run = convert(
        coco(
            [annotation(7, keypoints=[3, 4, 1, 0, 0, 0]), annotation(8, keypoints=[5, 6, 2, 7, 8, 2])],
            categories=[PERSON],
        )
    )
    assert [line["classifications"] for line in run.lines] == [
        [{"name": "visibility", "answer": {"name": "occluded"}}, {"name": "instance", "answer": "7"}],
        [{"name": "visibility", "answer": {"name": "visible"}}, {"name": "instance", "answer": "8"}],
        [{"name": "visibility", "answer": {"name": "visible"}}, {"name": "instance", "answer": "8"}],
    ]
    assert run.tools == {"person/nose": "point", "person/tail": "point"} | run.tools


@pytest.mark.parametrize("v", [2.0, 0.7, 3])
def test_any_other_positive_visibility_is_visible(convert: Convert, v: float) -> None:
    run = convert(coco([annotation(keypoints=[3, 4, v, 5, 5, 1])], categories=[PERSON]))
    assert run.lines[0]["classifications"][0]["answer"] == {"name": "visible"}


def test_a_file_says_itself_which_visibility_is_which(convert: Convert) -> None:
    """As OCHuman does; the last points of a list may all be missing."""
    says = {"keypoint_visible": {"vis": 1, "others_occluded": 3, "self_occluded": 2, "missing": 0}}
    person = PERSON | {"keypoints": [f"p{n}" for n in range(6)]}
    given = annotation(keypoints=[3, 4, 1, 5, 6, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    given["keypoints"][5] = 3
    document = coco([given, annotation(2, keypoints=[7, 8, 2, *[0] * 15])], categories=[person])
    run = convert(document | says)
    assert [line["classifications"][0]["answer"]["name"] for line in run.lines] == ["visible", "occluded", "occluded"]
    assert (run.report.assumptions, run.report.unread) == ([], [])
    run = convert(document | says, options={"visibility": "present"})
    assert len(run.lines) == 3
    assert not any(a["answer"] == {"name": "occluded"} for line in run.lines for a in line["classifications"])


@pytest.mark.parametrize("odd", [{"vis": 0}, {"vis": 1, "odd": 2}, {"vis": 1, "visible": 2}, {"vis": "1"}, [1, 2], {}])
def test_what_a_file_says_of_visibilities_is_unread_where_it_is_not_plain(convert: Convert, odd: Any) -> None:
    document = coco([annotation(keypoints=[3, 4, 1, 5, 6, 2])], categories=[PERSON]) | {"keypoint_visible": odd}
    run = convert(document)
    assert [line["classifications"][0]["answer"]["name"] for line in run.lines] == ["occluded", "visible"]
    assert [u.name for u in run.report.unread] == ["keypoint_visible"]


def parts(**values: list[float]) -> dict[str, Any]:
    """Points of COCO-WholeBody: a part that is not there is all zeros, and not valid."""
    counts = {"foot": 6, "face": 68, "lefthand": 21, "righthand": 21}
    fields: dict[str, Any] = {f"{part}_valid": part in values for part in counts}
    return fields | {
        f"{part}_kpts": (values.get(part, []) + [0.0] * 3 * count)[: 3 * count] for part, count in counts.items()
    }


def placed(run: Run) -> dict[str, tuple[float, float, str]]:
    """Points by tool: place and visibility."""
    found = {}
    for line in run.lines:
        if "point" in line:
            said = {answer["name"]: answer["answer"] for answer in line.get("classifications", [])}
            found[line["name"]] = (line["point"]["x"], line["point"]["y"], said.get("visibility", {}).get("name", ""))
    return found


def test_points_of_feet_face_and_hands_are_points_by_number(convert: Convert) -> None:
    """A third number of a face or a hand says that the point is there: 1, or how sure a model was of it."""
    whole = parts(foot=[1, 2, 2, 3, 4, 1], lefthand=[0, 0, 0, 7, 8, 1, 9, 10, 0.25])
    points = {"bbox": [1, 1, 50, 50], "keypoints": [3, 4, 2, 0, 0, 0]}
    run = convert(coco([annotation(1, **points, **whole)], categories=[PERSON]))
    assert placed(run) == {
        "person/nose": (3, 4, "visible"),
        "person/foot_1": (1, 2, "visible"),
        "person/foot_2": (3, 4, "occluded"),
        "person/lefthand_2": (7, 8, "visible"),
        "person/lefthand_3": (9, 10, "visible"),
    }
    assert run.tally("person") == (1, 1, 0, 0, 0)
    (told,) = run.report.assumptions
    assert (told.what.partition(" (")[0], told.for_) == ("points of feet, face and hands", 1)
    assert run.report.unread == []


@pytest.mark.parametrize("box", [{"bbox": [1, 1, 50, 50]}, {"bbox": [0, 0, 0, 0]}, {}])
@pytest.mark.parametrize("valid", [True, 1, "true", None, ""])
def test_a_part_is_there_unless_it_is_said_not_to_be(convert: Convert, valid: Any, box: Any) -> None:
    """Also where it is all that an annotation has."""
    whole = parts(lefthand=[5, 6, 1]) | {"lefthand_valid": valid, "keypoints": [0, 0, 0, 0, 0, 0], **box}
    run = convert(coco([annotation(n, **whole) for n in range(4)], categories=[PERSON]))
    assert placed(run).keys() == {"person/lefthand_1"}
    assert run.tally("person") == (4, 4, 0, 0, 0)


def test_a_point_of_a_part_that_does_not_say_whether_it_is_there_is_a_loss(convert: Convert) -> None:
    whole = parts(face=[5, 6, math.nan, 7, 8, 1])
    run = convert(coco([annotation(1, bbox=[1, 1, 50, 50], **whole)], categories=[PERSON]))
    assert placed(run) == {"person/face_2": (7, 8, "")}
    assert run.tally("person") == (1, 0, 1, 0, 0)


@pytest.mark.parametrize("valid", [False, 0, "false"])
def test_a_part_that_is_not_valid_is_not_there(convert: Convert, valid: Any) -> None:
    whole = parts(face=[5, 6, 1]) | {"face_valid": valid}
    run = convert(
        coco([annotation(1, bbox=[1, 1, 50, 50], keypoints=[3, 4, 2, 0, 0, 0], **whole)], categories=[PERSON])
    )
    assert placed(run) == {"person/nose": (3, 4, "")}
    assert run.report.assumptions == []


def test_points_of_parts_have_the_names_that_a_category_gives_all(convert: Convert) -> None:
    names = ["nose", "tail", *(f"p{n}" for n in range(116))]
    whole = parts(face=[5, 6, 1], righthand=[0, 0, 0, 7, 8, 2])
    records = [annotation(1, keypoints=[3, 4, 2, 0, 0, 0], **whole), annotation(2, **whole)]
    run = convert(coco(records, categories=[PERSON | {"keypoints": names}]))
    assert placed(run).keys() == {"person/nose", "person/p6", "person/p96"}
    assert run.report.assumptions == []
    assert not any(d.code == "keypoints-invalid" for d in run.report.diagnostics)


def test_a_part_of_another_number_of_points_is_a_loss_that_is_told(convert: Convert) -> None:
    whole = parts() | {"foot_kpts": [1, 2, 2], "foot_valid": True, "face_kpts": "none", "face_valid": True}
    run = convert(coco([annotation(1, bbox=[1, 1, 50, 50], **whole)], categories=[PERSON]))
    assert run.tally("person") == (1, 0, 1, 0, 0)
    (told,) = (d for d in run.report.diagnostics if d.code == "keypoints-invalid")
    assert "foot_kpts are not 6 triples" in told.examples[0].message


def test_keypoints_without_names_are_numbered(convert: Convert) -> None:
    run = convert(coco([annotation(keypoints=[3, 4, 2, 5, 6, 2])]))
    assert [line["name"] for line in run.lines] == ["car/kp_1", "car/kp_2"]


def test_keypoints_of_one_name_stay_apart(convert: Convert) -> None:
    given = annotation(bbox=[1, 1, 5, 5], keypoints=[1, 1, 2, 2, 2, 2, 3, 3, 2])
    run = convert(coco([given], categories=[{"id": 1, "name": "car", "keypoints": ["wheel", "wheel", " "]}]))
    assert [line["name"] for line in run.lines[1:]] == ["car/wheel", "car/wheel 2", "car/kp_3"]
    assert run.codes["class-duplicate"] == 1


def test_captions_are_free_text_of_their_own(convert: Convert) -> None:
    given = [{"id": n, "image_id": 1, "caption": f"text {n % 2}"} for n in range(3)]
    run = convert(coco(given, categories=None))
    assert [(line["name"], line["answer"]) for line in run.lines] == [
        ("caption", "text 0"),
        ("caption 2", "text 1"),
        ("caption 3", "text 0"),
    ]
    assert questions(ontology(run.out)) == {"caption": "text", "caption 2": "text", "caption 3": "text"}


def test_a_caption_of_an_object_is_its_own(convert: Convert) -> None:
    given = [annotation(1, bbox=[1, 2, 5, 6], caption="the red one"), annotation(2, bbox=[3, 2, 5, 6], caption="")]
    run = convert(coco([*given, {"id": 3, "image_id": 1, "caption": "a street"}]))
    assert [box(line) for line in run.lines[:2]] == [(1, 2, 5, 6), (3, 2, 5, 6)]
    assert run.lines[0]["classifications"] == [{"name": "caption", "answer": "the red one"}]
    assert run.lines[2]["answer"] == "a street"
    assert run.report.annotations.converted == 3


def test_a_caption_with_a_place_and_no_category(convert: Convert) -> None:
    run = convert(coco([{"id": 1, "image_id": 1, "caption": "a street", "bbox": [1, 1, 5, 5]}]))
    assert run.lines[0]["answer"] == "a street"
    assert run.tally("caption") == (1, 0, 1, 0, 0)


def test_a_category_called_caption_is_drawn(convert: Convert) -> None:
    given = [annotation(1, bbox=[1, 1, 5, 5], attributes={"lines": 2}), annotation(2, bbox=[1, 1, 5, 5])]
    run = convert(coco(given, categories=[{"id": 1, "name": "caption"}]))
    assert [box(line) for line in run.lines] == [(1, 1, 5, 5)] * 2


def test_shapes_among_labels_and_attributes_of_them(convert: Convert) -> None:
    run = convert(coco([annotation(1), annotation(2, segmentation=[SQUARE]), annotation(3, attributes={"wet": "yes"})]))
    assert [vertices(line) for line in run.lines if "polygon" in line] == [SQUARE]
    assert run.codes["attribute-dropped"] == 1
    assert run.tally("car") == (3, 2, 0, 1, 0)


def test_labels_are_a_radio_or_a_checklist(convert: Convert) -> None:
    categories = [{"id": 1, "name": "day"}, {"id": 2, "name": "rain"}]
    images = [image(1), image(2)]
    one = [{"id": 1, "image_id": 1, "category_id": 1}, {"id": 2, "image_id": 2, "category_id": 2}]
    two = [*one, {"id": 3, "image_id": 1, "category_id": 2}]
    run = convert(coco(one, images, categories))
    assert [line["answer"] for line in run.lines] == [{"name": "day"}, {"name": "rain"}]
    assert run.lines[0]["name"] == "class"
    run = convert(coco(two, images, categories))
    assert [line["answer"] for line in run.lines] == [[{"name": "day"}, {"name": "rain"}], [{"name": "rain"}]]
    assert run.tally("day") == (1, 1, 0, 0, 0)
    assert run.tally("rain") == (2, 1, 0, 1, 0)


@pytest.mark.parametrize("annotations", [None, []])
@pytest.mark.parametrize("categories", [None, [], [{"id": 1, "name": "car"}]])
def test_images_alone_become_data_rows(convert: Convert, annotations: Any, categories: Any) -> None:
    run = convert(coco(annotations, [image(1), image(2)], categories, info={"year": 2017}))
    assert [row["global_key"] for row in lines(run.out, "data_rows.ndjson")] == ["1.jpg", "2.jpg"]
    assert run.lines == []
    assert run.report.exit_code() == 0


def panoptic(folder: Path, segments: Any, ids: Any, mode: str = "RGB", name: str = "panoptic_val") -> Path:
    array = np.asarray(ids, np.uint32)
    rgb = np.stack([array % 256, array // 256 % 256, array // 65536], -1).astype(np.uint8)
    picture = Image.fromarray(rgb)
    if mode == "L":
        picture = Image.fromarray(array.astype(np.uint8))
    elif mode == "RGBA":
        picture.putalpha(7)
    target = folder / "annotations" / name / "1.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.save(target)
    records = [{"image_id": 1, "file_name": "1.png", "segments_info": segments}]
    height, width = array.shape
    return save(
        folder / "annotations" / f"{name}.json",
        coco(records, [image(width=width, height=height)], [{"id": 1, "name": "car"}, {"id": 2, "name": "sky"}]),
    )


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_panoptic_segments_are_masks(convert: Convert, tmp_path: Path, mode: str) -> None:
    big = 200 if mode == "L" else 256 + 65536
    source = panoptic(tmp_path / "set", [{"id": 3, "category_id": 2}, {"id": big, "category_id": 1}],
                      [[3, 3, 0], [big, 3, big]], mode)  # fmt: skip
    run = convert(source)
    assert [line["name"] for line in run.lines] == ["sky", "car"]
    assert pixels(run.lines[0]["mask"]["png"]).tolist() == [[1, 1, 0], [0, 1, 0]]
    assert pixels(run.lines[1]["mask"]["png"]).tolist() == [[0, 0, 0], [1, 0, 1]]
    assert run.tools == {"car": "raster-segmentation", "sky": "raster-segmentation"}


def test_panoptic_losses_are_counted(convert: Convert, tmp_path: Path) -> None:
    segments = [{"id": 1, "category_id": 1}, {"id": 2, "category_id": 2}, {"id": 4, "category_id": 9}]
    run = convert(panoptic(tmp_path / "set", segments, [[1, 4, 5]]))
    assert (run.tally("car"), run.tally("sky"), run.tally("class_9")) == (
        (1, 1, 0, 0, 0), (1, 0, 0, 0, 1), (1, 0, 0, 0, 1),
    )  # fmt: skip
    assert run.codes["mask-empty"] == 1
    assert run.codes["class-unknown"] == 2, "a pixel id without a segment, a segment without a category"


def test_panoptic_without_its_png_or_of_another_size(convert: Convert, tmp_path: Path) -> None:
    source = panoptic(tmp_path / "set", [{"id": 1, "category_id": 1}], [[1, 1]])
    Image.new("RGB", (3, 3), (1, 0, 0)).save(source.parent / "panoptic_val" / "1.png")
    run = convert(source)
    assert run.codes["mask-invalid"] == 1
    (source.parent / "panoptic_val" / "1.png").write_bytes(b"\x89PNG no picture")
    assert convert(source).codes["file-missing"] == 1
    (source.parent / "panoptic_val" / "1.png").unlink()
    run = convert(source)
    assert run.codes["file-missing"] == 1
    assert run.report.exit_code() == 3


def test_panoptic_pngs_beside_the_folder_of_the_file(convert: Convert, tmp_path: Path) -> None:
    """The layout of Detectron2; and the archive in the archive of the official download."""
    given = {
        "images": [image(1, width=2, height=1)],
        "annotations": [{"image_id": 1, "file_name": "1.png", "segments_info": [{"id": 7, "category_id": 1}]}],
        "categories": [{"id": 1, "name": "sky"}],
    }
    file = save(tmp_path / "set" / "annotations" / "panoptic_val.json", given)
    picture = Image.fromarray(np.array([[[7, 0, 0], [0, 0, 0]]], np.uint8))
    with zipfile.ZipFile(file.with_suffix(".zip"), "w") as packed:
        packed.writestr("panoptic_val/1.png", b"")
    assert any("unpack annotations/panoptic_val.zip" in e for e in convert(tmp_path / "set").examples)
    (tmp_path / "set" / "panoptic_val").mkdir()
    picture.save(tmp_path / "set" / "panoptic_val" / "1.png")
    assert pixels(convert(tmp_path / "set").lines[0]["mask"]["png"]).tolist() == [[1, 0]]


def test_lvis_takes_its_keys_from_the_url(convert: Convert) -> None:
    images = [{"id": 1, "coco_url": "http://host/train2017/0%2001.jpg", "width": 100, "height": 80}]
    run = convert(coco([annotation(bbox=[1, 1, 5, 5])], images))
    (row,) = lines(run.out, "data_rows.ndjson")
    assert row["global_key"] == "train2017/0 01.jpg"
    assert row["row_data"] == "http://host/train2017/0%2001.jpg"


RESULTS = [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}]


def test_results_need_a_base_and_consent(convert: Convert, tmp_path: Path) -> None:
    results, base = save(tmp_path / "r.json", RESULTS), save(tmp_path / "base.json", coco(None))
    with pytest.raises(SourceError, match="-O base=FILE"):
        convert(results)
    run = convert(results, options={"base": str(base)})
    assert run.codes["prediction"] == 1
    assert run.report.exit_code() == 3
    run = convert(results, options={"base": str(base), "predictions": True})
    assert box(run.lines[0]) == (1, 2, 3, 4)
    assert box(convert([base, results], options={"predictions": "yes"}).lines[0]) == (1, 2, 3, 4)
    with pytest.raises(UsageError, match="no such file"):
        convert(results, options={"base": str(tmp_path / "nowhere.json")})


def test_a_score_marks_a_prediction(convert: Convert) -> None:
    given = coco([annotation(1, bbox=[1, 1, 5, 5], score=0.3), annotation(2, bbox=[1, 1, 5, 5])])
    assert convert(given).tally("car") == (2, 1, 0, 0, 1)
    assert convert(given, options={"predictions": True}).tally("car") == (2, 2, 0, 0, 0)


def test_records_without_an_id_are_no_others_of_that_number(convert: Convert, tmp_path: Path) -> None:
    """A result is called by its place, which may be the id of an annotation."""
    base = coco([annotation(n, bbox=[n, 2, 3, 4]) for n in range(5)])
    results = [{"image_id": 1, "category_id": 1, "bbox": [n, 9, 3, 4], "score": 0.5} for n in range(5)]
    options = {"base": str(save(tmp_path / "base.json", base)), "predictions": True}
    run = convert(save(tmp_path / "r.json", results), options=options)
    assert len(run.lines) == len({line["uuid"] for line in run.lines}) == 10
    assert "record-duplicate" not in run.codes


def test_labels_of_the_base_are_told_to_be_written_too(convert: Convert, tmp_path: Path) -> None:
    base = save(tmp_path / "base.json", coco([annotation(1, bbox=[1, 1, 5, 5])]))
    results = b'[{"image_id": 1, "category_id": 1, "bbox": [2, 2, 5, 5], "score": 0.5}]'
    run = convert(results, options={"base": str(base), "predictions": True})
    assert len(run.lines) == 2
    assert any("1 annotation of its own is written beside the results" in e for e in run.examples)
