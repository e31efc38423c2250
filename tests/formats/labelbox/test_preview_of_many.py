"""The preview page with much on it: many classes, many shapes, many data rows, a narrow screen, the keyboard, the dark."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import to_labelbox
from browser import chromium, complaints, requests, visit
from builders.preview import checked, obj, page_of, picture, row
from harness import FIXTURES, Convert
from to_labelbox.model.items import Box, Classification, Item, Media, Point, TextSpan
from to_labelbox.pages.palette import contrast

HOSTILE = "<img src=x onerror=document.title='owned'>\"'</script><script>document.title='owned'</script>"
WIDE, HIGH = 640, 480


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


def screen(browser: Chrome, width: int, height: int = 900, scheme: str = "light") -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def find(browser: Chrome, css: str) -> list[Any]:
    return browser.find_elements(By.CSS_SELECTOR, css)


def crowd(seed: int, count: int) -> list[Any]:
    """Shapes of 80 classes, many of them on one another."""
    rng = random.Random(seed)
    shapes = []
    for n in range(count):
        x, y, side = rng.random() * (WIDE - 60), rng.random() * (HIGH - 60), 8 + rng.random() * 60
        geometry = Point(x, y) if n % 10 == 9 else Box(x, y, side, side)
        shapes.append(obj(str(n), f"class number {n % 80}", geometry))
    return shapes


def rows_of(count: int) -> list[Item]:
    return [
        row(f"street/{n:04}.jpg", obj("1", f"kind {n % 7}", Box(1, 1, 9, 9)), width=WIDE, height=HIGH)
        for n in range(count)
    ]


PLATES = """return Array.from(document.querySelectorAll('.names > svg')).map(svg => {
    const box = svg.querySelector('rect').getBoundingClientRect(), layer = svg.closest('.names').getBoundingClientRect();
    return [getComputedStyle(svg).display !== 'none', box.left - layer.left, box.top - layer.top,
            box.right - layer.left, box.bottom - layer.top, layer.width, layer.height]})"""


@pytest.mark.parametrize("width", [390, 1280])
def test_names_lie_beside_each_other(browser: Chrome, convert: Convert, width: int) -> None:
    screen(browser, width)
    visit(browser, page_of(convert.items([row("a.jpg", *crowd(1, 160), width=WIDE, height=HIGH)]).out))
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    plates = browser.execute_script(PLATES)
    shown = [plate[1:] for plate in plates if plate[0]]
    assert len(plates) > len(shown) > 15
    for n, (left, top, right, bottom, wide, high) in enumerate(shown):
        assert left >= -3, "cut off"
        assert top >= -1, "cut off"
        assert right <= wide + 3, "cut off"
        assert bottom <= high + 1, "cut off"
        for other in shown[:n]:
            apart = (
                right <= other[0] + 0.6 or other[2] <= left + 0.6 or bottom <= other[1] + 0.6 or other[3] <= top + 0.6
            )
            assert apart, "two names lie on one another"
    # whose name is not shown is told when it is pointed at
    hidden = find(browser, ".s")[[plate[0] for plate in plates].index(False)]
    assert "class number" in hidden.get_attribute("data-tip")


def test_hidden_names_leave_their_place_to_others(browser: Chrome, convert: Convert) -> None:
    screen(browser, 1280)
    shapes = [obj("1", "above", Box(100, 100, 80, 80)), obj("2", "below", Box(101, 101, 79, 79))]
    shapes += [obj(str(n), "above", Box(100, 100, 80, 80)) for n in range(3, 20)]
    visit(browser, page_of(convert.items([row("a.jpg", *shapes, width=WIDE, height=HIGH)]).out))

    def shown() -> set[str]:
        return {e.text for e in find(browser, ".names text") if e.is_displayed()}

    assert shown() == {"above"}
    find(browser, ".toggle label")[0].click()
    assert shown() == {"below"}


PAGES = ["coco/demo", "coco/keypoints", "cvat/street-video", "label-studio/news", "label-studio/dialogue", "voc/broken"]


@pytest.mark.parametrize("fixture", PAGES)
def test_a_phone_needs_no_sideways_scrolling(browser: Chrome, tmp_path: Path, fixture: str) -> None:
    to_labelbox.convert(FIXTURES / fixture / "input", tmp_path / "out", on_error="skip")
    screen(browser, 390)
    visit(browser, page_of(tmp_path / "out"))
    assert browser.execute_script("return [document.documentElement.scrollWidth, document.body.scrollWidth]") == [
        390,
        390,
    ]


def test_nor_do_long_names(browser: Chrome, convert: Convert) -> None:
    long = "class-without-a-break-" * 20
    run = convert.items(
        [
            row(f"{long}.jpg", obj("1", long, Box(1, 1, 50, 50), **{long: long}), width=100, height=80),
            row("t.txt", obj("2", long, TextSpan(0, 400)), media=Media.TEXT, text=long + " x"),
            row("b.jpg", Classification(id="3", name=f"{long}?", value=long)),
        ]
    )
    screen(browser, 390)
    visit(browser, page_of(run.out))
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390
    assert complaints(browser) == []


def test_only_some_rows_are_laid_out_and_all_are_found(browser: Chrome, convert: Convert) -> None:
    items = rows_of(130)
    items[120] = row(f"{HOSTILE}.jpg", obj("1", HOSTILE, Box(1, 1, 9, 9)), width=WIDE, height=HIGH)
    page = page_of(convert.items(items).out, count=1000)
    assert len(checked(page).keys) == 130
    screen(browser, 1280)
    visit(browser, page)

    def keys() -> list[str]:
        return [e.get_attribute("data-key") for e in find(browser, "article")]

    assert keys() == [f"street/{n:04}.jpg" for n in range(50)]
    assert find(browser, ".pages")[0].text == "1–50 of 130"
    find(browser, ".toggle label")[0].click()  # a class that is hidden stays hidden on the next page
    find(browser, "[data-step='1']")[0].click()
    assert keys() == [f"street/{n:04}.jpg" for n in range(50, 100)]
    hidden = {e.get_attribute("aria-label").split("\n")[0] for e in find(browser, ".s") if not e.is_displayed()}
    assert hidden == {"kind 0"}
    # by key
    field = find(browser, "#find")[0]
    field.send_keys("0117")
    assert [e.text.split("\n")[0] for e in find(browser, "#found [role=option]")] == ["street/0117.jpg"]
    field.send_keys(Keys.ENTER)
    assert keys()[17] == "street/0117.jpg"
    assert browser.switch_to.active_element.get_attribute("data-key") == "street/0117.jpg"
    # by class, with the arrows; by number
    field.clear()
    field.send_keys("kind 3", Keys.ARROW_DOWN, Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("data-key") == "street/0010.jpg"
    field.clear()
    field.send_keys("#100", Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("data-key") == "street/0099.jpg"
    field.clear()
    field.send_keys("no such thing")
    assert find(browser, "#found")[0].text == "no data row here"
    # what was inert in a template is no more markup than the rest
    field.clear()
    field.send_keys("#121", Keys.ENTER)
    assert find(browser, "#row-121 h3")[0].text == f"{HOSTILE}.jpg"
    assert browser.title.endswith("preview")
    assert complaints(browser) == []
    assert requests(browser) == [page.as_uri()]


def test_the_keyboard_is_enough(browser: Chrome, convert: Convert) -> None:
    screen(browser, 1280)
    visit(browser, page_of(convert.items(rows_of(60)).out, count=100))

    def press(*keys: str) -> Any:
        ActionChains(browser).send_keys(*keys).perform()
        return browser.switch_to.active_element

    assert press("n").get_attribute("id") == "row-1"
    assert press("n", "n").get_attribute("id") == "row-3"
    assert press("p").get_attribute("id") == "row-2"
    assert press("/").get_attribute("id") == "find"
    assert press("0055", Keys.ENTER).get_attribute("id") == "row-56"
    assert press("n").get_attribute("id") == "row-57"
    assert press(Keys.TAB).get_attribute("class") == "grow"
    assert press(Keys.TAB).get_attribute("aria-label").startswith("kind 0")
    assert find(browser, "#tip")[0].is_displayed()
    press(Keys.ESCAPE)
    assert not find(browser, "#tip")[0].is_displayed()


def test_the_number_of_a_class_leads_to_its_rows(browser: Chrome, convert: Convert) -> None:
    screen(browser, 1280)
    visit(browser, page_of(convert.items(rows_of(60)).out, count=100))
    following = find(browser, ".next")[2]
    assert following.text == "9"
    seen = []
    for _ in range(10):
        following.click()
        seen.append(browser.switch_to.active_element.get_attribute("id"))
    assert seen == [f"row-{n}" for n in (*range(3, 61, 7), 3)]


def test_hundreds_of_rows_open_at_once(browser: Chrome, convert: Convert, tmp_path: Path) -> None:
    picture(tmp_path / "media/street/0000.jpg", WIDE, HIGH)
    content = (tmp_path / "media/street/0000.jpg").read_bytes()
    for n in range(500):
        (tmp_path / f"media/street/{n:04}.jpg").write_bytes(content)
    run = convert.items([row(i.asset.path, *crowd(n, 12), width=WIDE, height=HIGH) for n, i in enumerate(rows_of(500))])
    half = page_of(run.out, count=250, media_root=tmp_path / "media").stat().st_size
    page = page_of(run.out, count=500, media_root=tmp_path / "media")
    assert page.stat().st_size < 2.1 * half
    screen(browser, 1280)
    visit(browser, page)
    timing = "const t = performance.getEntriesByType('navigation')[0]; return t.loadEventEnd - t.responseEnd"
    assert browser.execute_script(timing) < 6_000  # ten times what is seen
    assert browser.execute_script("return document.querySelectorAll('.s').length") == 50 * 12
    assert find(browser, ".lead")[0].text == "All 500 of the set."
    assert complaints(browser) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_written_can_be_read(browser: Chrome, tmp_path: Path, scheme: str) -> None:
    """Contrast of every visible text with what lies behind it [WCAG 2, 4.5 : 1]."""
    to_labelbox.convert(FIXTURES / "coco/demo/input", tmp_path / "out")
    screen(browser, 1280, scheme=scheme)
    visit(browser, page_of(tmp_path / "out", problems=True))
    pairs = browser.execute_script(
        """const found = [], solid = c => !/, 0\\)$/.test(c) && c !== 'transparent';
           for (const e of document.querySelectorAll('body *')) {
             if (e.closest('svg, #tip, :disabled') || !e.checkVisibility()) continue;
             if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
             let back = e; while (back && !solid(getComputedStyle(back).backgroundColor)) back = back.parentElement;
             found.push([e.className || e.tagName, getComputedStyle(e).color, getComputedStyle(back || document.body).backgroundColor]) }
           return found"""
    )
    assert len(pairs) > 60

    def of(color: str) -> str:
        return "#" + bytes(int(v) for v in re.findall(r"\d+", color)[:3]).hex()

    bad = {(name, text, back) for name, text, back in pairs if contrast(of(text), of(back)) < 4.5}
    assert bad == set()
