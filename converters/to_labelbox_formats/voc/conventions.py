"""What holds for a whole set and no file says: concluded from the counts of a sample, told, or asked.

Each function answers one question. An option that is given is obeyed. Where records fit one reading only, the source has
decided; where they speak against the usual reading and all fit another one, the user is asked.
"""

from __future__ import annotations

from to_labelbox.model.text import n_of
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask, ask_unit
from to_labelbox.rules.settings import OTHER_SIZE_ANSWERS, OtherSize
from to_labelbox_formats.voc.evidence import Places, Sample, Sizes
from to_labelbox_formats.voc.options import Angle, Corners, Origin, Outlines, Picture, Sides, Unit

_FEW = 3
"""Boxes of which more are the same by no chance."""


def ask_picture(wanted: Picture, sample: Sample, path: str) -> None:
    """Stop where files name another picture than that of their stem, and are many or have its size."""
    if wanted is not Picture.AUTO or sample.renamed < 2:
        return
    sizes = sample.size_of_named and not sample.size_of_stem
    apart = 2 * len(sample.named) > sample.renamed  # not one name that a tool writes into all files
    if sizes or (apart and sample.renamed >= _FEW and 2 * sample.renamed >= sample.files):
        seen = f", and {sample.size_of_named} have its <size>, none that of the other" if sizes else ""
        ask(
            f"{path}: {sample.renamed} of {sample.files} files name another picture in <filename> than the one of their own name{seen}.",
            (
                ("-O picture=filename", "the one that <filename> names"),
                ("-O picture=stem", "the one of the file's own name"),
            ),
        )


def decide_origin(wanted: Origin, corners: Corners, sample: Sample, path: str, log: Log) -> Origin:
    """1-based in the files that name the VOC database as their source, unless a corner speaks against it.

    Boxes that end at the last pixel of their pictures, and none at the edge, may count pixels from 0 or have been cut there by a script:
    the corners are taken as they are, and the other reading is told.
    """
    if wanted is not Origin.AUTO:
        log.decide(f"origin: {wanted}, as asked for")
        return wanted
    places, genuine, others = sample.places, sample.genuine, sample.files - sample.genuine
    if not places.count or (not genuine and places.turned == places.count):  # roLabelImg writes edges counted from 0
        return Origin.AS_IS
    told = f"{n_of(genuine, 'file names', 'files name')} the VOC database as their source, which counts pixels from 1"
    pixels = places.may_be_pixels and corners in (Corners.AUTO, Corners.SWAPPED)
    ended = (
        f"{n_of(places.first, 'side begins', 'sides begin')} at 0, {n_of(places.ends[1], 'ends', 'end')} at the last pixel of the picture counted from 0, "
        "and none at its edge, as where pixels are counted from 0 and the last one is included"
    )
    if not genuine:
        taken, why = (
            Origin.AS_IS,
            (
                f"the files do not name the VOC database as their source (0 files do, {n_of(places.zeros, 'corner is', 'corners are')} at 0), so their "
                "corners are taken as tools write them, edges counted from 0"
            ),
        )
    elif sample.zero:
        log.note(
            Code.ORIGIN_DOUBTFUL,
            "the files name the VOC database as their source, which counts pixels from 1, but there is a corner at 0: "
            "the corners are taken as they are (-O origin=one_based to count from 1 all the same)",
            file=sample.zero,
        )
        taken, why = Origin.AS_IS, f"{told}, but {n_of(places.zeros, 'shape begins', 'shapes begin')} at 0"
    elif others and others == sample.others:
        taken = Origin.BY_FILE
        why = f"{told} and includes the last one; {others} name another source: their corners are edges counted from 0"
    elif min(genuine, others) > 1 and 20 * min(genuine, others) >= sample.files:
        ask(f"{path}: {told}, and {n_of(others, 'file does', 'files do')} not.", _ORIGINS)
    elif genuine > others:
        taken = Origin.ONE_BASED
        why = (
            "most files name the VOC database as their source, so corners count pixels from 1 and include the last one"
        )
    else:
        taken = Origin.AS_IS
        why = f"{told}, and most do not: their corners are taken as tools write them, edges counted from 0"
    other = Origin.AS_IS if taken is Origin.ONE_BASED else Origin.ONE_BASED
    against = genuine if taken is Origin.AS_IS else 0
    if taken is Origin.AS_IS and pixels:
        other, against, why = Origin.ZERO_BASED, max(against, places.ends[1]), f"{why}; {ended}"
    log.assume(
        "origin",
        taken,
        for_={Origin.AS_IS: places.zeros, Origin.ONE_BASED: genuine}.get(taken, sample.files),
        against=against,
        unknown=others if taken is not Origin.BY_FILE else 0,
        why=why,
        option=f"-O origin={other}",
    )
    return taken


_ORIGINS = (
    ("-O origin=by_file", "the former count from 1, the others are edges counted from 0, as tools write them"),
    ("-O origin=one_based", "all count from 1 and include the last pixel"),
    ("-O origin=as_is", "all are edges counted from 0"),
)
_PARTS = {Unit.AUTO: 0, Unit.PIXELS: 0, Unit.FRACTIONS: 1, Unit.PERCENT: 100}


