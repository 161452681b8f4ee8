"""`recipes-v2`: a recipe for each component, the calls that publish them, and Lambda imports."""

from __future__ import annotations

import json
from dataclasses import replace

from ggfleet.model import Document, Fleet, Json, Manifest, Model, Rendering
from ggfleet.render.group_v1.calls import Request, calls_document, request
from ggfleet.render.v2.component import Component
from ggfleet.render.v2.lambda_import import lambda_imports
from ggfleet.render.v2.notes import notes
from ggfleet.render.v2.only_v1 import expressible, v1_notes
from ggfleet.render.v2.parts import Parts, make_parts
from ggfleet.render.v2.sources import find_sources


def render_recipes_v2(fleet: Fleet, manifest: Manifest) -> Rendering:
    """Recipes, the bodies of CreateComponentVersion and `calls.json`, and Lambda imports.

    Raises `PendingError` naming every archive that is missing, and `GgfleetError` for what V2 does
    not take.
    """
    whole, fleet = fleet, expressible(fleet)
    parts = make_parts(find_sources(whole, manifest))
    components = every(parts, fleet)
    requests = [_create(fleet, parts, each) for each in components]
    documents = (
        *(recipe_document(each, "recipes") for each in components),
        *(each.document for each in requests),
        *lambda_imports(fleet),
        calls_document(requests),
    )
    return Rendering(documents, (*notes(fleet, parts), *v1_notes(whole)))


def every(parts: Parts, fleet: Fleet) -> list[Component]:
    """Each component once; what others need comes first."""
    on_all = (each for platform in fleet.used_platforms() for each in parts.on(platform))
    found = {each.name: each for each in on_all}
    functions = {one.name for variants in parts.functions.values() for one in variants.values()}
    return sorted(found.values(), key=lambda each: each.name in functions)


def recipe_document(component: Component, folder: str) -> Document:
    """The recipe, in a file that is named as local deployments want it."""
    return Document(f"{folder}/{component.name}-{component.version}.json", component.recipe)


def unpacking(fleet: Fleet, manifest: Manifest) -> Parts:
    """The components for a deployment where no nucleus unpacks a zip."""
    return make_parts(replace(find_sources(fleet, manifest), unpack=True))


def _create(fleet: Fleet, parts: Parts, component: Component) -> Request:
    body: dict[str, Json] = {"inlineRecipe": _text(component.recipe)}
    model = _model_of(fleet, parts, component)
    tags = {"ggfleet:fleet": fleet.name}
    if model:
        # A tag, not part of the recipe: a number that moves without its content moves nothing.
        tags["ggfleet:model-version"] = model.version
    body["tags"] = tags
    path = f"components/{component.name}.json"
    return request(path, "greengrassv2", "CreateComponentVersion", body)


def _model_of(fleet: Fleet, parts: Parts, component: Component) -> Model | None:
    for (kind, name), variants in parts.ml.items():
        if kind == "model" and component in variants.values():
            return fleet.models[name]
    return None


def _text(recipe: Json) -> str:
    return json.dumps(recipe, ensure_ascii=False, separators=(",", ":"))
