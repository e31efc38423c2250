"""A set judged as a whole: shares of loss beyond what healthy sets show, with what is likely behind them.

Measured on 51 public sets (COCO, panoptic, TACO, VOC, YOLO, CVAT and Label Studio exports of their makers and of converters;
20,000 annotations) and the project's fixtures. Of what was neither asked for nor a prediction, healthy sets skip 0 to
0.2 % (TACO's 26 of 10,681 are of a category that it does not declare); single records of the small ones up to 2 in 16.
No healthy set has a share of clipped, reordered or unnamed annotations that is not 0. Pictures without annotations are
healthy at any share below all of them: 4 of 5 in a set of coral tiles, 6 of 7 in one of examples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from to_labelbox.model.survey import OTHER_GROUPS, Survey
from to_labelbox.model.text import n_of, pattern
from to_labelbox.report.codes import WITHDRAWN, Code, Severity, severity_of
from to_labelbox.report.log import UNNAMED, Log
from to_labelbox.report.report import Suspicion

LARGE = 1000
"""From so many annotations or assets on, the share of large sets counts."""


class Threshold(NamedTuple):
    """The share from which on, and the least count at which, something is suspicious; ``large``: the share of large sets."""

    share: float
    large: float
    least: int

    def reached(self, count: int, of: int) -> bool:
        return count >= self.least and count >= (self.large if of >= LARGE else self.share) * of


THRESHOLDS = {
    "skipped": Threshold(0.1, 0.02, 3),
    "clipped": Threshold(0.2, 0.1, 3),
    "reordered": Threshold(0.1, 0.02, 3),
    "class": Threshold(0.1, 0.02, 3),
    "media": Threshold(0.1, 0.05, 3),
    "unlike": Threshold(0.1, 0.05, 3),
    "empty": Threshold(0.95, 0.95, 50),
    "group": Threshold(1, 1, 3),
    "folder": Threshold(1, 1, 20),
    "labels": Threshold(1, 1, 1),
}
"""By what is counted. ``group`` is a split, ``folder`` one of pictures without a split."""

_NUMBERS = (
    "the numbers are in another convention than the one that was taken (corners or sizes, pixels or fractions, from 0 or "
    "from 1): compare the assumptions of the report, and look at a few with `to-labelbox preview`"
)
_SIZE = "the sizes of the pictures are not those that were annotated (scaled or turned since)"
_CLASSES = (
    "the list of classes is another version than the annotations, or is missing: give the one that belongs to them"
)
_DAMAGED = "the export was cut off or edited: export it again"
LIKELY: Mapping[str, tuple[str, ...]] = {
    Code.BOX_INVALID: (_NUMBERS, _DAMAGED),
    Code.BOX_EMPTY: (_NUMBERS, "boxes were deleted by setting them to zero"),
    Code.OUTSIDE: (_NUMBERS, _SIZE),
    Code.POLYGON_INVALID: (_DAMAGED, _NUMBERS),
    Code.POLYGON_TOO_SHORT: (_DAMAGED, _NUMBERS),
    Code.MASK_INVALID: ("masks are of pictures of another size", _DAMAGED),
    Code.CLASS_UNKNOWN: (_CLASSES,),
    Code.CLASS_UNNAMED: (_CLASSES, "the objects were drawn and never given a class"),
    Code.ASSET_UNKNOWN: ("annotations and pictures are of different versions or splits of the set", _DAMAGED),
    Code.IMAGE_SIZE_UNKNOWN: ("the pictures are not at hand: give --media-root DIR or --sizes FILE",),
    Code.ROW_UNMATCHED: ("the data rows are of another set, or their keys are made otherwise: see --global-key",),
    Code.NOT_IN_ONTOLOGY: (
        "the ontology is of another project, or its names differ: see `ontology --diff`, --class-map",
    ),
    Code.RECORD_UNREADABLE: (_DAMAGED, "it is another format than the one that was taken: see `to-labelbox inspect`"),
    Code.GEOMETRY_MISSING: ("the annotations are answers or tags rather than shapes", _DAMAGED),
    "clipped": (_NUMBERS, _SIZE),
    "reordered": (_NUMBERS,),
    "class": (_CLASSES,),
    "media": ("the folder or table is of another set, or its paths begin elsewhere than those of the set",),
    "unlike": (
        "the pictures are of another set, or the labels were copied to files of other names",
        "the pictures were cropped after labelling",
    ),
    "labels": (
        "the folder of the labels was not copied along, or stands elsewhere",
        "the export was made without annotations",
    ),
    "empty": ("the labels of most pictures are missing", "the pictures of another set lie in the same folder"),
    "group": ("the labels of this part are missing or in a folder of another name",),
}
"""Causes, the likeliest first, by code of what was skipped or by what is counted."""

LEFT_OUT = frozenset(
    {Code.NOT_SELECTED, Code.PREDICTION, Code.EXCLUDED, Code.BELOW_MIN_AREA, Code.RELATIONSHIP_OFF} | WITHDRAWN
)
"""What the user or the source itself leaves out."""
_NO_PLACE = frozenset({Code.UNSUPPORTED, Code.GEOMETRY_UNSUPPORTED, Code.ANSWER_EMPTY, Code.RELATIONSHIP_DANGLING})
"""What the target has no place for, or what says nothing: the source may be as it should."""
_WITHDRAWN = "all labels that there were have been deleted or cancelled in the tool that made them"
_NUMBERED = pattern(r"class_-?\d+")
_TEST = pattern(r"test|unlabel|predict|infer", re.IGNORECASE)
"""Parts of sets that are published without labels."""


def suspicions(assets: int, survey: Survey, log: Log) -> list[Suspicion]:
    """What is suspicious about a set of so many assets, the largest share first; each is noted in the log."""
    found = sorted(_suspicions(assets, survey, log), key=lambda one: -one.share)
    for one in found:
        message = sentence(one)
        if one.likely:
            message += f". Likely: {one.likely[0]}"
        log.note(Code.SUSPICIOUS, message)
    return found


def _suspicions(assets: int, survey: Survey, log: Log) -> Iterator[Suspicion]:
    counts = {code: diagnostic.count for code, diagnostic in log.diagnostics.items()}
    read = log.ledger.total().read
    withdrawn = sum(one.skipped for code, one in log.diagnostics.items() if code in WITHDRAWN)
    if assets and read == withdrawn:
        if not survey.groups or not all(map(_TEST.search, survey.groups)):
            for one in _one("labels", assets, assets):
                if withdrawn:
                    one.likely = [_WITHDRAWN]
                yield one
        return
    skipped = {code: one.skipped for code, one in log.diagnostics.items() if one.skipped}
    without = LEFT_OUT | _NO_PLACE
    skips = {
        code: count for code, count in skipped.items() if code not in without and severity_of(code) is not Severity.INFO
    }
    if skips:
        most = max(skips.values())
        first, *tied = (code for code in Code if skips.get(code) == most)
        for one in _one("skipped", sum(skips.values()), read, first):
            one.code = ", ".join([first, *tied])
            one.likely = list(dict.fromkeys(cause for code in (first, *tied) for cause in LIKELY.get(code, ())))
            yield one
    yield from _one("unlike", counts.get(Code.IMAGE_UNLIKE, 0), assets)
    yield from _one("clipped", counts.get(Code.CLIPPED, 0), read, Code.CLIPPED)
    yield from _one("reordered", counts.get(Code.BOX_FLIPPED, 0), read, Code.BOX_FLIPPED)
    if Code.CLASS_UNKNOWN in counts or Code.CLASS_UNNAMED in counts:
        nameless = [t for label, t in log.ledger.items() if label == UNNAMED or _NUMBERED.fullmatch(label)]
        yield from _one("class", sum(t.written for t in nameless), read, Code.CLASS_UNKNOWN)
    if log.matches:
        (there, asked), table = max((counts, option) for option, counts in log.matches.items())
        for one in _one("media", asked - there, asked):
            one.where = "media, sizes or URLs that were given" if table.startswith("--") else table
            yield one
    labelled = sum(survey.labelled.values())
    known = sum(survey.groups.values())
    # where annotations were skipped, assets are empty because of them
    yield from _one("empty", known - labelled - sum(skipped.values()), known)
    for group, count in survey.groups.items():
        if group in survey.labelled or not labelled or group == OTHER_GROUPS or _TEST.search(group):
            continue
        for one in _one("group" if group in survey.splits else "folder", count, count):
            one.what, one.where = "group", group
            one.likely = list(LIKELY["group"])
            yield one


def _one(what: str, count: int, of: int, code: str | None = None) -> Iterator[Suspicion]:
    if of and THRESHOLDS[what].reached(count, of):
        likely = LIKELY.get(code or what, LIKELY.get(what, ())) if what == "skipped" else LIKELY.get(what, ())
        yield Suspicion(what, round(count / of, 4), count, of, str(code or ""), list(likely))


_SAID = {
    "skipped": "{count:,} of {annotations} ({percent}) are skipped, {code}",
    "clipped": "{count:,} of {annotations} ({percent}) reach beyond their asset",
    "reordered": "{count:,} of {annotations} ({percent}) have corners in the wrong order",
    "class": "{count:,} of {annotations} ({percent}) have no class with a name",
    "media": "{count:,} of {assets} ({percent}) are not among the {where}",
    "unlike": "{count:,} of {assets} ({percent}) have pictures of another shape than is stated",
    "labels": "none of {assets} has an annotation: the labels are missing altogether",
    "empty": "{count:,} of {assets} ({percent}) have no annotation",
    "group": "none of {assets} of {where!r} has an annotation, while others have",
}


def sentence(one: Suspicion) -> str:
    """What is suspicious, in words."""
    percent = f"{one.share:.0%}" if one.share >= 0.1 else f"{one.share:.1%}"
    return _SAID[one.what].format(
        count=one.count,
        annotations=n_of(one.of, "annotation"),
        assets=n_of(one.of, "asset"),
        percent=percent.replace("%", " %"),
        code=_said_of(one.code),
        where=one.where,
    )


def _said_of(codes: str) -> str:
    """The code that most were skipped for, or several of equal counts."""
    first, *tied = codes.split(", ")
    return f"as many for {', '.join([first, *tied[:-1]])} as for {tied[-1]}" if tied else f"most as {first}"
