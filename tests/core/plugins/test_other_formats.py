"""Formats that nobody reads are named, with the way to one that is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from small_sets import Files, jpeg, write
from to_labelbox import SourceError, UsageError
from to_labelbox.plugins.other_formats import SIGNATURES
from to_labelbox.plugins.registry import reader

BOX = {"left": 1, "top": 2, "width": 30, "height": 20, "class_id": 0}
SAGEMAKER = {
    "source-ref": "s3://bucket/a.jpg",
    "boxes": {"annotations": [BOX], "image_size": [{"width": 100, "height": 50, "depth": 3}]},
    "boxes-metadata": {"class-map": {"0": "cat"}, "type": "groundtruth/object-detection"},
}
LABELME: dict[str, Any] = {
    "version": "5.2.1",
    "flags": {},
    "shapes": [{"label": "cat", "points": [[1, 2], [30, 40]], "shape_type": "rectangle"}],
    "imagePath": "a.jpg",
    "imageData": None,
}
SETS: dict[str, tuple[Any, str]] = {
    "Labelbox itself": ({"data_row": {"id": "c"}, "projects": {}}, "a.ndjson"),
    "odgt": ({"ID": "1", "gtboxes": [{"tag": "person", "hbox": [1, 2, 3, 4], "fbox": [1, 2, 3, 4]}]}, "a.odgt"),
    "SageMaker": (SAGEMAKER, "output.manifest"),
    "Scale": ([{"task_id": "5", "response": {"annotations": [{"label": "cat", **BOX}]}}], "a.json"),
    "OpenLABEL": ({"openlabel": {"metadata": {"schema_version": "1.0.0"}, "objects": {}}}, "a.json"),
    "Vicomtech": ({"vcd": {"frames": {}}}, "a.json"),
    "Supervisely": (
        {
            "description": "",
            "tags": [],
            "size": {"height": 50, "width": 100},
            "objects": [{"classTitle": "cat", "points": {"exterior": [[1, 2], [3, 4]], "interior": []}}],
        },
        "ds0/ann/a.jpg.json",
    ),
    "Scalabel": ([{"name": "a.jpg", "labels": [{"category": "car", "box2d": {"x1": 1, "y1": 2}}]}], "det_val.json"),
    "VGG Image Annotator": (
        {"a.jpg1": {"filename": "a.jpg", "regions": [{"shape_attributes": {"name": "rect", "x": 1}}]}},
        "via.json",
    ),
    "LabelMe": (LABELME, "a.json"),
    "Darwin": (
        {"version": "2.0", "item": {"name": "a.jpg", "slots": [{"type": "image"}]}, "annotations": []},
        "a.json",
    ),
    "Create ML": (
        [{"image": "a.jpg", "annotations": [{"label": "cat", "coordinates": {"x": 1, "y": 2, "width": 3}}]}],
        "_annotations.createml.json",
    ),
    "Cityscapes": (
        {"imgHeight": 1024, "imgWidth": 2048, "objects": [{"label": "road", "polygon": [[0, 769]]}]},
        "aachen_000000_000019_gtFine_polygons.json",
    ),
    "Kili": ([{"externalId": "a", "labels": [{"jsonResponse": {"JOB_0": {}}}]}], "data.json"),
    "Hasty": ({"project_name": "p", "export_format_version": "1.1", "images": []}, "a.json"),
    "Encord": ([{"label_hash": "x", "data_units": {}, "object_answers": {}}], "a.json"),
    "VoTT": (
        {"asset": {"name": "a.jpg"}, "regions": [{"boundingBox": {"height": 1}}], "version": "2.1.0"},
        "a-asset.json",
    ),
    "FiftyOne": ({"samples": [{"filepath": "a.jpg", "ground_truth": {"_cls": "Detections"}}]}, "samples.json"),
    "Segments.ai": ({"dataset": {"samples": [{"labels": {"segmentation_bitmap": {"url": ""}}}]}}, "release.json"),
    "imglab": (
        "<dataset><name>d</name><images><image file='a.jpg'><box top='1' left='2' width='3' height='4'/></image></images></dataset>",
        "a.xml",
    ),
    "UA-DETRAC": ("<sequence name='MVI_20011'><frame num='1'><target_list/></frame></sequence>", "MVI_20011.xml"),
    "HRSC2016": ("<HRSC_Image><Img_ID>1</Img_ID><HRSC_Objects/></HRSC_Image>", "100000001.xml"),
    "WIDER FACE": ("0--Parade/a.jpg\n1\n449 330 122 149 0 0 0 0 0 0 \n", "wider_face_train_bbx_gt.txt"),
    "RetinaFace": ("# 0--Parade/a.jpg\n449 330 122 149 488.9 373.6 0.0 542.1 376.4 0.0 0.82\n", "train/label.txt"),
    "BBox-Label-Tool": ("2\n10 10 30 30\n20 20 40 50\n", "Labels/001/a.txt"),
    "ICDAR": ("377,117,463,117,465,130,378,130,Genaxis Theatre\n", "gt_img_1.txt"),
    "OIDv4": ("Alpaca (animal) 10.5 20.0 300.0 240\n", "train/Alpaca/Label/a.txt"),
    "four corners": ("storage tank 1 1 20 1 20.5 9 1 9\n", "labelTxt/a.txt"),
    "DOTA's server": ("P0001 0.91 1 1 20 1 20.5 9 1 9\n", "Task1_plane.txt"),
    "masks of Roboflow": ("Pixel Value, Class\n0, background\n1, wall\n", "test/_classes.csv"),
    "several classes of Roboflow": ("filename, cat, dog\na.jpg, 1, 0\nb.jpg, 1, 1\n", "train/_classes.csv"),
    "MATLAB": ("MATLAB 5.0 MAT-file, Platform: GLNXA64", "Annotations_Part/2008_000002.mat"),
    "KITTI": (
        "Car 0.00 0 -1.57 614.24 181.78 727.31 284.77 1.57 1.73 4.15 1.00 1.75 13.22 1.62\n",
        "label_2/000000.txt",
    ),
    "VisDrone": ("684,8,273,116,0,0,0,0\n406,119,265,70,1,4,0,0\n", "annotations/a.txt"),
    "MOT Challenge": ("1,1,912,484,97,109,0,7,1\n1,2,1338,418,167,379,1,1,1\n", "MOT17-02/gt/gt.txt"),
    "Open Images": (
        "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax\n1,x,/m/01,1,0.1,0.2,0.3,0.4\n",
        "train-annotations-bbox.csv",
    ),
    "a table of boxes": (
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,100,50,cat,1,2,3,4\n",
        "_annotations.csv",
    ),
    "the report of an output": ({"tool": {"name": "to-labelbox", "version": "1"}, "source": {}}, "out/report.json"),
    "such as an output of to-labelbox has": ({"uuid": "u", "dataRow": {"globalKey": "a.jpg"}}, "annotations.ndjson"),
    "Prodigy": ({"text": "Anna", "_input_hash": 1, "_task_hash": 2, "spans": [{"start": 0, "end": 4}]}, "p.jsonl"),
    "doccano": ({"id": 1, "text": "Anna", "label": [[0, 4, "PER"]]}, "all.jsonl"),
    "training data of spaCy": ([["Anna", {"entities": [[0, 4, "PER"]]}]], "train.json"),
    "spaCy, which": ("x\x9c", "train.spacy"),
    "brat": ("T1\tPerson 0 4\tAnna\n", "a.ann"),
    "CoNLL": ("-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n", "train.conll"),
    "TFRecord": ("\0\0\0", "a.tfrecord"),
}


def refusal(folder: Path, files: Files) -> str:
    with pytest.raises(SourceError) as refused:
        to_labelbox.convert(write(folder, files), None)
    return str(refused.value)


@pytest.mark.parametrize("beside", [{}, {"a.jpg": jpeg(100, 50)}], ids=["alone", "beside pictures"])
@pytest.mark.parametrize("name", SETS)
def test_a_format_that_nobody_reads_is_named_with_the_way_to_one_that_is(
    name: str, beside: Files, tmp_path: Path
) -> None:
    content, file = SETS[name]
    text = content if isinstance(content, str) else json.dumps(content)
    message = refusal(tmp_path / "set", {file: text, **beside})
    last = message.splitlines()[-1]
    assert f"{file} looks like " in last
    assert name in last
    assert ", which is not read: " in last
    assert "  not coco: " not in message  # what is known needs no reader's reason


def test_every_signature_is_tried() -> None:
    assert len(SETS) == len(SIGNATURES)
    for one in SIGNATURES:
        assert sum(name in f"{one.name}, which" or name in one.way for name in SETS) >= 1, one.name


@pytest.mark.parametrize("name", ["conll", "LabelMe", "spacy", "kitti"])
def test_a_format_that_nobody_reads_may_be_asked_for_by_its_name(name: str) -> None:
    with pytest.raises(UsageError, match=f"(?i)^{name} is not read: .*\\n.*there are: coco, ") as refused:
        reader(name)
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize("name", ["a", "coc", "o", ""])
def test_a_name_that_is_none_is_no_part_of_one(name: str) -> None:
    with pytest.raises(UsageError, match=f"^no format {name!r}"):
        reader(name)


def test_what_is_unknown_gets_no_name(tmp_path: Path) -> None:
    assert "looks like" not in refusal(tmp_path, {"a.json": '{"a": 1}', "b.txt": "hello\n", "c.xml": "<a/>"})
