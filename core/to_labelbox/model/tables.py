"""Objects of many assets as columns: a reader may give an asset :class:`Rows` of them in place of a list of objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar, overload

from msgspec import Struct

from to_labelbox.model.items import Attribute, Box, Flat, Geometry, Mask, Object, Polygon

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

T = TypeVar("T")
Table = TypeVar("Table", bound="ObjectTable")


class ObjectTable(Struct, kw_only=True, eq=False):
    """What objects of several assets have in common: ``ids``, of 0 to 14 digits and different on an asset, ``labels`` and so on.

    ``locations`` are ASCII that JSON holds as it is, places in the item's own file. ``right`` and ``bottom`` are the greatest x
    and y of each shape or ring, ``sound`` is a byte for each: 1 where nothing has to be mended and none of it is negative. ``unread``: see
    :attr:`~to_labelbox.model.items.Object.outline_unread`.
    """

    ids: list[int]
    labels: list[str]
    attributes: list[tuple[Attribute, ...]]
    locations: list[str]
    right: list[float]
    bottom: list[float]
    sound: bytes
    unread: Sequence[bool]
    boxes: Sequence[Box] = ()
    made: Any = None

    def once(self, make: Callable[[Self], T]) -> T:
        """What a writer makes of the whole table, made with the first asset."""
        if self.made is None:
            self.made = make(self)
        result: T = self.made
        return result

    def geometry(self, n: int) -> Geometry:
        raise NotImplementedError

    def is_box(self, n: int) -> bool:
        raise NotImplementedError

    def object(self, n: int) -> Object:
        return Object(
            id=str(self.ids[n]),
            label=self.labels[n],
            geometry=self.geometry(n),
            attributes=self.attributes[n],
            box=self.boxes[n] if self.boxes else None,
            outline_unread=bool(self.unread[n]),
            location=self.locations[n],
        )


class BoxTable(ObjectTable, eq=False):
    """Upright boxes."""

    left: list[float]
    top: list[float]
    width: list[float]
    height: list[float]

    def is_box(self, n: int) -> bool:  # noqa: ARG002
        return True

    def geometry(self, n: int) -> Box:
        return Box(self.left[n], self.top[n], self.width[n], self.height[n])


class OutlineTable(ObjectTable, eq=False):
    """Outlines of three or more vertices without holes, and masks. ``boxes`` are those that the source gives beside them.

    Object n has the rings ``first_ring[n]`` to ``first_ring[n + 1]``, ring r the values ``first_value[r]`` to
    ``first_value[r + 1]`` of ``values``: x, y of one vertex after another. ``texts`` are the same numbers as JSON has them,
    eight bytes each, filled up with bytes 1, but for those of ``others``: rings whose texts are not known. A sound ring turns at its
    second vertex. ``closed`` are the rings whose last vertex, a fourth one or later, is the first again and is not to be written.
    An object that is one of ``masks``, which have pixels and sides of less than 2¹⁹, has no rings.
    """

    first_ring: list[int]
    first_value: list[int]
    values: npt.NDArray[np.float64]
    texts: npt.NDArray[np.uint64]
    others: Mapping[int, Flat]
    closed: npt.NDArray[np.bool_]
    masks: Mapping[int, Mask] = {}

    def is_box(self, n: int) -> bool:  # noqa: ARG002
        return False

    def geometry(self, n: int) -> Polygon | Mask:
        if n in self.masks:
            return self.masks[n]
        bounds = self.first_value[self.first_ring[n] : self.first_ring[n + 1] + 1]
        return Polygon(tuple([(self.values[begin:end].tolist(),) for begin, end in pairwise(bounds)]))


class ShapeTable(ObjectTable, eq=False):
    """Upright boxes, and rings of three or more vertices, in any order. A sound ring is not closed and turns at its second vertex."""

    shapes: list[Box | Flat]

    def is_box(self, n: int) -> bool:
        return type(self.shapes[n]) is Box

    def geometry(self, n: int) -> Box | Polygon:
        shape = self.shapes[n]
        return shape if isinstance(shape, Box) else Polygon(((shape,),))


AnyTable: TypeAlias = BoxTable | OutlineTable | ShapeTable


class Rows(Sequence[Object]):
    """The objects of one asset, one or more, which are made when they are asked for."""

    __slots__ = ("start", "stop", "table")

    def __init__(self, table: AnyTable, start: int, stop: int) -> None:
        self.table, self.start, self.stop = table, start, stop

    @property
    def masks(self) -> list[Mask]:
        masks = self.table.masks if isinstance(self.table, OutlineTable) else {}
        return [masks[n] for n in range(self.start, self.stop) if n in masks] if masks else []

    @property
    def labels(self) -> list[str]:
        return self.table.labels[self.start : self.stop]

    def __len__(self) -> int:
        return self.stop - self.start

    def __eq__(self, other: object) -> bool:
        """Whether the objects are the same, in a table or in a list."""
        return list(self) == list(other) if isinstance(other, Rows | list | tuple) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[Object]:
        return map(self.table.object, range(self.start, self.stop))

    @overload
    def __getitem__(self, n: int) -> Object: ...
    @overload
    def __getitem__(self, n: slice) -> list[Object]: ...
    def __getitem__(self, n: int | slice) -> Object | list[Object]:
        found = range(self.start, self.stop)[n]
        return self.table.object(found) if isinstance(found, int) else [self.table.object(one) for one in found]
