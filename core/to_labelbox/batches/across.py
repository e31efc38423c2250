"""What is looked at over all datasets of a batch: keys and addresses that they share, the class map, their media."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from to_labelbox.batches.dataset_run import DatasetRun
from to_labelbox.batches.report import Row, State
from to_labelbox.batches.same_assets import (
    MOST_UNITS,
    CompareTask,
    Comparison,
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
    known: dict[str, dict[Seen, int]] = {}
    added = 0
    for owner, other, count in pairs:
        dataset = sets[owner]
        for one in range(added, owner):
            if not sets[one].failure:
                for key, asset in seen.get(sets[one].number, {}).items():
                    known.setdefault(key, {}).setdefault(asset, one)
        added = owner
        dataset.apart = True
        if common.settings.rows is not None:
            continue
        path = dataset.found.path
        own = seen.get(dataset.number, {})
        compared = compare(known, own)
        if refuted := next(((n, found) for n, found in compared if found.why), None):
            dataset.failure = _of_others(sets[refuted[0]], refuted[1], count)
        elif _is_copy(dataset, own, compared, sets):
            message = _copy(compared, sets, len(own))
            if common.fail:
                raise UsageError(f"{path}: {message}")
            dataset.failure, dataset.left_out = message, State.COPY
        else:
            notes.assume(
                "assets of one global key in several datasets",
                "the same",
                for_=(same := min(count, sum(found.same for _, found in compared))),
                unknown=count - same,
                why="equal pictures and texts speak for it; of the open ones nothing tells whether they are",
                option="--global-key '{dataset}/{relpath}'",
            )
            message = _shared(compared, sets, sets[other], count)
            if common.fail:
                raise UsageError(f"{path}: {message}")
            notes.note(Code.KEY_SHARED, message, file=path, count=count)


_Compared = Sequence[tuple[int, Comparison]]
"""The numbers of earlier datasets, and what a later one has in common with each."""


def _is_copy(dataset: DatasetRun, own: Mapping[str, Seen], compared: _Compared, sets: Sequence[DatasetRun]) -> bool:
    """Whether a dataset, looked at whole, says and declares nothing but what others do."""
    equal = {number: found.alike for number, found in compared if found.equal}
    whole = dataset.head.units <= MOST_UNITS and len(own) == sum(equal.values())
    return bool(whole and _copied(compared)) and _declares_no_more(dataset, [sets[number] for number in equal])


def _copied(compared: _Compared) -> list[tuple[int, int]]:
    """The earlier datasets that say all the same of common assets, and how many labels these have."""
    return [(number, found.labels) for number, found in compared if found.equal and found.labels]


def _of_others(earlier: DatasetRun, found: Comparison, count: int) -> str:
    return (
        f"{count} of its global keys are those of {earlier.found.path!r} too, where {n_of(found.others, 'asset')} "
        f"of {found.alike:,} looked at {'has' if found.others == 1 else 'have'} other {found.why} "
        f"({found.other!r} is the first): {_APART}"
    )


def _copy(compared: _Compared, sets: Sequence[DatasetRun], assets: int) -> str:
    copied = _copied(compared)
    whose = ", ".join(listed([repr(sets[number].found.path) for number, _ in copied], 3))
    told = f"{n_of(assets, 'asset')} and {n_of(sum(labels for _, labels in copied), 'label')}"
    return f"it says the same as {whose}, all its {told} included: delete it, or, if it is about others, {_APART}"


def _shared(compared: _Compared, sets: Sequence[DatasetRun], other: DatasetRun, count: int) -> str:
    whether = "and stand for the same assets:"
    for number, labels in _copied(compared)[:1]:
        other = sets[number]
        whether = (
            f"and the {n_of(labels, 'label')} of theirs that were looked at are equal: is it a copy in part? These stand there twice; "
            "leave one of the two out, or,"
        )
    return f"{count} of its global keys are those of {other.found.path!r} too, {whether} if they are others, {_APART}"


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
