"""No parser speaks to the user: broken files of every kind, through every command, give sentences of this tool alone."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import to_labelbox
from harness import annotation, coco, image, save
from to_labelbox.cli import main
from to_labelbox.report.plain_words import in_words, said_plainly

FOREIGN = re.compile(
    r"Expected `|, got `|- at `|`\$|codec can't|Expecting |\(char \d|JSON is malformed|Input data was truncated|could not convert"
    r"|invalid literal|base 10|cannot identify|_io\.|object at 0x|unhashable|NoneType|not iterable|not subscriptable|Traceback"
    r"|Error -\d|BadZip|Bad magic|Bad CRC|not a zip file|Premature end|tag mismatch|mismatched tag|no element found|invalid token"
    r"|StartTag|AttValue|xmlParse|EntityRef|not a valid|No such option|Missing (?:argument|option|parameter)|Got unexpected"
    r"|requires an argument|mapping values|block end|found character|while (?:scanning|parsing)|flow sequence|line contains NUL"
    r"|larger than field limit|Incorrect padding|data characters|recursion|An error occurred \(|msgspec|lxml|libxml|yaml\.|botocore"
    r"|UNSET|[A-Z]\w+Error\b|Errno|maximum .* exceeded"
)
"""What JSON, XML, YAML, CSV, zip and picture readers, the command line's own parser and Python say."""

GOOD = coco([annotation(1)], [image(1, "1.jpg")])
BROKEN = {
    "empty": b"",
    "cut": json.dumps(GOOD).encode()[:-20],
    "no-utf-8": b'{"images": "\xff\xfe\xfa"}',
    "latin": '{"name": "café"}'.encode("latin-1"),
    "zeros": bytes(64),
    "comma": b'{"images": [],}',
    "bare-key": b"{images: []}",
    "two": b"{} {}",
    "control": b'{"a": "x\ny"}',
    "escape": b'{"a": "\\q"}',
    "surrogate": b'{"a": "\\ud800"}',
    "deep": b"[" * 5000 + b"]" * 5000,
    "digits": b'{"a": ' + b"1" * 5000 + b"}",
    "list": b"[1, 2]",
    "number": b"7",
    "null": b"null",
    "text": b'"text"',
    "words": b"hello there\n",
    "tab": b"a:\n\tb: 1\n",
    "colon": b"a: b: c\n",
    "bracket": b"classes: [a, b\n",
    "quote": b"classes: 'a\n",
    "alias": b"classes: *x\n",
    "at": b"classes: @x\n",
    "block": b"- a\nb: 1\n",
    "csv-quote": b'key,width,height\n"a,1,2\n',
    "csv-nul": b"key,width,height\na\0,1,2\n",
    "xml-tags": b"<annotations><image></annotations>",
    "xml-cut": b"<annotations><image id='1' name='a.jpg' width='1'",
    "xml-and": b"<annotations><image name='a & b'/></annotations>",
    "xml-twice": b"<annotation a='1' a='2'/>",
    "zip": b"PK\x03\x04" + bytes(40),
    "gz": b"\x1f\x8b\x08" + bytes(20),
}
NAMES = ("json", "ndjson", "xml", "yaml", "csv", "txt", "zip", "json.gz")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder with its source, in a folder of its own."""
    folder = tmp_path_factory.mktemp("made")
    save(folder / "set.json", GOOD)
    to_labelbox.convert(folder / "set.json", folder / "out")
    return folder


def said(*command: str) -> str:
    """Everything that a command says, on either stream. It must end with an exit code, not with an exception."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    before = sys.argv
    sys.argv = ["to-labelbox", *command]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), pytest.raises(SystemExit):
            main()
    finally:
        sys.argv = before
    out.flush()
    assert isinstance(out.buffer, io.BytesIO)
    return out.buffer.getvalue().decode()


def check(*command: str) -> None:
    text = said(*command)
    found = FOREIGN.search(text)
    assert found is None, f"{' '.join(command)}: {found and found.group()!r} in\n{text}"


# ------------------------------------------------------------------------------------------------------- commands


def sources(file: str, made: Path, out: Path) -> Iterator[list[str]]:
    """Every command over a broken file, wherever one may be given."""
    good = str(made / "set.json")
    yield ["inspect", file]
    for format in to_labelbox.formats():
        yield ["convert", file, "-o", str(out), "--overwrite", "--from", format]
    yield ["batch", str(Path(file).parent), "-o", str(out / "all"), "--overwrite"]
    yield ["ontology", file]
    for option in ("--class-map", "--ontology", "--data-rows", "--sizes", "--url-map"):
        yield ["convert", good, option, file, "-o", str(out), "--overwrite"]
    yield ["ontology", good, "--diff", file]
    yield ["validate", file]
    yield ["compare", str(made / "out"), file]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_wherever_it_is_given(kind: str, made: Path, tmp_path: Path) -> None:
    for name in NAMES:
        file = tmp_path / name.replace(".", "-") / f"broken.{name}"
        file.parent.mkdir()
        file.write_bytes(BROKEN[kind])
        for command in sources(str(file), made, tmp_path / "out"):
            check(*command)


