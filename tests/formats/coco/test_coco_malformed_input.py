"""The COCO family: what each kind, dialect and broken record becomes, by hand-computed values: malformed input."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

import to_labelbox
from builders.coco import GOOD_BOX, SQUARE, box, vertices
from harness import Convert, annotation, coco, image, lines, pixels, save
from to_labelbox import SourceError


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'{"images": [], "annotations": [', "line 1, column"),
        (b'{"images": [],\n "annotations": [{"id": 1}', "line 2, column 27"),
        (b'{"images": [],\n "annotations": [{"id": 1', "line 2, column 18"),
        (b'{"images": [], "annotations": []} {}', "line 1, column 35"),
        (b'{"images" [], "annotations": []}', "line 1, column 11"),
    ],
)
def test_broken_json_names_line_and_column(convert: Convert, text: bytes, place: str) -> None:
    run = convert(text, format="coco")
    assert run.report.exit_code() == 3
    assert any(place in e for e in run.examples), run.examples


def test_one_broken_file_of_two(convert: Convert, tmp_path: Path) -> None:
    save(tmp_path / "set" / "instances_a.json", coco([annotation(bbox=[1, 1, 5, 5])]))
    (tmp_path / "set" / "instances_b.json").write_text('{"images": [], "annotations": [')
    run = convert(tmp_path / "set")
    assert len(run.lines) == 1
    assert run.report.exit_code() == 1


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (
            {"image": {"image_id": 1, "file_name": "sa_1.jpg"}, "annotations": [{"id": 5, "bbox": [1, 1, 5, 5]}]},
            "SA-1B",
        ),
        ({"cats": {}, "anns": {}, "imgs": {}, "imgToAnns": {}, "info": {}}, "COCO-Text"),
    ],
)
def test_relatives_that_are_not_read_are_named(convert: Convert, given: dict[str, Any], what: str) -> None:
    with pytest.raises(SourceError, match=what):
        convert(given)


def test_frames_of_videos_are_images_and_tracks_are_told(convert: Convert) -> None:
    frames = [image(n, f"clip/{n}.jpg", video_id=7, frame_id=n) for n in (1, 2)]
    given = coco([annotation(n, image_id=n, bbox=[n, 1, 5, 5], instance_id=40) for n in (1, 2)], frames)
    video = {"videos": [{"id": 7, "name": "clip", "fps": 25}], **given}
    run = convert(video)
    assert [(line["dataRow"]["globalKey"], box(line)[0]) for line in run.lines] == [
        ("clip/1.jpg", 1),
        ("clip/2.jpg", 2),
    ]
    assert any("frames of videos" in e for e in run.examples)
    assert any("instance_id" in e and "-O fields=" in e for e in run.examples if "field-ignored" in e)
    taken = convert(video, options={"fields": "instance_id"})
    assert [line["classifications"] for line in taken.lines] == [
        [{"name": "instance_id", "answer": {"name": "40"}}]
    ] * 2
    assert not taken.codes.get("field-ignored")
    assert not any("frames of videos" in e for e in convert({"videos": [], **given}).examples)


def test_more_fields_are_answers_where_asked_for(convert: Convert) -> None:
    given = coco(
        [annotation(1, bbox=GOOD_BOX, pose="left", metadata={"sex": "male"}), annotation(2, bbox=[9, 9, 5, 5])]
    )
    plain = convert(given)
    assert plain.codes["field-ignored"] == 1
    assert not any("classifications" in line for line in plain.lines)
    for geometry in ("auto", "bbox"):
        run = convert(given, options={"fields": "pose, metadata"}, geometry=geometry)
        assert {c["name"]: c["answer"] for c in run.lines[0]["classifications"]} == {
            "pose": {"name": "left"}, "sex": {"name": "male"},
        }  # fmt: skip
        assert "classifications" not in run.lines[1]


def test_only_the_first_annotation_says_what_a_file_holds(convert: Convert) -> None:
    categories = [{"id": 1, "name": "car", "keypoints": ["nose"], "supercategory": "vehicle"}]
    run = convert(coco([annotation(1, bbox=GOOD_BOX)], categories=categories))
    assert run.report.source.details["files"] == {"instances.json": "instances"}
    assert not run.codes.get("field-ignored")


def test_a_missing_file_name_gets_one(convert: Convert) -> None:
    run = convert(coco([annotation(bbox=[1, 1, 5, 5])], [{"id": 1, "width": 100, "height": 80}]))
    assert lines(run.out, "data_rows.ndjson")[0]["global_key"] == "1.jpg"
    assert run.codes["file-missing"] == 1


def test_image_records_of_every_shape(convert: Convert) -> None:
    images: list[Any] = [5, None, {"id": 1, "file_name": 7}, image("2", "b.jpg", "100", "80"), image(3, width=-1)]
    run = convert(coco([annotation(n, image_id=n, bbox=[1, 1, 5, 5]) for n in (1, 2, 3)], images))
    assert run.report.annotations.read == 3
    assert run.report.assets.written >= 2


def seeded(seed: int) -> tuple[Any, int, int]:
    """A random mask of blobs, by seed."""
    rng = np.random.default_rng(seed)
    height, width = int(rng.integers(1, 40)), int(rng.integers(1, 40))
    return (rng.random((height, width)) < rng.random()).astype(np.uint8), width, height


def runs_of(array: Any) -> list[int]:
    flat = array.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate(([0], edges, [len(flat)]))).tolist()
    return [0, *counts] if flat[0] else counts


def test_masks_are_pycocotools_decoding_of_random_rle(convert: Convert) -> None:
    annotations, images, expected = [], [], []
    for n in range(120):
        array, width, height = seeded(n)
        if not array.any():
            continue
        images.append(image(n, width=width, height=height))
        runs: Any = runs_of(array)
        if n % 2:
            runs = oracle.encode(np.asfortranarray(array))["counts"].decode()
            decoded = oracle.decode({"size": [height, width], "counts": runs.encode()})
        else:
            decoded = oracle.decode(oracle.frPyObjects({"size": [height, width], "counts": runs}, height, width))
        expected.append(decoded)
        annotations.append(annotation(n, image_id=n, segmentation={"size": [height, width], "counts": runs}))
    run = convert(coco(annotations, images))
    assert len(run.lines) == len(expected)
    for line, decoded in zip(run.lines, expected):
        assert np.array_equal(pixels(line["mask"]["png"]), decoded)


def test_multi_part_masks_are_pycocotools_union(convert: Convert) -> None:
    rng = random.Random(5)
    annotations, images, expected = [], [], []
    for n in range(150):
        width, height = rng.randint(5, 60), rng.randint(5, 60)
        parts = []
        for _ in range(rng.randint(2, 4)):
            count = rng.randint(3, 8)
            parts.append([round(v, rng.choice((0, 2, 5))) for _ in range(count)
                          for v in (rng.uniform(0, width), rng.uniform(0, height))])  # fmt: skip
        if any(to_labelbox.geometry.vector.is_degenerate(p) for p in parts):
            continue
        decoded = oracle.decode(oracle.merge(oracle.frPyObjects(parts, height, width)))
        if not decoded.any():
            continue
        images.append(image(n, width=width, height=height))
        annotations.append(annotation(n, image_id=n, segmentation=parts))
        expected.append(decoded)
    run = convert(coco(annotations, images))
    assert len(run.lines) == len(expected)
    for line, decoded in zip(run.lines, expected):
        assert np.array_equal(pixels(line["mask"]["png"]), decoded)


inside = st.floats(0, 64, allow_nan=False).map(lambda v: v if v > 1e-3 else 0.0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    boxes=st.lists(st.tuples(inside, inside, st.floats(0.01, 36), st.floats(0.01, 16)), min_size=1, max_size=8),
    rings=st.lists(st.lists(st.tuples(inside, inside), min_size=3, max_size=9), max_size=5),
)
def test_boxes_and_polygons_equal_the_source_exactly(tmp_path: Path, boxes: Any, rings: Any) -> None:
    from to_labelbox.geometry.vector import is_degenerate

    flat = [[v for p in ring for v in p] for ring in rings]
    flat = [f for f in flat if not is_degenerate(f) and f[:2] != f[-2:]]
    annotations = [annotation(n, bbox=list(b)) for n, b in enumerate(boxes)]
    annotations += [annotation(100 + n, segmentation=[f]) for n, f in enumerate(flat)]
    folder = tmp_path / "exact"
    shutil.rmtree(folder, ignore_errors=True)
    source = save(folder / "a.json", coco(annotations))
    to_labelbox.convert(source, folder / "out", options={"units": "pixels"})
    made = lines(folder / "out")
    assert [box(line) for line in made if "bbox" in line] == [tuple(b) for b in boxes]
    assert [vertices(line) for line in made if "polygon" in line] == flat


HOSTILE: list[Any] = [
    {"size": [80, 100], "counts": [1, 2]},
    {"size": [80, 100], "counts": [0, 10**18]},
    {"size": [80, 100], "counts": [-5, 8005]},
    {"size": [80, 100], "counts": "111"},
    {"size": [80, 100], "counts": "oooooooooooooooooooo0"},
    {"size": [10**6, 10**6], "counts": [10**12]},
    {"size": [0, 0], "counts": []},
    [[1e9, 1e9, -1e9, 1e9, 0, -1e9], SQUARE],
    [[1e300, 1, 2, 3, 4, 1e300], SQUARE],
    [SQUARE, [1, 2, 3, 4]],
    [[0, 0, 1e-300, 0, 0, 1e-300], SQUARE],
    [SQUARE, SQUARE],
]


def test_pycocotools_sees_checked_input_only(convert: Convert, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads beyond its buffers, or runs out of memory, on short counts, NaN and huge coordinates."""
    real, seen = oracle.frPyObjects, []

    def checked(objects: Any, height: int, width: int) -> Any:
        assert 0 < height * width <= 10**8
        seen.append(objects)
        for one in objects if isinstance(objects, list) else [objects]:
            if isinstance(one, dict):
                assert sum(one["counts"]) == height * width
                assert min(one["counts"]) >= 0
            else:
                assert len(one) >= 6
                assert len(one) % 2 == 0
                assert np.isfinite(one).all()
                assert np.abs(one).max() <= 1e6
        return real(objects, height, width)

    monkeypatch.setattr(oracle, "frPyObjects", checked)
    given = [annotation(n, segmentation=s) for n, s in enumerate(HOSTILE)]
    good = annotation(99, segmentation=[SQUARE, [40, 40, 50, 40, 50, 50]])
    for policy in ("auto", "mask", "polygon", "bbox"):
        for outside in ("clip", "keep"):
            run = convert(coco([*given, good]), geometry=policy, outside=outside)
            assert run.report.annotations.written >= 1
    assert seen


@pytest.mark.parametrize("deep", [65, 3000, 100_000])
@pytest.mark.parametrize("field", ["attributes", "segmentation", "unheard_of"])
def test_what_is_nested_deeply_costs_its_annotation_and_not_its_file(field: str, deep: int, convert: Convert) -> None:
    document = coco([annotation(n, image_id=n, bbox=[1, 2, 30, 40]) for n in (1, 2)], [image(1), image(2)])
    document["annotations"][0][field] = "deep"
    value = '{"a":' * deep + "1" + "}" * deep
    run = convert(json.dumps(document).replace('"deep"', value).encode())
    assert run.report.annotations.read == 2
    assert [line["dataRow"]["globalKey"] for line in run.lines][-1] == "2.jpg"
    assert run.report.assets.written == 2
