"""Errors that the user can mend."""

from __future__ import annotations

from to_labelbox.model.text import cut

MOST_SAID = 20_000
"""Characters of an error's message."""


class ToLabelboxError(Exception):
    """Something the user can mend; the message says what and how. Never shown with a traceback."""

    exit_code = 2

    def __init__(self, message: object = "") -> None:
        super().__init__(cut(str(message), MOST_SAID))


class UsageError(ToLabelboxError):
    """Wrong options or paths (exit code 2)."""


class OpenQuestion(UsageError):
    """The source leaves a reading open; the message names the options that say which (exit code 2)."""


class SourceError(ToLabelboxError):
    """The source as a whole cannot be read or converted (exit code 3)."""

    exit_code = 3


class RecordError(ToLabelboxError):
    """A record was refused while ``on_error`` is ``fail`` (exit code 1)."""

    exit_code = 1


class FileError(ToLabelboxError):
    """One file of a source cannot be read; it costs that file (:meth:`Log.file_unreadable`), or is the source (exit code 3)."""

    exit_code = 3


class NoRoomError(ToLabelboxError):
    """The machine has too little room: disk, memory or open files (exit code 6). The same command goes on when there is."""

    exit_code = 6


class RefusedError(ToLabelboxError):
    """The target's service, or a rule of the import, has refused something; nothing more was sent (exit code 1).

    ``trace`` is where in the service's library an answer of unknown form came up, a line each, without secrets.
    """

    trace: tuple[str, ...] = ()

    exit_code = 1


class NotAllowedError(ToLabelboxError):
    """The service does not let the user in, or the user's plan has ended (exit code 4)."""

    exit_code = 4


class UnavailableError(ToLabelboxError):
    """The service does not answer, or asks to wait for long: the same command goes on later (exit code 5)."""

    exit_code = 5


class Refused(Exception):
    """A record cannot be taken: the code and the reason, for :meth:`~to_labelbox.report.log.Log.reading`.

    ``code`` is one of :class:`~to_labelbox.report.codes.Code`, or a format's own text such as ``kitti-truncated``.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
