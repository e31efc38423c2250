"""Google's and Azure's storage give what the same folder gives; tried where their stand-ins are installed.

``pip install gcp-storage-emulator gcsfs adlfs`` and ``npm install -g azurite``.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

import to_labelbox
from cloud import BUCKET, Store, az_store, gs_store
from harness import Case, cases, contents, report
from to_labelbox import UsageError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

CASES = [case for case in cases() if any(case.folder.rglob("*.png")) or any(case.folder.rglob("*.jpg"))]


@pytest.fixture(scope="module", params=[gs_store, az_store], ids=["gs", "az"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with request.param() as opened:
        yield opened


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TO_LABELBOX_CACHE", str(tmp_path / "cache"))
    yield
    gc.collect()


def payload(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(out).items() if name != "report.json"}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_the_cloud_gives_what_the_folder_gives(case: Case, store: Store, tmp_path: Path) -> None:
    address = store.put(case.input, case.id)
    arguments = case.arguments()
    sources = [
        address if path == case.input else f"{address}/{path.relative_to(case.input).as_posix()}"
        for path in case.source()
    ]
    case.convert(tmp_path / "here")
    if root := arguments.get("media_root"):
        arguments["media_root"] = store.put(Path(root), f"media/{case.id}")
    to_labelbox.convert(sources, tmp_path / "there", **arguments)
    assert payload(tmp_path / "there") == payload(tmp_path / "here")
    assert report(tmp_path / "there")["diagnostics"] == report(tmp_path / "here")["diagnostics"]


def test_a_batch_reads_a_container(store: Store, tmp_path: Path) -> None:
    for name in ("detect", "segment"):
        (case,) = cases(f"yolo/{name}") or [c for c in cases() if c.id == f"yolo/{name}"]
        store.put(case.input, f"several/{name}")
    made = to_labelbox.batch(f"{store.scheme}://{BUCKET}/several", tmp_path / "out")
    assert [row.path for row in made.datasets] == ["detect", "segment"]


def test_what_is_not_there_is_said(store: Store, tmp_path: Path) -> None:
    for address in (f"{store.scheme}://{BUCKET}/nothing", f"{store.scheme}://no-such-bucket/a.json"):
        with pytest.raises(UsageError, match="there is nothing"):
            to_labelbox.convert(address, tmp_path / "out")
