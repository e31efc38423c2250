"""What of a source no rule of this reader looks at: files by folder and extension, each with the reason that is true of it."""

from __future__ import annotations

from to_labelbox.report.log import Log
from to_labelbox.report.observations import NO_RULE
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import IMAGE_EXTENSIONS
from to_labelbox.source.unread_files import note_unread_files
from to_labelbox_formats.voc.layout.folder_roles import Role, folder_of
from to_labelbox_formats.voc.layout.index import Layout
from to_labelbox_formats.voc.rivals import ANOTHER

_STRAY = "no annotation file describes a picture in its folder, which is around or apart from those of the images"
_RIVAL = "another folder has a mask of the same name, which is read"
_PAINTED = "its folder shows masks; those of SegmentationClass and SegmentationObject are read"
_COPY = "another picture of its name holds the same bytes and is taken"
_MASKS_OFF = "-O masks=false"


def note_files(
    source: Source, layout: Layout, log: Log, classes: str, left: list[str], rivals: set[str], masks: bool
) -> None:
    """Name what is not read. ``classes`` is the list of classes that counts, ``left`` what an option leaves out."""
    if source.is_file:
        return
    strays = {layout.images[position] for position in layout.strays}
    copies = dict.fromkeys((layout.images[position] for position in layout.copies), _COPY)
    used = {*layout.xmls, *layout.images, *layout.masks}
    used.difference_update(strays, rivals, copies)
    lists = layout.lists or layout.side_lists
    used.update(entry.name for entry in lists)
    used.add(classes)
    reasons = dict.fromkeys(left, ANOTHER) | dict.fromkeys(strays, _STRAY) | dict.fromkeys(rivals, _RIVAL)
    reasons |= copies
    reasons |= dict.fromkeys(layout.class_files, f"the classes of {classes or 'the -O class_names= file'} count")
    reasons |= dict.fromkeys((entry.name for entry in layout.side_lists), "ImageSets has the lists that count")

    def why(name: str) -> str:
        folder, _, base = name.rpartition("/")
        if base.startswith("._"):  # what macOS leaves beside files
            return ""
        if (reason := reasons.get(name)) is not None:
            return reason
        if f".{base.rpartition('.')[2].lower()}" in IMAGE_EXTENSIONS:
            role = folder_of(folder).role
            if role is Role.OTHER_MASKS:
                return _PAINTED
            if role in (Role.CLASSES, Role.INSTANCES) and not masks:
                return _MASKS_OFF
        return "is hidden" if "/." in f"/{name}" else NO_RULE

    note_unread_files(log, source, used, why)
