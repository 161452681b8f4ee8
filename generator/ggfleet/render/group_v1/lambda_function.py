"""Bodies for the Lambda service, which a V1 deployment takes functions from.

A function has one name and one alias for each platform. So the first platform creates it, and every
other one changes its configuration and code and publishes that as a further version.
"""

from __future__ import annotations

from ggfleet.model import Fleet, Function, Json, Part, Platform
from ggfleet.render.group_v1.names import lambda_name, partition
from ggfleet.render.known import Known

ARCHITECTURES = {"aarch64": "arm64", "x86_64": "x86_64"}
MEMORY_MB = (128, 10240)
"""What the Lambda service takes. A core goes by the group's MemorySize."""
NATIVE_RUNTIME = "arn:aws:greengrass:::runtime/function/executable"
"""What Lambda took for a function that Greengrass alone can run (V1 developer guide)."""

TIMEOUT_LIMIT = 900
"""Seconds; likewise."""

_CONFIGURATION = ("FunctionName", "Role", "Handler", "Runtime", "Timeout", "MemorySize")


def create_body(
    fleet: Fleet, function: Function, platform: Platform, known: Known
) -> dict[str, Json]:
    """CreateFunction: all that a core needs to know of a package, and what the service insists on.

    MemorySize is in MB here. Lambda has no 32-bit ARM, so Architectures is left out for it; a V1
    core ignores the field.
    """
    body: dict[str, Json] = {
        "FunctionName": lambda_name(fleet, function),
        "Runtime": runtime_of(function, platform),
        "Role": _role(fleet),
        "Handler": function.handler,
        "Code": {
            "S3Bucket": fleet.aws.bucket,
            "S3Key": known.key(Part.FUNCTION, function.name, platform),
        },
        "Timeout": min(function.timeout, TIMEOUT_LIMIT),
        "MemorySize": _megabytes(function.memory),
        "Publish": True,
        "PackageType": "Zip",
    }
    if platform.architecture in ARCHITECTURES:
        body["Architectures"] = [ARCHITECTURES[platform.architecture]]
    return body


def configuration_body(created: dict[str, Json]) -> dict[str, Json]:
    """UpdateFunctionConfiguration, from the platform's own CreateFunction."""
    return {name: created[name] for name in _CONFIGURATION}


def code_body(created: dict[str, Json]) -> dict[str, Json]:
    """UpdateFunctionCode, from the platform's own CreateFunction; it publishes the version."""
    code = created["Code"]
    assert isinstance(code, dict)
    body: dict[str, Json] = {"FunctionName": created["FunctionName"], **code}
    if "Architectures" in created:
        body["Architectures"] = created["Architectures"]
    return {**body, "Publish": True}


def alias_body(created: dict[str, Json], platform: Platform, version: str) -> dict[str, Json]:
    """CreateAlias; `version` is what the call before answers."""
    return {
        "FunctionName": created["FunctionName"],
        "Name": platform.name,
        "FunctionVersion": version,
    }


def runtime_of(function: Function, platform: Platform) -> str:
    """The platform's Python, for which packages are built.

    A function that overrides it with another Python on the core stays what it is at Lambda; one in
    another language is that there too.
    """
    if function.executable:
        return NATIVE_RUNTIME
    other = function.runtime and not function.runtime.startswith("python")
    return function.runtime if other else f"python{platform.python}"


def _role(fleet: Fleet) -> str:
    # CreateFunction insists on a role. Cores never assume it: functions have the group's there.
    return f"arn:{partition(fleet.aws.region)}:iam::{fleet.aws.account}:role/{fleet.name}-lambda"


def _megabytes(kilobytes: int) -> int:
    low, high = MEMORY_MB
    return min(max(-(-kilobytes // 1024), low), high)
