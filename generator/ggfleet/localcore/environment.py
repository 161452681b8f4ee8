"""What a function sees: its environment variables, and where its ML resources are.

In a container resources stand at their destination and AWS_GG_RESOURCE_PREFIX is `/`. Without one
the prefix is a folder of the function's own with symlinks. Where no mount namespace can be had,
containers are *relocated*: run like functions without a container, and entries of PYTHONPATH below
a destination are rewritten to the unpacked tree.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from ggfleet.errors import CoreError
from ggfleet.localcore import daemon
from ggfleet.localcore.deployment import CoreDeployment, CoreFunction
from ggfleet.localcore.layout import Layout

INHERITED = ("PATH", "HOME", "LANG", "http_proxy", "https_proxy", "no_proxy")
"""Besides these (and the proxy variables in capitals) nothing of the user's environment is seen."""

INTERFACE_VERSION = "1.5"
MOUNT_ROOT = "root"


class IsolationMode(StrEnum):
    """How functions that ask for a container run."""

    MOUNT_NAMESPACE = "mount-namespace"
    RELOCATED = "relocated"


@dataclass(frozen=True)
class Bind:
    """A folder of the host that the function sees at `target`."""

    source: Path
    target: str
    read_only: bool


@dataclass(frozen=True)
class Surroundings:
    """What one function's process is started with.

    `root` is the folder for the new root, None for no namespace; `links` are symlinks to make,
    by path below the function's own folder.
    """

    variables: Mapping[str, str]
    work: Path
    root: Path | None
    binds: tuple[Bind, ...]
    links: Mapping[str, Path]


def surroundings(
    deployment: CoreDeployment,
    function: CoreFunction,
    trees: Mapping[str, Path],
    layout: Layout,
    mode: IsolationMode,
    inherit: Mapping[str, str],
) -> Surroundings:
    """Plan a function's surroundings. `trees` are unpacked ML resources by id."""
    places = _places(deployment, function, trees)
    _refuse_nested(function, tuple(places))
    work = layout.work(function.arn)
    spaced = function.contained and mode is IsolationMode.MOUNT_NAMESPACE
    own = dict(function.variables)
    if function.contained and not spaced and "PYTHONPATH" in own:
        own["PYTHONPATH"] = relocate(own["PYTHONPATH"], places)
    prefix = "/" if spaced else str(work)
    variables = {
        **inherited(inherit),
        **own,
        **_of_core(deployment, function),
        "AWS_GG_RESOURCE_PREFIX": prefix,
    }
    if not spaced:
        return Surroundings(variables, work, None, (), places)
    binds = tuple(Bind(tree, place, read_only=True) for place, tree in places.items())
    volumes = _volumes(deployment, function)
    return Surroundings(variables, work, work / MOUNT_ROOT, binds + volumes, {})


def left_out(
    deployment: CoreDeployment, function: CoreFunction, mode: IsolationMode
) -> Iterator[str]:
    """What the function asks for and does not get here, in words."""
    resources = {r.id for r in deployment.resources}
    for policy in function.policies:
        if policy.resource in resources and policy.permission == "rw":
            yield f"{function.name}: {policy.resource} is read-only on the embedded core"
    if mode is IsolationMode.RELOCATED:
        for volume in deployment.volumes_of(function):
            yield f"{function.name}: {volume.destination} is not there without a mount namespace"


def _places(
    deployment: CoreDeployment, function: CoreFunction, trees: Mapping[str, Path]
) -> dict[str, Path]:
    return {r.destination: trees[r.id] for r in deployment.resources_of(function)}


def _volumes(deployment: CoreDeployment, function: CoreFunction) -> tuple[Bind, ...]:
    allowed = {policy.resource: policy.permission for policy in function.policies}
    return tuple(
        Bind(Path(v.source), v.destination, read_only=allowed[v.id] != "rw")
        for v in deployment.volumes_of(function)
    )


def _refuse_nested(function: CoreFunction, places: tuple[str, ...]) -> None:
    for outer in places:
        for inner in places:
            if inner != outer and PurePosixPath(inner).is_relative_to(outer):
                raise CoreError(
                    f"{function.name}: destination {inner} lies within {outer}",
                    fix="give ML resources destinations that do not lie within each other",
                )


def relocate(python_path: str, places: Mapping[str, Path]) -> str:
    """PYTHONPATH with each entry below a destination turned to the unpacked tree."""
    return os.pathsep.join(_relocated(entry, places) for entry in python_path.split(os.pathsep))


def _relocated(entry: str, places: Mapping[str, Path]) -> str:
    path = PurePosixPath(entry)
    for destination, tree in places.items():
        if path.is_relative_to(destination):
            return str(tree / path.relative_to(destination))
    return entry


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """What a process is let see of the environment of whoever runs ggfleet."""
    names = {*INHERITED, *(name.upper() for name in INHERITED)}
    return {name: value for name, value in environment.items() if name in names}


def _of_core(deployment: CoreDeployment, function: CoreFunction) -> dict[str, str]:
    """What a core sets for every function. Ports and tokens come when a process starts.

    A group's id is AWS's to give; this one is made from the thing, so that it stays the same.
    """
    return {
        "MY_FUNCTION_ARN": function.arn,
        "SHADOW_FUNCTION_ARN": daemon.SHADOW,
        "ROUTER_FUNCTION_ARN": daemon.ROUTER,
        "SECRETS_MANAGER_FUNCTION_ARN": daemon.SECRETS,
        "ENCODING_TYPE": function.encoding,
        "GGC_MAX_INTERFACE_VERSION": INTERFACE_VERSION,
        "GROUP_ID": str(uuid.uuid5(uuid.NAMESPACE_URL, deployment.thing_arn)),
        "AWS_GREENGRASS_GROUP_NAME": deployment.group,
        "AWS_IOT_THING_NAME": deployment.thing_name,
        "AWS_IOT_THING_ARN": deployment.thing_arn,
    }


def of_process(port: int, token: str) -> dict[str, str]:
    """What differs from process to process."""
    return {
        "GG_DAEMON_PORT": str(port),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://localhost:{port}{daemon.CREDENTIALS}",
    }


def make_links(place: Surroundings) -> None:
    """Make the function's own folder with its symlinks, or the folder for its new root."""
    place.work.mkdir(parents=True)
    for destination, tree in place.links.items():
        link = place.work / destination.strip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(tree)
    if place.root is not None:
        place.root.mkdir()
