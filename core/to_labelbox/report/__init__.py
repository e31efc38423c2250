"""Loss as data: codes, errors, the diary and ledger of a run."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from to_labelbox.report.codes import *
    from to_labelbox.report.errors import *
    from to_labelbox.report.log import *

__all__ = [
    "Code", "FileError", "Log", "RecordError", "Refused", "Severity", "SourceError", "ToLabelboxError", "UsageError",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """The public names, loaded with the first of them: a module of this room alone needs no other."""
    if name in __all__:
        for module in map(
            import_module, ("to_labelbox.report.codes", "to_labelbox.report.errors", "to_labelbox.report.log")
        ):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
