"""`ggfleet unregister`: take certificates of cores, or cores, out of AWS again."""

from __future__ import annotations

from pathlib import Path

import click

from ggfleet.cli import registering
from ggfleet.cli.options import loaded, spec_argument
from ggfleet.cli.progress import reporting
from ggfleet.cloud import Leave, Reader, clients, foretell, perform, plan_departure
from ggfleet.errors import GgfleetError


@click.command()
@spec_argument
@click.option(
    "--core", "cores", multiple=True, required=True, metavar="NAME",
    help="This core, by its host's name; may be repeated.",
)  # fmt: skip
@click.option(
    "--keep", default="", metavar="ID",
    help="Only the core's other certificates than this one go; thing and policies stay.",
)  # fmt: skip
@click.option(
    "--certificate", "certificates", multiple=True, metavar="ID",
    help="Only this certificate goes; may be repeated.",
)  # fmt: skip
@click.option("--revoke", is_flag=True, help="Revoke, for good, instead of deactivating.")
@click.option("--delete", is_flag=True, help="Delete, too, what was deactivated and detached.")
@registering.with_options
def command(
    spec: Path,
    cores: tuple[str, ...],
    keep: str,
    certificates: tuple[str, ...],
    revoke: bool,
    delete: bool,
    asked: registering.Asked,
) -> int:
    """Deactivate and detach certificates of cores; take whole cores out of their thing group.

    Without --keep or --certificate it is the whole core. Nothing is deleted without --delete. What
    all cores share stays: thing groups, role and role alias.
    """
    if keep and certificates:
        raise GgfleetError("--keep and --certificate exclude each other", fix="write one of them")
    if (keep or certificates) and len(cores) > 1:
        raise GgfleetError("a certificate belongs to one core", fix="write one --core")
    fleet = loaded(spec)
    wanted = registering.registration_of(fleet, cores, asked.generation)
    aws = clients(fleet.aws.region, asked.endpoint_url)
    leave = Leave(keep, certificates, revoke, delete)
    with reporting(quiet=asked.as_json) as progress:
        plan = plan_departure(wanted.devices, leave, Reader(aws), progress)
        outcome = foretell(plan) if asked.only_check else perform(plan, aws, progress)
    return registering.finish(outcome, asked)
