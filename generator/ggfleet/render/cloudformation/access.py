"""Roles and policies: what cores and the service may do, and nothing else.

No statement has `*` as its resource. `docs/cloudformation.md` lists the wildcards within names.
"""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Fleet, Function, Json, Platform, Secret
from ggfleet.model import Part as Archived
from ggfleet.render.cloudformation.connectors import connector_notes, connector_statements
from ggfleet.render.cloudformation.functions import BUCKET, LAMBDA_ROLE, deployed_name
from ggfleet.render.cloudformation.policies import (
    LOG_ACTIONS,
    added,
    allow,
    inline,
    policy,
    refuse_big,
    trust,
)
from ggfleet.render.cloudformation.template import Part, ref, resource, together
from ggfleet.render.group_v1.names import arn, partition
from ggfleet.render.known import Known

GROUP_ROLE = "GroupRole"
SERVICE_ROLE = "ServiceRoleName"
HAS_SERVICE_ROLE = "HasServiceRole"
GROUP_POLICIES = "GroupRolePolicies"


def access_part(fleet: Fleet, known: Known) -> Part:
    """The roles that the fleet needs, and what Greengrass's service role needs beyond AWS's own."""
    lambda_role = {LAMBDA_ROLE: _lambda_role()} if fleet.functions else {}
    group_role = _group_role(fleet) if has_group_role(fleet) else Part()
    return together([Part(lambda_role), group_role, _service_part(fleet, known)])


def has_group_role(fleet: Fleet) -> bool:
    """Whether the stack makes a group role, which it does where the spec names none."""
    return not fleet.aws.group_role and calls_aws(fleet)


def calls_aws(fleet: Fleet) -> bool:
    """Whether something on a core calls AWS by itself.

    Secrets are fetched by the service during a deployment, with the service role; so are models.
    """
    return (
        logs_to_aws(fleet) or any(True for _ in connector_statements(fleet)) or _calls_untold(fleet)
    )


def logs_to_aws(fleet: Fleet) -> bool:
    """Whether cores write logs to CloudWatch, with the group role."""
    return any(logger.to == "cloudwatch" for logger in fleet.loggers)


def _lambda_role() -> Json:
    """Lambda insists on a role. Cores never assume it, and nobody calls the function in Lambda."""
    return resource(
        "AWS::IAM::Role",
        {
            "Description": "Lambda insists on one; the functions run on Greengrass cores only",
            "AssumeRolePolicyDocument": trust("lambda.amazonaws.com"),
        },
    )


def _group_role(fleet: Fleet) -> Part:
    condition: Json = {
        "StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")},
        "ArnLike": {"aws:SourceArn": arn(fleet, "greengrass", "*")},
    }
    policies = [*_group_policies(fleet)]
    refuse_big(policies, "the policy of the group role", "make several fleets of the connectors")
    more, attached = added(GROUP_POLICIES, "cores") if _calls_untold(fleet) else (Part(), {})
    properties: dict[str, Json] = {
        "Description": f"What the Greengrass cores of {fleet.name} may do in AWS",
        "AssumeRolePolicyDocument": trust("greengrass.amazonaws.com", condition),
        **({"Policies": policies} if policies else {}),
        **attached,
    }
    return together([Part({GROUP_ROLE: resource("AWS::IAM::Role", properties)}), more])


def _group_policies(fleet: Fleet) -> Iterator[Json]:
    if groups := [*_log_groups(fleet)]:
        yield inline("logs", [allow("WriteLogs", LOG_ACTIONS, groups)])
    if statements := [*connector_statements(fleet)]:
        yield inline("connectors", statements)


def _calls_untold(fleet: Fleet) -> bool:
    """Whether something addresses what no spec tells: code, messages, streams."""
    return (
        fleet.system_functions.stream_manager is not None
        or any(function.credentials for function in fleet.functions.values())
        or any(True for _ in connector_notes(fleet, GROUP_POLICIES))
    )


