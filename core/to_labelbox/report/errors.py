"""Errors that the user can mend."""

from __future__ import annotations

from to_labelbox.model.text import cut
from to_labelbox.report.log import MOST_SAID


class ToLabelboxError(Exception):
    """Something the user can mend; the message says what and how. Never shown with a traceback."""

    exit_code = 2

    def __init__(self, message: object = "") -> None:
        super().__init__(cut(str(message), MOST_SAID))


class UsageError(ToLabelboxError):
    """Wrong options or paths (exit code 2)."""


class SourceError(ToLabelboxError):
    """The source as a whole cannot be read or converted (exit code 3)."""

    exit_code = 3


class RecordError(ToLabelboxError):
    """A record was refused while ``on_error`` is ``fail``."""


class FileError(ToLabelboxError):
    """One file of a source cannot be read; it costs that file (:meth:`Log.file_unreadable`)."""
