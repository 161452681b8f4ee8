"""Kinds of a spec that V1 alone has: left out of V2, each with a note, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ggfleet.errors import GgfleetError
from ggfleet.model import (
    CLOUD,
    RESOURCE_OWNER,
    Access,
    Fleet,
    Function,
    FunctionDefaults,
    Note,
    Secret,
    SystemFunctions,
)
from ggfleet.render.v2.access import VAULT

CLIENT_DEVICES = "aws.greengrass.clientdevices"
SHADOWS = "aws.greengrass.ShadowManager"
STREAMS = "aws.greengrass.StreamManager"


def expressible(fleet: Fleet) -> Fleet:
    """The fleet without what no component of its own can stand for.

    Raises `GgfleetError` for functions that the adapter cannot run: it is Python's.
    """
    for function in fleet.functions.values():
        _refuse_other_languages(function)
    ends = {CLOUD, *fleet.functions}
    return replace(
        fleet,
        subscriptions=tuple(s for s in fleet.subscriptions if {s.source, s.target} <= ends),
        client_devices={},
        connectors={},
        function_defaults=FunctionDefaults(),
        system_functions=SystemFunctions(),
    )


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
    """What is left out of a whole fleet, kind by kind."""
    for function in fleet.functions.values():
        yield from _function(function)
    if fleet.aws.group_role:
        message = "is left out: components have the role that the device's role alias names"
        yield Note("aws.group_role", message)
    yield from _owners(fleet)
    yield from _defaults(fleet)
    yield from _beside(fleet)
    ends = {CLOUD, *fleet.functions}
    for index, each in enumerate(fleet.subscriptions):
        others = [end for end in (each.source, each.target) if end not in ends]
        if others:
            message = f"is left out: {' and '.join(others)} has no component of the fleet"
            yield Note(f"subscriptions[{index}]", message)


def _function(function: Function) -> Iterator[Note]:
    at = f"functions.{function.name}"
    if function.run_as is not None:
        message = "is left out: components run as the nucleus's default user (runWithDefault)"
        yield Note(f"{at}.run_as", message)
    if function.runtime:
        message = "is left out: the component is started with the platform's Python"
        yield Note(f"{at}.runtime", message)
    if function.exec_args:
        message = "is left out of the component: the adapter hands on no arguments"
        yield Note(f"{at}.exec_args", message)
    if function.access_sysfs:
        yield Note(f"{at}.access_sysfs", "is left out: components see the device's /sys anyway")
    written = {
        "libraries": [*function.library_access.values()],
        "models": [*function.model_access.values()],
    }
    for key, accesses in written.items():
        if Access.WRITE in accesses:
            yield Note(f"{at}.{key}", "`rw` is left out: files of other components are only read")


def _owners(fleet: Fleet) -> Iterator[Note]:
    for kind, parts in (("libraries", fleet.libraries), ("models", fleet.models)):
        for name, part in parts.items():
            if part.owner != RESOURCE_OWNER or part.permission is not Access.READ:
                message = "is left out: every component's user may read the files, none write them"
                yield Note(f"{kind}.{name}.owner", message)
    for name, resource in fleet.resources.items():
        if isinstance(resource, Secret) and resource.labels:
            message = f"is left out: {VAULT} is told no more than the secret"
            yield Note(f"resources.{name}.staging_labels", message)
        elif not isinstance(resource, Secret) and resource.owner:
            message = f"is left out: put the components' user into the group {resource.owner}"
            yield Note(f"resources.{name}.owner", message)


def _defaults(fleet: Fleet) -> Iterator[Note]:
    if fleet.function_defaults != FunctionDefaults():
        message = "is left out: components have no container, and the nucleus's default user"
        yield Note("function_defaults", message)


def _beside(fleet: Fleet) -> Iterator[Note]:
    """What runs beside functions. AWS has components for some; they are deployed by name."""
    found = {
        "client_devices": (
            fleet.client_devices,
            f"are left out: components {CLIENT_DEVICES}.* of the classic nucleus serve them, with "
            "a configuration of their own",
        ),
        "connectors": (
            fleet.connectors,
            "are left out: V2 has none; AWS has components that stand for some of them",
        ),
        "system_functions.ip_detector": (
            fleet.system_functions.ip_detector,
            f"is left out: name {CLIENT_DEVICES}.IPDetector in deployment.components (classic)",
        ),
        "system_functions.cloud_spooler": (
            fleet.system_functions.cloud_spooler,
            "is left out: the nucleus has its own `mqtt.spooler` configuration",
        ),
        "system_functions.stream_manager": (
            fleet.system_functions.stream_manager,
            f"is left out: name {STREAMS} in deployment.components (classic); its configuration "
            "is not rendered",
        ),
    }
    for path, (there, message) in found.items():
        if there:
            yield Note(path, message)
    if any(core.sync_shadow for core in fleet.cores) and SHADOWS not in fleet.deployment.components:
        message = f"is left out: {SHADOWS} keeps shadows (classic), with its own configuration"
        yield Note("cores.sync_shadow", message)
