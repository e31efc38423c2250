"""Local media: what is uploaded, and that nothing else ever is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from formats.labelbox.importing.payloads import output
from formats.labelbox.importing.stand_in import Fault, StandIn
from formats.labelbox.importing.test_steps import run
from harness import lines
from to_labelbox import Settings, UsageError
from to_labelbox.model.items import Asset, Item, Media

pytestmark = pytest.mark.filterwarnings("ignore")

SECRET = b"-----BEGIN OPENSSH PRIVATE KEY-----"


def pictures(folder: Path, count: int = 3, name: str = "a/{:04}.jpg") -> Path:
    for n in range(count):
        path = folder / name.format(n)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xff\xd8\xff picture %d" % n)
    return folder


def uploads(service: StandIn) -> list[bytes]:
    return [content for content in service.service.files.values() if b"picture" in content]


def test_local_media_are_uploaded(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out", web=False)
    report = run(service, out, media_root=pictures(tmp_path / "media"))
    assert sorted(uploads(service)) == [b"\xff\xd8\xff picture %d" % n for n in range(3)]
    rows = service.service.tables["row"].values()
    assert all(row["rowData"].startswith(service.base) for row in rows)
    assert sorted(row["externalId"] for row in rows) == ["0000.jpg", "0001.jpg", "0002.jpg"]
    assert report.lines.imported == 6


def test_a_file_is_uploaded_once_however_often_it_is_begun(service: StandIn, tmp_path: Path) -> None:
    out, media = output(tmp_path / "out", web=False), pictures(tmp_path / "media")
    service.faults.append(Fault("UpsertDataRows", "forbidden"))
    with pytest.raises(to_labelbox.NotAllowedError):
        run(service, out, media_root=media)
    assert len(uploads(service)) == 3
    (media / "a/0001.jpg").write_bytes(b"\xff\xd8\xff picture changed")
    assert run(service, out, media_root=media).lines.imported == 6
    assert sorted(uploads(service))[3:] == [b"\xff\xd8\xff picture changed"]


def test_missing_media_are_listed_before_anything_is_sent(service: StandIn, tmp_path: Path) -> None:
    out, media = output(tmp_path / "out", rows=5, web=False), pictures(tmp_path / "media")
    with pytest.raises(
        UsageError, match=r"2 data rows name local media that cannot be sent(?s:.*)a/0003.jpg(?s:.*)--on-error skip"
    ):
        run(service, out, media_root=media)
    with pytest.raises(UsageError, match="give --media-root DIR"):
        run(service, out)
    assert not service.service.files
    assert not any("Create" in name or "create" in name for name in service.service.counts)
    report = run(service, out, media_root=media, on_error="skip")
    assert (report.rows.new, report.rows.failed) == (3, 2)
    assert (report.lines.imported, report.lines.not_sent) == (6, 4)
    assert report.exit_code() == 1
    assert {c.not_sent for c in report.classes.values()} == {2}
    assert report.messages[0].what == "row"
    assert [e["key"] for e in report.messages[0].examples] == ["a/0003.jpg", "a/0004.jpg"]


def test_files_without_a_byte_are_named_in_the_plan_and_the_rest_goes_on(service: StandIn, tmp_path: Path) -> None:
    out, media = output(tmp_path / "out", web=False), pictures(tmp_path / "media")
    (media / "a/0001.jpg").write_bytes(b"")
    plan = run(service, out, media_root=media, dry_run=True)
    assert "3 (2 new, 0 existing, 1 left out)" in plan.text
    assert "1 data row of files that cannot be sent, with 2 annotations: a/0001.jpg: is an empty file" in plan.text
    assert "uploads      2 files" in plan.text
    report = run(service, out, media_root=media)
    assert (report.rows.new, report.rows.failed, report.lines.imported, report.lines.not_sent) == (2, 1, 4, 2)
    assert report.messages[0].message == "is an empty file"


@pytest.mark.parametrize(
    ("missing", "empty", "message"),
    [
        ((0,), (1,), r"2 data rows name local media(?s:.*)a/0000.jpg: not found(?s:.*)empty file"),
        ((), (0, 1, 2), r"3 data rows name local media(?s:.*)a/0002.jpg: is an empty file"),
    ],
)
def test_empty_files_among_missing_ones_or_alone_end_the_run(
    service: StandIn, tmp_path: Path, missing: tuple[int, ...], empty: tuple[int, ...], message: str
) -> None:
    media = pictures(tmp_path / "media")
    for n in missing:
        (media / f"a/{n:04}.jpg").unlink()
    for n in empty:
        (media / f"a/{n:04}.jpg").write_bytes(b"")
    with pytest.raises(UsageError, match=message):
        run(service, output(tmp_path / "out", web=False), media_root=media)


def test_media_that_lie_deeper_are_found_by_the_rule_of_all_media_roots(service: StandIn, tmp_path: Path) -> None:
    out = rewritten(output(tmp_path / "out", rows=1, web=False), row_data="0000.jpg")
    pictures(tmp_path / "media" / "VOC2012" / "JPEGImages")
    report = run(service, out, media_root=tmp_path / "media")
    assert report.rows.failed == 0
    assert uploads(service) == [b"\xff\xd8\xff picture 0"]


def test_archives_in_the_media_root_are_named(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out", rows=1, web=False)
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "task.zip").write_bytes(b"")
    with pytest.raises(UsageError, match=r"archives are not looked into: unpack task\.zip"):
        run(service, out, media_root=tmp_path / "media")


def test_of_two_files_that_may_be_meant_none_is_sent(service: StandIn, tmp_path: Path) -> None:
    out = rewritten(output(tmp_path / "out", rows=1, web=False), row_data="0000.jpg")
    for split in ("train", "val"):
        pictures(tmp_path / "media" / split)
    with pytest.raises(UsageError, match=r"train/a/0000\.jpg and val/a/0000\.jpg may both be meant"):
        run(service, out, media_root=tmp_path / "media")
    out = rewritten(out, row_data="0000.png")
    with pytest.raises(UsageError, match="not found below the media root"):
        run(service, out, media_root=tmp_path / "media" / "train")


@pytest.mark.parametrize(
    "path", ["../secret.jpg", "a/link.jpg", "a/folder/secret.jpg", "/etc/passwd", "a/pipe.jpg", "a"]
)
def test_nothing_outside_the_media_root_is_sent(service: StandIn, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.jpg").write_bytes(SECRET)
    media = pictures(tmp_path / "media")
    (media / "a/link.jpg").symlink_to(tmp_path / "secret.jpg")
    (media / "a/folder").symlink_to(tmp_path)
    os.mkfifo(media / "a/pipe.jpg")
    out = rewritten(output(tmp_path / "out", web=False), row_data=path)
    with pytest.raises(UsageError, match="cannot be sent"):
        run(service, out, media_root=media)
    report = run(service, out, media_root=media, on_error="skip")
    assert report.rows.failed == 1
    assert SECRET not in service.received()
    assert b"root:" not in service.received()


def test_a_path_of_the_working_directory_is_never_sent(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK would upload what row_data names below the working directory, also where it is the text itself."""
    (tmp_path / "0000.jpg").write_bytes(SECRET)
    (tmp_path / "Hello").write_bytes(SECRET)
    monkeypatch.chdir(tmp_path)
    asset = Asset(path="a/0000.txt", media=Media.TEXT, text="Hello")
    to_labelbox.write([Item(asset=asset)], tmp_path / "out", settings=Settings())
    run(service, tmp_path / "out")
    assert SECRET not in service.received()
    assert next(iter(service.service.files.values())) == b"Hello"


