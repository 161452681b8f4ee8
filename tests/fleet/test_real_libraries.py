"""Real libraries on a real host, both ways: numpy and LiteRT are installed, and infer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from fleet import real_libraries
from fleet.fleet import Fleet
from fleet.four_steps import FourSteps, four_steps
from fleet.host import Host

pytestmark = [pytest.mark.fleet, pytest.mark.ml]

WAYS = ("os-pip", "ml-resource")


@dataclass(frozen=True)
class Real:
    """Two hosts with libraries by one way each."""

    hosts: dict[str, Host]
    steps: FourSteps


@pytest.fixture(scope="module")
def real(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Real:
    """Fetch and build, boot a host for each way, and take the steps on both."""
    inputs: dict[str, dict[str, Any]] = {
        "os-pip": real_libraries.os_pip(tmp_path_factory.mktemp("wheels")),
        "ml-resource": real_libraries.ml_resource(tmp_path_factory.mktemp("bundled")),
    }
    files = real_libraries.model_files()
    hosts = dict(zip(WAYS, fleet.boot("real-pip", "real-resource"), strict=True))
    for host in hosts.values():
        for place, path in files.items():
            host.put(path, place)
    chosen = {hosts[way]: own for way, own in inputs.items()}
    return Real(hosts, four_steps(fleet, "ml_libraries.yml", chosen))


def test_both_ways_install_real_wheels_once(real: Real) -> None:
    """Check mode only foretells; the second run installs nothing."""
    real.steps.must_hold("greengrass_ml_libraries")


@pytest.mark.parametrize("way", WAYS)
def test_an_account_without_rights_infers_with_them(real: Real, way: str) -> None:
    """Nearly every digit of the sample is read right, with packages of the served version alone."""
    served = "/opt/greengrass-ml/current/site-packages"
    command = f"runuser -u nobody -- env PYTHONPATH={served} python3 -c '{real_libraries.INFER}'"
    right, of, *places = real_libraries.right_answers(real.hosts[way].root(command))
    assert of > 0
    assert right / of > 0.9
    assert all(place.startswith(f"{served}/") for place in places)