@pytest.mark.parametrize(
    "name", ["annotations.ndjson", "data_rows.ndjson", "ontology.json", "report.json", "index.ndjson"]
)
def test_a_broken_file_of_an_output(name: str, made: Path, tmp_path: Path) -> None:
    for kind, data in BROKEN.items():
        out = tmp_path / kind
        shutil.copytree(made / "out", out)
        (out / name).write_bytes(data)
        check("validate", str(out))
        check("preview", str(out), "-o", str(tmp_path / f"{kind}.html"))
        check("import", str(out), "--project", "x", "--dry-run")


def records() -> Iterator[tuple[str, bytes]]:
    """Whole files of every format with one record that is wrong in its own way."""
    for n, wrong in enumerate(("x", 7, [], {}, None, True, [["a"]], {"a": 1}, 1e400, "é")):
        for key in (
            "id",
            "image_id",
            "category_id",
            "bbox",
            "segmentation",
            "keypoints",
            "area",
            "iscrowd",
            "attributes",
        ):
            yield (
                f"coco-{key}-{n}.json",
                dumped({**GOOD, "annotations": [{**annotation(1), key: wrong}, annotation(2)]}),
            )
        for key in ("id", "file_name", "width", "height"):
            yield f"coco-image-{key}-{n}.json", dumped({**GOOD, "images": [{**image(1), key: wrong}, image(2)]})
        for key in ("images", "annotations", "categories", "info", "licenses"):
            yield f"coco-whole-{key}-{n}.json", dumped({**GOOD, key: wrong})
        yield f"coco-class-{n}.json", dumped({**GOOD, "categories": [{"id": 1, "name": wrong}, wrong]})


def dumped(value: object) -> bytes:
    return json.dumps(value).encode()


def test_a_wrong_record_of_coco(tmp_path: Path) -> None:
    for name, data in records():
        (tmp_path / name).write_bytes(data)
        check("convert", str(tmp_path / name), "-o", str(tmp_path / "out"), "--overwrite", "--from", "coco")


CVAT = (
    '<annotations><version>1.1</version><image id="{0}" name="a.jpg" width="{1}" height="80">'
    '<box label="car" xtl="{2}" ytl="1" xbr="9" ybr="9" occluded="{3}" z_order="{4}"/><polygon label="car" points="{5}"/>'
    '<mask label="car" rle="{6}" left="1" top="1" width="2" height="2"/></image></annotations>'
)
VOC = (
    "<annotation><filename>a.jpg</filename><size><width>{1}</width><height>80</height></size><object><name>car</name>"
    "<difficult>{3}</difficult><bndbox><xmin>{2}</xmin><ymin>{4}</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"
)


@pytest.mark.parametrize(("format", "text"), [("cvat", CVAT), ("voc", VOC)])
def test_a_wrong_value_of_xml(format: str, text: str, tmp_path: Path) -> None:
    for at in range(7):
        for n, wrong in enumerate(("", "x", "1,2", "nan", "1e999", "9" * 400, "-", "1;2;x,y")):
            values = ["0", "100", "1", "0", "0", "1,1;9,1;9,9", "2,2"]
            values[at] = wrong
            file = tmp_path / f"{at}-{n}" / "a.xml"
            file.parent.mkdir()
            file.write_text(text.format(*values))
            check("convert", str(file), "-o", str(tmp_path / "out"), "--overwrite", "--from", format)


@pytest.mark.parametrize(
    "data", ["names: [a\npath: .", "names:\n\t- a\n", "names: a: b\nnc: 1\n", "\0", "nc: x\nnames: 7\n"]
)
def test_a_broken_data_yaml(data: str, tmp_path: Path) -> None:
    (tmp_path / "set" / "labels").mkdir(parents=True)
    (tmp_path / "set" / "data.yaml").write_text(data)
    for n, row in enumerate(("0 .5 .5 .1 .1", "x .5 .5 .1 .1", "0 a b c d", "0 .5", "0 nan .5 .1 .1", "é")):
        (tmp_path / "set" / "labels" / f"{n}.txt").write_text(row)
    (tmp_path / "sizes.csv").write_text("".join(f"{n}.jpg,100,80\n" for n in range(6)))
    for source in ("set", "set/data.yaml"):
        given = ["convert", str(tmp_path / source), "-o", str(tmp_path / "out"), "--overwrite", "--from", "yolo"]
        check(*given, "--sizes", str(tmp_path / "sizes.csv"))
        check(*given, "-O", f"names={tmp_path / 'set' / 'data.yaml'}")


