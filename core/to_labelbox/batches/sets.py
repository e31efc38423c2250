"""The datasets of a batch, from what was found to what is to be run; each with the options that its format knows."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import unicodedata
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from to_labelbox.batches.dataset_run import DatasetRun
from to_labelbox.batches.find_datasets import Found, none_found
from to_labelbox.batches.plan import Plan
from to_labelbox.batches.published import CACHE_FOLDER
from to_labelbox.conversion.naming import PARTIAL
from to_labelbox.plugins.options import option_names
from to_labelbox.plugins.registry import reader, writer
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log


def dataset_runs(given: Plan, found: Sequence[Found], out: str | None) -> list[DatasetRun]:
    """What is to be run of what was found. Raises :class:`UsageError` where that is nothing, or no format knows an option."""
    sets = [f for f in found if f.format]
    if not sets:
        raise none_found(given.root, given.job.format, given.datasets, found)
    known = {f.format: option_names(reader(f.format), writer()) for f in sets}
    for name in given.job.options or ():
        if not any(name.replace("-", "_") in names for names in known.values()):
            raise UsageError(f"no option {name!r} for any of {', '.join(known)}; see `to-labelbox formats NAME`")
    return [_run(n, f, given, known[f.format], out) for n, f in enumerate(sets)]


def _run(number: int, found: Found, given: Plan, known: AbstractSet[str], out: str | None) -> DatasetRun:
    media = given.job.media_root
    if media is not None and os.path.isdir(os.path.join(media, found.path)):
        media = os.path.join(media, found.path)
    job = dataclasses.replace(
        given.job,
        sources=(found.source,),
        format=found.format,
        name=found.path,
        without=found.without,
        options={k: v for k, v in (given.job.options or {}).items() if k.replace("-", "_") in known},
        media_root=media,
    )
    digest = hashlib.sha1(f"{found.format}\n{found.path}".encode("utf-8", "surrogatepass")).hexdigest()
    dataset = DatasetRun(number, found, job, digest, failure=found.problem)
    if out is not None:
        dataset.folder, dataset.memory = (os.path.join(out, where, digest) for where in (PARTIAL, CACHE_FOLDER))
        dataset.place = os.path.join(out, *found.path.split("/"))
    return dataset


def note_unclaimed(found: Sequence[Found], notes: Log) -> None:
    """Say which files and folders are no datasets, or cannot be read."""
    for left in (f for f in found if not f.format):
        if left.problem:
            notes.file_unreadable(left.path, left.problem)
        else:
            notes.note(Code.FILE_UNCLAIMED, left.reason, file=left.path)


def tell_apart(sets: Sequence[DatasetRun], out: str) -> None:
    """Leave out datasets whose output would be that of an earlier one where a file system ignores case."""
    if not os.path.exists(os.path.join(out, PARTIAL.upper())):
        return
    first: dict[str, str] = {}
    for dataset in sets:
        path = dataset.found.path
        other = first.setdefault(unicodedata.normalize("NFC", path).casefold(), path)
        if other != path:
            dataset.failure = f"{out} does not tell its name from {other!r}: rename one of them"
