"""`ggfleet schema`: print the JSON Schema of the spec, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from ggfleet.cli import output
from ggfleet.cli.options import json_option
from ggfleet.spec import json_schema
from ggfleet.system.files import write_json


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to this file instead of printing it.",
)
@json_option
def command(out: Path | None, as_json: bool) -> int:
    """Print the JSON Schema of the spec (draft 2020-12).

    A spec that begins with `# yaml-language-server: $schema=FILE` is then completed and checked by
    editors that speak to the YAML language server; `ggfleet init` writes both.
    """
    schema = json_schema()
    if out is None:
        output.print_json(schema)  # a JSON document in any case
        return 0
    write_json(out, schema)
    if as_json:
        output.print_json({"out": str(out)})
    else:
        output.out.print(f"wrote {out}")
    return 0
