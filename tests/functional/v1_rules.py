"""Rules of the V1 developer guide that the API's model does not hold, told from documents alone.

Written from the guide's tables and its list of deployment errors; knows nothing of the renderer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

Tree = dict[str, Any]
Documents = Mapping[str, Any]

ID = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
QUALIFIED_ARN = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+:(?!\$LATEST)[\w-]+")
ML = ("S3MachineLearningModelResourceData", "SageMakerMachineLearningModelResourceData")
LOCAL = ("LocalDeviceResourceData", "LocalVolumeResourceData")
LISTS = {
    "core-definition.json": "Cores",
    "function-definition.json": "Functions",
    "resource-definition.json": "Resources",
    "subscription-definition.json": "Subscriptions",
    "logger-definition.json": "Loggers",
}


def rule_problems(documents: Documents) -> list[str]:
    """What a deployment of these documents would be refused for."""
    found = list(_ids(documents))
    for folder in sorted({p.rsplit("/", 1)[0] for p in documents if p.startswith("platforms/")}):
        if "/lambda" not in folder:
            found += _platform_problems(documents, folder)
    for path, body in documents.items():
        if path.endswith("core-definition.json") and len(body["InitialVersion"]["Cores"]) != 1:
            found.append(f"{path}: a group has exactly one core")
    return found


def elements(documents: Documents, path: str) -> list[Tree]:
    body = documents.get(path)
    return list(body["InitialVersion"][LISTS[path.rsplit("/", 1)[1]]]) if body else []


def _ids(documents: Documents) -> Iterator[str]:
    for path in documents:
        if path.rsplit("/", 1)[-1] in LISTS:
            ids = [each["Id"] for each in elements(documents, path)]
            yield from (f"{path}: id {i!r} is malformed" for i in ids if not ID.fullmatch(i))
            yield from (f"{path}: id {i} is there twice" for i, n in Counter(ids).items() if n > 1)
            if not ids:
                yield f"{path}: is empty"


def _platform_problems(documents: Documents, folder: str) -> list[str]:
    functions = elements(documents, f"{folder}/function-definition.json")
    listed = elements(documents, f"{folder}/resource-definition.json")
    resources = {each["Id"]: each for each in listed}
    subscriptions = elements(documents, f"{folder}/subscription-definition.json")
    found: list[str] = []
    for resource in listed:
        found += _resource_problems(resource)
    for function in functions:
        found += _function_problems(function, resources)
    for resource in listed:
        found += _owner_problems(resource, functions)
    arns = {each["FunctionArn"] for each in functions}
    for each in subscriptions:
        for end in (each["Source"], each["Target"]):
            if end != "cloud" and end not in arns:
                found.append(f"{each['Id']}: {end} is no function of the group")
    for each in elements(documents, f"{folder}/logger-definition.json"):
        if "Space" in each and each["Type"] != "FileSystem":
            found.append(f"{each['Id']}: Space is for FileSystem alone")
    return found


def _resource_problems(resource: Tree) -> Iterator[str]:
    container = resource["ResourceDataContainer"]
    name = resource["Id"]
    if len(container) != 1:
        yield f"{name}: exactly one kind of data"
    kind, data = next(iter(container.items()))
    if kind == ML[0] and not re.fullmatch(r"s3://[a-z0-9-]+/.+\.(zip|tar\.gz)", data["S3Uri"]):
        yield f"{name}: S3Uri must be a .zip or .tar.gz in a bucket without dots"
    if kind == ML[1] and ":training-job/" not in data["SageMakerJobArn"]:
        yield f"{name}: SageMakerJobArn must be a training job's"
    if kind in (*ML, LOCAL[1]) and not data["DestinationPath"].startswith("/"):
        yield f"{name}: DestinationPath must be absolute"
    owner = data.get("OwnerSetting")
    if owner is not None and not {"GroupOwner", "GroupPermission"} <= owner.keys():
        yield f"{name}: InvalidMLModelOwner"


def _function_problems(function: Tree, resources: Mapping[str, Tree]) -> Iterator[str]:
    name, configuration = function["Id"], function["FunctionConfiguration"]
    environment = configuration["Environment"]
    contained = environment["Execution"]["IsolationMode"] == "GreengrassContainer"
    if not QUALIFIED_ARN.fullmatch(function["FunctionArn"]):
        yield f"{name}: the ARN needs an alias or version"
    if contained and "MemorySize" not in configuration:
        yield f"{name}: MemorySize is required in a container"
    if not contained and "MemorySize" in configuration:
        yield f"{name}: MemorySize is not allowed without a container"
    if not contained and environment.get("AccessSysfs"):
        yield f"{name}: AccessSysfs is not allowed without a container"
    policies = environment.get("ResourceAccessPolicies", [])
    for policy in policies:
        if policy["ResourceId"] not in resources:
            yield f"{name}: {policy['ResourceId']} is no resource"
        else:
            yield from _policy_problems(name, policy, resources, contained=contained)
    if not contained:
        yield from _nested(name, [resources[p["ResourceId"]] for p in policies])


def _policy_problems(
    name: str, policy: Tree, resources: Mapping[str, Tree], *, contained: bool
) -> Iterator[str]:
    kind, data = next(iter(resources[policy["ResourceId"]]["ResourceDataContainer"].items()))
    permission = policy.get("Permission")
    about = f"{name}, {policy['ResourceId']}"
    if kind in LOCAL and not contained:
        yield f"{about}: a local resource needs a container"
    if kind == "SecretsManagerSecretResourceData" and permission != "ro":
        yield f"{about}: a secret is ro"
    if kind in ML and not contained and permission is not None:
        yield f"{about}: no Permission for an ML resource without a container"
    if kind in ML and contained and permission is None and "OwnerSetting" not in data:
        yield f"{about}: a permission on the policy or the resource"
    granted = data.get("OwnerSetting", {}).get("GroupPermission", "rw")
    if kind in ML and permission == "rw" and granted == "ro":
        yield f"{about}: rw exceeds GroupPermission"


def _owner_problems(resource: Tree, functions: list[Tree]) -> Iterator[str]:
    kind, data = next(iter(resource["ResourceDataContainer"].items()))
    if kind not in ML:
        return
    modes = [
        each["FunctionConfiguration"]["Environment"]["Execution"]["IsolationMode"]
        for each in functions
        if any(
            p["ResourceId"] == resource["Id"]
            for p in each["FunctionConfiguration"]["Environment"].get("ResourceAccessPolicies", [])
        )
    ]
    if "NoContainer" in modes and "OwnerSetting" not in data:
        yield f"{resource['Id']}: OwnerSetting is required, a function has no container"
    if "NoContainer" not in modes and "OwnerSetting" in data:
        yield f"{resource['Id']}: OwnerSetting is discouraged, all functions have containers"
    if not modes:
        yield f"{resource['Id']}: no function uses it"


def _nested(name: str, attached: list[Tree]) -> Iterator[str]:
    data = [next(iter(each["ResourceDataContainer"].items())) for each in attached]
    paths = [PurePosixPath(d["DestinationPath"]) for kind, d in data if kind in ML]
    for index, one in enumerate(paths):
        for other in paths[index + 1 :]:
            if one.is_relative_to(other) or other.is_relative_to(one):
                yield f"{name}: {one} and {other} nest"
