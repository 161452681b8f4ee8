"""`deployment-v2`: a deployment for each platform, through AWS IoT jobs or on the device itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from ggfleet.errors import GgfleetError
from ggfleet.model import Deployment, Fleet, Json, Manifest, Note, Platform, Rendering
from ggfleet.render.group_v1.calls import Request, calls_document, request
from ggfleet.render.group_v1.names import arn
from ggfleet.render.v2.access import VAULT, secrets_of
from ggfleet.render.v2.component import Component, defaults_of
from ggfleet.render.v2.local import RECIPES, local_documents
from ggfleet.render.v2.notes import notes
from ggfleet.render.v2.only_v1 import expressible, v1_notes
from ggfleet.render.v2.parts import Parts, find_sources, make_parts
from ggfleet.render.v2.recipes import unpacking

SMALL_BYTES = 31_000
"""Of a thing group's deployment document; a bigger one needs classic 2.3 and a permission."""
LIMIT_BYTES = 6_000_000

RATE_LIMIT = 1000
MINUTES = (1, 10_080)

Defaults = Mapping[str, Json]
"""DefaultConfiguration by component, as an earlier deployment brought it."""


def render_deployment_v2(
    fleet: Fleet, manifest: Manifest, previous: Mapping[str, Json] | None = None
) -> Rendering:
    """The bodies of CreateDeployment with `calls.json`, and local deployments of both nuclei.

    `previous` are the documents of an earlier rendering by path. With them only components whose
    defaults changed are reset; without, all are, because nobody knows what devices hold. Raises as
    `render_recipes_v2` does.
    """
    whole, fleet = fleet, expressible(fleet)
    parts = make_parts(find_sources(fleet, manifest))
    before = None if previous is None else earlier_defaults(previous)
    requests = [_create(fleet, parts, each, before) for each in fleet.used_platforms()]
    entries = {each.name: _components(fleet, parts, each, None) for each in fleet.used_platforms()}
    documents = (
        *(each.document for each in requests),
        *local_documents(fleet, manifest, parts, unpacking(fleet, manifest), entries),
        calls_document(requests),
    )
    own = (note for each in requests for note in _notes(each))
    return Rendering(documents, (*notes(fleet, parts), *v1_notes(whole), *_limits(fleet), *own))


def earlier_defaults(documents: Mapping[str, Json]) -> dict[str, Json]:
    """The defaults of every component in the documents of an earlier rendering."""
    found: dict[str, Json] = {}
    for path, recipe in documents.items():
        if path.startswith(f"{RECIPES}/") and isinstance(recipe, Mapping):
            found[str(recipe["ComponentName"])] = defaults_of(recipe)
    return found


def _create(fleet: Fleet, parts: Parts, platform: Platform, before: Defaults | None) -> Request:
    settings = fleet.deployment
    group = settings.thing_groups.get(platform.name, f"{fleet.name}-{platform.name}")
    body: dict[str, Json] = {
        "targetArn": arn(fleet, "iot", f"thinggroup/{group}"),
        "deploymentName": f"{fleet.name}-{platform.name}",
        "components": _components(fleet, parts, platform, before),
        "deploymentPolicies": _policies(settings),
    }
    if job := _job(settings):
        body["iotJobConfiguration"] = job
    _refuse_big(body, platform)
    path = f"deployments/{platform.name}.json"
    return request(path, "greengrassv2", "CreateDeployment", body)


def _components(
    fleet: Fleet, parts: Parts, platform: Platform, before: Defaults | None
) -> dict[str, dict[str, Json]]:
    """The whole of what the devices are to run: whatever is not named is removed."""
    found: dict[str, dict[str, Json]] = {}
    for component in parts.on(platform):
        found[component.name] = _entry(component, before)
    for function, variants in parts.functions.items():
        memory = fleet.functions[function].memory
        if memory and fleet.functions[function].contained:
            entry = found[variants[platform.name].name]
            entry["runWith"] = {"systemResourceLimits": {"memory": memory}}
    for name, version in fleet.deployment.components.items():
        found[name] = {"componentVersion": version}
    _add_secrets(fleet, found)
    return found


