"""A talk with a running core: messages in, answers out, and when it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from ggfleet.localcore import CoreEvent, Failed
from ggfleet.localcore import Message as CoreMessage
from ggfleet.workbench.messages import Message

AHEAD = 256
"""Messages in a function's queue before the next is sent; a V1 core drops what exceeds 1,024."""

POLL = 0.02
"""Seconds between two looks at the queues."""


class Talkative(Protocol):
    """What both embedded cores are to a talk."""

    @property
    def dropped(self) -> int:
        """Messages that reached nobody."""

    @property
    def pending(self) -> int:
        """Messages that functions have not finished: those of the fullest queue."""

    def send(self, topic: str, payload: bytes) -> None:
        """A message from the cloud."""

    def next_answer(self, timeout: float) -> CoreMessage | None:
        """The next message for the cloud, or None when none comes within `timeout` seconds."""


@dataclass(frozen=True)
class Talk:
    """How a talk went. `failed` counts calls of functions that ended in an error."""

    sent: int
    answered: int
    dropped: int
    failed: int
    seconds: float


class Running:
    """A core whose functions are ready."""

    def __init__(self, core: Talkative, failures: Failures) -> None:
        self._core = core
        self._failures = failures

    def talk(self, messages: Iterable[Message], answered: Callable[[Message], None]) -> Talk:
        """Send messages, hand out every answer to the cloud, return when all calls have ended."""
        began, sent, got = time.monotonic(), 0, 0
        for message in messages:
            self._core.send(message.topic, message.payload)
            sent += 1
            while self._core.pending > AHEAD:
                got += self._hand_out(answered)
        while self._core.pending:
            got += self._hand_out(answered)
        got += self._hand_out(answered)
        seconds = time.monotonic() - began
        return Talk(sent, got, self._core.dropped, self._failures.count, seconds)

    def _hand_out(self, answered: Callable[[Message], None]) -> int:
        count = 0
        while answer := self._core.next_answer(POLL):
            answered(Message(answer.topic, answer.payload))
            count += 1
        return count


class Failures:
    """Counts calls that ended in an error; the core tells from several threads."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self, event: CoreEvent) -> None:
        """Look at an event."""
        if isinstance(event, Failed):
            with self._lock:
                self.count += 1
