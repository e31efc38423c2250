"""What can be said about an input, and how grave it is."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Code(StrEnum):
    """What can be said about an input. The value is the name in reports; docs/diagnostics.md explains each."""

    # files and records
    FILE_UNREADABLE = "file-unreadable"
    FILE_IGNORED = "file-ignored"
    FILE_MISSING = "file-missing"
    FILE_UNCLAIMED = "file-unclaimed"
    READ_CRASHED = "read-crashed"
    RECORD_UNREADABLE = "record-unreadable"
    RECORD_DUPLICATE = "record-duplicate"
    ROWS_MIXED = "rows-mixed"
    FIELD_IGNORED = "field-ignored"
    FIELD_REPAIRED = "field-repaired"
    DECISION = "decision"
    LOCK_UNAVAILABLE = "lock-unavailable"
    # assets
    ASSET_UNKNOWN = "asset-unknown"
    ASSET_DUPLICATE = "asset-duplicate"
    IMAGE_SIZE_UNKNOWN = "image-size-unknown"
    IMAGE_SIZE_MISMATCH = "image-size-mismatch"
    EXIF_TURNED = "exif-turned"
    EXIF_UNCHECKED = "exif-unchecked"
    KEY_SHORTENED = "key-shortened"
    KEY_SHARED = "key-shared"
    ADDRESS_SHARED = "address-shared"
    ADDRESS_NOT_FETCHED = "address-not-fetched"
    ASSET_AMBIGUOUS = "asset-ambiguous"
    OPTION_UNMATCHED = "option-unmatched"
    ROW_UNMATCHED = "row-unmatched"
    ROW_DATA_LOCAL = "row-data-local"
    METADATA_REFUSED = "metadata-refused"
    # the set as a whole
    SUSPICIOUS = "suspicious"
    # labels and attributes
    CLASS_UNKNOWN = "class-unknown"
    CLASS_UNNAMED = "class-unnamed"
    CLASS_DUPLICATE = "class-duplicate"
    CLASS_UNUSED_DROPPED = "class-unused-dropped"
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
    GEOMETRY_FORCED = "geometry-forced"
    GEOMETRY_OUTLINED = "geometry-outlined"
    GEOMETRY_UNSUPPORTED = "geometry-unsupported"
    ROTATION_IGNORED = "rotation-ignored"
    CLIPPED = "clipped"
    OUTSIDE = "outside"
    BELOW_MIN_AREA = "below-min-area"
    # video
    FRAME_INVALID = "frame-invalid"
    TRACK_EMPTY = "track-empty"
    TRACK_CONVERTED = "track-converted"
    # what is left out by rule or by option
    EXCLUDED = "excluded"
    PREDICTION = "prediction"
    NOT_SELECTED = "not-selected"
    DELETED = "deleted"
    RELATIONSHIP_OFF = "relationship-off"
    RELATIONSHIP_DANGLING = "relationship-dangling"
    ANSWER_EMPTY = "answer-empty"
    ANSWER_JOINED = "answer-joined"
    GROUP_DROPPED = "group-dropped"
    ANNOTATION_DUPLICATE = "annotation-duplicate"
    UNSUPPORTED = "unsupported"
    # limits of the target
    LIMIT = "limit"


_ERRORS = {Code.FILE_UNREADABLE, Code.READ_CRASHED}

_INFOS = {
    Code.DECISION,
    Code.FILE_IGNORED,
    Code.FIELD_IGNORED,
    Code.EXIF_TURNED,
    Code.GEOMETRY_FORCED,
    Code.GEOMETRY_OUTLINED,
    Code.CLASS_UNUSED_DROPPED,
    Code.EXCLUDED,
    Code.BELOW_MIN_AREA,
    Code.PREDICTION,
    Code.NOT_SELECTED,
    Code.DELETED,
    Code.RELATIONSHIP_OFF,
    Code.KEY_SHORTENED,
    Code.ROW_DATA_LOCAL,
    Code.ANSWER_JOINED,
    Code.ANNOTATION_DUPLICATE,
    Code.GROUP_DROPPED,
    Code.TRACK_CONVERTED,
    Code.CLIPPED,
}


def severity_of(code: str) -> Severity:
    """That of a code; codes of third parties, which are not listed here, are warnings."""
    return Severity.ERROR if code in _ERRORS else Severity.INFO if code in _INFOS else Severity.WARNING
