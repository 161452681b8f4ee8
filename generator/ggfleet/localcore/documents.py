"""Reads one core's deployment from rendered documents, as the folder layout of `group-v1` has them.

Nothing but the documents is read: the embedded core gets what a real core gets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ggfleet.errors import CoreError
from ggfleet.localcore.deployment import (
    CLOUD,
    SHADOW_SERVICE,
    CoreDeployment,
    CoreFunction,
    CoreLogger,
    CoreSubscription,
    MlResource,
    Policy,
    VolumeResource,
)
from ggfleet.localcore.reading import Node
from ggfleet.localcore.topics import filter_problem

REFERENCE = re.compile(r"\$\{(?P<path>[^}:]+):LatestVersionArn\}")
LAMBDA_ARN = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+:[\w-]+")
SYSTEM_FUNCTION = re.compile(r"arn:[\w-]+:lambda:::function:.+")
UNSUPPORTED = {
    "DeviceDefinitionVersionArn": "client devices",
    "ConnectorDefinitionVersionArn": "connectors",
}


def load_deployment(folder: Path, core: str) -> CoreDeployment:
    """Read what the core named `core` runs from the documents in `folder`.

    Raises CoreError naming the file and the place when a document is missing or damaged, or asks
    for something that this core has not (client devices, connectors, SageMaker resources).
    """
    group = _group(folder, core)
    version = group.need("InitialVersion")
    thing = _thing(_definition(folder, version, "CoreDefinitionVersionArn"))
    functions_at = _definition(folder, version, "FunctionDefinitionVersionArn")
    packages = _packages(functions_at.file.parent / "lambda")
    found = tuple(_functions(functions_at, packages))
    resources_at = _optional(folder, version, "ResourceDefinitionVersionArn")
    machine_learning, volumes, others = _resources(resources_at)
    known = {r.id for r in machine_learning} | {v.id for v in volumes} | others
    _check_policies(functions_at, found, known)
    return CoreDeployment(
        group=group.text("Name"),
        thing_name=thing.rsplit("/", 1)[-1],
        thing_arn=thing,
        functions=found,
        resources=machine_learning,
        volumes=volumes,
        subscriptions=_subscriptions(folder, version, {f.arn for f in found}),
        loggers=_loggers(_optional(folder, version, "LoggerDefinitionVersionArn")),
        notes=tuple(_notes(functions_at)),
    )


def _group(folder: Path, core: str) -> Node:
    cores = folder / "cores"
    file = cores / core / "group.json"
    if not file.exists():
        known = sorted(p.parent.name for p in cores.glob("*/group.json"))
        names = f"; there are: {', '.join(known)}" if known else ""
        raise CoreError(f"{file} is missing{names}", fix="name one of the rendered cores")
    return Node.load(file)


def _definition(folder: Path, version: Node, key: str) -> Node:
    found = REFERENCE.fullmatch(version.text(key))
    if found is None:
        version.need(key).fail(
            "this names a version in AWS, not a rendered document",
            fix="run the core from the output of ggfleet render",
        )
    return Node.load(folder / found["path"]).need("InitialVersion")


def _optional(folder: Path, version: Node, key: str) -> Node | None:
    return _definition(folder, version, key) if version.get(key) is not None else None


def _thing(definition: Node) -> str:
    cores = list(definition.each("Cores"))
    if len(cores) != 1:
        definition.fail("a group has exactly one core")
    return cores[0].text("ThingArn")


def _packages(folder: Path) -> dict[str, Node]:
    """The Lambda functions' CreateFunction bodies by function name."""
    bodies = [Node.load(file) for file in sorted(folder.glob("*.json"))]
    return {body.text("FunctionName"): body for body in bodies}


def _functions(definition: Node, packages: dict[str, Node]) -> Iterator[CoreFunction]:
    default = _isolation(definition.get("DefaultConfig")) or "GreengrassContainer"
    for entry in definition.each("Functions"):
        arn = entry.text("FunctionArn")
        if SYSTEM_FUNCTION.fullmatch(arn):
            continue
        if not LAMBDA_ARN.fullmatch(arn):
            entry.fail(f"{arn} is not the ARN of a Lambda function with an alias or version")
        name = arn.split(":")[6]
        if name not in packages:
            entry.fail(f"no document in {definition.file.parent / 'lambda'} is for {name}")
        yield _function(arn, entry.need("FunctionConfiguration"), packages[name], default)


