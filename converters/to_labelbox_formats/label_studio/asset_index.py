"""Which task shows an asset first, and which names stand for several assets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from msgspec import Struct

from to_labelbox_formats.label_studio.assets import UPLOAD_PREFIX, Reference, Slot

LEVELS = 3
"""Names of an asset that are told apart: the shortest, the next longer one, all others."""


class AssetIndex(Struct, frozen=True):
    """References and names are kept as their hashes.

    ``first``: reference → the first task that shows it; ``again``: that task → the later ones that show it too;
    ``clashes``: by level, names that several assets have; ``names``: the shortest of each; ``shown``: any task shows one.
    """

    first: dict[int, int] = {}
    again: dict[int, list[int]] = {}
    clashes: Sequence[set[int]] = ()
    names: Collection[int] = ()
    shown: bool = False

    def owner(self, slot: Slot) -> int | None:
        """The task that an asset belongs to; None for an inline text, which belongs to its own."""
        return self.first.get(hash(slot.ref)) if slot.ref else None

    def has(self, path: str) -> bool:
        """Whether a file is an asset, by its path or the end of it, with or without the prefix of an upload."""
        while True:
            base = path.rpartition("/")[2]
            forms = (path, path.removesuffix(base) + base[9:]) if UPLOAD_PREFIX.match(base) else (path,)
            if any(hash(form) in self.names for form in forms):
                return True
            _, slash, path = path.partition("/")
            if not slash:
                return False

    def name(self, reference: Reference) -> str:
        """The shortest name that no other asset has."""
        return self.names_of(reference)[0]

    def names_of(self, reference: Reference) -> Sequence[str]:
        """The names from the shortest on that no other asset has."""
        for level, name in enumerate(reference.names):
            if not self.clashes or hash(name) not in self.clashes[min(level, LEVELS - 1)]:
                return reference.names[level:]
        return reference.names[-1:]


class FirstNames(Struct):
    """The shortest name of each asset, and the first task that shows it; filled in the order of tasks."""

    first: dict[int, int] = {}
    again: dict[int, set[int]] = {}
    owners: dict[int, int] = {}
    clashes: set[int] = set()
    shown: bool = False

    def add(self, unit: int, slots: Iterable[Slot]) -> None:
        """Take in the assets of a task."""
        for slot in slots:
            self.shown = True
            if slot.reference is None:
                continue
            ref = hash(slot.ref)
            owner = self.first.setdefault(ref, unit)
            if owner != unit:
                self.again.setdefault(owner, set()).add(unit)
            name = hash(slot.reference.names[0])
            if self.owners.setdefault(name, ref) != ref:
                self.clashes.add(name)


def index_assets(shortest: FirstNames, slots: Callable[[], Iterable[tuple[int, Sequence[Slot]]]]) -> AssetIndex:
    """Of the shortest names; where several assets have one of those, ``slots`` of all tasks are read again, once a level."""
    clashes = (shortest.clashes, *(set[int]() for _ in range(LEVELS - 1)))
    for level in range(1, LEVELS):
        owners: dict[int, int] = {}
        for slot in (slot for _, shown in slots() for slot in shown) if clashes[level - 1] else ():
            names = slot.reference.names if slot.reference is not None else ()
            if level < len(names) and hash(names[level - 1]) in clashes[level - 1]:
                name, ref = hash(names[level]), hash(slot.ref)
                if owners.setdefault(name, ref) != ref:
                    clashes[level].add(name)
    again = {owner: sorted(units) for owner, units in shortest.again.items()}
    return AssetIndex(shortest.first, again, clashes, shortest.owners.keys(), shortest.shown)
