"""CVAT exports for images: shapes, attributes, labels, paths, containers, and files that are broken: containers."""

from __future__ import annotations

import json
import os
import random
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.parsers import expat

import pytest
from PIL import Image

import to_labelbox
from builders.cvat import BOX, LABELS
from cvat_files import (
    accounted,
    annotations_of,
    counts,
    export,
    image,
    items_of,
    label,
    objects_of,
    open_path,
    open_text,
    row,
    task,
    track,
)
from harness import Convert
from to_labelbox.model.items import (
    Box,
    Object,
)
from to_labelbox.model.schema import Kind
from to_labelbox.plugins.reader import Match, Refusal
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError, ToLabelboxError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat import FORMAT
from to_labelbox_formats.cvat.xml import document
from to_labelbox_formats.cvat.xml.export import XmlExport


def test_zip_with_media(tmp_path: Path) -> None:
    archive = tmp_path / "task.zip"
    Image.new("L", (100, 80)).save(tmp_path / "a.png")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("annotations.xml", export(image(BOX, "a.png"), task(label("car"))))
        made.write(tmp_path / "a.png", "images/a.png")
    assert isinstance(FORMAT.sniff(Source(archive)), Match)
    dataset, _ = open_path(archive)
    (item,), log = items_of(dataset)
    assert len(item.annotations) == 1
    assert not log.diagnostics
    assert list(dataset) == list(dataset)


ODD = export(image(BOX.replace("car", "cär"), "x &amp; y.jpg"), task(label("cär")))


@pytest.mark.parametrize(
    "data",
    [
        ODD.encode(),
        b"\xef\xbb\xbf" + ODD.encode(),
        ODD.replace("utf-8", "utf-16").encode("utf-16"),
        ODD.replace("utf-8", "iso-8859-1").encode("latin-1"),
        ODD.replace("utf-8", "gb18030").encode("gb18030"),  # several bytes a character
        ODD.replace("<version>", "<!-- <image name='no.jpg'/> --><version>").encode(),
        ODD.replace('"', "'").encode(),
        ODD.replace("\n", "\r\n").encode(),
        ODD.replace("<image", "<?note <image ?><image").encode(),
    ],
)
def test_encodings_comments_and_quotes(tmp_path: Path, data: bytes) -> None:
    dataset, log = open_text(tmp_path, data)
    (item,), _ = items_of(dataset)
    assert item.asset.path == "x & y.jpg"
    (found,) = item.annotations
    assert isinstance(found, Object)
    assert (found.label, found.geometry) == ("cär", Box(10.1, 20.2, 20.1, 20.2))
    assert not log.diagnostics


@pytest.mark.parametrize("place", ["<name>car</name>", 'label="car"', ">red<"])
def test_an_apostrophe_after_an_equals_sign_is_no_quote(tmp_path: Path, place: str) -> None:
    odd = place.replace("car", "c='a'").replace("red", "c='a'")
    box = BOX.replace("/>", "><attribute name='hue'>red</attribute></box>")
    text = export(image(box), task(label("car"))).replace(place, odd)
    (found,), _ = annotations_of(tmp_path, text)
    assert isinstance(found, Object)
    assert found.geometry == Box(10.1, 20.2, 20.1, 20.2)
    assert (found.label == "c='a'") == (place == 'label="car"')
    assert [a.value for a in found.attributes] == ["c='a'" if place == ">red<" else "red"]


