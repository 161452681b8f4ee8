"""Every section of the spec and its keys. Reading, the JSON Schema and docs/spec.md start here."""

from ggfleet.spec.tables.fleet import Abort, Aws, Cores, Deployment, Index, Platform, Rollout
from ggfleet.spec.tables.parts import (
    LAYER,
    Components,
    Function,
    Library,
    Model,
    Owner,
    Resource,
)
from ggfleet.spec.tables.patterns import COMPONENT, EXACT_VERSION, PACKAGE, RELEASE, THING
from ggfleet.spec.tables.runtime import (
    CloudSpooler,
    FunctionDefaults,
    RunAs,
    StreamManager,
    SystemFunctions,
)
from ggfleet.spec.tables.top import Spec
from ggfleet.spec.tables.wiring import (
    ClientDevice,
    Connector,
    Logger,
    Subscription,
    Suppression,
)

__all__ = [
    "COMPONENT",
    "EXACT_VERSION",
    "LAYER",
    "PACKAGE",
    "RELEASE",
    "THING",
    "Abort",
    "Aws",
    "ClientDevice",
    "CloudSpooler",
    "Components",
    "Connector",
    "Cores",
    "Deployment",
    "Function",
    "FunctionDefaults",
    "Index",
    "Library",
    "Logger",
    "Model",
    "Owner",
    "Platform",
    "Resource",
    "Rollout",
    "RunAs",
    "Spec",
    "StreamManager",
    "Subscription",
    "Suppression",
    "SystemFunctions",
]
