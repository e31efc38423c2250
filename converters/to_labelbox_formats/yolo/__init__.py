"""YOLO in all its dialects: Ultralytics, Darknet, CVAT, Label Studio, Roboflow, labelImg, DOTA, Keras.

A label file holds one object a line: class id and numbers that are fractions of the picture's width and height,
``0 0.5 0.5 0.2 0.1`` being a box by its centre and size. There are no ids and no attributes, and a row says neither its
task nor its class name, so both come from what stands around it:

===============================  ====================================  ===========================================
dialect                          told by                               labels of ``images/train/a.jpg``
===============================  ====================================  ===========================================
Ultralytics, Roboflow            data.yaml                             ``labels/train/a.txt``
Ultralytics NDJSON               first line ``"type": "dataset"``      inline, with sizes
Darknet, CVAT 1.1                obj.data, obj.names, train.txt        beside the picture
labelImg, Label Studio           classes.txt                           beside, or in ``labels``
Roboflow Darknet                 ``_darknet.labels``                   beside
DOTA, Roboflow OBB               ``labelTxt``                          ``labelTxt/a.txt``, pixels and names
Keras                            ``_annotations.txt``                  one line a picture, pixels
Ultralytics classify             folders of pictures                   the folder's name
===============================  ====================================  ===========================================

Read against Ultralytics 8.4 (data/utils.py, data/base.py, data/converter.py), AlexeyAB's Darknet, CVAT's and Datumaro's
exporters, and the Label Studio converter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import FolderRules, ReadContext, Reader
from to_labelbox.source.files import Source
from to_labelbox_formats.yolo.detect import sniff

if TYPE_CHECKING:
    from to_labelbox_formats.yolo.options import Options


def read(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Open a set: its classes, splits and task."""
    from to_labelbox_formats.yolo.dataset import open_dataset

    return open_dataset(source, options, context)


FORMAT = Reader(
    "yolo",
    sniff,
    read,
    title="YOLO: Ultralytics, Darknet, Roboflow, labelImg, DOTA, Keras",
    docs="docs/formats/yolo.md",
    options="to_labelbox_formats.yolo.options:Options",
    folders=FolderRules(parts="obj_train_data", file_an_asset=True),
    trusted=True,
)
