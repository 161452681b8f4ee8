"""`ggfleet init`: write a commented spec and an inventory to start from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from ggfleet.cli import output
from ggfleet.cli.options import json_option
from ggfleet.errors import GgfleetError
from ggfleet.lint import check
from ggfleet.model import Severity
from ggfleet.spec import starter
from ggfleet.system.files import write_text


@click.command()
@click.argument("folder", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", help="Name of the fleet.  [default: the folder's name]")
@click.option("--region", default="eu-west-1", show_default=True, help="AWS Region.")
@click.option("--account", default="123456789012", show_default=True, help="AWS account.")
@click.option("--bucket", help="Bucket for archives.  [default: NAME-greengrass]")
@json_option
def command(
    folder: Path, name: str | None, region: str, account: str, bucket: str | None, as_json: bool
) -> int:
    """Write a commented spec, an inventory and one function into FOLDER.

    The result passes `ggfleet check`. Existing files are never overwritten.
    """
    name = name or _name_of(folder)
    bucket = bucket or f"{name.lower().replace('_', '-')}-greengrass"
    texts = starter(name=name, region=region, account=account, bucket=bucket)
    _refuse_existing(folder, list(texts))
    _refuse_faulty(texts)
    for path, text in texts.items():
        write_text(folder / path, text)
    if as_json:
        output.print_json({"folder": str(folder), "files": list(texts)})
    else:
        _tell(folder, list(texts))
    return 0


def _name_of(folder: Path) -> str:
    letters = [c if c.isascii() and c.isalnum() else "-" for c in folder.resolve().name]
    name = "".join(letters).strip("-")
    return name if name[:1].isalpha() else "fleet"


def _refuse_existing(folder: Path, paths: list[str]) -> None:
    there = [path for path in paths if (folder / path).exists()]
    if there:
        raise GgfleetError(
            f"{folder / there[0]} exists already", fix="name an empty folder, or remove the file"
        )


def _refuse_faulty(texts: Mapping[str, str]) -> None:
    """Check what would be written: an option may be no Region, no account, no name."""
    with TemporaryDirectory(prefix="ggfleet-") as trial:
        for path, text in texts.items():
            write_text(Path(trial) / path, text)
        problems = check(Path(trial) / "fleet.yml").problems
    for problem in (p for p in problems if p.severity is Severity.ERROR):
        where = f"{problem.path} " if problem.path else "the spec "
        raise GgfleetError(f"these options make no spec: {where}{problem.message}", fix=problem.fix)


def _tell(folder: Path, paths: list[str]) -> None:
    for path in paths:
        output.out.print(f"wrote {folder / path}")
    spec = folder / "fleet.yml"
    output.out.print(f"next: edit {spec} and {folder / 'inventory'}, then `ggfleet check {spec}`")
