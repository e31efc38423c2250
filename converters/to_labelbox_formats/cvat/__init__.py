"""CVAT: exports "for images 1.1" and "for video 1.1", task and project backups, server JSON, Datumaro JSON.

XML: root ``annotations`` with ``version``, ``meta`` (``task``, ``job`` or ``project``; published files may lack it), then
``image`` or ``track`` elements.

- Pixels as floats with two decimals, origin top left, on the *upright* picture. ``xtl ytl xbr ybr`` are corners before
  ``rotation``, degrees clockwise about the centre. ``mask``: row-major runs inside left, top, width, height.
- ``image id`` and ``track frame`` are frame numbers of the media, ``start_frame`` and ``step`` counted in.
- A track is hidden from a row with ``outside="1"`` on; such a row's coordinates are what interpolation heads to.
- ``version`` stayed 1.1 while ellipses, masks, skeletons and rotation were added: nothing depends on it.

Backups (``task.json``, ``annotations.json``) and server JSON hold keyframes only, with frames relative to the task.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from to_labelbox.diagnostics import Code, Log, SourceError
from to_labelbox.formats import CERTAIN, LIKELY, Dataset, Match, ReadContext, Reader, Refusal
from to_labelbox.model import (
    Box,
    Classification,
    Cuboid,
    Ellipse,
    Item,
    Keypoints,
    Mask,
    Media,
    Object,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    Track,
)
from to_labelbox.schema import Input, Kind, Question
from to_labelbox.source import HEAD, Source
from to_labelbox_formats.cvat.backup import JsonExport, find_json, open_json
from to_labelbox_formats.cvat.datumaro import DatumaroExport, find_datumaro, open_datumaro
from to_labelbox_formats.cvat.exports import Group, XmlExport, open_exports
from to_labelbox_formats.cvat.meta import KINDS, schema_of
from to_labelbox_formats.cvat.parts import FramePart, ImagePart, Part, Setting, VideoPart
from to_labelbox_formats.cvat.paths import MediaFinder, name_folders, video_paths
from to_labelbox_formats.cvat.shapes import GROUP, Vocabulary

AnyExport: TypeAlias = XmlExport | JsonExport | DatumaroExport


class Video(StrEnum):
    """What the tasks of videos become."""

    VIDEO = "video"
    FRAMES = "frames"


class Frames(StrEnum):
    """What frame numbers of a sampled video count."""

    SOURCE = "source"
    SAMPLED = "sampled"


@dataclass(frozen=True, slots=True)
class Options:
    video: Video = field(
        default=Video.VIDEO,
        metadata={"help": "video tasks become one data row a video, or one a frame (frame_000000 …)"},
    )
    frames: Frames = field(
        default=Frames.SOURCE,
        metadata={"help": "frame numbers of a task with step=N: of the source video, or of the sampled clip"},
    )
    groups: bool = field(default=False, metadata={"help": "keep group ids as the nested text 'group'"})
    unlabelled: str = field(
        default="", metadata={"help": "label for server shapes without one; they are skipped otherwise"}
    )


_VIDEO_KINDS = {
    **KINDS,
    "polygon": Kind.MASK,
    "ellipse": Kind.MASK,
    "cuboid": Kind.MASK,
}
"""A video line holds no polygon: such labels are declared as what their tracks become."""

# -------------------------------------------------------------------------------------------------------- sniffing

_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)[\s>/]")
_PROOF = re.compile(
    rb"<version>\s*1\.\d|<meta>\s*<(?:task|job|project)\b|<image\s[^>]*\b(?:id|name)=|<track\s[^>]*\blabel=|<dumped>"
)


def sniff(source: Source) -> Match | Refusal:
    """By the root element, or by the keys of the JSON; names only say where to look first."""
    reason = "no XML with the root <annotations>, no CVAT backup, server JSON or Datumaro JSON"
    files = _candidates(source, ".xml")
    for name in files[:_TRIES]:
        root = _root(_text_head(source.head(name)))
        if root == b"annotations":
            head = _text_head(source.head(name))
            if _PROOF.search(head):
                return Match(CERTAIN, f"{name} has the root <annotations> of a CVAT export")
            if len(head) >= HEAD - 4:  # what proves it may come later
                return Match(LIKELY, f"{name} has the root <annotations>")
            reason = f"{name} has the root <annotations>, but no version, meta, image or track of CVAT's"
            continue
        if root:
            reason = f"{name} has the root <{root.decode(errors='replace')}>, not <annotations>"
    for find in (find_json, find_datumaro):
        match = find(source)
        if match:
            return Match(CERTAIN, match)
    return Refusal(reason)


_TRIES = 50


def _candidates(source: Source, extension: str) -> list[str]:
    """Entries with an extension (or, for a single file, whatever it is called), the likely ones first."""
    if source.is_file:
        return list(source.names)
    names = [n for n in source.names if n.lower().removesuffix(".gz").endswith(extension)]
    return sorted(names, key=lambda n: (os.path.basename(n) != f"annotations{extension}", n.count("/"), n))


def _text_head(data: bytes) -> bytes:
    for bom, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, errors="ignore").encode()
    return data


def _root(head: bytes) -> bytes:
    """The name of the first element; empty when this is no XML."""
    if not head.lstrip().startswith(b"<"):
        return b""
    match = _ROOT.search(re.sub(rb"<!--.*?-->|<\?.*?\?>", b"", head, flags=re.DOTALL))
    return match[1] if match else b""


# --------------------------------------------------------------------------------------------------------- reading


def read(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Opens every export of the source. Raises :class:`SourceError` when there is nothing to read."""
    log = context.log
    names = [n for n in sorted(_candidates(source, ".xml")) if _root(_text_head(source.head(n))) == b"annotations"]
    if not names and source.is_file and _root(_text_head(source.head(source.names[0]))):
        names = list(source.names)
    exports: list[AnyExport] = list(open_exports(source, names, log))
    exports += open_json(source, log, options.unlabelled)
    exports += open_datumaro(source, log)
    if not exports and not names and not log.unreadable:
        raise SourceError(f"{source.path}: no CVAT export is in it")
    _remark(exports, log)

    groups = [g for e in exports for g in e.groups.values()]
    labels = [label for e in exports for label in e.meta.labels]
    setting = Setting(source, context, Vocabulary(labels), options.groups, options.frames == Frames.SAMPLED)
    parts = _parts(groups, setting, options, log)
    only_video = bool(parts) and all(isinstance(p, VideoPart) for p in parts)
    asked = (Question(GROUP, Input.TEXT),) if options.groups else ()
    tagged = dict.fromkeys(label for e in exports for label in e.tagged)
    return Dataset(
        name=source.name,
        schema=schema_of(labels, tagged, _kinds_on_video(groups) if only_video else KINDS, asked),
        units=sum(p.units for p in parts),
        iterate=lambda log, start, stop: _iterate(parts, log, start, stop),
        details={
            "files": len(exports),
            "tasks": len({(id(g.export), g.task.id or g.task_id) for g in groups}),
        },
    )


