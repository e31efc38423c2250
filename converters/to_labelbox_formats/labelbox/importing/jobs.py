"""Steps 5 and 6: import jobs, one at a time, each of whole data rows.

A job is known by its name, so it is looked for before it is made and after any error. The lines behind a name never
change: they are cut by rule and their hash is recorded. A job that fails as a whole says nothing, so it is halved until
the rows that spoil it are found.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec
from msgspec import Struct

from to_labelbox.model.text import n_of
from to_labelbox.plugins.importer import LineCounts
from to_labelbox.report.errors import NotAllowedError, RefusedError, UnavailableError, UsageError
from to_labelbox_formats.labelbox.importing.calls import PAUSES, Expired, Unanswered, looks
from to_labelbox_formats.labelbox.importing.client import JobState, Labelbox
from to_labelbox_formats.labelbox.importing.journal import Journal, Piece, Project, json_line
from to_labelbox_formats.labelbox.importing.plan import Plan, ProjectPlan
from to_labelbox_formats.labelbox.importing.statuses import (
    UNKNOWN,
    Outcome,
    SentLine,
    count,
    match,
    read_statuses,
    sent_lines,
)

ENDED = ("done", "failed")
MOST_HALVES = 20
"""Jobs that one failed job may cost."""
FAILED_AS_A_WHOLE = (
    "Labelbox failed the import job as a whole and gives no reason; of its halves, those without this row came through"
)


class FailedLine(Struct):
    """A line that is not known to be imported, as it is kept until the report is written."""

    line: int
    uuid: str
    label: str
    key: str
    state: str
    message: str
    row: str = ""
    number: int = -1
    """The row of the plan."""


class Jobs:
    """The import jobs of one project. ``without``: rows that do not exist, whose lines are not sent."""

    def __init__(
        self, box: Labelbox, plan: Plan, journal: Journal, mode: str, number: int, said: Callable[[int, int], None]
    ) -> None:
        self._box, self._plan, self._journal, self._mode, self._said = box, plan, journal, mode, said
        self._number = number

    @classmethod
    def of_files(cls, journal: Journal, number: int) -> Jobs:
        """For what is on disk alone."""
        return cls(None, None, journal, "", number, lambda done, total: None)  # type: ignore[arg-type]

    def name(self, piece: Piece) -> str:
        state = self._journal.state
        assert state is not None
        return f"to-labelbox {state.run} {piece.name}"

    def file(self, piece: Piece, kind: str) -> str:
        """The files of a job; several projects number their jobs alike."""
        return f"{self._number}-{piece.name}.{kind}.ndjson" if self._number else f"{piece.name}.{kind}.ndjson"

    # ------------------------------------------------------------------------------------------------------ cutting

    def cut(self, project: Project, plan: ProjectPlan, most: int) -> None:
        """Lay down which rows go into which job, once for all."""
        project.pieces = [
            Piece(f"{n:04}", shard.first, shard.last)
            for n, shard in enumerate(self._plan.shards(plan.line_rows, most), 1)
        ]

    def rows_of(self, piece: Piece, plan: ProjectPlan) -> Sequence[int]:
        return piece.rows or [int(row) for row in plan.line_rows[piece.first : piece.last]]

    def write(self, piece: Piece, plan: ProjectPlan, without: set[int]) -> list[SentLine]:
        """The file of a job. Raises :class:`UsageError` when it is not what was sent under that name before."""
        digest = hashlib.sha256()
        sent: list[SentLine] = []
        skipped: dict[str, LineCounts] = {}

        def chunks() -> Iterator[bytes]:
            for row in self.rows_of(piece, plan):
                data = self._plan.lines(row)
                numbers = self._plan.line_numbers(row)
                if row in without:
                    for number in numbers:
                        counts = skipped.setdefault(self._plan.classes[self._plan.line_class[number]], LineCounts())
                        counts.lines += 1
                        counts.not_sent += 1
                    continue
                if not data.endswith(b"\n"):
                    data += b"\n"
                sent.extend(sent_lines(data, numbers, row))
                digest.update(data)
                yield data

        self._journal.write(self.file(piece, "lines"), chunks())
        if piece.sha256 and piece.sha256 != digest.hexdigest():
            raise UsageError(f"the lines of {self.name(piece)} are not those that were sent before: --restart")
        piece.sha256, piece.lines = digest.hexdigest(), len(sent)
        piece.not_sent = sum(c.not_sent for c in skipped.values())
        piece.classes = skipped
        return sent

    # ------------------------------------------------------------------------------------------------------ running

    def run(self, project: Project, plan: ProjectPlan, without: set[int]) -> None:
        """Bring every job to its end."""
        total = max(1, plan.lines)
        while piece := next((p for p in project.pieces if not p.state), None):
            self._one(project, plan, piece, without)
            done = sum(p.lines + p.not_sent for p in project.pieces if p.state in ENDED)
            self._said(min(done, total), total)

    def _one(self, project: Project, plan: ProjectPlan, piece: Piece, without: set[int]) -> None:
        started = time.monotonic()
        sent = self.write(piece, plan, without)
        self._journal.save()
        if not sent:
            piece.state = "done"
        else:
            job = self._wait(project, self._ensure(project, piece), piece)
            if job.state == "FAILED":
                self._halve(project, piece, sent)
            else:
                self._finish(project, piece, sent, self._statuses(project, piece, job))
        piece.seconds = round(piece.seconds + time.monotonic() - started, 1)
        self._journal.save()
        self._journal.remove(self.file(piece, "lines"))

    def _ensure(self, project: Project, piece: Piece) -> JobState:
        """The job of that name: found, or made."""
        name, step = self.name(piece), f"importing {self.name(piece)}"
        path = self._journal.path(self.file(piece, "lines"))
        for pause in (*PAUSES, None):
            if (job := self._box.job(self._mode, project.project, name)) is not None:
                return job
            try:
                return self._box.call(step, lambda: self._box.create_job(self._mode, project.project, name, path))
            except Unanswered as error:
                if pause is None:
                    raise UnavailableError(f"{step}: no answer: {error}") from None
                time.sleep(pause)
            except (RefusedError, NotAllowedError):  # also when it is there already
                if (job := self._box.job(self._mode, project.project, name)) is not None:
                    return job
                raise
        raise AssertionError

    def _wait(self, project: Project, job: JobState, piece: Piece) -> JobState:
        pauses = looks()
        next(pauses)
        while job.state == "RUNNING":
            next(pauses)
            again = self._box.job(self._mode, project.project, self.name(piece))
            if again is None:
                raise RefusedError(f"the job {self.name(piece)} is not there any more")
            job = again
        return job

    # ------------------------------------------------------------------------------------------------------ results

    def _statuses(self, project: Project, piece: Piece, job: JobState) -> bytes | None:
        """The result file, saved as it is; None when its link is no longer good."""
        if not job.statuses:
            return b""
        for pause in (*PAUSES, None):
            try:
                return b"".join(line + b"\n" for line in self._box.download(job.statuses))
            except Expired:
                again = self._box.job(self._mode, project.project, self.name(piece))
                if again is None or again.statuses == job.statuses:
                    return None
                job = again
            except Unanswered as error:
                if pause is None:
                    raise UnavailableError(f"fetching the results of {self.name(piece)}: {error}") from None
                time.sleep(pause)
        return None

    def _arrived_empty(self, job: JobState) -> bool:
        """Whether Labelbox has received a file without a byte, as its own copy shows."""
        try:
            return bool(job.input) and next(iter(self._box.download(job.input)), None) is None
        except (Expired, Unanswered):
            return False

    def _finish(self, project: Project, piece: Piece, sent: list[SentLine], raw: bytes | None) -> None:
        if raw is None:
            piece.note = "imported; the result is unknown, as its link is no longer good"
            outcomes = [Outcome(UNKNOWN, piece.note) for _ in sent]
        else:
            statuses = list(read_statuses(raw.split(b"\n")))
            if not statuses and self._resend(project, piece):
                return
            outcomes = match(sent, statuses)
            if len(statuses) != len(sent):
                piece.note = f"{n_of(len(statuses), 'status', 'statuses')} came back for {n_of(len(sent), 'line')}"
        self._keep(piece, sent, outcomes)
        self._journal.write(self.file(piece, "statuses"), [raw or b""])
        piece.state = "done"

    def _resend(self, project: Project, piece: Piece) -> bool:
        """A job that has received nothing is made again under another name."""
        job = self._box.job(self._mode, project.project, self.name(piece))
        if job is None or not self._arrived_empty(job) or piece.name.count("r") >= 2:
            return False
        again = msgspec.structs.replace(piece, name=f"{piece.name}r", state="", note="")
        piece.state, piece.note, piece.classes = "split", "the file arrived empty; it was sent again", {}
        project.pieces.insert(project.pieces.index(piece) + 1, again)
        return True

    def _keep(self, piece: Piece, sent: list[SentLine], outcomes: list[Outcome]) -> None:
        """Counts by class, and a file of the lines that are not known to be imported."""
        for label, counts in count(sent, outcomes).items():
            piece.classes.setdefault(label, LineCounts()).add(counts)
        failed = [
            FailedLine(line.number, line.uuid, line.label, line.key, o.state, o.message, o.row, line.row)
            for line, o in zip(sent, outcomes)
            if o.state != "imported"
        ]
        self._journal.write(self.file(piece, "failed"), map(json_line, failed))

    def _halve(self, project: Project, piece: Piece, sent: list[SentLine]) -> None:
        """A job failed as a whole: its halves are jobs, down to single rows or the most that one may cost."""
        rows = list(dict.fromkeys(line.row for line in sent))
        root = piece.name.rstrip("ab")
        used = sum(1 for p in project.pieces if p.name != root and p.name.rstrip("ab") == root)
        if len(rows) == 1 or used + 2 > MOST_HALVES:
            piece.note = "failed as a whole"
            self._keep(piece, sent, [Outcome("failed", FAILED_AS_A_WHOLE) for _ in sent])
            self._journal.write(self.file(piece, "statuses"), [b""])
            piece.state = "failed"
            return
        middle = len(rows) // 2
        halves = [
            Piece(f"{piece.name}{n}", 0, 0, rows=part) for n, part in (("a", rows[:middle]), ("b", rows[middle:]))
        ]
        at = project.pieces.index(piece) + 1
        project.pieces[at:at] = halves
        # the rows that were not sent count in this piece still
        piece.state, piece.note, piece.lines = "split", "failed as a whole; sent again in halves", 0

    # ----------------------------------------------------------------------------------------------- failed, again

    def failed_rows(self, piece: Piece) -> Iterator[FailedLine]:
        """The lines of a job that are not known to be imported, but for those of rows that a later round has sent again."""
        again = set(piece.again)
        recorded = sum(c.failed + c.unknown for c in piece.classes.values()) if piece.state in ENDED else None
        lines = self._journal.read(self.file(piece, "failed"), FailedLine, "line", recorded)
        yield from (line for line in lines if line.number not in again)

    def failed(self, project: Project, plan: ProjectPlan) -> list[tuple[Piece, list[int]]]:
        """The rows of which a line has failed, by the job in which they count."""
        found = []
        for piece in project.pieces:
            numbers = {f.line for f in self.failed_rows(piece) if f.state == "failed"} if piece.state in ENDED else ()
            rows = self.rows_of(piece, plan) if numbers else ()
            mine = [row for row in rows if not numbers.isdisjoint(self._plan.line_numbers(row))]  # type: ignore[union-attr]
            if mine:
                found.append((piece, mine))
        return found

    def again(self, project: Project, plan: ProjectPlan, round: int, most: int, made: set[int]) -> int:
        """Begin another round with the whole rows of which a line has failed, and with those ``made`` since.

        Gives the number of rows.
        """
        rows: list[int] = []
        for piece, mine in self.failed(project, plan):
            self._replace(piece, mine, "sent")
            rows += mine
        for piece in project.pieces if made else ():
            mine = [row for row in self.rows_of(piece, plan) if row in made] if piece.not_sent else []
            self._replace(piece, mine, "not_sent")
            rows += mine
        for n, shard in enumerate(self._plan.shards(rows, most), 1):
            project.pieces.append(Piece(f"R{round}-{n:04}", 0, 0, rows=rows[shard.first : shard.last]))
        return len(rows)

    def _replace(self, piece: Piece, rows: list[int], were: str) -> None:
        """Take rows out of what a job counts, as they count in another round."""
        if not rows:
            return
        outcomes = {f.line: f.state for f in self.failed_rows(piece)}
        for row in rows:
            for number in self._plan.line_numbers(row):
                label = self._plan.classes[self._plan.line_class[number]]
                counts = piece.replaced.setdefault(label, LineCounts())
                state = outcomes.get(number, "imported")
                counts.lines += 1
                setattr(counts, were, getattr(counts, were) + 1)
                if were == "sent":
                    setattr(counts, state, getattr(counts, state) + 1)
        piece.again += rows
