"""What is known of a COCO file once it is indexed, and how it is to be read."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from to_labelbox_formats.coco.detect import FileKind
from to_labelbox_formats.coco.index.addresses import Addresses
from to_labelbox_formats.coco.index.beside import Beside
from to_labelbox_formats.coco.index.box_columns import Boxes
from to_labelbox_formats.coco.index.categories import Category
from to_labelbox_formats.coco.index.census import Census
from to_labelbox_formats.coco.index.ranges import Table
from to_labelbox_formats.coco.index.videos import SEQUENCES, Videos
from to_labelbox_formats.coco.options import Form, Inner, Outlines, Places, Rotation


class Conventions(Struct, frozen=True):
    """How a file is to be read.

    ``boxes``: what the four numbers of a box are; ``outlines``: the order of those of an outline. ``first``: the number of the first pixel, which is taken off. ``sides``: coordinates are fractions of a side of the picture that is this long
    (1, or 100 for per cent); 0 for pixels: of boxes, outlines and keypoints. ``limits``: where this is not 0, those of an
    annotation with no greater number than this are fractions, and all others pixels, whatever ``sides`` says. ``stated``: a record's own ``bbox_mode`` counts,
    as nothing was asked for. ``occluded``: the visibilities of keypoints that are labelled but hidden. ``placed``: every keypoint that is not at
    0, 0 is labelled. ``most_visible``: a keypoint of a greater value is none. ``stated_rle``: an RLE is as it is stated.
    ``by_rows``: its runs go along rows. ``placeless``: which annotations without a place are classes of their images: all (``IMAGE``), those without a field for one (``AUTO``), none (``STATED``). ``inner``: what a part in another part is. ``rotation``: how turns of boxes
    are meant, those in ``turn_field`` or that are a fifth number; ``of_five``: what the first four of five numbers of a box are. ``drawn``: annotations have
    boxes, and outlines; ``left``: some of them leave their pictures; ``stand_ins``: fields
    that hold the place or class of annotations where those of COCO do not, each with the share where it does.
    """

    boxes: Form = Form.SIZES
    outlines: Outlines = Outlines.PAIRS
    first: float = 0
    sides: tuple[float, float, float] = (0.0, 0.0, 0.0)
    limits: tuple[float, float, float] = (0.0, 0.0, 0.0)
    stated: bool = True
    occluded: frozenset[float] = frozenset({1})
    placed: bool = False
    most_visible: float = math.inf
    stated_rle: bool = False
    by_rows: bool = False
    placeless: Places = Places.STATED
    inner: Inner = Inner.AUTO
    rotation: Rotation = Rotation.AUTO
    turn_field: str = ""
    of_five: Form = Form.SIZES
    drawn: tuple[bool, bool] = (False, False)
    left: bool = False
    stand_ins: Mapping[str, float] = {}

    @property
    def plain(self) -> bool:
        """Whether boxes, outlines and RLEs are as COCO has them."""
        usual = self.boxes is Form.SIZES and self.outlines is Outlines.PAIRS
        return usual and not self.turn_field and not (self.first or any(self.sides) or any(self.limits) or self.by_rows)


_CAREFUL = frozenset("attribute_ids bbox_mode deleted isbbox foot_kpts face_kpts lefthand_kpts righthand_kpts".split())
"""Fields that change what an annotation becomes."""
_PLAIN_KINDS = (FileKind.INSTANCES, FileKind.IMAGES, FileKind.VIDEOS)


class File(Struct, kw_only=True):
    """One indexed COCO file. ``fields``: keys of its first annotation. ``ordinals`` maps its images to those of the dataset.

    ``number``: its place among the files of the set; ``at``: what begins its records' locations, where there are several.
    ``linked``: its images have addresses, which tell them apart. ``home``: the folder that is put before their paths.
    ``unnumbered``: categories are bare names, numbered from 0 for now. ``point_names`` and ``attribute_names``: what ids
    of keypoints and attributes stand for. ``beside``: answers about images that are no annotations.
    ``occluded``: the visibilities of keypoints that the file itself calls occluded; None where it does not say. ``lists``: keys that are not read, with the length of each. ``videos``: its images are frames of videos. ``tracks``: its
    videos and annotations hold the shapes of all frames, and are there instead of images and annotations.
    """

    name: str
    number: int = 0
    at: str = ""
    split: str
    kind: FileKind
    images: Table
    image_names: npt.NDArray[np.int64]
    annotations: Table
    boxes: Boxes | None
    categories: Mapping[int, Category]
    fields: tuple[str, ...]
    videos: bool
    ordinals: npt.NDArray[np.int32]
    linked: bool
    home: str = ""
    unnumbered: bool = False
    point_names: Mapping[int, str] = field(default_factory=dict)
    attribute_names: Mapping[int, str] = field(default_factory=dict)
    occluded: frozenset[float] | None = None
    beside: list[Beside] = field(default_factory=list)
    lists: dict[str, int] = field(default_factory=dict)
    category_fields: dict[str, int] = field(default_factory=dict)
    addresses: Addresses
    image_census: Census
    video_census: Census
    scene_census: Census
    annotation_census: Census
    tracks: Videos | None = None
    conventions: Conventions = Conventions()

    @property
    def nested(self) -> bool:
        """Whether its records are sequences of BURST, which hold the masks of their frames."""
        return self.tracks is not None and self.tracks.nested

    @property
    def video_list(self) -> str:
        return SEQUENCES if self.nested else "videos"

    @property
    def annotation_list(self) -> str:
        """The list in which its annotations stand."""
        return SEQUENCES if self.nested else "annotations"

    @property
    def foreign(self) -> bool:
        """Whether it is of CVAT or Datumaro, or has their attributes."""
        return "attributes" in self.fields

    @property
    def plain(self) -> bool:
        """Whether most annotations are likely to have nothing but a class, a box, an outline and attributes."""
        return not self.nested and self.kind in _PLAIN_KINDS and _CAREFUL.isdisjoint(self.annotation_census.fields)

    def forget_keys(self) -> None:
        """Give back the memory of what only numbering the images needs."""
        nothing = np.zeros(0, np.int64)
        self.annotations.keys = self.images.keys = self.image_names = nothing
