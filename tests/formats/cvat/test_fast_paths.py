"""The fast ways through pictures and tracks say the same as the careful ones, on every fixture."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from cvat_files import attribute, export, items_of, label, open_path, open_text, task
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


@pytest.mark.parametrize("text", ["one", "one\r\ntwo", "a &lt; b"])
def test_a_text_of_a_track_that_needs_a_parser(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XML has a line feed for each line break, whichever the file has."""
    row = (
        '<box frame="{0}" keyframe="{2}" outside="{1}" occluded="0" xtl="{0}" ytl="2" xbr="30" ybr="40" z_order="0">'
        f'<attribute name="note">{text}</attribute></box>'
    )
    rows = "".join(row.format(n, int(n == 3), int(n != 1)) for n in range(4))
    track = f'<track id="0" label="car" source="manual">{rows}</track>'
    video = export(track, task(label("car", "any", attribute("note", "text")), video=(100, 100)))
    quickly, _ = items_of(open_text(tmp_path, video)[0])
    monkeypatch.setattr(FastTracks, "read", lambda *_: None)
    assert quickly == items_of(open_text(tmp_path, video)[0])[0]
