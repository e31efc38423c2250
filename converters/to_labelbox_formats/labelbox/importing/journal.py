"""What an import remembers, so that it can be killed at any moment: ``OUT/import/state.json``, written whole each time.

Every object is recorded as soon as it is known. What a killed run has created and not recorded is found again by its
name and mark. The key and signed links are never in it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from to_labelbox.model.text import display, n_of
from to_labelbox.plugins.importer import ImportOptions, LineCounts, RowCounts
from to_labelbox.report.errors import UsageError
from to_labelbox.report.plain_words import in_words

T = TypeVar("T", bound=Struct)

FOLDER = "import"
STATE = "state.json"
VERSION = 1
NAMES = ("project", "project_id", "dataset", "dataset_id", "ontology", "ontology_id", "media_type")
FIXED = (*NAMES, "mode", "batch_size", "lines_per_job", "iam")
"""Options that may not change while an import is under way."""


class Batch(Struct):
    """``prefix`` names it; rows ``first`` to ``last`` of the project's, or ``rows``. ``tasks`` fill it."""

    prefix: str
    first: int
    last: int
    rows: list[int] = []
    tasks: list[str] = []
    id: str = ""
    size: int = 0
    done: bool = False


class Piece(Struct):
    """One import job. ``state``: "" before it, ``done``, ``failed`` (as a whole), ``split`` into others.

    ``classes``: lines by class and outcome. ``replaced``: what a later round has imported again, which counts there; ``again`` are its rows.
    ``rows``: numbers of rows where they are not the positions ``first`` to ``last`` of the project's rows with lines.
    """

    name: str
    first: int
    last: int
    lines: int = 0
    not_sent: int = 0
    sha256: str = ""
    state: str = ""
    seconds: float = 0.0
    note: str = ""
    rows: list[int] = []
    classes: dict[str, LineCounts] = {}
    replaced: dict[str, LineCounts] = {}
    again: list[int] = []


class Project(Struct):
    """One project, with the ids of what was created for it; "" as long as that is not known."""

    media_type: str
    name: str
    dataset_name: str
    ontology_name: str
    dataset: str = ""
    signed: bool = False
    ontology: str = ""
    project: str = ""
    connected: bool = False
    row_tasks: list[str] = []
    rows_done: bool = False
    rows: RowCounts = field(default_factory=RowCounts)
    batches: list[Batch] = []
    pieces: list[Piece] = []


class State(Struct):
    """``given``: the options that may not change. ``existing``: keys that were taken before the first creating call."""

    run: str
    inputs: dict[str, str]
    given: dict[str, Any]
    endpoint: str
    version: int = VERSION
    organisation: str = ""
    organisation_name: str = ""
    existing: int = 0
    fields: dict[str, str] = {}
    create_fields: dict[str, str] = {}
    rounds: int = 0
    finished: bool = False
    projects: list[Project] = []
    questions: list[str] = []
    left_over: list[str] = []
    notes: list[str] = []
    check: str = ""
    """SHA-256 of all the rest: a state that is not what was saved would lose or double lines."""


