"""Data rows that exist: how assets are matched, what the payload refers to, what is listed; and keys and URLs of new ones."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import to_labelbox
from harness import Convert, annotation, coco, image, lines, save
from to_labelbox import Settings, UsageError
from to_labelbox.cli import cli
from to_labelbox.model.items import Asset
from to_labelbox.rules.existing_data_rows import DataRows, read_rows
from to_labelbox.source.csv_tables import read_urls

NAMES = ["a/1.jpg", "a/2.jpg", "b/3.jpg"]


def source(names: list[str] = NAMES) -> dict[str, Any]:
    """One box on each picture."""
    images = [image(n, name) for n, name in enumerate(names, 1)]
    return coco([annotation(n, image_id=n, bbox=[1, 1, 5, 5]) for n in range(1, len(names) + 1)], images)


def rows_file(folder: Path, *rows: dict[str, Any], name: str = "rows.ndjson") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def referred(made: Any) -> list[Any]:
    return [line["dataRow"] for line in made.lines]


# ------------------------------------------------------------------------------------------------------- matching

PATH = "a/b c/1.jpg"
MATCHES = {
    "global key": {"global_key": PATH},
    "external id is the path": {"global_key": "x", "external_id": PATH},
    "external id is the file name": {"global_key": "x", "external_id": "1.jpg"},
    "path of the row data": {"global_key": "x", "row_data": "https://bucket/data/a/b%20c/1.jpg?sig=1"},
    "file name of the row data": {"global_key": "x", "row_data": "gs://bucket/1.jpg"},
    "stem of the key": {"global_key": "b c/1.png"},
    "stem of the external id": {"id": "ckabc", "external_id": "1"},
}


@pytest.mark.parametrize("row", MATCHES.values(), ids=MATCHES)
def test_an_asset_is_matched_by(tmp_path: Path, row: dict[str, str]) -> None:
    rows = read_rows(rows_file(tmp_path, {"global_key": "other.jpg", "external_id": "2.jpg"}, row))
    found = rows.match(Asset(path=PATH), PATH)
    assert found is not None
    assert (found.number, found.name) == (1, row.get("global_key", "ckabc"))


@pytest.mark.parametrize(
    "row",
    [
        {"global_key": "t/x.jpg"},
        {"global_key": "1", "external_id": "t/x.jpg"},
        {"global_key": "1", "row_data": "https://bucket/t/x.jpg"},
        {"global_key": "t/x.png"},
    ],
)
def test_folders_that_speak_against_a_match(tmp_path: Path, row: dict[str, str]) -> None:
    rows = read_rows(rows_file(tmp_path, row))
    assert rows.match(Asset(path="v/x.jpg"), "v/x.jpg") is None
    for path in ("t/x.jpg", "x.jpg", "a/t/x.jpg"):
        assert rows.match(Asset(path=path), path) is not None
    # a key without folders says that folders do not count
    assert rows.match(Asset(path="v/x.jpg"), "x.jpg") is not None


def test_a_better_name_comes_first(tmp_path: Path) -> None:
    rows = read_rows(rows_file(tmp_path, {"global_key": "x", "external_id": "1.jpg"}, {"global_key": PATH}))
    found = rows.match(Asset(path=PATH), PATH)
    assert found is not None
    assert found.number == 1


def test_a_name_of_several_rows_is_no_match(tmp_path: Path) -> None:
    rows = read_rows(
        rows_file(tmp_path, {"global_key": "x", "external_id": "1.jpg"}, {"global_key": "y", "external_id": "1.jpg"})
    )
    assert rows.match(Asset(path=PATH), PATH) is None


FILES = {
    "export.ndjson": '{"data_row": {"id": "ck1", "global_key": "a/1.jpg", "external_id": "1"}, "projects": {}}\n',
    "rows.ndjson": '{"row_data": "https://x/1.jpg", "global_key": "a/1.jpg", "external_id": "1"}\n\n',
    "rows.json": '[{"id": "ck1", "globalKey": "a/1.jpg", "externalId": 1}]',
    "rows.csv": "Global Key,External ID,Data Row ID\na/1.jpg,1,ck1\n",
}


@pytest.mark.parametrize("name", FILES)
def test_forms_of_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(FILES[name])
    rows = read_rows(path)
    assert (rows.global_keys, rows.external_ids) == (["a/1.jpg"], ["1"])


# --------------------------------------------------------------------------------------------------- the conversion


def test_the_payload_refers_to_the_rows(convert: Convert, tmp_path: Path) -> None:
    given = rows_file(
        tmp_path / "rows",
        {"global_key": "one", "external_id": "a/1.jpg", "id": "ck1"},
        {"id": "ck2", "external_id": "2.jpg"},
        {"global_key": "unused", "external_id": "9.jpg"},
    )
    made = convert(source(), data_rows=given)
    assert referred(made) == [{"globalKey": "one"}, {"id": "ck2"}]
    assert (made.out / "data_rows.ndjson").read_bytes() == b""
    assert made.tally("car") == (3, 2, 0, 0, 1)
    assert made.codes["row-unmatched"] == 1
    assert (made.report.assets.read, made.report.assets.written) == (3, 2)
    assert made.report.source.details["data_rows"] == {
        "given": 3,
        "matched": 2,
        "matched_by": {"external_id": 2},
        "rows_without_asset": ["unused"],
        "assets_without_row": ["b/3.jpg"],
    }
    assert made.report.exit_code() == 0


def test_an_asset_without_annotations_is_listed_too(convert: Convert, tmp_path: Path) -> None:
    document = source()
    del document["annotations"][2]
    made = convert(
        document, data_rows=rows_file(tmp_path / "rows", {"global_key": "a/1.jpg"}, {"global_key": "a/2.jpg"})
    )
    assert made.report.source.details["data_rows"]["assets_without_row"] == ["b/3.jpg"]
    assert made.codes["row-unmatched"] == 1


def test_uuids_depend_on_the_row_not_on_the_path(convert: Convert, tmp_path: Path) -> None:
    plain = convert(source())
    given = rows_file(tmp_path / "rows", *({"global_key": name} for name in NAMES))
    assert convert(source(), data_rows=given).lines == plain.lines


def test_two_assets_cannot_be_one_row(convert: Convert, tmp_path: Path) -> None:
    given = rows_file(tmp_path / "rows", {"global_key": "x", "external_id": "1.jpg"})
    with pytest.raises(UsageError, match=r"'x': a/1\.jpg .* and b/1\.jpg"):
        convert(source(["a/1.jpg", "b/1.jpg"]), data_rows=given)


def test_no_match_at_all_is_nothing_converted(convert: Convert, tmp_path: Path) -> None:
    given = rows_file(tmp_path / "rows", {"global_key": "x"})
    report = to_labelbox.convert(save(tmp_path / "i.json", source()), tmp_path / "out", data_rows=given)
    assert report.exit_code() == 3


def test_workers_agree(tmp_path: Path) -> None:
    path = save(tmp_path / "i.json", source([f"{n}.jpg" for n in range(50)]))
    given = rows_file(tmp_path / "rows", *({"id": f"ck{n}", "external_id": f"{n}.jpg"} for n in range(0, 60, 2)))
    reports = [to_labelbox.convert(path, tmp_path / f"{n}", data_rows=given, workers=n) for n in (1, 2)]
    assert lines(tmp_path / "1") == lines(tmp_path / "2")
    assert reports[0].source.details["data_rows"] == reports[1].source.details["data_rows"]
    assert reports[0].source.details["data_rows"]["matched"] == 25


def test_stops_at_the_first_asset_without_a_row(tmp_path: Path) -> None:
    path = save(tmp_path / "i.json", source())
    with pytest.raises(to_labelbox.RecordError, match=r"no data row is a/2\.jpg"):
        to_labelbox.convert(
            path, tmp_path / "out", data_rows=rows_file(tmp_path / "rows", {"global_key": "a/1.jpg"}), on_error="fail"
        )


# --------------------------------------------------------------------------------------------------------- misuse

FAULTS = {
    "a,b\n1,2\n": r":1: want a header row with global_key or id",
    "": ":1: want a header row",
    "global_key\n": "there is no data row in it",
    '{"external_id": "1"}\n': ":1: a data row needs a global_key or an id",
    '{"global_key": "a"}\n{"global_key": "b"}\n{"global_key": "a"}\n': ":3: the data row 'a' is there twice, first on line 1",
    '{"global_key": "a"}\n{"global_key"\n': ":2: not JSON",
    '{"global_key": "a"}\n[1]\n': ":2: a data row is an object",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_faulty_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.txt"
    path.write_text(text)
    with pytest.raises(UsageError, match=FAULTS[text]):
        read_rows(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--data-rows .*nowhere: No such file"):
        read_rows(tmp_path / "nowhere")
    (tmp_path / "binary").write_bytes(b"id\n\xff\xfe\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_rows(tmp_path / "binary")


def test_rows_in_python(convert: Convert) -> None:
    made = convert(source(), data_rows=DataRows(["ck1"], [""], ["1.jpg"], [""]))
    assert referred(made) == [{"id": "ck1"}]


# ------------------------------------------------------------------------------------------------- keys and URLs


def rows_of(made: Any) -> list[Any]:
    return [json.loads(line) for line in (made.out / "data_rows.ndjson").read_text().splitlines()]


@pytest.mark.parametrize(
    ("template", "key"),
    [
        ("{relpath}", "a/1.jpg"),
        ("{name}", "1.jpg"),
        ("{stem}", "1"),
        ("{stem}{ext}", "1.jpg"),
        ("{split}/{name}", "val/1.jpg"),
        ("{dataset}:{source_id}", "instances_val:1"),
    ],
)
def test_a_key_template(tmp_path: Path, template: str, key: str) -> None:
    path = save(tmp_path / "instances_val.json", source(["a/1.jpg"]))
    to_labelbox.convert(path, tmp_path / "out", settings=Settings(global_key=template))
    (row,) = [json.loads(line) for line in (tmp_path / "out" / "data_rows.ndjson").read_text().splitlines()]
    assert row["global_key"] == key


@pytest.mark.parametrize(("template", "said"), [("{path}", r"no field \{path\}"), ("{name", "expected '}'")])
def test_a_template_that_is_none(convert: Convert, template: str, said: str) -> None:
    with pytest.raises(UsageError, match=rf"--global-key .*{said}"):
        convert(source(), global_key=template)


def test_a_collision_names_both(convert: Convert) -> None:
    with pytest.raises(UsageError, match=r"'1\.jpg': a/1\.jpg .* and b/1\.jpg"):
        convert(source(["a/1.jpg", "b/1.jpg"]), global_key="{name}")


def test_a_prefix_is_followed_by_the_quoted_path(convert: Convert) -> None:
    made = convert(source(["a b/ü#1.jpg"]), url_prefix="https://x/y/")
    assert rows_of(made)[0]["row_data"] == "https://x/y/a%20b/%C3%BC%231.jpg"


def test_a_url_map_beats_the_prefix(tmp_path: Path) -> None:
    path = save(tmp_path / "i.json", source())
    (tmp_path / "urls.csv").write_text("key,url\na/1.jpg,https://one\n2.jpg,https://two\n")
    arguments = [
        "convert",
        str(path),
        "-o",
        str(tmp_path / "out"),
        "--url-map",
        str(tmp_path / "urls.csv"),
        "--url-prefix",
        "https://p",
    ]
    assert CliRunner().invoke(cli, arguments, standalone_mode=False).return_value == 0
    rows = [json.loads(line)["row_data"] for line in (tmp_path / "out" / "data_rows.ndjson").read_text().splitlines()]
    assert rows == ["https://one", "https://two", "https://p/b/3.jpg"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("key\na\n", "wants the columns key, url; this line has 1 value$"),
        ("key,url\na,b\nb", ":3: .* this line has 1 value, and is the last one: the file may be cut off"),
        ("key,url\na\nb,c\n", ":2: .* this line has 1 value$"),
        ("key,url\na,b\na,c\n", ":3: 'a' is listed twice"),
        (None, "cannot be read"),
    ],
)
def test_a_faulty_url_map(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "urls.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_urls(str(path))


def test_an_address_of_very_many_folders_takes_no_square_of_its_length(tmp_path: Path) -> None:
    deep = "x/" * 20_000
    rows = read_rows(rows_file(tmp_path, {"id": "1", "row_data": f"https://b.example.org/{deep}a/b/1.jpg"}))
    tracemalloc.start()
    found = rows.match(Asset(path="b/1.jpg"), "b/1.jpg")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert rows.match(Asset(path=f"{deep}a/b/1.jpg"), "k") is not None
    assert peak < 20 << 20


@pytest.mark.parametrize("column", ["external_id", "row_data"])
@pytest.mark.parametrize("shift", [0, 1])
def test_columns_that_name_different_rows_are_an_assumption(
    convert: Convert, tmp_path: Path, column: str, shift: int
) -> None:
    path = {"external_id": "", "row_data": "https://x.org/"}[column]
    rows = [{"global_key": key, column: path + NAMES[(n + shift) % 3]} for n, key in enumerate(NAMES)]
    made = convert(source(), data_rows=rows_file(tmp_path / "rows", *rows))
    assert referred(made) == [{"globalKey": name} for name in NAMES]
    told = [a for a in made.report.assumptions if "--data-rows" in a.what]
    assert [(a.taken, a.for_, a.against) for a in told] == ([("global_key", 0, 3)] if shift else [])


def test_only_rows_that_name_keys_beside_theirs_are_evidence_for_these(convert: Convert, tmp_path: Path) -> None:
    a, b, c = NAMES
    own, alone = {"global_key": a, "row_data": f"https://x.org/{a}"}, {"global_key": b}
    swapped, bare = {"id": "ck9", "external_id": c}, {"id": "ck8", "row_data": "https://x.org/"}
    rows = rows_file(tmp_path / "rows", own, alone, {"global_key": c, "external_id": "nothing known"}, swapped, bare)
    (told,) = convert(source(), data_rows=rows).report.assumptions
    assert (told.for_, told.against) == (1, 1)
    assert f"'{c}' beside 'ck9'" in told.why


def test_contradictions_of_rows_are_told_once_a_batch(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / "in" / name).mkdir(parents=True)
        save(tmp_path / "in" / name / "instances.json", source())
    rows = [{"global_key": key, "external_id": NAMES[(n + 1) % 3]} for n, key in enumerate(NAMES)]
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out", data_rows=rows_file(tmp_path / "rows", *rows))
    assert [(one.for_, one.against) for one in made.assumptions] == [(0, 3)]
