"""Everything of AWS's own that a deployment names beside the fleet's components."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ggfleet.model import Fleet, Json, Nucleus, Platform, Secret
from ggfleet.render.v2.access import secrets_of
from ggfleet.render.v2.aws import LITE, NUCLEUS, VAULT, Addition, is_for_lite
from ggfleet.render.v2.clients import client_components, devices_on
from ggfleet.render.v2.connectors import connector_components
from ggfleet.render.v2.logs import journal_forwarder, log_manager, nucleus_logging
from ggfleet.render.v2.shadows import shadow_manager
from ggfleet.render.v2.system import system_components
from ggfleet.render.v2.users import default_user

NUCLEI = (NUCLEUS, LITE)
"""Their versions are the user's to name: another one would update the nucleus, and nucleus lite
fails a deployment that names another than it is (its deployment_handler)."""


def additions(
    fleet: Fleet, platform: Platform, nucleus: Nucleus, functions: Sequence[str]
) -> dict[str, Addition]:
    """AWS's components for the cores of a platform; `functions` are the fleet's own components.

    Those that the spec pins are there too. `fleet` has the subscriptions that the nucleus serves.
    """
    found: dict[str, Addition] = {}
    for name, addition in _wanted(fleet, platform, nucleus, functions):
        found[name] = _joined(found.get(name), addition)
    pinned = fleet.deployment.components
    for name in pinned:
        found.setdefault(name, Addition({}))
    return {
        name: each
        for name, each in found.items()
        if fits(name, nucleus) and (name not in NUCLEI or name in pinned)
    }


def fits(component: str, nucleus: Nucleus) -> bool:
    """Whether a component of AWS may be in a deployment for this nucleus."""
    return is_for_lite(component) if nucleus is Nucleus.LITE else component != LITE


def _wanted(
    fleet: Fleet, platform: Platform, nucleus: Nucleus, functions: Sequence[str]
) -> Iterator[tuple[str, Addition]]:
    parts = [default_user(fleet, nucleus)]
    if nucleus is Nucleus.CLASSIC:
        cores = [core for core in fleet.cores if core.platform == platform.name]
        devices = devices_on(fleet, cores)
        parts += [
            nucleus_logging(fleet),
            log_manager(fleet, functions),
            client_components(fleet, devices),
            shadow_manager(fleet, cores, devices),
            system_components(fleet),
            connector_components(fleet.on(platform.name)),
            secret_manager(fleet),
        ]
    else:
        parts.append(journal_forwarder(fleet, functions))
    for part in parts:
        yield from part.items()


def _joined(one: Addition | None, other: Addition) -> Addition:
    """Two features' settings of one component, which are apart from each other."""
    if one is None:
        return other
    return Addition({**one.merge, **other.merge}, (*one.reset, *other.reset))


def secret_manager(fleet: Fleet) -> dict[str, Addition]:
    """The secrets of all functions, each once with all labels that are asked for."""
    labels: dict[str, set[str]] = {}
    for function in fleet.functions.values():
        for arn in secrets_of(fleet, function):
            labels.setdefault(arn, set())
    for each in fleet.resources.values():
        if isinstance(each, Secret) and each.arn in labels:
            labels[each.arn] |= set(each.labels)
    if not labels:
        return {}
    secrets = [_secret(arn, labels[arn]) for arn in sorted(labels)]
    return {VAULT: Addition({"cloudSecrets": secrets}, ("/cloudSecrets",))}


def _secret(arn: str, labels: set[str]) -> dict[str, Json]:
    """Labels replace the usual one, so it is named again."""
    return {"arn": arn, "labels": ["AWSCURRENT", *sorted(labels)]} if labels else {"arn": arn}
