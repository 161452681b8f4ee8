"""What components may do over the IPC: `accessControl` of their configuration.

A policy names operations and resources. In resources `*` stands for any characters and `${*}`,
`${?}`, `${$}` for the characters themselves. For messages of AWS IoT Core (`mqttproxy`) `+` and
`#` are MQTT's wildcards; for local messages they are plain characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ggfleet.errors import CoreError

PUBSUB = "aws.greengrass.ipc.pubsub"
MQTT_PROXY = "aws.greengrass.ipc.mqttproxy"
SECRETS = "aws.greengrass.SecretManager"
PREFIX = "aws.greengrass#"
REST = "\0"
"""Stands for MQTT's `#` until the pattern is whole; no topic can have that character."""

TOKEN = re.compile(
    r"\$\{(?P<escaped>[*?$])\}|(?P<special>[*?+#])|(?P<brace>\$\{)|(?P<plain>.)", re.DOTALL
)


@dataclass(frozen=True)
class Policy:
    """One policy: `operations` without the prefix, `resources` as they were written."""

    service: str
    id: str
    operations: tuple[str, ...]
    resources: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]

    def allows(self, service: str, operation: str, resource: str) -> bool:
        """Whether this policy is about such a request and allows it."""
        if service != self.service or not {operation, "*"} & set(self.operations):
            return False
        return any(pattern.fullmatch(resource) for pattern in self.patterns)


def read_policies(component: str, configuration: Mapping[str, object]) -> tuple[Policy, ...]:
    """The policies of a component's configuration. Raises CoreError for malformed ones."""
    return tuple(_policies(component, configuration.get("accessControl", {})))


def _policies(component: str, content: object) -> Iterator[Policy]:
    where = f"{component}: accessControl"
    for service, policies in _mapping(content, where).items():
        for name, policy in _mapping(policies, f"{where} of {service}").items():
            at = f"{where}, policy {name}"
            fields = _mapping(policy, at)
            operations = _texts(fields.get("operations"), f"{at}: operations")
            resources = _texts(fields.get("resources", []), f"{at}: resources")
            patterns = tuple(_pattern(r, at, mqtt=service == MQTT_PROXY) for r in resources)
            plain = tuple(o.removeprefix(PREFIX) for o in operations)
            yield Policy(service, name, plain, resources, patterns)


def duplicates(policies: Mapping[str, Sequence[Policy]]) -> Iterator[str]:
    """Policy ids that two components share: a device wants each once. `policies` by component."""
    owner: dict[str, str] = {}
    for component, theirs in policies.items():
        for policy in theirs:
            other = owner.setdefault(policy.id, component)
            if other != component:
                yield f"{policy.id} is a policy of {other} and of {component}"


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise CoreError(f"{where}: an object is expected here", fix="correct the configuration")
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise CoreError(f"{where}: a list of strings is expected", fix="correct the configuration")
    return tuple(value)


def _pattern(resource: str, where: str, *, mqtt: bool) -> re.Pattern[str]:
    """A resource as a regular expression for what is asked for.

    What is asked for may itself be a filter: its `+` is no wider than ours, its `#` is only
    covered by one.
    """
    parts = []
    for token in TOKEN.finditer(resource):
        if token["brace"] or token["special"] == "?":
            raise CoreError(
                f"{where}: {resource} is malformed: a lone {token[0]}",
                fix="write ${?} or ${$} for the characters themselves",
            )
        parts.append(_part(token, mqtt=mqtt))
    text = "".join(parts)
    return re.compile(text.replace(f"/{REST}", "(/.*)?").replace(REST, ".*"), re.DOTALL)


def _part(token: re.Match[str], *, mqtt: bool) -> str:
    if token["escaped"] or token["plain"]:
        return re.escape(token["escaped"] or token["plain"])
    if token["special"] == "*":
        return ".*"
    if not mqtt:
        return re.escape(token["special"])
    return "[^/#]*" if token["special"] == "+" else REST


class Authority:
    """Who may do what; policies by component."""

    def __init__(self, policies: Mapping[str, Sequence[Policy]]) -> None:
        self._policies = policies

    def allows(self, component: str, service: str, operation: str, resource: str) -> bool:
        """Whether one of the component's policies allows it."""
        return any(
            p.allows(service, operation, resource) for p in self._policies.get(component, ())
        )
