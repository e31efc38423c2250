"""What the package offers to Python; what a conversion does not need is loaded when its name is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol

from to_labelbox.api.conversion import convert, infer_ontology, write
from to_labelbox.conversion.job import ConversionJob, open_job, plain
from to_labelbox.conversion.options import Reading, takes
from to_labelbox.ontology.infer import Ontology
from to_labelbox.plugins.dataset import Dataset, dataset_of
from to_labelbox.plugins.detect import Detection
from to_labelbox.plugins.detect import detect as _detect
from to_labelbox.plugins.reader import Reader
from to_labelbox.plugins.registry import readers
from to_labelbox.plugins.writer import Fault, Writer
from to_labelbox.report.errors import (
    FileError,
    NoRoomError,
    NotAllowedError,
    RecordError,
    RefusedError,
    SourceError,
    ToLabelboxError,
    UnavailableError,
    UsageError,
)
from to_labelbox.report.log import Log
from to_labelbox.report.report import Report
from to_labelbox.rules.class_map import ClassMap, ClassRule, OptionRule, QuestionRule
from to_labelbox.rules.option import FilePath, as_path
from to_labelbox.rules.settings import Outside, Policy, Settings
from to_labelbox.source.cloud.at_hand import at_hand, media_at_hand
from to_labelbox.source.files import Source

if TYPE_CHECKING:
    from to_labelbox.api.compare_out import compare
    from to_labelbox.api.import_out import import_
    from to_labelbox.api.page import preview
    from to_labelbox.batches.batch import batch, merge
    from to_labelbox.batches.report import BatchReport
    from to_labelbox.plugins.comparer import CompareReport
    from to_labelbox.plugins.importer import ImportOptions, ImportReport

P = ParamSpec("P")

__all__ = [
    "BatchReport", "ClassMap", "ClassRule", "CompareReport", "Dataset", "Detection", "Fault", "FileError",
    "ImportOptions", "ImportReport", "Log", "NoRoomError", "NotAllowedError", "Ontology", "OptionRule", "Outside",
    "Policy", "QuestionRule", "Reader", "RecordError", "RefusedError", "Report", "Settings", "SourceError",
    "ToLabelboxError", "UnavailableError", "UsageError", "Writer", "batch", "compare", "convert", "dataset_of",
    "detect", "formats", "import_", "infer_ontology", "merge", "preview", "read", "read_class_map", "validate", "write",
]  # fmt: skip


_LATER = {
    "BatchReport": "to_labelbox.batches.report",
    "CompareReport": "to_labelbox.plugins.comparer",
    "ImportOptions": "to_labelbox.plugins.importer",
    "ImportReport": "to_labelbox.plugins.importer",
    "batch": "to_labelbox.batches.batch",
    "compare": "to_labelbox.api.compare_out",
    "import_": "to_labelbox.api.import_out",
    "merge": "to_labelbox.batches.batch",
    "preview": "to_labelbox.api.page",
}
"""Where the names are that are loaded when they are asked for."""


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def formats() -> Mapping[str, Reader]:
    """The source formats that are installed, by name."""
    return readers()


def detect(path: str | os.PathLike[str]) -> Detection:
    """Which format a source has and why. Raises :class:`SourceError` when it is none or could be two."""
    return _detect(Source(*at_hand([as_path(path, "path")])))


class _Read(Protocol[P]):
    def __call__(self, path: FilePath, *args: P.args, **options: P.kwargs) -> Dataset: ...


def _keywords(record: Callable[P, Reading]) -> Callable[[Callable[..., Dataset]], _Read[P]]:
    return lambda function: takes(record, function, "path")


@_keywords(Reading)
def read(path: FilePath, given: Reading) -> Dataset:
    """Open a source as a dataset of items in the model's conventions. Raises :class:`ToLabelboxError`."""
    return open_job(ConversionJob(sources=tuple(at_hand([as_path(path, "path")])), **plain(given))).dataset


def validate(
    path: str | os.PathLike[str],
    ontology: str | os.PathLike[str] | None = None,
    *,
    media_root: str | os.PathLike[str] | None = None,
) -> list[Fault]:
    """Faults of an output folder, of all of a batch, or of an NDJSON file against an ontology file; empty when there are none.

    With ``media_root``, what the payload draws is compared with the sizes of the pictures below it.
    """
    from to_labelbox.api.validation import faults

    file = None if ontology is None else as_path(ontology, "ontology")
    return list(faults(as_path(path, "path"), file, media_at_hand(media_root)))


def read_class_map(path: str | os.PathLike[str]) -> ClassMap:
    """The map in a YAML or CSV file. Raises :class:`UsageError` with all faults of the file, each with its line."""
    from to_labelbox.rules import class_map_file  # YAML is slow to load

    return class_map_file.read_class_map(path)
