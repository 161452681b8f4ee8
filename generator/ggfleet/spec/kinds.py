"""The kinds of values that keys of the spec have: how each is read, and its JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from ggfleet.spec import units
from ggfleet.spec.keys import Key, Schema, Table, reference, scalar, whole, written
from ggfleet.spec.problems import suggestion
from ggfleet.spec.section import NAME, Section

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

ABSOLUTE = r"/(?!/).*"
HARDWARE = r"[a-z][a-z0-9-]*"
OTHER = "other"
"""Where a value differs by platform: the platforms that are not named."""


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


def words(about: str, like: str, pattern: str = "") -> Key[tuple[str, ...]]:
    """One word or a list of words; `pattern` is what all of each must match."""

    def read(section: Section, name: str) -> tuple[str, ...]:
        found = section.texts(name)
        for word in found if pattern else ():
            if word and not re.fullmatch(pattern, word):
                section.error(name, f"cannot be {word!r}", f"write it like {like}")
        return found

    several = {"type": "array", "items": scalar(pattern), "minItems": 1}
    schema = {"anyOf": [scalar(pattern), several], "examples": [like]}
    return Key(about, "text or list", read, schema, required=True)


def paths(about: str, like: str) -> Key[dict[str, tuple[str, ...]]]:
    """Names to lists of absolute paths, which may be empty."""
    return lists(about, "paths", HARDWARE, ABSOLUTE, {"camera": [like]})


def lists(
    about: str,
    noun: str,
    keys: str,
    values: str,
    like: Mapping[str, Sequence[str]],
    *,
    least: int = 0,
) -> Key[dict[str, tuple[str, ...]]]:
    """Names to lists of words; `values` is what all of each must match.

    Whoever reads it tells of wrong names, and of fewer names or words than `least`.
    """

    def read(section: Section, name: str) -> dict[str, tuple[str, ...]]:
        inner = section.section(name)
        found = {each: inner.names(each) for each in inner.given()} if inner else {}
        for each, listed in found.items():
            for word in listed:
                if inner and not re.fullmatch(values, word):
                    inner.error(each, f"cannot be {word!r}", f"write it like {shown}")
        return found

    shown = next(iter(like.values()))[0]
    schema = {
        "type": "object",
        "propertyNames": {"pattern": whole(keys)},
        "additionalProperties": {"type": "array", "items": scalar(values), "minItems": least},
        "minProperties": least,
        "examples": [like],
    }
    return Key(about, f"names and lists of {noun}", read, schema)


def mapping(
    about: str, like: Mapping[str, str], keys: str = "", *, values: str = "", required: bool = False
) -> Key[dict[str, str]]:
    """Names to scalars; `keys` and `values` are their patterns.

    Whoever reads it tells what does not match, and that it is missing.
    """
    schema: Schema = {"type": "object", "additionalProperties": scalar(values), "examples": [like]}
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


def optional(key: Key[T]) -> Key[T | None]:
    """The same key, None where nothing is written."""

    def read(section: Section, name: str) -> T | None:
        return key.reader(section, name) if section.has(name) else None

    return Key(key.about, key.kind, read, key.form, tables=key.tables)


def either(short: Key[T], long: Key[T]) -> Key[T]:
    """Two ways of writing one thing: `long` is a mapping, `short` is not."""

    def read(section: Section, name: str) -> T:
        way = long if section.holds_mapping(name) else short
        return way.reader(section, name)

    schema = {"anyOf": [short.form, long.form]}
    kind = f"{written(short)}, or {written(long)}"
    tables = (*short.tables, *long.tables)
    return Key(short.about, kind, read, schema, short.required, short.default, tables)


def per_platform(key: Key[T]) -> Key[tuple[T | None, dict[str, T]]]:
    """`X`, or `{pi: X, orin: Y}`: one value for all platforms, or None and one for each."""
    short: Key[tuple[T | None, dict[str, T]]] = key.mapped(lambda value: (value, {}))

    def read(section: Section, name: str) -> tuple[T | None, dict[str, T]]:
        inner = section.section(name)
        assert inner is not None  # the long form is read only where there is a mapping
        if not inner.given():
            section.error(name, "is empty", "name a value, or one for each platform")
        return None, {each: key.reader(inner, each) for each in inner.given()}

    schema = {"type": "object", "additionalProperties": key.form, "minProperties": 1}
    long = replace(short, kind="platforms and theirs", reader=read, form=schema, tables=())
    return either(short, long)


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
