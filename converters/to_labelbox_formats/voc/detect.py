"""How a Pascal VOC set is recognised."""

from __future__ import annotations

import re
from collections.abc import Sequence

from to_labelbox.model.text import pattern
from to_labelbox.plugins.reader import CERTAIN, LIKELY, POSSIBLE, Match, Refusal
from to_labelbox.report.errors import FileError
from to_labelbox.source.files import Source
from to_labelbox.source.xml import xml_text
from to_labelbox_formats.voc.layout.folder_roles import Role
from to_labelbox_formats.voc.layout.index import survey

_SNIFFED = 20

ONE_AN_IMAGE = "split it into one file an image, each with the root <annotation>"

_ROOT = pattern(r"(?:\s|<\?.*?\?>|<!--.*?-->|<![^>\[]*(?:\[.*?\]\s*)?>)*+<(?:[\w.-]+:)?([\w.-]+)", re.DOTALL)

_IS_VOC = pattern(
    r"<(?:[\w.-]+:)?(?:bndbox|robndbox|segmented|size\b[^<>]*>\s*(?:<!--[^<>]*-->\s*)*<(?:[\w.-]+:)?(?:width|height|depth))\b",
    re.IGNORECASE,
)

_SEVERAL = pattern(r"<annotation[\s>]")

_LABEL_MAP = b"# label:color_rgb:parts:actions"
"""How that of CVAT and Datumaro begins. In a batch, its folder is a set, of which the masks below are parts."""
_OTHERS = {
    "annotations": "CVAT for images or video",
    "View": "a labeling configuration of Label Studio",
    "net": "a neural network of OpenVINO",
}


def sniff(source: Source) -> Match | Refusal:
    """By the root element and the fields of up to 20 XML files; by the folders' names where there are none."""
    layout = survey(source)
    reasons: list[str] = []
    for name in _spread(layout.xmls, _SNIFFED):
        reason = _why_not(source.head(name))
        if reason is None:
            return Match(
                CERTAIN, f"{name} is a Pascal VOC annotation (root <annotation> with bndbox, size or segmented)"
            )
        reasons.append(f"{name}: {reason}")
    if any(role is Role.CLASSES or role is Role.INSTANCES for role, _ in layout.tops):
        return Match(LIKELY, "there is a folder SegmentationClass or SegmentationObject with masks")
    if any(entry.kind in ("main", "segmentation", "layout", "action") for entry in layout.lists):
        return Match(LIKELY, "there are lists in ImageSets")
    if any(name == "labelmap.txt" and source.head(name).startswith(_LABEL_MAP) for name in layout.class_files):
        return Match(POSSIBLE, "labelmap.txt has the classes of masks with their colours")
    if reasons:
        return Refusal(reasons[0])
    return Refusal("there is no XML file, and no folder SegmentationClass or ImageSets")


def _spread(names: Sequence[str], count: int) -> list[str]:
    """The first ones and as many spread over the rest, so that odd neighbours at the start do not decide."""
    return list(dict.fromkeys([*names[:count], *names[:: max(1, len(names) // count)]]))


def _why_not(head: bytes) -> str | None:
    try:
        text = xml_text(head, "latin-1")
    except FileError as error:
        return str(error)
    root = _ROOT.match(text)
    if root is None:
        return "is no XML"
    is_annotation = root.group(1).lower() == "annotation"
    if not is_annotation and _SEVERAL.search(text):
        return f"there are <annotation> elements in one <{root.group(1)}>: {ONE_AN_IMAGE}"
    if root.group(1) in _OTHERS:
        return f"the root element is <{root.group(1)}>: {_OTHERS[root.group(1)]}"
    if not is_annotation:
        return f"the root element is <{root.group(1)}>, not <annotation>"
    if "<imagesize" in text or "<sourceImage" in text or ("<pt>" in text and not _IS_VOC.search(text)):
        return "the root element is <annotation>, but the fields (imagesize, polygon/pt) are those of LabelMe"
    if not _IS_VOC.search(text):
        return "the root element is <annotation>, but there is no bndbox, size or segmented"
    return None
