"""AWS's connectors as its V1 guide tells them: versions, parameters, topics, and what each needs.

The guide's pages on the single connectors (`sns-connector` and so on) are the source of every
entry.
"""

from __future__ import annotations

from collections.abc import Mapping

from ggfleet.spec.rules import connector_values as values
from ggfleet.spec.rules.connector_types import Kind, Parameter, Taken, Takes


def _must(pattern: str, since: int = 1) -> Parameter:
    return Parameter(pattern, required=True, since=since)


def _may(pattern: str, since: int = 1, until: int = 0) -> Parameter:
    return Parameter(pattern, since=since, until=until)


def _named(parameter: str, kind: Takes, path: str = "") -> dict[str, Taken]:
    return {f"{parameter}-ResourceId": Taken(kind, parameter, path)}


def _inference(board: str, architecture: str) -> dict[str, Kind]:
    """The ML connectors for one processor: one classifies, one detects."""
    service = {
        "MLModelDestinationPath": _must(values.ANY),
        "MLModelResourceId": _must(values.ANY),
        "LocalInferenceServiceName": _must(values.SERVICE),
        "LocalInferenceServiceTimeoutSeconds": _must(values.FROM_1),
        "LocalInferenceServiceMemoryLimitKB": _must(values.FROM_1),
        "GPUAcceleration": _must("CPU|GPU"),
    }
    feedback, job = "MLFeedbackConnectorConfigId", "MLModelSageMakerJobArn"
    of_job = {job: _must(values.JOB)}
    taken = {"MLModelResourceId": Taken(Takes.MODEL, "MLModelDestinationPath")}
    return {
        f"ImageClassification{board}": Kind(
            2,
            {**service, **of_job, feedback: _may(rf"|{values.SERVICE}", 2)},
            taken,
            ("sagemaker:DescribeTrainingJob",),
            python=2,
            architecture=architecture,
            software="MXNet",
        ),
        f"ObjectDetection{board}": Kind(
            1,
            {**service, feedback: _may(rf"|{values.SERVICE}")},
            taken,
            python=1,
            architecture=architecture,
            software="DLR",
        ),
    }


