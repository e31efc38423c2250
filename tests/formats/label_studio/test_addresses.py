"""Addresses of assets: odd hosts, signatures, and what makes two of them one asset."""

from __future__ import annotations

from pathlib import Path

import pytest

import to_labelbox
from build.label_studio import box, read, task, write
from to_labelbox_formats.label_studio.assets import extension, reference_of

HOST = "https://bucket.s3.amazonaws.com/d/a.jpg"


@pytest.mark.parametrize("url", ["http://[::1", "http://a]b/", "http://\u2100.org/a.jpg", "http://[/"])
def test_a_host_that_no_address_can_have_costs_its_task(url: str, tmp_path: Path) -> None:
    assert extension(url) in ("", ".jpg")
    file = write(tmp_path, [task([box("a")], {"shown": "good.jpg"}), task([box("b")], {"shown": url}, 2)])
    report = to_labelbox.convert(file, tmp_path / "out")
    assert (report.annotations.converted, report.annotations.skipped) == (1, 1)
    told = [e for d in report.diagnostics if d.code == "asset-unknown" for e in d.examples]
    assert [(e.where, url[:8] in e.message) for e in told[:1]] == [("task 2", True)]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://[2001:db8::1]:8080/x/a.jpg", "x/a.jpg"),
        ("http://[::1]:8080/x/a.jpg", "x/a.jpg"),
        ("https://user:secret@host/x/a.jpg", "x/a.jpg"),
    ],
)
def test_hosts_that_are_odd_but_right(url: str, name: str) -> None:
    reference = reference_of(url)
    assert reference is not None
    assert reference.names[0] == name


@pytest.mark.parametrize(
    "signed",
    [
        "?X-Amz-Algorithm=AWS4&X-Amz-Date={n}&X-Amz-Expires=9&X-Amz-Signature={n}&x-amz-security-token={n}",
        "?AWSAccessKeyId={n}&Signature={n}&Expires={n}",
        "?Expires={n}&Signature={n}&Key-Pair-Id={n}&Policy={n}",
        "?GoogleAccessId=x&Expires={n}&Signature={n}",
        "?X-Goog-Signature={n}&X-Goog-Date={n}",
        "?sv=2023&st={n}&se={n}&sr=b&sp=r&sig={n}",
    ],
)
def test_an_asset_signed_twice_is_one(signed: str, tmp_path: Path) -> None:
    tasks = [task([box(f"r{n}")], {"shown": HOST + signed.format(n=n)}, n) for n in (1, 2)]
    items, _ = read(write(tmp_path, tasks))
    assert [(i.asset.path, len(i.annotations)) for i in items] == [("d/a.jpg", 2)]
    assert items[0].asset.url == HOST + signed.format(n=1)


def test_a_parameter_that_names_something_stays(tmp_path: Path) -> None:
    tasks = [task([box()], {"shown": f"{HOST}?versionId={n}&Signature={n}"}, n) for n in (1, 2)]
    items, _ = read(write(tmp_path, tasks))
    host = HOST.removeprefix("https://")
    assert [i.asset.path for i in items] == [f"{host}?versionId=1", f"{host}?versionId=2"]


def test_one_letter_parameters_sign_only_beside_their_signature(tmp_path: Path) -> None:
    items, _ = read(write(tmp_path, [task([box()], {"shown": f"{HOST}?se={n}"}, n) for n in (1, 2)]))
    assert len({i.asset.path for i in items}) == 2


def test_a_link_that_the_server_resolves_is_the_asset_behind_it(tmp_path: Path) -> None:
    links = [f"/tasks/{n}/resolve/?fileuri=czM6Ly9iL3gvYS5qcGc=" for n in (1, 2)]
    items, _ = read(write(tmp_path, [task([box(f"r{n}")], {"shown": link}, n) for n, link in enumerate(links, 1)]))
    assert [(i.asset.path, len(i.annotations)) for i in items] == [("x/a.jpg", 2)]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://studio.example/data/upload/7/0123abcd-a.jpg", False),
        ("https://studio.example/storage-data/uploaded/?filepath=upload/7/0123abcd-a.jpg", False),
        ("https://pages.example/wp-content/upload/2024/a.jpg", True),
    ],
)
def test_the_address_of_an_upload_is_of_no_use_to_others(url: str, kept: bool) -> None:
    reference = reference_of(url)
    assert reference is not None
    assert (reference.names[0], reference.url) == ("a.jpg", url if kept else None)


def test_what_no_object_of_the_config_shows_is_read_the_same_in_any_order(tmp_path: Path) -> None:
    shown = ['<Image name="i" value="$picture"/>', '<Paragraphs name="p" value="$said" textKey="words"/>']
    controls = '<Choices name="c" toName="i,p"><Choice value="y"/></Choices>'
    talk = {"talk": [{"text": "Hello there", "words": "2"}]}
    found = []
    for n, order in enumerate((shown, shown[::-1])):
        items, _ = read(write(tmp_path / str(n), [task([], talk)], "".join(order) + controls))
        found.append([m.content for m in items[0].asset.messages])
    assert found == [["Hello there"]] * 2
