"""Which media and types of the model each built-in reader can give: a law holds them to it, and the fixtures to show each."""

from __future__ import annotations

from typing import NamedTuple

from to_labelbox.model import (
    Box,
    Classification,
    Cuboid,
    Ellipse,
    Keypoints,
    Mask,
    Media,
    Object,
    PageBox,
    Point,
    Polygon,
    Polyline,
    Relationship,
    RotatedBox,
    TextSpan,
    Track,
)


class Coverage(NamedTuple):
    media: frozenset[Media]
    types: frozenset[type]


_DRAWN = {Object, Box, RotatedBox, Polygon, Keypoints, Classification}
_READ = {Media.IMAGE, Media.VIDEO, Media.TEXT, Media.DOCUMENT, Media.CONVERSATION, Media.AUDIO, Media.HTML}
COVERAGE = {
    "coco": Coverage(frozenset({Media.IMAGE}), frozenset({*_DRAWN, Mask})),
    "voc": Coverage(frozenset({Media.IMAGE}), frozenset({*_DRAWN, Mask, Point, Relationship})),
    "yolo": Coverage(frozenset({Media.IMAGE}), frozenset(_DRAWN)),
    "cvat": Coverage(
        frozenset({Media.IMAGE, Media.VIDEO}), frozenset({*_DRAWN, Mask, Point, Polyline, Ellipse, Cuboid, Track})
    ),
    "label-studio": Coverage(
        frozenset(_READ),
        frozenset({*_DRAWN, Mask, Point, Polyline, Ellipse, Track, TextSpan, PageBox, Relationship} - {Keypoints}),
    ),
}
