"""Fleets of V2 that one template does not hold: nested components, and cores spread over files."""

from __future__ import annotations

import functools
import json

import pytest

from functional.cloudformation_judges import Templates, limit_problems, lint_problems, of_type
from functional.cloudformation_v2_judges import (
    FLEET,
    allowed,
    long_policies,
    makers,
    meant_calls,
    waits_of,
)
from functional.v1_sample import made_up_manifest
from functional.v1_service import documents_of
from ggfleet.model import ADAPTER, Components, Fleet, Manifest, Part, Rendering, Subscription
from ggfleet.render import render
from unit.factories import (
    make_archive,
    make_core,
    make_fleet,
    make_function,
    make_library,
    make_platform,
)

PACKAGING = ["W3002"]


def fleet_of(functions: int, cores: int) -> Fleet:
    """Two platforms that nuclei cannot tell apart, so that every function has two components."""
    names = [f"f{index:03}" for index in range(functions)]
    return make_fleet(
        components=Components(wanted=True),
        platforms=[make_platform(), make_platform("pi", python="3.10")],
        cores=tuple(
            make_core(f"line-{n}", platform=("gateway", "pi")[n % 2]) for n in range(cores)
        ),
        libraries=[make_library()],
        functions=[
            # long recipes: few functions then fill a template
            make_function(name, libraries=("tensorflow",), environment={"TEXT": "x" * 6000})
            for name in names
        ],
        subscriptions=tuple(Subscription(name, f"found/{name}", "cloud") for name in names[:20]),
    )


def manifest_of(fleet: Fleet) -> Manifest:
    adapters = [
        make_archive(Part.ADAPTER, ADAPTER, platform=p.name) for p in fleet.used_platforms()
    ]
    return Manifest((*made_up_manifest(fleet).archives, *adapters))


@functools.cache
def rendering(functions: int, cores: int) -> Rendering:
    fleet = fleet_of(functions, cores)
    return render(fleet, manifest_of(fleet), "cloudformation")


def templates_of(functions: int, cores: int) -> Templates:
    return documents_of(rendering(functions, cores))


def test_components_are_nested_when_one_template_does_not_hold_them() -> None:
    """All of them, each in one place; every template fits, and the notes tell of packaging."""
    templates = templates_of(90, 2)
    fleet = fleet_of(90, 2)
    recipes = documents_of(render(fleet, manifest_of(fleet), "recipes-v2"))
    assert len(meant_calls(templates)[0]) == 182
    assert len([path for path in recipes if path.startswith("components/")]) == 182
    assert not of_type(templates[FLEET], "::ComponentVersion")
    nested = {p["TemplateURL"] for p in of_type(templates[FLEET], "::Stack").values()}
    kept = {"bucket.json", FLEET, "v2/cores.json"}
    assert {f"v2/{each}" for each in nested} == templates.keys() - kept
    assert [limit_problems(each) for each in templates.values()] == [[]] * len(templates)
    assert any("aws cloudformation package" in n.message for n in rendering(90, 2).notes)


def test_nested_components_are_made_in_their_order() -> None:
    """Deployments wait for the stacks of their components, functions for those of libraries."""
    templates = templates_of(90, 2)
    waits, made = waits_of(templates[FLEET]), makers(templates)
    for name, properties in of_type(templates[FLEET], "V2::Deployment").items():
        own = {made[each] for each in properties["Components"] if each in made}
        assert len(own) > 5
        assert own <= waits[name]
    for template in templates.values():
        for properties in of_type(template, "::ComponentVersion").values():
            recipe = json.loads(properties["InlineRecipe"])
            needed = {made[each] for each in recipe.get("ComponentDependencies", {})}
            assert needed <= waits[made[recipe["ComponentName"]]]


def test_nested_templates_are_clean() -> None:
    """One suppression, with its reason; the largest of the nested ones stands for the others."""
    templates = templates_of(90, 2)
    largest = max(
        (path for path in templates if "functions-" in path),
        key=lambda path: len(templates[path]["Resources"]),
    )
    metadata = templates[FLEET]["Metadata"]
    assert metadata["cfn-lint"]["config"]["ignore_checks"] == PACKAGING
    assert list(metadata["SuppressedChecks"]) == PACKAGING
    assert lint_problems(templates[FLEET]) == []
    assert lint_problems(templates[largest]) == []
    bare = {k: v for k, v in templates[FLEET].items() if k != "Metadata"}
    assert {each.split()[0] for each in lint_problems(bare)} == set(PACKAGING)


def test_a_component_keeps_its_template() -> None:
    """One that moved would be made in its new stack while the old one still has it."""
    before, after = (places(templates_of(count, 2)) for count in (90, 92))
    assert len(before) < len(after)
    assert {name: path for name, path in after.items() if name in before} == before


def places(templates: Templates) -> dict[str, str]:
    return {
        name: path
        for path, template in templates.items()
        for name in of_type(template, "::ComponentVersion")
    }


def test_a_thousand_cores_have_their_policies() -> None:
    """Each core's certificate has what a small fleet's has, for its own name."""
    few, many = templates_of(20, 2), templates_of(20, 1000)
    spread = [path for path in many if "cores" in path]
    assert len(spread) == 64
    for path in spread:
        assert limit_problems(many[path]) == []
        assert long_policies(many[path]) == []
    certificates = {
        each["Principal"]
        for path in spread
        for each in of_type(many[path], "::PolicyPrincipalAttachment").values()
    }
    assert len(certificates) == 1000
    own = allowed(few["v2/cores.json"], certificate("line-0"))
    for name in ("line-0", "line-998"):
        [path] = [p for p in spread if allowed(many[p], certificate(name))]
        found = allowed(many[path], certificate(name))
        assert found == {(action, on.replace("line-0*", f"{name}*")) for action, on in own}


def certificate(name: str) -> str:
    return f"arn:aws:iot:eu-west-1:123456789012:cert/{name}"


def test_a_template_of_cores_is_clean() -> None:
    templates = templates_of(20, 1000)
    largest = max(
        (path for path in templates if "cores-" in path),
        key=lambda path: len(templates[path]["Resources"]),
    )
    assert lint_problems(templates[largest]) == []


@pytest.mark.parametrize(("cores", "files"), [(250, 1), (251, 64)])
def test_resources_decide_how_many_cores_stand_in_one_template(cores: int, files: int) -> None:
    """A policy and its attachment for each, of 500."""
    templates = templates_of(1, cores)
    found = [path for path in templates if "cores" in path]
    assert len(found) in (files, files - 1)  # a share may have no core
