"""Debian 13 (Python 3.13, systemd 257): both kinds of core, each by check, apply, check, apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from fleet.fleet import Fleet
from fleet.host import Host
from fleet.play import Result, play
from fleet.site import Site
from fleet.system import TRIXIE
from fleet.traces import changed_since

pytestmark = pytest.mark.fleet


@dataclass(frozen=True)
class Runs:
    """A host for V1 and one for nucleus lite, and what four runs of site.yml over them said."""

    v1: Host
    lite: Host
    changed_by_check: dict[str, str]
    results: list[Result]

    def changed(self, host: Host) -> list[int]:
        """Return how many tasks of each run changed, or would have changed, a host."""
        return [result.must_pass().recap(host)["changed"] for result in self.results]


@pytest.fixture(scope="module")
def runs(fleet: Fleet, site: Site) -> Runs:
    """Boot both hosts and run site.yml four times, every other time in check mode."""
    v1, lite = fleet.boot("trixie-01", "trixie-02", system=TRIXIE)
    variables: dict[Host, dict[str, Any]] = {
        v1: site.variables(v1),
        lite: {**site.lite("trixie"), **site.certificates(lite), "greengrass_runtime": "lite"},
    }
    for host in variables:
        host.root("touch /run/before-check")
    results = [play(fleet, "site.yml", variables, "--check")]
    changed = {host.name: changed_since(host, "/run/before-check") for host in variables}
    results += [play(fleet, "site.yml", variables, *options) for options in ((), ("--check",), ())]
    return Runs(v1, lite, changed, results)


def test_hosts_are_debian_13(runs: Runs) -> None:
    """By what they say of themselves, so that nothing below was tried on another release."""
    for host in (runs.v1, runs.lite):
        said = host.root(". /etc/os-release; python3 -V; systemctl --version; echo $VERSION_ID")
        words = said.split()
        assert words[:2] == ["Python", words[1]]
        assert words[1].startswith("3.13.")
        assert int(words[words.index("systemd") + 1]) >= 257
        assert words[-1] == "13"


def test_check_mode_changes_nothing_on_a_fresh_host(runs: Runs) -> None:
    """No file of either host is newer than the moment before the run."""
    assert runs.changed_by_check == {"trixie-01": "", "trixie-02": ""}


@pytest.mark.parametrize("name", ["v1", "lite"])
def test_second_apply_and_check_of_an_installed_host_change_nothing(runs: Runs, name: str) -> None:
    """The check before foretells changes, no more than there are; then all is right."""
    foretold, applied, check, again = runs.changed(getattr(runs, name))
    assert 0 < foretold <= applied
    assert (check, again) == (0, 0)


def test_both_cores_run(runs: Runs) -> None:
    """Started, enabled, and not restarted by systemd since."""
    for host, unit in ((runs.v1, "greengrass"), (runs.lite, "greengrass-lite.target")):
        assert host.root(f"systemctl is-active {unit}; systemctl is-enabled {unit}") == (
            "active\nenabled"
        )
    daemons = runs.lite.root("systemctl show --property=NRestarts --value 'ggl.core.*'").split()
    assert set(daemons) == {"0"}


def test_preflight_says_how_this_systemd_is_forced_to_version_1(fleet: Fleet, runs: Runs) -> None:
    """One kernel argument, which systemd before 256 took, is not enough."""
    variables = {"greengrass_preflight_containers_required": True}
    result = play(fleet, "preflight.yml", {runs.v1: variables}).must_fail()
    said = " ".join(result.output.split())
    assert "error: the host uses control groups version 2; containerised functions need" in said
    assert "=0 and SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 to the kernel command line" in said
