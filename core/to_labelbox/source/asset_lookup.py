"""Where the picture of an asset is, and what a table of the user's says of it: one rule for every reader and the writer.

A name that a source gives for an asset (``images/train/b.jpg``) and one that a folder or table has (``b.jpg``) are one
when the shorter is the end of the longer, whole folders at a time, with the same extension or else without regard to it.
Among several, the one that agrees in most folders is meant, and with the extension before without. Two that agree
equally are a tie: neither is taken, and both are named. Names that agree with none as they are spelled are compared once
more as :func:`alike` spells them: disks and archives change the form of accents, and upper case, and exports encode names.

No name of a folder or table is taken for two assets of a set (:class:`Claims`): of those that it would be found for, the one that
agrees with it best has it, and none where two agree equally.

A source may have several names for one asset: that of an upload with and without its prefix, or, where only an annotation
file tells of it, the implied one and the folders that are sure (:func:`sure_folders`). They are looked up one after the
other, the fullest first, by this same rule.
"""

from __future__ import annotations

import os
import posixpath
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from to_labelbox.model.duplicate_hashes import repeated
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.image_headers import Header, file_header, is_media
from to_labelbox.source.paths import is_data_folder, is_safe
from to_labelbox.source.splits import SPLIT_WORDS

L = TypeVar("L")
P = TypeVar("P")
T = TypeVar("T")
MAX_LISTED = 5_000_000
"""Files of a media folder that are listed at most, when a name is not there as it stands."""


class Tie(NamedTuple):
    """Two names that may equally be meant; or else two assets, by their names, that ``shared`` would equally be taken for."""

    first: str
    second: str
    shared: str = ""

    def said_of(self, option: str) -> tuple[Code, str]:
        """Code and sentence, where what ``option`` names has the two, or the one."""
        if self.shared:
            return sentences.ONE_FOR_TWO_ASSETS(option=option, name=self.shared, first=self.first, second=self.second)
        return sentences.ASSET_IS_ONE_OF_TWO(option=option, first=self.first, second=self.second)


class Claims:
    """The names of all assets of a set, so that no file or row is taken for two of them.

    They are asked for only when a name is found that is not exactly an asset's, and kept only where several assets have one
    stem: others cannot share anything. While they are asked for, nothing that has these claims finds anything.
    """

    def __init__(self, names: Callable[[], Iterable[str]] | None = None) -> None:
        self._names = names
        self._by_stem: dict[int, list[str]] | None = None
        self.asking = False
        self.times_set = 0

    def set(self, names: Callable[[], Iterable[str]]) -> None:
        """Name the assets; in place of those that were named before."""
        self._names, self._by_stem = names, None
        self.times_set += 1

    def alike(self, found: str) -> Sequence[str]:
        """The names of assets that have the stem of ``found``, when there are several."""
        if self._by_stem is None:
            self._by_stem = self._with_equal_stems()
        return self._by_stem.get(_stem_hash(found), ())

    def stems(self) -> frozenset[int]:
        """The hashes of all stems."""
        if self._names is None or self.asking:
            return frozenset()
        self.asking = True
        try:
            return frozenset(map(_stem_hash, self._names()))
        finally:
            self.asking = False

    def _with_equal_stems(self) -> dict[int, list[str]]:
        if self._names is None or self.asking:
            return {}
        self.asking = True
        try:
            same = repeated(array("q", map(_stem_hash, self._names())))
            found: dict[int, dict[str, None]] = {}
            for name in self._names() if same else ():
                if (stem := _stem_hash(name)) in same:
                    found.setdefault(stem, {})[name] = None
        finally:
            self.asking = False
        return {stem: list(names) for stem, names in found.items() if len(names) > 1}


def _stem_hash(name: str) -> int:
    return hash(_without_extension(alike(name[name.rfind("/") + 1 :])))


