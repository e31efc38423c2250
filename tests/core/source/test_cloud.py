"""Sources in the cloud give what the same folder gives, fetch no more than is read, and say what is wrong."""

from __future__ import annotations

import gc
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import to_labelbox
from cloud import BUCKET, S3, s3_server, web_server
from harness import FIXTURES, Case, cases, contents, report
from to_labelbox import UnavailableError, UsageError
from to_labelbox.source.cloud.at_hand import at_hand
from to_labelbox.source.cloud.service import SCHEMES
from to_labelbox.source.image_headers import file_header

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

WITH_PICTURES = [case for case in cases() if any(case.folder.rglob("*.png")) or any(case.folder.rglob("*.jpg"))]
OTHERS = [case for case in cases() if case not in WITH_PICTURES][::8]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as server:
        yield server


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TO_LABELBOX_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    gc.collect()  # sessions that fsspec leaves to be collected warn then: here, not in the test that comes next


def payload(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(out).items() if name != "report.json"}


@pytest.mark.parametrize("case", [*WITH_PICTURES, *OTHERS], ids=lambda c: c.id)
def test_the_cloud_gives_what_the_folder_gives(case: Case, s3: S3, tmp_path: Path) -> None:
    address = s3.put(case.input, case.id)
    arguments = case.arguments()
    named = case.source()
    sources = [address if p == case.input else f"{address}/{p.relative_to(case.input).as_posix()}" for p in named]
    case.convert(tmp_path / "here")
    if root := arguments.get("media_root"):
        arguments["media_root"] = s3.put(Path(root), f"media/{case.id}")
    to_labelbox.convert(sources, tmp_path / "there", **arguments)
    assert payload(tmp_path / "there") == payload(tmp_path / "here")
    assert report(tmp_path / "there")["source"]["path"] == ", ".join(sources)
    assert report(tmp_path / "there")["diagnostics"] == report(tmp_path / "here")["diagnostics"]


def test_a_batch_reads_a_bucket(s3: S3, tmp_path: Path) -> None:
    for name in ("detect", "segment"):
        s3.put(FIXTURES / "yolo" / name / "input", f"several/{name}")
    made = to_labelbox.batch(f"s3://{BUCKET}/several", tmp_path / "out")
    assert [row.path for row in made.datasets] == ["detect", "segment"]
    assert made.root == f"s3://{BUCKET}/several"
    again = to_labelbox.batch(f"s3://{BUCKET}/several", tmp_path / "out", resume=True)
    assert [row.annotations for row in again.datasets] == [row.annotations for row in made.datasets]


def test_a_zip_in_a_bucket(s3: S3, tmp_path: Path) -> None:
    folder = FIXTURES / "yolo" / "segment" / "input"
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in folder.rglob("*"):
            archive.write(file, file.relative_to(folder))
    address = s3.put(tmp_path / "set.zip", "packed/set.zip")
    to_labelbox.convert(tmp_path / "set.zip", tmp_path / "here")
    to_labelbox.convert(address, tmp_path / "there")
    assert payload(tmp_path / "there") == payload(tmp_path / "here")


def test_what_has_changed_is_fetched_again_and_what_is_gone_is_forgotten(s3: S3, tmp_path: Path) -> None:
    def read() -> dict[str, bytes]:
        return contents(Path(at_hand([f"s3://{BUCKET}/changing"])[0]))

    s3.write("changing/a.json", b"[1]")
    s3.write("changing/b.json", b"[2]")
    s3.write("changing/p.jpg", b"picture")
    assert read() == {"a.json": b"[1]", "b.json": b"[2]", "p.jpg": b""}
    s3.write("changing/a.json", b"[3]")
    s3.delete("changing/b.json")
    assert read() == {"a.json": b"[3]", "p.jpg": b""}


def test_a_header_is_read_by_ranges_and_once(tmp_path: Path) -> None:
    web = tmp_path / "web"
    web.mkdir()
    for n in range(20):
        Image.effect_noise((300, 200 + n), 90).save(web / f"{n:02}.jpg", quality=95)
    with web_server(web) as server:
        (folder,) = at_hand([f"{server.address}/"], listing_only=True)
        server.asked.clear()
        for _ in range(2):
            sizes = [
                header and (header.width, header.height)
                for n in range(20)
                if (header := file_header(f"{folder}/{n:02}.jpg"))
            ]
            assert sizes == [(300, 200 + n) for n in range(20)]
    assert sorted(path for path, _ in server.asked) == [f"/{n:02}.jpg" for n in range(20)]
    assert {wanted for _, wanted in server.asked} == {"bytes=0-16383"}


def test_pictures_whose_sizes_are_stated_are_not_asked_for(tmp_path: Path) -> None:
    web = tmp_path / "web"
    (web / "set").mkdir(parents=True)
    image = {"id": 1, "file_name": "a.jpg", "width": 30, "height": 20}
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}
    made = {"images": [image], "annotations": [box], "categories": [{"id": 1, "name": "car"}]}
    (web / "set" / "a.json").write_text(json.dumps(made))
    Image.new("RGB", (30, 20)).save(web / "set" / "a.jpg")
    with web_server(web) as server:
        to_labelbox.convert(f"{server.address}/set/", tmp_path / "out")
        assert "/set/a.json" in {path for path, _ in server.asked}
        assert "/set/a.jpg" not in {path for path, _ in server.asked}


def test_a_header_that_lies_further_on_is_read_where_it_is(tmp_path: Path) -> None:
    web = tmp_path / "web"
    web.mkdir()
    exif = Image.Exif()
    exif[270] = "x" * 60_000
    Image.new("RGB", (30, 20)).save(web / "a.jpg", exif=exif)
    with web_server(web) as server:
        (folder,) = at_hand([f"{server.address}/"])
        header = file_header(f"{folder}/a.jpg")
    assert header is not None
    assert (header.width, header.height) == (30, 20)


