"""What V2 core devices may do in AWS: the token exchange role, and the alias that they name it by.

"Authorize core devices to interact with AWS services" in the developer guide of V2 tells what it
needs. It knows no condition that would narrow the trust in AWS IoT's credentials provider, so
that the policies of certificates alone say who gets the role (`device_policies`).
"""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Fleet, Json, Note
from ggfleet.render.cloudformation.components import Bodies
from ggfleet.render.cloudformation.connectors import (
    STREAMS_NEED,
    connector_notes,
    connector_statements,
    deployed_connectors,
    more_in,
)
from ggfleet.render.cloudformation.policies import (
    LOG_ACTIONS,
    added,
    allow,
    inline,
    refuse_big,
    trust,
)
from ggfleet.render.cloudformation.template import Part, attribute, ref, resource, together
from ggfleet.render.group_v1.names import archive_prefix, arn, partition
from ggfleet.render.v2.access import secrets_of
from ggfleet.render.v2.names import component_name

PROVIDER = "credentials.iot.amazonaws.com"
"""The service that gets the role for a device, when its certificate allows it."""
ROLE = "TokenExchangeRole"
ALIAS = "TokenExchangeRoleAlias"
DEVICE_POLICIES = "DeviceRolePolicies"
LOG_MANAGER = "aws.greengrass.LogManager"
JOURNAL = "aws.greengrass.SystemLogForwarder"
STREAMS = "aws.greengrass.StreamManager"


def device_role(fleet: Fleet, bodies: Bodies) -> Part:
    """The role, its alias, and their names as outputs."""
    policies = role_policies(fleet, bodies)
    untold = any(True for _ in role_notes(fleet, bodies))
    more, attached = added(DEVICE_POLICIES, "core devices") if untold else (Part(), {})
    properties: dict[str, Json] = {
        "Description": f"What the Greengrass core devices of {fleet.name} may do in AWS",
        "AssumeRolePolicyDocument": trust(PROVIDER),
        **({"Policies": policies} if policies else {}),
        **attached,
    }
    made: dict[str, Json] = {
        ROLE: resource("AWS::IAM::Role", properties),
        ALIAS: resource(
            "AWS::IoT::RoleAlias",
            {"RoleAlias": alias_name(fleet), "RoleArn": attribute(ROLE, "Arn")},
        ),
    }
    output: Json = {
        "Description": "What devices name in their configuration as iotRoleAlias",
        "Value": ref(ALIAS),
    }
    return together([Part(made, {ALIAS: output}), more])


def alias_name(fleet: Fleet) -> str:
    """Known before it is made: the configuration of devices and their policies name it."""
    return f"{fleet.name}-token-exchange"


def role_notes(fleet: Fleet, bodies: Bodies) -> Iterator[Note]:
    """What the role does not allow, because no spec tells it."""
    for function in fleet.functions.values():
        if function.credentials:
            message = f"what it calls is not known here: {more_in(DEVICE_POLICIES)}"
            yield Note(f"functions.{function.name}.credentials", message, hint=True)
    if bodies.is_deployed(STREAMS):
        more = f"{more_in(DEVICE_POLICIES)} ({STREAMS_NEED}, on the targets)"
        wanted = fleet.system_functions.stream_manager is not None
        at = "system_functions.stream_manager" if wanted else f"deployment.components.{STREAMS}"
        yield Note(at, f"sends where functions tell it: {more}", hint=True)
    here = deployed_connectors(fleet, bodies.is_deployed)
    yield from connector_notes(here, DEVICE_POLICIES)


def role_policies(fleet: Fleet, bodies: Bodies) -> list[Json]:
    """The policies within the role. Raises `GgfleetError` when they exceed IAM's limit."""
    policies = [*_policies(fleet, bodies)]
    refuse_big(policies, "the policy of the token exchange role", "make several fleets of it")
    return policies


def _policies(fleet: Fleet, bodies: Bodies) -> Iterator[Json]:
    if artifacts := [*_artifacts(fleet, bodies)]:
        yield inline("artifacts", artifacts)
    secrets = {arn for each in fleet.functions.values() for arn in secrets_of(fleet, each)}
    if secrets:
        actions = ("secretsmanager:GetSecretValue",)
        yield inline("secrets", [allow("ReadSecrets", actions, sorted(secrets))])
    if statements := [*connector_statements(deployed_connectors(fleet, bodies.is_deployed))]:
        yield inline("connectors", statements)
    if bodies.is_deployed(LOG_MANAGER):
        yield inline("logs", [allow("WriteLogs", LOG_ACTIONS, _log_groups(fleet))])
    if bodies.is_deployed(JOURNAL):
        yield inline("journal", _journal(fleet))


def _artifacts(fleet: Fleet, bodies: Bodies) -> Iterator[Json]:
    """The fleet's archives of all versions, since devices lag and go back; others' key by key."""
    s3, own = f"arn:{partition(fleet.aws.region)}:s3:::", archive_prefix(fleet)
    paths = sorted(uri.removeprefix("s3://") for uri in bodies.artifacts())
    prefix = f"{fleet.aws.bucket}/{own}"
    objects = [f"{prefix}*" if path.startswith(prefix) else path for path in paths]
    buckets = [path.partition("/")[0] for path in paths]
    if paths:
        told = dict.fromkeys(f"{s3}{each}" for each in objects)
        yield allow("ReadArtifacts", ("s3:GetObject",), told)
        found = dict.fromkeys(f"{s3}{each}" for each in buckets)
        yield allow("FindBuckets", ("s3:GetBucketLocation",), found)


def _log_groups(fleet: Fleet) -> Iterator[str]:
    """Those of the nucleus and of the fleet's components, as LogManager names them."""
    folder = "log-group:/aws/greengrass"
    region = fleet.aws.region
    yield arn(fleet, "logs", f"{folder}/GreengrassSystemComponent/{region}/System:*")
    own = component_name(fleet, "", "")
    yield arn(fleet, "logs", f"{folder}/UserComponent/{region}/{own}.*")


def _journal(fleet: Fleet) -> Iterator[Json]:
    """As the forwarder's page has it: a stream for each thing, which writes its own alone."""
    group = arn(fleet, "logs", "log-group:greengrass/systemLogs")
    yield allow("MakeJournals", ("logs:CreateLogGroup",), (f"{group}:*",))
    own = f"{group}:log-stream:${{credentials-iot:ThingName}}"
    yield allow("WriteJournal", ("logs:CreateLogStream", "logs:PutLogEvents"), (own,))
