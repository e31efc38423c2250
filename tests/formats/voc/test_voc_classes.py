"""Pascal VOC: what a person would see on the picture, in every layout, and what happens to broken files: classes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from builders.voc import (
    BOX,
    CAT,
    CLASSES,
    INSTANCES,
    TWO,
    annotation,
    jpeg,
    masks,
    png,
)
from to_labelbox.geometry.raster import mask_array
from to_labelbox.model.items import (
    Mask,
)
from to_labelbox.model.schema import Input
from to_labelbox.report.codes import Code
from to_labelbox_formats.voc.options import Options


def test_labelmap_declares_classes_colours_parts_and_actions(voc: Any) -> None:
    labelmap = "# label:color_rgb:parts:actions\nbackground:0,0,0::\nman:1,2,255:head,hand:run,jump\ncat:::\nignored:224,224,192::\n"
    schema = voc({"Annotations/a.xml": annotation(CAT), "labelmap.txt": labelmap}).dataset.schema
    assert [(label.name, label.color) for label in schema.labels] == [
        ("man", "#0102ff"),
        ("head", ""),
        ("hand", ""),
        ("cat", ""),
    ]
    (question,) = schema.labels[0].attributes
    assert (question.name, question.input, [o.value for o in question.options]) == (
        "actions",
        Input.CHECKLIST,
        ["run", "jump"],
    )


def test_datumaro_meta_declares_classes_and_mask_colours(voc: Any) -> None:
    meta = (
        '{"label_map": {"0": "background", "1": "boat", "2": "quay"}, "background_label": "0",'
        ' "segmentation_colors": [[0, 0, 0], [10, 20, 30], [1, 2, 3]]}'
    )
    rgb = np.zeros((4, 6, 3), np.uint8)
    rgb[0:2, 0:2] = (1, 2, 3)
    result = voc({"SegmentationClass/a.png": png(rgb), "dataset_meta.json": meta, "classes.txt": "x\n"})
    assert [(label.name, label.color) for label in result.dataset.schema.labels] == [
        ("boat", "#0a141e"),
        ("quay", "#010203"),
    ]
    assert [(o.id, o.label) for o in result.objects] == [("SegmentationClass/2", "quay")]
    assert result.context.log.diagnostics[Code.FILE_IGNORED].examples[0].file == "classes.txt"


def test_broken_labelmap_is_named_and_the_rest_converts(voc: Any) -> None:
    result = voc({"Annotations/a.xml": annotation(CAT), "labelmap.txt": "man:1,2\n"})
    assert result.context.log.unreadable == 1
    assert result.only.label == "cat"


def test_order_of_classes_with_outlines_alone(voc: Any) -> None:
    shape = "<robndbox><cx>50</cx><cy>25</cy><w>20</w><h>10</h><angle>0</angle></robndbox>"
    objects = [f"<object><name>{name}</name>{shape}</object>" for name in ("tree", "house")]
    result = voc({"a.xml": annotation(*objects), "predefined_classes.txt": "house\ntree\n"})
    assert [label.name for label in result.dataset.schema.labels] == ["house", "tree"]


def test_order_of_classes_that_nothing_declares(voc: Any) -> None:
    def names(*labels: str, **more: str) -> list[str]:
        objects = [f"<object><name>{name}</name>{BOX}</object>" for name in labels]
        files = {"a.xml": annotation(*objects)} | {f"{k}.txt": v for k, v in more.items()}
        return [label.name for label in voc(files).dataset.schema.labels]

    assert names("sheep", "zebra") == []
    assert names("sheep", "cat") == ["cat", "sheep"]
    assert names("sheep", "cat", predefined_classes="sheep\ncow\ncat\n") == ["sheep", "cat"]


def test_instance_masks_take_the_class_of_most_of_their_pixels(voc: Any) -> None:
    files = {
        "Annotations/a.xml": TWO,
        "SegmentationObject/a.png": png(INSTANCES),
        "SegmentationClass/a.png": png(CLASSES),
    }
    result = voc(files)
    found = masks(result)
    assert {id: o.label for id, o in found.items()} == {
        "SegmentationObject/object 1": "cat",
        "SegmentationObject/object 2": "person",
    }
    for n, one in enumerate(found.values(), 1):
        assert isinstance(one.geometry, Mask)
        assert (mask_array(one.geometry) == (n == INSTANCES)).all()
    assert len(result.objects) == 4, "the boxes stay"
    assert result.log.ledger["cat"].read == 2


def test_masks_by_the_order_of_the_objects(voc: Any) -> None:
    found = masks(voc({"Annotations/a.xml": TWO, "SegmentationObject/a.png": png(INSTANCES)}))
    assert [o.label for o in found.values()] == ["cat", "person"]


def test_class_masks_alone(voc: Any) -> None:
    result = voc({"JPEGImages/a.jpg": jpeg(6, 4), "SegmentationClass/a.png": png(CLASSES)})
    assert [(o.id, o.label) for o in result.objects] == [
        ("SegmentationClass/8", "cat"),
        ("SegmentationClass/15", "person"),
    ]
    geometry = result.objects[1].geometry
    assert (mask_array(geometry) == (CLASSES == 15)).all()
    assert result.paths == ["a.jpg"]


def test_masks_without_image_and_annotation(voc: Any) -> None:
    result = voc({"SegmentationClass/sub/a.png": png(CLASSES), "SegmentationObject/sub/a.png": png(INSTANCES)})
    assert [(i.asset.path, i.asset.width, i.asset.height) for i in result.items] == [("sub/a.jpg", 6, 4)]
    assert [o.label for o in result.objects] == ["cat", "person"]


def test_rgb_masks_by_labelmap(voc: Any) -> None:
    rgb = np.zeros((4, 6, 3), np.uint8)
    rgb[0:2, 0:2] = (10, 20, 30)
    rgb[2:4, 3:6] = (224, 224, 192)
    labelmap = "background:0,0,0::\nboat:10,20,30::\nignored:224,224,192::\n"
    result = voc({"SegmentationClass/a.png": png(rgb), "labelmap.txt": labelmap})
    assert [(o.id, o.label) for o in result.objects] == [("SegmentationClass/1", "boat")]


def test_rgb_masks_by_the_palette_of_voc(voc: Any) -> None:
    rgb = np.zeros((4, 6, 3), np.uint8)
    rgb[0:2, 0:2] = (128, 0, 0)
    assert voc({"SegmentationClass/a.png": png(rgb)}).only.label == "aeroplane"


def test_palette_masks_with_other_indices_are_read_by_declared_colour(voc: Any) -> None:
    image = Image.fromarray(np.array([[0, 0, 1, 1]], np.uint8), "P")
    image.putpalette([0, 0, 0, 10, 20, 30])
    out = io.BytesIO()
    image.save(out, "PNG")
    labelmap = "background:0,0,0::\ncar:1,1,1::\nboat:10,20,30::\n"
    assert voc({"SegmentationClass/a.png": out.getvalue(), "labelmap.txt": labelmap}).only.label == "boat"


def test_class_names_from_a_file(voc: Any, tmp_path: Path) -> None:
    names = tmp_path / "names.json"
    names.write_text('{"0": "background", "8": "roof", "15": "tree"}')
    result = voc({"SegmentationClass/a.png": png(CLASSES)}, Options(class_names=str(names)))
    assert [o.label for o in result.objects] == ["roof", "tree"]
    assert [label.name for label in result.dataset.schema.labels] == ["roof", "tree"]


@pytest.mark.parametrize(
    ("name", "text", "labels", "declared"),
    [
        ("class_names.txt", "_background_\nroof\ntree\nsky\n", ["roof", "sky"], ["roof", "tree", "sky"]),
        ("labels.txt", "__ignore__\n_background_\nroof\ntree\nsky\n", ["roof", "sky"], ["roof", "tree", "sky"]),
        ("labels.txt", "roof\ntree\nsky\n", ["roof", "sky"], ["roof", "tree", "sky"]),
        ("labels.txt", "0 background\n1 roof\n3 sky\n", ["roof", "sky"], ["roof", "sky"]),
        (
            "label_map.pbtxt",
            "item {\n id: 3\n name: 'sky'\n}\nitem {\n name: \"roof\"\n id: 1\n}\n",
            ["roof", "sky"],
            [],
        ),
        ("classes.txt", "bird\naeroplane\n", ["aeroplane", "bird"], []),
        ("predefined_classes.txt", "roof\ntree\nsky\n", ["aeroplane", "bird"], []),
    ],
)
def test_class_lists_beside_masks(voc: Any, name: str, text: str, labels: list[str], declared: list[str]) -> None:
    """Lists number the values of masks: from 0 with a background, else from 1; names of the challenge keep its numbers."""
    result = voc({"SegmentationClass/a.png": png([[0, 1, 1, 3, 255]]), name: text})
    assert [o.label for o in result.objects] == labels
    assert [label.name for label in result.dataset.schema.labels] == declared


@pytest.mark.parametrize("text", ["_background_\nroof\ntree\nsky\n", "roof\ntree\nsky\n"])
def test_a_list_that_is_asked_for_numbers_the_masks(voc: Any, tmp_path: Path, text: str) -> None:
    names = tmp_path / "names.lst"
    names.write_text(text)
    result = voc({"SegmentationClass/a.png": png([[0, 1, 3]])}, Options(class_names=str(names)))
    assert [o.label for o in result.objects] == ["roof", "sky"]
    assert [label.name for label in result.dataset.schema.labels] == ["roof", "tree", "sky"]


LABELME_VOC = {
    "JPEGImages/a.jpg": jpeg(6, 4),
    "SegmentationClassVisualization/a.jpg": jpeg(6, 4),
    "class_names.txt": "_background_\ncat\n",
}


@pytest.mark.parametrize("ending", ["", "PNG"])
def test_folders_of_labelme(voc: Any, ending: str) -> None:
    result = voc({**LABELME_VOC, f"SegmentationClass{ending}/a.png": png(CLASSES // 8)})
    assert result.paths == ["a.jpg"]
    assert [o.label for o in result.objects] == ["cat"]


def test_pictures_of_labels_are_no_images(voc: Any) -> None:
    files = {"Annotations/a.xml": annotation(CAT), "AnnotationsVisualization/a.jpg": jpeg(100, 50)}
    result = voc({**files, "JPEGImages/a.jpg": jpeg(100, 50)})
    assert result.paths == ["a.jpg"]
    assert result.context.log.diagnostics[Code.FILE_IGNORED].count == 1


def test_colours_and_palettes_of_supervisely(voc: Any) -> None:
    """Palettes made for each picture, in which the order of the colours means nothing."""
    void, lemon, kiwi = (224, 224, 192), (144, 19, 254), (80, 227, 194)

    def with_palette(*colours: tuple[int, int, int]) -> bytes:
        image = Image.fromarray(np.array([[0, 0, 1, 1, 1, 2, 3]], np.uint8))
        image.putpalette([part for colour in colours for part in colour])
        out = io.BytesIO()
        image.save(out, "PNG")
        return out.getvalue()

    files = {
        "colors.txt": "neutral 224 224 192\nred kiwi 80 227 194\nlemon 144 19 254\n",
        "SegmentationClass/a.png": with_palette(kiwi, lemon, void, (0, 0, 0)),
        "SegmentationObject/a.png": with_palette((1, 2, 3), (128, 0, 0), void, (0, 0, 0)),
    }
    result = voc(files)
    assert {o.label: mask_array(o.geometry).astype(int).tolist() for o in result.objects} == {
        "red kiwi": [[1, 1, 0, 0, 0, 0, 0]],
        "lemon": [[0, 0, 1, 1, 1, 0, 0]],
    }
    assert [(label.name, label.color) for label in result.dataset.schema.labels] == [
        ("red kiwi", "#50e3c2"),
        ("lemon", "#9013fe"),
    ]
    del files["SegmentationObject/a.png"]
    assert [o.label for o in voc(files).objects] == ["red kiwi", "lemon"]


def test_palettes_that_say_nothing_leave_the_values(voc: Any) -> None:
    """As those of one colour, of greys, or with a black void."""
    for colours in (
        [0, 0, 0] * 256,
        [n // 3 for n in range(768)],
        [128, 64, 128, *[7, 7, 7] * 14, 1, 1, 1, *[0, 0, 0] * 240],
    ):
        image = Image.fromarray(np.array([[0, 15, 15, 255]], np.uint8))
        image.putpalette(colours)
        out = io.BytesIO()
        image.save(out, "PNG")
        assert voc({"SegmentationClass/a.png": out.getvalue()}).only.label == "person"


def test_labelmap_without_background(voc: Any) -> None:
    black, grey, red = (0, 0, 0), (10, 20, 30), (128, 0, 0)
    labelmap = "car:10,20,30::\nboat:40,50,60::\n"
    result = voc({"SegmentationClass/a.png": png([[black, grey, grey]]), "labelmap.txt": labelmap})
    assert mask_array(result.only.geometry).astype(int).tolist() == [[0, 1, 1]]
    result = voc({"SegmentationClass/a.png": png([[black, grey, red]]), "labelmap.txt": labelmap})
    assert result.only.label == "car"
    assert "colour #800000 (1 pixel)" in result.message(Code.CLASS_UNKNOWN)


def test_masks_of_any_extension_are_found_or_refused(voc: Any) -> None:
    files = {"Annotations/a.xml": TWO, "SegmentationClass/a.PNG": png(CLASSES)}
    assert len(voc(files).objects) == 4
    result = voc({"Annotations/b.xml": TWO, "SegmentationClass/b.bmp": b"BM"})
    assert "no PNG" in result.message(Code.FILE_UNREADABLE)


def test_the_name_of_an_image_that_only_its_mask_tells(voc: Any) -> None:
    result = voc({"SegmentationClass/a.png": png(CLASSES)})
    assert result.paths == ["a.jpg"]
    assert "there is no image of that name" in result.message(Code.ASSET_UNKNOWN)


def test_unknown_values_are_counted_and_skipped(voc: Any) -> None:
    result = voc({"SegmentationClass/a.png": png([[0, 77, 77]])})
    assert result.objects == []
    assert result.log.ledger["class_77"].skipped == 1
    assert "value 77 (2 pixels)" in result.message(Code.CLASS_UNKNOWN)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (jpeg(6, 4), "no PNG"),
        (b"", "no PNG"),
        (png(CLASSES)[:60], "damaged PNG"),
        (png(np.zeros((3, 3))), "has 3 × 3 pixels, its image 6 × 4"),
        (png(np.arange(4 * 6 * 3).reshape(4, 6, 3).repeat(20, 0).repeat(20, 1)), "pixels, its image"),
    ],
)
def test_broken_masks_cost_themselves(voc: Any, content: bytes, message: str) -> None:
    result = voc({"Annotations/a.xml": TWO, "SegmentationClass/a.png": content})
    assert len(result.objects) == 2
    assert message in result.message(Code.FILE_UNREADABLE)
    assert result.message(Code.FILE_UNREADABLE).startswith("SegmentationClass/a.png")


def test_anti_aliased_masks_are_refused(voc: Any) -> None:
    rgb = np.random.default_rng(1).integers(0, 255, (30, 30, 3))
    result = voc({"SegmentationClass/a.png": png(rgb)})
    assert "anti-aliased" in result.message(Code.FILE_UNREADABLE)


def test_mask_of_absurd_size_is_not_decoded(voc: Any) -> None:
    content = bytearray(png(CLASSES))
    content[16:24] = (10**6).to_bytes(4, "big") * 2
    assert "are accepted" in voc({"SegmentationClass/a.png": bytes(content)}).message(Code.FILE_UNREADABLE)
