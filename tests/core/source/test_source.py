"""Files, folders and archives as sources: what is opened, what is refused, and in which words."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import annotation, coco, contents, save
from to_labelbox import FileError, SourceError, UsageError
from to_labelbox.model.text import display
from to_labelbox.source.files import Source
from to_labelbox.source.fingerprint import inventory
from to_labelbox.source.paths import is_safe

DOCUMENT = json.dumps(coco([annotation(1, bbox=[1, 1, 5, 5])])).encode()


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def converted(path: Path, out: Path) -> int:
    return to_labelbox.convert(path, out).annotations.converted


# --------------------------------------------------------------------------------------------- the same in any wrapping


def test_a_file_in_any_wrapping_gives_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "instances.json").write_bytes(DOCUMENT)
    (tmp_path / "instances.json.gz").write_bytes(gzip.compress(DOCUMENT))
    archive(tmp_path / "set.zip", **{"instances.json": DOCUMENT})
    sources = [folder, folder / "instances.json", tmp_path / "instances.json.gz", tmp_path / "set.zip"]
    for n, source in enumerate(sources):
        to_labelbox.convert(source, tmp_path / f"out{n}")
    lines = {(tmp_path / f"out{n}" / "annotations.ndjson").read_bytes() for n in range(4)}
    assert len(lines) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_of_json(tmp_path: Path, encoding: str) -> None:
    text = DOCUMENT.decode().replace("1.jpg", "ü.jpg")
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    (tmp_path / "instances.json").write_bytes((mark + text).encode(encoding))
    assert converted(tmp_path / "instances.json", tmp_path / "out") == 1
    assert "\\u00fc.jpg" in (tmp_path / "out" / "data_rows.ndjson").read_text()


# ----------------------------------------------------------------------------------------------------- archives


@pytest.mark.parametrize("name", ["../x.json", "/x.json", "a/../../x.json", "C:/x.json", "..\\x.json"])
def test_a_member_that_leads_out(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "set.zip", **{"instances.json": DOCUMENT, name: b"{}"})
    with pytest.raises((SourceError, FileError), match="leads out of the archive"):
        to_labelbox.convert(path, tmp_path / "out")


def test_a_member_that_is_there_twice(tmp_path: Path) -> None:
    path = archive(tmp_path / "set.zip", **{"instances.json": DOCUMENT})
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("instances.json", b"{}")
    with pytest.raises((SourceError, FileError), match="is there twice"):
        to_labelbox.convert(path, tmp_path / "out")


def test_an_encrypted_archive(tmp_path: Path) -> None:
    path = archive(tmp_path / "set.zip", **{"instances.json": DOCUMENT})
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = data.index(mark) + at
        (flags,) = struct.unpack_from("<H", data, place)
        struct.pack_into("<H", data, place, flags | 1)
    path.write_bytes(data)
    with pytest.raises((SourceError, FileError), match="encrypted: unpack it first"):
        to_labelbox.convert(path, tmp_path / "out")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_an_archive_that_is_cut_off(tmp_path: Path, kind: str, share: float) -> None:
    whole = archive(tmp_path / "whole.zip", **{"instances.json": DOCUMENT}).read_bytes()
    data = whole if kind == "zip" else gzip.compress(DOCUMENT)
    path = tmp_path / f"instances.json.{kind}"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises((SourceError, FileError)):
        to_labelbox.convert(path, tmp_path / "out")


def test_an_archive_that_unpacks_to_much_more(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file, file.open("instances.json", "w") as member:
        member.write(DOCUMENT[:-1])
        for _ in range(80):
            member.write(b" " * 2**20)
    (tmp_path / "set.zip").write_bytes(buffer.getvalue())
    report = to_labelbox.convert(tmp_path / "set.zip", tmp_path / "out")
    assert report.exit_code() == 3
    (told,) = [d for d in report.diagnostics if d.code == "file-unreadable"]
    assert "times its size" in told.examples[0].message


# ------------------------------------------------------------------------------------------------------- folders


def test_links_are_not_followed_on_a_walk(tmp_path: Path) -> None:
    outside = save(tmp_path / "outside" / "b.json", coco([annotation(7, bbox=[1, 1, 5, 5])]))
    folder = save(tmp_path / "set" / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])])).parent
    (folder / "linked").symlink_to(outside.parent)
    (folder / "b.json").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    assert list(Source(folder).names) == ["a.json"]
    assert converted(folder, tmp_path / "out") == 1


def test_a_link_that_is_named_is_the_file_it_leads_to(tmp_path: Path) -> None:
    outside = save(tmp_path / "outside" / "b.json", coco([annotation(7, bbox=[1, 1, 5, 5])]))
    here, there = tmp_path / "here" / "one.json", tmp_path / "there" / "two.json"
    for link in (here, there):
        link.parent.mkdir()
        link.symlink_to(outside)
    assert converted(here, tmp_path / "out") == 1
    assert Source(here, there).read("there/two.json") == outside.read_bytes()
    before = inventory(str(here))
    assert before == inventory(str(outside))
    outside.write_text(outside.read_text() + " ")
    assert inventory(str(here)) != before


def test_links_that_are_not_followed_are_told(tmp_path: Path) -> None:
    folder = save(tmp_path / "set" / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])])).parent
    for name in ("pictures", "more", ".venv"):
        (folder / name).symlink_to(tmp_path)
    (told,) = [d for d in to_labelbox.convert(folder, tmp_path / "out").diagnostics if d.code == "file-ignored"]
    assert (told.count, told.examples[0].file) == (2, "more")
    (folder / "a.json").unlink()
    with pytest.raises(SourceError, match="2 links are not followed, more is the first"):
        to_labelbox.convert(folder, tmp_path / "none")


@pytest.mark.parametrize(
    ("mode", "name", "kind"), [("w", "a.tar", "tar"), ("w:gz", "a.tar.gz", "tar"), ("w:gz", "a.tgz", "gzip")]
)
def test_archives_that_are_not_read_in_place_are_named(tmp_path: Path, mode: Any, name: str, kind: str) -> None:
    with tarfile.open(tmp_path / name, mode) as archive:
        archive.add(save(tmp_path / "a.json", coco([])), "a.json")
    with pytest.raises(SourceError, match=f"is a {kind} archive, which is not read in place: unpack it"):
        to_labelbox.convert(tmp_path / name, tmp_path / "out")


def test_what_is_no_file_in_a_folder_is_left_alone(tmp_path: Path) -> None:
    folder = save(tmp_path / "set" / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])])).parent
    os.mkfifo(folder / "pipe.json")
    assert converted(folder, tmp_path / "out") == 1


def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a pipe or a device"):
        to_labelbox.convert(tmp_path / "pipe", tmp_path / "out")


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    with pytest.raises(SourceError, match=r"set: there is no file in it"):
        to_labelbox.convert(tmp_path / "set", tmp_path / "out")


def test_a_folder_of_archives_says_what_to_do(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "task.zip", "w") as archive:
        archive.writestr("a.json", "[]")
    with pytest.raises(SourceError, match=r"It holds archives \(task\.zip\): convert each by itself"):
        to_labelbox.convert(tmp_path, tmp_path / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", coco([]))
    path.chmod(0)
    with pytest.raises((SourceError, FileError), match="ermission"):
        to_labelbox.convert(path, tmp_path / "out")


def test_the_source_is_never_written_to(tmp_path: Path) -> None:
    folder = save(tmp_path / "set" / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])])).parent
    before = contents(folder)
    to_labelbox.convert(folder, tmp_path / "out", workers=2)
    assert contents(folder) == before


def test_several_files_or_one_folder(tmp_path: Path) -> None:
    path = save(tmp_path / "set" / "a.json", coco([]))
    with pytest.raises(UsageError, match="is a folder: give one folder, or several files of one set"):
        Source(path, path.parent)
    with pytest.raises(UsageError, match="no such file"):
        Source(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="no source given"):
        Source()


# --------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["a", "a/b.c", "a..b/c", "...", "a b/ü", ".hidden"])
def test_names_that_stay_below_their_root(name: str) -> None:
    assert is_safe(name)


@pytest.mark.parametrize("name", ["/a", "\\a", "..", "../a", "a/..", "a\\..\\b", "C:a", "a\0b"])
def test_names_that_do_not(name: str) -> None:
    assert not is_safe(name)


def test_a_name_on_a_terminal_controls_nothing() -> None:
    assert display("a\x1b[31m\n\u202eb\ud800é") == "a\\x1b[31m\\n\\u202eb\\ud800é"


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_folders_of_programs_are_not_looked_into(tmp_path: Path, kind: str) -> None:
    names = ["a.json", "in.venv/b.json", ".c.json"]
    others = [".git/x", "in/.ipynb_checkpoints/a.json", "__MACOSX/._a", "in/__MACOSX/._a", "ui/node_modules/p/x.json"]
    others += ["env/lib/site-packages/p/x.txt", "venv/x.cfg", "src/__pycache__/x.pyc"]
    for name in names + others:
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DOCUMENT)
    source = tmp_path / "set"
    if kind == "zip":
        source = archive(tmp_path / "set.zip", **{f"./{name}": DOCUMENT for name in names + others})
        names = [f"./{name}" for name in names]
    assert sorted(Source(source).names) == sorted(names)


def test_a_hidden_folder_that_is_the_source_itself_is_read(tmp_path: Path) -> None:
    assert (
        converted(save(tmp_path / ".set" / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])])).parent, tmp_path / "out")
        == 1
    )
