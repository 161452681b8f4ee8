"""Every section of the spec and its keys. Reading, the JSON Schema and docs/spec.md start here."""

from ggfleet.spec.tables.fleet import Abort, Aws, Cores, Deployment, Platform, Rollout
from ggfleet.spec.tables.parts import Function, Library, Model, Owner, Resource
from ggfleet.spec.tables.runtime import (
    CloudSpooler,
    FunctionDefaults,
    RunAs,
    StreamManager,
    SystemFunctions,
)
from ggfleet.spec.tables.top import Spec
from ggfleet.spec.tables.wiring import ClientDevice, Connector, Logger, Subscription

__all__ = [
    "Abort",
    "Aws",
    "ClientDevice",
    "CloudSpooler",
    "Connector",
    "Cores",
    "Deployment",
    "Function",
    "FunctionDefaults",
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
    "SystemFunctions",
]
