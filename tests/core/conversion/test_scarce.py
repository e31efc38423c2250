"""Few files at once, little memory, a full disk: a result all the same, or a sentence and nothing half-written."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import to_labelbox
from command import one_after_another
from growth_sets import COCO, VOC, write
from harness import annotation, coco, contents, image

PROGRAM = [sys.executable, "-m", "to_labelbox"]


def limited(what: int, most: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(what, (most, most))


def ran(limit: Callable[[], None], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False, preexec_fn=limit)


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    folder = tmp_path / "masks"
    for name in ("JPEGImages", "SegmentationClass", "SegmentationObject"):
        (folder / name).mkdir(parents=True)
    for n in range(4):
        Image.new("RGB", (1200, 900)).save(folder / "JPEGImages" / f"{n}.jpg")
        picture = Image.fromarray(np.pad(np.full((600, 800), n + 1, np.uint8), ((100, 200), (100, 300))), "P")
        picture.putpalette([(k * 37) % 256 for k in range(768)])
        for name in ("SegmentationClass", "SegmentationObject"):
            picture.save(folder / name / f"{n}.png")
        size = "<size><width>1200</width><height>900</height></size>"
        text = f"<annotation><filename>{n}.jpg</filename>{size}</annotation>"
        write(folder, {f"Annotations/{n}.xml": text.encode()})
    return folder


@pytest.mark.parametrize("workers", [1, 2])
def test_pictures_and_masks_in_600_megabytes_of_address_space(workers: int, masks: Path, tmp_path: Path) -> None:
    limit = limited(resource.RLIMIT_AS, 600_000 << 10)
    made = ran(limit, "convert", masks, "-o", tmp_path / "out", "--workers", workers, "-q")
    assert (made.returncode, made.stderr) == (0, "")
    to_labelbox.convert(masks, tmp_path / "free")
    assert contents(tmp_path / "out") == contents(tmp_path / "free")
    assert ran(limit, "batch", masks, "-o", tmp_path / "all", "-q").returncode == 0
    page = ran(limit, "preview", tmp_path / "out", "--media-root", masks / "JPEGImages", "-o", tmp_path / "p.html")
    assert page.returncode == 0, page.stderr


def test_many_files_where_few_may_be_open(tmp_path: Path) -> None:
    limit = limited(resource.RLIMIT_NOFILE, 64)
    many = write(tmp_path / "voc", VOC["files"](200))
    for n in range(100):
        document = coco([annotation(n, image_id=n, bbox=[1, 2, 3, 4])], [image(n)])
        write(tmp_path / "coco", {f"instances_{n:03}.json": json.dumps(document).encode()})
        write(tmp_path / "sets" / str(n), COCO["assets"](3))
    apart = ("--global-key", "{dataset}/{relpath}")
    commands: tuple[tuple[object, ...], ...] = (
        ("convert", many, "-o", tmp_path / "a"),
        ("convert", many, "-o", tmp_path / "b", "--workers", "2"),
        ("convert", tmp_path / "coco", "-o", tmp_path / "c"),
        ("batch", tmp_path / "sets", "-o", tmp_path / "d", "--workers", "2", *apart),
        ("batch", tmp_path / "sets", "-o", tmp_path / "e", "--shard", "1/1", *apart),
        ("merge", tmp_path / "e"),
        ("validate", tmp_path / "d"),
    )
    made = one_after_another(*((*arguments, "-q") for arguments in commands), preexec_fn=limit)
    assert (made.returncode, made.stderr) == (0, "")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_where_there_is_no_room_the_output_is_named(tmp_path: Path) -> None:
    limit = limited(resource.RLIMIT_FSIZE, 20_000)
    many = write(tmp_path / "sets" / "a", COCO["assets"](2000))
    to_labelbox.batch(tmp_path / "sets", tmp_path / "shard", shard=(1, 1))
    to_labelbox.convert(many, tmp_path / "whole")
    for command, arguments, place in (
        ("convert", (many, "-o", tmp_path / "out"), "out"),
        ("convert", (many, "-o", tmp_path / "out", "--workers", "2"), "out"),
        ("batch", (tmp_path / "sets", "-o", tmp_path / "all"), "all"),
        ("merge", (tmp_path / "shard",), "shard"),
        ("preview", (tmp_path / "whole", "-n", "200", "-o", tmp_path / "page.html"), "page.html"),
    ):
        made = ran(limit, command, *arguments)
        assert made.returncode == 6, made.stderr
        assert f"{tmp_path / place} cannot be written: File too large; " in made.stderr
        assert "Traceback" not in made.stderr
    assert contents(tmp_path / "out") == {}
    assert not (tmp_path / "page.html").exists()
    assert list(tmp_path.glob("*.partial")) == []
    assert to_labelbox.batch(tmp_path / "sets", tmp_path / "all", resume=True).exit_code() == 0
    assert to_labelbox.merge([tmp_path / "shard"]).exit_code() == 0
