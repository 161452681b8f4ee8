"""What a running core tells of: messages for the cloud, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """A message with the end that sent it: `cloud`, `GGShadowService` or a function's ARN."""

    source: str
    topic: str
    payload: bytes


@dataclass(frozen=True)
class Dropped:
    """A message that reached nobody, and why."""

    message: Message
    reason: str


@dataclass(frozen=True)
class Failed:
    """A call that ended in an error. `kind` is `Handled` (the handler's) or `Unhandled`."""

    function: str
    topic: str
    kind: str
    reason: str


@dataclass(frozen=True)
class Restarted:
    """A function's process that ended by itself or was killed for its timeout."""

    function: str
    reason: str


CoreEvent = Message | Dropped | Failed | Restarted
"""What `on_event` is told; a Message is one for the cloud."""