def test_the_root_decides(tmp_path: Path) -> None:
    for name, text in {
        "voc.xml": "<annotation><filename>a.jpg</filename></annotation>",
        "other.xml": "<annotations><note/></annotations>",
        "google.xml": "<Annotations><Annotation/></Annotations>",
        "coco.json": '{"images": [], "annotations": [], "categories": []}',
        "labelme.json": '{"version": "5", "shapes": [{"label": "a", "points": [[1, 2]]}], "imagePath": "a.jpg"}',
    }.items():
        (tmp_path / name).write_text(text)
        assert isinstance(FORMAT.sniff(Source(tmp_path / name)), Refusal), name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (export(image(BOX))[:-20], "line 6, column"),
        (export(image(BOX)).replace("</image>", "</imag>"), "an end tag that is not that of the element"),
        (
            '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><annotations><version>1.1</version></annotations>',
            "DOCTYPE",
        ),
        ("<annotations><note/></annotations>", "not a CVAT export"),
        ("<annotations><version>1.1</version>\x01</annotations>", "line 1"),
        (ODD.replace("utf-8", "shift_jis").replace("ä", "à"), "is not shift_jis as it should be"),
        (ODD.replace("utf-8", "zlib"), "unknown encoding"),
    ],
)
def test_a_broken_file_emits_nothing(tmp_path: Path, text: str, words: str) -> None:
    try:
        dataset, log = open_text(tmp_path, text)
    except SourceError:
        assert not text
        return
    assert dataset.unit_count == 0
    assert log.unreadable == 1
    (said,) = log.diagnostics.values()
    assert words in said.message


def test_3d_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "task.json").write_text('{"version": "1.0", "dimension": "3d", "labels": [], "data": {}}')
    (tmp_path / "annotations.json").write_text('[{"tags": [], "shapes": [], "tracks": []}]')
    with pytest.raises(SourceError, match="3D CVAT data is not supported"):
        open_path(tmp_path)


@pytest.mark.parametrize("backup", [True, False])
def test_intervals_of_sound_are_counted_and_told(tmp_path: Path, backup: bool) -> None:
    record = {"tags": [], "shapes": [], "tracks": [], "intervals": [{"start": 1, "stop": 2, "label": "a"}] * 2}
    (tmp_path / "task.json").write_text('{"version": "1.0", "name": "a", "labels": [], "data": {}}')
    (tmp_path / "annotations.json").write_text(json.dumps([record] if backup else record))
    _, log = open_path(tmp_path)
    said = log.diagnostics[Code.UNSUPPORTED]
    assert said.skipped == 2
    assert said.message == "audio CVAT data is not supported: it is an interval of a sound"


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ('<box xtl="1" ytl="1" xbr="2" ybr="2"/>', "class-unnamed"),
        ('<box label="" xtl="1" ytl="1" xbr="2" ybr="2"/>', "class-unnamed"),
        ('<box label="a" xtl="1" ytl="1" xbr="2"/>', "box-invalid"),
        ('<box label="a" xtl="1" ytl="1" xbr="2" ybr="inf"/>', "box-invalid"),
        ('<box label="a" xtl="1" ytl="1" xbr="2" ybr="1_0"/>', "box-invalid"),
        ('<box label="a" xtl="1" ytl="1" xbr="2" ybr="two"/>', "box-invalid"),
        ('<polygon label="a" points="1,2;3,4"/>', "polygon-too-short"),
        ('<polygon label="a" points="1,2;3;4,5"/>', "polygon-invalid"),
        ('<polygon label="a" points="1,2;3,nan;4,5"/>', "polygon-invalid"),
        ('<polyline label="a" points="1,2;1,2"/>', "line-too-short"),
        ('<points label="a" points=""/>', "point-invalid"),
        ('<ellipse label="a" cx="1" cy="1" rx="2"/>', "box-invalid"),
        ('<mask label="a" rle="1, 2" left="0" top="0" width="2" height="2"/>', "mask-invalid"),
        ('<mask label="a" rle="1, x" left="0" top="0" width="2" height="2"/>', "mask-invalid"),
        ('<mask label="a" rle="1.5, 2.5" left="0" top="0" width="2" height="2"/>', "mask-invalid"),
        ('<mask label="a" rle="9" left="0" top="0" width="0" height="2"/>', "mask-invalid"),
        ('<skeleton label="a"/>', "keypoints-empty"),
        ('<cylinder label="a"/>', "geometry-unsupported"),
    ],
)
def test_a_broken_shape_costs_itself(tmp_path: Path, shape: str, code: str) -> None:
    found, log = objects_of(tmp_path, shape + BOX)
    assert [o.label for o in found] == ["car"]
    assert counts(log)[code] == 1
    assert log.ledger.total().skipped == 1
    assert accounted(found, log)


