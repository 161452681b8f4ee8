"""docs/spec.md: every key of the spec, made from the tables that reading uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ggfleet.spec.keys import Key, Table, written
from ggfleet.spec.schema import sections
from ggfleet.spec.tables import Spec

INTRODUCTION = """\
# The spec

Every key of `fleet.yml`. `scripts/spec_reference.py` makes this page from the tables that reading
uses, and a test holds it equal; `ggfleet schema` prints the same as JSON Schema for editors.
`ggfleet init` writes a commented spec to start from.

- Sizes and times carry their units: `256 MiB` (or `KiB`, `GiB`, `kB`, `MB`, `GB`), `30 s` (or
  `min`, `h`).
- A value is read as it is written: `3.10` stays 3.10. Only `true` and `false` are truth values.
- Names begin with a letter; letters, digits, `-` and `_` follow, 63 characters at most. Parts are
  referred to by their names.
- Paths are relative to the spec's folder. A key that is not listed here is refused.
"""


def spec_reference() -> str:
    """The page as Markdown."""
    return "\n".join([INTRODUCTION, *(line for each in sections(Spec) for line in _section(each))])


def _section(table: type[Table]) -> Iterator[str]:
    title = "The top" if table is Spec else table.__name__
    yield f"## {title}\n"
    yield f"{' '.join((table.__doc__ or '').split())}\n"
    if table.one_of:
        yield f"Exactly one of {', '.join(f'`{name}`' for name in table.one_of)}.\n"
    yield "| key | value | when left out | |"
    yield "|---|---|---|---|"
    yield from (_row(key) for key in table.keys)
    yield ""


def _row(key: Key[Any]) -> str:
    absent = "refused" if key.required else f"`{key.default}`" if key.default else ""
    cells = (f"`{key.name}`", written(key), absent, key.about)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
