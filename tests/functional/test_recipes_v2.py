"""V2 documents as the service, both nuclei and AWS's schema take them; the same bytes each time."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from functional.v1_rules import Tree
from functional.v1_sample import digest, load_sample, made_up_manifest
from functional.v1_service import all_shape_problems, documents_of, shape_problems
from functional.v2_rules import (
    deployment_problems,
    fleet_problems,
    lowered,
    policy_ids,
    recipe_problems,
    recipe_schema,
    recipes_of,
)
from ggfleet.model import ADAPTER, ANY_PLATFORM, Manifest, Part, Rendering
from ggfleet.render import render
from golden.test_golden_group_v1 import render_case
from golden.test_golden_v2 import GOOD, NAMES
from unit.factories import make_archive

ROOT = Path(__file__).parents[2]
SCHEMA = recipe_schema()
needs_schema = pytest.mark.skipif(SCHEMA is None, reason="AWS's recipe_schema.json is not here")


def sample_rendering(target: str) -> Rendering:
    """The sample with an adapter that nobody built; models serve all platforms, as they really do."""
    fleet = load_sample()
    archives = [
        replace(each, platform=ANY_PLATFORM, key=each.key.replace(each.platform, "any"))
        if each.part is Part.MODEL
        else each
        for each in made_up_manifest(fleet).archives
    ]
    adapters = [
        make_archive(Part.ADAPTER, ADAPTER, platform=p.name) for p in fleet.used_platforms()
    ]
    return render(fleet, Manifest((*dict.fromkeys(archives), *adapters)), target)


def every_problem(documents: Tree) -> list[str]:
    recipes = recipes_of(documents)
    found = [p for path, body in recipes.items() for p in recipe_problems(path, body)]
    for nucleus in ("classic", "lite"):
        local = {path: body for path, body in recipes.items() if f"/{nucleus}/" in path}
        found += fleet_problems(local)
    found += fleet_problems({p: b for p, b in recipes.items() if p.startswith("recipes/")})
    found += all_shape_problems(documents)
    for path, body in documents.items():
        if path.startswith("lambda-import/") and "aws.greengrass" not in path:
            found += shape_problems("greengrassv2", "CreateComponentVersion", body)
        if path.startswith("deployments/"):
            found += deployment_problems(body)
    return found


def schema_problems(documents: Tree) -> list[str]:
    assert SCHEMA is not None
    validator = jsonschema.Draft7Validator(SCHEMA)
    return [
        f"{path}: {error.message}"
        for path, recipe in recipes_of(documents).items()
        for error in validator.iter_errors(lowered(recipe))
    ]


@pytest.mark.parametrize(("target", "case"), GOOD, ids=NAMES)
def test_every_golden_case_is_acceptable(target: str, case: Path) -> None:
    """What the golden pairs pin is also what nuclei and the service take."""
    assert every_problem(documents_of(render_case(case, target))) == []


@needs_schema
@pytest.mark.parametrize(("target", "case"), GOOD, ids=NAMES)
def test_every_golden_recipe_is_valid_by_awss_schema(target: str, case: Path) -> None:
    documents = documents_of(render_case(case, target))
    assert recipes_of(documents)
    assert schema_problems(documents) == []


@pytest.mark.parametrize("target", ["recipes-v2", "deployment-v2"])
def test_the_sample_is_acceptable(target: str) -> None:
    documents = documents_of(sample_rendering(target))
    assert every_problem(documents) == []
    assert SCHEMA is None or schema_problems(documents) == []


def test_the_sample_has_every_component() -> None:
    """Two models for all; one library and three functions for each of three platforms."""
    documents = documents_of(sample_rendering("recipes-v2"))
    assert len(recipes_of(documents)) == 2 + 3 + 9
    called = [call["body"] for call in documents["calls.json"]]
    assert len(called) == 14
    functions = [".function." in each for each in called]
    assert functions == sorted(functions), "a component is called before what it needs"
    assert len(list(policy_ids(recipes_of(documents)))) == 18


@needs_schema
def test_awss_schema_sees_what_is_wrong() -> None:
    """In lower case the recipe really is held against the schema's properties."""
    documents = documents_of(sample_rendering("recipes-v2"))
    path, recipe = next(iter(recipes_of(documents).items()))
    for key, value in (("ComponentNames", "x"), ("Manifests", {}), ("RecipeFormatVersion", "1")):
        assert schema_problems({path: {**recipe, key: value}}) != []
    recipe["Manifests"][0]["Artifacts"][0]["Permission"] = {"Read": "SOME"}
    assert schema_problems({path: recipe}) != []


