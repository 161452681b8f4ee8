"""FunctionDefinitionVersion: how a core runs each function, and what it may reach."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import (
    Access,
    Fleet,
    Function,
    Install,
    Isolation,
    Json,
    Library,
    Model,
    Platform,
    RunAs,
    Secret,
)
from ggfleet.render.group_v1.names import element_id, function_arn
from ggfleet.render.group_v1.resource import resource_id
from ggfleet.render.group_v1.system_function import system_functions

PYTHONPATH = "PYTHONPATH"
ISOLATION = {Isolation.CONTAINER: "GreengrassContainer", Isolation.NONE: "NoContainer"}


def function_version(fleet: Fleet, platform: Platform) -> dict[str, Json]:
    """All functions of the fleet, after the core's own.

    Each of the fleet's says its isolation itself; the group's default is for the core's own, and
    for user and group where a function names none.
    """
    own = (_function(fleet, each, platform) for each in fleet.functions.values())
    listed = [*system_functions(fleet), *own]
    functions: dict[str, Json] = {"Functions": listed}
    default = _execution(fleet.function_defaults.isolation, fleet.function_defaults.run_as)
    # A definition without functions is not made, and a default alone would make one.
    return (
        {"DefaultConfig": {"Execution": default}, **functions} if default and listed else functions
    )


def _execution(isolation: Isolation | None, run_as: RunAs | None) -> dict[str, Json]:
    values: dict[str, Json] = {}
    if isolation is not None:
        values["IsolationMode"] = ISOLATION[isolation]
    if run_as is not None:
        ids = {"Uid": run_as.uid, "Gid": run_as.gid}
        values["RunAs"] = {key: each for key, each in ids.items() if each is not None}
    return values


def _function(fleet: Fleet, function: Function, platform: Platform) -> dict[str, Json]:
    return {
        "Id": element_id(function.name, "the function name"),
        "FunctionArn": function_arn(fleet, function, platform),
        "FunctionConfiguration": _configuration(fleet, function),
    }


def _configuration(fleet: Fleet, function: Function) -> dict[str, Json]:
    """MemorySize in KB, Timeout in seconds.

    The service refuses a containerised function without MemorySize and any other with it.
    """
    values: dict[str, Json] = {"EncodingType": str(function.encoding), "Pinned": function.pinned}
    words = {
        "Executable": function.executable,
        "ExecArgs": function.exec_args,
        "FunctionRuntimeOverride": function.runtime,
    }
    values.update({key: word for key, word in words.items() if word})
    if function.contained:
        values["MemorySize"] = function.memory
    values["Timeout"] = function.timeout
    values["Environment"] = _environment(fleet, function)
    return values


def _environment(fleet: Fleet, function: Function) -> dict[str, Json]:
    """Without RunAs the group's default holds, else the core's own (ggc_user, ggc_group)."""
    execution = _execution(function.isolation, function.run_as)
    values: dict[str, Json] = {"Execution": execution}
    if function.contained:  # the service refuses it elsewhere
        values["AccessSysfs"] = function.access_sysfs
    policies = [*_ml_policies(fleet, function), *_local_policies(fleet, function)]
    if policies:
        values["ResourceAccessPolicies"] = policies
    variables = _variables(fleet, function)
    if variables:
        values["Variables"] = variables
    return values


def _ml_policies(fleet: Fleet, function: Function) -> Iterator[dict[str, Json]]:
    """A container mounts an ML resource with a permission.

    Without one the Linux group of the resource's OwnerSetting decides, and the service refuses a
    Permission.
    """
    libraries = fleet.libraries_of(function, Install.ML_RESOURCE)
    attached: list[tuple[Library | Model, Access | None]] = [
        *((library, function.library_access.get(library.name)) for library in libraries),
        *((fleet.models[name], function.model_access.get(name)) for name in function.models),
    ]
    for resource, access in attached:
        policy: dict[str, Json] = {"ResourceId": resource_id(resource)}
        if function.contained:
            policy["Permission"] = str(access or Access.READ)
        yield policy


def _local_policies(fleet: Fleet, function: Function) -> Iterator[dict[str, Json]]:
    for name, access in function.resources.items():
        resource = fleet.resources[name]
        is_secret = isinstance(resource, Secret)
        # The spec's check refuses it first (rule local_resources_need_a_container).
        assert is_secret or function.contained, f"{function.name} has {name} without a container"
        permission = Access.READ if is_secret else access  # the service takes no other for secrets
        yield {"ResourceId": resource_id(resource), "Permission": str(permission)}


def _variables(fleet: Fleet, function: Function) -> dict[str, Json]:
    """The spec's environment, with the function's ML libraries first on PYTHONPATH.

    In a container an ML resource is mounted at its destination, so the path is known here. Without
    one it lies below AWS_GG_RESOURCE_PREFIX, a folder that the core chooses when it starts the
    process, so there is no path to write: the function has to extend `sys.path` itself.
    """
    values: dict[str, Json] = dict(function.environment)
    libraries = fleet.libraries_of(function, Install.ML_RESOURCE)
    finds = function.contained and not function.executable
    places = [library.place for library in libraries] if finds else []
    if places:
        own = function.environment.get(PYTHONPATH)
        values[PYTHONPATH] = ":".join([*places, own] if own else places)
    return values
