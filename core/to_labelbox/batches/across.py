"""What is looked at over all datasets of a batch: keys and addresses that they share, the class map, their media."""

from __future__ import annotations

from collections.abc import Sequence

from to_labelbox.batches.dataset_run import DatasetRun
from to_labelbox.batches.report import Row
from to_labelbox.conversion.addresses import advice, shared_addresses
from to_labelbox.conversion.job import ConversionJob
from to_labelbox.model.schema import Schema
from to_labelbox.model.text import n_of
from to_labelbox.ontology.merge import shared_keys
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log


def check_keys(sets: Sequence[DatasetRun], common: ConversionJob, notes: Log) -> None:
    """Datasets of equal file names would be one asset in the target. Existing data rows may serve several datasets.

    Those whose pictures have no size in common with those of the same names are about other pictures, and are left out.
    """
    for owner, other, count in shared_keys([s.gathered.keys for s in sets]):
        dataset = sets[owner]
        dataset.apart = True
        if common.settings.rows is not None:
            continue
        path, earlier = dataset.found.path, sets[other].found.path
        own, others = (sets[n].gathered.survey.sizes for n in (owner, other))
        if own and others and own.keys().isdisjoint(others):
            (width, height), (other_width, other_height) = next(iter(own)), next(iter(others))
            dataset.failure = (
                f"{count} of its global keys are those of {earlier!r} too, whose pictures have other sizes ({other_width} × "
                f"{other_height}, here {width} × {height}): give --global-key '{{dataset}}/{{relpath}}'"
            )
            continue
        notes.assume(
            "assets of one global key in several datasets",
            "the same",
            unknown=count,
            why="nothing tells whether they are",
            option="--global-key '{dataset}/{relpath}'",
        )
        message = (
            f"{count} of its global keys are those of {earlier!r} too, and stand for the same assets: "
            "if they are others, tell them apart with --global-key '{dataset}/{relpath}'"
        )
        if common.fail:
            raise UsageError(f"{path}: {message}")
        notes.note(Code.KEY_SHARED, message, file=path, count=count)


def check_addresses(sets: Sequence[DatasetRun], common: ConversionJob, notes: Log) -> None:
    """Assets whose keys tell them apart, but whose addresses do not."""
    for owner, other, count in shared_addresses([(s.gathered.survey.urls, s.gathered.keys) for s in sets]):
        what = f"{n_of(count, 'asset')} of it {'has' if count == 1 else 'have'}"
        whose = "another" if owner == other else f"one of {sets[other].found.path!r}"
        remedy = advice(common.settings, owner != other)
        message = f"{what} the address of {whose} under another global key: {remedy}"
        notes.note(Code.ADDRESS_SHARED, message, file=sets[owner].found.path, count=count)


def check_class_map(sets: Sequence[DatasetRun], common: ConversionJob, notes: Log) -> None:
    """A class map serves all datasets: a name in it must occur in one of them."""
    if common.settings.class_map is None:
        return
    declared = [s.head.declared for s in sets]
    labels = tuple(label for schema in declared for label in schema.labels)
    for dataset in sets:
        log = dataset.gathered.log
        notes.used_rules |= log.used_rules
        for name in log.ledger:
            notes.ledger[name].read += 0
    schema = Schema(labels, tuple(question for schema in declared for question in schema.questions))
    common.settings.class_map.check(schema, notes)


def note_media(rows: Sequence[Row], notes: Log) -> None:
    """A project takes one type of media: say which datasets go into which."""
    kinds = {medium: None for row in rows for medium in row.media}
    if len(kinds) > 1:
        first = {medium: next(row.path for row in rows if medium in row.media) for medium in kinds}
        shown = ", ".join(f"{medium} ({path})" for medium, path in first.items())
        message = f"a Labelbox project holds one media type, the datasets have {shown}: import them into one each"
        notes.note(Code.LIMIT, message)
