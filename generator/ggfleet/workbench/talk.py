"""A talk with a running core: messages in, answers out, and when it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, Self

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
        began, sent = time.monotonic(), 0
        with _HandingOut(self._core, answered) as out:
            for message in messages:
                self._core.send(message.topic, message.payload)
                sent += 1
                out.wait(lambda: self._core.pending <= AHEAD)
            out.wait(lambda: not self._core.pending)
        seconds = time.monotonic() - began
        return Talk(sent, out.count, self._core.dropped, self._failures.count, seconds)


class _HandingOut:
    """Hands answers out from a thread of its own: the next message may be long in coming.

    What `answered` raises (a closed pipe) comes out of `wait` or at the end of the block.
    """

    def __init__(self, core: Talkative, answered: Callable[[Message], None]) -> None:
        self.count = 0
        self._core = core
        self._answered = answered
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if kind is None:
            self._raise()

    def wait(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds."""
        self._raise()
        while not condition():
            time.sleep(POLL)
            self._raise()

    def _run(self) -> None:
        try:
            while True:
                ended = self._ended.is_set()
                answer = self._core.next_answer(POLL)
                if answer is not None:
                    self._answered(Message(answer.topic, answer.payload))
                    self.count += 1
                elif ended:
                    return
        except Exception as error:  # noqa: BLE001 - it is raised in the thread that waits
            self._error = error

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error


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
