"""`deployment-v2`: a deployment for each platform, through AWS IoT jobs or on the device itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ggfleet.errors import GgfleetError
from ggfleet.model import Deployment, Fleet, Json, Manifest, Nucleus, Platform, Rendering
from ggfleet.render.group_v1.calls import Request, calls_document, request
from ggfleet.render.group_v1.names import arn
from ggfleet.render.v2.clients import associations
from ggfleet.render.v2.deployment_notes import deployment_notes, document_size
from ggfleet.render.v2.entries import Earlier, entries_on
from ggfleet.render.v2.local import local_documents
from ggfleet.render.v2.notes import notes
from ggfleet.render.v2.only_v1 import expressible, v1_notes
from ggfleet.render.v2.parts import Parts, make_parts
from ggfleet.render.v2.recipes import unpacking
from ggfleet.render.v2.sources import find_sources

LIMIT_BYTES = 6_000_000


def render_deployment_v2(
    fleet: Fleet, manifest: Manifest, previous: Mapping[str, Json] | None = None
) -> Rendering:
    """The bodies of CreateDeployment with `calls.json`, and local deployments of both nuclei.

    `previous` are the documents of an earlier rendering by path. With them only components whose
    defaults changed are reset; without, all are, because nobody knows what devices hold. Raises as
    `render_recipes_v2` does.
    """
    parts = make_parts(find_sources(fleet, manifest))
    earlier = None if previous is None else Earlier(previous)
    creates = [create_deployment(fleet, parts, each, earlier) for each in fleet.used_platforms()]
    requests = [*creates, *_associations(fleet)]
    classic = [each for each in fleet.used_platforms() if not _on_lite(fleet, each)]
    entries = {each.name: entries_on(fleet, parts, each, None) for each in classic}
    documents = (
        *(each.document for each in requests),
        *local_documents(fleet, manifest, parts, unpacking(fleet, manifest), entries),
        calls_document(requests),
    )
    found = (*notes(expressible(fleet), parts), *v1_notes(fleet), *deployment_notes(fleet, creates))
    return Rendering(documents, found)


def _on_lite(fleet: Fleet, platform: Platform) -> bool:
    return fleet.deployment.nucleus_of(platform.name) is Nucleus.LITE


def _associations(fleet: Fleet) -> Iterator[Request]:
    """Of cores that serve client devices: those of the classic nucleus."""
    cores = tuple(
        core
        for core in fleet.cores
        if fleet.deployment.nucleus_of(core.platform) is Nucleus.CLASSIC
    )
    return associations(replace(fleet, cores=cores))


def create_deployment(
    fleet: Fleet, parts: Parts, platform: Platform, earlier: Earlier | None
) -> Request:
    """The call for the cores of a platform. Raises `GgfleetError` for a body that is too long."""
    settings = fleet.deployment
    group = settings.thing_groups.get(platform.name, f"{fleet.name}-{platform.name}")
    body: dict[str, Json] = {
        "targetArn": arn(fleet, "iot", f"thinggroup/{group}"),
        "deploymentName": f"{fleet.name}-{platform.name}",
        "components": entries_on(fleet, parts, platform, earlier),
        "deploymentPolicies": _policies(settings),
    }
    if job := _job(settings):
        body["iotJobConfiguration"] = job
    _refuse_big(body, platform)
    path = f"deployments/{platform.name}.json"
    return request(path, "greengrassv2", "CreateDeployment", body)


def _policies(settings: Deployment) -> Json:
    policies: dict[str, Json] = {
        "failureHandlingPolicy": "ROLLBACK" if settings.on_failure == "rollback" else "DO_NOTHING"
    }
    notify = settings.update == "notify"
    update: dict[str, Json] = {
        "action": "NOTIFY_COMPONENTS" if notify else "SKIP_NOTIFY_COMPONENTS"
    }
    if settings.update_timeout:
        update["timeoutInSeconds"] = settings.update_timeout
    policies["componentUpdatePolicy"] = update
    if settings.validation_timeout:
        seconds = settings.validation_timeout
        policies["configurationValidationPolicy"] = {"timeoutInSeconds": seconds}
    return policies


def _job(settings: Deployment) -> dict[str, Json]:
    job: dict[str, Json] = {}
    if rollout := settings.rollout:
        rate: Json = {
            "baseRatePerMinute": rollout.start,
            "incrementFactor": rollout.factor,
            "rateIncreaseCriteria": {"numberOfSucceededThings": rollout.after},
        }
        job["jobExecutionsRolloutConfig"] = {"exponentialRate": rate}
    if settings.abort:
        job["abortConfig"] = {"criteriaList": [*_criteria(settings)]}
    if settings.timeout:
        job["timeoutConfig"] = {"inProgressTimeoutInMinutes": -(-settings.timeout // 60)}
    return job


def _criteria(settings: Deployment) -> Iterator[Json]:
    """A device that does not answer in time has failed too, where a time is set."""
    assert settings.abort is not None
    for kind in ("FAILED", "TIMED_OUT") if settings.timeout else ("FAILED",):
        yield {
            "failureType": kind,
            "action": "CANCEL",
            "thresholdPercentage": settings.abort.percent,
            "minNumberOfExecutedThings": settings.abort.after,
        }


def _refuse_big(body: Json, platform: Platform) -> None:
    if (size := document_size(body)) > LIMIT_BYTES:
        raise GgfleetError(
            f"the deployment for {platform.name} has {size} bytes, and Greengrass takes "
            f"{LIMIT_BYTES}",
            fix="divide the functions among several fleets",
        )
