"""Policy documents: statements, trust, IAM's limit, and policies that the owner adds to a role."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ggfleet.errors import GgfleetError
from ggfleet.model import Json
from ggfleet.render.cloudformation.template import Part, Section, ref

MAX_INLINE = 10_240
"""Characters of all inline policies of a role together, white space not counted (IAM quotas)."""

LOG_ACTIONS = (
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
)
"""Of whoever writes logs to CloudWatch, on log groups."""


def allow(name: str, actions: Iterable[str], resources: Iterable[Json]) -> Json:
    """A statement with the Sid `name`."""
    return {"Sid": name, "Effect": "Allow", "Action": [*actions], "Resource": [*resources]}


def actions_of(statement: Json) -> list[str]:
    """What a statement of `allow` allows."""
    assert isinstance(statement, dict)
    listed = statement["Action"]
    assert isinstance(listed, list)
    return [str(each) for each in listed]


def policy(statements: Iterable[Json]) -> Json:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": [*statements]}


def inline(name: str, statements: Iterable[Json]) -> Json:
    """A policy within a role."""
    return {"PolicyName": name, "PolicyDocument": policy(statements)}


def trust(service: str, condition: Json = None) -> Json:
    """Who may assume a role: one service, where the condition holds."""
    statement: dict[str, Json] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = condition
    return policy([statement])


def size_of(document: Json) -> int:
    """Characters as IAM and AWS IoT count them: without white space between."""
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def refuse_big(document: Json, what: str, fix: str) -> None:
    """Refuse what exceeds a role's inline policies; `what` is the subject of the message."""
    size = size_of(document)
    if size > MAX_INLINE:
        message = f"{what} has {size} characters, and IAM takes {MAX_INLINE}"
        raise GgfleetError(message, fix=fix)


def added(parameter: str, who: str) -> tuple[Part, Section]:
    """Managed policies that the owner adds to a role: a parameter, and properties of the role.

    What code and messages address in AWS is in no spec, and a role that is changed beside its
    stack loses the change with the next update.
    """
    condition = f"Has{parameter}"
    given: Json = {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", ref(parameter)]}, ""]}]}
    entry: Json = {
        "Type": "CommaDelimitedList",
        "Default": "",
        "Description": f"ARNs of policies for what {who} do in AWS beyond what the spec tells",
    }
    attached: Json = {"Fn::If": [condition, ref(parameter), ref("AWS::NoValue")]}
    part = Part(parameters={parameter: entry}, conditions={condition: given})
    return part, {"ManagedPolicyArns": attached}
