"""CVAT: exports "for images 1.1" and "for video 1.1", task and project backups, server JSON, Datumaro JSON.

XML: root ``annotations`` with ``version``, ``meta`` (``task``, ``job`` or ``project``; published files may lack it), then
``image`` or ``track`` elements.

- Pixels as floats with two decimals, origin top left, on the *upright* picture. ``xtl ytl xbr ybr`` are corners before
  ``rotation``, degrees clockwise about the centre. ``mask``: row-major runs inside left, top, width, height.
- ``image id`` and ``track frame`` are frame numbers of the media, ``start_frame`` and ``step`` counted in.
- A track is hidden from a row with ``outside="1"`` on; such a row's coordinates are what interpolation heads to.
- ``version`` stayed 1.1 while ellipses, masks, skeletons and rotation were added: nothing depends on it.

Backups (``task.json``, ``annotations.json``) and server JSON hold keyframes only, with frames relative to the task.

The way through: ``dataset`` opens each file (``detect``) as an index, ``exports``, filled by ``xml/export``, ``json/backup``
or ``json/datumaro``; ``units/copies`` leaves out what several exports of a task tell twice, ``units/arrange`` makes pictures, videos or frames of
the groups. A unit takes the records of its
elements, decodes them to ``nodes``, and these become shapes (``xml/images``) or rows and keyframes (``tracks``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import ReadContext, Reader
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat.detect import sniff

if TYPE_CHECKING:
    from to_labelbox_formats.cvat.options import Options


def read(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Opens every export of the source. Raises :class:`SourceError` when there is nothing to read."""
    from to_labelbox_formats.cvat.dataset import open_dataset

    return open_dataset(source, options, context)


FORMAT = Reader(
    "cvat",
    sniff,
    read,
    title="CVAT XML (images and video), backups, server JSON, Datumaro JSON",
    docs="docs/formats/cvat.md",
    options="to_labelbox_formats.cvat.options:Options",
    trusted=True,
)
