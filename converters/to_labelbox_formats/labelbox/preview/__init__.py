"""A page that shows what a payload says: pictures with its shapes, texts with its entities, charts of the set, the report.

Everything is read from the files of an output folder, the payload above all, never from the source: what is drawn is
what would be imported. The page is one file without any address of another; see docs/preview.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import Any

from to_labelbox.conversion.global_keys import MEDIA
from to_labelbox.plugins.writer import PreviewOptions
from to_labelbox.report.errors import UsageError
from to_labelbox.source.asset_lookup import Claims, MediaFolder, check_media_root
from to_labelbox.source.paths import is_safe
from to_labelbox_formats.labelbox.output import ROWS, asset_names, payload_names
from to_labelbox_formats.labelbox.preview.cards import card, without_picture
from to_labelbox_formats.labelbox.preview.classes import Classes, load
from to_labelbox_formats.labelbox.preview.measure import measured
from to_labelbox_formats.labelbox.preview.page import Shown, page
from to_labelbox_formats.labelbox.preview.payload import Part
from to_labelbox_formats.labelbox.preview.problems import Troubles, covered, troubled
from to_labelbox_formats.labelbox.preview.sample import Wanted, choose

SIDES = ((60, 1200), (250, 800))
"""Up to so many data rows, pictures have so many pixels on their longer side; beyond, :data:`SMALL`."""
SMALL = 480


def preview(folder: str, options: PreviewOptions) -> Iterator[str]:
    """The page, piece by piece. Raises :class:`UsageError` before the first piece."""
    root = None if options.media_root is None else os.fspath(options.media_root)
    check_media_root(root)
    classes = Classes(load(os.path.join(folder, "ontology.json")))
    report = load(os.path.join(folder, "report.json"))
    datasets = _datasets(folder, report)
    only = frozenset(options.only)
    parts = [Part(name, os.path.join(folder, name), only) for name in datasets] or [Part("", folder, only)]
    troubles = [_troubles(part) for part in parts] if options.problems else []
    words = covered(troubles) if troubles else ""
    among = {n: frozenset(one.rows) for n, one in enumerate(troubles)} if troubles else None
    sample = choose(parts, Wanted(options.count, options.seed, only, among))
    lost = {part.name: one for part, one in zip(parts, troubles)}
    for row in sample.chosen:
        row.lost = lost[row.dataset].lost(row.key) if lost else ()
    galleries = {part.name: _gallery(part, root) for part in parts}
    if options.chosen is not None:
        options.chosen(len(sample.chosen), sample.rows, without_picture(sample.chosen, galleries))
    side = next((side for most, side in SIDES if len(sample.chosen) <= most), SMALL)
    for row in sample.chosen:  # names that the ontology lacks become classes here, and the page begins with all classes
        classes.count(row.lines)
    cards = (card(row, n, classes, galleries[row.dataset], side) for row, n in zip(sample.chosen, sample.numbers))
    figures = measured(parts, galleries)
    shown = Shown(folder, report if isinstance(report, dict) else {}, sample, figures, words, len(datasets))
    return page(shown, classes, cards, options)


def _datasets(folder: str, report: Any) -> list[str]:
    """Paths of a batch's datasets that have a payload; none for a single output folder."""
    listed = report.get("datasets") if isinstance(report, dict) else None
    if not isinstance(listed, list):
        return []
    paths = [row["path"] for row in listed if isinstance(row, dict) and isinstance(row.get("path"), str)]
    found = [path for path in paths if is_safe(path) and os.path.isdir(os.path.join(folder, path))]
    found = [path for path in found if payload_names(os.path.join(folder, path))]
    if not found:
        raise UsageError(f"{folder}: none of the batch's datasets has an output here")
    return found


def _troubles(part: Part) -> Troubles:
    report = load(os.path.join(part.folder, "report.json"))
    if not isinstance(report, dict):
        raise UsageError(f"{part.folder}: no report.json, which --problems needs: convert again")
    return troubled(part.folder, report)


def _gallery(part: Part, root: str | None) -> MediaFolder | None:
    """The media of a dataset: below the root its own folder, if there is one, as for a batch; or what lies beside."""
    if root is not None:
        own = os.path.join(root, part.name)
        claims = Claims(partial(asset_names, [os.path.join(part.folder, ROWS)]))
        return MediaFolder(own if part.name and os.path.isdir(own) else root, claims)
    beside = os.path.join(part.folder, MEDIA)
    return MediaFolder(beside) if os.path.isdir(beside) else None
