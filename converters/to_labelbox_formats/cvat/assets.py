"""Where pictures and videos are, and what they are called, so that no two of them have one path."""

from __future__ import annotations

import os
from array import array
from collections.abc import Mapping, Sequence
from functools import cached_property

from to_labelbox.model.duplicate_hashes import repeated
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import alike
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import Header, image_header, is_image
from to_labelbox.source.paths import is_safe
from to_labelbox_formats.cvat.assumptions import assume_one_video
from to_labelbox_formats.cvat.detect import beside
from to_labelbox_formats.cvat.exports import MAX_UNNAMED, Export, Group, frame_name, path_of
from to_labelbox_formats.cvat.meta import TaskSpec
from to_labelbox_formats.cvat.nodes import FRAME
from to_labelbox_formats.cvat.options import SameSource

# ---------------------------------------------------------------------------------------------------------- media


class MediaFinders:
    """A finder for each export of a source."""

    def __init__(self, source: Source, context: ReadContext) -> None:
        self.source, self.context = source, context
        self._finders: dict[Export, MediaFinder] = {}

    def of(self, export: Export) -> MediaFinder:
        finder = self._finders.get(export)
        if finder is None:
            finder = self._finders[export] = MediaFinder(self, export)
        return finder

    @cached_property
    def folders_of_pictures(self) -> set[str]:
        """Folders, with a closing slash and the root as an empty text, that hold pictures at any depth."""
        found: set[str] = set()
        for folder, extension in self.source.groups:
            if is_image(f"x{extension}"):
                while folder not in found:
                    found.add(folder)
                    folder = folder[: folder.rfind("/", 0, -1) + 1]
        return found


class MediaFinder:
    """Pictures exported along with the labels, in the folder that the export names, below it the subset if there is one.

    Sets made by hand have them beside the file.
    """

    def __init__(self, finders: MediaFinders, export: Export) -> None:
        self._source = finders.source
        self._media = finders.context.media
        root = beside(export.name, export.media) + "/"
        folder = self._source.folder
        self._here = bool(self._source.under(root)) or (
            folder is not None and is_safe(root) and os.path.isdir(os.path.join(folder, root))
        )
        self._root = root if self._here else self._folder_of_pictures(export.name, finders)
        self._frames: Mapping[str, str] | None = None

    def _folder_of_pictures(self, file: str, finders: MediaFinders) -> str | None:
        """The file's folder when there are pictures in it."""
        folder = os.path.join(os.path.dirname(file), "")
        if not self._source.is_file or self._source.folder is None:
            return folder if folder in finders.folders_of_pictures else None
        try:
            names = os.listdir(os.path.join(self._source.folder, folder))
        except OSError:
            return None
        return folder if any(map(is_image, names)) else None

    def folders(self, group: Group) -> tuple[str, ...]:
        """Where pictures of a group may be in the source."""
        root = self._root
        return () if root is None else (f"{root}{group.subset}/", root) if group.subset else (root,)

    def place(self, name: str, group: Group) -> str:
        """The name as a path, with the extension of the exported file where the name is that of a frame."""
        name = path_of(name)
        if not self._here or self._root is None or not FRAME.fullmatch(name):
            return name
        if self._frames is None:
            names = self._source.under(self._root)
            if not names and self._source.folder:
                names = [f"{self._root}{n}" for n in sorted(os.listdir(os.path.join(self._source.folder, self._root)))]
            self._frames = {os.path.splitext(n.lower())[0]: n for n in names}
        for folder in self.folders(group):
            found = self._frames.get(f"{folder}{name}".lower())
            if found:
                return found[len(folder) :]
        return name

    def header(self, path: str, name: str, group: Group) -> Header | None:
        if self._media is not None:
            found = self._media.header(path)
            if found is not None:
                return found
        for place in (f"{folder}{name}" for folder in self.folders(group)):
            if not is_safe(place):
                continue
            there = place if self._source.exists(place) else self._alike.get(alike(place), "")
            if there:
                return image_header(self._source.head(there, 256 * 1024))
        return None

    @cached_property
    def _alike(self) -> Mapping[str, str]:
        """The pictures as they are spelled, by what names are compared as."""
        return {alike(name): name for name in self._source.under(self._root or "") if is_image(name)}


# ----------------------------------------------------------------------------------------------------------- keys


