"""V1 connectors that AWS has as components: which, and how their parameters are called there.

V1 developer guide (AWS-provided connectors) and V2 developer guide (the components' pages). The
generic ones take their settings by V1's names; those of the type Lambda have environment variables.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ggfleet.model import (
    CLOUD,
    SHADOW,
    Connector,
    Fleet,
    Json,
    LocalDevice,
    Note,
    Subscription,
)
from ggfleet.render.v2.aws import DEFENDER, FIREHOSE, METRICS, MODBUS, SHADOWS, SNS, Addition

ISOLATION = "IsolationMode"
MEMORY = "MemorySize"


@dataclass(frozen=True)
class Counterpart:
    """A component for a connector. `settings` are V1's parameters and what they are called.

    `is_lambda`: what it publishes reaches no component that is none; `silent`: it takes no messages
    and publishes to the cloud by itself; `device` is the parameter that names a device node;
    `heard` and `told` are its own topics, where those of subscriptions do not move them.
    """

    component: str
    settings: Mapping[str, str] = field(default_factory=dict)
    is_lambda: bool = False
    silent: bool = False
    device: str = ""
    heard: str = ""
    told: str = ""


COUNTERPARTS: Mapping[str, Counterpart] = {
    "CloudWatchMetrics": Counterpart(
        METRICS,
        {key: key for key in ("PublishInterval", "MaxMetricsToRetain", "PublishRegion")},
        heard="cloudwatch/metric/put",
        told="cloudwatch/metric/put/status",
    ),
    "DeviceDefender": Counterpart(
        DEFENDER, {"SampleIntervalSeconds": "SampleIntervalSeconds"}, silent=True
    ),
    "KinesisFirehose": Counterpart(
        FIREHOSE,
        {
            "DefaultDeliveryStreamArn": "DEFAULT_DELIVERY_STREAM_ARN",
            "DeliveryStreamQueueSize": "DELIVERY_STREAM_QUEUE_SIZE",
            "PublishInterval": "PUBLISH_INTERVAL",
        },
        is_lambda=True,
    ),
    "ModbusRTUProtocolAdapter": Counterpart(
        MODBUS,
        {"ModbusSerialPort": "ModbusLocalPort"},
        is_lambda=True,
        device="ModbusSerialPort-ResourceId",
    ),
    "SNS": Counterpart(SNS, {"DefaultSNSArn": "DEFAULT_SNS_ARN"}, is_lambda=True),
}


OTHERWISE: Mapping[str, str] = {
    "DockerApplicationDeployment": "write a component with docker: artifacts, which "
    "aws.greengrass.DockerApplicationManager fetches",
    "IoTSiteWise": "set up a gateway anew in AWS IoT SiteWise, which deploys its own components",
}
"""What to do about connectors that a component cannot simply stand for."""


def _kind(connector: Connector) -> str:
    return connector.kind.partition(":/connectors/")[2].partition("/")[0] or connector.kind


def counterpart(connector: Connector) -> Counterpart | None:
    """The component that stands for a connector, whichever way the spec names it."""
    return COUNTERPARTS.get(_kind(connector))


def bound_connectors(fleet: Fleet) -> dict[str, Connector]:
    """Those with a component, and of their resources the device node that it opens."""
    return {
        name: replace(
            each, resources={k: v for k, v in each.resources.items() if k == known.device}
        )
        for name, each in fleet.connectors.items()
        if (known := counterpart(each))
    }


def why_unserved(fleet: Fleet, subscription: Subscription) -> str:
    """Why no component of the classic nucleus carries these messages; empty where one does."""
    source, target = subscription.source, subscription.target
    ends = {source, target}
    if ends == {CLOUD, SHADOW}:
        return f"{SHADOWS} keeps shadows and the cloud the same by itself"
    for end in (source, target):
        known = counterpart(fleet.connectors[end]) if end in fleet.connectors else None
        if end in fleet.connectors and known is None:
            return f"AWS has no component that stands for {end}"
        if known and known.silent:
            return f"{known.component} takes no messages, and publishes to the cloud by itself"
        if known and known.is_lambda and end == source:
            return f"{known.component} is a Lambda, whose answers reach Lambdas alone"
        if known and SHADOW in ends:
            return f"{known.component} has no access to shadows"
    return ""


def connector_components(fleet: Fleet) -> dict[str, Addition]:
    """The connectors' components; `fleet` is that of one platform."""
    found: dict[str, Addition] = {}
    for each in fleet.connectors.values():
        if known := counterpart(each):
            settings = _lambda if known.is_lambda else _generic
            found[known.component] = Addition(settings(fleet, each, known), ("",))
    return found


