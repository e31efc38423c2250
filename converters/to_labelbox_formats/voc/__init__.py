"""Pascal VOC: one XML file an image, in every layout that tools have made of it.

    <annotation>
      <filename>000001.jpg</filename>
      <size><width>353</width><height>500</height><depth>3</depth></size>
      <object>
        <name>dog</name> <pose>Left</pose> <truncated>1</truncated> <difficult>0</difficult>
        <bndbox><xmin>48</xmin><ymin>240</ymin><xmax>195</xmax><ymax>371</ymax></bndbox>
      </object>
    </annotation>

Format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/. Read are the devkit, the exports of CVAT, Datumaro,
Roboflow and Label Studio, folders of labelImg and roLabelImg, Kaggle's ``annotations`` + ``images``, and sets of masks
alone. Elements come in any order; only ``name`` and a geometry are needed.

In the order of the work: :mod:`.layout` (which files belong together), :mod:`.dataset` (opening), :mod:`.names` (lists and classes), :mod:`.items`
(one image), :mod:`.document`, :mod:`.objects` and :mod:`.shapes` (one annotation file), :mod:`.masks`.

Coordinates: genuine VOC counts pixels from 1 and includes the last; tools write edges counted from 0. Decided once for
the set, by its ``source`` elements (see :class:`Origin`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import FolderRules, ReadContext, Reader
from to_labelbox.source.files import Source
from to_labelbox_formats.voc.detect import sniff

if TYPE_CHECKING:
    from to_labelbox_formats.voc.options import Options


def read(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Index the set, decide what holds for all of it, and declare its classes."""
    from to_labelbox_formats.voc.dataset import open_dataset

    return open_dataset(source, options, context)


FORMAT = Reader(
    "voc",
    sniff,
    read,
    title="Pascal VOC (devkit, CVAT, Datumaro, Roboflow, Kaggle, labelImg, Label Studio)",
    docs="docs/formats/voc.md",
    options="to_labelbox_formats.voc.options:Options",
    folders=FolderRules(parts="imagesets|jpegimages|segmentation(class|object)|main", file_an_asset=True),
    trusted=True,
)
