"""Client devices: their things, certificates and groups."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Broker, ClientDevice, Core, Fleet, Nucleus, Resolved, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.cores import elsewhere
from ggfleet.spec.rules.registry import CLASSIC, V1, Finding, rule

MAX_GROUPS = 10
"""Groups that a client device may be in."""

EMQX_ARCHITECTURE = "x86_64"
"""Of the one image that EMQX's component has."""

_ARN = "arn:aws:iot:eu-west-1:123456789012:cert/757e11"
_HOSTS = "raspberry_pi:\n  hosts:\n" + "".join(f"    pi-{n:02}: {{}}\n" for n in range(1, 12))


@rule(
    "device-thing-core",
    Severity.ERROR,
    V1,
    reason="A client device reaches its core under its thing's name; a core that is its own client "
    "device, or another core's, connects twice with one client id, and each connection ends the "
    "other.",
    source=f"{pages.TROUBLESHOOTING}; {pages.CORE}",
    fix="Give the client device a thing of its own, or remove it.",
    example="client_devices: {button: {cores: pi-01, thing: pi-01}}\n",
)
def devices_are_no_cores(fleet: Fleet) -> Iterator[Finding]:
    """A client device is not the thing of a core."""
    cores = {core.thing: core.name for core in fleet.cores}
    for device in fleet.client_devices.values():
        if device.thing in cores:
            message = f"is the thing {device.thing}, which the core {cores[device.thing]} is"
            yield f"client_devices.{device.name}.thing", message, "give it a thing of its own"


@rule(
    "device-thing-repeated",
    Severity.ERROR,
    V1,
    reason="The thing's name is a client device's id in the group, so two of one core need two "
    "things; and two that connect with one client id push each other off the broker.",
    source=f"{pages.API_V1} (Device, Id); {pages.TROUBLESHOOTING}",
    fix="Give each a thing of its own, or write one client device with both cores.",
    example="client_devices:\n  button: {cores: pi-01, thing: button-1}\n"
    "  switch: {cores: pi-01, thing: button-1}\n",
    firm=True,
)
def devices_differ(fleet: Fleet) -> Iterator[Finding]:
    """Two client devices of one core are not the same thing."""
    seen: dict[tuple[str, str], str] = {}
    for device in fleet.client_devices.values():
        firsts = [seen.setdefault((device.thing, core), device.name) for core in device.cores]
        others = [first for first in firsts if first != device.name]
        if others:
            message = f"is the thing {device.thing}, as client_devices.{others[0]} is"
            yield f"client_devices.{device.name}.thing", message, "give each a thing of its own"


@rule(
    "device-certificate-repeated",
    Severity.WARNING,
    V1,
    reason="A certificate that several devices carry cannot be revoked for one of them, and tells "
    "the core nothing about which of them it is talking to.",
    source=pages.TROUBLESHOOTING,
    fix="Make a certificate for each.",
    example=f'client_devices:\n  button: {{cores: pi-01, certificate: "{_ARN}"}}\n'
    f'  switch: {{cores: pi-01, certificate: "{_ARN}"}}\n',
)
def device_certificates_differ(fleet: Fleet) -> Iterator[Finding]:
    """Every client device has a certificate of its own, which no core has."""
    devices = fleet.client_devices.values()
    things: list[Core | ClientDevice] = [*fleet.cores, *devices] if devices else []
    seen: dict[str, str] = {}
    for each in things:
        arn = each.certificate_arn
        first = seen.setdefault(arn.value, each.thing) if isinstance(arn, Resolved) else each.thing
        if first != each.thing and isinstance(each, ClientDevice):
            at = f"client_devices.{each.name}.certificate"
            yield at, f"is that of the thing {first} too", "make a certificate for each"


@rule(
    "device-certificate-account",
    Severity.WARNING,
    V1,
    reason="A client device's thing and certificate are in the group's account and Region, where "
    "it asks for its cores.",
    source=f"{pages.API_V1} (Device); {pages.TROUBLESHOOTING}",
    fix="Correct `aws:`, or the ARN.",
    example=f'client_devices:\n  button: {{cores: pi-01, certificate: "'
    f'{_ARN.replace("eu-west-1", "us-east-1")}"}}\n',
)
def device_certificates_are_of_the_account(fleet: Fleet) -> Iterator[Finding]:
    """A client device's certificate is in the fleet's account and Region."""
    for device in fleet.client_devices.values():
        where = elsewhere(fleet, device.certificate_arn)
        if where:
            yield f"client_devices.{device.name}.certificate", where, "correct aws:, or the ARN"


@rule(
    "device-groups",
    Severity.ERROR,
    V1,
    reason="Discovery refuses a client device that is in more than 10 groups, and here each core "
    "is a group.",
    source=pages.DEVICES,
    fix="Name at most ten cores for it.",
    example={
        "fleet.yml": "client_devices: {button: {cores: raspberry_pi}}\n",
        "hosts.yml": _HOSTS,
    },
)
def devices_have_few_cores(fleet: Fleet) -> Iterator[Finding]:
    """A client device has at most ten cores."""
    for device in fleet.client_devices.values():
        count = len(device.cores)
        if count > MAX_GROUPS:
            message = f"are {count}, and a client device is in at most {MAX_GROUPS} groups"
            yield f"client_devices.{device.name}.cores", message, "name at most ten"


@rule(
    "device-address",
    Severity.NOTE,
    V1,
    reason="A client device asks AWS IoT for its core's address. The core tells it there when the "
    "group has the IP detector; else somebody enters it for each core, and again when it changes.",
    source=f"{pages.CORE}; {pages.SHADOWS}",
    fix="Add system_functions: {ip_detector: true}, or enter the addresses "
    "(UpdateConnectivityInfo).",
    example="client_devices: {button: {cores: pi-01}}\n",
)
def devices_find_their_core(fleet: Fleet) -> Iterator[Finding]:
    """Cores with client devices tell their address."""
    if fleet.client_devices and not fleet.system_functions.ip_detector:
        message = "find their core only if somebody enters the address of each"
        yield "client_devices", message, "add system_functions: {ip_detector: true}"


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
