"""Other converters for the same source, and the script anyone would write, where they are installed (extra ``bench``).

    python benchmarks/peers.py [--scale 0.2] [--images 20000] [--rounds 3]

They do less: panlabel writes boxes alone and leaves the rest out, labelformat writes COCO, the script (naive.py) checks
nothing. ``all.py`` has the same rows among all others.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

NAIVE = str(Path(__file__).with_name("naive.py"))
Commands = Mapping[str, Sequence[str]]


def _program(name: str) -> str | None:
    """A program beside this interpreter or on the path."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def _panlabel(format: str, source: Path, out: Path) -> dict[str, Sequence[str]]:
    found = _program("panlabel")
    if found is None:
        return {}
    arguments = ["-f", format, "-t", "labelbox", "-i", str(source), "-o", str(out / "peer.ndjson"), "--allow-lossy"]
    return {"panlabel": [found, "convert", *arguments]}


def _labelformat(task: str, *source: str, out: Path) -> dict[str, Sequence[str]]:
    found = _program("labelformat")
    if found is None:
        return {}
    to = ["--output-format", "coco", "--output-file", str(out / "peer.json")]
    return {"labelformat": [found, "convert", "--task", task, "--input-format", *source, *to]}


def of_boxes(file: Path, out: Path) -> Commands:
    """Boxes of a COCO file."""
    naive = {"naive.py": [sys.executable, NAIVE, str(file), str(out / "naive.ndjson"), "--boxes"]}
    labelformat = _labelformat("object-detection", "coco", "--input-file", str(file), out=out)
    return {**naive, **_panlabel("coco", file, out), **labelformat}


def of_outlines(file: Path, out: Path) -> Commands:
    """Outlines of a COCO file."""
    return {"naive.py": [sys.executable, NAIVE, str(file), str(out / "naive.ndjson")]}


def of_yolo(folder: Path, out: Path) -> Commands:
    source = ("yolov8", "--input-file", str(folder / "data.yaml"), "--input-split", "train")
    return {**_panlabel("yolo", folder, out), **_labelformat("object-detection", *source, out=out)}


def of_voc(folder: Path, names: Sequence[str], out: Path) -> Commands:
    source = ("pascalvoc", "--input-folder", str(folder / "Annotations"), "--category-names", ",".join(names))
    return {**_panlabel("voc", folder, out), **_labelformat("object-detection", *source, out=out)}


if __name__ == "__main__":
    import all as table

    table.main(jobs=("coco-polygon", "coco-bbox", "yolo", "voc"))
