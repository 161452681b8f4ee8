"""What is known of AWS's own components."""

from __future__ import annotations

import re
from types import MappingProxyType

NUCLEUS = "aws.greengrass.Nucleus"

PLUGINS = re.compile(
    r"aws\.greengrass\.(SecretManager|ShadowManager|LogManager|LambdaManager|DiskSpooler"
    r"|DockerApplicationManager|LegacySubscriptionRouter|clientdevices\..+"
    r"|telemetry\.NucleusEmitter|Nucleus)"
)
"""They run in the nucleus, which restarts when one of them changes."""

CLASSIC_ONLY = re.compile(
    rf"{PLUGINS.pattern}|aws\.greengrass\.(StreamManager|LambdaLauncher|LambdaRuntimes"
    r"|Cloudwatch|DeviceDefender|KinesisFirehose|Modbus|SNS|SageMakerEdgeManager"
    r"|DLR\w+|TensorFlowLite\w+)|variant\..+"
)
"""What nucleus lite does not run; of AWS's samples of machine learning no recipe says `runtime`."""

ENDED = MappingProxyType(
    {
        "aws.greengrass.SageMakerEdgeManager": "SageMaker Edge Manager ended on 2024-04-26",
        "aws.iot.lookoutvision.EdgeAgent": "Lookout for Vision ended on 2025-10-31",
    }
)

SUCCESSORS = frozenset(
    {"CloudWatchMetrics", "DeviceDefender", "KinesisFirehose", "ModbusRTUProtocolAdapter", "SNS"}
)
"""Connectors that a component of AWS stands for."""


def connector_name(kind: str) -> str:
    """`SNS`, of the name itself or of an ARN that ends in `/connectors/SNS/versions/4`."""
    return kind.rsplit("/connectors/", maxsplit=1)[-1].split("/", maxsplit=1)[0]
