"""Mistakes of new users, on the command line and in Python: each is one sentence that says what to do."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import annotation, coco, item, save
from to_labelbox import Settings, ToLabelboxError, UsageError
from to_labelbox.cli.wrong_usage import shown
from to_labelbox.rules.settings import Policy


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with sets of COCO in it, one of them with a blank in its name, an output, and an export."""
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "set" / "a.json", coco([annotation(1)]))
    save(tmp_path / "my set" / "a.json", coco([annotation(1)]))
    (tmp_path / "empty").mkdir()
    (tmp_path / "zips").mkdir()
    inner = io.BytesIO()
    zipfile.ZipFile(inner, "w").close()
    with zipfile.ZipFile(tmp_path / "zips" / "all.zip", "w") as archive:
        archive.writestr("a.zip", inner.getvalue())
    to_labelbox.convert("set", "out")
    (tmp_path / "export.ndjson").touch()
    return tmp_path


def command(*words: str) -> str:
    """What the program says on wrong usage."""
    import click

    from to_labelbox.cli import cli

    with pytest.raises((click.ClickException, ToLabelboxError)) as caught:
        cli.main(list(words), standalone_mode=False)
    return shown(caught.value) if isinstance(caught.value, click.ClickException) else str(caught.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("convert my set -o o", "a path with blanks is put in quotes, as 'my set'"),
        ("convert ftp://h/x -o o", "addresses are read that begin with s3://, gs://, az://, https://"),
        ("convert empty -o o", "empty: there is no file in it"),
        ("batch set -o o --split 1/2", "there is no option '--split'; did you mean '--shard' or '--split-words'?"),
        ("convert set -o o --split 1/2", "there is no option '--split'; did you mean '--split-words'?"),
        ("batch empty -o o", "no datasets found; the folder is empty"),
        (
            "batch zips -o o",
            "zips: no datasets found: all.zip holds archives (a.zip), and archives within an archive are",
        ),
        (
            "batch zips/all.zip -o o",
            "all.zip holds archives (a.zip), and archives within an archive are not read: unpack",
        ),
        ("convert set -o set", "-o set: that is the source itself: give another folder"),
        ("convert set -o s3://bucket/o", "-o s3://bucket/o: the output is written to a folder of this machine, not to"),
        ("batch set -o gs://bucket/o", "-o gs://bucket/o: the output is written to a folder of this machine, not to"),
        ("preview out --media-root s3://b/x", "no such folder; an address is read by convert, inspect, ontology and"),
        ("convert set -o my/../set", "that is the source itself"),
        ("convert set -o o -O frist_category=1", "did you mean 'first_category'?"),
        ("convert set -o o -O first_category=x", "'x', but it takes"),
        (
            "convert set -o o --config c.xml",
            "there is no option '--config'; it is an option of label-studio: -O config=",
        ),
        ("convert set -o o --origin 1", "it is an option of coco, voc and yolo: -O origin="),
        ("convert set -o o --wrkers 2", "there is no option '--wrkers'; did you mean '--workers'?"),
        ("convert set -o o --workers 0", "--workers: '0', but it takes a whole number of at least 1"),
        ("convert set -o o --geometry box", "--geometry: 'box', but it takes auto, bbox, polygon or mask"),
        ("convert -o o", "SOURCE is missing"),
        ("convert set -o", "-o needs a value"),
        ("validate out more", "'more': more than the command takes"),
        ("preview out -n 0", "--number: '0', but it takes a whole number from 1 to 10,000"),
        ("import out --project x --media-root nope", "--media-root nope: no such folder"),
        ("import ou", "ou: no such folder; did you mean out?"),
        ("preview ou", "ou: no such folder; did you mean out?"),
        ("compare out export.ndjsn", "export.ndjsn: No such file or directory; did you mean export.ndjson?"),
        ("convert set -o o --media-root st", "--media-root st: no such folder; did you mean set?"),
        ("convert set -o o --class-map export.ndjsn", "did you mean export.ndjson?"),
    ],
)
def test_on_the_command_line(words: str, said: str) -> None:
    before = sorted(Path().iterdir())
    assert said in command(*words.split(" "))
    assert sorted(Path().iterdir()) == before


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: to_labelbox.convert(5, "o"), "source 5: it takes a path"),  # type: ignore[arg-type]
    (lambda: to_labelbox.convert([None], "o"), "source None: it takes a path"),  # type: ignore[list-item]
    (lambda: to_labelbox.convert("set", 5), "out 5: it takes a path"),  # type: ignore[arg-type]
    (lambda: to_labelbox.convert("set", "o", workers="2"), "workers '2': it takes a whole number"),  # type: ignore[arg-type]
    (lambda: to_labelbox.convert("set", "o", workers=True), "workers True: it takes a whole number"),
    (lambda: to_labelbox.convert("set", "o", min_area="5"), "min_area '5': it takes a number"),  # type: ignore[arg-type]
    (lambda: to_labelbox.convert("set", "o", include="car"), "include 'car': it takes a list"),  # type: ignore[arg-type]
    (lambda: to_labelbox.convert("set", "o", one_tool="yes"), "one_tool 'yes': it takes True or False"),  # type: ignore[arg-type]
    (lambda: to_labelbox.convert("set", "o", options="a=b"), "options 'a=b': it takes a mapping"),  # type: ignore[arg-type]
    (lambda: to_labelbox.convert("set", "o", class_map={"a": "b"}), "it takes a ClassMap or a path"),  # type: ignore[arg-type]
    (lambda: to_labelbox.convert("set", "o", ontology={}), "it takes an? Ontology or a path"),  # type: ignore[arg-type]
    (lambda: to_labelbox.convert("set", "o", settings={}), "it takes a Settings"),  # type: ignore[arg-type]
    (lambda: to_labelbox.write([item()], "o", settings={}), "a dict is no Settings"),  # type: ignore[arg-type]
    (lambda: Settings(geometry="boxes"), "geometry 'boxes': auto, bbox, polygon or mask"),  # type: ignore[arg-type]
    (lambda: Settings(class_geometry={"car": "boxes"}), "'boxes': auto, bbox, polygon or mask"),  # type: ignore[dict-item]
    (lambda: Settings(min_area=-1), "min_area -1: a number of at least 0"),
    (lambda: Settings(include="car"), "include 'car': it takes a list"),  # type: ignore[arg-type]
    (lambda: to_labelbox.write("set", "o"), r"set is a path: read\(path\) makes a Dataset of it"),  # type: ignore[arg-type]
    (lambda: to_labelbox.infer_ontology("set"), "set is a path"),  # type: ignore[arg-type]
    (lambda: to_labelbox.read("set").map(3), "3 cannot be called"),  # type: ignore[arg-type]
    (lambda: to_labelbox.validate(["out"]), r"path \['out'\]: it takes a path"),  # type: ignore[arg-type]
    (lambda: to_labelbox.compare("out", 3), "export 3: it takes a path"),  # type: ignore[arg-type]
    (lambda: to_labelbox.import_("out", project=3), "project: found a whole number, expected a text"),
]


@pytest.mark.parametrize(("call", "said"), WRONG, ids=[said for _, said in WRONG])
def test_in_python(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
    assert not Path("o").exists()


def test_what_options_take_is_taken() -> None:
    rules = to_labelbox.ClassMap({"car": to_labelbox.ClassRule(name="vehicle")})
    given: dict[str, Any] = {
        "include": ["*"],
        "min_area": 1,
        "options": {"first_category": "1"},
        "settings": Settings(),
    }
    assert Settings(geometry="bbox", class_geometry={"a": "mask"}) == Settings(  # type: ignore[arg-type,dict-item]
        geometry=Policy.BBOX, class_geometry={"a": Policy.MASK}
    )
    to_labelbox.convert(Path("set"), Path("o"), class_map=rules, sizes=None, url_map={}, **given)
    assert Path("o/report.json").exists()