class _Owners:
    """Which asset has a name of a folder or table for which several would be found. ``look`` finds a name whoever else asks."""

    def __init__(self, claims: Claims, look: Callable[[str], str | Tie | None]) -> None:
        self.claims, self._look = claims, look
        self._settled: dict[str, str | Tie] = {}
        self._looked_at: set[int] = set()
        self._of = 0

    def sole(self, asset: str, found: str | Tie | None) -> str | Tie | None:
        """What was found for an asset, if no other one has as much claim to it."""
        if not isinstance(found, str) or found == asset:
            return found
        if self._of != self.claims.times_set:
            self._of = self.claims.times_set
            self._settled.clear()
            self._looked_at.clear()
        rivals = self.claims.alike(found)
        if not rivals:
            return found
        if id(rivals) not in self._looked_at:
            self._looked_at.add(id(rivals))
            self._settle(rivals)
        owner = self._settled.get(found, asset)
        if isinstance(owner, Tie) or owner == asset:
            return owner if isinstance(owner, Tie) else found
        if asset not in rivals and _without_extension(owner) == _without_extension(asset):
            return found  # a name whose extension is only implied
        return Tie(owner, asset, found)

    def _settle(self, assets: Sequence[str]) -> None:
        best: dict[str, tuple[tuple[bool, bool, int], str]] = {}
        for asset in assets:
            found = self._look(asset)
            if isinstance(found, str):
                claim = _agreement(asset, found)
                other = best.get(found)
                if other is None or claim > other[0]:
                    if other is not None:
                        self._settled[found] = asset
                    best[found] = claim, asset
                else:
                    self._settled[found] = other[1] if claim < other[0] else Tie(other[1], asset, found)


def _agreement(asset: str, found: str) -> tuple[bool, bool, int]:
    """How well an asset's name agrees with what was found for it: spelled the same, in its extension, in folders."""
    endings = (alike(posixpath.splitext(name)[1]) for name in (asset, found))
    return asset == found, len(set(endings)) == 1, min(asset.count("/"), found.count("/"))


def alike(name: str) -> str:
    """A name without the differences that disks, archives and exports make: what is percent-encoded in it decoded (``a%20b.jpg``),
    composed (NFC), and without regard to case.
    """
    if "%" in name:
        from urllib.parse import unquote  # slow to load

        name = unquote(name)
    return name.casefold() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


class NameIndex:
    """Names to look an asset's name up in, at a cost that does not grow with how many of them are alike."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)
        self._spelled = _Spelled((name, name) for name in self._names)
        self._alike: _Spelled | None = None

    def find(self, wanted: str) -> str | Tie | None:
        """The name that is meant by ``wanted``, None when there is none."""
        found = self._spelled.find(wanted)
        if found is None and self._names:
            if self._alike is None:
                self._alike = _Spelled((alike(name), name) for name in self._names)
            found = self._alike.find(alike(wanted))
        return found


class _Spelled:
    """Names by one way to spell them."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        self._wholes: dict[str, str | Tie] = {}
        self._ends: dict[str, str | Tie] = {}
        for spelled, name in names:
            bare = _without_extension(spelled)
            for form in (spelled,) if bare == spelled or not is_media(spelled) else (spelled, bare):
                _put(self._wholes, form, name)
                for end in _shorter(form):
                    _put(self._ends, end, name)

    def find(self, wanted: str) -> str | Tie | None:
        forms = (wanted, _without_extension(wanted))
        for form in forms:
            if found := self._wholes.get(form) or self._ends.get(form):
                return found
        for ends in zip(*map(_shorter, forms)):
            for end in ends:
                if found := self._wholes.get(end):
                    return found
        return None


def _put(table: dict[str, str | Tie], key: str, name: str) -> None:
    first = table.setdefault(key, name)
    if isinstance(first, str) and first != name:
        table[key] = Tie(first, name)


def _shorter(name: str) -> Iterator[str]:
    """a/b/c → b/c, c."""
    while "/" in name:
        name = name[name.index("/") + 1 :]
        yield name


def _without_extension(name: str) -> str:
    dot = name.rfind(".")
    return name[:dot] if dot > name.rfind("/") + 1 else name


def cut_at_first_dot(labels: Mapping[str, L], pictures: Mapping[P, str], log: Log) -> Iterator[tuple[L, P]]:
    """Label files and pictures that have not found each other otherwise, where the one is called like the other up to its first dot, as
    ``name.split(".")[0]`` makes it: an assumption. None where two pictures have one label file.

    ``labels`` are by their names, of which those of ``pictures`` may be longer; both are without extension.
    """
    dots = {picture: name.find(".", name.rfind("/") + 1) for picture, name in pictures.items()}
    cut = {picture: name[: dots[picture]] for picture, name in pictures.items() if dots[picture] > 0}
    found = {picture: name for picture, name in cut.items() if name in labels}
    if not found or len(set(found.values())) < len(found):
        return
    picture, name = next(iter(found.items()))
    _tell_cut(name, pictures[picture], len(found), log)
    yield from ((labels[name], picture) for picture, name in found.items())


