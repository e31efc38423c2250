"""The geometry policy: from what a source drew to the shapes that a target can hold.

Each object becomes shapes of kinds box, polygon, mask, point or line, cut to the asset. What cannot be said exactly is
*approximated*, what cannot be said at all is *skipped* with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from typing import NamedTuple, TypeAlias, assert_never

from to_labelbox.geometry import vector as geo
from to_labelbox.geometry.any_shape import envelope
from to_labelbox.geometry.border import EXACT, Border
from to_labelbox.model.items import (
    Asset,
    Attribute,
    Box,
    Cuboid,
    Ellipse,
    Flat,
    Geometry,
    Keypoints,
    Mask,
    Object,
    PageBox,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    TextSpan,
    TimeSpan,
    TokenSpan,
)
from to_labelbox.model.schema import Kind
from to_labelbox.model.survey import INSTANCE, VISIBILITY
from to_labelbox.model.tables import AnyTable, BoxTable, OutlineTable, Rows, ShapeTable
from to_labelbox.model.text import n_of
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import EXAMPLES, Log
from to_labelbox.rules.settings import ASKED, Policy, Settings

Drawn: TypeAlias = Box | Flat | Mask | Point | TextSpan | PageBox | TokenSpan
"""The geometry of a shape: a polygon's ring and a line's vertices are flat lists."""


class Shape(NamedTuple):
    """One thing to write. ``part`` tells apart the shapes of one object (empty for the first or only one)."""

    kind: Kind
    label: str
    geometry: Drawn
    attributes: tuple[Attribute, ...] = ()
    part: str = ""


class Lowering:
    """Lowers the objects of one asset after another.

    After :meth:`lower`, ``approximated`` says whether something was lost, and notes about it are in the log.
    """

    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._policies: dict[str, Policy] = {}
        self._careful = settings.min_area > 0
        self._raising = any(kind is not Kind.BOX for kind in settings.one_kind.values())
        self._forced = 0
        self._border = Border(settings.outside, self._lose)
        self.width: float | None = None
        self.height: float | None = None
        self._right = self._bottom = -1.0
        self.origin = ""
        self.approximated = False
        self._object: Object | None = None

    def start(self, width: int | None, height: int | None, origin: str) -> None:
        """The asset that the next objects are on; sizes None when unknown, then nothing is clipped."""
        self.width = self.height = None
        self._right = self._bottom = -1.0
        if width is not None and height is not None:
            self.width, self.height = width, height
            if not self._careful and not self._raising:
                self._right, self._bottom = width + EXACT, height + EXACT
        self._border.width, self._border.height = self.width, self.height
        self.origin = origin

    def plain(self, obj: Object) -> Box | list[Flat] | None:
        """The short way for what most objects are: a box or outlines without holes, wholly inside the asset.

        A box, or the ring of every part, without a vertex that closes it, to write as they are; None for everything that :meth:`lower` has to look at.
        Nothing is lost on this way. Several parts are polygons of their own only where polygons are asked for.
        """
        geometry = obj.geometry
        if type(geometry) is Box:
            left, top, width, height = geometry.left, geometry.top, geometry.width, geometry.height
            # false where one is not a number, or where nothing is plain
            inside = left >= 0 <= top and width > 0 < height and left + width <= self._right
            if inside and top + height <= self._bottom and obj.keypoints is None and not obj.loss:
                return geometry
            return None
        right, bottom = self.width, self.height
        if type(geometry) is not Polygon or right is None or bottom is None:
            return None
        if self._careful or obj.keypoints is not None or obj.loss:
            return None
        policy = self._policies.get(obj.ledger_label or obj.label) or self.policy(obj.label, obj.ledger_label)
        parts = geometry.parts
        if not parts or (policy is not Policy.POLYGON and (policy is not Policy.AUTO or len(parts) > 1)):
            return None
        side = min(right, bottom)
        rings: list[Flat] = []
        for part in parts:
            if len(part) != 1:
                return None
            ring = part[0]
            count = len(ring)
            if count < 6 or count % 2:
                return None
            if ring[0] == ring[-2] and ring[1] == ring[-1]:
                ring = geo.open_ring(ring)
            # not a number compares as false and makes the sum one, so a ring with one is left to lower() wherever it is
            if not (min(ring) >= 0 and isfinite(sum(ring))):
                return None
            if not max(ring) <= side and not (max(ring[::2]) <= right and max(ring[1::2]) <= bottom):
                return None
            x, y = ring[0], ring[1]
            if abs((ring[2] - x) * (ring[5] - y) - (ring[4] - x) * (ring[3] - y)) < 1e-6 and geo.is_degenerate(ring):
                return None
            rings.append(ring)
        return rings

    def all_plain(self, table: AnyTable, bounds: Sequence[int], assets: Sequence[Asset]) -> list[bool]:
        """Of each asset, whether :meth:`plain` would give all its objects; those of one end in the table where the next ones begin."""
        if self._careful:
            return [False] * len(assets)
        lowered: set[str] = set()  # labels of which no object is plain
        if self._raising and not isinstance(table, OutlineTable):
            lowered = {*table.labels[bounds[0] : bounds[-1]]}
        elif not isinstance(table, BoxTable):
            kept = {Policy.POLYGON, Policy.AUTO} if isinstance(table, ShapeTable) else {Policy.POLYGON}
            labels = {*table.labels[bounds[0] : bounds[-1]]}
            lowered = {one for one in labels if (self._policies.get(one) or self.policy(one)) not in kept}
        ends = [table.first_ring[n] for n in bounds] if isinstance(table, OutlineTable) else bounds
        tolerance = EXACT if isinstance(table, BoxTable) else 0.0
        sizes = [(asset.width or -1.0, asset.height or -1.0) for asset in assets]
        masks_fit = [True] * len(assets)
        if isinstance(table, OutlineTable) and table.masks:
            masks = [Rows(table, begin, end).masks for begin, end in pairwise(bounds)]
            masks_fit = [all((one.width, one.height) == size for one in own) for own, size in zip(masks, sizes)]

        def fits(begin: int, end: int, first: int, last: int, size: tuple[float, float]) -> bool:
            """Whether these objects, which have the shapes ``first`` to ``last``, are plain on an asset of this size."""
            return (
                (not lowered or lowered.isdisjoint(table.labels[begin:end]))
                and b"\0" not in table.sound[first:last]
                and max(table.right[first:last], default=-1) <= size[0] + tolerance
                and max(table.bottom[first:last], default=-1) <= size[1] + tolerance
            )

        width, height = map(min, zip(*sizes))
        if fits(bounds[0], bounds[-1], ends[0], ends[-1], (width, height)):
            return masks_fit
        each = zip(masks_fit, pairwise(bounds), pairwise(ends), sizes)
        return [one and fits(*objects, *shapes, size) for one, objects, shapes, size in each]

    def not_plain(self, table: BoxTable | ShapeTable, start: int, stop: int) -> list[int]:
        """The numbers of objects of the asset for which :meth:`plain` would give None."""
        if isinstance(table, ShapeTable):
            return [n for n in range(start, stop) if not table.sound[n] or self.plain(table.object(n)) is None]
        rights, bottoms, sound = table.right, table.bottom, table.sound
        numbers, right, bottom = range(start, stop), self._right, self._bottom
        return [n for n in numbers if not (sound[n] and rights[n] <= right and bottoms[n] <= bottom)]

    def lower(self, obj: Object) -> list[Shape]:
        """The shapes to write. Raises :class:`Refused`."""
        self._object = obj
        self.approximated = obj.loss
        try:
            shapes = self._main(obj, obj.geometry, self.policy(obj.label, obj.ledger_label))
        except (Refused, geo.GeometryError) as error:
            shapes = self._fallback(obj, error)
        if (kind := self._settings.one_kind.get(obj.label)) is not None and kind is not Kind.BOX:
            shapes = self._all_raised(obj, shapes, kind)
        if obj.keypoints is not None:
            shapes += self._keypoints(obj.label, obj.id, obj.keypoints)
        return shapes

    def policy(self, label: str, counted: str = "") -> Policy:
        """By the class of the source, which the user's class map goes by, as much as by the label."""
        source = counted or label
        policy = self._policies.get(source)
        if policy is None:
            policy = self._policies[source] = self._settings.policy(label, counted)
        return policy

    def _fallback(self, obj: Object, error: Refused | geo.GeometryError) -> list[Shape]:
        """The source's own box in place of a broken outline; nothing beside good keypoints."""
        code = error.code if isinstance(error, Refused) else Code.MASK_INVALID
        if code in (Code.BELOW_MIN_AREA, Code.OUTSIDE):
            if obj.keypoints is None:
                raise error
            return []
        box = obj.box
        if box is not None and box.width > 0 and box.height > 0 and not isinstance(obj.geometry, Box):
            self._lose(code, f"{error}; its box is used instead")
            return self._box(obj, box)
        if obj.keypoints is not None:
            self._lose(code, f"{error}; only its keypoints are written")
            return []
        if isinstance(error, Refused):
            raise error
        raise Refused(code, str(error))

    def _lose(self, code: str, message: str) -> None:
        self.approximated = True
        obj = self._object
        assert obj is not None
        self._log.note(code, message, file=self.origin, where=obj.location, id=obj.id)

    def note_forced(self, *places: tuple[str, str | int], why: str = ASKED) -> None:
        """Note that outlines, at these locations and with these ids, become boxes; the first few as examples, the rest only
        counted until :meth:`finish`."""
        for where, id in places[: max(0, EXAMPLES - self._forced)]:
            message = f"the outline is written as its box, {why}"
            self._log.note(Code.GEOMETRY_FORCED, message, file=self.origin, where=where, id=str(id))
        self._forced += len(places)

    def note_traced(self, obj: Object, holes: int) -> None:
        """Note that a mask becomes its outer contours, which lose so many holes."""
        self._object = obj
        lost = f", {holes} holes filled" if holes else ""
        why = self._settings.why(obj.label)
        self._lose(Code.GEOMETRY_FORCED, f"the mask is written by its outer contours{lost}, {why}")

    def finish(self) -> None:
        """Put into the log what has only been counted."""
        if self._forced > EXAMPLES:
            self._log.note(Code.GEOMETRY_FORCED, "", count=self._forced - EXAMPLES)
        self._forced = 0

    def _main(self, obj: Object, shape: Geometry, policy: Policy) -> list[Shape]:
        match shape:
            case Box():
                if obj.outline_unread:
                    self.approximated = True
                    self.note_forced((obj.location, obj.id), why=self._settings.why(obj.label))
                return self._box(obj, shape)
            case Polygon():
                return self._polygon(obj, shape, policy)
            case Mask():
                return self._mask(obj, shape, policy)
            case RotatedBox():
                return self._rotated(obj, shape, policy)
            case Ellipse():
                self._check(shape.cx, shape.cy, shape.rx, shape.ry, shape.angle)
                if shape.rx <= 0 or shape.ry <= 0:
                    raise Refused(Code.BOX_EMPTY, "the ellipse has no area")
                return self._outlined(obj, shape, geo.ellipse_outline(shape), policy, "ellipse")
            case Cuboid():
                self._check(*shape.front, *shape.back)
                return self._outlined(obj, shape, geo.convex_hull([*shape.front, *shape.back]), policy, "cuboid")
            case Point():
                return [self._point(obj, shape)]
            case Polyline():
                return self._line(obj, shape.points)
            case Keypoints():
                shapes = self._keypoints(obj.label, obj.id, shape, obj.attributes)
                if not shapes:
                    raise Refused(Code.KEYPOINTS_EMPTY, "no keypoint is present on the asset")
                return shapes
            case TextSpan():
                if shape.end <= shape.start or shape.start < 0:
                    raise Refused(Code.SPAN_INVALID, f"the span {shape.start}..{shape.end} is empty or negative")
                return [Shape(Kind.ENTITY, obj.label, shape, obj.attributes)]
            case TokenSpan():
                return [Shape(Kind.ENTITY, obj.label, shape, obj.attributes)]
            case PageBox():
                self._check_sides(shape.box)
                return [Shape(Kind.BOX, obj.label, shape, obj.attributes)]
            case TimeSpan():
                raise Refused(Code.GEOMETRY_UNSUPPORTED, "a stretch of time has no tool; give it as a classification")
            case _:
                assert_never(shape)

    # --------------------------------------------------------------------------------------------------- boxes

    def _check(self, *values: float) -> None:
        if not geo.finite(values):
            raise Refused(*sentences.BOX_NOT_FINITE())

    def _check_sides(self, box: Box) -> None:
        self._check(box.left, box.top, box.width, box.height)
        if box.width <= 0 or box.height <= 0:
            raise Refused(*sentences.BOX_WITHOUT_AREA(width=box.width, height=box.height))

    def _box(self, obj: Object, box: Box) -> list[Shape]:
        self._check_sides(box)
        box = self._border.box(box)
        if box.width * box.height < self._settings.min_area:
            raise Refused(*sentences.TOO_SMALL(area=f"{box.width * box.height:g}"))
        return [Shape(Kind.BOX, obj.label, box, obj.attributes)]

    # ------------------------------------------------------------------------------------------------ outlines

    def _rotated(self, obj: Object, box: RotatedBox, policy: Policy) -> list[Shape]:
        self._check(box.cx, box.cy, box.width, box.height, box.angle)
        if box.width <= 0 or box.height <= 0:
            raise Refused(*sentences.BOX_WITHOUT_AREA(width=box.width, height=box.height))
        upright = geo.upright_box(box, self._settings.rotation_tolerance)
        if upright is None:
            return self._polygon(obj, Polygon(((geo.rotated_corners(box),),)), policy)
        if box.angle % 360:
            self._lose(Code.ROTATION_IGNORED, f"a turn by {box.angle:g}° moves no corner by a pixel and is ignored")
        return self._box(obj, upright)

    def _outlined(self, obj: Object, shape: Geometry, ring: list[float], policy: Policy, what: str) -> list[Shape]:
        if policy is Policy.BBOX:
            return self._forced_box(obj, shape)
        self._lose(Code.GEOMETRY_OUTLINED, f"the {what} is written by its outline")
        return self._polygon(obj, Polygon(((ring,),)), policy)

    def _all_raised(self, obj: Object, shapes: list[Shape], kind: Kind) -> list[Shape]:
        try:
            return [self._raised(obj, shape, kind) for shape in shapes]
        except Refused as skip:
            if obj.keypoints is None:
                raise
            self._lose(skip.code, f"{skip}; only its keypoints are written")
            return []

    def _raised(self, obj: Object, shape: Shape, kind: Kind) -> Shape:
        """A box as the one kind of its class: as four corners nothing is lost, as pixels what is less than one."""
        box = shape.geometry
        if not isinstance(box, Box):
            return shape
        left, top, right, bottom = box.left, box.top, box.left + box.width, box.top + box.height
        ring = [left, top, right, top, right, bottom, left, bottom]
        if kind is Kind.POLYGON:
            return shape._replace(kind=kind, geometry=ring)
        if self.width is None or self.height is None:
            raise Refused(*sentences.MASK_WITHOUT_SIZE())
        from to_labelbox.geometry import raster

        mask = raster.rasterise(Polygon(((ring,),)), int(self.width), int(self.height))
        drawn = self._raster(obj, mask, raster.drawn_area(mask))
        if raster.mask_box(drawn.geometry) != box:  # type: ignore[arg-type]
            self._lose(
                Code.GEOMETRY_FORCED, f"the box is written as a mask of whole pixels, {self._settings.why(obj.label)}"
            )
        return drawn

    def _forced_box(self, obj: Object, shape: Geometry) -> list[Shape]:
        box = obj.box or envelope(shape)
        if box is None:
            raise Refused(*sentences.MASK_WITHOUT_PIXELS())
        shapes = self._box(obj, box)
        self.approximated = True
        self.note_forced((obj.location, obj.id), why=self._settings.why(obj.label))
        return shapes

    def _polygon(self, obj: Object, polygon: Polygon, policy: Policy) -> list[Shape]:
        parts = polygon.parts
        if len(parts) == 1 and len(parts[0]) == 1:
            parts = (self._usable_ring(parts[0][0]),)
        else:
            parts = tuple(p for p in map(self._usable_part, parts) if p is not None)
            if not parts:
                raise Refused(Code.POLYGON_EMPTY, "no part of the outline encloses an area")
            if len(parts) < len(polygon.parts):
                self._lose(Code.POLYGON_EMPTY, "a part of the outline encloses no area and is left out")
        if policy is Policy.BBOX:
            return self._forced_box(obj, Polygon(parts))
        whole = parts
        parts = self._border.parts(parts)
        single = len(parts) == 1 and len(parts[0]) == 1
        if policy is Policy.AUTO and single:
            return [self._ring(obj, parts[0][0])]
        if policy is Policy.POLYGON:
            return self._rings(obj, parts)
        if self.width is None or self.height is None:
            if policy is Policy.MASK:
                raise Refused(*sentences.MASK_WITHOUT_SIZE())
            return self._rings(obj, parts)
        if policy is Policy.MASK:
            self._lose(Code.GEOMETRY_FORCED, f"the outline is written as a mask, {self._settings.why(obj.label)}")
        from to_labelbox.geometry import raster

        # the raster of the whole outline is cut, not the outline: a border is no edge to the rule that draws it
        mask = raster.rasterise(Polygon(whole), int(self.width), int(self.height))
        return [self._raster(obj, mask, raster.drawn_area(mask))]

    def _usable_ring(self, ring: Flat) -> tuple[Flat, ...]:
        if len(ring) < 6 or len(ring) % 2:
            raise Refused(*sentences.POLYGON_OF_FEW_POINTS(points=n_of(len(ring) // 2, "point")))
        if not geo.finite(ring):
            raise Refused(*sentences.OUTLINE_NOT_FINITE())
        ring = geo.open_ring(ring)
        if geo.is_degenerate(ring):
            raise Refused(Code.POLYGON_EMPTY, "the polygon encloses no area")
        return (ring,)

    def _usable_part(self, part: tuple[Flat, ...]) -> tuple[Flat, ...] | None:
        try:
            outer = self._usable_ring(part[0])
        except Refused:
            return None
        holes: list[Flat] = []
        for hole in part[1:]:
            try:
                holes += self._usable_ring(hole)
            except Refused:
                continue
        return outer + tuple(holes)

    def _ring(self, obj: Object, ring: Flat, part: str = "") -> Shape:
        minimum = self._settings.min_area
        if minimum and abs(geo.signed_area(ring)) < minimum:
            raise Refused(*sentences.TOO_SMALL(area=f"{abs(geo.signed_area(ring)):g}"))
        return Shape(Kind.POLYGON, obj.label, ring, obj.attributes, part)

    def _rings(self, obj: Object, parts: tuple[tuple[Flat, ...], ...]) -> list[Shape]:
        """One polygon a part, held together by the nested text ``instance``."""
        if any(len(part) > 1 for part in parts):
            self._lose(Code.GEOMETRY_FORCED, "holes cannot be written in a polygon and are filled")
        if len(parts) == 1:
            return [self._ring(obj, parts[0][0])]
        return self._pieces(obj, Kind.POLYGON, [part[0] for part in parts])

    def _pieces(self, obj: Object, kind: Kind, geometries: Sequence[Flat]) -> list[Shape]:
        attributes = (*obj.attributes, Attribute(INSTANCE, obj.id))
        return [Shape(kind, obj.label, drawn, attributes, str(n) if n else "") for n, drawn in enumerate(geometries)]

    # --------------------------------------------------------------------------------------------------- masks

    def _mask(self, obj: Object, mask: Mask, policy: Policy) -> list[Shape]:
        if self.width is not None and (mask.width, mask.height) != (self.width, self.height):
            raise Refused(
                Code.MASK_INVALID,
                f"the mask has {mask.width} × {mask.height} pixels, the asset {self.width:g} × {self.height:g}",
            )
        if policy is Policy.BBOX:
            return self._forced_box(obj, mask)
        if policy is Policy.POLYGON:
            from to_labelbox.geometry.contours import outer_contours

            contours, holes = outer_contours(mask)
            if not contours:
                raise Refused(*sentences.MASK_WITHOUT_PIXELS())
            self.note_traced(obj, holes)
            return self._rings(obj, tuple((contour,) for contour in contours))
        from to_labelbox.geometry import raster

        return [self._raster(obj, mask, raster.mask_area(mask))]

    def _raster(self, obj: Object, mask: Mask, area: int) -> Shape:
        if not area:
            raise Refused(*sentences.MASK_WITHOUT_PIXELS())
        if area < self._settings.min_area:
            raise Refused(*sentences.TOO_SMALL(area=area))
        return Shape(Kind.MASK, obj.label, mask, obj.attributes)

    # ---------------------------------------------------------------------------------------- points and lines

    def _point(self, obj: Object, point: Point) -> Shape:
        if not geo.finite((point.x, point.y)):
            raise Refused(*sentences.POINT_NOT_FINITE())
        place = self._border.point(point.x, point.y)
        if place is None:
            raise Refused(Code.OUTSIDE, f"the point ({point.x:g}, {point.y:g}) lies outside the asset")
        return Shape(Kind.POINT, obj.label, Point(*place), obj.attributes)

    def _line(self, obj: Object, points: Flat) -> list[Shape]:
        if not geo.finite(points):
            raise Refused(*sentences.OUTLINE_NOT_FINITE())
        if len(points) % 2 or len(set(zip(points[::2], points[1::2]))) < 2:
            raise Refused(*sentences.LINE_WITHOUT_LENGTH())
        pieces = self._border.line(points)
        if len(pieces) == 1:
            return [Shape(Kind.LINE, obj.label, pieces[0], obj.attributes)]
        return self._pieces(obj, Kind.LINE, pieces)

    def _keypoints(
        self, label: str, instance: str, keypoints: Keypoints, attributes: tuple[Attribute, ...] = ()
    ) -> list[Shape]:
        """One point a keypoint, with what holds them together; those off the asset are lost."""
        shapes = []
        for point in keypoints.points:
            place = self._border.point(point.x, point.y) if geo.finite((point.x, point.y)) else None
            if place is None:
                self._lose(Code.OUTSIDE, f"keypoint {point.name!r} at ({point.x:g}, {point.y:g}) lies off the asset")
                continue
            answers = (
                *attributes,
                Attribute(VISIBILITY, "occluded" if point.occluded else "visible"),
                Attribute(INSTANCE, instance),
            )
            shapes.append(Shape(Kind.POINT, f"{label}/{point.name}", Point(*place), answers, f"/{point.name}"))
        return shapes
