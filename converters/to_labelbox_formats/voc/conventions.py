"""What holds for a whole set and no file says: concluded from the counts of a sample, told, or asked.

Each function answers one question. An option that is given is obeyed. Where records fit one reading only, the source has
decided; where they speak against the usual reading and all fit another one, the user is asked.
"""

from __future__ import annotations

from to_labelbox.model.text import n_of
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.voc.evidence import Sample
from to_labelbox_formats.voc.options import Angle, Corners, Origin, Resized, Sides, Unit

_FEW = 3
"""Boxes of which more are the same by no chance."""


def decide_origin(wanted: Origin, sample: Sample, log: Log) -> Origin:
    """1-based when most files name the VOC database as their source and no corner speaks against it."""
    if wanted is not Origin.AUTO:
        log.decide(f"origin: {wanted}, as asked for")
        return wanted
    if not sample.boxes:
        return Origin.AS_IS
    others = sample.files - sample.genuine
    if sample.genuine * 2 <= sample.files:
        log.assume(
            "origin",
            Origin.AS_IS,
            for_=sample.zeros,
            against=sample.genuine,
            unknown=others,
            why=f"the files do not name the VOC database as their source ({n_of(sample.genuine, 'file does', 'files do')}, {n_of(sample.zeros, 'corner is', 'corners are')} "
            "at 0), so their corners are taken as tools write them, edges counted from 0",
            option="-O origin=one_based",
        )
        return Origin.AS_IS
    if sample.zero:
        log.note(
            Code.ORIGIN_DOUBTFUL,
            "the files name the VOC database as their source, which counts pixels from 1, but there is a corner at 0: "
            "the corners are taken as they are (-O origin=one_based to count from 1 all the same)",
            file=sample.zero,
        )
        log.assume(
            "origin",
            Origin.AS_IS,
            for_=sample.zeros,
            against=sample.genuine,
            unknown=others,
            why=f"{n_of(sample.genuine, 'file names', 'files name')} the VOC database, which counts from 1, but {n_of(sample.zeros, 'box begins', 'boxes begin')} at 0",
            option="-O origin=one_based",
        )
        return Origin.AS_IS
    log.assume(
        "origin",
        Origin.ONE_BASED,
        for_=sample.genuine,
        against=0,
        unknown=others,
        why="most files name the VOC database as their source, so corners count pixels from 1 and include the last one",
        option="-O origin=as_is",
    )
    return Origin.ONE_BASED


def are_fractions(wanted: Unit, sample: Sample, path: str) -> bool:
    """Whether corners are fractions of the picture."""
    if wanted is Unit.AUTO and sample.boxes and sample.relative and sample.fractions:
        ask(
            f"{path}: all corners lie between 0 and 1, so they seem to be fractions of the image and not pixels.",
            (("-O unit=fractions", "of width and height"), ("-O unit=pixels", "of pixels, on specks of one pixel")),
        )
    return wanted is Unit.FRACTIONS


def are_sizes(wanted: Corners, sample: Sample, path: str, log: Log) -> bool:
    """Whether xmax and ymax are width and height, as some scripts write them: boxes then end before they begin."""
    order = sample.order
    if wanted is not Corners.AUTO or not order.flipped:
        return wanted is Corners.SIZES
    if sample.copied == order.boxes > _FEW:
        raise SourceError(
            f"{path}: in all {order.boxes} boxes ymax is the same as xmin, as an old version of VoTT has written it by mistake, so the "
            "lower edges are lost: export the set again (-O corners=swapped takes the numbers all the same)"
        )
    if order.speaks_for_sizes:
        ask(
            f"{path}: {order.told('xmax or ymax before xmin or ymin')}.",
            (
                ("-O corners=sizes", "xmax and ymax are width and height"),
                ("-O corners=swapped", "they are corners, in no order"),
            ),
        )
    log.assume(
        "corners",
        Corners.SWAPPED,
        for_=order.boxes - order.flipped,
        against=order.flipped,
        why=f"{order.flipped} of {order.boxes} boxes end before they begin: taken as corners in no order, not as width and height",
        option="-O corners=sizes",
    )
    return False


def are_sides_swapped(wanted: Sides, sample: Sample, path: str, log: Log) -> bool:
    """Whether ``<size>`` has width and height the wrong way round, as VATIC wrote it."""
    if wanted is not Sides.AUTO:
        return wanted is Sides.SWAPPED
    if sample.turned_own and not sample.turned_stated and not sample.upright:
        log.assume(
            "sides of <size>",
            Sides.SWAPPED,
            for_=sample.turned_own,
            against=sample.turned_stated,
            unknown=sample.turned - sample.turned_own,
            why="pictures have the sides of <size> exchanged, and boxes stay on the pictures that go beyond <size>",
            option="-O sides=as_stated",
        )
        return True
    if sample.leaving > 1 and 5 * sample.leaving >= sample.sided == sample.fit_swapped:
        ask(
            f"{path}: {sample.leaving} of {sample.sided} boxes go beyond the size that is stated, and all stay within it with width "
            "and height exchanged.",
            (
                ("-O sides=swapped", "<size> has width and height the wrong way round"),
                ("-O sides=as_stated", "<size> is right: the boxes are cut off there"),
            ),
        )
    return False


def are_degrees(wanted: Angle, sample: Sample, path: str, log: Log) -> bool:
    """Whether the angles of ``robndbox`` are degrees; roLabelImg writes radians in [0, π)."""
    if wanted is not Angle.AUTO or not sample.angles:
        return wanted is Angle.DEGREES
    if sample.beyond_turn or sample.whole_angles > 1:
        beyond = f"{sample.beyond_turn} of {sample.angles} angles are beyond a full turn in radians"
        whole = f"{sample.whole_angles} of {sample.angles} angles are whole numbers beyond half a turn in radians"
        ask(
            f"{path}: {beyond if sample.beyond_turn else whole}, so <robndbox> seems to hold degrees.",
            (
                ("-O angle=degrees", "clockwise degrees"),
                ("-O angle=radians", "clockwise radians, as roLabelImg writes"),
            ),
        )
    log.assume(
        "angle",
        Angle.RADIANS,
        for_=sample.angles - sample.whole_angles,
        against=sample.whole_angles,
        why="no angle of <robndbox> is beyond a full turn in radians, which roLabelImg writes",
        option="-O angle=degrees",
    )
    return False


def are_resized(wanted: Resized, sample: Sample, path: str, log: Log) -> bool:
    """Whether pictures were scaled after labelling, so that corners are those of ``<size>``."""
    if wanted is not Resized.AUTO or not sample.rescaled:
        return wanted is Resized.SCALED
    told = f"of {sample.rescaled} boxes on pictures whose <size> is not that of the file, {sample.only_stated} fit <size> alone"
    if 2 * sample.only_stated > sample.rescaled and not sample.only_own:
        ask(
            f"{path}: {told}, so the pictures seem to have been scaled after labelling.",
            (
                ("-O resized=scaled", "scale the labels from <size> to the picture"),
                ("-O resized=no", "take the corners as pixels of the picture"),
                ("-O check_sizes=false", "believe <size>, without a look at the pictures"),
            ),
        )
    log.assume(
        "size",
        "the picture's own",
        for_=sample.only_own,
        against=sample.only_stated,
        unknown=sample.rescaled - sample.only_own - sample.only_stated,
        why=f"<size> differs from the picture's header, which is taken: {told}, {sample.only_own} the picture alone",
        option="-O resized=scaled",
    )
    return False
