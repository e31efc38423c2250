"""What is looked at over all datasets of a batch: keys and addresses that they share, the class map, their media."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from to_labelbox.batches.dataset_run import DatasetRun
from to_labelbox.batches.report import Row, State
from to_labelbox.batches.same_assets import (
    MOST_UNITS,
    CompareTask,
    Seen,
    compare,
    declared,
    look_at,
    sharing,
)
from to_labelbox.conversion.addresses import advice, shared_addresses
from to_labelbox.conversion.job import ConversionJob
from to_labelbox.conversion.process_pool import WorkerPool
from to_labelbox.model.schema import Schema
from to_labelbox.model.text import listed, n_of
from to_labelbox.ontology.merge import shared_keys
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log

_APART = "give --global-key '{dataset}/{relpath}'"


def check_keys(sets: Sequence[DatasetRun], common: ConversionJob, notes: Log, pool: WorkerPool) -> None:
    """Datasets of equal file names would be one asset in the target. Existing data rows may serve several datasets.

    Those of which an asset has another size, text, content or address than the one of its key are about others, and are
    left out; so are those that say and declare nothing but what earlier ones do.
    """
    pairs = shared_keys([s.gathered.keys for s in sets])
    seen = {} if common.settings.rows is not None else _looked_at([sets[n] for n in sharing(pairs)], pool)
    known: dict[str, tuple[int, Seen]] = {}
    added = 0
    for owner, other, count in pairs:
        dataset = sets[owner]
        for one in range(added, owner):
            if not sets[one].failure:
                for key, asset in seen.get(sets[one].number, {}).items():
                    known.setdefault(key, (one, asset))
        added = owner
        dataset.apart = True
        if common.settings.rows is not None:
            continue
        path, earlier = dataset.found.path, sets[other].found.path
        own = seen.get(dataset.number, {})
        compared = compare(known, own)
        refuted = next((one for one in compared if one[1].why), None)
        copied = [(sets[one].found.path, c.labels) for one, c in compared if c.equal and c.labels]
        if refuted is not None:
            one, differing = refuted
            dataset.failure = (
                f"{count} of its global keys are those of {sets[one].found.path!r} too, where {n_of(differing.others, 'asset')} "
                f"of {differing.alike:,} looked at {'has' if differing.others == 1 else 'have'} other {differing.why} "
                f"({differing.other!r} is the first): {_APART}"
            )
            continue
        equal = {one: c.alike for one, c in compared if c.equal}
        whole = dataset.head.units <= MOST_UNITS and len(own) == sum(equal.values())
        if copied and whole and _declares_no_more(dataset, [sets[one] for one in equal]):
            whose = ", ".join(listed([repr(name) for name, _ in copied], 3))
            told = f"{n_of(len(own), 'asset')} and {n_of(sum(labels for _, labels in copied), 'label')}"
            message = (
                f"it says the same as {whose}, all its {told} included: delete it, or, if it is about others, {_APART}"
            )
            if common.fail:
                raise UsageError(f"{path}: {message}")
            dataset.failure, dataset.left_out = message, State.COPY
            continue
        notes.assume(
            "assets of one global key in several datasets",
            "the same",
            for_=(same := min(count, sum(one.same for _, one in compared))),
            unknown=count - same,
            why="equal pictures and texts speak for it; of the open ones nothing tells whether they are",
            option="--global-key '{dataset}/{relpath}'",
        )
        if copied:
            earlier, labels = copied[0]
            whether = (
                f"and the {n_of(labels, 'label')} of theirs that were looked at are equal: is it a copy in part? These stand there twice; "
                "leave one of the two out, or,"
            )
        else:
            whether = "and stand for the same assets:"
        message = f"{count} of its global keys are those of {earlier!r} too, {whether} if they are others, {_APART}"
        if common.fail:
            raise UsageError(f"{path}: {message}")
        notes.note(Code.KEY_SHARED, message, file=path, count=count)


def _declares_no_more(dataset: DatasetRun, others: Sequence[DatasetRun]) -> bool:
    return declared(dataset.head.schema) <= {name for other in others for name in declared(other.head.schema)}


def _looked_at(sets: Sequence[DatasetRun], pool: WorkerPool) -> dict[int, dict[str, Seen]]:
    """What is known of the assets of datasets, by their numbers; nothing of one that cannot be read again."""
    tasks = deque(CompareTask(s.number, s.head.units) for s in sets)
    found = ((task.dataset, outcome) for task, outcome in pool.run(look_at, tasks))
    return {number: outcome for number, outcome in found if isinstance(outcome, dict)}


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
