"""Many datasets with one ontology: found, joined, converted by workers, interrupted and resumed: discovery."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import to_labelbox
from builders.batch import COMMAND, box_set, check, tree, voc_set
from harness import cases, contents
from to_labelbox import UsageError
from to_labelbox.batches import find_datasets
from to_labelbox.batches.find_datasets import discover
from to_labelbox.conversion.each import in_processes
from to_labelbox.report.codes import Code


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
    box_set(tmp_path / "in" / "good" / "more" / "b.json", bbox=[5, 6, 7, 8])
    for name in ("cut.json", "other.json", "Exports.TAR", "packed.rar", "notes.txt"):
        (tmp_path / "in" / "bad" / "deep").mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / "bad" / "deep" / name).write_text('{"images": [{"id": 1,' if name == "cut.json" else "{}")
    found = discover(str(tmp_path / "in"))
    assert [(f.path, f.format, f.reason.partition(":")[0]) for f in found if not f.format] == [
        ("bad/deep/Exports.TAR", "", "no format takes it"),
        ("bad/deep/cut.json", "", "no format takes it (nor 1 more .json file beside it)"),
        ("bad/deep/packed.rar", "", "no format takes it"),
    ]
    assert [f.path for f in discover(str(tmp_path / "in"), format="coco")] == ["good"]
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert made.exit_code() == 0
    assert [row.path for row in made.datasets] == ["good"]
    told = next(d for d in made.diagnostics if d.code is Code.FILE_UNCLAIMED)
    assert [e.file for e in told.examples] == ["bad/deep/Exports.TAR", "bad/deep/cut.json", "bad/deep/packed.rar"]
    assert "inspect" in told.examples[0].message
    shards = [["--shard", f"{n}/2", "-o", str(tmp_path / "shards")] for n in (1, 2)]
    for shard in shards:
        subprocess.run([*COMMAND, str(tmp_path / "in"), "-q", *shard], check=True)
    merged = to_labelbox.merge([tmp_path / "shards"])
    assert [d.code for d in merged.diagnostics] == [d.code for d in made.diagnostics]


TASK = """<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><meta><task><id>1</id></task></meta>
<image id="0" name="{0}.jpg" width="100" height="80"><box label="car" occluded="0" xtl="1.00" ytl="2.00" xbr="31.00"
ybr="42.00" z_order="0"></box></image></annotations>"""


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


def test_a_dataset_with_labels_of_a_second_format_is_a_question(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "set" / "annotations" / "instances_val2017.json")
    (tmp_path / "in" / "set" / "labels").mkdir()
    (tmp_path / "in" / "set" / "labels" / "1.txt").write_text("0 0.5 0.5 0.25 0.25\n")
    assert [(f.path, f.format, f.reason[:24]) for f in discover(str(tmp_path / "in"))] == [
        ("set", "coco", "coco: annotations/instan"),
    ]
    (tied,) = discover(str(tmp_path / "in"))
    assert "could be coco or yolo" in tied.problem
    assert f"convert {tmp_path / 'in' / 'set'} --from coco" in tied.problem


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
    (root / "b" / "empty.zip").write_bytes(b"")
    (root / "b" / "login.zip").write_text("<html><body>Sign in</body></html>")
    (root / "closed").mkdir()
    listing = os.scandir

    def refusing(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return listing(path)

    monkeypatch.setattr("to_labelbox.batches.find_datasets.os.scandir", refusing)
    made = to_labelbox.batch(root, tmp_path / "out")
    assert made.exit_code() == 1
    assert [(row.path, row.format, row.state) for row in made.datasets] == [
        ("a", "coco", "converted"),
        ("b/cut.zip", "", "failed"),
        ("b/empty.zip", "", "failed"),
        ("b/login.zip", "", "failed"),
        ("closed", "", "failed"),
    ]
    (told,) = (d for d in made.diagnostics if d.code is Code.FILE_UNREADABLE)
    assert [e.file for e in told.examples] == ["b/cut.zip", "b/empty.zip", "b/login.zip", "closed"]
    assert "not a readable zip archive" in told.examples[0].message
    assert told.examples[1].message == "is empty"
    assert told.examples[2].message == "is no zip archive, although it is named like one"
    assert told.examples[3].message == "cannot be listed: Permission denied"


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
    to_labelbox.batch(root, root / "out")
    first = contents(root / "out")
    assert to_labelbox.batch(root, root / "out", resume=True).kept == 1
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


def test_other_processes_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(tmp_path)
    for n in range(30):
        box_set(root / f"many {n:02}" / "a.json")
    (root / "many 07" / "notes.csv").write_text("a,b\n")
    monkeypatch.setattr(find_datasets, "MANY_FOLDERS", 3)
    alone = discover(str(root))
    asked: list[object] = []
    with in_processes(2) as each:

        def counted(function: Any, tasks: Any) -> Any:
            asked.append(function)
            return each(function, tasks)

        assert discover(str(root), each=counted) == alone
    assert asked
    assert len(alone) > 31


def test_links_beside_datasets_are_told(tmp_path: Path) -> None:
    box_set(tmp_path / "sets" / "a" / "a.json", "a")
    box_set(tmp_path / "other" / "b.json", "b")
    for link in ("b", "c"):
        (tmp_path / "sets" / link).symlink_to(tmp_path / "other")
    report = to_labelbox.batch(tmp_path / "sets", tmp_path / "out")
    assert [one.path for one in report.datasets] == ["a"]
    (told,) = [d for d in report.diagnostics if d.code == Code.FILE_UNCLAIMED]
    assert (told.examples[0].file, "nor 1 more link beside it" in told.examples[0].message) == ("b", True)
    shutil.rmtree(tmp_path / "sets" / "a")
    with pytest.raises(UsageError, match="no datasets found; b is a link, which is not followed"):
        to_labelbox.batch(tmp_path / "sets", tmp_path / "none")
