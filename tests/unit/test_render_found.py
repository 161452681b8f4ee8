"""What random specs found wrong, each in a fleet of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.errors import GgfleetError
from ggfleet.model import (
    ClientDevice,
    Connector,
    Fleet,
    FunctionDefaults,
    Isolation,
    LocalDevice,
    Resolved,
    Subscription,
)
from ggfleet.render import TARGETS, render
from ggfleet.spec import check
from unit.factories import make_core, make_fleet, make_function, make_library
from unit.rule_examples import check_changed, fresh, read_hosts
from unit.test_render_group_v1 import archives, documents


def certificate(name: str) -> Resolved:
    return Resolved(f"arn:aws:iot:eu-west-1:123456789012:cert/{name}")


def test_a_default_for_functions_makes_no_definition_without_functions() -> None:
    fleet = make_fleet(function_defaults=FunctionDefaults(Isolation.CONTAINER))
    assert "platforms/gateway/function-definition.json" not in documents(fleet)


def test_a_group_without_one_of_two_devices_gets_no_empty_definition() -> None:
    """A subscription between two client devices is for the cores that both reach."""
    devices = {
        "button": ClientDevice("button", ("line-1",), "button", certificate("d1")),
        "lamp": ClientDevice("lamp", ("line-1", "line-2"), "lamp", certificate("d2")),
    }
    fleet = make_fleet(
        cores=(make_core("line-1"), make_core("line-2")),
        client_devices=devices,
        subscriptions=(Subscription("button", "light", "lamp"),),
    )
    found = documents(fleet)
    assert "cores/line-1/subscription-definition.json" in found
    assert "cores/line-2/subscription-definition.json" not in found
    version = found["cores/line-2/group.json"]["InitialVersion"]
    assert "SubscriptionDefinitionVersionArn" not in version


def test_a_connectors_resource_is_not_the_library_of_that_name() -> None:
    """Kinds have names of their own."""
    fleet = make_fleet(
        functions=[make_function(resources={})],
        libraries=[make_library("serial")],
        resources={"serial": LocalDevice("serial", "/dev/ttyS0")},
        connectors={"port": Connector("port", "SerialStream", 3, {}, {"Port": "serial"})},
    )
    assert not fleet.is_used(fleet.libraries["serial"])
    body = documents(fleet)["platforms/gateway/resource-definition.json"]
    assert [each["Id"] for each in body["InitialVersion"]["Resources"]] == ["res-serial"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_fleet_without_a_core_is_refused(target: str) -> None:
    """There was a template without resources, and a traceback for components."""
    fleet: Fleet = make_fleet(cores=(), functions=[make_function()])
    with pytest.raises(GgfleetError, match="the spec has no core") as caught:
        render(fleet, archives(fleet), target)
    assert "inventory" in caught.value.fix


def test_an_equals_sign_alone_is_a_text(tmp_path: Path) -> None:
    """YAML 1.1 gives a plain `=` a tag of its own."""
    folder = fresh(tmp_path / "spec")
    text = (folder / "fleet.yml").read_text()
    (folder / "fleet.yml").write_text(text.replace("64 MiB", "64 MiB, environment: {SIGN: =}"))
    fleet = check(folder / "fleet.yml", read_hosts).fleet
    assert fleet is not None
    assert fleet.functions["classify"].environment == {"SIGN": "="}


@pytest.mark.parametrize("rule", ["name-ambiguous", "name-several"])
def test_a_connector_that_names_one_resource_is_fine(rule: str, tmp_path: Path) -> None:
    """The same spec as the rules' examples, without what breaks them."""
    checked = check_changed(
        tmp_path / "spec",
        "resources:\n  serial: {device: /dev/ttyS0}\n"
        "models:\n  digits: {source: digits, version: 1.0.0, destination: /models}\n"
        "connectors:\n  port: {connector: SerialStream, version: 3, "
        "resources: {Port: serial, Model: digits}}\n",
    )
    assert rule not in {problem.rule for problem in checked.problems}
