"""What the tests share: fixture cases, conversions into a temporary folder, the payload read back, COCO files in a line."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image

import to_labelbox
from to_labelbox import Report, Settings
from to_labelbox.geometry.lowering import Lowering, Shape
from to_labelbox.model.items import Asset, Item, Object
from to_labelbox.report.log import Log

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
GIVEN = "{input}"
SETTINGS = {f.name for f in dataclasses.fields(Settings)}
"""Stands for the case's input folder in options.json and in the golden report."""


# -------------------------------------------------------------------------------------------------- fixture cases


@dataclass(frozen=True)
class Case:
    """A folder below fixtures/<format>/. options.json holds ``convert``'s keyword arguments, settings among them."""

    format: str
    name: str
    folder: Path

    @property
    def id(self) -> str:
        return f"{self.format}/{self.name}"

    @property
    def input(self) -> Path:
        return self.folder / "input"

    @property
    def given(self) -> dict[str, Any]:
        file = self.folder / "options.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def source(self, input: Path | None = None) -> list[Path]:
        """What to convert: the input folder, or the files of it that options.json names."""
        folder = input or self.input
        named = self.given.get("source", [])
        return [folder / name for name in ([named] if isinstance(named, str) else named)] or [folder]

    def arguments(self, input: Path | None = None) -> dict[str, Any]:
        """Keyword arguments of ``convert``."""
        folder = input or self.input
        given = {k: v for k, v in self.given.items() if k != "source"}
        chosen = {k: given.pop(k) for k in list(given) if k in SETTINGS}
        for key in ("media_root", "sizes"):
            if key in given:
                given[key] = str(self.folder / given[key]).replace(str(self.input), str(folder))
        options = {
            k: v.replace(GIVEN, str(folder)) if isinstance(v, str) else v for k, v in given.pop("options", {}).items()
        }
        return {**given, "options": options, "settings": msgspec.convert(chosen, Settings)}

    def convert(self, out: Path | None, input: Path | None = None, **more: Any) -> Report:
        return to_labelbox.convert(self.source(input), out, **{**self.arguments(input), **more})


def cases(format: str = "*") -> list[Case]:
    folders = sorted(f for f in FIXTURES.glob(f"{format}/*/input") if any(f.iterdir()))
    return [Case(f.parent.parent.name, f.parent.name, f.parent) for f in folders]


# ---------------------------------------------------------------------------------------------------- reading back


def lines(out: Path, name: str = "annotations.ndjson") -> list[Any]:
    return [json.loads(line) for line in (out / name).read_bytes().splitlines()]


def ontology(out: Path) -> Any:
    return json.loads((out / "ontology.json").read_bytes())


def report(out: Path) -> Any:
    return json.loads((out / "report.json").read_bytes())


def tools(out: Path) -> dict[str, str]:
    """Kinds of the tools by name, in order."""
    return {t["name"]: t["tool"] for t in ontology(out)["tools"]}


def questions(tool: Mapping[str, Any]) -> dict[str, list[str] | str]:
    """Nested or first-level questions: their options, or ``text``."""
    return {
        c["name"]: "text" if c["type"] == "text" else [o["value"] for o in c["options"]]
        for c in tool["classifications"]
    }


def codes(made: Report) -> dict[str, int]:
    return {str(d.code): d.count for d in made.diagnostics}


def pixels(png: str) -> npt.NDArray[np.uint8]:
    with Image.open(io.BytesIO(base64.b64decode(png, validate=True))) as image:
        assert image.format == "PNG"
        return np.asarray(image)


