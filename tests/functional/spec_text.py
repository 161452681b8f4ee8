"""Specs as text: the same tree in other words, and in another order where order says nothing."""

from __future__ import annotations

import random

import yaml

from functional.random_values import Tree, Value
from ggfleet.spec.keys import Table


class _Plain(yaml.SafeDumper):
    """Writes what YAML takes for numbers and truth values as people do, without quotes."""

    def represent_plain(self, text: str) -> yaml.ScalarNode:
        tag = str(self.resolve(yaml.ScalarNode, text, (True, False)))  # type: ignore[no-untyped-call]
        plain = tag.rpartition(":")[2] in ("int", "float", "bool", "timestamp", "value")
        return self.represent_scalar(tag if plain else "tag:yaml.org,2002:str", text)


_Plain.add_representer(str, _Plain.represent_plain)


def written(tree: Tree, chooser: random.Random) -> str:
    """YAML: with more or less quoting, in block or flow style, with or without escapes."""
    text: str = yaml.dump(
        tree,
        Dumper=chooser.choice([_Plain, yaml.SafeDumper]),
        default_flow_style=chooser.choice([None, True, False]),
        allow_unicode=chooser.choice([True, False]),
        width=chooser.choice([40, 80, 1000]),
        sort_keys=False,
    )
    return text


def reordered(table: type[Table], tree: Tree, chooser: random.Random) -> Tree:
    """The same with the keys of sections in another order. Names that people chose keep theirs.

    The order of functions, platforms or environment variables is that of the documents.
    """
    keys = {key.name: key for key in table.keys}
    names = list(tree)
    chooser.shuffle(names)
    return {
        name: _reordered(keys[name].kind, keys[name].tables, tree[name], chooser) for name in names
    }


def _reordered(
    kind: str, tables: tuple[type[Table], ...], value: Value, chooser: random.Random
) -> Value:
    if isinstance(value, list) and tables:
        return [_reordered(kind, tables, each, chooser) for each in value]
    if not isinstance(value, dict) or not tables:
        return value
    if kind == "named sections":
        return {name: reordered(tables[0], each, chooser) for name, each in value.items()}
    return reordered(tables[0], value, chooser)
