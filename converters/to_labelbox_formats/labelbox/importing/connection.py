"""The connection to the service, with the key that is nowhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from to_labelbox.plugins.importer import Dialogue, ImportOptions
from to_labelbox.report.errors import RefusedError, UnavailableError, UsageError
from to_labelbox_formats.labelbox.importing.calls import Expired, NotFound, Unanswered, check_installed
from to_labelbox_formats.labelbox.importing.client import Labelbox

_KEY = re.compile(r"[A-Za-z0-9._~+/=-]+")
"""What a bearer token is made of [RFC 6750]: so the key is written the same way wherever it might come up again."""
KEY = "LABELBOX_API_KEY"
"""The variable of the environment; there is no option and no file for it."""


@contextmanager
def told() -> Iterator[None]:
    """What is only ours becomes what the user is told."""
    try:
        yield
    except NotFound as error:
        raise RefusedError(f"what was recorded is not there any more ({error}): --restart begins anew") from None
    except (Unanswered, Expired) as error:
        raise UnavailableError(f"no answer: {error}") from None


def key_of(dialogue: Dialogue) -> str:
    """The key, from the environment or the user. Raises :class:`UsageError` where there is none, or no SDK to use it."""
    check_installed()
    key = (os.environ.get(KEY) or dialogue.secret("Labelbox API key")).strip()
    if not key:
        raise UsageError(f"set {KEY} to a key of https://app.labelbox.com/workspace-settings/api-keys")
    if not _KEY.fullmatch(key):
        raise UsageError(f"{KEY} is no key: it holds blanks or characters that no key has")
    return key


@contextmanager
def connected(options: ImportOptions, endpoint: str, dialogue: Dialogue, key: str = "") -> Iterator[Labelbox]:
    """The connection, its key checked. Raises :class:`NotAllowedError` for a key that is none."""
    box = Labelbox(key or key_of(dialogue), endpoint, options.upload_threads, dialogue.tell)
    try:
        box.user()
        yield box
    finally:
        box.close()
