"""The commands of the documents, and a folder in which each of them finds what it names.

python tests/doc_commands.py PAGE...        (with the `to-labelbox` that PATH finds)

runs every command of the pages, one after another, in an empty folder that is filled as a newcomer's would be. Only the standard
library and Pillow are needed, so that it runs beside an installed wheel as well.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
OURS = ("to-labelbox", "python")
"""What is run of a block; what installs or asks for keys is not."""


def commands(text: str) -> Iterator[str]:
    """Lines of shell blocks that begin with a program of ours, continued ones as one."""
    for block in _BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if line.split(" ")[0] in OURS:
                yield line


def examples(text: str) -> Iterator[str]:
    """Python blocks without prompts, which are run by themselves."""
    return (
        block for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL) if ">>>" not in block
    )


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command as a user without a key and without a terminal gives it; an import only shows its plan."""
    if command.startswith("to-labelbox import") and "--dry-run" not in command:
        command = command.replace("to-labelbox import", "to-labelbox import --dry-run", 1)
    environment = {k: v for k, v in os.environ.items() if k != "LABELBOX_API_KEY"}
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


# ------------------------------------------------------------------------------------------------------- the folder


def fill(folder: Path) -> None:
    """Everything that the documents name: exports of each tool, and their pictures."""
    _coco(folder)
    for name, fixture in {
        "yard": "cvat/project",
        "street": "cvat/street-video",
        "yard.v1i.yolov8": "yolo/roboflow",
        "dataset": "yolo/detect",
        "VOCdevkit": "voc/devkit",
        "labels": "voc/labelimg",
    }.items():
        shutil.copytree(FIXTURES / fixture / "input", folder / name)
    for name in ("yard", "street"):
        shutil.make_archive(str(folder / name), "zip", folder / name)
        shutil.rmtree(folder / name)
    shutil.copy(FIXTURES / "cvat/project/input/annotations.xml", folder)
    (folder / "frames/street").mkdir(parents=True)
    for n in range(60):
        Image.new("RGB", (64, 36), (4 * n, 90, 120)).save(folder / f"frames/street/frame_{n:06}.jpg")
    shutil.copy(FIXTURES / "label-studio/rectangles/input/export.json", folder / "project-1.json")
    shutil.copy(FIXTURES / "label-studio/rectangles/input/config.xml", folder / "config.xml")
    (folder / "exports").mkdir()
    for name in ("coco/boxes", "voc/labelimg", "yolo/detect"):
        shutil.copytree(FIXTURES / name / "input", folder / "exports" / name.partition("/")[0])
    pictures = ["images/a.jpg", "images/train/day 1/f.jpg", "images/train/day 2/f.jpg", "images/val/day 3/f.jpg"]
    for path in (*pictures, "media/yard.jpg", "media/empty.jpg"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (640, 480), "navy").save(folder / path)


def _coco(folder: Path) -> None:
    (folder / "val2017").mkdir(parents=True)
    images = [{"id": n, "file_name": f"{n:012}.jpg", "width": 640, "height": 480} for n in (139, 285, 632)]
    for image in images:
        Image.new("RGB", (640, 480), "teal").save(folder / "val2017" / str(image["file_name"]))
    outline = [[300, 230, 340, 200, 430, 200, 480, 240, 480, 290, 300, 290]]
    annotations = [
        {"id": 1, "image_id": 139, "category_id": 3, "bbox": [300, 200, 180, 90], "area": 13500, "iscrowd": 0, "segmentation": outline},
        {"id": 2, "image_id": 139, "category_id": 1, "bbox": [10, 20, 60, 200], "area": 12000, "iscrowd": 0},
        {"id": 3, "image_id": 285, "category_id": 1, "bbox": [50, 60, 80, 240], "area": 19200, "iscrowd": 0},
    ]  # fmt: skip
    categories = [{"id": 1, "name": "person"}, {"id": 3, "name": "car"}]
    coco = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "instances_val2017.json").write_text(json.dumps(coco))


def main(pages: list[str]) -> int:
    failed = total = 0
    for page in pages:
        text = (ROOT / page).read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            fill(folder)
            for command in [*commands(text), *(f"python - <<'END'\n{code}\nEND" for code in examples(text))]:
                total += 1
                done = run(command, folder)
                print(f"{done.returncode} {page}: {command.splitlines()[0]}", flush=True)
                if done.returncode:
                    failed += 1
                    print(f"{done.stdout}\n{done.stderr}")
    print(f"{total - failed} passed, {failed} failed")
    return bool(failed or not total)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
