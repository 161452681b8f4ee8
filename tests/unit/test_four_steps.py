"""No role is forgotten: each passes check mode, apply, check mode, apply on real hosts, or says why not."""

from __future__ import annotations

import ast
from pathlib import Path

PROJECT = Path(__file__).parents[2]
EXCUSED = {
    "greengrass_compare": "measures anew at each run, so that a second one has to write figures too;"
    " tests/fleet/test_compare_devices.py tries check mode before and after one",
}


def roles_tried(module: Path) -> set[str]:
    """Return the roles that a module of tests names in calls of `must_hold`, which sees them run."""
    calls = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)]
    named = [call for call in calls if getattr(call.func, "attr", "") == "must_hold"]
    return {
        argument.value
        for call in named
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def test_each_role_takes_four_steps_on_real_hosts_or_is_excused() -> None:
    """A new role fails here until a test of the fleet takes the steps, or a reason stands above."""
    roles = {path.parents[1].name for path in PROJECT.glob("roles/*/tasks/main.yml")}
    tried = set[str]().union(*map(roles_tried, PROJECT.glob("tests/fleet/test_*.py")))
    assert roles - tried == set(EXCUSED)
    assert tried <= roles
