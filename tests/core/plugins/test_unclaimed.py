"""What no reader claims: the sentence says what the files are, as far as their first bytes tell, and nothing is left."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

import to_labelbox
from harness import annotation, coco, save
from to_labelbox import SourceError
from to_labelbox.plugins.registry import readers

GOOD = json.dumps(coco([annotation(1, bbox=[1, 2, 3, 4])]))


def archive(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(name, data)
    return buffer.getvalue()


ODD = {
    "a text named zip": ("a.zip", b"hello", "a.zip is no zip archive, although it is named like one"),
    "nothing": ("a.json", b"", "a.json is empty"),
    "zeros": ("a.json", bytes(100_000), "a.json begins with bytes of zero alone"),
    "two bytes a character": ("a.json", GOOD.encode("utf-16-le"), "a.json is written in UTF-32, or in UTF-16 without"),
    "four bytes a character": ("a.json", GOOD.encode("utf-32"), "a.json is written in UTF-32"),
    "an archive in one": (
        "a.zip",
        archive("b.zip", archive("c.json", b"{}")),
        r"holds archives \(b.zip\), and .* not read",
    ),
    "a packed file that is none": ("a.json.gz", GOOD.encode(), "a.json.gz cannot be read: it is no gz file"),
}


@pytest.mark.parametrize("odd", ODD)
def test_what_a_file_is_when_it_is_no_annotations(odd: str, tmp_path: Path) -> None:
    name, data, said = ODD[odd]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceError, match=said) as raised:
        to_labelbox.convert(tmp_path / name, tmp_path / "out")
    assert "the command batch" not in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_archives_is_for_the_command_batch(tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "a.zip").write_bytes(b"hello")
    with pytest.raises(SourceError, match=r"a\.zip is no zip archive") as raised:
        to_labelbox.convert(tmp_path / "sets", None)
    assert "It holds archives" not in str(raised.value)
    (tmp_path / "sets" / "b.zip").write_bytes(archive("a.json", GOOD.encode()))
    with pytest.raises(SourceError, match=r"It holds archives \(b\.zip\): convert each by itself"):
        to_labelbox.convert(tmp_path / "sets", None)


def test_a_refused_conversion_leaves_a_folder_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(SourceError):
        to_labelbox.convert(save(tmp_path / "a.json", {}), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_of_several_sets_is_for_the_command_batch(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data.yaml").write_text("train: images\nnames: [car]\n")
    with pytest.raises(
        SourceError, match=rf"holds several sets(.|\n)*`to-labelbox batch {tmp_path} -o OUT` converts each"
    ):
        to_labelbox.convert(tmp_path, None)


def test_a_reader_that_cannot_be_loaded_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wrote it has to see why it does not take the file."""
    monkeypatch.setitem(readers()._values, "mine", "no_such_module:FORMAT")
    monkeypatch.setattr(readers(), "_errors", {})
    with pytest.raises(
        SourceError, match="not mine: it is installed but cannot be loaded: ModuleNotFoundError: No module"
    ):
        to_labelbox.convert(save(tmp_path / "a.json", {}), None)


def test_pictures_alone_lack_their_annotations(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.png"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff")
    with pytest.raises(SourceError, match="It holds pictures alone: give the file or folder of their annotations"):
        to_labelbox.convert(tmp_path, None)
