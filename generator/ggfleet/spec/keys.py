"""What a key of the spec may hold, declared once: for reading, for the JSON Schema, for the docs.

A `Table` is one mapping of the spec, and its attributes are the keys. `Aws.region.read(section)`
gives the value with the type that its declaration says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from ggfleet.spec import units
from ggfleet.spec.problems import suggestion
from ggfleet.spec.section import NAME, Section

T = TypeVar("T")
S = TypeVar("S")
E = TypeVar("E", bound=StrEnum)

Schema = dict[str, Any]

# What YAML takes for a number or a truth value where a person wrote a text.
_NUMBERS = ("0", "-1", "0.5", "3.11", "1e3", *(str(10**digits) for digits in range(20)))
_TRUTHS = ("true", "True", "TRUE", "false", "False", "FALSE")


@dataclass(frozen=True)
class Key(Generic[T]):
    """One key: how it is read, and what people and editors are told of it.

    `kind` names the kind of value in a few words, `schema` is JSON Schema for the value alone,
    `default` is what holds when nothing is written, as one would write it. `tables` are the
    mappings that the value holds.
    """

    about: str
    kind: str
    reader: Callable[[Section, str], T]
    schema: Mapping[str, Any]
    required: bool = False
    default: str = ""
    tables: tuple[type[Table], ...] = ()
    name: str = ""

    def read(self, section: Section) -> T:
        """The value in a section; a wrong one becomes a problem and a harmless stand-in."""
        return self.reader(section, self.name)

    def mapped(self, convert: Callable[[T], S]) -> Key[S]:
        """The same key with a value that is made of what it reads."""
        return Key(
            self.about,
            self.kind,
            lambda section, name: convert(self.reader(section, name)),
            self.schema,
            self.required,
            self.default,
            self.tables,
            self.name,
        )

    def renamed(self, name: str) -> Key[T]:
        """The same key by another name, for those that are no Python names, as `from`."""
        return replace(self, name=name)


class Table:
    """The keys of one mapping, in the order in which people are told of them.

    `one_of` names keys of which exactly one is there, `needs` keys that mean something only beside
    another key; `conditions` is further JSON Schema for what the reader of the mapping checks.
    """

    keys: ClassVar[tuple[Key[Any], ...]] = ()
    one_of: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[Mapping[str, str]] = {}
    conditions: ClassVar[tuple[Schema, ...]] = ()

    def __init_subclass__(cls) -> None:
        for attribute, key in list(vars(cls).items()):
            if isinstance(key, Key):
                setattr(cls, attribute, key.renamed(key.name or attribute))
        cls.keys = tuple(key for key in vars(cls).values() if isinstance(key, Key))

    @classmethod
    def names(cls) -> list[str]:
        """All keys, as they are written."""
        return [key.name for key in cls.keys]

    @classmethod
    def open(cls, section: Section) -> Section:
        """The same section, after keys that the table lacks are refused."""
        return section.allow(*cls.names())


def text(
    about: str, *, like: str, pattern: str = "", hint: str = "", default: str | None = None
) -> Key[str]:
    """A scalar as written; `pattern` is what all of it must match, `hint` follows the example."""
    shown = f"{like} {hint}".strip()
    return Key(
        about,
        "text",
        lambda section, name: section.text(name, default, pattern=pattern, like=shown),
        {**scalar(pattern), "examples": [like.strip('"')]},
        required=default is None,
        default=default or "",
    )


def choice(about: str, kind: type[E], default: E | None = None) -> Key[E]:
    """One of the members of an enumeration."""
    return Key(
        about,
        " or ".join(f"`{member}`" for member in kind),
        lambda section, name: section.choice(name, kind, default),
        {"enum": [str(member) for member in kind]},
        required=default is None,
        default=default or "",
    )


def one_of(
    about: str,
    words: tuple[str, ...],
    default: str | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Key[str]:
    """One of some words; `aliases` are wrong ones and what is meant by them."""

    def read(section: Section, name: str) -> str:
        word = section.text(name, default)
        if word and word not in words:
            near = (aliases or {}).get(word, word)
            section.error(name, f"cannot be {word!r}", suggestion(near, words))
        return word

    kind = " or ".join(f"`{word}`" for word in words)
    required = default is None
    return Key(about, kind, read, {"enum": list(words)}, required, default or "")


def flag(about: str, *, default: bool) -> Key[bool]:
    """`true` or `false`."""
    return Key(
        about,
        "true or false",
        lambda section, name: section.flag(name, default=default),
        # Quoted, they are read alike; editors offer the plain ones.
        {"type": ["boolean", "string"], "pattern": "^(true|false)$"},
        default=str(default).lower(),
    )


def quantity(
    about: str, unit: units.Unit[T], default: T, *, told: str = "", required: bool = False
) -> Key[T]:
    """A number and its unit; `told` is the default as one would write it."""

    def read(section: Section, name: str) -> T:
        if required:
            section.text(name)
        return section.measure(name, unit.convert, default)

    schema = {**scalar(unit.pattern), "examples": [unit.like]}
    return Key(about, unit.noun, read, schema, required, told)


def optional(key: Key[T]) -> Key[T | None]:
    """The same key, None where nothing is written."""

    def read(section: Section, name: str) -> T | None:
        return key.reader(section, name) if section.has(name) else None

    return Key(key.about, key.kind, read, key.schema, tables=key.tables)


def either(short: Key[T], long: Key[T]) -> Key[T]:
    """Two ways of writing one thing: `long` is a mapping, `short` is not."""

    def read(section: Section, name: str) -> T:
        way = long if section.holds_mapping(name) else short
        return way.reader(section, name)

    schema = {"anyOf": [short.schema, long.schema]}
    kind = f"{written(short)}, or {written(long)}"
    tables = (*short.tables, *long.tables)
    return Key(short.about, kind, read, schema, short.required, short.default, tables)


def written(key: Key[Any]) -> str:
    """The kind of a key's value with an example, for people."""
    links = ", ".join(f"[{table.__name__}](#{table.__name__.lower()})" for table in key.tables)
    if links and not key.kind.endswith(")"):
        return f"{key.kind}: {links}"
    examples = key.schema.get("examples", [])
    return ", ".join([key.kind, *(f"as `{in_flow_style(example)}`" for example in examples)])


