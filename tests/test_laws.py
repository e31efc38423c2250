"""What holds for every format that is installed, stated once."""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import random
import shutil
import subprocess
import sys
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from coverage import COVERAGE
from fuzz import break_one, convert_broken
from harness import ROOT, Case, cases, check_report, contents
from to_labelbox import Dataset, Log, Reader, ToLabelboxError
from to_labelbox.conversion.job import ConversionJob, open_job
from to_labelbox.model.items import Object, Relationship, Track
from to_labelbox.plugins.detect import verdicts
from to_labelbox.plugins.options import option_infos
from to_labelbox.plugins.reader import Match
from to_labelbox.source.files import Source
from to_labelbox.testing import check_identities, check_ranges

READERS = dict(to_labelbox.formats())
ALL = [c for c in cases() if c.format in READERS]
MUTATIONS = 6
"""Broken copies of each fixture, always the same ones."""


def per_case(test: Any) -> Any:
    return pytest.mark.parametrize("case", ALL, ids=lambda c: c.id)(test)


def per_reader(test: Any) -> Any:
    return pytest.mark.parametrize("reader", READERS.values(), ids=lambda r: r.name)(test)


def opened(case: Case) -> tuple[Dataset, Log]:
    given = case.arguments()
    job = ConversionJob(
        sources=tuple(map(str, case.source())),
        **{
            k: v
            for k, v in given.items()
            if k in ("format", "options", "settings", "media_root", "sizes", "exif", "other_size")
        },
    )
    made = open_job(job)
    return made.dataset, made.log


# ------------------------------------------------------------------------------------------------------ every reader


def test_every_entry_point_loads() -> None:
    assert getattr(to_labelbox.formats(), "broken", {}) == {}
    assert {p.name for p in entry_points(group="to_labelbox.readers")} == set(READERS)


@per_reader
def test_a_reader_describes_itself(reader: Reader) -> None:
    assert READERS[reader.name] is reader
    assert reader.title
    assert reader.name in COVERAGE
    assert dataclasses.is_dataclass(reader.options)
    for option in option_infos(reader.options):
        assert option.help, f"-O {option.name} has no help"
    reader.options()


@per_reader
def test_a_reader_has_its_page_and_its_fixtures(reader: Reader) -> None:
    page = ROOT / reader.docs
    assert page.is_file(), f"{reader.docs} is missing"
    text = page.read_text()
    for option in option_infos(reader.options):
        assert option.name in text, f"{reader.docs} does not tell of -O {option.name}"
    assert [c for c in ALL if c.format == reader.name]


@per_case
def test_only_its_own_reader_claims_a_source(case: Case) -> None:
    said = verdicts(Source(*case.source()))
    claims = {name: v.confidence for name, v in said.items() if isinstance(v, Match)}
    assert list(claims) == [case.format], {n: v.reason for n, v in said.items()}
    assert all(v.reason for v in said.values())


# ------------------------------------------------------------------------------------------------------- every source


@per_case
def test_items_can_be_iterated_again_and_in_ranges(case: Case) -> None:
    check_ranges(opened(case)[0])


@per_case
def test_assets_are_known_without_their_annotations(case: Case) -> None:
    """Where a unit ends the process that reads it, its data rows stay: the ones that reading it would have given."""
    dataset, _ = opened(case)
    if dataset.unit_items is None or dataset.unit_name is None or case.format == "voc":
        pytest.skip("the file that holds the annotations names their asset")
    for unit in range(dataset.unit_count):
        read = [(i.asset.path, i.split) for i in dataset.items(Log(), unit, unit + 1)]
        bare = [(i.asset.path, i.split) for i in dataset.unit_items(unit) if not i.annotations]
        assert bare[: len(read)] == read
        assert len(bare) <= max(len(read), 1)
        assert dataset.unit_name(unit)


@per_case
def test_only_declared_types_and_media(case: Case) -> None:
    coverage = COVERAGE[case.format]
    for item in opened(case)[0]:
        assert item.asset.media in coverage.media
        seen: set[type] = set()
        for annotation in item.annotations:
            seen.add(type(annotation))
            if isinstance(annotation, Object):
                seen.add(type(annotation.geometry))
                seen |= {type(annotation.keypoints)} - {type(None)}
            elif isinstance(annotation, Track):
                seen |= {type(k.geometry) for segment in annotation.segments for k in segment}
        assert seen - {Relationship} <= coverage.types, {t.__name__ for t in seen - coverage.types}


@per_case
def test_identities_are_unique_within_an_item(case: Case) -> None:
    check_identities(opened(case)[0])


