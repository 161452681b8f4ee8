"""Fixtures of the tests of `register` and `unregister`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from functional.registrations import wanted_of, write_two_cores
from ggfleet.model import Registration
from iot_support import Iot, started_iot


@pytest.fixture(scope="session")
def iot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iot]:
    """A running stand-in for AWS IoT and IAM."""
    with started_iot(tmp_path_factory.mktemp("iot")) as started:
        yield started


@pytest.fixture
def two_cores(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A spec with two cores; its name is the test's, so that tests share a server."""
    return write_two_cores(tmp_path, f"f{abs(hash(request.node.nodeid)) % 10**8}")


@pytest.fixture
def wanted(two_cores: Path) -> Registration:
    """What AWS must know of them."""
    return wanted_of(two_cores)