def _function(arn: str, configuration: Node, package: Node, default: str) -> CoreFunction:
    environment = configuration.get("Environment") or Node({}, configuration.file)
    isolation = _isolation(environment) or default
    if isolation not in ("GreengrassContainer", "NoContainer"):
        environment.fail(f"{isolation} is not an isolation mode")
    code = package.need("Code")
    return CoreFunction(
        arn=arn,
        handler=package.text("Handler"),
        runtime=package.text("Runtime"),
        package=f"s3://{code.text('S3Bucket')}/{code.text('S3Key')}",
        pinned=configuration.flag("Pinned"),
        timeout=configuration.number("Timeout", 3),
        memory=configuration.number("MemorySize", 0),
        contained=isolation == "GreengrassContainer",
        encoding=configuration.text("EncodingType", "json"),
        variables=environment.texts("Variables"),
        policies=tuple(_policies(environment)),
    )


def _isolation(holder: Node | None) -> str:
    execution = holder.get("Execution") if holder else None
    return execution.text("IsolationMode", "") if execution else ""


def _policies(environment: Node) -> Iterator[Policy]:
    for entry in environment.each("ResourceAccessPolicies"):
        yield Policy(entry.text("ResourceId"), entry.text("Permission", ""))


def _check_policies(definition: Node, functions: tuple[CoreFunction, ...], known: set[str]) -> None:
    for function in functions:
        for policy in function.policies:
            if policy.resource not in known:
                definition.fail(f"{function.name} uses {policy.resource}, which is no resource")


def _resources(
    definition: Node | None,
) -> tuple[tuple[MlResource, ...], tuple[VolumeResource, ...], set[str]]:
    """ML resources, volumes, and the ids of devices and secrets (which need no preparation)."""
    machine_learning: list[MlResource] = []
    volumes: list[VolumeResource] = []
    others: set[str] = set()
    for entry in definition.each("Resources") if definition else ():
        data = entry.need("ResourceDataContainer")
        if (s3 := data.get("S3MachineLearningModelResourceData")) is not None:
            machine_learning.append(_ml_resource(entry, s3))
        elif (volume := data.get("LocalVolumeResourceData")) is not None:
            volumes.append(_volume(entry, volume))
        elif data.get("SageMakerMachineLearningModelResourceData") is not None:
            entry.fail(
                "the embedded core fetches models from S3, not from training jobs",
                fix="give the model's source as s3://BUCKET/KEY to try it here",
            )
        else:
            others.add(entry.text("Id"))
    return tuple(machine_learning), tuple(volumes), others


def _ml_resource(entry: Node, data: Node) -> MlResource:
    owner = data.get("OwnerSetting")
    return MlResource(
        id=entry.text("Id"),
        name=entry.text("Name"),
        s3_uri=data.text("S3Uri"),
        destination=_absolute(data, "DestinationPath"),
        owner=owner.text("GroupOwner") if owner else "",
    )


def _volume(entry: Node, data: Node) -> VolumeResource:
    return VolumeResource(
        id=entry.text("Id"),
        name=entry.text("Name"),
        source=_absolute(data, "SourcePath"),
        destination=_absolute(data, "DestinationPath"),
    )


def _absolute(data: Node, key: str) -> str:
    path = data.text(key)
    if not path.startswith("/") or path.strip("/") == "" or ".." in path.split("/"):
        data.need(key).fail(f"{path} is not an absolute path below /")
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))


def _subscriptions(
    folder: Path, version: Node, functions: set[str]
) -> tuple[CoreSubscription, ...]:
    for key, kind in UNSUPPORTED.items():
        if version.get(key) is not None:
            version.need(key).fail(f"the embedded core has no {kind}", fix=f"leave out the {kind}")
    definition = _optional(folder, version, "SubscriptionDefinitionVersionArn")
    ends = functions | {CLOUD, SHADOW_SERVICE}
    entries = definition.each("Subscriptions") if definition else ()
    return tuple(_subscription(entry, ends) for entry in entries)


def _subscription(entry: Node, ends: set[str]) -> CoreSubscription:
    found = CoreSubscription(entry.text("Source"), entry.text("Subject"), entry.text("Target"))
    for key, end in (("Source", found.source), ("Target", found.target)):
        if end not in ends:
            entry.need(key).fail(f"{end} is neither a function of the group nor {CLOUD}")
    if problem := filter_problem(found.subject):
        entry.need("Subject").fail(problem)
    return found


def _loggers(definition: Node | None) -> tuple[CoreLogger, ...]:
    entries = definition.each("Loggers") if definition else ()
    return tuple(
        CoreLogger(e.text("Component"), e.text("Level"), e.text("Type"), e.number("Space", 128))
        for e in entries
    )


def _notes(definition: Node) -> Iterator[str]:
    for entry in definition.each("Functions"):
        if SYSTEM_FUNCTION.fullmatch(arn := entry.text("FunctionArn")):
            yield f"{arn} is a system function of a real core; the embedded core has none"
