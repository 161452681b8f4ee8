"""`accessControl`: what a component may do over the IPC, out of the spec's subscriptions."""

from __future__ import annotations

from collections.abc import Iterable

from ggfleet.model import CLOUD, SHADOW, Fleet, Function, Json, Secret
from ggfleet.render.v2.aws import CREDENTIALS, SHADOWS, VAULT
from ggfleet.render.v2.shadows import shadow_policies

MQTT = "aws.greengrass.ipc.mqttproxy"
PUBSUB = "aws.greengrass.ipc.pubsub"


def access_control(fleet: Fleet, function: Function, component: str) -> dict[str, Json]:
    """Policies by service. A policy's id begins with the component: ids are unique on a device."""
    incoming = fleet.incoming.get(function.name, ())
    outgoing = fleet.outgoing.get(function.name, ())
    control: dict[str, Json] = {}
    for service, to_cloud, publish, subscribe in (
        (MQTT, True, "PublishToIoTCore", "SubscribeToIoTCore"),
        (PUBSUB, False, "PublishToTopic", "SubscribeToTopic"),
    ):
        sent = [each.topic for each in outgoing if (each.target == CLOUD) is to_cloud]
        got = [each.topic for each in incoming if (each.source == CLOUD) is to_cloud]
        if not to_cloud:
            sent = [local_pattern(topic) for topic in sent]
        policies: dict[str, Json] = {}
        for action, operation, topics in (
            ("publish", publish, sent),
            ("subscribe", subscribe, got),
        ):
            if topics:
                short = service.rpartition(".")[2]
                name = f"{component}:{short}:{action}"
                policies[name] = _policy(operation, topics)
        if policies:
            control[service] = policies
    asked = [each.topic for each in outgoing if each.target == SHADOW]
    if shadows := shadow_policies(asked, component):
        control[SHADOWS] = shadows
    if arns := secrets_of(fleet, function):
        control[VAULT] = {f"{component}:secrets:read": _policy("GetSecretValue", arns)}
    return control


def local_pattern(topic: str) -> str:
    """A filter as the local service matches it: `*` is its only wildcard, + and # are letters."""
    levels = topic.split("/")
    return "/".join("*" if level in ("+", "#") else level for level in levels)


def secrets_of(fleet: Fleet, function: Function) -> list[str]:
    """The ARNs of a function's secrets."""
    attached = (fleet.resources[name] for name in function.resources)
    return [each.arn for each in attached if isinstance(each, Secret)]


def aws_components(fleet: Fleet, function: Function) -> list[str]:
    """The components of AWS that a function depends on."""
    needed = (
        (CREDENTIALS, function.credentials),
        (VAULT, bool(secrets_of(fleet, function))),
        (SHADOWS, _uses_shadow(fleet, function)),
    )
    return [name for name, there in needed if there]


def _uses_shadow(fleet: Fleet, function: Function) -> bool:
    to = (each.target for each in fleet.outgoing.get(function.name, ()))
    of = (each.source for each in fleet.incoming.get(function.name, ()))
    return SHADOW in {*to, *of}


def _policy(operation: str, resources: Iterable[str]) -> Json:
    return {
        "operations": [f"aws.greengrass#{operation}"],
        "resources": sorted(set(resources)),
    }
