"""YOLO in all its dialects: Ultralytics, Darknet, CVAT, Label Studio, Roboflow, labelImg, DOTA, Keras.

A label file holds one object a line: class id and numbers that are fractions of the picture's width and height,
``0 0.5 0.5 0.2 0.1`` being a box by its centre and size. There are no ids and no attributes, and a row says neither its
task nor its class name, so both come from what stands around it:

===============================  ====================================  ===========================================
dialect                          told by                               labels of ``images/train/a.jpg``
===============================  ====================================  ===========================================
Ultralytics, Roboflow            data.yaml                             ``labels/train/a.txt``
Ultralytics NDJSON               first line ``"type": "dataset"``      inline, with sizes
Darknet, CVAT 1.1                obj.data, obj.names, train.txt        beside the picture
labelImg, Label Studio           classes.txt                           beside, or in ``labels``
Roboflow Darknet                 ``_darknet.labels``                   beside
DOTA, Roboflow OBB               ``labelTxt``                          ``labelTxt/a.txt``, pixels and names
Keras                            ``_annotations.txt``                  one line a picture, pixels
Ultralytics classify             folders of pictures                   the folder's name
===============================  ====================================  ===========================================

Read against Ultralytics 8.4 (data/utils.py, data/base.py, data/converter.py), AlexeyAB's Darknet, CVAT's and Datumaro's
exporters, and the Label Studio converter.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import compress

import msgspec

from to_labelbox.diagnostics import Code, FileError, Log, SourceError, UsageError
from to_labelbox.formats import CERTAIN, LIKELY, POSSIBLE, Dataset, Match, ReadContext, Reader, Refusal
from to_labelbox.model import Annotation, Asset, Classification, Item, Media, Object
from to_labelbox.schema import Kind, Label, Option, Question, Schema
from to_labelbox.source import Source
from to_labelbox_formats.yolo import folders, keras, ndjson
from to_labelbox_formats.yolo.descriptors import (
    NAMES_FILES,
    Descriptor,
    is_data_yaml,
    load_yaml,
    read_names,
    read_obj_data,
    read_yaml,
    warn_of_duplicates,
)
from to_labelbox_formats.yolo.evidence import SAMPLE, Evidence, Finding, decide, looks_like_rows
from to_labelbox_formats.yolo.layout import Index, build, everything, from_descriptor
from to_labelbox_formats.yolo.pictures import Pictures, Place, load_sizes
from to_labelbox_formats.yolo.rows import Frame, Rows, Rules, Task
from to_labelbox_formats.yolo.tree import Tree, is_label_name, joined, tree_of


class Units(StrEnum):
    NORMALISED = "normalised"
    PIXELS = "pixels"


@dataclass(frozen=True, slots=True)
class Options:
    task: Task | None = field(default=None, metadata={"help": "What the rows are, when the set does not tell."})
    kpt_shape: str | None = field(
        default=None,
        metadata={"help": "Keypoints of a pose and values of each, such as 17x3, when data.yaml lacks it."},
    )
    names: str | None = field(
        default=None,
        metadata={"help": "File that names the classes, one a line, or a data.yaml; wins over the set's own."},
    )
    data: str | None = field(
        default=None, metadata={"help": "Which data.yaml of the source to follow, when it has several."}
    )
    root: str | None = field(
        default=None, metadata={"help": "Folder of pictures and labels, when data.yaml points out of the source."}
    )
    sizes: str | None = field(
        default=None,
        metadata={"help": "Sizes of the pictures: images.meta (name height width) or CSV (key,width,height)."},
    )
    units: Units = field(default=Units.NORMALISED, metadata={"help": "Whether rows are fractions or pixels."})
    predictions: bool = field(default=False, metadata={"help": "Take rows with a confidence in, too."})
    unknown_classes: bool = field(
        default=False,
        metadata={"help": "Keep rows whose class id has no name as class_<id>, instead of skipping them."},
    )


# -------------------------------------------------------------------------------------------------------- recognition

_YAML = (".yaml", ".yml")
_NDJSON = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
_USUAL_YAML = ("data.yaml", "dataset.yaml", "data.yml", "dataset.yml")
_MAX_LOOKED_AT = 64


def sniff(source: Source) -> Match | Refusal:
    """By descriptor, then by rows and layout."""
    try:
        tree = tree_of(source)
    except FileError as error:
        return Refusal(str(error))
    if source.is_file:
        return _sniff_file(tree, source.names[0])
    several = ""
    for kind, found in (("data.yaml", _yamls(tree)), ("obj.data", _obj_datas(tree))):
        shallow = [n for n in found if n.count("/") == found[0].count("/")] if found else []
        if len(shallow) == 1 or (shallow and "/" not in shallow[0]):
            return Match(
                CERTAIN,
                f"{' and '.join(shallow[:2])} {'describes' if len(shallow) == 1 else 'describe'} splits and classes",
            )
        if shallow:
            several = f"holds several sets ({shallow[0]}, {shallow[1]}, …), each with its own {kind}: convert them apart, or use batch"
    if several:
        return Refusal(several)
    lines = [n for n in tree.others if n.lower().endswith(_NDJSON)]
    if len(lines) == 1 and not tree.texts and ndjson.head_of(_first_line(tree, lines[0])):
        return Match(CERTAIN, f"line 1 of {lines[0]} describes an Ultralytics dataset")
    if files := _keras_files(tree):
        return Match(CERTAIN, f"{files[0]} has one line a picture, with boxes")
    return _sniff_rows(tree)


def _sniff_file(tree: Tree, name: str) -> Match | Refusal:
    lower = name.lower()
    if lower.endswith(_YAML):
        if _yamls(tree):
            return Match(CERTAIN, f"{name} describes splits and classes")
        return Refusal("the YAML file has no names and splits")
    if lower.endswith(_NDJSON):
        if ndjson.head_of(_first_line(tree, name)):
            return Match(CERTAIN, "line 1 describes an Ultralytics dataset")
        return Refusal('line 1 is not {"type": "dataset", "task": …}')
    if lower.endswith(".data"):
        if _obj_datas(tree):
            return Match(CERTAIN, f"{name} names the classes and lists of Darknet")
        return Refusal("the .data file has no names")
    if lower.endswith(".txt"):
        if keras.looks_like_lines(tree.head(name)):
            return Match(LIKELY, "lines are pictures followed by boxes, as for Keras YOLO")
        return Refusal("lines are no pictures followed by boxes; for label files give their folder")
    return Refusal("is no data.yaml, obj.data, NDJSON or text file; YOLO sets are mostly folders")


def _sniff_rows(tree: Tree) -> Match | Refusal:
    kind, example = _row_kind(tree)
    voc = _voc_example(tree)
    names = next((n for n in _names_files(tree)), None)
    if kind in ("normalised", "dota"):
        what = "rows of numbers" if kind == "normalised" else "four corners and a name a row"
        if voc:
            return Match(LIKELY, f"{example} has {what}, although {voc} is beside it")
        if names:
            return Match(CERTAIN, f"{names} names classes and {example} has {what}")
        if kind == "dota" or "label" in example.lower() or tree.images:
            return Match(LIKELY, f"{example} has {what}")
        return Match(POSSIBLE, f"{example} has {what}, but there are no pictures")
    if kind == "pixels":
        return Refusal(
            f"{example} has numbers, but they are no fractions of a picture, and no data.yaml says what they are"
        )
    fits, reason = folders.looks_like_classes(tree)
    if fits:
        return Match(LIKELY if "splits" in reason else POSSIBLE, reason)
    if any(tree.texts):
        return Refusal("no data.yaml or obj.data, and no text file holds rows of a class id and numbers")
    return Refusal(f"no data.yaml, obj.data or label files; no classification folders either: {reason}")


def _row_kind(tree: Tree) -> tuple[str, str]:
    """The kind of rows in the first label files that are not empty, and one of those files."""
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
                if kind := looks_like_rows(head):
                    return kind, name
            if few >= 3 or looked >= _MAX_LOOKED_AT:
                break
        if looked >= _MAX_LOOKED_AT:
            break
    return "", ""


def _voc_example(tree: Tree) -> str:
    """A VOC annotation among the first XML files."""
    xml = [n for n in tree.others if n.lower().endswith(".xml")][:3]
    return next((n for n in xml if re.search(rb"<annotation[\s>]", tree.head(n))), "")


def _names_files(tree: Tree) -> list[str]:
    """Files that name classes, the preferred kind first."""
    texts = [name for folder in tree.texts for name in tree.texts[folder] if not is_label_name(name)]
    others = [*tree.others, *texts]
    for wanted in NAMES_FILES:
        found = [n for n in others if posixpath.basename(n).lower() == wanted]
        if found:
            return found
    return [n for n in tree.others if n.endswith(".names")]


def _first_line(tree: Tree, name: str) -> bytes:
    return tree.head(name, 8 * 2**20).split(b"\n", 1)[0]


def _keras_files(tree: Tree) -> list[str]:
    texts = sorted(name for folder in tree.texts for name in tree.texts[folder] if name.endswith(keras.ANNOTATIONS))
    return [n for n in texts if posixpath.basename(n) == keras.ANNOTATIONS and keras.looks_like_lines(tree.head(n))]


def _yamls(tree: Tree) -> list[str]:
    """YAML files that describe a set, those of the outermost folder first."""
    candidates = sorted((n for n in tree.others if n.lower().endswith(_YAML)), key=lambda n: (n.count("/"), n))
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


def _obj_datas(tree: Tree) -> list[str]:
    names = sorted((n for n in tree.others if n.lower().endswith(".data")), key=lambda n: (n.count("/"), n))
    return [n for n in names[:_MAX_LOOKED_AT] if re.search(rb"(?m)^\s*names\s*=", tree.head(n))]


# ------------------------------------------------------------------------------------------------------------ reading


def read(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Open a set: its classes, splits and task."""
    try:
        tree = tree_of(source)
        name = source.names[0] if source.is_file else ""
        lines = [name] if name else [n for n in tree.others if n.lower().endswith(_NDJSON)]
        if len(lines) == 1 and lines[0].lower().endswith(_NDJSON) and ndjson.head_of(_first_line(tree, lines[0])):
            return _read_ndjson(tree, lines[0], options, context)
        if name.lower().endswith(".txt"):
            return _read_keras(tree, [name], options, context)
        if source.is_file and source.folder is not None:
            tree = tree_of(_neighbours(source))
        found = _descriptor(tree, options, context.log, name)
        if found is None and (files := _keras_files(tree)):
            return _read_keras(tree, files, options, context)
        if options.root is not None:
            tree, found = _elsewhere(options.root, found)
        if found is not None and found.masks:
            raise SourceError(f"{found.file}: masks_dir describes semantic masks, which are not read")
        classify = options.task or (found.task if found else "")
        if classify == Task.CLASSIFY or (not classify and not any(tree.texts) and folders.looks_like_classes(tree)[0]):
            return _read_folders(tree, context)
        return _read_rows(tree, found, options, context)
    except FileError as error:
        raise SourceError(f"{source.path}: {error}") from error