def test_3d_shapes_are_called_so(tmp_path: Path) -> None:
    _, log = objects_of(tmp_path, '<cuboid_3d label="car"/><circle label="car"/>')
    (said,) = (d for d in log.diagnostics.values() if str(d.code) == "geometry-unsupported")
    assert [e.message for e in said.examples] == [
        "<cuboid_3d> is 3D CVAT data, which is not supported",
        "<circle> is not a shape that is known here",
    ]


def test_swapped_corners_are_put_in_order(tmp_path: Path) -> None:
    (found,), log = objects_of(tmp_path, '<box label="a" xtl="30" ytl="5" xbr="10" ybr="20"/>')
    assert found.geometry == Box(10, 5, 20, 15)
    assert counts(log)["box-flipped"] == 1


def test_an_image_without_a_name(tmp_path: Path) -> None:
    found, log = annotations_of(tmp_path, export('<image id="0" width="9" height="9">' + BOX + "</image>"))
    assert not found
    assert log.ledger["car"].skipped == 1
    assert counts(log)["record-unreadable"] == 1


def test_a_picture_without_size_holds_everything_but_masks(tmp_path: Path) -> None:
    mask = '<mask label="car" rle="0, 4" left="0" top="0" width="2" height="2"/>'
    found, log = annotations_of(tmp_path, export(f'<image id="0" name="a.jpg">{BOX}{mask}</image>'))
    assert len(found) == 1
    assert counts(log)["image-size-unknown"] == 2
    assert accounted(found, log)


def test_another_version_is_tried(tmp_path: Path) -> None:
    dataset, log = open_text(tmp_path, export(image(BOX)).replace("1.1", "2.0"))
    assert dataset.unit_count == 1
    (decisions,) = log.diagnostics.values()
    assert any("version '2.0'" in example.message for example in decisions.examples)


def test_an_image_that_cannot_be_parsed_costs_itself(tmp_path: Path) -> None:
    deep = "<a>" * 300 + "</a>" * 300
    found, log = annotations_of(tmp_path, export(image("&#65;" + deep) + image(BOX, "b.jpg") + track("&#65;" + deep)))
    assert len(found) == 1
    assert counts(log)["record-unreadable"] == 2


def test_an_empty_export(tmp_path: Path) -> None:
    dataset, log = open_text(tmp_path, export("", task(label("car"))))
    assert dataset.unit_count == 0
    assert counts(log)["file-ignored"] == 1


EVERYTHING = export(
    image(
        BOX
        + '<polygon label="car" points="1,2;3,4;6,5" occluded="1"><attribute name="brand">vw</attribute></polygon>'
        + '<mask label="car" rle="1, 2, 1" left="0" top="0" width="2" height="2"/><tag label="night"/>'
        + '<skeleton label="man"><points label="head" points="1,2"/></skeleton><points label="car" points="1,1;2,2"/>'
    )
    + image(BOX, "b.jpg")
    + track(row(0, (0, 0, 9, 9)) + row(1, (1, 0, 9, 9), key=False) + row(2, (2, 0, 9, 9), outside=True)),
    task(LABELS, size=9, stop=8, video=(100, 80)),
).encode()


def test_mutations_never_raise_and_stay_accounted_for(tmp_path: Path) -> None:
    generator = random.Random(4)
    words = [
        b"frame",
        b'"',
        b"<",
        b">",
        b"nan",
        b"&amp;",
        b"-1",
        b"points",
        b"</image>",
        b"label",
        b"1e999",
        b"\xff",
        b"'",
    ]
    for _ in range(250):
        data = bytearray(EVERYTHING)
        for _ in range(generator.choice([1, 1, 1, 2, 4])):
            at = generator.randrange(len(data))
            end = at + generator.choice([0, 1, 3, 12])
            data[at:end] = generator.choice([b"", generator.choice(words), bytes([generator.randrange(256)])])
        try:
            found, log = annotations_of(tmp_path, bytes(data))
        except ToLabelboxError:
            continue
        assert accounted(found, log)


