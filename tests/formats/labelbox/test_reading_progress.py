"""How far a check is, and how much a preview shows, as those hear it who ask."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import annotation, coco, image, save
from to_labelbox import batch, convert
from to_labelbox.api.validation import faults
from to_labelbox.cli import cli
from to_labelbox_formats.labelbox.validate import reading


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    shapes = [annotation(n, image_id=n, bbox=[1, 1, 5, 5]) for n in range(1, 21)]
    return save(tmp_path / "set" / "a.json", coco(shapes, [image(n, f"{n}.jpg") for n in range(1, 21)]))


def test_a_check_tells_how_far_it_is_and_finds_the_same(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(source, tmp_path / "out")
    with open(tmp_path / "out" / "annotations.ndjson", "ab") as file:
        file.write(b"{}\n[\n")
    monkeypatch.setattr(reading, "CHUNK", 500)
    heard: list[float] = []
    assert [*faults(str(tmp_path / "out"), progress=heard.append)] == [*faults(str(tmp_path / "out"))] != []
    assert len(heard) > 5
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_a_batch_is_told_as_a_whole(source: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "root" / name).mkdir(parents=True)
        text = source.read_text().replace(".jpg", f" {name}.jpg")
        (tmp_path / "root" / name / "a.json").write_text(text)
    batch(tmp_path / "root", tmp_path / "out")
    heard: list[float] = []
    assert not [*faults(str(tmp_path / "out"), progress=heard.append)]
    assert heard == sorted(heard)
    assert (max(part for part in heard if part <= 0.5), heard[-1]) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((), "shown: 10 of 20 data rows; -n for more"), (("-n", "30"), "shown: 20 of 20 data rows\n")],
)
def test_a_preview_says_how_much_it_shows(source: Path, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    convert(source, tmp_path / "out")
    result = CliRunner().invoke(cli, ["preview", str(tmp_path / "out"), *arguments], standalone_mode=False)
    assert result.exception is None
    assert said in result.stderr
