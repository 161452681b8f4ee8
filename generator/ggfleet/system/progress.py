"""How long work tells what it is doing, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A listener. At most one counted task is open; calls come from one thread at a time."""

    def step(self, text: str) -> None:
        """Work on something new begins: `tensorflow for pi: resolving`."""

    def start(self, label: str, total_bytes: int) -> None:
        """A counted task begins; 0 means that nobody knows how much there is."""

    def advance(self, count: int) -> None:
        """That many bytes more of the counted task are done."""

    def finish(self) -> None:
        """The counted task is over, whether or not it reached its total."""

    def say(self, text: str) -> None:
        """A line worth keeping on the screen: what was built, reused or noticed."""


class Silent:
    """Nobody listens."""

    def step(self, text: str) -> None:
        """Drop it."""

    def start(self, label: str, total_bytes: int) -> None:
        """Drop it."""

    def advance(self, count: int) -> None:
        """Drop it."""

    def finish(self) -> None:
        """Drop it."""

    def say(self, text: str) -> None:
        """Drop it."""


class CountedOnly:
    """Passes on counted work and keeps the rest to itself, for work inside of a step."""

    def __init__(self, listener: Progress) -> None:
        self.start = listener.start
        self.advance = listener.advance
        self.finish = listener.finish

    def step(self, text: str) -> None:
        """Drop it."""

    def say(self, text: str) -> None:
        """Drop it."""
