"""`ggfleet bundle`: build the archives."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table

from ggfleet.bundle import Superseded, build, prune
from ggfleet.cli import output
from ggfleet.cli.options import (
    cache_option,
    chosen,
    default_bundles,
    json_option,
    platforms_option,
    spec_argument,
)
from ggfleet.cli.progress import reporting
from ggfleet.model import Archive, Form
from ggfleet.spec import load


@click.command()
@spec_argument
@platforms_option
@click.option(
    "--out",
    default=default_bundles,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the archives.",
)
@cache_option
@click.option("--prune", "prunes", is_flag=True, help="Then remove archives that were superseded.")
@json_option
def command(
    spec: Path, platforms: tuple[str, ...], out: Path, cache: Path, prunes: bool, as_json: bool
) -> int:
    """Build the archives: libraries, models and functions, for each platform that a core has.

    Libraries are resolved for the platform, not for this machine, from wheels alone. Archives are
    named by their content; what has not changed is not built again.
    """
    fleet = chosen(load(spec), platforms)
    with reporting(quiet=as_json) as progress:
        manifest = build(fleet, fleet.used_platforms(), out, cache=cache, progress=progress)
    removed = prune(out) if prunes else ()
    if as_json:
        archives = [asdict(archive) for archive in manifest.archives]
        pruned = {"removed": [asdict(each) for each in removed]} if prunes else {}
        output.print_json({"out": str(out), "archives": archives, **pruned})
    else:
        output.out.print(table_of(manifest.archives))
        output.out.print(f"archives and manifest.json are in {out}")
        if prunes:
            _tell_removed(removed)
    return 0


def _tell_removed(removed: tuple[Superseded, ...]) -> None:
    for each in removed:
        output.out.print(f"removed {each.file}, {output.megabytes(each.size)}")
    total = output.megabytes(sum(each.size for each in removed))
    output.out.print(f"{output.plural(len(removed), 'superseded archive')} removed, {total}")


def table_of(archives: tuple[Archive, ...]) -> Table:
    """Archives as a table of sizes."""
    rows = [
        (
            str(archive.part),
            f"{archive.name} ({archive.form})" if archive.form is Form.IMAGE else archive.name,
            archive.platform,
            output.megabytes(archive.size),
            output.megabytes(archive.unpacked_size),
            str(archive.files),
        )
        for archive in archives
    ]
    columns = ("part", "name", "platform", "zipped", "unpacked", "files")
    return output.table(columns, rows, right=(3, 4, 5))
