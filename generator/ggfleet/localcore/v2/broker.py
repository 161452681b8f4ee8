"""Subscriptions and who gets which message: local topics, and those of AWS IoT Core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ggfleet.localcore.topics import matches


class Realm(StrEnum):
    """Local messages and those of AWS IoT Core never meet."""

    LOCAL = "local"
    IOT_CORE = "iot-core"


@dataclass(frozen=True, eq=False)
class Subscription:
    """`deliver` gets topic and what was published; it must not block."""

    component: str
    realm: Realm
    subject: str
    own_too: bool
    deliver: Callable[[str, object], None]


class Broker:
    """Every open subscription. All calls come from the IPC server's thread.

    `delivered` is told the component of each subscription that gets a message, before it does.
    """

    def __init__(self, delivered: Callable[[str], None] = lambda _: None) -> None:
        self._delivered = delivered
        self._subscriptions: list[Subscription] = []

    def add(self, subscription: Subscription) -> Callable[[], None]:
        """Open a subscription; returns how to end it."""
        self._subscriptions.append(subscription)
        return lambda: self._subscriptions.remove(subscription)

    def count(self, component: str) -> int:
        """How many subscriptions a component has open."""
        return sum(1 for s in self._subscriptions if s.component == component)

    def publish(self, realm: Realm, source: str, topic: str, content: object) -> tuple[str, ...]:
        """Deliver a message; returns the component of every subscription that got it."""
        fitting = [
            s
            for s in self._subscriptions
            if s.realm is realm
            and (s.own_too or s.component != source)
            and matches(s.subject, topic)
        ]
        for subscription in fitting:
            self._delivered(subscription.component)
            subscription.deliver(topic, content)
        return tuple(s.component for s in fitting)