def parts_of(wanted: Unit, places: Places, path: str, log: Log) -> int:
    """How many parts of the picture's sides corners are in: 1 for fractions, 100 for per cent, 0 for pixels."""
    if wanted is Unit.AUTO and places.specks and places.relative:
        ask_unit(
            f"{path}: all corners lie between 0 and 1, so they seem to be fractions of the image",
            "-O unit",
            Unit.FRACTIONS,
        )
    if wanted is Unit.AUTO and places.below_hundred:
        seen = f"all {places.count} shapes looked at end before 100 on pictures of 200 pixels and more"
        if not places.are_by_chance:
            ask_unit(f"{path}: {seen}, so they seem to be per cent", "-O unit", Unit.PERCENT)
        why = f"{seen}, so they may be per cent, but these are too few pictures to tell"
        log.assume("unit", Unit.PIXELS, unknown=places.count, why=why, option="-O unit=percent")
    elif wanted is Unit.AUTO and places.specks:
        log.assume(
            "unit",
            Unit.PIXELS,
            for_=places.count - places.specks,
            against=places.specks,
            why=f"{places.specks} of {places.count} shapes lie between 0 and 1, so they seem to be fractions of the image, the others not",
            option="-O unit=fractions",
        )
    return _PARTS[wanted]


def are_outlines_taken(wanted: Outlines, sample: Sample, path: str, log: Log) -> bool:
    """Whether the outline of an object counts, and not the box beside it; where both lie elsewhere, one is not what it is taken for."""
    if wanted is not Outlines.AUTO or not sample.apart:
        return wanted is not Outlines.IGNORED
    told = (
        f"{sample.apart} of {sample.outlines} polygons or rotated boxes lie elsewhere than the bndbox of their object"
    )
    if sample.apart >= _FEW and 2 * sample.apart > sample.outlines:
        ask(
            f"{path}: {told}.",
            (
                ("-O outlines=ignored", "the boxes count"),
                ("-O outlines=taken", "the outlines count, in pixels of the picture"),
            ),
        )
    log.assume(
        "outlines",
        Outlines.TAKEN,
        for_=sample.outlines - sample.apart,
        against=sample.apart,
        why=f"{told}; the outlines count",
        option="-O outlines=ignored",
    )
    return True


def are_sizes(wanted: Corners, places: Places, path: str, log: Log) -> bool:
    """Whether xmax and ymax are width and height, as some scripts write them: boxes then end before they begin."""
    order = places.order
    if wanted is not Corners.AUTO or not order.flipped:
        return wanted is Corners.SIZES
    if places.copied == order.boxes > _FEW:
        raise SourceError(
            f"{path}: in all {order.boxes} boxes ymax is the same as xmin, as an old version of VoTT has written it by mistake, so the "
            "lower edges are lost: export the set again (-O corners=swapped takes the numbers all the same)"
        )
    if order.speaks_for_sizes or order.speaks_for_centres:
        centres = ("-O corners=centres", "they are width and height, around a centre at xmin and ymin")
        alone = ", around a centre only" if order.speaks_for_centres else ""
        ask(
            f"{path}: {order.told('xmax or ymax before xmin or ymin')}{alone}.",
            (
                *([centres] if order.speaks_for_centres else []),
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


def decide_sides(wanted: Sides, sizes: Sizes, path: str, log: Log) -> Sides:
    """Whether ``<size>`` has width and height the wrong way round, as VATIC wrote it, by the pictures at hand."""
    if wanted is not Sides.AUTO or sizes.turned_stated or sizes.upright:
        return wanted
    if sizes.turned_own:
        log.assume(
            "sides of <size>",
            Sides.SWAPPED,
            for_=sizes.turned_own,
            unknown=sizes.turned - sizes.turned_own,
            why="pictures have the sides of <size> exchanged, and boxes stay on the pictures that go beyond <size>",
            option="-O sides=as_stated",
        )
        return Sides.SWAPPED
    if sizes.turned:
        ask(
            f"{path}: the pictures have the sides of <size> exchanged, and no box tells which are right.",
            (
                ("-O sides=swapped", "<size> has width and height the wrong way round"),
                ("-O sides=as_stated", "<size> is right: the pictures were turned after labelling"),
            ),
        )
    return wanted


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


def are_resized(wanted: OtherSize, sizes: Sizes, path: str, log: Log) -> bool:
    """Whether pictures were scaled after labelling, so that corners are those of ``<size>``."""
    if wanted is not OtherSize.AUTO or not sizes.rescaled:
        return wanted is OtherSize.SCALED
    told = f"of {sizes.rescaled} boxes on pictures whose <size> is not that of the file, {sizes.only_stated} fit <size> alone"
    if 2 * max(sizes.only_stated, sizes.by_one_factor) > sizes.rescaled and not sizes.only_own:
        ask(
            f"{path}: {told}, {sizes.by_one_factor} are on pictures that differ by one factor on both sides, so the pictures seem to "
            "have been scaled after labelling.",
            OTHER_SIZE_ANSWERS,
        )
    log.assume(
        "size",
        "the picture's own",
        for_=sizes.only_own,
        against=sizes.only_stated,
        unknown=sizes.rescaled - sizes.only_own - sizes.only_stated,
        why=f"<size> differs from the picture's header, which is taken: {told}, {sizes.only_own} the picture alone",
        option="--other-size scaled",
    )
    return False
