"""What templates of V1 mean: the groups that the API's calls would make."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from functional.cloudformation_cases import access_templates, expected_groups, function_of
from functional.cloudformation_judges import FLEET, Tree, meant_groups, of_type
from functional.v1_service import documents_of
from golden.test_golden_cloudformation import GOOD, case_input, render_case


@pytest.mark.parametrize("case", GOOD)
def test_definitions_are_those_of_the_api(case: str) -> None:
    """References followed, every group deploys what the calls of `group-v1` would."""
    fleet, manifest = case_input(case)
    found = meant_groups(documents_of(render_case(case)))
    assert found == expected_groups(fleet, manifest)
    assert len(found) == len(fleet.cores) > 0


def drop_pointer(template: Tree) -> None:
    [version] = of_type(template, "::GroupVersion").values()
    del version["LoggerDefinitionVersionArn"]


def more_memory(template: Tree) -> None:
    function_of(template)["FunctionConfiguration"]["MemorySize"] += 1


def other_bucket(template: Tree) -> None:
    template["Parameters"]["ArchiveBucket"]["Default"] = "other"


def other_function(template: Tree) -> None:
    [properties] = of_type(template, "::Serverless::Function").values()
    properties["FunctionName"] = "line-other-gateway"


def linked_environment(template: Tree) -> None:
    own = function_of(template)
    own["FunctionConfiguration"]["Environment"]["Variables"]["PEER"] = own["FunctionArn"]


@pytest.mark.parametrize(
    "mutate", [drop_pointer, more_memory, other_bucket, other_function, linked_environment]
)
def test_another_meaning_is_noticed(mutate: Callable[[Tree], None]) -> None:
    templates = access_templates()
    mutate(templates[FLEET])
    assert meant_groups(templates) != expected_groups(*case_input("access"))
