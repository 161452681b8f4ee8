"""docs/spec.md: every key of the spec, made from the tables that reading uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ggfleet.spec.keys import Key, Table, written
from ggfleet.spec.presets import PRESETS
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
- Where "platforms and theirs" are taken, a value may differ by platform: `{pi: X, orin: Y}`, or
  `{orin: Y, other: X}`. Every platform of the spec must get one.
"""

BOARDS = """\
## Presets

`platforms: {pi: {preset: pi4-64}}` takes all of a row; a key beside it goes before the row's.
`resources: {camera: {device: camera}}` stands for the paths of each platform's camera: device nodes
below `/dev`, and folders, which functions see where they are. Architecture is that of the system's
programs: the 32-bit systems may run on a 64-bit kernel. What the brackets say was not verified.
"""


def spec_reference() -> str:
    """The page as Markdown."""
    tables = (line for each in sections(Spec) for line in _section(each))
    return "\n".join([INTRODUCTION, *tables, *_presets()])


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


def _presets() -> Iterator[str]:
    yield BOARDS
    yield "| preset | board and system | architecture | python | glibc | gpu | hardware |"
    yield "|---|---|---|---|---|---|---|"
    for name, preset in PRESETS.items():
        hardware = "; ".join(
            f"`{each.kind}`: {', '.join(f'`{path}`' for path in each.paths)} ({each.doubt})"
            for each in preset.hardware
        )
        cells = (
            f"`{name}`",
            f"{preset.board}, {preset.release}",
            preset.architecture,
            preset.python,
            preset.glibc,
            preset.gpu,
            hardware,
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
