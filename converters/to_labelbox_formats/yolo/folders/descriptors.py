"""What a set says about itself: data.yaml, obj.data, and the files that only name classes."""

from __future__ import annotations

import posixpath
import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct, field

from to_labelbox.model.text import n_of, pattern
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.image_headers import is_image
from to_labelbox.source.text_encoding import utf8
from to_labelbox_formats.yolo.folders.listing import Tree
from to_labelbox_formats.yolo.folders.plain_yaml import plain_yaml

MAX_DESCRIPTOR_BYTES = 16 * 2**20
MAX_CLASSES = 1_000_000
MAX_KEYPOINTS = 10_000

NAMES_FILES = (
    "obj.names", "_darknet.labels", "classes.txt", "notes.json", "_classes.txt", "labels.txt", "class_names.txt",
    "label_list.txt", "names.txt", "predefined_classes.txt",
)  # fmt: skip
"""Files that name classes, one a line (notes.json: categories), in order of preference."""

_NUMBERED = pattern(r"(?P<id>[0-9]{1,7})\s*[:\s,]\s*(?P<name>\S.*)")
_NUMBERED_AFTER = pattern(r"(?P<name>\S.*?)\s*[:=\s,]\s*(?P<id>[0-9]{1,7})")
_COMMENT = pattern(r"#\s|//")
_WORDS_THAT_YAML_TURNS = pattern(r"(?i)(?:yes|no|on|off|true|false|null|~)")


class Descriptor(Struct):
    """``names`` by class id, None when nothing names them; ``splits`` in declared order, each with its entries.

    ``naming`` is the file that names the classes for it, ``count`` how many there are where it names none.
    """

    file: str
    names: dict[int, str] | None = None
    splits: dict[str, list[str]] = field(default_factory=dict)
    root: str | None = None
    task: str = ""
    keypoints: tuple[int, int] | None = None
    keypoint_names: Mapping[int, tuple[str, ...]] = {}
    masks: bool = False
    naming: str = ""
    count: int = 0

    @property
    def folder(self) -> str:
        return self.file[: self.file.rfind("/") + 1]


# ------------------------------------------------------------------------------------------------------ data.yaml

_MERGE = "<<"
_KNOWN_KEYS = frozenset(
    "names nc path train val validation test minival task kpt_shape kpt_names masks_dir flip_idx download roboflow".split()
)
"""What is read, and what is for training or about the set and says nothing about a label."""
_NO_SPLITS = frozenset({"names", "path", "download"})
_SPLIT_KEYS = {"train": "train", "val": "val", "validation": "val", "test": "test", "minival": "minival"}


_BY_ID = ("names", "kpt_names")


class Document(dict[str, Any]):
    """A data.yaml; ``twice`` are keys that it has with two values, of which the last holds, as for other readers of YAML."""

    twice: tuple[str, ...] = ()


