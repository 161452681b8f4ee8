"""What greengrass_verify says of cores that are connected, and of cores that only run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from fleet.fleet import Fleet
from fleet.four_steps import four_steps
from fleet.host import Host
from fleet.network import BRIDGE_ADDRESS
from fleet.play import Result, play
from fleet.server import Endpoint
from fleet.site import Site

pytestmark = pytest.mark.fleet


@dataclass
class Cores:
    """A V1 core and one of nucleus lite that reach an endpoint, and one that is a stranger to it."""

    fleet: Fleet
    v1: Host
    lite: Host
    stranger: Host
    endpoint: Endpoint
    variables: dict[Host, dict[str, Any]]
    installation: Result

    def verify(self, *hosts: Host, **variables: object) -> Result:
        """Run verify.yml with some variables set differently this once."""
        return play(
            self.fleet,
            "verify.yml",
            {host: {**self.variables[host], **variables} for host in hosts},
        )


@pytest.fixture(scope="module")
def cores(fleet: Fleet, site: Site) -> Iterator[Cores]:
    """Start the endpoint, make the hosts cores that must be connected at the end of the run."""
    endpoint = Endpoint(fleet.network, site.authority)
    v1, lite, stranger = fleet.boot("connected-v1", "connected-lite", "stranger")
    common = {
        "greengrass_core_v1_iot_host": BRIDGE_ADDRESS,
        "greengrass_nucleus_lite_iot_data_endpoint": BRIDGE_ADDRESS,
        "greengrass_verify_connection": "error",
        "greengrass_verify_connection_timeout": 30,
    }
    software = {**site.lite("connected"), "greengrass_runtime": "lite"}
    variables = {
        v1: {**common, **site.variables(v1)},
        lite: {**common, **software, **site.certificates(lite)},
        # Its endpoint listens at no such port.
        stranger: {
            **common,
            **site.variables(stranger),
            "greengrass_core_v1_extra_config": {"coreThing": {"iotMqttPort": 443}},
            "greengrass_verify_connection": "warning",
            "greengrass_verify_connection_timeout": 1,
        },
    }
    try:
        installation = play(fleet, "site.yml", variables)
        yield Cores(fleet, v1, lite, stranger, endpoint, variables, installation)
    finally:
        endpoint.close()


def test_connected_cores_pass_where_a_connection_is_required(cores: Cores) -> None:
    """The devices' own certificates were accepted: the endpoint takes no others."""
    cores.installation.must_pass()
    # Once: of the stranger.
    assert cores.installation.output.count("the core runs and is not connected") == 1
    for host in (cores.v1, cores.lite):
        assert host.root(f"ss -Htn state established dst {BRIDGE_ADDRESS}:8883") != ""


def test_verifying_changes_nothing_in_any_of_four_steps(cores: Cores) -> None:
    """It only looks, and check mode does not even that."""
    steps = four_steps(cores.fleet, "verify.yml", cores.variables)
    steps.must_hold("greengrass_verify", changes=False)


def test_core_that_runs_without_a_connection_is_a_warning(cores: Cores) -> None:
    """With what its log said last, and with what to do."""
    said = " ".join(cores.installation.output.split())
    assert (
        "warning: the core runs and is not connected: none of its processes has a connection to port"
        " 8883 or 443 or 8443 of another machine (waited 1 s). Its log last said: greengrass-standin:"
        f" no MQTT connection to {BRIDGE_ADDRESS}: [Errno 111] Connection refused" in said
    )
    assert "fix: look for the cause in this order: endpoint and port reachable" in said


def test_lost_connections_are_errors_where_asked_and_silent_where_offline(cores: Cores) -> None:
    """Comes last, because it takes the endpoint away; a connection that ends is seen at once."""
    cores.endpoint.close()
    # It is noticed at once, and said when the next try has failed.
    last = "journalctl --no-pager | grep greengrass-lite-standin: | tail -1"
    cores.lite.root(f"timeout 30 sh -c 'until {last} | grep -q refused; do sleep 0.2; done'")
    required = {"greengrass_verify_connection": "error", "greengrass_verify_connection_timeout": 0}
    result = cores.verify(cores.v1, cores.lite, **required).must_fail()
    said = " ".join(result.output.split())
    for host in (cores.v1, cores.lite):
        assert f"{host.name}: 1 error(s)" in said
    assert f"not connected to {BRIDGE_ADDRESS}: [Errno 111] Connection refused" in said
    offline = cores.verify(cores.v1, cores.lite, greengrass_verify_connection="ignore")
    assert "connect" not in offline.must_pass().output.replace("connected-", "")
