"""Hostile inputs of every kind: ``python tests/hostile.py SEED COUNT``.

Sources as :mod:`fuzz` breaks them, archives of them with bytes turned, option files that are broken, huge, deep or no
files, names that steer terminals, damaged state, outputs and exports, the cloud. Whatever it is, it ends within ten seconds in an error that names what
it is about and is short, or in a balanced report with a valid payload. What does not is kept below out/hostile.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import to_labelbox
from fuzz import TooSlow, break_one, mutated, ways
from harness import ROOT, Case, annotation, cases, check_output, coco, image, save
from hostile_commands import COMMANDS
from hostile_kinds import HARD, MORE, NASTY
from to_labelbox import ToLabelboxError
from to_labelbox.model.text import display

SECONDS, WAITING, MOST = 10, 300, 200_000
"""Of the processor's time, of any time (another process may have the machine), and characters of a message."""
KEPT, KEPT_BYTES = ROOT / "out" / "hostile", 4 << 20
OPTIONS: dict[str, tuple[str, str]] = {
    "class_map": (
        "map.yaml",
        "classes:\n  car: {name: vehicle, geometry: bbox}\n  dog: null\nquestions: {weather: sky}\n",
    ),
    "data_rows": (
        "rows.ndjson",
        '{"global_key": "0.jpg", "id": "a"}\n{"global_key": "1.jpg", "external_id": "1.jpg"}\n',
    ),
    "sizes": ("sizes.csv", "key,width,height\n0.jpg,100,80\n1.jpg,100,80\n"),
    "ontology": (
        "ontology.json",
        '{"tools": [{"tool": "rectangle", "name": "car", "classifications": [{"type": "radio", "name": "color", "options": '
        + '[{"value": "red", "label": "red"}]}]}], "classifications": []}',
    ),
}


def small_set(folder: Path, chance: random.Random, names: bool = False) -> Path:
    """A healthy set of two pictures, or one with names that nobody gives."""
    pick: Callable[[str], str] = (lambda _: chance.choice(NASTY)) if names else (lambda name: name)
    shapes = [
        annotation(k, image_id=k % 2, bbox=[1, 2, 30, 40], attributes={pick("color"): pick("red")}) for k in range(4)
    ]
    images = [image(k, pick(f"{k}.jpg") or f"{k}.jpg") for k in range(2)]
    return save(folder / "set.json", coco(shapes, images, [{"id": 1, "name": pick("car")}]))


def of_content(chance: random.Random, found: list[Case], scratch: Path) -> None:
    case = chance.choice(found)
    folder = scratch / "input"
    shutil.copytree(case.input, folder, symlinks=True)
    break_one(folder, chance)
    check_output(scratch / "out", case.convert(scratch / "out", folder, **ways(case, folder, chance)))


def of_archive(chance: random.Random, found: list[Case], scratch: Path) -> None:
    case = chance.choice(found)
    path = scratch / "set.zip"
    with zipfile.ZipFile(
        path, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
    ) as archive:
        for file in sorted(case.input.rglob("*")):
            if file.is_file():
                archive.write(file, str(file.relative_to(case.input)))
        if chance.random() < 0.2:
            archive.writestr(chance.choice(("../x.json", "/abs.json", "a\x1b.json", "C:\\x.json", "aux")), "{}")
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice((0, 1, 1, 4))):
        data[chance.randrange(4, len(data))] = chance.randrange(256)
    path.write_bytes(data if chance.random() < 0.9 else data[: chance.randrange(len(data))])
    to_labelbox.convert(path, scratch / "out", format=case.format if chance.random() < 0.5 else None)


def of_option(chance: random.Random, _: list[Case], scratch: Path) -> None:
    source = small_set(scratch, chance)
    option = chance.choice(list(OPTIONS))
    name, text = OPTIONS[option]
    file = scratch / name
    if chance.random() < 0.1:
        os.mkfifo(file)
    else:
        file.write_bytes(chance.choice(HARD)(chance) if chance.random() < 0.4 else mutated(text.encode(), name, chance))
    given: dict[str, Any] = {
        option: chance.choice((str(file), str(file), str(file), "/dev/zero", "/nowhere", str(scratch)))
    }
    try:
        to_labelbox.convert(source, scratch / "out", **given)
    except ToLabelboxError as error:
        said = (name, str(given[option]), f"--{option.replace('_', '-')}")
        assert any(one in str(error) for one in said), f"does not name its file: {error}"
        raise


