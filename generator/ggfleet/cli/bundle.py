"""`ggfleet bundle`: build the archives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table

from ggfleet.bundle import deltas
from ggfleet.bundle.build import build
from ggfleet.bundle.offers import find_offers
from ggfleet.bundle.prune import Superseded, prune
from ggfleet.cli import output
from ggfleet.cli.contents import contents_json, print_contents
from ggfleet.cli.offers import print_offers
from ggfleet.cli.options import (
    cache_option,
    chosen,
    default_bundles,
    index_option,
    json_option,
    loaded,
    platforms_option,
    spec_argument,
    with_indexes,
)
from ggfleet.cli.progress import reporting
from ggfleet.model import Archive, Delta, Form, ending


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
@index_option
@click.option(
    "--locked", is_flag=True, help="Refuse wheels that no lock names; `ggfleet lock` writes locks."
)
@click.option("--prune", "prunes", is_flag=True, help="Then remove archives that were superseded.")
@click.option(
    "--whole", is_flag=True, help="Leave nothing out: headers, tests and the like of packages too."
)
@click.option(
    "--explain",
    is_flag=True,
    help="Show the size of each package, what was left out and why, and offer an edge runtime.",
)
@click.option(
    "--sign", "key", metavar="KEY",
    help="Sign the manifest: a private key's PEM file, or a pkcs11: URI.",
)  # fmt: skip
@click.option(
    "--delta-from", "olds", multiple=True, metavar="OLD",
    type=click.Path(path_type=Path, exists=True),
    help="Also write deltas to the libraries from those of an older manifest or folder of bundles.",
)  # fmt: skip
@json_option
def command(
    spec: Path,
    platforms: tuple[str, ...],
    out: Path,
    cache: Path,
    indexes: tuple[str, ...],
    locked: bool,
    prunes: bool,
    whole: bool,
    explain: bool,
    key: str | None,
    olds: tuple[Path, ...],
    as_json: bool,
) -> int:
    """Build the archives: libraries, models and functions, for each platform that a core has.

    Libraries are resolved for the platform, not for this machine, from wheels alone, and as their
    locks say where there are any. Archives are named by their content; what has not changed is not
    built again.
    """
    fleet = with_indexes(chosen(loaded(spec), platforms), indexes)
    sign = signing(key, out) if key else None
    with reporting(quiet=as_json) as progress:
        manifest = build(
            fleet,
            fleet.used_platforms(),
            out,
            cache=cache,
            progress=progress,
            whole=whole,
            locked=locked,
        )
        if olds:
            manifest = deltas.add_deltas(out, olds, progress)
        offers = (
            find_offers(fleet, manifest, out, cache=cache, progress=progress, whole=whole)
            if explain
            else ()
        )
    removed = prune(out) if prunes else ()
    signature = sign() if sign else None
    if as_json:
        archives = [
            {**asdict(archive), **(contents_json(out, archive) if explain else {})}
            for archive in manifest.archives
        ]
        pruned = {"removed": [asdict(each) for each in removed]} if prunes else {}
        signed = {"signature": str(signature)} if signature else {}
        found = {"deltas": [asdict(each) for each in manifest.deltas]} if manifest.deltas else {}
        offered = {"offers": [asdict(each) for each in offers]} if explain else {}
        output.print_json(
            {"out": str(out), "archives": archives, **found, **offered, **pruned, **signed}
        )
    else:
        output.out.print(table_of(manifest.archives))
        _tell_deltas(manifest.deltas)
        if explain:
            print_contents(out, manifest.archives)
            print_offers(offers)
        output.out.print(f"archives and manifest.json are in {out}")
        if signature:
            output.out.print(f"signed: {signature}")
        if prunes:
            _tell_removed(removed)
    return 0


def signing(key: str, out: Path) -> Callable[[], Path]:
    """What signs the manifest later; a wrong file or URI is told now, before minutes of work."""
    from ggfleet.bundle.supply import signature  # noqa: PLC0415 - few builds are signed

    by = signature.signer(key)
    return lambda: signature.sign_manifest(out, by)


def _tell_deltas(found: tuple[Delta, ...]) -> None:
    for each in found:
        output.out.print(f"delta {each.file}, {output.megabytes(each.size)}")


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
            f"{archive.name} ({packed})" if packed != Form.ZIP else archive.name,
            archive.platform,
            output.megabytes(archive.size),
            output.megabytes(archive.unpacked_size),
            str(archive.files),
        )
        for archive in archives
        for packed in [ending(archive.form, archive.compression)]
    ]
    columns = ("part", "name", "platform", "packed", "unpacked", "files")
    return output.table(columns, rows, right=(3, 4, 5))
