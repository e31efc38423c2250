"""Label Studio: regions, answers, selection, assets and containers, with values computed by hand: recognition, config."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from builders.label_studio import (
    FIXTURES,
    export,
    many,
    one,
    picture,
    read,
    rectangle,
    region,
)
from to_labelbox.model.schema import Kind
from to_labelbox.plugins.reader import CERTAIN, Match, ReadContext, Refusal
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import ToLabelboxError, UsageError
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio import FORMAT
from to_labelbox_formats.label_studio.config import parse_config
from to_labelbox_formats.label_studio.options import Options


@pytest.mark.parametrize(
    ("content", "claimed"),
    [
        ([{"id": 1, "data": {"image": "a"}, "annotations": []}], CERTAIN),
        ({"id": 1, "data": {"image": "a"}, "completions": []}, CERTAIN),
        ([{"data": {"text": "a"}, "predictions": []}], CERTAIN),
        ([{"image": "a", "annotation_id": 1, "annotator": 1}], CERTAIN),
        ({"result": [], "task": {"id": 1, "data": {}}}, CERTAIN),
        ([{"data": {"text": "a"}}], 60),
        ({"images": [], "annotations": [], "categories": []}, None),
        ({"annotations": [{"id": 1, "bbox": []}], "images": []}, None),
        ([{"text": "a", "label": []}], None),
        ({"version": "5", "shapes": []}, None),
        ([{"frame": 1, "shapes": [], "data": {}}], None),
        ({"data": {"x": 1}, "status": "ok"}, None),
        ([], None),
        ([1, 2], None),
        ("text", None),
        ([{"from_name": "a", "to_name": "b", "type": "labels", "value": {}}], None),
    ],
)
def test_recognition(tmp_path: Path, content: object, claimed: int | None) -> None:
    file = tmp_path / "x.json"
    file.write_text(json.dumps(content))
    verdict = FORMAT.sniff(Source(file))
    if claimed is None:
        assert isinstance(verdict, Refusal)
        assert verdict.reason
        items, log = read(file)
        assert not items
        assert log.unreadable == 1
    else:
        assert isinstance(verdict, Match)
        assert verdict.confidence == claimed


def test_a_folder_with_only_media_is_refused(tmp_path: Path) -> None:
    picture(tmp_path, (4, 4))
    assert isinstance(FORMAT.sniff(Source(tmp_path)), Refusal)


def test_a_config_from_elsewhere_and_a_broken_one(tmp_path: Path) -> None:
    file = export(tmp_path, *many(1))
    config = tmp_path / "other.xml"
    config.write_text(
        '<View><Image name="image" value="$image"/><Labels name="label" toName="image"><Label value="x"/></Labels></View>'
    )
    dataset = FORMAT.read(Source(file), Options(config=str(config)), ReadContext())
    assert [label.name for label in dataset.schema.labels] == []  # no tool draws on the picture
    with pytest.raises(UsageError):
        FORMAT.read(Source(file), Options(config=str(tmp_path / "none.xml")), ReadContext())
    config.write_text("<View>")
    with pytest.raises(UsageError):
        FORMAT.read(Source(file), Options(config=str(config)), ReadContext())
    (tmp_path / "config.xml").write_text("<View><broken</View>")
    _, log = read(file)
    assert log.diagnostics[Code.FILE_IGNORED].count == 1


def test_names_of_tags_and_attributes_without_regard_to_case() -> None:
    config = parse_config(
        b'<view><IMAGE Name="i" VALUE="$i"/><textarea name="t" TONAME="i" PerRegion="True"/>'
        b'<RectangleLabels name="r" toName="i"><View><Label VALUE="a" Alias="b"/></View></RectangleLabels></view>'
    )
    assert config.controls["t"].per_region
    assert [e.name for e in config.controls["r"].entries] == ["b"]


def test_a_config_inside_json_and_yaml() -> None:
    text = '<View><Text name="t" value="$t"/></View>'
    for data in (json.dumps({"project": {"label_config": text}}), f"title: x\nconfig: |\n  {text}\n"):
        assert list(parse_config(data.encode()).objects) == ["t"]


def test_equal_labels_of_two_controls_are_told_apart(tmp_path: Path) -> None:
    config = (
        '<Image name="image" value="$image"/>'
        '<RectangleLabels name="one" toName="image"><Label value="a"/><Label value="c"/></RectangleLabels>'
        '<RectangleLabels name="two" toName="image"><Label value="a"/></RectangleLabels>'
        '<PolygonLabels name="three" toName="image"><Label value="c"/></PolygonLabels>'
    )
    regions = [region(rectangle(label="a"), id=n, from_name=n) for n in ("one", "two")]
    item, log = one(tmp_path, *regions, config=config)
    assert [a.label for a in item.annotations] == ["one/a", "two/a"]
    dataset = FORMAT.read(Source(tmp_path), Options(), ReadContext())
    assert [(x.name, x.kinds) for x in dataset.schema.labels] == [
        ("one/a", (Kind.BOX,)),
        ("c", (Kind.BOX, Kind.POLYGON)),
        ("two/a", (Kind.BOX,)),
    ]
    told = [e.message for e in log.diagnostics[Code.DECISION].examples]
    assert sum("one/a, two/a are told apart" in message for message in told) == 1


def test_labels_that_the_config_does_not_know_are_kept(tmp_path: Path) -> None:
    config = '<Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="a"/></RectangleLabels>'
    item, log = one(tmp_path, region(rectangle(label="b")), config=config)
    assert item.annotations[0].label == "b"
    assert log.diagnostics[Code.CLASS_UNKNOWN].count == 1


def _mutants() -> list[Path]:
    return sorted(p / "input" for p in FIXTURES.iterdir())


@pytest.mark.parametrize("case", _mutants(), ids=lambda p: p.parent.name)
def test_damaged_exports_never_crash(tmp_path: Path, case: Path) -> None:
    rng = random.Random(case.parent.name)
    originals = {p.relative_to(case): p.read_bytes() for p in case.rglob("*") if p.is_file()}
    for round in range(40):
        folder = tmp_path / str(round)
        for name, data in originals.items():
            changed = bytearray(data)
            match round % 4:
                case 0:
                    for _ in range(rng.randint(1, 4)):
                        changed[rng.randrange(len(changed))] = rng.randrange(256)
                case 1:
                    start = rng.randrange(len(changed))
                    del changed[start : start + rng.randint(1, 40)]
                case 2:
                    changed = changed[: rng.randrange(len(changed))]
                case _:
                    if name.suffix == ".json":
                        changed = bytearray(json.dumps(_without(json.loads(data, parse_constant=str), rng)).encode())
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(changed)
        try:
            read(folder, size="200x100")
        except ToLabelboxError:
            continue


def _without(value: Any, rng: random.Random) -> Any:
    """A document with one part in ten missing or of another type."""
    if rng.random() < 0.02:
        return rng.choice([None, 5, "x", [], {}, True, -1e9, [[]], {"a": [1]}])
    if isinstance(value, dict):
        return {k: _without(v, rng) for k, v in value.items() if rng.random() > 0.03}
    if isinstance(value, list):
        return [_without(v, rng) for v in value if rng.random() > 0.03]
    return value
