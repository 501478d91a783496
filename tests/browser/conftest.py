"""One browser for all tests of pages, and a way to open a file in it that misses nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Opened:
    """A page, what it asked for beside its own file, and what it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


PageAt = Callable[..., Opened]


# Not of the session: until it is closed, no other test could run an event loop of its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A browser without a window; tests are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=ARGS)
        yield running
        running.close()


def open_page(
    browser: Browser, path: Path, width: int = 1280, height: int = 900, **options: Any
) -> Opened:
    """Open a file in a context of its own; options are those of it, as ``color_scheme="dark"``."""
    made = Opened(
        browser.new_context(viewport={"width": width, "height": height}, **options).new_page()
    )
    address = path.as_uri()
    made.page.on(
        "request",
        lambda request: None if request.url == address else made.requests.append(request.url),
    )
    made.page.on("console", lambda message: made.faults.append(message.text))
    made.page.on("pageerror", lambda error: made.faults.append(str(error)))
    made.page.goto(address)
    return made


@pytest.fixture
def page_at(browser: Browser) -> Iterator[PageAt]:
    """`open_page` without its first argument; what was opened is closed after the test."""
    all_opened = []

    def opened(path: Path, width: int = 1280, height: int = 900, **options: Any) -> Opened:
        all_opened.append(open_page(browser, path, width, height, **options))
        return all_opened[-1]

    yield opened
    for one in all_opened:
        one.page.context.close()
