"""Pascal VOC: what a person would see on the picture, in every layout, and what happens to broken files: masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders.voc import (
    BOX,
    CAT,
    CLASSES,
    TWO,
    annotation,
    jpeg,
    masks,
    png,
    thing,
    write,
)
from to_labelbox.model.items import (
    Box,
)
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, RecordError, SourceError, ToLabelboxError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox.source.xml import parse_xml, xml_text
from to_labelbox_formats.voc import FORMAT
from to_labelbox_formats.voc.layout.class_lists import voc_colour
from to_labelbox_formats.voc.options import Corners, Options, Origin


def test_masks_can_be_left_out_and_other_masks_are_no_images(voc: Any) -> None:
    files = {
        "Annotations/a.xml": TWO,
        "SegmentationClass/a.png": png(CLASSES),
        "SegmentationClassVisualization/b.png": png(CLASSES),
    }
    result = voc(files)
    assert result.paths == ["a.jpg"]
    assert result.context.log.diagnostics[Code.FILE_IGNORED].count == 1
    assert masks(voc(files, Options(masks=False))) == {}


def test_trimaps_among_the_annotations_are_no_images(voc: Any) -> None:
    """As in the Oxford-IIIT pets."""
    files = {
        "annotations/xmls/a.xml": annotation(CAT),
        "annotations/trimaps/a.png": png(CLASSES),
        "annotations/trimaps/b.png": png(CLASSES),
        "images/a.jpg": jpeg(100, 50),
        "images/b.jpg": jpeg(100, 50),
    }
    result = voc(files)
    assert result.paths == ["a.jpg", "b.jpg"]
    assert result.context.log.diagnostics[Code.FILE_IGNORED].count == 2


def test_palette_of_voc() -> None:
    assert [voc_colour(v) for v in (0, 1, 2, 15, 255)] == [0, 0x800000, 0x008000, 0xC08080, 0xE0E0C0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<annotation><object></annotation>", "not well-formed XML at line 1"),
        ("", "the file is empty"),
        (" \n ", "the file is empty"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><annotation/>", "DOCTYPE is not accepted"),
        ("<annotation>&b;</annotation>", "line 1, column"),
        ("\n\n<annotation>\n<object>\n</annotation>", "at line 5"),
        (b"<annotation>\xff</annotation>", "at byte 13"),
        (b'<?xml version="1.0" encoding="nope"?><annotation/>', "unknown encoding 'nope'"),
        (b'<?xml version="1.0" encoding="zlib"?><annotation/>', "unknown encoding 'zlib'"),
        ("<a>" * 300 + "</a>" * 300, "nested too deeply"),
        ("\0" * 100, "not well-formed"),
        (b"\xff\xfe\xff", "is not utf-16-le"),
    ],
)
def test_broken_file_costs_itself(voc: Any, content: str | bytes, message: str) -> None:
    result = voc({"a.xml": content, "b.xml": annotation(CAT)})
    assert result.paths == ["b.jpg"]
    assert result.log.unreadable == 1
    assert result.message(Code.FILE_UNREADABLE).startswith("a.xml: ")
    assert message in result.message(Code.FILE_UNREADABLE)


def test_broken_file_stops_a_run_that_is_to_fail(tmp_path: Path) -> None:
    write(tmp_path, {"a.xml": "<annotation>"})
    with pytest.raises(RecordError, match=r"a\.xml: not well-formed"):
        list(FORMAT.read(Source(tmp_path), Options(), ReadContext()).items(Log(fail=True)))


def test_several_annotations_in_one_file_are_not_lost_in_silence(voc: Any) -> None:
    result = voc({"all.xml": f"<set>{annotation(CAT)}{annotation(CAT)}</set>", "b.xml": annotation(CAT)})
    assert "all.xml: holds 2 <annotation> in one <set>: split it" in result.message(Code.FILE_UNREADABLE)
    assert len(result.objects) == 1


def test_other_xml_is_passed_by(voc: Any) -> None:
    result = voc({"a.xml": annotation(CAT), "project.xml": "<project/>"})
    assert (result.paths, result.codes) == (["a.jpg"], {"file-ignored": 1})


def bad_box(xmin: str) -> str:
    return f"<bndbox>{xmin}<ymin>20</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"


@pytest.mark.parametrize(
    ("inner", "code", "message"),
    [
        ("", "geometry-missing", "has no geometry"),
        ("<bndbox/>", "geometry-missing", "has no geometry"),
        (bad_box(""), "box-invalid", "<xmin> is missing"),
        (bad_box("<xmin/>"), "box-invalid", "<xmin> is missing"),
        (bad_box("<xmin>nan</xmin>"), "box-invalid", "<xmin> is 'nan', not a number"),
        (bad_box("<xmin>inf</xmin>"), "box-invalid", "'inf'"),
        (bad_box("<xmin>1e400</xmin>"), "box-invalid", "'1e400'"),
        (bad_box("<xmin>1_0</xmin>"), "box-invalid", "'1_0'"),
        (bad_box("<xmin>٣</xmin>"), "box-invalid", "not a number"),
        (bad_box("<xmin>ten</xmin>"), "box-invalid", "'ten'"),
        ("<point><x>a</x><y>1</y></point>", "point-invalid", "not a number"),
    ],
)
def test_object_without_a_usable_place(voc: Any, inner: str, code: str, message: str) -> None:
    result = voc(annotation(f"<object><name>dog</name>{inner}</object>", CAT))
    assert result.only.label == "cat"
    assert result.codes == {code: 1}
    example = str(result.log.diagnostics[Code(code)].examples[0])
    assert example.startswith("a.xml object[1]")
    assert message in example
    assert (result.log.ledger["dog"].read, result.log.ledger["dog"].skipped) == (1, 1)


@pytest.mark.parametrize("name", ["", "<name/>", "<name>  </name>"])
def test_object_without_a_name(voc: Any, name: str) -> None:
    result = voc(annotation(f"<object>{name}{BOX}</object>", CAT))
    assert result.only.id == "2"
    assert result.codes == {"class-unnamed": 1}
    assert result.log.ledger["(unnamed)"].skipped == 1


def test_decimal_comma(voc: Any) -> None:
    result = voc(thing(BOX.replace("<xmin>10<", "<xmin>10,5<")))
    assert result.only.geometry == Box(10.5, 20, 19.5, 20)
    assert result.codes == {"field-repaired": 1}


def test_swapped_corners(voc: Any) -> None:
    inner = "<bndbox><xmin>30</xmin><ymin>20</ymin><xmax>10</xmax><ymax>40</ymax></bndbox>"
    result = voc(thing(inner))
    assert result.only.geometry == Box(10, 20, 20, 20)
    assert result.codes == {"box-flipped": 1}


def test_width_and_height_where_corners_belong_are_asked_about(voc: Any) -> None:
    corners = "<bndbox><xmin>{}</xmin><ymin>20</ymin><xmax>30</xmax><ymax>15</ymax></bndbox>"
    files = {f"{n}.xml": thing(corners.format(10 + n), name=f"c{n}") for n in range(9)}
    files["9.xml"] = thing(corners.format(19), name="c9")
    with pytest.raises(UsageError, match=r"(?s)of 10 boxes 10 have xmax .* -O corners=sizes .* -O corners=swapped"):
        voc(files)
    assert voc(files, Options(corners=Corners.SWAPPED)).objects[0].geometry == Box(10, 15, 20, 5)
    result = voc(files, Options(corners=Corners.SIZES))
    assert [o.geometry for o in result.objects] == [Box(10 + n, 20, 30, 15) for n in range(10)]
    assert result.codes == {}
    one_based = voc(files, Options(corners=Corners.SIZES, origin=Origin.ONE_BASED))
    assert one_based.objects[0].geometry == Box(9, 19, 30, 15)


def test_equal_objects_are_kept_once(voc: Any) -> None:
    result = voc(annotation(CAT, CAT, CAT.replace("cat", "dog"), CAT))
    assert [o.id for o in result.objects] == ["1", "3"]
    assert result.log.ledger["cat"].merged == 2
    assert result.codes == {"annotation-duplicate": 2}


def test_image_without_objects(voc: Any) -> None:
    result = voc(annotation())
    assert (result.paths, result.items[0].annotations, result.codes) == (["a.jpg"], [], {})


def test_namespaces_comments_and_sections(voc: Any) -> None:
    text = annotation(f"<object><name><![CDATA[a<b]]></name><!-- x -->{BOX}</object>")
    text = text.replace("<annotation>", '<annotation xmlns="http://example.org/voc">')
    assert voc(text).only.label == "a<b"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "gbk"])
def test_encodings(voc: Any, encoding: str) -> None:
    name = "猫" if encoding in ("gbk", "utf-8", "utf-16", "utf-8-sig") else "Kätzchen"
    declared = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    text = f'<?xml version="1.0" encoding="{declared}"?>\n' + thing(BOX, name)
    assert voc({"a.xml": text.encode(encoding)}).only.label == name


def test_utf_16_without_mark_or_declaration() -> None:
    assert parse_xml("<a>ö</a>".encode("utf-16-be")).text == "ö"
    assert xml_text(b"  \n<?xml version='1.0'?>\n<a/>") == "\n\n<a/>"
    with pytest.raises(FileError, match="not written in"):
        xml_text(b'<?xml version="1.0" encoding="utf-7"?><a/>')


def test_fallback_encoding(voc: Any) -> None:
    content = thing(BOX, "Kätzchen").encode("latin-1")
    assert voc({"a.xml": content}).objects == []
    assert voc({"a.xml": content}, Options(encoding="latin-1")).only.label == "Kätzchen"
    with pytest.raises(ToLabelboxError, match="encoding 'nope'"):
        voc({"a.xml": content}, Options(encoding="nope"))


def test_empty_folder_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no annotation files"):
        FORMAT.read(Source(tmp_path), Options(), ReadContext())
