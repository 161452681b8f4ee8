"""SubscriptionDefinitionVersion: which messages go where."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from ggfleet.model import CLOUD, SHADOW, ClientDevice, Fleet, Json, Platform, Subscription
from ggfleet.render.group_v1.connector import connector_arn
from ggfleet.render.group_v1.device import thing_arn
from ggfleet.render.group_v1.names import function_arn, refuse_repeated

SHADOW_SERVICE = "GGShadowService"

ID_DIGITS = 12
"""Hexadecimal digits. Among the 10,000 subscriptions that a group may have, two ids are alike in
one group of five million; such a group is refused, not written."""


@dataclass(frozen=True)
class Routes:
    """The subscriptions of a fleet, with their places in it, by the client devices they name.

    A group lists the common ones and those of its own devices: the service refuses an end that the
    group lacks. Found once, so that a thousand groups do not each look through all of them.
    """

    common: tuple[tuple[int, Subscription], ...]
    of_device: Mapping[str, Sequence[tuple[int, Subscription]]]

    def of(self, devices: Sequence[ClientDevice]) -> list[Subscription]:
        """Those of a group with these devices, as the spec orders them."""
        there = {device.name for device in devices}
        own = {pair for name in there for pair in self.of_device.get(name, ())}
        complete = {pair for pair in own if _devices_of(pair[1], self.of_device) <= there}
        return [each for _, each in sorted([*self.common, *complete], key=itemgetter(0))]


def routes(fleet: Fleet) -> Routes:
    """Sort the fleet's subscriptions by device."""
    common = []
    of_device: dict[str, list[tuple[int, Subscription]]] = {}
    for pair in enumerate(fleet.subscriptions):
        named = _devices_of(pair[1], fleet.client_devices)
        if not named:
            common.append(pair)
        for name in named:
            of_device.setdefault(name, []).append(pair)
    return Routes(tuple(common), of_device)


def _devices_of(subscription: Subscription, known: Mapping[str, object]) -> set[str]:
    return {end for end in (subscription.source, subscription.target) if end in known}


def subscription_version(
    fleet: Fleet, platform: Platform, found: Sequence[Subscription] | None = None
) -> dict[str, Json]:
    """The given subscriptions, or the common ones. A core drops messages that none allows."""
    listed = routes(fleet).of([]) if found is None else found
    ids = [subscription_id(each) for each in listed]
    refuse_repeated("subscriptions", ids)
    return {
        "Subscriptions": [
            {
                "Id": name,
                "Source": _end(fleet, each.source, platform),
                "Subject": each.topic,
                "Target": _end(fleet, each.target, platform),
            }
            for name, each in zip(ids, listed, strict=True)
        ]
    }


def subscription_id(subscription: Subscription) -> str:
    """Follows from what the subscription says: it stays when others come, go or change places."""
    content = f"{subscription.source}|{subscription.topic}|{subscription.target}"
    return f"sub-{hashlib.sha256(content.encode()).hexdigest()[:ID_DIGITS]}"


def _end(fleet: Fleet, name: str, platform: Platform) -> str:
    if name == CLOUD:
        return CLOUD
    if name in fleet.functions:
        return function_arn(fleet, fleet.functions[name], platform)
    if name in fleet.client_devices:
        return thing_arn(fleet, fleet.client_devices[name])
    if name in fleet.connectors:
        return connector_arn(fleet, fleet.connectors[name])
    assert name == SHADOW, f"{name} is no end"  # the spec's check refuses it first
    return SHADOW_SERVICE
