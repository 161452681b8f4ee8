"""Ways to spoil any key that the tables declare; a new key is spoilt without a word about it here.

As in `mutations`, each is made of the tree of a good spec, in one place, with the lines where it may be
told. Whether a value is wrong is asked of the key's own schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from ggfleet.spec import json_schema
from ggfleet.spec.keys import Key, Table
from ggfleet.spec.tables import Spec
from unit.mutations import (
    Mutation,
    Path,
    entries,
    line_of,
    misspelt,
    parent_line,
    replaced,
    told,
    tree_of,
    without_lines,
)

WRONG = ("", "!", "-1", "99 parsecs", "no such word", "/..//")
TYPES: Mapping[str, Any] = {"[wrong]": ["wrong"], "{wrong: wrong}": {"wrong": "wrong"}}
REFERRING = {
    ("Cores", "groups"), ("ClientDevice", "cores"), ("Connector", "resources"), ("Function", "libraries"),
    ("Function", "models"), ("Function", "resources"), ("Subscription", "from"), ("Subscription", "to"),
    ("Suppression", "rule"), ("Resource", "device"),
}  # fmt: skip
"""Keys whose values, or names in them, are those of other parts."""

NAMING = {
    ("Cores", "groups"), ("Function", "models"), ("Function", "resources"), ("Deployment", "thing_groups"),
    ("Deployment", "nuclei"), ("Library", "requirements"), ("Resource", "volume"),
}  # fmt: skip
"""Keys with names of other parts before the colon."""

CROSSED = {
    ("RunAs", "uid"): "4294967296",
    ("RunAs", "gid"): "4294967296",
    ("StreamManager", "port"): "80",
    ("StreamManager", "threads"): "0",
    ("StreamManager", "bandwidth"): "0",
    ("StreamManager", "part_size"): "4 MiB",
    ("CloudSpooler", "size"): "1 KiB",
    ("Connector", "version"): "0",
    ("Rollout", "start"): "2000 per minute",
    ("Rollout", "factor"): "6",
    ("Abort", "failed"): "101 %",
    ("Subscription", "topic"): "a/b/c/d/e/f/g/h/i",
    ("Resource", "destination"): "/a/../b",
    ("Model", "version"): "1.0.0+a;b",
    ("Function", "timeout"): "0.5 s",
}
"""Values that a key's schema takes, and what they go beyond does not."""

_DEFINITIONS = json_schema()["$defs"]


def table_mutations(text: str) -> Iterator[Mutation]:
    """Every way that is known here, key by key."""
    for path, key, value in entries(tree_of(text), ()):
        table, declared, below = _declared(path)
        if declared is None:
            continue
        at = (table.__name__, declared.name)
        if not below and key is not None:
            yield from misspelt(text, path, key)
            if declared.required or declared.name in table.one_of:
                yield from without_lines(text, path, key, value)
            yield from _retyped(text, path, declared, value)
        if isinstance(value, yaml.ScalarNode):
            if not below:
                yield from _refused(text, path, declared, value)
            if at in REFERRING and value.value not in ("ro", "rw"):
                yield from _dangling(text, path, value)
            if at in CROSSED and not below:
                yield _changed("limit crossed", text, path, value, CROSSED[at])
        if below and key is not None and at in NAMING and key.value != "other":
            yield from _dangling(text, path, key)


def _declared(path: Path) -> tuple[type[Table], Key[Any] | None, Path]:
    """The table and key that a path leads to, and what of the path is below the key.

    No key for the name of a part, which its owner chose.
    """
    table: type[Table] = Spec
    while True:
        key = next(key for key in table.keys if key.name == path[0])
        path = path[1:]
        if key.kind in ("named sections", "list of sections"):
            if len(path) == 1:
                return table, None, ()
            inner = path[1:]
        else:
            inner = path
        if not inner or not key.tables:
            return table, key, inner
        table, path = key.tables[0], inner


def _takes(key: Key[Any], value: object) -> bool:
    return bool(Draft202012Validator({**key.schema, "$defs": _DEFINITIONS}).is_valid(value))


def _changed(kind: str, text: str, path: Path, node: yaml.Node, new: str) -> Mutation:
    lines = frozenset({line_of(node)})
    return Mutation(kind, f"{told(path)}: {new}", replaced(text, node, new), lines)


def _retyped(text: str, path: Path, key: Key[Any], value: yaml.Node) -> Iterator[Mutation]:
    if isinstance(value, yaml.ScalarNode):
        for new, read in TYPES.items():
            if not _takes(key, read):
                yield _changed("type changed", text, path, value, new)
    elif not _takes(key, "wrong"):
        # A block begins below its key, and is told there.
        mutation = _changed("type changed", text, path, value, "wrong")
        first = parent_line(text, (*path, ""))
        yield Mutation(mutation.kind, mutation.what, mutation.text, frozenset({first}))


def _refused(text: str, path: Path, key: Key[Any], value: yaml.ScalarNode) -> Iterator[Mutation]:
    """Two values that the schema refuses. That a text is not empty is the reader's alone."""
    wrong = [each for each in WRONG if not each or not _takes(key, each)]
    for new in wrong[:2]:
        yield _changed("value refused", text, path, value, f'"{new}"')


def _dangling(text: str, path: Path, node: yaml.ScalarNode) -> Iterator[Mutation]:
    if re.match(r"/|arn:", node.value):
        return
    for new in (f"{node.value}x", "nobody"):
        yield _changed("reference dangling", text, path, node, new)
