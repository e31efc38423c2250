"""index.ndjson: from each line of the payload back to the source, and what no line holds. ``harness.check_index`` is the law."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import to_labelbox
from harness import Convert, annotation, check_index, coco, contents, image, item, lines, report, save
from to_labelbox.model.items import Asset, Box, Classification, FrameSpan, Item, Media, Object
from to_labelbox.report.annotation_index import LeftOutLines, renumbered

BOX = [1, 2, 30, 40]


def many(count: int = 60) -> dict[str, Any]:
    """Pictures with boxes, one of each third of no width, one of each fifth of an unknown class."""
    images = [image(n + 1) for n in range(count)]
    annotations = [
        annotation(10 * n + k, image_id=n + 1, bbox=[1, 2, 0 if k == 1 and n % 3 == 0 else 30, 40], category_id=1 + (n % 5 == 0 and k == 2))
        for n in range(count)
        for k in range(3)
    ]  # fmt: skip
    return coco([*annotations, annotation(9999, image_id=12345, bbox=BOX)], images)


def index(out: Path) -> list[Any]:
    return lines(out, "index.ndjson")


def test_a_line_leads_back_to_its_annotation(convert: Convert) -> None:
    run = convert(coco([annotation("a", bbox=BOX), annotation("b", bbox=[1, 2, 0, 40])]))
    assert index(run.out) == [
        {
            "line": 1,
            "uuid": run.lines[0]["uuid"],
            "key": "1.jpg",
            "file": "instances.json",
            "where": "annotations[0]",
            "id": "a",
            "class": "car",
        },
        {
            "line": None,
            "uuid": None,
            "key": "1.jpg",
            "file": "instances.json",
            "where": "annotations[1]",
            "id": "b",
            "class": "car",
            "code": "box-empty",
        },
    ]


def test_it_is_hashed_like_the_others_and_can_be_left_out(tmp_path: Path) -> None:
    path = save(tmp_path / "i.json", many())
    with_index = to_labelbox.convert(path, tmp_path / "a")
    without = to_labelbox.convert(path, tmp_path / "b", index=False)
    assert with_index.outputs["index.ndjson"].lines == len(index(tmp_path / "a")) == 181
    assert "index.ndjson" not in without.outputs
    assert not (tmp_path / "b/index.ndjson").exists()
    for name in ("annotations.ndjson", "data_rows.ndjson", "ontology.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    # an earlier index does not outlive the run that it belongs to
    to_labelbox.convert(path, tmp_path / "a", index=False, overwrite=True)
    assert not (tmp_path / "a/index.ndjson").exists()


def test_the_same_bytes_however_the_work_is_divided(tmp_path: Path) -> None:
    path = save(tmp_path / "sets/one/i.json", many())
    made = to_labelbox.convert(path, tmp_path / "1")
    check_index(tmp_path / "1", made)
    expected = (tmp_path / "1/index.ndjson").read_bytes()
    assert made.outputs["index.ndjson"].lines == 181
    to_labelbox.convert(path, tmp_path / "3", workers=3)
    to_labelbox.convert(path, tmp_path / "s", shard_lines=20)
    for n in (1, 2):
        to_labelbox.batch(tmp_path / "sets", tmp_path / f"batch-{n}", workers=n)
        to_labelbox.batch(tmp_path / "sets", tmp_path / "shards", shard=(n, 2))
    to_labelbox.merge([tmp_path / "shards"])
    for out in ("3", "s", "batch-1/one", "batch-2/one", "shards/one"):
        assert (tmp_path / out / "index.ndjson").read_bytes() == expected, out


def test_identities_made_anew_stand_in_it(convert: Convert, tmp_path: Path) -> None:
    """One asset in two records: the second one's lines get other uuids."""
    twice = coco(
        [annotation(1, bbox=BOX), annotation(1, image_id=2, bbox=BOX), annotation(2, bbox=BOX)],
        [image(1, "a.jpg"), image(2, "a.jpg")],
    )
    run = convert(twice)
    uuids = [line["uuid"] for line in index(run.out)]
    assert uuids == [line["uuid"] for line in run.lines]
    assert len(set(uuids)) == 3
    path = save(tmp_path / "x/instances.json", twice)
    to_labelbox.convert(path, tmp_path / "out", workers=2)
    assert contents(tmp_path / "out")["index.ndjson"] == (run.out / "index.ndjson").read_bytes()
    for name in "ab":
        other = [
            {**one, "bbox": [1, 2, 3, 4 + ord(name)]} for one in twice["annotations"]
        ]  # equal ones would be a copy
        save(tmp_path / f"sets/{name}/i.json", {**twice, "annotations": other})
    to_labelbox.batch(tmp_path / "sets", tmp_path / "batch")
    for name in "ab":
        folder = tmp_path / "batch" / name
        assert [line["uuid"] for line in index(folder)] == [line["uuid"] for line in lines(folder)]
    assert index(tmp_path / "batch/a")[0]["uuid"] != index(tmp_path / "batch/b")[0]["uuid"]


