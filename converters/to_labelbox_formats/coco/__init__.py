"""COCO and its family: instances, keypoints, captions, panoptic, stuff, labels, image info, LVIS, results.

Facts (docs/formats/coco.md has the whole mapping):

- ``bbox`` is x, y, width, height in pixels from the top-left corner, continuous: nothing is shifted [cocodataset.org].
- ``segmentation`` is a list of parts, each flat x0, y0, …, united, without holes; or an RLE object, column-major over
  the whole image, ``size`` is [height, width].
- ``keypoints`` are triples x, y, v: 0 absent, 1 labelled but not visible, 2 visible.
- Ids are opaque: gaps, 0, strings and different orders are all legal.
- A panoptic annotation names a PNG whose pixel R + 256·G + 65536·B is the segment's id [panopticapi].

Annotations lie in no order of images, so a first pass notes where each is; items are then read one image at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import CERTAIN, LIKELY, FolderRules, Match, ReadContext, Reader, Refusal
from to_labelbox.source.files import Source
from to_labelbox_formats.coco.detect import FileKind, probe_file

if TYPE_CHECKING:
    from to_labelbox_formats.coco.options import Options

SNIFFED = 40
"""JSON files of a folder that are looked into."""


def sniff(source: Source) -> Match | Refusal:
    """By the keys in the first bytes of each JSON file; a folder by the first files that have them."""
    names = source.ending(".json")
    if source.is_file and not names:
        names = list(source.names)
    if not names:
        return Refusal("no JSON file")
    refusals = []
    for name in names[:SNIFFED]:
        kind, reason = probe_file(source, name)
        if kind is FileKind.RESULTS:
            return Match(LIKELY, f"{name}: {reason}")
        if kind is not None:
            return Match(CERTAIN, f"{name}: {reason}")
        refusals.append(f"{name}: {reason}")
    return Refusal(refusals[0])


def read(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Index every COCO file of the source; those of one split are merged by image."""
    from to_labelbox_formats.coco.dataset import open_dataset

    return open_dataset(source, options, context)


FORMAT = Reader(
    "coco",
    sniff,
    read,
    title="COCO: instances, keypoints, captions, panoptic, stuff, labels, LVIS, results",
    docs="docs/formats/coco.md",
    options="to_labelbox_formats.coco.options:Options",
    folders=FolderRules(parts="panoptic_\\w+", whole_files=True),
    trusted=True,
)
