"""Fleets of V1 that one template does not hold."""

from __future__ import annotations

import copy

import pytest

from functional.cloudformation_cases import large, rendered
from functional.cloudformation_judges import (
    FLEET,
    Templates,
    limit_problems,
    lint_problems,
    meant_groups,
    of_type,
    permission_problems,
    translated,
)
from functional.test_cloudformation import expected_groups
from functional.v1_sample import made_up_manifest
from ggfleet.render.cloudformation.template import SAM_BYTES, SAM_RESOURCES
from ggfleet.system.files import to_json
from unit.factories import make_fleet, make_function


@pytest.fixture(scope="module")
def thousand() -> Templates:
    return rendered(large(1000))


def test_a_thousand_cores_fit_their_templates(thousand: Templates) -> None:
    assert len(thousand) == 2 + 64
    assert [limit_problems(template) for template in thousand.values()] == [[]] * len(thousand)
    assert [permission_problems(template) for template in thousand.values()] == [[]] * len(thousand)


def test_a_thousand_cores_are_deployed_as_meant(thousand: Templates) -> None:
    """Through parameters and Parameter Store too, each group is what `group-v1` has."""
    fleet = large(1000)
    assert meant_groups(thousand) == expected_groups(fleet, made_up_manifest(fleet))


def test_templates_of_cores_are_clean(thousand: Templates) -> None:
    """The largest stands for the others, which differ in names and numbers of cores alone."""
    shares = [path for path in thousand if "cores-" in path]
    largest = max(shares, key=lambda path: len(thousand[path]["Resources"]))
    for path in ("bucket.json", FLEET, largest):
        assert lint_problems(thousand[path]) == []
        assert lint_problems(translated(thousand[path])) == []


def test_what_sam_adds_is_within_what_is_counted() -> None:
    """The longest names, and as many functions as fit, so that what comes out is judged."""
    names = [f"f{index:03}-{'x' * 45}" for index in range(160)]
    fleet = make_fleet(name="l", functions=[make_function(name) for name in names])
    template = rendered(fleet)[FLEET]
    done = translated(template)
    assert len(done["Resources"]) == len(template["Resources"]) + (SAM_RESOURCES - 1) * len(names)
    added = len(to_json(done)) - len(to_json(template))
    assert 0 < added <= SAM_BYTES * len(names)
    assert limit_problems(template) == []


def test_groups_get_their_role_in_either_layout(thousand: Templates) -> None:
    """By its ARN: from the role itself, or from where the fleet's stack told it."""
    [few] = of_type(rendered(large(1))[FLEET], "::Group").values()
    assert few["RoleArn"] == {"Fn::GetAtt": ["GroupRole", "Arn"]}
    told = {p["Name"]: p["Value"] for p in of_type(thousand[FLEET], "::SSM::Parameter").values()}
    for path, template in thousand.items():
        for group in of_type(template, "::Group").values():
            stored = template["Parameters"][group["RoleArn"]["Ref"]]["Default"]
            assert told[stored] == few["RoleArn"], path


def test_a_core_keeps_its_template() -> None:
    """A group that moved to another stack would be a new one."""
    before, after = (where(rendered(large(cores))) for cores in (999, 1000))
    assert {name: path for name, path in after.items() if name in before} == before
    assert len(after) == len(before) + 1


def where(templates: Templates) -> dict[str, str]:
    return {
        group["Name"]: path
        for path, template in templates.items()
        for group in of_type(template, "::Group").values()
    }


def test_a_dangling_parameter_is_noticed(thousand: Templates) -> None:
    """The judge follows what is told from stack to stack."""
    templates = copy.deepcopy(dict(thousand))
    told = of_type(templates[FLEET], "::SSM::Parameter")
    name = next(n for n, p in told.items() if p["Name"].endswith("function-definition"))
    del templates[FLEET]["Resources"][name]
    with pytest.raises(ValueError, match="not enough values"):
        meant_groups(templates)
