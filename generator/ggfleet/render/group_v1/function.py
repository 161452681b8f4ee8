"""FunctionDefinitionVersion: how a core runs each function, and what it may reach."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Access, Fleet, Function, Install, Json, Library, Model, Platform, Secret
from ggfleet.render.group_v1.names import element_id, function_arn
from ggfleet.render.group_v1.resource import resource_id

PYTHONPATH = "PYTHONPATH"


def function_version(fleet: Fleet, platform: Platform) -> dict[str, Json]:
    """All functions of the fleet; each says its isolation itself, so there is no DefaultConfig."""
    return {"Functions": [_function(fleet, each, platform) for each in fleet.functions.values()]}


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
    values: dict[str, Json] = {"EncodingType": "json", "Pinned": function.pinned}
    if function.contained:
        values["MemorySize"] = function.memory
    values["Timeout"] = function.timeout
    values["Environment"] = _environment(fleet, function)
    return values


def _environment(fleet: Fleet, function: Function) -> dict[str, Json]:
    """RunAs is left out: the core's own default (ggc_user, ggc_group) holds."""
    mode = "GreengrassContainer" if function.contained else "NoContainer"
    values: dict[str, Json] = {"Execution": {"IsolationMode": mode}}
    if function.contained:
        values["AccessSysfs"] = False
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
    models = (fleet.models[name] for name in function.models)
    attached: list[Library | Model] = [*libraries, *models]
    for resource in attached:
        policy: dict[str, Json] = {"ResourceId": resource_id(resource)}
        if function.contained:
            policy["Permission"] = "ro"
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
    places = [library.destination for library in libraries] if function.contained else []
    if places:
        own = function.environment.get(PYTHONPATH)
        values[PYTHONPATH] = ":".join([*places, own] if own else places)
    return values
