"""Several folders of label files for the same pictures: the one that the user names, a question, or an assumption.

DOTA is given out with two versions of its labels, each as oriented and as upright boxes. Folders that differ in their split alone are
one family, whose name has ``*`` in place of it: ``*/labelTxt-v1.5/DOTA-v1.5_*``.
"""

from __future__ import annotations

import copy
from collections import Counter

from to_labelbox.model.text import n_of, pattern
from to_labelbox.report.errors import FileError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.source.splits import SPLIT_PATTERN
from to_labelbox.source.text_encoding import utf8
from to_labelbox_formats.yolo.folders.listing import Tree, is_label_name
from to_labelbox_formats.yolo.rows import is_number
from to_labelbox_formats.yolo.text_lines import lines_of

_SPLIT_WORD = pattern(rf"(?i)(?<![a-z])(?:{SPLIT_PATTERN})(set)?(?![a-z])")
_LISTED = 8
_COMPARED = 20


def family(folder: str) -> str:
    """A folder with ``*`` for the words of its splits, without the slash at its end."""
    return _SPLIT_WORD.sub(r"*\1", folder.rstrip("/")) or "."


def choose(tree: Tree, wanted: str) -> Tree:
    """The tree with the label files of one family alone: named by its path, or by folders in the middle of it."""
    name = family(wanted.replace("\\", "/").strip("/")).casefold()

    def fits(folder: str) -> bool:
        whole = family(folder).casefold()
        return whole == name or f"/{name}/" in f"/{whole}/"

    folders = {folder for folder, names in tree.texts.items() if any(map(is_label_name, names))}
    exact = {folder for folder in folders if family(folder).casefold() == name}
    chosen = exact or {folder for folder in folders if fits(folder)}
    if not chosen:
        raise UsageError(f"-O labels={wanted}: no label file lies in a folder of that name")
    fewer = copy.copy(tree)
    fewer.__dict__.pop("other_texts", None)
    fewer.left = {}
    fewer.texts = {}
    for folder, names in tree.texts.items():
        kept = names if folder in chosen else [n for n in names if not is_label_name(n)]
        if kept:
            fewer.texts[folder] = kept
        if len(kept) < len(names):
            fewer.left[folder] = "-O labels= names another folder"
    return fewer


class Rivals:
    """Label files that another folder has for pictures with labels, by the family that is read and the other one."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.counts: Counter[tuple[str, str]] = Counter()
        self.different: Counter[tuple[str, str]] = Counter()
        self._compared: Counter[tuple[str, str]] = Counter()

    def add(self, used: str, other: str) -> None:
        """Count a label file that is read and one that is not; a few are compared."""
        pair = family(used[: used.rfind("/") + 1]), family(other[: other.rfind("/") + 1])
        if pair[0] != pair[1]:
            self.counts[pair] += 1
            if self._compared[pair] < _COMPARED:
                self._compared[pair] += 1
                self.different[pair] += self._classes(used) != self._classes(other)

    def _classes(self, label: str) -> Counter[bytes]:
        """How often a label file has each class, by its id or by the name after eight numbers."""
        try:
            rows = [line.split() for line in lines_of(utf8(self._tree.read(label)))[0]]
        except FileError:
            return Counter()
        return Counter(
            row[8] if 8 < len(row) < 12 and not is_number(row[8]) else row[0] for row in rows if len(row) > 4
        )


def tell_rivals(rivals: Rivals, pictures: int, guessed: bool, path: str, log: Log) -> None:
    """Say or ask which folder of labels counts; ``guessed``: that which is read is not where YOLO's programs look."""
    many = {pair: n for pair, n in rivals.counts.items() if 2 * n >= pictures}
    if guessed and any(rivals.different[pair] for pair in many):
        counts: Counter[str] = Counter()
        for (used, other), count in many.items():
            counts[other] += count
            counts[used] = max(counts[used], count)
        shown = sorted(counts)[:_LISTED]
        more = f", and in {len(counts) - len(shown)} more" if len(counts) > len(shown) else ""
        ask(
            f"{path}: label files for the same pictures lie in several folders and do not say the same{more}.",
            [(f'-O labels="{name}"', f"read those of {name}") for name in shown],
        )
    for (used, other), count in sorted(rivals.counts.items()):
        log.assume(
            "folder of labels",
            used,
            unknown=count,
            why=f"{n_of(count, 'picture has', 'pictures have')} label files in {used} and in {other}; the former is where YOLO's programs look",
            option=f'-O labels="{other}"',
        )
