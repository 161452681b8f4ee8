"""`ggfleet check`: find everything that is wrong with a spec."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from ggfleet.cli import output
from ggfleet.cli.options import format_of, inventories, json_option, spec_argument
from ggfleet.lint import FindArchives, check, none_built
from ggfleet.model import Fleet, Json, Severity
from ggfleet.spec import Checked

FORMATS = ("text", "json", "sarif")


@click.command()
@spec_argument
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True,
    help="For people, for programs, or for code hosts (SARIF 2.1.0).",
)  # fmt: skip
@json_option
@click.option("--strict", is_flag=True, help="Let warnings fail the check too.")
@click.option(
    "--bundles", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of archives: judge V2 documents with their real sizes, not with stand-ins.",
)  # fmt: skip
def command(spec: Path, form: str, as_json: bool, strict: bool, bundles: Path | None) -> int:
    """Find everything that is wrong with a spec, with line, rule and fix.

    Exit code 0 when nothing is wrong (warnings and notes are told), 2 otherwise. What is meant can
    be silenced in the spec, with a reason: suppress: [{rule: ID, at: functions.x, reason: "..."}].
    `ggfleet explain ID` tells what a rule is about.
    """
    form = format_of(form, as_json)
    checked = check(spec, inventories(), _archives(bundles))
    failed = checked.fleet is None or (strict and _count(checked, Severity.WARNING) > 0)
    if form == "json":
        output.print_json(_as_json(spec, checked))
    elif form == "sarif":
        from ggfleet.cli.sarif import sarif_log  # noqa: PLC0415 - only this format needs it

        output.print_json(sarif_log(checked))
    else:
        _tell(spec, checked, failed=failed)
    return 2 if failed else 0


def _archives(bundles: Path | None) -> FindArchives:
    if bundles is None:
        return none_built
    from ggfleet.cli.render import manifest_in  # noqa: PLC0415 - it imports what builds archives

    return partial(manifest_in, bundles)


def _tell(spec: Path, checked: Checked, *, failed: bool) -> None:
    output.tell_problems(checked.problems)
    if checked.problems or checked.suppressed:
        first = (Severity.ERROR, Severity.WARNING)
        counts = [output.plural(_count(checked, each), each) for each in first]
        notes, suppressed = _count(checked, Severity.NOTE), len(checked.suppressed)
        counts += [output.plural(notes, "note")] if notes else []
        counts += [f"{suppressed} suppressed"] if suppressed else []
        click.echo(f"{spec}: {', '.join(counts)}", err=True)
    if checked.fleet is not None and not failed:
        click.echo(f"{spec} is fine: {_counted(_summary(checked.fleet))}")


def _summary(fleet: Fleet) -> dict[str, int]:
    return {
        "core": len(fleet.cores),
        "platform": len(fleet.used_platforms()),
        "function": len(fleet.functions),
        "library": len(fleet.libraries),
        "model": len(fleet.models),
        "subscription": len(fleet.subscriptions),
    }


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(output.plural(count, noun) for noun, count in counts.items() if count)


def _count(checked: Checked, severity: Severity) -> int:
    return sum(problem.severity is severity for problem in checked.problems)


def _as_json(spec: Path, checked: Checked) -> dict[str, Json]:
    return {
        "file": str(spec),
        "errors": _count(checked, Severity.ERROR),
        "warnings": _count(checked, Severity.WARNING),
        "notes": _count(checked, Severity.NOTE),
        "problems": [output.problem_json(problem) for problem in checked.problems],
        "suppressed": [
            {**output.problem_json(problem), "reason": by.reason}
            for problem, by in checked.suppressed
        ],
    }
