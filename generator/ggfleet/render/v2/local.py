"""Deployments that a device makes by itself, without AWS: what to copy there and what to call.

The classic nucleus takes the same recipes and, for an artifact's URI, the file of that name in the
artifact folder, which it unpacks. Nucleus lite copies such files and does no more (measured): its
recipes let components unpack everything themselves, and so have versions of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from ggfleet.model import Document, Fleet, Json, Manifest, Platform
from ggfleet.render.group_v1.names import archive_uri
from ggfleet.render.v2.component import Component
from ggfleet.render.v2.content import Content
from ggfleet.render.v2.parts import Parts

RECIPES = "local/classic/recipes"
RECIPE_FOLDERS = {"classic": RECIPES, "lite": "local/lite/recipes"}


Entries = Mapping[str, Mapping[str, Json]]
"""What a deployment says of each component, by its name."""


def local_documents(
    fleet: Fleet, manifest: Manifest, classic: Parts, lite: Parts, entries: Mapping[str, Entries]
) -> Iterator[Document]:
    """For each nucleus its recipes; for each platform what to copy (`artifacts`) and `argv`.

    Paths of `argv` and of `to` are relative to the nucleus's folder, `archive` is a file beside the
    manifest of the archives. `entries` are by platform; only classic takes what they say besides
    versions.
    """
    files = {archive_uri(fleet, each.key): each.file for each in manifest.archives}
    for nucleus, parts in (("classic", classic), ("lite", lite)):
        found: dict[str, Component] = {}
        for platform in fleet.used_platforms():
            components = [*parts.on(platform)]
            found |= {each.name: each for each in components}
            body: Json = {
                "artifacts": [*_artifacts(components, platform, files)],
                "argv": [
                    *_ARGV[nucleus],
                    *_wanted(nucleus, components),
                    *(_settings(entries[platform.name]) if nucleus == "classic" else ()),
                ],
            }
            yield Document(f"local/{nucleus}/{platform.name}.json", body)
        for component in found.values():
            path = f"{RECIPE_FOLDERS[nucleus]}/{component.name}-{component.version}.json"
            yield Document(path, component.recipe)


_ARGV = {
    "classic": (
        *("greengrass-cli", "deployment", "create"),
        *("--recipeDir", "recipes", "--artifactDir", "artifacts"),
    ),
    "lite": (
        *("ggl-cli", "deploy"),
        *("--recipe-dir", "recipes", "--artifacts-dir", "artifacts"),
    ),
}


def _wanted(nucleus: str, components: list[Component]) -> Iterator[str]:
    option = "--merge" if nucleus == "classic" else "--add-component"
    for each in components:
        yield from (option, f"{each.name}={each.version}")


def _settings(entries: Entries) -> Iterator[str]:
    """Resets and limits of the fleet's own components, spelt as this command wants them."""
    resets: dict[str, Json] = {}
    limits: dict[str, Json] = {}
    for name, entry in entries.items():
        update, run = entry.get("configurationUpdate"), entry.get("runWith")
        if isinstance(update, Mapping) and "merge" not in update:
            resets[name] = {"RESET": update["reset"]}
        if isinstance(run, Mapping):
            limits[name] = run["systemResourceLimits"]
    for option, value in (("--update-config", resets), ("--systemLimits", limits)):
        if value:
            yield from (option, json.dumps(value))


def _artifacts(
    components: list[Component], platform: Platform, files: dict[str, str]
) -> Iterator[Json]:
    for component in components:
        for content in component.contents[platform.name]:
            to = f"artifacts/{component.name}/{component.version}/{content.file}"
            yield {**_source(content, files), "to": to}


def _source(content: Content, files: dict[str, str]) -> dict[str, Json]:
    """A built archive, or something that is in S3 alone."""
    file = files.get(content.uri)
    return {"archive": file} if file else {"uri": content.uri}
