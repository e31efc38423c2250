"""Many datasets with one ontology: found, joined, converted by workers, interrupted and resumed."""

from __future__ import annotations

import errno
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import to_labelbox
from harness import ROOT, annotation, cases, check_report, coco, contents, image, lines, ontology, report, save
from to_labelbox import BatchReport, UsageError
from to_labelbox.batches.find_datasets import discover
from to_labelbox.batches.lock import LOCK
from to_labelbox.batches.progress import Progress
from to_labelbox.cli.progress import _line, batch_display
from to_labelbox.model.schema import Input, Option, Question, Schema
from to_labelbox.model.survey import Answers, Survey
from to_labelbox.ontology.merge import DatasetSurvey, common_ontology
from to_labelbox.report.codes import Code
from to_labelbox.rules.settings import Settings
from to_labelbox.source.fingerprint import HASHED_FILES, inventory, same_inputs

KILLS = int(os.environ.get("TO_LABELBOX_KILLS", "10"))
SAMPLES = Path(os.environ.get("TO_LABELBOX_SAMPLES") or ROOT.parent / "shared" / "samples")
OPTIONS = {"size": "800x600"}
COMMAND = [sys.executable, "-c", "from to_labelbox.cli import main; main()", "batch"]
BOX = {"bbox": [1, 2, 30, 40]}


def box_set(path: Path, label: str = "car", images: int = 3, **more: Any) -> Path:
    """A COCO file with a box on each image."""
    pictures = [image(n, f"{n}.jpg") for n in range(1, images + 1)]
    boxes = [annotation(n, **{"image_id": n, **BOX, **more}) for n in range(1, images + 1)]
    return save(path, coco(boxes, pictures, [{"id": 1, "name": label}]))


def uuids(out: Path, *names: str) -> list[str]:
    return [line["uuid"] for name in names for line in lines(out / name)]


def tree(folder: Path) -> Path:
    """Every fixture of every format that needs no options of its own."""
    for case in cases():
        if case.format in to_labelbox.formats() and not case.given:
            shutil.copytree(case.input, folder / case.format / case.name)
    return folder


def check(out: Path, made: BatchReport) -> None:
    """Each payload conforms to the one ontology, each ledger balances, and so do their sums."""
    common = (out / "ontology.json").read_bytes()
    total = made.annotations
    assert total.balanced()
    assert all(tally.balanced() for tally in made.classes.values())
    sums = [0, 0]
    for row in made.datasets:
        assert row.annotations.balanced()
        folder = out / row.path
        if not (folder / "report.json").exists():
            assert row.problem
            continue
        assert (folder / "ontology.json").read_bytes() == common
        assert [str(f) for f in to_labelbox.validate(folder) if f.severity == "error"] == []
        assert len(lines(folder)) == row.lines
        sums[0] += row.annotations.read
        sums[1] += row.lines
    assert sums == [total.read, made.lines.total]
    assert json.loads((out / "report.json").read_bytes())["annotations"]["read"] == total.read
    assert not (out / ".to-labelbox-partial").exists()


# -------------------------------------------------------------------------------------------------------- discovery


def test_folders_named_by_split_and_kind_are_parts_of_one_dataset(tmp_path: Path) -> None:
    size = "<size><width>9</width><height>9</height></size>"
    for split in ("train", "test"):
        for folder in (f"{split}_annotations", f"images-{split}"):
            (tmp_path / "set" / folder).mkdir(parents=True)
        (tmp_path / "set" / f"{split}_annotations" / "1.xml").write_text(f"<annotation>{size}</annotation>")
        (tmp_path / "set" / f"images-{split}" / "1.jpg").write_bytes(b"")
    assert [f.path for f in discover(str(tmp_path))] == ["set"]


def test_every_fixture_is_found_once_in_its_own_format(tmp_path: Path) -> None:
    found = discover(str(tree(tmp_path)))
    assert [f.path for f in found] == sorted({f.path for f in found})
    formats = {f.path: f.format for f in found}
    for case in cases():
        if case.format in to_labelbox.formats() and not case.given:
            inside = {p: n for p, n in formats.items() if p == case.id or p.startswith(f"{case.id}/")}
            assert inside, case.id
            assert set(inside.values()) == {case.format}, inside


def test_a_dataset_owns_what_is_below_it_and_archives_stand_for_themselves(tmp_path: Path) -> None:
    box_set(tmp_path / "bucket" / "set" / "annotations" / "instances_train.json")
    box_set(tmp_path / "bucket" / "set" / "annotations" / "instances_val.json")
    box_set(tmp_path / "bucket" / "deep" / "er" / "labels.json")
    shutil.make_archive(str(tmp_path / "bucket" / "packed"), "zip", tmp_path / "bucket" / "deep")
    (tmp_path / "bucket" / "notes").mkdir()
    (tmp_path / "bucket" / "notes" / "readme.txt").write_text("nothing of interest")
    found = discover(str(tmp_path / "bucket"))
    assert [(f.path, f.format) for f in found] == [("deep/er", "coco"), ("packed.zip", "coco"), ("set", "coco")]
    assert [f.path for f in discover(str(tmp_path / "bucket"), patterns=["*.zip"])] == ["packed.zip"]
    assert [f.path for f in discover(str(tmp_path / "bucket" / "set"))] == ["set"]


