"""`ggfleet register`: make the cores known to AWS."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ggfleet.cli import registering
from ggfleet.cli.options import cores_option, loaded, spec_argument
from ggfleet.cli.progress import reporting
from ggfleet.cloud import Reader, clients, foretell, perform, plan_registration
from ggfleet.errors import GgfleetError
from ggfleet.system.files import write_text

STDIN = "-"


@click.command()
@spec_argument
@click.option(
    "--requests",
    metavar="DIR",
    help="Certificate signing requests that devices have made, <core>.csr each; or - for one JSON "
    "object on stdin: {core: PEM}.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the certificates of the cores that have one, <core>.pem each.",
)
@cores_option
@registering.with_options
def command(
    spec: Path,
    requests: str | None,
    out: Path | None,
    cores: tuple[str, ...],
    asked: registering.Asked,
) -> int:
    """Make the cores known to AWS: thing, thing group, policies of least privilege, device role.

    A core with a signing request gets a certificate for its key, unless AWS IoT has an active one
    for that key already. What is right stays; a run that was cut off is finished by the next.
    Exit code 0 when all cores are registered, 1 when some failed, 2 when nothing could be done.
    """
    fleet = loaded(spec)
    given = _read(requests) if requests else {}
    registering.refuse_strangers(fleet, [*given], "--requests")
    wanted = registering.registration_of(fleet, cores, asked.generation)
    aws = clients(fleet.aws.region, asked.endpoint_url)
    with reporting(quiet=asked.as_json) as progress:
        reader = Reader(aws)
        plan = plan_registration(wanted, given, reader, progress)
        outcome = foretell(plan) if asked.only_check else perform(plan, aws, progress)
        endpoints = reader.endpoints()
    for core in outcome.cores:
        if out and core.certificate and not asked.only_check:
            write_text(out / f"{core.core}.pem", core.certificate.pem)
    alias = wanted.role.alias if wanted.role else None
    return registering.finish(outcome, asked, endpoints=endpoints, role_alias=alias)


def _read(where: str) -> dict[str, str]:
    if where == STDIN:
        return _parsed(sys.stdin.read())
    found = {path.stem: path.read_text() for path in sorted(Path(where).glob("*.csr"))}
    if not found:
        raise GgfleetError(f"{where} holds no <core>.csr", fix="name the folder of the requests")
    return found


def _parsed(text: str) -> dict[str, str]:
    fix = 'write one JSON object: {"pi-01": "-----BEGIN CERTIFICATE REQUEST-----..."}'
    try:
        read = json.loads(text)
    except ValueError as error:
        raise GgfleetError(f"stdin is no JSON: {error}", fix=fix) from error
    if not isinstance(read, dict) or not all(isinstance(each, str) for each in read.values()):
        raise GgfleetError("stdin does not hold a request for each core", fix=fix)
    return read
