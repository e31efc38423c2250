"""The addresses that --url-prefix makes, and those that two assets have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import annotation, coco, codes, image, lines, save
from to_labelbox import Report, UsageError
from to_labelbox.conversion.addresses import addresses

VALUES = {
    "relpath": "a b/1#2?.jpg",
    "name": "1#2?.jpg",
    "stem": "1#2?",
    "ext": ".jpg",
    "split": "train",
    "dataset": "d/é",
    "source_id": "7",
}


@pytest.mark.parametrize(
    ("prefix", "address"),
    [
        ("https://h/x", "https://h/x/a%20b/1%232%3F.jpg"),
        ("https://h/x/", "https://h/x/a%20b/1%232%3F.jpg"),
        ("https://h/my bucket/é", "https://h/my%20bucket/%C3%A9/a%20b/1%232%3F.jpg"),
        ("https://h/my%20bucket", "https://h/my%20bucket/a%20b/1%232%3F.jpg"),
        ("https://h/100%", "https://h/100%25/a%20b/1%232%3F.jpg"),
        ("https://h/{dataset}/{split}", "https://h/d/%C3%A9/train/a%20b/1%232%3F.jpg"),
        ("https://h/{name}", "https://h/1%232%3F.jpg"),
        ("https://h/{stem}_small{ext}", "https://h/1%232%3F_small.jpg"),
        ("https://h/{relpath}?sig=a%2Fb&x=1", "https://h/a%20b/1%232%3F.jpg?sig=a%2Fb&x=1"),
        ("https://h/get?file={relpath}", "https://h/get?file=a%20b%2F1%232%3F.jpg"),
        ("gs://bucket/{source_id}", "gs://bucket/7"),
    ],
)
def test_what_is_written_is_encoded_once(prefix: str, address: str) -> None:
    assert addresses(prefix)(VALUES) == address


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        ("https://h/{file}", r"no field \{file\}; there are: \{relpath\} \{name\}"),
        ("bucket.example.org/x", r"is no address: begin with https:// and a host .*'https://bucket.example.org/x'"),
        ("/data/images", "is no address"),
        ("https://", "is no address"),
        ("https://h/x?sig=1", r"write \{relpath\} where the path belongs"),
        ("https://h/{name", "a brace without its other half"),
    ],
)
@pytest.mark.parametrize("command", ["convert", "batch"])
def test_what_can_be_no_prefix_is_refused(command: str, prefix: str, said: str, tmp_path: Path) -> None:
    source = save(tmp_path / "in" / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])]))
    run: Any = to_labelbox.convert if command == "convert" else to_labelbox.batch
    with pytest.raises(UsageError, match=said):
        run(source.parent, tmp_path / "out", url_prefix=prefix)
    assert not (tmp_path / "out").exists()


def two(tmp_path: Path, **given: Any) -> Report:
    shapes = [annotation(n, image_id=n, bbox=[1, 1, 5, 5]) for n in (1, 2)]
    source = save(tmp_path / "a.json", coco(shapes, [image(1, "a/1.jpg"), image(2, "b/1.jpg")]))
    return to_labelbox.convert(source, tmp_path / "out", overwrite=True, **given)


@pytest.mark.parametrize("workers", [1, 2])
def test_two_assets_of_one_address_are_a_warning_and_a_fault(workers: int, tmp_path: Path) -> None:
    made = two(tmp_path, url_prefix="https://h/{name}", workers=workers)
    assert codes(made)["address-shared"] == 1
    assert made.exit_code() == 0
    (fault,) = to_labelbox.validate(tmp_path / "out")
    assert (fault.file, fault.line) == ("data_rows.ndjson", 2)
    assert "the address of line 1 too, under another global_key" in fault.message
    for prefix in ("https://h/{relpath}", "https://h"):
        assert "address-shared" not in codes(two(tmp_path, url_prefix=prefix, global_key="{source_id}-{name}"))
        assert to_labelbox.validate(tmp_path / "out") == []


def test_a_map_may_say_one_address_twice(tmp_path: Path) -> None:
    table = {"a/1.jpg": "https://h/1", "b/1.jpg": "https://h/1"}
    assert codes(two(tmp_path, url_map=table))["address-shared"] == 1


@pytest.mark.parametrize(
    ("scheme", "instead"),
    [("s3", "amazonaws.com"), ("azure-blob", "blob.core.windows.net"), ("hdfs", "an https:// address")],
)
def test_what_labelbox_does_not_fetch_is_told_in_one_voice(scheme: str, instead: str, tmp_path: Path) -> None:
    made = two(tmp_path, url_prefix=f"{scheme}://bucket")
    (told,) = (d for d in made.diagnostics if d.code == "address-not-fetched")
    faults = to_labelbox.validate(tmp_path / "out")
    assert told.count == len(faults) == 2
    assert told.message == faults[0].message
    assert instead in told.message
    assert "address-not-fetched" not in codes(two(tmp_path, url_prefix="gs://bucket"))
    assert lines(tmp_path / "out", "data_rows.ndjson")[0]["row_data"] == "gs://bucket/a/1.jpg"


def test_no_folder_is_made_up_for_a_split_that_nobody_knows(tmp_path: Path) -> None:
    box = annotation(1, bbox=[1, 1, 5, 5])
    source = save(tmp_path / "a.json", coco([box]))
    made = to_labelbox.convert(source, tmp_path / "out", url_prefix="https://h/{split}")
    assert made.exit_code() == 3
    (lacking,) = [d for d in made.diagnostics if d.code == "asset-unknown"]
    assert lacking.examples[0].message == "its asset has no split, which --url-prefix asks for"
    save(tmp_path / "in" / "train" / "a.json", coco([box]))
    to_labelbox.convert(tmp_path / "in", tmp_path / "known", url_prefix="https://h/{split}")
    assert lines(tmp_path / "known", "data_rows.ndjson")[0]["row_data"].startswith("https://h/train/")


def test_one_name_at_two_addresses_is_two_assets(tmp_path: Path) -> None:
    """What --url-prefix tells apart is not joined on one data row."""
    for split in ("train", "val"):
        save(tmp_path / "in" / f"instances_{split}.json", coco([annotation(1, bbox=[1, 1, 5, 5])]))
    with pytest.raises(
        UsageError, match=r"two assets would have the global key .*--global-key, for example '\{split\}/"
    ):
        to_labelbox.convert(tmp_path / "in", tmp_path / "out", url_prefix="https://h/{split}")
    given = {"url_prefix": "https://h/{split}", "global_key": "{split}/{relpath}"}
    made = to_labelbox.convert(tmp_path / "in", tmp_path / "out", **given)  # type: ignore[arg-type]
    assert made.assets.written == 2


def test_split_metadata_without_a_split_is_told(tmp_path: Path) -> None:
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])]))
    made = to_labelbox.convert(source, tmp_path / "out", split_metadata="split")
    assert "option-unmatched" in {d.code for d in made.diagnostics}


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("https://h/a b/é#2.jpg?x=a%2Fb+c", "https://h/a%20b/%C3%A9%232.jpg?x=a%2Fb+c"),
        ("https://h/100%.jpg", "https://h/100%25.jpg"),
        ("https://h/a%20b.jpg?sig=a%2Bb%3D", "https://h/a%20b.jpg?sig=a%2Bb%3D"),
        ("https://bücher.example/é.jpg", "https://bücher.example/%C3%A9.jpg"),
        ("gs://bucket/a b.jpg", "gs://bucket/a b.jpg"),
    ],
)
@pytest.mark.parametrize("from_map", [False, True])
def test_an_address_is_written_as_a_server_takes_it(given: str, written: str, from_map: bool, tmp_path: Path) -> None:
    url = {} if from_map else {"coco_url": given}
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, "a/1.jpg", **url)]))
    to_labelbox.convert(source, tmp_path / "out", url_map={"a/1.jpg": given} if from_map else None)
    assert lines(tmp_path / "out", "data_rows.ndjson")[0]["row_data"] == written
    assert to_labelbox.validate(tmp_path / "out") == []


def test_a_blank_in_an_address_is_a_fault(tmp_path: Path) -> None:
    two(tmp_path, url_prefix="https://h")
    rows = tmp_path / "out" / "data_rows.ndjson"
    rows.write_text(rows.read_text().replace("https://h/a/1.jpg", "https://h/a 1.jpg"))
    told = [fault.message for fault in to_labelbox.validate(tmp_path / "out")]
    assert "the URL in row_data holds blanks: percent-encode it" in told


@pytest.mark.parametrize(
    ("query", "until"),
    [
        ("X-Amz-Date=20240101T120000Z&X-Amz-Expires=3600&X-Amz-Signature=1", "2024-01-01 13:00 UTC"),
        ("X-Goog-Date=20240101T120000Z&X-Goog-Expires=60&X-Goog-Signature=1", "2024-01-01 12:01 UTC"),
        ("sv=2022&se=2024-01-02T03%3A04%3A05Z&sp=r&sig=1", "2024-01-02 03:04 UTC"),
        ("AWSAccessKeyId=k&Expires=1704110400&Signature=1", "2024-01-01 12:00 UTC"),
        ("Policy=p&Key-Pair-Id=k&Signature=1", "some time after it was made"),
        ("X-Amz-Expires=" + "9" * 30 + "&X-Amz-Signature=1", "some time after it was made"),
        ("signature=1&w=100", None),
        ("w=100&design=2", None),
    ],
)
def test_an_address_that_expires_is_told(query: str, until: str | None, tmp_path: Path) -> None:
    picture = image(1, "a/1.jpg", coco_url=f"https://h/a/1.jpg?{query}")
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])], [picture]))
    made = to_labelbox.convert(source, tmp_path / "out")
    told = [d.message for d in made.diagnostics if d.code == "address-expires"]
    assert [f"holds until {until}," in message for message in told] == ([] if until is None else [True])
