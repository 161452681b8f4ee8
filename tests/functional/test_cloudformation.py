"""What templates of V1 mean: the groups that the API's calls would make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from functional.cloudformation_cases import access_templates, function_of
from functional.cloudformation_judges import FLEET, Tree, meant_groups, of_type
from functional.v1_service import documents_of
from ggfleet.model import Fleet, Manifest
from ggfleet.render import render
from golden.test_golden_cloudformation import GOOD, case_input, render_case


def expected_groups(fleet: Fleet, manifest: Manifest) -> dict[str, Tree]:
    """By group name: what the calls of `group-v1` deploy, with function ARNs as NAME:ALIAS."""
    documents = documents_of(render(fleet, manifest, "group-v1"))
    bodies = [body for path, body in documents.items() if path.endswith("/group.json")]
    return {
        body["Name"]: {
            field: shortened(documents[value[2:].split(":")[0]]["InitialVersion"])
            for field, value in body["InitialVersion"].items()
        }
        for body in bodies
    }


def shortened(value: Any, key: str = "") -> Any:
    """Function ARNs in the API's own fields as NAME:ALIAS; a function's environment as it is.

    The core's own functions have no account in their ARNs, which stay. The resource type has no
    FunctionRuntimeOverride, and a note says so.
    """
    if isinstance(value, dict):
        told = {k: v for k, v in value.items() if k != "FunctionRuntimeOverride"}
        return {k: v if k == "Variables" else shortened(v, k) for k, v in told.items()}
    if isinstance(value, list):
        return [shortened(each, key) for each in value]
    whose = ("FunctionArn", "Source", "Target")
    if key in whose and ":function:" in str(value) and ":::" not in str(value):
        return value.split(":function:")[1]
    return value


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
