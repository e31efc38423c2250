"""The import from Python: an output folder into the target's service, with answers given beforehand."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from to_labelbox.conversion.global_keys import MEDIA
from to_labelbox.conversion.output_folder import refuse_pipes
from to_labelbox.plugins.registry import writer
from to_labelbox.report.errors import UsageError
from to_labelbox.report.plain_words import in_words
from to_labelbox.rules.option import described
from to_labelbox.source.asset_lookup import check_media_root

if TYPE_CHECKING:  # loaded when something is imported
    from to_labelbox.plugins.importer import Importer, ImportOptions, ImportReport


def importer() -> Importer:
    """The importer of the target. Raises :class:`UsageError` when it has none."""
    found = writer().service.importer
    if found is None:
        raise UsageError(f"the format {writer().name} has no import")
    return found()


def make_import_options(out: str | os.PathLike[str] = "", **given: Any) -> ImportOptions:
    """Options by name. Media that the source held itself lie below the output ``out``, which then is the media root.

    Raises :class:`UsageError` for an option that there is not, or of another type.
    """
    import msgspec

    from to_labelbox.plugins.importer import ImportOptions

    known = described(ImportOptions)
    unknown = [name for name in given if name not in known]
    if unknown:
        raise UsageError(f"no option {unknown[0]!r}; there are: {', '.join(known)}")
    refuse_pipes(os.fspath(out))
    root = given.get("media_root")
    if root is None and os.path.isdir(os.path.join(out, MEDIA)):
        root = out
    check_media_root(root)
    given["media_root"] = None if root is None else os.fspath(root)
    try:
        return msgspec.convert(given, ImportOptions)
    except msgspec.ValidationError as error:
        raise UsageError(in_words(error)) from None


def import_(
    out: str | os.PathLike[str],
    *,
    listener: Callable[[str, int, int, str], None] | None = None,
    tell: Callable[[str], None] | None = None,
    **options: Any,
) -> ImportReport:
    """Import an output folder of ``convert`` or ``batch``; called again, it goes on where it was.

    ``options`` are those of :class:`~to_labelbox.plugins.importer.ImportOptions`: ``project="name"`` or ``project_id=…`` and, as
    nobody can be asked, ``yes=True``. The key is read from the environment. ``listener(step, done, total, unit)`` hears
    how far it is, ``tell(text)`` the plan and what else there is to say. Raises
    :class:`~to_labelbox.ToLabelboxError`, whose ``exit_code`` tells whether to mend something or to call again.
    """
    chosen = make_import_options(out, **options)
    return importer().run(os.fspath(out), chosen, _Silent(chosen.yes, listener, tell))


class _Silent:
    """Nobody who could be asked (:class:`~to_labelbox.plugins.importer.Dialogue`)."""

    def __init__(
        self, yes: bool, listener: Callable[[str, int, int, str], None] | None, tell: Callable[[str], None] | None
    ) -> None:
        self._yes, self._listener, self._tell = yes, listener, tell

    def tell(self, text: str) -> None:
        if self._tell is not None:
            self._tell(text)

    def progress(self, step: str, done: int, total: int, unit: str) -> None:
        if self._listener is not None:
            self._listener(step, done, total, unit)

    def confirm(self, question: str) -> bool:
        if not self._yes:
            raise UsageError(f"{question} Nobody can be asked here: yes=True answers every question")
        return True

    def secret(self, name: str) -> str:  # noqa: ARG002 - whatever it is, nobody can be asked
        return ""
