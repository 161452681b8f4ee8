"""Fixtures of tests that boot real hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fleet import requirements, told
from fleet.fleet import Fleet
from fleet.site import Site

_FLEETS: list[Fleet] = []


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End a module's hosts with it, once its fixtures are gone: the next boots its own."""
    if nextitem is None or nextitem.path != item.path:
        for made in _FLEETS:
            made.end_hosts()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how long runs took to tell of faults, where tests have noted it."""
    lines = told.table(terminalreporter.getreports("passed"))
    if lines:
        terminalreporter.section("seconds until a run told of a fault: median")
        terminalreporter.write_line("\n".join(lines))


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    """Return an empty fleet, or skip and name what this machine lacks."""
    lacking = requirements.missing()
    if lacking:
        pytest.skip(f"booting test hosts needs {', '.join(lacking)}")
    made = Fleet()
    _FLEETS.append(made)
    try:
        yield made
    finally:
        _FLEETS.remove(made)
        made.close()


@pytest.fixture(scope="session")
def site(fleet: Fleet) -> Iterator[Site]:
    """Return certificates and core software for hosts of the fleet."""
    made = Site(fleet)
    try:
        yield made
    finally:
        made.close()
