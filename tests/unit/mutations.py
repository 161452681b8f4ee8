"""Ways to spoil a spec, each in one place, and the line where that has to be told.

A mutation is made of the tree of a good spec, so that it hits what it means to hit; the text around it
stays as it was, comments and all.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

KINDS = ("key misspelt", "type changed", "reference dangling", "limit crossed", "line removed")


@dataclass(frozen=True)
class Mutation:
    """What was done, the text that it gives, and the lines at which it may be told (from 1)."""

    kind: str
    what: str
    text: str
    lines: frozenset[int]


Path = tuple[str | int, ...]
NAMED = ("platforms", "libraries", "models", "functions", "resources")
REFERENCES = ("from", "to", "libraries", "models")
REQUIRED = {
    "fleet", "aws", "region", "account", "bucket", "platforms", "cores", "inventory", "groups",
    "requirements", "install", "destination", "source", "version", "functions", "handler",
}  # fmt: skip
"""Keys without which a spec says too little; `memory` is one in a container, told at the function."""

LIMITS = {
    ("fleet",): "line-vision-" + "x" * 50,
    ("aws", "account"): "1234567890123",
    ("aws", "bucket"): "b" * 64,
    ("memory",): "0 MiB",
    ("timeout",): "0 s",
    ("topic",): "a/b/c/d/e/f/g/h/i",
    ("space",): "0 MiB",
    ("start",): "2000 per minute",
    ("factor",): "6",
    ("failed",): "101 %",
    ("after",): "0 succeeded",
    ("version",): "1.0",
    ("destination",): "mllibs",
    ("handler",): "function_handler",
    ("architecture",): "sparc",
    ("level",): "TRACE",
}
"""A value beyond what each may be, by the end of its path."""


def mutations(text: str, count: int, seed: int) -> list[Mutation]:
    """`count` different mutations, as many of each kind as there are, by a fixed choice."""
    chooser = random.Random(seed)
    pools = {kind: [m for m in _all(text) if m.kind == kind] for kind in KINDS}
    chosen: list[Mutation] = []
    while len(chosen) < count and any(pools.values()):
        for pool in pools.values():
            if pool and len(chosen) < count:
                chosen.append(pool.pop(chooser.randrange(len(pool))))
    return chosen


def _all(text: str) -> Iterator[Mutation]:
    for path, key, value in entries(tree_of(text), ()):
        if key is not None and isinstance(path[-1], str) and not _is_name(path):
            yield from misspelt(text, path, key)
            yield from _removed(text, path, key, value)
        yield from _retyped(text, path, value)
        if isinstance(value, yaml.ScalarNode):
            yield from _dangling(text, path, value)
            yield from _crossed(text, path, value)


def tree_of(text: str) -> yaml.Node:
    tree = yaml.compose(text)
    assert tree is not None
    return tree


def entries(
    node: yaml.Node, path: Path
) -> Iterator[tuple[Path, yaml.ScalarNode | None, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key, value
            yield from entries(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), None, value
            yield from entries(value, (*path, index))


def _is_name(path: Path) -> bool:
    """A name that the owner chose: any other would do as well."""
    free = ("environment", "groups")
    return (len(path) == 2 and path[0] in NAMED) or (len(path) > 1 and path[-2] in free)


def replaced(text: str, node: yaml.Node, new: str) -> str:
    end = node.end_mark.index
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        # The end of a block is where the next one begins: leave the comments between.
        end = node.start_mark.index + len(text[node.start_mark.index : end].rstrip())
    return text[: node.start_mark.index] + new + text[end:]


def line_of(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def told(path: Path) -> str:
    return ".".join(map(str, path))


def misspelt(text: str, path: Path, key: yaml.ScalarNode) -> Iterator[Mutation]:
    word = key.value
    for slip in dict.fromkeys((word[:-1] or "x", word + word[-1], word[1:2] + word[:1] + word[2:])):
        if slip != word:
            new = replaced(text, key, slip)
            what = f"{told(path)} -> {slip}"
            yield Mutation("key misspelt", what, new, frozenset({line_of(key)}))


def _retyped(text: str, path: Path, value: yaml.Node) -> Iterator[Mutation]:
    if path[-2:-1] == ("sources",) or path[-1] == "source":
        return  # a word or a list, both are fine
    if isinstance(value, yaml.ScalarNode):
        for new in ("[wrong]", "{wrong: wrong}"):
            # A list's item is told with the list.
            lines = frozenset({line_of(value)})
            yield Mutation(
                "type changed", f"{told(path)}: {new}", replaced(text, value, new), lines
            )
    elif isinstance(value, yaml.CollectionNode) and value.flow_style:
        new = replaced(text, value, "wrong")
        yield Mutation("type changed", f"{told(path)}: wrong", new, frozenset({line_of(value)}))


def _dangling(text: str, path: Path, value: yaml.ScalarNode) -> Iterator[Mutation]:
    keys = [part for part in path if isinstance(part, str)]
    in_function = keys[:1] == ["functions"] and keys[-1] in REFERENCES
    in_subscription = keys[0] == "subscriptions" and keys[-1] in REFERENCES
    if in_function or in_subscription or keys[:2] == ["cores", "groups"]:
        for new in (f"{value.value}x", "nobody"):
            changed = replaced(text, value, new)
            what = f"{told(path)}: {new}"
            yield Mutation("reference dangling", what, changed, frozenset({line_of(value)}))


def _crossed(text: str, path: Path, value: yaml.ScalarNode) -> Iterator[Mutation]:
    for end, new in LIMITS.items():
        if path[-len(end) :] == end:
            lines = {line_of(value)}
            if end == ("fleet",):
                # Lambda's limit is for both names together, so it is told at each function.
                lines |= {n for n, line in enumerate(text.splitlines(), 1) if "digits-" in line}
            changed = replaced(text, value, new)
            yield Mutation("limit crossed", f"{told(path)}: {new}", changed, frozenset(lines))


def _removed(text: str, path: Path, key: yaml.ScalarNode, value: yaml.Node) -> Iterator[Mutation]:
    if key.value in REQUIRED:
        yield from without_lines(text, path, key, value)


def without_lines(
    text: str, path: Path, key: yaml.ScalarNode, value: yaml.Node
) -> Iterator[Mutation]:
    """A required key's own lines go; that is told at what it was missing from, the line above all."""
    lines = text.splitlines(keepends=True)
    first = line_of(key)
    if not lines[first - 1].split("#")[0].strip().startswith(f"{key.value}:"):
        return
    last = first
    if isinstance(value, yaml.CollectionNode):
        last = max([line_of(key), *(n.end_mark.line + 1 for n in _scalars(value))])
    new = "".join(lines[: first - 1] + lines[last:])
    yield Mutation("line removed", told(path), new, frozenset({parent_line(text, path)}))


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from (*_scalars(key), *_scalars(value))
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _scalars(value)


def parent_line(text: str, path: Path) -> int:
    if len(path) == 1:
        return 1
    lines = {p: line_of(key or value) for p, key, value in entries(tree_of(text), ())}
    return lines[path[:-1]]
