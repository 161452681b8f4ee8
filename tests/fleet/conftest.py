"""Fixtures of tests that boot real hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fleet import requirements
from fleet.fleet import Fleet
from fleet.site import Site


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    """Return an empty fleet, or skip and name what this machine lacks."""
    lacking = requirements.missing()
    if lacking:
        pytest.skip(f"booting test hosts needs {', '.join(lacking)}")
    made = Fleet()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def site(fleet: Fleet) -> Iterator[Site]:
    """Return certificates and core software for hosts of the fleet."""
    made = Site(fleet)
    try:
        yield made
    finally:
        made.close()
