"""`ggfleet audit`: packages, licences and known vulnerabilities of the archives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from ggfleet.bundle.supply.advisories import Advisories, Finding, read_advisories
from ggfleet.bundle.supply.package import Package
from ggfleet.bundle.supply.sbom import bill_path, read_bill
from ggfleet.bundle.workshop import BILLED
from ggfleet.cli import output
from ggfleet.cli.options import (
    bundles_option,
    chosen,
    json_option,
    loaded,
    platforms_option,
    spec_argument,
)
from ggfleet.cli.render import manifest_in
from ggfleet.errors import GgfleetError
from ggfleet.model import Archive, Json

UNKNOWN = "not told"


@dataclass(frozen=True)
class _Audited:
    """An archive, what is in it, and what is known of that."""

    archive: Archive
    packages: Sequence[Package]
    findings: Sequence[Finding]


@click.command()
@spec_argument
@platforms_option
@bundles_option
@click.option(
    "--advisories", type=click.Path(path_type=Path, exists=True),
    help="Known vulnerabilities: a file, folder or zip in the OSV format.",
)  # fmt: skip
@click.option(
    "--accept", "accepted", multiple=True, metavar="ID",
    help="An advisory that does not count; may be repeated.",
)  # fmt: skip
@json_option
def command(
    spec: Path,
    platforms: tuple[str, ...],
    bundles: Path,
    advisories: Path | None,
    accepted: tuple[str, ...],
    as_json: bool,
) -> int:
    """List the packages in the archives with their licences, and what is known against them.

    It reads the bill of materials (CycloneDX 1.6) that lies beside each archive, and asks no
    network. Exit code 1 when an advisory names a package, 0 otherwise.
    """
    fleet = chosen(loaded(spec), platforms)
    archives = [each for each in manifest_in(bundles, fleet).archives if each.part in BILLED]
    if not archives:
        raise GgfleetError(f"{bundles} holds no archives", fix=f"run `ggfleet bundle {spec}`")
    known = read_advisories(advisories) if advisories else None
    audited = [_audit(bundles, each, known, frozenset(accepted)) for each in archives]
    if as_json:
        output.print_json({"archives": [_as_json(bundles, each) for each in audited]})
    else:
        _tell(audited, known)
    return 1 if any(each.findings for each in audited) else 0


def _audit(
    out: Path, archive: Archive, known: Advisories | None, accepted: Collection[str]
) -> _Audited:
    packages = read_bill(out, archive)
    found = known.findings(packages) if known else ()
    counted = [
        each
        for each in found
        if not {each.affected.advisory, *each.affected.aliases} & set(accepted)
    ]
    return _Audited(archive, packages, counted)


def _tell(audited: Sequence[_Audited], known: Advisories | None) -> None:
    places: dict[tuple[str, str, str], set[str]] = {}
    for each in audited:
        for package in each.packages:
            row = (package.name, package.version, package.licence or UNKNOWN)
            places.setdefault(row, set()).add(f"{each.archive.name} ({each.archive.platform})")
    rows = [(*row, ", ".join(sorted(where))) for row, where in sorted(places.items())]
    output.out.print(output.table(("package", "version", "licence", "in"), rows))
    if known is None:
        output.out.print("no advisories were given: vulnerabilities were not looked for")
        return
    findings = {_row(each) for one in audited for each in one.findings}
    if findings:
        columns = ("package", "version", "advisory", "fixed in", "summary")
        output.out.print()
        output.out.print(output.table(columns, sorted(findings)))
    count = output.plural(len(findings), "known vulnerability")
    output.out.print(f"{count} in {output.plural(len(rows), 'package')}")


def _row(finding: Finding) -> tuple[str, str, str, str, str]:
    affected = finding.affected
    fixed = ", ".join(affected.fixed) or "no version"
    return (
        finding.package.name,
        finding.package.version,
        affected.advisory,
        fixed,
        affected.summary,
    )


def _as_json(out: Path, audited: _Audited) -> dict[str, Json]:
    return {
        "archive": audited.archive.file,
        "platform": audited.archive.platform,
        "bill": str(bill_path(out, audited.archive)),
        "packages": [asdict(package) for package in audited.packages],
        "vulnerabilities": [
            {
                "package": each.package.name,
                "version": each.package.version,
                "advisory": each.affected.advisory,
                "aliases": list(each.affected.aliases),
                "fixed": list(each.affected.fixed),
                "summary": each.affected.summary,
            }
            for each in audited.findings
        ],
    }