@lru_cache(maxsize=2)
def load_yaml(data: bytes) -> Document:
    """The mapping of a data.yaml, every scalar as the text that was written. Raises :class:`FileError`.

    Recognising a set and opening it ask for the same document, which is parsed once.

    YAML 1.1 would turn an unquoted class ``no`` into False and ``1.0`` into a number, so no scalar is resolved. As
    Ultralytics does, control characters are left out and bytes that are no UTF-8, which are mostly in comments, borne;
    they are U+FFFD in the result.
    """
    text = utf8(data).decode("utf-8", "replace")
    if (plain := plain_yaml(text)) is not None:
        return Document(plain)
    import yaml  # here, because few sources need it

    try:
        loader = yaml.BaseLoader(yaml.reader.Reader.NON_PRINTABLE.sub("", text))
        node = loader.get_single_node()
        document = loader.construct_document(node) if isinstance(node, yaml.MappingNode) else None
    except yaml.MarkedYAMLError as error:
        place = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise FileError(f"not YAML{place}: {in_words(error)}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FileError(f"not YAML: {in_words(error)}") from None
    if document is None:
        raise FileError("is no mapping of keys such as names and train")
    found = Document((key, value) for key, value in _merged(document).items() if isinstance(key, str))
    found.twice = tuple(_twice(node))
    return found


def _twice(node: Any, under: str = "") -> Iterator[str]:
    """The keys that a mapping, or one by ids below it, has with two values. Raises :class:`FileError` where they name classes.

    Only scalars are compared: lists may hold one another by aliases, without an end in reasonable time.
    """
    first: dict[str, tuple[Any, Any]] = {}
    for key, value in node.value:
        name = key.value if key.id == "scalar" else _MERGE
        key_before, before = first.setdefault(name, (key, value))
        same = value is before or (value.id == before.id == "scalar" and value.value == before.value)
        if name != _MERGE and not same:
            if (under or name) == "names":
                raise FileError(
                    f"{name!r} stands in it twice, the first time at line {key_before.start_mark.line + 1}, and nothing says which "
                    "one holds: leave one of them"
                )
            yield f"{under}.{name}" if under else name
        if not under and name in _BY_ID and value.id == "mapping":
            yield from _twice(value, name)


def _merged(document: Mapping[Any, Any]) -> dict[Any, Any]:
    """A mapping with those that its merge key (``<<``) names; its own keys win, then those of the first."""
    merged: dict[Any, Any] = {}
    seen: set[int] = set()
    waiting: deque[Any] = deque([document])
    while waiting:
        one = waiting.popleft()
        if isinstance(one, list):
            if id(one) not in seen:
                seen.add(id(one))
                waiting.extendleft(reversed(one))
        elif isinstance(one, dict) and id(one) not in seen:
            seen.add(id(one))
            for key, value in one.items():
                if key != _MERGE:
                    merged.setdefault(key, value)
            if _MERGE in one:
                waiting.appendleft(one[_MERGE])
    return merged


def is_data_yaml(document: Mapping[str, Any]) -> bool:
    return ("names" in document or "nc" in document) and any(key.lower() in (*_SPLIT_KEYS, "path") for key in document)


def read_yaml(tree: Tree, file: str, log: Log, *, named: bool = False) -> Descriptor:
    """A data.yaml; ``named``: its class names do not matter. Raises :class:`FileError` when it is none."""
    try:
        document = load_yaml(_bytes_of(tree, file))
    except FileError as error:
        raise FileError(f"{file}: {error}") from None
    for key in dict.fromkeys(document.twice):
        log.note(Code.FIELD_REPAIRED, f"{key!r} stands in it twice, with two values: the last one holds", file=file)
    found = Descriptor(file, task=_text(document.get("task")), root=_text(document.get("path")) or None)
    if not named:
        found.names = _names_and_count(tree, found, document, log)
    found.splits = _splits(tree, found.folder, document)
    shape = document.get("kpt_shape")
    if shape is not None:
        numbers = [_whole(v) for v in shape] if isinstance(shape, list) else []
        if (
            len(numbers) != 2
            or None in numbers
            or numbers[1] not in (2, 3)
            or not 0 < (numbers[0] or 0) <= MAX_KEYPOINTS
        ):
            raise FileError(f"{file}: kpt_shape is {shape!r}: it must be [number of keypoints, 2 or 3]")
        found.keypoints = (numbers[0] or 0, numbers[1] or 0)
        classes = len(found.names or ())
        found.keypoint_names = keypoint_names_of(document.get("kpt_names"), found.keypoints[0], classes, file, log)
    found.masks = bool(_text(document.get("masks_dir")))
    for key in document:
        if key.lower() not in _KNOWN_KEYS and key not in found.splits and not _is_split(key, found, document):
            log.note_unread("field", key, where=file)
    return found


def _is_split(key: str, found: Descriptor, document: Mapping[str, Any]) -> bool:
    """Whether a key has given a split, whatever its case."""
    return any(key.lower() == name.lower() for name in found.splits) and bool(document.get(key))


def _splits(tree: Tree, folder: str, document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Entries of the usual splits, then of others, for which CVAT and Datumaro write a list, whatever they are called."""
    told = {key.lower(): (key, value) for key, value in document.items() if key not in _NO_SPLITS}
    names = {key: name for key, name in _SPLIT_KEYS.items() if key in told}
    for key, (name, value) in told.items():
        if key not in names and _is_picture_list(tree, folder, _text(value)):
            names[key] = name
    splits: dict[str, list[str]] = {}
    for key, name in names.items():
        value = told[key][1]
        paths = [_text(entry) for entry in (value if isinstance(value, list) else [value])]
        if paths := [path for path in paths if path.lower() not in ("", "null", "~")]:
            splits.setdefault(name, []).extend(paths)
    return splits


def _is_picture_list(tree: Tree, folder: str, path: str) -> bool:
    """Whether a value is a list of pictures in the source; there may be one of classes, too."""
    listing = _named_file(tree, folder, path) if path.lower().endswith(".txt") else None
    lines = [] if listing is None else tree.head(listing).decode("utf-8", "replace").splitlines()
    return is_image(unquoted(next(filter(None, map(str.strip, lines)), "")))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _whole(value: object) -> int | None:
    text = _text(value)
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _names_and_count(tree: Tree, found: Descriptor, document: Mapping[str, Any], log: Log) -> dict[int, str] | None:
    """The classes that a data.yaml lists, or those of the file that it names."""
    file, raw, count = found.file, document.get("names"), _whole(document.get("nc"))
    if isinstance(raw, str) and raw.strip():
        listing = _named_file(tree, found.folder, raw.strip())
        if listing is None:
            raise FileError(
                f"{file}: names is {raw!r}: it must list the classes, in order or by their ids, or name a file of the "
                "source that does; -O names=FILE gives them"
            )
        found.naming = listing
        names: dict[int, str] | None = read_names(tree, listing, log)
    else:
        names = _names(raw, file, log)
    if names is None:
        found.count = count if count is not None and count <= MAX_CLASSES else 0
        return None
    if any("\ufffd" in name for name in names.values()):
        raise FileError(
            f"{file}: class names are not UTF-8: save the file as UTF-8, say what it is (-O encoding=gbk), or give them with -O names=FILE"
        )
    if count is not None and count != len(names):
        log.note(
            Code.FIELD_REPAIRED,
            f"nc is {count}, but {n_of(len(names), 'class is', 'classes are')} named; names win",
            file=file,
        )
    return names


def _pairs(raw: object, file: str, log: Log) -> list[tuple[object, object]]:
    """(id, name) of a list, or of a mapping whose keys are the ids, also where either is written inside out."""
    if isinstance(raw, list) and len(raw) == 1 and isinstance(raw[0], list):
        raw = raw[0]
    if isinstance(raw, list):
        entries = [next(iter(v.items())) for v in raw if isinstance(v, dict) and len(v) == 1]
        apart = len(entries) == len(raw) and all(_whole(key) is not None for key, _ in entries)
        if apart:
            return [*entries]
        if raw and all(isinstance(v, dict) and _whole(v.get("id")) is not None and "name" in v for v in raw):
            return [(v["id"], v["name"]) for v in raw]
        return [*(_numbered(list(map(_text, raw)), file, log) or dict(enumerate(raw))).items()]
    if not isinstance(raw, dict):
        return []
    raw = _merged(raw)
    ids = {_whole(value) for value in raw.values()} - {None}
    if raw and len(ids) == len(raw) and all(_whole(key) is None for key in raw):
        log.note(Code.FIELD_REPAIRED, "names gives an id for each name, instead of a name for each id", file=file)
        return sorted(((_whole(index) or 0, name) for name, index in raw.items()))
    return list(raw.items())


def _names(raw: object, file: str, log: Log) -> dict[int, str] | None:
    """Names by id, from a list or from a mapping whose keys are the ids, written as numbers or as texts."""
    pairs = _pairs(raw, file, log)
    names: dict[int, str] = {}
    for key, value in pairs[:MAX_CLASSES]:
        index = key if isinstance(key, int) else _whole(key)
        if index is None:
            log.note(Code.CLASS_UNKNOWN, f"names has the key {key!r}, which is no class id; it is ignored", file=file)
        elif not isinstance(value, str) or not value.strip():
            log.note(Code.CLASS_UNNAMED, f"class {index} has no name in {file}: class_{index}", file=file)
            names[index] = f"class_{index}"
        else:
            if _WORDS_THAT_YAML_TURNS.fullmatch(value.strip()):
                log.note(
                    Code.FIELD_REPAIRED,
                    f"class {index} is taken as {value.strip()!r}, as written; if it is not in quotes, other programs "
                    "read a truth value or nothing there",
                    file=file,
                )
            names[index] = value.strip()
    return names or None


def keypoint_names_of(raw: object, count: int, classes: int, file: str, log: Log) -> dict[int, tuple[str, ...]]:
    """``kpt_names`` by class id: lists by id, a list of lists, or one list, which holds for all ``classes``."""
    if isinstance(raw, dict):
        raw = _merged(raw)
        lists = {_whole(key): value for key, value in raw.items() if isinstance(value, list)}
    elif isinstance(raw, list) and raw and all(isinstance(value, list) for value in raw):
        lists = dict(enumerate(raw))
    elif isinstance(raw, list):
        return dict.fromkeys(range(max(classes, 1)), _keypoint_list(raw, count, "", file, log))
    else:
        return {}
    return {
        index: _keypoint_list(names, count, f" of class {index}", file, log)
        for index, names in lists.items()
        if index is not None
    }


def _keypoint_list(raw: list[Any], count: int, whose: str, file: str, log: Log) -> tuple[str, ...]:
    """Names of ``count`` keypoints; those that are missing or doubled are numbered, the others stay."""
    texts = [text.strip() if isinstance(text, str) else "" for text in raw[:count]]
    texts += [""] * (count - len(texts))
    once = {text for text, times in Counter(texts).items() if times == 1 and text}
    names: list[str] = []
    for n, text in enumerate(texts):
        numbered = f"kp_{n}"
        while numbered in once:
            numbered += "_"
        names.append(text if text in once else numbered)
    if len(once) < count or len(raw) != count:
        lost = [name for name, text in zip(names, texts) if name != text]
        message = f"kpt_names{whose} does not give {n_of(count, 'different name')}"
        message += (
            f"; {', '.join(lost[:5])}{', …' if len(lost) > 5 else ''} stand for those without one" if lost else ""
        )
        log.note(Code.FIELD_IGNORED, message, file=file)
    return tuple(names)


# ------------------------------------------------------------------------------------------------------- obj.data


def read_obj_data(tree: Tree, file: str, log: Log, *, named: bool = False) -> Descriptor:
    """Darknet's ``key = value`` lines; every key but classes, names and backup is a split with a list file.

    ``named``: its class names do not matter.
    """
    found = Descriptor(file)
    values: dict[str, str] = {}
    for line in text_of(tree, file).splitlines():
        key, equals, value = line.partition("=")
        if equals and not key.lstrip().startswith(("#", ";")):
            values[key.strip().lower()] = value.strip()
    for key, value in values.items():
        if value and key not in ("classes", "names", "backup", "results", "eval", "top", "labels", "hierarchy"):
            found.splits[key] = [value]
    listing = _named_file(tree, found.folder, values.get("names", ""), "obj.names")
    if listing is not None and not named:
        found.naming = listing
        found.names = read_names(tree, listing, log)
    count = _whole(values.get("classes"))
    if found.names is not None and count is not None and count != len(found.names):
        log.note(Code.FIELD_REPAIRED, f"classes is {count}, but {len(found.names)} are named; the names win", file=file)
    return found


def _named_file(tree: Tree, folder: str, listed: str, usual: str = "") -> str | None:
    """The file of the source that a descriptor means by a path: below its folder, or there by its name alone."""
    for name in (strip_data(listed), listed, posixpath.basename(listed.replace("\\", "/")), usual):
        target = posixpath.normpath(posixpath.join(folder, name)) if name else ""
        if target and tree.has(target):
            return target
    return None


def unquoted(line: str) -> str:
    """A line of a list without the quotation marks around it."""
    return line[1:-1] if len(line) > 2 and line[0] == line[-1] and line[0] in "\"'" else line


def strip_data(path: str) -> str:
    """CVAT writes the archive's root as ``data/``."""
    path = path.replace("\\", "/")
    return path.removeprefix("./").removeprefix("data/")


# ----------------------------------------------------------------------------------------------------- names files


class _Category(Struct):
    name: str
    id: int | None = None


class _Notes(Struct):
    categories: list[_Category]


def text_of(tree: Tree, file: str) -> str:
    """A text file; bytes that are no UTF-8 as in the names of files, so that paths among it are found all the same."""
    return tree.source.read(file, MAX_DESCRIPTOR_BYTES).decode("utf-8", "surrogateescape")


def _bytes_of(tree: Tree, file: str) -> bytes:
    """A file that names classes as UTF-8, where it is that, or the user says what it is."""
    data = tree.source.read(file, MAX_DESCRIPTOR_BYTES)
    if tree.encoding:
        try:
            data.decode()
        except UnicodeDecodeError:
            return data.decode(tree.encoding, "replace").encode()
    return data


def read_names(tree: Tree, file: str, log: Log) -> dict[int, str]:
    """A names file: the number of the line, from 0, is the id. Raises :class:`FileError`."""
    if file.endswith(".json"):
        try:
            notes = msgspec.json.decode(tree.source.read(file, MAX_DESCRIPTOR_BYTES), type=_Notes, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise FileError(f"{file} does not list categories: {in_words(error)}") from None
        names: dict[int, str] = {}
        for n, category in enumerate(notes.categories):
            id, name = n if category.id is None else category.id, category.name.strip()
            if names.setdefault(id, name) != name:
                raise FileError(
                    f"{file} gives the id {id} to {names[id]!r} and {name!r}: export with an id of its own for each, or give the names "
                    "with -O names=FILE"
                )
        return names
    try:
        text = _bytes_of(tree, file).decode()
    except UnicodeDecodeError as error:
        message = (
            f"{file} is not UTF-8: save it as UTF-8, say what it is (-O encoding=gbk, -O encoding=cp1252, …), or give the class names "
            f"with -O names=FILE ({in_words(error)})"
        )
        raise FileError(message) from None
    return names_of_lines(text, file, log)


def names_of_lines(text: str, file: str, log: Log) -> dict[int, str]:
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if comments := [line for line in lines if _COMMENT.match(line)]:
        why = f"{n_of(len(comments), 'line')} of {file} ({comments[0][:40]!r}) taken for a comment, which has no id"
        _assume_of_lines("comments are no classes", len(comments), why, log)
        lines = [line for line in lines if not _COMMENT.match(line)]
    if len(lines) == 1 and "," in lines[0]:
        lines = [name.strip() for name in lines[0].split(",")]
        _assume_of_lines("names with commas between", len(lines), f"{file} has one line, with commas", log)
    if numbered := _numbered(lines, file, log):
        return numbered
    names: dict[int, str] = {}
    for index, line in enumerate(lines[:MAX_CLASSES]):
        if not line:
            log.note(
                Code.CLASS_UNNAMED,
                f"line {index + 1} is blank: its class id is kept as class_{index}",
                file=file,
                where=f"line {index + 1}",
            )
        names[index] = line or f"class_{index}"
    return names


def _assume_of_lines(taken: str, count: int, why: str, log: Log) -> None:
    log.assume("class ids", taken, for_=count, why=why, option="-O names=FILE")


def _numbered(lines: list[str], file: str, log: Log) -> dict[int, str]:
    """Names by id of lines such as ``0: cat`` or ``cat 0``, whose numbers count from 0 or 1; nothing for other lines."""
    for form, where in ((_NUMBERED, "before"), (_NUMBERED_AFTER, "after")):
        matches = [form.fullmatch(line) for line in lines[:MAX_CLASSES]]
        if len(lines) < 2 or None in matches:
            continue
        found = {int(match["id"]): match["name"] for match in matches if match}
        if sorted(found) not in ([*range(len(lines))], [*range(1, len(lines) + 1)]) or len({*found.values()}) < len(
            lines
        ):
            continue
        why = f"the numbers {where} the names of {file} count from {min(found)}: taken as the ids, not as a part of the names"
        _assume_of_lines(f"numbers {where} the names", len(found), why, log)
        return found
    return {}


def warn_of_duplicates(names: dict[int, str], file: str, log: Log) -> None:
    first: dict[str, int] = {}
    for index, name in names.items():
        if first.setdefault(name, index) != index:
            log.note(
                Code.CLASS_DUPLICATE, f"classes {first[name]} and {index} are both {name!r} and become one", file=file
            )
