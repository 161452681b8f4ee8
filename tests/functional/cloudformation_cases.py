"""Fleets and templates that several tests of CloudFormation look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from functional.cloudformation_judges import Tree, of_type, statements
from functional.v1_sample import load_sample, made_up_manifest
from functional.v1_service import documents_of
from ggfleet.model import Fleet, Logger, Rendering
from ggfleet.render import Generation, render
from golden.test_golden_cloudformation import render_case
from unit.factories import make_core, make_fleet, make_function, make_library, make_platform


def sample(**changes: Any) -> Rendering:
    """The sample's groups. Its spec is for V2, unless something else is asked for."""
    fleet = replace(load_sample(), **changes)
    only_v1 = (Generation.V1,)
    return render(fleet, made_up_manifest(fleet), "cloudformation", generations=only_v1)


def large(cores: int) -> Fleet:
    """Two platforms and everything that groups share, the group role too."""
    return make_fleet(
        platforms=[make_platform(python="3.12"), make_platform("pi", python="3.12")],
        cores=tuple(
            make_core(f"line-{n}", platform=("gateway", "pi")[n % 2]) for n in range(cores)
        ),
        libraries=[make_library()],
        functions=[make_function(libraries=("tensorflow",))],
        loggers=(Logger("lambda", "INFO", "cloudwatch"),),
    )


def rendered(fleet: Fleet) -> Tree:
    return documents_of(render(fleet, made_up_manifest(fleet), "cloudformation"))


def access_templates() -> Tree:
    return documents_of(render_case("access"))


def allow(template: Tree, sid: str) -> Tree:
    [found] = [statement for _, statement in statements(template) if statement.get("Sid") == sid]
    return found


def function_of(template: Tree) -> Tree:
    [version] = of_type(template, "::FunctionDefinitionVersion").values()
    return version["Functions"][0]  # type: ignore[no-any-return]
