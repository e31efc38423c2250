"""Charts say the numbers they are drawn from."""

from __future__ import annotations

import math
import random
import re

import pytest

from to_labelbox.pages.charts import FEW, section
from to_labelbox.pages.figures import Figures
from to_labelbox.pages.ledger import sections
from to_labelbox.report import documentation


def drawn(figures: Figures) -> str:
    numbers = {name: n for n, name in enumerate(figures.classes)}
    return section(figures, lambda name: numbers[name])


def labels(page: str) -> dict[str, str]:
    """What each chart says of itself to those who do not see it."""
    return dict(label.split(": ", 1) for label in re.findall(r'<svg viewBox[^>]*aria-label="([^"]+)"', page))


def figures(
    *shapes: tuple[str, tuple[float, float, float, float], float], size: tuple[int, int] | None = None
) -> Figures:
    made = Figures()
    for name, box, area in shapes:
        made.classes[name] += 1
        made.add(name, box, area, size)
    made.rows[len(shapes)] += 1
    return made


def test_medians_ends_and_shares() -> None:
    shapes = [("car", (9.0 * n, 0.0, 2.0**n, 2.0 ** (n - 1)), 2.0 ** (2 * n - 1)) for n in range(1, 6)]
    page = drawn(figures(*shapes, size=(64, 32)))
    said = labels(page)
    assert said["Size"] == "median 5.7; from 1.4 to 23"
    assert said["Proportions"] == "median 2; from 2 to 2"
    assert said["Share"] == "median 1.56 %; from 0.0977 % to 25 %"
    assert said["Places"] == "5 shapes; the fullest cell holds 1"
    assert "5 annotations of 1 class on 1 data row." in page


def test_bars_hold_every_shape_once() -> None:
    random.seed(3)
    shapes = [
        (
            f"c{n % 7}",
            (random.random() * 90, random.random() * 90, w := random.random() * 50 + 1e-3, h := random.random()),
            w * h,
        )
        for n in range(500)
    ]
    page = drawn(figures(*shapes, size=(200, 100)))
    for title in ("Size", "Proportions", "Share", "Places"):
        chart = re.search(rf"<figcaption>{title} .*?</figure>", page)
        assert chart is not None
        tips = re.findall(r'class="bar"[^>]*data-tip="([^"]*)"', chart[0])
        pattern = r"([\d,]+) shapes?" if title == "Places" else r": ([\d,]+)$"
        assert sum(int(re.findall(pattern, tip)[0].replace(",", "")) for tip in tips) == 500


def test_rows_by_their_annotations() -> None:
    made = Figures()
    made.classes["a"] = 30
    made.rows.update({0: 3, 1: 2, 3: 4, 16: 1})
    page = drawn(made)
    tips = re.findall(r'data-tip="([^"]*data row[^"]*)"', page)
    assert tips == [
        "0: 3 data rows", "1: 2 data rows", "2: 0 data rows", "3–4: 4 data rows", "5–8: 0 data rows", "9–16: 1 data row",
    ]  # fmt: skip
    assert labels(page)["Annotations a data row"] == "3.0 on average, 16 at most; 3 data rows without any"


def test_sizes_that_are_not_known_are_not_made_up() -> None:
    page = drawn(figures(("a", (1000.0, 500.0, 10.0, 10.0), 100.0), ("a", (0.0, 0.0, 10.0, 10.0), 100.0)))
    assert "no picture&#x27;s size is known here" in page
    assert "Share" not in labels(page)


@pytest.mark.parametrize("area", [math.nan, 0.0, math.inf, -1.0])
@pytest.mark.parametrize("box", [(0.0, 0.0, 0.0, 0.0), (math.nan, 0.0, 1.0, 1.0), (1e300, 0.0, 1e300, 1e300)])
def test_odd_numbers_are_no_reason_to_fail(box: tuple[float, float, float, float], area: float) -> None:
    page = drawn(figures(("a", box, area), ("a", (1.0, 1.0, 4.0, 4.0), 16.0), size=(10, 10)))
    assert "nan" not in re.sub(r"aria-label=\"[^\"]*\"", "", page)
    assert labels(page)["Size"].startswith("median 4")


def test_a_set_without_anything() -> None:
    page = drawn(Figures())
    assert "0 annotations of 0 classes on 0 data rows" in page
    assert "<table" not in page


def test_many_classes_are_folded_and_names_are_no_markup() -> None:
    made = Figures()
    for n in range(FEW + 5):
        made.classes[f"<b>{n}</b>"] = 100 - n
    page = drawn(made)
    assert "<b>" not in page
    before, folded, rest = page.partition("<details>")
    assert (before.count('<th scope="row">'), rest.count('<th scope="row">')) == (FEW, 5)
    assert folded
    assert "5 more classes" in rest


def test_a_diagnostic_says_where_it_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    report = {"diagnostics": [{"code": "box-empty", "severity": "warning", "count": 1, "message": "m", "examples": []}]}
    assert "<code>docs/diagnostics.md#box-empty</code>" in sections(report)
    monkeypatch.setattr(documentation, "site", lambda: "https://d.example.org")
    assert '<a href="https://d.example.org/diagnostics.html#box-empty">' in sections(report)
    report["diagnostics"][0]["code"] = '"><script>'  # a report may have been edited
    assert "<script>" not in sections(report)


def test_a_set_without_extents_has_no_columns_for_them() -> None:
    made = Figures()
    made.classes["place"] = 3
    made.rows[3] += 1
    page = drawn(made)
    assert "place" in page
    assert "√area" not in page
    assert "width : height" not in page
    assert "√area" in drawn(figures(("car", (0, 0, 2, 2), 4)))