def _entry(component: Component, before: Defaults | None) -> dict[str, Json]:
    """A device keeps its configuration: changed defaults reach it by a reset only."""
    entry: dict[str, Json] = {"componentVersion": component.version}
    if before is None:
        stale = bool(component.defaults)
    else:
        stale = before.get(component.name, component.defaults) != component.defaults
    if stale:
        entry["configurationUpdate"] = {"reset": [""]}
    return entry


def _add_secrets(fleet: Fleet, components: dict[str, dict[str, Json]]) -> None:
    arns = {each for f in fleet.functions.values() for each in secrets_of(fleet, f)}
    if not arns:
        return
    entry = components.get(VAULT)
    if entry is None:
        raise GgfleetError(
            f"functions use secrets, and no version of {VAULT} is named",
            fix=f'write deployment: {{components: {{{VAULT}: "2.1.8"}}}} with the version '
            "that you want",
        )
    merge = json.dumps({"cloudSecrets": [{"arn": each} for each in sorted(arns)]})
    entry["configurationUpdate"] = {"reset": ["/cloudSecrets"], "merge": merge}


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
        if rollout.start > RATE_LIMIT:
            raise GgfleetError(
                f"deployment.rollout.start is {rollout.start} per minute, and AWS takes "
                f"{RATE_LIMIT}",
                fix=f"write at most {RATE_LIMIT} per minute",
            )
        rate: Json = {
            "baseRatePerMinute": rollout.start,
            "incrementFactor": rollout.factor,
            "rateIncreaseCriteria": {"numberOfSucceededThings": rollout.after},
        }
        job["jobExecutionsRolloutConfig"] = {"exponentialRate": rate}
    if settings.abort:
        job["abortConfig"] = {"criteriaList": [*_criteria(settings)]}
    if settings.timeout:
        job["timeoutConfig"] = {"inProgressTimeoutInMinutes": _minutes(settings.timeout)}
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


def _minutes(seconds: int) -> int:
    low, high = MINUTES
    minutes = -(-seconds // 60)
    if not low <= minutes <= high:
        raise GgfleetError(
            f"deployment.timeout is {minutes} minutes, and AWS takes {low} to {high}",
            fix="write a time up to seven days, such as 60 min",
        )
    return minutes


def document_size(body: Json) -> int:
    """Bytes of a deployment document, as the service counts them: compact JSON."""
    return len(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())


def _refuse_big(body: Json, platform: Platform) -> None:
    if (size := document_size(body)) > LIMIT_BYTES:
        raise GgfleetError(
            f"the deployment for {platform.name} has {size} bytes, and Greengrass takes "
            f"{LIMIT_BYTES}",
            fix="divide the functions among several fleets",
        )


def _notes(each: Request) -> Iterator[Note]:
    size = document_size(each.document.content)
    if size > SMALL_BYTES:
        message = (
            f"{each.document.path} has {size} bytes: above {SMALL_BYTES} devices need "
            "greengrass:GetDeploymentConfiguration in their IoT policy, and classic 2.3 or newer"
        )
        yield Note("deployment", message)


def _limits(fleet: Fleet) -> Iterator[Note]:
    if any(each.memory and each.contained for each in fleet.functions.values()):
        message = (
            "becomes runWith.systemResourceLimits, which the classic nucleus enforces by cgroup; "
            "nucleus lite is not known to"
        )
        yield Note("functions.*.memory", message)
    if "aws.greengrass.Nucleus" not in fleet.deployment.components:
        message = (
            "pins no aws.greengrass.Nucleus: a later deployment may update the classic nucleus by "
            "itself. Nucleus lite comes from its package"
        )
        yield Note("deployment.components", message)