def test_what_the_writer_says_of_a_shape_names_its_picture(tmp_path: Path, convert: Convert) -> None:
    path = tmp_path / "annotations.xml"
    path.write_text(export(image(BOX) + image('<box label="car" xtl="1" ytl="2" xbr="1" ybr="2"/>', "b.jpg")))
    run = convert(path)
    assert any("b.jpg box[0]" in e for e in run.examples if e.startswith("box-empty"))


def test_apostrophes_of_the_declaration_alone_need_no_copy(tmp_path: Path) -> None:
    """Python's own writer puts them there, and nowhere else."""
    path = tmp_path / "annotations.xml"
    path.write_bytes(b"<?xml version='1.0' encoding='utf-8'?>\n" + export(image(BOX)).partition("\n")[2].encode())
    opened = XmlExport(Source(path), path.name, Log())
    assert opened._document.copy is None
    assert len(opened._starts) == 1


def test_a_folder_is_looked_into_once_for_all_tasks_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = "".join(task(id=n, name=f"t{n}", size=1) for n in range(1, 6))
    pictures = "".join(image(BOX, f"{n}.jpg", more=f' subset="" task_id="{n}"') for n in range(1, 6))
    file = tmp_path / "annotations.xml"
    file.write_text(
        export(pictures, f"<project><id>1</id><tasks>{tasks}</tasks><labels>{label('car')}</labels></project>")
    )
    looked: list[str] = []
    really = os.listdir

    def listed(path: str) -> list[str]:
        looked.append(path)
        return really(path)

    monkeypatch.setattr(os, "listdir", listed)
    report = to_labelbox.convert(file, None)
    assert report.assets.read == 5
    assert len([path for path in looked if path.rstrip("/") == str(tmp_path)]) == 1


def test_labels_beside_the_task_are_declared_too(tmp_path: Path) -> None:
    """Scripts put them there."""
    meta = f"<task><id>1</id><name>t</name></task><labels>{label('van', 'polygon')}{label('car', 'rectangle')}</labels>"
    dataset, _ = open_text(tmp_path, export(image(BOX), meta))
    assert [(one.name, one.kinds) for one in dataset.schema.labels] == [("van", (Kind.POLYGON,)), ("car", (Kind.BOX,))]


LONG = f'<polygon label="car" points="{";".join(f"{n % 90},{n % 70}" for n in range(500))}"/>'


def test_an_outline_longer_than_a_block_is_not_read_anew_with_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "annotations.xml"
    path.write_text(export(image(LONG)))
    whole, _ = open_text(tmp_path, path.read_text())
    seen: list[int] = []

    class Parser:
        """Expat's, of which is known what it has been given."""

        def __init__(self) -> None:
            object.__setattr__(self, "real", expat.ParserCreate())

        def __getattr__(self, name: str) -> Any:
            return getattr(object.__getattribute__(self, "real"), name)

        def __setattr__(self, name: str, value: Any) -> None:
            setattr(object.__getattribute__(self, "real"), name, value)

        def Parse(self, data: bytes, last: bool) -> None:
            seen.append(len(data))
            object.__getattribute__(self, "real").Parse(data, last)

    monkeypatch.setattr(document, "BLOCK", 64)
    monkeypatch.setattr(document, "expat", SimpleNamespace(ParserCreate=Parser, ExpatError=expat.ExpatError))
    pieces, _ = open_text(tmp_path, path.read_text())
    assert sum(seen) < path.stat().st_size - len(LONG) * 0.9
    assert list(pieces.iterate(Log(), 0, 1)) == list(whole.iterate(Log(), 0, 1))


@pytest.mark.parametrize("after", ['<box label="&">', '"<', "</oops>", "\n\n<box <"])
def test_an_error_behind_a_long_outline_has_its_true_place(
    after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = export(image(LONG + after))
    with pytest.raises(expat.ExpatError) as real:
        expat.ParserCreate().Parse(text.encode(), True)
    monkeypatch.setattr(document, "BLOCK", 64)
    (tmp_path / "annotations.xml").write_text(text)
    report = to_labelbox.convert(tmp_path / "annotations.xml", None)
    place = f"line {real.value.lineno}, column {real.value.offset + 1}:"
    assert place in next(e.message for d in report.diagnostics if d.code == "file-unreadable" for e in d.examples)
