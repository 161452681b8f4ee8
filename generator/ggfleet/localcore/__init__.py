"""An embedded Greengrass V1 core: tries a rendered group on this machine, without AWS or a device.

It knows no spec. It gets what a real core gets: documents, and archives in S3.
"""

from ggfleet.localcore.core import EmbeddedCore, Machine
from ggfleet.localcore.deployment import (
    CoreDeployment,
    CoreFunction,
    CoreLogger,
    CoreSubscription,
    MlResource,
    Policy,
    VolumeResource,
)
from ggfleet.localcore.documents import load_deployment
from ggfleet.localcore.endpoint import S3Endpoint
from ggfleet.localcore.events import CoreEvent, Dropped, Failed, Message, Restarted
from ggfleet.localcore.report import DeployReport, Fetched
from ggfleet.localcore.store import ObjectInfo, Store

__all__ = [
    "CoreDeployment",
    "CoreEvent",
    "CoreFunction",
    "CoreLogger",
    "CoreSubscription",
    "DeployReport",
    "Dropped",
    "EmbeddedCore",
    "Failed",
    "Fetched",
    "Machine",
    "Message",
    "MlResource",
    "ObjectInfo",
    "Policy",
    "Restarted",
    "S3Endpoint",
    "Store",
    "VolumeResource",
    "load_deployment",
]
