"""The state of an interrupted or finished batch is data: damaged, it costs a rerun; nothing else comes of it.

``TO_LABELBOX_DAMAGES`` is how many random damages are tried (``make damage``: 1,000).
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import msgspec
import pytest

import to_labelbox
from harness import annotation, coco, contents, image, save
from to_labelbox import UsageError
from to_labelbox.batches.lock import locked
from to_labelbox.batches.plan import load_datasets, save_datasets
from to_labelbox.conversion.checkpoint import save_sealed

DAMAGES = int(os.environ.get("TO_LABELBOX_DAMAGES", "24"))
SEED = int(os.environ.get("TO_LABELBOX_SEED", "1"))
WORKING, MEMORY = ".to-labelbox-partial", ".to-labelbox-batch"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path, dict[str, bytes]]:
    """Sources, the folder of a batch that was stopped before anything was published, one that ended, what that holds."""
    folder = tmp_path_factory.mktemp("state")
    for n, name in enumerate("abc"):
        boxes = [annotation(k, image_id=k % 5, bbox=[1 + n, 2, 30, 40 + k]) for k in range(20)]
        save(folder / "sets" / name / "x.json", coco(boxes, [image(k, f"{name}{k}.jpg") for k in range(5)]))
    to_labelbox.batch(folder / "sets", folder / "begun", shard=(1, 1))
    to_labelbox.batch(folder / "sets", folder / "ended")
    return folder / "sets", folder / "begun", folder / "ended", published(folder / "ended")


def published(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(out).items() if not name.startswith(".")}


def damage(file: Path, chance: random.Random) -> None:
    data = bytearray(file.read_bytes())
    way = chance.choice(["bit", "bytes", "cut", "grown", "empty", "gone", "words"])
    if way in ("bit", "bytes") and data:
        for _ in range(1 if way == "bit" else 20):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif way == "cut":
        data = data[: chance.randrange(len(data) + 1)]
    elif way == "grown":
        data += chance.randbytes(chance.randrange(1, 50))
    elif way == "empty":
        data = bytearray()
    elif way == "words":
        data = bytearray(b'{"__class__": "os.system", "path": "../../x"}' + data[:10])
    if way == "gone":
        file.unlink()
    else:
        file.write_bytes(data)


@pytest.mark.parametrize("number", range(DAMAGES))
def test_a_random_damage_costs_a_rerun_at_most(
    number: int, made: tuple[Path, Path, Path, dict[str, bytes]], tmp_path: Path
) -> None:
    sets, begun, ended, expected = made
    chance = random.Random(f"{SEED}/{number}")
    out = tmp_path / "place" / "out"
    shutil.copytree(begun if number % 2 else ended, out)
    state = sorted(f for f in out.rglob("*") if f.is_file() and f"{os.sep}.to-labelbox" in str(f))
    broken = chance.choice(state if chance.random() < 0.8 else sorted(f for f in out.rglob("*") if f.is_file()))
    damage(broken, chance)
    try:
        report = to_labelbox.batch(sets, out, resume=True, workers=1)
    except UsageError as error:  # what names the damage and how to go on
        assert "--overwrite" in str(error)
        report = to_labelbox.batch(sets, out, overwrite=True, workers=1)
    assert [row.problem for row in report.datasets] == ["", "", ""]
    assert published(out) == expected
    assert sorted(p.name for p in tmp_path.iterdir()) == ["place"]
    assert sorted(p.name for p in (tmp_path / "place").iterdir()) == ["out"]


@pytest.mark.parametrize("name", ["head", "000000000-000000005.done", "000000000-000000005.lines"])
def test_a_share_that_was_damaged_is_mended_by_its_machine(
    name: str, made: tuple[Path, Path, Path, dict[str, bytes]], tmp_path: Path
) -> None:
    """A merge that was refused has taken over the damaged file; that of the machine which ran again replaces it."""
    sources, _, _, whole = made
    shares = [tmp_path / "1", tmp_path / "2"]
    for n, out in enumerate(shares, 1):
        to_labelbox.batch(sources, out, shard=(n, 2))
    (file,) = [f for f in (shares[1] / WORKING).rglob(name) if f.is_file()]
    file.write_bytes(b"damaged")
    with pytest.raises(UsageError, match="1 of 3 datasets not finished"):
        to_labelbox.merge(shares, tmp_path / "all")
    to_labelbox.batch(sources, shares[1], shard=(2, 2), resume=True)
    to_labelbox.merge(shares, tmp_path / "all")
    assert published(tmp_path / "all") == whole


def test_a_list_of_datasets_that_leads_elsewhere_is_none(
    made: tuple[Path, Path, Path, dict[str, bytes]], tmp_path: Path
) -> None:
    """Also where somebody has made the digest anew: what is done is to be run again, and nothing is written elsewhere."""
    _, begun, _, _ = made
    out = tmp_path / "place" / "out"
    shutil.copytree(begun, out)
    found = load_datasets(str(out / WORKING))
    assert found is not None
    save_datasets(str(out / WORKING), [msgspec.structs.replace(f, path=f"../../{f.path}") for f in found])
    with pytest.raises(UsageError, match="run its shard again"):
        to_labelbox.merge([out])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["place"]


def test_state_that_was_made_up_is_read_again(made: tuple[Path, Path, Path, dict[str, bytes]], tmp_path: Path) -> None:
    sets, begun, _, expected = made
    out = tmp_path / "out"
    shutil.copytree(begun, out)
    for n, file in enumerate(sorted((out / WORKING).rglob("*.done"))):
        save_sealed(
            str(file), [b"", b"\x81", msgspec.msgpack.encode({"start": -5, "stop": 10**18}), b"[" * 9000][n % 4]
        )
    for file in (out / WORKING).rglob("head"):
        save_sealed(str(file), msgspec.msgpack.encode([{}] * 3))
    to_labelbox.batch(sets, out, resume=True)
    assert published(out) == expected


def test_a_published_file_of_the_same_size_is_compared_by_its_content(
    made: tuple[Path, Path, Path, dict[str, bytes]], tmp_path: Path
) -> None:
    sets, _, ended, expected = made
    out = tmp_path / "out"
    shutil.copytree(ended, out)
    file = out / "b" / "annotations.ndjson"
    file.write_bytes(file.read_bytes().replace(b"car", b"cat"))
    to_labelbox.batch(sets, out, resume=True)
    assert published(out) == expected


def test_the_old_report_stays_until_the_new_files_have_their_names(
    made: tuple[Path, Path, Path, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets, *_ = made
    out = tmp_path / "out"
    to_labelbox.convert(sets / "a" / "x.json", out, shard_lines=3)
    before = contents(out)
    replace, left = os.replace, [3]

    def failing(source: str, target: str) -> None:
        if Path(target).parent == out:
            left[0] -= 1
            if not left[0]:
                raise OSError(5, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="Input/output error"):
        to_labelbox.convert(sets / "b" / "x.json", out, overwrite=True)
    monkeypatch.undo()
    assert contents(out) == before
    to_labelbox.convert(sets / "b" / "x.json", out, overwrite=True)
    assert "annotations-00001.ndjson" not in contents(out)


def test_a_folder_that_cannot_be_locked_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_lock(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.lockf", no_lock)
    with locked(str(tmp_path)) as unprotected:
        assert unprotected == "Operation not supported"
    save(tmp_path / "sets" / "a.json", coco([annotation(1, bbox=[1, 2, 3, 4])]))
    report = to_labelbox.batch(tmp_path / "sets", tmp_path / "out")
    assert "lock-unavailable" in {d.code for d in report.diagnostics}