def _neighbours(source: Source) -> Source:
    return Source(source.folder or ".")


def _elsewhere(root: str, found: Descriptor | None) -> tuple[Tree, Descriptor | None]:
    """The tree of ``-O root=``, to which everything in the descriptor is relative then."""
    if not os.path.isdir(root):
        raise UsageError(f"-O root={root}: no such folder")
    if found is not None:
        found = msgspec.structs.replace(found, file=posixpath.basename(found.file), root=None)
    return Tree(Source(root)), found


def _descriptor(tree: Tree, options: Options, log: Log, named: str) -> Descriptor | None:
    """The descriptor of a set, by preference the one that the user names, or that is called like the folder."""
    if options.data is not None:
        wanted = joined("", options.data)
        if wanted is None or not tree.has(wanted):
            raise UsageError(f"-O data={options.data}: no such file in the source")
        named = wanted
    if named:
        return read_obj_data(tree, named, log) if named.lower().endswith(".data") else _checked(tree, named, log)
    if found := _yamls(tree):
        shallow = [n for n in found if n.count("/") == found[0].count("/")]
        if len(shallow) > 1:
            usual = [f"{tree.source.name}.yaml", *_USUAL_YAML]
            ranked = [n for u in usual for n in shallow if posixpath.basename(n).lower() == u.lower()]
            if not ranked:
                raise SourceError(f"{', '.join(shallow[:5])} each describe a set: say which with -O data=FILE")
            shallow = ranked
            log.decide(f"{shallow[0]} is followed, not the other YAML files beside it (-O data= names another)")
        return _checked(tree, shallow[0], log)
    if found := _obj_datas(tree):
        return read_obj_data(tree, found[0], log)
    return None


