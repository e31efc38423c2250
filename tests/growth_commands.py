"""Commands whose work grows in one dimension: for each, what makes a folder of size ``n`` and the arguments for it.

``python tests/growth_commands.py SUBJECT DIMENSION N FOLDER`` makes one and prints the arguments, so that who measures
the command has not made its input in the same process. Subjects are the formats, which ``convert`` reads, and what is
done beside.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import to_labelbox
from growth_sets import COCO, LABEL_STUDIO, SETS, Make, arguments, circle, write
from harness import annotation, coco, image, lines, save
from to_labelbox import Settings

Prepare = Callable[[Path, int], list[str]]
"""Makes what is needed in a folder, and gives the arguments of a command. What it writes goes below ``folder / "out"``."""

BOX = [1, 2, 30, 40]
PREFIX = Settings(url_prefix="https://media.example.org")


def _set(folder: Path, annotations: Iterable[Any], images: Any = None, categories: Any = None) -> Path:
    return save(folder / "set" / "a.json", coco(list(annotations), images, categories or [{"id": 1, "name": "car"}]))


def _classes(folder: Path, n: int, name: str = "class {}") -> Path:
    boxes = (annotation(k, category_id=k, bbox=BOX) for k in range(n))
    return _set(folder, boxes, None, [{"id": k, "name": name.format(k)} for k in range(n)])


def _answers(folder: Path, n: int, of: Callable[[int], dict[str, str]]) -> Path:
    """``n`` boxes with attributes."""
    return _set(folder, (annotation(k, bbox=BOX, attributes=of(k)) for k in range(n)))


def _one_value(k: int) -> dict[str, str]:
    return {"color": f"v{k}"}


def _one_question(k: int) -> dict[str, str]:
    return {f"a{k}": "v"}


def _assets(folder: Path, n: int, each: int = 1) -> Path:
    boxes = (annotation(k * each + m, image_id=k, bbox=BOX) for k in range(n) for m in range(each))
    return _set(folder, boxes, [image(k) for k in range(n)])


def _converted(source: Path, out: Path, **given: Any) -> Path:
    to_labelbox.convert(source, out, settings=PREFIX, **given)
    return out


def _words(*given: object) -> list[str]:
    return [str(one) for one in given]


# ---------------------------------------------------------------------------------------------------- rules of the user


def _with_map(folder: Path, source: Path, rules: dict[str, Any]) -> list[str]:
    file = save(folder / "map.json", {"unknown": "warn", **rules})
    return _words("convert", source, "-o", folder / "out", "--class-map", file)


def _with_table(folder: Path, n: int, option: str, rows: Callable[[int], str], head: str = "") -> list[str]:
    source, file = _assets(folder, n), folder / ("table.csv" if head else "table.ndjson")
    file.write_text(head + "".join(f"{rows(k)}\n" for k in range(n)), encoding="utf-8")
    return _words("convert", source, "-o", folder / "out", option, file)


def _with_ontology(folder: Path, source: Path, other: Path | None = None) -> list[str]:
    """The source held against the ontology of another, by default its own."""
    existing = _converted(other or source, folder / "first") / "ontology.json"
    return _words("convert", source, "-o", folder / "out", "--ontology", existing)


RULES: dict[str, Prepare] = {
    "classes renamed": lambda folder, n: _with_map(
        folder, _classes(folder, n), {"classes": {f"class {k}": {"name": f"new {k}"} for k in range(n)}}
    ),
    "classes that become one": lambda folder, n: _with_map(
        folder, _classes(folder, n), {"classes": {f"class {k}": {"name": "one"} for k in range(n)}}
    ),
    "classes that are answers": lambda folder, n: _with_map(
        folder,
        _classes(folder, n),
        {"classes": {f"class {k}": {"name": "one", "answers": {f"q{k}": "v"}} for k in range(n)}},
    ),
    "classes in a map": lambda folder, n: _with_map(
        folder, _classes(folder, 2), {"classes": {f"clas {k}": {"name": f"new {k}"} for k in range(n)}}
    ),
    "classes like those of a map": lambda folder, n: _with_map(
        folder, _classes(folder, n), {"classes": {f"clas {k}": {"name": f"new {k}"} for k in range(n)}}
    ),
    "options renamed": lambda folder, n: _with_map(
        folder,
        _answers(folder, n, _one_value),
        {"classes": {"car": {"attributes": {"color": {"options": {f"v{k}": f"w{k}" for k in range(n)}}}}}},
    ),
    "questions renamed": lambda folder, n: _with_map(
        folder,
        _answers(folder, n, _one_question),
        {"classes": {"car": {"attributes": {f"a{k}": {"name": f"b{k}"} for k in range(n)}}}},
    ),
    "classes of an ontology": lambda folder, n: _with_ontology(folder, _classes(folder, n)),
    "classes that an ontology lacks": lambda folder, n: _with_ontology(
        folder, _classes(folder, n), _classes(folder / "other", n, "klass {}")
    ),
    "options of an ontology": lambda folder, n: _with_ontology(folder, _answers(folder, n, _one_value)),
    "options that an ontology lacks": lambda folder, n: _with_ontology(
        folder, _answers(folder, n, _one_value), _answers(folder / "other", n, lambda k: {"color": f"w{k}"})
    ),
    "questions of an ontology": lambda folder, n: _with_ontology(folder, _answers(folder, n, _one_question)),
    "data rows": lambda folder, n: _with_table(
        folder, n, "--data-rows", lambda k: f'{{"id": "r{k}", "global_key": "{image(k)["file_name"]}"}}'
    ),
    "data rows of like names": lambda folder, n: _with_table(
        folder, n, "--data-rows", lambda k: f'{{"id": "r{k}", "global_key": "x/{k}/a.jpg"}}'
    ),
    "sizes": lambda folder, n: _with_table(
        folder, n, "--sizes", lambda k: f"d/{image(k)['file_name']},100,80", "key,width,height\n"
    ),
    "sizes of one name": lambda folder, n: _with_table(
        folder, n, "--sizes", lambda k: f"d{k}/{image(0)['file_name']},100,80", "key,width,height\n"
    ),
    "addresses": lambda folder, n: _with_table(
        folder, n, "--url-map", lambda k: f"{image(k)['file_name']},https://h/{k}", "key,url\n"
    ),
    "classes of a template": lambda folder, n: _words("ontology", _classes(folder, n), "--class-map-template"),
    "options of a template": lambda folder, n: _words(
        "ontology", _answers(folder, n, _one_value), "--class-map-template"
    ),
    "one tool a class": lambda folder, n: _words("convert", _classes(folder, n), "-o", folder / "out", "--one-tool"),
    "patterns": lambda folder, n: _words(
        "convert", _classes(folder, n), "-o", folder / "out", "--include", "*s*1*", "--exclude", "[x]*"
    ),
}

# --------------------------------------------------------------------------------------------------------- an output


def _of_output(command: str, source: Callable[[Path, int], Path], folder: Path, n: int) -> list[str]:
    out = _converted(source(folder, n), folder / "first")
    more = ("-o", folder / "out" / "page.html") if command == "preview" else ()
    (folder / "out").mkdir()
    return _words(command, out, *more)


def _lines(folder: Path, n: int) -> Path:
    return _set(folder, (annotation(k, bbox=[k % 50, 2, 30, 40]) for k in range(n)))


def _same_boxes(folder: Path, n: int) -> Path:
    return _set(folder, (annotation(k, bbox=BOX) for k in range(n)))


def _vertices(folder: Path, n: int) -> Path:
    return _set(folder, [annotation(1, segmentation=[circle(n)])])


def _made(files: Callable[[int], Any], folder: Path, n: int) -> Path:
    return write(folder / "set", files(n))


SOURCES: dict[str, Callable[[Path, int], Path]] = {
    "lines of a row": _lines,
    "rows": _assets,
    "classes": _classes,
    "options": lambda folder, n: _answers(folder, n, _one_value),
    "questions": lambda folder, n: _answers(folder, n, _one_question),
    "vertices": _vertices,
    "frames": partial(_made, LABEL_STUDIO["keyframes"]),
    "text spans": partial(_made, LABEL_STUDIO["text spans"]),
}
SOURCES["rows without lines"] = lambda folder, n: _set(folder, [annotation(0, bbox=BOX)], [image(k) for k in range(n)])


def _edited(folder: Path, n: int, change: Callable[[int, dict[str, Any]], None], source: Any = _assets) -> list[str]:
    """What ``validate`` says of a payload whose lines were changed."""
    out = _converted(source(folder, n), folder / "first")
    changed = lines(out)
    for k, line in enumerate(changed):
        change(k, line)
    (out / "annotations.ndjson").write_text("".join(f"{json.dumps(line)}\n" for line in changed))
    (folder / "out").mkdir()
    return _words("validate", out)


VALIDATE: dict[str, Prepare] = {name: partial(_of_output, "validate", source) for name, source in SOURCES.items()} | {
    "lines of one uuid": lambda folder, n: _edited(folder, n, lambda _, line: line.update(uuid="a" * 32)),
    "names that an ontology lacks": lambda folder, n: _edited(
        folder, n, lambda k, line: line.update(name=f"klass {k}"), _classes
    ),
    "rows that are not there": lambda folder, n: _edited(
        folder, n, lambda k, line: line.update(dataRow={"globalKey": f"no {k}"})
    ),
    "boxes without a number": lambda folder, n: _edited(folder, n, lambda _, line: line["bbox"].update(left=None)),
}


def _beyond(folder: Path, n: int) -> Path:
    """All boxes but one lie outside of their picture."""
    return _set(folder, (annotation(k, bbox=[900 if k else 1, 2, 30, 40]) for k in range(n)))


PREVIEW: dict[str, Prepare] = {name: partial(_of_output, "preview", source) for name, source in SOURCES.items()} | {
    "rows drawn": lambda folder, n: [*_of_output("preview", _assets, folder, n), "-n", str(min(n, 10_000))],
    "problems": lambda folder, n: [*_of_output("preview", _beyond, folder, n), "--problems"],
    "one class": lambda folder, n: [*_of_output("preview", _classes, folder, n), "--only", "class 1"],
}


def _planned(source: Callable[[Path, int], Path], folder: Path, n: int) -> list[str]:
    return [*_of_output("import", source, folder, n), "--dry-run", "--project", "p"]


IMPORT: dict[str, Prepare] = {name: partial(_planned, source) for name, source in SOURCES.items()}

# ------------------------------------------------------------------------------------------------------------- exports


def _compared(folder: Path, n: int, source: Any, change: Callable[[int, dict[str, Any]], None]) -> list[str]:
    from builders.labelbox_export import exported, saved

    out = _converted(source(folder, n), folder / "first")
    export = exported(out, False)
    for k, row in enumerate(export):
        change(k, row)
    (folder / "out").mkdir()
    return _words("compare", out, saved(folder / "export.ndjson", export))


def _objects(row: dict[str, Any]) -> list[dict[str, Any]]:
    (project,) = row["projects"].values()
    found: list[dict[str, Any]] = project["labels"][0]["annotations"]["objects"] if project["labels"] else []
    return found


def _move(_: int, row: dict[str, Any]) -> None:
    for one in _objects(row):
        one["bounding_box"]["left"] += 0.25


def _rename(k: int, row: dict[str, Any]) -> None:
    for m, one in enumerate(_objects(row)):
        one["name"] = f"other {k} {m}"


COMPARE: dict[str, Prepare] = {
    **{
        name: partial(_compared, source=source, change=lambda *_: None)
        for name, source in SOURCES.items()
    },
    "same boxes": partial(_compared, source=_same_boxes, change=lambda *_: None),
    "boxes that moved": partial(_compared, source=_lines, change=_move),
    "same boxes that moved": partial(_compared, source=_same_boxes, change=_move),
    "rows that moved": partial(_compared, source=_assets, change=_move),
    "names that differ": partial(_compared, source=_lines, change=_rename),
    "rows that are not there": partial(
        _compared, source=_assets, change=lambda k, row: row["data_row"].update(global_key=f"no {k}")
    ),
}  # fmt: skip

# ------------------------------------------------------------------------------------------------------- many sources


def _sets(folder: Path, n: int, classes: int = 1) -> Path:
    for k in range(n):
        names = [{"id": m, "name": f"class {m * k}"} for m in range(classes)]
        boxes = [annotation(m, category_id=m, bbox=[1, 2, 3, 4 + k]) for m in range(classes)]  # equal sets are copies
        save(folder / "sets" / f"{k // 100}" / f"{k}" / "a.json", coco(boxes, None, names))
    return folder / "sets"


def _batch(folder: Path, sets: Path, *more: object) -> list[str]:
    return _words("batch", sets, "-o", folder / "out", *more)


def _files(folder: Path, n: int, name: str) -> Path:
    sets = _sets(folder, 2)
    for k in range(n):
        file = sets / "0" / "1" / name.format(k)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return sets


def _shares(folder: Path, n: int) -> list[str]:
    out = folder / "out"
    to_labelbox.batch(_sets(folder, n), out, settings=PREFIX, shard=(1, 1))
    return _words("merge", out)


BATCH: dict[str, Prepare] = {
    "sets": lambda folder, n: _batch(folder, _sets(folder, n)),
    "sets found": lambda folder, n: _batch(folder, _sets(folder, n), "--dry-run"),
    "classes of sets": lambda folder, n: _batch(folder, _sets(folder, 4, n)),
    "files beside": lambda folder, n: _batch(folder, _files(folder, n, "{}.bin")),
    "folders beside": lambda folder, n: _batch(folder, _files(folder, n, "{}/x.jpg")),
    "texts beside": lambda folder, n: _batch(folder, _files(folder, n, "{}.txt")),
    "merge": _shares,
}


def _inspected(source: Callable[[Path, int], Path], page: bool, folder: Path, n: int) -> list[str]:
    return _words("inspect", source(folder, n), *(("--html", folder / "out.html") if page else ()))


INSPECT: dict[str, Prepare] = {
    **{name: partial(_inspected, source, False) for name, source in SOURCES.items()},
    **{f"{name} in a page": partial(_inspected, SOURCES[name], True) for name in ("rows", "classes", "options")},
    "files of a folder": partial(_inspected, partial(_made, COCO["files"]), False),
}


def _listed(folder: Path, n: int) -> list[str]:
    """A bucket of the server that the environment names, with one set among many objects."""
    import boto3

    client, prefix = boto3.client("s3"), f"set-{n}"
    client.upload_file(str(_assets(folder, 10)), "bucket", f"{prefix}/a.json")
    for k in range(n):
        client.put_object(Bucket="bucket", Key=f"{prefix}/images/{k:06}.bin", Body=b"")
    return _words("inspect", f"s3://bucket/{prefix}")


CLOUD: dict[str, Prepare] = {"objects": _listed}


def _format(format: str, make: Make, folder: Path, n: int) -> list[str]:
    source = write(folder / "set", make(n))
    sizes = ("--sizes", given["sizes"]) if "sizes" in (given := arguments(format, source)) else ()
    return _words("convert", source, "-o", folder / "out", "--from", format, *sizes)


FORMATS: dict[str, dict[str, Prepare]] = {
    format: {name: partial(_format, format, make) for name, make in dimensions.items()}
    for format, dimensions in SETS.items()
}
COMMANDS: dict[str, dict[str, Prepare]] = {
    "rules": RULES,
    "validate": VALIDATE,
    "preview": PREVIEW,
    "compare": COMPARE,
    "import": IMPORT,
    "inspect": INSPECT,
    "batch": BATCH,
    "cloud": CLOUD,
}
TRIALS: dict[str, dict[str, Prepare]] = {**FORMATS, **COMMANDS}


if __name__ == "__main__":
    command, dimension, size, place = sys.argv[1:]
    Path(place).mkdir(parents=True)
    print(json.dumps(TRIALS[command][dimension](Path(place), int(size))))
