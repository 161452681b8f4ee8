"""The whole of a V1 fleet: one group for each core, sharing the definitions of its platform."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence

from ggfleet.model import ClientDevice, Core, Document, Fleet, Json, Manifest, Platform, Rendering
from ggfleet.render.group_v1 import lambda_function
from ggfleet.render.group_v1.bulk import bulk_deployment
from ggfleet.render.group_v1.calls import Request, calls_document, request
from ggfleet.render.group_v1.connector import connector_version
from ggfleet.render.group_v1.core import core_version
from ggfleet.render.group_v1.device import device_version
from ggfleet.render.group_v1.function import function_version
from ggfleet.render.group_v1.logger import logger_version
from ggfleet.render.group_v1.names import answer, core_folder, platform_folder, version_arn
from ggfleet.render.group_v1.notes import notes
from ggfleet.render.group_v1.resource import resource_version
from ggfleet.render.group_v1.subscription import Routes, routes, subscription_version
from ggfleet.render.known import Known, resolve

Definitions = Mapping[str, Request]
"""Requests that make definitions, by what they define: `Function`, `Resource`."""


def render_group_v1(fleet: Fleet, manifest: Manifest) -> Rendering:
    """The request bodies of the V1 API and of Lambda, and `calls.json`, the order of the calls.

    Raises `PendingError` naming every archive and certificate that is missing, and `GgfleetError`
    for a name that V1 does not take.
    """
    devices = _devices_of_cores(fleet)
    own = (device for each in devices.values() for device in each)
    known = resolve(fleet, manifest, dict.fromkeys(device.certificate_arn for device in own))
    shared = {p.name: dict(_shared(fleet, p, known)) for p in fleet.used_platforms()}
    paths = routes(fleet)
    groups = [
        each
        for core in fleet.cores
        for each in _group(fleet, core, devices.get(core.name, []), shared, paths, known)
    ]
    requests = [
        *(each for name in fleet.functions for each in _lambda_requests(fleet, name, known)),
        *(each for definitions in shared.values() for each in definitions.values()),
        *groups,
        *bulk_deployment(fleet),
    ]
    documents = tuple(each.document for each in requests)
    return Rendering((*documents, calls_document(requests)), tuple(notes(fleet)))


def _devices_of_cores(fleet: Fleet) -> dict[str, list[ClientDevice]]:
    """The client devices by the core that they reach, as the spec orders them."""
    found: dict[str, list[ClientDevice]] = {}
    there = {core.name for core in fleet.cores}
    for device in fleet.client_devices.values():
        for core in device.cores:
            if core in there:
                found.setdefault(core, []).append(device)
    return found


def _lambda_requests(fleet: Fleet, name: str, known: Known) -> Iterator[Request]:
    """For each platform: a version of the function, and the alias that names it."""
    function = fleet.functions[name]
    for index, platform in enumerate(fleet.used_platforms()):
        created = lambda_function.create_body(fleet, function, platform, known)
        published = yield from _publish(created, platform, name, first=index == 0)
        alias = lambda_function.alias_body(created, platform, answer(published, "Version"))
        path = f"{platform_folder(platform)}/lambda-alias/{name}.json"
        yield request(path, "lambda", "CreateAlias", alias)


def _publish(
    created: dict[str, Json], platform: Platform, name: str, *, first: bool
) -> Generator[Request, None, str]:
    """The calls that publish a version; returns the body whose answer has its number.

    Lambda refuses a change while an earlier one is under way, hence the waiters.
    """
    folder = platform_folder(platform)
    path = f"{folder}/lambda/{name}.json"
    if first:
        yield request(path, "lambda", "CreateFunction", created, wait="function_active_v2")
        return path
    yield Request(Document(path, created))
    configuration = lambda_function.configuration_body(created)
    path = f"{folder}/lambda-configuration/{name}.json"
    yield request(
        path, "lambda", "UpdateFunctionConfiguration", configuration, "function_updated_v2"
    )
    path = f"{folder}/lambda-code/{name}.json"
    code = lambda_function.code_body(created)
    yield request(path, "lambda", "UpdateFunctionCode", code, "function_updated_v2")
    return path


def _shared(fleet: Fleet, platform: Platform, known: Known) -> Iterator[tuple[str, Request]]:
    """The definitions that the cores of a platform share; one that would be empty is left out."""
    here = fleet.on(platform.name)
    versions = {
        "Resource": resource_version(here, platform, known),
        "Function": function_version(here, platform),
        "Connector": connector_version(here),
        "Subscription": subscription_version(fleet, platform),
        "Logger": logger_version(fleet),
    }
    for kind, version in versions.items():
        if any(version.values()):
            name = f"{fleet.name}-{platform.name}"
            yield kind, _definition(platform_folder(platform), kind, name, version)


def _definition(folder: str, kind: str, name: str, version: Json) -> Request:
    body: Json = {"Name": name, "InitialVersion": version}
    path = f"{folder}/{kind.lower()}-definition.json"
    return request(path, "greengrass", f"Create{kind}Definition", body)


def _group(
    fleet: Fleet,
    core: Core,
    devices: Sequence[ClientDevice],
    shared: Mapping[str, Definitions],
    paths: Routes,
    known: Known,
) -> Iterator[Request]:
    """The definitions that are the core's own, and the group, whose version points at all of them.

    Client devices make a definition of their own; subscriptions that name them make another.
    """
    folder, name = core_folder(core), f"{fleet.name}-{core.name}"
    own = {"Core": _definition(folder, "Core", name, core_version(fleet, core, known))}
    if devices:
        own["Device"] = _definition(folder, "Device", name, device_version(fleet, devices))
    if any(device.name in paths.of_device for device in devices):
        found = paths.of(devices)
        # One between two devices is not for a group that has only one of them.
        if len(found) > len(paths.common):
            version = subscription_version(fleet, fleet.platforms[core.platform], found)
            own["Subscription"] = _definition(folder, "Subscription", name, version)
    yield from own.values()
    pointers: Json = {
        f"{kind}DefinitionVersionArn": version_arn(each.document.path)
        for kind, each in {"Core": own["Core"], **shared[core.platform], **own}.items()
    }
    body: Json = {"Name": name, "InitialVersion": pointers}
    group = f"{folder}/group.json"
    yield request(group, "greengrass", "CreateGroup", body)
    if fleet.aws.group_role:
        role: Json = {"GroupId": answer(group, "Id"), "RoleArn": fleet.aws.group_role}
        yield request(f"{folder}/group-role.json", "greengrass", "AssociateRoleToGroup", role)
