"""What the package offers to Python, loaded as a whole when the first name of it is asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from to_labelbox.batch_report import BatchReport
from to_labelbox.batching import batch, merge
from to_labelbox.checking import faults
from to_labelbox.class_map import ClassMap, ClassRule, OptionRule, QuestionRule, read_class_map
from to_labelbox.diagnostics import (
    FileError,
    Log,
    NotAllowedError,
    RecordError,
    RefusedError,
    SourceError,
    ToLabelboxError,
    UnavailableError,
    UsageError,
)
from to_labelbox.formats import Dataset, Detection, Fault, Reader, Writer, dataset_of, readers
from to_labelbox.formats import detect as _detect
from to_labelbox.import_out import import_
from to_labelbox.importer import ImportOptions, ImportReport
from to_labelbox.ontology import Ontology
from to_labelbox.page import preview
from to_labelbox.pipeline import Job, convert, infer_ontology, open_job, write
from to_labelbox.report import Report
from to_labelbox.settings import Outside, Policy, Settings
from to_labelbox.source import Source

__all__ = [
    "BatchReport",
    "ClassMap",
    "ClassRule",
    "Dataset",
    "Detection",
    "Fault",
    "FileError",
    "ImportOptions",
    "ImportReport",
    "Log",
    "NotAllowedError",
    "Ontology",
    "OptionRule",
    "Outside",
    "Policy",
    "QuestionRule",
    "Reader",
    "RecordError",
    "RefusedError",
    "Report",
    "Settings",
    "SourceError",
    "ToLabelboxError",
    "UnavailableError",
    "UsageError",
    "Writer",
    "batch",
    "convert",
    "dataset_of",
    "detect",
    "formats",
    "import_",
    "infer_ontology",
    "merge",
    "preview",
    "read",
    "read_class_map",
    "validate",
    "write",
]


def formats() -> Mapping[str, Reader]:
    """The source formats that are installed, by name."""
    return readers()


def detect(path: str | os.PathLike[str]) -> Detection:
    """Which format a source has and why. Raises :class:`SourceError` when it is none or could be two."""
    return _detect(Source(path))


def read(
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    media_root: str | os.PathLike[str] | None = None,
) -> Dataset:
    """Open a source as a dataset of items in the model's conventions. Raises :class:`ToLabelboxError`."""
    root = None if media_root is None else os.fspath(media_root)
    return open_job(Job((os.fspath(path),), format, options or {}, media_root=root)).dataset


def validate(path: str | os.PathLike[str], ontology: str | os.PathLike[str] | None = None) -> list[Fault]:
    """Faults of an output folder, of all of a batch, or of an NDJSON file against an ontology file; empty when there are none."""
    return list(faults(os.fspath(path), None if ontology is None else os.fspath(ontology)))