def _log_groups(fleet: Fleet) -> Iterator[Json]:
    """A log group's ARN ends with `:*`, which stands for its streams."""
    components = {logger.component for logger in fleet.loggers if logger.to == "cloudwatch"}
    if "greengrass" in components:
        # One group for each part of the core software; their names are not published.
        yield arn(fleet, "logs", "log-group:/aws/greengrass/GreengrassSystem/*")
    if "lambda" in components:
        for platform in fleet.used_platforms():
            for function in fleet.functions.values():
                yield _log_group(fleet, function, platform)


def _log_group(fleet: Fleet, function: Function, platform: Platform) -> Json:
    name = deployed_name(fleet, function, platform)
    folder = f"/aws/greengrass/Lambda/{fleet.aws.region}/{fleet.aws.account}"
    return arn(fleet, "logs", f"log-group:{folder}/{name}:*")


def _service_part(fleet: Fleet, known: Known) -> Part:
    statements = [*_service_statements(fleet, known)]
    if not statements:
        return Part()
    parameter: Json = {
        "Type": "String",
        "Default": "Greengrass_ServiceRole",
        "AllowedPattern": r"[\w+=,.@-]{0,64}",
        "Description": "The role that Greengrass has in this account and Region (aws greengrass "
        "get-service-role-for-account); empty when it can read the archives already",
    }
    given: Json = {"Fn::Not": [{"Fn::Equals": [ref(SERVICE_ROLE), ""]}]}
    return Part(
        {"ServiceRoleReadsResources": _service_policy(statements)},
        parameters={SERVICE_ROLE: parameter},
        conditions={HAS_SERVICE_ROLE: given},
    )


def _service_policy(statements: list[Json]) -> Json:
    document = policy(statements)
    fix = "render the platforms one by one (--platform), each to stacks of its own"
    refuse_big(document, "the policy for the archives", fix)
    return resource(
        "AWS::IAM::RolePolicy",
        {
            "RoleName": ref(SERVICE_ROLE),
            # The role belongs to the whole account: other stacks and Regions add policies too.
            "PolicyName": {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"},
            "PolicyDocument": document,
        },
        Condition=HAS_SERVICE_ROLE,
    )


def _service_statements(fleet: Fleet, known: Known) -> Iterator[Json]:
    """Functions are not among them: the service reads their code from Lambda."""
    s3 = f"arn:{partition(fleet.aws.region)}:s3:::"
    own = f"{s3}${{{BUCKET}}}"
    keys = {a.key for (part, _, _), a in known.archives.items() if part is not Archived.FUNCTION}
    given = {source.removeprefix("s3://") for source in _s3_sources(fleet)}
    objects: list[Json] = [{"Fn::Sub": f"{own}/{key}"} for key in sorted(keys)]
    buckets: list[Json] = [{"Fn::Sub": own}] if keys else []
    objects += [f"{s3}{path}" for path in sorted(given)]
    buckets += [f"{s3}{name}" for name in sorted({path.split("/")[0] for path in given})]
    if objects:
        yield allow("ReadArchives", ("s3:GetObject",), objects)
        yield allow("FindBuckets", ("s3:GetBucketLocation",), buckets)
    secrets: list[Json] = [*dict.fromkeys(_secrets(fleet))]
    if secrets:
        yield allow("ReadSecrets", ("secretsmanager:GetSecretValue",), secrets)


def _s3_sources(fleet: Fleet) -> Iterator[str]:
    for platform in fleet.used_platforms():
        for model in (each.on(platform.name) for each in fleet.models.values()):
            if model.source.startswith("s3://") and fleet.is_used(model):
                yield model.source


def _secrets(fleet: Fleet) -> Iterator[str]:
    used = fleet.used_resources()
    for name, found in fleet.resources.items():
        if name in used and isinstance(found, Secret):
            yield found.arn
