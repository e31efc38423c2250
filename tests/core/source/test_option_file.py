"""Files that an option names: whatever they are, the answer is a sentence, and soon."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import annotation, coco, save
from to_labelbox import Settings, UsageError
from to_labelbox.conversion.job import read_ontology
from to_labelbox.model.items import Asset
from to_labelbox.rules.class_map_file import read_class_map
from to_labelbox.rules.existing_data_rows import read_rows
from to_labelbox.source.csv_tables import read_sizes, read_urls

READERS: dict[str, Callable[[str], Any]] = {
    "class map": read_class_map,
    "data rows": read_rows,
    "sizes": read_sizes,
    "URL map": read_urls,
    "ontology": read_ontology,
}

DEEP = "[" * 100_000
BAD: dict[str, tuple[str, bytes]] = {
    "empty": ("x.yaml", b""),
    "not UTF-8": ("x.csv", b"key,width\xff,height\n\xff,1,1"),
    "deep JSON": ("x.json", f'{{"tools": {DEEP}'.encode()),
    "deep flow YAML": ("x.yaml", f"classes: {DEEP}".encode()),
    "deep block YAML": ("x.yaml", "".join(f"{' ' * n}a:\n" for n in range(3000)).encode()),
    "half a character in YAML": ("x.yaml", b'classes: {"\\ud800": {name: "x"}}'),
    "half a character as a name": ("x.yaml", b'classes: {a: {name: "\\udfff"}}'),
    "half a character in rows": ("x.ndjson", b'{"global_key": "\\ud800"}'),
    "half a character in an ontology": ("x.json", b'{"tools": [{"tool": "rectangle", "name": "\\ud800"}]}'),
    "9,000 digits": ("x.csv", b"a.jpg," + b"9" * 9000 + b",1"),
    "9,000 digits in JSON": ("x.json", b'{"tools": [{"tool": "rectangle", "name": ' + b"9" * 9000 + b"}]}"),
    "digits of another kind": ("x.csv", "a.jpg,²,1".encode()),
    "a long field": ("x.csv", b"a.jpg," + b"x" * 200_000 + b",1"),
    "NUL": ("x.csv", b"a\0,1,1\n"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_is_refused_by_name_or_read(bad: str, reader: str, tmp_path: Path) -> None:
    name, data = BAD[bad]
    file = tmp_path / name
    file.write_bytes(data)
    try:
        made = READERS[reader](str(file))
    except UsageError as error:
        assert str(file) in str(error)
        assert len(str(error)) < 200_000
    else:  # what one reader refuses may be good for another
        str(made).encode()


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_regular_file_is_not_waited_for(reader: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    for path in (str(pipe), "/dev/zero"):
        with pytest.raises(UsageError, match="save it as a file first"):
            READERS[reader](path)
    for path in (str(tmp_path), str(tmp_path / "none.csv"), "a\0b"):
        with pytest.raises(UsageError):
            READERS[reader](path)


@pytest.mark.parametrize(
    ("format", "option"),
    [("label-studio", "config"), ("label-studio", "sizes"), ("voc", "class_names"), ("yolo", "sizes")],
)
def test_options_of_formats_take_no_pipe_either(format: str, option: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.meta"
    os.mkfifo(pipe)
    source = tmp_path / "set"
    (source / "labels").mkdir(parents=True)
    (source / "labels" / "a.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (source / "a.xml").write_text("<annotation><filename>a.jpg</filename></annotation>")
    (source / "tasks.json").write_text(json.dumps([{"id": 1, "data": {"image": "a.jpg"}, "annotations": []}]))
    given: dict[str, Any] = {"sizes": str(pipe)} if option == "sizes" else {"options": {option: str(pipe)}}
    if (format, option) == ("yolo", "sizes"):
        given = {"options": given}
    with pytest.raises(UsageError, match="save it as a file first"):
        to_labelbox.convert(source, None, format=format, **given)


@pytest.mark.parametrize("template", ["{relpath:>1000000000}", "{relpath!r}", "{relpath:}{name:.1}", "{relpath.x}"])
def test_templates_of_keys_hold_fields_alone(template: str, tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    file.write_text(json.dumps(coco(annotation(bbox=[1, 2, 3, 4]))))
    if template == "{relpath:}{name:.1}":
        template = "{relpath}{name:.1}"
    with pytest.raises(UsageError, match="--global-key"):
        to_labelbox.convert(file, None, settings=Settings(global_key=template))


MARKED = {
    "class_map": ("map.yaml", "classes:\n  car: vehicle\n"),
    "sizes": ("sizes.csv", "key,width,height\n1.jpg,100,80\n"),
    "data_rows": ("rows.csv", "global_key,id\n1.jpg,x\n"),
    "ontology": ("ontology.json", '{"tools": [{"tool": "rectangle", "name": "car"}], "classifications": []}'),
}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-32-be"])
@pytest.mark.parametrize("option", MARKED)
def test_texts_of_wide_characters_are_read_by_their_mark_and_refused_without(
    option: str, encoding: str, tmp_path: Path
) -> None:
    """Spreadsheets save texts as UTF-16; JSON tells by itself how it is encoded."""
    name, text = MARKED[option]
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 2, 3, 4])]))
    (tmp_path / name).write_bytes(text.encode(encoding))
    given: dict[str, Any] = {option: tmp_path / name}
    if encoding.endswith("e") and option != "ontology":
        with pytest.raises(UsageError, match=rf"{name}.*holds bytes of zero"):
            to_labelbox.convert(source, None, **given)
    else:
        assert to_labelbox.convert(source, None, **given).annotations.converted == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_as_spreadsheets_save_them(separator: str, encoding: str, tmp_path: Path) -> None:
    """Where a comma is decimal they part values by semicolons; as Unicode text by tabs."""

    def table(*rows: str) -> str:
        file = tmp_path / "table.csv"
        file.write_text("".join(f"{row.replace(',', separator)}\r\n" for row in rows), encoding=encoding)
        return str(file)

    assert dict(read_sizes(table("key,width,height", "a.jpg,20,10"))) == {"a.jpg": (20, 10)}
    assert dict(read_sizes(table("a.jpg,20,10"))) == {"a.jpg": (20, 10)}
    assert read_urls(table("url,key", "https://x.org/a.jpg,a.jpg")) == {"a.jpg": "https://x.org/a.jpg"}
    assert read_class_map(table("source,target", "car,vehicle")).classes["car"].name == "vehicle"
    assert read_rows(table("global_key,external_id", "k,a.jpg")).match(Asset(path="a.jpg"), "") is not None


def test_rows_of_a_url_map_without_an_address_say_nothing(tmp_path: Path) -> None:
    file = tmp_path / "urls.csv"
    file.write_text("key,url\na.jpg,\nb.jpg,https://x.org/b.jpg\n")
    assert read_urls(str(file)) == {"b.jpg": "https://x.org/b.jpg"}
    file.write_text("a.jpg,C:\\pics\\a.jpg\n")
    with pytest.raises(UsageError, match=r"urls\.csv:1: .* is a path of a disk"):
        read_urls(str(file))
