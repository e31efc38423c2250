"""Items through the Labelbox writer without a source, and what `validate` says of the result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from to_labelbox.model.items import Item
from to_labelbox.model.schema import Schema
from to_labelbox.ontology.infer import Ontology, infer
from to_labelbox.plugins.writer import Fault
from to_labelbox.report.log import Log
from to_labelbox.rules.settings import Settings
from to_labelbox_formats.labelbox import FORMAT


@dataclass(frozen=True)
class Written:
    """What came out for some items; ``text`` is the payload."""

    text: str
    lines: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    inferred: Ontology
    ontology: dict[str, Any]
    log: Log

    def with_lines(self, lines: list[dict[str, Any]]) -> Written:
        return replace(self, lines=lines, text="".join(json.dumps(line) + "\n" for line in lines))

    def with_rows(self, rows: list[dict[str, Any]]) -> Written:
        return replace(self, rows=rows)

    def with_text(self, text: str) -> Written:
        return replace(self, text=text)


def written(
    items: Iterable[Item], schema: Schema | None = None, settings: Settings | None = None, **options: Any
) -> Written:
    settings = settings or Settings()
    encoder = FORMAT.encoding.encoder(settings, FORMAT.options(**options), "set", Log())
    for item in items:
        encoder.add(item)
    encoded = encoder.take()
    ontology = infer(schema or Schema(), encoded.survey, settings)
    text = FORMAT.encoding.filler(ontology)(encoded.lines).decode()
    return Written(
        text,
        [json.loads(line) for line in text.splitlines()],
        [json.loads(row) for row in encoded.rows.splitlines()],
        ontology,
        json.loads(FORMAT.ontology.dump(ontology)),
        encoded.log,
    )


def save(made: Written, folder: Path) -> None:
    """A set as `convert` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "annotations.ndjson": made.text,
        "data_rows.ndjson": "".join(json.dumps(row) + "\n" for row in made.rows),
        "ontology.json": json.dumps(made.ontology),
    }
    outputs = {}
    for name, content in contents.items():
        data = content.encode()
        (folder / name).write_bytes(data)
        outputs[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (folder / "report.json").write_text(json.dumps({"outputs": outputs}))


def faults(made: Written, folder: Path, media_root: Path | None = None) -> list[Fault]:
    save(made, folder)
    found = FORMAT.checks.validate(str(folder), None, str(media_root) if media_root else None)
    return [fault for fault in found if fault.severity == "error"]
