"""What a nucleus serves of a fleet, and notes on all that V1 has and V2 leaves out or changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ggfleet.errors import GgfleetError
from ggfleet.model import (
    CLOUD,
    RESOURCE_OWNER,
    SHADOW,
    Access,
    Fleet,
    Function,
    Isolation,
    Library,
    Model,
    Note,
    Nucleus,
    Platform,
    Secret,
    SystemFunctions,
)
from ggfleet.render.v2.aws import SHADOWS
from ggfleet.render.v2.clients import client_notes
from ggfleet.render.v2.connectors import bound_connectors, connector_notes, why_unserved
from ggfleet.render.v2.logs import log_notes
from ggfleet.render.v2.shadows import uses_shadows
from ggfleet.render.v2.system import system_notes
from ggfleet.render.v2.users import user_notes

Platforms = Mapping[Nucleus, Sequence[Platform]]


def served(fleet: Fleet, nucleus: Nucleus) -> Fleet:
    """The fleet with what the nucleus serves, by components of AWS's where V2 has any.

    Nucleus lite has none of them: no client devices, shadows, secrets, streams or connectors.
    """
    if nucleus is Nucleus.CLASSIC:
        bound = [each for each in fleet.subscriptions if not why_unserved(fleet, each)]
        return replace(fleet, subscriptions=tuple(bound))
    ends = {CLOUD, *fleet.functions}
    return replace(
        fleet,
        subscriptions=tuple(s for s in fleet.subscriptions if {s.source, s.target} <= ends),
        functions={name: _open(fleet, each) for name, each in fleet.functions.items()},
        client_devices={},
        connectors={},
        system_functions=SystemFunctions(),
    )


def _open(fleet: Fleet, function: Function) -> Function:
    """The function without its secrets."""
    resources = {
        name: access
        for name, access in function.resources.items()
        if not isinstance(fleet.resources.get(name), Secret)
    }
    return replace(function, resources=resources)


def expressible(fleet: Fleet, nucleus: Nucleus = Nucleus.CLASSIC) -> Fleet:
    """What the fleet's own components stand for.

    Raises `GgfleetError` for functions that the adapter cannot run: it is Python's.
    """
    for function in fleet.functions.values():
        _refuse_other_languages(function)
    here = served(fleet, nucleus)
    return replace(here, connectors=bound_connectors(here))


def _refuse_other_languages(function: Function) -> None:
    if not function.in_python:
        what = f"for {function.runtime}" if function.runtime else "a native executable"
        raise GgfleetError(
            f"functions.{function.name} is {what}, and the adapter that runs functions as "
            "components is Python's",
            fix="write a component for it by hand, and render the other functions from a spec "
            "without it",
        )


def v1_notes(fleet: Fleet) -> Iterator[Note]:
    """What is left out or changed of a whole fleet, kind by kind."""
    on = {nucleus: fleet.platforms_of(nucleus) for nucleus in Nucleus}
    for function in fleet.functions.values():
        yield from _function(fleet, function)
    if fleet.aws.group_role:
        message = "is left out: components have the role that the device's role alias names"
        yield Note("aws.group_role", message)
    yield from user_notes(fleet, on)
    yield from _owners(fleet)
    yield from log_notes(fleet, on)
    if on[Nucleus.CLASSIC]:
        yield from _classic(fleet)
    if on[Nucleus.LITE]:
        yield from _lite(fleet, ", ".join(each.name for each in on[Nucleus.LITE]))


def _function(fleet: Fleet, function: Function) -> Iterator[Note]:
    at = f"functions.{function.name}"
    if function.runtime:
        message = "is left out: the component is started with the platform's Python"
        same = {f"python{each.python}" for each in fleet.used_platforms()} == {function.runtime}
        yield Note(f"{at}.runtime", message, hint=same)
    if function.exec_args:
        message = "is left out of the component: the adapter hands on no arguments"
        yield Note(f"{at}.exec_args", message)
    if function.access_sysfs:
        message = "is left out: components see the device's /sys anyway"
        yield Note(f"{at}.access_sysfs", message, hint=True)
    written = {
        "libraries": [*function.library_access.values()],
        "models": [*function.model_access.values()],
    }
    for key, accesses in written.items():
        if Access.WRITE in accesses:
            yield Note(f"{at}.{key}", "`rw` is left out: files of other components are only read")


def _owners(fleet: Fleet) -> Iterator[Note]:
    parts: list[Library | Model] = [*fleet.libraries.values(), *fleet.models.values()]
    for part in parts:
        if part.owner != RESOURCE_OWNER or part.permission is not Access.READ:
            message = "is left out: every component's user may read the files, none write them"
            yield Note(f"{part.path}.owner", message)
    for name, resource in fleet.resources.items():
        if not isinstance(resource, Secret) and resource.owner:
            message = f"is left out: put the components' user into the group {resource.owner}"
            yield Note(f"resources.{name}.owner", message)
    if isolation := fleet.function_defaults.isolation:
        message = "is left out: components have no container"
        hint = isolation is Isolation.NONE
        yield Note("function_defaults.isolation", message, hint=hint)


def _classic(fleet: Fleet) -> Iterator[Note]:
    """What AWS's components make otherwise, and what they do not."""
    yield from client_notes(fleet)
    yield from connector_notes(fleet)
    yield from system_notes(fleet)
    for index, each in enumerate(fleet.subscriptions):
        if why := why_unserved(fleet, each):
            yield Note(f"subscriptions[{index}]", f"is left out: {why}")
    yield from _shadows(fleet)


