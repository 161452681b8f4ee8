"""A switch means the same as `-e switch=false`, which Ansible hands over as text, and text is true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from yaml_values import ansible_value

PROJECT = Path(__file__).parents[2]
ROLES = sorted(path for path in (PROJECT / "roles").iterdir() if path.is_dir())
EXPRESSIONS = ("when", "that", "until", "changed_when", "failed_when")
"""Keys whose values are expressions without braces."""
EMBEDDED = re.compile(r"\{[{%](.*?)[}%]\}", re.DOTALL)


def switches(role: Path) -> set[str]:
    """Return the inputs that are declared as bool."""
    specs = ansible_value((role / "meta/argument_specs.yml").read_text())
    options: dict[str, dict[str, Any]] = specs["argument_specs"]["main"]["options"]
    return {name for name, option in options.items() if option["type"] == "bool"}


def expressions(node: Any, key: str = "") -> Iterator[str]:
    """Yield every expression below a node, apart from those that hand an input over as it is.

    What a module or a role is given is made a bool by its own argument specification; the checks of
    a report (`holds`) are judged by filters.
    """
    if isinstance(node, dict):
        for name, value in node.items():
            yield from expressions(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value, key)
    elif isinstance(node, str):
        if key in EXPRESSIONS:
            yield node
        elif key == "holds" or not re.fullmatch(r"\{\{ \w+ \}\}", node):
            yield from EMBEDDED.findall(node)


def unconverted(switch: str, expression: str) -> bool:
    """Tell whether an expression uses a switch as it comes."""
    return bool(re.search(rf"\b{switch}\b(?!\s*\|\s*bool\b)", expression))


@pytest.mark.parametrize(
    ("expression", "found"),
    [("a | bool or b", False), ("not a or b", True), ("a|bool", False), ("a | boolean", True)],
)
def test_a_switch_as_it_comes_is_found(expression: str, found: bool) -> None:
    """Keeps the test below from passing because it finds nothing."""
    assert unconverted("a", expression) is found


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_switches_are_converted_wherever_they_decide(role: Path) -> None:
    """`allow_restart=false` on the command line must not restart."""
    paths = [*role.glob("tasks/*.yml"), *role.glob("vars/*.yml"), *role.glob("handlers/*.yml")]
    used = [text for path in paths for text in expressions(ansible_value(path.read_text()))]
    used += [
        text for path in role.glob("templates/*") for text in EMBEDDED.findall(path.read_text())
    ]
    assert not [(name, text) for name in switches(role) for text in used if unconverted(name, text)]
