"""Names below a source: which are safe, which hold no data."""

from __future__ import annotations

import os

from to_labelbox.model.text import pattern

_NO_DATA = r"\.[^/]+|__MACOSX|__pycache__|node_modules|site-packages|venv"
_NO_DATA_FOLDER = pattern(rf"(?:{_NO_DATA})")
BELOW_NO_DATA = pattern(rf"(?:^|/)(?:{_NO_DATA})/")
MIRRORS = "to-labelbox-sources"
"""The folder that holds what was brought here from addresses in the cloud."""


def is_mirrored(path: str) -> bool:
    """Whether a path stands for one in the cloud, so that each look at a file is a question over the network."""
    return MIRRORS in os.path.abspath(path).split(os.sep)


def is_safe(name: str) -> bool:
    """Whether a relative name stays below its root: no drive, no leading slash, no ``..``, no NUL."""
    return not (
        name.startswith(("/", "\\"))
        or "\0" in name
        or (len(name) > 1 and name[1] == ":")
        or ".." in name.replace("\\", "/").split("/")
    )


def is_data_folder(name: str) -> bool:
    """Whether a folder can hold data: it is not hidden (``.git``, ``.ipynb_checkpoints``) and no place of programs.

    Data is often kept among code, and packages bring pictures and texts of their own.
    """
    return _NO_DATA_FOLDER.fullmatch(name) is None
