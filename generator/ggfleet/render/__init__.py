"""A fleet and its manifest of archives to the documents that a target takes.

Targets are imported when one of these names is first asked for: `ggfleet check` takes `render.v2`
by itself, and starts without the stacks of CloudFormation.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ggfleet.render.cloudformation import Generation, generations_of
    from ggfleet.render.targets import TARGETS, Renderer, render

__all__ = ["TARGETS", "Generation", "Renderer", "generations_of", "render"]

_OF_CLOUDFORMATION = ("Generation", "generations_of")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    home = "cloudformation" if name in _OF_CLOUDFORMATION else "targets"
    return getattr(import_module(f"{__name__}.{home}"), name)
