"""The spec's JSON Schema (draft 2020-12), made from the tables that reading uses.

Editors validate what they read as YAML 1.2: where a person wrote `3.10` they see a number, so the
schema takes numbers wherever a text can look like one. Relations between parts are not in it:
`ggfleet check` knows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ggfleet.spec.keys import Key, Schema, Table
from ggfleet.spec.tables import Spec

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FILE = ".ggfleet/fleet.schema.json"
"""Where `ggfleet init` writes it, beside the spec: hidden, and found without a network."""

MODELINE = f"# yaml-language-server: $schema={FILE}"
"""The first line of a spec; it tells the YAML language server where the schema is."""


def json_schema() -> dict[str, Any]:
    """The whole schema; the same for every call."""
    tables = {table.__name__: table for table in sections(Spec) if table is not Spec}
    return {
        "$schema": DRAFT,
        "title": "ggfleet spec",
        **_table(Spec),
        "$defs": {name: _table(table) for name, table in sorted(tables.items())},
    }


def sections(table: type[Table]) -> Iterator[type[Table]]:
    """A table and all below it, each once, in the order in which a reader meets them."""
    met: dict[type[Table], None] = {}
    waiting = [table]
    while waiting:
        current = waiting.pop(0)
        if current not in met:
            met[current] = None
            waiting[0:0] = [inner for key in current.keys for inner in key.tables]
    yield from met


def _table(table: type[Table]) -> Schema:
    schema: Schema = {
        "description": " ".join((table.__doc__ or "").split()),
        "type": "object",
        "properties": {key.name: _key(key) for key in table.keys},
        "additionalProperties": False,
    }
    if required := [key.name for key in table.keys if key.required]:
        schema["required"] = required
    if table.one_of:
        schema["oneOf"] = [{"required": [name]} for name in table.one_of]
    if table.needs:
        schema["dependentRequired"] = {name: [other] for name, other in table.needs.items()}
    if table.conditions:
        schema["allOf"] = list(table.conditions)
    return schema


def _key(key: Key[Any]) -> Schema:
    schema = {"description": key.about, **key.schema}
    if key.default:
        is_truth = key.default in ("true", "false")
        schema["default"] = key.default == "true" if is_truth else key.default
    return schema