def test_a_line_of_several_answers_names_all(convert: Convert) -> None:
    whole = [
        Classification(id=str(n), name="weather", value=v, location=f"w{n}") for n, v in enumerate(("ice", "wind"))
    ]
    spans = [
        Classification(id=f"s{n}", name="gait", value=v, location=f"f{n}", frames=(FrameSpan(9 * n, 9 * n + 5),))
        for n, v in enumerate(("trot", "walk"))
    ]
    clip = Item(asset=Asset(path="a.mp4", media=Media.VIDEO, frames=30), annotations=spans, origin="b.json")
    run = convert.items([item(*whole), clip])
    assert [(line["id"], line.get("also"), line["uuid"] is None) for line in index(run.out)] == [
        ("0", [{"where": "w1", "id": "1", "class": "weather"}], False),
        ("s0", [{"where": "f1", "id": "s1", "class": "gait"}], True),
    ]


def test_assets_without_a_data_row_are_named_each(convert: Convert, tmp_path: Path) -> None:
    rows = tmp_path / "rows.ndjson"
    rows.write_text('{"id": "ck1", "external_id": "1.jpg"}\n')
    run = convert(coco([annotation(n, image_id=n, bbox=BOX) for n in (1, 2)], [image(1), image(2)]), data_rows=rows)
    first, second = index(run.out)
    assert (first["line"], first["key"]) == (1, "ck1")
    assert (second["line"], second["where"], second["code"]) == (None, "annotations[1]", "row-unmatched")


def test_every_text_is_ascii(convert: Convert) -> None:
    things = [
        Object(id=id, label="Straße", geometry=Box(1, 2, 30, 40), location=f"é{id}")
        for id in ("é", "x", "half \ud800 pair")
    ]
    run = convert.items([item(*things, path="ü.jpg", origin="ö.json")])
    data = (run.out / "index.ndjson").read_bytes()
    assert data.isascii()
    assert [line["id"] for line in index(run.out)] == ["é", "x", "half � pair"]
    assert {(line["key"], line["file"], line["class"]) for line in index(run.out)} == {("ü.jpg", "ö.json", "Straße")}


def test_what_opening_the_source_leaves_out_is_kept_small() -> None:
    left_out = LeftOutLines()
    for n in range(20_000):
        left_out.add("box-empty", "car", None, "i.json", f"annotations[{n}]", str(n), 1 + n % 2)
    text = b"".join(left_out.pieces())
    kept = left_out.blocks()
    assert sum(map(len, kept)) < len(text) / 8
    assert b"".join(LeftOutLines(kept).pieces()) == text
    assert [json.loads(line)["id"] for line in text.splitlines()] == [str(n) for n in range(20_000)]
    assert json.loads(text.splitlines()[1])["count"] == 2


def test_lines_are_numbered_anew_in_pieces() -> None:
    texts = [f'{{"line":{n},"uuid":"{n}{{\\"line\\":7"}}\n'.encode() for n in range(1, 2001)]
    pieces = [b"".join(texts[:1]), b"".join(texts[1:900]), b"".join(texts[900:])]
    found = [json.loads(line) for line in b"".join(renumbered(pieces, 99)).splitlines()]
    assert [line["line"] for line in found] == [*range(99, 2099)]
    assert [line["uuid"] for line in found] == [json.loads(text)["uuid"] for text in texts]


def test_a_run_without_an_output_makes_none(tmp_path: Path) -> None:
    path = save(tmp_path / "i.json", many())
    assert "index.ndjson" not in to_labelbox.convert(path, None).outputs
    to_labelbox.convert(path, tmp_path / "out")
    assert report(tmp_path / "out")["outputs"]["index.ndjson"]["lines"] == 181
