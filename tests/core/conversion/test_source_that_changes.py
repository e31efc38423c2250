"""A source that is written while it is read: all of the one, all of the other, or refused; never a mixture.

``TO_LABELBOX_CHANGES`` is how many random changes are tried (``make changes``: 100).
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import annotation, coco, contents, image
from to_labelbox import Settings, SourceError
from to_labelbox.conversion import process_pool
from to_labelbox.conversion.job import job_of, open_job
from to_labelbox.conversion.options import ConversionOptions
from to_labelbox.conversion.output_folder import Folder
from to_labelbox.conversion.run import run

CHANGES = int(os.environ.get("TO_LABELBOX_CHANGES", "7"))
SEED = int(os.environ.get("TO_LABELBOX_SEED", "1"))
COUNT = 2100
"""More than a snapshot compares one by one."""

Files = dict[str, bytes]


def coco_set(word: str) -> Files:
    shapes = [annotation(n, image_id=n, bbox=[1, 2, 30, 40]) for n in range(COUNT)]
    document = coco(shapes, [image(n) for n in range(COUNT)], [{"id": 1, "name": word}])
    for shape in shapes:
        shape["attributes"] = {"word": word}
    return {"instances.json": json.dumps(document).encode()}


def voc_set(word: str) -> Files:
    size = "<size><width>100</width><height>80</height></size>"
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"
    return {
        f"Annotations/{n:05}.xml": (
            f"<annotation><filename>{n:05}.jpg</filename>{size}<object><name>{word}</name>{box}</object></annotation>"
        ).encode()
        for n in range(COUNT)
    }


def few_voc_set(word: str) -> Files:
    return dict(list(voc_set(word).items())[:600])


def yolo_set(word: str) -> Files:
    names = ["old", "new"]
    row = f"{names.index(word)} 0.5 0.5 0.2 0.2\n".encode()
    files: Files = {f"labels/{n:05}.txt": row for n in range(COUNT)}
    lines = "".join(f"{n:05}.jpg,100,80\n" for n in range(COUNT))
    return {"data.yaml": b"names: [old, new]\n", "sizes.csv": lines.encode(), **files}


def cvat_set(word: str) -> Files:
    pictures = "".join(
        f'<image id="{n}" name="{n:05}.jpg" width="100" height="80">'
        f'<box label="{word}" xtl="1" ytl="2" xbr="30" ybr="40" occluded="0"></box></image>'
        for n in range(COUNT)
    )
    return {"annotations.xml": f"<annotations><version>1.1</version>{pictures}</annotations>".encode()}


def label_studio_set(word: str) -> Files:
    value = {"x": 1, "y": 2, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": [word]}
    region = {
        "id": "a",
        "type": "rectanglelabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": 100,
        "original_height": 80,
        "value": value,
    }
    tasks = [
        {"id": n, "data": {"image": f"{n:05}.jpg"}, "annotations": [{"id": n, "result": [region]}]}
        for n in range(1, COUNT)
    ]
    return {"export.json": json.dumps(tasks).encode()}


SETS: dict[str, Callable[[str], Files]] = {
    "coco": coco_set,
    "voc": voc_set,
    "few": few_voc_set,
    "yolo": yolo_set,
    "cvat": cvat_set,
    "label-studio": label_studio_set,
    "zip": voc_set,
}


def write(folder: Path, files: Files, kind: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "zip":
        with zipfile.ZipFile(folder / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return folder / "set.zip"
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return folder


def change(source: Path, other: Path, way: str) -> None:
    """Make a source another in one of the ways in which that happens."""
    pairs = [(source, other)]
    if source.is_dir():
        pairs = [(source / p.relative_to(other), p) for p in sorted(other.rglob("*")) if p.is_file()]
    for at, new in pairs:
        data = new.read_bytes()
        if way == "in place":
            with open(at, "r+b") as file:
                file.write(data)
                file.truncate()
        elif way == "renamed":
            aside = at.with_name(f".{at.name}.aside")
            aside.write_bytes(data)
            os.replace(aside, at)
        elif way == "shrunk":
            with open(at, "r+b") as file:
                file.truncate(len(data) // 2)
        elif way == "grown":
            with open(at, "ab") as file:
                file.write(data)
        else:
            at.unlink()


WAYS = ("in place", "renamed", "shrunk", "grown", "removed")


def classes(out: Path) -> set[str]:
    return {json.loads(line)["name"] for line in (out / "annotations.ndjson").read_bytes().splitlines()}


def is_of_one(out: Path, sizes: str | None, source: Path) -> bool:
    """Whether an output has one of the two classes, or is what the source gives now, for it changed before it was opened.

    A source that has grown may have both classes then, and of one that is damaged nothing may be left but the report.
    """
    if (out / "annotations.ndjson").exists() and len(classes(out)) == 1:
        return True
    again = out.with_name("again")
    to_labelbox.convert(source, again, sizes=sizes and source / sizes)
    made, now = ({name: data for name, data in contents(o).items() if name != "report.json"} for o in (out, again))
    return made == now


@pytest.mark.parametrize("way", ["shrunk", "grown"])
def test_a_source_that_changed_before_it_was_opened_is_the_new_one(way: str, tmp_path: Path) -> None:
    source = write(tmp_path / "set", coco_set("old"), "coco")
    other = write(tmp_path / "other", coco_set("new"), "coco")
    change(source, other, way)
    to_labelbox.convert(source, tmp_path / "out")
    assert list(contents(tmp_path / "out")) == ["report.json"]
    assert is_of_one(tmp_path / "out", None, source)


@pytest.mark.parametrize("number", range(CHANGES))
def test_a_change_in_the_middle_never_mixes_old_and_new(number: int, tmp_path: Path) -> None:
    chance = random.Random(f"{SEED}/{number}")
    kind = list(SETS)[number % len(SETS)]
    way = chance.choice(WAYS)
    source = write(tmp_path / "set", SETS[kind]("old"), kind)
    other = write(tmp_path / "other", SETS[kind]("new"), kind)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "to_labelbox", "convert", str(source), "-o", str(out), "-q"]
    command += ["--workers", chance.choice(("1", "2"))]
    if kind == "yolo":
        command += ["--sizes", str(tmp_path / "set" / "sizes.csv")]
    run = subprocess.Popen(command, stderr=subprocess.PIPE)
    while not out.exists() and run.poll() is None:
        time.sleep(0.001)
    time.sleep(chance.random() * 0.5)
    change(source, other, way)
    said = run.communicate(timeout=120)[1].decode()
    assert "Traceback" not in said, said
    if (out / "report.json").exists():
        assert is_of_one(out, "sizes.csv" if kind == "yolo" else None, source), (kind, way, said)
    else:
        assert "changed while" in said or "no such file" in said or run.returncode in (2, 3), (kind, way, said)
        assert contents(out) == {}


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("way", ["in place", "removed"])
def test_a_change_between_reading_and_writing_is_refused(kind: str, way: str, tmp_path: Path) -> None:
    source = write(tmp_path / "set", SETS[kind]("old"), kind)
    other = write(tmp_path / "other", SETS[kind]("new"), kind)
    (tmp_path / "sizes.csv").write_bytes(yolo_set("old")["sizes.csv"])
    changed: list[int] = []

    def meanwhile(*_: int) -> None:
        if not changed:
            changed.append(1)
            change(source, other, way)

    time.sleep(0.02)  # the file system's clock goes in steps
    with pytest.raises(SourceError, match="changed while the source was read"):
        to_labelbox.convert(source, tmp_path / "out", progress=meanwhile, sizes=tmp_path / "sizes.csv", on_error="skip")
    assert contents(tmp_path / "out") == {}


def _run_when_other_processes_begin(
    source: Path, out: Path, change: Callable[[], object], patch: pytest.MonkeyPatch
) -> None:
    """Convert with processes that list the source anew, after a change to it."""
    pool = process_pool.worker_pool

    def begin(*given: Any) -> Any:
        change()
        return pool(*given)

    patch.setattr(process_pool, "START_METHOD", "spawn")
    patch.setattr(process_pool, "worker_pool", begin)
    run(open_job(job_of(ConversionOptions(format="voc"), source)), Folder(str(out)), Settings(), workers=2)


def test_a_file_that_goes_before_other_processes_list_them_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "set", voc_set("old"), "voc")
    gone = source / "Annotations/01000.xml"
    with pytest.raises(SourceError, match=r"01000\.xml has changed while"):
        _run_when_other_processes_begin(source, tmp_path / "out", lambda: gone.unlink(missing_ok=True), monkeypatch)


def test_a_file_that_comes_before_a_process_lists_the_source_shifts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "set", voc_set("old"), "voc")
    other = (source / "Annotations/01000.xml").read_bytes().replace(b"01000", b"00000a")
    come = source / "Annotations/00000a.xml"
    with pytest.raises(SourceError, match="changed while the source was read"):
        _run_when_other_processes_begin(source, tmp_path / "out", lambda: come.write_bytes(other), monkeypatch)


def test_a_batch_leaves_out_what_changes_and_resumes_it(tmp_path: Path) -> None:
    for name, word in (("a", "old"), ("b", "other")):  # equal ones would be copies
        write(tmp_path / "sets" / name, coco_set(word), "coco")
    changed: list[int] = []

    def meanwhile(progress: object) -> None:
        if not changed and getattr(progress, "units_done", 0) > 100:
            changed.append(1)
            change(
                tmp_path / "sets" / "a" / "instances.json",
                write(tmp_path / "new", coco_set("new"), "coco") / "instances.json",
                "in place",
            )

    made = to_labelbox.batch(tmp_path / "sets", tmp_path / "out", progress=meanwhile)
    problems = {row.path: row.problem for row in made.datasets}
    assert "changed while" in problems["a"]
    assert problems["b"] == ""
    again = to_labelbox.batch(tmp_path / "sets", tmp_path / "out", resume=True)
    assert [row.problem for row in again.datasets] == ["", ""]
    assert classes(tmp_path / "out" / "a") == {"new"}
