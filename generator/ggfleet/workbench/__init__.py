"""A fleet on this machine: its archives in a local S3 endpoint, one of its cores embedded."""

from ggfleet.workbench.bench import Workbench
from ggfleet.workbench.components import ComponentTrial, running_components, running_v2
from ggfleet.workbench.host import choose_core, interpreter
from ggfleet.workbench.messages import Message, read_message, read_messages
from ggfleet.workbench.talk import Running, Talk
from ggfleet.workbench.trial import Trial, running

__all__ = [
    "ComponentTrial",
    "Message",
    "Running",
    "Talk",
    "Trial",
    "Workbench",
    "choose_core",
    "interpreter",
    "read_message",
    "read_messages",
    "running",
    "running_components",
    "running_v2",
]
