"""Connectors: the resources, topics, devices and other parts that they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from ggfleet.model import (
    Connector,
    Fleet,
    Isolation,
    Library,
    LocalDevice,
    LocalVolume,
    Model,
    Secret,
    Severity,
)
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.connector_types import Kind, Taken, Takes
from ggfleet.spec.rules.connectors import kind_of, known
from ggfleet.spec.rules.filters import is_filter, overlap
from ggfleet.spec.rules.parts import told, version
from ggfleet.spec.rules.platforms import CGROUP2_GLIBC
from ggfleet.spec.rules.registry import V1, Finding, rule

FEEDBACK = "MLFeedbackConnectorConfigId"
JOB = "MLModelSageMakerJobArn"
NO_CONTAINER = "NoContainer"

Part = LocalDevice | LocalVolume | Secret | Model | Library
_TYPES: Mapping[Takes, type[Part]] = MappingProxyType(
    {
        Takes.DEVICE: LocalDevice,
        Takes.VOLUME: LocalVolume,
        Takes.SECRET: Secret,
        Takes.MODEL: Model,
    }
)

_MODBUS = (
    "resources:\n  {}\nconnectors:\n  bus:\n    connector: ModbusRTUProtocolAdapter\n"
    "    version: 3\n    parameters: {{ModbusSerialPort: /dev/ttyS0}}\n"
    "    resources: {{ModbusSerialPort-ResourceId: serial}}\n"
)
_SERIAL = _MODBUS.format("serial: {device: /dev/ttyS0}")
_SNS = (
    'connectors:\n  alarms: {connector: SNS, version: 4, parameters: {DefaultSNSArn: "arn:aws:sns:'
    'eu-west-1:123456789012:alarms"}}\n'
)
_DETECTION = (
    "models:\n  digits: {{source: digits, version: 1.0.0, destination: /models}}\n"
    "connectors:\n  detect:\n    connector: ObjectDetection{}\n    version: 1\n"
    "    parameters: {{MLModelDestinationPath: /models, LocalInferenceServiceName: detect, "
    'LocalInferenceServiceTimeoutSeconds: "30", LocalInferenceServiceMemoryLimitKB: "1048576", '
    "GPUAcceleration: CPU{}}}\n    resources: {{MLModelResourceId: digits}}\n"
)


def _taken(fleet: Fleet) -> Iterator[tuple[Connector, str, Taken, Part | None]]:
    """The parameters that take the id of a resource, and the resource that each names."""
    for connector, kind, _ in known(fleet):
        for parameter, name in connector.resources.items():
            if parameter in kind.taken:
                ml = fleet.models.get(name) or fleet.libraries.get(name)
                part = fleet.resources.get(name) or ml
                yield connector, parameter, kind.taken[parameter], part


@rule(
    "connector-resource",
    Severity.WARNING,
    V1,
    reason="A connector reaches a device, folder, secret or model of the core through the id of a "
    "resource of the right kind; the ids are made by ggfleet.",
    source=pages.CONNECTORS,
    fix="Name a resource or model of the spec under the connector's resources.",
    example=_MODBUS.format("serial: {volume: /srv/serial, destination: /serial}"),
)
def connectors_get_what_they_take(fleet: Fleet) -> Iterator[Finding]:
    """A connector's parameter names a resource of the kind that it takes."""
    for connector, kind, _ in known(fleet):
        for name in (each for each in kind.taken if each in connector.parameters):
            at = f"connectors.{connector.name}.parameters.{name}"
            fix = f"write it under resources, with the name of a {kind.taken[name].kind}"
            yield at, "is the id of a resource, which ggfleet makes", fix
        for name in connector.resources:
            if name in kind.parameters and name not in kind.taken:
                at = f"connectors.{connector.name}.resources.{name}"
                yield at, "takes a text and not the id of a resource", "write it under parameters"
    for connector, name, taken, part in _taken(fleet):
        if part is not None and not isinstance(part, _TYPES[taken.kind]):
            at = f"connectors.{connector.name}.resources.{name}"
            yield at, f"names {part.name}, which is no {taken.kind}", f"name a {taken.kind}"


