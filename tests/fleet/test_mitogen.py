"""site.yml under Mitogen, which keeps one Python running on each host."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from fleet.fleet import Fleet
from fleet.host import Host
from fleet.play import Result, Running
from fleet.site import Site

pytestmark = pytest.mark.fleet


def strategy() -> dict[str, str]:
    """Return what makes Ansible run under Mitogen, or skip where it is not installed."""
    found = find_spec("ansible_mitogen")
    if found is None or found.origin is None:
        pytest.skip("Mitogen is not installed (pip install mitogen)")
    plugins = Path(found.origin).parent / "plugins/strategy"
    return {"ANSIBLE_STRATEGY_PLUGINS": str(plugins), "ANSIBLE_STRATEGY": "mitogen_linear"}


def test_recaps_are_those_of_a_run_without_it(fleet: Fleet, site: Site) -> None:
    """Of a fresh host, of the same host again, and in check mode; and the core serves."""
    under = strategy()
    plain, mitogen = fleet.boot("plain-01", "mitogen-01")
    variables = {host: site.variables(host) for host in (plain, mitogen)}

    def start(host: Host, environment: dict[str, str], *options: str) -> Running:
        fleet.environment = environment
        try:
            return Running(fleet, "site.yml", {host: variables[host]}, *options)
        finally:
            fleet.environment = {}

    recaps = []
    for options in ((), (), ("--check",)):
        # On two hosts, so that neither run minds the other.
        runs = {plain: start(plain, {}, *options), mitogen: start(mitogen, under, *options)}
        results: dict[Host, Result] = {host: run.finish() for host, run in runs.items()}
        ended = [results[host].must_pass().recap(host) for host in (plain, mitogen)]
        assert ended[0] == ended[1]
        recaps.append(ended[1])
    assert [recap["changed"] > 0 for recap in recaps] == [True, False, False]
    assert mitogen.root("systemctl is-active greengrass") == "active"
