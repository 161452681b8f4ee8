"""What people see: results on stdout, everything else on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ggfleet.errors import GgfleetError, SpecError
from ggfleet.model import Json, Problem, Severity
from ggfleet.system.files import to_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    err: Console
    out: Console

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def __getattr__(name: str) -> Console:
    """`err` and `out`, made when first used: `ggfleet check` does without importing rich."""
    if name not in ("err", "out"):
        raise AttributeError(name)
    from rich.console import Console  # noqa: PLC0415

    made = Console(stderr=name == "err", highlight=False, soft_wrap=True)
    globals()[name] = made
    return made


def print_json(content: Json) -> None:
    """Print one JSON document to stdout."""
    click.echo(to_json(content), nl=False)


def tell_error(error: GgfleetError) -> None:
    """Print what went wrong and the fix."""
    if isinstance(error, SpecError):
        tell_problems(p for p in error.problems if isinstance(p, Problem))
    _say(click.style("error:", fg="red", bold=True) + f" {error.message}")
    if error.fix:
        _say(f"  fix: {error.fix}")


def tell_problems(problems: Iterable[Problem]) -> None:
    """Print findings, one place a line, as editors and people can follow."""
    for problem in problems:
        bold = problem.severity is Severity.ERROR
        severity = click.style(str(problem.severity), fg=_COLOURS[problem.severity], bold=bold)
        path = f"{problem.path}: " if problem.path else ""
        rule = "; ".join(filter(None, (problem.rule, ", ".join(problem.targets))))
        _say(
            f"{problem.place}: {severity} {path}{problem.message} [{rule}]\n    fix: {problem.fix}"
        )


def _say(text: str) -> None:
    # click strips colours where nobody looks, but does not know https://no-color.org.
    click.echo(text, err=True, color=False if os.environ.get("NO_COLOR") else None)


def problem_json(problem: Problem) -> dict[str, Json]:
    """A finding as JSON: file, line, column, path, severity, message, fix, rule, targets."""
    place: dict[str, Any] = asdict(problem.place)
    return {
        **place,
        "path": problem.path,
        "severity": str(problem.severity),
        "message": problem.message,
        "fix": problem.fix,
        "rule": problem.rule,
        "targets": [str(target) for target in problem.targets],
    }


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()
) -> Table:
    """A plain table; the columns numbered in `right` are set flush right."""
    from rich.markup import escape  # noqa: PLC0415 - see above
    from rich.table import Table  # noqa: PLC0415

    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        made.add_column(column, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(escape(cell) for cell in row))
    return made


def megabytes(size: float) -> str:
    """Bytes as `254.7 MB` (10**6), or `61 kB` below one MB."""
    if size < 10**6:
        return f"{size / 1000:.0f} kB" if size >= 1000 else f"{size:.0f} B"  # noqa: PLR2004
    return f"{size / 10**6:.1f} MB"


def plural(count: int, noun: str) -> str:
    """`1 core`, `3 cores`; `1 library`, `2 libraries`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") else f"{count} {noun}s"


def is_terminal() -> bool:
    """Whether someone reads along on stderr."""
    return sys.stderr.isatty()