class Journal:
    """The folder of one import. ``first`` rows are an import of their own, so that a trial is no part of the whole."""

    def __init__(self, out: str, first: int = 0) -> None:
        self.root = os.path.join(out, FOLDER)
        self.folder = os.path.join(self.root, f"first-{first}") if first else self.root
        self.state: State | None = None

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def make(self) -> None:
        try:
            os.makedirs(self.folder, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self.folder} cannot be written: {error.strerror}") from None

    def leave_nothing_empty(self) -> None:
        """Folders in which nothing was recorded."""
        for folder in dict.fromkeys((self.folder, self.root)):
            with suppress(OSError):
                os.rmdir(folder)

    def load(self) -> State | None:
        """The state of an import that was begun. Raises :class:`UsageError` for one that cannot be read."""
        try:
            with open(self.path(STATE), "rb") as file:
                content = file.read()
            self.state = msgspec.json.decode(content, type=State)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise _unreadable(self.path(STATE), error) from None
        if self.state.version != VERSION:
            raise UsageError(f"{self.path(STATE)} is of another version of to-labelbox: finish with that, or --restart")
        if self.state.check and self.state.check != _check(self.state):
            raise UsageError(f"{self.path(STATE)} was changed by hand: put back what was there, or --restart")
        return self.state

    def begin(self, options: ImportOptions, inputs: dict[str, str], endpoint: str) -> State:
        self.state = State(secrets.token_hex(6), inputs, given(options), endpoint)
        return self.state

    def save(self) -> None:
        """Replace the file as a whole; after a crash it is the old one or the new one."""
        if self.state is not None:
            self.state.check = _check(self.state)
            self.write(STATE, [msgspec.json.format(msgspec.json.encode(self.state), indent=1)])

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """A file that appears when it is whole."""
        target = self.path(name)
        aside = f"{target}.partial"
        with open(aside, "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, target)

    def read(self, name: str, type: type[T], what: str, recorded: int | None) -> list[T]:
        """The lines of a file, none where there is none. Raises :class:`UsageError` when they are not as many as were recorded."""
        path = self.path(name)
        try:
            with open(path, "rb") as file:
                lines = [msgspec.json.decode(line, type=type) for line in file]
        except FileNotFoundError:
            lines = []
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from None
        if recorded not in (None, len(lines)):
            raise UsageError(
                f"{path} holds {n_of(len(lines), what)} and not the {recorded:,} that were recorded: put it back, or --restart"
            )
        return lines

    def forget(self) -> None:
        """Remove what is recorded; imports of the first rows are others."""
        for name in os.listdir(self.folder) if os.path.isdir(self.folder) else ():
            path = self.path(name)
            if os.path.isdir(path) or name.startswith("."):
                continue
            with suppress(OSError):
                os.remove(path)
        self.state = None

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            os.remove(self.path(name))

    def free(self) -> int:
        """Bytes that the disk has left."""
        return shutil.disk_usage(self.folder).free


def json_line(value: Struct) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _unreadable(path: str, error: Exception) -> UsageError:
    return UsageError(f"{path} cannot be read ({in_words(error)}): --restart begins anew")


def _check(state: State) -> str:
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(state, check=""))).hexdigest()


def given(options: ImportOptions) -> dict[str, Any]:
    return {name: getattr(options, name) for name in FIXED}


def other_payload(state: State, inputs: Mapping[str, str]) -> str:
    """That a state is of another payload than ``inputs``, and what it has made; empty when it is of this one."""
    changed = sorted({*state.inputs, *inputs} - {n for n in inputs if state.inputs.get(n) == inputs[n]})
    if not changed:
        return ""
    there = [f"{display(p.name)!r} ({p.project})" for p in state.projects if p.project]
    made = f"; what it has made stays in Labelbox: project {', '.join(there)}" if there else ""
    ended = "finished" if state.finished else "begun"
    return (
        f"the payload has changed since import {state.run} was {ended} ({', '.join(changed[:3])}), which is of what stood "
        f"here before{made}"
    )


_WAYS_ON = (
    "  convert … -o another folder     convert to a folder of its own, whose import is another\n"
    "  --restart --project NAME        forget that import, and import this payload into a new project\n"
    "  the old payload, put back       goes on with that import"
)


def check_same(state: State, options: ImportOptions, inputs: Mapping[str, str], endpoint: str, folder: str) -> None:
    """Raises :class:`UsageError` when this is not the import that was begun."""
    if changed := other_payload(state, inputs):
        raise UsageError(f"{changed}. Nothing was sent.\n{_WAYS_ON}")
    for name, value in given(options).items():
        was = state.given.get(name, value)
        if was != value and (value or name in ("project", "project_id")):
            option = "--as" if name == "mode" else f"--{name.replace('_', '-')}"
            raise UsageError(
                f"import {state.run} in {folder} was begun with {option} {was or '(none)'}, not {value or '(none)'}: "
                "go on with the same command, or --restart"
            )
    if state.endpoint != endpoint:
        raise UsageError(f"import {state.run} was begun at {state.endpoint}: give --endpoint {state.endpoint}")
