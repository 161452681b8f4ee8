"""The report's page in a real browser."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING

import pytest

from browser.reported import DESKTOP, PAPER, PHONE, Reported, open_all, opened
from ggfleet.compare.report import rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser


def first_figures(page: Page) -> Locator:
    return page.locator("#first-install table").first


def column(table: Locator, title: str) -> list[str]:
    """The texts of a column, without the intervals below them."""
    headings = [each.inner_text() for each in table.locator("thead th").all()]
    place = next(n for n, heading in enumerate(headings, 1) if heading.startswith(title))
    cells = table.locator(f"tbody tr > :nth-child({place})").all()
    return [cell.evaluate("cell => cell.dataset.value ?? cell.innerText") for cell in cells]


def test_it_says_first_what_is_best(browser: Browser, reported: Reported) -> None:
    """And it opens without a complaint or a request, which `opened` holds for every test."""
    with opened(browser, reported) as page:
        assert page.locator("main > section").first.locator("h2").inner_text() == "The answer"
        summary = page.locator("#summary").inner_text()
        for sentence in reported.report.overall:
            assert sentence in summary
        overview = page.locator("#overview table").first
        assert overview.is_visible()
        for name in reported.report.findings.strategies:
            explained = overview.get_by_role("link", name=name, exact=True).get_attribute("href")
            assert name in page.locator(explained or "").inner_text()


def test_every_chart_has_a_name_and_says_its_values(browser: Browser, reported: Reported) -> None:
    with opened(browser, reported) as page:
        open_all(page)
        charts = page.locator("main svg:not([aria-hidden])")
        titles = charts.locator("title").all_text_contents()
        assert page.get_by_role("img").count() == len(set(titles)) == charts.count() > 20
        for title in (titles[0], titles[-1]):
            assert page.get_by_role("img", name=title, exact=True).count() == 1
        strategies = reported.report.findings.strategies
        for described in charts.locator("desc").all_text_contents():
            assert all(f"{name}: " in described for name in strategies)


def test_a_hole_is_written_and_not_drawn(browser: Browser, reported: Reported) -> None:
    with opened(browser, reported) as page:
        named = page.get_by_role("img", name="Model only: time, fast", exact=True)
        drawn = named.locator("circle, path.best, path.close, path.interval")
        assert "made-up-image: not measured" in (named.locator("desc").text_content() or "")
        # Each of the other six has a mark and its interval.
        assert drawn.count() == 2 * 6


def test_failures_are_shown_with_their_message_as_text(
    browser: Browser, reported: Reported
) -> None:
    with opened(browser, reported) as page:
        told = page.locator("#remains").inner_text()
        assert "the connection broke <b>seven</b> times & was given up" in told
        assert page.locator("main b").count() == 0
        named = page.get_by_role("img", name="Library minor: time, lossy", exact=True)
        assert "made-up-pip: 3 of 3 failed" in (named.locator("desc").text_content() or "")


def test_a_click_on_a_heading_sorts_by_number_and_back(
    browser: Browser, reported: Reported
) -> None:
    with opened(browser, reported) as page:
        page.locator("#first-install summary").last.click()
        table = first_figures(page)
        before = column(table, "Bytes")
        heading = table.get_by_role("columnheader", name="Bytes received, MB", exact=True)
        heading.get_by_role("button").click()
        rising = sorted(before, key=float)
        assert column(table, "Bytes") == rising != before
        assert heading.get_attribute("aria-sort") == "ascending"
        heading.get_by_role("button").press("Enter")
        assert column(table, "Bytes") == rising[::-1]
        assert heading.get_attribute("aria-sort") == "descending"


def test_holes_sort_behind_figures(browser: Browser, reported: Reported) -> None:
    with opened(browser, reported) as page:
        page.locator("#model-only summary").last.click()
        table = page.locator("#model-only table").first
        table.get_by_role("columnheader", name="Time, s", exact=True).get_by_role("button").click()
        assert column(table, "Time")[-1] == "not measured"


@pytest.mark.parametrize("scripts", [True, False])
def test_the_raw_data_can_be_saved(browser: Browser, reported: Reported, scripts: bool) -> None:
    """With and without scripts; byte by byte what was measured."""
    with opened(browser, reported, java_script_enabled=scripts) as page:
        saved = {}
        for link in page.locator(".downloads a").all():
            with page.expect_download() as waiting:
                link.click()
            saved[waiting.value.suggested_filename] = waiting.value.path().read_bytes()
    assert gzip.decompress(saved["runs.jsonl.gz"]) == reported.raw
    assert len(list(csv.DictReader(io.StringIO(saved["runs.csv"].decode())))) == len(
        reported.report.findings.observations
    )
    assert saved["cells.csv"].decode() == rows.to_csv(rows.cells(reported.report.findings))


@pytest.mark.parametrize("width", [320, PHONE, 768, DESKTOP])
def test_nothing_is_wider_than_the_window(browser: Browser, reported: Reported, width: int) -> None:
    """Wide tables scroll within themselves."""
    with opened(browser, reported, width) as page:
        open_all(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.body.scrollWidth") <= width


def test_without_scripts_everything_is_there(browser: Browser, reported: Reported) -> None:
    with opened(browser, reported) as page:
        with_scripts = page.locator("main").text_content()
    with opened(browser, reported, java_script_enabled=False) as page:
        assert page.get_by_role("button").count() == 0
        assert page.locator("main").text_content() == with_scripts


def test_print_shows_what_is_folded_on_white_paper(browser: Browser, reported: Reported) -> None:
    """In the dark, too; no table is cut at the edge of the sheet."""
    with opened(browser, reported, PAPER, color_scheme="dark") as page:
        assert not first_figures(page).is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 24, 26)"
        page.emulate_media(media="print")
        assert (
            page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        )
        for table in page.locator("table").all():
            assert table.evaluate("table => table.offsetHeight") > 0
            assert table.evaluate("table => table.getBoundingClientRect().right") <= PAPER
        # A box of its own would not be painted again with its heading on the next sheet.
        shown = "all => all.map(each => getComputedStyle(each).display)"
        assert set(page.locator("thead button").evaluate_all(shown)) == {"contents"}
        printed = page.pdf(prefer_css_page_size=True)
        assert printed.startswith(b"%PDF-")
        assert printed.count(b"/Type /Page\n") > 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, short: Reported, scheme: str) -> None:
    """Contrast, names, order of headings, what can be reached by keyboard (axe-core's rules)."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with opened(browser, short, color_scheme=scheme) as page:
        open_all(page)
        found = axe.run(page).response
    told = {v["id"]: v["nodes"][0]["failureSummary"] for v in found["violations"]}
    assert told == {}
    assert "color-contrast" in {each["id"] for each in found["passes"]}
