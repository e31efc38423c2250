"""What to say of a path that leads nowhere: the likeliest mistake, where the path shows one."""

from __future__ import annotations

import os
import re

from to_labelbox.report.errors import UsageError

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|[^/]*\\")


def no_such_path(path: str) -> UsageError:
    """The error for a path that is not there."""
    return UsageError(f"{path}: no such file or folder{likely(path)}")


def likely(path: str) -> str:
    """What to say after that a path is not there; empty where the path shows nothing."""
    if "://" in path:
        return "; addresses are read that begin with s3://, gs://, az://, https:// or http://"
    if path.startswith("~"):
        return f"; the shell has not expanded ~ (is it quoted?): give {os.path.expanduser(path)}"
    if any(sign in path for sign in "*?["):
        return "; no file matches the pattern, or it is quoted, so that the shell leaves it as it is"
    if os.sep == "/" and _WINDOWS.match(path):
        return "; it is a path of Windows: give it as this system has it, with /"
    above, name = os.path.split(path.rstrip("/"))
    if above and not os.path.isdir(above):
        there = above
        while there and not os.path.isdir(there):
            there = os.path.dirname(there)
        return f"; what is there is {there}" if there and there != "/" else ""
    from difflib import get_close_matches  # slow to load

    try:
        names = sorted(os.listdir(above or "."))[:10_000]
    except OSError:
        return ""
    if blank := next((other for other in names if other.startswith(f"{name} ")), ""):
        return f"; a path with blanks is put in quotes, as '{os.path.join(above, blank)}'"
    near = get_close_matches(name, names, 1)
    return f"; did you mean {os.path.join(above, near[0])}?" if near else ""
