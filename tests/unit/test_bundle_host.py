"""Which archives run on this machine."""

from __future__ import annotations

import platform
import sys

import pytest

from ggfleet.bundle import fits_host, host_platform
from unit.factories import make_platform

HOST = make_platform("local", glibc="2.36")


def test_this_machine_is_described_as_it_is() -> None:
    """What the interpreter and the C library say; it fits itself."""
    host = host_platform()
    assert host.architecture == platform.machine()
    assert host.python_version == sys.version_info[:2]
    assert host.glibc == platform.libc_ver()[1]
    assert fits_host(host) == ""


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ({}, ""),
        ({"glibc": "2.17"}, ""),
        ({"python": "3.8"}, ""),
        ({"architecture": "aarch64"}, "pi is aarch64, this machine x86_64"),
        ({"glibc": "2.40"}, "pi has glibc 2.40, this machine only 2.36"),
        ({"os": "darwin"}, "pi runs darwin, this machine linux"),
    ],
)
def test_what_does_not_run_here_has_a_reason(override: dict[str, str], reason: str) -> None:
    """Python's version is the interpreter's matter."""
    assert fits_host(make_platform("pi", **override), HOST) == reason
