"""Pages to look at: nothing is written but the page, and it appears when it is complete."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import ParamSpec, Protocol

from to_labelbox.conversion.options import takes
from to_labelbox.conversion.output_folder import refuse_pipes, room, unwritable
from to_labelbox.plugins.registry import writer
from to_labelbox.plugins.writer import PreviewOptions
from to_labelbox.report.errors import UsageError
from to_labelbox.rules.option import FilePath
from to_labelbox.source.missing import likely

MARK = b'<meta name="generator" content="to-labelbox '
"""What tells a page of ours: such a page is replaced without asking."""
_HEAD = 4096

P = ParamSpec("P")


class _Preview(Protocol[P]):
    def __call__(self, out: FilePath, page: FilePath, *args: P.args, **options: P.kwargs) -> int: ...


def _keywords(record: Callable[P, PreviewOptions]) -> Callable[[Callable[..., int]], _Preview[P]]:
    return lambda function: takes(record, function, "out", "page")


@_keywords(PreviewOptions)
def preview(out: FilePath, page: FilePath, given: PreviewOptions) -> int:
    """Write a self-contained page that shows some assets of an output folder with what the payload says of them.

    An earlier page is replaced, any other file only with ``overwrite``. ``chosen`` hears how many assets the page shows, of how
    many, and of how many of those shown no picture is at hand. Gives the page's size in bytes. Raises :class:`UsageError`.
    """
    if not os.path.isdir(out):
        hint = likely(os.fspath(out)) or "; give the output folder of `to-labelbox convert`"
        raise UsageError(f"{os.fspath(out)}: no such folder{hint}")
    check_target(page, given.overwrite)
    refuse_pipes(os.fspath(out))
    show = writer().service.preview
    if show is None:
        raise UsageError(f"the format {writer().name} has no preview")
    return write_page(page, show(os.fspath(out), given))


def check_target(page: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Raise :class:`UsageError` where a page must not be written."""
    target = os.fspath(page)
    if os.path.lexists(target) and not overwrite and not _ours(target):
        raise UsageError(f"{target}: exists and is no preview; choose another name, or replace it with --overwrite")
    folder = os.path.dirname(target) or "."
    if not os.path.isdir(folder):
        raise UsageError(f"{folder}: no such folder for the page")


def write_page(page: str | os.PathLike[str], pieces: Iterable[str]) -> int:
    """Write a page as a whole, or not at all; its size in bytes."""
    target = os.fspath(page)
    aside = f"{target}.{os.getpid()}.partial"
    try:
        with room(target), open(aside, "xb") as file:
            file.writelines(piece.encode("utf-8", "replace") for piece in pieces)
            size = file.tell()
        os.replace(aside, target)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(aside)
        if isinstance(error, PermissionError):
            raise unwritable(target, error) from error
        raise
    return size


def _ours(path: str) -> bool:
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return MARK in file.read(_HEAD)
