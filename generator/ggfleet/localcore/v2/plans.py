"""From a deployment to what is done: artifacts to fetch, configuration, steps with their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ggfleet.errors import CoreError
from ggfleet.localcore.archive import open_archive, open_file
from ggfleet.localcore.resources import Wanted
from ggfleet.localcore.trees import Tree
from ggfleet.localcore.v2.access import Policy, duplicates, read_policies
from ggfleet.localcore.v2.configuration import Values, deployed
from ggfleet.localcore.v2.deployment import ComponentDeployment, Update
from ggfleet.localcore.v2.layout import ComponentLayout
from ggfleet.localcore.v2.recipe import Artifact, Recipe, Step
from ggfleet.localcore.v2.supervisor import Component, Plan
from ggfleet.localcore.v2.variables import Variables
from ggfleet.system.files import remove_tree


def wanted(deployment: ComponentDeployment, layout: ComponentLayout) -> Iterator[Wanted]:
    """Every artifact of a deployment."""
    for recipe in deployment.components:
        for artifact in recipe.artifacts:
            yield Wanted(
                kind="artifact",
                id=_id(recipe, artifact),
                name=recipe.name,
                s3_uri=artifact.uri,
                destination=str(_place(recipe, artifact, layout)),
                home=layout.resources if artifact.unarchive else layout.plain,
                sha256=artifact.sha256,
                open=open_archive if artifact.unarchive else open_file,
            )


def _id(recipe: Recipe, artifact: Artifact) -> str:
    return f"{recipe.name}/{recipe.version}/{artifact.file}"


def _place(recipe: Recipe, artifact: Artifact, layout: ComponentLayout) -> Path:
    find = layout.unarchived if artifact.unarchive else layout.artifacts
    return find(recipe.name, recipe.version) / artifact.place


def lay_out(
    deployment: ComponentDeployment, layout: ComponentLayout, trees: Mapping[str, Tree]
) -> None:
    """Show artifacts where a nucleus has them: symlinks, made anew, to the trees in force."""
    for folder in ("artifacts", "artifacts-unarchived"):
        remove_tree(layout.deployment / folder)
    for recipe in deployment.components:
        for find in (layout.artifacts, layout.unarchived):
            find(recipe.name, recipe.version).mkdir(parents=True, exist_ok=True)
        layout.work(recipe.name).mkdir(parents=True, exist_ok=True)
        for artifact in recipe.artifacts:
            tree = trees[f"artifact:{_id(recipe, artifact)}"].path
            target = tree if artifact.unarchive else tree / artifact.file
            _place(recipe, artifact, layout).symlink_to(target)


def configured(deployment: ComponentDeployment, stored: Mapping[str, Values]) -> dict[str, Values]:
    """Every component's configuration after the deployment."""
    found = {}
    for recipe in deployment.components:
        update = deployment.updates.get(recipe.name, Update())
        defaults = dict(recipe.defaults)
        before = stored.get(recipe.name, {})
        found[recipe.name] = deployed(defaults, before, update.reset, update.merge or {})
    return found


def permitted(configuration: Mapping[str, Values]) -> dict[str, tuple[Policy, ...]]:
    """Every component's policies. Raises CoreError for malformed ones and for shared ids."""
    policies = {name: read_policies(name, values) for name, values in configuration.items()}
    for problem in duplicates(policies):
        raise CoreError(f"{problem}: ids are unique on a device", fix="give each an id of its own")
    return policies


def planned(
    deployment: ComponentDeployment,
    layout: ComponentLayout,
    configuration: Mapping[str, Values],
    surroundings: Mapping[str, Mapping[str, str]],
) -> Sequence[Component]:
    """The components with all variables filled in; `surroundings` are variables by component."""
    return [
        _component(
            recipe,
            Variables(
                recipe.name,
                recipe.version,
                layout,
                deployment.thing_name,
                configuration[recipe.name],
            ),
            surroundings.get(recipe.name, {}),
        )
        for recipe in deployment.components
    ]


def _component(recipe: Recipe, variables: Variables, surroundings: Mapping[str, Any]) -> Component:
    layout = variables.layout
    return Component(
        recipe.name,
        {name: _plan(step, variables, surroundings) for name, step in recipe.steps.items()},
        layout.work(recipe.name),
        layout.component_log(recipe.name),
    )


def _plan(step: Step, variables: Variables, surroundings: Mapping[str, str]) -> Plan:
    own = {name: variables.setting(text) for name, text in (step.variables or {}).items()}
    text = variables.setting(step.timeout)
    try:
        seconds = float(text) if text else None
    except ValueError as error:
        message = f"{variables.component}: Timeout {text} is no number of seconds"
        raise CoreError(message, fix="write it like 120") from error
    return Plan(variables.script(step.script), {**surroundings, **own}, seconds)
