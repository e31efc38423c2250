"""A page that shows what a payload says: pictures with its shapes, texts with its entities, and the report.

Everything is read from the files of an output folder, the payload above all, never from the source: what is drawn is
what would be imported. The page is one file without any address of another; see docs/preview.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from to_labelbox.conversion.global_keys import MEDIA
from to_labelbox.plugins.writer import PreviewOptions
from to_labelbox.report.errors import UsageError
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox_formats.labelbox.preview.cards import card
from to_labelbox_formats.labelbox.preview.classes import Classes, load
from to_labelbox_formats.labelbox.preview.page import page
from to_labelbox_formats.labelbox.preview.problems import troubled
from to_labelbox_formats.labelbox.preview.sample import choose


def preview(folder: str, options: PreviewOptions) -> Iterator[str]:
    """The page, piece by piece. Raises :class:`UsageError` before the first piece."""
    if options.media_root is not None and not os.path.isdir(options.media_root):
        raise UsageError(f"--media-root {options.media_root}: no such folder")
    classes = Classes(load(os.path.join(folder, "ontology.json")))
    report = load(os.path.join(folder, "report.json"))
    among, covered = None, ""
    if options.problems:
        if not isinstance(report, dict):
            raise UsageError(f"{folder}: no report.json, which --problems needs: convert again")
        found = troubled(folder, report)
        among, covered = found.keys, found.covered
    sample = choose(folder, options.count, options.seed, frozenset(options.only), among)
    beside = os.path.join(folder, MEDIA)
    root = options.media_root or (beside if os.path.isdir(beside) else None)
    gallery = MediaFolder(root) if root is not None else None
    # names that the ontology lacks become classes while cards are made, and the head lists all classes
    cards = [card(row, classes, gallery) for row in sample.chosen]
    return page(folder, report, classes, sample, cards, covered, options)
