"""What AWS must know of cores before they connect: things, policies, the device role."""

from __future__ import annotations

from dataclasses import dataclass

from ggfleet.model.document import Json

OWN_POLICY = "ggfleet-"
"""What the names of our policies within a role begin with: others there are the owner's."""


@dataclass(frozen=True)
class Policy:
    """A policy of AWS IoT, or one within a role: its name and its document."""

    name: str
    document: Json


@dataclass(frozen=True)
class DeviceRole:
    """The token exchange role: name, ARN, alias for devices, who may assume it, its rights."""

    name: str
    arn: str
    alias: str
    trust: Json
    policies: tuple[Policy, ...]


@dataclass(frozen=True)
class Device:
    """A core as AWS IoT is to know it.

    `policies` are what its certificate allows. `certificate_arn` is that of a certificate that the
    inventory names, or empty.
    """

    core: str
    thing: str
    group: str
    policies: tuple[Policy, ...]
    certificate_arn: str = ""


@dataclass(frozen=True)
class Registration:
    """All of a fleet. V1 cores need no device role, and belong to no thing group."""

    fleet: str
    devices: tuple[Device, ...]
    role: DeviceRole | None = None
    untold: tuple[str, ...] = ()
    """Paths in the spec of what calls AWS and does not tell what: the role does not allow it."""