def _kinds_on_video(groups: Sequence[Group]) -> dict[str, Kind]:
    """Rasters need the size of the frames; without it the outlines become boxes."""
    if all(g.task.width and g.task.height for g in groups):
        return _VIDEO_KINDS
    return {name: Kind.BOX if kind is Kind.MASK and name != "mask" else kind for name, kind in _VIDEO_KINDS.items()}


def _remark(exports: Sequence[AnyExport], log: Log) -> None:
    for export in exports:
        if not export.meta.found:
            log.note(
                Code.DECISION,
                "there is no <meta>: labels and attributes are taken from the annotations",
                file=export.name,
            )
        if isinstance(export, XmlExport) and export.version and not export.version.startswith("1."):
            log.note(Code.DECISION, f"says version {export.version!r}; it is read as version 1.1", file=export.name)
        if not export.groups:
            log.note(Code.FILE_IGNORED, "the export holds no image and no track", file=export.name)


def _parts(groups: Sequence[Group], setting: Setting, options: Options, log: Log) -> list[Part]:
    """One part a group of pictures, one a video, in the order of the source."""
    as_video = options.video == Video.VIDEO
    videos = [g for g in groups if as_video and g.is_video]
    pictures: list[Group] = []
    frames: list[Group] = []
    for group in groups:
        if group.tracks or group.is_video:
            if group.images and not group.only_frames:
                pictures.append(group.without_tracks())
                group.images, group.hashes = array("Q"), array("q")
            if not as_video:
                frames.append(group)
        else:
            pictures.append(group)
    name_folders([*pictures, *frames], log)
    finders = {id(g.export): MediaFinder(setting.source, setting.context, g.export.name) for g in groups}
    first: dict[int, list[Part]] = {}
    order = {id(g): i for i, g in enumerate([*groups, *pictures])}
    for picture in pictures:
        first.setdefault(order[id(picture)], []).append(ImagePart(picture, setting, finders[id(picture.export)]))
    for frame in frames:
        first.setdefault(order[id(frame)], []).append(FramePart(frame, setting, finders[id(frame.export)], log))
    for path, sharing in video_paths(videos, setting.source, log).items():
        first.setdefault(order[id(sharing[0])], []).append(VideoPart(path, sharing, setting, len(sharing) > 1))
    return [part for i in sorted(first) for part in first[i]]


def _iterate(parts: Sequence[Part], log: Log, start: int, stop: int) -> Iterator[Item]:
    base = 0
    for part in parts:
        low, high = max(start - base, 0), min(stop - base, part.units)
        if low < high:
            yield from part.items(log, low, high)
        base += part.units


FORMAT = Reader(
    name="cvat",
    title="CVAT XML (images and video), backups, server JSON, Datumaro JSON",
    docs="docs/formats/cvat.md",
    media=frozenset({Media.IMAGE, Media.VIDEO}),
    produces=frozenset(
        {
            Box,
            RotatedBox,
            Polygon,
            Polyline,
            Point,
            Keypoints,
            Mask,
            Ellipse,
            Cuboid,
            Object,
            Classification,
            Track,
        }
    ),
    options=Options,
    sniff=sniff,
    read=read,
    upright=True,
)
