"""The plug-in contract: what a reader and a writer are, how they are found, how a source is recognised.

A format is a record of functions, named by an entry point in the group ``to_labelbox.readers`` or
``to_labelbox.writers``; built-in formats are found exactly as a third party's.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Protocol

from msgspec import Struct, field

from to_labelbox.diagnostics import Log, SourceError, UsageError
from to_labelbox.importer import Importer
from to_labelbox.media import Gallery
from to_labelbox.model import Classification, Item, Media
from to_labelbox.names import display
from to_labelbox.ontology import Ontology
from to_labelbox.schema import Schema
from to_labelbox.settings import Settings
from to_labelbox.source import Source
from to_labelbox.survey import Survey

# -------------------------------------------------------------------------------------------------- detection


class Match(Struct, frozen=True):
    """A reader's claim on a source: confidence 1..100 and the reason, in words a user understands."""

    confidence: int
    reason: str


class Refusal(Struct, frozen=True):
    """Why a reader does not claim a source."""

    reason: str


CERTAIN = 90
"""The content says so (keys, root element)."""
LIKELY = 60
"""Layout and names say so."""
POSSIBLE = 30
"""Nothing speaks against it."""

# ---------------------------------------------------------------------------------------------------- reading


class ReadContext(Struct):
    """What the caller lends to a reader.

    ``log``: diagnostics and ledger of the opening phase; iteration gets a log of its own.
    ``media``: look-up of picture headers below the media root, or None when no media is at hand.
    ``sizes``: asset path → (width, height), from a sizes file.
    ``boxes_only``: outlines will not be used, so a reader that knows the source's own box may set
    :attr:`~to_labelbox.model.Object.reduced` instead of decoding them.
    ``exif``: turn coordinates of the upright picture back to stored pixels when the header says that it is turned.
    """

    log: Log = field(default_factory=Log)
    media: Gallery | None = None
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    boxes_only: bool = False
    exif: bool = True


ItemFactory = Callable[[Log, int, int], Iterator[Item]]


class Dataset(Struct, frozen=True):
    """A source that has been opened: its schema, and items that can be iterated again and again.

    ``units`` is the number of work units (images, files, tasks); ``iterate(log, start, stop)`` yields the items of the
    units ``start <= unit < stop``, so that ranges can be converted apart, in any process, and joined in order. What it
    yields for a unit depends on that unit and on what opening the source has found, never on other ranges.
    ``details`` go into the report. ``unit_name`` is the file or record of a unit, found without reading it: it names
    what has ended a worker process.
    """

    name: str
    schema: Schema
    units: int
    iterate: ItemFactory
    details: Mapping[str, Any] = field(default_factory=dict)
    unit_name: Callable[[int], str] | None = None

    def items(self, log: Log | None = None, start: int = 0, stop: int | None = None) -> Iterator[Item]:
        return self.iterate(Log() if log is None else log, start, self.units if stop is None else stop)

    def __iter__(self) -> Iterator[Item]:
        return self.items()


class Reader(Struct, frozen=True):
    """A source format.

    ``media`` and ``produces`` (model types) state what it can yield; a test holds it to that. ``options`` is a
    dataclass whose fields, defaults and ``metadata={"help": …}`` are the options of the format.
    ``upright``: its coordinates are of the picture as displayed, EXIF orientation applied.
    ``parts``: a pattern of names of folders that are parts of its sets, beside those that any format has (``train``).
    ``whole_files``: each of its files is a set by itself, so that a folder with some below another one with some is
    another set.
    """

    name: str
    title: str
    docs: str
    media: frozenset[Media]
    produces: frozenset[type]
    options: type
    sniff: Callable[[Source], Match | Refusal]
    read: Callable[[Source, Any, ReadContext], Dataset]
    upright: bool = False
    parts: str = ""
    whole_files: bool = False


# --------------------------------------------------------------------------------------------------- registry


class Registry(dict[str, Any]):
    """Formats by name; a plug-in that cannot be imported is kept as its error and named when it is asked for."""

    def __init__(self, group: str) -> None:
        super().__init__()
        self.broken: dict[str, str] = {}
        for point in sorted(entry_points(group=group), key=lambda p: p.name):
            try:
                self[point.name] = point.load()
            except Exception as error:  # a third party's import may fail in any way
                self.broken[point.name] = f"{type(error).__name__}: {error}"


@cache
def readers() -> Mapping[str, Reader]:
    """All installed readers by name."""
    return Registry("to_labelbox.readers")


@cache
def writers() -> Mapping[str, Writer]:
    """All installed writers by name."""
    return Registry("to_labelbox.writers")


