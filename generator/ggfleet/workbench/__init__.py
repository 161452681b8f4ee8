"""A fleet on this machine: its archives in a local S3 endpoint, one of its cores embedded."""

from ggfleet.workbench.bench import Workbench
from ggfleet.workbench.host import choose_core, interpreter
from ggfleet.workbench.messages import Message, read_message, read_messages
from ggfleet.workbench.trial import Trial, running

__all__ = [
    "Message",
    "Trial",
    "Workbench",
    "choose_core",
    "interpreter",
    "read_message",
    "read_messages",
    "running",
]
