"""Client devices on V2."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Broker, Fleet, Nucleus, Severity
from ggfleet.spec.rules.registry import CLASSIC, Finding, rule

EMQX_ARCHITECTURE = "x86_64"


@rule(
    "device-emqx",
    Severity.WARNING,
    CLASSIC,
    reason="EMQX's component brings a Docker image for x86_64 alone: on another core it fails to "
    "start, and the deployment with it.",
    source="aws-greengrass/aws-greengrass-emqx-mqtt: recipe.json",
    fix="Write broker: moquette, or keep client devices to x86_64 cores.",
    example="client_devices:\n  button: {cores: pi-01}\ndeployment: {broker: emqx}\n",
)
def emqx_has_an_image(fleet: Fleet) -> Iterator[Finding]:
    """The broker EMQX runs on x86_64 alone."""
    if fleet.deployment.broker is not Broker.EMQX:
        return
    served = {name for device in fleet.client_devices.values() for name in device.cores}
    here = {core.platform for core in fleet.cores if core.name in served}
    without = [
        name
        for name in sorted(here & fleet.platforms.keys())
        if fleet.platforms[name].architecture != EMQX_ARCHITECTURE
        and fleet.deployment.nucleus_of(name) is Nucleus.CLASSIC
    ]
    if without:
        yield (
            "deployment.broker",
            f"is emqx, which has no image for {', '.join(without)}",
            "write moquette, or keep client devices to x86_64 cores",
        )