def reader(name: str) -> Reader:
    """The reader of that name. Raises :class:`UsageError` naming those there are."""
    table = readers()
    if name in table:
        return table[name]
    broken = getattr(table, "broken", {})
    if name in broken:
        raise UsageError(f"format {name!r} is installed but cannot be loaded: {broken[name]}")
    raise UsageError(f"no format {name!r}; there are: {', '.join(table)}")


class Detection(Struct, frozen=True):
    """The chosen reader, and what every reader said."""

    reader: Reader
    match: Match
    verdicts: Mapping[str, Match | Refusal]


def verdicts(source: Source) -> dict[str, Match | Refusal]:
    """What every installed reader says of a source."""
    return {name: reader.sniff(source) for name, reader in readers().items()}


def detect(source: Source) -> Detection:
    """The reader with the highest confidence. Raises :class:`SourceError` when none claims it, or on a tie.

    All claims from :data:`LIKELY` on tie, however they differ: a folder that holds two formats is the user's to decide.
    """
    said = verdicts(source)
    claims = sorted(
        ((v.confidence, n, v) for n, v in said.items() if isinstance(v, Match)), key=lambda c: (-c[0], c[1])
    )
    if not claims:
        if kind := source.archive_kind():
            raise SourceError(
                f"{source.path} is a {kind} archive, which is not read in place: unpack it and give the folder"
            )
        broken = [f"  {name} cannot be read: {why}" for name, why in list(source.unreadable.items())[:3]]
        if links := source.links:
            broken.append(
                f"  {len(links)} {'link is' if len(links) == 1 else 'links are'} not followed, {links[0]} is the first"
            )
        reasons = "\n".join([*broken, *(f"  not {n}: {v.reason}" for n, v in said.items())])
        inside = source.ending(".zip")
        advice = (
            f"It holds archives ({display(inside[0])}): convert each by itself, or all of them with the command batch"
            if inside and not source.is_archive
            else "Use --from NAME if you know what it is"
        )
        raise SourceError(f"{source.path}: no known format\n{reasons}\n{advice}")
    tied = [c for c in claims if c[0] >= min(LIKELY, claims[0][0])]
    if len(tied) > 1:
        reasons = "\n".join(f"  {n}: {v.reason}" for _, n, v in tied)
        raise SourceError(
            f"{source.path}: could be {' or '.join(n for _, n, _ in tied)}\n{reasons}\n"
            f"Say which one with {' or '.join(f'--from {n}' for _, n, _ in tied)}"
        )
    _, name, match = claims[0]
    return Detection(readers()[name], match, said)


# ---------------------------------------------------------------------------------------------------- options


class OptionInfo(Struct, frozen=True):
    name: str
    type: str
    default: Any
    help: str
    choices: tuple[str, ...]


def option_infos(options: type) -> list[OptionInfo]:
    """The options of a format, from its dataclass."""
    hints = typing.get_type_hints(options)
    infos = []
    for f in dataclasses.fields(options):
        kind = _plain(hints[f.name])
        choices = tuple(m.value for m in kind) if isinstance(kind, type) and issubclass(kind, Enum) else ()
        infos.append(
            OptionInfo(f.name, "choice" if choices else kind.__name__, f.default, f.metadata.get("help", ""), choices)
        )
    return infos


