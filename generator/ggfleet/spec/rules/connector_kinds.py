"""AWS's connectors as its V1 guide tells them: versions, parameters, topics, and what each needs.

The guide's pages on the single connectors (`sns-connector` and so on) are the source of every
entry. `ANY` stands for values that only the service or the device can judge.
"""

from __future__ import annotations

from collections.abc import Mapping

from ggfleet.spec.rules.connector_types import Kind, Parameter, Taken, Takes

ANY = ".+"
_PERIOD = r"\d|[1-9]\d|[1-8]\d\d|900"
_FROM_1 = r"[1-9]\d*"
_NUMBER = r"\d+"
_FROM_2000 = r"[2-9]\d{3}|[1-9]\d{4,}"
_REGION = r"|[a-z]{2}(-[a-z]+)+-\d"
_FLAG = "(?i:|true|false)"
_MODE = "GreengrassContainer|NoContainer"
_ARN = r"arn:aws[a-z-]*:{}:[a-z0-9-]+:\d{{12}}:{}"
_SECRET = _ARN.format("secretsmanager", "secret:.+")
_SERVICE = r"[a-zA-Z0-9][a-zA-Z0-9-]{1,62}"
_PINS = r"|\d+{0}?(,\d+{0}?)*"
_RATES = "110|300|600|1200|2400|4800|9600|14400|19200|28800|38400|56000|57600|115200|230400"
_FOLDER = r"\s*|/.*"


def _must(values: str, since: int = 1) -> Parameter:
    return Parameter(values, required=True, since=since)


def _may(values: str, since: int = 1, until: int = 0) -> Parameter:
    return Parameter(values, since=since, until=until)


def _named(parameter: str, kind: Takes, path: str = "") -> dict[str, Taken]:
    return {f"{parameter}-ResourceId": Taken(kind, parameter, path)}


