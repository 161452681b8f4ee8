"""What the browser's tests share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ggfleet.compare.matrix.cells import Change
from ggfleet.compare.report import Report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOLE = ("made-up-image", Change.MODEL_ONLY, "fast")
FAILURE = ("made-up-pip", Change.LIBRARY_MINOR, "lossy")
PHONE, DESKTOP, PAPER = 360, 1280, 688
"""Widths in CSS pixels; A4 within the page's margins of 14 mm is 688 wide."""


@dataclass(frozen=True)
class Reported:
    """A page, and what it was made of."""

    path: Path
    raw: bytes
    report: Report


@contextlib.contextmanager
def opened(
    browser: Browser, reported: Reported, width: int = DESKTOP, **settings: Any
) -> Iterator[Page]:
    """Open the page in a window of its own; at the end, nothing was complained of or fetched."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, offline=True, **settings
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    told: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(reported.path.as_uri())
    try:
        yield page
        assert told == []
        assert [url for url in asked if not url.startswith("data:")] == [reported.path.as_uri()]
    finally:
        context.close()


def open_all(page: Page) -> None:
    """Unfold what is folded."""
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
