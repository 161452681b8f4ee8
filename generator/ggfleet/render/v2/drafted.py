"""The documents that `check` judges, made without the rest of their renderings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ggfleet.model import Document, Fleet, Manifest
from ggfleet.render.v2.deployment import create_deployment
from ggfleet.render.v2.local import local_recipes
from ggfleet.render.v2.only_v1 import expressible
from ggfleet.render.v2.parts import make_parts
from ggfleet.render.v2.recipes import every, recipe_document
from ggfleet.render.v2.sources import find_sources


def drafted(fleet: Fleet, manifest: Manifest) -> Iterator[Document]:
    """The recipes, the deployments and nucleus lite's local recipes, as renderers make them.

    No notes, calls or Lambda imports; what both renderers need is made once. Raises as they do, for
    a deployment when its recipes are told already.
    """
    sources = find_sources(fleet, manifest)
    parts, platforms = make_parts(sources), fleet.used_platforms()
    yield from (recipe_document(each, "recipes") for each in every(parts, expressible(fleet)))
    unpacked = make_parts(replace(sources, unpack=True))
    creates = [create_deployment(fleet, parts, each, None) for each in platforms]
    yield from (each.document for each in creates)
    yield from local_recipes("lite", (each for one in platforms for each in unpacked.on(one)))
