"""Which files of a source are CVAT's: XML by the root element, JSON by its keys."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Sequence
from typing import NamedTuple

from to_labelbox.model.text import pattern
from to_labelbox.plugins.reader import CERTAIN, LIKELY, Match, Refusal
from to_labelbox.source.files import HEAD, Source

_TRIES, _MOST = 50, 200
_ROOT = pattern(rb"<([A-Za-z_][\w.:-]*)[\s>/]")
_PROOF = pattern(
    rb"<version>\s*1\.\d|<meta>\s*<(?:task|job|project)\b|<image\s[^>]*\b(?:id|name)=|<track\s[^>]*\blabel=|<dumped>"
)
_SERVER = pattern(rb'"(tags|shapes|tracks)"\s*:\s*\[')
_RECORD = pattern(rb'"(?:occluded|label_id)"\s*:')
_FRAME, _LABEL = pattern(rb'"frame"\s*:\s*\d'), pattern(rb'"label"\s*:\s*"')
_FOREIGN = pattern(rb'"(?:imagePath|shape_type|categories|file_upload|objects|instances)"\s*:')
_DATUMARO = pattern(rb'"(?:categories|infos|items|dm_format_version)"\s*:\s*[{\["]')
_DATUMARO_PROOF = pattern(
    rb'"label"\s*:\s*\{(?:\s*"attributes"\s*:\s*\[[^]]*\]\s*,)?\s*"labels"\s*:\s*\[|"dm_format_version"|"media_type"\s*:\s*\d'
)
_DATUMARO_FIGURE = re.compile(
    rb'"label_id"\s*:\s*\d[^{}]*"type"\s*:\s*"[a-z_]+"|"type"\s*:\s*"[a-z_]+"[^{}]*"label_id"\s*:\s*\d'
)
"""Where the items come first, that is all that a head has."""


def sniff(source: Source) -> Match | Refusal:
    """By the root element, or by the keys of the JSON; names only say where to look first."""
    reason = "no XML with the root <annotations>, no CVAT backup, server JSON or Datumaro JSON"
    for name in candidates(source, ".xml", _TRIES):
        root = root_of(source.head(name))
        if root == b"annotations":
            head = source.head(name)
            if _PROOF.search(head):
                return Match(CERTAIN, f"{name} has the root <annotations> of a CVAT export")
            if len(head) >= HEAD - 4:  # what proves it may come later
                return Match(LIKELY, f"{name} has the root <annotations>")
            reason = f"{name} has the root <annotations>, but no version, meta, image or track of CVAT's"
            continue
        if root:
            reason = f"{name} has the root <{root.decode(errors='replace')}>, not <annotations>"
    found = find_json(source)
    for name in found.json:
        task = beside(name, "task.json")
        backup = source.exists(task)
        why = f"beside {os.path.basename(task)} is a CVAT backup" if backup else "holds tags, shapes and tracks, as CVAT's server gives them"  # fmt: skip
        return Match(CERTAIN, f"{name} {why}")
    for name in found.datumaro:
        return Match(CERTAIN, f"{name} has Datumaro's categories and items")
    return Refusal(reason)


class Files(NamedTuple):
    """The files of a source that may be read, by what they look like."""

    xml: Sequence[str]
    json: list[str]
    datumaro: list[str]


def find_files(source: Source) -> Files:
    """Every file with the root element or the keys of an export; of a single file, any XML."""
    names = source.names if source.is_file else source.ending(".xml")
    xml = [n for n in sorted(names) if root_of(source.head(n)) == b"annotations"]
    if not xml and source.is_file and root_of(source.head(source.names[0])):
        xml = list(source.names)
    return find_json(source)._replace(xml=xml)


def candidates(source: Source, extension: str, most: int) -> list[str]:
    """Entries with an extension (or, for a single file, whatever it is called), up to ``most``, the likely ones first."""
    if source.is_file:
        return list(source.names)
    usual = f"annotations{extension}"
    names: list[str] = []
    for (folder, kind), group in source.groups.items():
        if kind == ".gz":
            group = [n for n in group if n[:-3].lower().endswith(extension)]
        if kind in (extension, ".gz"):
            names += [n for n in (f"{folder}{usual}",) if n in group[most:]] + group[:most]
    names.sort(key=lambda n: (n.count("/"), n))
    first = {n for n in names if n.endswith(usual) and os.path.basename(n) == usual}
    return ([*(n for n in names if n in first), *(n for n in names if n not in first)] if first else names)[:most]


def root_of(head: bytes) -> bytes:
    """The name of the first element; empty when this is no XML."""
    if not head.lstrip().startswith(b"<"):
        return b""
    match = _ROOT.search(re.sub(rb"<!--.*?-->|<\?.*?\?>", b"", head, flags=re.DOTALL))
    return match[1] if match else b""


def find_json(source: Source) -> Files:
    """JSON files by their heads: annotation records, or two of the lists that they are in; Datumaro's keys.

    Of a large folder, only some files are looked at.
    """
    found = Files((), [], [])
    names = source.ending(".json") or (list(source.names) if source.is_file else [])
    for number, name in enumerate(names):
        usual = source.is_file or len(names) <= _MOST or os.path.basename(name) == "annotations.json"
        if not usual and number >= _MOST:
            continue
        head = source.head(name)
        first = head.lstrip()[:1]
        if usual and first in (b"{", b"[") and _is_of_server(head) and not _FOREIGN.search(head):
            found.json.append(name)
        if first == b"{" and _DATUMARO.search(head) and (_DATUMARO_PROOF.search(head) or _DATUMARO_FIGURE.search(head)):
            found.datumaro.append(name)
    return found


def _is_of_server(head: bytes) -> bool:
    """By two of the lists, or by what CVAT says of every shape, tag or track: lists of tags or of tracks have many files."""
    lists = set(_SERVER.findall(head))
    if b"shapes" in lists and len(lists) > 1:
        return True
    return bool(lists) and (_RECORD.search(head) or (_FRAME.search(head) and _LABEL.search(head))) is not None


def beside(name: str, other: str) -> str:
    """The path of another file of the same folder."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), other))