def of_names(chance: random.Random, _: list[Case], scratch: Path) -> None:
    source = small_set(scratch, chance, names=True)
    key = chance.choice(
        ("{relpath}", "{dataset}/{relpath}", "{relpath:>1000000000}", "{stem}", "{x}", "{", "{relpath!r}", "k")
    )
    settings = to_labelbox.Settings(global_key=key, url_prefix=chance.choice(("", "http://a]b/", "x" * 9000, "\x1b")))
    to_labelbox.convert(source, scratch / "out", settings=settings)


def of_state(chance: random.Random, _: list[Case], scratch: Path) -> None:
    small_set(scratch / "sets" / "a", chance)
    out = scratch / "out"
    to_labelbox.batch(scratch / "sets", out, shard=(1, 1))
    files = sorted(f for f in out.rglob("*") if f.is_file())
    file = chance.choice(files)
    file.write_bytes(mutated(file.read_bytes(), file.name, chance))
    report = to_labelbox.batch(scratch / "sets", out, resume=True)
    assert [row.problem for row in report.datasets] == [""], report.datasets
    assert [str(fault) for fault in to_labelbox.validate(out)] == []


KINDS: dict[str, tuple[int, Callable[[random.Random, list[Case], Path], None]]] = {
    "content": (50, of_content),
    "archive": (14, of_archive),
    "option": (12, of_option),
    "names": (5, of_names),
    "state": (2, of_state),
    **MORE,
    **COMMANDS,
}


def names_its_file(message: str, scratch: Path) -> bool:
    """Whether a refusal says what it is about: a file, an address, or an option."""
    if any(one in message for one in (str(scratch), "--", "-O ", "/dev/", "/nowhere", "://")):
        return True
    return any(display(file.name) in message for file in scratch.rglob("*"))


def _watch(seconds: float, waiting: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, waiting)


def _stop(_: int, frame: FrameType | None) -> None:
    raise TooSlow(f"not finished after {SECONDS} s, in {frame.f_code.co_qualname if frame else 'native code'}")


def trial(name: str, found: list[Case]) -> tuple[str, str]:
    """(kind and how it ended, what was wrong); ``name`` decides on everything."""
    chance = random.Random(name)
    kind = chance.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
    with tempfile.TemporaryDirectory(prefix="to-labelbox-hostile-") as scratch:
        _watch(SECONDS, WAITING)
        try:
            KINDS[kind][1](chance, found, Path(scratch))
        except ToLabelboxError as error:
            _watch(0, 0)
            if len(str(error)) > MOST or not str(error) or "defect" in str(error):
                return kind, f"{name}: {kind}: {str(error)[:300]}"
            if not names_its_file(str(error), Path(scratch)):
                return kind, f"{name}: {kind}: names no file: {str(error)[:300]}"
            return f"{kind}, refused", ""
        except (Exception, TooSlow) as error:
            _watch(0, 0)
            shutil.copytree(scratch, KEPT / name.replace("/", "-"), symlinks=True, dirs_exist_ok=True, ignore=_pipes)
            return kind, f"{name}: {kind}\n" + "".join(traceback.format_exception(error)[-3:])[:3000]
        finally:
            _watch(0, 0)
    return f"{kind}, read", ""


def _pipes(folder: str, names: list[str]) -> list[str]:
    """What is not kept: what is no file, and files with holes, which a copy would fill."""
    paths = {name: os.path.join(folder, name) for name in names}
    return [
        name
        for name, path in paths.items()
        if not os.path.isdir(path) and (not os.path.isfile(path) or os.path.getsize(path) > KEPT_BYTES)
    ]


def main(seed: str, count: int) -> int:
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, _stop)
    found, ended, defects = cases(), Counter[str](), 0
    for n in range(count):
        end, told = trial(f"{seed}/{n}", found)
        ended[end] += 1
        if told:
            defects += 1
            print(told, flush=True)
    print("; ".join(f"{end}: {times:,}" for end, times in sorted(ended.items())))
    print(f"{count:,} hostile inputs, {defects} defects (seed {seed})")
    return 1 if defects else 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
