"""How functions are run, and what runs beside them on a core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ggfleet.model.reference import Reference

STREAM_MANAGER_MEMORY = 4194304
"""KB: what AWS's console gives the stream manager."""


class Isolation(StrEnum):
    """Where a V1 core runs a function: in a Greengrass container, or as a plain process."""

    CONTAINER = "container"
    NONE = "none"


class Encoding(StrEnum):
    """What a function gets: JSON, or bytes as they are. Native executables take bytes alone."""

    JSON = "json"
    BINARY = "binary"


class Storage(StrEnum):
    """Where the spooler keeps messages to the cloud."""

    MEMORY = "memory"
    FILES = "files"


class Quality(StrEnum):
    """How the core subscribes to messages from the cloud."""

    AT_MOST_ONCE = "at-most-once"
    AT_LEAST_ONCE = "at-least-once-persistent"


class Nucleus(StrEnum):
    """What runs V2 components on a core."""

    CLASSIC = "classic"
    LITE = "lite"


class Broker(StrEnum):
    """The local MQTT broker of a V2 core: client devices talk to it."""

    MOQUETTE = "moquette"
    EMQX = "emqx"


@dataclass(frozen=True)
class RunAs:
    """Linux user and group ids; what is None is left to the group's default, then to the core's."""

    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True)
class FunctionDefaults:
    """What holds for functions that say nothing themselves, and for system functions."""

    isolation: Isolation | None = None
    run_as: RunAs | None = None


@dataclass(frozen=True)
class CloudSpooler:
    """Messages that wait for the cloud. `size` in bytes; what is None is left to the core."""

    storage: Storage | None = None
    size: int | None = None
    quality: Quality | None = None


@dataclass(frozen=True)
class StreamManager:
    """Streams of data to the cloud. `memory` in KB, `bandwidth` in kbit/s, `part_size` in bytes."""

    memory: int
    store: str = ""
    port: int | None = None
    authenticate: bool | None = None
    bandwidth: int | None = None
    threads: int | None = None
    jvm_arguments: str = ""
    read_only: tuple[str, ...] = ()
    part_size: int | None = None


@dataclass(frozen=True)
class SystemFunctions:
    """Functions of the core itself that the group lists. A version that omits one removes it."""

    ip_detector: bool = False
    cloud_spooler: CloudSpooler | None = None
    stream_manager: StreamManager | None = None


@dataclass(frozen=True)
class ClientDevice:
    """A thing that reaches its cores over the local network. `cores` are names of cores."""

    name: str
    cores: tuple[str, ...]
    thing: str
    certificate_arn: Reference
    sync_shadow: bool = False


@dataclass(frozen=True)
class Connector:
    """A ready-made part of AWS's. `kind` is its name and `version`, or `kind` its ARN (0).

    `resources` are parameters whose values are the ids of resources: parameter to the name of a
    resource, model or library of the fleet.
    """

    name: str
    kind: str
    version: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