def test_a_file_that_no_format_takes_is_told(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "good" / "a.json")
    box_set(tmp_path / "in" / "good" / "more" / "b.json")
    for name in ("cut.json", "other.json", "Exports.TAR", "packed.zip", "notes.txt"):
        (tmp_path / "in" / "bad" / "deep").mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / "bad" / "deep" / name).write_text('{"images": [{"id": 1,' if name == "cut.json" else "{}")
    found = discover(str(tmp_path / "in"))
    assert [(f.path, f.format, f.reason) for f in found if not f.format] == [
        ("bad/deep/Exports.TAR", "", "no format takes it"),
        ("bad/deep/cut.json", "", "no format takes it (nor 1 more .json files beside it)"),
        ("bad/deep/packed.zip", "", "no format takes it"),
    ]
    assert [f.path for f in discover(str(tmp_path / "in"), format="coco")] == ["good"]
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert made.exit_code() == 0
    assert [row.path for row in made.datasets] == ["good"]
    told = next(d for d in made.diagnostics if d.code is Code.FILE_UNCLAIMED)
    assert [e.file for e in told.examples] == ["bad/deep/Exports.TAR", "bad/deep/cut.json", "bad/deep/packed.zip"]
    assert "inspect" in told.examples[0].message
    shards = [["--shard", f"{n}/2", "-o", str(tmp_path / "shards")] for n in (1, 2)]
    for shard in shards:
        subprocess.run([*COMMAND, str(tmp_path / "in"), "-q", *shard], check=True)
    merged = to_labelbox.merge([tmp_path / "shards"])
    assert [d.code for d in merged.diagnostics] == [d.code for d in made.diagnostics]


XML = """<annotation><filename>{0}.jpg</filename><size><width>100</width><height>80</height><depth>3</depth></size>
<object><name>car</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>31</xmax><ymax>42</ymax></bndbox></object></annotation>"""
TASK = """<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><meta><task><id>1</id></task></meta>
<image id="0" name="{0}.jpg" width="100" height="80"><box label="car" occluded="0" xtl="1.00" ytl="2.00" xbr="31.00"
ybr="42.00" z_order="0"></box></image></annotations>"""


