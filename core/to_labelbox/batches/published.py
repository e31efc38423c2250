"""What a finished batch remembers of each dataset, so that a later run does only what is new or has changed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from to_labelbox.batches.plan import PLAN, Plan, save_plan
from to_labelbox.conversion.checkpoint import Head, SavedLog, load, save, saved_log
from to_labelbox.conversion.merge_chunks import Gathering
from to_labelbox.conversion.output_folder import REPORT
from to_labelbox.model.survey import Survey
from to_labelbox.report.report import Output, Report

MEMORY = ".to-labelbox-batch"
"""Folder inside the output folder of a batch: its plan, and a file a dataset."""


class Kept(Struct):
    """A published dataset. ``report`` is the SHA-256 of its ``report.json``, which tells those of the other files.

    ``keys`` are the 64-bit hashes of its global keys; ``apart`` is as :class:`~to_labelbox.conversion.merge_chunks.Gathering` has it.
    """

    head: Head
    survey: Survey
    log: SavedLog
    keys: bytes
    report: str
    apart: str = ""


def kept_report(kept: Kept, memory: str, place: str) -> Report | None:
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
    except (OSError, msgspec.MsgspecError):
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


def load_kept(path: str) -> Kept | None:
    return load(path, Kept)


def keep(path: str, head: Head, gathered: Gathering, report: Report) -> None:
    """Remember a dataset that has been published."""
    digest = hashlib.sha256(report.to_json()).hexdigest()
    gathered.log.left_out = head.log.left_out = None  # it stands in the index
    save(path, Kept(head, gathered.survey, saved_log(gathered.log), gathered.keys.tobytes(), digest, gathered.apart))


def remember(folder: str, plan: Plan, names: Iterable[str]) -> None:
    """Save the plan of a finished run, and forget all datasets but those of these names."""
    save_plan(folder, plan)
    for name in {*os.listdir(folder)} - {PLAN, *names}:
        os.remove(os.path.join(folder, name))


def forget(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
