"""Many sources to as many output folders with one ontology: open, encode, join, infer, fill in, publish.

Nothing of a dataset is final before the ontology of all is known, so every dataset's chunks wait in the output folder's
own working folder (:mod:`~to_labelbox.conversion.checkpoint`). What is there already is not done again, which makes resuming, sharing
the work among machines, and merging the same thing: a run over chunks of which some exist.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from to_labelbox.batches.across import check_addresses, check_class_map, check_keys, note_media
from to_labelbox.batches.dataset_run import DatasetRun
from to_labelbox.batches.encoding import Encoding
from to_labelbox.batches.find_datasets import Found, discover
from to_labelbox.batches.plan import FAILURE, HEAD, Failure, Plan, adopt
from to_labelbox.batches.progress import Listener, Progress
from to_labelbox.batches.published import CACHE_FOLDER, Counted, save_index
from to_labelbox.batches.publishing import Publishing, draw_up, outputs_of, write_last
from to_labelbox.batches.report import BatchReport, Row, State, Totals
from to_labelbox.batches.same_pictures import tell_same_pictures
from to_labelbox.batches.sets import dataset_runs, note_unclaimed, tell_apart
from to_labelbox.conversion.checkpoint import DatasetCheckpoint, finished_chunks, load, save
from to_labelbox.conversion.job import ConversionJob
from to_labelbox.conversion.naming import PARTIAL, REPORT
from to_labelbox.conversion.process_pool import PoolFactory, WorkerPool
from to_labelbox.conversion.run import names_of
from to_labelbox.model.schema import Kind, Schema
from to_labelbox.model.text import n_of
from to_labelbox.ontology.infer import Ontology
from to_labelbox.ontology.merge import DatasetSurvey, common_ontology
from to_labelbox.ontology.one_tool import SETTLED, is_settled, one_kind
from to_labelbox.plugins.reader import Each
from to_labelbox.plugins.registry import writer
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.rules.class_patterns import check_patterns
from to_labelbox.rules.settings import Settings
from to_labelbox.source.files import shown_path

SHARED_BYTES = 64 << 20
"""A source that is one file of this size is shared by all machines of a batch."""


class Batch:
    """One run of a batch over what its working folder holds; without ``out`` a dry one, that writes nothing."""

    def __init__(
        self,
        out: str | None,
        given: Plan,
        progress: Listener | None,
        found: Sequence[Found] | None = None,
        each: Each = map,
    ) -> None:
        """``each``: see :func:`discover`, by which datasets are found that are not given."""
        self._dry = out is None
        self._out = out or ""
        self._given, self._common = given, given.job
        self._notes = Log()
        self._compare = True
        self._told: tuple[str, ...] = ()
        self.found = discover(given.root, given.job.format, given.datasets, out, each) if found is None else list(found)
        self.sets = dataset_runs(given, self.found, out)
        note_unclaimed(self.found, self._notes)
        self._progress = Progress(datasets=len(self.sets), listener=progress)
        self._encoding = Encoding(self.sets, given.job.fail, self._progress)

    def note_unprotected(self, why: str) -> None:
        """Say that other runs are not kept out of the output folder."""
        if why:
            message = f"the folder cannot be locked ({why}): make sure that no other run writes there at the same time"
            self._notes.note(Code.LOCK_UNAVAILABLE, message, file=self._out)

    @property
    def _alive(self) -> list[DatasetRun]:
        return [s for s in self.sets if not s.failure]

    def run(self, make_pool: PoolFactory) -> BatchReport:
        """Everything, from opening to the report. ``make_pool`` gets the workers for the datasets' jobs."""
        if not self._dry:
            tell_apart(self._alive, self._out)
        with make_pool([s.job for s in self.sets]) as pool:
            self._encoding.run(pool, self._alive)
            if not self._counts_kinds:
                return self._conclude(pool)
        again = self._give_one_kind()
        with make_pool([s.job for s in self.sets]) as pool:
            self._encoding.run(pool, again)
            return self._conclude(pool)

    @property
    def _counts_kinds(self) -> bool:
        """Whether classes are to have one tool each, of a kind that is known when everything has been encoded once."""
        settings, existing = self._common.settings, self._common.ontology
        return settings.asks_one_tool and not is_settled(existing, settings)

    def _give_one_kind(self) -> list[DatasetRun]:
        """Decide on the kinds. Gives the datasets that are to be encoded again: those which have such a class.

        Their chunks go to another folder a decision, so that an interrupted run finds what belongs to its own.
        """
        counted = [s.kept.counted if s.kept and s.kept.counted else Counted(s.gathered.survey, {}) for s in self._alive]
        schema = Schema(tuple(label for s in self._alive for label in s.head.schema.labels))
        surveys = [one.survey for one in counted]
        kinds, self._told = one_kind(schema, surveys, self._common.settings, self._common.ontology)
        self._common = _with_kinds(self._common, kinds)
        again = []
        for s, before in zip(self._alive, counted):
            names = names_of([(s.head.schema, s.gathered)], self._common.settings.class_map)
            own = {label: kind for label, kind in kinds.items() if label in names}
            s.job = _with_kinds(s.job, own)
            s.counted = Counted(before.survey, own)
            if own and not self._dry:
                s.folder += f"-{hashlib.sha1(repr(sorted(own.items())).encode('utf-8', 'surrogatepass')).hexdigest()}"
            if own != before.kinds:
                self._encoding.reopen(s)
                again.append(s)
        return again

    def run_shard(self, make_pool: PoolFactory, shard: int, of: int) -> BatchReport:
        """One machine's share: chunks in the working folder, nothing published."""
        tell_apart(self._alive, self._out)
        for dataset in self.sets:
            dataset.forgotten = True
        shared = {s.number for s in self._alive if of > 1 and _is_large(s.found.source)}
        mine = [s for s in self._alive if s.number in shared or s.number % of == shard]
        with make_pool([s.job for s in self.sets]) as pool:
            self._encoding.run(pool, mine, shared, shard, of)
        totals = Totals()
        for dataset in self.sets:
            if dataset.failure and dataset.number % of == shard:
                os.makedirs(dataset.folder, exist_ok=True)
                save(os.path.join(dataset.folder, FAILURE), Failure(dataset.failure))
            if dataset.failure:
                totals.add(dataset.row(), None)
            elif dataset.opened:
                totals.add(Row(dataset.found.path, dataset.found.format), None)
        if shard == 0:
            self._add_unreadable(totals)
        return totals.report(shown_path(self._given.root), ())

    def adopt(self, working: str) -> None:
        """Take over the chunks in the working folder of another machine."""
        for dataset in self.sets:
            adopt(dataset.folder, os.path.join(working, os.path.basename(dataset.folder)))

    def merge(self, make_pool: PoolFactory) -> BatchReport:
        """Conclude what machines have done. Raises :class:`UsageError` when something is missing."""
        absent = []
        self._compare = False
        tell_apart(self._alive, self._out)
        for dataset in self._alive:
            failure = load(os.path.join(dataset.folder, FAILURE), Failure)
            head = load(os.path.join(dataset.folder, HEAD), DatasetCheckpoint)
            if failure is not None:
                dataset.failure = failure.message
            elif head is None or self._encoding.take_over(
                dataset, head, finished_chunks(dataset.folder, self._common.fail)
            ):
                absent.append(dataset.found.path)
        if absent:
            raise UsageError(
                f"{len(absent):,} of {n_of(len(self.sets), 'dataset')} not finished, {absent[0]!r} for one: "
                "run the shards that have not been run, give merge the folders of all, or finish with `batch --resume`"
            )
        with make_pool([s.job for s in self.sets]) as pool:
            return self._conclude(pool)

    def _conclude(self, pool: WorkerPool) -> BatchReport:
        self._encoding.find_repeats(pool, self._alive)
        ontology = self._join(pool)
        schema = writer().ontology.dump(ontology)
        digest = hashlib.sha256(schema).hexdigest()
        stale = [s for s in self._alive if s.is_stale(digest)]
        if stale:
            for dataset in stale:
                self._encoding.reopen(dataset)
            self._encoding.run(pool, stale)
            self._encoding.find_repeats(pool, [s for s in stale if not s.failure])
        if self._dry:
            for dataset in self._alive:
                draw_up(dataset, ontology)
            return self._summed(ontology)
        Publishing(self.sets, self._out, self._common, self._progress, self._compare).finish(pool, ontology)
        return self._close(ontology, schema)

    def _join(self, pool: WorkerPool) -> Ontology:
        """The ontology of all."""
        settings, ontology = self._common.settings, self._common.ontology
        check_keys(self._alive, self._common, self._notes, pool)
        check_class_map(self._alive, self._common, self._notes)
        check_patterns(
            settings, names_of([(s.head.schema, s.gathered) for s in self._alive], settings.class_map), self._notes
        )
        check_addresses(self._alive, self._common, self._notes)
        if settings.rows is None and settings.global_key == Settings.global_key:
            tell_same_pictures(self._alive, self._notes)
        if settings.rows is not None:
            settings.rows.tell_contradictions(self._notes)
        told = (SETTLED,) if settings.asks_one_tool and is_settled(ontology, settings) else self._told
        if ontology is None:
            ontology = common_ontology([DatasetSurvey(s.head.schema, s.gathered.survey) for s in self._alive], settings)
        return replace(ontology, decisions=(*told, *ontology.decisions)) if told else ontology

    def _close(self, ontology: Ontology, schema: bytes) -> BatchReport:
        report = self._summed(ontology)
        data = {} if report.failed else {"ontology.json": schema}
        report.outputs = outputs_of(data)
        write_last(self._out, {**data, REPORT: report.to_json()})
        # what failed is not remembered, so that the next run tries it again
        names = [s.digest for s in self.sets if not s.failure and s.report and not s.report.failed]
        save_index(os.path.join(self._out, CACHE_FOLDER), self._given, names)
        shutil.rmtree(os.path.join(self._out, PARTIAL), ignore_errors=True)
        report.kept = sum(dataset.kept is not None for dataset in self.sets)
        return report

    def _summed(self, ontology: Ontology) -> BatchReport:
        """The report of all."""
        totals = Totals()
        for dataset in self.sets:
            totals.add(dataset.row(), dataset.report if not dataset.failure else None)
        self._add_unreadable(totals)
        note_media([row for row in totals.rows if row.published], self._notes)
        totals.note(self._notes)
        return totals.report(shown_path(self._given.root), ontology.decisions)

    def _add_unreadable(self, totals: Totals) -> None:
        """A row for each file or folder that cannot be read and may be a dataset."""
        for left in self.found:
            if left.problem and not left.format:
                totals.add(Row(left.path, "", problem=left.problem, state=State.FAILED, unreadable=1), None)


def _with_kinds(job: ConversionJob, kinds: Mapping[str, Kind]) -> ConversionJob:
    return dataclasses.replace(job, settings=dataclasses.replace(job.settings, one_kind=kinds))


def _is_large(source: str) -> bool:
    return os.path.isfile(source) and os.path.getsize(source) >= SHARED_BYTES