def name_folders(groups: Sequence[Group], log: Log) -> None:
    """Gives each group the folder that its pictures' names are in, so that no two pictures have one path.

    Subsets are folders as soon as a file has several, as in CVAT's own exports. Where names still repeat over tasks or
    files, the task and the file become folders too.
    """
    subsets: dict[Export, set[str]] = {}
    for group in groups:
        subsets.setdefault(group.export, set()).add(group.subset)
    for group in groups:
        group.folder = f"{group.subset}/" if len(subsets[group.export]) > 1 and group.subset else ""
    if len(groups) < 2 or not _collide(groups):
        return
    exports = list(subsets)
    files = _file_folders([e.name for e in exports])
    by_export: dict[Export, list[Group]] = {}
    for group in groups:
        by_export.setdefault(group.export, []).append(group)
    for export, file in zip(exports, files):
        own = by_export[export]
        tasks = _task_folders(own)
        for group, task in zip(own, tasks):
            group.folder = (
                (f"{file}/" if len(exports) > 1 else "") + group.folder + (f"{task}/" if len(own) > 1 else "")
            )
    several = "exports" if len(exports) > 1 else "tasks"
    unnamed = len(exports) > 1 and any(g.task.jobs and not g.task.name for g in groups)
    jobs = ". If these are jobs of one task, export the task itself: it tells each picture once" if unnamed else ""
    log.decide(
        f"pictures of several {several} have the same name; the task (and file) comes first in their paths, "
        f"as in {groups[0].folder}…{jobs}"
    )


def _collide(groups: Sequence[Group]) -> bool:
    """Whether one path would mean two pictures. Frames of equal numbers of one video are one picture."""
    hashes = array("q")
    videos: dict[tuple[str, str, int | None, int | None], set[int]] = {}
    for group in groups:
        folder, task, names = group.folder, group.task, set(group.hashes)
        if group.tracks:
            names.update(map(hash, map(frame_name, _numbers(task))))
        if group.is_video and task.source:
            videos.setdefault((folder, task.source, task.width, task.height), set()).update(names)
        else:
            hashes.extend(hash((folder, h)) for h in names)
    for (folder, *_), names in videos.items():
        hashes.extend(hash((folder, h)) for h in names)
    return bool(repeated(hashes))


def _numbers(task: TaskSpec) -> range:
    """Numbers of the frames of a task, as the file counts them; only the first where it does not say how many."""
    start, last = task.start + task.offset, task.last
    return range(start, start + 1 if last is None else last + task.offset + 1, task.step)[:MAX_UNNAMED]


def _file_folders(names: Sequence[str]) -> Sequence[str]:
    folders = [os.path.dirname(n) for n in names]
    stems = [os.path.splitext(n)[0] for n in names]
    return folders if len(set(folders)) == len(folders) and all(folders) else stems


def _task_folders(groups: Sequence[Group]) -> Sequence[str]:
    names = [g.task.name.replace("/", "_") for g in groups]
    if len(set(names)) == len(names) and all(n.strip(". ") for n in names):
        return names
    ids = [f"task_{g.task_id or g.task.id}" for g in groups]
    if len(set(zip(ids, (g.subset for g in groups)))) == len(ids):
        return ids
    return [f"{name}_{i}" for i, name in enumerate(ids)]


def video_paths(groups: Sequence[Group], source: Source, same: SameSource, log: Log) -> dict[str, list[Group]]:
    """The path of each video, with the groups on it. Tasks on one source of one size are about one video, or as ``same``."""
    found: dict[str, list[Group]] = {}
    unnamed: list[str] = []
    more = "; of jobs of one video, say -O same_source=one" if len(groups) > 1 and same is not SameSource.ONE else ""
    for group in groups:
        task = group.task
        path = task.source.replace("\\", "/").lstrip("/")
        if not path:
            stem = os.path.splitext(os.path.basename(group.export.name))[0]
            path = task.name or (stem if stem not in ("annotations", "") else source.name)
            if same is SameSource.ONE:
                unnamed.append(path)
                path = unnamed[0]
            log.note(
                Code.ASSET_UNKNOWN,
                f"the export does not name its video; {path!r} is taken as its key, change it with --global-key{more}"
                + ("; if these are pictures, export the task as 'CVAT for images'" if task.pictures else ""),
                file=group.export.name,
            )
        found.setdefault(path, []).append(group)
    out: dict[str, list[Group]] = {}
    for path, sharing in found.items():
        sizes = {(g.task.width, g.task.height) for g in sharing}
        if len(sharing) > 1 and (
            len(sizes) > 1 or same is SameSource.APART or not (sharing[0].task.source or same is SameSource.ONE)
        ):
            log.decide(f"several videos are named {path!r}; the task comes first in their paths")
            for group, folder in zip(sharing, _task_folders(sharing)):
                out.setdefault(f"{folder}/{path}", []).append(group)
            continue
        if len(sharing) > 1:
            assume_one_video(sharing, same, log)
        out[path] = sharing
    return out
