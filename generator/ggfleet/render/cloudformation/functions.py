"""Lambda functions: one for each function and platform, with the platform as its alias."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from ggfleet.errors import GgfleetError
from ggfleet.model import Fleet, Function, Json, Platform
from ggfleet.model import Part as Archived
from ggfleet.render.cloudformation.template import (
    SERVERLESS,
    Part,
    attribute,
    logical_id,
    ref,
    resource,
)
from ggfleet.render.group_v1.lambda_function import create_body
from ggfleet.render.group_v1.names import LAMBDA_NAME_LIMIT, function_arn, lambda_name
from ggfleet.render.known import Known

BUCKET = "ArchiveBucket"
LAMBDA_ROLE = "LambdaRole"

_TAKEN_OVER = ("Runtime", "Handler", "Timeout", "MemorySize", "Architectures")


def functions_part(fleet: Fleet, known: Known) -> Part:
    """Every function for every platform that has cores."""
    pairs = list(_pairs(fleet))
    _refuse_alike(fleet, pairs)
    return Part({_id(f, p): _function(fleet, f, p, known) for f, p in pairs})


def function_links(fleet: Fleet) -> dict[str, Json]:
    """What stands in a template for the ARNs of `group-v1`: the version that SAM publishes.

    A version and not the alias: the text of an alias's ARN never changes, so CloudFormation would
    see nothing to do when code moves, and a group version would not say what it deploys.
    """
    return {
        function_arn(fleet, function, platform): ref(f"{_id(function, platform)}.Version")
        for function, platform in _pairs(fleet)
    }


def deployed_name(fleet: Fleet, function: Function, platform: Platform) -> str:
    """The function's name in Lambda.

    CloudFormation publishes the code that a function has at the time, so one function cannot hold
    the versions of several platforms side by side, as it does in `group-v1`.
    """
    name = f"{lambda_name(fleet, function)}-{platform.name}"
    if len(name) > LAMBDA_NAME_LIMIT:
        raise GgfleetError(
            f"the Lambda function name {name} has {len(name)} characters, "
            f"and Lambda takes {LAMBDA_NAME_LIMIT}",
            fix=f"shorten the name of the fleet, of functions.{function.name} or of "
            f"platforms.{platform.name}",
        )
    return name


def _pairs(fleet: Fleet) -> Iterator[tuple[Function, Platform]]:
    for platform in fleet.used_platforms():
        for function in fleet.functions.values():
            yield function, platform


def _refuse_alike(fleet: Fleet, pairs: Iterable[tuple[Function, Platform]]) -> None:
    """Names may hold hyphens, so that function a-b on c and function a on b-c are alike."""
    taken: dict[str, str] = {}
    for function, platform in pairs:
        name, who = deployed_name(fleet, function, platform), f"{function.name} on {platform.name}"
        if name in taken:
            raise GgfleetError(
                f"{taken[name]} and {who} would both be the Lambda function {name}",
                fix="rename the function or the platform of one",
            )
        taken[name] = who


def _id(function: Function, platform: Platform) -> str:
    # Names hold no slash, so that no two pairs are alike.
    return logical_id("Function", f"{function.name}/{platform.name}")


def _function(fleet: Fleet, function: Function, platform: Platform, known: Known) -> Json:
    body = create_body(fleet, function, platform, known)
    properties: dict[str, Json] = {
        "FunctionName": deployed_name(fleet, function, platform),
        "AutoPublishAlias": platform.name,
        "AutoPublishCodeSha256": _code_digest(function, platform, known, body),
        "CodeUri": {
            "Bucket": ref(BUCKET),
            "Key": known.key(Archived.FUNCTION, function.name, platform),
        },
        "Role": attribute(LAMBDA_ROLE, "Arn"),
        **{name: body[name] for name in _TAKEN_OVER if name in body},
    }
    return resource(SERVERLESS, properties)


def _code_digest(
    function: Function, platform: Platform, known: Known, body: dict[str, Json]
) -> str:
    """Changes when, and only when, a core gets something else: SAM publishes a version then.

    That is the unpacked content of the package, and the handler and runtime, which a core takes
    from the version too. SAM's own choice, the location of the package, misses a changed handler
    and publishes anew when a bucket is moved.
    """
    archive = known.archives[Archived.FUNCTION, function.name, platform.name]
    content = "\n".join([archive.tree_sha256, str(body["Handler"]), str(body["Runtime"])])
    return hashlib.sha256(content.encode()).hexdigest()
