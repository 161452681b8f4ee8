"""`ggfleet lock`: pin the wheels of each library and platform."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ggfleet.bundle.locks import Relocked, check_known, relock, wanted, write_locks
from ggfleet.cli import output
from ggfleet.cli.options import (
    cache_option,
    chosen,
    index_option,
    json_option,
    loaded,
    platforms_option,
    spec_argument,
    with_indexes,
)
from ggfleet.cli.progress import reporting
from ggfleet.model import Json


@click.command()
@spec_argument
@platforms_option
@cache_option
@index_option
@click.option("--upgrade", is_flag=True, help="Take the newest versions that requirements allow.")
@click.option(
    "--upgrade-package", "packages", multiple=True, metavar="PACKAGE",
    help="Take the newest version of this package; may be repeated.",
)  # fmt: skip
@click.option(
    "--check", "only_check", is_flag=True,
    help="Tell what would change; change nothing. Exit code 1 when something would.",
)  # fmt: skip
@json_option
def command(
    spec: Path,
    platforms: tuple[str, ...],
    cache: Path,
    indexes: tuple[str, ...],
    upgrade: bool,
    packages: tuple[str, ...],
    only_check: bool,
    as_json: bool,
) -> int:
    """Write the wheels of each library and platform into locks (PEP 751), for review and `bundle`.

    A lock lies beside its requirements file as pylock.FILE-PLATFORM.toml. Versions stay as they are
    unless the requirements or `--upgrade` want others. Nothing is written unless everything can be.
    """
    fleet = with_indexes(chosen(loaded(spec), platforms), indexes)
    found = []
    with reporting(quiet=as_json) as progress:
        for each in wanted(fleet, fleet.used_platforms()):
            progress.step(f"resolving {each.path.name}")
            found.append(relock(each, cache=cache, upgrade=upgrade, packages=packages))
    check_known(packages, found)
    if not only_check:
        write_locks(found)
    if as_json:
        output.print_json({"locks": [_as_json(each) for each in found]})
    else:
        _tell(found, only_check=only_check)
    return 1 if only_check and any(each.state != "unchanged" for each in found) else 0


def _tell(found: list[Relocked], *, only_check: bool) -> None:
    does = "would be" if only_check else "is"
    for each in found:
        count = output.plural(len(each.wheels), "package")
        output.out.print(f"{each.wanted.path} {does} {each.state}, {count}", markup=False)
        # The first lock of a set is nothing but new lines
        for change in each.changes if each.before else ():
            output.out.print(f"  {change}", markup=False)
    if not found:
        output.out.print("the fleet has no library that archives are made of")


def _as_json(each: Relocked) -> dict[str, Json]:
    return {
        "file": str(each.wanted.path),
        "platform": each.wanted.platform.name,
        "requirements": [str(file) for file in each.wanted.files],
        "state": each.state,
        "packages": len(each.wheels),
        "changes": [asdict(change) for change in each.changes],
    }