def _inference(board: str, architecture: str) -> dict[str, Kind]:
    """The ML connectors for one processor: one classifies, one detects."""
    service = {
        "MLModelDestinationPath": _must(ANY),
        "MLModelResourceId": _must(ANY),
        "LocalInferenceServiceName": _must(_SERVICE),
        "LocalInferenceServiceTimeoutSeconds": _must(_FROM_1),
        "LocalInferenceServiceMemoryLimitKB": _must(_FROM_1),
        "GPUAcceleration": _must("CPU|GPU"),
    }
    feedback, job = "MLFeedbackConnectorConfigId", "MLModelSageMakerJobArn"
    of_job = {job: _must(_ARN.format("sagemaker", "training-job/.+"))}
    taken = {"MLModelResourceId": Taken(Takes.MODEL, "MLModelDestinationPath")}
    return {
        f"ImageClassification{board}": Kind(
            2,
            {**service, **of_job, feedback: _may(rf"|{_SERVICE}", 2)},
            taken,
            ("sagemaker:DescribeTrainingJob",),
            python=2,
            architecture=architecture,
            software="MXNet",
        ),
        f"ObjectDetection{board}": Kind(
            1,
            {**service, feedback: _may(rf"|{_SERVICE}")},
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
            "PublishInterval": _must(_PERIOD),
            "PublishRegion": _may(_REGION),
            "MemorySize": _must(_NUMBER),
            "MaxMetricsToRetain": _must(_FROM_2000),
            "IsolationMode": _may(_MODE, 4),
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
            "SampleIntervalSeconds": _must(r"[3-9]\d\d|[1-9]\d{3,}"),
            "ProcDestinationPath": _must(r"/[a-zA-Z0-9_-]+"),
            "ProcDestinationPath-ResourceId": _must(ANY),
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
            "DockerComposeFileS3Key": _must(ANY),
            "DockerComposeFileS3Version": _may(ANY),
            "DockerComposeFileDestinationPath": _must(r"/.*"),
            "DockerUserId": _may(r"\d{1,5}"),
            "AWSSecretsArnList": _may(ANY),
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
        {"LocalStoragePath": _may(_FOLDER), "ProtocolAdapterConfiguration": _must(ANY)},
        process=True,
    ),
    "IoTAnalytics": Kind(
        4,
        {
            "MemorySize": _must(_NUMBER),
            "PublishRegion": _may(_REGION),
            "PublishInterval": _may(r"\d*"),
            "IotAnalyticsMaxActiveChannels": _may(rf"|{_FROM_1}"),
            "IotAnalyticsQueueDropBehavior": _may("DROP_NEWEST|DROP_OLDEST"),
            "IotAnalyticsQueueSizePerChannel": _may(rf"|{_FROM_1}"),
            "IotAnalyticsBatchSizePerChannel": _may(rf"|{_FROM_1}"),
            "IotAnalyticsDefaultChannelName": _may(r"[a-zA-Z0-9_]+"),
            "IsolationMode": _may(_MODE, 4),
        },
        actions=("iotanalytics:BatchPutMessage",),
        told=("iotanalytics/messages/put/status",),
        isolation=4,
        python=3,
    ),
    "IoTSiteWise": Kind(
        12,
        {
            "SiteWiseLocalStoragePath": _may(_FOLDER),
            "AWSSecretsArnList": _may(ANY, 2),
            "MaximumBufferSize": _may(r"\s*|\d+"),
            "SiteWiseOpcuaUserIdentityTokenSecretArn": _may(rf"|{_SECRET}", until=1),
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
            "DefaultDeliveryStreamArn": _must(_ARN.format("firehose", r"deliverystream/[\w.-]+")),
            "DeliveryStreamQueueSize": _must(_FROM_2000, 2),
            "MemorySize": _must(_NUMBER, 2),
            "PublishInterval": _must(_PERIOD, 2),
            "IsolationMode": _may(_MODE, 5),
        },
        actions=("firehose:PutRecord", "firehose:PutRecordBatch"),
        heard=("kinesisfirehose/message", "kinesisfirehose/message/binary/#"),
        told=("kinesisfirehose/message/status",),
        isolation=5,
        python=4,
    ),
    "MLFeedback": Kind(
        1,
        {"FeedbackConfigurationMap": _must(r"(?s)\{.+\}"), "RequestLimit": _may(r"\d{0,3}")},
        actions=("s3:PutObject",),
        told=("feedback/message/status", "feedback/message/prediction", "cloudwatch/metric/put"),
        python=1,
    ),
    "ModbusRTUProtocolAdapter": Kind(
        3,
        {"ModbusSerialPort": _must(ANY), "ModbusSerialPort-ResourceId": _must(ANY)},
        taken=_named("ModbusSerialPort", Takes.DEVICE),
        heard=("modbus/adapter/request",),
        told=("modbus/adapter/response",),
        python=3,
    ),
    "ModbusTCPConnector": Kind(
        3,
        {
            "LocalStoragePath": _may(_FOLDER),
            "MaximumBufferSize": _may(r"\s*|\d+"),
            "CapabilityConfiguration": _may(ANY),
        },
        process=True,
    ),
    **_inference("Aarch64JTX2", "aarch64"),
    **_inference("x86-64", "x86_64"),
    **_inference("ARMv7", "armv7l"),
    "RaspberryPiGPIO": Kind(
        3,
        {
            "InputGpios": _may(_PINS.format("[UD]")),
            "InputPollPeriod": _may(rf"|{_FROM_1}"),
            "OutputGpios": _may(_PINS.format("[HL]")),
            "GpioMem-ResourceId": _must(ANY),
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
            "BaudRate": _must(_RATES),
            "Timeout": _must(r"[1-9]|[1-5]\d"),
            "SerialPort": _must(r"[/a-zA-Z0-9_-]+"),
            "SerialPort-ResourceId": _must(ANY),
            "PollingRead": _must("(?i:true|false)"),
            "PollingReadLength": _may(r"|[1-9]\d{0,4}"),
            "PollingReadInterval": _may(r"|[1-9]\d{0,2}"),
            "PollingReadType": _may("(?i:|ascii|hex)"),
            "RtsCts": _may(_FLAG),
            "XonXoff": _may(_FLAG),
            "Parity": _may("(?i:|[neosm])"),
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
            "PublishInterval": _must(r"[1-9]|[1-9]\d|[1-8]\d\d|900"),
            "PublishBatchSize": _must(_NUMBER),
            "InstanceName": _must(ANY),
            "DefaultTableName": _must(ANY),
            "MaxMetricsToRetain": _must(_NUMBER),
            "AuthSecretArn": _must(_SECRET),
            "AuthSecretArn-ResourceId": _must(ANY),
            "IsolationMode": _may(_MODE, 4),
        },
        taken=_named("AuthSecretArn", Takes.SECRET),
        heard=("servicenow/metricbase/metric",),
        told=("servicenow/metricbase/metric/status",),
        isolation=4,
        python=3,
    ),
    "SNS": Kind(
        4,
        {"DefaultSNSArn": _must(_ARN.format("sns", r"[\w-]+")), "IsolationMode": _may(_MODE, 4)},
        actions=("sns:Publish",),
        heard=("sns/message",),
        told=("sns/message/status",),
        isolation=4,
        python=3,
    ),
    "SplunkIntegration": Kind(
        4,
        {
            "SplunkEndpoint": _must(r"(https?://)?[\w-]+(\.[\w-]+)*(:\d{1,5})?(/.*)?"),
            "MemorySize": _must(_NUMBER),
            "SplunkQueueSize": _must(_NUMBER),
            "SplunkFlushIntervalSeconds": _must(_PERIOD),
            "SplunkTokenSecretArn": _must(_SECRET),
            "SplunkTokenSecretArn-ResourceId": _must(ANY),
            "SplunkCustomCALocation": _may(r"|/.*"),
            "IsolationMode": _may(_MODE, 4),
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
            "TWILIO_ACCOUNT_SID": _must(ANY),
            "TwilioAuthTokenSecretArn": _must(_SECRET),
            "TwilioAuthTokenSecretArn-ResourceId": _must(ANY),
            "DefaultFromPhoneNumber": _may(r"|\+\d+"),
            "IsolationMode": _may(_MODE, 5),
        },
        taken=_named("TwilioAuthTokenSecretArn", Takes.SECRET),
        heard=("twilio/txt", "twilio/call"),
        told=("twilio/message/status",),
        isolation=5,
        python=4,
    ),
}
