"""Deployments that a device makes by itself, without AWS: what to copy there and what to call.

The classic nucleus takes the same recipes and, for an artifact's URI, the file of that name in the
artifact folder, which it unpacks. Components of AWS it asks the cloud for, so that these need a
connection. Nucleus lite copies such files and does no more (measured): its recipes let components
unpack everything themselves, and so have versions of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

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
    manifest of the archives. `entries` are by platform, of those with the classic nucleus: only
    that takes what they say besides versions.
    """
    files = {archive_uri(fleet, each.key): each.file for each in manifest.archives}
    for nucleus, parts in (("classic", classic), ("lite", lite)):
        found: list[Component] = []
        for platform in fleet.used_platforms():
            if nucleus == "classic" and platform.name not in entries:
                continue
            components = [*parts.on(platform)]
            found += components
            body: Json = {
                "artifacts": [*_artifacts(components, platform, files)],
                "argv": [*_ARGV[nucleus], *_words(nucleus, components, entries, platform)],
            }
            yield Document(f"local/{nucleus}/{platform.name}.json", body)
        yield from local_recipes(nucleus, found)


def local_recipes(nucleus: str, components: Iterable[Component]) -> Iterator[Document]:
    """The recipes that a nucleus (`classic` or `lite`) deploys by itself, each once."""
    for component in {each.name: each for each in components}.values():
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


def _words(
    nucleus: str,
    components: list[Component],
    entries: Mapping[str, Entries],
    platform: Platform,
) -> Iterator[str]:
    if nucleus == "lite":
        for each in components:
            yield from ("--add-component", f"{each.name}={each.version}")
        return
    for name, entry in entries[platform.name].items():
        yield from ("--merge", f"{name}={entry['componentVersion']}")
    yield from _settings(entries[platform.name])


def _settings(entries: Entries) -> Iterator[str]:
    """Configuration, users and limits, spelt as this command wants them."""
    updates: dict[str, Json] = {}
    limits: dict[str, Json] = {}
    users: list[str] = []
    for name, entry in entries.items():
        update, run = entry.get("configurationUpdate"), entry.get("runWith")
        if isinstance(update, Mapping):
            updates[name] = {key.upper(): _open(value) for key, value in update.items()}
        if isinstance(run, Mapping) and "posixUser" in run:
            users.append(f"{name}:posixUser={run['posixUser']}")
        if isinstance(run, Mapping) and "systemResourceLimits" in run:
            limits[name] = run["systemResourceLimits"]
    if updates:
        yield from ("--update-config", json.dumps(updates))
    for user in users:
        yield from ("--runWith", user)
    if limits:
        yield from ("--systemLimits", json.dumps(limits))


def _open(value: Json) -> Json:
    """A merge is an object here, where the API has its text."""
    return json.loads(value) if isinstance(value, str) else value


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
