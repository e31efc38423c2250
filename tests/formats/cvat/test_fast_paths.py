"""The fast ways through pictures and tracks say the same as the careful ones, on every fixture."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from cvat_files import items_of, open_path
from to_labelbox.model.items import Item
from to_labelbox.plugins.options import make_options
from to_labelbox.plugins.registry import writer
from to_labelbox.report.log import Log
from to_labelbox_formats.cvat import FORMAT
from to_labelbox_formats.cvat.options import Video
from to_labelbox_formats.cvat.tracks.fast_tracks import FastTracks
from to_labelbox_formats.cvat.xml.fast_images import QuickReader

FIXTURES = Path(__file__).parents[3] / "fixtures/cvat"
CASES = sorted(path.name for path in FIXTURES.iterdir())


def read(case: str, video: Video) -> tuple[list[Item], Log]:
    given = FIXTURES / case / "options.json"
    chosen = json.loads(given.read_text()).get("options", {}) if given.exists() else {}
    options, _ = make_options(FORMAT, writer("labelbox"), chosen)
    dataset, opening = open_path(FIXTURES / case / "input", **{**dataclasses.asdict(options), "video": video})
    items, log = items_of(dataset)
    opening.absorb(log)
    return items, opening


@pytest.mark.parametrize("video", [Video.VIDEO, Video.FRAMES])
@pytest.mark.parametrize("case", CASES)
def test_they_say_the_same(case: str, video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    quickly, log = read(case, video)
    monkeypatch.setattr(QuickReader, "read", lambda _, pictures: [None for _ in pictures])
    monkeypatch.setattr(FastTracks, "read", lambda *_: None)
    carefully, other = read(case, video)
    assert quickly == carefully
    assert (log.ledger, log.diagnostics) == (other.ledger, other.diagnostics)
    assert (log.unread, log.assumptions) == (other.unread, other.assumptions)


def test_they_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some fixtures take each of them; else the comparison would say nothing."""
    taken: set[str] = set()
    for reader in (QuickReader, FastTracks):
        plain = reader.read

        def spy(self: object, *args: object, plain: object = plain, name: str = reader.__name__) -> object:
            found = plain(self, *args)  # type: ignore[operator]
            taken.update([name] if (any(found) if isinstance(found, list) else found is not None) else ())
            return found

        monkeypatch.setattr(reader, "read", spy)
    for case in CASES:
        read(case, Video.VIDEO)
    assert taken == {"QuickReader", "FastTracks"}
