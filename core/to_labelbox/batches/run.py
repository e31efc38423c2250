"""Many sources to as many output folders with one ontology: open, encode, join, infer, fill in, publish.

Nothing of a dataset is final before the ontology of all is known, so every dataset's chunks wait in the output folder's
own working folder (:mod:`~to_labelbox.conversion.checkpoint`). What is there already is not done again, which makes resuming, sharing
the work among machines, and merging the same thing: a run over chunks of which some exist.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shlex
import shutil
import unicodedata
from collections import deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from to_labelbox.batches.across import check_addresses, check_class_map, check_keys, note_media
from to_labelbox.batches.dataset_run import DatasetRun
from to_labelbox.batches.find_datasets import Found, discover, none_found
from to_labelbox.batches.plan import FAILURE, HEAD, Failure, Plan, adopt
from to_labelbox.batches.progress import Listener, Progress
from to_labelbox.batches.published import CACHE_FOLDER, Counted, PublishedDataset, remember, save_index, save_published
from to_labelbox.batches.report import BatchReport, Row, State, Totals
from to_labelbox.batches.worker import (
    WHOLE_UNITS,
    FindDuplicatesTask,
    NameTask,
    OpenTask,
    PublishTask,
    find_repeated,
    finish,
    publish_failure,
    start,
)
from to_labelbox.conversion.checkpoint import DatasetCheckpoint, finished_chunks, load, missing, save
from to_labelbox.conversion.chunks import EncodedChunk, LineRenderer, plan
from to_labelbox.conversion.job import ConversionJob
from to_labelbox.conversion.naming import OURS, PARTIAL, REPORT, Complete, give_names, sync_files, sync_folders
from to_labelbox.conversion.output_folder import Folder, discard
from to_labelbox.conversion.process_pool import PoolFactory, WorkerDied, WorkerPool
from to_labelbox.conversion.publish import complete, report_of
from to_labelbox.conversion.repeated_assets import same_keys
from to_labelbox.conversion.run import names_of
from to_labelbox.conversion.supervise import encode_all, rendered_by
from to_labelbox.conversion.worker import Chunk, refuse_changed, save_ontology
from to_labelbox.model.schema import Kind, Schema
from to_labelbox.model.text import n_of
from to_labelbox.ontology.infer import Ontology
from to_labelbox.ontology.merge import DatasetSurvey, common_ontology
from to_labelbox.ontology.one_tool import SETTLED, is_settled, one_kind
from to_labelbox.plugins.options import option_names
from to_labelbox.plugins.reader import Each
from to_labelbox.plugins.registry import reader, writer
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import ToLabelboxError, UsageError
from to_labelbox.report.interruption import postponed
from to_labelbox.report.log import Log
from to_labelbox.report.report import Output, Report
from to_labelbox.rules.class_patterns import check_patterns
from to_labelbox.source.files import shown_path

NAMED_TOGETHER = 64
"""Small datasets that get their names at once: to wait for the disk takes as long for one of them."""

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
        self._working = os.path.join(out, PARTIAL) if out is not None else ""
        self._listener = progress
        self._progress = Progress()
        self._writer = writer()
        self._notes = Log()
        self._compare = True
        self._told: tuple[str, ...] = ()
        self.found = found = (
            discover(given.root, given.job.format, given.datasets, out, each) if found is None else list(found)
        )
        sets = [f for f in found if f.format]
        if not sets:
            raise none_found(given.root, given.job.format, given.datasets, found)
        self._known = {f.format: option_names(reader(f.format), self._writer) for f in sets}
        for name in given.job.options or ():
            if not any(name.replace("-", "_") in known for known in self._known.values()):
                raise UsageError(
                    f"no option {name!r} for any of {', '.join(self._known)}; see `to-labelbox formats NAME`"
                )
        for left in (f for f in found if not f.format):
            if left.problem:
                self._notes.file_unreadable(left.path, left.problem)
            else:
                message = f"{left.reason}: `to-labelbox inspect {shlex.quote(left.source)}` says why"
                self._notes.note(Code.FILE_UNCLAIMED, message, file=left.path)
        self.sets = [self._set(n, f) for n, f in enumerate(sets)]
        self._progress.datasets = len(sets)

    def _set(self, number: int, found: Found) -> DatasetRun:
        common, known = self._common, self._known[found.format]
        media = common.media_root
        if media is not None and os.path.isdir(os.path.join(media, found.path)):
            media = os.path.join(media, found.path)
        options = {k: v for k, v in (common.options or {}).items() if k.replace("-", "_") in known}
        job = dataclasses.replace(
            common,
            sources=(found.source,),
            format=found.format,
            name=found.path,
            without=found.without,
            options=options,
            media_root=media,
        )
        digest = hashlib.sha1(f"{found.format}\n{found.path}".encode("utf-8", "surrogatepass")).hexdigest()
        folder = "" if self._dry else os.path.join(self._working, digest)
        return DatasetRun(number, found, job, folder, failure=found.problem, digest=digest)

    def note_unprotected(self, why: str) -> None:
        """Say that other runs are not kept out of the output folder."""
        if why:
            message = f"the folder cannot be locked ({why}): make sure that no other run writes there at the same time"
            self._notes.note(Code.LOCK_UNAVAILABLE, message, file=self._out)

    @property
    def _alive(self) -> list[DatasetRun]:
        return [s for s in self.sets if not s.failure]

    def _tell(self) -> None:
        if self._listener is not None:
            self._listener(self._progress)

    def _tell_apart(self) -> None:
        """Leave out datasets whose output would be that of an earlier one where a file system ignores case."""
        if self._dry or not os.path.exists(os.path.join(self._out, PARTIAL.upper())):
            return
        first: dict[str, str] = {}
        for dataset in self._alive:
            path = dataset.found.path
            other = first.setdefault(unicodedata.normalize("NFC", path).casefold(), path)
            if other != path:
                dataset.failure = f"{self._out} does not tell its name from {other!r}: rename one of them"

    def run(self, make_pool: PoolFactory) -> BatchReport:
        """Everything, from opening to the report. ``make_pool`` gets the workers for the datasets' jobs."""
        self._tell_apart()
        for dataset in self.sets if not self._dry else ():
            dataset.memory = self._memory(dataset)
        with make_pool([s.job for s in self.sets]) as pool:
            self._encode(pool, self._alive)
            if not self._counts_kinds:
                return self._conclude(pool)
        again = self._give_one_kind()
        with make_pool([s.job for s in self.sets]) as pool:
            self._encode(pool, again)
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
        for s in self._alive:
            assert s.gathered is not None
            s.counted = s.kept.counted if s.kept and s.kept.counted else Counted(s.gathered.survey, {})
        surveys = [s.counted.survey for s in self._alive if s.counted is not None]
        schema = Schema(tuple(label for s in self._alive if s.head for label in s.head.schema.labels))
        kinds, self._told = one_kind(schema, surveys, self._common.settings, self._common.ontology)
        self._common = _with_kinds(self._common, kinds)
        again = []
        for s in self._alive:
            assert s.head is not None
            assert s.gathered is not None
            assert s.counted is not None
            names = names_of([(s.head.schema, s.gathered)], self._common.settings.class_map)
            own = {label: kind for label, kind in kinds.items() if label in names}
            s.job = _with_kinds(s.job, own)
            if own and not self._dry:
                s.folder += f"-{hashlib.sha1(repr(sorted(own.items())).encode('utf-8', 'surrogatepass')).hexdigest()}"
            if own != s.counted.kinds:
                self._reopen(s)
                again.append(s)
            s.counted = Counted(s.counted.survey, own)
        return again

    def run_shard(self, make_pool: PoolFactory, shard: int, of: int) -> BatchReport:
        """One machine's share: chunks in the working folder, nothing published."""
        self._tell_apart()
        shared = {s.number for s in self._alive if of > 1 and _is_large(s.found.source)}
        mine = [s for s in self._alive if s.number in shared or s.number % of == shard]
        with make_pool([s.job for s in self.sets]) as pool:
            self._encode(pool, mine, shared, shard, of)
        totals = Totals()
        for dataset in self.sets:
            if dataset.failure and dataset.number % of == shard:
                os.makedirs(dataset.folder, exist_ok=True)
                save(os.path.join(dataset.folder, FAILURE), Failure(dataset.failure))
            if dataset.failure:
                totals.add(dataset.row(), None)
            elif dataset.gathered is not None:
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
        self._tell_apart()
        for dataset in self._alive:
            failure = load(os.path.join(dataset.folder, FAILURE), Failure)
            head = load(os.path.join(dataset.folder, HEAD), DatasetCheckpoint)
            parts = finished_chunks(dataset.folder, self._common.fail)
            if failure is not None:
                dataset.failure = failure.message
            elif head is None or missing(plan(head.units), parts):
                absent.append(dataset.found.path)
            else:
                self._opened(dataset, head, parts)
        if absent:
            raise UsageError(
                f"{len(absent):,} of {n_of(len(self.sets), 'dataset')} not finished, {absent[0]!r} for one: "
                "run the shards that have not been run, give merge the folders of all, or finish with `batch --resume`"
            )
        with make_pool([s.job for s in self.sets]) as pool:
            return self._conclude(pool)

    def _conclude(self, pool: WorkerPool) -> BatchReport:
        self._find_repeats(pool, self._alive)
        ontology = self._join()
        schema = self._writer.ontology.dump(ontology)
        digest = hashlib.sha256(schema).hexdigest()
        stale = [
            s
            for s in self._alive
            if s.kept
            and s.report
            and (s.report.outputs["ontology.json"].sha256 != digest or s.apart != bool(s.kept.apart))
        ]
        if stale:
            for dataset in stale:
                self._reopen(dataset)
            self._encode(pool, stale)
            self._find_repeats(pool, stale)
        if self._dry:
            for dataset in self._alive:
                self._report(dataset, ontology)
            return self._summed(ontology)
        self._finish(pool, ontology)
        return self._close(ontology, schema)

    # ------------------------------------------------------------------------------------------------------ encode

    def _encode(
        self,
        pool: WorkerPool,
        sets: Sequence[DatasetRun],
        shared: AbstractSet[int] = frozenset(),
        shard: int = 0,
        of: int = 1,
    ) -> None:
        """Open datasets and encode what is missing of them: small ones at once, large ones in chunks.

        Of those whose numbers are ``shared``, each of ``of`` machines encodes its share of chunks.
        """
        chunks: deque[Chunk] = deque()
        openings = deque(OpenTask(s.number, s.folder, s.number not in shared, s.memory, self._place(s)) for s in sets)
        for opening, outcome in pool.run(start, openings):
            dataset = self.sets[opening.dataset]
            if isinstance(outcome, WorkerDied):
                if opening.whole:  # one of its units may be what ended the process: find out which
                    openings.append(opening._replace(whole=False))
                    continue
                dataset.failure = f"it cannot be opened: {outcome.reason}"
            elif isinstance(outcome, ToLabelboxError):
                dataset.failure = str(outcome)
            elif outcome.kept is not None:
                self._published(dataset, outcome.kept, outcome.report)
            else:
                ranges = self._opened(dataset, outcome.head, outcome.chunks)
                risky = not opening.whole and dataset.number not in shared
                if dataset.number in shared:
                    ranges = missing(plan(outcome.head.units)[shard::of], outcome.chunks)
                chunks.extend(
                    Chunk(dataset.number, a, b, dataset.folder or None, bool(dataset.folder), careful=risky)
                    for a, b in ranges
                )
            self._tell()
        chunks = deque(sorted(chunks))
        for chunk, result in encode_all(pool, chunks, self._common.fail):
            dataset = self.sets[chunk.dataset]
            if isinstance(result, ToLabelboxError):
                dataset.failure = dataset.failure or str(result)
                for other in [c for c in chunks if c.dataset == chunk.dataset]:
                    chunks.remove(other)
                continue
            self._add(dataset, result)
            assert dataset.head is not None
            assert dataset.gathered is not None
            if dataset.gathered.next == dataset.head.units:
                self._progress.datasets_done += 1
            self._tell()

    def _opened(
        self, dataset: DatasetRun, head: DatasetCheckpoint, parts: Sequence[EncodedChunk]
    ) -> list[tuple[int, int]]:
        """Take over what there is of a dataset; gives the ranges that are missing."""
        dataset.take_over(head, parts, self._common.fail)
        self._progress.datasets_opened += 1
        self._progress.units += head.units
        self._progress.units_done += sum(part.stop - part.start for part in parts)
        self._progress.annotations += dataset.read
        ranges = missing(plan(head.units), parts)
        if not ranges:
            self._progress.datasets_done += 1
        return ranges

    def _published(self, dataset: DatasetRun, kept: PublishedDataset, report: Report | None) -> None:
        """Take over what a finished run remembers of a dataset, in place of its chunks."""
        dataset.take_published(kept, report, self._common.fail)
        self._progress.datasets_opened += 1
        self._progress.units += kept.head.units
        self._progress.units_done += kept.head.units
        self._progress.annotations += dataset.read
        self._progress.datasets_done += 1

    def _reopen(self, dataset: DatasetRun) -> None:
        """Give up what is published of a dataset: the ontology has changed."""
        assert dataset.head is not None
        self._progress.datasets_opened -= 1
        self._progress.units -= dataset.head.units
        self._progress.units_done -= dataset.head.units
        self._progress.datasets_done -= 1
        self._progress.annotations -= dataset.read
        dataset.forget()

    def _add(self, dataset: DatasetRun, part: EncodedChunk) -> None:
        assert dataset.gathered is not None
        before = dataset.read
        dataset.gathered.add(part)
        self._progress.annotations += dataset.read - before
        self._progress.units_done += part.stop - part.start

    # -------------------------------------------------------------------------------------------------------- join

    def _find_repeats(self, pool: WorkerPool, sets: Sequence[DatasetRun]) -> None:
        """Look for assets that occur twice in a dataset."""
        repeats: deque[FindDuplicatesTask] = deque()
        for dataset in sets:
            if dataset.kept is None and dataset.gathered is not None and (wanted := same_keys(dataset.gathered.keys)):
                repeats.append(
                    FindDuplicatesTask(dataset.number, dataset.gathered.ranges, wanted, dataset.gathered.unread)
                )
        for task, outcome in pool.run(find_repeated, repeats):
            dataset = self.sets[task.dataset]
            assert dataset.gathered is not None
            if isinstance(outcome, WorkerDied | ToLabelboxError):
                dataset.failure = outcome.reason if isinstance(outcome, WorkerDied) else str(outcome)
            else:
                repeated, log = outcome
                dataset.gathered.leave_out(repeated)
                dataset.gathered.log.absorb(log)

    def _join(self) -> Ontology:
        """The ontology of all."""
        check_keys(self._alive, self._common, self._notes)
        check_class_map(self._alive, self._common, self._notes)
        opened = [(s.head.schema, s.gathered) for s in self._alive if s.head and s.gathered]
        check_patterns(self._common.settings, names_of(opened, self._common.settings.class_map), self._notes)
        check_addresses(self._alive, self._common, self._notes)
        told, settings, ontology = self._told, self._common.settings, self._common.ontology
        if settings.asks_one_tool and is_settled(ontology, settings):
            told = (SETTLED,)
        if ontology is None:
            seen = [DatasetSurvey(s.head.schema, s.gathered.survey) for s in self._alive if s.head and s.gathered]
            ontology = common_ontology(seen, settings)
        return replace(ontology, decisions=(*told, *ontology.decisions)) if told else ontology

    # ------------------------------------------------------------------------------------------------------ finish

    def _finish(self, pool: WorkerPool, ontology: Ontology) -> None:
        """Fill the ontology in and publish: small datasets whole in a worker, large ones here, from workers' pieces."""
        unpublished = [s for s in self._alive if s.kept is None]
        self._progress.step, self._progress.datasets_done = "writing", len(self.sets) - len(unpublished)
        path = save_ontology(ontology, self._working)
        os.makedirs(os.path.join(self._out, CACHE_FOLDER), exist_ok=True)
        tasks: deque[PublishTask | NameTask] = deque()
        large: list[DatasetRun] = []
        for dataset in unpublished:
            self._report(dataset, ontology)
            if dataset.failure:
                continue
            assert dataset.head is not None
            assert dataset.gathered is not None
            assert dataset.report is not None
            dataset.gathered.apart = dataset.found.path if dataset.apart else ""
            if dataset.head.units > WHOLE_UNITS:
                large.append(dataset)
            else:
                out = self._place(dataset)
                tasks.append(
                    PublishTask(
                        dataset.number,
                        dataset.folder,
                        out,
                        path,
                        dataset.head,
                        dataset.gathered,
                        dataset.report,
                        self._common.shard_lines,
                        self._compare,
                        dataset.counted,
                    )
                )
        self._publish_small(pool, tasks)
        filling = LineRenderer(self._writer, ontology)
        for dataset in large:
            self._publish_large(pool, dataset, filling, path)
            self._one_more()

    def _publish_small(self, pool: WorkerPool, tasks: deque[PublishTask | NameTask]) -> None:
        """Write datasets in workers, and give names to many at a time."""
        left, waiting = len(tasks), list[DatasetRun]()
        try:
            for task, outcome in pool.run(finish, tasks):
                written = isinstance(task, PublishTask)
                for number in (task.dataset,) if isinstance(task, PublishTask) else task.datasets:
                    dataset = self.sets[number]
                    if isinstance(outcome, WorkerDied | ToLabelboxError):
                        dataset.failure = outcome.reason if isinstance(outcome, WorkerDied) else str(outcome)
                    elif outcome:
                        assert dataset.report is not None
                        dataset.report.outputs = outcome
                        waiting.append(dataset)
                        continue
                    self._one_more()
                left -= written
                if waiting and (len(waiting) >= NAMED_TOGETHER or not left):
                    tasks.appendleft(self._naming(waiting))
                    waiting = []
        finally:
            for dataset in waiting:
                discard(self._place(dataset))

    def _naming(self, datasets: Sequence[DatasetRun]) -> NameTask:
        results = tuple(Complete(self._place(s), tuple(s.report.outputs)) for s in datasets if s.report)
        return NameTask(
            tuple(s.number for s in datasets), results, tuple((s.folder, self._memory(s)) for s in datasets)
        )

    def _publish_large(self, pool: WorkerPool, dataset: DatasetRun, filling: LineRenderer, ontology: str) -> None:
        assert dataset.head is not None
        assert dataset.gathered is not None
        assert dataset.report is not None
        folder, gathered = Folder(self._place(dataset), overwrite=True), dataset.gathered
        if dataset.report.failed:
            publish_failure(folder, dataset.report)
            return
        rendered = rendered_by(pool, dataset.folder, gathered.ranges, ontology)
        try:
            if self._compare:
                refuse_changed(dataset.job, dataset.head)
            report, parts, lines = dataset.report, dataset.folder, self._common.shard_lines
            result = complete(folder, parts, rendered, filling, report, gathered, lines)
            save_published(parts, dataset.head, gathered, report, dataset.counted)
            give_names([result])
            remember(parts, self._memory(dataset))
        except ToLabelboxError as error:
            dataset.failure = str(error)
        finally:
            folder.clean()

    def _report(self, dataset: DatasetRun, ontology: Ontology) -> None:
        """Draw up the report of a dataset, as far as it is known before anything is written."""
        assert dataset.head is not None
        assert dataset.gathered is not None
        try:
            self._writer.checks.limits(ontology, dataset.gathered.survey, dataset.gathered.log)
            dataset.report = report_of(self._writer, dataset.head.info, self._common.settings, dataset.gathered)
        except ToLabelboxError as error:
            dataset.failure = str(error)

    def _place(self, dataset: DatasetRun) -> str:
        return os.path.join(self._out, *dataset.found.path.split("/"))

    def _memory(self, dataset: DatasetRun) -> str:
        return os.path.join(self._out, CACHE_FOLDER, dataset.digest)

    def _one_more(self) -> None:
        self._progress.datasets_done += 1
        self._tell()

    # ------------------------------------------------------------------------------------------------------- close

    def _close(self, ontology: Ontology, schema: bytes) -> BatchReport:
        report = self._summed(ontology)
        data = {} if report.failed else {"ontology.json": schema}
        report.outputs = {n: Output(d.count(b"\n"), len(d), hashlib.sha256(d).hexdigest()) for n, d in data.items()}
        _write_last(self._out, self._working, {**data, REPORT: report.to_json()})
        # what failed is not remembered, so that the next run tries it again
        names = [s.digest for s in self.sets if not s.failure and s.report and not s.report.failed]
        save_index(os.path.join(self._out, CACHE_FOLDER), self._given, names)
        shutil.rmtree(self._working, ignore_errors=True)
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


def _write_last(out: str, working: str, files: Mapping[str, bytes]) -> None:
    """Files of the whole batch, each renamed when it is on the disk; the report comes last."""
    for name, data in files.items():
        temporary = os.path.join(working, name)
        with open(temporary, "wb") as file:
            file.write(data)
    sync_files(os.path.join(working, name) for name in files)
    with postponed():
        for name in files:
            os.replace(os.path.join(working, name), os.path.join(out, name))
            sync_folders([out])
        for name in os.listdir(out):
            if OURS.fullmatch(name) and name not in files:
                os.remove(os.path.join(out, name))
