"""YOLO: class names in the encodings of other systems."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.yolo import GOOD, Sandbox
from to_labelbox.report.errors import SourceError, UsageError

NAMES = "八\n巴\n"


@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "utf-16"])
def test_class_names_of_other_systems(box: Sandbox, encoding: str) -> None:
    box.write({"labels/a.txt": GOOD, "labels/classes.txt": NAMES.encode(encoding)}).picture("images/a.png")
    if encoding == "gbk":
        with pytest.raises(SourceError, match="-O encoding=gbk"):
            box.open()
    assert [o.label for o in box.objects(encoding="GBK")] == ["八"]


def test_names_in_yaml_of_other_systems(box: Sandbox) -> None:
    yaml = "train: images # caf\xe9\nnames: [八, 巴]\n"
    box.write({"data.yaml": yaml.replace("\xe9", "").encode("gbk"), "labels/a.txt": GOOD}).picture("images/a.png")
    with pytest.raises(SourceError, match="-O encoding=gbk"):
        box.open()
    assert [label.name for label in box.open(encoding="gbk").schema.labels] == ["八", "巴"]


def test_a_list_that_the_user_names(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes(NAMES.encode("gbk"))
    box.write({"labels/a.txt": GOOD}).picture("images/a.png")
    assert [o.label for o in box.objects(names=str(tmp_path / "mine.txt"), encoding="gbk")] == ["八"]


def test_an_encoding_that_nobody_knows(box: Sandbox) -> None:
    box.write({"labels/a.txt": GOOD}).picture("images/a.png")
    with pytest.raises(UsageError, match="klingon"):
        box.open(encoding="klingon")
