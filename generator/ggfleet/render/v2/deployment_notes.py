"""What has to be known of deployments: their size, limits, and versions of AWS's components."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from ggfleet.model import Fleet, Json, Note, Nucleus, limits
from ggfleet.render.group_v1.calls import Request
from ggfleet.render.v2.additions import fits
from ggfleet.render.v2.aws import NUCLEUS, RELEASES

SMALL_BYTES = limits.DEPLOYMENT


def document_size(body: Json) -> int:
    """Bytes of a deployment document, as the service counts them: compact JSON."""
    return len(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())


def deployment_notes(fleet: Fleet, requests: Sequence[Request]) -> Iterator[Note]:
    """Every note on the deployments of a fleet; `requests` are those of CreateDeployment."""
    if any(each.memory and each.contained for each in fleet.functions.values()):
        message = (
            "becomes runWith.systemResourceLimits, which the classic nucleus enforces by cgroup; "
            "nucleus lite has no such limits"
        )
        yield Note("functions.*.memory", message, hint=not fleet.platforms_of(Nucleus.LITE))
    yield from _pins(fleet)
    yield from _releases(fleet, requests)
    for each in requests:
        yield from _size(each)


def _pins(fleet: Fleet) -> Iterator[Note]:
    pinned, nuclei = fleet.deployment.components, fleet.deployment.nucleus_of
    if fleet.platforms_of(Nucleus.CLASSIC) and NUCLEUS not in pinned:
        message = (
            "pins no aws.greengrass.Nucleus: a later deployment may update the classic nucleus by "
            "itself. Nucleus lite comes from its package"
        )
        yield Note("deployment.components", message, hint=True)
    for name in pinned:
        others = [each.name for each in fleet.used_platforms() if not fits(name, nuclei(each.name))]
        if others:
            message = f"is left out on {', '.join(others)}: it is not for the nucleus there"
            yield Note(f"deployment.components.{name}", message)


def _releases(fleet: Fleet, requests: Sequence[Request]) -> Iterator[Note]:
    """Versions that nobody chose: plugins are for some versions of the nucleus alone."""
    found: dict[str, str] = {}
    for each in requests:
        for name, entry in _components(each).items():
            if name in RELEASES and name not in fleet.deployment.components:
                found[name] = f"{name} {entry['componentVersion']}"
    if found:
        message = (
            f"does not name {', '.join(found.values())}: deployed is the newest known here, which "
            "may not be for your nucleus; try it on one device, and name what works"
        )
        yield Note("deployment.components", message, hint=True)


def _components(each: Request) -> Mapping[str, Mapping[str, Json]]:
    body = each.document.content
    assert isinstance(body, Mapping)
    return body["components"]  # type: ignore[return-value]


def _size(each: Request) -> Iterator[Note]:
    size = document_size(each.document.content)
    if size > SMALL_BYTES:
        message = (
            f"{each.document.path} has {size} bytes: above {SMALL_BYTES} devices need classic 2.3 "
            "or newer"
        )
        in_aws = "the cores' IoT policy needs greengrass:GetDeploymentConfiguration"
        yield Note("deployment", message, in_aws, hint=True)
