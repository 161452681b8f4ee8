"""SubscriptionDefinitionVersion: which messages go where."""

from __future__ import annotations

import hashlib

from ggfleet.model import CLOUD, Fleet, Json, Platform, Subscription
from ggfleet.render.group_v1.names import function_arn, refuse_repeated

ID_DIGITS = 12
"""Hexadecimal digits. Among the 10,000 subscriptions that a group may have, two ids are alike in
one group of five million; such a group is refused, not written."""


def subscription_version(fleet: Fleet, platform: Platform) -> dict[str, Json]:
    """The subscriptions as the spec orders them. A core drops messages that none allows."""
    ids = [subscription_id(each) for each in fleet.subscriptions]
    refuse_repeated("subscriptions", ids)
    return {
        "Subscriptions": [
            {
                "Id": name,
                "Source": _end(fleet, each.source, platform),
                "Subject": each.topic,
                "Target": _end(fleet, each.target, platform),
            }
            for name, each in zip(ids, fleet.subscriptions, strict=True)
        ]
    }


def subscription_id(subscription: Subscription) -> str:
    """Follows from what the subscription says: it stays when others come, go or change places."""
    content = f"{subscription.source}|{subscription.topic}|{subscription.target}"
    return f"sub-{hashlib.sha256(content.encode()).hexdigest()[:ID_DIGITS]}"


def _end(fleet: Fleet, name: str, platform: Platform) -> str:
    return CLOUD if name == CLOUD else function_arn(fleet, fleet.functions[name], platform)
