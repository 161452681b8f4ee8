"""What the group role has to allow, beside what functions ask of AWS themselves."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Fleet, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.connectors import kind_of, known
from ggfleet.spec.rules.parts import listed
from ggfleet.spec.rules.registry import V1, Finding, rule

_LOGS = "logs:CreateLogGroup, CreateLogStream, DescribeLogStreams and PutLogEvents"


@rule(
    "role-connector",
    Severity.NOTE,
    V1,
    reason="A connector calls AWS with the group role. The templates of `--target cloudformation` "
    "give that role no rights for connectors, and the V1 group has no role of its own.",
    source=f"{pages.GROUP_ROLE}; {pages.CONNECTORS}",
    fix="Allow the actions in the group role, on what the connector's parameters name.",
    example='connectors:\n  alarms: {connector: SNS, version: 4, parameters: {DefaultSNSArn: "arn:'
    'aws:sns:eu-west-1:123456789012:alarms"}}\n',
)
def the_role_lets_connectors_work(fleet: Fleet) -> Iterator[Finding]:
    """The group role allows what connectors do."""
    for connector, kind, _ in known(fleet):
        if kind.actions:
            message = f"needs {listed(list(kind.actions))} in the group role"
            fix = f"allow it to the role of the groups, on what {kind_of(connector)[0]} is to use"
            yield f"connectors.{connector.name}", message, fix


@rule(
    "role-stream",
    Severity.NOTE,
    V1,
    reason="The stream manager sends to the cloud with the group role. Where to is said by the "
    "functions that make the streams, so the rights cannot be told from the spec.",
    source=f"{pages.GROUP_ROLE}; {pages.STREAMS}",
    fix="Allow iotanalytics:BatchPutMessage, kinesis:PutRecords, "
    "iotsitewise:BatchPutAssetPropertyValue or s3:PutObject, on the targets of the streams.",
    example="system_functions: {stream_manager: {}}\n",
)
def the_role_lets_streams_out(fleet: Fleet) -> Iterator[Finding]:
    """The group role allows what streams are sent to."""
    if fleet.system_functions.stream_manager is not None:
        yield (
            "system_functions.stream_manager",
            "needs the right to send to each stream's target in the group role",
            "allow kinesis:PutRecords, s3:PutObject and the like on the targets",
        )


@rule(
    "role-logs",
    Severity.NOTE,
    V1,
    reason="Logs go to CloudWatch with the group role. The templates of `--target cloudformation` "
    "allow it; a group that is made otherwise needs the role and the rights.",
    source=f"{pages.GROUP_ROLE}; {pages.LOGS}",
    fix=f"Allow {_LOGS} in the group role.",
    example="loggers:\n  - {component: lambda, level: WARN, to: cloudwatch}\n",
)
def the_role_lets_logs_out(fleet: Fleet) -> Iterator[Finding]:
    """The group role allows logs to CloudWatch."""
    first = next((n for n, each in enumerate(fleet.loggers) if each.to == "cloudwatch"), None)
    if first is not None:
        yield f"loggers[{first}].to", f"needs {_LOGS} in the group role", "allow them there"