def voc_set(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.xml").write_text(XML.format(name))


def cvat_zip(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("annotations.xml", TASK.format(name))


def yolo_set(folder: Path, *names: str) -> None:
    for part in ("labels", "images"):
        (folder / "train" / part).mkdir(parents=True)
    (folder / "data.yaml").write_text("train: train/images\nnc: 1\nnames: [car]\n")
    for name in names:
        (folder / "train" / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.25 0.25\n")
        Image.new("L", (100, 80)).save(folder / "train" / "images" / f"{name}.jpg")


def test_a_dataset_beside_folders_of_datasets_hides_none_of_them(tmp_path: Path) -> None:
    root = tmp_path / "in"
    box_set(root / "top.json", images=2)
    box_set(root / "city" / "city.json", images=4)
    voc_set(root / "voc" / "Annotations", "a", "b")
    yolo_set(root / "yolo", "c")
    cvat_zip(root / "zips" / "more" / "task.zip", "d")
    voc_set(root / "yolo" / "other", "e")
    yolo_set(root / "yolo" / "nested", "f")
    made = to_labelbox.batch(root, tmp_path / "out")
    check(tmp_path / "out", made)
    assert [(row.path, row.format, row.annotations.converted) for row in made.datasets] == [
        ("city", "coco", 4),
        ("in", "coco", 2),
        ("voc", "voc", 2),
        ("yolo", "yolo", 1),
        ("yolo/nested", "yolo", 1),
        ("yolo/other", "voc", 1),
        ("zips/more/task.zip", "cvat", 1),
    ]


def test_the_root_is_a_dataset_whose_name_one_of_its_folders_has(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "top.json")
    box_set(tmp_path / "in" / "in" / "b.json")
    assert [f.path for f in discover(str(tmp_path / "in"))] == ["in", "in.root"]


def test_labels_of_a_second_format_within_a_dataset_are_told(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "set" / "annotations" / "instances_val2017.json")
    (tmp_path / "in" / "set" / "labels").mkdir()
    (tmp_path / "in" / "set" / "labels" / "1.txt").write_text("0 0.5 0.5 0.25 0.25\n")
    assert [(f.path, f.format, f.reason[:24]) for f in discover(str(tmp_path / "in"))] == [
        ("set", "coco", "annotations/instances_va"),
        ("set/labels", "", "is yolo by its looks, bu"),
    ]


def test_files_of_several_formats_in_one_folder_are_datasets_each(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "exports"
    box_set(folder / "coco.json")
    (folder / "cvat.xml").write_text(TASK.format("a"))
    (folder / "readme.json").write_text("{}")
    voc_set(folder / "voc" / "Annotations", "b")
    found = discover(str(tmp_path / "in"))
    assert [(f.path, f.format) for f in found] == [
        ("exports/coco.json", "coco"),
        ("exports/cvat.xml", "cvat"),
        ("exports/readme.json", ""),
        ("exports/voc", "voc"),
    ]
    voc_set(folder, *"cdefghijk")  # too many to stand for themselves
    found = discover(str(tmp_path / "in"))
    assert [(f.path, f.problem[:25]) for f in found] == [("exports", "could be coco or cvat or "), ("exports/voc", "")]


def test_a_packed_file_of_a_dataset_is_no_dataset_of_its_own(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json")
    other = box_set(tmp_path / "in" / "a" / "b.json", label="bus")
    (tmp_path / "in" / "a" / "b.json.gz").write_bytes(gzip.compress(other.read_bytes()))
    other.unlink()
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert [(row.path, row.annotations.read) for row in made.datasets] == [("a", 6)]


def test_many_files_of_no_format_hide_no_dataset(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "set.json")
    voc_set(tmp_path / "in" / "a" / "other" / "Annotations", "b")
    for n in range(9):
        (tmp_path / "in" / "a" / f"config {n}.json").write_text("{}")
    assert [f.path for f in discover(str(tmp_path / "in"))] == ["a", "a/other"]


def test_what_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "in"
    box_set(root / "a" / "a.json")
    cvat_zip(root / "b" / "cut.zip", "a")
    (root / "b" / "cut.zip").write_bytes((root / "b" / "cut.zip").read_bytes()[:-40])
    (root / "closed").mkdir()
    listing = os.scandir

    def refusing(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return listing(path)

    monkeypatch.setattr("to_labelbox.batches.find_datasets.os.scandir", refusing)
    made = to_labelbox.batch(root, tmp_path / "out")
    assert made.exit_code() == 1
    assert [row.path for row in made.datasets] == ["a"]
    (told,) = (d for d in made.diagnostics if d.code is Code.FILE_UNREADABLE)
    assert [e.file for e in told.examples] == ["b/cut.zip", "closed"]
    assert "not a readable zip archive" in told.examples[0].message
    assert told.examples[1].message == "cannot be listed: Permission denied"


def test_folders_are_followed_a_hundred_deep(tmp_path: Path) -> None:
    deep = tmp_path.joinpath("in", *"d" * 98)
    box_set(deep / "a" / "a.json")
    (deep / "b" / "c" / "d" / "e").mkdir(parents=True)
    found = discover(str(tmp_path / "in"))
    assert [(f.path[-4:], f.format, f.problem[:19]) for f in found] == [
        ("/d/a", "coco", ""),
        ("/b/c", "", "is 100 folders deep"),
    ]


def test_a_result_below_the_root_is_no_source(tmp_path: Path) -> None:
    """Neither the output of this batch within a dataset, nor that of another run."""
    root = tmp_path / "in"
    box_set(root / "a.json")
    made = to_labelbox.batch(root, root / "out")
    first = contents(root / "out")
    assert to_labelbox.batch(root, root / "out", resume=True) == made
    assert contents(root / "out") == first
    box_set(tmp_path / "more" / "b" / "b.json")
    to_labelbox.convert(tmp_path / "more" / "b", tmp_path / "more" / "earlier")
    assert [f.path for f in discover(str(tmp_path / "more"))] == ["b"]


def test_an_output_is_not_written_into_a_source(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json")
    for root, out in (("in", "in"), ("in/a", "in"), ("in/a", "in/a")):
        with pytest.raises(UsageError, match="would be written into its source"):
            to_labelbox.batch(tmp_path / root, tmp_path / out)
    assert sorted(contents(tmp_path / "in")) == ["a/a.json"]


def test_the_output_is_not_taken_for_a_source(tmp_path: Path) -> None:
    box_set(tmp_path / "a" / "a.json")
    to_labelbox.batch(tmp_path, tmp_path / "out")
    box_set(tmp_path / "out" / "b" / "b.json")
    assert [f.path for f in discover(str(tmp_path), leave_out=str(tmp_path / "out"))] == ["a"]


# --------------------------------------------------------------------------------------------------- one ontology


def test_the_fixtures_have_one_ontology_for_any_number_of_workers(tmp_path: Path) -> None:
    root = tree(tmp_path / "in")
    made = to_labelbox.batch(root, tmp_path / "one", options=OPTIONS)
    check(tmp_path / "one", made)
    assert not [
        row for row in made.datasets if row.problem and "converted" not in row.problem and "read" not in row.problem
    ]
    to_labelbox.batch(root, tmp_path / "two", options=OPTIONS, workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_what_differs_between_datasets_is_settled_before_anything_is_written(tmp_path: Path) -> None:
    """Boxes here and outlines there, two colours here and thirty there, one answer here and several there."""
    box_set(tmp_path / "in" / "a" / "a.json", attributes={"color": "red", "mood": "calm"})
    ring = {"segmentation": [[1, 2, 30, 2, 30, 40]], "bbox": [1, 2, 29, 38]}
    pictures = [image(n, f"{n}.jpg") for n in range(1, 31)]
    outlines = [
        annotation(n, image_id=n, **ring, attributes={"color": f"c{n}", "mood": ["calm", "glad"]}) for n in range(1, 31)
    ]
    save(tmp_path / "in" / "b" / "b.json", coco(outlines, pictures))
    check(tmp_path / "out", to_labelbox.batch(tmp_path / "in", tmp_path / "out"))
    tools = {t["name"]: t for t in ontology(tmp_path / "out")["tools"]}
    assert list(tools) == ["car (box)", "car (polygon)"]
    for tool in tools.values():
        assert {q["name"]: q["type"] for q in tool["classifications"]} == {"color": "text", "mood": "checklist"}
    first = lines(tmp_path / "out" / "a")[0]
    assert first["name"] == "car (box)"
    assert {c["name"]: c["answer"] for c in first["classifications"]} == {"color": "red", "mood": [{"name": "calm"}]}


def seen(input: Input | None, *values: str, many: bool = False) -> DatasetSurvey:
    declared = Question("q", input, tuple(Option(v) for v in values)) if input else None
    answers = Answers(options={} if input else {v: {} for v in values}, many=many, whole=True)
    return DatasetSurvey(
        Schema(questions=(declared,) if declared else ()), Survey(questions={} if input else {"q": answers})
    )


@pytest.mark.parametrize(
    ("first", "second", "input"),
    [
        (seen(Input.RADIO, "a"), seen(Input.TEXT), Input.TEXT),
        (seen(Input.RADIO, "a"), seen(Input.CHECKLIST, "b"), Input.CHECKLIST),
        (seen(Input.CHECKLIST, "a"), seen(None, "b"), Input.CHECKLIST),
        (seen(Input.RADIO, "a"), seen(None, "b"), Input.RADIO),
        (seen(Input.RADIO, "a"), seen(None, *"bcdefghijklmnopqrstuv", many=True), Input.TEXT),
        (seen(None, *"abcdefghijklm"), seen(None, *"nopqrstuvwxyz"), Input.TEXT),
        (seen(Input.RADIO), seen(None, "a"), Input.RADIO),
    ],
)
def test_the_type_of_a_question_is_the_same_in_either_order(
    first: DatasetSurvey, second: DatasetSurvey, input: Input
) -> None:
    for pair in ((first, second), (second, first)):
        (question,) = common_ontology(pair, Settings()).classifications
        assert question.question.input is input


def test_all_conform_to_an_existing_ontology(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json")
    box_set(tmp_path / "in" / "b" / "b.json", label="bus")
    to_labelbox.convert(tmp_path / "in" / "a", tmp_path / "existing")
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out", ontology=tmp_path / "existing" / "ontology.json")
    check(tmp_path / "out", made)
    assert [(row.annotations.converted, row.annotations.skipped) for row in made.datasets] == [(3, 0), (0, 3)]
    assert list(ontology(tmp_path / "out")["tools"]) == ontology(tmp_path / "existing")["tools"]


# --------------------------------------------------------------------------------------------- failures and options


def test_equal_keys_of_datasets_are_noticed_and_can_be_told_apart(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for name, images in (("a/export", 3), ("b/export", 4), ("c/other", 2)):
        box_set(root / name / "set.json", images=images)
    made = to_labelbox.batch(root, tmp_path / "out")
    (shared,) = (d for d in made.diagnostics if d.code == "key-shared")
    assert shared.count == 5
    assert [(e.file, e.message[:40]) for e in shared.examples] == [
        ("b/export", "3 of its global keys are those of 'a/exp"),
        ("c/other", "2 of its global keys are those of 'a/exp"),
    ]
    with pytest.raises(UsageError, match="b/export: 3 of its global keys"):
        to_labelbox.batch(root, tmp_path / "strict", on_error="fail")
    assert not (tmp_path / "strict" / "ontology.json").exists()
    apart = to_labelbox.batch(root, tmp_path / "apart", settings=Settings(global_key="{dataset}/{relpath}"))
    assert "key-shared" not in {d.code for d in apart.diagnostics}
    rows = (tmp_path / "apart" / "b" / "export" / "data_rows.ndjson").read_text().splitlines()
    assert json.loads(rows[0])["global_key"] == "b/export/1.jpg"


def test_datasets_about_the_same_pictures_do_not_share_uuids(tmp_path: Path) -> None:
    """Each of them counts its annotations from 1; the first has the uuids that it has by itself."""
    for name in ("a", "b", "c"):
        box_set(tmp_path / "in" / name / "set.json")
    out = tmp_path / "out"
    to_labelbox.batch(tmp_path / "in", out)
    made = uuids(out, "a", "b", "c")
    assert len(set(made)) == len(made) == 9
    to_labelbox.convert(tmp_path / "in" / "a", tmp_path / "alone")
    assert uuids(tmp_path, "alone") == made[:3]
    to_labelbox.batch(tmp_path / "in", tmp_path / "again", workers=2)
    assert contents(tmp_path / "again") == contents(out)


def test_a_further_dataset_about_the_same_pictures(tmp_path: Path) -> None:
    """What is published already gets other uuids when an earlier dataset comes that has its pictures."""
    box_set(tmp_path / "in" / "b" / "set.json")
    out = tmp_path / "out"
    to_labelbox.batch(tmp_path / "in", out)
    box_set(tmp_path / "in" / "a" / "set.json")
    check(out, to_labelbox.batch(tmp_path / "in", out, resume=True))
    made = uuids(out, "a", "b")
    assert len(set(made)) == 6
    to_labelbox.batch(tmp_path / "in", tmp_path / "whole")
    assert uuids(tmp_path / "whole", "a", "b") == made
    shutil.rmtree(tmp_path / "in" / "a")
    alone = to_labelbox.batch(tmp_path / "in", out, resume=True)
    assert [row.path for row in alone.datasets] == ["b"]
    assert uuids(out, "b") == made[:3]


def test_ends_of_links_in_datasets_about_the_same_pictures(tmp_path: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(ROOT / "fixtures" / "label-studio" / "relations" / "input", tmp_path / "in" / name)
    to_labelbox.batch(tmp_path / "in", tmp_path / "out", settings=Settings(relationships=True))
    found = [lines(tmp_path / "out" / name) for name in ("a", "b")]
    ends = [[line["relationship"]["source"] for line in part if "relationship" in line] for part in found]
    assert ends[0]
    for part, sources in zip(found, ends):
        assert set(sources) <= {line["uuid"] for line in part}
    assert not {line["uuid"] for line in found[0]} & {line["uuid"] for line in found[1]}


def test_a_dataset_that_fails_costs_itself(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json")
    save(
        tmp_path / "in" / "b" / "b.json",
        coco([annotation(**BOX), annotation(2, image_id=2, **BOX)], [image(1, "x/1.jpg"), image(2, "y/1.jpg")]),
    )
    box_set(tmp_path / "in" / "c" / "c.json", label="bus")
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out", settings=Settings(global_key="{name}"))
    check(tmp_path / "out", made)
    assert [bool(row.problem) for row in made.datasets] == [False, True, False]
    assert "global key" in made.datasets[1].problem
    assert made.exit_code() == 1
    assert made.annotations.read == 6


def test_options_go_to_the_formats_that_have_them(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a.json")
    with pytest.raises(UsageError, match="no option 'colour'"):
        to_labelbox.batch(tmp_path / "in", tmp_path / "out", options={"colour": "red"})
    with pytest.raises(UsageError, match="no datasets found"):
        to_labelbox.batch(tmp_path / "in", tmp_path / "out", datasets=["nothing"])


def test_an_earlier_result_is_not_overwritten_unasked(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a.json")
    to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(UsageError, match="--overwrite"):
        to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    to_labelbox.batch(tmp_path / "in", tmp_path / "out", overwrite=True)
    assert contents(tmp_path / "out") == before


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample data at {SAMPLES} (say where with TO_LABELBOX_SAMPLES)")
def test_all_real_exports_at_once(tmp_path: Path) -> None:
    made = to_labelbox.batch(SAMPLES, tmp_path / "out", options=OPTIONS, workers=2)
    check(tmp_path / "out", made)
    assert len(made.datasets) > 60
    assert [row.path.split("/")[-1] for row in made.datasets if row.problem] == ["required"]


# -------------------------------------------------------------------------------------------------------- resuming


def started(root: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, str(root), "-o", str(out), "--workers", "2", "--quiet", "--resume", *more],
        start_new_session=True,
        stderr=subprocess.PIPE,
    )


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough to be killed at many moments."""
    root = tmp_path_factory.mktemp("sources")
    box_set(root / "large" / "large.json", images=6000)
    for n in range(12):
        box_set(root / f"small {n}" / "set.json", label=f"class {n % 5}", images=40)
    return root


def test_killed_at_any_moment_and_resumed_it_ends_with_the_same_bytes(sources: Path, tmp_path: Path) -> None:
    begun = time.monotonic()
    run = started(sources, tmp_path / "whole")
    assert run.communicate()[0] is None
    assert run.returncode == 0
    seconds = time.monotonic() - begun
    expected = contents(tmp_path / "whole")
    rng = random.Random(7)
    out = tmp_path / "out"
    killed = 0
    while killed < KILLS:
        run = started(sources, out)
        try:
            run.communicate(timeout=rng.uniform(0.05, seconds))
            shutil.rmtree(out)  # it has finished: begin a new one
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.communicate()
            killed += 1
            for path, data in contents(out).items():
                final = not Path(path).suffix[1:].isdecimal()  # the number of the process that was writing it
                if final and not path.startswith(".to-labelbox-partial") and "/.to-labelbox-partial" not in path:
                    assert data == expected[path], path
    run = started(sources, out)
    assert run.communicate()[1] == b""
    assert run.returncode == 0
    assert contents(out) == expected


def test_ended_by_a_signal_it_stops_at_once_and_can_be_resumed(sources: Path, tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        out = tmp_path / number.name
        run = started(sources, out)
        while not list(out.glob(".to-labelbox-partial/*/*.done")):
            time.sleep(0.01)
            assert run.poll() is None
        begun = time.monotonic()
        run.send_signal(number)
        said = run.communicate()[1]
        assert time.monotonic() - begun < 2
        assert run.returncode == 128 + number
        assert b"Traceback" not in said
        assert list(out.glob(".to-labelbox-partial/*/*.done"))
        assert to_labelbox.batch(sources, out, workers=2, resume=True).exit_code() == 0
    assert contents(tmp_path / "SIGTERM") == contents(tmp_path / "SIGINT")


def test_what_is_finished_is_not_done_again(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = started(sources, out)
    while len(list(out.glob(".to-labelbox-partial/*/*.done"))) < 8:
        time.sleep(0.01)
        assert run.poll() is None
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    done = {f: f.stat().st_mtime_ns for f in out.glob(".to-labelbox-partial/*/*.done")}
    kept: dict[Path, int] = {}

    def watch(_: object) -> None:
        if not kept:
            kept.update({f: f.stat().st_mtime_ns for f in done})

    to_labelbox.batch(sources, out, workers=2, resume=True, progress=watch)
    assert kept == done


def test_other_options_and_other_inputs_are_noticed(sources: Path, tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(sources, root)
    run = started(root, out)
    while len(list(out.glob(".to-labelbox-partial/*/head"))) < 5:
        time.sleep(0.01)
        assert run.poll() is None
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    with pytest.raises(UsageError, match=r"another settings \(min_area\)"):
        to_labelbox.batch(root, out, resume=True, settings=Settings(min_area=9.0))
    with pytest.raises(UsageError, match="--resume to go on"):
        to_labelbox.batch(root, out)
    for n in range(12):
        box_set(root / f"small {n}" / "set.json", label="other", images=39)
    os.utime(root / "large" / "large.json")  # touched, not changed
    made = to_labelbox.batch(root, out, resume=True)
    check(out, made)
    assert made.annotations.read == 6000 + 12 * 39
    assert sorted(made.classes) == ["car", "other"]


def times(out: Path) -> dict[str, int]:
    """When each published payload was written, by dataset."""
    return {f.parent.name: f.stat().st_mtime_ns for f in out.glob("*/annotations.ndjson")}


def test_a_finished_batch_does_only_what_is_new_or_has_changed(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    for name in "abc":
        box_set(root / name / "set.json", label="car")
    to_labelbox.batch(root, out)
    first = times(out)
    with pytest.raises(UsageError, match="--resume to do only what is new"):
        to_labelbox.batch(root, out)
    assert to_labelbox.batch(root, out, resume=True).annotations.read == 9
    assert times(out) == first

    box_set(root / "b" / "set.json", label="car", images=4)
    box_set(root / "d" / "set.json", label="car", images=2)
    (out / "c" / "annotations.ndjson").write_bytes(b"{}\n")
    made = to_labelbox.batch(root, out, resume=True)
    check(out, made)
    second = times(out)
    assert [name for name in first if first[name] == second[name]] == ["a"]
    assert sorted(second) == list("abcd")
    assert made.annotations.read == 3 + 4 + 3 + 2

    box_set(root / "e" / "set.json", label="bus")  # what all have in common changes
    check(out, to_labelbox.batch(root, out, workers=2, resume=True))
    shutil.rmtree(root / "d")
    to_labelbox.batch(root, out, resume=True)
    shutil.rmtree(out / "d")
    to_labelbox.batch(root, tmp_path / "anew")
    assert contents(out) == contents(tmp_path / "anew")


def test_other_content_of_the_same_size_and_time_is_noticed(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    file = box_set(root / "a" / "set.json", label="car")
    before = file.stat()
    to_labelbox.batch(root, out)
    file.write_bytes(file.read_bytes().replace(b'"car"', b'"bus"'))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert list(to_labelbox.batch(root, out, resume=True).classes) == ["bus"]


def test_a_pipe_in_a_dataset_is_not_waited_for(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "set.json")
    os.mkfifo(tmp_path / "in" / "a" / "pipe.json")
    for resume in (False, True):
        assert to_labelbox.batch(tmp_path / "in", tmp_path / "out", resume=resume).exit_code() == 0


def test_names_that_are_no_utf_8(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for name in (b"caf\xe9", b"caf\xe8"):
        folder = Path(os.fsdecode(os.fsencode(root) + b"/" + name))
        try:
            box_set(folder / os.fsdecode(b"\xe9.json"))
        except OSError as error:
            pytest.skip(f"this file system takes no such names: {error}")
        (folder / os.fsdecode(b"\xe9 too.json")).write_text("{}")
    made = to_labelbox.batch(root, tmp_path / "out")
    check(tmp_path / "out", made)
    assert [row.path for row in made.datasets] == ["caf%E8", "caf%E9"]
    first = contents(tmp_path / "out")
    to_labelbox.batch(root, tmp_path / "out", resume=True)
    assert contents(tmp_path / "out") == first
    for n in (1, 2):
        to_labelbox.batch(root, tmp_path / "shards", shard=(n, 2))
    to_labelbox.merge([tmp_path / "shards"])
    assert contents(tmp_path / "shards") == first


HOLDING = (
    "import sys; from to_labelbox.batches.lock import locked\nwith locked(sys.argv[1]):\n print(); sys.stdin.read()"
)


def test_two_runs_do_not_work_in_one_folder(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    box_set(root / "a" / "set.json")
    out.mkdir()
    command = [sys.executable, "-c", HOLDING, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        for more in ({}, {"resume": True}, {"overwrite": True}, {"shard": (1, 2)}):
            with pytest.raises(UsageError, match="another run is at work"):
                to_labelbox.batch(root, out, **more)
        other.kill()
    check(out, to_labelbox.batch(root, out))
    assert not list(out.glob(".*lock"))


def test_a_result_of_convert_is_not_overwritten_unasked(tmp_path: Path) -> None:
    root = tmp_path / "in"
    box_set(root / "a" / "set.json")
    for out, earlier in (("1", "1"), ("2", "2/a")):
        to_labelbox.convert(root / "a", tmp_path / earlier)
        for resume in (False, True):
            with pytest.raises(UsageError, match=f"{earlier} holds an earlier result"):
                to_labelbox.batch(root, tmp_path / out, resume=resume)
        check(tmp_path / out, to_labelbox.batch(root, tmp_path / out, overwrite=True))
        assert sorted(f for f in contents(tmp_path / out) if "/" not in f) == ["ontology.json", "report.json"]


def test_a_run_that_did_not_begin_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    box_set(root / "a" / "set.json")
    with pytest.raises(UsageError, match="No such file"):
        to_labelbox.batch(root, out, sizes=tmp_path / "nothing.csv")
    with pytest.raises(UsageError, match="no such folder"):
        to_labelbox.batch(root, out, media_root=tmp_path / "nothing")
    assert to_labelbox.batch(root, out).exit_code() == 0


def test_the_time_left_counts_datasets_that_are_not_opened_yet() -> None:
    some = Progress(datasets=200, datasets_opened=20, datasets_done=20, units=6000, units_done=6000, annotations=9000)
    assert _line(some, 10).endswith("6,000 images, files or tasks, 9,000 annotations (900/s), about 1:30 left")
    whole = Progress(datasets=2, datasets_opened=2, units=4000, units_done=1000)
    assert _line(whole, 10).endswith("about 0:30 left")


def test_without_a_terminal_a_line_is_said_although_nothing_is_heard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("to_labelbox.cli.progress.LINE_SECONDS", 0.05)
    with batch_display(False or None, False) as listener:
        time.sleep(0.2)
        assert listener is not None
        listener(Progress("writing", 3, 3, 1))
        time.sleep(0.2)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "looking for datasets"
    assert said[-1] == "writing: 1 of 3 datasets"


@pytest.mark.parametrize("workers", [1, 2])
def test_all_of_a_batch_is_validated_at_once(tmp_path: Path, workers: int) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    for name in "ab":
        box_set(root / name / "set.json", label=name)
    broken = box_set(root / "c" / "set.json")
    broken.write_bytes(broken.read_bytes()[:-9])
    to_labelbox.batch(root, out, workers=workers)
    assert to_labelbox.validate(out) == []
    (out / "a" / "ontology.json").write_bytes(b"{}")
    shutil.rmtree(out / "b")
    assert {f.file for f in to_labelbox.validate(out)} == {
        "a/ontology.json",
        "a/annotations.ndjson",
        "b/report.json",
    }


@pytest.mark.parametrize("shard", [None, (1, 1)])
def test_a_full_disk_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shard: tuple[int, int] | None
) -> None:
    box_set(tmp_path / "in" / "a" / "set.json")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("to_labelbox.conversion.worker.save_part", full)
        with pytest.raises(UsageError, match=r"No space left on device; when there is room, --resume goes on"):
            to_labelbox.batch(tmp_path / "in", tmp_path / "out", shard=shard)
    check(tmp_path / "out", to_labelbox.batch(tmp_path / "in", tmp_path / "out", resume=True))


def test_where_case_is_ignored_no_output_replaces_another(tmp_path: Path) -> None:
    """As far as it can be told where case is not: the file system is made to look like one that ignores it."""
    box_set(tmp_path / "in" / "Scene" / "a.json")
    box_set(tmp_path / "in" / "scene" / "b.json", label="bus")
    (tmp_path / "out" / ".TO-LABELBOX-PARTIAL").mkdir(parents=True)
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert [(row.path, row.problem.split(" does ")[-1]) for row in made.datasets] == [
        ("Scene", ""),
        ("scene", "not tell its name from 'Scene': rename one of them"),
    ]


def test_in_a_set_of_many_files_a_new_time_is_a_change(tmp_path: Path) -> None:
    voc_set(tmp_path / "in" / "v" / "Annotations", *(f"{n:04}" for n in range(HASHED_FILES + 1)))
    inputs = inventory(str(tmp_path / "in" / "v"))
    assert (len(inputs), inputs[0].size) == (1, HASHED_FILES + 1)
    assert same_inputs(inputs, inventory(str(tmp_path / "in" / "v"), inputs))
    os.utime(tmp_path / "in" / "v" / "Annotations" / "0007.xml", (1, 1))
    assert not same_inputs(inputs, inventory(str(tmp_path / "in" / "v"), inputs))


def test_what_changes_in_folders_that_hold_no_data_is_no_change(tmp_path: Path) -> None:
    """A data set that is kept in a repository: its tools rewrite their own files all the time."""
    box_set(tmp_path / "set" / "set.json")
    save(tmp_path / "set" / ".git" / "index.json", {"n": 1})
    before = inventory(str(tmp_path / "set"))
    save(tmp_path / "set" / ".git" / "index.json", {"n": 22})
    assert same_inputs(before, inventory(str(tmp_path / "set"), before))


def test_shards_that_may_only_be_read_can_be_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        box_set(tmp_path / "in" / name / "set.json")
    shards = [tmp_path / "1", tmp_path / "2"]
    for n, out in enumerate(shards, 1):
        to_labelbox.batch(tmp_path / "in", out, shard=(n, 2))
        (out / LOCK).unlink(missing_ok=True)
    really = os.open

    def read_only(path: Any, flags: int, *more: Any, **others: Any) -> int:
        if flags & os.O_CREAT and str(path).startswith(tuple(map(str, shards))):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return really(path, flags, *more, **others)

    monkeypatch.setattr(os, "open", read_only)
    assert to_labelbox.merge(shards, tmp_path / "out").annotations.converted == 6


def test_what_is_said_of_the_ontology_counts_once(tmp_path: Path) -> None:
    for name, label in (("a", "car"), ("b", "Car"), ("c", "bus")):
        box_set(tmp_path / "in" / name / "set.json", label=label)
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert [d.count for d in made.diagnostics if d.code is Code.CLASS_SIMILAR] == [1]


def test_a_dataset_that_failed_is_tried_again(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    box_set(root / "a" / "set.json")
    broken = box_set(root / "b" / "set.json")
    broken.write_bytes(broken.read_bytes()[:-9])
    assert to_labelbox.batch(root, out).exit_code() == 1
    box_set(root / "b" / "set.json")
    made = to_labelbox.batch(root, out, resume=True)
    assert made.exit_code() == 0
    check(out, made)


def test_a_finished_batch_notices_other_options(tmp_path: Path) -> None:
    root, out, sizes = tmp_path / "in", tmp_path / "out", tmp_path / "sizes.csv"
    box_set(root / "a" / "set.json")
    sizes.write_text("key,width,height\n1.jpg,100,100\n")
    to_labelbox.batch(root, out, sizes=sizes)
    sizes.write_text("key,width,height\n1.jpg,200,200\n")
    with pytest.raises(UsageError, match="another sizes_file: give the same options"):
        to_labelbox.batch(root, out, sizes=sizes, resume=True)
    with pytest.raises(UsageError, match="another settings"):
        to_labelbox.batch(root, out, resume=True, settings=Settings(min_area=9.0))
    made = to_labelbox.batch(root, out, resume=True, overwrite=True, settings=Settings(min_area=1e6))
    assert made.annotations.skipped == 3


# -------------------------------------------------------------------------------------------------- many machines


@pytest.mark.parametrize("together", [True, False])
def test_shards_merged_are_the_bytes_of_one_machine(
    sources: Path, tmp_path: Path, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shards write to one folder or to a folder each; the largest file is shared, one dataset cannot be opened."""
    monkeypatch.setattr("to_labelbox.batches.run.SHARED_BYTES", 100_000)
    root = tmp_path / "in"
    shutil.copytree(sources, root)
    save(root / "wrong" / "wrong.json", coco([annotation(**BOX)], [image(1, "x/1.jpg"), image(1, "y/1.jpg")], None))
    to_labelbox.batch(root, tmp_path / "one", workers=2)
    outs = [tmp_path / ("shards" if together else f"shard {n}") for n in (1, 2, 3)]
    for n, out in enumerate(outs, 1):
        if n == 3:
            with pytest.raises(UsageError, match="are not finished"):
                to_labelbox.merge(outs[:2])
        to_labelbox.batch(root, out, shard=(n, 3), workers=2)
    check(tmp_path / "merged", to_labelbox.merge(outs[:1] if together else outs, tmp_path / "merged"))
    assert contents(tmp_path / "merged") == contents(tmp_path / "one")


def test_shards_of_different_batches_are_not_merged(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a.json")
    to_labelbox.batch(tmp_path / "in", tmp_path / "1", shard=(1, 2))
    to_labelbox.batch(tmp_path / "in", tmp_path / "2", shard=(2, 2), exif=False)
    with pytest.raises(UsageError, match="another exif"):
        to_labelbox.merge([tmp_path / "1", tmp_path / "2"])
    with pytest.raises(UsageError, match="holds no shard"):
        to_labelbox.merge([tmp_path / "in"])
    with pytest.raises(UsageError, match="i from 1 to N"):
        to_labelbox.batch(tmp_path / "in", tmp_path / "3", shard=(3, 2))


@pytest.mark.parametrize("together", [True, False])
def test_shards_have_to_find_the_same_datasets(tmp_path: Path, together: bool) -> None:
    root, outs = tmp_path / "in", [tmp_path / "1", tmp_path / ("1" if together else "2")]
    box_set(root / "b" / "b.json")
    to_labelbox.batch(root, outs[0], shard=(1, 2))
    box_set(root / "a" / "a.json")
    if together:
        with pytest.raises(UsageError, match=r"other datasets .'a' is new"):
            to_labelbox.batch(root, outs[1], shard=(2, 2))
    else:
        to_labelbox.batch(root, outs[1], shard=(2, 2))
        with pytest.raises(UsageError, match="other datasets"):
            to_labelbox.merge(outs)
    to_labelbox.batch(root, outs[0], resume=True)
    assert [row.path for row in to_labelbox.batch(root, outs[0], resume=True).datasets] == ["a", "b"]


def test_a_dask_cluster_makes_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    root = tmp_path / "in"
    box_set(root / "large" / "large.json", images=1500)
    for n in range(4):
        box_set(root / f"small {n}" / "set.json", label=f"class {n}")
    to_labelbox.batch(root, tmp_path / "one")
    done = subprocess.run(
        [*COMMAND, str(root), "-o", str(tmp_path / "dask"), "--engine", "dask", "--workers", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "dask") == contents(tmp_path / "one")


def test_reports_of_the_parts_balance(tmp_path: Path) -> None:
    root = tree(tmp_path / "in")
    to_labelbox.batch(root, tmp_path / "out", options=OPTIONS)
    for file in (tmp_path / "out").rglob("report.json"):
        if file.parent != tmp_path / "out":
            assert report(file.parent)["annotations"]["read"] >= 0
    alone = to_labelbox.convert(root / "coco" / "boxes", tmp_path / "alone")
    check_report(alone)
    assert report(tmp_path / "out" / "coco" / "boxes")["annotations"] == report(tmp_path / "alone")["annotations"]