@rule(
    "connector-resource-value",
    Severity.WARNING,
    V1,
    reason="Beside the id of a resource a connector is told the resource's path or ARN; where the "
    "two differ it opens what it has not been given.",
    source=pages.CONNECTORS,
    fix="Write the resource's own path, destination or ARN.",
    example=_MODBUS.format("serial: {device: /dev/ttyUSB0}"),
)
def connectors_are_told_of_the_same_resource(fleet: Fleet) -> Iterator[Finding]:
    """The path or ARN beside a resource's id is the resource's."""
    for connector, name, taken, part in _taken(fleet):
        if part is None or not isinstance(part, _TYPES[taken.kind]):
            continue
        places, values = _places(part)
        if taken.path and taken.path not in places:
            at = f"connectors.{connector.name}.resources.{name}"
            message = f"names {part.name}, which is not {taken.path}"
            yield at, message, f"name a {taken.kind} of {taken.path}"
        beside = connector.parameters.get(taken.beside, "")
        if beside and beside.rstrip("/") not in values:
            at = f"connectors.{connector.name}.parameters.{taken.beside}"
            yield at, f"is {beside}, and {part.name} is {values[0]}", f"write {values[0]}"
        job = connector.parameters.get(JOB, "")
        if isinstance(part, Model) and job and job not in [each.source for each in part.each()]:
            at = f"connectors.{connector.name}.parameters.{JOB}"
            yield at, f"is not the source of {part.name}", "write the model's own training job"


def _places(part: Part) -> tuple[list[str], list[str]]:
    """Where a resource is on the device, and what a connector is told of it."""
    match part:
        case LocalDevice():
            paths = [part.path, *(path for _, each in part.variants for path in each)]
            return paths, paths
        case LocalVolume():
            sources = [part.source, *(source for _, source in part.variants)]
            return [each.rstrip("/") for each in sources], [part.destination]
        case Secret():
            return [], [part.arn]
        case Model() | Library():
            return [], [part.destination]


@rule(
    "connector-container",
    Severity.WARNING,
    V1,
    reason="The group's default isolation does not hold for connectors: where it is none, because "
    "the cores have no containers, each connector has to do without one too. Some can be told so, "
    "with IsolationMode; others, the ML connectors among them, run in a container alone.",
    source=f"{pages.CONNECTORS}; {pages.GROUP_CONFIG}",
    fix="Add IsolationMode: NoContainer where the connector has it, in a version that does.",
    example="function_defaults: {isolation: none}\n"
    "functions: {classify: {isolation: container}}\n" + _SNS,
)
def connectors_run_as_the_group_does(fleet: Fleet) -> Iterator[Finding]:
    """Connectors of a group without containers need none."""
    if fleet.function_defaults.isolation is not Isolation.NONE:
        return
    for connector, kind, number in contained(fleet):
        fix = f"{kind_of(connector)[0]} runs in a container alone: leave it out"
        if kind.takes_mode(number):
            fix = "add IsolationMode: NoContainer to its parameters"
        elif kind.isolation:
            fix = f"take version {kind.isolation} or later, with IsolationMode: NoContainer"
        message = "runs in a container, and function_defaults say that the group has none"
        yield f"connectors.{connector.name}", message, fix


def contained(fleet: Fleet) -> Iterator[tuple[Connector, Kind, int]]:
    """The known connectors that run in a container."""
    for connector, kind, number in known(fleet):
        mode = connector.parameters.get("IsolationMode", "")
        if not kind.process and not (kind.takes_mode(number) and mode == NO_CONTAINER):
            yield connector, kind, number


@rule(
    "connector-cgroup",
    Severity.NOTE,
    V1,
    reason="A connector's container is made with cgroup v1, as a function's is; distributions "
    "since Ubuntu 21.10 and Debian 11 mount cgroup v2 alone. Told by the platform's C library.",
    source=f"{pages.WHAT_IS}; {pages.CONNECTORS}",
    fix="Boot with systemd.unified_cgroup_hierarchy=0 where the distribution still can, or add "
    "IsolationMode: NoContainer where the connector has it.",
    example='platforms:\n  pi: {architecture: aarch64, python: "3.8", glibc: "2.36"}\n' + _SNS,
)
def connectors_find_cgroup_v1(fleet: Fleet) -> Iterator[Finding]:
    """Containers of connectors need cgroup v1, which late distributions lack."""
    late = [p for p in fleet.used_platforms() if version(p.glibc) >= CGROUP2_GLIBC]
    for connector, _, _ in contained(fleet) if late else ():
        yield (
            f"connectors.{connector.name}",
            f"runs in a container, which wants cgroup v1, and {told(late)} has v2",
            "boot with systemd.unified_cgroup_hierarchy=0, or take NoContainer if it can",
        )


