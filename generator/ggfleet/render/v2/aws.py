"""AWS's own components that stand for parts of a V1 group: their names, and what is deployed.

Nearly all run on the classic nucleus alone: nucleus lite has no plugins, and its IPC lacks what the
others ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ggfleet.model import Broker, Fleet

PREFIX = "aws.greengrass."
NUCLEUS = "aws.greengrass.Nucleus"
LITE = "aws.greengrass.NucleusLite"
CREDENTIALS = "aws.greengrass.TokenExchangeService"
AUTH = "aws.greengrass.clientdevices.Auth"
BRIDGE = "aws.greengrass.clientdevices.mqtt.Bridge"
IP_DETECTOR = "aws.greengrass.clientdevices.IPDetector"
BROKERS = {
    Broker.MOQUETTE: "aws.greengrass.clientdevices.mqtt.Moquette",
    Broker.EMQX: "aws.greengrass.clientdevices.mqtt.EMQX",
}
DISK_SPOOLER = "aws.greengrass.DiskSpooler"
LOGS = "aws.greengrass.LogManager"
JOURNAL = "aws.greengrass.SystemLogForwarder"
SHADOWS = "aws.greengrass.ShadowManager"
STREAMS = "aws.greengrass.StreamManager"
VAULT = "aws.greengrass.SecretManager"
METRICS = "aws.greengrass.Cloudwatch"
DEFENDER = "aws.greengrass.DeviceDefender"
FIREHOSE = "aws.greengrass.KinesisFirehose"
MODBUS = "aws.greengrass.Modbus"
SNS = "aws.greengrass.SNS"

RANGE = ">=2.0.0 <3.0.0"
"""Of those that functions depend on: nucleus lite's matcher knows neither ^ nor ~ (measured)."""


@dataclass(frozen=True)
class Release:
    """The version that is deployed unless the spec names another, and where it was read."""

    version: str
    source: str


def _tag(repository: str, version: str) -> Release:
    return Release(version, f"the newest release of aws-greengrass/{repository}")


def _guide(version: str) -> Release:
    return Release(version, "the newest in the V2 developer guide of April 2023")


RELEASES: Mapping[str, Release] = MappingProxyType(
    {
        AUTH: _tag("aws-greengrass-client-device-auth", "2.5.2"),
        BROKERS[Broker.MOQUETTE]: _tag("aws-greengrass-moquette-mqtt", "2.3.7"),
        BROKERS[Broker.EMQX]: _tag("aws-greengrass-emqx-mqtt", "2.0.3"),
        BRIDGE: _tag("aws-greengrass-mqtt-bridge", "2.3.2"),
        IP_DETECTOR: _tag("aws-greengrass-ip-detector", "2.2.3"),
        DISK_SPOOLER: _tag("aws-greengrass-disk-spooler", "1.0.3"),
        LOGS: _tag("aws-greengrass-log-manager", "2.3.11"),
        JOURNAL: _tag("aws-greengrass-system-log-forwarder", "2.1.0"),
        SHADOWS: _tag("aws-greengrass-shadow-manager", "2.3.12"),
        VAULT: _tag("aws-greengrass-secret-manager", "2.2.6"),
        STREAMS: Release("2.3.0", "V2 developer guide, document history of 16 April 2026"),
        METRICS: _guide("3.1.0"),
        DEFENDER: _guide("3.1.3"),
        FIREHOSE: _guide("2.1.4"),
        MODBUS: _guide("2.1.5"),
        SNS: _guide("2.1.4"),
    }
)
"""Read on 2026-11-23. The nuclei are not among them: nobody asked for another nucleus."""

AUTH_FOR_EMQX = Release("2.4.5", "the newest below 2.5.0, where EMQX 2.0.3's requirement ends")


FOR_LITE = (LITE, CREDENTIALS, JOURNAL, "aws.greengrass.Cli")


def is_for_lite(component: str) -> bool:
    """Whether nucleus lite takes a component: all that are not AWS's, and few of those."""
    return component in FOR_LITE or not component.startswith(PREFIX)


def version_of_aws(fleet: Fleet, component: str) -> str:
    """What is deployed of a component: the spec's version, or the one known here; else empty."""
    if pinned := fleet.deployment.components.get(component):
        return pinned
    if component == AUTH and fleet.deployment.broker is Broker.EMQX:
        return AUTH_FOR_EMQX.version
    release = RELEASES.get(component)
    return release.version if release else ""


def at_least(version: str, least: tuple[int, int]) -> bool:
    """Whether a version has at least these first two numbers."""
    major, minor, *_ = (int(number) for number in version.split("."))
    return (major, minor) >= least


@dataclass(frozen=True)
class Addition:
    """A component of AWS in a deployment, and its configuration there.

    `reset` are JSON pointers of what ggfleet sets: what an earlier deployment set below them goes,
    then `merge` is laid over the defaults.
    """

    merge: Mapping[str, object]
    reset: tuple[str, ...] = ()
