"""A set is judged as a whole: spoiled in a third of its rows it is suspicious in every format, healthy it never is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import Case, Convert, annotation, cases, coco, image, item, save
from to_labelbox.cli.closing import closing
from to_labelbox.model.items import Box, Object
from to_labelbox.model.survey import Survey
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.report.report import FailOn, Report
from to_labelbox.report.suspicious import THRESHOLDS, sentence, suspicions

COUNT = 12
SPOILED = {"coco/broken-annotations", "coco/outside", "cvat/broken", "label-studio/broken-records", "voc/broken", "yolo/malformed-rows"}  # fmt: skip
"""Fixtures whose point is what is broken in them."""


def of_coco(folder: Path, spoil: Callable[[int], bool]) -> Path:
    """Boxes as corners among widths: the width of the spoiled ones is below 0."""
    annotations = [
        annotation(n, image_id=n, bbox=[60, 2, -30 if spoil(n) else 30, 40]) for n in range(COUNT)
    ]  # fmt: skip
    document = coco(annotations, [image(n) for n in range(COUNT)])
    document["annotations"] = [
        {**a, "bbox": [60, 2, 0, 40] if a["bbox"][2] < 0 else a["bbox"]} for a in document["annotations"]
    ]
    return save(folder / "instances.json", document)


def of_voc(folder: Path, spoil: Callable[[int], bool]) -> Path:
    for n in range(COUNT):
        left = "x" if spoil(n) else "5"
        text = (
            f"<annotation><filename>{n}.jpg</filename><size><width>100</width><height>80</height><depth>3</depth></size>"
            f"<object><name>car</name><bndbox><xmin>{left}</xmin><ymin>2</ymin><xmax>90</xmax><ymax>70</ymax></bndbox>"
            "</object></annotation>"
        )
        path = folder / "Annotations" / f"{n}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def of_yolo(folder: Path, spoil: Callable[[int], bool]) -> Path:
    (folder / "labels/train").mkdir(parents=True)
    for n in range(COUNT):
        (folder / f"labels/train/{n}.txt").write_text(f"{7 if spoil(n) else 0} 0.5 0.5 0.2 0.2\n")
    (folder / "data.yaml").write_text("train: images/train\nnames: [car]\n")
    return folder


def of_cvat(folder: Path, spoil: Callable[[int], bool]) -> Path:
    images = "".join(
        f'<image id="{n}" name="{n}.jpg" width="100" height="80"><box label="{"" if spoil(n) else "car"}" occluded="0" '
        f'xtl="5" ytl="2" xbr="90" ybr="70"/></image>'
        for n in range(COUNT)
    )
    path = folder / "annotations.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<annotations><version>1.1</version>{images}</annotations>")
    return path


def of_label_studio(folder: Path, spoil: Callable[[int], bool]) -> Path:
    value = {"x": 1, "y": 1, "width": 10, "height": 10, "rotation": 0}
    tasks = []
    for n in range(COUNT):
        labels: dict[str, Any] = {} if spoil(n) else {"rectanglelabels": ["car"]}
        region: dict[str, Any] = {
            "id": str(n),
            "from_name": "l",
            "to_name": "i",
            "type": "rectanglelabels",
            "value": {**value, **labels},
        }
        region |= {"original_width": 100, "original_height": 80}
        tasks.append({"id": n, "data": {"image": f"/d/{n}.jpg"}, "annotations": [{"id": n, "result": [region]}]})
    return save(folder / "export.json", tasks)


SETS: dict[str, Callable[[Path, Callable[[int], bool]], Path]] = {
    "coco": of_coco,
    "voc": of_voc,
    "yolo": of_yolo,
    "cvat": of_cvat,
    "label-studio": of_label_studio,
}


def converted(
    make: Callable[[Path, Callable[[int], bool]], Path], folder: Path, spoil: Callable[[int], bool]
) -> Report:
    options: dict[str, Any] = {"size": "100x80"} if make in (of_yolo,) else {}
    sizes = folder / "sizes.csv"
    folder.mkdir(parents=True)
    sizes.write_text("key,width,height\n" + "".join(f"images/train/{n}.jpg,100,80\n" for n in range(COUNT)))
    source = make(folder / "set", spoil)
    return to_labelbox.convert(source, None, sizes=sizes if options else None)


@pytest.mark.parametrize("format", SETS)
def test_a_set_spoiled_in_a_third_of_its_rows(tmp_path: Path, format: str) -> None:
    healthy = converted(SETS[format], tmp_path / "healthy", lambda n: False)
    assert healthy.annotations.converted == COUNT
    assert healthy.suspicious == []
    spoiled = converted(SETS[format], tmp_path / "spoiled", lambda n: n % 3 == 0)
    (found,) = [one for one in spoiled.suspicious if one.what in ("skipped", "class")]
    assert (found.count, found.of, found.share) == (4, COUNT, 0.3333)
    assert found.likely
    said = next(d for d in spoiled.diagnostics if d.code == "suspicious")
    assert said.severity == "warning"
    assert spoiled.exit_code() == 0
    assert spoiled.exit_code(FailOn.SUSPICIOUS) == spoiled.exit_code([FailOn.ASSUMED, FailOn.SUSPICIOUS]) == 1
    assert closing(spoiled, None).splitlines()[2].startswith("suspicious 4 of 12 annotations (33 %)")


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.id)
def test_no_healthy_fixture_is(case: Case) -> None:
    assert bool(case.convert(None).suspicious) == (case.id in SPOILED)


def boxes(count: int, left: float = 5) -> list[Object]:
    return [Object(id=str(n), label="car", geometry=Box(left, 2, 30, 40)) for n in range(count)]


def test_shapes_that_reach_beyond_their_assets(convert: Convert) -> None:
    run = convert.items(
        [item(*boxes(6), *(Object(id=f"o{n}", label="car", geometry=Box(80, 2, 40, 40)) for n in range(3)))]
    )
    assert [(one.what, one.count, one.of) for one in run.report.suspicious] == [("clipped", 3, 9)]


def test_labels_that_are_missing_altogether(convert: Convert) -> None:
    run = convert.items([item(path=f"{n}.jpg") for n in range(3)])
    assert [(one.what, one.count) for one in run.report.suspicious] == [("labels", 3)]
    assert "the labels are missing altogether" in closing(run.report, None)
    assert run.report.exit_code() == 0
    # a part that is published without labels
    assert convert.items([item(path=f"{n}.jpg", split="test") for n in range(3)]).report.suspicious == []


def test_a_part_without_annotations(convert: Convert) -> None:
    train = [item(*boxes(1), path=f"{n}.jpg", split="train") for n in range(3)]
    for split, count, found in (("val", 3, ["val"]), ("test", 3, []), ("val", 2, [])):
        rest = [item(path=f"{split}{n}.jpg", split=split) for n in range(count)]
        run = convert.items([*train, *rest])
        assert [one.where for one in run.report.suspicious] == found


def test_almost_all_assets_without_annotations(convert: Convert) -> None:
    run = convert.items([item(*(boxes(1) if n == 0 else []), path=f"{n}.jpg") for n in range(100)])
    assert [(one.what, one.count) for one in run.report.suspicious] == [("empty", 99)]
    run = convert.items([item(*(boxes(1) if n % 9 == 0 else []), path=f"{n}.jpg") for n in range(100)])
    assert run.report.suspicious == []


def test_assets_whose_annotations_were_skipped_are_not_missing_theirs(convert: Convert) -> None:
    """Predictions of 60 pictures: skipped as such, and the pictures are called neither unlabelled nor strangers."""
    images = [image(n, f"{n}.jpg") for n in range(60)]
    run = convert(coco([annotation(n, image_id=n, bbox=[1, 1, 5, 5], score=0.5) for n in range(60)], images))
    assert run.report.annotations.skipped == 60
    assert not run.report.suspicious


def test_what_the_user_leaves_out_is_no_loss(convert: Convert) -> None:
    run = convert.items([item(*boxes(6), Object(id="b", label="bus", geometry=Box(1, 1, 9, 9)))], include=("bus",))
    assert run.report.annotations.skipped == 6
    assert run.report.suspicious == []


def test_media_that_are_another_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    document = coco(
        [annotation(n, image_id=n, bbox=[1, 2, 30, 40]) for n in range(4)],
        [image(n, None, None, None) for n in range(4)],
    )
    for one in document["images"]:
        del one["width"], one["height"]
    path = save(tmp_path / "i.json", document)
    assert [s.what for s in to_labelbox.convert(path, None).suspicious] == []
    made = to_labelbox.convert(path, None, media_root=tmp_path / "elsewhere")
    assert [(s.what, s.count) for s in made.suspicious] == [("media", 4)]


def test_small_and_large_sets() -> None:
    skipped = THRESHOLDS["skipped"]
    assert not skipped.reached(2, 3)
    assert skipped.reached(3, 30)
    assert not skipped.reached(3, 31)
    assert skipped.reached(20, 1000)
    assert not skipped.reached(26, 10_681)


def test_a_batch_adds_up(tmp_path: Path) -> None:
    for name, every in (("good", 99), ("bad", 2)):
        spoiled = frozenset(range(every - 1, COUNT, every))
        of_coco(tmp_path / "sets" / name, spoiled.__contains__)
    made = to_labelbox.batch(tmp_path / "sets", tmp_path / "out")
    assert [(one.dataset, one.what, one.count) for one in made.suspicious] == [("bad", "skipped", 6)]
    assert made.exit_code() == 0
    assert made.exit_code(FailOn.SUSPICIOUS) == 1
    written = json.loads((tmp_path / "out/report.json").read_text())
    assert written["suspicious"][0]["dataset"] == "bad"
    single = json.loads((tmp_path / "out/bad/report.json").read_text())
    assert single["suspicious"][0]["share"] == 0.5


def test_one_asset_is_no_assets(tmp_path: Path) -> None:
    made = to_labelbox.convert(save(tmp_path / "a.json", coco([])), tmp_path / "out")
    assert [sentence(one) for one in made.suspicious] == [
        "none of 1 asset has an annotation: the labels are missing altogether"
    ]


def test_reasons_of_equal_counts_have_one_order() -> None:
    """What is met first depends on how the work was divided."""
    codes = [Code.MASK_INVALID, Code.ASSET_UNKNOWN, Code.BOX_EMPTY]
    said = set()
    for order in (codes, codes[::-1]):
        log = Log()
        for code in order:
            for _ in range(20):
                log.read("car")
                log.skip(code, "car", "it is broken")
        said.add(suspicions(60, Survey(), log)[0].code)
    assert said == {"asset-unknown, box-empty, mask-invalid"}