def _tell_cut(name: str, longer: str, count: int, log: Log) -> None:
    name, longer = (whole[whole.rfind("/") + 1 :] for whole in (name, longer))
    log.assume(
        "names of label files",
        "cut at the first dot of those of their pictures",
        for_=count,
        why=f"no other picture begins so up to its first dot: {name} is taken for that of {longer}",
    )


def sure_folders(folder: str, holds_one_kind: Callable[[str], bool]) -> str:
    """The folders of an annotation file that its picture has as well: those from the first that names a split on, else those
    below the last one that ``holds_one_kind`` (pictures, labels), which is left out. Others say nothing of the picture.

    ``train/labels/x/`` → ``train/x/``, ``labels/x/`` → ``x/``, ``ann/`` → nothing.
    """
    parts = folder.split("/")[:-1]
    starts = [n for n, part in enumerate(parts) if part.lower() in SPLIT_WORDS][:1]
    starts = starts or [n for n, part in enumerate(parts) if holds_one_kind(part)][-1:]
    kept = parts[starts[0] :] if starts else []
    return "".join(f"{part}/" for part in kept if not holds_one_kind(part))


class AssetTable(Mapping[str, T], Generic[T]):
    """A table by asset, as the user has written it, looked up by the rule of this module.

    It is empty, and costs nothing, when the user gave none.
    """

    def __init__(self, rows: Mapping[str, T] | None = None, claims: Claims | None = None) -> None:
        self._rows = rows or {}
        self._index: NameIndex | None = None
        self._owners = _Owners(claims or Claims(), self._find)

    def of(self, claims: Claims) -> AssetTable[T]:
        """The table for a set whose assets are these."""
        return AssetTable(self._rows, claims)

    def find(self, name: str) -> str | Tie | None:
        """The key of the table that is meant."""
        if name in self._rows:
            return name
        if not self._rows or self._owners.claims.asking:
            return None
        return self._owners.sole(name, self._find(name))

    def _find(self, name: str) -> str | Tie | None:
        if name in self._rows:
            return name
        if self._index is None:
            self._index = NameIndex(self._rows)
        return self._index.find(name)

    def __getitem__(self, name: str) -> T:
        key = self.find(name)
        if isinstance(key, str):
            return self._rows[key]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def check_media_root(path: str | None) -> None:
    """Raises :class:`UsageError` for one that is given and is no folder."""
    if path is not None and not os.path.isdir(path):
        from to_labelbox.source.missing import likely  # a mistake is rare

        remedy = "; an address is read by convert, inspect, ontology and batch alone" if "://" in path else likely(path)
        raise UsageError(f"--media-root {path}: no such folder{remedy}")