def _shadows(fleet: Fleet) -> Iterator[Note]:
    at = "cores.sync_shadow"
    if uses_shadows(fleet, fleet.client_devices.values()):
        in_aws = (
            "the cores' IoT policy needs iot:GetThingShadow, UpdateThingShadow and "
            "DeleteThingShadow for the shadows that are kept the same in the cloud"
        )
        yield Note(at, f"becomes {SHADOWS}", in_aws, hint=True)
    elif SHADOWS not in fleet.deployment.components and any(c.sync_shadow for c in fleet.cores):
        message = f"is left out: nothing on the cores uses shadows, which {SHADOWS} would keep"
        yield Note(at, message, hint=True)
    for platform in fleet.used_platforms():
        flags = {core.sync_shadow for core in fleet.cores if core.platform == platform.name}
        if len(flags) > 1:
            yield Note(at, f"holds for all cores of {platform.name}, which share a deployment")


def _lite(fleet: Fleet, platforms: str) -> Iterator[Note]:
    """Whole kinds that nucleus lite lacks."""
    why = f"{{}} left out on {platforms}: nucleus lite has nothing for it"
    system = fleet.system_functions
    for path, there in (
        ("client_devices", fleet.client_devices),
        ("connectors", fleet.connectors),
        ("system_functions.ip_detector", system.ip_detector),
        ("system_functions.cloud_spooler", system.cloud_spooler),
        ("system_functions.stream_manager", system.stream_manager),
    ):
        if there:
            yield Note(path, why.format("are" if path.endswith("s") else "is"))
    why = why.format("is")
    ends = {CLOUD, *fleet.functions}
    for index, each in enumerate(fleet.subscriptions):
        others = [end for end in (each.source, each.target) if end not in ends]
        if others:
            yield Note(f"subscriptions[{index}]", f"{why} ({' and '.join(others)})")
    if SHADOW in {end for each in fleet.subscriptions for end in (each.source, each.target)}:
        yield Note("cores.sync_shadow", why)
    secrets = [
        name
        for name, each in fleet.resources.items()
        if isinstance(each, Secret) and name in fleet.used_resources()
    ]
    for name in secrets:
        yield Note(f"resources.{name}", why)
