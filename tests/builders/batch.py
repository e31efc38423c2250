"""What the tests of batch share."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import to_labelbox
from harness import annotation, cases, coco, image, lines, save
from to_labelbox import BatchReport

OPTIONS = {"size": "800x600"}


COMMAND = [sys.executable, "-c", "from to_labelbox.cli import main; main()", "batch"]


BOX = {"bbox": [1, 2, 30, 40]}


def box_set(path: Path, label: str = "car", images: int = 3, **more: Any) -> Path:
    """A COCO file with a box on each image, of another width in each folder: an equal dataset would be a copy."""
    box = {"bbox": [1, 2, 30 + sum(map(ord, path.parent.name)) % 64, 40]}
    pictures = [image(n, f"{n}.jpg") for n in range(1, images + 1)]
    boxes = [annotation(n, **{"image_id": n, **box, **more}) for n in range(1, images + 1)]
    return save(path, coco(boxes, pictures, [{"id": 1, "name": label}]))


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
        if not row.published:
            assert row.problem
            assert {f.name for f in folder.glob("*.*json")} <= {"report.json"}
            sums[0] += row.annotations.read
            continue
        assert (folder / "ontology.json").read_bytes() == common
        assert [str(f) for f in to_labelbox.validate(folder) if f.severity == "error"] == []
        assert len(lines(folder)) == row.lines
        sums[0] += row.annotations.read
        sums[1] += row.lines
    assert sums == [total.read, made.lines.total]
    assert json.loads((out / "report.json").read_bytes())["annotations"]["read"] == total.read
    assert not (out / ".to-labelbox-partial").exists()


XML = """<annotation><filename>{0}.jpg</filename><size><width>100</width><height>80</height><depth>3</depth></size>
<object><name>car</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>31</xmax><ymax>42</ymax></bndbox></object></annotation>"""


def voc_set(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.xml").write_text(XML.format(name))
