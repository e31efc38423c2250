"""Which labelling config an export goes by: the user's, else the one beside it that knows the controls of its results."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain
from typing import NamedTuple, NoReturn

import msgspec

from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.source.files import Source
from to_labelbox.source.option_file import read_bytes
from to_labelbox_formats.label_studio.config import Config, parse_config, root_key
from to_labelbox_formats.label_studio.detect import FoundFile
from to_labelbox_formats.label_studio.files.file_head import FileForm, read_head
from to_labelbox_formats.label_studio.files.flat_records import FLAT_KEYS
from to_labelbox_formats.label_studio.options import Options

CONFIG_NAMES = ("config.xml", "label_config.xml")
MAX_CONFIG_BYTES = 32 << 20
LOOKED_AT = 1 << 16
"""Bytes of an export in which names of controls and labels are looked for, where several configs could be its own."""
LOOKED_AT_FILES = 100
"""Files in which a control is looked for that the config knows; in most cases the first has one."""
CHUNK = 1 << 20
LONGEST_NAME = 4096
_ROOT = re.compile(rb"<\s*View\b", re.IGNORECASE)
_INSIDE = re.compile(rb'"label_config"\s*:\s*("(?:[^"\\]|\\.)*")')
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"')
_FROM_NAME = re.compile(rb'"from_name"\s*:\s*("(?:[^"\\]|\\.)*")')
_LABELS = re.compile(rb'"(?:\w*labels|choices)"\s*:\s*\[([^][]*)\]')


def labelling_config(
    source: Source, files: Sequence[FoundFile], options: Options, log: Log
) -> tuple[Config | None, str]:
    """The config with its name in the source, or None where there is none that knows a control of the results.

    Of several that differ, the one that knows most of the controls, then of the labels, that results name. Where a file goes by another one, these
    are several projects, which is a question (:class:`UsageError`).
    """
    if options.config is not None:
        said = f"label-studio option config: {options.config}"
        try:
            given = parse_config(read_bytes(options.config, said, MAX_CONFIG_BYTES))
        except FileError as error:
            raise UsageError(f"{said}: {error}") from None
        if unknown := _unknown(source, files, given):
            raise UsageError(f"{said}: {_foreign(given, unknown)}; give the project's own, or none")
        return given, ""
    configs = _configs(source, files, log)
    if not configs:
        return None, ""
    config, name = _likeliest(source, files, configs, log)
    if unknown := _unknown(source, files, config):
        log.note(Code.FILE_IGNORED, f"not taken for the labelling config: {_foreign(config, unknown)}", file=name)
        return None, ""
    return config, name


def _foreign(config: Config, unknown: Sequence[str]) -> str:
    named, known = (", ".join(map(repr, [*names][:4])) or "none" for names in (unknown, config.controls))
    return (
        f"it knows none of the controls that the results name ({named}; its own: {known}), so it is of another project"
    )


def _unknown(source: Source, files: Sequence[FoundFile], config: Config) -> Sequence[str]:
    """Names of controls in the results, or fields of flat records, when the config knows none of them; else nothing."""
    unknown: dict[str, None] = {}
    for file in files[:LOOKED_AT_FILES] if config.controls else ():
        if file.form is FileForm.FLAT:
            shown = {root_key(o.value) for o in config.objects.values()}
            names = read_head(file.name, source.head(file.name)).names
            known = any(name in shown or config.control(name) for name in names)
            names -= FLAT_KEYS
        else:
            names = _named(source, file.name).controls
            known = any(map(config.control, names))
            if names and not known:  # what is rare is looked at as a whole
                known = _names_any(source, file.name, config)
        if known:
            return ()
        unknown.update(dict.fromkeys(sorted(names)))
    return [*unknown]


def _names_any(source: Source, name: str, config: Config) -> bool:
    """Whether any result of a file names a control of the config."""
    rest = b""
    with source.open(name) as stream:
        while chunk := stream.read(CHUNK):
            rest += chunk
            if any(map(config.control, _texts(_FROM_NAME.findall(rest)))):
                return True
            rest = rest[-LONGEST_NAME:]
    return False


def _likeliest(source: Source, files: Sequence[FoundFile], configs: dict[str, Config], log: Log) -> tuple[Config, str]:
    if len(configs) < 2:
        return next((config, name) for name, config in configs.items())
    named = {file.name: _named(source, file.name) for file in files}
    known = {
        name: {
            file: sum(config.control(control) is not None for control in one.controls) for file, one in named.items()
        }
        for name, config in configs.items()
    }
    labels = frozenset(label for one in named.values() for label in one.labels)
    known_labels = {name: len(labels & _labels(config)) for name, config in configs.items()}
    score = {name: (sum(known[name].values()), known_labels[name]) for name in configs}
    best = max(configs, key=score.__getitem__)
    for file in named:
        own = max(configs, key=lambda name: (known[name][file], name == best))
        if known[own][file] > known[best][file]:
            _ask_which_project(source, file, own, best)
    for_, in_all = sum(score[best]), sum(len(one.controls) for one in named.values()) + len(labels)
    equal = sum(one == score[best] for one in score.values())
    know = "this one alone knows most" if equal == 1 else f"{equal} know as many"
    why = f"of {len(configs)} that differ, {know} of the controls and labels that results name"
    log.decide(f"of several labelling configs {best} is used; -O config=FILE names another")
    log.assume(
        "labelling config",
        best,
        for_=for_,
        against=in_all - for_,
        unknown=int(not in_all),
        why=why if in_all else f"{len(configs)} differ, and no result names a control or label",
        option="-O config=FILE",
    )
    return configs[best], best


def _ask_which_project(source: Source, file: str, own: str, best: str) -> NoReturn:
    ask(
        f"{source.path} holds results of several projects: {own} knows more of the controls that {file} names than {best}, "
        "which knows most of all files together.",
        [
            (
                f"to-labelbox batch {shlex.quote(source.path)} -o OUT",
                "each folder is a project: a payload for each, one ontology for all",
            ),
            ("-O config=FILE", "one project, by this config; what it does not know goes by the shapes themselves"),
        ],
    )


def _configs(source: Source, files: Sequence[FoundFile], log: Log) -> dict[str, Config]:
    """Configs beside the export, or in it, that differ, the likeliest first."""
    found: dict[bytes, tuple[str, Config]] = {}
    holders = {f.name for f in files if "label_config" in f.around}
    for name in (*_names(source), *holders):
        try:
            if name in holders:
                inside = _INSIDE.search(source.head(name, LOOKED_AT))
                text = msgspec.json.decode(inside[1], type=str).encode() if inside else b""
            else:
                text = source.read(name, MAX_CONFIG_BYTES)
            config = parse_config(text)
        except FileError as error:
            log.note(Code.FILE_IGNORED, f"no usable labelling config: {error}", file=name)
            continue
        found.setdefault(msgspec.json.encode(config), (name, config))
    return dict(found.values())


def _names(source: Source) -> list[str]:
    """Files that may be a config, the likeliest first."""
    if source.is_file:
        name = source.names[0]
        stem = name.removesuffix(".gz").rpartition(".")[0] or name
        near = (f"{name}.config.xml", f"{stem}.config.xml", f"{stem}.xml", *CONFIG_NAMES)
        return [n for n in dict.fromkeys(near) if source.exists(n) and _ROOT.search(source.head(n))]
    found = [n for n in source.names if n.lower().endswith(".xml") and _ROOT.search(source.head(n, 4096))]
    return sorted(found, key=lambda n: (posixpath.basename(n) not in CONFIG_NAMES, n.count("/"), n))


class _Named(NamedTuple):
    controls: frozenset[str]
    labels: frozenset[str]


def _named(source: Source, name: str) -> _Named:
    """Controls and labels that the first results of a file name."""
    head = source.head(name, LOOKED_AT)
    labels = chain.from_iterable(map(_TEXT.findall, _LABELS.findall(head)))
    return _Named(_texts(_FROM_NAME.findall(head)), _texts(labels))


def _texts(written: Iterable[bytes]) -> frozenset[str]:
    texts = set()
    for one in frozenset(written):
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            texts.add(msgspec.json.decode(one, type=str))
    return frozenset(texts)


def _labels(config: Config) -> frozenset[str]:
    return frozenset(entry.name for control in config.controls.values() for entry in control.entries)
