"""What an import or the editor takes at most, and how much of it a set reaches [docs.labelbox.com/docs/limits]."""

from __future__ import annotations

from to_labelbox.conversion.global_keys import MAX_LENGTH
from to_labelbox.model.items import Media
from to_labelbox.model.survey import Survey
from to_labelbox.model.text import as_seen, as_words, n_of, without_blanks
from to_labelbox.ontology.infer import Ontology, similar_names
from to_labelbox.plugins.writer import Limit
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log

MANY = 5000
"""Annotations of one name on one data row that an import takes [SDK 7.17, ANNOTATION_PER_LABEL_LIMIT]."""
MAX_FEATURES = 4000
"""Tools, classifications and options of one ontology."""
PLAN_LIMITS = (("Free", 10_000), ("Starter and Education", 2_000_000), ("Enterprise", 10_000_000))
"""Ground-truth annotations by plan."""
MAX_SIDE = 9000
"""Pixels of a picture's longer side; annotations beyond may be lost [docs, import-image-data]."""
MAX_TEXT = 64_000
"""Characters of a text given in the data row itself; one of the documentation's pages says 64K, another 16 MB."""
MAX_FRAMES = 20_000
"""Frames of a video [docs, import-video-data]."""

TEXT, FRAMES, ONE_NAME, KEY = "text", "frames", "one name", "key"
"""What the encoder notes the largest value of (:attr:`to_labelbox.model.survey.Survey.largest`)."""


def check_limits(ontology: Ontology, survey: Survey, log: Log) -> list[Limit]:
    """Note what an import would run into, and names that look like one class written in two ways."""
    total = sum(survey.shapes.values()) + survey.answers
    largest = survey.largest
    side = max((max(size) for size in survey.sizes), default=0)
    limits = [
        *(Limit(f"annotations, plan {plan}", most, total) for plan, most in PLAN_LIMITS),
        Limit("features of the ontology", MAX_FEATURES, ontology.features),
        Limit("annotations of one name on a data row", MANY, largest.get(ONE_NAME)),
        Limit("pixels of a picture's longer side", MAX_SIDE, side or None),
        Limit("characters of a text", MAX_TEXT, largest.get(TEXT)),
        Limit("characters of a global key", MAX_LENGTH, largest.get(KEY)),
        Limit("frames of a video", MAX_FRAMES, largest.get(FRAMES)),
    ]
    if ontology.features > MAX_FEATURES:
        log.note(
            Code.LIMIT, f"the ontology has {ontology.features} features, Labelbox takes {MAX_FEATURES}: merge classes"
        )
    over = [f"{plan} ({limit:,})" for plan, limit in PLAN_LIMITS if total > limit]
    if over:
        log.note(
            Code.LIMIT,
            f"{n_of(total, 'annotation is', 'annotations are')} more than the ground-truth limit of: {', '.join(over)}",
        )
    large = sum(count for size, count in survey.sizes.items() if max(size) > MAX_SIDE)
    if large:
        message = f"a side of more than {MAX_SIDE:,} pixels (up to {side:,}): annotations may not be found again"
        log.note(Code.LIMIT, message, count=large)
    if largest.get(TEXT, 0) > MAX_TEXT:
        message = f"a text of {largest[TEXT]:,} characters; Labelbox names {MAX_TEXT:,}: give its address instead"
        log.note(Code.LIMIT, message)
    if len(survey.media) > 1:
        kinds = ", ".join(f"{count} {media}" for media, count in survey.media.items())
        log.note(Code.LIMIT, f"a Labelbox project holds one media type, this set has {kinds}: import them apart")
    if Media.DICOM in survey.media:
        log.note(Code.LIMIT, "DICOM has left the current SDK and documentation; the server may refuse it")
    for first, second in similar_names(dict.fromkeys(t.label for t in ontology.tools)):
        log.note(
            Code.CLASS_SIMILAR, f"classes {first!r} and {second!r} differ only in {_apart(first, second)}; kept apart"
        )
    return limits


def _apart(first: str, second: str) -> str:
    """In what two similar names differ."""
    seen = as_seen(first), as_seen(second)
    blanks = " and ".join(repr(name) for name in (first, second) if name != without_blanks(name))
    case = "case" if as_words(first) != as_words(second) else ""
    signs = "the signs between words" if seen[0].casefold() != seen[1].casefold() else ""
    unseen = "signs that are not seen" if seen[0] == seen[1] and not blanks else ""
    escaped = " and ".join(ascii(name) for name in (first, second))
    told = (case, signs, blanks and f"the blanks of {blanks}", unseen and f"{unseen} ({escaped})")
    return " and ".join(filter(None, told))
