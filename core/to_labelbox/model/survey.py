"""What is seen while converting, as far as the ontology depends on it. Surveys of parts add up in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec import Struct, field

from to_labelbox.model.items import Attribute, Choice, Item, Media, Scalar, Value
from to_labelbox.model.schema import Input, Kind

MAX_OPTIONS = 20
"""Undeclared scalar values: up to this many distinct ones are options of a radio, more are free text."""

VISIBILITY = "visibility"
INSTANCE = "instance"


def text_of(value: Scalar) -> str:
    """The one rule by which values become option names and texts: true/false, whole floats without fraction."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


class Answers(Struct):
    """Answers to one question: distinct options in first-seen order, with the questions nested under each.

    ``many``: more than :data:`MAX_OPTIONS` distinct scalars. ``chosen``: a :class:`Choice` was among them, so these are
    options for certain. ``repeatable``: several options were given at once. ``flag``: only ever ``yes``.
    ``index``: given for frames, times or messages; ``whole``: given for the whole asset.
    """

    options: dict[str, dict[str, Answers]] = field(default_factory=dict)
    many: bool = False
    chosen: bool = False
    repeatable: bool = False
    flag: bool = False
    index: bool = False
    whole: bool = False
    input: Input | None = None

    def add(self, value: Value) -> None:
        if isinstance(value, tuple):
            self.repeatable = True
            for one in value:
                self._add_one(one)
        else:
            self._add_one(value)

    def _add_one(self, value: Scalar | Choice) -> None:
        if isinstance(value, Choice):
            if not value.value.strip():
                return
            self.chosen = True
            nested = self.options.setdefault(value.value, {})
            observe(nested, value.attributes)
            return
        text = text_of(value)
        if not text.strip() or text in self.options or self.many:
            return
        if len(self.options) >= MAX_OPTIONS and not self.chosen and not self.repeatable:
            self.many = True
            return
        self.options[text] = {}

    def absorb(self, other: Answers) -> None:
        self.chosen |= other.chosen
        self.repeatable |= other.repeatable
        self.flag |= other.flag
        self.index |= other.index
        self.whole |= other.whole
        self.input = self.input or other.input
        for text, nested in other.options.items():
            mine = self.options.setdefault(text, {})
            for name, answers in nested.items():
                mine.setdefault(name, Answers()).absorb(answers)
        self.many |= other.many or (len(self.options) > MAX_OPTIONS and not self.chosen and not self.repeatable)


def observe(questions: dict[str, Answers], attributes: Sequence[Attribute]) -> None:
    """Note the answers of one annotation; a question that it answers twice takes several answers."""
    for attribute in attributes:
        if attribute.value in ("", ()):
            continue
        answers = questions.get(attribute.name)
        if answers is None:
            text = Input.TEXT if attribute.free_text or attribute.name == INSTANCE else None
            answers = questions[attribute.name] = Answers(flag=attribute.flag, input=text)
        answers.add(attribute.value)
    if len(attributes) > 1:
        names = [a.name for a in attributes]
        for name in {n for n in names if names.count(n) > 1} if len(set(names)) < len(names) else ():
            if name in questions:
                questions[name].repeatable = True


K = TypeVar("K")


def add_counts(mine: dict[K, int], theirs: Mapping[K, int]) -> None:
    for key, count in theirs.items():
        mine[key] = mine.get(key, 0) + count


GROUPS = 1000
"""Groups of assets that a survey tells apart in a chunk."""
OTHER_GROUPS = "(other folders)"


class Survey(Struct):
    """Counts of written shapes by (label, kind), answers by label, answers about whole assets.

    ``keypoints`` maps a keypoint's tool label to the label of its instance; ``occluded`` and ``repeated`` hold the
    instance labels that need the questions ``visibility`` and ``instance``.

    ``joined`` are shapes that stand on the line of another one.

    ``sizes`` counts assets by (width, height), where known, ``splits`` by split. ``groups`` counts assets by split or, where
    there is none, by folder, ``labelled`` those of them with an annotation. ``urls`` are 64-bit hashes of the assets' addresses, where datasets may share them.
    ``largest`` holds the largest value seen
    of what a target limits (a text's length, …), under names that the target's writer gives. ``bytes`` are about those of
    the output.
    """

    shapes: dict[tuple[str, Kind], int] = field(default_factory=dict)
    attributes: dict[str, dict[str, Answers]] = field(default_factory=dict)
    questions: dict[str, Answers] = field(default_factory=dict)
    answers: int = 0
    joined: int = 0
    keypoints: dict[str, str] = field(default_factory=dict)
    occluded: dict[str, None] = field(default_factory=dict)
    repeated: dict[str, None] = field(default_factory=dict)
    media: dict[Media, int] = field(default_factory=dict)
    sizes: dict[tuple[int, int], int] = field(default_factory=dict)
    splits: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    labelled: dict[str, int] = field(default_factory=dict)
    urls: list[int] = field(default_factory=list)
    largest: dict[str, int] = field(default_factory=dict)
    bytes: int = 0

    def note_largest(self, what: str, value: int) -> None:
        if value > self.largest.get(what, 0):
            self.largest[what] = value

    def note_assets(self, items: Sequence[Item]) -> None:
        """Count assets by type, size, split and group."""
        assets = [item.asset for item in items]
        media = {id(asset.media): asset.media for asset in assets}  # to hash one takes longer than all else here
        add_counts(self.media, {media[n]: count for n, count in Counter([id(asset.media) for asset in assets]).items()})
        sizes = Counter([(asset.width, asset.height) for asset in assets])
        add_counts(self.sizes, {size: count for size, count in sizes.items() if None not in size})  # type: ignore[misc]
        groups = Counter([(i.split, i.asset.path.rpartition("/")[0], bool(i.annotations)) for i in items])
        for group, count in groups.items():
            self._note_group(*group, count)

    def _note_group(self, split: str, folder: str, labelled: bool, count: int) -> None:
        """Count assets in their group; of very many folders, the first are told apart."""
        group = split or folder
        if split:
            self.splits[split] = self.splits.get(split, 0) + count
        if group not in self.groups and len(self.groups) >= GROUPS:
            group = OTHER_GROUPS
        self.groups[group] = self.groups.get(group, 0) + count
        if labelled:
            self.labelled[group] = self.labelled.get(group, 0) + count
            if split and len(self.labelled) < GROUPS:
                self.labelled.setdefault(folder, 0)  # of that folder not all are without a label

    def absorb(self, other: Survey) -> None:
        """Add the survey of a later part."""
        for name in ("shapes", "media", "sizes", "splits", "groups", "labelled"):
            add_counts(getattr(self, name), getattr(other, name))
        for label, questions in other.attributes.items():
            known = self.attributes.setdefault(label, {})
            for name, answers in questions.items():
                known.setdefault(name, Answers(flag=answers.flag)).absorb(answers)
        for name, answers in other.questions.items():
            self.questions.setdefault(name, Answers()).absorb(answers)
        self.urls += other.urls
        for what, value in other.largest.items():
            self.note_largest(what, value)
        self.bytes += other.bytes
        self.answers += other.answers
        self.joined += other.joined
        self.keypoints.update(other.keypoints)
        self.occluded |= other.occluded
        self.repeated |= other.repeated