def test_a_damaged_archive(tmp_path: Path) -> None:
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("set.json", json.dumps(GOOD) + " " * 3000)
    data = whole.read_bytes()
    for at in range(0, len(data), 7):
        broken = bytearray(data)
        broken[at : at + 4] = b"\xff\x00\x7f\x11"
        file = tmp_path / "zips" / f"{at}.zip"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(bytes(broken))
        check("convert", str(file), "-o", str(tmp_path / "out"), "--overwrite")
    check("batch", str(tmp_path / "zips"), "-o", str(tmp_path / "all"))


def test_damaged_pictures_in_a_preview(made: Path, tmp_path: Path) -> None:
    for n, data in enumerate((b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"hello", b"RIFF0000WEBP")):
        media = tmp_path / str(n)
        media.mkdir()
        (media / "1.jpg").write_bytes(data)
        page = tmp_path / f"{n}.html"
        check("preview", str(made / "out"), "--media-root", str(media), "-o", str(page))
        found = FOREIGN.search(re.sub(r"<script.*?</script>", "", page.read_text(), flags=re.DOTALL))
        assert found is None, found
        check("convert", str(made / "set.json"), "-o", str(tmp_path / "out"), "--overwrite", "--media-root", str(media))


def test_a_damaged_mask_in_a_payload(made: Path, tmp_path: Path) -> None:
    for n, png in enumerate(("", "?", "AAA", base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(30)).decode())):
        out = tmp_path / str(n)
        shutil.copytree(made / "out", out)
        line = json.loads((out / "annotations.ndjson").read_text().splitlines()[0])
        line = {k: v for k, v in line.items() if k in ("uuid", "dataRow", "name")} | {"mask": {"png": png}}
        (out / "annotations.ndjson").write_text(json.dumps(line) + "\n")
        check("validate", str(out))
        check("preview", str(out), "-o", str(tmp_path / "page.html"))
        assert (
            FOREIGN.search(re.sub(r"<script.*?</script>", "", (tmp_path / "page.html").read_text(), flags=re.DOTALL))
            is None
        )


MISUSED = """
convert x --workers q | convert x --workers 0 | convert x --geometry box | convert --foo x | convert | convert x -o
validate a b c | convert x --min-area q | convert x --min-area nan | convert x --fail-on q | batch a -o b --shard q
convert x --progress=1 | validate o --max q | preview o -n 0 | preview o -n x | compare x | merge | ontology x --diff
import o --project | -O | convert x -O | convert x -O foo | inspect x --html | convert x --file-timeout -1
batch a --engine q | convrt x | --versoin | completion fsh | convert x --exif on | import o --first x | formats a
formats a b c | convert x --split-words q | convert x --shard-lines q | import o --upload-threads 0 | convert x --outside no
"""


@pytest.mark.parametrize("command", [c.strip() for line in MISUSED.strip().splitlines() for c in line.split("|")])
def test_a_command_that_is_written_wrong(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check(*command.split())


# ---------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Expected `int`, got `str` - at `$.a[0].b`", "a[0].b: found a text, expected a whole number"),
        ("Expected `float | null`, got `str` - at `$.x`", "x: found a text, expected a number or null"),
        ("Expected `array` of length 3 - at `$.colorRGB`", "colorRGB: expected a list of length 3"),
        ("Expected `array` of at least length 2, got 1 - at `$[...]`", "[…]: found 1, expected a list of length 2"),
        ("Object missing required field `y` - at `$.point`", "point: missing field 'y'"),
        ("Input data was truncated", "it ends in the middle of a value"),
        ("JSON is malformed: invalid character (byte 11)", "a character that cannot stand there, at byte 12"),
        ("Expecting ',' delimiter: line 1 column 4 (char 3)", "',' is expected, at line 1, column 4"),
        ("Opening and ending tag mismatch: b line 1 and a", "</a> where </b> is expected, which line 1 opens"),
        ("could not convert string to float: 'x'", "'x' is no number"),
        (
            "An error occurred (403) when calling the HeadObject operation: Forbidden",
            "the service says: Forbidden (403)",
        ),
        ("a sentence of this tool's own", "a sentence of this tool's own"),
    ],
)
def test_words(text: str, words: str) -> None:
    assert said_plainly(text) == words


def test_a_byte_that_is_no_utf_8_is_named() -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        b"caf\xe9 x".decode()
    assert in_words(caught.value) == "not UTF-8: byte 4 is 0xE9"
