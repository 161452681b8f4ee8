"""Names, ids and ARNs of a V1 group. All follow from the spec's names alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ggfleet.errors import GgfleetError
from ggfleet.model import Core, Fleet, Function, Platform

ID = re.compile(r"[A-Za-z0-9:_-]{1,128}")
"""What the API's own field texts say of every element's Id and of a resource's Name."""

LAMBDA_NAME_LIMIT = 64
"""Characters of a Lambda function's name (CreateFunction, FunctionName)."""

FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def element_id(text: str, what: str) -> str:
    """`text`, if it can be the Id of an element; `what` tells the user what it is."""
    if not ID.fullmatch(text):
        raise GgfleetError(
            f"{what} cannot be the id {text!r} in a V1 group",
            fix="use at most 128 of the characters a-z, A-Z, 0-9, :, _ and -",
        )
    return text


def refuse_repeated(kind: str, ids: Iterable[str]) -> None:
    """Refuse two elements of one definition with the same id."""
    repeated = [each for each, count in Counter(ids).items() if count > 1]
    if repeated:
        raise GgfleetError(f"two {kind} have the id {repeated[0]}", fix="remove one of them")


def core_folder(core: Core) -> str:
    """The folder of a core's documents. A host name must not lead out of the output folder."""
    if not FOLDER.fullmatch(core.name):
        raise GgfleetError(
            f"the host name {core.name!r} cannot be the name of a folder",
            fix="use letters, digits, dots, _ and - in the inventory",
        )
    return f"cores/{core.name}"


def platform_folder(platform: Platform) -> str:
    """The folder of a platform's documents."""
    return f"platforms/{platform.name}"


def partition(region: str) -> str:
    """The first part of an ARN: V1 existed in AWS's commercial, Chinese and GovCloud Regions."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def arn(fleet: Fleet, service: str, resource: str) -> str:
    """The ARN of something in the fleet's account and Region."""
    aws = fleet.aws
    return f"arn:{partition(aws.region)}:{service}:{aws.region}:{aws.account}:{resource}"


def lambda_name(fleet: Fleet, function: Function) -> str:
    """The name of a function in the Lambda service, which holds those of other fleets too."""
    return f"{fleet.name}-{function.name}"


def function_arn(fleet: Fleet, function: Function, platform: Platform) -> str:
    """The qualified ARN. Its alias is the platform; V1 resolves it when a group is deployed.

    V1 takes no unqualified ARN and no `$LATEST`, and wants the same text in subscriptions.
    """
    return arn(fleet, "lambda", f"function:{lambda_name(fleet, function)}:{platform.name}")


def archive_uri(fleet: Fleet, key: str) -> str:
    """Where an archive will lie."""
    return f"s3://{fleet.aws.bucket}/{key}"


def archive_prefix(fleet: Fleet) -> str:
    """What the keys of all of a fleet's archives begin with."""
    return f"ggfleet/{fleet.name}/"


def version_arn(body: str) -> str:
    """The ARN of the version that the call with this body makes: known from its answer only."""
    return answer(body, "LatestVersionArn")


def answer(body: str, field: str) -> str:
    """A value that AWS assigns: a field of the answer to the call with this body."""
    return f"${{{body}:{field}}}"
