"""The laws that every reader keeps, for the tests of a format of your own.

    from pathlib import Path
    from to_labelbox.testing import ReaderLaws
    from my_format import FORMAT

    class TestMyFormat(ReaderLaws):
        reader = FORMAT
        sources = [Path("tests/data/small.csv")]

pytest then runs each law over each source. A law that fails says what a user would see go wrong.
"""

from __future__ import annotations

import dataclasses
import random
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar
from unittest import SkipTest

from to_labelbox.api import Dataset, Log, Reader, Report, ToLabelboxError, convert, read, validate
from to_labelbox.conversion.process_pool import START_METHOD
from to_labelbox.model import Item, Relationship
from to_labelbox.plugins.detect import verdicts
from to_labelbox.plugins.options import option_infos
from to_labelbox.plugins.reader import Match
from to_labelbox.plugins.registry import readers
from to_labelbox.source.files import Source

MUTATIONS = 8
"""Broken copies of each source, always the same ones."""


def installed(reader: Reader) -> AbstractContextManager[None]:
    """Let a reader be found by its name, whether it is installed or not."""
    return readers().lent(reader.name, reader)


def observed(dataset: Dataset, start: int = 0, stop: int | None = None) -> tuple[list[Item], Any]:
    """The items of a range of units, and all that is said of them: ledger, diagnostics, unread, assumptions."""
    log = Log()
    items = list(dataset.items(log, start, stop))
    return items, said(log)


def said(log: Log) -> Any:
    """What a log holds, in a form that compares."""
    codes = {code: (d.count, d.message, d.examples) for code, d in log.diagnostics.items()}
    return dict(log.ledger), codes, log.unreadable, log.unread, log.assumptions


def check_ranges(dataset: Dataset) -> None:
    """Items can be iterated again, and unit by unit, with the same result: workers divide a set so."""
    items, whole = observed(dataset)
    assert observed(dataset) == (items, whole), "a second iteration differs from the first"
    pieces: list[Item] = []
    joined = Log()
    for unit in range(dataset.unit_count):
        log = Log()
        pieces += dataset.items(log, unit, unit + 1)
        joined.absorb(log)
    assert pieces == items, "units read one by one differ from all read at once"
    assert said(joined) == whole, "what is said of units one by one differs from what is said of all"


def check_identities(dataset: Dataset) -> None:
    """No two annotations of an asset have one id: uuids of the payload are made of them."""
    for item in dataset:
        ids = [a.id for a in item.annotations if a.source_count and not isinstance(a, Relationship)]
        assert len(ids) == len(set(ids)), f"{item.asset.path}: ids occur twice: {ids}"


def check_output(out: Path, report: Report) -> None:
    """The ledger balances, in total and per class, and the payload keeps the target's rules."""
    assert report.annotations.balanced(), report.annotations
    for label, tally in report.classes.items():
        assert tally.balanced(), f"class {label}: {tally}"
    faults = [str(fault) for fault in validate(out)]
    assert not faults, faults


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Damage of the kinds that files meet: cut off, bytes changed, a piece doubled or lost."""
    if not data:
        return b"\0"
    a, b = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return chance.choice(
        (
            data[:a],
            data[:a] + bytes(chance.randrange(256) for _ in range(4)) + data[a + 4 :],
            data[:b] + data[a:b] + data[b:],
            data[:a] + data[b:],
        )
    )


class ReaderLaws:
    """Inherit from it in a module of tests, and set ``reader`` and ``sources``.

    ``options`` are arguments of :func:`to_labelbox.convert` for all sources, such as ``{"options": {"label": "x"}}``.
    """

    reader: ClassVar[Reader]
    sources: ClassVar[Sequence[Path]]
    options: ClassVar[Mapping[str, Any]] = {}

    def _convert(self, source: Path, out: Path | None, **more: Any) -> Report:
        return convert(source, out, **{"format": self.reader.name, **self.options, **more})

    def _dataset(self, source: Path) -> Dataset:
        return read(source, format=self.reader.name, options=self.options.get("options"))

    def test_it_describes_itself(self) -> None:
        assert self.reader.title, "a title is its line in the list of formats"
        assert dataclasses.is_dataclass(self.reader.options)
        for option in option_infos(self.reader.options):
            assert option.help, f"-O {option.name} has no help"
        self.reader.options()

    def test_it_claims_its_sources_and_no_other_reader_does(self) -> None:
        with installed(self.reader):
            for source in self.sources:
                found = verdicts(Source(source))
                assert [n for n, v in found.items() if isinstance(v, Match)] == [self.reader.name], found

    def test_items_can_be_iterated_again_and_in_ranges(self) -> None:
        with installed(self.reader):
            for source in self.sources:
                check_ranges(self._dataset(source))

    def test_identities_are_unique_within_an_asset(self) -> None:
        with installed(self.reader):
            for source in self.sources:
                check_identities(self._dataset(source))

    def test_everything_is_accounted_for_and_the_payload_is_valid(self, tmp_path: Path) -> None:
        with installed(self.reader):
            for n, source in enumerate(self.sources):
                report = self._convert(source, tmp_path / str(n))
                assert report.annotations.written, f"{source}: nothing was written"
                check_output(tmp_path / str(n), report)

    def test_workers_do_not_change_a_byte(self, tmp_path: Path) -> None:
        if START_METHOD != "fork" and self.reader.name not in readers():
            raise SkipTest("processes that start afresh find no reader but those that are installed")
        with installed(self.reader):
            for source in self.sources:
                for workers in (1, 2):
                    self._convert(source, tmp_path / str(workers), workers=workers, overwrite=True)
                for name in ("annotations.ndjson", "data_rows.ndjson", "ontology.json"):
                    one, two = ((tmp_path / str(n) / name).read_bytes() for n in (1, 2))
                    assert one == two, f"{name} differs with two workers"

    def test_broken_input_is_told_and_counted(self, tmp_path: Path) -> None:
        with installed(self.reader):
            for source in self.sources:
                for n in range(MUTATIONS):
                    broken = _broken(source, tmp_path / f"{source.name}-{n}", random.Random(f"{source.name} {n}"))
                    try:
                        report = self._convert(broken, tmp_path / "out", overwrite=True)
                    except ToLabelboxError as error:
                        assert "defect" not in str(error), error
                    else:
                        check_output(tmp_path / "out", report)

    def test_files_of_nothing_are_refused_in_a_sentence(self, tmp_path: Path) -> None:
        with installed(self.reader):
            for n, content in enumerate((b"", b"{}", b"[]", b"<a/>", b"\0" * 100, b"\xff\xfe")):
                source = tmp_path / f"{n}{self.sources[0].suffix}"
                source.write_bytes(content)
                try:
                    report = self._convert(source, None)
                except ToLabelboxError as error:
                    assert "defect" not in str(error), error
                else:
                    assert report.annotations.balanced()
                    assert not report.annotations.written


def _broken(source: Path, copy: Path, chance: random.Random) -> Path:
    """A copy of a source of which one file is damaged."""
    if source.is_dir():
        shutil.copytree(source, copy)
        file = chance.choice(sorted(f for f in copy.rglob("*") if f.is_file()))
    else:
        copy.mkdir()
        file = Path(shutil.copy(source, copy / source.name))
    file.write_bytes(mutated(file.read_bytes(), chance))
    return copy if source.is_dir() else file