def _checked(tree: Tree, file: str, log: Log) -> Descriptor:
    try:
        return read_yaml(tree, file, log)
    except FileError as error:
        raise SourceError(f"{file}: {error}") from error


def _names(tree: Tree, own: dict[int, str] | None, options: Options, log: Log) -> dict[int, str] | None:
    """The classes by id: the user's file, the descriptor, or files that name classes and agree."""
    names, file = own, ""
    if options.names is not None:
        names, file = _names_option(tree, options.names, log), options.names
    elif names is None:
        for file in _names_files(tree):
            more = read_names(tree, file, log)
            if names is not None and more != names:
                raise SourceError(
                    f"{file} names other classes than the same file of another folder, so ids mean different things: "
                    "convert the folders apart, or give one list with -O names=FILE"
                )
            names = more
    if not names:
        log.note(
            Code.CLASS_UNNAMED, "no file names the classes: they become class_0, class_1, …; -O names=FILE names them"
        )
        return None
    warn_of_duplicates(names, file, log)
    return names


def _names_option(tree: Tree, path: str, log: Log) -> dict[int, str] | None:
    if os.path.isfile(path):
        tree, path = tree_of(Source(path)), os.path.basename(path)
    elif not tree.has(path):
        raise UsageError(f"-O names={path}: no such file")
    if path.lower().endswith(_YAML):
        return read_yaml(tree, path, log).names
    return read_names(tree, path, log)


