"""Loss as data: codes, errors, the diary and ledger of a run."""

from __future__ import annotations

from to_labelbox.report.codes import (
    Code,
    Severity,
)
from to_labelbox.report.errors import (
    FileError,
    RecordError,
    SourceError,
    ToLabelboxError,
    UsageError,
)
from to_labelbox.report.log import (
    Log,
)

__all__ = [
    "Code",
    "FileError",
    "Log",
    "RecordError",
    "Severity",
    "SourceError",
    "ToLabelboxError",
    "UsageError",
]
