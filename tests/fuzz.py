"""Breaks copies of the fixtures at random and converts them: ``python tests/fuzz.py SEED COUNT [FORMAT]``.

Whatever is wrong with an input, it ends in a ToLabelboxError or in a balanced report with a valid payload, and soon. A
copy that does not is kept below out/fuzz. :mod:`test_laws` does the same to each fixture a few times, always alike.
"""

from __future__ import annotations

import dataclasses
import json
import random
import re
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

from harness import ROOT, Case, cases, check_output, walk
from to_labelbox import ToLabelboxError
from to_labelbox.rules.settings import Outside, Policy

SECONDS = 60
"""No fixture takes a second; this leaves room for a busy machine."""
KEPT = ROOT / "out" / "fuzz"

# ------------------------------------------------------------------------------------------------------------ breaking

ODD: list[Any] = [
    None,
    "",
    "x",
    -1,
    0,
    0.5,
    1e308,
    True,
    [],
    {},
    [[]],
    "NaN",
    "1,2",
    10**30,
    "\u0000\ud800",
    "../../x",
    [None],
    {"a": []},
]
"""Values in place of those of a JSON document."""
WORDS = [
    b"nan",
    b"-1",
    b"abc",
    b"1e999",
    b"",
    b"99999999999999999999",
    b"\xff\xfe",
    b"\0",
    b"<",
    b'"',
    b"&x;",
    b"1e-320",
]
"""Words in place of numbers and names."""
BITS = [
    b"null",
    b'""',
    b"[]",
    b"{}",
    b"[[[[",
    b"]]>",
    b"&#0;",
    b",",
    b"\n",
    b"-",
    b"\xed\xa0\x80",
    b'"\\ud800"',
    *WORDS,
]
"""What is put in anywhere."""


def mutated(data: bytes, name: str, chance: random.Random) -> bytes:
    """A document with one thing wrong, or a few: cut off, a field changed or gone, a number spoilt, bytes turned."""
    way = chance.choice(["cut", "bytes", "word", "word", "splice", "splice", "field", "field", "drop", "drop", "empty"])
    if name.lower().endswith(".json") and way in ("field", "drop"):
        return _other_field(data, way == "drop", chance)
    if way == "empty":
        return b""
    if way == "cut":
        return data[: chance.randrange(len(data) + 1)]
    if way == "bytes":
        spoilt = bytearray(data)
        for _ in range(3):
            if spoilt:
                spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        return bytes(spoilt)
    if way == "splice":
        for _ in range(chance.choice((1, 1, 2, 4))):
            data = _spliced(data, chance)
        return data
    tokens = list(re.finditer(rb"[\w.+-]+", data))
    if not tokens:
        return b"\0"
    token = chance.choice(tokens)
    return data[: token.start()] + chance.choice(WORDS) + data[token.end() :]


def _other_field(data: bytes, drop: bool, chance: random.Random) -> bytes:
    try:
        document = json.loads(data)
    except ValueError:
        return data[: len(data) // 2]
    places = list(walk(document))
    for container, key in chance.sample(places, min(len(places), chance.randint(1, 2))):
        try:
            if drop:
                del container[key]
            else:
                container[key] = chance.choice(ODD)
        except (IndexError, KeyError):
            continue
    return json.dumps(document).encode()


def _spliced(data: bytes, chance: random.Random) -> bytes:
    """Some bytes left out, said again, or replaced by something that means something."""
    start = chance.randrange(len(data) + 1)
    end = start + chance.choice((0, 1, 1, 2, 5, 20, 200))
    return data[:start] + chance.choice([b"", data[start:end] * 2, chance.choice(BITS)]) + data[end:]


def break_one(folder: Path, chance: random.Random) -> Path:
    """Break one file of a copied input; which."""
    file = chance.choice([f for f in sorted(folder.rglob("*")) if f.is_file() and not f.is_symlink()])
    file.write_bytes(mutated(file.read_bytes(), file.name, chance))
    return file


def ways(case: Case, folder: Path, chance: random.Random) -> dict[str, Any]:
    """One of the ways in which there is to convert a copy of a case."""
    given = case.arguments(folder)
    settings = dataclasses.replace(
        given["settings"],
        geometry=chance.choice([given["settings"].geometry, *Policy]),
        outside=chance.choice([Outside.CLIP, *Outside]),
        relationships=chance.random() < 0.3,
    )
    more: dict[str, Any] = {"settings": settings}
    if chance.random() < 0.5:
        more["format"] = case.format
    return more


def convert_broken(case: Case, folder: Path, out: Path, chance: random.Random) -> None:
    """Convert a broken copy of a case. Raises whatever is a defect."""
    more = ways(case, folder, chance)
    try:
        made = case.convert(out, folder, **more)
    except ToLabelboxError as error:
        assert "defect" not in str(error), error
        assert str(error)
    else:
        check_output(out, made)


# ---------------------------------------------------------------------------------------------------------- by the hour


class TooSlow(BaseException):
    """No ``except Exception`` on the way stops it."""


def _stop(_: int, frame: FrameType | None) -> None:
    raise TooSlow(f"not finished after {SECONDS} s, in {frame.f_code.co_qualname if frame else 'native code'}")


def trial(case: Case, name: str) -> str:
    """What went wrong, empty when nothing did; ``name`` decides on everything."""
    chance = random.Random(name)
    with tempfile.TemporaryDirectory(prefix="to-labelbox-fuzz-") as scratch:
        folder = Path(scratch) / "input"
        shutil.copytree(case.input, folder, symlinks=True)
        file = break_one(folder, chance)
        signal.alarm(SECONDS)
        try:
            convert_broken(case, folder, Path(scratch) / "out", chance)
        except (Exception, TooSlow) as error:
            kept = KEPT / name.replace("/", "-")
            shutil.copytree(folder, kept, symlinks=True, dirs_exist_ok=True)
            told = "".join(traceback.format_exception(error)[-3:])
            return f"{name}: {case.id}, {file.relative_to(folder)} is broken; see {kept}\n{told}"
        finally:
            signal.alarm(0)
    return ""


def main(seed: str, count: int, format: str = "*") -> int:
    found = cases(format)
    if not found:
        print(f"no fixtures of format {format!r}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGALRM, _stop)
    defects = 0
    for n in range(count):
        name = f"{seed}/{n}"
        if told := trial(random.Random(f"{name}/case").choice(found), name):
            defects += 1
            print(told, flush=True)
    print(f"{count} broken inputs, {defects} defects (seed {seed})")
    return 1 if defects else 0


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or not sys.argv[2].isdecimal():
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
