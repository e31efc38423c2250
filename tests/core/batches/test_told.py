"""What a batch says of each dataset: what failed and why, what gave nothing, what was taken for granted, before it is run too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from builders.batch import box_set, voc_set
from harness import annotation, coco, contents, image, save
from to_labelbox.batches.find_datasets import discover
from to_labelbox.cli.closing import batch_closing
from to_labelbox.report.errors import UsageError


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """One dataset that is whole, one with two files that cannot be read, one of which nothing comes, an archive cut off."""
    root = tmp_path / "in"
    box_set(root / "good" / "a.json")
    voc_set(root / "half", "x", "y")
    for name in ("bad", "worse"):
        (root / "half" / f"{name}.xml").write_text("<annotation><filename>")
    save(root / "none" / "a.json", coco([annotation(1, bbox=[1, 1, 0, 0])], [image(1, "n.jpg")]))
    (root / "z.zip").write_bytes(b"PK\3\4 cut off")
    return root


def test_each_dataset_says_what_came_of_it(mixed: Path, tmp_path: Path) -> None:
    made = to_labelbox.batch(mixed, tmp_path / "out")
    assert [(row.path, row.state) for row in made.datasets] == [
        ("good", "converted"),
        ("half", "partly"),
        ("none", "nothing"),
        ("z.zip", "failed"),
    ]
    half, none = made.datasets[1], made.datasets[2]
    assert half.problem == "2 files or records of it cannot be read"
    assert [e.file for e in half.errors] == ["bad.xml", "worse.xml"]
    assert "line 1" in half.errors[0].message
    assert none.problem.startswith(
        "nothing in it could be converted: box-empty ×1, a.json annotations[0] (id 1): the box"
    )
    said = batch_closing(made, str(tmp_path / "out"))
    for text in ("half: 2 files or records", "bad.xml", "worse.xml", "z.zip: ", "2 of 4 datasets gave nothing"):
        assert text in said
    assert [line.rsplit("  ", 1)[-1] for line in said.splitlines()[2:5]] == ["partly", "nothing", "failed"]
    written = json.loads((tmp_path / "out" / "report.json").read_bytes())
    assert [row["state"] for row in written["datasets"]] == ["converted", "partly", "nothing", "failed"]
    assert len(written["datasets"][1]["errors"]) == 2
    assert set(contents(tmp_path / "out" / "none")) == {"report.json"}
    assert to_labelbox.validate(tmp_path / "out") == []
    assert made.exit_code() == 1


def test_a_dry_run_says_and_ends_as_the_run(mixed: Path, tmp_path: Path) -> None:
    before = contents(mixed)
    dry = to_labelbox.batch(mixed, None)
    made = to_labelbox.batch(mixed, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]
    assert contents(mixed) == before
    assert dry.exit_code() == made.exit_code() == 1
    for part in ("datasets", "assets", "annotations", "lines", "classes", "diagnostics", "decisions", "assumptions"):
        assert getattr(dry, part) == getattr(made, part), part
    with pytest.raises(UsageError, match="a dry run reads everything"):
        to_labelbox.batch(mixed, None, resume=True)


def test_a_dry_run_of_many_units_counts_them_all(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json", images=1500)
    assert to_labelbox.batch(tmp_path / "in", None, workers=2).annotations.converted == 1500


def test_what_was_taken_for_granted_names_its_datasets(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        voc_set(tmp_path / "in" / name, f"x{name}")
    box_set(tmp_path / "in" / "e" / "e.json")
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    (origin,) = [one for one in made.assumptions if one.what == "origin"]
    assert (origin.datasets, origin.dataset_count) == (["a", "b", "c", "d"], 4)
    assert "assumed  a, b, c and 1 more: origin: " in batch_closing(made, str(tmp_path / "out"))
    written = json.loads((tmp_path / "out" / "report.json").read_bytes())
    assert written["assumptions"][0]["datasets"] == ["a", "b", "c", "d"]


def test_nothing_of_any_dataset_leaves_the_report_alone(tmp_path: Path) -> None:
    save(tmp_path / "in" / "none" / "a.json", coco([annotation(1, bbox=[1, 1, 0, 0])], [image(1, "n.jpg")]))
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert made.exit_code() == 3
    assert {n for n in contents(tmp_path / "out") if not n.startswith(".")} == {"report.json", "none/report.json"}
    (fault,) = to_labelbox.validate(tmp_path / "out")
    assert "nothing could be converted" in fault.message
    box_set(tmp_path / "in" / "good" / "a.json")  # it is no earlier result
    assert to_labelbox.batch(tmp_path / "in", tmp_path / "out").exit_code() == 1


def test_a_refused_batch_leaves_nothing_behind(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json", images=1)
    box_set(tmp_path / "in" / "b" / "a.json", images=1)
    out = tmp_path / "deep" / "out"
    with pytest.raises(UsageError, match="1 of its global keys"):
        to_labelbox.batch(tmp_path / "in", out, on_error="fail")
    assert not (tmp_path / "deep").exists()


def test_several_files_a_format_in_one_folder_are_a_question(tmp_path: Path) -> None:
    """Two COCO files of one set are one dataset; nobody knows whether these are."""
    folder = tmp_path / "in" / "exports"
    box_set(folder / "instances.json")
    box_set(folder / "more.json")
    region: dict[str, Any] = {
        "from_name": "l",
        "to_name": "i",
        "type": "rectanglelabels",
        "original_width": 9,
        "original_height": 9,
    }
    region["value"] = {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["car"]}
    save(folder / "tasks.json", [{"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": [region]}]}])
    (found,) = discover(str(tmp_path / "in"))
    assert "could be coco or label-studio" in found.problem
    assert f"convert {folder} --from coco" in found.problem
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert [(row.path, row.state) for row in made.datasets] == [("exports", "failed")]
    assert made.exit_code() == 3
    assert to_labelbox.batch(tmp_path / "in", tmp_path / "coco", format="coco").annotations.read == 6


def test_sets_of_two_media_are_a_warning(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json")
    text = {"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": ["x"]}}
    save(tmp_path / "in" / "b" / "t.json", [{"id": 1, "data": {"text": "a word"}, "annotations": [{"result": [text]}]}])
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert [row.media for row in made.datasets] == [{"image": 3}, {"text": 1}]
    assert any("one media type" in d.message and d.severity == "warning" for d in made.diagnostics)
    rows = batch_closing(made, None).splitlines()
    assert rows[0].split()[:3] == ["dataset", "format", "media"]
    assert [row.split()[2] for row in rows[1:3]] == ["image", "text"]


def test_a_dataset_of_predictions_alone_says_so(tmp_path: Path) -> None:
    """Not what was noted by the way, be it a warning."""
    (tmp_path / "set").mkdir()
    for n in range(3):
        (tmp_path / "set" / f"{n}.txt").write_text("".join(f"0 0.5 0.5 0.2 0.{k} 0.9\n" for k in range(1, n + 2)))
    (row,) = to_labelbox.batch(tmp_path, tmp_path / "out").datasets
    assert row.problem.startswith("nothing in it could be converted: prediction ×6, ")


def test_the_reason_is_a_loss_and_not_a_choice(tmp_path: Path) -> None:
    """Where most annotations are predictions, but labels were lost too, their loss is what is to be mended."""
    region: dict[str, Any] = {"from_name": "l", "to_name": "i", "type": "rectanglelabels"}
    region["value"] = {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["car"]}
    task = {"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": [region]}]}
    (tmp_path / "set").mkdir()
    save(tmp_path / "set" / "tasks.json", [{**task, "predictions": [{"result": [region] * 4}]}])
    (row,) = to_labelbox.batch(tmp_path, tmp_path / "out").datasets
    assert row.problem.startswith("nothing in it could be converted: image-size-unknown ×1, ")


def test_pictures_of_one_name_and_other_sizes_are_not_one_data_row(tmp_path: Path) -> None:
    """Tasks whose frames are numbered alike, say: the sizes tell that they are others, else it is an assumption."""
    for name, width in (("a", 100), ("b", 100), ("c", 200)):
        box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5 + ord(name)]}
        image = {"id": 1, "file_name": "frame_0.jpg", "width": width, "height": 80}
        save(tmp_path / "in" / name / "a.json", coco([box], [image]))
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert [row.state for row in made.datasets] == ["converted", "converted", "failed"]
    assert "has other sizes (100 × 80, here 200 × 80)" in made.datasets[2].problem
    (taken,) = made.assumptions
    assert (taken.taken, taken.unknown, taken.option) == ("the same", 1, "--global-key '{dataset}/{relpath}'")
    apart = to_labelbox.batch(tmp_path / "in", tmp_path / "apart", global_key="{dataset}/{relpath}")
    assert (apart.assets.written, apart.assumptions) == (3, [])


def test_two_formats_in_one_folder_are_a_question(tmp_path: Path) -> None:
    """One of them by its own files, the other by folders that are parts of a set: neither is left out in silence."""
    (tmp_path / "in" / "labels").mkdir(parents=True)
    (tmp_path / "in" / "Annotations").mkdir()
    (tmp_path / "in" / "data.yaml").write_text("train: images\nnames: [car]\n")
    (tmp_path / "in" / "labels" / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    corners = "<xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>"
    (tmp_path / "in" / "Annotations" / "b.xml").write_text(
        f"<annotation><filename>b.jpg</filename><object><name>bus</name><bndbox>{corners}</bndbox></object></annotation>"
    )
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert ["could be voc or yolo" in row.problem for row in made.datasets] == [True]
    assert made.exit_code() == 3
