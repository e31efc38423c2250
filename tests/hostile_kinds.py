"""Kinds of hostile inputs beside those of the fixtures: encodings, folders, packed files, XML, outputs, terminals."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import to_labelbox
from growth_sets import SETS, arguments, write
from harness import Case, annotation, check_output, coco, save

NASTY = (
    "a\x1b[31m",
    "\u202e\u2066x",
    "x" * 1_000_000,
    "\ud800",
    "../../x",
    "",
    "\0",
    "a\nb",
    "con",
    "{relpath}",
    "%s%n",
)

HARD: list[Callable[[random.Random], bytes]] = [
    lambda _: b"[" * 100_000,
    lambda _: b"a:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 1500)),
    lambda _: b'{"a": "\\ud800", "global_key": "\\udfff"}',
    lambda _: b'classes: {"\\ud800": {name: "\\udc00"}}',
    lambda chance: chance.randbytes(3000),
    lambda _: b"a,b,c\n" + b"9" * 9000 + b"," + b"9" * 9000 + b",1\n",
    lambda _: b"\xff\xfe" + "classes: {}".encode("utf-16-le"),
    lambda _: b"&a [*a, *a]",
    lambda _: b"a: &x [1]\nb: [*x, *x, *x]\n",
    lambda _: b"!!python/object/apply:os.system ['true']",
    lambda _: json.dumps({"classes": {"n" * 300 + str(k): None for k in range(3000)}}).encode(),
]


ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "cp1252", "utf-7")
ENDS = ("\r\n", "\r", "\n\r", "\u2028", "\v", "\n\n")


def convert(folder: Path, format: str, out: Path, chance: random.Random) -> None:
    given = arguments(format, folder)
    if chance.random() < 0.5:
        del given["format"]
    check_output(out, to_labelbox.convert(folder, out, **given))


def healthy(chance: random.Random) -> tuple[str, dict[str, bytes]]:
    format = chance.choice(list(SETS))
    dimension = chance.choice(list(SETS[format]))
    return format, dict(SETS[format][dimension](chance.choice((1, 2, 5))))


def of_encoding(chance: random.Random, _: list[Case], scratch: Path) -> None:
    """A healthy set, coded or ended otherwise."""
    format, files = healthy(chance)
    name = chance.choice(sorted(files))
    text = files[name].decode()
    if chance.random() < 0.4:
        text = text.replace("\n", chance.choice(ENDS)).replace(",", chance.choice((",", ",\r\n", ",\t ", ",\ufeff")))
    data = text.encode(chance.choice((*ENCODINGS, "utf-8", "utf-8")), "replace")
    data += chance.choice((b"", b"", b"", bytes(chance.choice((1, 4096))), b"\x1a", b"\xff", b"\n" * 5000))
    files[name] = data[: chance.randrange(len(data) + 1)] if chance.random() < 0.1 else data
    convert(write(scratch / "set", files), format, scratch / "out", chance)


def of_folder(chance: random.Random, _: list[Case], scratch: Path) -> None:
    """A healthy set among links, pipes, sparse files and names of all kinds."""
    format, files = healthy(chance)
    folder = write(scratch / "set", files)
    first = folder / chance.choice(sorted(files))
    for _n in range(chance.choice((1, 2, 4))):
        place = chance.choice((folder, first.parent))
        at = place / (chance.choice(("x", "b", first.stem.swapcase(), "a\nb")) + first.suffix)
        add: Callable[[], object] = chance.choice(
            (
                lambda at=at, place=place: os.symlink(chance.choice((".", "..", "/", at.name, "nowhere")), at),
                lambda at=at: os.symlink(first, at),
                lambda at=at: os.link(first, at),
                lambda at=at: os.mkfifo(at),
                lambda at=at: subprocess.run(["truncate", "-s", chance.choice(("0", "1M", "3G")), at], check=True),
                lambda at=at: shutil.copyfile(first, at) if first.stat().st_size < 1 << 20 else None,
                lambda at=at: (at / "x" / at.name).mkdir(parents=True),
                lambda place=place: shutil.copyfile(
                    first if first.stat().st_size < 1 << 20 else os.devnull,
                    os.fsdecode(os.fsencode(place) + b"/\xff\xfe" + os.fsencode(first.suffix)),
                ),
                lambda: os.truncate(first, first.stat().st_size + chance.choice((1, 4096, 3 << 30))),
                lambda: os.chmod(first, 0),
            )
        )
        if not os.path.lexists(at):
            add()
    convert(folder, format, scratch / "out", chance)


def _zipped(files: dict[str, bytes], chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(
                chance.choice((name, name, name, "/" + name, "../" + name, name.replace("/", "\\"), f"a\nb/{name}"))
            )
            info.external_attr = chance.choice((0, 0, 0o120777 << 16, 0o020666 << 16, 0o010666 << 16))
            with archive.open(info, "w", force_zip64=chance.random() < 0.5) as member:
                member.write(data)
    packed = bytearray(buffer.getvalue())
    if chance.random() < 0.2:  # as if it were encrypted
        packed[6] |= 1
        packed[packed.find(b"PK\1\2") + 8] |= 1
    return bytes(packed)


def of_packed(chance: random.Random, _: list[Case], scratch: Path) -> None:
    """A healthy set in an archive of some kind, whole or not."""
    format, files = healthy(chance)
    buffer = io.BytesIO()
    kind = chance.choice(("zip", "zip", "zip", "gz", "gz", "tar", "tar.gz"))
    if kind == "zip":
        data = _zipped(files, chance)
        data = chance.choice((data, data, b"#!/bin/sh\n" + data, data + b"more", _zipped({"in.zip": data}, chance)))
    elif kind == "gz":
        kind = f"{min(files).rpartition('.')[2]}.gz"
        data = gzip.compress(files[min(files)])
        data = chance.choice((data, data[: len(data) // 2], data[:-8] + bytes(8), data + b"x", data * 2, b"text"))
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz" if kind == "tar.gz" else "w") as archive:
            device = tarfile.TarInfo("dev")
            device.type = tarfile.CHRTYPE
            archive.addfile(device)
        data = buffer.getvalue()
    path = scratch / f"set.{chance.choice((kind, kind, 'zip', 'json', 'gz'))}"
    path.write_bytes(data)
    convert(path, format if format != "yolo" else "coco", scratch / "out", chance)


def of_xml(chance: random.Random, _: list[Case], scratch: Path) -> None:
    """XML that grows, goes deep, or asks for other files."""
    format = chance.choice(("voc", "cvat"))
    files = dict(SETS[format]["annotations an asset"](1))
    name = next(iter(files))
    text = files[name].decode()
    entities = "".join(f'<!ENTITY {chr(98 + k)} "{f"&{chr(97 + k)};" * 10}">' for k in range(9))
    head = chance.choice(
        (
            f'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">{entities}]>',
            '<!DOCTYPE a [<!ENTITY j SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE a SYSTEM "http://192.0.2.1/x.dtd">',
            "<?xml version='1.1' encoding='utf-7'?>",
            "",
        )
    )
    deep = chance.choice((0, 0, 300, 100_000))
    inner = f"{'<x>' * deep}{'</x>' * deep}" + chance.choice(
        ("&j;", "&#0;", "&#xFFFF;", "<![CDATA[<x>]]>", "]]>", "<?x?>")
    )
    at = chance.choice((text.find("car"), text.find(">") + 1, text.rfind("<")))
    files[name] = (head + text[:at] + inner + text[at:]).encode()
    convert(write(scratch / "set", files), format, scratch / "out", chance)


def of_output(chance: random.Random, _: list[Case], scratch: Path) -> None:
    """Places where nothing can be written, or that look like none."""
    source = save(scratch / "set" / "a.json", coco([annotation(1, bbox=[1, 2, 30, 40])]))
    (scratch / "file").write_text("")
    (scratch / "link").symlink_to(chance.choice(("nowhere/x", "link", "set", "file")))
    out = chance.choice(
        (
            scratch / "file",
            scratch / "file" / "x",
            scratch / "link",
            scratch / "set",
            scratch / "set" / ".." / "out",
            scratch / ("x" * 300),
            Path("/dev/null"),
            Path("/proc/nowhere"),
            scratch / "a\nb\x1b",
        )
    )
    if chance.random() < 0.3:
        to_labelbox.batch(scratch / "set", out)
    else:
        to_labelbox.convert(source, out)


def of_terminal(chance: random.Random, _: list[Case], scratch: Path) -> None:
    """What the command prints of names that nobody gives, in a poor environment."""
    nasty = [
        name for name in NASTY if "/" not in name and "\0" not in name and 0 < len(name) < 100 and name != "\ud800"
    ]
    shapes = [annotation(1, bbox=[1, 2, 30, 40], attributes={chance.choice(NASTY): chance.choice(NASTY)})]
    name = chance.choice(nasty)
    folder = scratch / chance.choice(nasty)
    source = save(folder / f"{name}.json", coco(shapes, None, [{"id": 1, "name": chance.choice(NASTY)}]))
    surroundings = chance.choice(
        (
            {},
            {"LC_ALL": "C", "PYTHONUTF8": "0"},
            {"PYTHONIOENCODING": "ascii"},
            {"HOME": "/nowhere", "TMPDIR": "/nowhere"},
            {"TZ": "no/where"},
        )
    )
    command = chance.choice(("convert", "inspect", "ontology", "batch"))
    place = folder if command == "batch" else source
    more = ["-o", str(scratch / "out")] if command in ("convert", "batch") else []
    made = subprocess.run(
        [sys.executable, "-m", "to_labelbox", command, str(place), *more],
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, **surroundings},
    )
    assert made.returncode in (0, 1, 2, 3), made
    printed = (made.stdout + made.stderr).decode()
    assert "Traceback" not in printed, printed
    assert len(made.stderr) < 200_000
    assert len(made.stdout) < 200_000 or command == "ontology"  # which is asked for whole
    assert [c for c in printed if not c.isprintable() and c not in "\n\t"] == []


Kind = tuple[int, Callable[[random.Random, list[Case], Path], None]]
MORE: dict[str, Kind] = {
    "encoding": (5, of_encoding),
    "folder": (5, of_folder),
    "packed": (4, of_packed),
    "xml": (2, of_xml),
    "output": (1, of_output),
    "terminal": (1, of_terminal),
}
