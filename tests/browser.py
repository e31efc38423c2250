"""A headless Chromium for tests of pages; nothing of it goes over a network."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --hide-scrollbars --force-device-scale-factor=1""".split()
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1280, 900


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """A browser with a fresh profile; skips the test where there is none."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no Chromium with chromedriver: `make browser` installs them")
    options = Options()
    options.binary_location = browser
    for flag in [*FLAGS, f"--user-data-dir={profile}", f"--window-size={WIDTH},{HEIGHT}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # selenium would ask a server for a driver and report its use; both are at hand and said so
    os.environ["SE_OFFLINE"], os.environ["SE_AVOID_STATS"] = "true", "true"
    started = Chrome(options=options, service=Service(driver))
    try:
        yield started
    finally:
        started.quit()


def visit(browser: Chrome, page: Path) -> None:
    """Open a page from disk; afterwards :func:`complaints` and :func:`requests` tell of this page alone."""
    _log(browser, "browser")
    _log(browser, "performance")
    browser.get(page.as_uri())


def complaints(browser: Chrome) -> list[str]:
    """What the console says, refused styles and scripts included."""
    return [entry["message"] for entry in _log(browser, "browser")]


def requests(browser: Chrome) -> list[str]:
    """Addresses that were asked for, without data URLs."""
    asked: list[str] = []
    for entry in _log(browser, "performance"):
        message: Any = json.loads(entry["message"])["message"]
        asking = message["method"] == "Network.requestWillBeSent"
        # the browser's own first tab may still be loading
        if asking and not message["params"]["documentURL"].startswith("chrome:"):
            asked.append(message["params"]["request"]["url"])
    return [url for url in asked if not url.startswith("data:")]


def _log(browser: Chrome, kind: str) -> list[dict[str, Any]]:
    return list(browser.get_log(kind))  # type: ignore[no-untyped-call]
