"""Names below a source: which are safe, which hold no data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from to_labelbox.model.text import pattern

if TYPE_CHECKING:
    from to_labelbox.report.log import Log

_NO_DATA = r"\.[^/]+|__MACOSX|__pycache__|node_modules|site-packages|venv"
_NO_DATA_FOLDER = pattern(rf"(?:{_NO_DATA})")
RUN = 1 << 10
"""Names that are looked at together."""
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


_DISK = pattern(
    r"[A-Za-z]:[\\/]|\\\\|/(?:Users|Volumes|content|data|home|kaggle|media|mnt|opt|root|scratch|srv|tmp|var|workspace)/"
)
"""How the path of a file on somebody's machine begins: a drive, a share, a folder that such machines have."""


def folders_of(names: Sequence[str]) -> set[str]:
    """The folders that sorted names are in, without a closing slash; of long runs in one folder, not each name is looked at."""
    found: set[str] = set()
    for start in range(0, len(names), RUN):
        run = names[start : start + RUN]
        cut = run[0].rfind("/") + 1
        folder = run[0][:cut]
        if run[-1].startswith(folder) and "".join(run).count("/") == len(run) * folder.count("/"):
            found.add(folder[:-1])
        else:
            found.update(name.rpartition("/")[0] for name in run)
    return found


def below_a_root(name: str) -> str:
    """A name of a file as a path below some root: ``/`` only, no drive, no leading slash, no ``..``."""
    if "\\" in name:
        name = name.replace("\\", "/")
    elif "/" not in name:
        return name
    if name[1:3] == ":/":
        name = name[3:]
    if ".." in name or "./" in name or name.startswith("/") or "//" in name:
        name = "/".join(p for p in name.split("/") if p not in ("", ".", ".."))
    return name


def is_of_a_disk(name: str) -> bool:
    """Whether a name is a path on somebody's disk (``C:\\data\\c.jpg``)."""
    return _DISK.match(name) is not None


def note_disk(name: str, log: Log, file: str = "") -> None:
    """Say that a name is the path of a picture on the disk of whoever labelled it (``C:\\data\\c.jpg``), whose folders are in keys
    and addresses; nothing for any other name. ``file`` is what has it.
    """
    if not is_of_a_disk(name):
        return
    log.assume(
        "names of pictures that are paths of a disk" + (f" ({file})" if file else ""),
        "the folders of that disk are in keys and addresses",
        against=1,
        why=f"{name} is {below_a_root(name)} below its root: --media-root FOLDER finds pictures wherever they are now, and with "
        "{name} in --url-prefix an address has no folders",
        option="--global-key '{name}'",
    )
