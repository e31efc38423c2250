"""What a file holds beside what is read: fields of its records, lists beside the known ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from typing import Any

import msgspec

from to_labelbox.report.observations import FULLY_SEEN, SAMPLED
from to_labelbox.source.json_stream import UNDECODABLE

IMAGE_FIELDS = frozenset(
    "id file_name coco_url width height license date_captured flickr_url tag_ids "
    # which frame of which video it is
    "video_id frame_index frame_id frame_number".split()
)
"""Fields of images that are read, or that say nothing about what is on the picture."""
CATEGORY_FIELDS = frozenset(
    "id category_id name supercategory keypoints skeleton color isthing "
    # LVIS describes its classes
    "synset synonyms def frequency image_count instance_count".split()
)
ANNOTATION_FIELDS = frozenset(
    "id image_id category_id category_name bbox bbox_mode area segmentation iscrowd ignore keypoints num_keypoints caption "
    "score attributes attribute_ids segments_info file_name deleted isbbox "
    # of COCO-WholeBody
    "foot_kpts face_kpts lefthand_kpts righthand_kpts foot_valid face_valid lefthand_valid righthand_valid "
    # the same in camelCase
    "imageId categoryId".split()
)
"""Fields of annotations that are read, or that say nothing more than those do."""
SEGMENT_FIELDS = frozenset("id category_id iscrowd area bbox isthing".split())
"""Fields of the segments of a panoptic annotation, likewise."""
SCENE_FIELDS = frozenset({"id", "image_id", "background_ids"})
"""Fields of TACO's ``scene_annotations``, likewise."""
OUTLINES = ("poly", "polygon", "polygons", "points", "vertices")
"""Fields that hold an outline where there is neither ``segmentation`` nor ``bbox``."""
TURNS = ("rotation", "angle", "theta")
"""Fields that may hold the turn of a box."""
CLASS_NAMES = ("category_name", "category", "label", "class_name", "class")
"""Fields that name the class of an annotation where there is no ``category_id``."""
CLASS_IDS = ("categoryId", "cat_id", "class_id", "label_id")
"""Fields that hold the id of that class, and of a category its own."""
QUIET_KEYS = frozenset({"info", "licenses", "license", "type"})
"""Keys of a file beside its lists that say nothing about what is on the pictures."""

_decode = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode
SEARCHED_FOR = 200
"""Different fields up to which a piece is searched for each, which is quicker than to decode it once more."""


class Census:
    """Counts the fields of a list's records: of the first :data:`FULLY_SEEN` all, then of one piece in :data:`SAMPLED`.

    ``repeated``: the fields that a record has twice, with the number of such records. ``segments``: the fields of the
    entries of ``segments_info``, where there are any.
    """

    def __init__(self, known: Collection[str], begun: bool = False) -> None:
        """``begun``: the records are not the first ones, so that only some of them are looked at."""
        self._known = frozenset(known)
        self._pieces = 0
        self.records = self.looked_at = 0
        self._all = 0 if begun else FULLY_SEEN
        self.fields: Counter[str] = Counter()
        self.repeated: Counter[str] = Counter()
        self.segments: Census | None = None
        self._silent: set[str] = set()  # unknown fields that have said nothing so far

    def look(self, text: bytes, count: int) -> None:
        """Take in a piece: the text of ``count`` records with commas between them."""
        self.records += count
        self._pieces += 1
        passed_over = self.looked_at >= self._all and self._pieces % SAMPLED != 1
        if passed_over and not any(_says_something(name, text) for name in self._silent):
            return
        self.looked_at += count
        own: Counter[str] = Counter()
        records = _records(b"[%b]" % text)
        for record in records:
            own.update(record.keys())
            if type(segments := record.get("segments_info")) is msgspec.Raw:
                self.segments = self.segments or Census(SEGMENT_FIELDS)
                self.segments.look(bytes(segments).strip()[1:-1], 1)
        self.fields.update(own)
        for name in own.keys() - self._known:
            self.fields[name] -= sum(name in record and _is_nothing(record[name]) for record in records)
            if self.fields[name]:
                self._silent.discard(name)
            else:
                self._silent.add(name)
        self.fields = +self.fields
        many = len(own) > SEARCHED_FOR
        if many or any(text.count(_quoted(name)) > times for name, times in own.items()):
            self.repeated.update(repeated_keys(b"[%b]" % text))

    def absorb(self, other: Census) -> None:
        """Add what was counted of the records that follow."""
        self.records += other.records
        self.looked_at += other.looked_at
        self.fields.update(other.fields)
        self.repeated.update(other.repeated)
        if self.segments and other.segments:
            self.segments.absorb(other.segments)
        else:
            self.segments = self.segments or other.segments

    @property
    def unknown(self) -> dict[str, int]:
        """Fields that no rule reads, in the order of their first records."""
        return {name: count for name, count in self.fields.items() if name not in self._known}


def repeated_keys(text: bytes) -> Counter[str]:
    """The keys that an object has more than once, where decoding keeps the last, each with the number of such objects."""
    found: Counter[str] = Counter()

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        whole = dict(pairs)
        if len(whole) < len(pairs):
            found.update(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        return whole

    try:
        json.loads(text, object_pairs_hook=members)
    except (ValueError, RecursionError):
        return Counter()
    return found


def members_of(text: bytes) -> dict[str, Any]:
    """All that a record says; nothing for a text that no parser takes."""
    try:
        loose = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return loose if isinstance(loose, dict) else {}


def _records(text: bytes) -> list[dict[str, Any]]:
    records: list[Any]
    try:
        records = list(_decode(text))
    except UNDECODABLE:
        try:
            records = json.loads(text)
        except (ValueError, RecursionError):
            return []
    return [record for record in records if isinstance(record, dict)]


def _is_nothing(value: Any) -> bool:
    """Whether the value of a field, as text or read, says nothing."""
    return bytes(value) in _NOTHING if type(value) is msgspec.Raw else value in (None, "")


_NOTHING = (b"null", b'""')


def _says_something(name: str, text: bytes) -> bool:
    """Whether a field may have a value in a text other than one that says nothing."""
    key = _quoted(name)
    left = text.count(key)
    for between in (b": ", b":"):
        for nothing in _NOTHING if left else ():
            left -= text.count(key + between + nothing)
    return left > 0


def _quoted(name: str) -> bytes:
    """As it most likely stands in a file."""
    try:
        return msgspec.json.encode(name)
    except UnicodeEncodeError:  # half a character, which only an escape can write
        return json.dumps(name).encode()


def length_of(value: bytes) -> int:
    """How many entries a list or mapping has; 1 for any other value."""
    try:
        whole = msgspec.json.decode(value, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
    except UNDECODABLE:
        return 1
    return len(whole)
