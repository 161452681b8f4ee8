"""A real browser without a screen, cut off from the network, and a report that nobody measured."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.reported import FAILURE, HOLE, Reported
from ggfleet.compare.matrix.cells import Change, to_line
from ggfleet.compare.report import make_report, read_judged, to_html
from made_up_runs import LINKS, WAYS, Matrix, made_up

if TYPE_CHECKING:
    from playwright.sync_api import Browser

JUDGED = Path(__file__).parents[1] / "golden/report/made-up-judged.json"
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Chromium as the operating system has it, or skip."""
    needed = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"a page is looked at with one of {', '.join(NAMES)}: install chromium")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with needed.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """Return a page with seven strategies, a hole, failures, and a message that is markup."""
    more = ("made-up-delta", "made-up-pip-uv", "made-up-in-function")
    return report_of((*WAYS, *more), tuple(Change), tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="session")
def short(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """Return a page with all of that, but fewer strategies and changes: axe takes its time."""
    changes = (Change.FIRST_INSTALL, HOLE[1], FAILURE[1], Change.REMOVE)
    return report_of((HOLE[0], FAILURE[0]), changes, tmp_path_factory.mktemp("page"))


def report_of(strategies: Sequence[str], changes: Sequence[Change], folder: Path) -> Reported:
    matrix = Matrix(
        strategies, changes, LINKS, holes=frozenset({HOLE}), failures=frozenset({FAILURE})
    )
    runs = list(made_up(matrix))
    raw = "".join(f"{to_line(each)}\n" for each in runs).encode()
    judged = read_judged(JUDGED.read_text(), JUDGED.name)
    report = make_report(runs, raw, "made-up", {"processor": "made up"}, judged)
    path = folder / "index.html"
    path.write_text(to_html(report))
    return Reported(path, raw, report)
