"""A dataset of a batch that leaves a reading open: which, what to say, and how for it alone; the others are converted."""

from __future__ import annotations

from pathlib import Path

import to_labelbox
from harness import annotation, coco, save
from to_labelbox.cli.closing import batch_closing


def test_the_question_names_the_dataset_its_options_and_a_command(tmp_path: Path) -> None:
    save(tmp_path / "in/plain/a.json", coco([annotation(1, bbox=[1, 1, 5, 5])]))
    centres = [annotation(n, bbox=[80, 60, 40 - n / 10, 40]) for n in range(1, 31)]
    save(tmp_path / "in/centres/a.json", coco(centres))
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert [(row.path, row.state) for row in made.datasets] == [("centres", "failed"), ("plain", "converted")]
    assert made.exit_code() == 1
    said = batch_closing(made, str(tmp_path / "out")).split("\n")
    start = next(n for n, line in enumerate(said) if line.startswith("error    centres: "))
    assert [" ".join(line.split()) for line in said[start + 1 : start + 6]] == [
        "Say which with one of these:",
        "-O boxes=cxcywh x and y of the centre, width, height",
        "-O boxes=xywh left, top, width, height",
        "Given to the batch, an option holds for all its datasets of coco. For this one alone:",
        f"to-labelbox convert {tmp_path / 'in/centres'} --from coco -o OTHER -O …",
    ]
    alone = to_labelbox.convert(tmp_path / "in/centres", tmp_path / "other", format="coco", options={"boxes": "cxcywh"})
    assert alone.annotations.converted == 30
