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


def index_assets(slots: Callable[[], Iterable[tuple[int, Slot]]]) -> AssetIndex:
    """Of the assets of all tasks with the number of their task, in order, which are read once a level."""
    first: dict[int, int] = {}
    again: dict[int, set[int]] = {}
    clashes: tuple[set[int], ...] = tuple(set() for _ in range(LEVELS))
    shortest: dict[int, int] = {}
    shown = False
    for level in range(LEVELS):
        owners: dict[int, int] = {}
        for unit, slot in slots():
            shown = True
            if slot.reference is None:
                continue
            ref = hash(slot.ref)
            names = slot.reference.names
            if level == 0:
                owner = first.setdefault(ref, unit)
                if owner != unit:
                    again.setdefault(owner, set()).add(unit)
            elif level >= len(names) or hash(names[level - 1]) not in clashes[level - 1]:
                continue
            name = hash(names[min(level, len(names) - 1)])
            if owners.setdefault(name, ref) != ref:
                clashes[level].add(name)
        shortest = shortest or owners
        if not clashes[level]:
            break
    return AssetIndex(first, {owner: sorted(units) for owner, units in again.items()}, clashes, shortest.keys(), shown)
