"""A fleet and its manifest of archives to the documents that a target takes."""

from ggfleet.render.cloudformation import Generation, generations_of
from ggfleet.render.targets import TARGETS, Renderer, render

__all__ = ["TARGETS", "Generation", "Renderer", "generations_of", "render"]
