"""What connectors do in AWS, by connector (developer guide of V1, connectors).

Their parameters tell most of what they address; where messages do, or nothing does, a note says so.
Some have a component of AWS in V2, which does the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ggfleet.errors import GgfleetError
from ggfleet.model import Connector, Fleet, Json, Note
from ggfleet.render.cloudformation.policies import allow
from ggfleet.render.group_v1.connector import connector_arn
from ggfleet.render.group_v1.names import arn, partition

STREAMS_NEED = (
    "kinesis:PutRecords, s3:PutObject, s3:AbortMultipartUpload, s3:ListMultipartUploadParts, "
    "iotanalytics:BatchPutMessage or iotsitewise:BatchPutAssetPropertyValue"
)
"""Of the stream manager, by the kind of its targets (developer guide, stream exports)."""

Addressed = Callable[[Fleet, Connector], Iterator[str]]
"""The ARNs that a connector's parameters tell."""


@dataclass(frozen=True)
class Need:
    """Actions, what they are allowed on, and in words what else it does there.

    `component` is what AWS has for it in V2, if anything.
    """

    sid: str
    actions: tuple[str, ...]
    addressed: Addressed
    untold: str = ""
    component: str = ""


def connector_statements(fleet: Fleet) -> Iterator[Json]:
    """A statement for each kind of connector that calls AWS on something that is told."""
    found: dict[str, tuple[Need, list[Json]]] = {}
    for connector in fleet.connectors.values():
        if need := _need(fleet, connector):
            found.setdefault(need.sid, (need, []))[1].extend(need.addressed(fleet, connector))
    for sid, (need, resources) in found.items():
        if resources:
            yield allow(sid, need.actions, dict.fromkeys(map(str, resources)))


def connector_notes(fleet: Fleet, parameter: str) -> Iterator[Note]:
    """What of connectors is not in the role that the parameter adds policies to."""
    for connector in fleet.connectors.values():
        at, kind = f"connectors.{connector.name}", _kind(fleet, connector)
        need = _need(fleet, connector)
        if need and need.untold:
            message = f"{need.untold}; the role allows what the parameters tell"
            yield Note(at, f"{message}: {more_in(parameter)}", hint=True)
        elif need is None and not kind.startswith(_WITHOUT):
            message = f"is not known here: if {kind} calls AWS, {more_in(parameter)}"
            yield Note(at, message, hint=True)


def more_in(parameter: str) -> str:
    """What to do about the rest."""
    return f"name a policy for more in the parameter {parameter}"


def deployed_connectors(fleet: Fleet, is_deployed: Callable[[str], bool]) -> Fleet:
    """The fleet with those connectors alone that a component in its V2 deployments stands for."""
    needs = {name: _need(fleet, each) for name, each in fleet.connectors.items()}
    there = {name for name, need in needs.items() if need and is_deployed(need.component)}
    return replace(fleet, connectors={n: c for n, c in fleet.connectors.items() if n in there})


def _need(fleet: Fleet, connector: Connector) -> Need | None:
    kind = _kind(fleet, connector)
    return next((need for prefix, need in _NEEDS.items() if kind.startswith(prefix)), None)


def _kind(fleet: Fleet, connector: Connector) -> str:
    """`SNS` of `arn:aws:greengrass:REGION::/connectors/SNS/versions/4`."""
    return connector_arn(fleet, connector).rpartition("/connectors/")[2].partition("/")[0]


def _parameter(name: str) -> Addressed:
    def told(_: Fleet, connector: Connector) -> Iterator[str]:
        value = connector.parameters.get(name, "")
        if value.startswith("arn:"):
            yield value

    return told


def _anything(_: Fleet, __: Connector) -> Iterator[str]:
    """For actions that know no resources."""
    yield "*"


def _nothing(_: Fleet, __: Connector) -> Iterator[str]:
    yield from ()


def _channel(fleet: Fleet, connector: Connector) -> Iterator[str]:
    if name := connector.parameters.get("IotAnalyticsDefaultChannelName"):
        yield arn(fleet, "iotanalytics", f"channel/{name}")


def _compose_file(fleet: Fleet, connector: Connector) -> Iterator[str]:
    bucket = connector.parameters.get("DockerComposeFileS3Bucket")
    key = connector.parameters.get("DockerComposeFileS3Key")
    if bucket and key:
        yield _object(fleet, f"{bucket}/{key}")


def _samples(fleet: Fleet, connector: Connector) -> Iterator[str]:
    """Where the configurations put samples. The guide does not say what joins prefix and name."""
    text = connector.parameters.get("FeedbackConfigurationMap", "{}")
    for each in _configurations(connector, text).values():
        if isinstance(each, Mapping) and (bucket := each.get("s3-bucket-name")):
            yield _object(fleet, f"{bucket}/{each.get('s3-prefix', '')}*")


def _configurations(connector: Connector, text: str) -> Mapping[str, Json]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise GgfleetError(
            f"connectors.{connector.name}: its FeedbackConfigurationMap is no JSON object",
            fix='write one, such as {"ID": {"s3-bucket-name": "…", "content-type": "…"}}',
        )
    return found


def _object(fleet: Fleet, path: str) -> str:
    return f"arn:{partition(fleet.aws.region)}:s3:::{path}"


_NEEDS: Mapping[str, Need] = {
    "CloudWatchMetrics": Need(
        "PutMetrics",
        ("cloudwatch:PutMetricData",),
        _anything,
        component="aws.greengrass.Cloudwatch",
    ),
    "KinesisFirehose": Need(
        "PutRecords",
        ("firehose:PutRecord", "firehose:PutRecordBatch"),
        _parameter("DefaultDeliveryStreamArn"),
        "puts records into streams that messages name",
        "aws.greengrass.KinesisFirehose",
    ),
    "SNS": Need(
        "PublishToTopic",
        ("sns:Publish",),
        _parameter("DefaultSNSArn"),
        "publishes to topics that messages name",
        "aws.greengrass.SNS",
    ),
    "DockerApplicationDeployment": Need(
        "ReadComposeFile",
        ("s3:GetObject", "s3:GetObjectVersion"),
        _compose_file,
        "pulls images from Amazon ECR with ecr:GetAuthorizationToken, ecr:BatchGetImage and "
        "ecr:GetDownloadUrlForLayer",
    ),
    "IoTAnalytics": Need(
        "PutMessages",
        ("iotanalytics:BatchPutMessage",),
        _channel,
        "puts messages into channels that topics name",
    ),
    "IoTSiteWise": Need(
        "PutValues",
        ("iotsitewise:BatchPutAssetPropertyValue",),
        _nothing,
        "writes to assets that are set up elsewhere (iotsitewise:BatchPutAssetPropertyValue)",
    ),
    "MLFeedback": Need("PutSamples", ("s3:PutObject",), _samples),
    "ImageClassification": Need(
        "FindModel", ("sagemaker:DescribeTrainingJob",), _parameter("MLModelSageMakerJobArn")
    ),
}
_WITHOUT = (
    "DeviceDefender",
    "IoTEIPProtocolAdaptor",
    "ModbusRTUProtocolAdapter",
    "ModbusTCP",
    "ObjectDetection",
    "RaspberryPiGPIO",
    "SerialStream",
    # These call other services, with secrets that the service role reads.
    "ServiceNowMetricBaseIntegration",
    "SplunkIntegration",
    "TwilioNotifications",
)
"""Connectors whose pages ask for nothing in the group role."""
