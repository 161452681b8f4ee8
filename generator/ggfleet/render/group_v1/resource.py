"""ResourceDefinitionVersion: ML resources, local devices and volumes, secrets."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import (
    Fleet,
    Json,
    Library,
    LocalDevice,
    LocalResource,
    LocalVolume,
    Model,
    Part,
    Platform,
    Secret,
)
from ggfleet.render.group_v1.names import archive_uri, element_id, refuse_repeated
from ggfleet.render.known import Known, attached_ml

TRAINING_JOB = ":training-job/"


def resource_version(fleet: Fleet, platform: Platform, known: Known) -> dict[str, Json]:
    """The resources that at least one function uses: libraries, models, then local ones."""
    resources = [*_ml_resources(fleet, platform, known), *_local_resources(fleet)]
    refuse_repeated("resources", (str(each["Id"]) for each in resources))
    return {"Resources": resources}


def resource_id(resource: Library | Model | LocalResource) -> str:
    """`lib-…`, `model-…` or `res-…`: the three have name spaces of their own in the spec."""
    prefix = {Library: "lib", Model: "model"}.get(type(resource), "res")
    return element_id(f"{prefix}-{resource.name}", "the resource name")


def _ml_resources(fleet: Fleet, platform: Platform, known: Known) -> Iterator[dict[str, Json]]:
    for resource in attached_ml(fleet):
        if isinstance(resource, Library):
            source = _archive(fleet, Part.LIBRARIES, resource.name, platform, known)
        else:
            source = _model_source(fleet, resource, platform, known)
        yield _element(resource, _ml_container(fleet, resource, *source))


def _archive(
    fleet: Fleet, part: Part, name: str, platform: Platform, known: Known
) -> tuple[str, str, str]:
    uri = archive_uri(fleet, known.key(part, name, platform))
    return "S3MachineLearningModelResourceData", "S3Uri", uri


def _model_source(
    fleet: Fleet, model: Model, platform: Platform, known: Known
) -> tuple[str, str, str]:
    """The container, the field that names the source, and its value."""
    if model.is_local:
        return _archive(fleet, Part.MODEL, model.name, platform, known)
    if TRAINING_JOB in model.source:
        return "SageMakerMachineLearningModelResourceData", "SageMakerJobArn", model.source
    return "S3MachineLearningModelResourceData", "S3Uri", model.source


def _ml_container(
    fleet: Fleet, resource: Library | Model, container: str, field: str, value: str
) -> dict[str, Json]:
    """The data of an ML resource.

    Without an owner the unpacked files are root's alone, which a container's bind mount does not
    mind. A function without a container reads them as itself: then, and only then, the API wants an
    owner, and discourages one otherwise.
    """
    data: dict[str, Json] = {field: value, "DestinationPath": resource.destination}
    if any(not function.contained for function in fleet.users_of(resource)):
        data["OwnerSetting"] = {
            "GroupOwner": resource.owner,
            "GroupPermission": str(resource.permission),
        }
    return {container: data}


def _local_resources(fleet: Fleet) -> Iterator[dict[str, Json]]:
    used = fleet.used_resources()
    for name, resource in fleet.resources.items():
        if name in used:
            yield _element(resource, _local_container(resource))


def _local_container(resource: LocalResource) -> dict[str, Json]:
    match resource:
        case LocalDevice():
            data: dict[str, Json] = {
                "SourcePath": resource.path,
                "GroupOwnerSetting": _group(resource.owner),
            }
            return {"LocalDeviceResourceData": data}
        case LocalVolume():
            data = {
                "SourcePath": resource.source,
                "DestinationPath": resource.destination,
                "GroupOwnerSetting": _group(resource.owner),
            }
            return {"LocalVolumeResourceData": data}
        case Secret():
            data = {"ARN": resource.arn}
            if resource.labels:
                data["AdditionalStagingLabelsToDownload"] = list(resource.labels)
            return {"SecretsManagerSecretResourceData": data}


def _group(owner: str) -> Json:
    """The Linux group that the function's process joins: the file's own, or a named one."""
    if owner:
        return {"AutoAddGroupOwner": False, "GroupOwner": owner}
    return {"AutoAddGroupOwner": True}


def _element(
    resource: Library | Model | LocalResource, container: dict[str, Json]
) -> dict[str, Json]:
    name = resource_id(resource)
    return {"Id": name, "Name": name, "ResourceDataContainer": container}