def in_flow_style(example: Any) -> str:
    """An example as YAML's flow style has it."""
    if isinstance(example, dict):
        items = (f"{key}: {in_flow_style(value)}" for key, value in example.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(example, list):
        return f"[{', '.join(in_flow_style(each) for each in example)}]"
    text = str(example)
    return f'"{text}"' if text.replace(".", "", 1).isdigit() else text


def number(about: str, low: int, high: int, like: str) -> Key[int | None]:
    """A whole number without a unit; None where nothing is written."""
    return optional(quantity(about, units.number_unit(low, high, like), low))


def size(about: str, default: int = 0, told: str = "") -> Key[int]:
    """An amount of memory or disk, in KB; 0 where nothing is written."""
    return quantity(about, units.SIZE, default, told=told)


def seconds(about: str, default: int) -> Key[int]:
    """A time in whole seconds."""
    return quantity(about, units.TIME, default, told=f"{default} s")


def counted(about: str, noun: str) -> Key[int]:
    """A whole number and its noun: `10 succeeded`."""
    return quantity(about, units.counted_unit(noun), 0, required=True)


def names(about: str, like: str) -> Key[tuple[str, ...]]:
    """A list of words."""
    schema = {"type": "array", "items": scalar(""), "examples": [[like]]}
    return Key(about, "list of names", lambda section, name: section.names(name), schema)


def words(about: str, like: str) -> Key[tuple[str, ...]]:
    """One word or a list of words."""
    several = {"type": "array", "items": scalar(""), "minItems": 1}
    schema = {"anyOf": [scalar(""), several], "examples": [like]}
    kind = "text or list"
    return Key(about, kind, lambda section, name: section.texts(name), schema, required=True)


def mapping(
    about: str, like: Mapping[str, str], keys: str = "", *, required: bool = False
) -> Key[dict[str, str]]:
    """Names to scalars; `keys` is the pattern of the names. Its reader tells that it is missing."""
    schema: Schema = {"type": "object", "additionalProperties": scalar(""), "examples": [like]}
    if keys:
        schema["propertyNames"] = {"pattern": whole(keys)}
    kind = "names and texts"
    return Key(about, kind, lambda section, name: section.mapping(name), schema, required)


def choices(about: str, kind: type[E], like: Mapping[str, str]) -> Key[dict[str, E]]:
    """Names to members of an enumeration."""

    def read(section: Section, name: str) -> dict[str, E]:
        inner = section.section(name)
        return {each: inner.choice(each, kind) for each in inner.given()} if inner else {}

    values = {"enum": [str(member) for member in kind]}
    schema = {"type": "object", "additionalProperties": values, "examples": [dict(like)]}
    return Key(about, f"names and {' or '.join(f'`{member}`' for member in kind)}", read, schema)


def section_of(about: str, table: type[Table], *, required: bool = False) -> Key[Section | None]:
    """A mapping with keys of its own; unknown ones are refused here."""

    def read(section: Section, name: str) -> Section | None:
        found = section.section(name, required=required)
        return table.open(found) if found else None

    return Key(about, "section", read, reference(table), required, tables=(table,))


def named(
    about: str, table: type[Table], *, required: bool = False
) -> Key[list[tuple[str, Section]]]:
    """Mappings by names that a person chose."""

    def read(section: Section, name: str) -> list[tuple[str, Section]]:
        found = section.named(name, required=required)
        return [(each, table.open(inner)) for each, inner in found]

    schema = {
        "type": "object",
        "propertyNames": {"pattern": whole(NAME.pattern)},
        "additionalProperties": reference(table),
    }
    return Key(about, "named sections", read, schema, required, tables=(table,))


def listed(about: str, table: type[Table]) -> Key[list[Section]]:
    """Mappings in a list."""

    def read(section: Section, name: str) -> list[Section]:
        return [table.open(each) for each in section.listed(name)]

    schema = {"type": "array", "items": reference(table)}
    return Key(about, "list of sections", read, schema, tables=(table,))


def scalar(pattern: str) -> Schema:
    """JSON Schema of a text that YAML may take for a number or a truth value."""
    fits = partial(re.fullmatch, pattern) if pattern else bool
    types = ["string"]
    types += ["number"] if any(fits(each) for each in _NUMBERS) else []
    types += ["boolean"] if any(fits(each) for each in _TRUTHS) else []
    schema: Schema = {"type": types if len(types) > 1 else "string"}
    return {**schema, "pattern": whole(pattern)} if pattern else schema


def whole(pattern: str) -> str:
    """A pattern that all of a text must match; JSON Schema searches."""
    return f"^(?:{pattern})$"


def reference(table: type[Table]) -> Schema:
    """JSON Schema that points at a table."""
    return {"$ref": f"#/$defs/{table.__name__}"}
