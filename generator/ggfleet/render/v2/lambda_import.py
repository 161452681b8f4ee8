"""Lambda functions as components, for who keeps them: parameters of CreateComponentVersion.

The classic nucleus alone runs them. A function that publishes with the V1 SDK also needs the legacy
subscription router, whose configuration is rendered beside them.
"""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import (
    CLOUD,
    Document,
    Fleet,
    Function,
    Json,
    LocalDevice,
    LocalVolume,
    Nucleus,
    Platform,
)
from ggfleet.render.group_v1.names import answer, arn, lambda_name, platform_folder
from ggfleet.render.group_v1.subscription import subscription_id
from ggfleet.render.v2.access import aws_components
from ggfleet.render.v2.aws import RANGE
from ggfleet.render.v2.component import HARD
from ggfleet.render.v2.names import ARCHITECTURES, component_name

ROUTER = "aws.greengrass.LegacySubscriptionRouter"


def lambda_imports(fleet: Fleet) -> Iterator[Document]:
    """The bodies by platform, and the router's configuration. `calls.json` names none of them."""
    for platform in fleet.used_platforms():
        if fleet.deployment.nucleus_of(platform.name) is Nucleus.LITE:
            continue
        folder = f"lambda-import/{platform.name}"
        here = fleet.on(platform.name)
        for function in here.functions.values():
            body = _import(here, function, platform)
            yield Document(f"{folder}/{function.name}.json", body)
        yield Document(f"{folder}/{ROUTER}.json", _router(fleet, platform))


def _import(fleet: Fleet, function: Function, platform: Platform) -> Json:
    """`lambdaArn` needs a number, which the call that publishes the function answers."""
    number = answer(f"{platform_folder(platform)}/lambda/{function.name}.json", "Version")
    function_arn = arn(fleet, "lambda", f"function:{lambda_name(fleet, function)}:{number}")
    attributes: Json = {
        "os": platform.os,
        "architecture": ARCHITECTURES[platform.architecture],
    }
    body: dict[str, Json] = {
        "lambdaArn": function_arn,
        "componentName": _name(fleet, function.name, platform),
        "componentPlatforms": [{"name": platform.name, "attributes": attributes}],
        "componentLambdaParameters": _parameters(fleet, function),
    }
    if dependencies := _dependencies(fleet, function):
        body["componentDependencies"] = dependencies
    return {"lambdaFunction": body}


def _name(fleet: Fleet, function: str, platform: Platform) -> str:
    return f"{component_name(fleet, 'lambda', function)}.{platform.name}"


def _parameters(fleet: Fleet, function: Function) -> Json:
    """Every value is said: the defaults differ from V1's (pinned is true, for one)."""
    sources: list[Json] = [
        {"topic": each.topic, "type": "IOT_CORE" if each.source == CLOUD else "PUB_SUB"}
        for each in fleet.incoming.get(function.name, ())
        if each.source not in fleet.functions
    ]
    return {
        "eventSources": sources,
        "timeoutInSeconds": function.timeout,
        "pinned": function.pinned,
        "inputPayloadEncodingType": str(function.encoding),
        "environmentVariables": dict(function.environment),
        **({"execArgs": [function.exec_args]} if function.exec_args else {}),
        "linuxProcessParams": _process(fleet, function),
    }


def _process(fleet: Fleet, function: Function) -> Json:
    if not function.contained:
        return {"isolationMode": "NoContainer"}
    volumes: list[Json] = []
    devices: list[Json] = []
    for name, access in function.resources.items():
        resource = fleet.resources[name]
        common: dict[str, Json] = {"permission": str(access), "addGroupOwner": True}
        if isinstance(resource, LocalVolume):
            paths = {"sourcePath": resource.source, "destinationPath": resource.destination}
            volumes.append({**paths, **common})
        elif isinstance(resource, LocalDevice):
            devices.append({"path": resource.path, **common})
    container: Json = {
        "memorySizeInKB": function.memory,
        "mountROSysfs": function.access_sysfs,
        "volumes": volumes,
        "devices": devices,
    }
    return {"isolationMode": "GreengrassContainer", "containerParams": container}


def _dependencies(fleet: Fleet, function: Function) -> dict[str, Json]:
    return {
        name: {"versionRequirement": RANGE, "dependencyType": HARD}
        for name in aws_components(fleet, function)
    }


def _router(fleet: Fleet, platform: Platform) -> Json:
    """What functions publish; what others send comes through `eventSources`.

    The router knows Lambdas and the cloud: it leads nothing to client devices or shadows.
    """
    subscriptions: dict[str, Json] = {}
    for each in fleet.subscriptions:
        if each.source in fleet.functions and each.target in {CLOUD, *fleet.functions}:
            name = subscription_id(each)
            subscriptions[name] = {
                "id": name,
                "source": f"component:{_name(fleet, each.source, platform)}",
                "subject": each.topic,
                "target": each.target
                if each.target == CLOUD
                else f"component:{_name(fleet, each.target, platform)}",
            }
    return {"subscriptions": subscriptions}
