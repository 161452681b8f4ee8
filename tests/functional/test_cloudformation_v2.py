"""Stacks of V2: what the tools and AWS's schemas say, and that they mean what the API's calls do."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from functional.cloudformation_judges import (
    Templates,
    Tree,
    limit_problems,
    lint_problems,
    of_type,
    translated,
)
from functional.cloudformation_v2_judges import (
    FLEET,
    SCHEMAS,
    makers,
    meant_calls,
    schema_problems,
    waits_of,
)
from functional.v1_service import documents_of, shape_problems
from ggfleet.model import Fleet, Manifest
from ggfleet.render import Generation, render
from golden.test_golden_cloudformation_v2 import GOOD, case_input, render_case

needs_schemas = pytest.mark.skipif(
    None in SCHEMAS.values(), reason="AWS's schemas of the two resource types are not here"
)


def expected_calls(fleet: Fleet, manifest: Manifest) -> tuple[dict[str, Tree], dict[str, Tree]]:
    """What `recipes-v2` and `deployment-v2` have: components by name, deployments by name."""
    recipes = documents_of(render(fleet, manifest, "recipes-v2"))
    deployments = documents_of(render(fleet, manifest, "deployment-v2"))
    components = {
        path.removeprefix("components/").removesuffix(".json"): body
        for path, body in recipes.items()
        if path.startswith("components/")
    }
    bodies = [body for path, body in deployments.items() if path.startswith("deployments/")]
    tags = {"ggfleet:fleet": fleet.name}
    return components, {body["deploymentName"]: {**body, "tags": tags} for body in bodies}


def templates_of(case: str) -> Templates:
    return documents_of(render_case(case))


# The tools


@pytest.mark.parametrize("case", GOOD)
def test_every_golden_case_is_clean(case: str) -> None:
    """cfn-lint, which has the schemas of all types too, lets pass everything; so does SAM."""
    for path, template in templates_of(case).items():
        assert "Metadata" not in template, path
        assert lint_problems(template) == [], path
        assert translated(template)["Resources"].keys() == template["Resources"].keys()
        assert limit_problems(template) == []


@needs_schemas
@pytest.mark.parametrize("case", GOOD)
def test_every_golden_case_fits_the_schemas(case: str) -> None:
    """AWS's own schemas of the two types. Moto makes neither type, and so cannot judge them."""
    templates = templates_of(case)
    assert of_type(templates[FLEET], "::ComponentVersion")
    assert of_type(templates[FLEET], "V2::Deployment")
    assert [schema_problems(template) for template in templates.values()] == [[]] * len(templates)


def uncapitalised(template: Tree) -> None:
    deployment = one(template, "V2::Deployment")
    deployment["Components"] = {
        name: {"componentVersion": entry["ComponentVersion"]}
        for name, entry in deployment["Components"].items()
    }


def named_version(template: Tree) -> None:
    one(template, "::ComponentVersion")["ComponentVersion"] = "1.0.0"


def merge_as_object(template: Tree) -> None:
    entries = one(template, "V2::Deployment")["Components"]
    update = entries["aws.greengrass.SecretManager"]["ConfigurationUpdate"]
    update["Merge"] = json.loads(update["Merge"])


def too_fast(template: Tree) -> None:
    job = one(template, "V2::Deployment")["IotJobConfiguration"]
    job["JobExecutionsRolloutConfig"]["ExponentialRate"]["BaseRatePerMinute"] = 1001


def tags_as_list(template: Tree) -> None:
    one(template, "V2::Deployment")["Tags"] = [{"Key": "ggfleet:fleet", "Value": "line"}]


def recipe_as_object(template: Tree) -> None:
    component = one(template, "::ComponentVersion")
    component["InlineRecipe"] = json.loads(component["InlineRecipe"])


def one(template: Tree, suffix: str) -> Tree:
    return next(iter(of_type(template, suffix).values()))


MUTATIONS = [
    uncapitalised,
    named_version,
    merge_as_object,
    too_fast,
    tags_as_list,
    recipe_as_object,
]


@needs_schemas
@pytest.mark.parametrize("mutate", MUTATIONS)
def test_the_schemas_notice(mutate: Callable[[Tree], None]) -> None:
    template = templates_of("everything")[FLEET]
    mutate(template)
    assert schema_problems(template) != []


@pytest.mark.parametrize("mutate", [uncapitalised, merge_as_object, recipe_as_object])
def test_cfn_lint_notices(mutate: Callable[[Tree], None]) -> None:
    """With its own copy of the schemas, wherever AWS's are not beside the checkout."""
    template = templates_of("everything")[FLEET]
    mutate(template)
    assert lint_problems(template) != []


# Meaning


@pytest.mark.parametrize("case", GOOD)
def test_stacks_make_what_the_calls_make(case: str) -> None:
    """Every component and deployment, as the API takes them, and no other."""
    components, deployments = meant_calls(templates_of(case))
    assert (components, deployments) == expected_calls(*case_input(case))
    for operation, bodies in (
        ("CreateComponentVersion", components),
        ("CreateDeployment", deployments),
    ):
        for body in bodies.values():
            assert shape_problems("greengrassv2", operation, body) == []