def _plain(hint: Any) -> Any:
    """``T | None`` → T."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return next(a for a in typing.get_args(hint) if a is not type(None))
    return hint


_TRUE, _FALSE = {"true", "yes", "1", "on"}, {"false", "no", "0", "off"}


def make_options(reader: Reader, writer: Writer, given: Mapping[str, Any]) -> tuple[Any, Any]:
    """The options dataclasses of a reader and a writer, filled from one set of ``key=value`` pairs.

    Values may be texts or already of the right type. Raises :class:`UsageError` that lists what there is.
    """
    tables = [(f.name, f.options, {d.name for d in dataclasses.fields(f.options)}) for f in (reader, writer)]
    values: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for key, value in given.items():
        name = key.replace("-", "_")
        for (format, options, known), filled in zip(tables, values):
            if name in known:
                kind = _plain(typing.get_type_hints(options)[name])
                filled[name] = _parse(format, key, value, kind) if isinstance(value, str) else value
                break
        else:
            listing = "; ".join(f"{f}: {', '.join(sorted(known)) or 'none'}" for f, _, known in tables)
            raise UsageError(f"no option {key!r} for {reader.name} to {writer.name}; there are: {listing}")
    return reader.options(**values[0]), writer.options(**values[1])


def option_names(reader: Reader, writer: Writer) -> set[str]:
    """Names of the options that a conversion between the two takes."""
    return {f.name for format in (reader, writer) for f in dataclasses.fields(format.options)}


def _parse(format: str, key: str, text: str, kind: Any) -> Any:
    try:
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(text)
        if kind is bool:
            if text.lower() in _TRUE | _FALSE:
                return text.lower() in _TRUE
            raise ValueError(text)
        return kind(text)
    except ValueError:
        allowed = "|".join(str(m.value) for m in kind) if issubclass(kind, Enum) else kind.__name__
        raise UsageError(f"{format} option {key}: {text!r} is not a {allowed}") from None


def describe(names: Sequence[str] = ()) -> list[Reader]:
    """The readers of those names, or all of them."""
    return [reader(n) for n in names] if names else list(readers().values())


# ---------------------------------------------------------------------------------------------------- writing


class Encoded(Protocol):
    """What a chunk of items became: everything that later steps need, small apart from the two byte strings.

    ``lines`` is the payload with the ontology's choices still open, as far as it has not been handed on already; ``rows``
    are finished data rows. ``counts`` are lines an item; ``keys`` is a 64-bit hash of the global key of every item.
    """

    rows: bytes
    lines: bytes
    counts: array[int]
    keys: array[int]
    survey: Survey
    log: Log
    items: int
    written: int


class Encoder(Protocol):
    """Turns items into payload lines one after another.

    ``spill``, when given, takes whole lines every megabyte or so, also in the middle of an item.
    """

    spill: Callable[[bytes], None] | None

    def add(self, item: Item) -> None: ...

    def take(self) -> Encoded:
        """What has been encoded since the last call."""
        ...


class Fault(Struct, frozen=True):
    """One violation of the target's rules, at a line of a file."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class Validate(Protocol):
    """Faults of an output folder, or of one payload file against an ontology file.

    With ``media_root``, what the payload draws is compared with the sizes of the pictures below it.
    """

    def __call__(self, path: str, ontology: str | None = None, media_root: str | None = None) -> Iterator[Fault]: ...


class PreviewOptions(Struct, frozen=True, kw_only=True):
    """What a preview shows: up to ``count`` assets, evenly spread over the set, or drawn at random by ``seed``.

    ``media_root`` is the folder of the media. ``only``: assets with one of these tools or questions. ``problems``: assets
    with annotations that were approximated or skipped, as far as the report tells which.
    """

    media_root: str | None = None
    count: int = 10
    seed: int | None = None
    only: tuple[str, ...] = ()
    problems: bool = False


class Limit(Struct, frozen=True):
    """What a target takes at most of something, and what a set reaches; None where that is not known or less."""

    name: str
    most: int
    value: int | None

    @property
    def hit(self) -> bool:
        return self.value is not None and self.value > self.most


class Preview(Protocol):
    """A page in HTML, piece by piece, that shows what an output folder holds."""

    def __call__(self, folder: str, options: PreviewOptions) -> Iterator[str]: ...


class Writer(Struct, frozen=True):
    """A target format.

    Writing has two steps, because the payload's shape depends on the ontology and the ontology on all items:
    ``encoder(settings, options, dataset name, log)`` makes lines in which the ontology's choices are open, and
    ``renderer(ontology)`` fills them in. ``parse_ontology(path)`` reads an existing ontology.
    ``tell_apart(lines, given, dataset)`` gives the lines of an item other identities where these are among ``given``, or
    with the name of a dataset all of them, and adds to it. ``limits`` notes what an import would run into and gives all limits. ``key(settings, dataset name, item)`` is the item's global key.
    """

    name: str
    title: str
    docs: str
    options: type
    encoder: Callable[[Settings, Any, str, Log], Encoder]
    renderer: Callable[[Ontology], Callable[[bytes], bytes]]
    ontology_json: Callable[[Ontology], bytes]
    parse_ontology: Callable[[str], Ontology]
    tell_apart: Callable[[list[bytes], set[bytes], str], list[bytes]]
    limits: Callable[[Ontology, Survey, Log], Sequence[Limit]]
    validate: Validate
    line_kinds: Callable[[Survey], Mapping[str, int]]
    preview: Preview | None = None
    importer: Importer | None = None


def writer(name: str = "labelbox") -> Writer:
    """The writer of that name. Raises :class:`UsageError` naming those there are."""
    table = writers()
    if name not in table:
        raise UsageError(f"no target {name!r}; there are: {', '.join(table)}")
    return table[name]


def dataset_of(items: Sequence[Item], name: str = "dataset", schema: Schema | None = None) -> Dataset:
    """A dataset of items made in Python."""

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        for item in items[start:stop]:
            for annotation in item.annotations:
                label = annotation.name if isinstance(annotation, Classification) else annotation.label
                log.read(annotation.counted or label, annotation.units)
            yield item

    return Dataset(name, schema or Schema(), len(items), iterate)
