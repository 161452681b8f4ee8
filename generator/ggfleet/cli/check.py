"""`ggfleet check`: find everything that is wrong with a spec."""

from __future__ import annotations

from pathlib import Path

import click

from ggfleet.cli import output
from ggfleet.cli.options import json_option, spec_argument
from ggfleet.model import Fleet, Json, Severity
from ggfleet.spec import Checked, check


@click.command()
@spec_argument
@json_option
@click.option("--strict", is_flag=True, help="Let warnings fail the check too.")
def command(spec: Path, as_json: bool, strict: bool) -> int:
    """Find everything that is wrong with a spec, with line and fix.

    Exit code 0 when nothing is wrong (warnings are told), 2 otherwise.
    """
    checked = check(spec)
    failed = checked.fleet is None or (strict and bool(checked.problems))
    if as_json:
        output.print_json(_as_json(spec, checked))
    else:
        _tell(spec, checked, failed=failed)
    return 2 if failed else 0


def _tell(spec: Path, checked: Checked, *, failed: bool) -> None:
    output.tell_problems(checked.problems)
    if checked.problems:
        counts = ", ".join(output.plural(_count(checked, s), str(s)) for s in Severity)
        output.err.print(f"{spec}: {counts}")
    if checked.fleet is not None and not failed:
        output.out.print(f"{spec} is fine: {_summary(checked.fleet)}")


def _summary(fleet: Fleet) -> str:
    parts = {
        "core": len(fleet.cores),
        "platform": len(fleet.used_platforms()),
        "function": len(fleet.functions),
        "library": len(fleet.libraries),
        "model": len(fleet.models),
        "subscription": len(fleet.subscriptions),
    }
    return ", ".join(output.plural(count, noun) for noun, count in parts.items())


def _count(checked: Checked, severity: Severity) -> int:
    return sum(problem.severity is severity for problem in checked.problems)


def _as_json(spec: Path, checked: Checked) -> dict[str, Json]:
    return {
        "file": str(spec),
        "errors": _count(checked, Severity.ERROR),
        "warnings": _count(checked, Severity.WARNING),
        "problems": [output.problem_json(problem) for problem in checked.problems],
    }
