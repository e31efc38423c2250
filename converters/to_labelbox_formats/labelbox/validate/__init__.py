"""Labelbox's rules, checked offline: an output folder, or one NDJSON file against an ontology.

Files are read line by line. What must be unique over a whole file is kept as 64-bit hashes and settled at its end.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec

from to_labelbox.plugins.writer import Fault
from to_labelbox.report.errors import UsageError
from to_labelbox.source.asset_lookup import Claims, MediaFolder
from to_labelbox_formats.labelbox.output import ROWS, asset_names, is_payload, payload_names
from to_labelbox_formats.labelbox.validate.names import Names
from to_labelbox_formats.labelbox.validate.payload import Payload, encoding_faults, fault_of
from to_labelbox_formats.labelbox.validate.reading import Reading
from to_labelbox_formats.labelbox.validate.rows import Rows

_BEGINNING = 1 << 20


def validate(
    path: str,
    ontology: str | None = None,
    media_root: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> Iterator[Fault]:
    """Faults of an output folder, or of one NDJSON file against an ontology file.

    With ``media_root``, masks and coordinates are compared with the sizes of the pictures below it. ``progress`` hears
    which part of the files is read, from 0 to 1.
    """
    claims = Claims(partial(asset_names, [os.path.join(path, ROWS)]))
    gallery = MediaFolder(media_root, claims) if media_root else None
    if os.path.isdir(path):
        yield from _folder(path, ontology, gallery, progress)
        return
    if not os.path.isfile(path):
        raise UsageError(f"{path}: no such file or folder")
    if _is_source(path):
        yield Fault(
            os.path.basename(path), 0, "is no payload: give the folder that convert wrote, or its annotations.ndjson"
        )
        return
    names = None
    if ontology is not None:
        names = _names(ontology)
        yield from (Fault(os.path.basename(ontology), 0, message) for message in names.faults)
    yield from Payload(names, None, gallery).check(Reading([path], progress), path)


def _is_source(path: str) -> bool:
    """Whether a file is what is converted, in place of what comes of it: its lines would be called wrong one by one."""
    with open(path, "rb") as file:
        beginning = file.read(_BEGINNING)
    return any(name in beginning for name in (b'"images"', b'"annotations"')) and b'"dataRow"' not in beginning


def _names(path: str) -> Names:
    try:
        with open(path, "rb") as file:
            return Names(file.read())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def _folder(
    folder: str, ontology: str | None, gallery: MediaFolder | None, progress: Callable[[float], None] | None
) -> Iterator[Fault]:
    payload = payload_names(folder)
    if not payload and _nothing_came(folder):
        yield Fault("report.json", 0, "says that nothing could be converted: there is nothing to check or import")
        return
    yield from _outputs(folder, payload)
    names = None
    ontology = ontology or os.path.join(folder, "ontology.json")
    if os.path.isfile(ontology):
        names = _names(ontology)
        yield from (Fault(os.path.basename(ontology), 0, message) for message in names.faults)
    else:
        yield Fault(os.path.basename(ontology), 0, "is missing: names in the payload cannot be checked")
    rows = None
    rows_path = os.path.join(folder, "data_rows.ndjson")
    paths = [os.path.join(folder, name) for name in payload]
    reading = Reading([path for path in (rows_path, *paths) if os.path.isfile(path)], progress)
    if os.path.isfile(rows_path):
        yield from _encoding(rows_path)
        rows = Rows(rows_path, gallery)
        yield from (fault_of("data_rows.ndjson", line, message) for line, message in rows.check(reading))
    else:
        yield Fault("data_rows.ndjson", 0, "is missing: the payload has no data rows to refer to")
    checker = Payload(names, None if _rows_exist(folder) else rows, gallery)
    yield from checker.check(reading, *paths)
    if rows is not None:
        rows.close()


def _rows_exist(folder: str) -> bool:
    """Whether the payload refers to data rows that were there before, as the report says."""
    return "data_rows" in (_reported(folder, "source", "details") or ())


def _nothing_came(folder: str) -> bool:
    """Whether the report says that nothing was written beside it."""
    found: object = _reported(folder, "outputs")
    return found == {}


def _reported(folder: str, *keys: str) -> Any:
    """An entry of the report, or None."""
    try:
        with open(os.path.join(folder, "report.json"), "rb") as file:
            found: Any = msgspec.json.decode(file.read())
        for key in keys:
            found = found[key]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found


def _outputs(folder: str, payload: list[str]) -> Iterator[Fault]:
    """The files are those that the report, written last, describes; otherwise the set was interrupted."""
    try:
        with open(os.path.join(folder, "report.json"), "rb") as file:
            outputs: Any = msgspec.json.decode(file.read())["outputs"]
        described = {str(name): dict(facts) for name, facts in outputs.items()}
    except FileNotFoundError:
        yield Fault("report.json", 0, "is missing: the conversion was interrupted or still runs; convert again")
        return
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        yield Fault("report.json", 0, "has no readable list of outputs: convert again")
        return
    for name, facts in described.items():
        path = os.path.join(folder, os.path.basename(name))
        if not os.path.isfile(path):
            yield Fault(name, 0, "is missing, but report.json lists it: the set was interrupted; convert again")
            continue
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != facts.get("sha256"):
            message = "is not the file that report.json describes: the set was interrupted or changed; convert again"
            yield Fault(name, 0, message)
    for name in payload:
        if name not in described:
            yield Fault(name, 0, "is not of this set (report.json does not list it): remove it before importing")
    if not payload and not any(map(is_payload, described)):
        yield Fault("annotations.ndjson", 0, "is missing")


def _encoding(path: str) -> Iterator[Fault]:
    name = os.path.basename(path)
    with open(path, "rb") as file:
        for number, raw in enumerate(file, 1):
            yield from (Fault(name, number, message) for message in encoding_faults(raw, number))
