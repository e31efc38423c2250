"""What of a Pascal VOC set no rule reads is named once, with its count and the reason that is true of it."""

from __future__ import annotations

from pathlib import Path

from small_sets import Made, box, jpeg, thing, voc

CAT = thing(box(10, 20, 30, 40))


def test_planted_files_and_folders_are_named(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "Annotations/a.xml": voc(CAT),
        "JPEGImages/a.jpg": jpeg(100, 50),
        "labels_json/a.json": "{}",
        "labels_json/b.json": "{}",
        "Annotations/notes.md": "x",
        "classes.txt": "cat\n",
        "predefined_classes.txt": "dog\n",
        "SegmentationClassVisualization/a.jpg": jpeg(100, 50),
        ".DS_Store": "x",
        "JPEGImages/._a.jpg": "x",
    }
    made = Made(tmp_path, files)
    assert made.unread == {
        ("file", "labels_json/*.json"): 2,
        ("file", "Annotations/notes.md"): 1,
        ("file", "classes.txt"): 1,
        ("file", "SegmentationClassVisualization/a.jpg"): 1,
    }
    assert made.why("labels_json/*.json") == "no rule reads it"
    assert made.why("classes.txt") == "the classes of predefined_classes.txt count"
    assert "shows masks" in made.why("SegmentationClassVisualization/a.jpg")


def test_a_healthy_set_has_nothing_unread(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "Annotations/a.xml": voc(CAT, more="<folder>x</folder><source><database>Unknown</database></source>"),
        "JPEGImages/a.jpg": jpeg(100, 50),
        "JPEGImages/b.jpg": jpeg(100, 50),
        "ImageSets/Main/train.txt": "a\n",
        "ImageSets/Main/cat_train.txt": "a 1\n",
        "labelmap.txt": "cat:1,0,0::\n",
    }
    assert Made(tmp_path, files).unread == {}


def test_unknown_elements_are_counted(tmp_path: Path) -> None:
    part = f"<part><name>head</name>{box(11, 21, 15, 25)}<mood>x</mood></part>"
    odd = f'<object id="7"><name>cat</name>{box(10, 20, 30, 40)}{part}<lines><l>1</l></lines></object>'
    more = "<weather>rain</weather><source><database>x</database><camera>c</camera></source>"
    made = Made(tmp_path, {f"{n}.xml": voc(odd, filename=f"{n}.jpg", more=more) for n in range(3)})
    assert made.unread == {
        ("element", "weather"): 3,
        ("element", "camera"): 3,
        ("element", "mood"): 3,
        ("element", "lines"): 3,
        ("field", "@id"): 3,
    }


def test_what_an_option_leaves_out_says_so(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"Annotations/a.xml": voc(CAT), "SegmentationClass/a.png": jpeg(9, 9)}
    assert Made(tmp_path, files, options={"masks": "false"}).why("SegmentationClass/a.png") == "-O masks=false"


def test_annotation_files_of_fair1m(tmp_path: Path) -> None:
    """Names lie in <possibleresult>, corners in <points> as pairs; the first is written twice."""
    pairs = "".join(f"<point>{x},{y}</point>" for x, y in ((10, 20), (50, 20), (50, 40), (10, 40), (10, 20)))
    odd = (
        "<object><coordinate>pixel</coordinate><type>rectangle</type><possibleresult><name>Boeing737</name></possibleresult>"
        f"<points>{pairs}</points></object>"
    )
    source = "<source><filename>0.tif</filename><origin>GF2</origin></source><research><version>1</version></research>"
    xml = f"<annotation>{source}<size><width>100</width><height>50</height></size><objects>{odd}</objects></annotation>"
    made = Made(tmp_path, {"labelXml/0.xml": xml, "images/0.jpg": jpeg(100, 50)})
    (line,) = made.lines
    assert line["name"] == "Boeing737"
    assert [(p["x"], p["y"]) for p in line["polygon"][:4]] == [(10, 20), (50, 20), (50, 40), (10, 40)]
    assert made.report.annotations.converted == 1


def test_the_types_that_dicttoxml_writes_say_nothing(tmp_path: Path) -> None:
    corners = "".join(f'<{n} type="int">{v}</{n}>' for n, v in zip(("xmin", "ymin", "xmax", "ymax"), (10, 20, 30, 40)))
    size = '<size type="dict"><width type="int">100</width><height type="int">50</height></size>'
    item = (
        f'<item type="dict"><name type="str">cat</name><pose type="null"/><bndbox type="dict">{corners}</bndbox></item>'
    )
    xml = f'<annotation>{size}<object type="list">{item}</object></annotation>'
    made = Made(tmp_path, {"a.xml": xml, "a.jpg": jpeg(100, 50)})
    assert made.boxes == [("cat", 10, 20, 20, 20)]
    assert made.unread == {}
    named = Made(tmp_path / "named", {"a.xml": xml.replace('type="dict"', 'type="main"'), "a.jpg": jpeg(100, 50)})
    assert ("field", "@type") in named.unread
