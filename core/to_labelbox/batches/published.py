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
from to_labelbox.report.report import Report

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


def kept_report(kept: Kept, place: str) -> Report | None:
    """The report of a dataset whose files in the folder ``place`` are still those that were published, or None."""
    try:
        with open(os.path.join(place, REPORT), "rb") as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != kept.report:
            return None
        report = msgspec.json.decode(data, type=Report)
        sizes = {name: os.path.getsize(os.path.join(place, name)) for name in report.outputs}
    except (OSError, msgspec.MsgspecError):
        return None
    return report if all(sizes[name] == output.bytes for name, output in report.outputs.items()) else None


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
