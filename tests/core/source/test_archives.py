"""Archives that are damaged or unpack to too much: refused by their name, before room is taken for them."""

from __future__ import annotations

import gzip
import io
import random
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import to_labelbox
from to_labelbox import FileError, ToLabelboxError
from to_labelbox.source.files import Source


def test_each_fault_of_a_zip_names_the_archive(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(3):
            archive.writestr(f"Annotations/{n}.xml", f"<annotation><filename>{n}.jpg</filename></annotation>" * 20)
    good = buffer.getvalue()
    path = tmp_path / "set.zip"
    chance = random.Random(1)
    refused = 0
    for _ in range(1500):
        data = bytearray(good)
        for _ in range(chance.choice((1, 1, 3))):
            data[chance.randrange(4, len(data))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        path.write_bytes(data)
        try:
            source = Source(path)
            for name in source.names:
                source.head(name)
                source.read(name)
        except ToLabelboxError as error:
            refused += 1
            assert str(path) in str(error), error
    assert refused > 300


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousandth of the limits in bytes, to be quick."""
    monkeypatch.setattr("to_labelbox.source.archives.RATIO_FREE_BYTES", 64 << 10)
    monkeypatch.setattr("to_labelbox.source.archives.LARGE_BYTES", 1 << 20)


@pytest.mark.usefixtures("small_limits")
def test_many_members_are_no_way_around_the_limits(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    member = bytes(60 << 10)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(20):
            archive.writestr(f"{n}.json", member)
    with pytest.raises(FileError, match=r"set\.zip: unpacks to more than 100 times"):
        Source(path)


@pytest.mark.usefixtures("small_limits")
def test_a_gz_has_a_ratio_too(tmp_path: Path) -> None:
    path = tmp_path / "set.json.gz"
    with gzip.open(path, "wb") as file:
        file.write(bytes(1100 << 10))
    with pytest.raises(FileError, match="zip bomb"):
        Source(path).read("set.json.gz")


LITTLE_MEMORY = """
import resource, sys
from to_labelbox.source.files import Source
source = Source(sys.argv[1])
source.names
resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20))
print(len(source.read("small.bin")))
try:
    source.read("large.bin")
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS"), reason="no limit of address space")
def test_reading_asks_for_what_the_file_holds(tmp_path: Path) -> None:
    (tmp_path / "small.bin").write_bytes(bytes(100_000))
    with open(tmp_path / "large.bin", "wb") as file:
        file.truncate(1 << 30)
    made = subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert made.stdout.splitlines() == [
        "100000",
        "FileError cannot be read: there is too little memory for its 1,073,741,824 bytes",
    ], made.stderr


def test_what_is_above_a_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(1000))
    with pytest.raises(FileError, match="larger than 999 bytes"):
        Source(tmp_path).read("a.bin", 999)
    assert len(Source(tmp_path).read("a.bin", 1000)) == 1000
    with pytest.raises(ToLabelboxError):
        to_labelbox.convert(tmp_path, None)
