"""How a set is recognised: by a descriptor first, then by rows and layout."""

from __future__ import annotations

import posixpath
import re

from to_labelbox.plugins.reader import CERTAIN, LIKELY, POSSIBLE, Match, Refusal
from to_labelbox.report.errors import FileError
from to_labelbox.source.files import Source
from to_labelbox_formats.yolo.dialects import class_folders as folders
from to_labelbox_formats.yolo.folders.descriptors import NAMES_FILES, is_data_yaml, load_yaml
from to_labelbox_formats.yolo.folders.listing import KERAS, Tree, is_label_name, tree_of

YAML = (".yaml", ".yml")
NDJSON = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
_USUAL_YAML = ("data.yaml", "dataset.yaml", "data.yml", "dataset.yml")
_MAX_LOOKED_AT = 64
_MAX_DEPTH = 2


SINGLE = (*YAML, *NDJSON, ".data", ".txt")
"""Files that stand for a set."""
NO_FILE_OF_YOLO = "is no data.yaml, obj.data, NDJSON or text file; YOLO sets are mostly folders"


def sniff(source: Source) -> Match | Refusal:
    """By descriptor, then by rows and layout."""
    try:
        tree = tree_of(source)
    except FileError as error:
        return Refusal(str(error))
    if source.is_file:
        return _sniff_file(tree, source.names[0])
    if found := descriptors(tree):
        if len({posixpath.dirname(n) for n in found}) > 1:
            return Refusal(f"holds several sets ({', '.join(found[:3])}): convert them apart", several=True)
        verb = "describes" if len(found) == 1 else "describe"
        return Match(CERTAIN, f"{' and '.join(found[:2])} {verb} splits and classes")
    if deep := (*yamls(tree), *obj_datas(tree)):
        return Refusal(f"holds sets further down, such as {deep[0]}: give their folder", several=True)
    lines = tree.ending(*NDJSON)
    if len(lines) == 1 and not tree.texts and is_ndjson(first_line(tree, lines[0])):
        return Match(CERTAIN, f"line 1 of {lines[0]} describes an Ultralytics dataset")
    if files := keras_files(tree):
        confidence = CERTAIN if files[0].endswith(KERAS) else POSSIBLE
        return Match(confidence, f"{files[0]} has one line a picture, with boxes")
    return _sniff_rows(tree)


def is_ndjson(line: bytes) -> bool:
    """Whether the first line of a file describes an Ultralytics dataset."""
    from to_labelbox_formats.yolo.dialects.ndjson import head_of  # most sources have no such file

    return head_of(line) is not None


def _is_keras(head: bytes) -> bool:
    from to_labelbox_formats.yolo.dialects.keras import looks_like_lines

    return looks_like_lines(head)


def _sniff_file(tree: Tree, name: str) -> Match | Refusal:
    lower = name.lower()
    if lower.endswith(YAML):
        if yamls(tree):
            return Match(CERTAIN, f"{name} describes splits and classes")
        return Refusal("the YAML file has no names and splits")
    if lower.endswith(NDJSON):
        if is_ndjson(first_line(tree, name)):
            return Match(CERTAIN, "line 1 describes an Ultralytics dataset")
        return Refusal('line 1 is not {"type": "dataset", "task": …}')
    if lower.endswith(".data"):
        if obj_datas(tree):
            return Match(CERTAIN, f"{name} names the classes and lists of Darknet")
        return Refusal("the .data file has no names")
    if lower.endswith(".txt"):
        if _is_keras(tree.head(name)):
            return Match(LIKELY, "lines are pictures followed by boxes, as for Keras YOLO")
        return Refusal("lines are no pictures followed by boxes; for label files give their folder")
    return Refusal(NO_FILE_OF_YOLO)


_KINDS = {
    "normalised": "rows of numbers",
    "dota": "four corners and a name a row",
    "headed": "the first line of labelImg-OBB",
}