def _keypoints(text: str | None, own: tuple[int, int] | None) -> tuple[int, int] | None:
    if text is None:
        return own
    match = re.fullmatch(r"\[?\s*([0-9]{1,4})\s*[x,]\s*([23])\s*\]?", text)
    if not match or int(match[1]) == 0:
        raise UsageError(f"-O kpt_shape={text}: it must be the number of keypoints and 2 or 3, such as 17x3")
    return int(match[1]), int(match[2])


def _schema(rules: Rules) -> Schema:
    """All named classes, used or not; outlines become polygons, everything else is left to what occurs."""
    outlines = rules.task in (Task.SEGMENT, Task.OBB, Task.DOTA) and not rules.mixed
    kinds = (Kind.POLYGON,) if outlines else ()
    return Schema(tuple(Label(name, kinds) for name in dict.fromkeys((rules.names or {}).values())))


# ------------------------------------------------------------------------------------------------------- label files


def _read_rows(tree: Tree, found: Descriptor | None, options: Options, context: ReadContext) -> Dataset:
    log = context.log
    names = _names(tree, found.names if found else None, options, log)
    keypoints = _keypoints(options.kpt_shape, found.keypoints if found else None)
    sizes = load_sizes(tree, options.sizes)
    pictures = Pictures(tree, context, sizes)
    entries = from_descriptor(tree, found, log) if found and found.splits else everything(tree, log)
    index = build(entries, pictures)

    def frame_of(unit: int) -> Frame:
        return pictures.frame(index.assets[unit], Place(index.places[unit]), Log(), rows=False)

    evidence, total = _evidence(tree, index)
    finding = _finding(evidence, options, found.task if found else "", keypoints, frame_of, _in_label_txt(index))
    of = (
        f"{evidence.files} label files"
        if evidence.files == total
        else f"{evidence.files} of {total} label files, spread evenly"
    )
    log.decide(f"task {finding.task}: {finding.reason} ({of} were looked at; -O task= overrides)")
    if finding.task is Task.POSE and keypoints is None:
        raise SourceError("poses need the number of keypoints: add -O kpt_shape=17x3 or the like")
    pixels = options.units is Units.PIXELS
    if not pixels and finding.task is not Task.DOTA and 2 * evidence.beyond > evidence.measured:
        raise SourceError(
            "most rows hold numbers beyond 2, so they are no fractions of a picture: if they are pixels, say -O units=pixels"
        )
    rules = Rules(
        finding.task,
        names,
        keypoints,
        found.keypoint_names if found and options.kpt_shape is None else (),
        options.predictions,
        options.unknown_classes,
        pixels,
        finding.mixed,
    )
    if finding.task is Task.DOTA:
        pictures = Pictures(tree, context, sizes, upright=False)
    details = {"task": str(finding.task), "descriptor": found.file if found else ""}
    return Dataset(tree.source.name, _schema(rules), len(index), _iterator(tree, index, pictures, rules), details)


