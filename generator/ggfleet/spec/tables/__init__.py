"""Every section of the spec and its keys. Reading, the JSON Schema and docs/spec.md start here."""

from ggfleet.spec.tables.fleet import Abort, Aws, Cores, Deployment, Platform, Rollout
from ggfleet.spec.tables.parts import Function, Library, Model, Resource
from ggfleet.spec.tables.top import Spec
from ggfleet.spec.tables.wiring import Logger, Subscription

__all__ = [
    "Abort",
    "Aws",
    "Cores",
    "Deployment",
    "Function",
    "Library",
    "Logger",
    "Model",
    "Platform",
    "Resource",
    "Rollout",
    "Spec",
    "Subscription",
]
