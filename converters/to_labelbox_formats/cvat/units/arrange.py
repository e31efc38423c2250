"""Which units the groups of all exports become, in the order of the source."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from to_labelbox.model.items import Item
from to_labelbox.report.log import Log
from to_labelbox_formats.cvat.assets import MediaFinders, name_folders, video_paths
from to_labelbox_formats.cvat.assumptions import assume_frames, assume_videos
from to_labelbox_formats.cvat.exports import Group
from to_labelbox_formats.cvat.options import Options, Video
from to_labelbox_formats.cvat.units.images import ImageUnits
from to_labelbox_formats.cvat.units.setting import Setting, Units


class AllUnits:
    """The units of a dataset, one after another."""

    def __init__(self, parts: Sequence[Units], only_video: bool) -> None:
        self._parts, self.only_video = parts, only_video
        self._bases = [0, *accumulate(part.units for part in parts)]
        self.units = self._bases[-1]

    def items(self, log: Log, start: int, stop: int) -> Iterator[Item]:
        bases = self._bases
        for i in range(max(0, bisect_right(bases, start) - 1), len(self._parts)):
            if bases[i] >= stop:
                return
            low, high = max(start - bases[i], 0), min(stop - bases[i], self._parts[i].units)
            if low < high:
                yield from self._parts[i].items(log, low, high)

    def unlabelled(self, unit: int) -> Sequence[Item]:
        """The assets of a unit without their annotations."""
        part = bisect_right(self._bases, unit) - 1
        return self._parts[part].unlabelled(unit - self._bases[part])

    def name(self, unit: int) -> str:
        """The file and the picture of a unit."""
        return next((item.origin for item in self.unlabelled(unit)), f"unit {unit + 1} of {self.units}")


def units_of(groups: Sequence[Group], setting: Setting, finders: MediaFinders, options: Options, log: Log) -> AllUnits:
    """One part a group of pictures, one a video or the frames of one."""
    as_video = options.video != Video.FRAMES
    assume_videos(groups, options.video is not Video.AUTO, log)
    pictures, videos = _apart(groups)
    frames = [] if as_video else videos
    assume_frames(videos, options, log)
    name_folders([*pictures, *frames], log)
    order = {id(g): i for i, g in enumerate([*groups, *pictures])}
    found: list[tuple[int, Units]] = []
    for picture in pictures:
        found.append((order[id(picture)], ImageUnits(picture, setting, finders.of(picture.export))))
    if frames:
        from to_labelbox_formats.cvat.units.frames import FrameUnits

        found += ((order[id(g)], FrameUnits(g, setting, finders.of(g.export), log)) for g in frames)
    elif videos:
        from to_labelbox_formats.cvat.units.video import VideoUnit

        paths = video_paths(videos, finders.source, options.same_source, log)
        found += ((order[id(g[0])], VideoUnit(path, g, setting)) for path, g in paths.items())
    only_video = bool(videos) and not (pictures or frames)
    return AllUnits([part for _, part in sorted(found, key=lambda pair: pair[0])], only_video)


def _apart(groups: Sequence[Group]) -> tuple[list[Group], list[Group]]:
    """Groups of pictures and of videos. A group with tracks and with pictures that are no frames is one of each."""
    pictures: list[Group] = []
    videos: list[Group] = []
    for group in groups:
        if not group.is_video:
            pictures.append(group)
            continue
        if group.images and not group.only_frames:
            pictures.append(group.without_tracks())
            group.images, group.hashes = array("Q"), array("q")
        videos.append(group)
    return pictures, videos
