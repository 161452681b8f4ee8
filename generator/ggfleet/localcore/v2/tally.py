"""Counts what components were given and have handled, so that a trial knows when it is over.

The adapter tells of each message that it has handled. Of other components nothing is known; they
count as busy until nothing was delivered to them, and nothing came from them, for a while.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

QUIET = 2.0
"""Seconds without a message after which a component that does not report counts as idle."""

SETTLED = 1.0
"""Seconds with a subscription after which a component that does not report counts as ready."""


class Tally:
    """Counts by component, from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._ready: set[str] = set()
        self._waiting: Counter[str] = Counter()
        self._subscribed: dict[str, float] = {}
        self._seen: dict[str, float] = {}

    def delivered(self, component: str) -> None:
        """A message has gone to a component."""
        with self._lock:
            self._waiting[component] += 1
            self._seen[component] = self._clock()

    def seen(self, component: str) -> None:
        """A component has published something."""
        with self._lock:
            if component in self._seen:
                self._seen[component] = self._clock()

    def record(self, component: str, record: Mapping[str, object]) -> None:
        """The adapter tells: `{"ready": true}`, or `{"topic": ..., "error": ...}`."""
        with self._lock:
            if record.get("ready"):
                self._ready.add(component)
            elif self._waiting[component]:
                self._waiting[component] -= 1

    def lost(self, component: str) -> int:
        """A component has ended: forget what it was given; how much of it was not handled."""
        with self._lock:
            self._seen.pop(component, None)
            self._subscribed.pop(component, None)
            waiting = self._waiting.pop(component, 0)
            known = component in self._ready
            self._ready.discard(component)
        return waiting if known else 0

    def ready(self, component: str, subscriptions: int) -> bool:
        """Whether messages for a component find it listening."""
        with self._lock:
            if not subscriptions:
                return component in self._ready
            since = self._subscribed.setdefault(component, self._clock())
            return component in self._ready or self._clock() - since > SETTLED

    def pending(self) -> int:
        """Messages that the busiest component has not handled yet, as far as that is known."""
        with self._lock:
            counts = [self._waiting[name] for name in self._ready]
            busy = [
                1
                for name, last in self._seen.items()
                if name not in self._ready and self._clock() - last < QUIET
            ]
        return max(counts + busy, default=0)
