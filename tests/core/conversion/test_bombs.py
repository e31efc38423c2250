"""A record that hangs, aborts its process or takes all memory, in a set of any format and size: it alone is lost, soon, and named.

``TO_LABELBOX_BOMBS=all`` tries them all (``make isolation``): every size, forked; 2 and 150 with processes that start afresh
too. Only then it is asked how long each takes, which a busy machine decides.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bombs import BOMBS, LABEL
from growth_sets import Files, write
from harness import ROOT, annotation, coco, image, lines, report

ALL = "TO_LABELBOX_BOMBS" in os.environ
SIZES = (1, 2, 10, 150, 1500)
LIMIT = 3
"""Seconds; a busy machine takes one to begin a process."""
MEMORY = 1 << 30


def _coco(names: list[str]) -> Files:
    boxes = [
        annotation(n, image_id=n, category_id=int(name == LABEL), bbox=[1, 2, 30, 40]) for n, name in enumerate(names)
    ]
    categories = [{"id": 0, "name": "car"}, {"id": 1, "name": LABEL}]
    return {
        "a.json": json.dumps(coco(boxes, [image(n, f"{n:04}.jpg") for n in range(len(names))], categories)).encode()
    }


def _voc(names: list[str]) -> Files:
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"
    size = "<size><width>100</width><height>80</height></size>"
    return {
        f"Annotations/{n:04}.xml": f"<annotation><filename>{n:04}.jpg</filename>{size}"
        f"<object><name>{name}</name>{box}</object></annotation>".encode()
        for n, name in enumerate(names)
    }


def _yolo(names: list[str]) -> Files:
    rows = {f"labels/{n:04}.txt": f"{int(name == LABEL)} 0.5 0.5 0.2 0.2\n".encode() for n, name in enumerate(names)}
    sizes = "".join(f"{n:04}.jpg,100,80\n" for n in range(len(names)))
    return {**rows, "data.yaml": f"names: [car, {LABEL}]\n".encode(), "sizes.csv": sizes.encode()}


def _cvat(names: list[str]) -> Files:
    images = "".join(
        f'<image id="{n}" name="{n:04}.jpg" width="100" height="80">'
        f'<box label="{name}" xtl="1" ytl="2" xbr="30" ybr="40" occluded="0"></box></image>'
        for n, name in enumerate(names)
    )
    return {"annotations.xml": f"<annotations><version>1.1</version>{images}</annotations>".encode()}


def _label_studio(names: list[str]) -> Files:
    def result(name: str) -> Any:
        value = {"x": 1, "y": 2, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": [name]}
        where = {"from_name": "l", "to_name": "i", "original_width": 100, "original_height": 80}
        return {"id": "r", "type": "rectanglelabels", "value": value, **where}

    tasks = [
        {"id": n, "data": {"image": f"{n:04}.jpg"}, "annotations": [{"id": n, "result": [result(name)]}]}
        for n, name in enumerate(names)
    ]
    return {"export.json": json.dumps(tasks).encode()}


SETS = {"coco": _coco, "voc": _voc, "yolo": _yolo, "cvat": _cvat, "label-studio": _label_studio}


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


CASES = (
    [
        (*case, method)
        for case in product(SETS, BOMBS, SIZES)
        for method in ("fork", "spawn")
        if method == "fork" or case[2] in (2, 150)
    ]
    if ALL
    else [
        *((format, "aborts", 2, "fork") for format in SETS),
        ("voc", "hangs", 10, "fork"),
        ("coco", "hoards", 10, "spawn"),
    ]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bombs")


@cache
def converted(folder: Path, format: str, kind: str, size: int, method: str) -> tuple[float, int, Path]:
    """(seconds, exit code, output) of a set with one record that is a bomb, or would be one."""
    names = ["car"] * size
    names[size * 2 // 3] = LABEL
    place = folder / format / str(size)
    source, out = write(place / "set", SETS[format](names)), place / f"{kind} {method}"
    options = ["--workers", "2", "--file-timeout", str(LIMIT), "--from", format, "-q"]
    if format == "yolo":
        options += ["--sizes", str(source / "sizes.csv")]
    begun = time.monotonic()
    made = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "bombs.py"), kind, "convert", str(source), "-o", str(out), *options],
        env={**os.environ, "TO_LABELBOX_START_METHOD": method},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit_memory,
    )
    assert "Traceback" not in made.stderr, made.stderr
    assert kind != "none" or made.returncode == 0, made.stderr
    return time.monotonic() - begun, made.returncode, out


@pytest.mark.parametrize(("format", "kind", "size", "method"), CASES)
def test_a_bomb_costs_itself(format: str, kind: str, size: int, method: str, folder: Path) -> None:
    usual, _, _ = converted(folder, format, "none", size, method)
    seconds, code, out = converted(folder, format, kind, size, method)
    assert code == (1 if size > 1 else 3)
    said, bad = report(out), size * 2 // 3
    total = said["annotations"]
    assert (total["read"], total["converted"], total["skipped"]) == (size, size - 1, 1)
    (told,) = [d for d in said["diagnostics"] if d["code"] == "read-crashed"]
    assert re.search(rf"(?<!\d)0*{bad}(?!\d)", json.dumps(told["examples"])), told
    keys = [row["global_key"][-8:] for row in lines(out, "data_rows.ndjson")] if size > 1 else []
    assert keys == [f"{n:04}.jpg" for n in range(size if size > 1 else 0)]
    if ALL:
        begun = usual if method == "spawn" else 0  # a process that starts afresh in place of one that has ended
        assert seconds - usual <= 3 * LIMIT + begun, f"{seconds:.1f} s, {usual:.1f} without"
