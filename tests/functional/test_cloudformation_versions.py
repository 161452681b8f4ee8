"""When stacks of V1 publish a version of a function: with its code, and only then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from functional.cloudformation_cases import access_templates, function_of
from functional.cloudformation_judges import FLEET, of_type, translated, version_ids
from functional.v1_service import documents_of
from ggfleet.model import Fleet, Manifest
from ggfleet.render import render
from golden.test_golden_cloudformation import case_input


def published(fleet: Fleet, manifest: Manifest) -> dict[str, list[str]]:
    return version_ids(documents_of(render(fleet, manifest, "cloudformation"))[FLEET])


def change_code(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
    return fleet, with_functions(manifest, tree_sha256="f" * 64, key="ggfleet/line/new.zip")


def change_handler(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
    return with_function(fleet, handler="function.other"), manifest


def change_python(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
    platforms = {k: replace(p, python="3.12") for k, p in fleet.platforms.items()}
    return replace(fleet, platforms=platforms), manifest


def pack_differently(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
    return fleet, with_functions(manifest, sha256="e" * 64, size=999)


def move_bucket(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
    return replace(fleet, aws=replace(fleet.aws, bucket="another-bucket")), manifest


def change_configuration(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
    return with_function(fleet, memory=1 << 20, timeout=77, environment={"A": "b"}), manifest


def with_functions(manifest: Manifest, **changes: Any) -> Manifest:
    return Manifest(
        tuple(replace(a, **changes) if a.part == "functions" else a for a in manifest.archives)
    )


def with_function(fleet: Fleet, **changes: Any) -> Fleet:
    functions = {name: replace(f, **changes) for name, f in fleet.functions.items()}
    return replace(fleet, functions=functions)


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        (change_code, True),
        (change_handler, True),
        (change_python, True),
        (pack_differently, False),
        (move_bucket, False),
        (change_configuration, False),
    ],
)
def test_versions_move_with_the_code(
    change: Callable[[Fleet, Manifest], tuple[Fleet, Manifest]], moves: bool
) -> None:
    """SAM publishes when a core would get something else, and only then."""
    fleet, manifest = case_input("access")
    before, after = published(fleet, manifest), published(*change(fleet, manifest))
    assert [len(ids) for ids in before.values()] == [1]
    assert (before != after) == moves


def test_another_version_is_another_group_version() -> None:
    """A group version says exactly which code it deploys: the text follows the version's id."""
    done = translated(access_templates()[FLEET])
    [version] = of_type(done, "::Lambda::Version")
    assert function_of(done)["FunctionArn"] == {"Ref": version}
    [subscriptions] = of_type(done, "::SubscriptionDefinitionVersion").values()
    assert subscriptions["Subscriptions"][0]["Source"] == {"Ref": version}
