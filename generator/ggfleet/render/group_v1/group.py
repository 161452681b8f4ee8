"""The whole of a V1 fleet: one group for each core, sharing the definitions of its platform."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping

from ggfleet.model import Core, Document, Fleet, Json, Manifest, Platform, Rendering
from ggfleet.render.group_v1 import lambda_function
from ggfleet.render.group_v1.calls import Request, calls_document, request
from ggfleet.render.group_v1.core import core_version
from ggfleet.render.group_v1.function import function_version
from ggfleet.render.group_v1.logger import logger_version
from ggfleet.render.group_v1.names import answer, core_folder, platform_folder, version_arn
from ggfleet.render.group_v1.notes import notes
from ggfleet.render.group_v1.resource import resource_version
from ggfleet.render.group_v1.subscription import subscription_version
from ggfleet.render.known import Known, resolve


def render_group_v1(fleet: Fleet, manifest: Manifest) -> Rendering:
    """The request bodies of the V1 API and of Lambda, and `calls.json`, the order of the calls.

    Raises `PendingError` naming every archive and certificate that is missing, and `GgfleetError`
    for a name that V1 does not take.
    """
    known = resolve(fleet, manifest)
    shared = {p.name: [*_definitions(fleet, p, known)] for p in fleet.used_platforms()}
    requests = [
        *(each for name in fleet.functions for each in _lambda_requests(fleet, name, known)),
        *(each for definitions in shared.values() for each in definitions),
        *(each for core in fleet.cores for each in _group(fleet, core, shared, known)),
    ]
    documents = tuple(each.document for each in requests)
    return Rendering((*documents, calls_document(requests)), tuple(notes(fleet)))


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


def _definitions(fleet: Fleet, platform: Platform, known: Known) -> Iterator[Request]:
    """The definitions that the cores of a platform share; one that would be empty is left out."""
    versions = {
        "Resource": resource_version(fleet, platform, known),
        "Function": function_version(fleet, platform),
        "Subscription": subscription_version(fleet, platform),
        "Logger": logger_version(fleet),
    }
    for kind, version in versions.items():
        if any(version.values()):
            body: Json = {"Name": f"{fleet.name}-{platform.name}", "InitialVersion": version}
            path = f"{platform_folder(platform)}/{kind.lower()}-definition.json"
            yield request(path, "greengrass", f"Create{kind}Definition", body)


def _group(
    fleet: Fleet, core: Core, shared: Mapping[str, list[Request]], known: Known
) -> Iterator[Request]:
    """The definition that is the core's own, and the group, whose version points at all of them."""
    folder, name = core_folder(core), f"{fleet.name}-{core.name}"
    body: Json = {"Name": name, "InitialVersion": core_version(fleet, core, known)}
    own = request(f"{folder}/core-definition.json", "greengrass", "CreateCoreDefinition", body)
    yield own
    pointers: Json = {
        f"{each.operation.removeprefix('Create')}VersionArn": version_arn(each.document.path)
        for each in (own, *shared[core.platform])
    }
    body = {"Name": name, "InitialVersion": pointers}
    yield request(f"{folder}/group.json", "greengrass", "CreateGroup", body)
