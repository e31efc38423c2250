"""Answers about whole images that stand beside the annotations: the tags of V7 Darwin, the scenes of TACO.

Darwin writes ``tag_ids`` on an image and ``tag_categories`` beside the categories; TACO writes ``scene_annotations``, each
with an ``image_id`` and ``background_ids``, and ``scene_categories``.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox_formats.coco.index.ids import Id, find, keys_of

TAGS, SCENES = "tag", "scene"
"""Names of the questions."""


class Beside(Struct):
    """Answers of one question in the order of their records: the image (its row, or its key where ``by_key``), the option.

    Option n is ``options[n]``. ``declared``: how many options a list of the file names; the others are ids without a name.
    """

    question: str
    images: npt.NDArray[np.int64]
    chosen: npt.NDArray[np.int32]
    options: list[str]
    declared: int
    by_key: bool = False


class BesideRows:
    """Grows the answers of one question, by rows of images."""

    def __init__(self, question: str) -> None:
        self._question = question
        self._images, self._chosen = array("q"), array("i")
        self._numbers: dict[Id, int] = {}

    def add(self, image: int, ids: Sequence[Id]) -> None:
        for id in dict.fromkeys(ids):
            self._images.append(image)
            self._chosen.append(self._numbers.setdefault(id, len(self._numbers)))

    def table(self, names: Mapping[int, str], *, by_key: bool = False) -> Beside | None:
        """All that was added, with the names that ids stand for; None for nothing."""
        if not self._images:
            return None
        options = list(dict.fromkeys(names.values()))
        declared = len(options)
        numbers = {name: n for n, name in enumerate(options)}
        placed = []
        for id in self._numbers:
            name = find(names, id) or f"{self._question}_{id}"
            placed.append(numbers.setdefault(name, len(numbers)))
        chosen = np.array(placed, np.int32)[np.frombuffer(self._chosen, np.int32)]
        images = np.frombuffer(self._images, np.int64)
        return Beside(self._question, images, chosen, list(numbers), declared, by_key)


class _Scene(Struct, gc=False):
    image_id: Id = None
    background_ids: list[Id] | None = None


def read_scenes(data: bytes, names: Mapping[int, str]) -> Beside | None:
    """The scenes of a file's ``scene_annotations``; an id below 0 says that there is none. Raises what is UNDECODABLE."""
    scenes = msgspec.json.decode(data, type=list[_Scene])
    rows = BesideRows(SCENES)
    for scene, key in zip(scenes, keys_of([s.image_id for s in scenes]).tolist()):
        rows.add(key, [id for id in scene.background_ids or () if not (isinstance(id, int) and id < 0)])
    return rows.table(names, by_key=True)


class BesideAnswers:
    """The answers of all files by the images of the set: rows sorted by image."""

    def __init__(self, found: Sequence[tuple[int, Beside, npt.NDArray[np.int64]]]) -> None:
        """Of each: its file, the answers, and the images that they are about."""
        nothing = np.zeros(0, np.int64)
        images = np.concatenate([images for _, _, images in found] or [nothing])
        self._order = np.argsort(images, kind="stable")
        self._images = images[self._order]
        self._ends = np.cumsum([0, *(len(images) for _, _, images in found)])
        self._found = [(file, answers) for file, answers, _ in found]

    def of_image(self, image: int) -> Iterator[tuple[int, int, Beside, int]]:
        """File, row, question and number of the option of each answer about an image."""
        begin, end = np.searchsorted(self._images, (image, image + 1)).tolist()
        for at in self._order[begin:end].tolist():
            number = int(np.searchsorted(self._ends, at, side="right")) - 1
            file, answers = self._found[number]
            row = at - int(self._ends[number])
            yield file, row, answers, int(answers.chosen[row])

    def __len__(self) -> int:
        return len(self._images)

    def count(self, image: int) -> int:
        """How many answers there are about an image."""
        begin, end = np.searchsorted(self._images, (image, image + 1)).tolist()
        return int(end - begin)