def _values(connector: Connector, known: Counterpart) -> dict[str, Json]:
    return {
        name: connector.parameters[parameter]
        for parameter, name in known.settings.items()
        if parameter in connector.parameters
    }


def _generic(fleet: Fleet, connector: Connector, known: Counterpart) -> dict[str, Json]:
    """Local messages are its usual way; messages of the cloud the other, for all of them."""
    values = _values(connector, known)
    if not known.silent and _partners(fleet, connector) == {CLOUD}:
        values["PubSubToIoTCore"] = "true"
    return values


def _lambda(fleet: Fleet, connector: Connector, known: Counterpart) -> dict[str, Json]:
    variables = _values(connector, known)
    settings: dict[str, Json] = {}
    if mode := connector.parameters.get(ISOLATION):
        settings["containerMode"] = mode
    container: dict[str, Json] = {}
    if (memory := connector.parameters.get(MEMORY, "")).isdigit():
        container["memorySize"] = int(memory)
    if path := _device(fleet, connector, known):
        variables.setdefault(known.settings["ModbusSerialPort"], path)
        device: Json = {"path": path, "permission": "rw", "addGroupOwner": True}
        container["devices"] = {"0": device}
    if container and mode != "NoContainer":
        settings["containerParams"] = container
    if variables:
        settings["lambdaExecutionParameters"] = {"EnvironmentVariables": variables}
    if topics := _topics(fleet, connector):
        settings["pubsubTopics"] = topics
    return settings


def _topics(fleet: Fleet, connector: Connector) -> dict[str, Json]:
    """Where it listens: a map with indices for keys, as Lambda components have lists."""
    found = dict.fromkeys(
        (each.topic, "IotCore" if each.source == CLOUD else "Pubsub")
        for each in fleet.subscriptions
        if each.target == connector.name
    )
    return {str(n): {"type": kind, "topic": topic} for n, (topic, kind) in enumerate(found)}


def _device(fleet: Fleet, connector: Connector, known: Counterpart) -> str:
    resource = fleet.resources.get(connector.resources.get(known.device, ""))
    return resource.path if isinstance(resource, LocalDevice) else ""


def _partners(fleet: Fleet, connector: Connector) -> set[str]:
    """The other ends of a connector's subscriptions."""
    found = set()
    for each in fleet.subscriptions:
        if each.source == connector.name:
            found.add(each.target)
        elif each.target == connector.name:
            found.add(each.source)
    return found


def cloud_subscriptions(fleet: Fleet, names: Container[str]) -> Iterator[Subscription]:
    """Those by which one of these components sends to the cloud, or gets from it.

    With the topic that the component itself has, where it is none of the subscription's.
    """
    bound = {
        name: known
        for name, each in fleet.connectors.items()
        if (known := counterpart(each))
        and known.component in names
        and (known.is_lambda or _partners(fleet, each) == {CLOUD})
    }
    for each in fleet.subscriptions:
        name = each.target if each.source == CLOUD else each.source
        known = bound.get(name)
        if known and CLOUD in {each.source, each.target} and not why_unserved(fleet, each):
            own = known.heard if each.source == CLOUD else known.told
            yield replace(each, topic=own or each.topic)


def connector_notes(fleet: Fleet) -> Iterator[Note]:
    """What becomes of each connector on the classic nucleus."""
    for each in fleet.connectors.values():
        at = f"connectors.{each.name}"
        known = counterpart(each)
        if known is None:
            what = OTHERWISE.get(_kind(each), "AWS has no component that stands for it")
            yield Note(at, f"is left out: {what}")
            continue
        needs = ": the core needs Python and what Lambda components need" if known.is_lambda else ""
        in_aws = (
            "the token exchange role needs what it calls in AWS, the cores' IoT policy what it "
            "sends and gets there"
        )
        yield Note(at, f"becomes {known.component}{needs}", in_aws, hint=True)
        taken = {*known.settings, known.device}
        if known.is_lambda:
            taken |= {ISOLATION, MEMORY}
        for name in (*each.parameters, *each.resources):
            if name not in taken:
                yield Note(f"{at}.{name}", f"is left out: {known.component} has no such setting")
        mixed = _partners(fleet, each) - {CLOUD}
        if not known.is_lambda and mixed and CLOUD in _partners(fleet, each):
            message = "has no messages with the cloud: it has them with functions, and one way only"
            yield Note(at, message)
