"""Client devices: who may connect and say what, the bridge to them, and which core they belong to.

Shapes: V2 developer guide, client device auth and MQTT bridge; BatchAssociateClientDevice of the
API's model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ggfleet.model import CLOUD, Broker, ClientDevice, Core, Fleet, Json, Note
from ggfleet.render.group_v1.calls import Request, request
from ggfleet.render.group_v1.names import core_folder
from ggfleet.render.group_v1.subscription import subscription_id
from ggfleet.render.v2.aws import (
    AUTH,
    BRIDGE,
    BROKERS,
    IP_DETECTOR,
    Addition,
    at_least,
    version_of_aws,
)

FORMAT = "2021-03-05"
ENTRIES = 100
"""Client devices in one call (BatchAssociateClientDeviceWithCoreDevice, `entries`)."""
WILDCARDS_SINCE = (2, 5)
"""Of client device auth: `*` within a resource (its PermissionEvaluationUtils; 2.4 has none)."""

REALMS = {CLOUD: "IotCore"}
LOCAL, PUBSUB = "LocalMqtt", "Pubsub"


def devices_on(fleet: Fleet, cores: Iterable[Core]) -> list[ClientDevice]:
    """The client devices of at least one of these cores."""
    names = {core.name for core in cores}
    return [each for each in fleet.client_devices.values() if not names.isdisjoint(each.cores)]


def client_components(fleet: Fleet, devices: list[ClientDevice]) -> dict[str, Addition]:
    """Authorisation, broker, bridge, and what tells devices where the core is."""
    found: dict[str, Addition] = {}
    if devices:
        groups = _device_groups(fleet, devices)
        found[AUTH] = Addition({"deviceGroups": groups}, ("/deviceGroups",))
        found[BROKERS[fleet.deployment.broker]] = Addition({})
    if mapping := _topic_mapping(fleet, {each.name for each in devices}):
        found[BRIDGE] = Addition({"mqttTopicMapping": mapping}, ("/mqttTopicMapping",))
    if fleet.system_functions.ip_detector:
        found[IP_DETECTOR] = Addition({})
    return found


def _device_groups(fleet: Fleet, devices: list[ClientDevice]) -> Json:
    """A group and a policy for each device: it may do what its subscriptions say, and no more."""
    definitions = {
        each.name: {"selectionRule": _selection(each.thing), "policyName": each.name}
        for each in devices
    }
    sent, got = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for subscription in fleet.subscriptions:
        if subscription.source in fleet.client_devices:
            sent[subscription.source].update(_publishable(fleet, subscription.topic))
        got[subscription.target].add(subscription.topic)
    policies = {
        each.name: _policy(each, sent.get(each.name, set()), got.get(each.name, set()))
        for each in devices
    }
    return {"formatVersion": FORMAT, "definitions": definitions, "policies": policies}


def _selection(thing: str) -> str:
    """The language of fleet indexing, where a colon in a value is escaped."""
    return "thingName: " + thing.replace(":", "\\:")


def _policy(device: ClientDevice, topics: set[str], filters: set[str]) -> dict[str, Json]:
    """V1 had no policies: a device connected as its thing."""
    statements: dict[str, Json] = {
        "connect": {
            "operations": ["mqtt:connect"],
            "resources": [f"mqtt:clientId:{device.thing}"],
        }
    }
    for name, kind, resources in (
        ("publish", "topic", topics),
        ("subscribe", "topicfilter", filters),
    ):
        if resources:
            listed = [f"mqtt:{kind}:{each}" for each in sorted(resources)]
            statements[name] = {"operations": [f"mqtt:{name}"], "resources": listed}
    return statements


def _publishable(fleet: Fleet, topic: str) -> Iterator[str]:
    """A filter as policies have it, where `*` is any characters; none before they had it."""
    levels = topic.split("/")
    if not {"+", "#"} & set(levels):
        yield topic
    elif at_least(version_of_aws(fleet, AUTH), WILDCARDS_SINCE):
        yield "/".join("*" if level in ("+", "#") else level for level in levels)
        if levels[-1] == "#" and len(levels) > 1:
            parent = ["*" if level == "+" else level for level in levels[:-1]]
            yield "/".join(parent)


def _topic_mapping(fleet: Fleet, devices: set[str]) -> dict[str, Json]:
    """What goes between client devices and the core or the cloud. Among devices the broker does."""
    mapping: dict[str, Json] = {}
    seen = set()
    for each in fleet.subscriptions:
        source, target = _realm(fleet, each.source), _realm(fleet, each.target)
        link = (each.topic, source, target)
        named = {each.source, each.target} & fleet.client_devices.keys()
        if named and named <= devices and source != target and link not in seen:
            seen.add(link)
            mapping[subscription_id(each)] = {
                "topic": each.topic,
                "source": source,
                "target": target,
            }
    return mapping


def _realm(fleet: Fleet, end: str) -> str:
    return LOCAL if end in fleet.client_devices else REALMS.get(end, PUBSUB)


def associations(fleet: Fleet) -> Iterator[Request]:
    """The calls that tell a core its client devices; a core without any needs none."""
    things: dict[str, list[str]] = {}
    for device in fleet.client_devices.values():
        for name in device.cores:
            things.setdefault(name, []).append(device.thing)
    for core in fleet.cores:
        mine = things.get(core.name, [])
        for number, first in enumerate(range(0, len(mine), ENTRIES), 1):
            yield _association(core, mine[first : first + ENTRIES], number)


def _association(core: Core, things: list[str], number: int) -> Request:
    body: Json = {
        "coreDeviceThingName": core.thing,
        "entries": [{"thingName": each} for each in things],
    }
    suffix = f"-{number}" if number > 1 else ""
    path = f"{core_folder(core)}/client-devices{suffix}.json"
    return request(path, "greengrassv2", "BatchAssociateClientDeviceWithCoreDevice", body)


def client_notes(fleet: Fleet) -> Iterator[Note]:
    """What has to be known of client devices on the classic nucleus."""
    if not fleet.client_devices:
        return
    yield Note(
        "client_devices",
        "subscribe with exactly the filters of their subscriptions, and connect with the thing's "
        "name as client id: client device auth compares them as texts",
        hint=True,
    )
    yield Note(
        "client_devices",
        "need Greengrass's service role in the account",
        "the cores' IoT policy needs greengrass:PutCertificateAuthorities, "
        "VerifyClientDeviceIdentity, VerifyClientDeviceIoTCertificateAssociation, "
        "GetConnectivityInfo, UpdateConnectivityInfo, and the shadow topics of THING-gci",
        hint=True,
    )
    if not fleet.system_functions.ip_detector:
        yield Note(
            "client_devices",
            "are told no address of their core: write system_functions: {ip_detector: true}, or "
            "call UpdateConnectivityInfo",
            hint=True,
        )
    if fleet.deployment.broker is Broker.EMQX:
        yield Note("deployment.broker", "is EMQX, which runs in Docker on the device", hint=True)
    yield from _wildcards(fleet)


def _wildcards(fleet: Fleet) -> Iterator[Note]:
    version = version_of_aws(fleet, AUTH)
    for index, each in enumerate(fleet.subscriptions):
        wild = {"+", "#"} & set(each.topic.split("/"))
        at = f"subscriptions[{index}].topic"
        if wild and each.source in fleet.client_devices:
            if at_least(version, WILDCARDS_SINCE):
                yield Note(at, "is a policy with `*`, which also stands for several levels")
            else:
                yield Note(
                    at,
                    f"is in no policy, so that {each.source} may not publish there: {AUTH} "
                    f"{version} knows no wildcards in topics",
                )
        elif wild and each.target in fleet.client_devices and _realm(fleet, each.source) == PUBSUB:
            message = "is bridged from local messages, which needs nucleus 2.6.0"
            yield Note(at, message, hint=True)
