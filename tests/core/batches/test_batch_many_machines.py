"""Many datasets with one ontology: found, joined, converted by workers, interrupted and resumed: many machines."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import to_labelbox
from builders.batch import BOX, COMMAND, OPTIONS, box_set, check, tree
from harness import annotation, check_report, coco, contents, image, report, save
from to_labelbox import UsageError


@pytest.mark.parametrize("together", [True, False])
def test_shards_merged_are_the_bytes_of_one_machine(
    sources: Path, tmp_path: Path, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shards write to one folder or to a folder each; the largest file is shared, one dataset cannot be opened."""
    monkeypatch.setattr("to_labelbox.batches.run.SHARED_BYTES", 100_000)
    root = tmp_path / "in"
    shutil.copytree(sources, root)
    save(root / "wrong" / "wrong.json", coco([annotation(**BOX)], [image(1, "x/1.jpg"), image(1, "y/1.jpg")], None))
    to_labelbox.batch(root, tmp_path / "one", workers=2)
    outs = [tmp_path / ("shards" if together else f"shard {n}") for n in (1, 2, 3)]
    for n, out in enumerate(outs, 1):
        if n == 3:
            with pytest.raises(UsageError, match="not finished"):
                to_labelbox.merge(outs[:2])
        to_labelbox.batch(root, out, shard=(n, 3), workers=2)
    check(tmp_path / "merged", to_labelbox.merge(outs[:1] if together else outs, tmp_path / "merged"))
    assert contents(tmp_path / "merged") == contents(tmp_path / "one")


def test_shards_of_different_batches_are_not_merged(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a.json")
    to_labelbox.batch(tmp_path / "in", tmp_path / "1", shard=(1, 2))
    to_labelbox.batch(tmp_path / "in", tmp_path / "2", shard=(2, 2), exif=False)
    with pytest.raises(UsageError, match="another exif"):
        to_labelbox.merge([tmp_path / "1", tmp_path / "2"])
    with pytest.raises(UsageError, match="holds no shard"):
        to_labelbox.merge([tmp_path / "in"])
    with pytest.raises(UsageError, match="i from 1 to N"):
        to_labelbox.batch(tmp_path / "in", tmp_path / "3", shard=(3, 2))


@pytest.mark.parametrize("together", [True, False])
def test_shards_have_to_find_the_same_datasets(tmp_path: Path, together: bool) -> None:
    root, outs = tmp_path / "in", [tmp_path / "1", tmp_path / ("1" if together else "2")]
    box_set(root / "b" / "b.json")
    to_labelbox.batch(root, outs[0], shard=(1, 2))
    box_set(root / "a" / "a.json")
    if together:
        with pytest.raises(UsageError, match=r"other datasets .'a' is new"):
            to_labelbox.batch(root, outs[1], shard=(2, 2))
    else:
        to_labelbox.batch(root, outs[1], shard=(2, 2))
        with pytest.raises(UsageError, match="other datasets"):
            to_labelbox.merge(outs)
    to_labelbox.batch(root, outs[0], resume=True)
    assert [row.path for row in to_labelbox.batch(root, outs[0], resume=True).datasets] == ["a", "b"]


def test_a_dask_cluster_makes_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    root = tmp_path / "in"
    box_set(root / "large" / "large.json", images=1500)
    for n in range(4):
        box_set(root / f"small {n}" / "set.json", label=f"class {n}")
    to_labelbox.batch(root, tmp_path / "one")
    done = subprocess.run(
        [*COMMAND, str(root), "-o", str(tmp_path / "dask"), "--engine", "dask", "--workers", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "dask") == contents(tmp_path / "one")


def test_reports_of_the_parts_balance(tmp_path: Path) -> None:
    root = tree(tmp_path / "in")
    to_labelbox.batch(root, tmp_path / "out", options=OPTIONS)
    for file in (tmp_path / "out").rglob("report.json"):
        if file.parent != tmp_path / "out":
            assert report(file.parent)["annotations"]["read"] >= 0
    alone = to_labelbox.convert(root / "coco" / "boxes", tmp_path / "alone")
    check_report(alone)
    assert report(tmp_path / "out" / "coco" / "boxes")["annotations"] == report(tmp_path / "alone")["annotations"]
