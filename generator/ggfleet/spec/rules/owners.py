"""Owner groups of ML resources, which matter once a function without a container uses one."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import RESOURCE_OWNER, Access, Fleet, Function, Library, Model, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import (
    attached,
    attached_ml,
    identity,
    ml_resources,
    outside_containers,
)
from ggfleet.spec.rules.registry import V1, Finding, rule

RUN_AS = "ggc_group"
"""The Linux group that functions of a V1 core run as unless the core is told otherwise."""

_MODEL = "models:\n  digits: {{source: digits, version: 1.0.0, destination: /models, owner: {}}}\n"
_OTHER = "  other: {source: code, handler: function.handler, isolation: none, models: [digits]}\n"


def _owned(fleet: Fleet) -> list[tuple[str, Library | Model]]:
    """The ML resources whose owner a V1 group carries."""
    return [(at, each) for at, each in ml_resources(fleet) if outside_containers(fleet, each)]


@rule(
    "owner-shared",
    Severity.ERROR,
    V1,
    reason="V1: who has one ML resource of an owner group must have all of that group, because the "
    "group's members could read them all.",
    source=pages.ML_RESOURCES,
    fix="Attach the others too, or give them another `owner`.",
    example="models:\n  digits: {source: digits, version: 1.0.0, destination: /digits}\n"
    "  letters: {source: digits, version: 1.0.0, destination: /letters}\n"
    "functions:\n  one: {source: code, handler: function.handler, isolation: none, "
    "models: [digits]}\n  two: {source: code, handler: function.handler, isolation: none, "
    "models: [digits, letters]}\n",
)
def owner_groups_are_shared_wholly(fleet: Fleet) -> Iterator[Finding]:
    """V1: who has one ML resource of an owner group must have all of that group."""
    owned = [resource for _, resource in _owned(fleet)]
    for function in fleet.functions.values():
        has = attached(fleet, function)
        for resource in (r for r in owned if r in has):
            missing = [r.name for r in owned if r.owner == resource.owner and r not in has]
            if missing:
                key = "libraries" if isinstance(resource, Library) else "models"
                yield (
                    f"functions.{function.name}.{key}",
                    f"has {resource.name} of the owner group {resource.owner}, but not "
                    f"{', '.join(missing)} of the same group, which V1 refuses",
                    "attach them too, or give them another `owner`",
                )
                break


@rule(
    "owner-run-as",
    Severity.ERROR,
    V1,
    reason="A deployment fails when a function runs as the group that owns an ML resource and does "
    "not have that resource; one that runs as root is exempt. A function runs as its run_as says, "
    "else as function_defaults say, else as ggc_group. A group's name and its number are not "
    "known to be the same.",
    source=pages.ML_RESOURCES,
    fix="Choose an owner group that no function runs as, such as ggc_ml.",
    example=_MODEL.format("ggc_group") + "functions:\n" + _OTHER,
)
def nobody_runs_as_the_owner(fleet: Fleet) -> Iterator[Finding]:
    """The owner of an ML resource is not the group that other functions run as."""
    groups = {function.name: _group_of(fleet, function) for function in fleet.functions.values()}
    for at, resource in _owned(fleet):
        users = {function.name for function in fleet.users_of(resource)}
        owner = "0" if resource.owner == "root" else resource.owner
        others = [name for name, group in groups.items() if group == owner and name not in users]
        if others:
            yield (
                f"{at}.owner",
                f"is {resource.owner}, which {', '.join(others)} run as without having "
                f"{resource.name}",
                f"choose another group, such as {RESOURCE_OWNER}",
            )


def _group_of(fleet: Fleet, function: Function) -> str:
    """The name or number of the group that a function runs as; empty for root, who is exempt."""
    run_as = identity(fleet, function)
    if run_as.uid == 0:
        return ""
    return RUN_AS if run_as.gid is None else str(run_as.gid)


@rule(
    "owner-permission",
    Severity.ERROR,
    V1,
    reason="Once an ML resource has an owner, a container may do no more with it than the owner "
    "may: V1 refuses rw where the owner has ro.",
    source=f"{pages.ML_RESOURCES}; {pages.TROUBLESHOOTING}",
    fix="Write ro where the function names it, or give the owner rw.",
    example=_MODEL.format("ggc_ml") + "functions:\n  classify: {models: {digits: rw}}\n" + _OTHER,
)
def containers_do_no_more_than_the_owner(fleet: Fleet) -> Iterator[Finding]:
    """A container may do no more with an ML resource than its owner."""
    owned = {id(resource) for _, resource in _owned(fleet)}
    for function, at, resource in _written(fleet):
        if function.contained and id(resource) in owned:
            yield (
                at,
                f"may change {resource.name}, and its owner {resource.owner} may only read it, "
                "which V1 refuses",
                "write ro, or owner: {group: ..., permission: rw}",
            )


@rule(
    "owner-access",
    Severity.WARNING,
    V1,
    reason="A function without a container gets the rights of an ML resource's owner: V1 refuses a "
    "permission of its own, so the group leaves rw out.",
    source=f"{pages.ML_RESOURCES}; {pages.TROUBLESHOOTING}",
    fix="Give the owner rw, or write ro.",
    example=_MODEL.format("ggc_ml")
    + "functions:\n  other: {source: code, handler: function.handler, isolation: none, "
    "models: {digits: rw}}\n",
)
def processes_have_the_owners_rights(fleet: Fleet) -> Iterator[Finding]:
    """A function without a container may do with an ML resource what the owner may."""
    for function, at, resource in _written(fleet):
        if not function.contained:
            message = f"gets what {resource.owner} may, which is to read {resource.name}"
            yield at, message, "write ro, or owner: {group: ..., permission: rw}"


def _written(fleet: Fleet) -> Iterator[tuple[Function, str, Library | Model]]:
    """The ML resources that a function is to change, and their owners are not."""
    for function in fleet.functions.values():
        for resource in attached_ml(fleet, function):
            kind = "libraries" if isinstance(resource, Library) else "models"
            access = function.library_access if kind == "libraries" else function.model_access
            write = access.get(resource.name) is Access.WRITE
            if write and resource.permission is not Access.WRITE:
                yield function, f"functions.{function.name}.{kind}.{resource.name}", resource


@rule(
    "owner-root",
    Severity.WARNING,
    V1,
    reason="Files of an ML resource that root's group owns cannot be read by a function without a "
    "container, which runs as ggc_user.",
    source=pages.ML_RESOURCES,
    fix="Choose the group that the functions share, such as ggc_ml.",
    example=_MODEL.format("root") + "functions:\n" + _OTHER,
)
def the_owner_is_not_root(fleet: Fleet) -> Iterator[Finding]:
    """The owner of an ML resource is a group that functions can be in."""
    for at, resource in _owned(fleet):
        if resource.owner in ("root", "0"):
            message = f"is {resource.owner}, whose files a function without a container cannot read"
            yield f"{at}.owner", message, f"choose another group, such as {RESOURCE_OWNER}"


@rule(
    "owner-missing",
    Severity.NOTE,
    V1,
    reason="The group that owns an ML resource has to exist on the core before the deployment. The "
    "playbooks make ggc_ml (greengrass_host_ml_group) and no other.",
    source=pages.ML_RESOURCES,
    fix="Make the group on the devices, or set greengrass_host_ml_group in the inventory.",
    example=_MODEL.format("ggc_models") + "functions:\n" + _OTHER,
)
def owners_are_made(fleet: Fleet) -> Iterator[Finding]:
    """Another owner group than ggc_ml has to be made on the device."""
    for at, resource in _owned(fleet):
        if resource.owner not in (RESOURCE_OWNER, RUN_AS, "root", "0"):
            yield (
                f"{at}.owner",
                f"is {resource.owner}, which the playbooks do not make on a device",
                "make it there, or set greengrass_host_ml_group in the inventory",
            )


@rule(
    "owner-ignored",
    Severity.NOTE,
    V1,
    reason="Where only containers use an ML resource V1 discourages an owner, and the group "
    "carries none: a container reads the files through its mount.",
    source=pages.ML_RESOURCES,
    fix="Remove `owner`.",
    example=_MODEL.format("ggc_models") + "functions:\n  classify: {models: [digits]}\n",
)
def owners_are_used(fleet: Fleet) -> Iterator[Finding]:
    """An owner is left out where only containers use the ML resource."""
    for at, resource in ml_resources(fleet):
        only_contained = fleet.users_of(resource) and not outside_containers(fleet, resource)
        if only_contained and resource.owner != RESOURCE_OWNER:
            message = "is left out of the group, because only containers use it"
            yield f"{at}.owner", message, "remove it"
