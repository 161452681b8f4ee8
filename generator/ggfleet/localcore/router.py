"""Sends messages where the group's subscriptions say; what fits none of them is dropped."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping, Sequence

from ggfleet.localcore.deployment import CLOUD, SHADOW_SERVICE, CoreSubscription
from ggfleet.localcore.events import Dropped, Message
from ggfleet.localcore.shadow import ShadowService
from ggfleet.localcore.topics import MAX_PAYLOAD, matches, topic_problem
from ggfleet.localcore.work import Invocation, QueueFullError, WorkQueue


class PublishError(Exception):
    """A message that a core does not take: its topic, its size, a full queue."""


def encode_context(**custom: str) -> str:
    """A client context as it travels: base64 of JSON."""
    return base64.b64encode(json.dumps({"custom": custom}).encode()).decode()


class Router:
    """Knows the subscriptions. `to_cloud` gets answers, `dropped` what reached nobody."""

    def __init__(
        self,
        subscriptions: Sequence[CoreSubscription],
        queues: Mapping[str, WorkQueue],
        to_cloud: Callable[[Message], None],
        dropped: Callable[[Dropped], None],
    ) -> None:
        self._subscriptions = subscriptions
        self._queues = queues
        self._to_cloud = to_cloud
        self._dropped = dropped
        self._lock = threading.Lock()
        self.shadow = ShadowService()

    def targets(self, source: str, topic: str) -> tuple[str, ...]:
        """Who gets a message. Several subscriptions that fit bring a target one message."""
        fitting = (
            s.target
            for s in self._subscriptions
            if s.source == source and matches(s.subject, topic)
        )
        return tuple(dict.fromkeys(fitting))

    def publish(self, message: Message, *, all_or_error: bool = False) -> None:
        """Deliver a message. Raises PublishError for one that a core would refuse.

        With `all_or_error` a target whose queue is full is an error and nobody gets the message;
        without, that target alone goes without it.
        """
        if problem := topic_problem(message.topic):
            raise PublishError(problem)
        if len(message.payload) > MAX_PAYLOAD:
            raise PublishError(f"{len(message.payload)} bytes are more than {MAX_PAYLOAD}")
        targets = self.targets(message.source, message.topic)
        if not targets:
            self._drop(message, "no subscription fits")
        with self._lock:
            full = [t for t in targets if t in self._queues and self._queues[t].full]
            if full and all_or_error:
                raise PublishError(f"the queue of {full[0]} is full")
        for target in targets:
            self._deliver(target, message)

    def _deliver(self, target: str, message: Message) -> None:
        if target == CLOUD:
            self._to_cloud(message)
        elif target == SHADOW_SERVICE:
            self.ask_shadow(message.topic, message.payload)
        else:
            context = encode_context(subject=message.topic)
            try:
                self._queues[target].put(
                    Invocation(target, message.payload, context, message.topic)
                )
            except QueueFullError:
                self._drop(message, f"the queue of {target} is full")

    def ask_shadow(self, topic: str, payload: bytes) -> bytes:
        """Let the shadow service answer, and tell subscribers of its answer."""
        accepted, answer = self.shadow.answer(topic, payload)
        told = Message(SHADOW_SERVICE, f"{topic}/{'accepted' if accepted else 'rejected'}", answer)
        for target in self.targets(told.source, told.topic):
            self._deliver(target, told)
        return answer

    def _drop(self, message: Message, reason: str) -> None:
        self._dropped(Dropped(message, reason))
