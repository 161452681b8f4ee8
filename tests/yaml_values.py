"""YAML as editors read it: version 1.2 of the language, in which `on` is a text and keys are too."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

PLAIN = (
    (re.compile(r"true|True|TRUE|false|False|FALSE"), lambda text: text.lower() == "true"),
    (re.compile(r"null|Null|NULL|~|"), lambda _: None),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
)


def editor_value(text: str) -> Any:
    """The values of a document (YAML 1.2, core schema), as a validator gets them."""
    return json.loads(json.dumps(_value(yaml.compose(text, Loader=yaml.SafeLoader))))


def _value(node: yaml.Node | None) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _value(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(each) for each in node.value]
    assert isinstance(node, yaml.ScalarNode)
    if node.style is None:
        for pattern, convert in PLAIN:
            if pattern.fullmatch(node.value):
                return convert(node.value)
    return node.value
