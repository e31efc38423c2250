"""Several folders that describe the same pictures: the one that the user names, or a question.

Sets are given out with horizontal and with oriented boxes (DIOR), or with two generations of masks (VOC 2012 with those of
SBD); which of them counts, no file says.
"""

from __future__ import annotations

from collections import Counter

from to_labelbox.model.text import n_of
from to_labelbox.report.errors import FileError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.source.files import Source
from to_labelbox_formats.voc.document import MAX_BYTES
from to_labelbox_formats.voc.layout.folder_roles import Role, role_of
from to_labelbox_formats.voc.layout.index import Layout

_COMPARED = 20
_LISTED = 8
ANOTHER = "-O labels= names another folder"


def choose(layout: Layout, wanted: str) -> list[str]:
    """Keep the annotation files and masks of the folder that the user names; those of the same kind that are left out.

    A folder is named by its path, by the end of it, or by some folders in the middle of it.
    """
    wanted = "/" + wanted.replace("\\", "/").strip("/").casefold() + "/"

    def fits(name: str) -> bool:
        return wanted in f"/{name[: name.rfind('/') + 1]}".casefold()

    left: list[str] = []
    xmls = [name for name in layout.xmls if fits(name)]
    if xmls:
        left += sorted({*layout.xmls} - {*xmls})
        layout.xmls = xmls
    roles = {layout.folder(name)[0].role for name in layout.masks if fits(name)}
    if roles:
        masks = [name for name in layout.masks if fits(name) or layout.folder(name)[0].role not in roles]
        left += sorted({*layout.masks} - {*masks})
        layout.masks = masks
    if not xmls and not roles:
        raise UsageError(f"-O labels={wanted.strip('/')}: no annotation file or mask lies in a folder of that name")
    return left


def ask_between_annotations(layout: Layout, source: Source) -> None:
    """Stop where the files of one folder describe the pictures of another one's, and do not say the same."""
    if not layout.refused:
        return
    pairs: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for unit, (_, owner) in layout.refused.items():
        name = layout.xmls[unit]
        pair = name.rpartition("/")[0], owner.rpartition("/")[0]
        pairs[pair] += 1
        examples.setdefault(pair, []).append((name, owner))
    sizes = Counter(name.rpartition("/")[0] for name in layout.xmls)
    rivals = [
        pair
        for pair, count in pairs.items()
        if count > 1 and pair[0] != pair[1] and 2 * count >= min(sizes[pair[0]], sizes[pair[1]])
    ]
    rivals = [pair for pair in rivals if not all(is_copy(source, *both) for both in examples[pair][:_COMPARED])]
    if rivals:
        folders = sorted({folder for pair in rivals for folder in pair})
        shown = folders[:_LISTED]
        more = f" (and {len(folders) - len(shown)} more)" if len(folders) > len(shown) else ""
        ask(
            f"{source.path}: annotation files of several folders describe the same pictures{more}.",
            [
                (f'-O labels="{folder}"', f"read {n_of(sizes[folder], 'file')} of {folder or 'the top folder'}")
                for folder in shown
            ],
        )


def is_copy(source: Source, one: str, other: str) -> bool:
    """Whether two files hold the same bytes."""
    try:
        return source.load(one, MAX_BYTES) == source.load(other, MAX_BYTES)
    except FileError:
        return False


def note_rival_masks(layout: Layout, path: str, log: Log) -> set[str]:
    """Masks of a second folder of the same kind, where the first has one of that name; they are not read. Folders whose names say
    nothing are asked about."""
    second: set[str] = set()
    first: dict[tuple[Role, str, str], str] = {}
    taken: Counter[tuple[str, str]] = Counter()
    if all(len(tops) < 2 for (role, _), tops in layout.tops.items() if role in (Role.CLASSES, Role.INSTANCES)):
        return second
    for name in layout.masks:
        folder, stem = layout.folder(name)
        key = folder.role, folder.root, folder.rest + stem
        if first.setdefault(key, folder.top) != folder.top:
            second.add(name)
            taken[first[key], folder.top] += 1
    for (used, other), count in sorted(taken.items()):
        told = f"{n_of(count, 'picture has', 'pictures have')} a mask in {used} and one in {other}"
        if role_of(used.split("/")[-2]) is role_of(other.split("/")[-2]) is None:
            ask(f"{path}: {told}.", [(f'-O labels="{top[:-1]}"', "these masks are read") for top in (used, other)])
        log.assume(
            "folder of masks",
            used,
            unknown=count,
            why=f"{told}; nothing says which counts",
            option=f'-O labels="{other.rstrip("/")}"',
        )
    return second
