"""What a V2 core is told to run: recipes, and a deployment that names some of them.

    <folder>/recipes/<Name>-<version>.json
    <folder>/deployment.json    {"components": {NAME: {"componentVersion", "configurationUpdate"}}}

Components that are only depended on are taken in the newest version that fits every requirement.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from ggfleet.errors import CoreError
from ggfleet.localcore.reading import Node
from ggfleet.localcore.v2.absent import absence
from ggfleet.localcore.v2.recipe import AGAIN, Recipe, architecture, read_recipe
from ggfleet.localcore.v2.versions import Version, fits

BUILT_IN = ("aws.greengrass.Nucleus", "aws.greengrass.NucleusLite", "aws.greengrass.Cli")
CREDENTIALS = "aws.greengrass.TokenExchangeService"
AWS = "aws.greengrass."


@dataclass(frozen=True)
class Update:
    """How a deployment changes one component's configuration: resets first, then the merge."""

    reset: tuple[str, ...] = ()
    merge: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ComponentDeployment:
    """`components` in the order they start: each after those it depends on."""

    name: str
    thing_name: str
    components: tuple[Recipe, ...]
    updates: Mapping[str, Update]
    notes: tuple[str, ...] = ()


def load_components(
    folder: Path, thing_name: str, *, deployment: str = "deployment.json", machine: str = ""
) -> ComponentDeployment:
    """Read recipes and a deployment document (its path below `folder`).

    `machine` is an architecture in Greengrass's terms, this machine's when empty. Raises CoreError
    naming file and place.
    """
    machine = machine or architecture()
    document = Node.load(folder / deployment, AGAIN)
    documents = [Node.load(file, AGAIN) for file in sorted((folder / "recipes").glob("*.json"))]
    chosen, absent = _chosen(documents, document, machine)
    updates = {name: _update(node) for name, node in document.members("components")}
    notes = [note for recipe in chosen for note in recipe.notes]
    notes += _ended_by_lite(chosen)
    notes += [
        f"{recipe.name}: there are no AWS credentials on the embedded core"
        for recipe in chosen
        if CREDENTIALS in {d.name for d in recipe.dependencies}
    ]
    notes += [absence(name) for name in absent]
    notes += [f"{name}: its settings are not applied here" for name in BUILT_IN if name in updates]
    name = document.text("deploymentName", folder.name)
    return ComponentDeployment(name, thing_name, _ordered(chosen), updates, tuple(notes))


def _chosen(
    documents: list[Node], deployment: Node, machine: str
) -> tuple[list[Recipe], list[str]]:
    """The recipes of all named components and of whatever these depend on, and who has none.

    Components of AWS's own come from AWS: none is here, unless somebody wrote one of that name.
    """
    known: dict[str, list[Node]] = {}
    for node in documents:
        known.setdefault(node.text("ComponentName"), []).append(node)
    wanted = {
        name: [node.text("componentVersion")] for name, node in deployment.members("components")
    }
    found: dict[str, Recipe] = {}
    absent: dict[str, None] = {}
    open_names = list(wanted)
    while open_names:
        name = open_names.pop(0)
        if name in (*BUILT_IN, CREDENTIALS):
            continue
        if name.startswith(AWS) and name not in known:
            absent[name] = None
            continue
        recipe = read_recipe(_newest(name, known.get(name, []), wanted[name]), machine)
        if found.get(name) == recipe:
            continue
        found[name] = recipe
        for dependency in recipe.dependencies:
            wanted.setdefault(dependency.name, []).append(dependency.requirement)
            open_names.append(dependency.name)
    return list(found.values()), list(absent)


def _newest(name: str, nodes: list[Node], requirements: list[str]) -> Node:
    versions = [(Version(node.text("ComponentVersion")), node) for node in nodes]
    fitting = [
        (version, node) for version, node in versions if all(fits(version, r) for r in requirements)
    ]
    if not fitting:
        there = ", ".join(version.text for version, _ in versions) or "none"
        wanted = " and ".join(dict.fromkeys(requirements))
        raise CoreError(f"no recipe of {name} is {wanted}; there are: {there}", fix=AGAIN)
    return max(fitting, key=lambda pair: pair[0])[1]


def _ordered(recipes: list[Recipe]) -> tuple[Recipe, ...]:
    by_name = {recipe.name: recipe for recipe in recipes}
    needs = {
        r.name: [d.name for d in r.dependencies if d.name in by_name] for r in by_name.values()
    }
    try:
        return tuple(by_name[name] for name in TopologicalSorter(needs).static_order())
    except CycleError as error:
        ring = " -> ".join(error.args[1])
        fix = "remove one of these dependencies"
        raise CoreError(f"components depend on each other: {ring}", fix=fix) from error


def _ended_by_lite(recipes: list[Recipe]) -> Iterator[str]:
    """Who would not live on nucleus lite, where HARD becomes systemd's BindsTo."""
    lives = {r.name for r in recipes if "run" in r.steps and "startup" not in r.steps}
    names = {r.name for r in recipes}
    for recipe in recipes:
        for other in recipe.dependencies:
            if other.hard and other.name in names - lives:
                yield (
                    f"{recipe.name}: nucleus lite stops it, because its HARD dependency "
                    f"{other.name} has no step run that stays"
                )


def _update(component: Node) -> Update:
    update = component.get("configurationUpdate")
    if update is None:
        return Update()
    reset = tuple(str(node.value) for node in update.each("reset"))
    return Update(reset, dict(_merge(update)))


def _merge(update: Node) -> Iterator[tuple[str, Any]]:
    """What is merged: an object, or as the API has it the text of one."""
    node = update.get("merge")
    if node is None:
        return
    content = node.value
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except ValueError as error:
            node.fail(f"this is not JSON: {error}")
    if not isinstance(content, dict):
        node.fail("an object is expected here")
    yield from content.items()
