"""An arm64 host under qemu: the roles find the architecture and install software made for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pytest

from fleet import requirements
from fleet.fleet import Fleet
from fleet.host import Host
from fleet.play import Result, play
from fleet.site import Site
from fleet.system import ARM64

pytestmark = pytest.mark.emulated


@dataclass(frozen=True)
class Arm:
    """The host, what its inventory says, and how site.yml ended."""

    fleet: Fleet
    host: Host
    variables: dict[str, Any]
    installation: Result


@pytest.fixture(scope="module")
def arm(fleet: Fleet, site: Site) -> Arm:
    """Boot the host and run site.yml once: everything takes many times as long as on others."""
    if "emulated" not in os.environ.get("GGFLEET_REQUIRE", "").split(","):
        pytest.skip("takes more than ten minutes: asked for with GGFLEET_REQUIRE=emulated")
    lacking = requirements.missing(ARM64)
    if lacking:
        pytest.skip(f"an arm64 host needs {', '.join(lacking)}")
    [host] = fleet.boot("arm-01", system=ARM64)
    software = {**site.lite("arm64", architecture="arm64"), "greengrass_runtime": "lite"}
    variables = {**software, **site.certificates(host)}
    return Arm(fleet, host, variables, play(fleet, "site.yml", {host: variables}))


def test_host_is_arm64(arm: Arm) -> None:
    """By its kernel's word, as programs on it hear it, and by its package manager's."""
    assert arm.host.root("uname -m; dpkg --print-architecture") == "aarch64\narm64"


def test_site_makes_it_a_running_core(arm: Arm) -> None:
    """The package that was installed is one for arm64 alone."""
    arm.installation.must_pass()
    assert arm.host.root("systemctl is-active greengrass-lite.target") == "active"
    said = arm.host.root("dpkg-query -Wf '${Architecture} ${db:Status-Status}' aws-greengrass-lite")
    assert said == "arm64 installed"


def test_preflight_compares_architectures(arm: Arm) -> None:
    """One that is not wanted is named; nothing else is an error."""
    wanted = {**arm.variables, "greengrass_preflight_architectures": ["x86_64"]}
    result = play(arm.fleet, "preflight.yml", {arm.host: wanted}).must_fail()
    said = " ".join(result.output.split())
    assert "arm-01: 1 error(s)" in said
    assert "the machine is aarch64; the core software was published for x86_64." in said