KINDS: Mapping[str, Kind] = {
    "CloudWatchMetrics": Kind(
        5,
        {
            "PublishInterval": _must(values.PERIOD),
            "PublishRegion": _may(values.REGION),
            "MemorySize": _must(values.NUMBER),
            "MaxMetricsToRetain": _must(values.FROM_2000),
            "IsolationMode": _may(values.MODE, 4),
        },
        actions=("cloudwatch:PutMetricData",),
        heard=("cloudwatch/metric/put",),
        told=("cloudwatch/metric/put/status",),
        isolation=4,
        python=3,
    ),
    "DeviceDefender": Kind(
        3,
        {
            "SampleIntervalSeconds": _must(values.FROM_300),
            "ProcDestinationPath": _must(r"/[a-zA-Z0-9_-]+"),
            "ProcDestinationPath-ResourceId": _must(values.ANY),
        },
        taken=_named("ProcDestinationPath", Takes.VOLUME, "/proc"),
        told=("$aws/things/+/defender/metrics/json",),
        python=3,
        software="psutil and cbor",
    ),
    "DockerApplicationDeployment": Kind(
        7,
        {
            "DockerComposeFileS3Bucket": _must(r"[a-zA-Z0-9.-]{3,63}"),
            "DockerComposeFileS3Key": _must(values.ANY),
            "DockerComposeFileS3Version": _may(values.ANY),
            "DockerComposeFileDestinationPath": _must(r"/.*"),
            "DockerUserId": _may(r"\d{1,5}"),
            "AWSSecretsArnList": _may(values.ANY),
            "DockerContainerStatusLogFrequency": _may(r"[1-9]\d{0,3}"),
            "ForceDeploy": _may("true|false", 2),
            "DockerPullBeforeUp": _may("true|false", 5),
            "StopContainersOnNewDeployment": _may("true|false", 6),
            "DockerOfflineMode": _may("true|false", 7),
        },
        actions=("s3:GetObject", "s3:GetObjectVersion"),
        told=("dockerapplicationdeploymentconnector/message/status",),
        process=True,
        python=1,
        software="Docker Engine and Docker Compose",
    ),
    "IoTEIPProtocolAdaptor": Kind(
        2,
        {
            "LocalStoragePath": _may(values.FOLDER),
            "ProtocolAdapterConfiguration": _must(values.ANY),
        },
        process=True,
    ),
    "IoTAnalytics": Kind(
        4,
        {
            "MemorySize": _must(values.NUMBER),
            "PublishRegion": _may(values.REGION),
            "PublishInterval": _may(r"\d*"),
            "IotAnalyticsMaxActiveChannels": _may(rf"|{values.FROM_1}"),
            "IotAnalyticsQueueDropBehavior": _may("DROP_NEWEST|DROP_OLDEST"),
            "IotAnalyticsQueueSizePerChannel": _may(rf"|{values.FROM_1}"),
            "IotAnalyticsBatchSizePerChannel": _may(rf"|{values.FROM_1}"),
            "IotAnalyticsDefaultChannelName": _may(r"[a-zA-Z0-9_]+"),
            "IsolationMode": _may(values.MODE, 4),
        },
        actions=("iotanalytics:BatchPutMessage",),
        told=("iotanalytics/messages/put/status",),
        isolation=4,
        python=3,
    ),
    "IoTSiteWise": Kind(
        12,
        {
            "SiteWiseLocalStoragePath": _may(values.FOLDER),
            "AWSSecretsArnList": _may(values.ANY, 2),
            "MaximumBufferSize": _may(r"\s*|\d+"),
            "SiteWiseOpcuaUserIdentityTokenSecretArn": _may(rf"|{values.SECRET}", until=1),
            "SiteWiseOpcuaUserIdentityTokenSecretArn-ResourceId": _may(r"|.+", until=1),
        },
        taken=_named("SiteWiseOpcuaUserIdentityTokenSecretArn", Takes.SECRET),
        actions=("iotsitewise:BatchPutAssetPropertyValue",),
        process=True,
        streams=6,
    ),
    "KinesisFirehose": Kind(
        5,
        {
            "DefaultDeliveryStreamArn": _must(values.STREAM),
            "DeliveryStreamQueueSize": _must(values.FROM_2000, 2),
            "MemorySize": _must(values.NUMBER, 2),
            "PublishInterval": _must(values.PERIOD, 2),
            "IsolationMode": _may(values.MODE, 5),
        },
        actions=("firehose:PutRecord", "firehose:PutRecordBatch"),
        heard=("kinesisfirehose/message", "kinesisfirehose/message/binary/#"),
        told=("kinesisfirehose/message/status",),
        isolation=5,
        python=4,
    ),
    "MLFeedback": Kind(
        1,
        {"FeedbackConfigurationMap": _must(values.JSON), "RequestLimit": _may(r"\d{0,3}")},
        actions=("s3:PutObject",),
        told=("feedback/message/status", "feedback/message/prediction", "cloudwatch/metric/put"),
        python=1,
    ),
    "ModbusRTUProtocolAdapter": Kind(
        3,
        {"ModbusSerialPort": _must(values.ANY), "ModbusSerialPort-ResourceId": _must(values.ANY)},
        taken=_named("ModbusSerialPort", Takes.DEVICE),
        heard=("modbus/adapter/request",),
        told=("modbus/adapter/response",),
        python=3,
    ),
    "ModbusTCPConnector": Kind(
        3,
        {
            "LocalStoragePath": _may(values.FOLDER),
            "MaximumBufferSize": _may(r"\s*|\d+"),
            "CapabilityConfiguration": _may(values.ANY),
        },
        process=True,
    ),
    **_inference("Aarch64JTX2", "aarch64"),
    **_inference("x86-64", "x86_64"),
    **_inference("ARMv7", "armv7l"),
    "RaspberryPiGPIO": Kind(
        3,
        {
            "InputGpios": _may(values.INPUTS),
            "InputPollPeriod": _may(rf"|{values.FROM_1}"),
            "OutputGpios": _may(values.OUTPUTS),
            "GpioMem-ResourceId": _must(values.ANY),
        },
        taken={"GpioMem-ResourceId": Taken(Takes.DEVICE, path="/dev/gpiomem")},
        heard=("gpio/+/+/read", "gpio/+/+/write"),
        told=("gpio/+/+/state", "gpio/+/error"),
        python=3,
        one_of=("InputGpios", "OutputGpios"),
    ),
    "SerialStream": Kind(
        3,
        {
            "BaudRate": _must(values.RATES),
            "Timeout": _must(values.UNDER_60),
            "SerialPort": _must(r"[/a-zA-Z0-9_-]+"),
            "SerialPort-ResourceId": _must(values.ANY),
            "PollingRead": _must(values.FLAG),
            "PollingReadLength": _may(values.POLLED),
            "PollingReadInterval": _may(r"|[1-9]\d{0,2}"),
            "PollingReadType": _may("|(?i:ascii|hex)"),
            "RtsCts": _may(rf"|{values.FLAG}"),
            "XonXoff": _may(rf"|{values.FLAG}"),
            "Parity": _may("|(?i:n|e|o|s|m)"),
        },
        taken=_named("SerialPort", Takes.DEVICE),
        heard=("serial/+/read/#", "serial/+/write/#"),
        told=("serial/+/status/#", "serial/+/read_response/#"),
        python=3,
        if_true={
            "PollingRead": ("PollingReadLength", "PollingReadInterval", "PollingReadType"),
        },
    ),
    "ServiceNowMetricBaseIntegration": Kind(
        4,
        {
            "PublishInterval": _must(values.PERIOD_FROM_1),
            "PublishBatchSize": _must(values.NUMBER),
            "InstanceName": _must(values.ANY),
            "DefaultTableName": _must(values.ANY),
            "MaxMetricsToRetain": _must(values.NUMBER),
            "AuthSecretArn": _must(values.SECRET),
            "AuthSecretArn-ResourceId": _must(values.ANY),
            "IsolationMode": _may(values.MODE, 4),
        },
        taken=_named("AuthSecretArn", Takes.SECRET),
        heard=("servicenow/metricbase/metric",),
        told=("servicenow/metricbase/metric/status",),
        isolation=4,
        python=3,
    ),
    "SNS": Kind(
        4,
        {"DefaultSNSArn": _must(values.TOPIC), "IsolationMode": _may(values.MODE, 4)},
        actions=("sns:Publish",),
        heard=("sns/message",),
        told=("sns/message/status",),
        isolation=4,
        python=3,
    ),
    "SplunkIntegration": Kind(
        4,
        {
            "SplunkEndpoint": _must(values.ENDPOINT),
            "MemorySize": _must(values.NUMBER),
            "SplunkQueueSize": _must(values.NUMBER),
            "SplunkFlushIntervalSeconds": _must(values.PERIOD),
            "SplunkTokenSecretArn": _must(values.SECRET),
            "SplunkTokenSecretArn-ResourceId": _must(values.ANY),
            "SplunkCustomCALocation": _may(r"|/.*"),
            "IsolationMode": _may(values.MODE, 4),
        },
        taken=_named("SplunkTokenSecretArn", Takes.SECRET),
        heard=("splunk/logs/put",),
        told=("splunk/logs/put/status", "splunk/logs/put/error"),
        isolation=4,
        python=3,
    ),
    "TwilioNotifications": Kind(
        5,
        {
            "TWILIO_ACCOUNT_SID": _must(values.ANY),
            "TwilioAuthTokenSecretArn": _must(values.SECRET),
            "TwilioAuthTokenSecretArn-ResourceId": _must(values.ANY),
            "DefaultFromPhoneNumber": _may(r"|\+\d+"),
            "IsolationMode": _may(values.MODE, 5),
        },
        taken=_named("TwilioAuthTokenSecretArn", Takes.SECRET),
        heard=("twilio/txt", "twilio/call"),
        told=("twilio/message/status",),
        isolation=5,
        python=4,
    ),
}
