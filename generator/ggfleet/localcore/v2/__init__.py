"""An embedded Greengrass V2 for one machine: runs components, and serves them the V2 IPC."""

from ggfleet.localcore.v2.core import EmbeddedNucleus
from ggfleet.localcore.v2.deployment import ComponentDeployment, load_components

__all__ = ["ComponentDeployment", "EmbeddedNucleus", "load_components"]