def spoil_step(recipe: Tree) -> None:
    lifecycle = recipe["Manifests"][0]["Lifecycle"]
    lifecycle["Run"] = lifecycle.pop("run")
    lifecycle["run"] = {"Script": "exec true"}


def spoil_brace(recipe: Tree) -> None:
    recipe["Manifests"][0]["Lifecycle"]["run"]["Script"] += " $" + "{HOME}"


def spoil_version(recipe: Tree) -> None:
    recipe["ComponentVersion"] = "1.0.1000000"


def spoil_scheme(recipe: Tree) -> None:
    recipe["Manifests"][0]["Artifacts"][0]["Uri"] = "https://example.com/a.zip"


def spoil_names(recipe: Tree) -> None:
    recipe["Manifests"][0]["Artifacts"] *= 2


def spoil_length(recipe: Tree) -> None:
    recipe["ComponentDescription"] = "x" * 9000


def spoil_number(recipe: Tree) -> None:
    recipe["ComponentConfiguration"]["DefaultConfiguration"]["count"] = 3


def spoil_runtime(recipe: Tree) -> None:
    del recipe["Manifests"][0]["Platform"]["runtime"]


def spoil_permission(recipe: Tree) -> None:
    recipe["Manifests"][0]["Artifacts"][0]["Permission"] = {"Read": "OWNER"}


def spoil_requirement(recipe: Tree) -> None:
    recipe["ComponentDependencies"] = {"aws.greengrass.X": {"VersionRequirement": "^1.0.0"}}


SPOILERS: list[Callable[[Tree], None]] = [
    value for name, value in sorted(globals().items()) if name.startswith("spoil_")
]


@pytest.mark.parametrize("spoil", SPOILERS, ids=lambda each: each.__name__)
def test_the_rules_see_what_they_are_for(spoil: Callable[[Tree], None]) -> None:
    """Each rule is held against a recipe that breaks it: otherwise it would prove nothing."""
    documents = documents_of(sample_rendering("recipes-v2"))
    path = next(path for path in recipes_of(documents) if ".function." in path)
    recipe: Any = copy.deepcopy(documents[path])
    assert recipe_problems(path, recipe) == []
    spoil(recipe)
    assert recipe_problems(path, recipe) != []


def test_the_service_model_sees_wrong_words_in_maps() -> None:
    """Enumerations below `components` are looked at too."""
    body = documents_of(sample_rendering("deployment-v2"))["deployments/pi.json"]
    body["deploymentPolicies"]["failureHandlingPolicy"] = "ROLL_BACK"
    body["components"]["x"] = {"version": "1.0.0"}
    problems = shape_problems("greengrassv2", "CreateDeployment", body)
    assert any("ROLL_BACK" in each for each in problems)
    assert any('"version"' in each or "version" in each for each in problems)


PROGRAM = """
from functional.test_recipes_v2 import sample_rendering
from functional.v1_sample import digest
print(*(digest(sample_rendering(target)) for target in ("recipes-v2", "deployment-v2")))
"""


def test_the_same_spec_gives_the_same_bytes() -> None:
    """In another process, with another order of sets."""
    here = [digest(sample_rendering(target)) for target in ("recipes-v2", "deployment-v2")]
    for seed in ("1", "77"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": f"{ROOT / 'generator'}:{ROOT / 'tests'}",
            },
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == here