@per_case
def test_a_second_run_writes_the_same_bytes(case: Case, tmp_path: Path) -> None:
    case.convert(tmp_path / "one")
    case.convert(tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@per_reader
def test_workers_do_not_change_a_byte(reader: Reader, tmp_path: Path) -> None:
    sized = sorted((c for c in ALL if c.format == reader.name), key=lambda c: -opened(c)[0].unit_count)
    for case in sized[:3]:
        for workers in (1, 2, 3):
            case.convert(tmp_path / str(workers), workers=workers, overwrite=True)
        assert contents(tmp_path / "1") == contents(tmp_path / "2") == contents(tmp_path / "3"), case.id


# --------------------------------------------------------------------------------------------------------- broken input


@per_case
def test_broken_input_is_told_and_counted(case: Case, tmp_path: Path) -> None:
    for n in range(MUTATIONS):
        folder = tmp_path / f"input-{n}"
        shutil.copytree(case.input, folder)
        chance = random.Random(f"{case.id} {n}")
        break_one(folder, chance)
        convert_broken(case, folder, tmp_path / f"out-{n}", chance)


@per_reader
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"null", b"<a/>", b"<", b"\0" * 100, b"\xff\xfe", b"PK\x03\x04"]
)
def test_files_of_nothing(reader: Reader, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    sources = [tmp_path / "folder"]
    for suffix in ("json", "xml", "txt", "yaml", "zip", "csv"):
        sources += [tmp_path / f"a.{suffix}", tmp_path / "folder" / f"a.{suffix}"]
        for source in sources[-2:]:
            source.write_bytes(content)
    for source in sources:
        try:
            made = to_labelbox.convert(source, None, format=reader.name)
        except ToLabelboxError as error:
            assert "defect" not in str(error)
        else:
            check_report(made)
            assert made.annotations.written == 0


# ------------------------------------------------------------------------------------------------------- architecture


def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_core_knows_no_format() -> None:
    for file in sorted((ROOT / "core").rglob("*.py")):
        assert not [m for m in imports(file) if m.startswith("to_labelbox_formats")], file
    done = subprocess.run(
        [sys.executable, "-c", "import sys, to_labelbox, to_labelbox.cli\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "to_labelbox_formats" not in done.stdout


HEAVY = {"numpy", "lxml", "yaml", "PIL", "rich", "pyclipper", "pycocotools", "multiprocessing", "concurrent.futures"}


def test_nothing_heavy_is_imported_to_ask_the_formats_and_to_write_boxes() -> None:
    code = (
        "import sys, to_labelbox.cli.convert\n"
        "from to_labelbox.plugins.registry import readers, writer\n"
        "print(len(readers()), writer().encoding, *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


def test_formats_do_not_know_one_another() -> None:
    root = ROOT / "converters" / "to_labelbox_formats"
    for file in sorted(root.rglob("*.py")):
        own = file.relative_to(root).parts[0].removesuffix(".py")
        for module in imports(file):
            if module.startswith("to_labelbox_formats."):
                assert module.split(".")[1] == own, f"{file.name} imports {module}"


def test_no_format_defines_a_class_whose_name_core_exports() -> None:
    """One name, one meaning: who reads a format knows core's words already."""
    exported = {
        name for room in ("api", "model", "plugins", "report") for name in import_module(f"to_labelbox.{room}").__all__
    }
    for file in sorted((ROOT / "converters").rglob("*.py")):
        own = {node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)}
        assert not own & exported, f"{file.name} defines {own & exported}"


TOY = """
from __future__ import annotations

from dataclasses import dataclass, field

from to_labelbox.plugins import CERTAIN, Dataset, Match, Reader, Refusal
from to_labelbox.model import Asset, Item, Label, Object, Point, Schema


@dataclass(frozen=True)
class Options:
    label: str = field(default="dot", metadata={"help": "class of every point"})


def sniff(source):
    if source.is_file and source.names[0].endswith(".dots"):
        return Match(CERTAIN, "a .dots file")
    return Refusal("not a .dots file")


def read(source, options, context):
    rows = source.read(source.names[0]).decode().splitlines()

    def iterate(log, start, stop):
        for n, row in enumerate(rows[start:stop], start):
            name, x, y = row.split()
            log.read(options.label)
            point = Object(id=str(n), label=options.label, geometry=Point(float(x), float(y)))
            yield Item(asset=Asset(path=name, width=10, height=10), annotations=[point])

    return Dataset("dots", Schema((Label(options.label),)), len(rows), iterate)


FORMAT = Reader("dots", sniff, read, title="Dots", options=Options)
"""


def test_a_third_party_format_is_found_as_the_built_in_ones(tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "toy_dots-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "toy_dots.py").write_text(TOY)
    (site / "toy_broken.py").write_text("raise RuntimeError('out of order')")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-dots\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[to_labelbox.readers]\ndots = toy_dots:FORMAT\nbroken = toy_broken:FORMAT\n"
    )
    source = tmp_path / "a.dots"
    source.write_text("1.png 1.5 2\n2.png 3 4\n")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from to_labelbox.cli import main; main()", *arguments]
        return subprocess.run(
            command, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=False
        )

    out = tmp_path / "out"
    done = run("convert", str(source), "-o", str(out), "-O", "label=spot")
    assert done.returncode == 0, done.stderr
    made = [json.loads(line) for line in (out / "annotations.ndjson").read_text().splitlines()]
    assert [(line["name"], line["point"]) for line in made] == [
        ("spot", {"x": 1.5, "y": 2.0}),
        ("spot", {"x": 3.0, "y": 4.0}),
    ]
    assert run("validate", str(out)).returncode == 0
    listed = run("formats")
    assert "dots" in listed.stdout
    assert "broken" in listed.stderr
    assert "out of order" in listed.stderr
    assert run("convert", str(source), "-o", str(out), "--overwrite", "--from", "broken").returncode == 2
