"""What a key of the spec may hold, declared once: for reading, for the JSON Schema, for the docs.

A `Table` is one mapping of the spec, and its attributes are the keys. `Aws.region.read(section)`
gives the value with the type that its declaration says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from ggfleet.spec.section import Section

T = TypeVar("T")
S = TypeVar("S")

Schema = dict[str, Any]

# What YAML takes for a number or a truth value where a person wrote a text.
_NUMBERS = ("0", "-1", "0.5", "3.11", "1e3", *(str(10**digits) for digits in range(20)))
_TRUTHS = ("true", "True", "TRUE", "false", "False", "FALSE")


@dataclass(frozen=True)
class Key(Generic[T]):
    """One key: how it is read, and what people and editors are told of it.

    `kind` names the kind of value in a few words, `form` is JSON Schema for the value alone, with
    `Loose` types; `default` is what holds when nothing is written, as one would write it. `tables`
    are the mappings that the value holds.
    """

    about: str
    kind: str
    reader: Callable[[Section, str], T]
    form: Mapping[str, Any]
    required: bool = False
    default: str = ""
    tables: tuple[type[Table], ...] = ()
    name: str = ""

    @property
    def schema(self) -> Schema:
        """JSON Schema for the value alone."""
        return {name: _plain(value) for name, value in self.form.items()}

    def read(self, section: Section) -> T:
        """The value in a section; a wrong one becomes a problem and a harmless stand-in."""
        return self.reader(section, self.name)

    def mapped(self, convert: Callable[[T], S]) -> Key[S]:
        """The same key with a value that is made of what it reads."""
        return Key(
            self.about,
            self.kind,
            lambda section, name: convert(self.reader(section, name)),
            self.form,
            self.required,
            self.default,
            self.tables,
            self.name,
        )

    def optional(self, absent: T) -> Key[T]:
        """The same key with a value that holds where nothing is written."""

        def read(section: Section, name: str) -> T:
            return self.reader(section, name) if section.has(name) else absent

        return replace(self, reader=read, required=False)

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


def written(key: Key[Any]) -> str:
    """The kind of a key's value with an example, for people."""
    links = ", ".join(f"[{table.__name__}](#{table.__name__.lower()})" for table in key.tables)
    if links and not key.kind.endswith(")"):
        return f"{key.kind}: {links}"
    examples = key.form.get("examples", [])
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


class Loose(str):
    """The type of a text that has this pattern, and that YAML may take for something else.

    What for is found out when somebody asks for the schema: reading a spec would pay for it.
    """

    __slots__ = ()

    def types(self) -> str | list[str]:
        """`type` of JSON Schema."""
        fits = partial(re.fullmatch, str(self)) if self else bool
        types = ["string"]
        types += ["number"] if any(fits(each) for each in _NUMBERS) else []
        types += ["boolean"] if any(fits(each) for each in _TRUTHS) else []
        return types if len(types) > 1 else "string"


def scalar(pattern: str) -> Schema:
    """A text as a `Key.form` has it."""
    schema: Schema = {"type": Loose(pattern)}
    return {**schema, "pattern": whole(pattern)} if pattern else schema


def _plain(form: Any) -> Any:
    """A part of a `Key.form` as JSON Schema has it."""
    if isinstance(form, Loose):
        return form.types()
    if isinstance(form, Mapping):
        return {name: _plain(each) for name, each in form.items()}
    return [_plain(each) for each in form] if isinstance(form, list) else form


def whole(pattern: str) -> str:
    """A pattern that all of a text must match; JSON Schema searches."""
    return f"^(?:{pattern})$"


def reference(table: type[Table]) -> Schema:
    """JSON Schema that points at a table."""
    return {"$ref": f"#/$defs/{table.__name__}"}
