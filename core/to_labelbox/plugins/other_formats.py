"""Formats of labels that nobody here reads, by what their files begin with, and the way from each to one that is read.

The table is looked at only where no reader claims a source, so that it costs nothing else and can claim nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from to_labelbox.source.files import Source

_LOOKED_AT = 3
"""Files of an extension that are looked at."""
_HEAD = 64 * 1024
_SPANS = (
    "write its texts and spans as tasks of Label Studio (data.text; start, end and labels of each result), "
    "or teach this program to read it: docs/write-a-reader.md"
)
_DATUMARO = "datum convert -i FOLDER -if {} -f coco -o OUT (Datumaro) writes it as COCO"


class Signature(NamedTuple):
    """``all_of``: patterns that the head of a file has, all of them; ``extensions`` that it may have."""

    name: str
    extensions: tuple[str, ...]
    all_of: tuple[bytes, ...]
    way: str


_JSON = (".json", ".jsonl", ".ndjson", ".odgt", ".manifest", ".txt")

SIGNATURES = (
    Signature(
        "the report of an output of to-labelbox", _JSON, (rb'"tool"\s*:\s*\{\s*"name"\s*:\s*"to-labelbox"',),
        "validate, preview and import take that output, convert takes what it was made from",
    ),
    Signature(
        "a payload of Labelbox, such as an output of to-labelbox has", _JSON, (rb'\A\s*\{[^\n]*"dataRow"\s*:\s*\{',),
        "validate, preview and import take the folder of such an output, convert takes what it was made from",
    ),
    Signature(
        "an export of Labelbox itself", _JSON, (rb'"data_row"\s*:', rb'"projects"\s*:'),
        "it is in Labelbox already; its labels can be imported as they are with the SDK",
    ),
    Signature(
        "an odgt file, as CrowdHuman's", _JSON, (rb'"gtboxes"\s*:',),
        "write it as COCO: fbox, vbox and hbox are x, y, width, height in pixels, as a bbox of COCO is",
    ),
    Signature(
        "an output manifest of SageMaker Ground Truth", _JSON, (rb'"source-ref"\s*:',),
        "write it as COCO: left, top, width, height of its boxes are a bbox of COCO, image_size has the sizes of images",
    ),
    Signature(
        "tasks of Scale", _JSON, (rb'"task_id"\s*:', rb'"(?:callback_url|attachment(?:_type)?|response)"\s*:'),
        "write it as COCO: left, top, width, height of its boxes are a bbox of COCO, vertices a segmentation",
    ),
    Signature(
        "ASAM OpenLABEL", _JSON, (rb'"openlabel"\s*:\s*\{',),
        "write it as COCO: a bbox of OpenLABEL is centre x, centre y, width, height, that of COCO begins at the top left corner",
    ),
    Signature(
        "the Video Content Description of Vicomtech", _JSON, (rb'"vcd"\s*:\s*\{',),
        "write it as COCO: its bbox is centre x, centre y, width, height, that of COCO begins at the top left corner",
    ),
    Signature(
        "a project of Supervisely", _JSON, (rb'"(?:classTitle|projectType)"\s*:',),
        "export it from Supervisely in COCO, Pascal VOC or YOLO, for which there are apps in its Ecosystem",
    ),
    Signature(
        "Scalabel, as BDD100K has it", _JSON, (rb'"(?:box2d|poly2d)"\s*:',),
        "python3 -m bdd100k.label.to_coco or python3 -m scalabel.label.to_coco write it as COCO",
    ),
    Signature(
        "a project of the VGG Image Annotator", (*_JSON, ".csv"), (rb"_via_img_metadata|shape_attributes|region_shape_attributes",),
        "open it in VIA 2 and choose Annotation, Export Annotations (COCO format)",
    ),
    Signature(
        "LabelMe", _JSON, (rb'"shapes"\s*:', rb'"imagePath"\s*:'),
        "labelme2coco.py and labelme2voc.py, which are among labelme's examples, write it as COCO or Pascal VOC",
    ),
    Signature(
        "Darwin, the format of V7", _JSON, (rb'"(?:item|image)"\s*:\s*\{', rb'"(?:slots|schema_ref|workview_url|bounding_box)"\s*:'),
        "darwin convert coco FILES OUT (darwin-py) writes it as COCO; V7 also exports COCO, CVAT and Pascal VOC",
    ),
    Signature(
        "Create ML", _JSON, (rb'"(?:image|imagefilename)"\s*:', rb'"annotations?"\s*:', rb'"coordinates"\s*:'),
        "write it as COCO: x and y of its coordinates are the centre of a box, a bbox of COCO begins at the top left corner",
    ),
    Signature(
        "Cityscapes", _JSON, (rb'"imgHeight"\s*:', rb'"polygon"\s*:'), _DATUMARO.format("cityscapes"),
    ),
    Signature(
        "an export of Kili", _JSON, (rb'"(?:jsonResponse|json_response)"\s*:',),
        "kili project export --output-format coco, yolo_v5 or pascal_voc gives it in a format that is read",
    ),
    Signature(
        "an export of Hasty", _JSON, (rb'"export_format_version"\s*:',), "export it from Hasty as COCO or Pascal VOC",
    ),
    Signature(
        "label rows of Encord", _JSON, (rb'"(?:data_units|object_answers)"\s*:',),
        "export the project from Encord as COCO",
    ),
    Signature(
        "an asset of VoTT", _JSON, (rb'"(?:boundingBox|visitedAssets|assetMetadataVersion)"\s*:',),
        "export it from VoTT as Pascal VOC",
    ),
    Signature(
        "a dataset of FiftyOne", _JSON, (rb'"_cls"\s*:',),
        "dataset.export(export_dir=..., dataset_type=fiftyone.types.COCODetectionDataset) writes it as COCO",
    ),
    Signature(
        "a release of Segments.ai", _JSON, (rb'"segmentation_bitmap"\s*:',),
        "export_dataset(dataset, export_format=\"coco-panoptic\") of segments-ai writes it as COCO",
    ),
    Signature(
        "objects of dlib's imglab", (".xml",), (rb"<dataset\b", rb"<images\b", rb"<box\s+top="),
        "write it as Pascal VOC or COCO: top, left, width, height of its boxes are in pixels",
    ),
    Signature(
        "UA-DETRAC", (".xml",), (rb"<sequence\b", rb"<target_list\b"),
        "write it as COCO, or as MOT, which CVAT imports: left, top, width, height of its boxes are in pixels",
    ),
    Signature(
        "HRSC2016", (".xml",), (rb"<HRSC_Image\b",),
        "write it as Pascal VOC with a robndbox for each: mbox_cx, mbox_cy, mbox_w, mbox_h and mbox_ang are its cx, cy, w, h and angle",
    ),
    Signature(
        "WIDER FACE", (".txt",), (rb"\A[^\n]+\.jpe?g\r?\n\d+\r?\n(?:\d+ ){9}\d+",), _DATUMARO.format("wider_face"),
    ),
    Signature(
        "the landmarks of RetinaFace", (".txt",), (rb"\A# \S+\.(?:jpe?g|png)\r?\n\d+ \d+ \d+ \d+ ",),
        "train2yolo.py of yolov5-face writes it as YOLO, which is read with -O kpt_shape=5x2",
    ),
    Signature(
        "BBox-Label-Tool", (".txt",), (rb"\A\d+\s*\n-?\d+(?: -?\d+){3}(?: [^\n\d][^\n]*)?\s*(?:\n|\Z)",),
        "write it as Pascal VOC: the numbers of a row are xmin, ymin, xmax and ymax in pixels",
    ),
    Signature(
        "KITTI", (".txt",), (rb"\A[A-Za-z_]+(?: -?[\d.]+){14,15}\s*(?:\n|\Z)",), _DATUMARO.format("kitti"),
    ),
    Signature(
        "the OIDv4 ToolKit", (".txt",), (rb"\A[^\W\d](?=[^\n]* \d\d)[^\n\d]*?(?: -?\d+(?:\.\d+)?){4}\s*(?:\n|\Z)",),
        "write it as Pascal VOC: after the class name, the numbers of a row are xmin, ymin, xmax and ymax in pixels",
    ),
    Signature(
        "rows of a class name and four corners", (".txt",), (rb"\A[^\W\d][^\n\d]*?(?: -?\d+(?:\.\d+)?){8}\s*(?:\n|\Z)",),
        "write the name behind the eight numbers of each row, as DOTA has it",
    ),
    Signature(
        "results for DOTA's server", (".txt",), (rb"\A\S+ [01]?\.\d+(?: -?\d+(?:\.\d+)?){8}\s*(?:\n|\Z)",),
        "these are predictions for pictures by their names: give the labels of DOTA (labelTxt)",
    ),
    Signature(
        "VisDrone", (".txt",), (rb"\A\d+,\d+,\d+,\d+,[01],\d+,\d,\d,?\s*(?:\n|\Z)",),
        "the script in VisDrone.yaml of Ultralytics writes it as YOLO",
    ),
    Signature(
        "the text of MOT Challenge", (".txt",), (rb"\A\d+, ?-?\d+(?:, ?-?[\d.]+){4,8}\s*(?:\n|\Z)",),
        "import it into CVAT as MOT 1.1, and export it as CVAT for video 1.1",
    ),
    Signature(
        "the text of ICDAR", (".txt",), (rb"\A(?:\xef\xbb\xbf)?(?:-?\d+, ?){8}\S",), _DATUMARO.format("icdar_text_localization"),
    ),
    Signature(
        "Open Images", (".csv",), (rb"\AImageID,[^\n]*LabelName",), _DATUMARO.format("open_images"),
    ),
    Signature(
        "masks of Roboflow", (".csv",), (rb"\A\s*Pixel Value, ?Class",), "export it from Roboflow as COCO Segmentation",
    ),
    Signature(
        "whole pictures with several classes of Roboflow", (".csv",), (rb"\Afilename,[^\n]*\n[^\n,]+\.(?:jpe?g|png)(?:, ?[01])+\s*\n",),
        "write it as NDJSON of Ultralytics, with the ids of a picture's classes as its classification",
    ),
    Signature(
        "a table of boxes", (".csv", ".txt"), (rb"(?i)\A[^\n]*(?:\bx_?min\b[^\n]*\by_?max\b|\.(?:jpe?g|png|bmp)(?:,\d+){4},[^,\n]+\n)",),
        "write it as COCO, or teach it to this program: docs/write-a-reader.md does so with just such a table",
    ),
    Signature(
        "a file of MATLAB, as PASCAL-Part has them", (".mat",), (rb"\AMATLAB ",),
        "write what it holds as COCO or Pascal VOC (scipy.io.loadmat reads it)",
    ),
    Signature(
        "Prodigy", _JSON, (rb'"_(?:input|task)_hash"\s*:', rb'"text"\s*:'), _SPANS,
    ),
    Signature(
        "doccano", _JSON,
        (rb'"text"\s*:', rb'"start_offset"\s*:|"(?:labels?|entities)"\s*:\s*\[\s*\[\s*\d+\s*,\s*\d+\s*,\s*"'), _SPANS,
    ),
    Signature(
        "spaCy", (".spacy",), (), f"DocBin().from_disk(FILE) of spaCy reads it; {_SPANS}",
    ),
    Signature(
        "training data of spaCy", _JSON,
        (rb'"entities"\s*:\s*\[\s*\[\s*\d+\s*,\s*\d+\s*,\s*"|"ner"\s*:\s*"(?:O|-|[BILU]-[^"]*)"',), _SPANS,
    ),
    Signature(
        "brat", (".ann",), (rb"(?m)\A[TREAMN]\d+\t|\A[*#]",), _SPANS,
    ),
    Signature(
        "CoNLL", (".conll", ".conll03", ".iob", ".iob2", ".bio", ".tsv", ".txt"),
        (rb"(?m)^\S+[ \t](?:[^\n]*[ \t])?B-\w\S*[ \t]*\r?$", rb"(?m)^\S+[ \t](?:[^\n]*[ \t])?O[ \t]*\r?$"), _SPANS,
    ),
    Signature(
        "TFRecord", (".tfrecord", ".tfrecords", ".record"), (), _DATUMARO.format("tf_detection_api"),
    ),
)  # fmt: skip
"""Special ones before general ones."""


def named(format: str) -> str:
    """The same of a format by its name, as ``--from`` may give it; or nothing."""
    name = re.compile(rf"(?:\A|\s){re.escape(format)}(?:,|\Z)", re.IGNORECASE)
    return next((f"{one.name} is not read: {one.way}" for one in SIGNATURES if name.search(one.name)), "")


def other_format(source: Source) -> str:
    """What a source is that no reader claims, the file that says so, and the way to a format that is read; or nothing."""
    for extension in dict.fromkeys(extension for one in SIGNATURES for extension in one.extensions):
        for name in source.ending(extension)[:_LOOKED_AT]:
            head = source.head(name, _HEAD)
            for one in SIGNATURES:
                if extension in one.extensions and all(re.search(pattern, head) for pattern in one.all_of):
                    return f"{name} looks like {one.name}, which is not read: {one.way}."
    return ""
