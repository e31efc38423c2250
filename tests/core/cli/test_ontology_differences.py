"""`ontology --diff`: what an ontology lacks, said once."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from harness import annotation, coco, image, save
from to_labelbox.cli import cli


def test_what_there_is_instead_is_said_once(tmp_path: Path) -> None:
    classes = [{"id": n, "name": name} for n, name in enumerate(("cat", "dog", "hen"), 1)]
    boxes = [annotation(n, category_id=n, bbox=[1, 1, 5, 5]) for n in (1, 2, 3)]
    source = save(tmp_path / "in.json", {**coco(boxes, [image(1, "a.jpg")]), "categories": classes})
    there = save(tmp_path / "there.json", {"tools": [{"tool": "rectangle", "name": "bus"}], "classifications": []})
    result = CliRunner().invoke(cli, ["ontology", str(source), "--diff", str(there)])
    first, *others = result.stdout.splitlines()
    assert first.endswith("tool 'cat': there are: 'bus'")
    assert [line.split(" tool ")[1] for line in others] == ["'dog'", "'hen'"]
