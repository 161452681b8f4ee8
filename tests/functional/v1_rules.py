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
SYSTEM_ARN = re.compile(r"arn:aws:lambda:::function:GG(IPDetector|CloudSpooler|StreamManager):1")
LEAST_SPOOL = 262144
LOCAL = ("LocalDeviceResourceData", "LocalVolumeResourceData")
LISTS = {
    "core-definition.json": "Cores",
    "function-definition.json": "Functions",
    "resource-definition.json": "Resources",
    "subscription-definition.json": "Subscriptions",
    "logger-definition.json": "Loggers",
    "device-definition.json": "Devices",
    "connector-definition.json": "Connectors",
}


def rule_problems(documents: Documents) -> list[str]:
    """What a deployment of these documents would be refused for."""
    found = list(_ids(documents))
    for folder in sorted({p.rsplit("/", 1)[0] for p in documents if p.startswith("platforms/")}):
        if "/lambda" not in folder:
            found += _platform_problems(documents, folder)
    for path, body in documents.items():
        if path.endswith("/group.json"):
            found += _end_problems(documents, path)
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
    path = f"{folder}/function-definition.json"
    own = [each for each in elements(documents, path) if "system:" in each["Id"]]
    functions = [each for each in elements(documents, path) if each not in own]
    default = documents[path]["InitialVersion"].get("DefaultConfig", {}) if own else {}
    mode = default.get("Execution", {}).get("IsolationMode", "GreengrassContainer")
    connectors = elements(documents, f"{folder}/connector-definition.json")
    listed = elements(documents, f"{folder}/resource-definition.json")
    resources = {each["Id"]: each for each in listed}
    found: list[str] = []
    for each in own:
        found += _system_problems(each, contained=mode == "GreengrassContainer")
    found += _connector_problems(connectors, resources)
    for resource in listed:
        found += _resource_problems(resource)
    for function in functions:
        found += _function_problems(function, resources)
    for resource in listed:
        found += _owner_problems(resource, functions, connectors)
    for each in elements(documents, f"{folder}/logger-definition.json"):
        if "Space" in each and each["Type"] != "FileSystem":
            found.append(f"{each['Id']}: Space is for FileSystem alone")
    return found


def _end_problems(documents: Documents, group: str) -> Iterator[str]:
    """Each end of a group's subscriptions is in one of the definitions that the group points at."""
    pointers = documents[group]["InitialVersion"].values()
    paths = [pointer.removeprefix("${").partition(":")[0] for pointer in pointers]
    lists = {path.rsplit("/", 1)[1]: elements(documents, path) for path in paths}
    ends = {"cloud", "GGShadowService"}
    for name, key in (
        ("function-definition.json", "FunctionArn"),
        ("device-definition.json", "ThingArn"),
        ("connector-definition.json", "ConnectorArn"),
    ):
        ends |= {each[key] for each in lists.get(name, [])}
    for each in lists.get("subscription-definition.json", []):
        for end in (each["Source"], each["Target"]):
            if end not in ends:
                yield f"{group}, {each['Id']}: {end} is no function of the group, nor another end"


def _system_problems(function: Tree, *, contained: bool) -> Iterator[str]:
    name, configuration = function["Id"], function["FunctionConfiguration"]
    environment = configuration.get("Environment", {})
    if not SYSTEM_ARN.fullmatch(function["FunctionArn"]):
        yield f"{name}: is no function of the core"
    if "Execution" in environment:
        yield f"{name}: a system function has no Execution"
    if ("MemorySize" in configuration) != contained:
        yield f"{name}: MemorySize is for containers, and required there"
    if not configuration.get("Pinned") or "Timeout" not in configuration:
        yield f"{name}: is pinned, with a Timeout"
    spool = environment.get("Variables", {}).get("GG_CONFIG_MAX_SIZE_BYTES", LEAST_SPOOL)
    if int(spool) < LEAST_SPOOL:
        yield f"{name}: the core does not start with a smaller spooler"


def _connector_problems(connectors: list[Tree], resources: Mapping[str, Tree]) -> Iterator[str]:
    kinds = Counter(each["ConnectorArn"].partition("/versions/")[0] for each in connectors)
    yield from (f"{kind}: one instance in a group" for kind, n in kinds.items() if n > 1)
    for each in connectors:
        for key, value in each.get("Parameters", {}).items():
            if key.lower().endswith("resourceid") and value not in resources:
                yield f"{each['Id']}: {value} is no resource"


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
    if "Executable" in configuration and configuration["EncodingType"] != "binary":
        yield f"{name}: a native executable takes binary alone"
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


def _owner_problems(resource: Tree, functions: list[Tree], connectors: list[Tree]) -> Iterator[str]:
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
    connected = any(resource["Id"] in each.get("Parameters", {}).values() for each in connectors)
    if not modes and not connected:
        yield f"{resource['Id']}: no function uses it"


def _nested(name: str, attached: list[Tree]) -> Iterator[str]:
    data = [next(iter(each["ResourceDataContainer"].items())) for each in attached]
    paths = [PurePosixPath(d["DestinationPath"]) for kind, d in data if kind in ML]
    for index, one in enumerate(paths):
        for other in paths[index + 1 :]:
            if one.is_relative_to(other) or other.is_relative_to(one):
                yield f"{name}: {one} and {other} nest"
