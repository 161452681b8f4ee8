"""A fleet and its manifest of archives to the documents that a target takes."""

from ggfleet.render.targets import TARGETS, Renderer, render

__all__ = ["TARGETS", "Renderer", "render"]
