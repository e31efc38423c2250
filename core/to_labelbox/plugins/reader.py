"""What a reader is: how it recognises a source, what it is lent, what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeVar

from msgspec import Struct, field

from to_labelbox.model.items import Asset
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.entry_points import load
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.rules.record import record
from to_labelbox.rules.settings import OtherSize
from to_labelbox.source.asset_lookup import AssetTable, Claims, MediaFolder
from to_labelbox.source.files import Source

T = TypeVar("T")
R = TypeVar("R")


class Each(Protocol):
    def __call__(self, function: Callable[[T], R], tasks: Sequence[T], /) -> Iterable[R]: ...


class Match(Struct, frozen=True):
    """A reader's claim on a source: confidence 1..100 and the reason, in words a user understands."""

    confidence: int
    reason: str


class Refusal(Struct, frozen=True):
    """Why a reader does not claim a source. ``several``: it would claim parts of it, each by itself."""

    reason: str
    several: bool = False


CERTAIN = 90
"""The content says so (keys, root element)."""

LIKELY = 60
"""Layout and names say so."""

POSSIBLE = 30
"""Nothing speaks against it."""


class ReadContext(Struct):
    """What the caller lends to a reader.

    ``log``: diagnostics and ledger of the opening phase; iteration gets a log of its own.
    ``media``: look-up of picture headers below the media root, or None when no media is at hand.
    ``sizes``: asset path → (width, height), from a sizes file.
    ``boxes_only``: outlines will not be used, so a reader that knows the source's own box may set
    :attr:`~to_labelbox.model.items.Object.outline_unread` instead of decoding them.
    ``outlines_only``: all areas are written as outlines and all classes as they are, so a reader may give
    :class:`~to_labelbox.model.tables.Rows`.
    ``exif``: turn coordinates of the upright picture back to stored pixels when the header says that it is turned.
    ``other_size``: what labels are pixels of, where a picture has another size than the source states. A reader that states
    both in its assets (:attr:`~to_labelbox.model.items.Asset.picture`) need not look at it.
    ``each``: as the builtin ``map``, but the calls may happen in other processes: what is called stands in a module, and its
    argument and result can be pickled.
    ``claims``: the names of the set's assets, for ``media`` and ``sizes``; those of the Dataset are set when it is opened, so only a
    reader that looks for files before need set them.
    """

    log: Log = field(default_factory=Log)
    media: MediaFolder | None = None
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=AssetTable)
    boxes_only: bool = False
    outlines_only: bool = False
    exif: bool = True
    other_size: OtherSize = OtherSize.AUTO
    each: Each = map
    claims: Claims = field(default_factory=Claims)

    def asset(self, path: str, log: Log, *, width: int | None = None, height: int | None = None) -> Asset:
        """The picture at ``path``, with its size in stored pixels: as the source states it, else from the user's file of
        sizes, else from the picture's header below the media root. A size that nobody knows is noted as a warning.

        Where a format draws on the upright picture, turn coordinates back with
        :func:`~to_labelbox.geometry.any_shape.to_stored`; this gives the size alone.
        """
        size = (width, height) if width and height else self.sizes.get(path)
        if size is None and self.media is not None and (header := self.media.header(path)) is not None:
            size = header.width, header.height
        if size is None:
            message = "its size is unknown, so nothing is cut at its border: give --media-root or --sizes"
            log.note(Code.IMAGE_SIZE_UNKNOWN, message, file=path)
            return Asset(path=path)
        return Asset(path=path, width=size[0], height=size[1])


@record(frozen=True)
class NoOptions:
    """The options of a format that has none."""


class FolderRules(Struct, frozen=True, kw_only=True):
    """What a batch must know of a format to tell where a set ends.

    ``parts``: a pattern of names of folders that are parts of its sets, beside those that any format has (``train``).
    ``file_an_asset``: each of its files describes one asset, so that single files of a folder are no sets.
    ``whole_files``: each of its files is a set by itself, so that a folder with some below another one with some is
    another set.
    """

    parts: str = ""
    file_an_asset: bool = False
    whole_files: bool = False


_ANY_FOLDERS = FolderRules()


class Reader:
    """A source format: how it is called, how a source is recognised, how it is read.

    ``sniff(source)`` looks at a listing and first bytes alone. ``read(source, options, context)`` reads the schema and an
    index, and gives a :class:`Dataset`; ``options`` is an instance of the dataclass ``options``, whose fields, defaults and
    ``metadata={"help": …}`` are the options of the format; as a text, ``package.module:Name``, it is loaded when it is
    first asked for. ``title`` is its line in the list of formats, ``docs`` its page: a URL, or a path like
    docs/formats/coco.md of this project. ``trusted``: what it gives is not looked at value by value, nor counted after it.
    """

    def __init__(
        self,
        name: str,
        sniff: Callable[[Source], Match | Refusal],
        read: Callable[[Source, Any, ReadContext], Dataset],
        *,
        title: str = "",
        docs: str = "",
        options: type | str = NoOptions,
        folders: FolderRules = _ANY_FOLDERS,
        trusted: bool = False,
    ) -> None:
        self.name, self.sniff, self.read = name, sniff, read
        self.title, self.docs, self.folders, self.trusted = title, docs, folders, trusted
        self._options = options

    @cached_property
    def options(self) -> type:
        if not isinstance(self._options, str):
            return self._options
        found: type = load(self._options)
        return found
