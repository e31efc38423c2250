"""Pictures that have another size than their source states: what frame its labels are in, one rule for all readers.

A picture may have been scaled after it was labelled, or the source have its size wrong, its sides exchanged, or be about
another picture. Readers only say that the sizes differ (:attr:`~to_labelbox.model.items.Asset.picture`). Shapes that leave
one of the two frames and fit the other are evidence; where there is none, and most such pictures are scaled or have their
sides exchanged, only the user can tell. Labels that go well beyond the stated size and all stay within it with width and height
exchanged are evidence that it is stated wrongly, unless pictures at hand have it, or that x and y are exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import islice
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from to_labelbox.geometry.overshoot import goes_beyond, is_telling
from to_labelbox.model.items import Annotation, Asset, Box, Item, Keypoints, Object, Point, Polyline
from to_labelbox.model.text import n_of
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.rules.settings import OTHER_SIZE_ANSWERS, OtherSize
from to_labelbox.source.asset_lookup import MediaFolder, NameIndex, spread
from to_labelbox.source.files import Source
from to_labelbox.source.side_up import Size, code_of_sizes, is_scaled

SAMPLED = 64
"""Units whose sizes are compared when a source is opened."""
_RARE = 0.02
"""Up to this share, pictures of another size are told one by one and ask nothing."""
_FAR = 0.1
"""The share of a side by which labels go beyond a size that pictures at hand confirm, where x and y may be exchanged."""
_LABELLED = 33
"""Of them, those whose labels are held against stated sizes, at most."""
_LOOKED_AT = 8
"""Pictures that are looked at where labels leave their stated size."""
_LABELS = 128
"""Labels of a picture that are held against its size at most."""


_DONE = {
    OtherSize.STATED: "labels are taken as pixels of the stated size",
    OtherSize.SCALED: "labels are scaled to the picture",
    OtherSize.PICTURE: "labels are taken as pixels of the picture",
    OtherSize.EXCHANGED: "labels are taken as pixels of the picture",
}


class _Sample(NamedTuple):
    """Of a sample: assets, those of another size, of which some are the same picture ``scaled`` and some have ``exchanged`` sides;
    labels that leave the stated frame alone, and that leave the picture alone; sizes of one as an example."""

    assets: int
    other: int
    scaled: int
    exchanged: int
    beyond_stated: int
    beyond_picture: int
    example: tuple[Size, Size]


class _Exchange(Struct):
    """Of the labels of a sample whose pictures are no squares and not known to have another size: how many, and how many go beyond
    the stated frame, far beyond it, and beyond that with its sides exchanged; the pictures of the first."""

    labels: int = 0
    beyond_stated: int = 0
    far_beyond: int = 0
    beyond_exchanged: int = 0
    pictures: dict[str, Size] = field(default_factory=dict)

    def add(self, path: str, frame: Size, annotations: Iterable[Annotation]) -> None:
        width, height = frame
        for right, bottom in map(_reach, annotations if width != height else ()):
            self.labels += right > 0 < bottom
            if goes_beyond(right, bottom, width, height):
                self.beyond_stated += 1
                self.far_beyond += goes_beyond(right, bottom, width, height, _FAR)
                self.pictures[path] = frame
            self.beyond_exchanged += goes_beyond(right, bottom, height, width)


def with_picture_sizes(
    dataset: Dataset, source: Source, media: MediaFolder | None, wanted: OtherSize, log: Log
) -> Dataset:
    """The dataset with its labels in the frames of its data rows. Raises :class:`UsageError` with the question."""
    taken = wanted
    if wanted is OtherSize.AUTO:
        unlabelled, exchange = None if dataset.sizes_settled else dataset.unit_items, _Exchange()
        taken = (
            _concluded(_sampled(dataset, unlabelled, exchange), source.path, log) if unlabelled else OtherSize.STATED
        )
        _ask_exchanged(exchange, dataset.transposed, source, media)
    if taken is OtherSize.EXCHANGED:
        if not dataset.sizes_stated:
            raise UsageError(f"{source.path}: --other-size exchanged: the source states no sizes of pictures")
        _refuse_confirmed(dataset, source, media)
        return replace(dataset, iterate=partial(_exchanged_items, dataset, _AtHand(source, media)))
    return replace(dataset, iterate=partial(_framed_items, dataset, taken))


def _framed_items(dataset: Dataset, taken: OtherSize, log: Log, start: int, stop: int) -> Iterator[Item]:
    for item in dataset.iterate(log, start, stop):
        asset = item.asset
        yield item if asset.picture is None else _framed(item, asset, asset.picture, taken, log)


def _exchanged_items(dataset: Dataset, at_hand: _AtHand, log: Log, start: int, stop: int) -> Iterator[Item]:
    """Items with the sides of their sizes exchanged, but for those whose picture or labels say that they are right."""
    for item in dataset.iterate(log, start, stop):
        asset = item.asset
        if asset.picture is not None:
            yield _framed(item, asset, asset.picture, OtherSize.EXCHANGED, log)
        elif asset.width and asset.height and (right := _says_stated(item, (asset.width, asset.height), at_hand)):
            message = f"its size {asset.width} × {asset.height} is not exchanged: {right} as it is stated"
            log.note(Code.IMAGE_SIZE_MISMATCH, message, file=asset.path)
            yield item
        else:
            yield replace(item, asset=replace(asset, width=asset.height, height=asset.width))


def _says_stated(item: Item, stated: Size, at_hand: _AtHand) -> str:
    """What speaks for the stated size of an asset against that with its sides exchanged; nothing where nothing does."""
    if stated[0] == stated[1]:
        return ""
    if sizes := at_hand.sizes(item.asset.path):
        return "the picture has it" if stated in sizes else ""
    reaches = list(map(_reach, item.annotations))
    beyond = any(goes_beyond(*reach, *stated[::-1]) for reach in reaches)
    return "labels stay within it only" if beyond and not any(goes_beyond(*reach, *stated) for reach in reaches) else ""


def _framed(item: Item, asset: Asset, own: Size, taken: OtherSize, log: Log) -> Item:
    stated = asset.width or own[0], asset.height or own[1]
    sizes = f"the source states {stated[0]} × {stated[1]}, the picture has {own[0]} × {own[1]}"
    log.note(code_of_sizes(stated, own), f"{sizes}: {_DONE[taken]}", file=asset.path)
    if taken is OtherSize.STATED:
        return replace(item, asset=replace(asset, picture=None))
    annotations: Sequence[Annotation] = item.annotations
    if taken is OtherSize.SCALED:
        from to_labelbox.geometry.any_shape import changed, scaled  # most sets have no such picture

        x, y = own[0] / stated[0], own[1] / stated[1]
        annotations = [changed(one, lambda shape: scaled(shape, x, y, own)) for one in annotations]
    return replace(item, asset=replace(asset, width=own[0], height=own[1], picture=None), annotations=annotations)


def _sampled(dataset: Dataset, unlabelled: Callable[[int], Sequence[Item]], exchange: _Exchange) -> _Sample:
    assets = other = scales = exchanged = beyond_stated = beyond_picture = 0
    example = ((0, 0), (0, 0))
    units = spread(dataset.unit_count, SAMPLED)
    held_against_size = set(
        units[:: 1 + len(units) // _LABELLED] if dataset.sizes_stated and dataset.labels_leave else ()
    )
    for unit in units:
        items = unlabelled(unit)
        assets += len(items)
        square = all(item.asset.width is not None and item.asset.width == item.asset.height for item in items)
        if (square or unit not in held_against_size) and all(item.asset.picture is None for item in items):
            continue
        for item in dataset.iterate(Log(), unit, unit + 1):
            own, asset = item.asset.picture, item.asset
            if asset.width is None or asset.height is None:
                continue
            stated = asset.width, asset.height
            if own is None:
                exchange.add(asset.path, stated, islice(item.annotations, _LABELS))
                continue
            other += 1
            by_one_factor, turned = is_scaled(stated, own), own == stated[::-1]
            scales += by_one_factor
            exchanged += turned
            example = (stated, own) if by_one_factor or turned or not example[0][0] else example
            for right, bottom in map(_reach, item.annotations):
                fits_stated = right <= stated[0] + 1 and bottom <= stated[1] + 1
                fits_picture = right <= own[0] + 1 and bottom <= own[1] + 1
                beyond_stated += fits_picture > fits_stated
                beyond_picture += fits_stated > fits_picture
    return _Sample(assets, other, scales, exchanged, beyond_stated, beyond_picture, example)


def _ask_exchanged(found: _Exchange, transposed: str, source: Source, media: MediaFolder | None) -> None:
    """Stop where labels go beyond the stated sizes, and all stay within them the other way round; where pictures have these sizes,
    only labels that go far beyond them count."""
    if found.beyond_exchanged or not is_telling(found.beyond_stated, found.labels):
        return
    answers = [("--other-size stated", "the sizes are right: labels are cut off there")]
    if transposed:
        answers.insert(0, (transposed, "x and y of the labels are exchanged"))
    confirmed = _have_stated_sizes(found.pictures, source, media)
    if confirmed and not is_telling(found.far_beyond, found.labels):
        return
    if not confirmed:
        answers.insert(0, ("--other-size exchanged", "the sizes are stated with width and height the wrong way round"))
    if len(answers) > 1:
        ask(
            f"{source.path}: {found.beyond_stated:,} of {n_of(found.labels, 'label')} looked at go beyond the size that is stated"
            f"{', which the pictures at hand have' if confirmed else ''}, and all stay within it with width and height exchanged.",
            answers,
        )


def _refuse_confirmed(dataset: Dataset, source: Source, media: MediaFolder | None) -> None:
    """Raise :class:`UsageError` where sizes are to be exchanged that a picture at hand has."""
    units = () if dataset.sizes_settled else spread(dataset.unit_count, _LOOKED_AT)
    stated: dict[str, Size] = {}
    for asset in [item.asset for unit in units for item in dataset.iterate(Log(), unit, unit + 1)]:
        if asset.picture is None and asset.width and asset.height and asset.width != asset.height:
            stated[asset.path] = asset.width, asset.height
    if _have_stated_sizes(stated, source, media):
        raise UsageError(
            f"{source.path}: --other-size exchanged: pictures at hand have the size that is stated, or there is none but "
            "theirs. Leave the option out, or give --other-size picture where only some sizes are stated wrongly"
        )


def _have_stated_sizes(pictures: Mapping[str, Size], source: Source, media: MediaFolder | None) -> bool:
    """Whether a picture of those that are at hand has the size that is stated."""
    at_hand = _AtHand(source, media)
    return any(size in at_hand.sizes(path) for path, size in islice(pictures.items(), _LOOKED_AT))


class _AtHand:
    """Sizes of pictures that are at hand."""

    def __init__(self, source: Source, media: MediaFolder | None) -> None:
        self._source, self._media = source, media

    @cached_property
    def _index(self) -> NameIndex:
        return NameIndex(() if self._source.is_file else self._source.pictures)

    def sizes(self, path: str) -> tuple[Size, ...]:
        """That of a picture as it is stored, and as it is displayed; none of one that is not there."""
        header = None if self._media is None else self._media.header(path)
        if header is None and isinstance(name := self._index.find(path), str):
            header = self._source.header(name)
        return () if header is None else ((header.width, header.height), header.upright)


def _reach(annotation: Annotation) -> tuple[float, float]:
    """How far right and down the shape of an annotation reaches."""
    if not isinstance(annotation, Object):
        return 0, 0
    shape = annotation.geometry
    match shape:
        case Box(left, top, width, height):
            return left + width, top + height
        case Point(x, y):
            return x, y
        case Keypoints(points):
            return max((p.x for p in points), default=0), max((p.y for p in points), default=0)
        case Polyline(points):
            return max(points[::2], default=0), max(points[1::2], default=0)
    from to_labelbox.geometry.any_shape import envelope

    box = envelope(shape)
    return (0, 0) if box is None else (box.left + box.width, box.top + box.height)


def _concluded(sample: _Sample, path: str, log: Log) -> OtherSize:
    """What labels are pixels of, by the evidence of a sample."""
    if not sample.other or sample.other <= _RARE * sample.assets:
        return OtherSize.STATED
    (wide, high), (own_wide, own_high) = sample.example
    told = (
        f"of {n_of(sample.assets, 'picture')} looked at, {sample.other:,} of another size than the source states "
        f"({wide} × {high}, the picture {own_wide} × {own_high})"
    )
    stays = sample.beyond_stated and not sample.beyond_picture
    if not stays and 2 * sample.scaled > sample.other:
        how = "larger" if own_wide > wide else "smaller"
        ask(
            f"{path}: {told}: {how} by one factor on both sides, so their labels may have to be scaled.",
            OTHER_SIZE_ANSWERS,
        )
    if not stays and not sample.beyond_picture and 2 * sample.exchanged > sample.other:
        ask(
            f"{path}: {told}: width and height are exchanged, and no label tells which are right.",
            OTHER_SIZE_ANSWERS[1:],
        )
    taken = OtherSize.PICTURE if stays else OtherSize.STATED
    log.assume(
        "frame of labels on pictures of another size",
        taken,
        for_=sample.beyond_stated if stays else sample.beyond_picture,
        against=sample.beyond_picture if stays else sample.beyond_stated,
        why=f"{told}; counted are labels that fit within one of the two alone",
        option=f"--other-size {OtherSize.STATED if stays else OtherSize.PICTURE}",
    )
    return taken
