"""Every assumption has an option that flips it: with it, the output is another one, or a sentence says why not."""

from __future__ import annotations

import dataclasses
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import Case, cases, contents
from small_sets import Files, box, jpeg, thing, voc, write
from to_labelbox import Report, ToLabelboxError

ALL = [case for case in cases() if case.format in to_labelbox.formats()]
FLAGS = {"--exif ignore": {"exif": False}}
"""What options of the command line are in Python, where they are no rule of the settings."""
NAMES = "".join(f"thing {n}\n" for n in range(300))
CONFIG = "<View><Image name='i' value='$image'/><Choices name='c' toName='i'><Choice value='x'/></Choices></View>"


def flipped(option: str, given: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The arguments of ``convert`` with an option as a report writes it; files and folders that it names are made."""
    if option in FLAGS:
        return {**given, **FLAGS[option]}
    flag, text = shlex.split(option)
    if flag != "-O":
        name = flag.removeprefix("--").replace("-", "_")
        kind = type(getattr(given["settings"], name))
        return {**given, "settings": dataclasses.replace(given["settings"], **{name: kind(text)})}
    name, _, value = text.partition("=")
    if value == "FILE":
        file = folder / ("config.xml" if name == "config" else "names.txt")
        file.write_text(CONFIG if name == "config" else NAMES)
        value = str(file)
    elif value == "FOLDER":
        value = str(write(folder / "elsewhere", {"images/a.jpg": jpeg(10, 10)}))
    elif value == "COUNTED:OWN":
        value = "25:24"
    return {**given, "options": {**given["options"], name: value}}


def output(out: Path) -> dict[str, bytes]:
    """What is imported: all but the report and the index."""
    return {name: data for name, data in contents(out).items() if not name.startswith(("report", "index"))}


def check(source: Any, report: Report, out: Path, given: dict[str, Any], folder: Path) -> int:
    """Convert again with each option; the number of assumptions that were tried."""
    for n, one in enumerate(report.assumptions):
        assert one.option, f"{one.what}: nothing flips it"
        try:
            other = to_labelbox.convert(source, folder / str(n), **flipped(one.option, given, folder))
        except ToLabelboxError as refused:
            assert len(str(refused)) > 20
            assert "defect" not in str(refused)
        else:
            made, asked = (report.annotations, output(out)), (other.annotations, output(folder / str(n)))
            assert made != asked, f"{one.option} changes nothing ({one.what}: {one.taken})"
    return len(report.assumptions)


@pytest.mark.parametrize("case", ALL, ids=lambda c: c.id)
def test_the_option_of_an_assumption_flips_it(case: Case, tmp_path: Path) -> None:
    report = case.convert(tmp_path / "out")
    check(case.source(), report, tmp_path / "out", case.arguments(), tmp_path)


def coco(annotations: list[dict[str, Any]], **more: Any) -> str:
    """Four pictures of 100 × 50 with one class."""
    return json.dumps(
        {
            "images": [{"id": n, "file_name": f"{n}.jpg", "width": 100, "height": 50} for n in range(1, 5)],
            "categories": [{"id": 1, "name": "cat", "keypoints": ["nose", "tail"]}],
            "annotations": [{"id": n, "category_id": 1, **one} for n, one in enumerate(annotations)],
            **more,
        }
    )


BOX = {"bbox": [10, 10, 20, 20], "area": 400}
POINTS = {**BOX, "num_keypoints": 2}
ROWS = "0 0.5 0.5 0.2 0.2 0.5 0.5 2 0.6 0.6 2\n1 0.5 0.5 0.2 0.2 0.5 0.5 2 0.6 0.6 2\n"
POSE = "train: images\nnames: [cat, dog]\nkpt_shape: [2, 3]\nkpt_names: {0: [nose, tail]}\n"
PICTURE = jpeg(100, 50)
SETS: dict[str, Files] = {
    "coco visibility of keypoints": {
        "a.json": coco([{**POINTS, "image_id": 1 + n % 4, "keypoints": [11, 11, 1, 12, 12, 1]} for n in range(40)])
    },
    "coco visibilities beyond 2": {
        "a.json": coco([{**POINTS, "image_id": 1 + n % 4, "keypoints": [11, 11, 2, 12, 12, 3]} for n in range(4)])
    },
    "coco outlines that are boxes": {
        "a.json": coco(
            [{**BOX, "image_id": 1 + n % 4, "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]]} for n in range(40)]
        )
    },
    "coco names of categories": {
        "a.json": coco([{**BOX, "image_id": 1, "category_id": n} for n in (0, 1)], categories=["cat", "dog"])
    },
    "coco corners among boxes": {
        "a.json": coco(
            [{"image_id": 1 + n % 4, "bbox": [50, 30, 90, 45] if n < 5 else [10, 10, 30, 30]} for n in range(40)]
        )
    },
    "yolo keypoint names": {"data.yaml": POSE, "images/a.jpg": PICTURE, "labels/a.txt": ROWS},
    "yolo folder called like a split": {f"{name}/a.jpg": PICTURE for name in ("train", "bus", "car")},
    "yolo two descriptors": {
        "data.yaml": "train: images\nnames: [cat]\n",
        "other.yaml": "train: images\nnames: [dog]\n",
        "images/a.jpg": PICTURE,
        "labels/a.txt": "0 0.5 0.5 0.2 0.2\n",
    },
    "yolo two lists of names": {
        "obj.names": "cat\n",
        "classes.txt": "dog\n",
        "images/a.jpg": PICTURE,
        "labels/a.txt": "0 0.5 0.5 0.2 0.2\n",
    },
    "yolo another root": {
        "data.yaml": "path: /data/of/another\ntrain: images\nnames: [cat]\n",
        "images/a.jpg": PICTURE,
        "labels/a.txt": "0 0.5 0.5 0.2 0.2\n",
    },
    "yolo two folders of labels": {
        "data.yaml": "train: images\nnames: [cat]\n",
        "images/a.jpg": PICTURE,
        "labels/a.txt": "0 0.5 0.5 0.2 0.2\n",
        "label/a.txt": "0 0.5 0.5 0.4 0.4\n",
    },
    "yolo triangles": {
        "data.yaml": "train: images\nnames: [cat]\n",
        "images/a.jpg": PICTURE,
        "labels/a.txt": "0 0.5 0.5 0.2 0.2\n0 0.4 0.5 0.2 0.2\n0 0.1 0.1 0.5 0.1 0.5 0.5\n",
    },
    "voc turned picture": {
        f"{n}.{end}": jpeg(90, 60, 6)
        if end == "jpg"
        else voc(thing(box(1, 2, 30, 40)), filename=f"{n}.jpg", size=(60, 90))
        for n in range(4)
        for end in ("jpg", "xml")
    },
}


@pytest.mark.parametrize("name", SETS)
def test_the_option_of_an_assumption_that_no_fixture_makes(name: str, tmp_path: Path) -> None:
    source = write(tmp_path / "source", SETS[name])
    given: dict[str, Any] = {"format": name.partition(" ")[0], "options": {}, "settings": to_labelbox.Settings()}
    report = to_labelbox.convert(source, tmp_path / "out", **given)
    assert check(source, report, tmp_path / "out", given, tmp_path)
