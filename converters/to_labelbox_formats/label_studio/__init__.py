"""Label Studio: exports (JSON, JSON-MIN, CSV, TSV, JSON lines), storage folders, and the labelling config.

Format facts [label-studio-sdk ``converter``, the editor's ``serialize`` functions, labelstud.io/guide/export]:

- A task holds ``data`` (references to assets, texts) and ``annotations`` of several annotators, each with a ``result``.
- Entries of a result with one ``id`` are one region: its shape, its labels, answers about it. An entry whose ``value``
  has no shape answers a question about the asset. The keys of ``value`` tell what it is; ``type`` is unreliable.
- Image coordinates are per cent of the picture as displayed. A rectangle turns about its top-left corner.
- Text offsets are half-open, in code points (in UTF-16 units in old exports); frames of videos count from 1.
- The export holds no labelling config. Without one the classes are those that occur.

| module | holds |
|---|---|
| ``options`` | what the user decides |
| ``detect``, ``containers`` | which files are Label Studio's; pieces of whole tasks |
| ``records`` | typed structs of tasks, annotations, regions, values |
| ``config`` | the labelling config and its schema |
| ``assets`` | references to names, addresses and sizes |
| ``select`` | which annotation of a task counts |
| ``shapes``, ``brush``, ``text``, ``answers`` | values to geometries, masks, spans and answers |
| ``canvas``, ``region``, ``items`` | an asset, a region of it, a task |
| ``dataset``, ``export`` | opening; index and iteration |
"""

from __future__ import annotations

from to_labelbox.formats import Dataset, ReadContext, Reader
from to_labelbox.model import (
    Box,
    Classification,
    Ellipse,
    Mask,
    Media,
    Object,
    PageBox,
    Point,
    Polygon,
    Polyline,
    Relationship,
    RotatedBox,
    TextSpan,
    Track,
)
from to_labelbox.source import Source
from to_labelbox_formats.label_studio.detect import sniff
from to_labelbox_formats.label_studio.options import Options


def read(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Open an export: find its files and its labelling config, and index its tasks."""
    from to_labelbox_formats.label_studio.dataset import open_dataset  # here, because most sources are only sniffed

    return open_dataset(source, options, context)


FORMAT = Reader(
    name="label-studio",
    title="Label Studio",
    docs="docs/formats/label-studio.md",
    media=frozenset(
        (Media.IMAGE, Media.VIDEO, Media.TEXT, Media.DOCUMENT, Media.CONVERSATION, Media.AUDIO, Media.HTML)
    ),
    produces=frozenset(
        {
            *(Object, Classification, Track, Relationship),
            *(Box, RotatedBox, Ellipse, Polygon, Polyline, Point, Mask, TextSpan, PageBox),
        }
    ),
    options=Options,
    sniff=sniff,
    read=read,
    upright=True,
)