def test_a_listing_of_web_pages_is_a_folder(tmp_path: Path) -> None:
    web = tmp_path / "web"
    case = FIXTURES / "yolo" / "detect" / "input"
    for file in case.rglob("*"):
        if file.is_file():
            place = web / "my set" / file.relative_to(case)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    with web_server(web) as server:
        to_labelbox.convert(f"{server.address}/my%20set/", tmp_path / "there")
    to_labelbox.convert(web / "my set", tmp_path / "here")
    assert payload(tmp_path / "there") == payload(tmp_path / "here")


def test_a_signed_address_keeps_its_signature_to_itself(tmp_path: Path, cache: Path) -> None:
    web = tmp_path / "web"
    web.mkdir()
    source = FIXTURES / "coco" / "boxes" / "input"
    (web / "export").write_bytes(next(source.glob("*.json")).read_bytes())
    with web_server(web) as server:
        address = f"{server.address}/export?X-Amz-Signature=5ecre7"
        to_labelbox.convert(address, tmp_path / "out")
    assert report(tmp_path / "out")["source"]["format"] == "coco"
    for folder in (tmp_path / "out", cache):
        for name, data in contents(folder).items():
            assert "5ecre7" not in name
            assert b"5ecre7" not in data


def test_a_web_page_is_no_export(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("<!DOCTYPE html><html></html>")
    with web_server(tmp_path) as server, pytest.raises(UsageError, match="web page, no export"):
        at_hand([f"{server.address}/page"])


@pytest.mark.parametrize("address", [f"s3://{BUCKET}/nothing", f"s3://{BUCKET}/nothing/", "s3://no-such-bucket/a"])
def test_nothing_there(s3: S3, address: str) -> None:
    with pytest.raises(UsageError, match="there is nothing"):
        at_hand([address])


@pytest.mark.parametrize("address", [f"s3://{BUCKET}/a/../b", f"s3://{BUCKET}/a//b", "http://a]b/", "s3://"])
def test_addresses_that_cannot_be(address: str) -> None:
    with pytest.raises(UsageError, match=r"no such address|write it as"):
        at_hand([address])


def test_a_service_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnavailableError, match="cannot be read now"):
        at_hand(["http://127.0.0.1:9/a.json"])


def test_names_that_no_folder_can_have(s3: S3) -> None:
    s3.write("odd/a\\..\\b.json", b"{}")
    with pytest.raises(UsageError, match="can have such a name"):
        at_hand([f"s3://{BUCKET}/odd"])
    s3.write("both/a", b"{}")
    s3.write("both/a/b.json", b"{}")
    with pytest.raises(UsageError, match="is a file and a folder"):
        at_hand([f"s3://{BUCKET}/both"])


def test_addresses_and_paths_are_not_one_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="some are paths"):
        at_hand(["s3://a/b", str(tmp_path)])


def test_the_cache_has_a_bound(s3: S3, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.write("large/a.json", b" " * 2000)
    s3.write("small/a.json", b" " * 600)
    monkeypatch.setenv("TO_LABELBOX_CACHE_BYTES", "1000")
    with pytest.raises(UsageError, match="2,000 bytes or more, and 1,000 are kept"):
        at_hand([f"s3://{BUCKET}/large"])
    (first,) = at_hand([f"s3://{BUCKET}/small"])
    s3.write("other/a.json", b" " * 700)
    with pytest.raises(UsageError, match="used within a day"):
        at_hand([f"s3://{BUCKET}/other"])
    monkeypatch.setattr("to_labelbox.source.cloud.mirror.IDLE_SECONDS", 0)
    at_hand([f"s3://{BUCKET}/other"])
    assert not Path(first).exists()
    monkeypatch.setenv("TO_LABELBOX_CACHE_BYTES", "much")
    with pytest.raises(UsageError, match="a number of bytes"):
        at_hand([f"s3://{BUCKET}/small"])


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TO_LABELBOX_CACHE", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="TO_LABELBOX_CACHE names another folder"):
        at_hand(["s3://a/b"])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_missing_library_is_named(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    def missing(protocol: str) -> None:
        raise ImportError(protocol)

    monkeypatch.setattr(fsspec, "filesystem", missing)
    with pytest.raises(
        UsageError, match=rf"{scheme}:// needs \w+, which is not installed: pip install 'to-labelbox\[cloud\]'"
    ):
        at_hand([f"{scheme}://bucket/folder"])


def test_workers_ask_for_headers_themselves(s3: S3, tmp_path: Path) -> None:
    for n in range(40):
        (tmp_path / "set" / "labels").mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / "images").mkdir(exist_ok=True)
        Image.new("RGB", (100 + n, 50)).save(tmp_path / "set" / "images" / f"{n:02}.jpg")
        (tmp_path / "set" / "labels" / f"{n:02}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    address = s3.put(tmp_path / "set", "workers")
    to_labelbox.convert(tmp_path / "set", tmp_path / "here", format="yolo")
    made = to_labelbox.convert(address, tmp_path / "there", format="yolo", workers=2)
    assert made.annotations.converted == 40
    assert payload(tmp_path / "there") == payload(tmp_path / "here")


@pytest.mark.parametrize(
    "address", ["http://me:pass@127.0.0.1:1/a.json?token=word", "http://me:pass@[::1/a?token=word"]
)
def test_neither_passwords_nor_signatures_are_shown(address: str, tmp_path: Path) -> None:
    with pytest.raises(to_labelbox.ToLabelboxError) as raised:
        to_labelbox.convert(address, tmp_path / "out")
    assert "pass" not in str(raised.value)
    assert "word" not in str(raised.value)
