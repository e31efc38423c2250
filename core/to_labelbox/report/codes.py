"""What can be said about an input, and how grave it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Code(StrEnum):
    """What can be said about an input, a warning where nothing else stands beside it; docs/diagnostics.md explains each."""

    severity: Severity

    def __new__(cls, name: str, severity: Severity = Severity.WARNING) -> Self:
        code = str.__new__(cls, name)
        code._value_, code.severity = name, severity
        return code

    # files and records
    FILE_UNREADABLE = "file-unreadable", Severity.ERROR
    FILE_IGNORED = "file-ignored", Severity.INFO
    FILE_MISSING = "file-missing"
    FILE_UNCLAIMED = "file-unclaimed"
    READ_CRASHED = "read-crashed", Severity.ERROR
    RECORD_UNREADABLE = "record-unreadable"
    RECORD_DUPLICATE = "record-duplicate"
    ROWS_MIXED = "rows-mixed"
    FIELD_IGNORED = "field-ignored", Severity.INFO
    FIELD_REPAIRED = "field-repaired"
    DECISION = "decision", Severity.INFO
    LOCK_UNAVAILABLE = "lock-unavailable"
    # assets
    ASSET_UNKNOWN = "asset-unknown"
    ASSET_DUPLICATE = "asset-duplicate"
    IMAGE_SIZE_UNKNOWN = "image-size-unknown"
    IMAGE_SIZE_MISMATCH = "image-size-mismatch"
    IMAGE_UNLIKE = "image-unlike"
    EXIF_TURNED = "exif-turned", Severity.INFO
    EXIF_UNCHECKED = "exif-unchecked"
    KEY_SHORTENED = "key-shortened", Severity.INFO
    KEY_SHARED = "key-shared"
    ADDRESS_SHARED = "address-shared"
    ADDRESS_NOT_FETCHED = "address-not-fetched"
    ADDRESS_EXPIRES = "address-expires"
    ASSET_AMBIGUOUS = "asset-ambiguous"
    OPTION_MATCHED = "option-matched", Severity.INFO
    OPTION_UNMATCHED = "option-unmatched"
    ROW_UNMATCHED = "row-unmatched"
    ROW_DATA_LOCAL = "row-data-local", Severity.INFO
    METADATA_REFUSED = "metadata-refused"
    # the set as a whole
    SUSPICIOUS = "suspicious"
    # labels and attributes
    CLASS_UNKNOWN = "class-unknown"
    CLASS_UNNAMED = "class-unnamed"
    CLASS_DUPLICATE = "class-duplicate"
    CLASS_UNUSED_DROPPED = "class-unused-dropped", Severity.INFO
    CLASS_SIMILAR = "class-similar"
    ATTRIBUTE_UNKNOWN = "attribute-unknown"
    ATTRIBUTE_DROPPED = "attribute-dropped"
    MAP_UNUSED = "map-unused"
    NOT_IN_ONTOLOGY = "not-in-ontology"
    REQUIRED_UNANSWERED = "required-unanswered"
    NAME_CLEANED = "name-cleaned"
    # geometry
    BOX_INVALID = "box-invalid"
    BOX_EMPTY = "box-empty"
    BOX_FLIPPED = "box-flipped"
    ORIGIN_DOUBTFUL = "origin-doubtful"
    POLYGON_INVALID = "polygon-invalid"
    POLYGON_TOO_SHORT = "polygon-too-short"
    POLYGON_EMPTY = "polygon-empty"
    LINE_TOO_SHORT = "line-too-short"
    POINT_INVALID = "point-invalid"
    KEYPOINTS_INVALID = "keypoints-invalid"
    KEYPOINTS_EMPTY = "keypoints-empty"
    MASK_INVALID = "mask-invalid"
    MASK_EMPTY = "mask-empty"
    MASK_COVERED = "mask-covered"
    SPAN_INVALID = "span-invalid"
    SPAN_SHIFTED = "span-shifted"
    TEXT_UNIT = "text-unit"
    GEOMETRY_MISSING = "geometry-missing"
    GEOMETRY_FORCED = "geometry-forced", Severity.INFO
    GEOMETRY_OUTLINED = "geometry-outlined", Severity.INFO
    GEOMETRY_UNSUPPORTED = "geometry-unsupported"
    ROTATION_IGNORED = "rotation-ignored"
    CLIPPED = "clipped", Severity.INFO
    OUTSIDE = "outside"
    BELOW_MIN_AREA = "below-min-area", Severity.INFO
    # video
    FRAME_INVALID = "frame-invalid"
    TRACK_EMPTY = "track-empty"
    TRACK_CONVERTED = "track-converted", Severity.INFO
    # what is left out by rule or by option
    EXCLUDED = "excluded", Severity.INFO
    PREDICTION = "prediction", Severity.INFO
    NOT_SELECTED = "not-selected", Severity.INFO
    CANCELLED = "cancelled", Severity.INFO
    DELETED = "deleted", Severity.INFO
    RELATIONSHIP_OFF = "relationship-off", Severity.INFO
    RELATIONSHIP_DANGLING = "relationship-dangling"
    ANSWER_EMPTY = "answer-empty"
    ANSWER_JOINED = "answer-joined", Severity.INFO
    GROUP_DROPPED = "group-dropped", Severity.INFO
    ANNOTATION_DUPLICATE = "annotation-duplicate", Severity.INFO
    UNSUPPORTED = "unsupported"
    # limits of the target
    LIMIT = "limit"


WITHDRAWN = frozenset({Code.CANCELLED, Code.DELETED})
"""What the source itself takes back, whatever the options: as if it had never been drawn."""


def severity_of(code: str) -> Severity:
    """That of a code; codes of third parties, which are not listed here, are warnings."""
    known = Code._value2member_map_.get(code)
    return known.severity if isinstance(known, Code) else Severity.WARNING
