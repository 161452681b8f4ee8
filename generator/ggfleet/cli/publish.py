"""`ggfleet publish`: upload the archives to S3, each once."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ggfleet.cli import output
from ggfleet.cli.options import (
    bundles_option,
    endpoint_option,
    json_option,
    loaded,
    spec_argument,
)
from ggfleet.cli.progress import reporting
from ggfleet.cli.render import manifest_in
from ggfleet.cloud import publish, s3_client
from ggfleet.errors import GgfleetError


@click.command()
@spec_argument
@bundles_option
@endpoint_option
@json_option
def command(spec: Path, bundles: Path, endpoint_url: str | None, as_json: bool) -> int:
    """Upload the archives to the fleet's bucket.

    An archive is named by its content and never overwritten: what is there already stays.
    """
    fleet = loaded(spec)
    manifest = manifest_in(bundles, fleet)
    if not manifest.archives:
        raise GgfleetError(f"{bundles} holds no archives", fix=f"run `ggfleet bundle {spec}`")
    s3 = s3_client(fleet.aws.region, endpoint_url)
    with reporting(quiet=as_json) as progress:
        published = publish(manifest, bundles, fleet.aws.bucket, s3, progress)
    if as_json:
        output.print_json({"bucket": fleet.aws.bucket, "archives": [asdict(p) for p in published]})
    return 0