@rule(
    "connector-architecture",
    Severity.WARNING,
    V1,
    reason="An ML connector is compiled for one processor, which its name tells. Every group of "
    "the fleet has all of its connectors.",
    source=f"{pages.CONNECTORS}; {pages.ML_INFERENCE}",
    fix="Take the connector of the platform's architecture, and a spec of its own for others.",
    example=_DETECTION.format("ARMv7", ""),
)
def connectors_fit_the_processor(fleet: Fleet) -> Iterator[Finding]:
    """An ML connector is the one for the platforms' processor."""
    platforms = fleet.used_platforms()
    for connector, kind, _ in known(fleet):
        others = [
            platform
            for platform in platforms
            if kind.architecture and platform.architecture not in ("", kind.architecture)
        ]
        if others:
            yield (
                f"connectors.{connector.name}.connector",
                f"is for {kind.architecture}, which {told(others)} is not",
                "take the one for its processor; cores of several need a spec each",
            )


@rule(
    "connector-incomplete",
    Severity.WARNING,
    V1,
    reason="The IoT SiteWise connector from version 6 on sends through the stream manager, and an "
    "ML connector that names a feedback configuration hands its samples to the ML Feedback "
    "connector.",
    source=pages.CONNECTORS,
    fix="Add system_functions: {stream_manager: {}}, or the connector MLFeedback.",
    example="connectors:\n  plant: {connector: IoTSiteWise, version: 12}\n",
)
def connectors_have_their_helpers(fleet: Fleet) -> Iterator[Finding]:
    """A connector has the stream manager or the connector that it sends through."""
    names = {kind_of(each)[0] for each in fleet.connectors.values()}
    for connector, kind, number in known(fleet):
        at = f"connectors.{connector.name}"
        if 0 < kind.streams <= number and fleet.system_functions.stream_manager is None:
            message = "sends through the stream manager, which the group does not list"
            yield at, message, "add system_functions: {stream_manager: {}}"
        if connector.parameters.get(FEEDBACK) and "MLFeedback" not in names:
            message = "names a feedback configuration, and no connector MLFeedback has one"
            yield f"{at}.parameters.{FEEDBACK}", message, "add the connector MLFeedback"


@rule(
    "connector-topic",
    Severity.WARNING,
    V1,
    reason="A connector listens and speaks on topics of its own; messages on others it neither "
    "gets nor sends.",
    source=pages.CONNECTORS,
    fix="Write a subscription on the connector's own topic.",
    example=_SNS + "subscriptions:\n  - {from: classify, topic: alarms/new, to: alarms}\n",
)
def connectors_are_spoken_to(fleet: Fleet) -> Iterator[Finding]:
    """Subscriptions with a connector are on its topics."""
    kinds = {connector.name: kind for connector, kind, _ in known(fleet)}
    for index, each in enumerate(fleet.subscriptions if kinds else ()):
        for end, is_source in ((each.source, True), (each.target, False)):
            kind = kinds.get(end)
            topics = () if kind is None else kind.told if is_source else kind.heard
            if topics and is_filter(each.topic) and not _fits(each.topic, topics):
                does = "speaks" if is_source else "listens"
                yield (
                    f"subscriptions[{index}].topic",
                    f"{each.topic} is no topic on which {end} {does}",
                    f"write {' or '.join(topics)}",
                )


def _fits(topic: str, topics: Iterable[str]) -> bool:
    return any(overlap(topic, each) for each in topics)


@rule(
    "connector-runtime",
    Severity.NOTE,
    V1,
    reason="A connector runs on what the device has: Python 3.7 (older versions: 2.7) or Java 8, "
    "by the names python3.7, python2.7 and java8 on root's PATH. A link python3.7 to Python 3.8 "
    "will do. Some want more software. The playbooks install none of it.",
    source=f"{pages.CONNECTORS}; {pages.WHAT_IS}",
    fix="Install it on the cores.",
    example=_SERIAL,
)
def connectors_find_their_language(fleet: Fleet) -> Iterator[Finding]:
    """A connector finds its Python or Java on the device, by its versioned name."""
    own = {f"python{platform.python}" for platform in fleet.used_platforms()}
    for connector, kind, number in known(fleet):
        name = "python3.7" if number >= kind.python else "python2.7"
        wants = [name if kind.python else "java8", kind.software]
        missing = [each for each in wants if each and {each} != own]
        if missing:
            message = f"wants {' and '.join(missing)} on the device"
            yield f"connectors.{connector.name}.connector", message, "install it on the cores"
