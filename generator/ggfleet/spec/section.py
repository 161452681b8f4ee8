"""Typed reading of one mapping of the spec.

Every getter returns a value of the asked type. Where the file has none, or a wrong one, the problem
is recorded and a harmless stand-in returned, so that reading goes on and all problems come out
together; a spec with errors never leaves `ggfleet.spec`, so no stand-in is ever used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TypeVar

import yaml

from ggfleet.spec import units
from ggfleet.spec.document import has_foreign_tag, is_merge, is_null, place_of
from ggfleet.spec.problems import Problems, suggestion

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
"""Names become ids, aliases and parts of component names: the charset that all of them allow."""

_NO_VALUE = ("has no value", "write one or remove the line")

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


class Section:
    """A mapping node, its path, and the keys it may have."""

    def __init__(self, node: yaml.MappingNode, path: str, problems: Problems) -> None:
        self.path = path
        self.problems = problems
        self._values: dict[str, yaml.Node] = {}
        for key, value in node.value:
            self._add(key, value)

    def _add(self, key: yaml.Node, value: yaml.Node) -> None:
        where = place_of(key, self.problems.file)
        if not isinstance(key, yaml.ScalarNode):
            self.problems.error(self.path, "has a key that is not a word", "write a name", where)
            return
        if is_merge(key):
            self.problems.error(self.path, "has <<, YAML's merge key, which is not read here",
                                "write the keys out, or an alias (*NAME) as a whole value",
                                where)  # fmt: skip
            return
        path = self.at(key.value)
        if key.value in self._values:
            first = self.problems.place(path)
            self.problems.error(path, f"is given twice, first on line {first.line}",
                                "keep one of the two", where)  # fmt: skip
            return
        self.problems.locate(path, where)
        if has_foreign_tag(value):
            self.problems.error(path, f"has the tag {value.tag}", "tags are not read; remove it")
            return
        self._values[key.value] = value

    def at(self, key: str) -> str:
        """The path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def allow(self, *keys: str) -> Section:
        """Refuse every other key, naming the nearest known one, and keys without a value."""
        for key, node in self._values.items():
            if key not in keys:
                self._error(key, "is not known here", suggestion(key, keys))
            elif is_null(node):
                self._error(key, *_NO_VALUE)
        return self

    def require(self, key: str) -> None:
        """Tell that a key is missing which another one makes necessary."""
        self._value(key, required=True)

    def has(self, key: str) -> bool:
        """Whether a key is there with a value."""
        return key in self._values and not is_null(self._values[key])

    def holds_mapping(self, key: str) -> bool:
        """Whether the value of a key is a mapping."""
        return isinstance(self._values.get(key), yaml.MappingNode)

    def given(self) -> list[str]:
        """The keys in the order of the file."""
        return list(self._values)

    def text(
        self,
        key: str,
        default: str | None = None,
        *,
        pattern: str = "",
        like: str = "",
        blank: bool = False,
    ) -> str:
        """A scalar as written. `pattern` is what all of it must match, `like` an example.

        Quotes with nothing between them are told, unless `blank`.
        """
        node = self._scalar(key, required=default is None)
        if node is None:
            return default or ""
        if not node.value.strip() and not blank:
            self._error(key, "is empty", "write a value or remove the line")
        elif pattern and not re.fullmatch(pattern, node.value, re.ASCII):
            self._error(key, f"cannot be {node.value!r}", f"write it like {like}")
        return str(node.value)

    def choice(self, key: str, kind: type[E], default: E | None = None) -> E:
        """One of the members of an enumeration."""
        members = list(kind)
        word = self.text(key, default)
        if word in {str(member) for member in members}:
            return kind(word)
        if word:
            self._error(key, f"cannot be {word!r}", suggestion(word, [str(m) for m in members]))
        return members[0]

    def flag(self, key: str, default: bool) -> bool:
        """`true` or `false`; YAML 1.1's other spellings are refused, they surprise people."""
        word = self.text(key, str(default).lower())
        if word not in ("true", "false"):
            self._error(key, f"cannot be {word!r}", "write true or false")
        return word == "true"

    def measure(self, key: str, unit: Callable[[str], T], default: T) -> T:
        """A quantity such as `1 GiB`; `unit` turns its text into a number or raises ValueError."""
        node = self._scalar(key, required=False)
        if node is None:
            return default
        try:
            return unit(node.value)
        except ValueError as error:
            self._error(key, f"cannot be {node.value!r}", str(error))
            return default

    def size(self, key: str, default: int = 0) -> int:
        """An amount of memory or disk, in KB."""
        return self.measure(key, units.kilobytes, default)

    def seconds(self, key: str, default: int) -> int:
        """A time, in whole seconds."""
        return self.measure(key, units.seconds, default)

    def names(self, key: str) -> tuple[str, ...]:
        """A list of words."""
        return tuple(node.value for _, node in self._items(key) if self._is_word(key, node))

    def texts(self, key: str) -> tuple[str, ...]:
        """One word or a list of words; at least one."""
        if isinstance(self._values.get(key), yaml.SequenceNode):
            found = self.names(key)
            if not found:
                self._error(key, "is empty", "name at least one")
            return found
        return (self.text(key),)

    def mapping(self, key: str) -> dict[str, str]:
        """Names to scalars, both as written."""
        section = self.section(key)
        if section is None:
            return {}
        return {name: section.text(name, blank=True) for name in section.given()}

    def section(self, key: str, *, required: bool = False) -> Section | None:
        """A mapping below this one."""
        node = self._value(key, required=required)
        if node is None:
            return None
        if not isinstance(node, yaml.MappingNode):
            self._error(key, "is not a mapping", f"write `{key}: {{...}}` or indented lines")
            return None
        return Section(node, self.at(key), self.problems)

    def named(self, key: str, *, required: bool = False) -> Iterator[tuple[str, Section]]:
        """Named mappings below a key: `functions: {classify: {...}}`; names are checked."""
        outer = self.section(key, required=required)
        if outer is None:
            return
        for name in outer.given():
            if not NAME.fullmatch(name):
                self._bad_name(outer, name)
            inner = outer.section(name, required=True)
            if inner is not None:
                yield name, inner

    def listed(self, key: str) -> Iterator[Section]:
        """Mappings in a list below a key."""
        for index, node in self._items(key):
            path = f"{self.at(key)}[{index}]"
            self.problems.locate(path, place_of(node, self.problems.file))
            if isinstance(node, yaml.MappingNode):
                yield Section(node, path, self.problems)
            else:
                self.problems.error(path, "is not a mapping", "write `- {key: value, ...}`")

    def error(self, key: str, message: str, fix: str) -> None:
        """Record a problem at one of the keys."""
        self._error(key, message, fix)

    def _bad_name(self, outer: Section, name: str) -> None:
        message = f"{name!r} cannot be a name"
        fix = "letters, digits, - and _, beginning with a letter, at most 63"
        self.problems.error(outer.at(name), message, fix)

    def _error(self, key: str, message: str, fix: str) -> None:
        self.problems.error(self.at(key), message, fix)

    def _items(self, key: str) -> Iterator[tuple[int, yaml.Node]]:
        node = self._value(key, required=False)
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode):
            self._error(key, "is not a list", f"write `{key}: [...]` or lines that begin with -")
            return
        yield from enumerate(node.value)

    def _is_word(self, key: str, node: yaml.Node) -> bool:
        if isinstance(node, yaml.ScalarNode) and not is_null(node):
            return True
        self._error(key, "has an item that is not a word", "write one name per item")
        return False

    def _scalar(self, key: str, *, required: bool) -> yaml.ScalarNode | None:
        node = self._value(key, required=required)
        if node is None or isinstance(node, yaml.ScalarNode):
            return node
        kind = "list" if isinstance(node, yaml.SequenceNode) else "mapping"
        self._error(key, f"is a {kind}", "write a single value")
        return None

    def _value(self, key: str, *, required: bool) -> yaml.Node | None:
        node = self._values.get(key)
        if node is not None and not is_null(node):
            return node
        if node is not None:
            self._error(key, *_NO_VALUE)
        elif required and not self.problems.touches(self.at(key)):
            self._error(key, "is missing", f"add `{key}:`")
        return None
