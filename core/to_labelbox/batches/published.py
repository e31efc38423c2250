"""What a finished batch remembers of each dataset, so that a later run does only what is new or has changed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from to_labelbox.batches.plan import PLAN, Plan, save_plan
from to_labelbox.conversion.checkpoint import DatasetCheckpoint, SavedLog, load, save, saved_log
from to_labelbox.conversion.merge_chunks import MergedChunks
from to_labelbox.conversion.naming import REPORT
from to_labelbox.model.schema import Kind
from to_labelbox.model.survey import Survey
from to_labelbox.report.report import Output, Report

CACHE_FOLDER = ".to-labelbox-batch"
"""Folder inside the output folder of a batch: its plan, and a file a dataset."""
_WAITING = "published"


class Counted(Struct):
    """A dataset whose classes are to have one tool each: what was seen of it without that, and the kinds it was given."""

    survey: Survey
    kinds: dict[str, Kind]


class PublishedDataset(Struct):
    """A published dataset. ``report`` is the SHA-256 of its ``report.json``, which tells those of the other files.

    ``keys`` are the 64-bit hashes of its global keys; ``apart`` is as :class:`~to_labelbox.conversion.merge_chunks.MergedChunks` has it.
    """

    head: DatasetCheckpoint
    survey: Survey
    log: SavedLog
    keys: bytes
    report: str
    apart: str = ""
    counted: Counted | None = None


def kept_report(kept: PublishedDataset, memory: str, place: str) -> Report | None:
    """The report of a dataset whose files in the folder ``place`` are still those that were published, or None.

    ``memory`` is the file that remembers it, written when they were there.
    """
    try:
        with open(os.path.join(place, REPORT), "rb") as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != kept.report:
            return None
        report = msgspec.json.decode(data, type=Report)
        since = os.stat(memory).st_mtime_ns
        same = all(_is_same(place, name, output, since) for name, output in report.outputs.items())
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return report if same else None


def _is_same(place: str, name: str, output: Output, since: int) -> bool:
    """Whether a published file is what it was; one that was changed later is compared by its content. Raises :class:`OSError` when it is gone."""
    path = os.path.join(place, name)
    found = os.stat(path)
    if found.st_size != output.bytes or name != os.path.basename(name):
        return False
    if max(found.st_mtime_ns, found.st_ctime_ns) <= since:
        return True
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == output.sha256


def load_kept(path: str) -> PublishedDataset | None:
    return load(path, PublishedDataset)


def save_published(
    folder: str, head: DatasetCheckpoint, gathered: MergedChunks, report: Report, counted: Counted | None
) -> None:
    """Keep what there is to :func:`remember` of a dataset whose files are complete, beside its chunks."""
    digest = hashlib.sha256(report.to_json()).hexdigest()
    gathered.log.left_out = head.log.left_out = None  # it stands in the index
    save(
        os.path.join(folder, _WAITING),
        PublishedDataset(
            head, gathered.survey, saved_log(gathered.log), gathered.keys.tobytes(), digest, gathered.apart, counted
        ),
    )


def remember(folder: str, path: str) -> None:
    """Remember a dataset whose files have their names on the disk, not before."""
    waiting = os.path.join(folder, _WAITING)
    os.utime(waiting)  # later than the names, see :func:`kept_report`
    os.replace(waiting, path)


def save_index(folder: str, plan: Plan, names: Iterable[str]) -> None:
    """Save the plan of a finished run, and forget all datasets but those of these names."""
    save_plan(folder, plan)
    for name in {*os.listdir(folder)} - {PLAN, *names}:
        os.remove(os.path.join(folder, name))


def drop(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
