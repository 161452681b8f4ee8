"""How much a group or a deployment may hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial

from ggfleet.model import CLOUD, Fleet, Severity, Subscription
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import ml_resources, pieces
from ggfleet.spec.rules.registry import V1, V2, Finding, rule

FUNCTIONS = 200
RESOURCES = 50
RESOURCES_LIMIT = 200
SUBSCRIPTIONS = 1_000
SUBSCRIPTIONS_LIMIT = 10_000
CLOUD_SUBSCRIPTIONS = 50
CLIENT_DEVICES = 200
CLIENT_DEVICES_LIMIT = 2_500
ROLLOUT = 1_000
"""Cores a minute."""


def _functions(count: int) -> str:
    one = "{source: code, handler: function.handler, memory: 64 MiB}"
    return "functions:\n" + "".join(f"  classify-{n}: {one}\n" for n in range(count))


def _devices(count: int) -> str:
    names = [f"tty-{n}" for n in range(count)]
    devices = "".join(f"  {name}: {{device: /dev/{name}}}\n" for name in names)
    readers = "".join(
        f"  read-{start}:\n    source: code\n    handler: function.handler\n    memory: 64 MiB\n"
        f"    resources: {{{', '.join(f'{name}: rw' for name in names[start : start + 10])}}}\n"
        for start in range(0, count, 10)
    )
    return f"resources:\n{devices}functions:\n{readers}"


def _subscriptions(count: int, source: str, target: str) -> str:
    return "subscriptions:\n" + "".join(
        f"  - {{from: {source}, topic: digits/{n}, to: {target}}}\n" for n in range(count)
    )


def _client_devices(count: int) -> str:
    return "client_devices:\n" + "".join(f"  d{n}: {{cores: pi-01}}\n" for n in range(count))


def _most_devices(fleet: Fleet) -> int:
    """Of the core that has most: each core is a group."""
    cores = Counter(name for each in fleet.client_devices.values() for name in each.cores)
    return max(cores.values(), default=0)


def _resources(fleet: Fleet) -> int:
    return sum(pieces(fleet).values()) + sum(1 for _ in ml_resources(fleet.in_layers))


@rule(
    "limit-functions",
    Severity.ERROR,
    V1,
    reason="A V1 group has at most 200 functions.",
    source=pages.QUOTAS,
    fix="Join functions, or divide the fleet.",
    example=partial(_functions, 201),
)
def few_functions(fleet: Fleet) -> Iterator[Finding]:
    """A group has at most 200 functions."""
    if len(fleet.functions) > FUNCTIONS:
        message = f"has {len(fleet.functions)} functions, and a V1 group takes {FUNCTIONS}"
        yield "functions", message, "join functions, or divide the fleet"


@rule(
    "limit-resources",
    Severity.WARNING,
    V1,
    reason="AWS's pages disagree on how many resources a group may have: one says 50, the quotas "
    "say 200.",
    source=f"{pages.LOCAL_RESOURCES_CLI}; {pages.QUOTAS}",
    fix="Join models, libraries or volumes.",
    example=partial(_devices, 51),
)
def few_resources(fleet: Fleet) -> Iterator[Finding]:
    """A group with more than 50 resources may be refused."""
    if RESOURCES < _resources(fleet) <= RESOURCES_LIMIT:
        message = f"make {_resources(fleet)} with models and libraries; AWS's pages allow 50 or 200"
        yield _resource_key(fleet), message, "join some of them"


@rule(
    "limit-resources-most",
    Severity.ERROR,
    V1,
    reason="No page of AWS allows more than 200 resources in a group.",
    source=pages.QUOTAS,
    fix="Join models, libraries or volumes.",
    example=partial(_devices, 201),
)
def not_too_many_resources(fleet: Fleet) -> Iterator[Finding]:
    """A group has at most 200 resources."""
    if _resources(fleet) > RESOURCES_LIMIT:
        message = f"make {_resources(fleet)} with models and libraries; V1 takes {RESOURCES_LIMIT}"
        yield _resource_key(fleet), message, "join some of them"


def _most_subscriptions(subscriptions: Iterable[Subscription], fleet: Fleet) -> int:
    """Of the group that has most: one with client devices lists those of its own alone."""
    common, of_core = 0, Counter[str]()
    for each in subscriptions:
        named = [fleet.client_devices.get(end) for end in (each.source, each.target)]
        cores = [set(device.cores) for device in named if device is not None]
        common += not cores
        of_core.update(set.intersection(*cores) if cores else ())
    return common + max(of_core.values(), default=0)


def _resource_key(fleet: Fleet) -> str:
    return "resources" if fleet.resources else "models" if fleet.models else "libraries"


@rule(
    "limit-subscriptions",
    Severity.WARNING,
    V1,
    reason="Older pages allow 1,000 subscriptions in a group, the quotas 10,000.",
    source=pages.QUOTAS,
    fix="Join topics with a wildcard.",
    example=partial(_subscriptions, 1001, "classify", "cloud"),
)
def few_subscriptions(fleet: Fleet) -> Iterator[Finding]:
    """A group with more than 1,000 subscriptions may be refused."""
    count = _most_subscriptions(fleet.subscriptions, fleet)
    if SUBSCRIPTIONS < count <= SUBSCRIPTIONS_LIMIT:
        message = f"has {count} of them; AWS's pages allow 1,000 or 10,000 in a V1 group"
        yield "subscriptions", message, "join topics with a wildcard"


@rule(
    "limit-subscriptions-most",
    Severity.ERROR,
    V1,
    reason="A V1 group has at most 10,000 subscriptions.",
    source=pages.QUOTAS,
    fix="Join topics with a wildcard.",
    example=partial(_subscriptions, 10_001, "classify", "cloud"),
)
def not_too_many_subscriptions(fleet: Fleet) -> Iterator[Finding]:
    """A group has at most 10,000 subscriptions."""
    count = _most_subscriptions(fleet.subscriptions, fleet)
    if count > SUBSCRIPTIONS_LIMIT:
        message = f"has {count} of them, and a V1 group takes {SUBSCRIPTIONS_LIMIT}"
        yield "subscriptions", message, "join topics with a wildcard"


@rule(
    "limit-cloud-subscriptions",
    Severity.WARNING,
    V1,
    reason="The quotas allow 50 subscriptions from the cloud in a group, while the page on the "
    "core says that it opens a further connection for each 50.",
    source=f"{pages.QUOTAS}; {pages.CORE}",
    fix="Join topics with a wildcard.",
    example=partial(_subscriptions, 51, "cloud", "classify"),
)
def few_subscriptions_from_the_cloud(fleet: Fleet) -> Iterator[Finding]:
    """A group with more than 50 subscriptions from the cloud may be refused."""
    count = _most_subscriptions((s for s in fleet.subscriptions if s.source == CLOUD), fleet)
    if count > CLOUD_SUBSCRIPTIONS:
        message = f"has {count} from the cloud; AWS's quotas allow {CLOUD_SUBSCRIPTIONS}"
        yield "subscriptions", message, "join topics with a wildcard"


@rule(
    "limit-client-devices",
    Severity.WARNING,
    V1,
    reason="Older pages allow 200 client devices in a group, the quotas 2,500.",
    source=f"{pages.QUOTAS}; {pages.CORE}",
    fix="Divide them among several cores.",
    example=partial(_client_devices, 201),
)
def few_client_devices(fleet: Fleet) -> Iterator[Finding]:
    """A group with more than 200 client devices may be refused."""
    count = _most_devices(fleet)
    if CLIENT_DEVICES < count <= CLIENT_DEVICES_LIMIT:
        message = f"has {count} of them for one core; AWS's pages allow 200 or 2,500 in a V1 group"
        yield "client_devices", message, "divide them among several cores"


@rule(
    "limit-client-devices-most",
    Severity.ERROR,
    V1,
    reason="A V1 group has at most 2,500 client devices.",
    source=pages.QUOTAS,
    fix="Divide them among several cores.",
    example=partial(_client_devices, 2501),
)
def not_too_many_client_devices(fleet: Fleet) -> Iterator[Finding]:
    """A group has at most 2,500 client devices."""
    count = _most_devices(fleet)
    if count > CLIENT_DEVICES_LIMIT:
        message = f"has {count} of them for one core, and a V1 group takes {CLIENT_DEVICES_LIMIT}"
        yield "client_devices", message, "divide them among several cores"


@rule(
    "limit-rollout",
    Severity.ERROR,
    V2,
    reason="A rollout starts with 1 to 1,000 cores a minute.",
    source=f"{pages.API_V2} (baseRatePerMinute)",
    fix="Write a rate up to 1000 per minute.",
    example="deployment:\n  rollout: {start: 2000 per minute, factor: 2, after: 10 succeeded}\n",
    firm=True,
)
def rollouts_start_slowly(fleet: Fleet) -> Iterator[Finding]:
    """A rollout starts with at most 1,000 cores a minute."""
    rollout = fleet.deployment.rollout
    if rollout is not None and rollout.start > ROLLOUT:
        message = f"is {rollout.start} cores a minute of at most {ROLLOUT}"
        yield "deployment.rollout.start", message, "write a rate up to 1000 per minute"