def contents(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def check_report(made: Report) -> None:
    """The ledger balances in total and per class, and lines add up."""
    total = made.annotations
    assert total.balanced(), total
    for label, tally in made.classes.items():
        assert tally.balanced(), (label, tally)
        assert tally.read, f"{label!r} has a row although nothing was read of it"
        assert min(tally.read, tally.converted, tally.approximated, tally.merged, tally.skipped) >= 0, (label, tally)
    assert total.skipped == sum(d.skipped for d in made.diagnostics)
    assert total.merged == sum(d.merged for d in made.diagnostics)
    assert made.lines.total == sum(made.lines.by_kind.values())
    assert made.assets.read == made.assets.written + made.assets.skipped


def check_output(out: Path, made: Report) -> None:
    check_report(made)
    if made.failed:  # the report alone, and no made-up file beside it
        assert sorted(contents(out)) == ["report.json"]
        assert made.outputs == {}
        return
    found = list(to_labelbox.validate(out))
    faults = [str(f) for f in found if f.severity == "error"]
    unanswered = sorted(f.message for f in found if f.code == "required-unanswered")
    assert len(unanswered) == codes(made).get("required-unanswered", 0), unanswered
    assert faults == [], faults
    assert len(lines(out)) == made.lines.total
    made_anew = 0 if "data_rows" in made.source.details else made.assets.written
    assert len(lines(out, "data_rows.ndjson")) == made_anew
    if "index.ndjson" in made.outputs:
        check_index(out, made)


def check_index(out: Path, made: Report) -> None:
    """A line of the index for each of the payload, in its order; then everything that no line holds, each time counted."""
    payload, index = lines(out), lines(out, "index.ndjson")
    written, left_out = index[: len(payload)], index[len(payload) :]
    assert [line["line"] for line in index] == [*range(1, len(payload) + 1), *[None] * len(left_out)]
    assert [line["uuid"] for line in written] == [line.get("uuid") for line in payload]
    assert [{line["key"]} for line in written] == [set(line["dataRow"].values()) for line in payload]
    assert {line["class"] for line in left_out} <= made.classes.keys()
    # a line of what a reader derives has a class that counts nothing
    named = {one["class"] for line in written for one in (line, *line.get("also", ()))}
    assert named >= {label for label, tally in made.classes.items() if tally.written}
    joined = sum(len(line.get("also", ())) for line in written if line["uuid"])
    lost = made.annotations.skipped + made.annotations.merged - joined
    assert sum(line.get("count", 1) for line in left_out) == lost
    assert {line["code"] for line in left_out} <= codes(made).keys()
    assert len(index) == made.outputs["index.ndjson"].lines
    # an approximated annotation is marked on its last line, or on the one that it shares
    marked: dict[Any, set[str]] = {}  # of one place: what a reader derives of an annotation counts as that one
    for line in written:
        if line.get("approximated"):
            names = marked.setdefault((line["file"], line["where"]), set())
            names.update(one["class"] for one in (line, *line.get("also", ())))
    approximated = {label for label, tally in made.classes.items() if tally.approximated}
    assert approximated <= set().union(*marked.values())
    assert all(names & approximated for names in marked.values())
    assert len(marked) <= made.annotations.approximated


# --------------------------------------------------------------------------------------------------- small sources


def image(id: Any = 1, name: str | None = None, width: Any = 100, height: Any = 80, **more: Any) -> dict[str, Any]:
    return {"id": id, "file_name": name or f"{id}.jpg", "width": width, "height": height, **more}


def coco(
    annotations: Iterable[Any] | None = (),
    images: Sequence[Any] | None = None,
    categories: Sequence[Any] | None = ({"id": 1, "name": "car"},),
    **more: Any,
) -> dict[str, Any]:
    """A COCO document; what is None is left out. One image of 100 × 80 unless given."""
    document: dict[str, Any] = {**more, "images": [image()] if images is None else list(images)}
    if annotations is not None:
        document["annotations"] = list(annotations)
    if categories is not None:
        document["categories"] = list(categories)
    return document


def annotation(id: Any = 1, **more: Any) -> dict[str, Any]:
    return {"id": id, "image_id": 1, "category_id": 1, **more}


def save(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


@dataclass
class Run:
    """One conversion and what it wrote."""

    out: Path
    report: Report

    @property
    def lines(self) -> list[Any]:
        return lines(self.out) if self.report.outputs else []

    @property
    def codes(self) -> dict[str, int]:
        return codes(self.report)

    @property
    def tools(self) -> dict[str, str]:
        return tools(self.out)

    @property
    def examples(self) -> list[str]:
        return [f"{d.code}: {e}" for d in self.report.diagnostics for e in d.examples]

    def tally(self, label: str) -> tuple[int, int, int, int, int]:
        t = self.report.classes[label]
        return t.read, t.converted, t.approximated, t.merged, t.skipped


class Convert:
    """Converts documents, files and folders, each into a folder of its own; every output is checked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def __call__(self, source: Any, /, **given: Any) -> Run:
        self._count += 1
        if isinstance(source, dict | bytes):
            path = self._folder / f"source-{self._count}" / "instances.json"
            path.parent.mkdir(parents=True)
            path.write_bytes(source if isinstance(source, bytes) else json.dumps(source).encode())
            source = path
        chosen = {k: given.pop(k) for k in list(given) if k in SETTINGS and k != "class_map"}
        if chosen:
            given["settings"] = msgspec.convert(chosen, Settings)
        out = self._folder / f"out-{self._count}"
        made = to_labelbox.convert(source, out, **given)
        check_output(out, made)
        return Run(out, made)

    def items(self, items: Sequence[Item], **given: Any) -> Run:
        self._count += 1
        chosen = {k: given.pop(k) for k in list(given) if k in SETTINGS}
        out = self._folder / f"out-{self._count}"
        made = to_labelbox.write(items, out, settings=msgspec.convert(chosen, Settings), **given)
        check_output(out, made)
        return Run(out, made)


def item(*annotations: Any, path: str = "1.jpg", width: int | None = 100, height: int | None = 80, **more: Any) -> Item:
    return Item(asset=Asset(path=path, width=width, height=height), annotations=annotations, **more)


def lowered(
    obj: Object, width: int | None = 100, height: int | None = 80, **settings: Any
) -> tuple[list[Shape], bool, list[str]]:
    """Shapes, whether something is lost, and the codes that were noted."""
    log = Log()
    lowering = Lowering(msgspec.convert(settings, Settings), log)
    lowering.start(width, height, "")
    shapes = lowering.lower(obj)
    return shapes, lowering.approximated, [str(c) for c in log.diagnostics]


def walk(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON document."""
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    for key, inner in pairs:
        yield value, key
        yield from walk(inner)
