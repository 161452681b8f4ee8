"""`ggfleet verify`: hold archives against their signed manifest."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ggfleet.bundle.supply.signature import verify_manifest
from ggfleet.cli import output
from ggfleet.cli.options import default_bundles, json_option


@click.command()
@click.argument(
    "bundles", default=default_bundles, type=click.Path(path_type=Path), metavar="[FOLDER]"
)
@click.option(
    "--key", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Public key or certificate, PEM, of whoever signed.",
)  # fmt: skip
@json_option
def command(bundles: Path, key: Path, as_json: bool) -> int:
    """Hold the archives in FOLDER against their manifest, and that against its signature.

    Exit code 0 when everything is as signed by `ggfleet bundle --sign`, 2 otherwise. On a device
    without ggfleet: openssl dgst -sha256 -verify KEY -signature manifest.json.sig manifest.json
    """
    archives = verify_manifest(bundles, key)
    if as_json:
        output.print_json({"archives": [asdict(archive) for archive in archives]})
    else:
        count = output.plural(len(archives), "archive")
        click.echo(f"{bundles}: the manifest's signature and {count} are as signed")
    return 0
