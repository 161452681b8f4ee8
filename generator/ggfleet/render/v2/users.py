"""Which Linux user a component runs as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ggfleet.model import Fleet, Function, Note, Nucleus, Platform, RunAs
from ggfleet.render.v2.aws import LITE, NUCLEUS, Addition

ROOT_ID = 0


def run_as_of(fleet: Fleet, function: Function) -> RunAs:
    """What a function says, and what the group's defaults say where it does not."""
    own, default = function.run_as or RunAs(), fleet.function_defaults.run_as or RunAs()
    return RunAs(
        default.uid if own.uid is None else own.uid, default.gid if own.gid is None else own.gid
    )


def is_root(fleet: Fleet, function: Function) -> bool:
    """Whether the run step asks for privilege: that is how both nuclei give root to one step."""
    return run_as_of(fleet, function).uid == ROOT_ID


def posix_user(fleet: Fleet, function: Function) -> str:
    """`user` or `user:group` of a deployment's `runWith`, as numbers; empty where none is said.

    The classic nucleus takes ids for names, and a group with a user alone (UnixPlatform.lookupUser
    and UnixRunWithGenerator of nucleus 2.18).
    """
    run_as = run_as_of(fleet, function)
    if not run_as.uid:
        return ""
    return str(run_as.uid) if run_as.gid is None else f"{run_as.uid}:{run_as.gid}"


def default_user(fleet: Fleet, nucleus: Nucleus) -> dict[str, Addition]:
    """The nucleus's own setting for components that nothing is said of."""
    if not fleet.components.user:
        return {}
    merge = {"runWithDefault": {"posixUser": fleet.components.user}}
    return {LITE if nucleus is Nucleus.LITE else NUCLEUS: Addition(merge)}


def user_notes(fleet: Fleet, on: Mapping[Nucleus, Sequence[Platform]]) -> Iterator[Note]:
    """What becomes of users, function by function, and of the user of all components."""
    on_lite = on[Nucleus.LITE]
    for nucleus, platforms in on.items():
        (name,) = default_user(fleet, nucleus) or ("",)
        if name and platforms and name not in fleet.deployment.components:
            message = (
                f"is left out: name the version of {name} that your cores run in "
                "deployment.components"
            )
            yield Note("components.user", message)
    for function in fleet.functions.values():
        run_as = run_as_of(fleet, function)
        at = f"functions.{function.name}.run_as"
        if run_as.uid == ROOT_ID:
            message = "becomes RequiresPrivilege of the run step: root, with root's own group"
            yield Note(at, message, hint=True)
        elif run_as.uid is None and run_as.gid is not None:
            yield Note(at, "is left out: V2 takes a group beside a user alone")
        elif run_as.uid is not None:
            yield Note(at, _told(on_lite), hint=not on_lite)


def _told(on_lite: Sequence[Platform]) -> str:
    message = "becomes runWith.posixUser in the deployment, which the classic nucleus alone takes"
    if not on_lite:
        return message
    names = ", ".join(each.name for each in on_lite)
    return (
        f"{message}; on {names} it is left out: nucleus lite has one user for all components, by "
        "name (components.user)"
    )
