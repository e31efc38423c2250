"""What a writer is: how items become lines, and what a target knows about its own files."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from to_labelbox.model.items import Item
from to_labelbox.model.survey import Survey
from to_labelbox.ontology.infer import Ontology
from to_labelbox.report.codes import Severity
from to_labelbox.report.log import Log
from to_labelbox.rules.option import FilePath, option
from to_labelbox.rules.record import record
from to_labelbox.rules.settings import Settings

if TYPE_CHECKING:  # loaded when something is imported or compared
    from to_labelbox.plugins.comparer import Comparer
    from to_labelbox.plugins.importer import Importer


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

    ``spill``, when given, takes whole lines every 128 kB or so, also in the middle of an item.
    """

    spill: Callable[[bytes], None] | None

    def index_to(self, write: Callable[[bytes], None] | None, first_line: int = 1) -> None:
        """Write as many lines of :class:`~to_labelbox.report.annotation_index.IndexLine` as lines, all by the end of :meth:`take`.

        ``first_line`` is the number of the next line.
        """
        ...

    def add(self, *items: Item) -> None:
        """Encode items; it is quicker to give some at a time than each by itself."""
        ...

    def take(self) -> Encoded:
        """What has been encoded since the last call."""
        ...


class Fault(Struct, frozen=True):
    """One violation of the target's rules, at a line of a file.

    With a lower ``severity`` it is a warning, or a hint: the target takes it, but advises otherwise. ``code`` is that of the
    report where a conversion says the same.
    """

    file: str
    line: int
    message: str
    severity: Severity = Severity.ERROR
    code: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        kind = {Severity.ERROR: "", Severity.WARNING: "warning: ", Severity.INFO: "hint: "}[self.severity]
        return f"{place}: {kind}{f'{self.code}: ' if self.code else ''}{self.message}"


class Validate(Protocol):
    """Faults of an output folder, or of one payload file against an ontology file.

    With ``media_root``, what the payload draws is compared with the sizes of the pictures below it. ``progress`` hears
    now and then which part is checked, from 0 to 1.
    """

    def __call__(
        self,
        path: str,
        ontology: str | None = None,
        media_root: str | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Iterator[Fault]: ...


@record(frozen=True, kw_only=True)
class PreviewOptions:
    """What a preview shows: up to ``count`` assets, evenly spread over the set, or drawn at random by ``seed``.

    ``problems`` keeps to assets with annotations that were approximated or skipped, as far as index and report tell which.
    ``chosen`` hears how many assets are shown, of how many, and of how many of those shown no picture is at hand.
    """

    media_root: FilePath | None = option(None, "Folder of the media, as for convert.", metavar="DIR", path=True)
    count: int = option(10, "Data rows.", flag="-n --number", least=1, most=10_000)
    seed: int | None = option(None, "Draw them at random; evenly spread by default.", flag="--sample", metavar="SEED")
    only: Sequence[str] = option((), "Only data rows with this tool or question; repeat it.", metavar="CLASS")
    problems: bool = option(False, "Only data rows with losses, each with what it lost.")
    overwrite: bool = option(False, "Replace FILE although it is no preview.")
    chosen: Callable[[int, int, int], None] | None = option(None)


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


class Encoding(Struct, frozen=True):
    """How items become lines, in two steps, because the payload's shape depends on the ontology and the ontology on all items.

    ``encoder(settings, options, dataset name, log)`` makes lines in which the ontology's choices are open;
    ``filler(ontology)`` fills them in. ``separate(lines, given, dataset)`` gives the lines of an item other identities where
    these are among ``given``, or with the name of a dataset all of them, and adds to it. ``line_kinds`` counts lines by what
    they hold.
    """

    encoder: Callable[[Settings, Any, str, Log], Encoder]
    filler: Callable[[Ontology], Callable[[bytes], bytes]]
    separate: Callable[[list[bytes], set[bytes], str], list[bytes]]
    line_kinds: Callable[[Survey], Mapping[str, int]]


class OntologyFile(Struct, frozen=True):
    """An ontology as the target's own JSON: its bytes, and one that is read from a path."""

    dump: Callable[[Ontology], bytes]
    load: Callable[[str], Ontology]


class Checks(Struct, frozen=True):
    """What the target takes. ``limits`` notes what an import would run into and gives all limits."""

    limits: Callable[[Ontology, Survey, Log], Sequence[Limit]]
    validate: Validate


class Service(Struct, frozen=True):
    """What else there is for a target: a page that shows an output, what takes one into the target's service, and what holds one
    against an export of the service."""

    preview: Preview | None = None
    importer: Callable[[], Importer] | None = None
    comparer: Callable[[], Comparer] | None = None


class Writer(Struct, frozen=True):
    """A target format: how it is called, its options, and the four things that it can do."""

    name: str
    title: str
    docs: str
    options: type
    encoding: Encoding
    ontology: OntologyFile
    checks: Checks
    service: Service = Service()