def other_recipe(template: Tree) -> None:
    component = one(template, "::ComponentVersion")
    component["InlineRecipe"] = component["InlineRecipe"].replace("exec sleep", "exec  sleep")


def no_reset(template: Tree) -> None:
    for entry in one(template, "V2::Deployment")["Components"].values():
        entry.pop("ConfigurationUpdate", None)


def other_group(template: Tree) -> None:
    one(template, "V2::Deployment")["TargetArn"] += "s"


def no_deployment(template: Tree) -> None:
    resources = template["Resources"]
    name = next(k for k, r in resources.items() if r["Type"].endswith("V2::Deployment"))
    del resources[name]


@pytest.mark.parametrize("mutate", [other_recipe, no_reset, other_group, no_deployment])
def test_another_meaning_is_noticed(mutate: Callable[[Tree], None]) -> None:
    templates = copy.deepcopy(templates_of("everything"))
    mutate(templates[FLEET])
    assert meant_calls(templates) != expected_calls(*case_input("everything"))


@pytest.mark.parametrize("case", GOOD)
def test_everything_is_made_in_its_order(case: str) -> None:
    """Deployments wait for their components and group; components for those that they need."""
    templates = templates_of(case)
    waits, made = waits_of(templates[FLEET]), makers(templates)
    groups = {p["ThingGroupName"]: n for n, p in of_type(templates[FLEET], "ThingGroup").items()}
    for name, properties in of_type(templates[FLEET], "V2::Deployment").items():
        own = {made[each] for each in properties["Components"] if each in made}
        assert own
        assert own <= waits[name]
        if group := groups.get(properties["TargetArn"].rsplit("/", 1)[1]):
            assert group in waits[name]
    for name, properties in of_type(templates[FLEET], "::ComponentVersion").items():
        needed = json.loads(properties["InlineRecipe"]).get("ComponentDependencies", {})
        assert {made[each] for each in needed if each in made} <= waits[name]


def test_a_group_that_the_spec_names_is_not_made() -> None:
    """It is there already, with its things."""
    template = templates_of("everything")[FLEET]
    made = [p["ThingGroupName"] for p in of_type(template, "ThingGroup").values()]
    targets = [p["TargetArn"] for p in of_type(template, "V2::Deployment").values()]
    assert made == ["line-gateway"]
    assert [each.rsplit("/", 1)[1] for each in targets] == ["LinePis", "line-gateway"]


# What an update does


def resources_after(change: Callable[[Fleet, Manifest], tuple[Fleet, Manifest]]) -> list[str]:
    """The resources whose properties a change of the input changes; none comes or goes."""
    fleet, manifest = case_input("everything")
    before = stack(fleet, manifest)
    after = stack(*change(fleet, manifest))
    assert before.keys() == after.keys()
    return [name for name in before if before[name] != after[name]]


def stack(fleet: Fleet, manifest: Manifest) -> Tree:
    rendering = render(fleet, manifest, "cloudformation", generations=[Generation.V2])
    resources: Tree = documents_of(rendering)[FLEET]["Resources"]
    return resources


def archives(manifest: Manifest, name: str, **changes: Any) -> Manifest:
    found = (replace(a, **changes) if a.name == name else a for a in manifest.archives)
    return Manifest(tuple(found))


def kinds(names: list[str]) -> set[str]:
    return {name[:-8] for name in names}


def test_new_code_replaces_its_component_and_the_deployments() -> None:
    """A version is made anew and so are the deployments that name it; nothing else moves."""
    moved = resources_after(
        lambda fleet, manifest: (
            fleet,
            archives(
                manifest, "tell", tree_sha256="f" * 64, key="ggfleet/line/functions/tell-any-f.zip"
            ),
        )
    )
    function = "ComponentComExampleLineFunctionTell"
    assert kinds(moved) == {function, "DeploymentPi", "DeploymentGateway"}


def test_packing_differently_changes_nothing() -> None:
    moved = resources_after(
        lambda fleet, manifest: (fleet, archives(manifest, "tell", sha256="e" * 64, size=9))
    )
    assert moved == []


def test_a_models_number_changes_a_tag_alone() -> None:
    """Tags are updated in place: devices get nothing."""

    def renumber(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
        models = {**fleet.models, "digits": replace(fleet.models["digits"], version="9.9.9")}
        return replace(fleet, models=models), manifest

    assert kinds(resources_after(renumber)) == {"ComponentComExampleLineModelDigits"}


def test_a_rollout_replaces_the_deployments_alone() -> None:
    def slower(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
        return replace(fleet, deployment=replace(fleet.deployment, timeout=7200)), manifest

    assert kinds(resources_after(slower)) == {"DeploymentPi", "DeploymentGateway"}