def _evidence(tree: Tree, index: Index) -> tuple[Evidence, int]:
    """Evidence from label files spread over the set, or from all of them when those leave a doubt."""
    labelled = list(compress(range(len(index)), index.labelled))
    for step in dict.fromkeys((-(-len(labelled) // SAMPLE) or 1, 1)):
        evidence = Evidence()
        for unit in labelled[::step]:
            try:
                evidence.add(tree.read(index.label_of(unit)), unit)
            except FileError:
                continue  # reported when it is converted
        if not evidence.doubtful:
            break
    return evidence, len(labelled)


def _in_label_txt(index: Index) -> bool:
    return any("labeltxt/" in folder.lower() for folder in index.label_folders.values())


def _finding(
    evidence: Evidence,
    options: Options,
    declared: str,
    keypoints: tuple[int, int] | None,
    frame_of: Callable[[int], Frame],
    label_txt: bool,
) -> Finding:
    """The evidence in its order: option, descriptor, kpt_shape, names in rows, lengths of rows."""
    mixed = bool(evidence.lengths[5] + evidence.lengths[6]) and any(n > 7 for n in evidence.lengths)
    if options.task is not None:
        return Finding(options.task, "named by the user", mixed)
    if declared in (Task.DETECT, Task.SEGMENT, Task.OBB, Task.POSE):
        return Finding(Task(declared), "named by the descriptor", mixed)
    if declared:
        raise SourceError(f"task {declared!r} is not read; detect, segment, pose, obb and classify are")
    if label_txt and 2 * evidence.named >= evidence.rows:
        return Finding(Task.DOTA, "labels lie in labelTxt")
    return decide(evidence, keypoints, frame_of)


def _iterator(tree: Tree, index: Index, pictures: Pictures, rules: Rules) -> Callable[[Log, int, int], Iterator[Item]]:
    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        rows = Rows(rules, log)
        for unit in range(start, stop):
            asset, place, split = index.assets[unit], Place(index.places[unit]), index.split_names[index.splits[unit]]
            origin, data = asset, b""
            if index.labelled[unit]:
                origin = index.label_of(unit)
                try:
                    data = tree.read(origin)
                except FileError as error:
                    log.file_unreadable(origin, str(error))
            frame = pictures.frame(asset, place, log, rows=bool(data))
            width, height = frame.stored
            yield Item(
                asset=Asset(path=pictures.path(asset, place), width=width or None, height=height or None),
                annotations=rows.objects(data, frame, origin) if data else (),
                split=split,
                origin=origin,
            )

    return iterate


# ------------------------------------------------------------------------------------------------------ other layouts


def _read_folders(tree: Tree, context: ReadContext) -> Dataset:
    entries, question = folders.read_folders(tree, context.log)
    context.log.decide("task classify: pictures lie in folders of their classes")
    pictures = Pictures(tree, context, {}, upright=False)

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        for entry in entries[start:stop]:
            annotations: list[Annotation] = []
            if entry.classes:
                log.read(folders.QUESTION)
                value = entry.classes if len(entry.classes) > 1 else entry.classes[0]
                annotations.append(Classification(id=folders.QUESTION, name=folders.QUESTION, value=value))
            path = pictures.path(entry.name, Place.SOURCE)
            yield Item(asset=Asset(path=path), annotations=annotations, split=entry.split, origin=entry.name)

    return Dataset(tree.source.name, Schema(questions=(question,)), len(entries), iterate, {"task": "classify"})


def _read_keras(tree: Tree, files: list[str], options: Options, context: ReadContext) -> Dataset:
    names = _names(tree, None, options, context.log)
    rules = Rules(Task.DETECT, names, unknown_classes=options.unknown_classes)
    pictures = Pictures(tree, context, load_sizes(tree, options.sizes), upright=False)
    lines = keras.Lines(tree, files, pictures)
    context.log.decide("task detect: one line a picture, corners in pixels, taken as continuous from 0")

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        rows = Rows(rules, log)
        for unit, found in lines.read(start, stop):
            asset, place, file = lines.assets[unit], Place(lines.places[unit]), files[lines.origins[unit]]
            frame = pictures.frame(asset, place, log, rows=False)
            objects: list[Object] = []
            for number, boxes in found:
                objects += keras.objects(rows, boxes, number, file, log)
            yield Item(
                asset=Asset(path=pictures.path(asset, place), width=frame.width or None, height=frame.height or None),
                annotations=objects,
                split=lines.split(unit),
                origin=file,
            )

    return Dataset(tree.source.name, _schema(rules), len(lines), iterate, {"task": "detect"})


def _read_ndjson(tree: Tree, file: str, options: Options, context: ReadContext) -> Dataset:
    lines = ndjson.Lines(tree.source, file)
    head, log = lines.head, context.log
    declared = options.task or head.task or next((ndjson.KINDS[k] for k in ndjson.KINDS if k in lines.kinds), "detect")
    if declared not in list(Task) or declared == Task.DOTA:
        raise SourceError(f"{file}: task {declared!r} is not read; detect, segment, pose, obb and classify are")
    task, keypoints = Task(declared), _keypoints(options.kpt_shape, head.keypoints)
    log.decide(f"task {task}: {'named by the user' if options.task else f'as line 1 of {file} says'}")
    names = _names(tree, head.names, options, log)
    if task is Task.POSE and keypoints is None:
        raise SourceError(f"{file}: poses need the number of keypoints: add -O kpt_shape=17x3 or the like")
    rules = Rules(task, names, keypoints, (), options.predictions, options.unknown_classes)
    pictures = Pictures(tree, context, load_sizes(tree, options.sizes))

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        rows = Rows(rules, log)
        for number, image in lines.images(log, start, stop):
            path = f"{image.split}/{image.file}" if lines.prefixed and image.split else image.file
            name, place = pictures.find(joined("", path) or posixpath.basename(path.replace("\\", "/")))
            try:
                kind, found = ndjson.rows_of(image)
            except FileError as error:
                log.file_unreadable(file, f"record {number}: {error}")
                continue
            classify = kind == "classification"
            stated = (image.width, image.height) if image.width and image.height else None
            frame = pictures.frame(name, place, log, rows=bool(found) and not classify, stated=stated)
            where = f"record {number}"
            annotations = _classes(rows, found, file, where) if classify else rows.listed(found, frame, file, where)
            width, height = frame.stored
            yield Item(
                asset=Asset(path=pictures.path(name, place), width=width or None, height=height or None),
                annotations=annotations,
                split=image.split,
                origin=file,
            )

    questions = (Question(folders.QUESTION, None, tuple(Option(n) for n in dict.fromkeys((names or {}).values()))),)
    schema = Schema(questions=questions) if task is Task.CLASSIFY else _schema(rules)
    return Dataset(tree.source.name, schema, len(lines), iterate, {"task": str(task)})


def _classes(rows: Rows, found: list[list[bytes]], file: str, where: str) -> list[Annotation]:
    """Class ids of a whole picture as answers of one question."""
    annotations: list[Annotation] = []
    for n, row in enumerate(found):
        label, code, message = rows.class_of(row[0] if row else b"")
        rows.log.read(folders.QUESTION)
        place = f"{where}, class {n + 1}"
        if code is not None:
            rows.log.skip(code, folders.QUESTION, message, file=file, where=place)
        else:
            annotations.append(Classification(id=str(n), name=folders.QUESTION, value=label, where=place))
    return annotations


FORMAT = Reader(
    name="yolo",
    title="YOLO: Ultralytics, Darknet, Roboflow, labelImg, DOTA, Keras",
    docs="docs/formats/yolo.md",
    media=frozenset({Media.IMAGE}),
    produces=frozenset({Object, Classification}),
    options=Options,
    sniff=sniff,
    read=read,
    upright=True,
)
