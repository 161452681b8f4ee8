"""What cfn-lint and SAM's translator say to templates of V1, and that they are at work."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from functional.cloudformation_cases import access_templates, sample
from functional.cloudformation_judges import (
    FLEET,
    Tree,
    dated_problems,
    limit_problems,
    lint_problems,
    of_type,
    translated,
)
from functional.v1_sample import made_up_manifest
from functional.v1_service import documents_of
from ggfleet.model import ADAPTER, Manifest, Part
from ggfleet.render import Generation, render
from golden.test_golden_cloudformation import GOOD, case_input, render_case
from unit.factories import make_archive, make_fleet, make_function


@pytest.mark.parametrize("case", GOOD)
def test_every_golden_case_is_clean(case: str) -> None:
    """cfn-lint has nothing against a template or against what SAM makes of it."""
    fleet, _ = case_input(case)
    for path, template in documents_of(render_case(case)).items():
        region = fleet.aws.region
        assert lint_problems(template, region) == [], path
        assert lint_problems(translated(template), region) == [], path
        assert limit_problems(template) == []


def test_the_sample_is_clean() -> None:
    """All that is left is what cfn-lint says of runtimes by the date: the Jetsons' Python 3.10."""
    templates = documents_of(sample())
    for template in templates.values():
        assert lint_problems(template) == []
        assert lint_problems(translated(template)) == []
    assert all("python3.10" in message for message in dated_problems(templates[FLEET]))


def test_one_check_is_suppressed_and_with_reason() -> None:
    """Without it cfn-lint finds that and nothing else, and the template tells why."""
    templates = documents_of(sample())
    assert "Metadata" not in templates["bucket.json"]
    metadata = templates[FLEET].pop("Metadata")
    assert metadata["cfn-lint"]["config"] == {"ignore_checks": ["W3696"]}
    assert list(metadata["SuppressedChecks"]) == ["W3696"]
    found = lint_problems(templates[FLEET])
    assert len(found) == len(of_type(templates[FLEET], "")) - 9 - 2  # functions, roles and policies
    assert {each.split()[0] for each in found} == {"W3696"}


def misspell(template: Tree) -> None:
    [version] = of_type(template, "::FunctionDefinitionVersion").values()
    version["Function"] = version.pop("Functions")


def dangle(template: Tree) -> None:
    [version] = of_type(template, "::GroupVersion").values()
    version["GroupId"] = {"Ref": "Elsewhere"}


def wrong_runtime(template: Tree) -> None:
    [properties] = of_type(template, "::Serverless::Function").values()
    properties["Runtime"] = "python3.99"


def unused_parameter(template: Tree) -> None:
    template["Parameters"]["Forgotten"] = {"Type": "String"}


@pytest.mark.parametrize("mutate", [misspell, dangle, wrong_runtime, unused_parameter])
def test_cfn_lint_notices(mutate: Callable[[Tree], None]) -> None:
    """The linter is at work, suppression and all. Some it sees only after SAM's transform."""
    template = access_templates()[FLEET]
    mutate(template)
    assert lint_problems(template) + lint_problems(translated(template)) != []


@pytest.mark.parametrize("generation", [*Generation])
def test_texts_that_look_like_references_stay_texts(generation: Generation) -> None:
    """CloudFormation replaces none outside of Fn::Sub, though cfn-lint takes it for forgotten."""
    fleet = make_fleet(
        functions=[make_function(environment={"WHERE": "${AWS::Region} ${x} ${!y}"})],
    )
    adapter = make_archive(Part.ADAPTER, ADAPTER)
    manifest = Manifest((*made_up_manifest(fleet).archives, adapter))
    templates = documents_of(render(fleet, manifest, "cloudformation", generations=[generation]))
    (path,) = (path for path in templates if path.endswith("/fleet.json"))
    assert lint_problems(templates[path]) == []
    assert "${AWS::Region} ${x} ${!y}" in json.dumps(templates[path])
    checks = templates[path]["Metadata"]["cfn-lint"]["config"]["ignore_checks"]
    assert checks == [*(["W3696"] if generation is Generation.V1 else []), "E1029"]
    assert "E1029" in templates[path]["Metadata"]["SuppressedChecks"]
