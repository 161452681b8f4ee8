"""Random values for keys of the spec, from the tables that reading uses.

A value is a text, a list or a mapping, as YAML has them before anybody asks for numbers. A key that
is new in a table is drawn by its schema, and where that says too little by its examples; what its
value means to other parts is for `random_specs` to say.
"""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Collection, Mapping
from typing import Any

from hypothesis import strategies as st

from ggfleet.spec.keys import Key, Table
from ggfleet.spec.schema import sections
from ggfleet.spec.tables import Spec

Value = Any
"""`str | list[Value] | dict[str, Value]`."""
Tree = dict[str, Value]
Values = st.SearchStrategy[Value]
Own = Mapping[tuple[type[Table], str], Values]
"""Strategies of keys whose schema does not say all, by table and key."""

_COIN = st.booleans()
_SELDOM = st.sampled_from([False, False, True])
PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)
LETTERS = string.ascii_letters
SYMBOLS = string.ascii_letters + string.digits + "_-"

TRICKY = (
    "${AWS::Region}", "${platforms/pi/lambda/x.json:Version}", "{artifacts:path}", "{", "}}", "null", "~",
    "yes", "3.10", "0x1F", "1e3", "2026-11-23", "a: b # c", "- x", "'\"", "\\n", "%s", "$HOME `id`", "*", "&a",
    "größe 数字 🙂", "<<", "=", "a  b", " x", "x ", "line\nfeed", "tab\there",
)  # fmt: skip
"""Texts that some language on the way takes for its own."""

TEXTS = st.one_of(
    st.sampled_from(TRICKY),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20),
).filter(str.strip)


def _amounts(units: Collection[str], low: int, high: int) -> Values:
    """Some with a fraction, with and without a blank before the unit."""
    number = st.one_of(
        st.integers(low, high).map(str), st.integers(low, high).map(lambda n: f"{n}.50")
    )
    return st.tuples(number, st.sampled_from(["", " "]), st.sampled_from(sorted(units))).map(
        "".join
    )


QUANTITIES: Mapping[str, Values] = {
    "size": st.one_of(_amounts(["MiB", "MB"], 8, 900), _amounts(["GiB", "GB"], 1, 4)),
    "time": st.one_of(_amounts(["min"], 1, 600), st.integers(1, 900).map(lambda n: f"{n} s")),
    "percentage": _amounts(["%"], 1, 99),
    "number": st.sampled_from(["1", "1.5", "2", "5", "5.0"]),
    "rate": st.builds("{} per {}".format, st.integers(1, 20), st.sampled_from(["day", "year"])),
}
"""By the kind that a key tells; each is within all limits that are known of such a key."""


@functools.cache
def names(size: int) -> st.SearchStrategy[str]:
    """Names that a person chose, at most `size` characters."""
    plain = st.sampled_from(["a", "b", "c", "a-b", "b-c", "a_b", "line"])
    odd = st.builds(str.__add__, st.sampled_from(LETTERS), st.text(SYMBOLS, max_size=size - 1))
    return st.one_of(plain, odd)


class Drawer:
    """Draws mappings of tables. Strategies are made once: making them takes longer than drawing.

    `own` are those of keys whose schema does not say all.
    """

    def __init__(self, own: Own) -> None:
        self._own = own
        self._made: dict[tuple[type[Table], str], Values] = {}

    def tree(
        self, draw: st.DrawFn, table: type[Table], given: Mapping[str, Value | None] | None = None
    ) -> Tree:
        """A mapping of a table: required keys, and each other one or not; sometimes all of them.

        `given` are values that are drawn already; None leaves a key out.
        """
        fixed = given or {}
        kept, complete = _kept(draw, table, fixed), draw(_SELDOM)
        tree: Tree = {}
        for key in table.keys:
            if key.name in fixed:
                if fixed[key.name] is not None:
                    tree[key.name] = fixed[key.name]
            elif key.name in kept and (key.required or complete or draw(_COIN)):
                tree[key.name] = draw(self.value(table, key))
        return tree

    def value(self, table: type[Table], key: Key[Any]) -> Values:
        """What one key may hold."""
        at = (table, key.name)
        if at not in self._made:
            self._made[at] = self._own[at] if at in self._own else self._of_key(key)
        return self._made[at]

    def _of_key(self, key: Key[Any]) -> Values:
        if key.kind in QUANTITIES:
            return QUANTITIES[key.kind]
        if counted := re.fullmatch(r"number and `(.+)`", key.kind):
            return st.integers(1, 1000).map(lambda n: f"{n} {counted[1]}")
        if key.kind == "whole number":  # its bounds are not in the schema
            return st.sampled_from([str(each) for each in key.schema["examples"]])
        return self.of_schema(key.schema)

    def of_schema(self, schema: Mapping[str, Any]) -> Values:
        """What a JSON Schema of a key takes, as far as the kinds of keys use the language."""
        if "$ref" in schema:
            return self._of_table(_TABLES[schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            return st.one_of([self.of_schema(each) for each in schema["anyOf"]])
        if "enum" in schema:
            return st.sampled_from([str(each) for each in schema["enum"]])
        return self._of_type(schema)

    def _of_type(self, schema: Mapping[str, Any]) -> Values:
        if schema["type"] == "array":
            least = schema.get("minItems", 0)
            return st.lists(self.of_schema(schema["items"]), min_size=least, max_size=3)
        if schema["type"] == "object":
            return self._mappings(schema)
        return matching(schema["pattern"]) if "pattern" in schema else TEXTS

    def _of_table(self, table: type[Table]) -> Values:
        @st.composite
        def whole(draw: st.DrawFn) -> Tree:
            return self.tree(draw, table)

        return whole()

    def _mappings(self, schema: Mapping[str, Any]) -> Values:
        pattern = schema.get("propertyNames", {}).get("pattern")
        keys = matching(pattern) if pattern else names(20)
        values = self.of_schema(schema["additionalProperties"])
        least = schema.get("minProperties", 0)
        return st.dictionaries(keys, values, min_size=least, max_size=3)


def _kept(draw: st.DrawFn, table: type[Table], fixed: Mapping[str, Value | None]) -> set[str]:
    """The keys that may be there, where of some exactly one is."""
    free = [name for name in table.one_of if name not in fixed]
    chosen = draw(st.sampled_from(free)) if free else ""
    return {name for name in table.names() if name not in free or name == chosen}


def matching(pattern: str) -> Values:
    """Printable ASCII that a pattern of the tables matches, at most 60 characters of it."""
    whole = pattern.removeprefix("^").removesuffix("$")
    found = st.from_regex(re.compile(whole), fullmatch=True, alphabet=PRINTABLE)
    return found.filter(lambda text: len(text) <= 60 and text.strip() == text)


_TABLES = {table.__name__: table for table in sections(Spec)}