def test_texts_are_rows_and_text_files_are_uploaded(service: StandIn, tmp_path: Path) -> None:
    (tmp_path / "media/a").mkdir(parents=True)
    (tmp_path / "media/a/file.txt").write_text("of a picture")
    assets = [
        Asset(path="a/raw.txt", media=Media.TEXT, text="Mr Smith left."),
        Asset(path="a/file.txt", media=Media.TEXT),
    ]
    to_labelbox.write([Item(asset=asset) for asset in assets], tmp_path / "out")
    run(service, tmp_path / "out", media_root=tmp_path / "media")
    rows = {row["globalKey"]: row["rowData"] for row in service.service.tables["row"].values()}
    assert rows["a/raw.txt"] == "Mr Smith left."
    assert rows["a/file.txt"].startswith(service.base)


def test_documents_are_uploaded_inside_their_row(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out", Media.DOCUMENT, web=False)
    run(service, out, media_root=pictures(tmp_path / "media", name="a/{:04}.pdf"))
    rows = service.service.tables["row"].values()
    assert all(row["rowData"]["pdf_url"].startswith(service.base) for row in rows)


def test_a_file_that_is_refused_costs_its_row_only(service: StandIn, tmp_path: Path) -> None:
    service.faults.append(Fault("UploadFile", "413", nth=2))
    out = output(tmp_path / "out", web=False)
    report = run(service, out, media_root=pictures(tmp_path / "media"), upload_threads=1)
    assert (report.rows.new, report.rows.failed, report.lines.imported, report.lines.not_sent) == (2, 1, 4, 2)
    assert "413" in report.messages[0].message


def test_files_without_a_suffix_are_typed_by_what_they_are(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out", rows=1, web=False)
    rewritten(out, row_data="a/picture", external_id="picture")
    run(service, out, media_root=pictures(tmp_path / "media", 1, "a/picture"))
    sent = next(body for name, body in service.service.requests if name == "UploadFile" and b"picture 0" in body)
    assert b'filename="picture"' in sent
    assert b"Content-Type: image/jpeg" in sent


def rewritten(out: Path, **values: Any) -> Path:
    """An output whose first data row says something else; None leaves a field out."""
    import hashlib

    rows = lines(out, "data_rows.ndjson")
    rows[0] = {name: value for name, value in (rows[0] | values).items() if value is not None}
    path = out / "data_rows.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = json.loads((out / "report.json").read_text())
    report["outputs"][path.name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (out / "report.json").write_text(json.dumps(report))
    return out


def test_the_plan_counts_what_will_be_sent(service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With rows left out, the plan's numbers are those of the report."""
    out, media = output(tmp_path / "out", rows=6, web=False), pictures(tmp_path / "media")
    options = {"media_root": media, "on_error": "skip", "lines_per_job": 4, "batch_size": 2}
    plan = run(service, out, dry_run=True, **options)
    report = run(service, out, **options)
    assert (plan.rows.new, plan.rows.failed) == (report.rows.new, report.rows.failed) == (3, 3)
    words = dict(line.split(None, 1) for line in plan.text.splitlines() if line[0] != " ")
    assert words["annotations"].split()[0] == str(report.lines.sent) == "6"
    assert "data rows    6 (3 new, 0 existing, 3 left out)" in plan.text
    assert "             3 car" in plan.text
    assert words["batches"] == str(report.projects[0].batches) == "2"
    assert f"import jobs  {len(report.projects[0].jobs)} of" in plan.text
    assert "3 data rows of files that cannot be sent, with 6 annotations: a/0003.jpg: not found" in plan.text
    monkeypatch.delenv("LABELBOX_API_KEY")
    alone = run(service, out, dry_run=True, **options)
    assert (alone.rows.new, alone.rows.failed) == (3, 3)


def test_local_tiles_are_told_what_labelbox_wants(service: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out", rows=1, each=0)
    tiles = {"tile_layer_url": "tiles/{z}/{x}/{y}.png", "bounds": [[0, 1], [1, 0]], "epsg": "EPSG4326"}
    rewritten(out, row_data=tiles, media_type="TMS_GEO")
    with pytest.raises(UsageError, match=r"tiles/.*: is a template of tiles, which Labelbox fetches by URL"):
        run(service, out)


@pytest.mark.parametrize(("epsg", "media_type"), [("EPSG4326", "TMS_GEO"), ("Simple", "TMS_SIMPLE")])
def test_tiles_that_do_not_say_what_they_are_go_where_their_kind_goes(
    service: StandIn, tmp_path: Path, epsg: str, media_type: str
) -> None:
    out = output(tmp_path / "out", rows=1, each=0)
    tiles = {"tileLayerUrl": "https://t.example.org/{z}/{x}/{y}.png", "bounds": [[0, 1], [1, 0]], "epsg": epsg}
    rewritten(out, row_data=tiles, media_type=None)
    assert [p.media_type for p in run(service, out, dry_run=True).projects] == [media_type]


def test_addresses_without_tls_are_told_in_the_plan(service: StandIn, tmp_path: Path) -> None:
    out = rewritten(output(tmp_path / "out"), row_data="http://images.example.org/1.jpg")
    plan = run(service, out, dry_run=True)
    assert "1 data row has an address of http, as 'a/0000.jpg': browsers do not show these" in plan.text
    assert "address of http" not in run(service, output(tmp_path / "other"), dry_run=True).text