def _sniff_rows(tree: Tree) -> Match | Refusal:
    kind, example = _row_kind(tree)
    names = next((kind[0] for kind in names_files(tree)), None)
    if kind in _KINDS:
        what = _KINDS[kind]
        if names:
            return Match(CERTAIN, f"{names} names classes and {example} has {what}")
        without = "" if tree.images else ", but there are no pictures"
        return Match(LIKELY, f"{example} has {what}{without}")
    if kind == "pixels":
        return Refusal(
            f"{example} has numbers, but they are no fractions of a picture, and no data.yaml says what they are"
        )
    if kind:
        from to_labelbox_formats.yolo.task import WORDS

        return Refusal(f"{example} begins its rows with words where YOLO has class ids: {WORDS[kind]}")
    fits, reason = folders.looks_like_classes(tree)
    if fits:
        return Match(LIKELY if "splits" in reason else POSSIBLE, reason)
    if any(tree.texts):
        return Refusal("no data.yaml or obj.data, and no text file holds rows of a class id and numbers")
    return Refusal(f"no data.yaml, obj.data or label files; no classification folders either: {reason}")


def _row_kind(tree: Tree) -> tuple[str, str]:
    """The kind of rows in the first label files that are not empty, and one of those files."""
    worded = "", ""
    if not tree.texts:
        return worded
    from to_labelbox_formats.yolo.task import ROWS, looks_like_rows

    looked = 0
    for folder in sorted(tree.texts):
        few = 0
        for name in tree.texts[folder]:
            if not is_label_name(name):
                continue
            looked += 1
            head = tree.head(name)
            if head.strip():
                few += 1
                kind = looks_like_rows(head)
                if kind in ROWS:
                    return kind, name
                if kind:
                    worded = kind, name
            if few >= 3 or looked >= _MAX_LOOKED_AT:
                break
        if looked >= _MAX_LOOKED_AT:
            break
    return worded


def names_files(tree: Tree) -> list[list[str]]:
    """Files that name classes, by their kind, the preferred one first."""
    others = [*tree.ending(".names", ".labels", ".json"), *tree.other_texts]
    kinds: list[list[str]] = []
    for wanted in NAMES_FILES:
        found = [n for n in others if posixpath.basename(n).lower() == wanted]
        if wanted.endswith(".json"):  # anybody's notes may be called so
            found = [n for n in found if b'"categories"' in tree.head(n, 1 << 20)]
        if found:
            kinds.append(found)
    usual = {name for kind in kinds for name in kind}
    rest = [name for name in tree.ending(".names") if name not in usual]
    return [*kinds, rest] if rest else kinds


def first_line(tree: Tree, name: str) -> bytes:
    return tree.head(name, 8 * 2**20).split(b"\n", 1)[0]


def keras_files(tree: Tree) -> list[str]:
    """Roboflow's ``_annotations.txt``, or else the lists of the outermost folder in a set that has no label files."""
    texts = sorted(name for folder in tree.texts for name in tree.texts[folder] if name.endswith(KERAS))
    found = [n for n in texts if posixpath.basename(n) == KERAS and _is_keras(tree.head(n))]
    if found or not tree.texts or _row_kind(tree)[0]:
        return found
    outermost = min(tree.texts, key=lambda folder: (folder.count("/"), folder))
    return [n for n in tree.texts[outermost][:_MAX_LOOKED_AT] if _is_keras(tree.head(n))]


def descriptors(tree: Tree) -> list[str]:
    """Files that describe a set, of the outermost folders that have any; obj.data only where there is no data.yaml."""
    found = [n for n in (*yamls(tree), *obj_datas(tree)) if n.count("/") <= _MAX_DEPTH]
    depth = min((n.count("/") for n in found), default=0)
    found = [n for n in found if n.count("/") == depth]
    described = {posixpath.dirname(n) for n in found if n.lower().endswith(YAML)}
    return [n for n in found if n.lower().endswith(YAML) or posixpath.dirname(n) not in described]


def yamls(tree: Tree) -> list[str]:
    """YAML files that describe a set, those of the outermost folder first."""
    candidates = sorted(tree.ending(*YAML), key=lambda n: (n.count("/"), n))
    found = []
    for name in candidates[:_MAX_LOOKED_AT]:
        head = tree.head(name, 1 << 20)
        usual = posixpath.basename(name).lower() in _USUAL_YAML
        if b"names" not in head and b"nc" not in head:
            continue
        try:
            document = load_yaml(head)
        except FileError:
            if usual and re.search(rb"(?m)^(names|nc)\s*:", head):
                found.append(name)
            continue
        if is_data_yaml(document) or (usual and "names" in document):
            found.append(name)
    return found


def obj_datas(tree: Tree) -> list[str]:
    names = sorted(tree.ending(".data"), key=lambda n: (n.count("/"), n))
    return [n for n in names[:_MAX_LOOKED_AT] if re.search(rb"(?m)^\s*names\s*=", tree.head(n))]