class MediaFolder:
    """The files below a media root, looked up by asset; no name leads out of the root.

    A file that is there under the asset's own path costs one look at the disk. Only for others is the folder listed, once.
    """

    def __init__(self, root: str, claims: Claims | None = None) -> None:
        self.root = root
        self.claims = claims or Claims()
        self._owners = _Owners(self.claims, self._find)
        self._listed: NameIndex | None = None
        self._cut: _Spelled | None = None
        self._found: tuple[str, int, str | Tie | None] = "", 0, None

    def find(self, name: str) -> str | Tie | None:
        """The path below the root of the file that is meant, with ``/``."""
        if self.claims.asking:
            return None
        last, times_set, found = self._found
        if name != last or times_set != self.claims.times_set:
            found = self._owners.sole(name, self._find(name))
            self._found = name, self.claims.times_set, found
        return found

    def _find(self, name: str) -> str | Tie | None:
        if not is_safe(name):
            return None
        if os.path.isfile(os.path.join(self.root, name)):
            return name
        if self._listed is None:
            self._listed = NameIndex(_files(self.root))
        return self._listed.find(name)

    def find_first(self, names: Iterable[str]) -> str | Tie | None:
        """What the first of an asset's names that is there means; its own is the first."""
        if self.claims.asking:
            return None
        own = ""
        for name in names:
            own = own or name
            if (found := self._find(name)) is not None:
                return self._owners.sole(own, found)
        return None

    def find_cut(self, name: str, log: Log) -> str | None:
        """The only file that is called like ``name``, which a label file implies, up to its own first dot, and like no asset: an assumption."""
        bare = _without_extension(name)
        if self.claims.asking or "." in bare[bare.rfind("/") + 2 :] or len(self.claims.alike(name)) > 1:
            return None
        if self._cut is None:
            taken = self.claims.stems()
            dotted = ((file, file.find(".", file.rfind("/") + 2)) for file in _files(self.root))
            longer = ((file, dot) for file, dot in dotted if 0 < dot < file.rfind(".") and is_media(file))
            self._cut = _Spelled((alike(f[:dot]), f) for f, dot in longer if _stem_hash(f) not in taken)
        found = self._cut.find(alike(bare))
        if not isinstance(found, str):
            return None
        _tell_cut(bare, _without_extension(found), 1, log)
        return found

    def names(self) -> list[str]:
        """All files below the root, in order."""
        return sorted(_files(self.root))

    def path(self, name: str) -> str | None:
        """The file of an asset on disk, or None when it is not there, not certain, or its name leaves the root."""
        found = self.find(name)
        return os.path.join(self.root, found) if isinstance(found, str) else None

    def header(self, name: str) -> Header | None:
        """The header of an asset's picture, None when there is none that can be read."""
        if self.claims.asking:
            return None
        if is_safe(name) and (header := file_header(os.path.join(self.root, name))) is not None:
            self._found = name, self.claims.times_set, name
            return header
        path = self.path(name)
        return file_header(path) if path is not None else None


SAMPLED = 256
"""Units, spread over a dataset, whose files are looked for below the media root before it is read."""


def spread(units: int, most: int = SAMPLED) -> range:
    """The units of a sample of at most so many."""
    return range(0, units, -(-units // most) or 1)


class Moves:
    """Which folders of a source stand for which below the media root, as far as the files of a sample agree.

    Assets whose file is not there are named like those whose file is: so a global key is the same before and after a file
    comes. Made of split, name in the source, and place below the media root; ``told`` are the pairs of folders in front of
    what names and places both end in, where a name of the sample was not there.
    """

    def __init__(self, sample: Iterable[tuple[str, str, str | Tie | None]] = ()) -> None:
        found: dict[tuple[str, str], set[str]] = {}
        missing = False
        for split, name, place in sample:
            missing |= place is None
            if isinstance(place, str):
                head, other = _heads(name, place)
                found.setdefault((split, head), set()).add(other)
        moved = {head for (_, head), others in found.items() if others != {head}}
        agreed = {key: min(others) for key, others in found.items() if len(others) == 1}
        self._moves = agreed if missing and moved else {}
        self.told = list(dict.fromkeys((head, other) for (_, head), other in self._moves.items() if head != other))

    def of(self, name: str, split: str) -> str:
        """The name below the media root of an asset that is not there."""
        heads = [head for known, head in self._moves if known == split and name.startswith(head)]
        if not heads:
            return name
        head = max(heads, key=len)
        return self._moves[split, head] + name[len(head) :]


def _heads(name: str, other: str) -> tuple[str, str]:
    """The folders of two names before those that both end in: ``a/train/b.jpg``, ``train/b.jpg`` → ``a/``, nothing."""
    ones, others = name.split("/")[:-1], other.split("/")[:-1]
    while ones and others and ones[-1] == others[-1]:
        del ones[-1], others[-1]
    return "".join(f"{one}/" for one in ones), "".join(f"{one}/" for one in others)


def _files(root: str) -> Iterator[str]:
    """Files below a folder, hidden folders left out; one that cannot be listed is passed over."""
    folders, count = [""], 0
    for folder in folders:
        try:
            with os.scandir(os.path.join(root, folder)) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if is_data_folder(entry.name):
                            folders.append(f"{folder}{entry.name}/")
                    elif count < MAX_LISTED:
                        count += 1
                        yield folder + entry.name
        except OSError:
            continue
