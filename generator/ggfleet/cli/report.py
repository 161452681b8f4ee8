"""`ggfleet report`: what the matrix of measurements says, as a page, as text and as tables."""

from __future__ import annotations

import io
import itertools
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TextIO

import click

from ggfleet.cli import output
from ggfleet.cli.options import format_of, json_option
from ggfleet.compare import describe
from ggfleet.compare.matrix.cells import read_lines
from ggfleet.compare.report import (
    Report,
    make_report,
    read_drift,
    read_judged,
    rows,
    tables,
    to_html,
    to_json,
    to_markdown,
    write_folder,
)
from ggfleet.compare.report.machine import read_machine
from ggfleet.compare.report.tables import BEST, CLOSE, HOLE, Cell, Table
from ggfleet.compare.report.terms import TERMINAL
from ggfleet.errors import CompareError
from ggfleet.model import Json

WIDTH = 80
MARKS = {BEST: "*", CLOSE: "~"}


@click.command()
@click.argument("runs_file", metavar="RUNS.JSONL", type=click.File("rb"))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for index.html, report.md, tables as CSV, README.md and a copy of the raw data.",
)
@click.option(
    "--format",
    "form",
    default="text",
    show_default=True,
    type=click.Choice(["text", "html", "markdown", "csv", "json"]),
    help="What to print; csv has medians and intervals, a row for each cell.",
)
@click.option(
    "--machine",
    type=click.File(encoding="utf-8"),
    help="A JSON file that describes what was measured on: names and values.",
)
@click.option("--here", is_flag=True, help="What was measured on is this machine: describe it.")
@click.option(
    "--judged",
    type=click.File(encoding="utf-8"),
    help="A JSON file that says how well a model predicts the figures.",
)
@click.option(
    "--drift",
    type=click.File(encoding="utf-8"),
    help="The drift.json beside the runs: what hosts have that were installed without versions.",
)
@json_option
def command(
    runs_file: BinaryIO,
    out: Path | None,
    form: str,
    machine: TextIO | None,
    here: bool,
    judged: TextIO | None,
    drift: TextIO | None,
    as_json: bool,
) -> int:
    """Report what was measured: which way of ML libraries to a device is best for which change.

    Medians come with intervals; what was not measured stays empty, and what failed is shown.
    """
    form = format_of(form, as_json)
    report = _made(runs_file, _machine(machine, here=here), judged, drift)
    if out:
        _write(report, out)
    if not out or form != "text":
        _print(report, form)
    return 0


def _made(
    runs_file: BinaryIO,
    machine: Mapping[str, Json],
    judged: TextIO | None,
    drift: TextIO | None,
) -> Report:
    raw = runs_file.read()
    lines = io.StringIO(_decoded(raw, runs_file.name))
    return make_report(
        read_lines(lines, runs_file.name),
        raw,
        runs_file.name,
        machine,
        read_judged(judged.read(), judged.name) if judged else None,
        read_drift(drift.read(), drift.name) if drift else None,
    )


def _machine(of: TextIO | None, *, here: bool) -> Mapping[str, Json]:
    if of and here:
        raise CompareError("--machine and --here exclude each other", fix="write one of them")
    if here:
        return describe(Path(sys.executable))
    return read_machine(of.read(), of.name) if of else {}


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        fix = "name the file of JSON lines that was measured into"
        raise CompareError(f"{name} is no text in UTF-8: {error}", fix=fix) from error


def _write(report: Report, out: Path) -> None:
    paths = write_folder(report, out)
    output.err.print(f"wrote {', '.join(map(str, paths))}")


def _print(report: Report, form: str) -> None:
    if form == "json":
        output.print_json(to_json(report))
    elif form == "html":
        click.echo(to_html(report), nl=False)
    elif form == "markdown":
        click.echo(to_markdown(report), nl=False)
    elif form == "csv":
        click.echo(rows.to_csv(rows.cells(report.findings)), nl=False)
    else:
        _tell(report)


