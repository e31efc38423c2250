"""Colours that can be told apart: distances in OKLab, contrasts by WCAG 2."""

from __future__ import annotations

import colorsys
from itertools import pairwise

import numpy as np
import pytest

from to_labelbox.pages.palette import CHROMA, LIGHTNESS, NEAR, contrast, distinct, ink, nearest, oklab, rgb

PAGES = {"light": "#ffffff", "dark": "#181c23"}


@pytest.mark.parametrize(("count", "apart"), [(12, 0.19), (20, 0.14), (40, 0.1), (80, 0.078), (120, NEAR)])
def test_classes_are_apart(count: int, apart: float) -> None:
    colors = distinct(count)
    assert len(set(colors)) == count
    assert nearest(colors) >= apart


def test_each_colour_is_the_farthest_from_all_before_it() -> None:
    axis = np.arange(0, 256, 15)
    colors = np.stack(np.meshgrid(axis, axis, axis), -1).reshape(-1, 3)
    lab = oklab(colors)
    usable = (lab[:, 0] >= LIGHTNESS[0]) & (lab[:, 0] <= LIGHTNESS[1]) & (np.hypot(lab[:, 1], lab[:, 2]) >= CHROMA)
    colors, lab = colors[usable], lab[usable]
    palette = distinct(240)
    distance = np.full(len(lab), np.inf)
    for before, color in pairwise(palette):
        distance = np.minimum(distance, ((lab - oklab(np.array(rgb(before)))) ** 2).sum(1))
        assert distance.max() - distance[(colors == rgb(color)).all(1)] == pytest.approx(0)


def test_the_measure_is_that_of_oklab() -> None:
    # the author's own examples: black, white and red
    lab = oklab(np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0]]))
    assert lab == pytest.approx(np.array([[0, 0, 0], [1, 0, 0], [0.628, 0.2249, 0.1258]]), abs=1e-3)
    assert nearest(["#000000", "#ffffff"]) == pytest.approx(1, abs=1e-3)
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_a_name_on_its_colour_can_be_read() -> None:
    assert min(contrast(color, ink(color)) for color in distinct(240)) >= 4.5


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_no_colour_is_lost_on_a_page(page: str) -> None:
    (ground,) = oklab(np.array([rgb(page)]))
    away = np.sqrt(((oklab(np.array([rgb(color) for color in distinct(80)])) - ground) ** 2).sum(1))
    assert away.min() >= 0.14


def test_colours_that_are_given_stay_where_they_are_apart() -> None:
    assert distinct(2, ["#FF0000", "#00ff00"]) == ["#FF0000", "#00ff00"]
    three = distinct(3, ["#ff0000", None, "no colour"])
    assert three[0] == "#ff0000"
    assert nearest(three) > NEAR


@pytest.mark.parametrize("count", [20, 80])
def test_hues_that_are_spread_evenly_are_not_taken(count: int) -> None:
    hues = [colorsys.hsv_to_rgb(n / count, 1, 1) for n in range(count)]
    given = ["#" + bytes(round(v * 255) for v in hue).hex() for hue in hues]
    assert nearest(given) < 0.01
    assert nearest(distinct(count, given)) >= 0.078


def test_more_classes_than_colours_have_colours() -> None:
    assert len(distinct(1200)) == 1200
    assert distinct(0) == []
