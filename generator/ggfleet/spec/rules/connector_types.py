"""What is known of a connector: its parameters by version, what they take, and what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class Parameter:
    """A parameter: what all of its value matches, and the versions of the connector that have it.

    `until` is 0 where the newest version still has it.
    """

    values: str
    required: bool = False
    since: int = 1
    until: int = 0

    def is_in(self, version: int) -> bool:
        """Whether a version has it."""
        return self.since <= version and (not self.until or version <= self.until)


class Takes(StrEnum):
    """The kind of resource whose id a parameter takes."""

    DEVICE = "device"
    VOLUME = "volume"
    SECRET = "secret"  # noqa: S105 - a kind of resource
    MODEL = "model"


@dataclass(frozen=True)
class Taken:
    """What a parameter with a resource's id takes.

    `beside` is the parameter that repeats the resource's path or ARN, `path` where the resource has
    to be on the device.
    """

    kind: Takes
    beside: str = ""
    path: str = ""


@dataclass(frozen=True)
class Kind:
    """A connector. Each number is a version: the first that something holds for, 0 for none.

    `isolation` is the first version with the parameter `IsolationMode`; a `process` never has a
    container. `python` is the first version for Python 3.7 (before: 2.7) and 0 for those in Java.
    `actions` are what the group role allows, `heard` and `told` the topic filters of subscriptions
    to and from it; empty where the guide names none. Of `one_of` at least one parameter is given,
    and a parameter of `if_true` that is true makes others necessary. `software` is what it wants on
    the device beside its language.
    """

    newest: int
    parameters: Mapping[str, Parameter]
    taken: Mapping[str, Taken] = field(default_factory=dict)
    actions: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    isolation: int = 0
    process: bool = False
    python: int = 0
    streams: int = 0
    architecture: str = ""
    one_of: tuple[str, ...] = ()
    if_true: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    software: str = ""

    def parameters_of(self, version: int) -> dict[str, Parameter]:
        """The parameters that a version has."""
        return {name: each for name, each in self.parameters.items() if each.is_in(version)}

    def takes_mode(self, version: int) -> bool:
        """Whether a version can be told to do without a container."""
        return 0 < self.isolation <= version
