"""YAML as others read it.

Editors take version 1.2 of the language, in which `on` is a text and keys are too; Ansible has
tags of its own.
"""

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


class _AnsibleLoader(yaml.SafeLoader):
    """With the tag of texts that Ansible must not evaluate."""


_AnsibleLoader.add_constructor("!unsafe", lambda _, node: str(node.value))


def ansible_value(text: str) -> Any:
    """The values of a document as Ansible gets them."""
    return yaml.load(text, Loader=_AnsibleLoader)


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