def _tell(report: Report) -> None:
    findings = report.findings
    _say(f"{report.scope}.")
    if any(gloss for _, gloss in report.glosses):
        output.out.print()
        output.out.print(output.table(["Strategy", "In a word"], report.glosses))
    _title("The answer")
    for sentence in report.overall:
        _say(sentence, bullet="- ")
    _tell_overview(report)
    for section in report.sections:
        _title(section.title)
        for sentence in (section.meaning, *section.sentences):
            _say(sentence)
        _tell_figures(tables.figures_table(findings, section.change, TERMINAL))
    _tell_table(tables.remains_table(findings))
    _tell_failures(tables.failures_table(findings))
    _tell_drift(report)
    _tell_gaps(report)
    _tell_names(report)
    _tell_method(report)


def _tell_names(report: Report) -> None:
    _title("What the strategies do")
    for name, meaning in report.strategies:
        _say(f"{name}: {meaning}", bullet="- ")


def _tell_overview(report: Report) -> None:
    """Strategies by changes under the setting that most is known of; then the other names."""
    first = report.overviews[0]
    _title(f"Strategy by change: {first.name}")
    _say(f"{first.meaning}.")
    _say("* is the best, ~ too close to the best to tell, here and below; lower is better.")
    for each in first.tables:
        _title(each.title)
        narrow = [replace(c, title=c.title.replace(" ", "\n")) for c in each.columns]
        _print_table(replace(each, columns=tuple(narrow)), [_cells(row) for row in each.rows])
    _tell_table(tables.conditions_table(report.findings))


def _tell_method(report: Report) -> None:
    _title("How certain this is")
    _say(report.certain)
    for sentence in report.judged.sentences if report.judged else ():
        _say(sentence)
    _say("Intervals, charts, method and raw data: --out DIR writes them as a page.")


def _tell_failures(of: Table) -> None:
    """Messages are too long for columns."""
    if of.rows:
        _title(of.title)
    for strategy, change, conditions, runs, message, after in of.rows:
        where = f"{strategy.text}, {change.text.lower()}, {conditions.text}"
        count = output.plural(int(runs.text), "run")
        _say(f"{where}, {count}: {message.text}; {after.text}", bullet="- ")


def _tell_drift(report: Report) -> None:
    if report.drifted:
        _title("How far hosts drift apart")
        for sentence in report.drifted.sentences:
            _say(sentence)
        for each in report.drifted.tables:
            _tell_table(each)


def _tell_gaps(report: Report) -> None:
    """In how many of the conditions; the rest has its figures."""
    of = tables.coverage_table(report.findings)
    if not any(cell.kind == HOLE for row in of.rows for cell in row):
        return
    _title("Measured under so many of the conditions")
    narrow = [replace(c, title=c.title.replace(" ", "\n")) for c in of.columns]
    rows = [["none" if c.text == "not measured" else c.text for c in row] for row in of.rows]
    _print_table(replace(of, columns=tuple(narrow)), rows)


def _title(text: str) -> None:
    output.out.print(f"\n{text}", style="bold", markup=False)


def _say(text: str, bullet: str = "") -> None:
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_on_hyphens=False,
    )
    output.out.print("\n".join(lines), markup=False)


def _tell_table(of: Table) -> None:
    _title(of.title)
    _print_table(of, [[cell.text for cell in row] for row in of.rows])


def _tell_figures(of: Table) -> None:
    """With the conditions above their rows instead of before each: 80 columns are few."""
    lines: list[list[str]] = []
    holes: list[str] = []
    for conditions, group in itertools.groupby(of.rows, key=lambda row: row[0].text):
        there = list(group)
        lines.append([conditions, *("" for _ in of.columns[2:])])
        known = [row[1:] for row in there if row[2].kind != HOLE]
        lines.extend([f"  {row[0].text}", *_cells(row[1:])] for row in known)
        if missing := [row[1].text for row in there if row[2].kind == HOLE]:
            holes.append(f"Not measured on {conditions}: {', '.join(missing)}.")
    _print_table(replace(of, columns=of.columns[1:]), lines)
    for hole in holes:
        _say(hole)


def _cells(cells: Sequence[Cell]) -> list[str]:
    return ["-" if c.kind == HOLE else MARKS.get(c.kind, "") + c.text for c in cells]


def _print_table(of: Table, lines: Sequence[Sequence[str]]) -> None:
    right = [place for place, column in enumerate(of.columns) if column.number]
    titles = [column.title.replace(", ", ",\n") for column in of.columns]
    made = output.table(titles, lines, right=right)
    made.columns[0].no_wrap = True
    output.out.print(made)
