"""`ggfleet schema`: print the JSON Schema of the spec, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from ggfleet.cli import output
from ggfleet.spec import json_schema
from ggfleet.system.files import write_json


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to this file instead of printing it.",
)
def command(out: Path | None) -> int:
    """Print the JSON Schema of the spec (draft 2020-12).

    A spec that begins with `# yaml-language-server: $schema=FILE` is then completed and checked by
    editors that speak to the YAML language server; `ggfleet init` writes both.
    """
    schema = json_schema()
    if out is None:
        output.print_json(schema)
    else:
        write_json(out, schema)
        output.out.print(f"wrote {out}")
    return 0
