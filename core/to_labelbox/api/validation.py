"""What was written, checked by the target's rules: an output folder, one file, or all datasets of a batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from msgspec.structs import replace

from to_labelbox.batches.report import read_batch
from to_labelbox.conversion.naming import REPORT
from to_labelbox.conversion.output_folder import holds_result, refuse_pipes
from to_labelbox.plugins.registry import writer
from to_labelbox.plugins.writer import Fault
from to_labelbox.report.codes import Severity
from to_labelbox.report.errors import UsageError

ONTOLOGY = "ontology.json"


def faults(
    path: str,
    ontology: str | None = None,
    media_root: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> Iterator[Fault]:
    """Faults of an output folder, of a file against an ontology file, or of every dataset of a batch.

    ``progress`` hears now and then which part is checked, from 0 to 1.

    Raises :class:`~to_labelbox.report.errors.UsageError`.
    """
    refuse_pipes(path)
    batch = read_batch(path)
    if os.path.isdir(path) and not holds_result(path) and not os.path.exists(os.path.join(path, REPORT)):
        raise UsageError(f"{path} holds no output of `to-labelbox convert` or `batch`: give the folder that -o named")
    if batch is None:
        yield from writer().checks.validate(path, ontology, media_root, progress)
        return
    if batch.failed:
        yield Fault(REPORT, 0, "says that nothing could be converted: there is nothing to check or import")
        return
    common = _content(os.path.join(path, ONTOLOGY))
    if common is None:
        yield Fault(ONTOLOGY, 0, "is missing: the batch was interrupted or changed; go on with `batch --resume`")
    for done, row in enumerate(batch.datasets):
        folder = os.path.join(path, *row.path.split("/"))
        if not row.published:
            continue
        if not os.path.exists(os.path.join(folder, REPORT)):
            yield Fault(f"{row.path}/{REPORT}", 0, "is missing: go on with `batch --resume`")
            continue
        if common is not None and _content(os.path.join(folder, ONTOLOGY)) != common:
            yield Fault(f"{row.path}/{ONTOLOGY}", 0, f"is not the {ONTOLOGY} of the batch: go on with `batch --resume`")
        media = None if media_root is None else os.path.join(media_root, *row.path.split("/"))
        for fault in writer().checks.validate(
            folder,
            ontology,
            media if media and os.path.isdir(media) else media_root,
            progress and _of_all(progress, done, len(batch.datasets)),
        ):
            yield replace(fault, file=f"{row.path}/{fault.file}")


def errors(path: str, ontology: str | None = None, media_root: str | None = None) -> Iterator[Fault]:
    """The faults without warnings and hints."""
    return (fault for fault in faults(path, ontology, media_root) if fault.severity is Severity.ERROR)


def _of_all(progress: Callable[[float], None], done: int, datasets: int) -> Callable[[float], None]:
    return lambda part: progress((done + part) / datasets)


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
